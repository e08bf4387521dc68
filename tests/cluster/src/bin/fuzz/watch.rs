//! What each session is at, for when it never comes back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The statement that runs, and since when.
#[derive(Default)]
pub struct Watch {
    running: Mutex<Option<(Instant, String)>>,
}

impl Watch {
    fn set(&self, running: Option<(Instant, String)>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// A statement starts.
    pub fn begin(&self, sql: &str) {
        self.set(Some((Instant::now(), sql.to_owned())));
    }

    /// It came back.
    pub fn end(&self) {
        self.set(None);
    }

    /// The statement that has run for longer than this.
    pub fn stuck(&self, longest: Duration) -> Option<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().filter(|(since, _)| since.elapsed() > longest).map(|(_, sql)| sql.clone())
    }
}
