use super::*;
use crate::decision::{Decision, Layer};
use crate::roster::unavailable::Away;
use crate::roster::Presence;
use crate::testkit::{account, lead, owner, queue, roster, said, Setup};
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
    let member = |(rep, weight): &(&str, i64)| json!({"pool": "hunters", "rep_id": rep, "weight": weight});
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
    let before = setup.lookups.clone();
    let decision = setup.route(lead("ada@acme.com"));
    let away = Away::Inactive;
    assert_eq!(candidates(&decision), [("ann", Some(Ineligible::Away { away }))]);
    assert_eq!(queue(&decision), "catch_all");
    assert_eq!(decision.turns, []);
    assert_eq!(setup.lookups, before);
}

#[test]
fn a_pool_without_members_falls_on() {
    let decision = setup(json!([]), &[]).route(lead("ada@acme.com"));
    assert!(candidates(&decision).is_empty());
    assert_eq!(decision.layer, Layer::Fallback);
}

fn with_pool(mut setup: Setup, fields: Value) -> Setup {
    let pool = setup.rules.pools.get_mut("hunters").unwrap();
    let mut row = json!({"name": "hunters", "pool_no": 1});
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    *pool = serde_json::from_value(row).unwrap();
    setup
}

#[test]
fn a_pool_may_hold_its_leads_while_everybody_is_away() {
    let reps = json!([{"id": "ann", "presence": "away"}, {"id": "bob", "active": false}]);
    let weights = [("ann", 1000), ("bob", 1000)];
    let mut setup =
        with_pool(setup(reps, &weights), json!({"when_all_away": "hold", "fallback_queue": "desk"}));
    let decision = setup.route(lead("ada@acme.com"));
    assert_eq!((decision.layer, queue(&decision), decision.held), (Layer::Distribution, "desk", true));
    assert!(matches!(said(&decision, Layer::Distribution), Reason::Held { .. }));
    // nobody who comes back, nothing to hold for
    let gone = json!([{"id": "ann", "active": false}, {"id": "bob", "active": false}]);
    setup.roster = roster(team(gone, &weights));
    let decision = setup.route(lead("ada@acme.com"));
    assert_eq!((decision.layer, decision.held), (Layer::Fallback, false));
}

#[test]
fn a_pool_may_assign_to_somebody_who_is_away() {
    let reps = json!([
        {"id": "ann", "presence": "away"}, {"id": "bob", "active": false},
        {"id": "cid", "presence": "away", "languages": ["fr"]}, {"id": "dee", "presence": "offline"},
    ]);
    let weights = ["ann", "bob", "cid", "dee"].map(|rep| (rep, 1000));
    let mut setup = with_pool(setup(reps, &weights), json!({"when_all_away": "assign_anyway"}));
    let german = Lead { language: Some("de".into()), ..lead("ada@acme.com") };
    let owners: Vec<String> = (0..4).map(|_| owner(&setup.route(german.clone())).to_owned()).collect();
    assert_eq!(owners, ["ann", "dee", "ann", "dee"]);
    let decision = setup.route(german);
    assert!(matches!(said(&decision, Layer::Distribution), Reason::Turn { anyway: true, .. }));
}

#[test]
fn who_has_as_many_leads_as_allowed_is_passed_over() {
    let reps = json!([
        {"id": "ann", "daily_cap": 2}, {"id": "bob", "weekly_cap": 3}, {"id": "cid", "max_open_leads": 1},
    ]);
    let mut setup = setup(reps, &["ann", "bob", "cid"].map(|rep| (rep, 1000)));
    assert_eq!(turns(&mut setup, 6), ["ann", "bob", "cid", "ann", "bob", "bob"]);
    let decision = setup.route(lead("ada@acme.com"));
    let caps = [
        ("ann", Some(Ineligible::DailyCap { cap: 2 })),
        ("bob", Some(Ineligible::WeeklyCap { cap: 3 })),
        ("cid", Some(Ineligible::OpenLeads { cap: 1 })),
    ];
    assert_eq!(candidates(&decision), caps);
    assert_eq!(decision.layer, Layer::Fallback);
}

#[test]
fn who_is_being_counted_elsewhere_is_passed_over() {
    let reps = json!([{"id": "ann", "daily_cap": 9}, {"id": "bob"}]);
    let mut setup = setup(reps, &[("ann", 1000), ("bob", 1000)]);
    setup.lookups.counted = vec![0];
    let decision = setup.route(lead("ada@acme.com"));
    assert_eq!(owner(&decision), "bob");
    assert_eq!(candidates(&decision), [("ann", Some(Ineligible::Counted)), ("bob", None)]);
}

