//! The rules as they stand in the routing tables, read from JSON and compiled once.

use crate::lead::account::AccountKind;
use crate::lead::company_name;
use crate::rules::providers::Provider;
pub use crate::span::Span;
use crate::Micros;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Kinds of domains that say nothing of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailDomain {
    /// Anybody gets an address there.
    Personal,
    /// Addresses that live for minutes.
    Disposable,
}

/// `domain_rules.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainKind {
    /// Sells with us.
    Partner,
    /// Sells against us.
    Competitor,
    /// Ourselves.
    Internal,
    /// Nobody wants these.
    Blocked,
    /// A mail provider, whatever the lists say.
    Personal,
    /// A company, whatever the lists say.
    Company,
}

/// One row of `segments`; text values are lower case, countries upper case. `None` means 'any'.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Segment {
    pub name: String,
    pub priority: i32,
    pub territory: Option<String>,
    pub effective: Option<Span<Micros>>,
    pub countries: Option<Vec<String>>,
    pub regions: Option<Vec<String>>,
    pub postal_prefixes: Option<Vec<String>>,
    pub industries: Option<Vec<String>>,
    pub employees: Option<Span<i32>>,
    pub revenue: Option<Span<f64>>,
    pub products: Option<Vec<String>>,
    pub languages: Option<Vec<String>>,
    pub sources: Option<Vec<String>>,
    pub events: Option<Vec<String>>,
    pub condition: Option<String>,
    /// What is wrong with the condition; such a segment never matches.
    #[serde(default)]
    pub condition_problem: Option<String>,
    pub required_skills: Option<Vec<String>>,
    pub fallback_queue: Option<String>,
    pub tenants: Option<Vec<String>>,
}

/// What a tier does with its leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TierAction {
    /// Hand out by a pool.
    Pool,
    /// Put into a queue.
    Queue,
    /// Leave to marketing.
    Nurture,
}

/// One row of `tiers`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Tier {
    pub segment: Option<String>,
    pub name: String,
    pub score: Span<f64>,
    /// Bounds as they are written, where a double is not exact.
    #[serde(default = "no_bounds")]
    pub exact_score: Span<String>,
    pub action: TierAction,
    pub pool: Option<String>,
    pub queue: Option<String>,
    /// From this intent on, leads go to a pool all the same.
    #[serde(default)]
    pub unless_intent: Option<Intent>,
    pub tenants: Option<Vec<String>>,
}

/// How a pool chooses among those who are eligible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// By entitlement; see [`crate::roster::rotation`].
    #[default]
    WeightedRoundRobin,
    /// By open leads, relative to capacity.
    LeastLoaded,
}

/// What a pool does while nobody of it is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenAllAway {
    /// Goes on to the fallback.
    #[default]
    Fallback,
    /// Keeps the lead until the first is back.
    Hold,
    /// Gives it to somebody who is away.
    AssignAnyway,
}

/// One row of `pools`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Pool {
    pub name: String,
    pub pool_no: i32,
    #[serde(default)]
    pub strategy: Strategy,
    #[serde(default)]
    pub when_all_away: WhenAllAway,
    /// A lead that goes to a member as owner of the account counts as their turn.
    #[serde(default)]
    pub owner_matches_count: bool,
    /// A lead of a company that has an open lead goes to the owner of that one.
    #[serde(default)]
    pub keep_company_together: bool,
    pub fallback_queue: Option<String>,
}

/// One row of `queues`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Queue {
    pub name: String,
    pub kind: String,
    pub manager_id: Option<String>,
    /// `None` is any.
    pub tenant: Option<String>,
}

/// One row of `territories`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Territory {
    pub name: String,
    pub manager_id: Option<String>,
    pub fallback_queue: Option<String>,
}

/// How eager a buyer is who does this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Intent {
    High,
    Medium,
    Low,
}

impl Intent {
    const fn heat(self) -> u8 {
        match self {
            Self::Low => 0,
            Self::Medium => 1,
            Self::High => 2,
        }
    }

    /// Whether a buyer is more eager than with another one.
    pub const fn is_hotter_than(self, other: Self) -> bool {
        self.heat() > other.heat()
    }
}

/// One row of `event_types`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct EventType {
    pub name: String,
    pub intent: Intent,
}

/// What a step of the ladder does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationAction {
    /// Tell the owner again.
    Remind,
    /// Give the lead to the next eligible rep of its pool.
    Reassign,
    /// Give the lead to the manager.
    Manager,
    /// Put the lead into the fallback queue.
    Queue,
}

/// One row of `escalation_steps`; `after` counts from the due time, in microseconds of the policy's time.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct EscalationStep {
    pub policy: String,
    pub step: i32,
    pub after: Micros,
    pub action: EscalationAction,
}

