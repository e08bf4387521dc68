//! Before an update of `leads`, in this order: a row that an app saves as it was is put right, an owner or queue that was
//! changed by hand is recorded, corrected values are cleaned. One trigger without a WHEN, which PostgreSQL would parse anew in
//! each statement.

use crate::db::entry::{lead_cleaned, lead_saved};
use crate::db::lead::correction::may_differ_in;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi;
use crate::db::pg::time::now;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use crate::db::pg::tuple::composite_tuple;
use crate::db::routing::open_statements;
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum, HeapTuple};

sql_function! {
    /// `leadroute_internal.lead_changed()`: row trigger, before an update of `leads`.
    leadroute_lead_changed, pg_finfo_leadroute_lead_changed, lead_changed
}

const CALL: Call =
    Call { function: "lead_changed", on: On::Table("leads"), when: When::BeforeRow, events: UPDATE };

unsafe fn lead_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid; each tuple is made by their
    // descriptor.
    let (old, given, row) = unsafe {
        let data = CALL.data(fcinfo);
        let shape = (*data.tg_relation).rd_att;
        let row = move |tuple: HeapTuple| LeadRow::new(tuple, shape);
        (row(data.tg_trigtuple), row(data.tg_newtuple), row)
    };
    let new = lead_saved::instead(&old, &given).map_or(given, row);
    let changed = if is_more_than_values(&old, &new) { by_hand(&old, &new) } else { None };
    let changed = changed.unwrap_or_else(|| new.updated_at(now()));
    let needs_cleaning = lead_cleaned::is_needed(&old, &new);
    Datum::from(if needs_cleaning { lead_cleaned::cleaned(&old, &row(changed)) } else { changed })
}

/// Whether something has changed that must not, or that must be recorded.
fn is_more_than_values(old: &LeadRow, new: &LeadRow) -> bool {
    let is_closed = |row: &LeadRow| {
        let status = row.get::<&str>("status").and_then(Status::named);
        status.is_some_and(Status::is_closed)
    };
    let decision = new.get::<i64>("decision_id");
    let has_moved =
        || new.get::<i64>("routed_at").is_some() && may_differ_in(&["owner_id", "queue"], old, new);
    let is_decided = if old.get::<i64>("decision_id") == decision {
        has_moved()
    } else {
        decision.is_some_and(open_statements::is_deciding)
    };
    is_decided || is_closed(old) != is_closed(new) || may_differ_in(&["id", "tenant"], old, new)
}

/// The row as it is written where more has changed than values.
fn by_hand(old: &LeadRow, new: &LeadRow) -> Option<HeapTuple> {
    let _owner = AsOwner::begin();
    let ((old, type_id), (new, _)) = (old.composite(), new.composite());
    let record = "SELECT leadroute_internal.changed_by_hand($1, $2)".to_owned();
    // SAFETY: reads the context of the caller, in which the answer stays.
    let context = unsafe { pg_sys::CurrentMemoryContext };
    // SAFETY: the function returns a row of leads.
    let row = |row: spi::Row| unsafe { composite_tuple(row.tuple, row.desc, context) };
    spi::ask((record, vec![type_id, type_id]), &[Some(old), Some(new)], false, row).into_iter().next()
}
