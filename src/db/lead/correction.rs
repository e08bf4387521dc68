//! Whether a lead says something else than before.

use crate::db::lead::columns;
use crate::db::lead::row::LeadRow;
use crate::db::pg::time::to_postgres_epoch;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};

/// The columns that routing reads, conditions apart.
const READ: [&str; 18] = [
    "email",
    "phone",
    "company",
    "website",
    "crm_account_id",
    "country",
    "region",
    "postal_code",
    "industry",
    "employees",
    "annual_revenue",
    "product",
    "language",
    "score",
    "event",
    "occurred_at",
    "source",
    "attributes",
];

/// Whether one of them may have changed.
pub fn may_differ(old: &LeadRow, new: &LeadRow) -> bool {
    may_differ_in(&READ, old, new)
}

/// Whether one of the columns may have changed: values that are stored in another way count, though they may say the same.
pub fn may_differ_in(columns: &[&'static str], old: &LeadRow, new: &LeadRow) -> bool {
    columns.iter().any(|column| match (old.datum(column), new.datum(column)) {
        (None, None) => false,
        // SAFETY: both are values of the column.
        (Some(old), Some(new)) => unsafe { !is_stored_alike(column, old, new) },
        _ => true,
    })
}

impl LeadRow {
    /// The tuple with the time of the change.
    pub fn updated_at(&self, now: Micros) -> pg_sys::HeapTuple {
        self.with([("updated_at", Some(Datum::from(to_postgres_epoch(now))))])
    }
}

unsafe fn is_stored_alike(column: &str, one: Datum, other: Datum) -> bool {
    let type_id = columns::column(column).map(|column| column.type_id);
    if matches!(type_id, Some(pg_sys::INT4OID | pg_sys::INT8OID | pg_sys::TIMESTAMPTZOID | pg_sys::BOOLOID)) {
        return one == other;
    }
    // SAFETY: the caller vouches for values of a column; all others are varlenas, with their length at the beginning.
    let bytes = |datum: Datum| unsafe {
        let varlena: *const pg_sys::varlena = datum.cast_mut_ptr();
        std::slice::from_raw_parts(varlena.cast::<u8>(), pgrx::varlena::varsize_any(varlena))
    };
    bytes(one) == bytes(other)
}
