//! The rules, compiled once from the routing tables.

pub mod asked;
pub mod by_tenant;
pub mod clean;
pub mod compared;
pub mod matcher;
pub mod overlaps;
pub mod providers;
pub mod shadows;
pub mod space;
pub mod tables;
pub mod way_out;

use crate::lead::account::AccountKind;
use crate::rules::by_tenant::ByTenant;
use crate::rules::compared::{aliases, compared};
use crate::rules::matcher::Matcher;
use crate::rules::providers::Provider;
use crate::rules::tables::{
    keyed, AccountMatching, AccountPolicy, Criterion, EscalationStep, Intent, Playbook, Pool, Queue,
    RecycleRule, RuleTables, SlaPolicy, Territory, Tier,
};
use crate::Micros;
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// The rules, compiled for look-ups. They change seldom.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Rules {
    pub version: i64,
    pub segments: Matcher,
    /// By segment; `''` has those for all segments.
    pub tiers: FxHashMap<String, ByTenant<Tier>>,
    pub pools: FxHashMap<String, Pool>,
    pub queues: FxHashMap<String, Queue>,
    /// Catch-all queues of tenants that have one of their own.
    pub own_catch_all: FxHashMap<String, String>,
    pub territories: FxHashMap<String, Territory>,
    pub intents: FxHashMap<String, Intent>,
    pub sla_policies: ByTenant<SlaPolicy>,
    pub escalation_steps: FxHashMap<String, Vec<EscalationStep>>,
    pub recycle_rules: FxHashMap<String, ByTenant<RecycleRule>>,
    /// What becomes of leads of accounts whose owners are away, by kind.
    pub account_policies: FxHashMap<AccountKind, ByTenant<AccountPolicy>>,
    /// How accounts are found by name.
    pub account_matching: ByTenant<AccountMatching>,
    pub criteria: ByTenant<Criterion>,
    pub playbooks: ByTenant<Playbook>,
    pub providers: ByTenant<Provider>,
    pub industries: FxHashMap<String, String>,
    pub countries: FxHashMap<String, String>,
    /// Columns that conditions ask for; `None` where it may be any.
    pub asked: Option<Vec<String>>,
}

impl Rules {
    /// What becomes of leads of a tenant's accounts of a kind while their owners are away; `None` is the defaults.
    pub fn account_policy(&self, kind: AccountKind, tenant: &str) -> Option<&AccountPolicy> {
        self.account_policies.get(&kind)?.of(tenant).next()
    }

    /// How a tenant's accounts are found by name; `None` is not at all, nor are their names kept.
    pub fn account_matching(&self, tenant: &str) -> Option<&AccountMatching> {
        self.account_matching.of(tenant).next()
    }

    /// The criteria by which leads of a tenant are scored at a moment.
    pub fn criteria_at(&self, tenant: &str, at: Micros) -> impl Iterator<Item = &Criterion> {
        self.criteria.of(tenant).filter(move |row| row.effective.is_none_or(|span| span.contains(&at)))
    }
}

impl From<RuleTables> for Rules {
    fn from(tables: RuleTables) -> Self {
        let tables = compared(tables);
        let tiers = filed(tables.tiers, |row| (row.segment.clone().unwrap_or_default(), row.tenants.clone()));
        let recycle_rules = filed(tables.recycle_rules, |row| (row.reason.clone(), row.tenants.clone()));
        let account_policies = filed(tables.account_policies, |row| (row.kind, row.tenants.clone()));
        let playbooks = tables.playbooks.into_iter().enumerate();
        let playbooks = playbooks.map(|(place, row)| Playbook { place, ..row });
        let of_segments = tables.segments.iter().filter_map(|row| row.condition.as_deref());
        let of_criteria = tables.score_criteria.iter().filter_map(|row| row.condition.as_deref());
        let asked = asked::columns(of_segments.chain(of_criteria));
        let criteria = tables.score_criteria.into_iter().enumerate();
        let criteria = criteria.map(|(place, row)| Criterion { place, ..row });
        let catch_all = |queue: &&Queue| queue.kind == "catch_all";
        let of_tenant = |queue: &Queue| Some((queue.tenant.clone()?, queue.name.clone()));
        let own_catch_all = tables.queues.iter().filter(catch_all).filter_map(of_tenant).collect();
        let mut steps: FxHashMap<String, Vec<EscalationStep>> = FxHashMap::default();
        for step in tables.escalation_steps {
            steps.entry(step.policy.clone()).or_default().push(step);
        }
        Self {
            version: tables.version,
            segments: Matcher::new(tables.segments),
            tiers,
            pools: keyed(tables.pools, |row| &row.name),
            queues: keyed(tables.queues, |row| &row.name),
            own_catch_all,
            territories: keyed(tables.territories, |row| &row.name),
            intents: (tables.event_types.into_iter()).map(|row| (row.name, row.intent)).collect(),
            sla_policies: ByTenant::new(tables.sla_policies, |row| &row.tenants),
            escalation_steps: steps,
            recycle_rules,
            account_policies,
            account_matching: ByTenant::new(tables.account_matching, |row| &row.tenants),
            criteria: ByTenant::new(criteria.collect(), |row| &row.tenants),
            playbooks: ByTenant::new(playbooks.collect(), |row| &row.tenants),
            providers: ByTenant::new(tables.providers, |row| &row.tenants),
            industries: aliases(tables.industry_aliases),
            countries: aliases(tables.country_aliases),
            asked,
        }
    }
}

/// Rows by a key, and by tenant.
fn filed<K: Eq + Hash, T: Clone>(
    rows: Vec<T>,
    key: impl Fn(&T) -> (K, Option<Vec<String>>),
) -> FxHashMap<K, ByTenant<T>> {
    let mut filed: FxHashMap<K, ByTenant<T>> = FxHashMap::default();
    for row in rows {
        let (key, tenants) = key(&row);
        filed.entry(key).or_default().push(row, tenants.as_deref());
    }
    filed
}
