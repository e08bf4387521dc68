//! The rules, compiled once from the routing tables.

pub mod matcher;
pub mod shadows;
pub mod tables;
pub mod way_out;

use crate::rules::matcher::Matcher;
use crate::rules::tables::{
    keyed, Alias, EscalationStep, Intent, Playbook, Pool, Queue, RecycleRule, RuleTables, SlaPolicy,
    Territory, Tier,
};
use rustc_hash::FxHashMap;

/// The rules, compiled for look-ups. They change seldom.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Rules {
    pub version: i64,
    pub segments: Matcher,
    pub tiers: FxHashMap<Option<String>, Vec<Tier>>,
    pub pools: FxHashMap<String, Pool>,
    pub queues: FxHashMap<String, Queue>,
    pub territories: FxHashMap<String, Territory>,
    pub intents: FxHashMap<String, Intent>,
    pub sla_policies: Vec<SlaPolicy>,
    pub escalation_steps: FxHashMap<String, Vec<EscalationStep>>,
    pub recycle_rules: FxHashMap<String, RecycleRule>,
    pub playbooks: Vec<Playbook>,
    pub industries: FxHashMap<String, String>,
    pub countries: FxHashMap<String, String>,
}

impl From<RuleTables> for Rules {
    fn from(tables: RuleTables) -> Self {
        let mut tiers: FxHashMap<Option<String>, Vec<Tier>> = FxHashMap::default();
        for tier in tables.tiers {
            tiers.entry(tier.segment.clone()).or_default().push(tier);
        }
        let mut steps: FxHashMap<String, Vec<EscalationStep>> = FxHashMap::default();
        for step in tables.escalation_steps {
            steps.entry(step.policy.clone()).or_default().push(step);
        }
        let aliases = |list: Vec<Alias>| -> FxHashMap<String, String> {
            list.into_iter().map(|row| (row.alias, row.canonical)).collect()
        };
        Self {
            version: tables.version,
            segments: Matcher::new(tables.segments),
            tiers,
            pools: keyed(tables.pools, |row| &row.name),
            queues: keyed(tables.queues, |row| &row.name),
            territories: keyed(tables.territories, |row| &row.name),
            intents: (tables.event_types.into_iter()).map(|row| (row.name, row.intent)).collect(),
            sla_policies: tables.sla_policies,
            escalation_steps: steps,
            recycle_rules: keyed(tables.recycle_rules, |row| &row.reason),
            playbooks: tables.playbooks,
            industries: aliases(tables.industry_aliases),
            countries: aliases(tables.country_aliases),
        }
    }
}
