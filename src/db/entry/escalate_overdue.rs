//! `escalate_overdue`: the next step of the ladder for leads that nobody answered in time.

use crate::db::entry::sla_clock;
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::{text, timestamp};
use crate::db::pg::subtransaction::{protect, Failure};
use crate::db::pg::time::{from_postgres_epoch, now};
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run::{self, Sweep};
use crate::db::routing::pending_decision::{Decided, Wanted};
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::follow_up::escalation::Overdue;
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::cell::Cell;

sql_function! {
    /// `leadroute.escalate_overdue(integer, timestamptz)`
    leadroute_escalate_overdue, pg_finfo_leadroute_escalate_overdue, escalate_overdue
}

struct Clock {
    id: i64,
    lead_id: i64,
    overdue: Overdue,
}

unsafe fn escalate_overdue(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, integer, timestamptz.
    let Some((batch, as_of, moment)) = (unsafe { bulk_run::arguments(fcinfo) }) else {
        return Datum::from(0);
    };
    let _owner = AsOwner::begin();
    catalog::lock_for_writing();
    let clocks = queries::OVERDUE.returning(&[Some(Datum::from(batch)), as_of], |row| Clock {
        id: row.get(1).unwrap_or_default(),
        lead_id: row.get(2).unwrap_or_default(),
        overdue: Overdue {
            policy: row.get(3).unwrap_or_default(),
            steps_done: row.get(4).unwrap_or_default(),
            due_at: row.get::<i64>(5).map_or(0, from_postgres_epoch),
            next_at: row.get::<i64>(6).map_or(0, from_postgres_epoch),
            ..Overdue::default()
        },
    });
    // Rules that cannot be read end the call here, rather than put off each lead.
    drop(Batch::open(Cause::Escalation, Vec::new()));
    let sweep =
        Sweep { cause: Cause::Escalation, moment, work: &escalate, failed: &put_off, waits: Cell::new(0) };
    Datum::from(i32::try_from(sweep.run(&clocks)).unwrap_or(i32::MAX))
}

/// Puts off the clock of a lead whose step failed, so that the next run does not begin with it again.
fn put_off(clock: &Clock, failure: &Failure) {
    errors::warn_not_escalated(clock.lead_id, &failure.sqlstate, &failure.message);
    let key = [Some(Datum::from(clock.id)), Some(Datum::from(clock.lead_id))];
    if let Err(again) = protect(|| queries::CLOCK_PUT_OFF.write(&key)) {
        errors::warn_not_escalated(clock.lead_id, &again.sqlstate, &again.message);
    }
}

/// A lead whose clock has run out.
struct Found {
    decided: Option<Decided>,
    status: Option<Status>,
    owner: Option<String>,
    queue: Option<String>,
    territory: Option<String>,
}

/// One step for one lead that is locked; `None` if it needs none.
fn escalate(session: &mut Batch, clock: &Clock) -> Option<()> {
    let lead = [Some(Datum::from(clock.lead_id))];
    let tried = queries::FORMER_OWNERS.read(&lead, |row| row.get::<String>(1));
    let mut tried: Vec<String> = tried.into_iter().flatten().collect();
    let found = queries::LEAD_LOCK.returning(&lead, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        let status = row.get::<String>("status").and_then(|status| Status::named(&status));
        tried.extend(row.get::<String>("owner_id"));
        tried.sort_unstable();
        tried.dedup();
        let wanted = Wanted::Escalate { overdue: &clock.overdue, tried: &tried };
        // Whatever ends a clock has ended it: as long as it runs, somebody with the lead must answer.
        let is_waiting = status.is_some_and(|status| status == Status::Queued || status.is_with_rep());
        let decided = is_waiting.then(|| session.decide(&row, true, wanted));
        let (owner, queue, territory) = (row.get("owner_id"), row.get("queue"), row.get("territory"));
        Found { decided, status, owner, queue, territory }
    });
    let Found { decided, status, owner, queue, territory } = found.into_iter().next()?;
    let Some(Decided { pending, progress }) = decided else {
        sla_clock::end(clock.lead_id, now(), status.and_then(sla_clock::end_by).unwrap_or("rerouted"), None);
        return None;
    };
    // Without a decision nobody is there to take the lead: the same step is tried when somebody is back.
    let is_taken = pending.is_some();
    if let Some(pending) = pending {
        match owner.as_deref().filter(|owner| pending.decision.outcome.owner() == Some(owner)) {
            Some(owner) => session.remind(pending, owner),
            None => drop(session.revise(pending, owner.as_deref())),
        }
    }
    // Without progress no step is left: the clock goes on until somebody answers.
    let (steps_done, next_at) =
        progress.map_or((clock.overdue.steps_done, None), |progress| (progress.steps_done, progress.next_at));
    let [owner, queue, territory] =
        [owner, queue, territory].map(|name: Option<String>| text(name.as_deref()));
    let id = Some(Datum::from(clock.id));
    let times = [id, steps_done.into_datum(), timestamp(next_at), owner, queue, territory, lead[0]];
    queries::CLOCK_STEP.write(&times);
    is_taken.then_some(())
}
