//! Keeps a rep or queue that is given a lead from being deleted or renamed until the transaction ends, so that
//! no lead names one that is gone; the same for the pool whose turn was taken.
//!
//! Routing never waits for these locks: a rep or queue that is being deleted or renamed is passed over. Whoever
//! deletes or renames waits, with a time limit, until no open transaction gives it leads.

use crate::db::lead::row::LeadRow;
use crate::db::pg::locks::{self, Class, Mode, Tried};
use crate::db::pg::spi::{text, Query};
use crate::db::state::config;
use crate::db::{errors, queries};
use leadroute_engine::decision::Outcome;
use leadroute_engine::rules::tables::Pool;
use leadroute_engine::rules::way_out::CATCH_ALL;
use pgrx::pg_sys;
use std::cell::Cell;

/// Reps and queues, or pools, that one transaction locks one by one; beyond them one lock stands for all, so that a
/// bulk load does not fill the lock table.
const MOST: u32 = 1000;

/// Longest wait of a deletion where `lock_timeout` sets none, in milliseconds.
const LONGEST_WAIT: i32 = 10_000;

thread_local! {
    /// Reps and queues, and pools, that this transaction has locked one by one.
    static LOCKED: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// How many of a kind are locked one by one.
fn kept(kind: Kind) -> u32 {
    match kind {
        Kind::Pool => LOCKED.get().1,
        _ => LOCKED.get().0,
    }
}

fn count(kind: Kind) {
    let (people, pools) = LOCKED.get();
    LOCKED.set(match kind {
        Kind::Pool => (people, pools.saturating_add(1)),
        _ => (people.saturating_add(1), pools),
    });
}

/// The result of an attempt to keep something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It stays until the transaction ends.
    Kept,
    /// An open transaction deletes or renames it.
    Closing,
    /// There is nothing of that name any more.
    Gone,
}

/// Something that leads are given to.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A row of `reps`.
    Rep,
    /// A row of `queues`.
    Queue,
    /// A row of `pools`, whose turns are taken.
    Pool,
}

impl Kind {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rep => "rep",
            Self::Queue => "queue",
            Self::Pool => "pool",
        }
    }

    /// The class of its lock.
    pub const fn class(self) -> Class {
        match self {
            Self::Rep => Class::Rep,
            Self::Queue => Class::Queue,
            Self::Pool => Class::Pool,
        }
    }

    fn exists(self, name: &str) -> bool {
        let query: &Query = match self {
            Self::Rep => &queries::REP_EXISTS,
            Self::Queue => &queries::QUEUE_EXISTS,
            Self::Pool => &queries::POOL_EXISTS,
        };
        query.first(&[text(Some(name))], |row| row.get::<bool>(1)).flatten().unwrap_or(false)
    }
}

/// Forgets what a transaction has kept.
pub fn transaction_ended() {
    LOCKED.set((0, 0));
}

/// Keeps the rep and queue that an outcome gives a lead, unless they have it already; whether that could be done.
/// `config` is what the decision was made with.
pub fn outcome(outcome: &Outcome, row: Option<&LeadRow>, config: &config::Config) -> bool {
    let has = |column, name: &str| row.is_some_and(|row| row.get::<String>(column).as_deref() == Some(name));
    let is_kept = |kind, column, name: Option<&str>| {
        let keep = |name: &str| keep(kind, name, || is_of_now(config)) == Found::Kept;
        name.is_none_or(|name| name == CATCH_ALL || has(column, name) || keep(name))
    };
    is_kept(Kind::Rep, "owner_id", outcome.owner()) && is_kept(Kind::Queue, "queue", outcome.queue())
}

/// Keeps the pool of a turn that is about to be taken; an error, which sends the lead to its fallback, if an open
/// transaction deletes it.
pub fn pool(pool: &Pool, config: &config::Config) {
    let found = keep_key(Kind::Pool, &pool.pool_no.to_string(), pool.pool_no, || is_of_now(config));
    match found {
        Found::Kept => {}
        Found::Closing => errors::is_being_closed(Kind::Pool.name(), &pool.name),
        Found::Gone => errors::is_gone(Kind::Pool.name(), &pool.name),
    }
}

/// Whether `config` is current: a deletion sends its invalidations before it releases its locks.
fn is_of_now(config: &config::Config) -> bool {
    let same = |now: config::Config| {
        std::rc::Rc::ptr_eq(&now.rules, &config.rules) && std::rc::Rc::ptr_eq(&now.roster, &config.roster)
    };
    config::current().is_some_and(same)
}

/// Keeps something, if no transaction deletes or renames it. Once the lock is taken, `is_known` says whether it
/// surely exists; if it cannot say so, it is looked up.
pub fn keep(kind: Kind, name: &str, is_known: impl FnOnce() -> bool) -> Found {
    keep_key(kind, name, locks::key_of(name), is_known)
}

fn keep_key(kind: Kind, name: &str, key: i32, is_known: impl FnOnce() -> bool) -> Found {
    let found = |there| if there { Found::Kept } else { Found::Gone };
    if kept(kind) >= MOST && locks::try_mode(Class::Everybody, 0, Mode::Gives) != Tried::Refused {
        return found(is_known() || kind.exists(name));
    }
    match locks::try_mode(kind.class(), key, Mode::Gives) {
        Tried::Refused => Found::Closing,
        Tried::Held => Found::Kept,
        Tried::Taken if is_known() || kind.exists(name) => {
            count(kind);
            Found::Kept
        }
        Tried::Taken => {
            locks::unlock_mode(kind.class(), key, Mode::Gives);
            Found::Gone
        }
    }
}

/// How long a change by hand waits for other transactions, in milliseconds.
pub fn longest_wait() -> i32 {
    // SAFETY: reads a setting.
    let timeout = unsafe { pg_sys::LockTimeout };
    if timeout > 0 {
        timeout
    } else {
        LONGEST_WAIT
    }
}
