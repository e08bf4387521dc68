//! Turns under concurrency.
//!
//! The state of a pool is the sum of its rows in `turns`, which are only added. An open transaction that
//! gave a lead to a rep holds that rep's seat (an advisory lock), so another one sees that the turn is
//! taken although the row is not visible yet, and goes on to the next rep instead of waiting. The ledger
//! is read again once the seat is ours: whoever held it before has committed or rolled back by then.

use super::locks::{self, Class};
use super::{queries, settings};
use leadroute_engine::rotation::{self, Deltas, Share};
use pgrx::pg_sys::Datum;
use pgrx::IntoDatum;
use std::collections::{BTreeMap, HashMap};

/// Credits of a pool by seat, in units of `rotation::LEAD`.
type Credits = HashMap<i32, i64>;

/// Rows of a ledger that are read before they are folded into one.
const FOLD_ABOVE: usize = 16;

/// The pools that one statement has touched.
#[derive(Default)]
pub struct Ledgers {
    credits: HashMap<i32, Credits>,
    crowded: Vec<i32>,
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

impl Ledgers {
    /// Takes the turn of the seat furthest behind whose rep is free. `effect` is false for a preview,
    /// which takes no seat.
    pub fn take(&mut self, pool_no: i32, shares: &[Share], effect: bool) -> Option<Entry> {
        let entry = match (effect, self.credits.contains_key(&pool_no)) {
            (true, true) => self.next_in_statement(pool_no, shares),
            (true, false) => self.first_in_statement(pool_no, shares),
            (false, _) => {
                self.read(pool_no);
                self.entry(pool_no, shares, &[])
            }
        }?;
        if effect {
            let credits = self.credits.entry(pool_no).or_default();
            for (seat, delta) in entry.seats.iter().zip(&entry.deltas.credit) {
                *credits.entry(*seat).or_default() += delta;
            }
        }
        Some(entry)
    }

    fn entry(&self, pool_no: i32, shares: &[Share], busy: &[bool]) -> Option<Entry> {
        let credits = self.credits.get(&pool_no);
        let credit = |share: &Share| credits.and_then(|map| map.get(&share.seat).copied());
        let before: Vec<i64> = shares.iter().map(|share| credit(share).unwrap_or(0)).collect();
        let deltas = rotation::next(shares, &before, busy)?;
        let seats = shares.iter().map(|share| share.seat).collect();
        Some(Entry { pool_no, seats, deltas })
    }

    fn read(&mut self, pool_no: i32) {
        let rows = queries::LEDGER.read(&[Some(Datum::from(pool_no))], |row| {
            (row.get::<Vec<i32>>(1).unwrap_or_default(), row.get::<Vec<i64>>(2).unwrap_or_default())
        });
        if rows.len() > FOLD_ABOVE && !self.crowded.contains(&pool_no) {
            self.crowded.push(pool_no);
        }
        let mut credits = Credits::new();
        for (seats, deltas) in rows {
            for (seat, delta) in seats.into_iter().zip(deltas) {
                *credits.entry(seat).or_default() += delta;
            }
        }
        self.credits.insert(pool_no, credits);
    }

    /// Free seats in the order of their turns; the first whose turn it still is after a fresh read.
    fn first_in_statement(&mut self, pool_no: i32, shares: &[Share]) -> Option<Entry> {
        let found = locks::poll(settings::TURN_WAIT.get(), || {
            let mut busy = vec![false; shares.len()];
            self.read(pool_no);
            while let Some(entry) = self.entry(pool_no, shares, &busy) {
                if !locks::try_lock(Class::Seat, entry.seat()) {
                    busy[entry.deltas.chosen] = true;
                    continue;
                }
                self.read(pool_no);
                match self.entry(pool_no, shares, &busy) {
                    Some(again) if again.seat() == entry.seat() => return Some(again),
                    _ => locks::unlock(Class::Seat, entry.seat()),
                }
            }
            None
        });
        // Every rep has a lead in an open transaction: go by what is committed rather than wait on.
        found.or_else(|| {
            self.read(pool_no);
            self.entry(pool_no, shares, &[])
        })
    }

    /// Later rows of a statement go by its own count, so that shares are exact within it.
    fn next_in_statement(&self, pool_no: i32, shares: &[Share]) -> Option<Entry> {
        let entry = self.entry(pool_no, shares, &[])?;
        // Held from now on if it is free; if not, its holder started before this statement ends.
        locks::try_lock(Class::Seat, entry.seat());
        Some(entry)
    }

    /// Writes the turns that came true, one row for each pool, and folds ledgers that have grown.
    pub fn write(&mut self, entries: &[Entry]) {
        let mut sums: BTreeMap<i32, Sum> = BTreeMap::new();
        for entry in entries {
            let sum = sums.entry(entry.pool_no).or_default();
            for (place, (seat, delta)) in entry.seats.iter().zip(&entry.deltas.credit).enumerate() {
                let received = i64::from(place == entry.deltas.chosen);
                sum.add(*seat, *delta, received);
            }
        }
        for (pool_no, mut sum) in sums {
            let crowded = self.crowded.contains(&pool_no);
            if crowded && locks::try_lock(Class::Fold, pool_no) {
                sum.fold(pool_no);
            }
            sum.insert(pool_no);
        }
        self.crowded.clear();
    }
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

    fn fold(&mut self, pool_no: i32) {
        let rows = queries::LEDGER_TAKE.returning(&[Some(Datum::from(pool_no))], |row| {
            (
                row.get::<Vec<i32>>(1).unwrap_or_default(),
                row.get::<Vec<i64>>(2).unwrap_or_default(),
                row.get::<Vec<i64>>(3).unwrap_or_default(),
            )
        });
        for (seats, credits, received) in rows {
            for ((seat, credit), received) in seats.into_iter().zip(credits).zip(received) {
                self.add(seat, credit, received);
            }
        }
    }

    fn insert(self, pool_no: i32) {
        let seats: Vec<i32> = self.0.keys().copied().collect();
        let credit: Vec<i64> = self.0.values().map(|total| total.0).collect();
        let received: Vec<i64> = self.0.values().map(|total| total.1).collect();
        queries::LEDGER_ADD.write(&[
            Some(Datum::from(pool_no)),
            seats.into_datum(),
            credit.into_datum(),
            received.into_datum(),
        ]);
    }
}
