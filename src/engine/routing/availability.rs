//! Whether a rep can take a lead now, and who stands in for one who cannot.

use crate::context::Context;
use crate::roster::calendar::Calendar;
use crate::roster::unavailable::{Away, Refusal};
use crate::roster::{Presence, Rep};
use crate::rules::tables::Span;
use crate::time_zone::Zones;
use crate::Micros;

/// Why `rep` cannot take a lead now; `None` if they can.
pub fn away(rep: &Rep, context: Context<'_>, zones: &dyn Zones) -> Option<Away> {
    if !rep.active {
        return Some(Away::Inactive);
    }
    if rep.presence != Presence::Online && !is_stale(rep, context) {
        let presence = rep.presence;
        return Some(Away::Presence { presence });
    }
    let absences = context.roster.absences.get(&rep.id).into_iter().flatten();
    if let Some(absence) = { absences }.find(|row| row.during.contains(&context.now)) {
        let kind = absence.kind.clone();
        return Some(Away::Absent { kind });
    }
    off_duty(rep, context, zones)
}

/// A presence that was reported too long ago says nothing: hours and absences decide.
fn is_stale(rep: &Rep, context: Context<'_>) -> bool {
    let age = rep.presence_at.map(|at| context.now.saturating_sub(at));
    context.presence_ttl.zip(age).is_some_and(|(ttl, age)| age > ttl)
}

fn off_duty(rep: &Rep, context: Context<'_>, zones: &dyn Zones) -> Option<Away> {
    let schedule = rep.schedule.as_ref()?;
    let calendar = Calendar::of(rep, context.roster, zones);
    if calendar.is_open(context.now) {
        return None;
    }
    Some(match calendar.holiday(context.now) {
        Some(name) => Away::Holiday { name: name.to_owned() },
        None => Away::OffHours { schedule: schedule.clone() },
    })
}

/// The first instant, now or later, at which [`away`] answers `None` for the rep if nothing is changed
/// until then. `None` if the rep does not come back by themselves: inactive, not online for as long as it
/// is not changed, absent without end, or closed for longer than [`HORIZON`](crate::roster::calendar::HORIZON).
pub fn available_at(rep: &Rep, context: Context<'_>, zones: &dyn Zones) -> Option<Micros> {
    if !rep.active {
        return None;
    }
    let calendar = Calendar::of(rep, context.roster, zones);
    let mut at = context.now;
    if rep.presence != Presence::Online && !is_stale(rep, context) {
        // the first instant at which it is older than that
        at = rep.presence_at?.checked_add(context.presence_ttl?)?.checked_add(1)?;
    }
    loop {
        at = calendar.opens_at(at)?;
        // each absence is left behind once
        let absences = context.roster.absences.get(&rep.id).into_iter().flatten();
        let Some(absence) = { absences }.find(|row| row.during.contains(&at)) else {
            return Some(at);
        };
        let Span { upper, upper_inc, .. } = absence.during;
        // PostgreSQL's infinity comes as the last of all instants
        let end = upper.filter(|end| *end < Micros::MAX)?;
        at = end.saturating_add(Micros::from(upper_inc));
    }
}

/// Longest chain of backups that is followed.
const LONGEST_CHAIN: usize = 32;

/// `owner`, or the first available backup: the one of the absence, then the standing one, and so on
/// from there. Each rep is asked once, so a cycle ends. The refusals say who could not.
pub fn owner_or_backup(
    owner: &str,
    context: Context<'_>,
    zones: &dyn Zones,
) -> (Option<String>, Vec<Refusal>) {
    let Context { roster, now, .. } = context;
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
        let Some(why) = away(rep, context, zones) else {
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
