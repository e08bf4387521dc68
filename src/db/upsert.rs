//! Rows for a lead that is there already.
//!
//! A row whose `external_id` is there is not inserted, so it takes no turn and waits for nobody. For `ON CONFLICT DO
//! UPDATE` it has its own values, cleaned, and what routing has set in the lead that is there: an upsert that
//! takes over every column of `excluded`, as tools write it, leaves that as it is.

use super::function::{argument, sql_function};
use super::row::{now, LeadRow};
use super::scan::EXTERNAL_IDS;
use super::{queries, statements};
use leadroute_engine::config::Rules;
use leadroute_engine::decision::CleanLead;
use leadroute_engine::layers::intake;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

/// What `excluded` shows, if the external id of a row is there, and nobody is taking it away. A row that comes with
/// the id of that lead too is routed: nothing would tell whether it was inserted after all.
pub fn excluded(row: &LeadRow, rules: &Rules) -> Option<pg_sys::HeapTuple> {
    let key = row.get::<String>("external_id")?;
    let id = row.get::<i64>("id");
    let tuple = EXTERNAL_IDS.text(&key, |found| {
        // SAFETY: a row of leads, valid during the callback.
        let other = unsafe { LeadRow::new(found.tuple, found.desc) };
        if other.get("id") == id {
            return None;
        }
        let mut clean = CleanLead { lead: row.lead(), ..CleanLead::default() };
        intake::clean(&mut clean, rules, now());
        Some((row.routed_as(&clean, &other), other.get::<i64>("id")))
    });
    let (tuple, other) = tuple.filter(|_| !EXTERNAL_IDS.is_in_flight(&key))?;
    // Nobody deletes it now before this transaction ends. Somebody may just have: then the row is a new lead.
    let is_kept = !queries::LEAD_KEEP.returning(&[other.map(Datum::from)], |_| ()).is_empty();
    is_kept.then_some(tuple)
}

sql_function! {
    /// `leadroute_internal.is_undecided(bigint)`
    leadroute_is_undecided, pg_finfo_leadroute_is_undecided, is_undecided
}

unsafe fn is_undecided(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, bigint.
    let id = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    let is_deciding = |id| statements::innermost(|batch| batch.is_deciding(id)).unwrap_or(false);
    id.is_some_and(is_deciding).into_datum().unwrap_or(Datum::from(0))
}