/// One row of `sla_policies`; `respond_within` in microseconds.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct SlaPolicy {
    pub name: String,
    /// The lowest that matches counts.
    #[serde(default = "hundred")]
    pub priority: i32,
    pub events: Option<Vec<String>>,
    pub intents: Option<Vec<Intent>>,
    pub segments: Option<Vec<String>>,
    pub respond_within: Micros,
    /// Whether the clock stands still while whoever has the lead is off duty.
    #[serde(default)]
    pub business_hours: bool,
    pub tenants: Option<Vec<String>>,
}

const fn no_bounds() -> Span<String> {
    Span { lower: None, lower_inc: false, upper: None, upper_inc: false }
}

const fn hundred() -> i32 {
    100
}

/// `recycle_rules.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecycleKind {
    /// The time was not right: worth another try after `cool_off`.
    Timing,
    /// The company does not fit.
    Fit,
}

/// One row of `recycle_rules`; `cool_off` in microseconds.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct RecycleRule {
    pub reason: String,
    pub kind: RecycleKind,
    pub cool_off: Micros,
    pub queue: Option<String>,
    pub tenants: Option<Vec<String>>,
}

/// What becomes of a lead whose owner is off duty, with no backup on duty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenOffDuty {
    /// The owner keeps it.
    #[default]
    Keep,
    /// The others who answer for the account are asked, as for an owner who is absent.
    Replace,
}

/// What becomes of a lead while nobody who answers for the account is on duty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenTeamAway {
    /// The first who is only off duty gets it, else the first who comes back.
    #[default]
    Keep,
    /// It goes on to the segments.
    Segment,
}

/// One row of `account_policies`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountPolicy {
    pub kind: AccountKind,
    pub when_off_duty: WhenOffDuty,
    pub when_all_away: WhenTeamAway,
    pub tenants: Option<Vec<String>>,
}

/// One row of `account_matching`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct AccountMatching {
    pub name: String,
    pub enabled: bool,
    pub threshold: f64,
    pub margin: f64,
    pub max_candidates: usize,
    pub review_queue: Option<String>,
    /// Beside those that are known; compiled, they are as names are compared.
    pub legal_forms: Option<Vec<String>>,
    pub tenants: Option<Vec<String>>,
}

impl AccountMatching {
    /// A name as it is compared.
    pub fn folded(&self, name: &str) -> String {
        company_name::folded(name, self.legal_forms.as_deref().unwrap_or_default())
    }
}

/// One row of `score_criteria`; `half_life` in microseconds.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Criterion {
    pub name: String,
    /// Place in the order in which they are asked.
    #[serde(skip)]
    pub place: usize,
    pub points: f64,
    /// `None` holds for every lead.
    pub condition: Option<String>,
    /// What is wrong with the condition; such a criterion gives no points.
    #[serde(default)]
    pub condition_problem: Option<String>,
    pub reason: Option<String>,
    pub effective: Option<Span<Micros>>,
    pub half_life: Option<Micros>,
    pub tenants: Option<Vec<String>>,
}

/// One row of `playbooks`.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Playbook {
    pub name: String,
    /// Place in the order in which they are tried.
    #[serde(skip)]
    pub place: usize,
    pub tenants: Option<Vec<String>>,
    pub segments: Option<Vec<String>>,
    pub tiers: Option<Vec<String>>,
    pub events: Option<Vec<String>>,
    pub expansion: Option<bool>,
    pub recycled: Option<bool>,
    pub score: Option<Span<f64>>,
}

/// One row of an alias table.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs)]
pub struct Alias {
    pub alias: String,
    pub canonical: String,
}

/// The rules as the tables hold them. Lists are in the order in which they are tried.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct RuleTables {
    pub version: i64,
    pub segments: Vec<Segment>,
    pub tiers: Vec<Tier>,
    pub pools: Vec<Pool>,
    pub queues: Vec<Queue>,
    pub territories: Vec<Territory>,
    pub event_types: Vec<EventType>,
    pub sla_policies: Vec<SlaPolicy>,
    pub escalation_steps: Vec<EscalationStep>,
    pub recycle_rules: Vec<RecycleRule>,
    pub account_policies: Vec<AccountPolicy>,
    pub account_matching: Vec<AccountMatching>,
    pub score_criteria: Vec<Criterion>,
    pub playbooks: Vec<Playbook>,
    pub providers: Vec<Provider>,
    pub industry_aliases: Vec<Alias>,
    pub country_aliases: Vec<Alias>,
}

pub(crate) fn keyed<T>(rows: Vec<T>, key: impl Fn(&T) -> &String) -> FxHashMap<String, T> {
    rows.into_iter().map(|row| (key(&row).clone(), row)).collect()
}
