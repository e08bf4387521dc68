//! Running the SQL of a change, checked again just before: with the settings of its author, and the rights of the current
//! user.

use crate::db::entry::change::sql_check::check;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::once;
use crate::db::pg::security::{only_the_extension, SettingsOfAuthor};
use crate::db::state::change::{current, Current};
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::ffi::CString;

sql_function! {
    /// `leadroute_internal.current_change()`
    leadroute_current_change, pg_finfo_leadroute_current_change, current_change
}

sql_function! {
    /// `leadroute_internal.run_change(bigint)`
    leadroute_run_change, pg_finfo_leadroute_run_change, run_change
}

unsafe fn current_change(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    current().map_or_else(|| unsafe { null(fcinfo) }, Datum::from)
}

/// As the extension, which the caller has become: who previews a change need not be allowed to make it.
unsafe fn run_change(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("run_change");
    // SAFETY: as declared in SQL: strict, bigint; void is any value.
    unsafe {
        let id = argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)).unwrap_or_default();
        let change = change(id).unwrap_or_else(|| errors::no_such_change(id));
        run(&change);
        null(fcinfo)
    }
}

/// A change request, as far as it runs.
pub struct Change {
    id: i64,
    sql: String,
    time_zone: CString,
    date_style: CString,
}

/// Looks a change request up; the current user must be the owner of the extension.
pub fn change(id: i64) -> Option<Change> {
    queries::CHANGE_SQL.first(&[Some(Datum::from(id))], |row| {
        let text = |n| row.get::<String>(n).unwrap_or_default();
        let setting = |n| CString::new(text(n)).unwrap_or_default();
        Change { id, sql: text(1), time_zone: setting(2), date_style: setting(3) }
    })
}

/// Runs its SQL as the current user.
pub fn run(change: &Change) {
    let _settings = SettingsOfAuthor::begin(&change.time_zone, &change.date_style);
    let (statements, _) = check(&change.sql);
    let _current = Current::begin(change.id);
    for statement in &statements {
        once::run_as_written(statement);
    }
}
