//! Errors and warnings about change requests.

use crate::db::errors::report::{raise, warn};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{function_name, PgLogLevel, PgSqlErrorCode};

const ALLOWED: &str = "A change has only INSERT, UPDATE, DELETE and SELECT on routing tables, with functions, operators and types of PostgreSQL that do no more than compute; now() is when it is applied.";

/// An error about one statement of a change.
fn refuse(message: String, detail: String, hint: &str) -> ! {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message, function_name!())
        .set_detail(detail)
        .set_hint(hint)
        .report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// A statement of a change may not run; `what` follows its number.
pub fn change_refused(number: usize, line: usize, statement: &str, what: &str) -> ! {
    let (message, detail) =
        (format!("statement {number} of the change {what}"), format!("Line {line}: {statement}"));
    refuse(message, detail, ALLOWED)
}

/// A statement of a change is none.
pub fn change_not_understood(
    number: usize,
    line: usize,
    statement: &str,
    sqlstate: &str,
    message: &str,
) -> ! {
    let detail = format!("Line {line}: {statement}\nThe error was {sqlstate}.");
    let message = format!("statement {number} of the change cannot run: {message}");
    refuse(message, detail, "Names are looked up in pg_catalog, then in leadroute.")
}

/// The SQL of a change is none.
pub fn change_not_read(sqlstate: &str, message: &str) -> ! {
    let message = format!("the SQL of the change cannot be read: {message}");
    refuse(message, format!("The error was {sqlstate}."), ALLOWED)
}

/// There is nothing in a change.
pub fn change_writes_nothing() -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        "the SQL of the change writes nothing".to_owned(),
        ALLOWED,
    )
}

/// Who proposes a change must be able to read what it names.
pub fn change_may_not_read(table: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("permission denied for table {table}"),
        "Who proposes a change must be allowed to read the tables that it names: leadroute.grant_role('author', ...).",
    )
}

/// There is no such change.
pub fn no_such_change(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("change {id} does not exist"),
        "Look it up in leadroute.change_requests.",
    )
}

/// Somebody writes to a table that functions keep.
pub fn only_by_functions(table: &str) -> ! {
    let hint = match table {
        "config_history" => "A change of a routing table leaves its row by itself. To erase personal data, a superuser can SET ROLE leadroute_owner.",
        _ => "Call leadroute.propose_change(), approve_change(), apply_change(), refuse_change() or cancel_change().",
    };
    raise(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("table \"{table}\" is written by functions of leadroute only"),
        hint,
    )
}

/// Rules were changed by hand. `first` is the change that was applied first, if that is why.
pub fn change_required(table: &str, first: Option<&str>) -> ! {
    let report = ErrorReport::new(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("table \"{table}\" is changed by change requests only"),
        function_name!(),
    );
    let report = match first {
        Some(first) => report.set_detail(format!("That is so since {first}.")),
        None => report,
    };
    report
        .set_hint("Call leadroute.propose_change(title, why, sql); after leadroute.approve_change() by somebody else, leadroute.apply_change(). Which tables need that a superuser says with the setting leadroute.require_change_request; empty is none.")
        .report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// The rules are not those that were looked at.
pub fn change_is_stale(id: i64) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("change {id} is not applied: the rules have changed since it was proposed or previewed last"),
        &format!("Look at it again with leadroute.preview_change({id}), once it is approved by another login than its author's; then apply it. leadroute.changelog tells what has changed."),
    )
}

/// Leads that must go somewhere would go elsewhere.
pub fn golden_leads_change(id: i64, first: &str, others: &[String]) -> ! {
    let report = ErrorReport::new(
        PgSqlErrorCode::ERRCODE_CHECK_VIOLATION,
        format!("change {id} is not applied: {first}"),
        function_name!(),
    );
    let report = if others.is_empty() { report } else { report.set_detail(others.join("\n")) };
    report
        .set_hint("Mend the change; or if that is what it is for, let it update leadroute.golden_leads, too.")
        .report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// The approver of a scheduled change is gone, or may not approve any more.
pub fn approver_may_not(id: i64, role: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("change {id} is not applied: \"{role}\", who approved it, may not approve changes any more"),
        "Let somebody apply it who may, or propose it again.",
    )
}

/// A scheduled change could not be applied and is not tried again.
pub fn warn_change_not_applied(id: i64, sqlstate: &str, message: &str) {
    warn(
        format!("change {id} could not be applied: {message}"),
        sqlstate,
        &format!("It is not tried again by itself. Mend the cause and call leadroute.apply_change({id}), or propose another."),
    );
}

/// A scheduled change had to wait for others.
pub fn warn_change_waits(id: i64, sqlstate: &str, message: &str) {
    warn(
        format!("change {id} could not be applied yet: {message}"),
        sqlstate,
        "It is tried again by the next run.",
    );
}

/// The SQL of a change takes longer than a preview may keep others waiting.
pub fn change_takes_long(id: i64, milliseconds: i32) -> ! {
    let message = format!(
        "the SQL of change {id} takes longer than {} s, and cannot be previewed",
        milliseconds / 1000
    );
    raise(
        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        message,
        "Whoever edits the same rows would wait for it. Split the change, or make its conditions cheaper.",
    )
}
