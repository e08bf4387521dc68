//! One turn of a pool, as a trace tells it: the part of the lead that each candidate was entitled to, and who was due.
//!
//! Certificates check the router by it, so it asks nothing of [`roster`](crate::roster): the rule of Tijdeman ("The chairman assignment
//! problem", 1980) stands here once more, in whole numbers.

use std::cmp::Reverse;

/// A lead, in the unit of what somebody is owed.
const LEAD: i128 = 1_000_000_000_000;

/// How many digits of how full somebody is count.
const DIGITS: i128 = 1_000_000_000_000_000;

/// What a trace says of a candidate: what they had in the rotation, and how full they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stand {
    /// Their seat, of who took part in the rotation.
    pub seat: Option<i32>,
    /// In thousandths.
    pub weight: Option<i64>,
    /// What they were owed with this lead, in 10^-12 leads.
    pub owed: Option<i64>,
    /// Open leads, where the pool goes by load.
    pub open: Option<i64>,
    /// How many they can have, in thousandths.
    pub capacity: Option<i64>,
}

impl Stand {
    /// What is owed. What somebody may have written by hand, and no sum can hold, says nothing.
    pub fn owed(&self) -> Option<i64> {
        self.owed.filter(is_moderate)
    }
}

const fn is_moderate(parts: &i64) -> bool {
    parts.unsigned_abs() < 1 << 61
}

/// What the candidates who have a seat have together.
#[derive(Debug, Default)]
pub struct Turn {
    /// How many they are.
    n: i64,
    /// What they weigh.
    total: Option<i64>,
    /// What is left of a lead when each part of it is rounded down.
    left: Option<i128>,
    /// The most that anybody was owed.
    owed_most: Option<i64>,
    /// The least.
    owed_least: Option<i64>,
}

impl Turn {
    /// Of all candidates of a turn.
    pub fn of(all: &[Stand]) -> Self {
        let seated = all.iter().filter(|stand| stand.seat.is_some());
        let weights = seated.clone().filter_map(|stand| stand.weight);
        let total = weights.clone().map(i128::from).sum::<i128>();
        let n = seated.count() as i64;
        let whole = |weight| (LEAD * i128::from(weight)).checked_div(total);
        Self {
            n,
            total: i64::try_from(total).ok().filter(|_| n > 0),
            left: weights.map(whole).sum::<Option<i128>>().map(|sum| LEAD - sum),
            owed_most: all.iter().filter_map(Stand::owed).max(),
            owed_least: all.iter().filter_map(Stand::owed).min(),
        }
    }

    /// The part of a lead by weight, rounded down, in 10^-12 leads; what is left over is one for each of the first. `seats` are those
    /// up to here.
    pub fn part(&self, stand: &Stand, seats: i128) -> Option<i64> {
        stand.seat?;
        let whole = (LEAD * i128::from(stand.weight?)).checked_div(i128::from(self.total?))?;
        i64::try_from(whole + i128::from(seats <= self.left?)).ok().filter(is_moderate)
    }

    /// In which order the candidates, with their ids, were due, from 1; of whoever was not eligible none.
    ///
    /// Who has more room is due first, where the pool goes by load. Then, with m = 1/(2k-2) for k who have a seat: as long as nobody is
    /// owed less than m-1, and the most is between m and 1-m, those who are owed at least m, of them who comes to 1-m after the fewest
    /// leads. Then who is owed more, then the lower seat.
    pub fn places(&self, all: &[(&str, Stand)]) -> Vec<Option<i64>> {
        let is_eligible = |stand: &Stand| stand.seat.is_some() || stand.open.is_some();
        let mut order: Vec<_> = all.iter().enumerate().filter(|(_, (_, stand))| is_eligible(stand)).collect();
        order.sort_by_cached_key(|(_, (rep, stand))| (self.due(stand), *rep));
        let mut places = vec![None; all.len()];
        for (place, (at, _)) in (1..).zip(order) {
            if let Some(one) = places.get_mut(at) {
                *one = Some(place);
            }
        }
        places
    }

    /// What is sorted by: where something is not known, it comes last, but for what is owed.
    fn due(&self, stand: &Stand) -> impl Ord {
        let margin = LEAD / (2 * i128::from(self.n.max(2)) - 2);
        let is_near = self.owed_most.zip(self.owed_least).map(|(most, least)| {
            (margin..=LEAD - margin).contains(&i128::from(most)) && i128::from(least) >= margin - LEAD
        });
        let owed = stand.owed().map(i128::from);
        let has_time = match (is_near, owed.map(|owed| owed < margin)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (near, time) => near.and(time),
        };
        let deadline = is_near
            .unwrap_or(false)
            .then(|| self.leads_until(LEAD - margin - owed?, stand.weight?))
            .flatten();
        let load = stand
            .open
            .zip(stand.capacity)
            .and_then(|(open, capacity)| (i128::from(open) * DIGITS).checked_div(i128::from(capacity)));
        (
            last(load),
            stand.seat.is_none(),
            last(has_time),
            last(deadline),
            owed.is_some(),
            Reverse(owed),
            last(stand.seat),
        )
    }

