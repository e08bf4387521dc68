use super::*;
use crate::decision::explain::full;
use crate::decision::{Decision, Layer, Outcome};
use crate::lead::{Given, Lead};
use crate::testkit::{lead, now, owner, said, Setup, DAY};
use serde_json::{json, Value};

fn setup(criteria: Value) -> Setup {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1}],
        "tiers": [
            {"name": "hot", "score": {"lower": 50, "lower_inc": true}, "action": "pool", "pool": "sales"},
            {"name": "cold", "score": {"upper": 50}, "action": "nurture"},
        ],
        "pools": [{"name": "sales", "pool_no": 1}],
        "score_criteria": criteria,
    });
    let roster = json!({"reps": [{"id": "ann"}], "members": [{"pool": "sales", "rep_id": "ann"}]});
    let mut setup = Setup::new(rules, roster);
    setup.lookups.condition_is("$.demo", true);
    setup.lookups.condition_is("$.large", true);
    setup.lookups.condition_is("$.student", false);
    setup
}

fn criteria() -> Value {
    json!([
        {"name": "demo", "points": 40, "condition": "$.demo", "reason": "asked for a demo", "half_life": 30 * DAY},
        {"name": "large", "points": 20.5, "condition": "$.large"},
        {"name": "student", "points": -100, "condition": "$.student"},
    ])
}

fn scored(decision: &Decision) -> (f64, usize, Vec<(&str, f64)>, Vec<&str>) {
    let Reason::Scored { score, asked, reasons, broken } = said(decision, Layer::Qualification) else {
        panic!("not scored");
    };
    let reasons = reasons.iter().map(|fired| (fired.criterion.as_str(), fired.points)).collect();
    (*score, *asked, reasons, broken.iter().map(|problem| problem.field.as_str()).collect())
}

fn is_asked(decision: &Decision) -> bool {
    decision.trace.iter().any(|step| step.layer == Layer::Qualification)
}

#[test]
fn a_lead_without_score_gets_the_sum_of_what_holds_and_is_routed_by_it() {
    let decision = setup(criteria()).route(lead("ada@acme.com"));
    assert_eq!(scored(&decision), (60.5, 3, vec![("demo", 40.0), ("large", 20.5)], vec![]));
    assert_eq!((owner(&decision), decision.tier.as_deref()), ("ann", Some("hot")));
    assert_eq!((decision.clean.scored, decision.clean.lead.score), (Some(60.5), Some(60.5)));
    let text = full(&decision.trace);
    assert!(text.contains("qualification score 60.5, grade B, by 2 of 3 criteria"), "{text}");
    assert!(text.contains("+40 demo: asked for a demo\n"), "{text}");
}

#[test]
fn a_given_score_stays_whatever_criteria_say() {
    for score in [0.0, -5.0, 49.9] {
        let decision = setup(criteria()).route(Lead { score: Some(score), ..lead("ada@acme.com") });
        assert!(!is_asked(&decision));
        assert_eq!((&decision.outcome, decision.clean.scored), (&Outcome::Nurture, None));
    }
}

#[test]
fn a_score_that_criteria_gave_is_made_anew() {
    let given = Given { is_scored: true, ..Given::default() };
    let mut setup = setup(criteria());
    let lead = Lead { score: Some(10.0), given, ..lead("ada@acme.com") };
    let context = crate::context::Context {
        rules: &setup.rules,
        roster: &setup.roster,
        now: setup.now,
        presence_ttl: None,
        tenant: None,
    };
    let decision = crate::routing::pipeline::route(lead, Vec::new(), context, &mut setup.lookups);
    assert_eq!(decision.clean.scored, Some(60.5));
}

