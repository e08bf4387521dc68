//! Sums to which many transactions add at once, without waiting for each other's commit.
//!
//! A book has a row for each open transaction that added to it, and one for all that have ended: whoever
//! adds first replaces the rows of committed transactions by one of its own that holds their sum and what
//! it adds. Readers look at rows that are not committed yet too (as unique indexes do): what an open
//! transaction added counts at once, and stops to count by itself if it rolls back, because then the rows
//! that it replaced are valid again.
//!
//! Reading costs the same however long a transaction stays open or a snapshot keeps dead rows: the newest row
//! (by `version`) is found by the index, and names all others that may still count. `beside` lists rows of
//! other transactions and what those replace; `replaces` lists rows that count again if its own rolls back.
//!
//! A transaction with savepoints has a row for each savepoint under which it added; only the newest of them, on top,
//! counts. Others name only that one, followed by the version of the oldest as a negative number: the rows below are
//! looked for if the top one is gone, rolled back with its savepoint.
//!
//! Adding takes a short advisory lock, held until the row is there, not until commit. Whoever cannot get it
//! in `turn_wait` leaves a loose row, which sorts after all others and is taken in by the next. Rows are
//! read by a dirty snapshot, so no serializable transaction fails for two leads in one pool.

use crate::db::pg::index_scan::{transactions_ended, Fate, Index};
use crate::db::pg::locks::{self, Class};
use crate::db::pg::spi::{bigints, Row};
use crate::db::pg::table;
use crate::db::settings::TURN_WAIT;
use pgrx::pg_sys::{self, Datum, ItemPointerData};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;

/// Versions from here on belong to loose rows.
const LOOSE: i64 = 1 << 62;

/// What a book adds up.
pub trait Sum: Clone + Default {
    /// Adds the content of a stored row.
    fn add_row(&mut self, row: &Row);
    /// Adds another sum.
    fn add(&mut self, other: &Self);
    /// Takes another sum off.
    fn subtract(&mut self, other: &Self);
    /// Types of the columns that hold it, after the first four.
    const TYPES: &'static [pg_sys::Oid];
    /// The content as those columns.
    fn columns(&self) -> Vec<Option<Datum>>;
}

/// A table of sums: its first columns are key, version, beside and replaces.
pub struct Book<S> {
    table: &'static str,
    index: Index,
    class: Class,
    sum: PhantomData<S>,
}

/// What a book says of a key.
pub struct Reading<S> {
    /// Rows of ended transactions and of this one.
    settled: Vec<Stored<S>>,
    /// Rows of other open transactions.
    arriving: Vec<Stored<S>>,
    /// Rows that those replace.
    leaving: Vec<Stored<S>>,
    /// All others that may come back.
    passing: Vec<i64>,
    /// The newest version.
    newest: i64,
    /// Versions that have been looked at.
    seen: BTreeSet<i64>,
}

struct Stored<S> {
    version: i64,
    place: ItemPointerData,
    replaces: Vec<i64>,
    sum: S,
}

/// A row that this transaction wrote, and the rows of others that it replaced.
struct Frame {
    subtransaction: pg_sys::SubTransactionId,
    version: i64,
    under: Vec<i64>,
}

thread_local! {
    /// Rows of this transaction by book and key: the one that counts, above those that a rollback to a
    /// savepoint would bring back.
    static FRAMES: RefCell<HashMap<(Class, i32), Vec<Frame>>> = RefCell::default();
}

impl<S: Sum> Reading<S> {
    fn take_in(&mut self, row: &Row, version: i64, fate: Fate) {
        if !self.seen.insert(version) {
            return;
        }
        // SAFETY: the tuple is valid during the callback.
        let place = unsafe { (*row.tuple).t_self };
        let mut stored = Stored { version, place, replaces: Vec::new(), sum: S::default() };
        stored.sum.add_row(row);
        match fate {
            Fate::Settled => self.settled.push(stored),
            Fate::Arriving => {
                stored.replaces = versions(row, 4);
                self.arriving.push(stored);
            }
            Fate::Leaving => self.leaving.push(stored),
            Fate::Passing => self.passing.push(version),
        }
        if version < LOOSE {
            self.newest = self.newest.max(version);
        }
    }

