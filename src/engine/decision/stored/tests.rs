use super::*;
use crate::roster::unavailable::{Away, Ineligible};
use serde_json::json;

fn step(layer: Layer, reason: Reason) -> Step {
    Step { layer, decided: false, reason }
}

fn intake(domain: Option<&str>) -> Step {
    let domain = domain.map(str::to_owned);
    step(
        Layer::Intake,
        Reason::Cleaned { domain, no_company: None, unreadable: Vec::new(), notes: Vec::new() },
    )
}

fn scored() -> Step {
    step(
        Layer::Qualification,
        Reason::Scored { score: 60.5, asked: 3, reasons: Vec::new(), broken: Vec::new() },
    )
}

fn of_domain(domain: &str) -> Step {
    step(Layer::DomainRule, Reason::NoDomainRule { domain: domain.into() })
}

fn nothing_in(layers: &[Layer]) -> Vec<Step> {
    let reason = |layer| if layer == Layer::Duplicate { Reason::FirstSeen } else { Reason::NoAccount };
    layers.iter().map(|layer| step(*layer, reason(*layer))).collect()
}

fn last() -> Step {
    let reason = Reason::Fallback { queue: "desk".into(), of: "catch-all".into() };
    Step { layer: Layer::Fallback, decided: true, reason }
}

/// What is stored of a trace; fails if that does not tell all of it.
fn stored(trace: &[Step]) -> Value {
    let stored = json!(Stored(trace));
    let Trace(read) = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(read, trace, "by {stored}");
    let Trace(read) = serde_json::from_value(json!(trace)).unwrap();
    assert_eq!(read, trace, "as it was stored before");
    assert_eq!(full(stored.clone()), json!(trace));
    assert_eq!(full(json!(trace)), json!(trace));
    stored
}

/// How many steps are not stored.
fn left_out_of(trace: &[Step]) -> usize {
    let stored = stored(trace);
    let count = trace.len() - stored.as_array().unwrap().len();
    assert_eq!(stored[0].get("implied").and_then(Value::as_u64).unwrap_or(0), count as u64);
    count
}

fn joined(parts: &[&[Step]]) -> Vec<Step> {
    parts.concat()
}

#[test]
fn layers_that_found_nothing_are_a_number() {
    let nothing = nothing_in(&LAYERS[1..]);
    let trace = joined(&[&[intake(Some("acme.com")), of_domain("acme.com")], &nothing, &[last()]]);
    let expected = json!([
        {"layer": "intake", "code": "cleaned", "domain": "acme.com", "implied": 5},
        {"layer": "fallback", "decided": true, "code": "fallback", "queue": "desk", "of": "catch-all"},
    ]);
    assert_eq!(stored(&trace), expected);
    let no_domain = step(Layer::DomainRule, Reason::NoDomain);
    assert_eq!(left_out_of(&joined(&[&[intake(None), no_domain], &nothing, &[last()]])), 5);
}

#[test]
fn the_first_that_found_something_ends_the_run() {
    let (intake, domain, last) = (intake(Some("acme.com")), of_domain("acme.com"), last());
    let merged = Reason::MergedInto { lead_id: 7, by_email: true, raises: false, moves: None };
    let merged = Step { layer: Layer::Duplicate, decided: true, reason: merged };
    assert_eq!(left_out_of(&[intake.clone(), domain.clone(), merged]), 1);
    let by_name = Reason::Namesakes {
        company: "Acme".into(),
        threshold: 0.8,
        candidates: Vec::new(),
        decided_by: None,
    };
    let known = Reason::NotCustomer { account: "acme".into(), by: crate::lead::account::MatchedBy::Domain };
    for found in [known, by_name, Reason::NoOwner { account: "acme".into() }] {
        let seen = nothing_in(&[Layer::Duplicate]);
        // the account may be known to one layer only
        let rest = nothing_in(&[Layer::Customer, Layer::Recycle, Layer::NamedAccount]);
        let trace = joined(&[
            &[intake.clone(), domain.clone()],
            &seen,
            &[step(Layer::Customer, found)],
            &rest,
            std::slice::from_ref(&last),
        ]);
        assert_eq!(left_out_of(&trace), 2);
    }
    let no_identity = step(Layer::Duplicate, Reason::NoIdentity);
    assert_eq!(left_out_of(&[intake.clone(), domain.clone(), no_identity, last.clone()]), 1);
    assert_eq!(left_out_of(&[intake.clone(), of_domain("else.com"), last.clone()]), 0);
    assert_eq!(left_out_of(&[intake, step(Layer::DomainRule, Reason::NoDomain), last]), 0);
}

