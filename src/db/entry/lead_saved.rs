//! When a lead was changed, and what an app may not have known.
//!
//! An ORM saves whole rows, as it has read them before. A `decision_id` that an app writes is stale, and so is a row
//! without the answer that there has been: then so is everything else that only routing writes, and stays as it is. A change of owner, queue or status counts, as by any update.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use crate::db::pg::time::now;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use crate::db::routing::open_statements;
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.lead_saved()`: row trigger, before an update of `leads` and before the trigger that records changes
    /// by hand.
    leadroute_lead_saved, pg_finfo_leadroute_lead_saved, lead_saved
}

const CALL: Call =
    Call { function: "lead_saved", on: On::Table("leads"), when: When::BeforeRow, events: UPDATE };

unsafe fn lead_saved(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid; the row that is made has their
    // descriptor.
    let (old, given, row) = unsafe {
        let data = CALL.data(fcinfo);
        let shape = (*data.tg_relation).rd_att;
        let row = move |tuple| LeadRow::new(tuple, shape);
        (row(data.tg_trigtuple), row(data.tg_newtuple), row)
    };
    let new = if is_stale(&old, &given) { row(given.as_routed(&old)) } else { given };
    Datum::from(new.updated_at(now()))
}

fn is_stale(old: &LeadRow, new: &LeadRow) -> bool {
    let decision = new.get::<i64>("decision_id");
    let is_same = old.get::<i64>("decision_id") == decision;
    let forgets_answer =
        || old.time("first_response_at").is_some() && new.time("first_response_at").is_none();
    // SAFETY: reads who that is.
    let is_routing = || unsafe { pg_sys::GetUserId() } == catalog::owner();
    // An upsert with all of excluded is looked at by the next trigger.
    let is_undecided = || decision.is_some_and(open_statements::is_deciding);
    (!is_same || forgets_answer()) && !is_routing() && !is_undecided()
}
