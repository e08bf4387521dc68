//! Who stands in for a rep: the chain of backups, as routing follows it and as lint looks at it.

use crate::roster::{Rep, Roster};
use crate::Micros;
use serde::Serialize;

/// Longest chain of backups that is followed.
const LONGEST_CHAIN: usize = 32;

/// The first whom `takes` accepts: `owner`, then the backup of an absence at `now`, then the standing backup, and so on
/// from each. Each is asked once, so a ring ends. `takes` gets `None` for a rep who is not in the roster.
pub fn first(
    owner: &str,
    roster: &Roster,
    now: Micros,
    mut takes: impl FnMut(&str, Option<&Rep>) -> bool,
) -> Option<String> {
    let mut asked: Vec<String> = Vec::new();
    // a stack: the absence's own backup comes off first
    let mut stack = vec![owner.to_owned()];
    while let Some(id) = stack.pop() {
        if asked.contains(&id) || asked.len() >= LONGEST_CHAIN {
            continue;
        }
        let rep = roster.reps.get(&id);
        if takes(&id, rep) {
            return Some(id);
        }
        stack.extend(rep.and_then(|rep| rep.backup_id.clone()));
        let absences = roster.absences.get(&id).into_iter().flatten();
        let covering = { absences }.filter(|row| row.during.contains(&now));
        stack.extend(covering.filter_map(|row| row.backup_id.clone()));
        asked.push(id);
    }
    None
}

/// Whether a rep could take leads, and who would if not. Presence and absences are ignored, as they pass.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Cover<'a> {
    /// The rep.
    pub rep_id: &'a str,
    /// `reps.active`
    pub active: bool,
    /// Active, with a schedule that has hours.
    pub is_able: bool,
    /// The rep, or somebody who stands in, is able.
    pub is_covered: bool,
    /// The first in the chain of standing backups who is able.
    pub stands_in: Option<&'a str>,
    /// That chain, where it comes back to the rep and nobody in it is able.
    pub ring: Option<Vec<&'a str>>,
}

/// The cover of every rep.
pub fn covers(roster: &Roster, now: Micros) -> Vec<Cover<'_>> {
    roster.reps.values().map(|rep| cover(rep, roster, now)).collect()
}

fn cover<'a>(rep: &'a Rep, roster: &'a Roster, now: Micros) -> Cover<'a> {
    let takes = |_: &str, rep: Option<&Rep>| rep.is_some_and(|rep| is_able(rep, roster));
    let (stands_in, ring) = standing_chain(rep, roster);
    Cover {
        rep_id: &rep.id,
        active: rep.active,
        is_able: is_able(rep, roster),
        is_covered: first(&rep.id, roster, now, takes).is_some(),
        stands_in,
        ring,
    }
}

/// Whether a rep could take leads at all: active, with a schedule that has hours.
pub fn is_able(rep: &Rep, roster: &Roster) -> bool {
    let has_hours = |name| roster.schedules.get(name).is_some_and(|hours| !hours.is_empty());
    rep.active && rep.schedule.as_ref().is_none_or(has_hours)
}

/// Along the standing backups: the first who is able, and the chain if it comes back to the rep.
fn standing_chain<'a>(rep: &'a Rep, roster: &'a Roster) -> (Option<&'a str>, Option<Vec<&'a str>>) {
    let mut chain = vec![rep.id.as_str()];
    let mut next = rep.backup_id.as_deref();
    while let Some(backup) = next.and_then(|id| roster.reps.get(id)) {
        if backup.id == rep.id {
            return (None, Some(chain));
        }
        if is_able(backup, roster) {
            return (Some(&backup.id), None);
        }
        if chain.contains(&backup.id.as_str()) || chain.len() >= LONGEST_CHAIN {
            break;
        }
        chain.push(&backup.id);
        next = backup.backup_id.as_deref();
    }
    (None, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::RosterTables;
    use crate::testkit::{now, HOUR};
    use serde_json::{json, Value};

    fn roster(tables: Value) -> Roster {
        serde_json::from_value::<RosterTables>(tables).unwrap().into()
    }

    fn rep(id: &str, active: bool, backup: Option<&str>) -> Value {
        json!({"id": id, "active": active, "presence": "online", "time_zone": "UTC", "backup_id": backup})
    }

    fn cover_of<'a>(id: &str, roster: &'a Roster) -> Cover<'a> {
        cover(roster.reps.get(id).unwrap(), roster, now())
    }

    #[test]
    fn the_first_able_backup_stands_in() {
        let reps = [rep("a", false, Some("b")), rep("b", false, Some("c")), rep("c", true, None)];
        let roster = roster(json!({ "reps": reps }));
        let cover = cover_of("a", &roster);
        assert_eq!((cover.is_able, cover.is_covered, cover.stands_in), (false, true, Some("c")));
        let own = cover_of("c", &roster);
        assert_eq!((own.is_able, own.is_covered, own.stands_in), (true, true, None));
    }

    #[test]
    fn a_ring_is_named_by_those_who_are_in_it() {
        let reps = [rep("a", false, Some("b")), rep("b", false, Some("a")), rep("c", false, Some("a"))];
        let roster = roster(json!({ "reps": reps }));
        assert_eq!(cover_of("a", &roster).ring, Some(vec!["a", "b"]));
        let outside = cover_of("c", &roster);
        assert_eq!((outside.ring, outside.is_covered), (None, false));
    }

    #[test]
    fn the_backup_of_an_absence_covers_while_it_lasts() {
        for (from, covered) in [(now() - HOUR, true), (now() + HOUR, false)] {
            let roster = roster(json!({
                "reps": [rep("a", false, None), rep("b", true, None)],
                "absences": [{"rep_id": "a", "during": {"lower": from}, "kind": "pto", "backup_id": "b"}],
            }));
            let cover = cover_of("a", &roster);
            assert_eq!((cover.is_covered, cover.stands_in), (covered, None));
        }
    }

    #[test]
    fn who_has_a_schedule_without_hours_is_not_able() {
        let roster = roster(json!({
            "reps": [{"id": "a", "active": true, "presence": "online", "time_zone": "UTC", "schedule": "none"}],
            "schedules": [{"name": "none", "hours": []}],
        }));
        assert!(!cover_of("a", &roster).is_able);
    }
}
