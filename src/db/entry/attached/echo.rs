//! Changes that are not to be written back: a lead changes because its row was changed, or a row because its lead was.

use std::cell::Cell;
use std::thread::LocalKey;

thread_local! {
    /// How many calls take over an owner from a row. Reset when they end, also by an error.
    static TAKING_OVER: Cell<u32> = const { Cell::new(0) };
    /// How many calls write to a row. Reset when they end, also by an error.
    static WRITING: Cell<u32> = const { Cell::new(0) };
}

/// Until it is dropped, a counter is one higher.
struct Counted(&'static LocalKey<Cell<u32>>);

impl Counted {
    fn begin(counter: &'static LocalKey<Cell<u32>>) -> Self {
        counter.set(counter.get() + 1);
        Self(counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Runs `work`, which gives a lead the owner that its row has: that is not written back.
pub fn taking_over(work: impl FnOnce()) {
    let _taking_over = Counted::begin(&TAKING_OVER);
    work();
}

/// Whether a lead gets the owner that its row has already.
pub fn is_taking_over() -> bool {
    TAKING_OVER.get() > 0
}

/// Until it is dropped, changes of rows are our own.
pub struct Writing {
    _counted: Counted,
}

impl Writing {
    /// From now on.
    pub fn begin() -> Self {
        Self { _counted: Counted::begin(&WRITING) }
    }
}

/// Whether a change of a row is our own.
pub fn is_writing() -> bool {
    WRITING.get() > 0
}
