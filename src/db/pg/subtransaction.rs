//! Work whose errors are handed back: it runs in a subtransaction, which costs no transaction id as long as it only
//! reads.

use pgrx::pg_sys::panic::CaughtError;
use pgrx::{pg_sys, PgSqlErrorCode, PgTryBuilder};

/// An error that was caught.
#[derive(Debug)]
pub struct Failure {
    /// SQLSTATE, five characters.
    pub sqlstate: String,
    /// The message.
    pub message: String,
    /// The source file that raised it.
    file: String,
    error: Box<CaughtError>,
}

impl Failure {
    /// Whether PostgreSQL itself ends the statement: by a cancel, or because the transaction does not allow it. Told by
    /// the source file, since code of users may raise errors with any SQLSTATE.
    fn ends_statement(&self) -> bool {
        match self.sqlstate.get(..2) {
            // PL/Python raises a cancel again under its own name; only superusers make functions in it.
            Some("57") => matches!(self.file.as_str(), "postgres.c" | "plpy_elog.c"),
            Some("25") => matches!(self.file.as_str(), "xact.c" | "utility.c"),
            _ => false,
        }
    }

    /// Whether the client should try again: a serialization failure or a deadlock.
    pub fn is_conflict(&self) -> bool {
        self.sqlstate.starts_with("40")
    }

    /// Whether `lock_timeout` has ended a wait.
    pub fn is_wait_over(&self) -> bool {
        self.sqlstate == "55P03" && self.file == "postgres.c"
    }

    /// Whether another transaction holds a lock that is needed, waited for or not.
    pub fn is_held(&self) -> bool {
        self.sqlstate == "55P03"
    }

    /// Raises the error again.
    pub fn rethrow(self) -> ! {
        self.error.rethrow()
    }
}

/// Runs `work`; after an error everything it did is rolled back. Cancels, and errors that tell the client to try again,
/// are raised again.
pub fn protect<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    run(work).map_err(|failure| match failure.ends_statement() || failure.is_conflict() {
        true => failure.rethrow(),
        false => failure,
    })
}

/// The same for one of many leads: its conflict with another transaction does not end the statement either, as long as
/// each query has a snapshot of its own.
pub fn protect_one_of_many<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    // SAFETY: reads the isolation level.
    let goes_on = unsafe { pg_sys::XactIsoLevel == pg_sys::XACT_READ_COMMITTED as i32 };
    run(work).map_err(|failure| match failure.ends_statement() || failure.is_conflict() && !goes_on {
        true => failure.rethrow(),
        false => failure,
    })
}

/// Runs `work`, and rolls back everything it did, locks included; what it answers is kept.
pub fn undone<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    run_and(work, false)
}

fn run<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    run_and(work, true)
}

fn run_and<T>(work: impl FnOnce() -> T, keep: bool) -> Result<T, Failure> {
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
            Ok(_) if keep => pg_sys::ReleaseCurrentSubTransaction(),
            _ => {
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
    let (code, message) = (report.sql_error_code(), report.message().to_owned());
    let file = report.file().rsplit('/').next().unwrap_or_default().to_owned();
    Failure { sqlstate: sqlstate(code), message, file, error }
}

/// Unpacks the six-bit characters of a SQLSTATE.
fn sqlstate(code: PgSqlErrorCode) -> String {
    let code = code as i32;
    (0..5).map(|n| (((code >> (6 * n)) & 0x3f) as u8 + b'0') as char).collect()
}
