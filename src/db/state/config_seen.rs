//! By which rules and roster decisions are made: the snapshots under which these were read, so that they can be told again.
//! A session writes them down with the first decision by them; until that has been committed, each transaction does.

use crate::db::pg::security::next_value;
use crate::db::pg::varlena::Snapshot;
use crate::db::queries;
use pgrx::pg_sys::Datum;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The snapshot under which something was read.
#[derive(Clone, Debug)]
pub struct ReadUnder {
    snapshot: Rc<Snapshot>,
    /// The transaction that read it, if it had a number: it sees its own changes.
    own: Option<u64>,
}

impl ReadUnder {
    /// By what a query answers: the snapshot, and the transaction.
    pub fn new(snapshot: Snapshot, own: Option<u64>) -> Self {
        Self { snapshot: Rc::new(snapshot), own }
    }
}

/// How far a row of `config_seen` is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    No,
    ByThisTransaction,
    Committed,
}

/// Rules and roster as they were read together.
pub struct Seen {
    rules: ReadUnder,
    roster: ReadUnder,
    id: Cell<i64>,
    written: Cell<Written>,
}

thread_local! {
    /// What this transaction has written.
    static WRITTEN: RefCell<Vec<Rc<Seen>>> = RefCell::default();
}

impl Seen {
    /// Not written yet.
    pub fn new(rules: ReadUnder, roster: ReadUnder) -> Rc<Self> {
        Rc::new(Self { rules, roster, id: Cell::new(0), written: Cell::new(Written::No) })
    }

    /// The key, for a decision that is written now.
    pub fn key(self: &Rc<Self>) -> i64 {
        if self.id.get() == 0 {
            self.id.set(next_value("config_seen_id_seq"));
        }
        if self.written.get() == Written::No {
            let snapshot = |read: &ReadUnder| Some(read.snapshot.datum());
            let own = |read: &ReadUnder| read.own.map(|own| Datum::from(own as usize));
            let (rules, roster) = (&self.rules, &self.roster);
            let id = Some(Datum::from(self.id.get()));
            queries::CONFIG_SEEN.write(&[id, snapshot(rules), snapshot(roster), own(rules), own(roster)]);
            self.written.set(Written::ByThisTransaction);
            WRITTEN.with_borrow_mut(|written| written.push(Rc::clone(self)));
        }
        self.id.get()
    }
}

/// The transaction has ended. Of one that is prepared nobody knows yet whether it will be there: the next decision writes
/// a row of its own, and does not wait for it.
pub fn transaction_ended(is_committed: bool, is_prepared: bool) {
    let written = if is_committed { Written::Committed } else { Written::No };
    for seen in WRITTEN.take() {
        seen.written.set(written);
        if is_prepared {
            seen.id.set(0);
        }
    }
}

/// What was written may be gone with a savepoint: the next decision makes sure.
pub fn subtransaction_aborted() {
    WRITTEN.take().iter().for_each(|seen| seen.written.set(Written::No));
}
