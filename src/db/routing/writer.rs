//! The one write path: decision, clock, notifications, and what a touch adds to the first lead.

use crate::db::lead::row::numeric;
use crate::db::pg::jsonb_encode;
use crate::db::pg::security::next_value;
use crate::db::pg::spi::{text, timestamp};
use crate::db::pg::subtransaction::protect;
use crate::db::pg::table::Table;
use crate::db::pg::time::to_postgres_epoch;
use crate::db::routing::outbox;
use crate::db::routing::pending_decision::{Pending, Touch};
use crate::db::state::config_seen::Seen;
use crate::db::state::past_stints::Last;
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::decision::stored::Stored;
use leadroute_engine::lead::account::Company;
use pgrx::pg_sys::{Datum, INT4OID, INT8OID, JSONBOID, TEXTOID, TIMESTAMPTZOID};
use pgrx::IntoDatum;
use std::rc::Rc;

static DECISIONS: Table<22> = Table::new(
    "decisions",
    [
        INT8OID,
        INT8OID,
        TIMESTAMPTZOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        TEXTOID,
        JSONBOID,
        INT8OID,
        TEXTOID,
        INT4OID,
        TEXTOID,
        INT8OID,
        TEXTOID,
    ],
);

static CLOCKS: Table<10> = Table::new(
    "sla_clocks",
    [
        INT8OID,
        INT8OID,
        TEXTOID,
        TIMESTAMPTZOID,
        TIMESTAMPTZOID,
        INT4OID,
        TIMESTAMPTZOID,
        TIMESTAMPTZOID,
        TEXTOID,
        INT4OID,
    ],
);

static NOTIFICATIONS: Table<8> = Table::new(
    "notifications",
    [INT8OID, INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TEXTOID],
);

/// What decisions are made by.
pub struct By<'a> {
    /// `decisions.cause`.
    pub cause: Cause,
    /// Version of the rules.
    pub version: i64,
    /// What tells rules and roster again.
    pub seen: Option<&'a Rc<Seen>>,
}

/// Writes the decisions of leads that were inserted, with everything that belongs to them.
pub fn inserted(arrived: &[Pending], by: &By<'_>) {
    record_decisions(arrived, by, None);
    record_rest(arrived, None);
}

/// Fills first leads from their touches. That may fail, for example where attributes grow too large together: then
/// the others are filled all the same.
pub fn fill(touches: &[Touch]) {
    if touches.is_empty() {
        return;
    }
    if let Err(failure) = protect(|| touches.iter().for_each(fill_one)) {
        match touches {
            [touch] => {
                errors::warn_not_filled(touch.first, touch.lead_id, &failure.sqlstate, &failure.message);
                queries::TOUCH_LATE.write(&[Some(Datum::from(touch.lead_id))]);
            }
            _ => {
                let (older, newer) = touches.split_at(touches.len() / 2);
                fill(older);
                fill(newer);
            }
        }
    }
}

/// Whoever holds the first lead may be giving it to somebody, and does not see the touch: that is left to housekeeping.
fn fill_one(touch: &Touch) {
    let leads = [Some(Datum::from(touch.first)), Some(Datum::from(touch.lead_id))];
    let fill = [leads[0], leads[1], touch.is_scored.into_datum()];
    let is_elsewhere = queries::FILL.returning(&fill, |row| row.get::<bool>(1));
    if let Some(heard) = touch.heard {
        // this notes by itself that somebody holds the first lead
        queries::TOUCH_HEARD.write(&[leads[0], leads[1], heard.moves.into_datum()]);
    } else if is_elsewhere != [Some(false)] {
        queries::TOUCH_LATE.write(&leads[1..]);
    }
}

/// Writes a new decision for a lead that is there.
pub fn revised(pending: &Pending, by: &By<'_>, previous_owner: Option<&str>) {
    let leads = std::slice::from_ref(pending);
    // First, since whoever had the lead has it until now, and by that decision it goes.
    record_decisions(leads, by, previous_owner);
    // Escalation and the like go on with the running clock.
    let is_replaced = !by.cause.keeps_clock() && end_clocks(pending, by.cause);
    if let Some(score) = pending.decision.clean.scored {
        queries::LEAD_SCORED.write(&[Some(Datum::from(pending.lead_id)), numeric(score)]);
    }
    update_lead(pending);
    let is_late = pending.decision.clock.as_ref().is_some_and(|clock| clock.due_at < pending.decided_at);
    let lead = [Some(Datum::from(pending.lead_id))];
    // A clock that begins counts for nobody who had the lead before; one that goes on does.
    let stint = match &pending.decision.clock {
        Some(_) if is_replaced => queries::REPLACED_FROM.first(&lead, |row| row.get::<i32>(1)).flatten(),
        Some(_) => Last::of(pending.lead_id).map(|last| Last::next(Some(&last))),
        None => None,
    };
    record_rest(leads, stint);
    if is_replaced && is_late {
        queries::CLOCK_LATE_AT_BIRTH.write(&lead);
    }
    if let Some(touch) = pending.touch() {
        fill(&[touch]);
        queries::TOUCHES_MOVE.write(&[Some(Datum::from(touch.first)), Some(Datum::from(touch.lead_id))]);
    }
}

/// Ends the clocks of a lead for which the rules were asked again; whether another goes on with what is left of the time of
/// the buyer.
fn end_clocks(pending: &Pending, cause: Cause) -> bool {
    let how = match (pending.touch(), &pending.decision.clock) {
        (Some(_), _) => "merged",
        (None, Some(_)) if cause == Cause::Event => "restarted",
        (None, Some(_)) => "replaced",
        (None, None) => "rerouted",
    };
    let (lead, now) = (Some(Datum::from(pending.lead_id)), timestamp(Some(pending.decided_at)));
    let ended = queries::CLOCKS_END.returning(&[lead, now, text(Some(how)), None], |row| row.get::<i64>(1));
    how == "replaced" && ended.first().copied().flatten().is_some_and(|count| count > 0)
}

