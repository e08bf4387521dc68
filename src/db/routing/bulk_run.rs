//! Work on many leads in one call, in which an error of one must not stop the others: the batch is one
//! subtransaction, and one that fails is tried again in halves until the lead is found. A subtransaction for
//! each lead would cost every session of the server: from 64 on, snapshots have to look up their parents.

use crate::db::errors;
use crate::db::pg::function::argument;
use crate::db::pg::subtransaction::{protect, Failure};
use crate::db::routing::batch::Batch;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::cell::Cell;

/// The arguments of a function that sweeps: how many leads at most, and as of when. `None` on a standby, which
/// has nothing to write to.
///
/// # Safety
/// `fcinfo` must be that of a strict function of integer and timestamptz.
pub unsafe fn arguments(fcinfo: pg_sys::FunctionCallInfo) -> Option<(i32, Option<Datum>)> {
    // SAFETY: the caller vouches for the arguments; the server is asked for a flag.
    let (batch, as_of, is_standby) = unsafe {
        let batch = argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false));
        (batch.unwrap_or(0), argument(fcinfo, 1), pg_sys::RecoveryInProgress())
    };
    if batch < 1 {
        errors::bad_batch(batch);
    }
    (!is_standby).then_some((batch, as_of))
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether a sweep runs, which comes again and need not wait for anybody.
pub fn is_running() -> bool {
    DEPTH.get() > 0
}

/// Until it is dropped, a sweep runs.
struct Running;

impl Running {
    fn begin() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// What is done to each lead.
pub struct Sweep<'a, T> {
    /// `decisions.cause`.
    pub cause: &'static str,
    /// Does it; `None` if there was nothing to do.
    pub work: &'a dyn Fn(&mut Batch, &T) -> Option<()>,
    /// Is told of a lead that failed.
    pub failed: &'a dyn Fn(&T, &Failure),
}

impl<T> Sweep<'_, T> {
    /// Works on all; answers for how many there was something to do.
    pub fn run(&self, items: &[T]) -> usize {
        if items.is_empty() {
            return 0;
        }
        let _running = Running::begin();
        let result = protect(|| {
            // A batch of its own: after an error the turns that it counted are gone.
            let mut session = Batch::open(self.cause, Vec::new());
            items.iter().filter_map(|item| (self.work)(&mut session, item)).count()
        });
        match (result, items) {
            (Ok(done), _) => done,
            (Err(failure), [item]) => {
                (self.failed)(item, &failure);
                0
            }
            (Err(_), _) => {
                let (older, newer) = items.split_at(items.len() / 2);
                self.run(older) + self.run(newer)
            }
        }
    }
}
