//! Proposing a change.

use crate::db::entry::change::sql_check::check;
use crate::db::entry::change::touched::Touched;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::{AsOwner, SettingsOfAuthor};
use crate::db::pg::spi::{text, texts};
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::ffi::CStr;

sql_function! {
    /// `leadroute.propose_change(text, text, text, text)`
    leadroute_propose_change, pg_finfo_leadroute_propose_change, propose_change
}

sql_function! {
    /// `leadroute_internal.propose_revert(text, text, text, bigint)`
    leadroute_propose_revert, pg_finfo_leadroute_propose_revert, propose_revert
}

unsafe fn given(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<String> {
    // SAFETY: as declared in SQL: text.
    unsafe { argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false)) }
}

unsafe fn propose_change(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe { propose(fcinfo, given(fcinfo, 3), None) }
}

unsafe fn propose_revert(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: the last argument is a bigint.
    unsafe { propose(fcinfo, None, argument(fcinfo, 3)) }
}

unsafe fn propose(
    fcinfo: pg_sys::FunctionCallInfo,
    apply_at: Option<String>,
    reverts: Option<Datum>,
) -> Datum {
    // SAFETY: as declared in SQL.
    let (title, why, sql) = unsafe { (given(fcinfo, 0), given(fcinfo, 1), given(fcinfo, 2)) };
    let Some(sql) = sql else {
        errors::null_argument("propose_change", "sql");
    };
    let touched = checked(&sql);
    // The approver, and those who see the outcome of a preview, must learn nothing that the author may not read.
    for table in &touched.tables {
        may_read(table);
    }
    let _owner = AsOwner::begin();
    let writes: Vec<String> =
        touched.writes.iter().map(|(privilege, table)| format!("{privilege} {table}")).collect();
    let arguments = [
        text(title.as_deref()),
        text(why.as_deref()),
        text(Some(&sql)),
        text(apply_at.as_deref()),
        texts(touched.tables.iter().copied()),
        texts(writes.iter().map(String::as_str)),
        reverts,
    ];
    let id = queries::NOTE_CHANGE.returning(&arguments, |row| row.get::<i64>(1));
    id.into_iter().next().flatten().map_or(Datum::from(0), Datum::from)
}

fn checked(sql: &str) -> Touched {
    // SAFETY: settings always have a value.
    let (zone, style) = unsafe {
        let value =
            |name: &CStr| CStr::from_ptr(pg_sys::GetConfigOption(name.as_ptr(), false, false)).to_owned();
        (value(c"TimeZone"), value(c"DateStyle"))
    };
    let _settings = SettingsOfAuthor::begin(&zone, &style);
    check(sql).1
}

fn may_read(table: &'static str) {
    let wanted = pg_sys::ACL_SELECT as pg_sys::AclMode;
    // SAFETY: a look-up in the syscache.
    let answer = unsafe { pg_sys::pg_class_aclcheck(catalog::relation(table), pg_sys::GetUserId(), wanted) };
    if answer != pg_sys::AclResult::ACLCHECK_OK {
        errors::change_may_not_read(table);
    }
}
