//! What members of pools were entitled to over many turns, and what they received.
//!
//! Sums are whole numbers, so they are the same in whatever order turns come, and whoever adds up a part of them, as long as
//! they are not larger than 10^20 leads.

pub mod turn;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// A lead, in the unit of what somebody is entitled to. Each part of a lead is rounded to it.
const LEAD: i128 = 1_000_000_000_000_000_000;

/// A turn of a pool.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// The pool.
    pub pool: &'a str,
    /// The rep who received the lead.
    pub chosen: Option<&'a str>,
    /// Whether the turn was given back, so that it entitles nobody.
    pub is_returned: bool,
}

/// Somebody who was looked at for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Their id then.
    pub rep: &'a str,
    /// Their seat in the pool.
    pub seat: Option<i32>,
    /// Their weight in thousandths, of who took part in the rotation.
    pub weight: Option<i64>,
    /// Why they were passed over.
    pub why: Option<&'a str>,
}

/// What the turns add up to for somebody who was passed over for one reason, or for none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Sum {
    pub pool: String,
    pub rep: String,
    pub seat: Option<i32>,
    pub why: Option<String>,
    pub leads: u64,
    pub received: u64,
    pub returned: u64,
    /// In 10^-18 leads.
    pub entitled: i128,
}

/// Many turns.
#[derive(Debug, Default)]
pub struct Fairness {
    names: FxHashMap<Box<str>, u32>,
    places: FxHashMap<(u32, u32, Option<i32>, Option<u32>), usize>,
    sums: Vec<Sum>,
}

impl Fairness {
    /// Adds a turn with those who were looked at for it.
    pub fn add(&mut self, turn: Turn<'_>, asked: &[Asked<'_>]) {
        let total: i128 = asked.iter().filter_map(|row| row.weight).map(i128::from).sum();
        for row in asked {
            let is_chosen = turn.chosen == Some(row.rep);
            let part = row.weight.filter(|_| !turn.is_returned).map_or(0, |weight| part(weight, total));
            let Some(sum) = self.sum(turn.pool, row.rep, row.seat, row.why) else { continue };
            sum.leads += 1;
            sum.received += u64::from(is_chosen);
            sum.returned += u64::from(is_chosen && turn.is_returned);
            sum.entitled = sum.entitled.saturating_add(part);
        }
    }

    /// Adds what somebody else has added up.
    pub fn add_sum(&mut self, other: &Sum) {
        if let Some(sum) = self.sum(&other.pool, &other.rep, other.seat, other.why.as_deref()) {
            sum.leads += other.leads;
            sum.received += other.received;
            sum.returned += other.returned;
            sum.entitled = sum.entitled.saturating_add(other.entitled);
        }
    }

    /// What all of them add up to.
    pub fn sums(&self) -> &[Sum] {
        &self.sums
    }

    fn sum(&mut self, pool: &str, rep: &str, seat: Option<i32>, why: Option<&str>) -> Option<&mut Sum> {
        let key = (self.number(pool), self.number(rep), seat, why.map(|why| self.number(why)));
        let place = *self.places.entry(key).or_insert(self.sums.len());
        if place == self.sums.len() {
            let (pool, rep, why) = (pool.to_owned(), rep.to_owned(), why.map(str::to_owned));
            self.sums.push(Sum { pool, rep, seat, why, ..Sum::default() });
        }
        self.sums.get_mut(place)
    }

    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.insert(name.into(), number);
        number
    }
}

