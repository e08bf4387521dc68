//! What a decision was made from beside the rules, the roster and the row of its lead, as far as its trace does not tell it.

use crate::decision::reason::Reason;
use crate::decision::Step;
use crate::follow_up::escalation::Overdue;
use crate::follow_up::waiting::Waiting;
use crate::lead::account::{AccountMatch, Namesake};
use crate::lead::{CleanLead, Given, Lead, Problem};
use crate::lookups::{DomainFacts, Earlier};
use crate::replay::difference::Answered;
use crate::replay::tape::{Counts, Tape};
use crate::roster::unavailable::Ineligible;
use crate::work::Work;
use crate::Micros;
use serde::{Deserialize, Serialize};

/// What is kept with a decision. Nothing is written of what is empty, so that most decisions keep nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// What was asked, if not the way of a lead through the layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// What the row of an app said of the lead's life.
    #[serde(skip_serializing_if = "is_default")]
    pub given: Given,
    /// Values that could not even be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<Problem>,
    /// Values as they came, where others were stored.
    #[serde(skip_serializing_if = "is_default")]
    pub raw: Raw,
    /// The moment by which it was decided, if not the time of day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Micros>,
    /// How long a presence counted, if not as by default; 0 is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_ttl: Option<Micros>,
    /// Reps who could not hold the row, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unable: Vec<(String, String)>,
    /// Reps who were being deleted or renamed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Whoever it was for was being deleted or renamed: the catch-all queue took it.
    #[serde(skip_serializing_if = "is_default")]
    pub caught: bool,
    /// What was known of domains.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub domain: Tape<DomainFacts>,
    /// Codes of countries by their names.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub country: Tape<Option<String>>,
    /// The first lead of the person.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub earlier: Tape<Earlier>,
    /// The account.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub account: Tape<Option<AccountMatch>>,
    /// Accounts with names like that of the company.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub namesakes: Tape<Vec<Namesake>>,
    /// Who owns the first open lead of the company.
    #[serde(skip_serializing_if = "Tape::is_empty")]
    pub company_owner: Tape<Option<String>>,
    /// [`digest`]s of the conditions that held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<i64>,
    /// Leads of reps: on the day, in the week, open.
    #[serde(skip_serializing_if = "Counts::is_empty")]
    pub load: Counts,
    /// Open leads of reps, where a pool goes by these.
    #[serde(skip_serializing_if = "Counts::is_empty")]
    pub open: Counts,
    /// Seats whose rep had no room after all, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(i32, Ineligible)>,
    /// Credit of seats of which the trace does not say what they were owed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credit: Vec<(i32, i64)>,
}

/// What is asked about a lead that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Task {
    HandOut(Waiting),
    HandOver(Waiting),
    Escalate(Late),
}

/// A lead that nobody answered in time. The policy is in the trace, and segment, territory, tier and pool in the decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Late {
    #[serde(default, skip_serializing_if = "is_default")]
    pub steps_done: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
}

/// Values of a new lead as the app gave them. Of the others what is stored is cleaned to the same again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Raw {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Micros>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Facts {
    /// What is asked, beside the values of the lead.
    pub fn of(work: &Work, unreadable: &[Problem]) -> Self {
        let without_lead = |waiting: &Waiting| Waiting { lead: Lead::default(), ..waiting.clone() };
        let task = match work {
            Work::Route(_) => None,
            Work::HandOut(waiting) => Some(Task::HandOut(without_lead(waiting))),
            Work::HandOver(waiting) => Some(Task::HandOver(without_lead(waiting))),
            Work::Escalate(overdue) => {
                let Waiting { owner_id, tried, .. } = overdue.waiting.clone();
                Some(Task::Escalate(Late { steps_done: overdue.steps_done, owner_id, tried }))
            }
        };
        let given = match work {
            Work::Route(lead) => Given { is_scored: false, ..lead.given.clone() },
            _ => Given::default(),
        };
        Self { task, given, unreadable: unreadable.to_vec(), ..Self::default() }
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What was asked about the lead, by what was answered.
    pub fn work(&self, mut lead: Lead, then: &Answered, trace: &[Step]) -> Work {
        let Raw { country, industry, occurred_at } = self.raw.clone();
        lead.country = country.or(lead.country);
        lead.industry = industry.or(lead.industry);
        lead.occurred_at = occurred_at.or(lead.occurred_at);
        match self.task.clone() {
            None => {
                let is_scored = trace.iter().any(|step| matches!(step.reason, Reason::Scored { .. }));
                Work::Route(Box::new(Lead { given: Given { is_scored, ..self.given.clone() }, ..lead }))
            }
            Some(Task::HandOut(waiting)) => Work::HandOut(Box::new(Waiting { lead, ..waiting })),
            Some(Task::HandOver(waiting)) => Work::HandOver(Box::new(Waiting { lead, ..waiting })),
            Some(Task::Escalate(late)) => Work::Escalate(Box::new(late.overdue(lead, then, trace))),
        }
    }
}

impl Late {
    /// As it was asked about, but for times, which only say when the next step is due.
    fn overdue(self, lead: Lead, then: &Answered, trace: &[Step]) -> Overdue {
        let policy = trace.iter().find_map(|step| match &step.reason {
            Reason::Escalated { policy, .. } => Some(policy.clone()),
            _ => None,
        });
        let waiting = Waiting {
            lead,
            owner_id: self.owner_id,
            tried: self.tried,
            segment: then.segment.clone(),
            territory: then.territory.clone(),
            tier: then.tier.clone(),
            pool: then.pool.clone(),
            playbook: then.playbook.clone(),
            ..Waiting::default()
        };
        let (policy, steps_done) = (policy.unwrap_or_default(), self.steps_done);
        Overdue { waiting, policy, steps_done, ..Overdue::default() }
    }
}

impl Raw {
    /// The values of a new lead that cleaning has replaced.
    pub fn of(given: &Lead, clean: &CleanLead) -> Self {
        let replaced = |given: &Option<String>, stored: &Option<String>| {
            given.clone().filter(|given| stored.as_ref().is_some_and(|stored| stored != given))
        };
        Self {
            country: replaced(&given.country, &clean.lead.country),
            industry: replaced(&given.industry, &clean.industry),
            occurred_at: given.occurred_at.filter(|_| given.occurred_at != clean.lead.occurred_at),
        }
    }
}

/// A number for the text of a condition, the same in every version: FNV-1a of 32 bits (G. Fowler, L. C. Noll, K.-P. Vo).
pub fn digest(condition: &str) -> i64 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    condition.bytes().fold(0x811c_9dc5, step).into()
}
