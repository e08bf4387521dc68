//! How long a statement still waits for other transactions: `leadroute.duplicate_wait`, once for all its
//! rows.

use crate::db::pg::locks::{self, Class};
use crate::db::settings;
use pgrx::pg_sys;
use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    /// What a statement has left of the wait, by the time at which it began.
    static LEFT: Cell<(i64, Duration)> = const { Cell::new((0, Duration::ZERO)) };
}

fn this_statement() -> i64 {
    // SAFETY: reads a time of the backend.
    unsafe { pg_sys::GetCurrentStatementStartTimestamp() }
}

/// What is left of the wait.
pub struct Patience(Duration);

impl Patience {
    /// Waits for nobody.
    pub fn none() -> Self {
        Self(Duration::ZERO)
    }

    /// The whole wait.
    pub fn fresh() -> Self {
        Self(Duration::from_millis(u64::try_from(settings::DUPLICATE_WAIT.get()).unwrap_or(0)))
    }

    /// What the statement of the client has left of it, for work that comes row by row; see [`Patience::leave`].
    pub fn of_statement() -> Self {
        let (statement, left) = LEFT.get();
        if statement == this_statement() {
            Self(left)
        } else {
            Self::fresh()
        }
    }

    /// Leaves the rest to the next row of the statement.
    pub fn leave(&self) {
        LEFT.set((this_statement(), self.0));
    }

    /// Tries at least once, and until nothing is left; whether the lock was taken.
    pub fn lock(&mut self, class: Class, key: i32) -> bool {
        self.spend(|wait_ms| locks::lock_within(class, key, wait_ms))
    }

    /// Calls `attempt`, at least once, until it answers or nothing is left.
    pub fn wait<T>(&mut self, attempt: impl FnMut() -> Option<T>) -> Option<T> {
        self.spend(|wait_ms| locks::poll(wait_ms, attempt))
    }

    fn spend<T>(&mut self, work: impl FnOnce(i32) -> T) -> T {
        let begun = Instant::now();
        let answer = work(i32::try_from(self.0.as_millis()).unwrap_or(i32::MAX));
        self.0 = self.0.saturating_sub(begun.elapsed());
        answer
    }
}
