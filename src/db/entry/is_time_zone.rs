//! `leadroute.is_time_zone`.

use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::time;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute.is_time_zone(text)`
    leadroute_is_time_zone, pg_finfo_leadroute_is_time_zone, is_time_zone
}

unsafe fn is_time_zone(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text.
    let name = unsafe { argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false)) };
    Datum::from(name.is_some_and(|name| time::is_known(&name)))
}
