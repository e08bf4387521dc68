//! What was decided about a row that is on its way.

use crate::db::indexes::LEADS;
use crate::db::lead::row::LeadRow;
use crate::db::pg::security::AsOwner;
use leadroute_engine::decision::Decision;
use leadroute_engine::Micros;
use pgrx::pg_sys;

/// A decision that is not written yet.
pub struct Pending {
    /// The lead.
    pub lead_id: i64,
    /// Key of the decision.
    pub decision_id: i64,
    /// The decision.
    pub decision: Decision,
    /// Whether the book of its owner counts it already.
    pub is_counted: bool,
    /// When it was decided.
    pub decided_at: Micros,
    /// Time spent, in microseconds.
    pub elapsed_us: i32,
    /// Why somebody asked for it.
    pub note: Option<String>,
    /// Whether its row is known to have been inserted.
    pub has_arrived: bool,
}

impl Pending {
    /// The lead as a touch of the one that it was merged into.
    pub fn touch(&self) -> Option<Touch> {
        let first = self.decision.outcome.duplicate_of()?;
        Some(Touch { decision_id: self.decision_id, first, lead_id: self.lead_id })
    }

    /// Whether the row has been inserted. A trigger of the user may have given it a later decision since; a row
    /// that was there before this transaction is none of ours.
    pub fn is_there(&self) -> bool {
        let _owner = AsOwner::begin();
        let found = LEADS.bigint(self.lead_id, |found| {
            // SAFETY: a row of leads, valid during the callback.
            let (row, is_ours) = unsafe {
                let writer = (*(*found.tuple).t_data).t_choice.t_heap.t_xmin;
                let row = LeadRow::new(found.tuple, found.desc);
                (row, pg_sys::TransactionIdIsCurrentTransactionId(writer))
            };
            Some((row.get::<i64>("decision_id")?, is_ours))
        });
        found.is_some_and(|(decision, is_ours)| {
            decision == self.decision_id || (is_ours && decision > self.decision_id)
        })
    }
}

/// A lead that was merged into another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// Its decision: touches fill in the order in which they came.
    pub decision_id: i64,
    /// The first lead.
    pub first: i64,
    /// The touch.
    pub lead_id: i64,
}
