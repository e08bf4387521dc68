//! `leadroute_internal.needs_nobody`, for the constraint that no open lead is nobody's.

use crate::db::pg::function::{argument, sql_function};
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.needs_nobody(text)`
    leadroute_needs_nobody, pg_finfo_leadroute_needs_nobody, needs_nobody
}

unsafe fn needs_nobody(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text.
    let name = unsafe { argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false)) };
    let status = name.and_then(|name| Status::named(&name));
    Datum::from(status.is_some_and(|status| status == Status::Nurture || status.is_closed()))
}