#[test]
fn without_criteria_for_its_tenant_a_lead_is_not_asked_about() {
    let mut one = criteria();
    one[0]["tenants"] = json!(["acme"]);
    let only = json!([one[0].clone()]);
    let of = |tenant: &str| Lead { tenant: tenant.into(), ..lead("ada@acme.com") };
    assert!(!is_asked(&setup(only.clone()).route(of("beta"))));
    assert!(is_asked(&setup(only).route(of("acme"))));
    assert!(!is_asked(&setup(json!([])).route(of(""))));
    // those of the tenant are added to those for all
    assert_eq!(scored(&setup(one.clone()).route(of("acme"))).0, 60.5);
    assert_eq!(scored(&setup(one).route(of("beta"))).0, 20.5);
}

#[test]
fn criteria_count_while_they_are_in_effect() {
    let mut rows = criteria();
    rows[1]["effective"] = json!({"lower": now() + DAY, "lower_inc": true});
    assert_eq!(scored(&setup(rows.clone()).route(lead("ada@acme.com"))).1, 2);
    let later = json!([rows[1].clone()]);
    let mut none_yet = setup(later);
    assert!(!is_asked(&none_yet.route(lead("ada@acme.com"))));
    none_yet.now = now() + 2 * DAY;
    assert_eq!(scored(&none_yet.route(lead("ada@acme.com"))).0, 20.5);
}

#[test]
fn points_of_behaviour_age_from_when_the_buyer_acted() {
    for (days, points, total) in [(0, 40.0, 60.5), (30, 20.0, 40.5), (45, 14.14, 34.64), (3000, 0.0, 20.5)] {
        let occurred_at = Some(now() - days * DAY);
        let decision = setup(criteria()).route(Lead { occurred_at, ..lead("ada@acme.com") });
        let (score, _, reasons, _) = scored(&decision);
        assert_eq!(score, total, "{days}");
        assert!(reasons.contains(&("demo", points)), "{days}");
    }
    let in_the_future = Some(now() + DAY);
    let decision = setup(criteria()).route(Lead { occurred_at: in_the_future, ..lead("ada@acme.com") });
    assert_eq!(scored(&decision).0, 60.5);
    let old = setup(criteria()).route(Lead { occurred_at: Some(now() - 30 * DAY), ..lead("ada@acme.com") });
    assert!(full(&old.trace).contains("+20 demo: asked for a demo, of +40 when the buyer acted"));
}

#[test]
fn what_is_broken_is_silent_alone() {
    let mut rows = criteria();
    rows[0]["condition_problem"] = json!("the condition uses a variable, and there are none");
    rows[2]["condition"] = json!("$.unknown");
    rows[2]["points"] = json!(1000);
    let decision = setup(rows).route(lead("ada@acme.com"));
    assert_eq!(scored(&decision), (20.5, 3, vec![("large", 20.5)], vec!["demo", "student"]));
    let text = full(&decision.trace);
    assert!(text.contains("criterion student was skipped: nobody knows $.unknown"), "{text}");
}

#[test]
fn without_condition_points_are_for_everybody() {
    let decision = setup(json!([{"name": "base", "points": 55}])).route(lead("ada@acme.com"));
    assert_eq!((scored(&decision).0, owner(&decision)), (55.0, "ann"));
}

#[test]
fn nothing_that_holds_is_a_score_of_zero() {
    let rows = json!([{"name": "student", "points": -100, "condition": "$.student"}]);
    let decision = setup(rows).route(lead("ada@acme.com"));
    assert_eq!((scored(&decision).0, decision.clean.scored), (0.0, Some(0.0)));
}

#[test]
fn a_score_that_cannot_be_read_is_one_that_somebody_gave() {
    let mut setup = setup(criteria());
    let problem = Problem { field: "score".into(), what: "is not a number".into() };
    let context = crate::context::Context {
        rules: &setup.rules,
        roster: &setup.roster,
        now: setup.now,
        presence_ttl: None,
        tenant: None,
    };
    let lead = lead("ada@acme.com");
    let decision = crate::routing::pipeline::route(lead, vec![problem], context, &mut setup.lookups);
    assert!(!is_asked(&decision));
}
