//! Why a layer decided or did not: typed, stored in the trace, rendered for people.

use crate::decision::candidate::Candidate;
use crate::lead::account::MatchedBy;
use crate::lead::{score, Problem};
use crate::roster::unavailable::{Away, Refusal};
use crate::rules::tables::{
    DomainKind, EscalationAction, Intent, MailDomain, RecycleKind, Strategy, TierAction,
};
use serde::{Deserialize, Serialize};

/// A criterion that gave points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Fired {
    pub criterion: String,
    #[serde(serialize_with = "score::plain")]
    pub points: f64,
    /// What they were when the buyer acted, where they have aged since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An account whose name was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct NameCandidate {
    pub account: String,
    pub name: String,
    #[serde(serialize_with = "score::plain")]
    pub similarity: f64,
}

/// What puts an account before others with names like its own, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieBreaker {
    /// Its name is more like that of the lead's company.
    Similarity,
    /// Its name is the same with the legal form.
    LegalForm,
    /// It is at home in the country of the lead.
    Country,
    /// It is a customer.
    Customer,
    /// It is a named account.
    Named,
    /// Its id comes first.
    Id,
}

/// Why a layer decided, or why it passed the lead on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
#[allow(missing_docs)]
pub enum Reason {
    /// Intake: what was learnt and what could not be used.
    Cleaned {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        domain: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        no_company: Option<MailDomain>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unreadable: Vec<Problem>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Problem>,
    },
    /// Qualification: the points of all criteria that fired.
    Scored {
        #[serde(serialize_with = "score::plain")]
        score: f64,
        /// How many criteria were asked.
        asked: usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<Fired>,
        /// Criteria whose condition could not be asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        broken: Vec<Problem>,
    },
    NoDomain,
    NoDomainRule {
        domain: String,
    },
    DomainRule {
        domain: String,
        kind: DomainKind,
        queue: String,
    },
    NoIdentity,
    FirstSeen,
    SubmitInFlight,
    /// The person's first lead is in nurture, so this one may turn out better.
    InNurture {
        lead_id: i64,
    },
    /// The person's first lead has nobody yet.
    NotRouted {
        lead_id: i64,
    },
    MergedInto {
        lead_id: i64,
        by_email: bool,
        /// The buyer shows more intent than the first lead did.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        raises: bool,
        /// Why the owner of the first lead cannot answer in time: it moves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moves: Option<Refusal>,
    },
    NoOwnerGiven,
    /// The owner of a lead cannot answer in time, and somebody stands in.
    StandsIn {
        rep: String,
        refused: Vec<Refusal>,
    },
    /// The pool is that of the turn by which the rep has the lead.
    Stays {
        pool: String,
        rep: String,
    },
    /// The row has an owner, who keeps it.
    GivenOwner {
        rep: String,
    },
    /// The lead was there before, in a queue.
    GivenQueue {
        queue: String,
    },
    /// The lead was there before, in nurture.
    GivenNurture,
    /// The row has an owner who is no rep of its tenant.
    GivenStranger {
        owner: String,
        queue: String,
    },
    /// The work on the lead has ended.
    GivenClosed {
        status: String,
    },
    NoAccount,
    /// There was nothing but the name of the company to go by: accounts whose names are like it.
    Namesakes {
        company: String,
        #[serde(serialize_with = "score::plain")]
        threshold: f64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<NameCandidate>,
        /// What puts the first before the second, where both are alike enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decided_by: Option<TieBreaker>,
    },
    /// The first and the second are too much alike to choose.
    Ambiguous {
        accounts: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
    },
    NotCustomer {
        account: String,
        by: MatchedBy,
    },
    Customer {
        account: String,
        by: MatchedBy,
        rep: String,
        /// The account above it whose owner it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        expansion: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refused: Vec<Refusal>,
    },
    /// The account has an owner, but neither owner nor backups are there.
    OwnersAway {
        account: String,
        refused: Vec<Refusal>,
    },
    /// The account has nobody who owns it.
    NoOwner {
        account: String,
    },
    NotDisqualified,
    CooledOff {
        account: String,
        reason: String,
    },
    Recycled {
        account: String,
        reason: String,
        kind: Option<RecycleKind>,
        queue: String,
    },
    NotNamed,
    Named {
        account: String,
        by: MatchedBy,
        rep: String,
        /// The account above it whose owner it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refused: Vec<Refusal>,
    },
    Segment {
        segment: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        territory: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        broken: Vec<Problem>,
    },
    NoSegment {
        tried: usize,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        broken: Vec<Problem>,
    },
    NotAsked {
        needs: String,
    },
    Tier {
        tier: String,
        score: f64,
        action: TierAction,
        target: Option<String>,
    },
    /// The tier sends leads of this intent to a pool all the same.
    TooEager {
        tier: String,
        score: f64,
        intent: Intent,
        pool: String,
    },
    /// The tier says nurture, which is not for leads of an account that somebody should answer for.
    NotNurtured {
        tier: String,
        score: f64,
        account: String,
    },
    NoTier {
        segment: String,
        score: f64,
    },
    Turn {
        pool: String,
        rep: String,
        #[serde(default, skip_serializing_if = "is_rotation")]
        by: Strategy,
        /// Everybody is away, and the pool assigns anyway.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anyway: bool,
        candidates: Vec<Candidate>,
    },
    /// The pool keeps the open leads of a company with one rep.
    SameCompany {
        pool: String,
        rep: String,
        company: String,
        candidates: Vec<Candidate>,
    },
    /// Everybody is away, and the pool holds its leads.
    Held {
        pool: String,
        queue: String,
        candidates: Vec<Candidate>,
    },
    NobodyEligible {
        pool: String,
        candidates: Vec<Candidate>,
    },
    Fallback {
        queue: String,
        of: String,
    },
    /// Routing itself failed; the lead was kept.
    Error {
        sqlstate: String,
        message: String,
    },
    Escalated {
        policy: String,
        step: i32,
        to: String,
        /// What was done, which may be stronger than what the step asks for.
        action: EscalationAction,
        /// Why a manager who has it all the same is not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        off_duty: Option<Away>,
    },
}

fn is_rotation(strategy: &Strategy) -> bool {
    *strategy == Strategy::WeightedRoundRobin
}
