//! A moment other than now by which leads are decided: `as_of` of the jobs, `at` of a preview. Rules, rotation and open
//! leads are those of now.
//!
//! Loads are kept for one day, the real one. For a later day they are 0, but for what is given by that moment in the same
//! call; for an earlier one the decisions of that day are counted.

use crate::db::pg::spi::timestamp;
use crate::db::pg::time::{from_postgres_epoch, now};
use crate::db::queries;
use crate::db::state::loads::Added;
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::Micros;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use std::cell::{OnceCell, RefCell};

/// Leads by `reps.rep_no`.
pub type Given = FxHashMap<i32, i64>;

/// The moment, and what reps were given by it.
pub struct Moment {
    /// When.
    pub at: Micros,
    /// What this call has given.
    given: RefCell<Given>,
    /// Leads given until then on that day and in that week, once somebody asked.
    history: OnceCell<FxHashMap<i32, (i64, i64)>>,
}

impl Moment {
    /// A moment in microseconds since 1970.
    pub fn new(at: Micros) -> Self {
        Self { at, given: RefCell::default(), history: OnceCell::new() }
    }

    /// The same from a timestamp; `None` if that is when the transaction began, as `now()` says, or infinite: then it is
    /// now.
    pub fn unless_now(timestamp: i64) -> Option<Self> {
        // SAFETY: reads when the transaction began.
        let is_now = timestamp == unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
        let is_infinite = timestamp == i64::MIN || timestamp == i64::MAX;
        (!is_now && !is_infinite).then(|| Self::new(from_postgres_epoch(timestamp)))
    }

    /// Whether it is over.
    pub fn is_past(&self) -> bool {
        self.at < now()
    }

    /// A rep gets a lead by it.
    pub fn give(&self, rep_no: i32) {
        *self.given.borrow_mut().entry(rep_no).or_default() += 1;
    }

    /// What it has given so far.
    pub fn given(&self) -> Given {
        self.given.borrow().clone()
    }

    /// An error has undone what it has given since.
    pub fn restore(&self, given: Given) {
        self.given.replace(given);
    }

    /// The load of a rep on a day by what is counted, which is that of now.
    pub fn load(&self, rep_no: i32, counted: &Added, day: Day) -> Load {
        let now = counted.on(day);
        let given = self.given.borrow().get(&rep_no).copied().unwrap_or_default();
        let counted = counted.day();
        let (today, this_week) = if day.date < counted.date || day.week < counted.week {
            self.history.get_or_init(|| history(self.at)).get(&rep_no).copied().unwrap_or_default()
        } else {
            (now.today, now.this_week)
        };
        // what is given today counts there already
        let other = |is_other: bool| if is_other { given } else { 0 };
        Load {
            today: today.saturating_add(other(day.date != counted.date)),
            this_week: this_week.saturating_add(other(day.week != counted.week)),
            open: now.open,
        }
    }
}

/// Leads that each rep was given until a moment, on that day and in that week, by `reps.rep_no`.
pub fn history(at: Micros) -> FxHashMap<i32, (i64, i64)> {
    let found = queries::GIVEN_UNTIL.read(&[timestamp(Some(at))], |row| {
        let count = |n| row.get::<i64>(n).unwrap_or_default();
        Some((row.get::<i32>(1)?, (count(2), count(3))))
    });
    found.into_iter().flatten().collect()
}
