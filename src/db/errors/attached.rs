//! Errors and warnings about attached tables and tables of users.

use crate::db::errors::report::{raise, warn};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{function_name, PgLogLevel, PgSqlErrorCode};

/// What a mapping names is not in the table any more; event triggers prevent it, unless they are disabled.
pub fn mapped_column_is_gone(column: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        format!("column \"{column}\" of an attached table does not exist"),
        "Attach the table again with another mapping, or detach it.",
    )
}

/// A table can be attached by its owner only.
pub fn not_owner_of(table: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("must be owner of table {table}"),
        "Ask its owner, or a superuser, to attach or detach it.",
    )
}

/// The mapping of an attached table cannot be read; event triggers prevent it, unless they are disabled.
pub fn unreadable_mapping(table_no: i32, what: &str) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("the mapping of attached table number {table_no} cannot be read: {what}"),
        "leadroute.config_problems tells what is wrong with it: fix the table, attach it with another mapping, or detach it.",
    )
}

/// The text in a mapping is not exactly one expression.
pub fn not_an_expression() -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_SYNTAX_ERROR,
        "the text is not exactly one expression".to_owned(),
        "Give one expression, as in the list of a SELECT.",
    )
}

/// The owner column cannot hold the "nobody" of the mapping.
pub fn nobody_does_not_fit(column: &str, table: &str, nobody: &str, sqlstate: &str, message: &str) -> ! {
    let message =
        format!("attach: \"nobody\" is \"{nobody}\", which column \"{column}\" of table {table} cannot hold: {message}");
    ErrorReport::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message, function_name!())
        .set_detail(format!("The error was {sqlstate}."))
        .set_hint("Give a value of the type of the column, or leave \"nobody\" out for NULL.")
        .report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// An expression of a mapping does not work.
pub fn expression_fails(field: &str, table: &str, sqlstate: &str, message: &str) -> ! {
    let message = format!(
        "attach: the expression of lead field \"{field}\" for table {table} cannot be evaluated: {message}"
    );
    ErrorReport::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message, function_name!())
        .set_detail(format!("The error was {sqlstate}."))
        .set_hint("It runs as the owner of the table, with search_path pg_catalog: name the schema of everything else.")
        .report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// A column of an attached table cannot hold what was decided.
pub fn warn_not_written(column: &str, table: &str, sqlstate: &str, message: &str) {
    let message = format!("column \"{column}\" of {table} was not set: {message}");
    warn(message, sqlstate, "The lead is routed all the same; fix the value, the column or the mapping.");
}

/// Whether a row is a lead could not be told; it is taken for one.
pub fn warn_when_not_read(table: &str, sqlstate: &str, why: &str) {
    let message = format!("\"when\" of a row of {table} could not be read: {why}");
    warn(message, sqlstate, "The row is routed as a lead; fix the value, or the expression in the mapping.");
}

/// The status that a row gives its lead cannot be read.
pub fn warn_status_not_read(table: &str, sqlstate: &str, message: &str) {
    let message = format!("the status of a row of {table} could not be read: {message}");
    warn(message, sqlstate, "Fix the value, or the expression in the mapping.");
}

/// A row that was there before its table was attached becomes no lead.
pub fn warn_not_adopted(key: &str, table: &str, sqlstate: &str, message: &str) {
    let message = format!("row {key} of {table} was not adopted: {message}");
    warn(
        message,
        sqlstate,
        "Mend the cause, and attach the table again with \"existing\": rows that have leads are left alone.",
    );
}

/// Reps could not be kept in step with a table of users.
pub fn warn_not_synced(table: &str, sqlstate: &str, message: &str) {
    let message = format!("reps are not kept in step with {table}: {message}");
    warn(message, sqlstate, "Call leadroute.sync_reps() with a mapping that fits the table.");
}

/// A row says that somebody answered, but not so that it can be read.
pub fn warn_answer_not_read(table: &str, sqlstate: &str, message: &str) {
    let message = format!("the answer in a row of {table} could not be read: {message}");
    warn(message, sqlstate, "Fix the value, or the expression in the mapping.");
}

/// The key of a row is too long: only a digest of it is kept.
pub fn warn_row_not_found(table: &str) {
    let message = format!("a row of {table} does not follow its lead: its key is too long to be kept");
    ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, function_name!())
        .set_hint("A shorter primary key lets rows follow their leads.")
        .report(PgLogLevel::WARNING);
}

/// The row of a lead is locked.
pub fn row_is_held(table: &str, key: &[String]) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        format!("row {} of {table} is held by another transaction", key.join(", ")),
        "Try again when the transaction has ended; it is waited for as long as leadroute.duplicate_wait says.",
    )
}

/// A relation that is not there.
pub fn no_such_relation(oid: u32) -> ! {
    raise(
        PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
        format!("relation with OID {oid} does not exist"),
        "Give the name of a table, for example 'public.my_leads'.",
    )
}

/// Nothing is written into a table that has another owner than when it was attached.
pub fn warn_not_trusted(table: &str) {
    let message =
        format!("owners are not written into {table}: it has another owner than when it was attached");
    ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, function_name!())
        .set_hint(
            "Its owner should look at the mapping in leadroute.attached_tables and attach the table again.",
        )
        .report(PgLogLevel::WARNING);
}
