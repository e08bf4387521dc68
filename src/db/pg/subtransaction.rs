//! Work whose errors are handed back: it runs in a subtransaction, which costs no transaction id as long as it only reads.

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{pg_sys, PgSqlErrorCode, PgTryBuilder};

/// An error that was caught.
#[derive(Debug)]
pub struct Failure {
    /// SQLSTATE, five characters.
    pub sqlstate: String,
    /// The message.
    pub message: String,
    error: Box<CaughtError>,
}

impl Failure {
    /// Throws the error on.
    pub fn rethrow(self) -> ! {
        self.error.rethrow()
    }
}

/// Runs `work`; after an error everything it did is rolled back. Cancels, shutdowns and errors that
/// tell the client to try again are not kept back.
pub fn protect<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    // SAFETY: as in PL/pgSQL's exception blocks: context and owner are restored after either end.
    unsafe {
        let (context, owner) = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        let work = std::panic::AssertUnwindSafe(work);
        let caught = |error| Err(Box::new(error));
        let result = PgTryBuilder::new(move || Ok({ work }.0()))
            .catch_others(caught)
            .catch_rust_panic(caught)
            .execute();
        match result {
            Ok(_) => pg_sys::ReleaseCurrentSubTransaction(),
            Err(_) => {
                pg_sys::MemoryContextSwitchTo(context);
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
            }
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
        result.map_err(failure)
    }
}

fn failure(error: Box<CaughtError>) -> Failure {
    let report = match &*error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
        CaughtError::RustPanic { ereport, .. } => ereport,
    };
    let code = report.sql_error_code();
    let (sqlstate, message) = (sqlstate(code), report.message().to_owned());
    let not_ours = ["57", "40", "25"].iter().any(|class| sqlstate.starts_with(class));
    let failure = Failure { sqlstate, message, error };
    if not_ours {
        failure.rethrow();
    }
    failure
}

/// Unpacks the six-bit characters of a SQLSTATE.
fn sqlstate(code: PgSqlErrorCode) -> String {
    let code = code as i32;
    (0..5).map(|n| (((code >> (6 * n)) & 0x3f) as u8 + b'0') as char).collect()
}
