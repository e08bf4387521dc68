//! Tables that change by functions only: those of rules where a change request is required, and the requests themselves.

use crate::db::pg::catalog;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::trigger_data::{name_of, Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::settings::{needs_change_request, ChangeRequired, RULES};
use crate::db::state::change::current;
use crate::db::state::restoring::is_within_restore;
use crate::db::{errors, queries};
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
    let required = needs_change_request(&table);
    // Names carried by a rename, reported presence and other work of functions is not the change of a rule by hand.
    if required != ChangeRequired::Never && current().is_none() && !is_the_extension() && !is_within_restore()
    {
        match required {
            ChangeRequired::AfterFirst => refuse_after_first(&table),
            _ => errors::change_required(&table, None),
        }
    }
    Datum::from(0)
}

/// Until a change request was applied there may be nobody to approve one. Whoever sets up and looks after the database
/// is not in their own way then, either.
fn refuse_after_first(table: &str) {
    if is_superuser() {
        return;
    }
    let _owner = AsOwner::begin();
    if let Some(first) = queries::FIRST_CHANGE.first(&[], |row| row.get::<String>(1)).flatten() {
        errors::change_required(table, Some(&first));
    }
}

/// Whether a superuser has logged in, and no function of theirs runs for somebody else.
fn is_superuser() -> bool {
    // SAFETY: look-ups in the syscache.
    unsafe { pg_sys::superuser() && pg_sys::superuser_arg(pg_sys::GetSessionUserId()) }
}

unsafe fn written_by_functions(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let table = name_of(unsafe { BY_FUNCTIONS.data(fcinfo) });
    if !is_the_extension() && !is_within_restore() {
        errors::only_by_functions(&table);
    }
    Datum::from(0)
}