/// The part of a lead that goes to a weight of all weights, to the nearest unit. Weights that nobody can have, below zero, are
/// counted as they stand.
fn part(weight: i64, total: i128) -> i128 {
    let (whole, left) = (i128::from(weight) * LEAD, total.abs() / 2);
    let rounded = if whole < 0 { whole - left } else { whole + left };
    rounded.checked_div(total).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>(rep: &'a str, seat: i32, weight: i64) -> Asked<'a> {
        Asked { rep, seat: Some(seat), weight: Some(weight), why: None }
    }

    fn turn(chosen: &str) -> Turn<'_> {
        Turn { pool: "p", chosen: Some(chosen), is_returned: false }
    }

    fn of<'a>(fairness: &'a Fairness, rep: &str, why: Option<&str>) -> &'a Sum {
        fairness.sums().iter().find(|sum| sum.rep == rep && sum.why.as_deref() == why).unwrap()
    }

    #[test]
    fn a_lead_is_split_by_weight() {
        let mut fairness = Fairness::default();
        for chosen in ["ann", "bob", "ann"] {
            fairness.add(turn(chosen), &[asked("ann", 1, 2000), asked("bob", 2, 1000)]);
        }
        let (ann, bob) = (of(&fairness, "ann", None), of(&fairness, "bob", None));
        assert_eq!((ann.leads, ann.received, ann.entitled), (3, 2, 2_000_000_000_000_000_001));
        assert_eq!((bob.leads, bob.received, bob.entitled), (3, 1, 999_999_999_999_999_999));
    }

    #[test]
    fn a_turn_that_was_given_back_entitles_nobody() {
        let mut fairness = Fairness::default();
        fairness.add(Turn { is_returned: true, ..turn("ann") }, &[asked("ann", 1, 1), asked("bob", 2, 1)]);
        let (ann, bob) = (of(&fairness, "ann", None), of(&fairness, "bob", None));
        assert_eq!((ann.leads, ann.received, ann.returned, ann.entitled), (1, 1, 1, 0));
        assert_eq!((bob.leads, bob.received, bob.returned, bob.entitled), (1, 0, 0, 0));
    }

    #[test]
    fn who_was_passed_over_counts_by_reason_and_weighs_nothing() {
        let mut fairness = Fairness::default();
        let paused = Asked { rep: "bob", seat: None, weight: None, why: Some("paused") };
        fairness.add(turn("ann"), &[asked("ann", 1, 7), paused]);
        fairness.add(turn("ann"), &[asked("ann", 1, 7), Asked { why: Some("off_hours"), ..paused }]);
        assert_eq!(of(&fairness, "ann", None).entitled, 2 * LEAD);
        assert_eq!(
            (of(&fairness, "bob", Some("paused")).leads, of(&fairness, "bob", Some("paused")).entitled),
            (1, 0)
        );
        assert_eq!(of(&fairness, "bob", Some("off_hours")).leads, 1);
    }

    #[test]
    fn weights_that_nobody_can_have_are_no_error() {
        let mut fairness = Fairness::default();
        fairness.add(turn("ann"), &[asked("ann", 1, 0), asked("bob", 2, 0)]);
        assert_eq!(of(&fairness, "ann", None).entitled, 0);
        for _ in 0..100 {
            fairness.add(turn("ann"), &[asked("ann", 1, i64::MAX), asked("bob", 2, i64::MIN)]);
        }
        assert_eq!(of(&fairness, "ann", None).entitled, i128::MIN);
    }

    #[test]
    fn parts_that_others_have_added_up_are_the_whole() {
        let turns: Vec<(String, i64)> = (0..100).map(|n| (format!("rep {}", n % 7), 1 + n % 3)).collect();
        let (mut all, mut halves) = (Fairness::default(), [Fairness::default(), Fairness::default()]);
        for (place, (rep, weight)) in turns.iter().enumerate() {
            let row = [asked(rep, 1, *weight), asked("other", 2, 1000)];
            all.add(turn(rep), &row);
            halves[place % 2].add(turn(rep), &row);
        }
        let mut joined = Fairness::default();
        for half in &halves {
            let told = serde_json::to_string(half.sums()).unwrap();
            for sum in serde_json::from_str::<Vec<Sum>>(&told).unwrap() {
                joined.add_sum(&sum);
            }
        }
        let sorted = |fairness: &Fairness| {
            let mut sums = fairness.sums().to_vec();
            sums.sort_by(|one, next| one.rep.cmp(&next.rep));
            sums
        };
        assert_eq!(sorted(&joined), sorted(&all));
    }
}
