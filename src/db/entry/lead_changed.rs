//! `leadroute_internal.is_more_than_values`, the condition of the trigger that looks at changes of leads by hand.

use crate::db::pg::function::{argument, sql_function};
use crate::db::routing::open_statements;
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.is_more_than_values(bigint, bigint, text, text, text, text, bigint, bigint, text, text, text, text, timestamptz)`
    leadroute_is_more_than_values, pg_finfo_leadroute_is_more_than_values, is_more_than_values
}

/// Whether an update of a lead may be one of those that `lead_changed()` is for. It may say so once too often.
unsafe fn is_more_than_values(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: old and new id, tenant, status, decision_id, owner_id and queue, and routed_at.
    let value = |n| unsafe { argument(fcinfo, n) };
    let number = |n| value(n).map(|datum| datum.value() as i64);
    // SAFETY: a text, which is only read here.
    let text = |n| value(n).and_then(|datum| unsafe { <&str>::from_datum(datum, false) });
    let differ = |n| text(n) != text(n + 1);
    let is_closed = |n| text(n).and_then(Status::named).is_some_and(Status::is_closed);
    let is_decided = if number(6) == number(7) {
        value(12).is_some() && (differ(8) || differ(10))
    } else {
        number(7).is_some_and(open_statements::is_deciding)
    };
    Datum::from(is_decided || is_closed(4) != is_closed(5) || number(0) != number(1) || differ(2))
}
