//! Whether a session restores a dump: then rows come in any order and are what they were, so references are not checked
//! and nothing is routed again.
//!
//! Every session that pg_dump, pg_restore and the workers of a parallel restore fill begins with an empty search_path,
//! check_function_bodies off and client_min_messages warning, whatever their options. Who only has some of that set, as
//! migration tools do, restores nothing; nor does who may not administer the extension.

use super::function::sql_function;
use super::identity::administers;
use super::trigger_data::{Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::cell::Cell;
use std::ffi::CStr;

/// The path of functions of the extension, which says nothing of the session.
const SAFE_PATH: &[u8] = b"pg_catalog, pg_temp";

thread_local! {
    /// The answer for the statement of the client that runs; functions of the extension that it calls go by that.
    static STATEMENT: Cell<bool> = const { Cell::new(false) };
}

fn path() -> &'static [u8] {
    // SAFETY: reads a setting; the answer is used at once.
    unsafe {
        let path = pg_sys::namespace_search_path;
        if path.is_null() {
            b""
        } else {
            CStr::from_ptr(path).to_bytes()
        }
    }
}

/// Whether the statement that runs is one of a dump, by the settings of the session.
pub fn is_restoring() -> bool {
    // SAFETY: reads two settings.
    let is_quiet =
        unsafe { !pg_sys::check_function_bodies && pg_sys::client_min_messages >= pg_sys::WARNING as i32 };
    is_quiet && matches!(path(), b"" | b"\"\"")
}

/// Looks at the settings, unless a function of the extension runs.
fn observe() {
    if path() != SAFE_PATH {
        STATEMENT.set(is_restoring() && administers());
    }
}

/// Whether the statement that runs is one of a dump, or one that a trigger of the extension runs in its stead.
pub fn is_within_restore() -> bool {
    observe();
    STATEMENT.get()
}

/// The next transaction says for itself.
pub fn transaction_ended() {
    STATEMENT.set(false);
}

sql_function! {
    /// `leadroute_internal.is_within_restore()`
    leadroute_is_within_restore, pg_finfo_leadroute_is_within_restore, sql_is_within_restore
}

unsafe fn sql_is_within_restore(_: pg_sys::FunctionCallInfo) -> Datum {
    is_within_restore().into_datum().unwrap_or(Datum::from(0))
}

sql_function! {
    /// `leadroute_internal.observe_session()`: statement trigger, before any other.
    leadroute_observe_session, pg_finfo_leadroute_observe_session, observe_session
}

const CALL: Call = Call {
    function: "observe_session",
    on: On::Ours,
    when: When::AroundStatement,
    events: INSERT | UPDATE | DELETE | TRUNCATE,
};

unsafe fn observe_session(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    unsafe { CALL.data(fcinfo) };
    observe();
    Datum::from(0)
}

sql_function! {
    /// `leadroute_internal.observe_command()`: event trigger, before any other.
    leadroute_observe_command, pg_finfo_leadroute_observe_command, observe_command
}

unsafe fn observe_command(_: pg_sys::FunctionCallInfo) -> Datum {
    observe();
    Datum::from(0)
}
