//! The order of the layers, and what a decision carries.

use super::*;
use crate::lead::account::{Account, AccountKind};
use crate::rules::tables::DomainKind;
use crate::testkit::{account, lead, now, owner, queue, Setup, MINUTE};
use serde_json::json;

const ORDER: [&str; 10] = [
    "intake",
    "domain_rule",
    "duplicate",
    "customer",
    "recycle",
    "named_account",
    "segment",
    "tier",
    "distribution",
    "fallback",
];

/// A lead of acme.com scored 90 would be decided by every layer that may decide.
fn setup() -> Setup {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1, "territory": "north"}],
        "territories": [{"name": "north", "fallback_queue": "north", "manager_id": "nora"}],
        "tiers": [
            {"name": "A", "score": {"lower": 50}, "action": "pool", "pool": "hunters"},
            {"name": "B", "score": {"upper": 50, "upper_inc": true}, "action": "nurture"},
        ],
        "pools": [{"name": "hunters", "pool_no": 1}],
        "queues": [{"name": "catch_all", "kind": "catch_all", "manager_id": "nora"}],
        "sla_policies": [{"name": "all", "respond_within": 5 * MINUTE}],
        "playbooks": [
            {"name": "grow", "expansion": true},
            {"name": "elsewhere", "segments": ["south", "east"]},
            {"name": "demo", "events": ["demo"], "tiers": ["A"], "segments": ["all"]},
            {"name": "any"},
        ],
    });
    let members = json!([{"pool": "hunters", "rep_id": "ann"}]);
    let roster = json!({"reps": [{"id": "ann"}, {"id": "olaf"}], "members": members});
    Setup::new(rules, roster)
}

fn with_acme(kind: AccountKind) -> Setup {
    let mut setup = setup();
    setup.lookups.account(Account { named: true, owner_id: Some("olaf".into()), ..account("acme", kind) });
    setup.lookups.account_domain("acme.com", "acme", None);
    setup
}

fn hot() -> Lead {
    let score = Some(90.0);
    Lead { score, ..lead("ada@acme.com") }
}

/// The layers up to the one that decided were asked, each once, and no other.
fn ends_with(decision: &Decision, layer: &str) {
    let asked: Vec<&str> = decision.trace.iter().map(|step| step.layer.name()).collect();
    let end = ORDER.iter().position(|name| *name == layer).unwrap();
    assert_eq!(asked, ORDER[..=end]);
    let decided: Vec<bool> = decision.trace.iter().map(|step| step.decided).collect();
    assert_eq!(decided.iter().filter(|decided| **decided).count(), 1);
    assert_eq!((decided.last(), decision.layer.name()), (Some(&true), layer));
}

#[test]
fn the_first_layer_that_decides_ends_the_search() {
    let mut listed = with_acme(AccountKind::Customer);
    let kind = DomainKind::Partner;
    listed.lookups.domain_rule("acme.com", kind, Some("allies"));
    listed.lookups.earlier("ada@acme.com", 7, Some("ann"), None);
    ends_with(&listed.route(hot()), "domain_rule");

    let mut again = with_acme(AccountKind::Customer);
    again.lookups.earlier("ada@acme.com", 7, Some("ann"), None);
    ends_with(&again.route(hot()), "duplicate");

    ends_with(&with_acme(AccountKind::Customer).route(hot()), "customer");
    ends_with(&with_acme(AccountKind::Disqualified).route(hot()), "recycle");
    ends_with(&with_acme(AccountKind::Prospect).route(hot()), "named_account");
    ends_with(&setup().route(lead("ada@acme.com")), "tier");
    ends_with(&setup().route(hot()), "distribution");
    ends_with(&setup().route_again(hot(), &["ann"]), "fallback");
}

#[test]
fn the_decision_carries_where_the_lead_passed() {
    let mut lead = hot();
    (lead.event, lead.occurred_at) = (Some("Demo".into()), Some(now() - MINUTE));
    let decision = setup().route(lead);
    assert_eq!(owner(&decision), "ann");
    let names = [decision.segment, decision.territory, decision.tier, decision.pool];
    let names = names.map(Option::unwrap);
    assert_eq!(names, ["all", "north", "A", "hunters"]);
    assert_eq!(decision.playbook.as_deref(), Some("demo"));
    assert_eq!(decision.clock.unwrap().due_at, now() + 4 * MINUTE);
    let rep_id = Some("ann".to_owned());
    let expected = Notice { kind: "assigned", rep_id };
    assert_eq!(decision.notices, [expected]);
}

#[test]
fn an_account_that_did_not_decide_is_still_named() {
    let mut setup = setup();
    setup.lookups.account(account("acme", AccountKind::Prospect));
    setup.lookups.account_domain("acme.com", "acme", None);
    let decision = setup.route(hot());
    assert_eq!(decision.account_id.as_deref(), Some("acme"));
    assert_eq!(owner(&decision), "ann");
}

#[test]
fn the_first_playbook_that_allows_the_lead_is_taken() {
    let expansion = with_acme(AccountKind::Customer).route(lead("ada@eu.acme.com"));
    assert_eq!(expansion.playbook.as_deref(), Some("grow"));
    let no_event = setup().route(hot());
    assert_eq!(no_event.playbook.as_deref(), Some("any"));
    let event = Some("demo".to_owned());
    let cold = setup().route(Lead { event, ..lead("ada@acme.com") });
    assert_eq!((cold.tier.as_deref(), cold.playbook.as_deref()), (Some("B"), Some("any")));
}

#[test]
fn a_playbook_may_ask_for_a_score_where_there_is_no_tier() {
    let rules = json!({"playbooks": [
        {"name": "hot", "score": {"lower": 50, "lower_inc": true}},
        {"name": "none", "score": {"lower": 0, "lower_inc": true, "upper": 0, "upper_inc": true}},
    ]});
    let of =
        |score| Setup::new(rules.clone(), json!({})).route(Lead { score, ..lead("ada@acme.com") }).playbook;
    let expected = [Some("hot".to_owned()), None, Some("none".to_owned())];
    assert_eq!([of(Some(50.0)), of(Some(49.9)), of(None)], expected);
}

#[test]
fn a_score_that_a_door_could_not_read_is_in_no_tier_for_scores() {
    let (field, what) = ("score".to_owned(), "is not a number".to_owned());
    let odd = vec![Problem { field, what }];
    let mut setup = setup();
    let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
    let context = Context { rules, roster, now, presence_ttl: None, tenant: None };
    let unread = Lead { score: None, ..hot() };
    let decision = route(unread, odd, context, &mut setup.lookups);
    ends_with(&decision, "fallback");
    assert!(decision.reason().starts_with("score is not a number; "), "{}", decision.reason());
}

#[test]
fn a_lead_whose_routing_failed_is_kept_with_the_error() {
    let setup = setup();
    let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
    let late = Lead { occurred_at: Some(now + MINUTE), ..hot() };
    let decision = rescued(
        late,
        "22012",
        "division by zero",
        Context { rules, roster, now, presence_ttl: None, tenant: None },
        &setup.lookups,
    );
    assert_eq!((queue(&decision), decision.layer), ("catch_all", Layer::Fallback));
    assert_eq!(decision.clock.unwrap().due_at, now + 5 * MINUTE);
    let rep_id = Some("nora".to_owned());
    let expected = Notice { kind: "fallback", rep_id };
    assert_eq!(decision.notices, [expected]);
    let (sqlstate, message) = ("22012".to_owned(), "division by zero".to_owned());
    assert_eq!(decision.trace[0].reason, Reason::Error { sqlstate, message });
}
