//! Tables that change by functions only: those of rules where a change request is required, and the requests themselves.

use crate::db::errors;
use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use crate::db::pg::trigger_data::{name_of, Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::settings::{needs_change_request, RULES};
use crate::db::state::change::current;
use crate::db::state::restoring::is_within_restore;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

sql_function! {
    /// `leadroute_internal.change_required()`: statement trigger on routing tables.
    leadroute_change_required, pg_finfo_leadroute_change_required, change_required
}

sql_function! {
    /// `leadroute_internal.written_by_functions()`: statement trigger on change requests.
    leadroute_written_by_functions, pg_finfo_leadroute_written_by_functions, written_by_functions
}

sql_function! {
    /// `leadroute_internal.rule_tables()`
    leadroute_rule_tables, pg_finfo_leadroute_rule_tables, rule_tables
}

unsafe fn rule_tables(_: pg_sys::FunctionCallInfo) -> Datum {
    RULES.to_vec().into_datum().unwrap_or(Datum::from(0))
}

const REQUIRED: Call = Call {
    function: "change_required",
    on: On::Ours,
    when: When::AroundStatement,
    events: INSERT | UPDATE | DELETE | TRUNCATE,
};

const BY_FUNCTIONS: Call = Call { function: "written_by_functions", ..REQUIRED };

/// Whether a function of the extension writes, or its script.
fn is_the_extension() -> bool {
    // SAFETY: plain reads of the backend.
    unsafe { pg_sys::creating_extension || pg_sys::GetUserId() == catalog::owner() }
}

unsafe fn change_required(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let table = name_of(unsafe { REQUIRED.data(fcinfo) });
    // Names carried by a rename, reported presence and other work of functions is not the change of a rule by hand.
    let is_refused =
        needs_change_request(&table) && current().is_none() && !is_the_extension() && !is_within_restore();
    if is_refused {
        errors::change_required(&table);
    }
    Datum::from(0)
}

unsafe fn written_by_functions(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let table = name_of(unsafe { BY_FUNCTIONS.data(fcinfo) });
    if !is_the_extension() && !is_within_restore() {
        errors::only_by_functions(&table);
    }
    Datum::from(0)
}
