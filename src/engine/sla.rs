//! The clock that starts with a lead.
//!
//! A policy counts wall-clock time, or the working hours of whoever has the lead: its owner, or the manager
//! of the queue in which it waits. The steps of the ladder count the same kind of time, from the due time.

use crate::context::Context;
use crate::decision::{Clock, Outcome};
use crate::roster::calendar::Calendar;
use crate::roster::Rep;
use crate::rules::compared::allows;
use crate::rules::tables::{Intent, SlaPolicy};
use crate::rules::Rules;
use crate::time_zone::Zones;
use crate::{Micros, SECOND};

/// Seven days: an older action comes from an import, and its clock starts when the lead comes.
pub const IMPORT_AGE: Micros = 7 * 24 * 60 * 60 * SECOND;

/// Intent of an event; one that is not in `event_types` counts as medium.
pub fn intent(rules: &Rules, event: Option<&str>) -> Intent {
    event.and_then(|name| rules.intents.get(name).copied()).unwrap_or(Intent::Medium)
}

/// The clock for a lead with this outcome. `acted_at` is when the buyer acted, where that is known;
/// `None` if no policy matches event and segment.
pub fn clock(
    event: Option<&str>,
    segment: Option<&str>,
    acted_at: Option<Micros>,
    outcome: &Outcome,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Option<Clock> {
    let policy = policy(context.rules, context.tenant.unwrap_or_default(), event, segment)?;
    let rep = keeper(outcome.owner(), outcome.queue(), context);
    let started_at = start(acted_at, context.now);
    let due_at = due(policy, started_at, rep, context, zones);
    let next_at = next_step(policy, 0, due_at, rep, context, zones);
    Some(Clock { policy: policy.name.clone(), started_at, due_at, next_at })
}

/// Of the policies that match, the one that counts: the lowest `priority`, then the shortest
/// `respond_within`, then the name.
pub fn policy<'a>(
    rules: &'a Rules,
    tenant: &str,
    event: Option<&str>,
    segment: Option<&str>,
) -> Option<&'a SlaPolicy> {
    let intent = intent(rules, event);
    let matches = |policy: &&SlaPolicy| {
        let intents = policy.intents.as_ref();
        allows(&policy.events, event)
            && allows(&policy.segments, segment)
            && intents.is_none_or(|list| list.contains(&intent))
    };
    rules.sla_policies.of(tenant).filter(matches).min_by_key(|policy| rank(policy))
}

/// The order in which policies are tried.
pub fn rank(policy: &SlaPolicy) -> (i32, Micros, &str) {
    (policy.priority, policy.respond_within, &policy.name)
}

/// The policy of that name; `None` once it is deleted.
pub fn policy_named<'a>(rules: &'a Rules, name: &str) -> Option<&'a SlaPolicy> {
    rules.sla_policies.all().find(|policy| policy.name == name)
}

/// When the clock starts: when the buyer acted, but now for a time that is not known, lies in the future
/// or more than [`IMPORT_AGE`] ago. An import of old leads is not overdue at once.
pub fn start(acted_at: Option<Micros>, now: Micros) -> Micros {
    let fresh = |at: &Micros| (now.saturating_sub(IMPORT_AGE)..=now).contains(at);
    acted_at.filter(fresh).unwrap_or(now)
}

/// Whose hours count for a lead: those of its owner, or of the manager of its queue. `None` without either.
pub fn keeper<'a>(owner: Option<&str>, queue: Option<&str>, context: Context<'a>) -> Option<&'a Rep> {
    let manager = || context.rules.queues.get(queue?)?.manager_id.as_deref();
    context.roster.reps.get(owner.or_else(manager)?)
}

/// When the first response is due for a clock that started at `start`, with the lead in the hands of
/// `rep` (see [`keeper`]).
pub fn due(
    policy: &SlaPolicy,
    start: Micros,
    rep: Option<&Rep>,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Micros {
    after(policy.business_hours, start, policy.respond_within, rep, context, zones)
}

/// When the step after `steps_done` is due; `None` once the ladder has ended.
pub fn next_step(
    policy: &SlaPolicy,
    steps_done: i32,
    due_at: Micros,
    rep: Option<&Rep>,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Option<Micros> {
    let ladder = context.rules.escalation_steps.get(&policy.name)?;
    let step = ladder.iter().find(|row| row.step > steps_done)?;
    Some(after(policy.business_hours, due_at, step.after, rep, context, zones))
}

/// `work` microseconds after `from`. Without a rep, or with one who does not work that much within
/// [`HORIZON`](crate::roster::calendar::HORIZON), the wall clock counts.
pub(crate) fn after(
    business_hours: bool,
    from: Micros,
    work: Micros,
    rep: Option<&Rep>,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Micros {
    let rep = rep.filter(|_| business_hours);
    let worked = rep.and_then(|rep| Calendar::of(rep, context.roster, zones).due(from, work));
    worked.unwrap_or_else(|| from.saturating_add(work))
}

#[cfg(test)]
mod tests;
