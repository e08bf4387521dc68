//! Statements that insert leads and have not ended: each has a batch.

use crate::db::pg::catalog;
use crate::db::pg::wait::Patience;
use crate::db::routing::batch::{Batch, Destination};
use crate::db::routing::writer;
use crate::db::state::turns::Ledgers;
use leadroute_engine::decision::cause::Cause;
use leadroute_engine::lead::Problem;
use pgrx::pg_sys;
use std::cell::RefCell;

/// Where the lead comes from that a function is about to insert.
pub struct Origin {
    /// `decisions.cause`.
    pub cause: Cause,
    /// Values that could not be read.
    pub odd: Vec<Problem>,
    /// How long it still waits.
    pub patience: Patience,
}

thread_local! {
    /// Open statements, the innermost last: a trigger of the user may insert leads too.
    static OPEN: RefCell<Vec<Batch>> = RefCell::default();
    static NEXT_INSERT: RefCell<Option<Origin>> = const { RefCell::new(None) };
}

/// Tells the next statement that inserts leads where they come from.
pub fn announce(origin: Option<Origin>) {
    NEXT_INSERT.set(origin);
}

/// A statement that inserts leads begins.
pub fn begin(target: Destination) {
    catalog::lock_for_inserting();
    let origin = if target == Destination::Leads { NEXT_INSERT.take() } else { None };
    let around = innermost(Batch::begin_within);
    let mut batch = match origin {
        Some(Origin { cause, odd, patience }) => {
            let mut batch = Batch::open(cause, odd);
            batch.patience = patience;
            batch
        }
        None if target == Destination::Leads => Batch::open(Cause::Insert, Vec::new()),
        None => Batch::open(Cause::Attach, Vec::new()),
    };
    batch.target = target;
    batch.ledgers = around.map(Ledgers::within).unwrap_or_default();
    put_back(batch);
}

/// The batch of the innermost statement into a target. It is taken out while it works, because triggers of the
/// user may insert leads in between.
pub fn take(is_it: impl Fn(&Destination) -> bool) -> Option<Batch> {
    OPEN.with_borrow_mut(|open| {
        let place = open.iter().rposition(|batch| is_it(&batch.target))?;
        Some(open.remove(place))
    })
}

/// Does something with the batch of the innermost statement, if there is one.
pub fn innermost<T>(work: impl FnOnce(&mut Batch) -> T) -> Option<T> {
    OPEN.with_borrow_mut(|open| open.last_mut().map(work))
}

/// Whether a decision is about the row that the innermost statement is inserting now.
pub fn is_deciding(decision_id: i64) -> bool {
    innermost(|batch| batch.is_deciding(decision_id)).unwrap_or(false)
}

/// Puts the batch back.
pub fn put_back(batch: Batch) {
    OPEN.with_borrow_mut(|open| open.push(batch));
}

/// A statement has ended. First leads are filled from touches only when the statement around it has ended too: an
/// upsert must not find that a row has been changed since it began.
pub fn finish(batch: Batch) {
    let mut touches = batch.finish();
    if innermost(|around| around.add_touches(&mut touches)).is_none() {
        touches.sort_unstable();
        writer::fill(&touches);
    }
}

/// Forgets all statements: the transaction has ended.
pub fn transaction_ended() {
    OPEN.with_borrow_mut(Vec::clear);
    NEXT_INSERT.set(None);
}

/// Forgets the statements of a subtransaction that was rolled back.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    NEXT_INSERT.set(None);
    OPEN.with_borrow_mut(|open| open.retain(|batch| batch.subtransaction < ended));
}
