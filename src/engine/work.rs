//! What the engine is asked, and what it answers: the entry point of the crate.

use crate::context::Context;
use crate::decision::Decision;
use crate::follow_up::escalation::{self, Escalation, Overdue};
use crate::follow_up::waiting::Waiting;
use crate::follow_up::{auto_assign, hand_over};
use crate::lead::{Lead, Problem};
use crate::lookups::Lookups;
use crate::routing::pipeline;
use crate::Micros;

/// What is to be decided about one lead.
#[derive(Debug, Clone)]
pub enum Work {
    /// Its way through the layers.
    Route(Box<Lead>),
    /// Which rep of its pool gets it, while it waits in a queue.
    HandOut(Box<Waiting>),
    /// Who gets it, as the rep who has it goes away.
    HandOver(Box<Waiting>),
    /// The next escalation step, because nobody answered it in time.
    Escalate(Box<Overdue>),
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The decision; `None` where nothing changes.
    pub decision: Option<Box<Decision>>,
    /// Where the escalation stands then; `None` if it has come to its end, and for other work.
    pub progress: Option<Progress>,
}

/// Where the escalation of a lead stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Number of the last step that was taken.
    pub steps_done: i32,
    /// When the next one is due; `None` after the last.
    pub next_at: Option<Micros>,
}

impl From<Option<Decision>> for Answer {
    fn from(decision: Option<Decision>) -> Self {
        Self { decision: decision.map(Box::new), progress: None }
    }
}

/// Does the work. `unreadable` are values of the lead that could not even be read.
pub fn answer(
    work: Work,
    unreadable: Vec<Problem>,
    context: Context<'_>,
    lookups: &mut dyn Lookups,
) -> Answer {
    match work {
        Work::Route(lead) => Some(pipeline::route(*lead, unreadable, context, lookups)).into(),
        Work::HandOut(waiting) => auto_assign::hand_out(&waiting, context, lookups).into(),
        Work::HandOver(waiting) => Some(hand_over::hand_over(&waiting, context, lookups)).into(),
        Work::Escalate(overdue) => {
            let steps_done = overdue.steps_done;
            match escalation::escalate(*overdue, context, lookups) {
                None => None.into(),
                Some(Escalation::Postponed { until }) => {
                    Answer { decision: None, progress: Some(Progress { steps_done, next_at: Some(until) }) }
                }
                Some(Escalation::Taken(taken)) => Answer {
                    decision: Some(Box::new(taken.decision)),
                    progress: Some(Progress { steps_done: taken.step, next_at: taken.next_at }),
                },
            }
        }
    }
}
