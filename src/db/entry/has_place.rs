//! `leadroute_internal.has_place`, for the constraint that no open lead is nobody's.

use crate::db::pg::function::{argument, sql_function};
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.has_place(timestamptz, text, text, bigint, leadroute.lead_status)`
    leadroute_has_place, pg_finfo_leadroute_has_place, has_place
}

/// PostgreSQL's `-infinity`: the lead was inserted while routing was off.
const NEVER: i64 = i64::MIN;

unsafe fn has_place(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: routed_at, owner_id, queue, duplicate_of, status.
    let argument = |n| unsafe { argument(fcinfo, n) };
    let was_routed = argument(0).is_some_and(|datum| datum.value() as i64 != NEVER);
    let is_somewhere = || (1..=3).any(|n| argument(n).is_some());
    // SAFETY: a text.
    let name = || argument(4).and_then(|datum| unsafe { String::from_datum(datum, false) });
    let may_be_nobodys = || name().and_then(|name| Status::named(&name)).is_some_and(Status::needs_nobody);
    Datum::from(!was_routed || is_somewhere() || may_be_nobodys())
}
