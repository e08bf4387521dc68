//! Which tiers and tenants a segment meets, and whether somebody takes its leads.

use crate::roster::{stand_in, Roster};
use crate::rules::tables::{Segment, Tier};
use crate::rules::Rules;
use std::collections::BTreeSet;

/// The tiers that a segment's leads of a tenant are compared with, in order.
pub fn tiers<'a>(rules: &'a Rules, segment: &'a str, tenant: &'a str) -> impl Iterator<Item = &'a Tier> {
    let lists = [segment, ""].into_iter().filter_map(|name| rules.tiers.get(name));
    lists.flat_map(move |tiers| tiers.of(tenant))
}

/// Whether a segment has tiers of its own for a tenant.
pub fn has_own_tiers(rules: &Rules, segment: &str, tenant: &str) -> bool {
    rules.tiers.get(segment).is_some_and(|tiers| tiers.of(tenant).next().is_some())
}

/// The tenants that reps work for or rules name.
pub fn tenants(rules: &Rules, roster: &Roster) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = roster.reps.values().map(|rep| rep.tenant.clone()).collect();
    let segments = rules.segments.all().iter().filter_map(|row| row.tenants.as_ref());
    let tiers = rules.tiers.values().flat_map(|tiers| tiers.all()).filter_map(|row| row.tenants.as_ref());
    all.extend(segments.chain(tiers).flatten().cloned());
    if all.is_empty() {
        all.insert(String::new());
    }
    all
}

/// Those of them whose leads may fall into a segment.
pub fn tenants_of<'a>(segment: &'a Segment, all: &'a BTreeSet<String>) -> Vec<&'a str> {
    match &segment.tenants {
        Some(list) => list.iter().map(String::as_str).collect(),
        None => all.iter().map(String::as_str).collect(),
    }
}

/// Whether somebody of a pool could ever get a lead of a tenant that asks for skills. Presence and absences pass, and are
/// not looked at.
pub fn somebody(roster: &Roster, pool: &str, tenant: &str, skills: &[String]) -> bool {
    roster.members(pool, Some(tenant)).filter(|member| member.active && member.weight > 0).any(|member| {
        roster.reps.get(&member.rep_id).is_some_and(|rep| {
            let has = |skill: &String| rep.skills.as_ref().is_some_and(|list| list.contains(skill));
            let caps = rep.caps();
            let is_capped = [caps.daily, caps.weekly, caps.open].contains(&Some(0));
            stand_in::is_able(rep, roster) && !is_capped && skills.iter().all(has)
        })
    })
}
