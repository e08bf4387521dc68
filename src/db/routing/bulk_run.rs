//! Work on many leads in one call, in which an error of one must not stop the others: the batch is one subtransaction.
//! Where one fails, those before it are done again without it, and then those after it. A subtransaction for each lead
//! would slow down every session of the server: from 64 on, snapshots have to look up their parents.

use crate::db::errors;
use crate::db::pg::function::argument;
use crate::db::pg::security::{limit_lock_waits, Settings};
use crate::db::pg::subtransaction::{protect_one_of_many, Failure};
use crate::db::routing::batch::Batch;
use crate::db::state::moment::Moment;
use leadroute_engine::decision::cause::Cause;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::cell::Cell;
use std::rc::Rc;

/// The arguments of a function that sweeps: how many leads at most, and as of when; the moment, if that is not now.
/// `None` on a standby, which has nothing to write to.
///
/// # Safety
/// `fcinfo` must be that of a strict function of integer and timestamptz.
pub unsafe fn arguments(
    fcinfo: pg_sys::FunctionCallInfo,
) -> Option<(i32, Option<Datum>, Option<Rc<Moment>>)> {
    // SAFETY: the caller vouches for the arguments; the server is asked for a flag.
    let (batch, as_of, is_standby) = unsafe {
        let batch = argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false));
        (batch.unwrap_or(0), argument(fcinfo, 1), pg_sys::RecoveryInProgress())
    };
    if batch < 1 {
        errors::bad_batch(batch, "The default is 1000.");
    }
    // SAFETY: as declared in SQL.
    let at = as_of.and_then(|datum| unsafe { i64::from_datum(datum, false) });
    let moment = at.and_then(Moment::unless_now).map(Rc::new);
    (!is_standby).then_some((batch, as_of, moment))
}

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Whether a sweep runs: it is called again and again, and so need not wait for locks.
pub fn is_running() -> bool {
    DEPTH.get() > 0
}

/// Until it is dropped, nobody is waited for: what is held now is done later.
pub fn without_waiting() -> Running {
    Running::begin()
}

/// Until it is dropped, a sweep runs.
pub struct Running;

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
    pub cause: Cause,
    /// By which it is done, if that is not now.
    pub moment: Option<Rc<Moment>>,
    /// Does it; `None` if there was nothing to do.
    pub work: &'a dyn Fn(&mut Batch, &T) -> Option<()>,
    /// Called with a lead that failed.
    pub failed: &'a dyn Fn(&T, &Failure),
    /// How many leads have waited for locks as long as they may; 0 at first.
    pub waits: Cell<u32>,
}

/// Longest wait of a lead for locks that others hold and routing does not take itself, such as those of foreign keys, in
/// milliseconds.
const LONGEST_WAIT: i32 = 1000;

/// Leads that may wait so long in one call; the others are left to the next.
const MOST_WAITS: u32 = 5;

/// Until it is dropped, locks are not waited for longer than that.
pub fn limit_waits() -> Settings {
    limit_lock_waits(LONGEST_WAIT)
}

impl<T> Sweep<'_, T> {
    /// Works on all; answers for how many there was something to do.
    pub fn run(&self, items: &[T]) -> usize {
        let _running = Running::begin();
        let _limit = limit_waits();
        self.run_within(items)
    }

    /// Whether so many leads have waited that the rest is left to the next call.
    pub fn is_over(&self) -> bool {
        self.waits.get() >= MOST_WAITS
    }

    fn run_within(&self, items: &[T]) -> usize {
        let (mut done, mut left) = (0, items);
        while !left.is_empty() && !self.is_over() {
            let at = Cell::new(0);
            let given = self.moment.as_ref().map(|moment| moment.given());
            let failure = match protect_one_of_many(|| self.work_on(left, &at)) {
                Ok(count) => return done + count,
                Err(failure) => failure,
            };
            self.moment.as_ref().zip(given).into_iter().for_each(|(moment, given)| moment.restore(given));
            let (before, rest) = left.split_at(at.get());
            let Some((item, after)) = rest.split_first() else {
                failure.rethrow();
            };
            done += self.run_within(before);
            self.waits.set(self.waits.get() + u32::from(failure.is_wait_over()));
            (self.failed)(item, &failure);
            left = after;
        }
        done
    }

    /// Works on all, and notes on which it does.
    fn work_on(&self, items: &[T], at: &Cell<usize>) -> usize {
        // A batch of its own: after an error the turns that it counted are gone.
        let mut session = Batch::open_as_of(self.moment.clone(), self.cause, Vec::new());
        let work = |(place, item)| {
            at.set(place);
            (self.work)(&mut session, item)
        };
        items.iter().enumerate().filter_map(work).count()
    }
}
