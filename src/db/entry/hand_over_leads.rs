//! `hand_over_leads`: the open leads of a rep who leaves, or goes on leave, go to others.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::text;
use crate::db::pg::subtransaction::Failure;
use crate::db::routing::batch::Batch;
use crate::db::routing::bulk_run::Sweep;
use crate::db::routing::pending_decision::{Pending, Wanted};
use crate::db::{errors, queries};
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::cell::Cell;

sql_function! {
    /// `leadroute.hand_over_leads(text, text, integer)`
    leadroute_hand_over_leads, pg_finfo_leadroute_hand_over_leads, hand_over_leads
}

unsafe fn hand_over_leads(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: text, text, integer.
    let (rep, reason, batch) = unsafe {
        let text = |n| argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false));
        (text(0), text(1), argument(fcinfo, 2).and_then(|datum| i32::from_datum(datum, false)))
    };
    let Some(rep) = rep else {
        errors::null_argument("hand_over_leads", "rep_id");
    };
    if let Some(batch) = batch.filter(|batch| *batch < 1) {
        errors::bad_batch(batch, "Leave it out for all leads.");
    }
    let _owner = AsOwner::begin();
    catalog::lock_for_writing();
    let name = text(Some(&rep));
    queries::KNOWN_REP.read(&[name], |_| ());
    let ids = queries::OPEN_LEADS_OF_REP.read(&[name, batch.into_datum()], |row| row.get::<i64>(1));
    let ids: Vec<i64> = ids.into_iter().flatten().collect();
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let note = format!("{rep} hands over{why}");
    let work = |session: &mut Batch, id: &i64| hand_over(session, *id, &rep, &note);
    let sweep =
        Sweep { cause: Cause::HandOver, work: &work, failed: &warn, moment: None, waits: Cell::new(0) };
    let count = sweep.run(&ids);
    if sweep.is_over() {
        errors::warn_not_all_handed_over(&rep);
    }
    Datum::from(i32::try_from(count).unwrap_or(i32::MAX))
}

/// Gives one lead to somebody else; `None` if the rep does not have it any more.
fn hand_over(session: &mut Batch, id: i64, rep: &str, note: &str) -> Option<()> {
    session.leave_out(rep);
    let found = queries::LEAD_LOCK.returning(&[Some(Datum::from(id))], |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        let status = row.get::<String>("status").and_then(|status| Status::named(&status))?;
        let has = row.get::<String>("owner_id").as_deref() == Some(rep);
        if !has || status.is_closed() || row.get::<i64>("duplicate_of").is_some() {
            return None;
        }
        let pending = session.decide(&row, true, Wanted::HandOver).pending?;
        // whoever gets a lead that is worked on goes on with that
        let keeps =
            Some(status).filter(|_| status.is_taken_up() && pending.decision.outcome.owner().is_some());
        Some(Pending { keeps, note: Some(note.to_owned()), ..pending })
    });
    session.revise(found.into_iter().next().flatten()?, Some(rep));
    Some(())
}

fn warn(id: &i64, failure: &Failure) {
    errors::warn_not_handed_over(*id, &failure.sqlstate, &failure.message);
}
