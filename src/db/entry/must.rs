//! `leadroute_internal.must`, by which constraints of routing tables say what is allowed.

use crate::db::errors;
use crate::db::pg::function::{argument, sql_function};
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.must(boolean, text, text, text)`
    leadroute_must, pg_finfo_leadroute_must, must
}

/// NULL is allowed, as in any constraint.
unsafe fn must(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: boolean, text, text, text.
    unsafe {
        let holds = argument(fcinfo, 0).and_then(|datum| bool::from_datum(datum, false));
        if holds == Some(false) {
            let text = |n| argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false));
            let [column, value, allowed] = [1, 2, 3].map(text);
            let value = value.map_or_else(|| "NULL".to_owned(), |value| format!("\"{value}\""));
            errors::not_allowed(&column.unwrap_or_default(), &value, &allowed.unwrap_or_default());
        }
    }
    Datum::from(true)
}
