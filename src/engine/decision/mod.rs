//! What routing decides.

pub mod candidate;
pub mod cause;
pub mod explain;
pub mod reason;
pub mod stored;

use crate::decision::reason::Reason;
use crate::lead::account::Company;
use crate::lead::status::Status;
use crate::lead::CleanLead;
use crate::roster::rotation::Turn;
use crate::rules::tables::EscalationAction;
use crate::Micros;

use serde::{Deserialize, Serialize};

/// The layers, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Layer {
    Intake,
    /// Asked only about leads that nobody has scored, where there are criteria.
    Qualification,
    DomainRule,
    Duplicate,
    /// Asked only where the row of an app says something of the lead's life.
    Given,
    Customer,
    Recycle,
    NamedAccount,
    Segment,
    Tier,
    Distribution,
    Fallback,
    /// Not one of the layers: a step of the SLA ladder.
    Escalation,
}

impl Layer {
    /// The name as it stands in `decisions.layer`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Qualification => "qualification",
            Self::DomainRule => "domain_rule",
            Self::Duplicate => "duplicate",
            Self::Given => "given",
            Self::Customer => "customer",
            Self::Recycle => "recycle",
            Self::NamedAccount => "named_account",
            Self::Segment => "segment",
            Self::Tier => "tier",
            Self::Distribution => "distribution",
            Self::Fallback => "fallback",
            Self::Escalation => "escalation",
        }
    }
}

/// Where the lead ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A rep.
    Owner(String),
    /// A queue.
    Queue(String),
    /// Marketing keeps it warm.
    Nurture,
    /// A touch of an earlier lead, with that lead's owner and queue.
    Merged {
        /// The earlier lead.
        lead_id: i64,
        /// Its owner.
        owner_id: Option<String>,
        /// Its queue.
        queue: Option<String>,
    },
    /// The work on it has ended before it came.
    Closed {
        /// How.
        status: Status,
        /// Who owns it, if that is a rep.
        owner_id: Option<String>,
    },
}

impl Outcome {
    /// The name as it stands in `decisions.outcome`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Owner(_) => "owner",
            Self::Queue(_) => "queue",
            Self::Nurture => "nurture",
            Self::Merged { .. } => "merged",
            Self::Closed { .. } => "closed",
        }
    }

    /// `leads.status` for the outcome.
    pub const fn status(&self) -> Status {
        match self {
            Self::Owner(_) => Status::Assigned,
            Self::Queue(_) => Status::Queued,
            Self::Nurture => Status::Nurture,
            Self::Merged { .. } => Status::Merged,
            Self::Closed { status, .. } => *status,
        }
    }

    /// The rep, if there is one.
    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Owner(rep) => Some(rep),
            Self::Merged { owner_id, .. } | Self::Closed { owner_id, .. } => owner_id.as_deref(),
            Self::Queue(_) | Self::Nurture => None,
        }
    }

    /// The queue, if there is one.
    pub fn queue(&self) -> Option<&str> {
        match self {
            Self::Queue(queue) => Some(queue),
            Self::Merged { queue, .. } => queue.as_deref(),
            Self::Owner(_) | Self::Nurture | Self::Closed { .. } => None,
        }
    }

    /// The earlier lead of a touch.
    pub const fn duplicate_of(&self) -> Option<i64> {
        match self {
            Self::Merged { lead_id, .. } => Some(*lead_id),
            _ => None,
        }
    }
}

/// What one layer answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Who answered.
    pub layer: Layer,
    /// Whether that ended the search.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
    /// Why.
    #[serde(flatten)]
    pub reason: Reason,
}

/// Who is told of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `notifications.kind`.
    pub kind: &'static str,
    /// The rep to tell; `None` where only a queue is known.
    pub rep_id: Option<String>,
}

/// A clock that routing starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Name of the policy.
    pub policy: String,
    /// When the buyer acted; see [`crate::sla::start`].
    pub started_at: Micros,
    /// When the first response is due.
    pub due_at: Micros,
    /// When the first step of the ladder is due; `None` for a policy without steps.
    pub next_at: Option<Micros>,
}

/// What a touch asks of its first lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// Its clock starts anew, and who has it is told.
    pub raises: bool,
    /// Its owner cannot answer in time: somebody else gets it.
    pub moves: bool,
}

impl Decision {
    /// What a touch asks of its first lead, if anything.
    pub fn heard(&self) -> Option<Heard> {
        match &self.trace.last()?.reason {
            Reason::MergedInto { raises, moves, .. } if *raises || moves.is_some() => {
                Some(Heard { raises: *raises, moves: moves.is_some() })
            }
            _ => None,
        }
    }

    /// Whether the lead is where it is by this decision. A reminder leaves it to whoever has it, and so does a correction
    /// that changes nothing.
    pub fn places(&self) -> bool {
        let stays = |step: &Step| {
            let action = match &step.reason {
                Reason::Stays { .. } => return true,
                Reason::Escalated { action, .. } => action,
                _ => return false,
            };
            *action == EscalationAction::Remind
        };
        !self.trace.iter().any(|step| step.decided && stays(step))
    }

    /// SQLSTATE and message, if routing itself has failed.
    pub fn failure(&self) -> Option<(&str, &str)> {
        match &self.trace.last()?.reason {
            Reason::Error { sqlstate, message } => Some((sqlstate, message)),
            _ => None,
        }
    }

    /// `leads.status` for the decision: whoever works on the lead already goes on.
    pub fn status(&self) -> Status {
        let given = self.clean.lead.given.status.filter(|status| status.is_taken_up());
        match (&self.outcome, given) {
            (Outcome::Owner(_), Some(given)) => given,
            _ => self.outcome.status(),
        }
    }
}

/// The whole answer for one lead.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Decision {
    pub layer: Layer,
    pub outcome: Outcome,
    pub account_id: Option<String>,
    pub segment: Option<String>,
    pub territory: Option<String>,
    pub tier: Option<String>,
    pub pool: Option<String>,
    pub playbook: Option<String>,
    pub expansion: bool,
    pub trace: Vec<Step>,
    pub clock: Option<Clock>,
    /// The turn that was taken, and those that an owner match counts as.
    pub turns: Vec<Turn>,
    /// The company whose open leads its pool keeps together.
    pub company: Option<Company>,
    /// Whether the lead waits until the first rep of the pool is back.
    pub held: bool,
    pub notices: Vec<Notice>,
    pub clean: CleanLead,
}
