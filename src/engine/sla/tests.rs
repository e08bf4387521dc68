//! Which policy counts, and when its clock runs out.

use super::*;
use crate::roster::Roster;
use crate::testkit::{at, now, roster, rules, Jiff, DAY, HOUR, MINUTE};
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
    super::policy(rules, "", event, segment).map(|policy| policy.name.clone())
}

/// The clock of a lead that nobody knows anything of.
fn clock(rules: &Rules, acted_at: Micros) -> Option<Clock> {
    with(rules, &Roster::default(), now(), acted_at, Outcome::Owner("ann".into()))
}

fn with(rules: &Rules, roster: &Roster, now: Micros, acted_at: Micros, outcome: Outcome) -> Option<Clock> {
    let context = Context { rules, roster, now, presence_ttl: None, tenant: None };
    super::clock(None, None, Some(acted_at), &outcome, context, &Jiff)
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
    assert_eq!(clock(&rules, acted_at), Some(expected));
}

#[test]
fn a_policy_without_ladder_has_no_next_step() {
    let rules = with_policies(json!([{"name": "calm", "respond_within": MINUTE}]));
    assert_eq!(clock(&rules, now()).unwrap().next_at, None);
}

#[test]
fn the_lowest_priority_counts_then_the_shortest_time_then_the_name() {
    let policies = json!([
        {"name": "slow", "respond_within": 60 * MINUTE},
        {"name": "zulu", "respond_within": 5 * MINUTE},
        {"name": "mike", "respond_within": 5 * MINUTE},
        {"name": "dach", "segments": ["dach"], "respond_within": MINUTE},
    ]);
    let rules = with_policies(policies.clone());
    assert_eq!(policy(&rules, None, None).unwrap(), "mike");
    assert_eq!(policy(&rules, None, Some("dach")).unwrap(), "dach");
    // 100 where it is not said
    for (priority, expected) in [(101, "mike"), (100, "mike"), (99, "slow"), (-1, "slow")] {
        let mut policies = policies.clone();
        policies[0]["priority"] = json!(priority);
        assert_eq!(policy(&with_policies(policies), None, None).unwrap(), expected, "{priority}");
    }
    // it comes before everything, but only where the policy matches
    let mut policies = policies;
    policies[3]["priority"] = json!(1);
    policies[3]["respond_within"] = json!(90 * MINUTE);
    let rules = with_policies(policies);
    assert_eq!(policy(&rules, None, Some("dach")).unwrap(), "dach");
    assert_eq!(policy(&rules, None, Some("world")).unwrap(), "mike");
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

#[test]
fn the_clock_starts_when_the_buyer_acted_but_not_for_an_import() {
    let week = now() - IMPORT_AGE;
    for (acted_at, expected) in [
        (Some(now()), now()),
        (Some(now() - 3 * DAY), now() - 3 * DAY),
        // seven days are fresh, a microsecond more is an import
        (Some(week), week),
        (Some(week - 1), now()),
        (Some(now() - 400 * DAY), now()),
        (Some(Micros::MIN), now()),
        // clocks that are ahead
        (Some(now() + 1), now()),
        (Some(Micros::MAX), now()),
        (None, now()),
    ] {
        assert_eq!(start(acted_at, now()), expected, "{acted_at:?}");
    }
    let rules = with_policies(json!([{"name": "fast", "respond_within": 5 * MINUTE}]));
    let import = clock(&rules, now() - 30 * DAY).unwrap();
    assert_eq!((import.started_at, import.due_at), (now(), now() + 5 * MINUTE));
}

/// Nine to five, Monday to Friday: ann in Berlin (8-16 UTC), eve in New York (14-22 UTC), the manager of the
/// desk in Kolkata (3:30-11:30 UTC); zoe has no hours at all.
fn offices() -> Roster {
    let hours = [1, 2, 3, 4, 5].map(|day| json!({"weekday": day, "opens": 540, "closes": 1020}));
    let rep = |id: &str, zone: &str, hours: &str| json!({"id": id, "time_zone": zone, "schedule": hours});
    roster(json!({
        "reps": [
            rep("ann", "Europe/Berlin", "office"), rep("eve", "America/New_York", "office"),
            rep("mia", "Asia/Kolkata", "office"), rep("zoe", "UTC", "never"), {"id": "ken"},
        ],
        "schedules": [{"name": "office", "hours": hours}, {"name": "never", "hours": []}],
    }))
}

fn by_hours(business_hours: bool) -> Rules {
    let after = |minutes: i64| minutes * MINUTE;
    rules(json!({
        "queues": [{"name": "desk", "kind": "fallback", "manager_id": "mia"}, {"name": "bare", "kind": "fallback"}],
        "sla_policies": [{"name": "fast", "respond_within": HOUR, "business_hours": business_hours}],
        "escalation_steps": [
            {"policy": "fast", "step": 1, "after": after(30), "action": "remind"},
            {"policy": "fast", "step": 2, "after": after(480), "action": "queue"},
        ],
    }))
}

#[test]
fn the_hours_of_whoever_has_the_lead_count() {
    let (owner, queue) = (|rep: &str| Outcome::Owner(rep.into()), |name: &str| Outcome::Queue(name.into()));
    // Wednesday, 15:15 UTC: 16:15 in Berlin, 10:15 in New York, the evening in Kolkata
    let acted_at = at("2026-03-04 15:15");
    let wall = ("2026-03-04 16:15", "2026-03-04 16:45");
    for (outcome, (due_at, next_at)) in [
        (owner("ann"), ("2026-03-05 08:15", "2026-03-05 08:45")),
        (owner("eve"), wall),
        (queue("desk"), ("2026-03-05 04:30", "2026-03-05 05:00")),
        // no hours, no manager, nobody of that name, never at work: the wall clock
        (owner("ken"), wall),
        (queue("bare"), wall),
        (queue("gone"), wall),
        (owner("gone"), wall),
        (owner("zoe"), wall),
    ] {
        let clock = with(&by_hours(true), &offices(), acted_at, acted_at, outcome.clone()).unwrap();
        assert_eq!((clock.due_at, clock.next_at), (at(due_at), Some(at(next_at))), "{outcome:?}");
        let clock = with(&by_hours(false), &offices(), acted_at, acted_at, outcome.clone()).unwrap();
        assert_eq!((clock.due_at, clock.next_at), (at(wall.0), Some(at(wall.1))), "{outcome:?}");
    }
}

#[test]
fn a_clock_is_reckoned_anew_for_another_owner() {
    let (rules, roster) = (by_hours(true), offices());
    let context = Context {
        rules: &rules,
        roster: &roster,
        now: at("2026-03-04 18:00"),
        presence_ttl: None,
        tenant: None,
    };
    let policy = policy_named(&rules, "fast").unwrap();
    let moved = |owner: &str, steps_done| {
        let rep = keeper(Some(owner), None, context);
        let due_at = due(policy, at("2026-03-04 15:15"), rep, context, &Jiff);
        (due_at, next_step(policy, steps_done, due_at, rep, context, &Jiff))
    };
    // eve has 22:00 - 16:15 = 5:45 hours left on Wednesday, 2:15 of the 8 hours are on Thursday from 14:00
    assert_eq!(moved("eve", 0), (at("2026-03-04 16:15"), Some(at("2026-03-04 16:45"))));
    assert_eq!(moved("eve", 1), (at("2026-03-04 16:15"), Some(at("2026-03-05 16:15"))));
    // ann has 7:45 hours on Thursday, 0:15 are on Friday from 8:00
    assert_eq!(moved("ann", 1), (at("2026-03-05 08:15"), Some(at("2026-03-06 08:15"))));
    assert_eq!(moved("ann", 2), (at("2026-03-05 08:15"), None));
    assert!(policy_named(&rules, "gone").is_none());
    // the owner comes before the queue
    assert_eq!(keeper(Some("ann"), Some("desk"), context).unwrap().id, "ann");
}
