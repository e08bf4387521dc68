//! An ORM saves whole rows, as it has read them before. A `decision_id` that an app writes is stale, and so is a row
//! without the answer that there has been: then so is everything else that only routing writes, and stays as it is. A change of owner, queue or status counts, as by any update.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::routing::open_statements;
use pgrx::pg_sys::{self, HeapTuple};

/// The row that an update must write instead, where whoever updates is not routing itself.
pub fn instead(old: &LeadRow, new: &LeadRow) -> Option<HeapTuple> {
    let decision = new.get::<i64>("decision_id");
    let is_same = old.get::<i64>("decision_id") == decision;
    let forgets_answer = old.time("first_response_at").is_some() && new.time("first_response_at").is_none();
    // SAFETY: reads who that is.
    let is_routing = || unsafe { pg_sys::GetUserId() } == catalog::owner();
    // An upsert with all of excluded is looked at afterwards.
    let is_undecided = || decision.is_some_and(open_statements::is_deciding);
    let is_stale = (!is_same || forgets_answer) && !is_routing() && !is_undecided();
    is_stale.then(|| new.as_routed(old))
}