#[test]
fn an_owner_match_is_a_turn_where_the_pool_says_so() {
    use crate::lead::account::{Account, AccountKind};
    for counts in [false, true] {
        let reps = json!([{"id": "ann"}, {"id": "bob"}]);
        let mut setup = setup(reps, &[("ann", 1000), ("bob", 1000)]);
        setup = with_pool(setup, json!({"owner_matches_count": counts}));
        let owner_id = Some("ann".to_owned());
        setup.lookups.account(Account { named: true, owner_id, ..account("acme", AccountKind::Prospect) });
        setup.lookups.account_domain("acme.com", "acme", None);
        let matched = setup.route(lead("ada@acme.com"));
        assert_eq!((owner(&matched), matched.turns.len()), ("ann", usize::from(counts)));
        setup.lookups.book(&matched.turns);
        let next = if counts { "bob" } else { "ann" };
        assert_eq!(owner(&setup.route(lead("eve@other.org"))), next);
    }
}

#[test]
fn a_trace_tells_the_turn_that_it_took() {
    let reps = json!([{"id": "ann"}, {"id": "bob", "presence": "away"}, {"id": "cid"}]);
    let mut setup = setup(reps, &[("ann", 2000), ("bob", 1000), ("cid", 1000)]);
    let decision = setup.route(lead("ada@acme.com"));
    let json = serde_json::to_string(said(&decision, Layer::Distribution)).unwrap();
    let reason: Reason = serde_json::from_str(&json).unwrap();
    let (rep, turn) = turn_of(&reason, 1).unwrap();
    assert_eq!((rep, turn.seat, &turn.credit), ("ann", 0, &decision.turns[0].credit));
}

#[test]
fn a_corrected_lead_stays_with_the_rep_whose_turn_it_was() {
    use crate::lead::{Given, Holder};
    let corrected = |rep: &str, pool: &str| {
        let holder = Some(Holder { rep: rep.to_owned(), pool: Some(pool.to_owned()), must_answer: false });
        Lead { given: Given { holder, ..Given::default() }, ..lead("ada@acme.com") }
    };
    let reps = json!([{"id": "ann"}, {"id": "bob", "daily_cap": 0}, {"id": "cid", "presence": "offline"}, {"id": "dan"}]);
    let members = [("ann", 1000), ("bob", 1000), ("cid", 1000)];
    for (rep, pool, gets, turns, told) in [
        ("ann", "hunters", "ann", 0, 0),
        // caps count the lead already
        ("bob", "hunters", "bob", 0, 0),
        ("cid", "hunters", "ann", 1, 1),
        ("dan", "hunters", "ann", 1, 1),
        ("bob", "other", "ann", 1, 1),
        // it is their turn anyway
        ("ann", "other", "ann", 1, 0),
    ] {
        let decision = setup(reps.clone(), &members).route(corrected(rep, pool));
        let found = (owner(&decision), decision.turns.len(), decision.notices.len());
        assert_eq!(found, (gets, turns, told), "{rep} in {pool}");
    }
}

#[test]
fn a_pool_may_keep_the_open_leads_of_a_company_together() {
    let routed = |together: bool, owner: &str, bob: &str, email: &str| {
        let rules = json!({
            "segments": [{"name": "all", "priority": 1}],
            "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "pool"}],
            "pools": [{"name": "pool", "pool_no": 1, "keep_company_together": together}],
        });
        let roster = json!({
            "reps": [{"id": "ann"}, {"id": "bob", "presence": bob}, {"id": "eve"}],
            "members": [{"pool": "pool", "rep_id": "ann"}, {"pool": "pool", "rep_id": "bob"}],
        });
        let mut setup = Setup::new(rules, roster);
        setup.lookups.company_owners.insert(Company::Domain("acme.com".into()), owner.into());
        let decision = setup.route(lead(email));
        (owner_of(&decision), decision.company, decision.turns.len())
    };
    let acme = || Some(Company::Domain("acme.com".to_owned()));
    assert_eq!(routed(true, "bob", "online", "ada@eu.acme.com"), ("bob".into(), acme(), 1));
    assert_eq!(routed(false, "bob", "online", "ada@acme.com"), ("ann".into(), None, 1));
    // who is away, or not of the pool
    assert_eq!(routed(true, "bob", "away", "ada@acme.com"), ("ann".into(), acme(), 1));
    assert_eq!(routed(true, "eve", "online", "ada@acme.com"), ("ann".into(), acme(), 1));
    assert_eq!(routed(true, "bob", "online", "ada@else.com").0, "ann");
}

fn owner_of(decision: &Decision) -> String {
    decision.outcome.owner().unwrap_or_default().to_owned()
}
