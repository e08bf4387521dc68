//! The one way from a lead to its decision.

use crate::context::{Context, Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::{Clock, Decision, Layer, Notice, Outcome, Step};
use crate::lead::status::Status;
use crate::lead::tenant;
use crate::lead::{CleanLead, Lead, Problem};
use crate::lookups::Lookups;
use crate::roster::Roster;
use crate::routing::layers;
use crate::rules::compared::allows;
use crate::rules::tables::Playbook;
use crate::rules::Rules;
use crate::sla;
use crate::time_zone::Zones;

type Ask = fn(&mut Routing<'_>) -> Finding;

const LAYERS: [(Layer, Ask); 12] = [
    (Layer::Intake, layers::intake::ask),
    (Layer::Qualification, layers::qualification::ask),
    (Layer::DomainRule, layers::domain_rule::ask),
    (Layer::Duplicate, layers::duplicate::ask),
    (Layer::Given, layers::given::ask),
    (Layer::Customer, layers::customer::ask),
    (Layer::Recycle, layers::recycle::ask),
    (Layer::NamedAccount, layers::named_account::ask),
    (Layer::Segment, layers::segment::ask),
    (Layer::Tier, layers::tier::ask),
    (Layer::Distribution, layers::distribution::ask),
    (Layer::Fallback, layers::fallback::ask),
];

/// Routes one lead. `unreadable` are values that could not even be read.
pub fn route(
    lead: Lead,
    unreadable: Vec<Problem>,
    context: Context<'_>,
    lookups: &mut dyn Lookups,
) -> Decision {
    let clean = CleanLead { lead, unreadable, ..CleanLead::default() };
    through_layers(Routing::new(clean, context, lookups))
}

/// Asks the layers until one decides.
pub fn through_layers(mut routing: Routing<'_>) -> Decision {
    let mut trace = Vec::with_capacity(LAYERS.len());
    for (layer, ask) in LAYERS {
        if layer == Layer::Qualification {
            layers::qualification::forget(&mut routing.clean);
        }
        if is_left_out(layer, &routing) {
            continue;
        }
        // who has a corrected lead keeps it in the same pool; that is no turn
        let stays = if layer == Layer::Distribution { layers::given::stays(&mut routing) } else { None };
        if let Some(Finding { reason, outcome: Some(outcome) }) = stays {
            trace.push(Step { layer: Layer::Given, decided: true, reason });
            return decision(routing, Layer::Given, outcome, trace);
        }
        let Finding { reason, outcome } = ask(&mut routing);
        let decided = outcome.is_some();
        let by_name = routing.by_name.take();
        trace.extend(by_name.map(|reason| Step { layer, decided: false, reason }));
        trace.push(Step { layer, decided, reason });
        if let Some(outcome) = outcome {
            return decision(routing, layer, outcome, trace);
        }
        let given = if layer == Layer::Intake { after_intake(&mut routing) } else { None };
        if let Some(Finding { reason, outcome: Some(outcome) }) = given {
            trace.push(Step { layer: Layer::Given, decided: true, reason });
            return decision(routing, Layer::Given, outcome, trace);
        }
    }
    // The fallback layer always decides; without it the lead still ends in the catch-all queue.
    let outcome = Outcome::Queue(crate::rules::way_out::CATCH_ALL.into());
    decision(routing, Layer::Fallback, outcome, trace)
}

/// What is known already of a lead that is closed, or whose owner cannot answer.
fn after_intake(routing: &mut Routing<'_>) -> Option<Finding> {
    layers::given::closed(routing).or_else(|| layers::given::must_answer(routing))
}

/// Who has a lead that was there before keeps it, whatever rules say, and beside other leads of the person.
fn is_left_out(layer: Layer, routing: &Routing<'_>) -> bool {
    let given = &routing.clean.lead.given;
    match layer {
        Layer::Qualification => !layers::qualification::applies(routing),
        Layer::Given => !given.has_place(),
        Layer::DomainRule | Layer::Duplicate => given.adopted && given.has_place(),
        _ => false,
    }
}

/// The decision for a lead whose routing failed: the catch-all queue, with the error.
pub fn rescued(
    lead: Lead,
    sqlstate: &str,
    message: &str,
    context: Context<'_>,
    zones: &dyn Zones,
) -> Decision {
    let (sqlstate, message) = (sqlstate.to_owned(), message.to_owned());
    let reason = Reason::Error { sqlstate, message };
    let queue = context.rules.catch_all(&lead.tenant).to_owned();
    let notices = fallback_notices(context.rules, &queue);
    let outcome = Outcome::Queue(queue);
    let clock = sla::clock(None, None, lead.occurred_at, &outcome, context, zones);
    Decision {
        layer: Layer::Fallback,
        notices,
        outcome,
        account_id: None,
        segment: None,
        territory: None,
        tier: None,
        pool: None,
        playbook: None,
        expansion: false,
        trace: vec![Step { layer: Layer::Fallback, decided: true, reason }],
        clock,
        turns: Vec::new(),
        company: None,
        held: false,
        clean: CleanLead { lead, ..CleanLead::default() },
    }
}

/// The last check of every decision: no owner, queue or notice of another tenant. Rather the catch-all queue.
pub fn within_tenant(decision: &mut Decision, rules: &Rules, roster: &Roster) {
    let tenant = decision.clean.lead.tenant.clone();
    let is_ours = |rep: &str| roster.reps.get(rep).is_none_or(|rep| tenant::is_same(&rep.tenant, &tenant));
    let is_within = decision.outcome.owner().is_none_or(is_ours)
        && decision.outcome.queue().is_none_or(|queue| rules.takes(queue, &tenant));
    if !is_within {
        to_queue(decision, rules.catch_all(&tenant), "catch-all", rules);
    }
    for notice in &mut decision.notices {
        notice.rep_id = notice.rep_id.take().filter(|rep| is_ours(rep));
    }
}

/// Puts the catch-all queue into a decision in place of a rep or queue that is being deleted or renamed.
pub fn to_catch_all(decision: &mut Decision, rules: &Rules) {
    to_queue(decision, crate::rules::way_out::CATCH_ALL, "catch-all", rules);
}

/// Puts a queue into a decision in place of what it says, and whose queue that is.
pub(crate) fn to_queue(decision: &mut Decision, queue: &str, of: &str, rules: &Rules) {
    if let Some(step) = decision.trace.last_mut() {
        step.decided = false;
    }
    let reason = Reason::Fallback { queue: queue.to_owned(), of: of.to_owned() };
    decision.trace.push(Step { layer: Layer::Fallback, decided: true, reason });
    decision.layer = Layer::Fallback;
    decision.notices = fallback_notices(rules, queue);
    decision.outcome = Outcome::Queue(queue.to_owned());
    decision.turns = Vec::new();
}

fn decision(mut routing: Routing<'_>, layer: Layer, outcome: Outcome, trace: Vec<Step>) -> Decision {
    let rules = routing.context.rules;
    if let (Outcome::Owner(owner), Layer::Customer | Layer::NamedAccount) = (&outcome, layer) {
        routing.turns = layers::distribution::owner_match(owner, &routing);
        // for policies, playbooks and reports
        layers::segment::ask(&mut routing);
    }
    // its owner keeps it all the same
    if routing.clean.lead.given.adopted && routing.account.is_none() {
        layers::customer::find_account(&mut routing);
    }
    let segment = routing.segment.and_then(|place| rules.segments.get(place));
    let segment_name = segment.map(|row| row.name.clone());
    let clock = clock(&routing, layer, &outcome, segment_name.as_deref());
    let notices = match trace.last() {
        Some(Step { layer: Layer::Duplicate, reason, .. }) => touch_notice(&routing, &outcome, reason),
        _ => notices(&routing, layer, &outcome),
    };
    Decision {
        layer,
        account_id: (routing.account.as_ref()).and_then(Option::as_ref).map(|found| found.account.id.clone()),
        playbook: playbook(&routing, segment_name.as_deref()),
        territory: segment.and_then(|row| row.territory.clone()),
        segment: segment_name,
        tier: routing.tier,
        pool: routing.pool,
        expansion: routing.expansion,
        outcome,
        trace,
        clock,
        turns: routing.turns,
        company: routing.company,
        held: routing.held,
        notices,
        clean: routing.clean,
    }
}

/// The clock of a lead that somebody must answer, and does not yet.
fn clock(routing: &Routing<'_>, layer: Layer, outcome: &Outcome, segment: Option<&str>) -> Option<Clock> {
    let lead = &routing.clean.lead;
    let waits = match outcome {
        _ if lead.given.adopted => false,
        Outcome::Owner(_) => !is_worked_on(routing),
        // Queues that no buyer waits in start no clock: partners, competitors, recycling.
        Outcome::Queue(_) => {
            let waits = [Layer::Given, Layer::Customer, Layer::Tier, Layer::Distribution, Layer::Fallback];
            waits.contains(&layer)
        }
        Outcome::Nurture | Outcome::Merged { .. } | Outcome::Closed { .. } => false,
    };
    let start = || {
        let event = lead.event.as_deref();
        let acted_at = lead.occurred_at.filter(|_| !lead.given.waited_for_routing);
        sla::clock(event, segment, acted_at, outcome, routing.context, &*routing.lookups)
    };
    waits.then(start).flatten()
}

/// Whether the row says that somebody works on the lead already.
fn is_worked_on(routing: &Routing<'_>) -> bool {
    routing.clean.lead.given.status.is_some_and(Status::is_taken_up)
}

fn notices(routing: &Routing<'_>, layer: Layer, outcome: &Outcome) -> Vec<Notice> {
    match (outcome, layer) {
        _ if routing.clean.lead.given.adopted => Vec::new(),
        (Outcome::Queue(queue), Layer::Given | Layer::Customer | Layer::Distribution | Layer::Fallback) => {
            fallback_notices(routing.context.rules, queue)
        }
        (Outcome::Closed { .. }, _) => Vec::new(),
        // who works on it knows, and so does who has it
        (_, Layer::Given) if is_worked_on(routing) => Vec::new(),
        (Outcome::Owner(rep), _) if routing.clean.lead.given.is_held_by(rep) => Vec::new(),
        _ => owner_notice(routing, outcome),
    }
}

fn owner_notice(routing: &Routing<'_>, outcome: &Outcome) -> Vec<Notice> {
    let kind = match outcome {
        Outcome::Merged { .. } => "merged",
        _ if routing.expansion => "expansion",
        _ => "assigned",
    };
    let rep = outcome.owner().map(str::to_owned);
    rep.map_or_else(Vec::new, |rep| vec![Notice { kind, rep_id: Some(rep) }])
}

/// A touch tells who has the first lead; where that moves on, or its clock starts anew, whoever has it then is told of that
/// instead.
fn touch_notice(routing: &Routing<'_>, outcome: &Outcome, reason: &Reason) -> Vec<Notice> {
    match reason {
        Reason::MergedInto { raises: true, .. } | Reason::MergedInto { moves: Some(_), .. } => Vec::new(),
        _ => owner_notice(routing, outcome),
    }
}

/// The manager of the queue is told at once; without one the notice names only the queue.
fn fallback_notices(rules: &Rules, queue: &str) -> Vec<Notice> {
    let manager = rules.queues.get(queue).and_then(|row| row.manager_id.clone());
    vec![Notice { kind: "fallback", rep_id: manager }]
}

fn playbook(routing: &Routing<'_>, segment: Option<&str>) -> Option<String> {
    let score = routing.clean.lead.score.unwrap_or(0.0);
    let matches = |row: &&Playbook| {
        allows(&row.segments, segment)
            && allows(&row.tiers, routing.tier.as_deref())
            && allows(&row.events, routing.clean.lead.event.as_deref())
            && row.expansion.is_none_or(|wanted| wanted == routing.expansion)
            && row.recycled.is_none_or(|wanted| wanted == routing.recycled)
            && row.score.is_none_or(|span| span.contains(&score))
    };
    let playbooks = routing.context.rules.playbooks.of(&routing.clean.lead.tenant);
    let first = playbooks.filter(matches).min_by_key(|row| row.place);
    first.map(|row| row.name.clone())
}

#[cfg(test)]
pub(crate) mod properties;

#[cfg(test)]
mod stored;

#[cfg(test)]
mod tests;
