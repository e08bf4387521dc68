//! What the members of a pool are owed and have received: what a book of turns adds up.

use crate::db::pg::spi::{bigints, integers, Row};
use crate::db::state::shared_sum::{Reading, Sum};
use leadroute_engine::roster::rotation::{Turn, LEAD};
use pgrx::pg_sys::{self, Datum, Oid};

/// Of one seat.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Total {
    credit: i64,
    received: i64,
}

impl Total {
    const fn add(&mut self, other: Self) {
        self.credit = self.credit.saturating_add(other.credit);
        self.received = self.received.saturating_add(other.received);
    }
}

/// Credit and leads received, in the order of the seats. A list, as pools are small: a lead makes and joins several of them.
#[derive(Clone, Default)]
pub struct Credit(Vec<(i32, Total)>);

impl Credit {
    fn add_to(&mut self, seat: i32, added: Total) {
        let place = self.0.binary_search_by_key(&seat, |(seat, _)| *seat);
        match place.map(|place| self.0.get_mut(place)) {
            Ok(known) => known.into_iter().for_each(|(_, total)| total.add(added)),
            Err(place) => self.0.insert(place, (seat, added)),
        }
    }

    /// Adds a turn, or takes it off.
    pub fn count(&mut self, turn: &Turn, sign: i64) {
        for (seat, credit) in &turn.credit {
            let received = if *seat == turn.seat { sign } else { 0 };
            self.add_to(*seat, Total { credit: sign * credit, received });
        }
    }

    /// Credit of a seat.
    pub fn of(&self, seat: i32) -> i64 {
        let place = self.0.binary_search_by_key(&seat, |(seat, _)| *seat).ok();
        place.and_then(|place| self.0.get(place)).map_or(0, |(_, total)| total.credit)
    }

    /// The credit for the next choice. Turns of other open transactions count, so that no turn is given twice,
    /// but those of each transaction for one lead at most: however many it has given, its rollback moves nobody
    /// further from their share than that.
    pub fn to_choose_by(reading: &Reading<Self>) -> Self {
        let mut credit = reading.settled();
        for mut open in reading.open() {
            open.0.iter_mut().for_each(|(_, total)| total.credit = total.credit.clamp(-LEAD, LEAD));
            credit.add(&open);
        }
        credit
    }

    /// Whether it adds up to nothing.
    pub fn is_nothing(&self) -> bool {
        self.0.iter().all(|(_, total)| *total == Total::default())
    }
}

impl Sum for Credit {
    fn add_row(&mut self, row: &Row) {
        let seats = row.get::<Vec<Option<i32>>>(5).unwrap_or_default().into_iter();
        let numbers = |column| {
            let numbers = row.get::<Vec<Option<i64>>>(column).unwrap_or_default().into_iter();
            numbers.map(Option::unwrap_or_default)
        };
        for (seat, (credit, received)) in seats.zip(numbers(6).zip(numbers(7))) {
            // A NULL, which only somebody else can have written, is no seat.
            seat.into_iter().for_each(|seat| self.add_to(seat, Total { credit, received }));
        }
    }

    fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            return self.0.clone_from(&other.0);
        }
        other.0.iter().for_each(|(seat, total)| self.add_to(*seat, *total));
    }

    fn subtract(&mut self, other: &Self) {
        for (seat, total) in &other.0 {
            let (credit, received) = (total.credit.saturating_neg(), total.received.saturating_neg());
            self.add_to(*seat, Total { credit, received });
        }
    }

    const TYPES: &'static [Oid] = &[pg_sys::INT4ARRAYOID, pg_sys::INT8ARRAYOID, pg_sys::INT8ARRAYOID];

    fn columns(&self) -> Vec<Option<Datum>> {
        let seats: Vec<i32> = self.0.iter().map(|(seat, _)| *seat).collect();
        let credit: Vec<i64> = self.0.iter().map(|(_, total)| total.credit).collect();
        let received: Vec<i64> = self.0.iter().map(|(_, total)| total.received).collect();
        vec![integers(&seats), bigints(&credit), bigints(&received)]
    }
}