#[test]
fn layers_that_were_not_asked_are_not_implied() {
    let given =
        Step { layer: Layer::Given, decided: true, reason: Reason::GivenClosed { status: "lost".into() } };
    let intake = intake(Some("acme.com"));
    assert_eq!(left_out_of(&[intake.clone(), given.clone()]), 0);
    // adopted: neither domain_rule nor duplicate
    let rest = nothing_in(&[Layer::Customer, Layer::Recycle, Layer::NamedAccount]);
    let not_given = step(Layer::Given, Reason::NoOwnerGiven);
    assert_eq!(left_out_of(&joined(&[&[intake.clone(), not_given.clone()], &rest, &[last()]])), 0);
    assert_eq!(left_out_of(&joined(&[std::slice::from_ref(&intake), &rest, &[last()]])), 0);
    let seen = nothing_in(&[Layer::Duplicate]);
    let before = [intake, of_domain("acme.com")];
    assert_eq!(left_out_of(&joined(&[&before, &seen, &[not_given], &rest, &[last()]])), 2);
    assert_eq!(left_out_of(&joined(&[&before, &seen, &[given]])), 2);
    // as if one of them were gone
    assert_eq!(left_out_of(&joined(&[&before, &seen, &rest[..1], &rest[2..], &[last()]])), 3);
}

#[test]
fn they_come_behind_the_qualification() {
    let nothing = joined(&[&[of_domain("a.b")], &nothing_in(&LAYERS[1..])]);
    assert_eq!(left_out_of(&joined(&[&[intake(Some("a.b")), scored()], &nothing, &[last()]])), 5);
    assert_eq!(left_out_of(&[intake(Some("a.b")), scored(), last()]), 0);
    // not one that came later
    assert_eq!(left_out_of(&joined(&[&[intake(Some("a.b"))], &nothing, &[scored(), last()]])), 0);
}

#[test]
fn other_traces_are_stored_as_they_are() {
    assert_eq!(left_out_of(&[]), 0);
    assert_eq!(left_out_of(&[intake(None)]), 0);
    assert_eq!(left_out_of(&[last()]), 0);
    assert_eq!(left_out_of(&joined(&[&[of_domain("a.b")], &nothing_in(&LAYERS[1..])])), 0);
    let not_intake = Step { layer: Layer::Given, ..intake(Some("a.b")) };
    assert_eq!(left_out_of(&[not_intake, of_domain("a.b"), last()]), 0);
    let decided = Step { decided: true, ..of_domain("a.b") };
    assert_eq!(left_out_of(&[intake(Some("a.b")), decided]), 0);
}

#[test]
fn a_number_that_nobody_has_written_implies_nothing() {
    let trace = |implied: Value| json!([{"layer": "intake", "code": "cleaned", "domain": "a.b", "implied": implied}, last()]);
    for implied in [
        json!(0),
        json!(-1),
        json!(6),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(1e300),
        json!("2"),
        json!(null),
        json!([1]),
    ] {
        let trace = trace(implied);
        assert_eq!(full(trace.clone()), trace);
        let Trace(read) = serde_json::from_value(trace).unwrap();
        assert_eq!(read.len(), 2);
    }
    assert_eq!(full(trace(json!(2.0))).as_array().unwrap().len(), 4);
}

#[test]
fn what_is_no_trace_stays_as_it_is() {
    let others = [
        json!(null),
        json!(7),
        json!("text"),
        json!({}),
        json!([]),
        json!([[]]),
        json!([null, 1, {}]),
        json!({"layer": "intake", "code": "cleaned", "implied": 2}),
        json!([{"layer": "intake", "implied": 2}]),
        json!([{"layer": "given", "code": "cleaned", "implied": 2}]),
        json!([{"layer": "intake", "code": "cleaned", "domain": 5, "implied": 2}]),
        json!([{"layer": "intake", "code": "cleaned"}, {"layer": "intake", "code": "cleaned", "implied": 2}]),
    ];
    for other in others {
        assert_eq!(full(other.clone()), other);
    }
    let Trace(read) =
        serde_json::from_value(json!([{"layer": "given", "code": "cleaned", "implied": 2}])).unwrap();
    assert_eq!(read.len(), 1);
    // one that ends with the intake
    let short = json!([{"layer": "intake", "code": "cleaned", "domain": null, "implied": 1}]);
    let code = |step: &Value| step["code"].clone();
    assert_eq!(
        full(short).as_array().unwrap().iter().map(code).collect::<Vec<_>>(),
        ["cleaned", "no_domain"]
    );
}

#[test]
fn a_full_trace_has_objects_for_candidates() {
    let turn = |candidate: Value| json!([{"layer": "distribution", "pool": "p", "candidates": [candidate, {"rep": "bob", "why": "paused"}, 5, "x y"]}]);
    let full_one = json!({"rep": "å 7:8", "share": [-3, 1500, -5], "load": {"open": 4, "capacity": 20_000}});
    assert_eq!(full(turn(json!("-3:1500:-5:4:20000 å 7:8"))), turn(full_one.clone()));
    assert_eq!(full(turn(full_one.clone())), turn(full_one));
    let away = Candidate {
        rep: "eve".into(),
        share: None,
        load: None,
        not: Some(Ineligible::Away { away: Away::Inactive }),
    };
    assert_eq!(full(turn(json!(away))), turn(json!({"rep": "eve", "why": "away", "away": "inactive"})));
    // candidates of other steps are left alone
    let names = json!([{"code": "namesakes", "candidates": ["1:2:3 b", {"account": "a", "name": "7 b"}]}]);
    assert_eq!(full(names.clone()), names);
}
