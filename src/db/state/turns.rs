//! Turns under concurrency: who is next in a pool, and writing down that they were.
//!
//! The first lead of a statement in a pool is chosen under the short lock of the pool's [`Book`], and its turn
//! is there for others to see before the lock is given back. The leads after it go by the statement's own
//! count, so that shares are exact within a statement, and are written when it ends or after a thousand
//! rows. So nobody waits for another commit, and no two open transactions give the same turn. A statement
//! within another (a trigger inserts leads too) counts what the outer one has not written yet.

use crate::db::pg::locks::Class;
use crate::db::state::credit::Credit;
use crate::db::state::loads::{Added, LOADS};
use crate::db::state::moment::Moment;
use crate::db::state::shared_sum::{Book, Reading, Sum};
use leadroute_engine::roster::load::{Day, Load};
use leadroute_engine::roster::rotation::{Share, Turn};
use leadroute_engine::roster::unavailable::Ineligible;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::rc::Rc;

static TURNS: Book<Credit> = Book::new("turns", "turns_pkey", Class::Turns);

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
    pools: FxHashMap<i32, Credit>,
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
        credit.map_or(0, |credit| credit.of(seat))
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
