//! Whether a rep can take a lead now, and who stands in for one who cannot.

use crate::context::Context;
use crate::decision::Outcome;
use crate::lead::tenant;
use crate::roster::calendar::Calendar;
use crate::roster::unavailable::{Away, Refusal};
use crate::roster::{stand_in, Presence, Rep};
use crate::rules::tables::Span;
use crate::sla;
use crate::time_zone::Zones;
use crate::Micros;

/// Why `rep` cannot take a lead now; `None` if they can.
pub fn away(rep: &Rep, context: Context<'_>, zones: &dyn Zones) -> Option<Away> {
    if is_of_other_tenant(rep, context) {
        return Some(Away::OtherTenant);
    }
    if let Some(problem) = &rep.cannot_hold {
        return Some(Away::CannotHold { problem: problem.clone() });
    }
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

fn is_of_other_tenant(rep: &Rep, context: Context<'_>) -> bool {
    context.tenant.is_some_and(|tenant| !tenant::is_same(&rep.tenant, tenant))
}

/// A presence that was reported too long ago says nothing: hours and absences decide.
fn is_stale(rep: &Rep, context: Context<'_>) -> bool {
    let age = rep.presence_at.map(|at| context.now.saturating_sub(at));
    context.presence_ttl.zip(age).is_some_and(|(ttl, age)| age > ttl)
}

/// Why a rep does not work now, by their schedule; `None` if they do, whether they are there or not.
pub fn off_duty(rep: &Rep, context: Context<'_>, zones: &dyn Zones) -> Option<Away> {
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
    if !rep.active || rep.cannot_hold.is_some() || is_of_other_tenant(rep, context) {
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
        // ends, as `at` passes each absence only once
        let absences = context.roster.absences.get(&rep.id).into_iter().flatten();
        let Some(absence) = { absences }.find(|row| row.during.contains(&at)) else {
            return Some(at);
        };
        let Span { upper, upper_inc, .. } = absence.during;
        // PostgreSQL's infinity is read as the last instant
        let end = upper.filter(|end| *end < Micros::MAX)?;
        at = end.saturating_add(Micros::from(upper_inc));
    }
}

/// Why the owner of a lead cannot answer it in time: gone for good, or away for longer than the policy for event and segment
/// allows a buyer who acted at `acted_at` to wait.
pub fn is_late(
    owner: &str,
    [event, segment]: [Option<&str>; 2],
    acted_at: Option<Micros>,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Option<Refusal> {
    let refusal = |why| Refusal { rep: owner.to_owned(), why };
    let Some(rep) = context.roster.reps.get(owner) else {
        return Some(refusal(Away::Unknown));
    };
    let why = away(rep, context, zones)?;
    let outcome = Outcome::Owner(owner.to_owned());
    let due = || sla::clock(event, segment, acted_at, &outcome, context, zones).map(|clock| clock.due_at);
    let back = || available_at(rep, context, zones);
    let is_late = !why.is_passing() || due().is_some_and(|due| back().is_none_or(|back| back > due));
    is_late.then(|| refusal(why))
}

/// `owner`, or the first of those who stand in that is available. The refusals say who could not.
pub fn owner_or_backup(
    owner: &str,
    context: Context<'_>,
    zones: &dyn Zones,
) -> (Option<String>, Vec<Refusal>) {
    let mut refusals: Vec<Refusal> = Vec::new();
    let taker = stand_in::first(owner, context.roster, context.now, |id, rep| {
        let why = rep.map_or(Some(Away::Unknown), |rep| away(rep, context, zones));
        refusals.extend(why.map(|why| Refusal { rep: id.to_owned(), why }));
        refusals.last().is_none_or(|last| last.rep != id)
    });
    (taker, refusals)
}

#[cfg(test)]
mod tests;
