//! SLA policies and playbooks that never count, because one that comes before matches whatever they do.

use crate::rules::compared::allows_all;
use crate::rules::tables::{Intent, Playbook, SlaPolicy};
use crate::rules::Rules;
use crate::sla;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// A row that never counts, and the first that comes before it and takes all.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Superseded<'a> {
    pub table: &'static str,
    pub key: &'a str,
    pub by: &'a str,
}

/// All of them, in the order in which they would be tried.
pub fn superseded(rules: &Rules) -> Vec<Superseded<'_>> {
    let mut policies = once_each(rules.sla_policies.all(), |row| &row.name);
    policies.sort_by_key(|row| sla::rank(row));
    let mut playbooks = once_each(rules.playbooks.all(), |row| &row.name);
    playbooks.sort_by_key(|row| row.place);
    let holds = |wider: &SlaPolicy, row: &SlaPolicy| holds_policy(wider, row, &intents(row, rules));
    let mut found = of_rows("sla_policies", &policies, |row| &row.name, holds);
    found.extend(of_rows("playbooks", &playbooks, |row| &row.name, holds_playbook));
    found
}

/// Rows that are filed for several tenants, once.
fn once_each<'a, T>(rows: impl Iterator<Item = &'a T>, name: impl Fn(&'a T) -> &'a str) -> Vec<&'a T> {
    let mut seen = FxHashSet::default();
    rows.filter(|row| seen.insert(name(row))).collect()
}

fn of_rows<'a, T>(
    table: &'static str,
    rows: &[&'a T],
    name: impl Fn(&'a T) -> &'a str,
    holds: impl Fn(&T, &T) -> bool,
) -> Vec<Superseded<'a>> {
    let first_before = |(place, row): (usize, &&'a T)| {
        let by = rows.iter().take(place).find(|wider| holds(wider, row))?;
        Some(Superseded { table, key: name(row), by: name(by) })
    };
    rows.iter().enumerate().filter_map(first_before).collect()
}

/// The intents that a lead of a policy can have.
fn intents(row: &SlaPolicy, rules: &Rules) -> Vec<Intent> {
    let named = |intent: &Intent| row.intents.as_ref().is_none_or(|list| list.contains(intent));
    match &row.events {
        None => [Intent::High, Intent::Medium, Intent::Low].into_iter().filter(named).collect(),
        Some(events) => events.iter().map(|event| sla::intent(rules, Some(event))).filter(named).collect(),
    }
}

fn holds_policy(wider: &SlaPolicy, row: &SlaPolicy, intents: &[Intent]) -> bool {
    allows_all(&wider.tenants, &row.tenants)
        && allows_all(&wider.events, &row.events)
        && allows_all(&wider.segments, &row.segments)
        && wider.intents.as_ref().is_none_or(|list| intents.iter().all(|intent| list.contains(intent)))
}