    /// After how many leads somebody is entitled to as much, rounded up.
    fn leads_until(&self, missing: i128, weight: i64) -> Option<i128> {
        let (need, by) = (missing.checked_mul(i128::from(self.total?))?, LEAD * i128::from(weight));
        let down = need.checked_div_euclid(by)?;
        Some(down + i128::from(by > 0 && need.rem_euclid(by) > 0))
    }
}

/// Sorts after everything, where there is none.
const fn last<T: Copy>(value: Option<T>) -> (bool, Option<T>) {
    (value.is_none(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seated(seat: i32, weight: i64, owed: i64) -> Stand {
        Stand { seat: Some(seat), weight: Some(weight), owed: Some(owed), ..Stand::default() }
    }

    fn places(all: &[Stand]) -> Vec<Option<i64>> {
        let named: Vec<_> = all.iter().map(|stand| ("rep", *stand)).collect();
        Turn::of(all).places(&named)
    }

    #[test]
    fn parts_are_by_weight_and_sum_up_to_a_lead() {
        let all = [seated(1, 1000, 0), seated(2, 1000, 0), Stand::default(), seated(3, 1000, 0)];
        let turn = Turn::of(&all);
        let parts: Vec<_> = [(0, 1), (1, 2), (3, 3)].map(|(at, seats)| turn.part(&all[at], seats)).into();
        assert_eq!(parts, [Some(333_333_333_334), Some(333_333_333_333), Some(333_333_333_333)]);
        assert_eq!(turn.part(&all[2], 2), None);
        assert_eq!((turn.n, turn.total), (3, Some(3000)));
    }

    #[test]
    fn who_comes_to_a_lead_sooner_is_due_before_who_is_owed_more() {
        // two seats, m = 1/2: weights 3 and 1; the first is owed 1/2, so it is there after 0 leads, the other has less than m
        assert_eq!(
            places(&[seated(1, 1000, 400_000_000_000), seated(2, 3000, 500_000_000_000)]),
            [Some(2), Some(1)]
        );
        // three seats, m = 1/4, to 3/4: 0.35 with weight 2 of 4 has a lead to go, 0.4 with 1 of 4 two
        let all = [
            seated(1, 1000, 400_000_000_000),
            seated(2, 2000, 350_000_000_000),
            seated(3, 1000, 250_000_000_000),
        ];
        assert_eq!(places(&all), [Some(2), Some(1), Some(3)]);
    }

    #[test]
    fn far_from_even_who_is_owed_most_is_due_then_the_lower_seat() {
        let all = [seated(3, 1000, 100), seated(1, 1000, 2_000_000_000_000), seated(2, 5000, 100)];
        assert_eq!(places(&all), [Some(3), Some(1), Some(2)]);
    }

    #[test]
    fn room_counts_before_turns_and_who_is_passed_over_has_no_place() {
        let load = |open, capacity| Stand { open: Some(open), capacity: Some(capacity), ..Stand::default() };
        let full = load(9, 10_000);
        let even = Stand { open: Some(1), capacity: Some(10_000), ..seated(1, 1000, 0) };
        let wide = Stand { open: Some(2), capacity: Some(20_000), ..seated(2, 1000, 1) };
        assert_eq!(places(&[full, even, Stand::default(), wide]), [Some(3), Some(2), None, Some(1)]);
        // no room at all comes last
        assert_eq!(places(&[load(0, 0), full]), [Some(2), Some(1)]);
    }

    #[test]
    fn what_is_not_known_is_owed_first_and_what_nobody_can_have_is_no_error() {
        let unknown = Stand { owed: None, ..seated(2, 1000, 0) };
        assert_eq!(places(&[seated(1, 1000, 0), unknown]), [Some(2), Some(1)]);
        for (weight, owed) in [(i64::MAX, i64::MAX), (i64::MIN, i64::MIN), (0, 0), (-1000, 400_000_000_000)] {
            let all =
                [seated(1, weight, owed), seated(2, i64::MAX, 500_000_000_000), seated(i32::MIN, weight, -1)];
            assert_eq!(places(&all).iter().flatten().sum::<i64>(), 6);
        }
    }
}
