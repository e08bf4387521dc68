//! Who was there when: the roster of now, with presence, `active` and absences as they were.
//!
//! Pools, members, schedules and holidays stay those of now: they are what a preview is about.

use crate::roster::{Absence, Presence, Rep, Roster};
use crate::rules::tables::Span;
use crate::Micros;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// What a row of `reps` says of whether the rep is there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs)]
pub struct Attendance {
    pub id: String,
    pub rep_no: i32,
    pub active: bool,
    pub presence: Presence,
    pub presence_at: Option<Micros>,
}

/// A row before and after it was changed; `None` where there was none.
#[derive(Debug, Clone)]
pub enum Change {
    /// A row of `reps`.
    Rep(Option<Attendance>, Option<Attendance>),
    /// A row of `absences`.
    Absence(Option<Absence>, Option<Absence>),
}

/// Changes with their times, in the order in which they were made, and how far a roster has been brought.
#[derive(Debug, Default)]
pub struct Timeline {
    changes: Vec<(Micros, Change)>,
    next: usize,
    /// Reps by number, with the names that they have now.
    names: FxHashMap<i32, String>,
    /// Names that reps had once, with the next name of each.
    renamed: FxHashMap<String, String>,
    /// What the previewed change sets: it is so all the time.
    set_reps: FxHashSet<String>,
    set_absences: FxHashSet<i64>,
}

impl Timeline {
    /// Takes a roster of now back to before all `changes`. With `unchanged`, the roster without the previewed change, what
    /// differs from that is so from the start, and an absence of the change lasts for the whole period.
    pub fn begin(changes: Vec<(Micros, Change)>, roster: &mut Roster, unchanged: Option<&Roster>) -> Self {
        let mut timeline = Self {
            names: roster.reps.values().map(|rep| (rep.rep_no, rep.id.clone())).collect(),
            renamed: changes.iter().filter_map(|(_, change)| renamed(change)).collect(),
            ..Self::default()
        };
        unchanged.into_iter().for_each(|unchanged| timeline.set_by_change(roster, unchanged));
        for (_, change) in changes.iter().rev() {
            match change {
                Change::Rep(before, after) => timeline.attend(roster, before.as_ref(), after.as_ref()),
                Change::Absence(before, after) => timeline.replace(roster, after.as_ref(), before.as_ref()),
            }
        }
        Self { changes, ..timeline }
    }

    /// Whether something has changed until then.
    pub fn is_due(&self, until: Micros) -> bool {
        self.changes.get(self.next).is_some_and(|(at, _)| *at <= until)
    }

    /// Brings the roster to a moment.
    pub fn advance(&mut self, until: Micros, roster: &mut Roster) {
        while let Some((_, change)) = self.changes.get(self.next).filter(|(at, _)| *at <= until) {
            match change {
                Change::Rep(before, after) => self.attend(roster, after.as_ref(), before.as_ref()),
                Change::Absence(before, after) => self.replace(roster, before.as_ref(), after.as_ref()),
            }
            self.next += 1;
        }
    }

    /// A rep is as `now` says; who has no row then is not there. `other` names a rep without one.
    fn attend(&self, roster: &mut Roster, now: Option<&Attendance>, other: Option<&Attendance>) {
        let rep = now.or(other).and_then(|row| self.names.get(&row.rep_no));
        let Some(rep) =
            rep.filter(|rep| !self.set_reps.contains(*rep)).and_then(|id| roster.reps.get_mut(id))
        else {
            return;
        };
        rep.active = now.is_some_and(|row| row.active);
        if let Some(row) = now {
            (rep.presence, rep.presence_at) = (row.presence, row.presence_at);
        }
    }

    fn replace(&self, roster: &mut Roster, old: Option<&Absence>, new: Option<&Absence>) {
        if old.or(new).is_none_or(|row| self.set_absences.contains(&row.id)) {
            return;
        }
        if let Some(old) = old {
            let rows = roster.absences.get_mut(self.name_now(&old.rep_id));
            rows.into_iter().for_each(|rows| rows.retain(|row| row.id != old.id));
        }
        if let Some(new) = new {
            let rep_id = self.name_now(&new.rep_id).to_owned();
            let backup_id = new.backup_id.as_ref().map(|id| self.name_now(id).to_owned());
            let row = Absence { rep_id: rep_id.clone(), backup_id, ..new.clone() };
            roster.absences.entry(rep_id).or_default().push(row);
        }
    }

    /// The name that a rep has now. Names that went round in a circle lead nowhere else than where they were.
    fn name_now<'a>(&'a self, name: &'a str) -> &'a str {
        let mut now = name;
        for _ in 0..self.renamed.len() {
            match self.renamed.get(now) {
                Some(next) => now = next,
                None => break,
            }
        }
        now
    }

