//! The clock that starts with a lead.

use crate::config::{Intent, Rules, SlaPolicy};
use crate::Micros;

/// A clock that routing starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Name of the policy.
    pub policy: String,
    /// When the buyer acted.
    pub started_at: Micros,
    /// When the first response is due.
    pub due_at: Micros,
    /// When the first step of the ladder is due; `None` for a policy without steps.
    pub next_at: Option<Micros>,
}

/// Intent of an event; one that is not in `event_types` counts as medium.
pub fn intent(rules: &Rules, event: Option<&str>) -> Intent {
    event.and_then(|name| rules.intents.get(name).copied()).unwrap_or(Intent::Medium)
}

/// The clock for a lead. Of the policies that match, the strictest counts: the shortest
/// `respond_within`, then the name.
pub fn clock(rules: &Rules, event: Option<&str>, segment: Option<&str>, acted_at: Micros) -> Option<Clock> {
    let intent = intent(rules, event);
    let allows = |list: &Option<Vec<String>>, value: Option<&str>| match list {
        None => true,
        Some(list) => value.is_some_and(|value| list.iter().any(|item| item == value)),
    };
    let matches = |policy: &&SlaPolicy| {
        let intents = policy.intents.as_ref();
        allows(&policy.events, event)
            && allows(&policy.segments, segment)
            && intents.is_none_or(|list| list.contains(&intent))
    };
    let policy = (rules.sla_policies.iter())
        .filter(matches)
        .min_by(|a, b| (a.respond_within, &a.name).cmp(&(b.respond_within, &b.name)))?;
    let due_at = acted_at.saturating_add(policy.respond_within);
    let steps = rules.escalation_steps.get(&policy.name);
    let first = steps.and_then(|steps| steps.first());
    Some(Clock {
        policy: policy.name.clone(),
        started_at: acted_at,
        due_at,
        next_at: first.map(|step| due_at.saturating_add(step.after)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{now, rules, MINUTE};
    use serde_json::{json, Value};

    fn with_policies(policies: Value) -> Rules {
        rules(json!({
            "event_types": [
                {"name": "demo_request", "intent": "high"},
                {"name": "webinar", "intent": "medium"},
                {"name": "newsletter", "intent": "low"},
            ],
            "sla_policies": policies,
            "escalation_steps": [
                {"policy": "fast", "step": 1, "after": 2 * MINUTE, "action": "remind"},
                {"policy": "fast", "step": 2, "after": 9 * MINUTE, "action": "queue"},
            ],
        }))
    }

    fn policy(rules: &Rules, event: Option<&str>, segment: Option<&str>) -> Option<String> {
        clock(rules, event, segment, now()).map(|clock| clock.policy)
    }

    #[test]
    fn the_clock_counts_from_the_action_of_the_buyer() {
        let rules = with_policies(json!([{"name": "fast", "respond_within": 5 * MINUTE}]));
        let acted_at = now() - 60 * MINUTE;
        let expected = Clock {
            policy: "fast".into(),
            started_at: acted_at,
            due_at: now() - 55 * MINUTE,
            next_at: Some(now() - 53 * MINUTE),
        };
        assert_eq!(clock(&rules, None, None, acted_at), Some(expected));
    }

    #[test]
    fn a_policy_without_ladder_has_no_next_step() {
        let rules = with_policies(json!([{"name": "calm", "respond_within": MINUTE}]));
        assert_eq!(clock(&rules, None, None, now()).unwrap().next_at, None);
    }

    #[test]
    fn the_strictest_policy_counts_then_the_name() {
        let rules = with_policies(json!([
            {"name": "slow", "respond_within": 60 * MINUTE},
            {"name": "zulu", "respond_within": 5 * MINUTE},
            {"name": "mike", "respond_within": 5 * MINUTE},
            {"name": "dach", "segments": ["dach"], "respond_within": MINUTE},
        ]));
        assert_eq!(policy(&rules, None, None).unwrap(), "mike");
        assert_eq!(policy(&rules, None, Some("dach")).unwrap(), "dach");
    }

    #[test]
    fn intents_come_from_the_event_and_unknown_events_are_medium() {
        let rules = with_policies(json!([
            {"name": "high", "intents": ["high"], "respond_within": 5 * MINUTE},
            {"name": "medium", "intents": ["medium"], "respond_within": 15 * MINUTE},
            {"name": "not high", "intents": ["low", "medium"], "respond_within": 60 * MINUTE},
        ]));
        for (event, expected) in [
            (Some("demo_request"), "high"),
            (Some("webinar"), "medium"),
            (Some("newsletter"), "not high"),
            (Some("carrier_pigeon"), "medium"),
            (None, "medium"),
        ] {
            assert_eq!(policy(&rules, event, None).unwrap(), expected, "{event:?}");
        }
    }

    #[test]
    fn every_column_of_a_policy_must_allow_the_lead() {
        let rules = with_policies(json!([{
            "name": "narrow", "events": ["demo_request", "newsletter"], "intents": ["high"],
            "segments": ["dach"], "respond_within": MINUTE,
        }]));
        let dach = Some("dach");
        assert_eq!(policy(&rules, Some("demo_request"), dach).unwrap(), "narrow");
        assert_eq!(policy(&rules, Some("newsletter"), dach), None);
        assert_eq!(policy(&rules, Some("webinar"), dach), None);
        assert_eq!(policy(&rules, Some("demo_request"), Some("world")), None);
        assert_eq!(policy(&rules, Some("demo_request"), None), None);
        assert_eq!(policy(&rules, None, dach), None);
    }
}
