//! `escalate_overdue`: the next step of the ladder for leads that nobody answered in time.
//!
//! An error that one lead makes must not stop the others: the batch is one subtransaction, and one that
//! fails is tried again in halves until the lead is found. A subtransaction for each lead would cost every
//! session of the server: from 64 on, snapshots have to look up their parents.

use super::batch::Batch;
use super::function::{argument, sql_function};
use super::identity::AsOwner;
use super::rescue::protect;
use super::row::{from_postgres_epoch, LeadRow};
use super::spi::timestamp;
use super::{errors, queries};
use leadroute_engine::escalation::{self, Overdue};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

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
    let (batch, as_of) = unsafe {
        let batch = argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false));
        (batch.unwrap_or(0), argument(fcinfo, 1))
    };
    if batch < 1 {
        errors::bad_batch(batch);
    }
    // SAFETY: reads a flag; a standby has nothing to write to.
    if unsafe { pg_sys::RecoveryInProgress() } {
        return Datum::from(0);
    }
    let _owner = AsOwner::begin();
    let clocks = queries::OVERDUE.returning(&[Some(Datum::from(batch)), as_of], |row| Clock {
        id: row.get(1).unwrap_or_default(),
        lead_id: row.get(2).unwrap_or_default(),
        overdue: Overdue {
            policy: row.get(3).unwrap_or_default(),
            steps_done: row.get(4).unwrap_or_default(),
            due_at: row.get::<i64>(5).map_or(0, from_postgres_epoch),
            ..Overdue::default()
        },
    });
    // Rules that cannot be read are no fault of a lead.
    drop(Batch::open("escalation", Vec::new()));
    Datum::from(i32::try_from(sweep(&clocks)).unwrap_or(i32::MAX))
}

/// One step for each lead; answers how many took one.
fn sweep(clocks: &[Clock]) -> usize {
    if clocks.is_empty() {
        return 0;
    }
    let failure = match protect(|| {
        // A batch of its own: after an error the turns that it counted are gone.
        let mut session = Batch::open("escalation", Vec::new());
        clocks.iter().filter_map(|clock| escalate(&mut session, clock)).count()
    }) {
        Ok(taken) => return taken,
        Err(failure) => failure,
    };
    if let [clock] = clocks {
        errors::warn_not_escalated(clock.lead_id, &failure.sqlstate, &failure.message);
        if let Err(again) = protect(|| queries::CLOCK_PUT_OFF.write(&[Some(Datum::from(clock.id))])) {
            errors::warn_not_escalated(clock.lead_id, &again.sqlstate, &again.message);
        }
        return 0;
    }
    let (older, newer) = clocks.split_at(clocks.len() / 2);
    sweep(older) + sweep(newer)
}

/// One step for one lead that is locked; `None` if it needs none.
fn escalate(session: &mut Batch, clock: &Clock) -> Option<()> {
    let lead = [Some(Datum::from(clock.lead_id))];
    let tried = queries::OWNERS_SO_FAR.read(&lead, |row| row.get::<String>(1));
    let (id, lead_id, mut overdue) = (clock.id, clock.lead_id, clock.overdue.clone());
    overdue.tried = tried.into_iter().flatten().collect();
    let mut done = None;
    let found = queries::LEAD_LOCK.returning(&lead, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        if !is_waiting(&row) {
            return None;
        }
        let overdue = with_lead(&row, overdue.clone());
        let owner = overdue.owner_id.clone();
        let pending = session.decide(&row, true, |world, _, live| {
            let step = escalation::escalate(overdue.clone(), world, live)?;
            done = Some((step.step, step.next_at));
            Some(step.decision)
        });
        Some((pending, owner))
    });
    let locked = found.into_iter().next()?;
    let (step, next_at) = done.unwrap_or_default();
    match locked {
        Some((Some(pending), owner)) => {
            session.revise(pending, owner.as_deref());
            let arguments = [Some(Datum::from(id)), step.into_datum(), timestamp(next_at)];
            queries::CLOCK_STEP.write(&arguments);
            Some(())
        }
        // Answered, closed or without a ladder: this clock has nothing to do any more.
        _ => {
            let now = timestamp(Some(super::row::now()));
            queries::CLOCK_STOP.write(&[Some(Datum::from(lead_id)), now]);
            None
        }
    }
}

fn with_lead(row: &LeadRow, overdue: Overdue) -> Overdue {
    Overdue {
        lead: row.lead(),
        owner_id: row.get("owner_id"),
        segment: row.get("segment"),
        territory: row.get("territory"),
        tier: row.get("tier"),
        pool: row.get("pool"),
        account_id: row.get("account_id"),
        playbook: row.get("playbook"),
        expansion: row.get("expansion").unwrap_or(false),
        ..overdue
    }
}

fn is_waiting(row: &LeadRow) -> bool {
    let status = row.get::<String>("status").unwrap_or_default();
    let answered = row.get::<i64>("first_response_at").is_some();
    !answered && matches!(status.as_str(), "assigned" | "queued")
}