    /// A row is written before those that it replaces are removed: a reader without the lock may see both.
    fn leave_replaced(&mut self) {
        let replaced: Vec<i64> = self.arriving.iter().flat_map(|row| row.replaces.iter().copied()).collect();
        if replaced.is_empty() {
            return;
        }
        let is_replaced = |row: &Stored<S>| replaced.contains(&row.version);
        let split = |rows: &mut Vec<Stored<S>>| -> (Vec<_>, Vec<_>) {
            std::mem::take(rows).into_iter().partition(is_replaced)
        };
        let (leaving, settled) = split(&mut self.settled);
        let (passing, arriving) = split(&mut self.arriving);
        (self.settled, self.arriving) = (settled, arriving);
        self.leaving.extend(leaving);
        self.passing.extend(passing.iter().map(|row| row.version));
    }

    /// What has been added if all open transactions commit.
    pub fn all(&self) -> S {
        total(self.settled.iter().chain(&self.arriving))
    }

    /// What has been added if all open transactions roll back, this one excepted.
    pub fn settled(&self) -> S {
        total(self.settled.iter().chain(&self.leaving))
    }

    /// What each of the other open transactions has added.
    pub fn open(&self) -> impl Iterator<Item = S> + '_ {
        self.arriving.iter().map(|row| {
            let mut added = row.sum.clone();
            let replaced = self.leaving.iter().filter(|old| row.replaces.contains(&old.version));
            replaced.for_each(|old| added.subtract(&old.sum));
            added
        })
    }

    /// Versions that the next row must name; loose ones are found without that.
    fn beside(&self) -> Vec<i64> {
        let arriving = self.arriving.iter().filter(|row| row.version < LOOSE).flat_map(|row| {
            // the lowest row of a transaction with savepoints stands right behind the top one
            [Some(row.version), row.replaces.iter().copied().find(|version| *version < 0)]
        });
        let others = self.leaving.iter().map(|row| row.version).chain(self.passing.iter().copied());
        arriving.flatten().chain(others.filter(|version| *version < LOOSE)).collect()
    }
}

/// A list of versions. A NULL in it, which only somebody else can have written, says nothing.
fn versions(row: &Row, column: i32) -> Vec<i64> {
    row.get::<Vec<Option<i64>>>(column).unwrap_or_default().into_iter().flatten().collect()
}

fn total<'a, S: Sum + 'a>(rows: impl Iterator<Item = &'a Stored<S>>) -> S {
    rows.fold(S::default(), |mut total, row| {
        total.add(&row.sum);
        total
    })
}

impl<S: Sum> Book<S> {
    /// A book in a table, with its index on key and version.
    pub const fn new(table: &'static str, index: &'static str, class: Class) -> Self {
        Self { table, index: Index { table, index }, class, sum: PhantomData }
    }

    /// Reads a key. A transaction that ends meanwhile may be seen half: then it is read again.
    pub fn read(&self, key: i32) -> Reading<S> {
        loop {
            let ended = transactions_ended();
            let reading = self.read_once(key);
            if ended == transactions_ended() {
                return reading;
            }
            pgrx::check_for_interrupts!();
        }
    }

    fn read_once(&self, key: i32) -> Reading<S> {
        let mut reading = Reading {
            settled: Vec::new(),
            arriving: Vec::new(),
            leaving: Vec::new(),
            passing: Vec::new(),
            newest: 0,
            seen: BTreeSet::new(),
        };
        let mut named: Vec<i64> = Vec::new();
        self.index.versions(key, None, |row, fate| {
            let version = row.get::<i64>(2).unwrap_or_default();
            reading.take_in(&row, version, fate);
            if version >= LOOSE {
                return None;
            }
            named = versions(&row, 3);
            if fate != Fate::Settled {
                named.extend(versions(&row, 4));
            }
            Some(())
        });
        for (place, version) in named.iter().enumerate().filter(|(_, version)| **version >= 0) {
            let found = self.index.versions(key, Some(*version), |row, fate| {
                reading.take_in(&row, *version, fate);
                Some(())
            });
            if let (None, Some(lowest)) = (found, named.get(place + 1).filter(|next| **next < 0)) {
                // of those below the one that is on top now, nothing counts
                self.index.versions_between(key, lowest.saturating_neg(), *version, |row, fate| {
                    let version = row.get::<i64>(2).unwrap_or_default();
                    if fate != Fate::Passing {
                        reading.take_in(&row, version, fate);
                    }
                });
            }
        }
        reading.leave_replaced();
        reading
    }

    /// Takes the lock of a key, waiting at most `turn_wait`.
    pub fn lock(&self, key: i32) -> bool {
        locks::lock_within(self.class, key, TURN_WAIT.get())
    }

    /// Gives the lock back.
    pub fn unlock(&self, key: i32) {
        locks::unlock(self.class, key);
    }

