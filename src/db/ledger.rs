//! Turns under concurrency.
//!
//! An open transaction that gave a lead to a rep holds that rep's seat (an advisory lock), so another one
//! sees that the turn is taken although the row is not visible yet, and goes on to the next rep instead of
//! waiting. The ledger is read again once the seat is ours: whoever held it has committed by then, or not.
//!
//! One open transaction at a time may write the state of a pool (a second lock, only ever tried); the
//! others add deltas beside it, which the next writer takes in. So nobody waits for anybody's commit.

use super::identity::next_value;
use super::locks::{self, Class};
use super::scan::{Order, TURNS, TURN_DELTAS};
use super::spi::Row;
use super::{settings, store};
use leadroute_engine::rotation::{self, Deltas, Share};
use pgrx::pg_sys::{self, Datum, ItemPointerData};
use pgrx::IntoDatum;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

thread_local! {
    /// Counts the writes of this session: a statement inside a statement may have changed a state.
    static WRITES: Cell<u64> = const { Cell::new(0) };
}

/// The pools that one statement has touched.
#[derive(Default)]
pub struct Ledgers(HashMap<i32, Pool>);

/// A pool as it was read, with the turns of this statement.
struct Pool {
    /// Committed credit and leads received, by seat.
    base: Sum,
    /// Where that state is stored.
    stored_at: Option<ItemPointerData>,
    /// Where the deltas are that it contains.
    contains: Vec<ItemPointerData>,
    /// Credits including the turns of this statement.
    credits: HashMap<i32, i64>,
    /// Whether this transaction writes the state.
    writer: bool,
    /// [`WRITES`] when it was read.
    read_at: u64,
    /// [`commits`] before it was read.
    commits: u64,
}

/// What one lead added to a ledger.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The pool.
    pub pool_no: i32,
    seats: Vec<i32>,
    deltas: Deltas,
}

impl Entry {
    /// The seat whose turn it was.
    pub fn seat(&self) -> i32 {
        self.seats[self.deltas.chosen]
    }
}

impl Pool {
    fn read(pool_no: i32, writer: bool) -> Self {
        let mut pool = Self {
            base: Sum::default(),
            stored_at: None,
            contains: Vec::new(),
            credits: HashMap::new(),
            writer,
            read_at: WRITES.get(),
            commits: commits(),
        };
        pool.stored_at = TURNS.integer(pool_no, Order::Down, |row| Some(pool.base.add_row(row)));
        TURN_DELTAS.integer(pool_no, Order::Up, |row| {
            pool.contains.push(pool.base.add_row(row));
            None::<()>
        });
        pool.credits = pool.base.0.iter().map(|(seat, total)| (*seat, total.0)).collect();
        pool
    }

    fn entry(&self, pool_no: i32, shares: &[Share], busy: &[bool]) -> Option<Entry> {
        let credit = |share: &Share| self.credits.get(&share.seat).copied().unwrap_or(0);
        let before: Vec<i64> = shares.iter().map(credit).collect();
        let deltas = rotation::next(shares, &before, busy)?;
        let seats = shares.iter().map(|share| share.seat).collect();
        Some(Entry { pool_no, seats, deltas })
    }
}

impl Ledgers {
    /// Takes the turn of the seat furthest behind whose rep is free. `effect` is false for a preview,
    /// which takes no seat.
    pub fn take(&mut self, pool_no: i32, shares: &[Share], effect: bool) -> Option<Entry> {
        let entry = match (effect, self.0.get(&pool_no)) {
            (true, Some(pool)) => {
                let entry = pool.entry(pool_no, shares, &[])?;
                // Later rows of a statement go by its own count, so that shares are exact within it. The
                // seat is held from now on if it is free.
                locks::try_lock(Class::Seat, entry.seat());
                entry
            }
            (true, None) => self.first_in_statement(pool_no, shares)?,
            (false, _) => return Pool::read(pool_no, false).entry(pool_no, shares, &[]),
        };
        if let Some(pool) = self.0.get_mut(&pool_no) {
            for (seat, delta) in entry.seats.iter().zip(&entry.deltas.credit) {
                *pool.credits.entry(*seat).or_default() += delta;
            }
        }
        Some(entry)
    }

    /// Undoes a turn of this statement whose row was not inserted.
    pub fn take_back(&mut self, entry: &Entry) {
        if let Some(pool) = self.0.get_mut(&entry.pool_no) {
            for (seat, delta) in entry.seats.iter().zip(&entry.deltas.credit) {
                *pool.credits.entry(*seat).or_default() -= delta;
            }
        }
    }

