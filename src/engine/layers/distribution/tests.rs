use super::*;
use crate::availability::Away;
use crate::decision::{Decision, Layer};
use crate::roster::Presence;
use crate::testkit::{lead, owner, queue, roster, said, Setup};
use serde_json::{json, Value};

/// Every lead goes to the pool hunters; members in the order of their seats, with their weights.
fn setup(reps: Value, weights: &[(&str, i64)]) -> Setup {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1, "required_skills": ["cloud"]}],
        "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "hunters"}],
        "pools": [{"name": "hunters", "pool_no": 1}],
    });
    Setup::new(rules, team(reps, weights))
}

fn team(mut reps: Value, weights: &[(&str, i64)]) -> Value {
    for rep in reps.as_array_mut().unwrap() {
        rep.as_object_mut().unwrap().entry("skills").or_insert(json!(["cloud"]));
    }
    let member =
        |(rep, weight): &(&str, i64)| json!({"pool": "hunters", "rep_id": rep, "weight": weight});
    let members: Vec<Value> = weights.iter().map(member).collect();
    json!({"reps": reps, "members": members})
}

fn turns(setup: &mut Setup, leads: usize) -> Vec<String> {
    let mut next = |_| owner(&setup.route(lead("ada@acme.com"))).to_owned();
    (0..leads).map(&mut next).collect()
}

fn candidates(decision: &Decision) -> Vec<(&str, Option<Ineligible>)> {
    let list = match said(decision, Layer::Distribution) {
        Reason::Turn { candidates, .. } | Reason::NobodyEligible { candidates, .. } => candidates,
        other => panic!("{other:?}"),
    };
    list.iter().map(|row| (row.rep.as_str(), row.not.clone())).collect()
}

#[test]
fn turns_follow_the_weights() {
    let reps = || json!([{"id": "ann"}, {"id": "bob"}]);
    let mut even = setup(reps(), &[("ann", 1000), ("bob", 1000)]);
    assert_eq!(turns(&mut even, 4), ["ann", "bob", "ann", "bob"]);
    let mut double = setup(reps(), &[("ann", 2000), ("bob", 1000)]);
    assert_eq!(turns(&mut double, 6), ["ann", "bob", "ann", "ann", "bob", "ann"]);
}

#[test]
fn a_tie_ends_in_the_lower_seat() {
    let mut setup = setup(json!([]), &[]);
    let mut tables = team(json!([{"id": "ann"}, {"id": "bob"}]), &[("bob", 1000), ("ann", 1000)]);
    for (row, seat) in [(0, 7), (1, 3)] {
        tables["members"][row]["seat"] = json!(seat);
    }
    setup.roster = roster(tables);
    let decision = setup.route(lead("ada@acme.com"));
    assert_eq!(candidates(&decision), [("ann", None), ("bob", None)]);
    assert_eq!((owner(&decision), decision.turns[0].seat), ("ann", 3));
}

#[test]
fn who_was_away_comes_back_level_with_the_pool() {
    let weights = [("ann", 1000), ("bob", 1000)];
    let mut setup = setup(json!([{"id": "ann"}, {"id": "bob", "presence": "away"}]), &weights);
    assert_eq!(turns(&mut setup, 4), ["ann"; 4]);
    setup.roster = roster(team(json!([{"id": "ann"}, {"id": "bob"}]), &weights));
    assert_eq!(turns(&mut setup, 4), ["ann", "bob", "ann", "bob"]);
}

/// One rep for each reason not to be eligible, and one who fits.
fn motley() -> Setup {
    let reps = json!([
        {"id": "away", "presence": "offline"},
        {"id": "zero"},
        {"id": "tongue", "languages": ["de", "en"]},
        {"id": "goods", "products": ["phone"]},
        {"id": "novice", "skills": ["phone"]},
        {"id": "tried"},
        {"id": "fit", "languages": ["fr"], "products": ["mail"], "skills": ["sap", "cloud"]},
    ]);
    let seats = ["away", "zero", "tongue", "goods", "novice", "tried", "gone", "fit"];
    setup(reps, &seats.map(|rep| (rep, if rep == "zero" { 0 } else { 1000 })))
}

#[test]
fn every_other_candidate_is_in_the_trace_with_why_not() {
    let lead = Lead { language: Some("FR".into()), product: Some("Mail".into()), ..lead("ada@acme.com") };
    let decision = motley().route_again(lead, &["tried"]);
    assert_eq!(owner(&decision), "fit");
    let away = |away| Some(Ineligible::Away { away });
    let presence = Presence::Offline;
    let language = Ineligible::Language { needs: "fr".into() };
    let product = Ineligible::Product { needs: "mail".into() };
    let skill = Ineligible::Skill { needs: "cloud".into() };
    let expected = [
        ("away", away(Away::Presence { presence })),
        ("zero", Some(Ineligible::ZeroWeight)),
        ("tongue", Some(language)),
        ("goods", Some(product)),
        ("novice", Some(skill)),
        ("tried", Some(Ineligible::AlreadyTried)),
        ("gone", away(Away::Unknown)),
        ("fit", None),
    ];
    assert_eq!(candidates(&decision), expected);
}

#[test]
fn a_lead_that_says_nothing_of_language_and_product_suits_everybody() {
    let reps = json!([{"id": "ann", "languages": ["fr"], "products": ["mail"]}]);
    let decision = setup(reps, &[("ann", 1000)]).route(lead("ada@acme.com"));
    assert_eq!(owner(&decision), "ann");
    assert_eq!((decision.layer, decision.turns[0].seat), (Layer::Distribution, 0));
}

#[test]
fn nobody_eligible_takes_no_turn_and_falls_on() {
    let mut setup = setup(json!([{"id": "ann", "active": false}]), &[("ann", 1000)]);
    let before = setup.state.clone();
    let decision = setup.route(lead("ada@acme.com"));
    let away = Away::Inactive;
    assert_eq!(candidates(&decision), [("ann", Some(Ineligible::Away { away }))]);
    assert_eq!(queue(&decision), "catch_all");
    assert_eq!(decision.turns, []);
    assert_eq!(setup.state, before);
}

#[test]
fn a_pool_without_members_falls_on() {
    let decision = setup(json!([]), &[]).route(lead("ada@acme.com"));
    assert!(candidates(&decision).is_empty());
    assert_eq!(decision.layer, Layer::Fallback);
}
