//! Turns under concurrency: who is next in a pool, and writing down that they were.
//!
//! The first lead of a statement in a pool is chosen under the short lock of the pool's [`Book`], and its turn
//! is there for others to see before the lock is given back. The leads after it go by the statement's own
//! count, so that shares are exact within a statement, and are written when it ends or after a thousand
//! rows. So nobody waits for another commit, and no two open transactions give the same turn. A statement
//! within another (a trigger inserts leads too) counts what the outer one has not written yet.

use crate::db::pg::locks::Class;
use crate::db::pg::spi::{bigints, integers, Row};
use crate::db::state::loads::{Added, LOADS};
use crate::db::state::moment::Moment;
use crate::db::state::shared_sum::{Book, Reading, Sum};
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::roster::rotation::{Share, Turn, LEAD};
use leadroute_engine::roster::unavailable::Ineligible;
use pgrx::pg_sys::{self, Datum, Oid};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

static TURNS: Book<Credit> = Book::new("turns", "turns_pkey", Class::Turns);

/// Credit and leads received, by seat.
#[derive(Clone, Default)]
struct Credit(BTreeMap<i32, (i64, i64)>);

impl Credit {
    /// Adds a turn, or takes it off.
    fn count(&mut self, turn: &Turn, sign: i64) {
        for (seat, delta) in &turn.credit {
            let total = self.0.entry(*seat).or_default();
            total.0 = total.0.saturating_add(sign * delta);
            total.1 = total.1.saturating_add(if *seat == turn.seat { sign } else { 0 });
        }
    }

    /// The credit for the next choice. Turns of other open transactions count, so that no turn is given twice,
    /// but those of each transaction for one lead at most: however many it has given, its rollback moves nobody
    /// further from their share than that.
    fn to_choose_by(reading: &Reading<Self>) -> Self {
        let mut credit = reading.settled();
        for mut open in reading.open() {
            open.0.values_mut().for_each(|total| total.0 = total.0.clamp(-LEAD, LEAD));
            credit.add(&open);
        }
        credit
    }

    fn is_nothing(&self) -> bool {
        self.0.values().all(|total| *total == (0, 0))
    }
}

impl Sum for Credit {
    fn add_row(&mut self, row: &Row) {
        let seats = row.get::<Vec<Option<i32>>>(5).unwrap_or_default().into_iter();
        let numbers = |column| {
            let numbers = row.get::<Vec<Option<i64>>>(column).unwrap_or_default().into_iter();
            numbers.map(Option::unwrap_or_default)
        };
        let totals = seats.zip(numbers(6).zip(numbers(7)));
        // A NULL, which only somebody else can have written, is no seat.
        self.add(&Self(totals.filter_map(|(seat, total)| Some((seat?, total))).collect()));
    }

    fn add(&mut self, other: &Self) {
        for (seat, (credit, received)) in &other.0 {
            let total = self.0.entry(*seat).or_default();
            total.0 = total.0.saturating_add(*credit);
            total.1 = total.1.saturating_add(*received);
        }
    }

    fn subtract(&mut self, other: &Self) {
        for (seat, (credit, received)) in &other.0 {
            let total = self.0.entry(*seat).or_default();
            total.0 = total.0.saturating_sub(*credit);
            total.1 = total.1.saturating_sub(*received);
        }
    }

    const TYPES: &'static [Oid] = &[pg_sys::INT4ARRAYOID, pg_sys::INT8ARRAYOID, pg_sys::INT8ARRAYOID];

    fn columns(&self) -> Vec<Option<Datum>> {
        let seats: Vec<i32> = self.0.keys().copied().collect();
        let credit: Vec<i64> = self.0.values().map(|total| total.0).collect();
        let received: Vec<i64> = self.0.values().map(|total| total.1).collect();
        vec![integers(&seats), bigints(&credit), bigints(&received)]
    }
}

