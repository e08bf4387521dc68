use super::*;
use crate::decision::{Decision, Layer};
use crate::lead::Lead;
use crate::testkit::{account, lead, owner, queue, said, Setup};
use serde_json::{json, Value};

/// Named accounts of olaf, by name; what is said of matching.
fn setup(matching: Value, accounts: &[(&str, &str, Option<&str>)]) -> Setup {
    let mut policy = json!({"name": "all", "enabled": true, "threshold": 0.82, "margin": 0.05,
                            "max_candidates": 3, "review_queue": "which account"});
    policy.as_object_mut().unwrap().extend(matching.as_object().unwrap().clone());
    let reps = json!({"reps": [{"id": "olaf"}, {"id": "olga"}]});
    let mut setup = Setup::new(json!({ "account_matching": [policy] }), reps);
    for (id, name, country) in accounts {
        setup.lookups.account(Account {
            named: true,
            owner_id: Some(if *id == "other" { "olga" } else { "olaf" }.into()),
            country: country.map(str::to_owned),
            ..account(id, AccountKind::Prospect)
        });
        setup.lookups.names.insert((*name).into(), (*id).into());
    }
    setup
}

fn of(company: &str) -> Lead {
    Lead { company: Some(company.into()), ..Lead::default() }
}

fn decided_by(decision: &Decision) -> Option<TieBreaker> {
    match said(decision, Layer::Customer) {
        Reason::Namesakes { decided_by, .. } => *decided_by,
        reason => panic!("{reason:?}"),
    }
}

const ACME: (&str, &str, Option<&str>) = ("acme", "Acme Corporation", Some("US"));

#[test]
fn a_name_like_that_of_an_account_finds_it() {
    let mut setup = setup(json!({}), &[ACME]);
    let decision = setup.route(of("ACME CORPORATION LTD"));
    assert_eq!((owner(&decision), decision.account_id.as_deref()), ("olaf", Some("acme")));
    let threshold = 0.82;
    let candidate =
        NameCandidate { account: "acme".into(), name: "Acme Corporation".into(), similarity: 1.0 };
    let expected = Reason::Namesakes {
        company: "ACME CORPORATION LTD".into(),
        threshold,
        candidates: vec![candidate],
        decided_by: None,
    };
    assert_eq!(said(&decision, Layer::Customer), &expected);
}

#[test]
fn it_is_off_unless_somebody_switches_it_on() {
    let decision = setup(json!({"enabled": false}), &[ACME]).route(of("Acme Corporation"));
    assert_eq!((decision.layer, said(&decision, Layer::Customer)), (Layer::Fallback, &Reason::NoAccount));
}

#[test]
fn better_evidence_is_never_overruled() {
    let acme = || Some("Acme Corporation".to_owned());
    for better in [
        // of a company that nobody knows
        Lead { company: acme(), ..lead("ada@else.com") },
        Lead { company: acme(), website: Some("else.com".into()), ..Lead::default() },
        Lead { company: acme(), crm_account_id: Some("gone".into()), ..Lead::default() },
    ] {
        let decision = setup(json!({}), &[ACME]).route(better);
        assert_eq!(said(&decision, Layer::Customer), &Reason::NoAccount);
    }
    let mut setup = setup(json!({}), &[ACME, ("other", "Other", None)]);
    setup.lookups.contact("ada@gmx.com", "other");
    let contact = Lead { company: acme(), ..lead("ada@gmx.com") };
    assert_eq!(owner(&setup.route(contact)), "olga");
}

#[test]
fn free_mail_is_no_better_evidence() {
    let mut setup = setup(json!({}), &[ACME]);
    setup.lookups.listed("gmx.com", crate::rules::tables::MailDomain::Personal);
    let company = Some("Acme".to_owned());
    assert_eq!(owner(&setup.route(Lead { company, ..lead("ada@gmx.com") })), "olaf");
}

#[test]
fn below_the_threshold_nothing_is_found_and_the_trace_says_how_far_off() {
    let decision = setup(json!({}), &[("acme", "Acmes", None)]).route(of("Acmet"));
    assert_eq!(decision.layer, Layer::Fallback);
    let Reason::Namesakes { candidates, .. } = said(&decision, Layer::Customer) else { panic!() };
    assert_eq!(candidates[0].similarity, 0.8);
}

#[test]
fn ties_are_broken_in_one_order() {
    for (accounts, country, account, by) in [
        ([("a", "Globale", None), ("other", "Global", None)], None, "other", TieBreaker::Similarity),
        ([("a", "Global Inc", None), ("other", "Global LLC", None)], None, "other", TieBreaker::LegalForm),
        (
            [("a", "Global AG", Some("US")), ("other", "Global Inc", Some("DE"))],
            Some("DE"),
            "other",
            TieBreaker::Country,
        ),
        ([("a", "Global AG", None), ("b", "Global Inc", None)], None, "a", TieBreaker::Id),
    ] {
        let country = country.map(str::to_owned);
        let company = if by == TieBreaker::LegalForm { "GLOBAL L.L.C." } else { "Global" };
        let lead = Lead { country, ..of(company) };
        let decision = setup(json!({}), &accounts).route(lead);
        assert_eq!((decision.account_id.as_deref(), decided_by(&decision)), (Some(account), Some(by)));
    }
}

#[test]
fn two_owners_for_one_name_are_ambiguous() {
    let twins = [("acme", "Globex AG", None), ("other", "Globex Inc", None)];
    let decision = setup(json!({}), &twins).route(of("Globex"));
    assert_eq!(
        (queue(&decision), decision.layer, decision.account_id.is_none()),
        ("which account", Layer::Customer, true)
    );
    assert_eq!(decision.notices.len(), 1);
    let last = &decision.trace.last().unwrap().reason;
    let accounts = vec!["acme".to_owned(), "other".to_owned()];
    assert_eq!(last, &Reason::Ambiguous { accounts, queue: Some("which account".into()) });

    // without a queue it belongs to neither; without a margin to the first
    let decision = setup(json!({"review_queue": null}), &twins).route(of("Globex"));
    assert_eq!((decision.layer, decision.account_id), (Layer::Fallback, None));
    let decision = setup(json!({"margin": 0}), &twins).route(of("Globex"));
    assert_eq!(decision.account_id.as_deref(), Some("acme"));
}

#[test]
fn a_margin_keeps_those_apart_that_are_nearly_as_much_alike() {
    let near = [("acme", "International Paints", None), ("other", "International Pains", None)];
    let company = "International Paintsz";
    assert_eq!(queue(&setup(json!({"margin": 0.06}), &near).route(of(company))), "which account");
    let decision = setup(json!({"margin": 0.01}), &near).route(of(company));
    assert_eq!(decision.account_id.as_deref(), Some("acme"));
}

#[test]
fn the_owner_of_an_account_above_stands_in_for_one_that_has_none() {
    let mut setup = setup(json!({}), &[("top", "Top", None)]);
    for id in ["child", "middle"] {
        setup.lookups.account(Account { named: true, ..account(id, AccountKind::Prospect) });
    }
    setup.lookups.parent("child", "middle");
    setup.lookups.parent("middle", "top");
    let decision = setup.route(Lead { crm_account_id: Some("child".into()), ..Lead::default() });
    assert_eq!(owner(&decision), "olaf");
    let Reason::Named { of, .. } = said(&decision, Layer::NamedAccount) else { panic!() };
    assert_eq!(of.as_deref(), Some("top"));
    assert!(decision.reason().ends_with("goes to olaf of top, the account above it"));
}
