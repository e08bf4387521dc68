//! `adopt_leads`: routing takes in what was there without it. Rows of attached tables become leads; leads that came with their
//! owner from elsewhere, or while routing was off, get a decision, and with it account and load.

use crate::db::entry::attached::adopt::adopt_rows;
use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog::lock_for_writing;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::subtransaction::Failure;
use crate::db::pg::wait::Patience;
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run::Sweep;
use crate::db::routing::pending_decision::{Pending, Wanted};
use crate::db::settings::ENABLED;
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::decision::Layer;
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::Given;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::cell::Cell;

sql_function! {
    /// `leadroute.adopt_leads(integer, boolean)`
    leadroute_adopt_leads, pg_finfo_leadroute_adopt_leads, adopt_leads
}

unsafe fn adopt_leads(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, integer and boolean; the server is asked for a flag.
    let (batch, only_attached, is_standby) = unsafe {
        let batch = argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false));
        let only_attached = argument(fcinfo, 1).and_then(|datum| bool::from_datum(datum, false));
        (batch.unwrap_or(0), only_attached.unwrap_or(false), pg_sys::RecoveryInProgress())
    };
    if batch < 1 {
        errors::bad_batch(batch, "The default is 1000.");
    }
    if is_standby {
        return Datum::from(0);
    }
    let _owner = AsOwner::begin();
    lock_for_writing();
    Datum::from(match adopt_rows(batch) {
        0 if !only_attached => adopt_moved_in(batch),
        seen => seen,
    })
}

/// Takes in at most `most` leads; answers how many. One that fails does not hold up the others.
fn adopt_moved_in(most: i32) -> i32 {
    let sweep = Sweep { cause: Cause::Adopt, work: &adopt, failed: &warn, moment: None, waits: Cell::new(0) };
    let (mut adopted, mut seen) = (0, Vec::<i64>::new());
    while adopted < most && !sweep.is_over() {
        let places =
            [Some(Datum::from(most - adopted)), seen.clone().into_datum(), ENABLED.get().into_datum()];
        let ids = queries::UNADOPTED.returning(&places, |row| row.get::<i64>(1));
        let ids: Vec<i64> = ids.into_iter().flatten().collect();
        if ids.is_empty() {
            break;
        }
        adopted += i32::try_from(sweep.run(&ids)).unwrap_or(i32::MAX);
        seen.extend(ids);
    }
    adopted
}

fn adopt(session: &mut Batch, id: &i64) -> Option<()> {
    // who submits the same person now is merged later
    session.patience = Patience::none();
    let found = queries::LEAD_LOCK.returning(&[Some(Datum::from(*id))], |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        if !row.is_unadopted() {
            return None;
        }
        session.set_known(Vec::new(), place(&row));
        let pending = session.decide(&row, true, Wanted::Route).pending?;
        Some((with_what_it_brought(pending, &row), row.get::<String>("owner_id")))
    });
    if let Some((pending, owner)) = found.into_iter().next().flatten() {
        session.revise(pending, owner.as_deref());
    } else {
        queries::ADOPTED_ALREADY.write(&[Some(Datum::from(*id))]);
    }
    Some(())
}

/// Where the lead is. One that is nowhere is routed, as if it came now.
fn place(row: &LeadRow) -> Given {
    let owner = row.get::<String>("owner_id").map(|rep| (rep.clone(), Some(rep)));
    let status = row.get::<String>("status").and_then(|status| Status::named(&status));
    let given = Given { owner, queue: row.get("queue"), status, ..Given::default() };
    Given { adopted: given.has_place(), waited_for_routing: !given.has_place(), ..given }
}

/// What is known of a lead that stays where it is, beside what routing has found.
fn with_what_it_brought(mut pending: Pending, row: &LeadRow) -> Pending {
    let decision = &mut pending.decision;
    if decision.layer == Layer::Given {
        let found = [
            ("account_id", &mut decision.account_id),
            ("segment", &mut decision.segment),
            ("territory", &mut decision.territory),
            ("tier", &mut decision.tier),
            ("pool", &mut decision.pool),
            ("playbook", &mut decision.playbook),
        ];
        for (column, value) in found {
            *value = value.take().or_else(|| row.get(column));
        }
        decision.expansion |= row.get("expansion").unwrap_or(false);
    }
    pending
}

fn warn(id: &i64, failure: &Failure) {
    errors::warn_lead_not_adopted(*id, &failure.sqlstate, &failure.message);
}