/// A turn that is being chosen, or was and is not written yet. An error releases the locks.
struct Chosen {
    pool_no: i32,
    /// The book of the pool, if its lock is held.
    turns: Option<Reading<Credit>>,
    /// The rep for whom a place is reserved, with the book of their load.
    place: Option<(Share, Reading<Added>)>,
}

/// What is still to be written.
#[derive(Clone, Default)]
pub struct Due {
    /// By pool.
    turns: BTreeMap<i32, Credit>,
    /// By rep.
    loads: BTreeMap<i32, Added>,
}

impl Due {
    fn add(&mut self, other: &Self) {
        for (pool_no, turns) in &other.turns {
            self.turns.entry(*pool_no).or_default().add(turns);
        }
        for (rep_no, load) in &other.loads {
            self.count_load(*rep_no, load);
        }
    }

    fn count(&mut self, turn: &Turn, sign: i64) {
        self.turns.entry(turn.pool_no).or_default().count(turn, sign);
    }

    /// As if these turns had not been taken.
    pub fn take_back(&mut self, turns: &[Turn]) {
        turns.iter().for_each(|turn| self.count(turn, -1));
    }

    /// Keeps in mind what a rep's load changes by.
    pub fn count_load(&mut self, rep_no: i32, what: &Added) {
        self.loads.entry(rep_no).or_default().add(what);
    }
}

/// The pools that one statement has touched.
#[derive(Default)]
pub struct Ledgers {
    /// Credit by pool, including the turns of this statement.
    pools: HashMap<i32, Credit>,
    chosen: Option<Chosen>,
    due: Due,
    /// What the statements around this one write later.
    around: Due,
    /// By which loads are asked, if that is not now.
    moment: Option<Rc<Moment>>,
}

impl Ledgers {
    /// For leads that are decided by another moment than now.
    pub fn as_of(moment: Option<Rc<Moment>>) -> Self {
        Self { moment, ..Self::default() }
    }

    /// For a statement within others.
    pub fn within(around: Due) -> Self {
        Self { around, ..Self::default() }
    }

    /// What a statement within this one must count as well. What that one writes is in the books afterwards.
    pub fn begin_within(&mut self) -> Due {
        self.pools.clear();
        let mut due = self.around.clone();
        due.add(&self.due);
        due
    }

    /// Leads of a rep, those of open transactions and of this statement included.
    pub fn load(&self, rep_no: i32, day: Day) -> Load {
        self.on(rep_no, &self.with_due(rep_no, LOADS.read(rep_no).all()), day)
    }

    fn on(&self, rep_no: i32, load: &Added, day: Day) -> Load {
        self.moment.as_ref().map_or_else(|| load.on(day), |moment| moment.load(rep_no, load, day))
    }

    fn with_due(&self, rep_no: i32, mut load: Added) -> Added {
        for due in [&self.due, &self.around] {
            due.loads.get(&rep_no).into_iter().for_each(|due| load.add(due));
        }
        load
    }

    /// A turn of the pool is about to be chosen. The first of the statement locks the pool. `effect` is false for a
    /// preview: no lock, nothing to write.
    pub fn open_pool(&mut self, pool_no: i32, effect: bool) {
        let mut turns = None;
        if !self.pools.contains_key(&pool_no) {
            let locked = effect && TURNS.lock(pool_no);
            let reading = TURNS.read(pool_no);
            let mut credit = Credit::to_choose_by(&reading);
            for due in [&self.due, &self.around] {
                due.turns.get(&pool_no).into_iter().for_each(|due| credit.add(due));
            }
            self.pools.insert(pool_no, credit);
            turns = locked.then_some(reading);
        }
        self.chosen = Some(Chosen { pool_no, turns, place: None });
    }

    /// Credit of a seat in the open pool.
    pub fn credit(&self, seat: i32) -> i64 {
        let credit = self.chosen.as_ref().and_then(|chosen| self.pools.get(&chosen.pool_no));
        credit.and_then(|credit| credit.0.get(&seat)).map_or(0, |total| total.0)
    }

