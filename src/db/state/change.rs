//! The change request whose SQL runs just now: what is written to routing tables meanwhile belongs to it, and is allowed.

use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<Option<i64>> = const { Cell::new(None) };
    /// Whether it runs for a preview, and how many rows of history that has written.
    static TRIAL: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Until it is dropped, changes are made for a preview: they are undone soon, so nobody is to wait for them.
pub struct Trial;

impl Trial {
    /// Begins.
    pub fn begin() -> Self {
        TRIAL.set(Some(0));
        Self
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        TRIAL.set(None);
    }
}

/// Whether changes are made for a preview.
pub fn is_trial() -> bool {
    TRIAL.get().is_some()
}

/// A key for a row of history that a preview writes: negative, so that it draws from no sequence.
pub fn key_in_trial() -> Option<i64> {
    let count = TRIAL.get()? + 1;
    TRIAL.set(Some(count));
    Some(-count)
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
