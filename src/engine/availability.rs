//! Whether a rep can take a lead now, and who stands in for one who cannot.

use crate::pipeline::World;
use crate::roster::{Presence, Rep};
use crate::state::Zones;
use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a rep is not available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "away")]
#[allow(missing_docs)]
pub enum Away {
    /// No such rep in the roster.
    Unknown,
    /// `reps.active` is false.
    Inactive,
    /// The rep set it so.
    Presence { presence: Presence },
    /// An absence covers this moment.
    Absent { kind: String },
    /// A holiday of the schedule.
    Holiday { name: String },
    /// Outside the hours of the schedule.
    OffHours { schedule: String },
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(f, "is not in the roster"),
            Self::Inactive => write!(f, "is not active"),
            Self::Presence { presence: Presence::Away } => write!(f, "is away"),
            Self::Presence { .. } => write!(f, "is offline"),
            Self::Absent { kind } => write!(f, "is absent ({kind})"),
            Self::Holiday { name } => write!(f, "has a holiday ({name})"),
            Self::OffHours { schedule } => write!(f, "is outside working hours ({schedule})"),
        }
    }
}

impl Away {
    /// Whether the rep comes back by itself.
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::Unknown | Self::Inactive)
    }
}

/// Why `rep` cannot take a lead now; `None` if they can.
pub fn away(rep: &Rep, world: World<'_>, zones: &dyn Zones) -> Option<Away> {
    if !rep.active {
        return Some(Away::Inactive);
    }
    if rep.presence != Presence::Online && !is_stale(rep, world) {
        let presence = rep.presence;
        return Some(Away::Presence { presence });
    }
    let absences = world.roster.absences.get(&rep.id).into_iter().flatten();
    if let Some(absence) = { absences }.find(|row| row.during.contains(&world.now)) {
        let kind = absence.kind.clone();
        return Some(Away::Absent { kind });
    }
    off_duty(rep, world, zones)
}

/// A presence that was reported too long ago says nothing: hours and absences decide.
fn is_stale(rep: &Rep, world: World<'_>) -> bool {
    let age = rep.presence_at.map(|at| world.now.saturating_sub(at));
    world.presence_ttl.zip(age).is_some_and(|(ttl, age)| age > ttl)
}

fn off_duty(rep: &Rep, world: World<'_>, zones: &dyn Zones) -> Option<Away> {
    let World { roster, now, .. } = world;
    let schedule = rep.schedule.as_ref()?;
    let local = zones.local(&rep.time_zone, now)?;
    let holiday = |day: NaiveDate| roster.holidays.get(schedule)?.get(&day);
    if let Some(name) = holiday(local.date()) {
        let name = name.clone();
        return Some(Away::Holiday { name });
    }
    let yesterday = local.date().checked_sub_days(Days::new(1))?;
    let open = roster.schedules.get(schedule).into_iter().flatten().any(|block| {
        let today = block.weekday == local.weekday().number_from_monday();
        let over_midnight = block.closes <= block.opens;
        let before = block.weekday == yesterday.weekday().number_from_monday();
        let minute = minute_of_day(local);
        match over_midnight {
            false => today && (block.opens..block.closes).contains(&minute),
            true => {
                (today && minute >= block.opens)
                    || (before && minute < block.closes && holiday(yesterday).is_none())
            }
        }
    });
    (!open).then(|| Away::OffHours { schedule: schedule.clone() })
}

fn minute_of_day(at: NaiveDateTime) -> u32 {
    at.hour() * 60 + at.minute()
}

/// Somebody who was asked to stand in, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Refusal {
    pub rep: String,
    #[serde(flatten)]
    pub why: Away,
}

/// Longest chain of backups that is followed.
const LONGEST_CHAIN: usize = 32;

/// `owner`, or the first available backup: the one of the absence, then the standing one, and so on
/// from there. Each rep is asked once, so a cycle ends. The refusals say who could not.
pub fn owner_or_backup(owner: &str, world: World<'_>, zones: &dyn Zones) -> (Option<String>, Vec<Refusal>) {
    let World { roster, now, .. } = world;
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut queue = vec![owner.to_owned()];
    while let Some(id) = queue.pop() {
        let asked = refusals.iter().any(|refusal| refusal.rep == id);
        if asked || refusals.len() >= LONGEST_CHAIN {
            continue;
        }
        let Some(rep) = roster.reps.get(&id) else {
            refusals.push(Refusal { rep: id, why: Away::Unknown });
            continue;
        };
        let Some(why) = away(rep, world, zones) else {
            return (Some(id), refusals);
        };
        // a stack: the absence's own backup comes off first
        queue.extend(rep.backup_id.clone());
        let absences = roster.absences.get(&id).into_iter().flatten();
        let covering = { absences }.filter(|row| row.during.contains(&now));
        queue.extend(covering.filter_map(|row| row.backup_id.clone()));
        refusals.push(Refusal { rep: id, why });
    }
    (None, refusals)
}

#[cfg(test)]
mod tests;
