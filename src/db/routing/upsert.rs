//! Rows for a lead that is there already.
//!
//! A row whose `external_id` is there is not inserted, so it takes no turn and waits for nobody. For `ON CONFLICT DO
//! UPDATE`, `excluded` has its own values, cleaned, and what routing has set in the lead that is there: an upsert
//! that takes over every column, as tools write it, does not change what routing has set.

use crate::db::indexes::EXTERNAL_IDS;
use crate::db::lead::row::LeadRow;
use crate::db::queries;
use crate::db::state::lookups;
use leadroute_engine::rules::Rules;
use pgrx::pg_sys::{self, Datum};

/// What `excluded` shows, if the external id of a row is there, and no open transaction deletes or changes it. A row
/// that also has the id of that lead is routed: nothing would tell whether it was inserted after all.
pub fn excluded(row: &LeadRow, rules: &Rules) -> Option<pg_sys::HeapTuple> {
    let key = row.get::<String>("external_id")?;
    let id = row.get::<i64>("id");
    let tuple = EXTERNAL_IDS.text(&key, |found| {
        // SAFETY: a row of leads, valid during the callback.
        let other = unsafe { LeadRow::new(found.tuple, found.desc) };
        let tenant = |row: &LeadRow| row.get::<String>("tenant").unwrap_or_default();
        // A row of another tenant shows nothing; it will not come all the same.
        if other.get("id") == id || tenant(&other) != tenant(row) {
            return None;
        }
        let is_scored = rules.criteria.of(&tenant(row)).next().is_some();
        Some((row.routed_as(&lookups::cleaned(row, rules), &other, is_scored), other.get::<i64>("id")))
    });
    let (tuple, other) = tuple.filter(|_| !EXTERNAL_IDS.is_in_flight(&key))?;
    // Keeps the lead from being deleted until this transaction ends. If it just was, the row is a new lead.
    let is_kept = !queries::LEAD_KEEP.returning(&[other.map(Datum::from)], |_| ()).is_empty();
    is_kept.then_some(tuple)
}