    /// Adds to a key.
    pub fn add(&self, key: i32, what: &S) {
        if self.lock(key) {
            self.add_locked(key, what, self.read(key));
            self.unlock(key);
        } else {
            self.append(key, loose_version(), &[], &[], what);
        }
    }

    /// Adds to a key whose lock has been held since it was read.
    pub fn add_locked(&self, key: i32, what: &S, reading: Reading<S>) {
        let (mut beside, version, settled) = (reading.beside(), reading.newest + 1, reading.settled);
        let (replaced, kept, replaces) = FRAMES.with_borrow_mut(|frames| {
            let stack = frames.entry((self.class, key)).or_default();
            // What others have committed is taken in by the first row only: else a long transaction would
            // keep a growing list of rows that its rollback brings back.
            let own = stack.last().map(|frame| frame.version);
            let (replaced, kept): (Vec<_>, Vec<_>) =
                settled.into_iter().partition(|row| own.is_none_or(|own| row.version == own));
            let under = match own {
                None => replaced.iter().map(|row| row.version).collect(),
                Some(_) => Vec::new(),
            };
            (replaced, kept, push(stack, version, under))
        });
        let mut sum = what.clone();
        replaced.iter().for_each(|row| sum.add(&row.sum));
        beside.extend(kept.iter().map(|row| row.version).filter(|version| *version < LOOSE));
        self.append(key, version, &beside, &replaces, &sum);
        let places: Vec<ItemPointerData> = replaced.iter().map(|row| row.place).collect();
        table::remove(self.table, &places);
    }

    fn append(&self, key: i32, version: i64, beside: &[i64], replaces: &[i64], sum: &S) {
        let head = [Some(Datum::from(key)), Some(Datum::from(version)), bigints(beside), bigints(replaces)];
        let types = [pg_sys::INT4OID, pg_sys::INT8OID, pg_sys::INT8ARRAYOID, pg_sys::INT8ARRAYOID];
        let row: Vec<_> = head.into_iter().chain(sum.columns()).collect();
        table::append(self.table, &[&types, S::TYPES].concat(), &row);
    }
}

/// Notes a new row of this transaction; answers the rows that its rollback brings back: those of others, and its own of
/// the savepoint before, with the lowest of its own as a negative number behind it.
fn push(stack: &mut Vec<Frame>, version: i64, mut under: Vec<i64>) -> Vec<i64> {
    // SAFETY: reads a counter.
    let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
    // written at the same level: neither ever counts without the other
    if let Some(own) = stack.pop_if(|frame| frame.subtransaction == subtransaction) {
        under.extend(own.under);
    }
    let lowest = stack.iter().map(|frame| frame.version).min();
    let top = stack.last().map(|frame| frame.version);
    stack.push(Frame { subtransaction, version, under });
    let mut replaces: Vec<i64> = stack.iter().flat_map(|frame| frame.under.iter().copied()).collect();
    replaces.extend(top);
    replaces.extend(lowest.filter(|lowest| Some(*lowest) != top).map(i64::saturating_neg));
    replaces
}

/// A version after all others, by the clock and the process. The clock has 50 bits, which last from 2000 until
/// 2035; then they start over.
fn loose_version() -> i64 {
    // SAFETY: reads the clock and a number.
    let (now, process) = unsafe { (pg_sys::GetCurrentTimestamp(), pg_sys::MyProcPid) };
    LOOSE | ((now << 12 | i64::from(process & 0xfff)) & (LOOSE - 1))
}

/// Forgets the rows of this transaction: it has ended.
pub fn transaction_ended() {
    FRAMES.with_borrow_mut(HashMap::clear);
}

/// A subtransaction was rolled back: its rows are gone.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    FRAMES.with_borrow_mut(|frames| {
        frames.values_mut().for_each(|stack| stack.retain(|frame| frame.subtransaction < ended));
    });
}

/// A subtransaction was released: its rows are its parent's now.
pub fn subtransaction_released(ended: pg_sys::SubTransactionId, parent: pg_sys::SubTransactionId) {
    FRAMES.with_borrow_mut(|frames| {
        for stack in frames.values_mut() {
            let Some(mut top) = stack.pop_if(|frame| frame.subtransaction == ended) else {
                continue;
            };
            top.subtransaction = parent;
            if let Some(below) = stack.pop_if(|frame| frame.subtransaction == parent) {
                top.under.extend(below.under);
            }
            stack.push(top);
        }
    });
}