    /// Reserves a place for the rep of a share, or says why there is none. The lock of the rep is kept until the lead
    /// is written into the book, so that no other session fills the same place.
    pub fn reserve(&mut self, share: &Share, effect: bool) -> Result<(), Ineligible> {
        let Some((caps, day)) = share.limits else {
            return Ok(());
        };
        if effect && !LOADS.lock(share.rep_no) {
            return Err(Ineligible::Counted);
        }
        let reading = LOADS.read(share.rep_no);
        let load = self.with_due(share.rep_no, reading.all());
        if let Some(why) = caps.reached(&self.on(share.rep_no, &load, day)) {
            if effect {
                LOADS.unlock(share.rep_no);
            }
            return Err(why);
        }
        if let Some(chosen) = self.chosen.as_mut().filter(|_| effect) {
            chosen.place = Some((*share, reading));
        }
        Ok(())
    }

    /// The choice is made. A turn that was taken stays locked until it is [`post`](Self::post)ed.
    pub fn close_pool(&mut self, is_taken: bool, effect: bool) {
        if !(is_taken && effect) {
            self.chosen.take().into_iter().for_each(Chosen::give_back);
        }
    }

    /// Forgets what an error has undone.
    pub fn undo_choice(&mut self) {
        if let Some(chosen) = self.chosen.take() {
            self.pools.remove(&chosen.pool_no);
        }
    }

    /// Writes the turn that was just chosen, if it is the first of the statement in its pool, and keeps the
    /// others in mind. Answers whether the lead is counted in the rep's load already.
    pub fn post(&mut self, turns: &[Turn]) -> bool {
        turns.iter().for_each(|turn| self.count(turn, 1));
        let Some(chosen) = self.chosen.take() else {
            return false;
        };
        // The day of another moment is not that for which loads are kept: the update of the lead counts it.
        let is_counted = chosen.place.is_some() && self.moment.is_none();
        if let Some((share, reading)) = chosen.place {
            let day = share.limits.map(|(_, day)| day).unwrap_or_default();
            if is_counted {
                LOADS.add_locked(share.rep_no, &Added::lead(day), reading);
            }
            LOADS.unlock(share.rep_no);
        }
        if let Some(reading) = chosen.turns {
            if let Some(due) = self.due.turns.remove(&chosen.pool_no) {
                TURNS.add_locked(chosen.pool_no, &due, reading);
            }
            TURNS.unlock(chosen.pool_no);
        }
        is_counted
    }

    /// Undoes turns of this statement whose row was not inserted.
    pub fn take_back(&mut self, turns: &[Turn]) {
        turns.iter().for_each(|turn| self.count(turn, -1));
    }

    fn count(&mut self, turn: &Turn, sign: i64) {
        self.pools.get_mut(&turn.pool_no).into_iter().for_each(|credit| credit.count(turn, sign));
        self.due.count(turn, sign);
    }

    /// Keeps in mind what a rep's load changes by.
    pub fn count_load(&mut self, rep_no: i32, what: &Added) {
        self.due.count_load(rep_no, what);
    }

    /// Writes what is left to write; the next choice in each pool reads its book again.
    pub fn flush(&mut self) {
        let Due { turns, loads } = std::mem::take(&mut self.due);
        for (pool_no, due) in turns {
            if !due.is_nothing() {
                TURNS.add(pool_no, &due);
            }
        }
        for (rep_no, due) in loads {
            if !due.is_nothing() {
                LOADS.add(rep_no, &due);
            }
        }
        self.pools.clear();
    }
}

impl Chosen {
    fn give_back(self) {
        if let Some((share, _)) = self.place {
            LOADS.unlock(share.rep_no);
        }
        if self.turns.is_some() {
            TURNS.unlock(self.pool_no);
        }
    }
}

/// Gives a turn back: the pool stands as if the lead had not come.
pub fn give_back(turn: &Turn) {
    let mut credit = Credit::default();
    credit.count(turn, -1);
    TURNS.add(turn.pool_no, &credit);
}
