//! Statements and commands ask, before anything else, whether they are those of a dump.

use crate::db::pg::function::sql_function;
use crate::db::pg::trigger_data::{Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::state::restoring::{is_within_restore, observe};
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

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
