//! Counts and percentiles of the actions of a tenant by each dimension.
//!
//! Percentiles by thirteen dimensions would sort all times thirteen times. Here they are sorted once; each dimension then
//! walks them in order and counts, per value, until it is at the place that is asked for.

use crate::speed::actions::{Action, Actions, Dimension, WEEK};
use crate::Micros;
use serde::Serialize;

/// The shares of which the times are told: half, nine of ten, 99 of 100.
const SHARES: [f64; 3] = [0.5, 0.9, 0.99];

/// What actions with one value of a dimension add up to. Times are in microseconds.
#[derive(Debug, Clone, Default, Serialize)]
#[allow(missing_docs)]
pub struct Figures {
    pub tenant: String,
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

/// What all dimensions are counted from: what is so of each row, rows with a time, the shortest first, and the rows of each lead
/// that has several.
struct Order {
    marks: Vec<Marks>,
    by_response: Vec<(Micros, u32)>,
    by_route: Vec<(Micros, u32)>,
    of_many: Vec<Vec<u32>>,
}

/// What is so of an action, as 0 or 1: small, as it is read once for each dimension.
#[derive(Debug, Clone, Copy)]
struct Marks {
    answered: u8,
    met: u8,
    late: u8,
    response: u8,
    route: u8,
}

impl Action {
    fn marks(&self) -> Marks {
        let is_answered = self.answered.is_some();
        Marks {
            answered: is_answered.into(),
            met: (is_answered && self.is_late == Some(false)).into(),
            late: (self.is_late == Some(true)).into(),
            response: self.response().is_some().into(),
            route: self.route().is_some().into(),
        }
    }

    fn route(&self) -> Option<Micros> {
        self.since_action(self.routed)
    }

    fn response(&self) -> Option<Micros> {
        Some(self.since_action(self.answered)?.max(0))
    }

    fn since_action(&self, then: Option<Micros>) -> Option<Micros> {
        Some(finite(then?)?.saturating_sub(finite(self.acted?)?))
    }
}

/// A time that is none of PostgreSQL's infinities.
fn finite(time: Micros) -> Option<Micros> {
    (time > Micros::MIN && time < Micros::MAX).then_some(time)
}

impl Actions {
    /// Figures by each dimension; `by_lead` are the rows in the order of their leads.
    pub fn figures(&self, by_lead: &[(i64, u32)]) -> Vec<Figures> {
        let same_lead = by_lead.chunk_by(|one, next| one.0 == next.0).filter(|rows| rows.len() > 1);
        let order = Order {
            marks: self.rows.iter().map(Action::marks).collect(),
            by_response: self.in_order(Action::response),
            by_route: self.in_order(Action::route),
            of_many: same_lead.map(|rows| rows.iter().map(|(_, row)| *row).collect()).collect(),
        };
        let dimensions = self.dimensions.iter().enumerate();
        dimensions.flat_map(|(no, dimension)| self.of(no, dimension, &order)).collect()
    }

    /// The rows that have a time, the shortest first.
    fn in_order(&self, time: impl Fn(&Action) -> Option<Micros>) -> Vec<(Micros, u32)> {
        let rows = self.rows.iter().zip(0..);
        let mut times: Vec<(Micros, u32)> =
            rows.filter_map(|(action, row)| Some((time(action)?, row))).collect();
        times.sort_unstable();
        times
    }

    fn of(&self, no: usize, dimension: &Dimension, order: &Order) -> Vec<Figures> {
        let none = Figures { tenant: self.tenant.clone(), dimension: no, ..Figures::default() };
        let mut figures = vec![none; dimension.names.len() + 1];
        for (sum, name) in figures.iter_mut().skip(1).zip(dimension.names.iter()) {
            sum.value = Some(value(no, name));
        }
        let mut times = vec![(0, 0); figures.len()];
        for (marks, value) in order.marks.iter().zip(&dimension.of_row) {
            let Some(sum) = figures.get_mut(*value as usize) else { continue };
            sum.n += 1;
            sum.leads += 1;
            sum.answered += u64::from(marks.answered);
            sum.met += u64::from(marks.met);
            sum.late += u64::from(marks.late);
            if let Some((response, route)) = times.get_mut(*value as usize) {
                *response += usize::from(marks.response);
                *route += usize::from(marks.route);
            }
        }
        for rows in &order.of_many {
            let mut values: Vec<u32> = rows.iter().filter_map(|row| dimension.value(*row)).collect();
            values.sort_unstable();
            for (one, next) in values.iter().zip(values.iter().skip(1)) {
                if let Some(sum) = figures.get_mut(*one as usize).filter(|_| one == next) {
                    sum.leads -= 1;
                }
            }
        }
        let response = dimension.percentiles(times.iter().map(|times| times.0), &order.by_response);
        let route = dimension.percentiles(times.iter().map(|times| times.1), &order.by_route);
        for ((sum, response), route) in figures.iter_mut().zip(response).zip(route) {
            (sum.response, sum.route) = (response, route);
        }
        figures.retain(|sum| sum.n > 0);
        figures
    }
}

/// A value as it is told: weeks are kept as the time at which they begin.
fn value(dimension: usize, name: &[u8]) -> String {
    match <[u8; 8]>::try_from(name) {
        Ok(week) if dimension == WEEK => Micros::from_ne_bytes(week).to_string(),
        _ => String::from_utf8_lossy(name).into_owned(),
    }
}

impl Dimension {
    fn value(&self, row: u32) -> Option<u32> {
        self.of_row.get(row as usize).copied()
    }

    /// The percentiles of the times of each value, of which there are so many, between two times in proportion, as
    /// `percentile_cont` has them.
    fn percentiles(
        &self,
        counts: impl Iterator<Item = usize>,
        in_order: &[(Micros, u32)],
    ) -> Vec<[Option<Micros>; 3]> {
        let mut walks: Vec<Walk> = counts.map(Walk::over).collect();
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
