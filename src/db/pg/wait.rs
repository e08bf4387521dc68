//! How long a statement still waits for other transactions: `leadroute.duplicate_wait`, once for all its
//! rows.

use crate::db::pg::locks::{self, Class};
use crate::db::settings;
use std::time::{Duration, Instant};

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
