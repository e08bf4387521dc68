//! What functions answer that route a lead.

use crate::db::pg::jsonb::Document;
use crate::db::{errors, queries};
use pgrx::pg_sys::Datum;
use pgrx::IntoDatum;

/// The lead as it is now, and its decision, as jsonb; `created` says whether the call has inserted it.
pub fn answer(lead_id: i64, created: bool) -> Datum {
    let arguments = [Some(Datum::from(lead_id)), created.into_datum()];
    let answer = queries::ANSWER.first(&arguments, |row| row.get::<Document>(1)).flatten();
    answer.map_or_else(|| errors::no_such_lead(lead_id), |document| document.to_result())
}
