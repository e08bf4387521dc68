//! The rules, compiled once from the routing tables.

pub mod by_tenant;
pub mod clean;
pub mod compared;
pub mod matcher;
pub mod shadows;
pub mod tables;
pub mod way_out;

use crate::rules::by_tenant::ByTenant;
use crate::rules::compared::{aliases, compared};
use crate::rules::matcher::Matcher;
use crate::rules::tables::{
    keyed, EscalationStep, Intent, Playbook, Pool, Queue, RecycleRule, RuleTables, SlaPolicy, Territory, Tier,
};
use rustc_hash::FxHashMap;

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
    pub playbooks: ByTenant<Playbook>,
    pub industries: FxHashMap<String, String>,
    pub countries: FxHashMap<String, String>,
}

impl From<RuleTables> for Rules {
    fn from(tables: RuleTables) -> Self {
        let tables = compared(tables);
        let mut tiers: FxHashMap<String, ByTenant<Tier>> = FxHashMap::default();
        for tier in tables.tiers {
            let (segment, tenants) = (tier.segment.clone().unwrap_or_default(), tier.tenants.clone());
            tiers.entry(segment).or_default().push(tier, tenants.as_deref());
        }
        let mut recycle_rules: FxHashMap<String, ByTenant<RecycleRule>> = FxHashMap::default();
        for rule in tables.recycle_rules {
            let (reason, tenants) = (rule.reason.clone(), rule.tenants.clone());
            recycle_rules.entry(reason).or_default().push(rule, tenants.as_deref());
        }
        let playbooks = tables.playbooks.into_iter().enumerate();
        let playbooks = playbooks.map(|(place, row)| Playbook { place, ..row });
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
            playbooks: ByTenant::new(playbooks.collect(), |row| &row.tenants),
            industries: aliases(tables.industry_aliases),
            countries: aliases(tables.country_aliases),
        }
    }
}
