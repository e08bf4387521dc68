//! Figures of how fast leads are answered, by many dimensions at once.
//!
//! Percentiles by thirteen dimensions would sort all times thirteen times. Here they are sorted once; each dimension then
//! walks them in order and counts, per value, until it is at the place that is asked for.

use crate::Micros;
use rustc_hash::FxHashMap;
use serde::Serialize;

/// The shares of which the times are told: half, nine of ten, 99 of 100.
const SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// What a buyer did, and how it was answered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Action {
    /// The lead, of which there may be several actions.
    pub lead_id: i64,
    /// From the action to the response.
    pub response: Option<Micros>,
    /// From the action to routing.
    pub route: Option<Micros>,
    /// Whether somebody answered.
    pub is_answered: bool,
    /// Whether its time ran out.
    pub is_late: bool,
    /// Whether there was a time.
    pub is_timed: bool,
}

/// What rows with one value of a dimension add up to.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Figures {
    /// Number of the dimension.
    pub dimension: usize,
    pub value: Option<String>,
    pub leads: u64,
    pub n: u64,
    pub answered: u64,
    pub met: u64,
    pub late: u64,
    pub response: [Option<Micros>; 3],
    pub route: [Option<Micros>; 3],
}

/// The values of one dimension.
#[derive(Debug, Default)]
struct Dimension {
    names: FxHashMap<Box<[u8]>, u32>,
    /// Of each row; 0 is none.
    of_row: Vec<u32>,
}

/// Actions with what they are told apart by.
#[derive(Debug, Default)]
pub struct Speed {
    actions: Vec<Action>,
    dimensions: Vec<Dimension>,
}

impl Speed {
    /// Nothing so far, by so many dimensions.
    pub fn by(dimensions: usize) -> Self {
        Self { actions: Vec::new(), dimensions: (0..dimensions).map(|_| Dimension::default()).collect() }
    }

    /// Adds an action with its value of each dimension.
    pub fn add<'a>(&mut self, action: Action, values: impl IntoIterator<Item = Option<&'a [u8]>>) {
        self.actions.push(action);
        for (dimension, value) in self.dimensions.iter_mut().zip(values) {
            dimension.of_row.push(value.map_or(0, |name| number(&mut dimension.names, name)));
        }
    }

    /// What all of them add up to.
    pub fn figures(&self) -> Vec<Figures> {
        let by_response = self.in_order(|action| action.response);
        let by_route = self.in_order(|action| action.route);
        let of_many = self.of_many_actions();
        let dimensions = self.dimensions.iter().enumerate();
        dimensions
            .flat_map(|(no, dimension)| self.of(no, dimension, &by_response, &by_route, &of_many))
            .collect()
    }

    /// The rows that have a time, the shortest first.
    fn in_order(&self, time: impl Fn(&Action) -> Option<Micros>) -> Vec<(Micros, u32)> {
        let rows = self.actions.iter().zip(0..);
        let mut times: Vec<(Micros, u32)> =
            rows.filter_map(|(action, row)| Some((time(action)?, row))).collect();
        times.sort_unstable();
        times
    }

    /// The rows of each lead that has several.
    fn of_many_actions(&self) -> Vec<Vec<u32>> {
        let mut rows: Vec<(i64, u32)> = self.actions.iter().map(|action| action.lead_id).zip(0..).collect();
        rows.sort_unstable();
        let same_lead = rows.chunk_by(|one, next| one.0 == next.0).filter(|rows| rows.len() > 1);
        same_lead.map(|rows| rows.iter().map(|(_, row)| *row).collect()).collect()
    }

    fn of(
        &self,
        no: usize,
        dimension: &Dimension,
        by_response: &[(Micros, u32)],
        by_route: &[(Micros, u32)],
        of_many: &[Vec<u32>],
    ) -> Vec<Figures> {
        let mut figures = vec![Figures { dimension: no, ..Figures::default() }; dimension.names.len() + 1];
        for (name, number) in &dimension.names {
            if let Some(sum) = figures.get_mut(*number as usize) {
                sum.value = Some(String::from_utf8_lossy(name).into_owned());
            }
        }
        for (action, value) in self.actions.iter().zip(&dimension.of_row) {
            let Some(sum) = figures.get_mut(*value as usize) else { continue };
            sum.n += 1;
            sum.leads += 1;
            sum.answered += u64::from(action.is_answered);
            sum.met += u64::from(action.is_answered && action.is_timed && !action.is_late);
            sum.late += u64::from(action.is_late);
        }
        for rows in of_many {
            let mut values: Vec<u32> = rows.iter().filter_map(|row| dimension.value(*row)).collect();
            values.sort_unstable();
            for (one, next) in values.iter().zip(values.iter().skip(1)) {
                if let Some(sum) = figures.get_mut(*one as usize).filter(|_| one == next) {
                    sum.leads -= 1;
                }
            }
        }
        let (response, route) = (dimension.percentiles(by_response), dimension.percentiles(by_route));
        for ((sum, response), route) in figures.iter_mut().zip(response).zip(route) {
            (sum.response, sum.route) = (response, route);
        }
        figures.retain(|sum| sum.n > 0);
        figures
    }
}

impl Dimension {
    fn value(&self, row: u32) -> Option<u32> {
        self.of_row.get(row as usize).copied()
    }

