//! What is to be decided about a row, and what was.

use crate::db::indexes::LEADS;
use crate::db::lead::row::LeadRow;
use leadroute_engine::decision::{Decision, Heard};
use leadroute_engine::follow_up::escalation::Overdue;
use leadroute_engine::follow_up::requests::Request;
use leadroute_engine::follow_up::waiting::Waiting;
use leadroute_engine::lead::account::Company;
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::{Given, Lead};
use leadroute_engine::replay::facts::Facts;
use leadroute_engine::work::{Progress, Work};
use leadroute_engine::Micros;
use pgrx::pg_sys;

/// A decision that is not written yet.
pub struct Pending {
    /// The lead.
    pub lead_id: i64,
    /// Key of the decision.
    pub decision_id: i64,
    /// The decision.
    pub decision: Box<Decision>,
    /// Whether the load of its owner counts it already.
    pub is_counted: bool,
    /// When it was decided.
    pub decided_at: Micros,
    /// Time spent, in microseconds.
    pub elapsed_us: i32,
    /// What providers are asked about it.
    pub requests: Vec<Request>,
    /// Why somebody asked for it.
    pub note: Option<String>,
    /// Whether its row is known to have been inserted.
    pub has_arrived: bool,
    /// The status that the lead has and keeps.
    pub keeps: Option<Status>,
    /// What it was made from, as far as neither trace nor tables tell that.
    pub facts: Box<Facts>,
}

impl Pending {
    /// Tenant, company and owner of a lead whose pool keeps the leads of a company together.
    pub fn company(&self) -> Option<(String, Company, String)> {
        let owner = self.decision.outcome.owner()?.to_owned();
        Some((self.decision.clean.lead.tenant.clone(), self.decision.company.clone()?, owner))
    }

    /// The lead as a touch of the one that it was merged into.
    pub fn touch(&self) -> Option<Touch> {
        let first = self.decision.outcome.duplicate_of()?;
        let heard = self.decision.heard();
        let is_scored = self.decision.clean.scored.is_some();
        Some(Touch { decision_id: self.decision_id, first, lead_id: self.lead_id, is_scored, heard })
    }

    /// Whether the row has been inserted. A trigger of the user may have given it a later decision since; a row
    /// that was there before this transaction does not count.
    pub fn is_there(&self) -> bool {
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
    /// Whether criteria gave its score.
    pub is_scored: bool,
    /// What it asks of the first lead.
    pub heard: Option<Heard>,
}

/// What is to be decided about a row.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Its way through the layers.
    Route,
    /// Which rep of a pool gets it, while it waits in a queue.
    HandOut {
        /// The pool.
        pool: &'a str,
    },
    /// Who gets it, as the rep who has it goes away.
    HandOver,
    /// The next escalation step.
    Escalate {
        /// Its clock; the lead itself comes from the row.
        overdue: &'a Overdue,
        /// Reps who have had it.
        tried: &'a [String],
    },
}

impl Wanted<'_> {
    /// What the engine is asked.
    pub fn of(self, row: &LeadRow, given: &Given) -> Work {
        match self {
            Self::Route => Work::Route(Box::new(Lead { given: given.clone(), ..row.lead() })),
            Self::HandOut { pool } => {
                Work::HandOut(Box::new(Waiting { pool: Some(pool.to_owned()), ..row.waiting() }))
            }
            Self::HandOver => Work::HandOver(Box::new(row.waiting())),
            Self::Escalate { overdue, tried } => {
                let waiting = Waiting { tried: tried.to_vec(), ..row.waiting() };
                Work::Escalate(Box::new(Overdue { waiting, ..overdue.clone() }))
            }
        }
    }
}

/// What was decided about a row.
pub struct Decided {
    /// The decision; `None` where nothing changes.
    pub pending: Option<Pending>,
    /// Where the escalation stands then.
    pub progress: Option<Progress>,
}