/// Writes a decision by which the lead stays where it is: somebody is reminded.
pub fn reminded(pending: &Pending, by: &By<'_>, owner: Option<&str>) {
    let leads = std::slice::from_ref(pending);
    record_decisions(leads, by, owner);
    record_rest(leads, None);
}

fn record_decisions(leads: &[Pending], by: &By<'_>, previous_owner: Option<&str>) {
    if leads.is_empty() {
        return;
    }
    let seen = by.seen.map(Seen::key);
    DECISIONS.insert(leads.iter().map(|lead| decision(lead, by, seen, previous_owner)));
}

/// Clocks, each with the stint from which on it counts if that is not the first, and notifications.
fn record_rest(leads: &[Pending], stint: Option<i32>) {
    CLOCKS.insert(leads.iter().filter_map(|lead| clock(lead, stint)));
    NOTIFICATIONS.insert(leads.iter().flat_map(notifications));
    for (id, (tenant, company, _)) in leads.iter().filter_map(|lead| Some((lead.lead_id, lead.company()?))) {
        let (account, domain) = match &company {
            Company::Account(id) => (Some(id.as_str()), None),
            Company::Domain(name) => (None, Some(name.as_str())),
        };
        let id = Some(Datum::from(id));
        queries::COMPANY_LEAD.write(&[id, text(account), text(domain), text(Some(&tenant))]);
    }
    if leads.iter().any(|lead| !lead.decision.notices.is_empty()) {
        outbox::written();
    }
}

fn clock(pending: &Pending, stint: Option<i32>) -> Option<[Option<Datum>; 10]> {
    let clock = pending.decision.clock.as_ref()?;
    Some([
        Some(Datum::from(next_value("sla_clocks_id_seq"))),
        Some(Datum::from(pending.lead_id)),
        text(Some(&clock.policy)),
        timestamp(Some(clock.started_at)),
        timestamp(Some(clock.due_at)),
        0.into_datum(),
        timestamp(clock.next_at),
        None,
        tenant(pending),
        stint.into_datum(),
    ])
}

fn notifications(pending: &Pending) -> impl Iterator<Item = [Option<Datum>; 8]> + '_ {
    pending.decision.notices.iter().map(|notice| {
        [
            Some(Datum::from(next_value("notifications_id_seq"))),
            Some(Datum::from(pending.lead_id)),
            Some(Datum::from(pending.decision_id)),
            text(Some(notice.kind)),
            text(notice.rep_id.as_deref()),
            text(pending.decision.outcome.queue()),
            timestamp(Some(pending.decided_at)),
            tenant(pending),
        ]
    })
}

fn tenant(pending: &Pending) -> Option<Datum> {
    text(Some(&pending.decision.clean.lead.tenant))
}

fn decision(
    pending: &Pending,
    by: &By<'_>,
    seen: Option<i64>,
    previous_owner: Option<&str>,
) -> [Option<Datum>; 22] {
    let decision = &pending.decision;
    let outcome = &decision.outcome;
    let reason = match &pending.note {
        Some(note) => format!("{}; asked for: {note}", decision.reason()),
        None => decision.reason(),
    };
    [
        Some(Datum::from(pending.decision_id)),
        Some(Datum::from(pending.lead_id)),
        Some(Datum::from(to_postgres_epoch(pending.decided_at))),
        text(Some(by.cause.name())),
        text(Some(decision.layer.name())),
        text(Some(outcome.name())),
        text(outcome.owner()),
        text(outcome.queue()),
        text(previous_owner),
        text(decision.segment.as_deref()),
        text(decision.territory.as_deref()),
        text(decision.tier.as_deref()),
        text(decision.pool.as_deref()),
        text(decision.playbook.as_deref()),
        text(Some(&reason)),
        jsonb_encode::encode(&Stored(&decision.trace)),
        Some(Datum::from(by.version)),
        text(Some(leadroute_engine::VERSION)),
        pending.elapsed_us.into_datum(),
        tenant(pending),
        seen.into_datum(),
        facts(pending),
    ]
}

/// As text, since jsonb takes half as much again.
fn facts(pending: &Pending) -> Option<Datum> {
    let facts = Some(&pending.facts).filter(|facts| !facts.is_empty());
    facts.and_then(|facts| serde_json::to_string(facts).ok()?.into_datum())
}

fn update_lead(pending: &Pending) {
    let decision = &pending.decision;
    let outcome = &decision.outcome;
    queries::LEAD_UPDATE.write(&[
        Some(Datum::from(pending.lead_id)),
        decision.places().then(|| Datum::from(pending.decision_id)),
        timestamp(Some(pending.decided_at)),
        text(Some(pending.keeps.unwrap_or(decision.status()).name())),
        text(outcome.owner()),
        text(outcome.queue()),
        text(decision.account_id.as_deref()),
        text(decision.segment.as_deref()),
        text(decision.territory.as_deref()),
        text(decision.tier.as_deref()),
        text(decision.pool.as_deref()),
        text(decision.playbook.as_deref()),
        decision.expansion.into_datum(),
        outcome.duplicate_of().into_datum(),
        text(decision.clean.person.as_ref().map(|person| person.key())),
        timestamp(decision.clock.as_ref().map(|clock| clock.due_at)),
        text(decision.clean.email.as_deref()),
        text(decision.clean.industry.as_deref()),
        text(decision.clean.lead.country.as_deref()),
        timestamp(decision.clean.lead.occurred_at),
        decision.held.into_datum(),
    ]);
}
