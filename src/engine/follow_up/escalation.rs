//! One step of the SLA ladder for a lead that nobody answered.

use crate::context::{Context, Routing};
use crate::decision::reason::Reason;
use crate::decision::{Decision, Layer, Notice, Outcome, Step};
use crate::follow_up::waiting::Waiting;
use crate::lookups::Lookups;
use crate::roster::unavailable::Refusal;
use crate::routing::availability::{available_at, owner_or_backup};
use crate::routing::layers::{distribution, fallback};
use crate::rules::tables::{EscalationAction, EscalationStep};
use crate::rules::Rules;
use crate::time_zone::Zones;
use crate::{sla, Micros, SECOND};

/// A lead whose clock ran out.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Overdue {
    pub waiting: Waiting,
    pub policy: String,
    /// Steps already taken.
    pub steps_done: i32,
    pub due_at: Micros,
    /// When this step is due by the clock: later than the ladder says if it was postponed.
    pub next_at: Micros,
}

/// What became of the next step of the ladder.
#[derive(Debug, Clone, PartialEq)]
pub enum Escalation {
    /// It is done.
    Taken(Box<Taken>),
    /// Nobody is there to take the lead: the clock waits until `until`, which is later than now, and the
    /// same step is tried again then. Nothing else is written, and no step counted.
    Postponed {
        /// When the first rep who could take it is back.
        until: Micros,
    },
}

/// What a step did, and when the next is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Number of the step.
    pub step: i32,
    /// The decision; its outcome is the present owner or queue for a reminder.
    pub decision: Decision,
    /// When the next step is due, if there is one.
    pub next_at: Option<Micros>,
}

/// Five days, more than a long weekend: the longest time that a step waits for a rep to come back.
pub const LONGEST_WAIT: Micros = 5 * 24 * 60 * 60 * SECOND;

/// The next step of the policy's ladder; `None` once it is exhausted.
///
/// A step that cannot be done becomes the next stronger one: nobody left in the pool → the manager; no
/// manager → the fallback queue. But where reps do not take it only because they are away, and the first is
/// back within [`LONGEST_WAIT`], the step is postponed. The manager's own step does not wait for a manager who is
/// only off duty, and passes none of them over: they have the lead, and the time to the next step from when they are back.
pub fn escalate(overdue: Overdue, context: Context<'_>, lookups: &mut dyn Lookups) -> Option<Escalation> {
    let ladder = context.rules.escalation_steps.get(&overdue.policy)?;
    let mut ahead = ladder.iter().filter(|row| row.step > overdue.steps_done);
    let row = ahead.next()?;
    let (decision, back) = match act(row, &overdue, context, lookups) {
        Ok(done) => done,
        Err(Nobody { until }) => return Some(Escalation::Postponed { until }),
    };
    let begins = back.unwrap_or(overdue.next_at).max(overdue.next_at);
    let next_at =
        ahead.next().map(|next| next_at([row, next], &overdue, begins, &decision, context, lookups));
    Some(Escalation::Taken(Box::new(Taken { step: row.step, decision, next_at })))
}

/// Nobody can take the lead before `until`.
struct Nobody {
    until: Micros,
}

