//! `leadroute_internal.lock_for_writing`, for functions in SQL that write about leads.

use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.lock_for_writing()`
    leadroute_lock_for_writing, pg_finfo_leadroute_lock_for_writing, sql_lock_for_writing
}

unsafe fn sql_lock_for_writing(_: pg_sys::FunctionCallInfo) -> Datum {
    catalog::lock_for_writing();
    Datum::from(0)
}