    /// The percentiles of the times of each value, between two times in proportion, as `percentile_cont` has them.
    fn percentiles(&self, in_order: &[(Micros, u32)]) -> Vec<[Option<Micros>; 3]> {
        let mut counts = vec![0_usize; self.names.len() + 1];
        for (_, row) in in_order {
            if let Some(count) = self.value(*row).and_then(|value| counts.get_mut(value as usize)) {
                *count += 1;
            }
        }
        let mut walks: Vec<Walk> = counts.into_iter().map(Walk::over).collect();
        for (time, row) in in_order {
            if let Some(walk) = self.value(*row).and_then(|value| walks.get_mut(value as usize)) {
                walk.pass(*time);
            }
        }
        walks
            .into_iter()
            .map(|walk| walk.places.map(|place| (walk.count > 0).then(|| place.time())))
            .collect()
    }
}

/// A place in the order that is asked for: between two rows.
#[derive(Debug, Clone, Copy)]
struct Place {
    low: usize,
    high: usize,
    /// How far it is from the first to the second.
    part: f64,
    times: (Micros, Micros),
}

impl Place {
    /// The place of a share of so many rows.
    fn of(share: f64, count: usize) -> Self {
        let place = share * count.saturating_sub(1) as f64;
        Self { low: place.floor() as usize, high: place.ceil() as usize, part: place.fract(), times: (0, 0) }
    }

    fn time(self) -> Micros {
        let (low, high) = self.times;
        low + ((high - low) as f64 * self.part).round_ties_even() as Micros
    }
}

/// The way past the times of one value.
#[derive(Debug)]
struct Walk {
    count: usize,
    passed: usize,
    /// The next row that is asked for.
    next: usize,
    places: [Place; 3],
}

impl Walk {
    fn over(count: usize) -> Self {
        let places = SHARES.map(|share| Place::of(share, count));
        Self {
            count,
            passed: 0,
            next: places.iter().map(|place| place.low).min().unwrap_or_default(),
            places,
        }
    }

    fn pass(&mut self, time: Micros) {
        let row = self.passed;
        self.passed += 1;
        if row != self.next {
            return;
        }
        for place in &mut self.places {
            if place.low == row {
                place.times.0 = time;
            }
            if place.high == row {
                place.times.1 = time;
            }
        }
        let rows = self.places.iter().flat_map(|place| [place.low, place.high]);
        self.next = rows.filter(|next| *next > row).min().unwrap_or(usize::MAX);
    }
}

fn number(names: &mut FxHashMap<Box<[u8]>, u32>, name: &[u8]) -> u32 {
    if let Some(number) = names.get(name) {
        return *number;
    }
    let number = u32::try_from(names.len()).map_or(u32::MAX, |known| known + 1);
    names.insert(name.into(), number);
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(lead_id: i64, response: Micros) -> Action {
        Action { lead_id, response: Some(response), is_answered: true, is_timed: true, ..Action::default() }
    }

    fn of(figures: &[Figures], value: Option<&str>) -> Figures {
        figures.iter().find(|row| row.value.as_deref() == value).cloned().unwrap_or_default()
    }

    #[test]
    fn percentiles_lie_between_two_times_in_proportion() {
        let mut speed = Speed::by(1);
        for time in [40, 10, 30, 20] {
            speed.add(answered(time, time * 1000), [Some(&b"ann"[..])]);
        }
        // 1.5, 2.7 and 2.97 of the way over three steps
        assert_eq!(of(&speed.figures(), Some("ann")).response, [Some(25_000), Some(37_000), Some(39_700)]);
    }

    #[test]
    fn one_time_is_every_percentile_and_none_is_none() {
        let mut speed = Speed::by(1);
        speed.add(answered(1, 7), [Some(&b"ann"[..])]);
        speed.add(Action { lead_id: 2, ..Action::default() }, [None]);
        let figures = speed.figures();
        assert_eq!(of(&figures, Some("ann")).response, [Some(7); 3]);
        assert_eq!((of(&figures, None).n, of(&figures, None).response), (1, [None; 3]));
    }

    #[test]
    fn a_lead_with_several_actions_counts_once_for_each_value() {
        let mut speed = Speed::by(1);
        for (lead, rep) in [(1, "ann"), (2, "ann"), (1, "bob"), (1, "ann"), (1, "ann")] {
            speed.add(answered(lead, 1), [Some(rep.as_bytes())]);
        }
        let figures = speed.figures();
        let counted = |rep| (of(&figures, Some(rep)).n, of(&figures, Some(rep)).leads);
        assert_eq!((counted("ann"), counted("bob")), ((4, 2), (1, 1)));
    }

    #[test]
    fn each_dimension_adds_up_to_all_and_sees_the_percentiles_of_a_sort_of_its_own() {
        let mut speed = Speed::by(2);
        let mut seed = 7_u64;
        let mut times: FxHashMap<u64, Vec<Micros>> = FxHashMap::default();
        for lead in 0..1000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (value, time) = (seed >> 62, Micros::try_from((seed >> 33) % 500).unwrap_or_default());
            times.entry(value).or_default().push(time);
            speed.add(answered(lead, time), [Some(value.to_string().as_bytes()), None]);
        }
        let figures = speed.figures();
        let sum = |no| figures.iter().filter(|row| row.dimension == no).map(|row| row.n).sum::<u64>();
        assert_eq!((sum(0), sum(1)), (1000, 1000));
        for (value, mut times) in times {
            times.sort_unstable();
            let at = |place: usize| times.get(place).copied().unwrap_or_default();
            let (low, high) = (at((times.len() - 1) / 2), at(times.len() / 2));
            let found = of(&figures, Some(&value.to_string()))
                .response
                .first()
                .copied()
                .flatten()
                .unwrap_or_default();
            // half of an odd difference goes to the even side
            assert!((found * 2 - low - high).abs() <= 1, "{found} between {low} and {high}");
        }
    }
}
