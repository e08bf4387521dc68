//! Rows that no lead ever reaches.

use super::reach::{tenants, tenants_of, tiers};
use super::scores::Scores;
use crate::roster::Roster;
use crate::rules::shadows::{can_match, Shadow};
use crate::rules::tables::Tier;
use crate::rules::Rules;
use crate::Micros;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// A tier to which no lead comes by its score.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[allow(missing_docs)]
pub struct IdleTier<'a> {
    pub segment: Option<&'a str>,
    pub tier: &'a str,
    pub why: &'static str,
}

/// What tells tiers apart.
type Key<'a> = (Option<&'a str>, &'a str, Option<&'a [String]>);

fn key(tier: &Tier) -> Key<'_> {
    (tier.segment.as_deref(), &tier.name, tier.tenants.as_deref())
}

/// The tiers that no score of any segment comes to, from `now` on.
pub fn idle_tiers<'a>(
    rules: &'a Rules,
    roster: &'a Roster,
    shadows: &[Shadow<'_>],
    now: Micros,
) -> Vec<IdleTier<'a>> {
    let shadowed: FxHashSet<&str> = shadows.iter().map(|shadow| shadow.segment).collect();
    let mut tenants = tenants(rules, roster);
    // a tenant of whom nothing is said yet may send leads as well
    tenants.insert(String::new());
    let live = |name: &str| {
        let row = rules.segments.place(name).and_then(|place| rules.segments.get(place));
        row.is_some_and(|row| can_match(row, now) && !shadowed.contains(name))
    };
    let mut reached: FxHashSet<Key<'_>> = FxHashSet::default();
    for segment in rules.segments.all().iter().filter(|row| live(&row.name)) {
        for tenant in tenants_of(segment, &tenants) {
            let mut before = Scores::default();
            for tier in tiers(rules, &segment.name, tenant) {
                if !before.hold(tier) {
                    reached.insert(key(tier));
                }
                before.add(tier);
            }
        }
    }
    let all = rules.tiers.values().flat_map(|tiers| tiers.all());
    let idle = all.filter(|tier| !reached.contains(&key(tier))).map(|tier| {
        let segment = tier.segment.as_deref();
        let why = match segment {
            Some(name) if rules.segments.place(name).is_none() => "its segment is not enabled",
            Some(name) if !live(name) => "its segment never matches",
            None if !rules.segments.all().iter().any(|row| live(&row.name)) => "no segment matches",
            _ => "other tiers come before it and take all of its scores",
        };
        IdleTier { segment, tier: &tier.name, why }
    });
    let mut idle: Vec<IdleTier<'_>> = idle.collect();
    idle.sort_unstable();
    idle.dedup();
    idle
}
