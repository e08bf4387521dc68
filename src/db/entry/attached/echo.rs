//! Changes that are not to be written back: a lead changes because its row was changed, or a row because its lead was.

use std::cell::Cell;

thread_local! {
    /// The lead that takes over the owner of its row. Set back when that is done, also by an error.
    static TAKING_OVER: Cell<Option<i64>> = const { Cell::new(None) };
    /// How many calls write to a row. Reset when they end, also by an error.
    static WRITING: Cell<u32> = const { Cell::new(0) };
}

/// Until it is dropped, a lead takes over the owner of its row.
struct TakingOver(Option<i64>);

impl Drop for TakingOver {
    fn drop(&mut self) {
        TAKING_OVER.set(self.0);
    }
}

/// Runs `work`, which gives a lead the owner that its row has: that is not written back.
pub fn taking_over(lead: i64, work: impl FnOnce()) {
    let _around = TakingOver(TAKING_OVER.replace(Some(lead)));
    work();
}

/// Whether a lead gets the owner that its row has already. Touches, which follow it, do not.
pub fn is_taking_over(lead: i64) -> bool {
    TAKING_OVER.get() == Some(lead)
}

/// Until it is dropped, changes of rows are our own.
pub struct Writing;

impl Writing {
    /// From now on.
    pub fn begin() -> Self {
        WRITING.set(WRITING.get() + 1);
        Self
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITING.set(WRITING.get().saturating_sub(1));
    }
}

/// Whether a change of a row is our own.
pub fn is_writing() -> bool {
    WRITING.get() > 0
}
