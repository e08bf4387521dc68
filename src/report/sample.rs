//! A report as it could be, for tests.

use crate::data::Report;
use crate::diagram::Rules;

/// What `examples/page.rs` shows, too.
pub const JSON: &str = include_str!("sample.json");

/// The report.
pub fn report() -> Report {
    serde_json::from_str(JSON).expect("the sample is a report")
}

/// Rules with one of each kind, named as given.
pub fn rules(name: &str) -> Rules {
    let rules = serde_json::json!({
        "domains": [{"kind": "partner", "queue": name, "domains": 3}, {"kind": "personal", "queue": null, "domains": 9}],
        "customers": 2, "named": 1,
        "recycling": [{"reason": name, "kind": "fit", "queue": name}],
        "segments": [
            {"name": name, "priority": 10, "enabled": true, "territory": name, "fallback": null},
            {"name": "rest", "priority": 20, "enabled": true, "territory": null, "fallback": "catch_all"},
            {"name": "old", "priority": 30, "enabled": false, "territory": name, "fallback": null}],
        "tiers": [
            {"segment": null, "name": name, "score": "(,50)", "action": "nurture", "pool": null, "queue": null, "unless": null},
            {"segment": null, "name": "hot", "score": "[50,)", "action": "pool", "pool": name, "queue": null, "unless": null},
            {"segment": name, "name": name, "score": "(,)", "action": "queue", "pool": name, "queue": name, "unless": "high"}],
        "pools": [{"name": name, "strategy": "weighted_round_robin", "fallback": name,
                   "members": [{"rep": name, "weight": "1.5", "active": true}, {"rep": "bob", "weight": "1", "active": false}]}],
        "queues": [{"name": name, "kind": "triage", "pool": name}, {"name": "catch_all", "kind": "catch_all", "pool": null}],
        "territories": [{"name": name, "fallback": name}]
    });
    serde_json::from_value(rules).expect("these are rules")
}
