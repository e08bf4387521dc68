//! Leads and their value before and after a change, for each rep, queue, territory, segment, tier and pool.

use super::Place;
use serde::Serialize;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By which rules leads were routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Side {
    Before,
    After,
}

/// One lead as it is added up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    /// `leads.amount`.
    pub value: f64,
    /// Whether its clock is met, where it has one and its rep has a pace.
    pub in_time: Option<bool>,
}

/// What leads add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Tally {
    pub leads: i64,
    pub value: f64,
    pub unrouted: i64,
    /// Leads of which it is told whether they are answered in time.
    pub clocks: i64,
    pub in_time: i64,
}

/// A row of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct Row {
    pub grain: &'static str,
    pub name: Rc<str>,
    pub before: Tally,
    pub after: Tally,
}

/// Both sides by grain and name. Touches count under their outcome alone: they are no work for anybody.
#[derive(Debug, Default)]
pub struct Sums(BTreeMap<(&'static str, Rc<str>), (Tally, Tally)>);

impl Sums {
    /// Adds a lead.
    pub fn add(&mut self, side: Side, place: &Place, counted: Counted) {
        let all: Rc<str> = "".into();
        self.count(side, "all", &all, place, counted);
        self.count(side, "outcome", &place.outcome.into(), place, counted);
        if place.outcome == "merged" {
            return;
        }
        let grains = [
            ("rep", &place.owner),
            ("queue", &place.queue),
            ("territory", &place.territory),
            ("segment", &place.segment),
            ("tier", &place.tier),
            ("pool", &place.pool),
        ];
        for (grain, name) in grains {
            if let Some(name) = name {
                self.count(side, grain, name, place, counted);
            }
        }
    }

    fn count(&mut self, side: Side, grain: &'static str, name: &Rc<str>, place: &Place, counted: Counted) {
        let (before, after) = self.0.entry((grain, Rc::clone(name))).or_default();
        let tally = match side {
            Side::Before => before,
            Side::After => after,
        };
        tally.leads += 1;
        tally.value += counted.value;
        tally.unrouted += i64::from(place.is_unrouted());
        tally.clocks += i64::from(counted.in_time.is_some());
        tally.in_time += i64::from(counted.in_time == Some(true));
    }

    /// The rows, by grain and name.
    pub fn rows(self) -> Vec<Row> {
        let row = |((grain, name), (before, after))| Row { grain, name, before, after };
        self.0.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(outcome: &'static str, owner: &str) -> Place {
        Place { outcome, layer: "distribution", owner: Some(owner.into()), ..Place::default() }
    }

    #[test]
    fn both_sides_are_added_up_for_each_name_and_touches_are_nobodys_work() {
        let mut sums = Sums::default();
        let of = |value, in_time| Counted { value, in_time };
        sums.add(Side::Before, &place("owner", "ann"), of(10.0, Some(true)));
        sums.add(Side::Before, &place("merged", "ann"), of(0.0, None));
        sums.add(Side::After, &place("owner", "bob"), of(10.0, Some(false)));
        let unrouted = Place { outcome: "queue", layer: "fallback", ..Place::default() };
        sums.add(Side::After, &Place { queue: Some("catch_all".into()), ..unrouted }, of(1.0, None));
        let rows = sums.rows();
        let find = |grain, name: &str| {
            rows.iter()
                .find(|row| row.grain == grain && &*row.name == name)
                .map(|row| (row.before, row.after))
        };
        let tally =
            |leads, value, unrouted, clocks, in_time| Tally { leads, value, unrouted, clocks, in_time };
        assert_eq!(find("all", ""), Some((tally(2, 10.0, 0, 1, 1), tally(2, 11.0, 1, 1, 0))));
        assert_eq!(find("rep", "ann"), Some((tally(1, 10.0, 0, 1, 1), Tally::default())));
        assert_eq!(find("rep", "bob"), Some((Tally::default(), tally(1, 10.0, 0, 1, 0))));
        assert_eq!(find("queue", "catch_all"), Some((Tally::default(), tally(1, 1.0, 1, 0, 0))));
        assert_eq!(find("outcome", "merged").map(|(before, _)| before.leads), Some(1));
    }
}