/// When the next step is due: counted from the due time, by the hours of whoever gets the lead now, but at
/// least the time between the two steps after this one, which begins at `begins`. Else the next step would follow at
/// once where this one was postponed until the morning, or the lead went to a rep with other hours.
fn next_at(
    [row, next]: [&EscalationStep; 2],
    overdue: &Overdue,
    begins: Micros,
    decision: &Decision,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Micros {
    let policy = sla::policy_named(context.rules, &overdue.policy);
    let business_hours = policy.is_some_and(|policy| policy.business_hours);
    let rep = sla::keeper(decision.outcome.owner(), decision.outcome.queue(), context);
    let after = |from, work| sla::after(business_hours, from, work, rep, context, zones);
    let between = next.after.saturating_sub(row.after).max(0);
    after(overdue.due_at, next.after).max(after(begins, between))
}

/// The decision of a step, and when the manager who gets the lead is back, if they are off duty.
fn act(
    row: &EscalationStep,
    overdue: &Overdue,
    context: Context<'_>,
    lookups: &mut dyn Lookups,
) -> Result<(Decision, Option<Micros>), Nobody> {
    let mut trace = Vec::new();
    let waiting = &overdue.waiting;
    let mut routing = waiting.routing(context, lookups);
    let mut action = row.action;
    let keeper = match action {
        EscalationAction::Manager => off_duty_manager(waiting, &routing),
        _ => None,
    };
    let outcome = loop {
        let tried = match &keeper {
            Some(keeper) => Some(Outcome::Owner(keeper.refusal.rep.clone())),
            None => attempt(action, waiting, &mut routing, &mut trace),
        };
        action = match (tried, action) {
            (Some(outcome), _) => break outcome,
            (None, EscalationAction::Reassign | EscalationAction::Remind) => EscalationAction::Manager,
            (None, _) => match first_back(row.action, waiting, &mut routing) {
                Some(until) => return Err(Nobody { until }),
                None => EscalationAction::Queue,
            },
        };
    };
    let to = outcome.owner().or(outcome.queue()).unwrap_or_default().to_owned();
    let (back, off_duty) = keeper.map(|off| (off.back, off.refusal.why)).unzip();
    let reason = Reason::Escalated { policy: overdue.policy.clone(), step: row.step, to, action, off_duty };
    trace.push(Step { layer: Layer::Escalation, decided: true, reason });
    let notices = notices(action, &outcome, context.rules);
    Ok((waiting.decision(Layer::Escalation, outcome, routing, trace, notices), back))
}

fn attempt(
    action: EscalationAction,
    waiting: &Waiting,
    routing: &mut Routing<'_>,
    trace: &mut Vec<Step>,
) -> Option<Outcome> {
    match action {
        EscalationAction::Remind => waiting.owner_id.clone().map(Outcome::Owner),
        EscalationAction::Manager => manager(waiting, routing).map(Outcome::Owner),
        EscalationAction::Reassign => {
            // a lead is not taken from a rep who is away to be given to another who is away
            let found = distribution::ask_those_there(routing);
            let next = found.outcome.filter(|outcome| matches!(outcome, Outcome::Owner(_)));
            trace.push(Step { layer: Layer::Distribution, decided: next.is_some(), reason: found.reason });
            next
        }
        EscalationAction::Queue => {
            let found = fallback::ask(routing);
            trace.push(Step { layer: Layer::Fallback, decided: true, reason: found.reason });
            found.outcome
        }
    }
}

/// The owner's manager or a backup of theirs, else the territory's manager or a backup; never a rep who has
/// had the lead.
fn manager(waiting: &Waiting, routing: &Routing<'_>) -> Option<String> {
    managers(waiting, routing).find_map(|(rep, _)| rep.filter(|rep| is_fresh(rep, waiting)))
}

/// A manager who is only off duty, and when they are back.
struct OffDuty {
    refusal: Refusal,
    back: Micros,
}

/// The first whom [`managers`] names, where that is one who is only off duty, and no backup of theirs is there.
fn off_duty_manager(waiting: &Waiting, routing: &Routing<'_>) -> Option<OffDuty> {
    let context = routing.context;
    let off_duty = |refusal: Refusal| {
        let back = available_at(context.roster.reps.get(&refusal.rep)?, context, &*routing.lookups)?;
        let waits = refusal.why.is_off_duty() && is_fresh(&refusal.rep, waiting) && is_soon(back, context);
        waits.then_some(OffDuty { refusal, back })
    };
    let first = managers(waiting, routing).find_map(|(there, refusals)| match there {
        Some(rep) if is_fresh(&rep, waiting) => Some(None),
        _ => refusals.into_iter().next().and_then(off_duty).map(Some),
    });
    first.flatten()
}

fn is_soon(back: Micros, context: Context<'_>) -> bool {
    back.saturating_sub(context.now) <= LONGEST_WAIT
}

/// For each manager: the manager or backup who is there, and those who are not, the manager first.
fn managers(
    waiting: &Waiting,
    routing: &Routing<'_>,
) -> impl Iterator<Item = (Option<String>, Vec<Refusal>)> {
    let Context { rules, roster, .. } = routing.context;
    let own = waiting.owner_id.as_ref().and_then(|id| roster.reps.get(id)?.manager_id.as_ref());
    let territory = waiting.territory.as_ref();
    let area = territory.and_then(|name| rules.territories.get(name)?.manager_id.as_ref());
    let asked = [own, area].map(|id| id.map(|id| owner_or_backup(id, routing.context, &*routing.lookups)));
    asked.into_iter().flatten()
}

fn is_fresh(rep: &String, waiting: &Waiting) -> bool {
    waiting.owner_id.as_ref() != Some(rep) && !waiting.tried.contains(rep)
}

/// When to try the step again: when the first rep to whom it could give the lead is back. The manager's step
/// waits for a manager, and for the first member of the pool where no manager comes back.
fn first_back(action: EscalationAction, waiting: &Waiting, routing: &mut Routing<'_>) -> Option<Micros> {
    let context = routing.context;
    let soon = |at: &Micros| is_soon(*at, context);
    let back =
        |refusal: Refusal| available_at(context.roster.reps.get(&refusal.rep)?, context, &*routing.lookups);
    let refusals = managers(waiting, routing).flat_map(|(_, refusals)| refusals);
    let manager = refusals.filter(|refusal| is_fresh(&refusal.rep, waiting)).filter_map(back).min();
    let (manager, member) = match action {
        EscalationAction::Remind | EscalationAction::Queue => return None,
        _ => (manager.filter(soon), distribution::first_back(routing).filter(soon)),
    };
    match action {
        EscalationAction::Manager => manager.or(member),
        _ => manager.into_iter().chain(member).min(),
    }
}

fn notices(action: EscalationAction, outcome: &Outcome, rules: &Rules) -> Vec<Notice> {
    let queue_manager = || rules.queues.get(outcome.queue()?)?.manager_id.clone();
    let (kind, rep_id) = match action {
        EscalationAction::Remind => ("reminder", outcome.owner().map(str::to_owned)),
        EscalationAction::Queue => ("fallback", queue_manager()),
        _ => ("escalated", outcome.owner().map(str::to_owned)),
    };
    vec![Notice { kind, rep_id }]
}

#[cfg(test)]
mod night;

#[cfg(test)]
mod tests;