    /// Free seats in the order of their turns; the first whose turn it still is after a fresh read.
    fn first_in_statement(&mut self, pool_no: i32, shares: &[Share]) -> Option<Entry> {
        // Before the first read: then nobody else can replace the state that is read.
        let writer = locks::try_lock(Class::State, pool_no);
        let found = locks::poll(settings::TURN_WAIT.get(), || {
            let mut busy = vec![false; shares.len()];
            let mut pool = Pool::read(pool_no, writer);
            while let Some(entry) = pool.entry(pool_no, shares, &busy) {
                if !locks::try_lock(Class::Seat, entry.seat()) {
                    busy[entry.deltas.chosen] = true;
                    continue;
                }
                // A holder of the seat counts as ended before the seat is free.
                if pool.commits == commits() {
                    return Some((pool, entry));
                }
                pool = Pool::read(pool_no, writer);
                match pool.entry(pool_no, shares, &busy) {
                    Some(again) if again.seat() == entry.seat() => return Some((pool, again)),
                    _ => locks::unlock(Class::Seat, entry.seat()),
                }
            }
            None
        });
        // Every rep has a lead in an open transaction: go by what is committed rather than wait on.
        let (pool, entry) = found.or_else(|| {
            let pool = Pool::read(pool_no, writer);
            let entry = pool.entry(pool_no, shares, &[])?;
            Some((pool, entry))
        })?;
        self.0.insert(pool_no, pool);
        Some(entry)
    }

    /// Writes the turns that came true, one row for each pool.
    pub fn write(&mut self, entries: &[Entry]) {
        let mut sums: BTreeMap<i32, Sum> = BTreeMap::new();
        for entry in entries {
            let sum = sums.entry(entry.pool_no).or_default();
            for (place, (seat, delta)) in entry.seats.iter().zip(&entry.deltas.credit).enumerate() {
                sum.add(*seat, *delta, i64::from(place == entry.deltas.chosen));
            }
        }
        for (pool_no, sum) in sums {
            match self.0.get_mut(&pool_no) {
                Some(pool) if pool.writer => pool.advance(pool_no, sum),
                _ => {
                    let row = sum.row(next_value("turn_deltas_id_seq"), pool_no);
                    store::append("turn_deltas", [row]);
                }
            }
        }
    }
}

impl Pool {
    /// Writes the state with `sum` added, and takes in the deltas that were read.
    fn advance(&mut self, pool_no: i32, sum: Sum) {
        if self.read_at != WRITES.get() {
            let fresh = Self::read(pool_no, true);
            (self.base, self.stored_at, self.contains) = (fresh.base, fresh.stored_at, fresh.contains);
        }
        for (seat, (credit, received)) in sum.0 {
            self.base.add(seat, credit, received);
        }
        let row = self.base.row(next_value("turns_id_seq"), pool_no);
        let old = std::mem::replace(&mut self.stored_at, store::append("turns", [row]));
        store::remove("turns", old.as_slice());
        store::remove("turn_deltas", &std::mem::take(&mut self.contains));
        WRITES.set(WRITES.get() + 1);
        self.read_at = WRITES.get();
    }
}

/// How many transactions of the cluster had ended when a snapshot was taken just now.
fn commits() -> u64 {
    // SAFETY: the snapshot is read at once.
    unsafe { (*pg_sys::GetLatestSnapshot()).snapXactCompletionCount }
}

/// Credit and leads received, by seat.
#[derive(Default)]
struct Sum(BTreeMap<i32, (i64, i64)>);

impl Sum {
    fn add(&mut self, seat: i32, credit: i64, received: i64) {
        let total = self.0.entry(seat).or_default();
        total.0 += credit;
        total.1 += received;
    }

    /// Adds a row of `turns` or `turn_deltas`; answers where it is stored.
    fn add_row(&mut self, row: Row) -> ItemPointerData {
        let seats = row.get::<Vec<i32>>(3).unwrap_or_default().into_iter();
        let (credit, received) = (row.get::<Vec<i64>>(4), row.get::<Vec<i64>>(5));
        let totals = credit.unwrap_or_default().into_iter().zip(received.unwrap_or_default());
        for (seat, (credit, received)) in seats.zip(totals) {
            self.add(seat, credit, received);
        }
        // SAFETY: the tuple is valid during the callback.
        unsafe { (*row.tuple).t_self }
    }

    /// As a row of `turns` or `turn_deltas`.
    fn row(&self, id: i64, pool_no: i32) -> [Option<Datum>; 5] {
        let seats: Vec<i32> = self.0.keys().copied().collect();
        let credit: Vec<i64> = self.0.values().map(|total| total.0).collect();
        let received: Vec<i64> = self.0.values().map(|total| total.1).collect();
        let (id, pool_no) = (Some(Datum::from(id)), Some(Datum::from(pool_no)));
        [id, pool_no, seats.into_datum(), credit.into_datum(), received.into_datum()]
    }
}