fn holds_playbook(wider: &Playbook, row: &Playbook) -> bool {
    allows_all(&wider.tenants, &row.tenants)
        && allows_all(&wider.segments, &row.segments)
        && allows_all(&wider.tiers, &row.tiers)
        && allows_all(&wider.events, &row.events)
        && wider.expansion.is_none_or(|wanted| row.expansion == Some(wanted))
        && wider.recycled.is_none_or(|wanted| row.recycled == Some(wanted))
        && wider.score.is_none_or(|span| row.score.is_some_and(|score| span.holds(&score)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::Setup;
    use proptest::prelude::*;
    use proptest::sample::subsequence;
    use serde_json::{json, Value};

    fn rules(policies: Value, playbooks: Value) -> Rules {
        let events = json!([{"name": "demo", "intent": "high"}, {"name": "webinar", "intent": "low"}]);
        Setup::new(
            json!({"event_types": events, "sla_policies": policies, "playbooks": playbooks}),
            json!({}),
        )
        .rules
    }

    fn said(rules: &Rules) -> Vec<(&str, &str)> {
        superseded(rules).into_iter().map(|row| (row.key, row.by)).collect()
    }

    #[test]
    fn a_policy_counts_where_its_priority_is_lower_however_slow_it_is() {
        let quick = json!({"name": "quick", "priority": 2, "respond_within": 1});
        let slow = |priority: i32| json!({"name": "slow", "priority": priority, "respond_within": 9});
        assert_eq!(said(&rules(json!([quick, slow(1)]), json!([]))), [("quick", "slow")]);
        assert_eq!(said(&rules(json!([quick, slow(2)]), json!([]))), [("slow", "quick")]);
    }

    #[test]
    fn a_policy_of_one_tenant_supersedes_that_of_no_other() {
        let of = |name: &str, priority: i32, tenants: Value| json!({"name": name, "priority": priority, "respond_within": 1, "tenants": tenants});
        let policies = json!([
            of("a", 1, json!(["a"])),
            of("b", 2, json!(["b"])),
            of("all", 3, Value::Null),
            of("ab", 4, json!(["a", "b"]))
        ]);
        assert_eq!(said(&rules(policies, json!([]))), [("ab", "all")]);
    }

    #[test]
    fn an_event_that_has_an_intent_is_taken_by_a_policy_for_that_intent() {
        let policies = json!([
            {"name": "hot", "priority": 1, "respond_within": 1, "intents": ["high"]},
            {"name": "demo", "priority": 2, "respond_within": 1, "events": ["demo"]},
            {"name": "both", "priority": 2, "respond_within": 1, "events": ["demo", "webinar"]},
        ]);
        assert_eq!(said(&rules(policies, json!([]))), [("demo", "hot")]);
    }

    #[test]
    fn a_playbook_is_taken_by_a_wider_one_before_it() {
        let playbooks = json!([
            {"name": "hot", "score": {"lower": 80, "lower_inc": true}},
            {"name": "hotter", "score": {"lower": 90, "lower_inc": true}, "expansion": true},
            {"name": "any"},
            {"name": "last", "tenants": ["a"]},
        ]);
        assert_eq!(said(&rules(json!([]), playbooks)), [("hotter", "hot"), ("last", "any")]);
    }

    const SEGMENTS: [&str; 2] = ["s", "t"];
    const EVENTS: [&str; 3] = ["demo", "webinar", "unknown"];
    const TENANTS: [&str; 2] = ["a", "b"];

    fn policies() -> impl Strategy<Value = Vec<Value>> {
        let some = |values: &'static [&'static str]| prop::option::of(subsequence(values, 1..=values.len()));
        let intents = some(&["high", "medium", "low"]);
        let row = (some(&EVENTS), intents, some(&SEGMENTS), some(&TENANTS), 0..3_i32, 1..3_i64);
        prop::collection::vec(row, 0..7).prop_map(|rows| {
            let row = |(n, (events, intents, segments, tenants, priority, within)): (usize, _)| {
                let (priority, within): (i32, i64) = (priority, within);
                json!({"name": n.to_string(), "priority": priority, "respond_within": within,
                    "events": events, "intents": intents, "segments": segments, "tenants": tenants})
            };
            rows.into_iter().enumerate().map(row).collect()
        })
    }

    proptest! {
        /// A policy that is superseded counts for no lead.
        #[test]
        fn superseded_policies_count_for_no_lead(rows in policies()) {
            let rules = rules(json!(rows), json!([]));
            let superseded: Vec<&str> = superseded(&rules).into_iter().map(|row| row.key).collect();
            for tenant in TENANTS.into_iter().chain(["c"]) {
                for event in EVENTS.into_iter().map(Some).chain([None]) {
                    for segment in SEGMENTS.into_iter().map(Some).chain([None]) {
                        let counts = sla::policy(&rules, tenant, event, segment);
                        prop_assert!(counts.is_none_or(|row| !superseded.contains(&row.name.as_str())));
                    }
                }
            }
        }
    }
}
