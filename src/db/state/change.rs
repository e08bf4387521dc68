//! The change request whose SQL runs just now: what is written to routing tables meanwhile belongs to it, and is allowed.

use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Until it is dropped, the SQL of a change request runs. An error drops it, too.
pub struct Current {
    before: Option<i64>,
}

impl Current {
    /// Begins.
    pub fn begin(id: i64) -> Self {
        Self { before: CURRENT.replace(Some(id)) }
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// `change_requests.id` of the change whose SQL runs.
pub fn current() -> Option<i64> {
    CURRENT.get()
}
