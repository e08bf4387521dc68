//! A limit for work within a statement: after it the statement is cancelled, as by `statement_timeout`.

use pgrx::pg_sys;
use std::ffi::c_int;

/// `STATEMENT_TIMEOUT` of `TimeoutId` in `utils/timeout.h`, the same in PostgreSQL 14 to 18.
const STATEMENT_TIMEOUT: c_int = 3;

// pgrx has no bindings of utils/timeout.h. None of these raises an error.
unsafe extern "C" {
    fn get_timeout_active(id: c_int) -> bool;
    fn get_timeout_finish_time(id: c_int) -> pg_sys::TimestampTz;
    fn enable_timeout_after(id: c_int, delay_ms: c_int);
    fn enable_timeout_at(id: c_int, fin_time: pg_sys::TimestampTz);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// Until it is dropped, the limit holds.
pub struct TimeLimit {
    /// When the session's own `statement_timeout` comes, if it has one.
    own: Option<pg_sys::TimestampTz>,
    ends_at: pg_sys::TimestampTz,
}

impl TimeLimit {
    /// Begins; a `statement_timeout` that comes earlier stays.
    pub fn begin(milliseconds: c_int) -> Self {
        // SAFETY: called by a backend, whose timeouts are set up.
        unsafe {
            let own =
                get_timeout_active(STATEMENT_TIMEOUT).then(|| get_timeout_finish_time(STATEMENT_TIMEOUT));
            let ends_at = pg_sys::GetCurrentTimestamp().saturating_add(i64::from(milliseconds) * 1000);
            if own.is_none_or(|own| own > ends_at) {
                enable_timeout_after(STATEMENT_TIMEOUT, milliseconds);
            }
            Self { own, ends_at }
        }
    }

    /// Whether it is this limit that has been reached.
    pub fn is_over(&self) -> bool {
        // SAFETY: reads the clock.
        unsafe { pg_sys::GetCurrentTimestamp() >= self.ends_at }
    }
}

impl Drop for TimeLimit {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe {
            match self.own {
                Some(own) => enable_timeout_at(STATEMENT_TIMEOUT, own),
                None => disable_timeout(STATEMENT_TIMEOUT, false),
            }
        }
    }
}
