//! How errors and warnings are raised.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{function_name, PgLogLevel, PgSqlErrorCode};

/// An error.
pub fn raise(code: PgSqlErrorCode, message: String, hint: &str) -> ! {
    ErrorReport::new(code, message, function_name!()).set_hint(hint).report(PgLogLevel::ERROR);
    unreachable!("ERROR does not return")
}

/// A warning about an error that was caught.
pub fn warn(message: String, sqlstate: &str, hint: &str) {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, function_name!())
        .set_detail(format!("The error was {sqlstate}."))
        .set_hint(hint)
        .report(PgLogLevel::WARNING);
}