    fn set_by_change(&mut self, roster: &mut Roster, unchanged: &Roster) {
        let says = |rep: &Rep| (rep.active, rep.presence, rep.presence_at);
        let is_set = |rep: &&Rep| unchanged.reps.get(&rep.id).is_none_or(|old| says(old) != says(rep));
        self.set_reps = roster.reps.values().filter(is_set).map(|rep| rep.id.clone()).collect();
        let before: FxHashMap<i64, &Absence> =
            unchanged.absences.values().flatten().map(|row| (row.id, row)).collect();
        let mut kept = FxHashSet::default();
        for row in roster.absences.values_mut().flatten() {
            if before.get(&row.id).is_some_and(|old| *old == row) {
                kept.insert(row.id);
                continue;
            }
            row.during = Span { lower: None, lower_inc: false, upper: None, upper_inc: false };
            self.set_absences.insert(row.id);
        }
        self.set_absences.extend(before.into_keys().filter(|id| !kept.contains(id)));
    }
}

fn renamed(change: &Change) -> Option<(String, String)> {
    match change {
        Change::Rep(Some(before), Some(after)) if before.id != after.id => {
            Some((before.id.clone(), after.id.clone()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::RosterTables;
    use serde_json::{json, Value};

    fn roster(reps: Value, absences: Value) -> Roster {
        let with = |row: &Value, defaults: Value| {
            let mut row = row.clone();
            for (key, value) in defaults.as_object().unwrap() {
                row.as_object_mut().unwrap().entry(key).or_insert(value.clone());
            }
            row
        };
        let rep = json!({"active": true, "presence": "online", "time_zone": "UTC"});
        let absence = json!({"kind": "pto", "during": {"lower": 5, "upper": 9}});
        let all = |rows: &Value, defaults: &Value| {
            rows.as_array().unwrap().iter().map(|row| with(row, defaults.clone())).collect::<Vec<_>>()
        };
        let tables = json!({"reps": all(&reps, &rep), "absences": all(&absences, &absence)});
        serde_json::from_value::<RosterTables>(tables).unwrap().into()
    }

    fn row(id: &str, rep_no: i32, active: bool, presence: Presence) -> Option<Attendance> {
        Some(Attendance { id: id.into(), rep_no, active, presence, presence_at: None })
    }

    fn says(roster: &Roster, rep: &str) -> (bool, Presence) {
        (roster.reps[rep].active, roster.reps[rep].presence)
    }

    #[test]
    fn presence_goes_back_and_comes_again() {
        let mut now = roster(json!([{"id": "ann", "rep_no": 1}, {"id": "new", "rep_no": 2}]), json!([]));
        let changes = vec![
            (10, Change::Rep(row("anna", 1, true, Presence::Offline), row("ann", 1, true, Presence::Away))),
            (20, Change::Rep(None, row("new", 2, true, Presence::Online))),
            (30, Change::Rep(row("ann", 1, true, Presence::Away), row("ann", 1, true, Presence::Online))),
        ];
        let mut timeline = Timeline::begin(changes, &mut now, None);
        assert_eq!(says(&now, "ann"), (true, Presence::Offline));
        assert!(!says(&now, "new").0);
        assert!(!timeline.is_due(9) && timeline.is_due(10));
        timeline.advance(20, &mut now);
        assert_eq!(says(&now, "ann"), (true, Presence::Away));
        assert!(says(&now, "new").0);
        timeline.advance(99, &mut now);
        assert_eq!(says(&now, "ann"), (true, Presence::Online));
    }

    #[test]
    fn an_absence_counts_from_when_it_was_entered_until_it_was_taken_back() {
        let mut now = roster(json!([{"id": "ann", "rep_no": 1}]), json!([]));
        let absence = roster(json!([]), json!([{"id": 7, "rep_id": "anna"}])).absences["anna"][0].clone();
        let changes = vec![
            (10, Change::Absence(None, Some(absence.clone()))),
            (15, Change::Rep(row("anna", 1, true, Presence::Online), row("ann", 1, true, Presence::Online))),
            (20, Change::Absence(Some(absence), None)),
        ];
        let mut timeline = Timeline::begin(changes, &mut now, None);
        let absences = |roster: &Roster| roster.absences.get("ann").map_or(0, Vec::len);
        assert_eq!(absences(&now), 0);
        timeline.advance(12, &mut now);
        assert_eq!(absences(&now), 1);
        timeline.advance(20, &mut now);
        assert_eq!(absences(&now), 0);
    }

    #[test]
    fn what_the_previewed_change_sets_is_so_all_the_time() {
        let reps = |active| json!([{"id": "ann", "rep_no": 1, "active": active}]);
        let before = roster(reps(true), json!([{"id": 1, "rep_id": "ann"}]));
        let mut after = roster(reps(false), json!([{"id": 1, "rep_id": "ann"}, {"id": 2, "rep_id": "ann"}]));
        let changes = vec![(
            10,
            Change::Rep(row("ann", 1, true, Presence::Away), row("ann", 1, true, Presence::Online)),
        )];
        let mut timeline = Timeline::begin(changes, &mut after, Some(&before));
        timeline.advance(10, &mut after);
        assert_eq!(says(&after, "ann"), (false, Presence::Online));
        let during = |n: usize| after.absences["ann"][n].during;
        assert_eq!((during(0).lower, during(1).lower), (Some(5), None));
        assert!(during(1).contains(&1_000_000));
    }
}
