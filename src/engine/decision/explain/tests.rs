//! Sentences as people read them.

use super::*;
use crate::lead::account::{Account, AccountKind};
use crate::lead::Lead;
use crate::roster::unavailable::Away;
use crate::testkit::{account, lead, now, Setup, HOUR};
use serde_json::json;

/// The pool hunters: ann, who speaks German, and bob, who has weight 0.
fn setup() -> Setup {
    let rules = json!({
        "segments": [
            {"name": "odd", "priority": 1, "condition": "$.", "condition_problem": "syntax error"},
            {"name": "europe", "priority": 2, "countries": ["DE"], "territory": "north"},
        ],
        "territories": [{"name": "north", "fallback_queue": "north"}],
        "tiers": [
            {"name": "A", "score": {"lower": 50}, "action": "pool", "pool": "hunters"},
            {"name": "B", "score": {"upper": 10}, "action": "nurture"},
        ],
        "pools": [{"name": "hunters", "pool_no": 1}],
    });
    let roster = json!({
        "reps": [{"id": "ann", "languages": ["de"]}, {"id": "bob"}, {"id": "olaf", "backup_id": "stan"},
            {"id": "stan"}],
        "members": [{"pool": "hunters", "rep_id": "ann"},
            {"pool": "hunters", "rep_id": "bob", "weight": 0}],
        "absences": [{"rep_id": "olaf", "during": {"lower": now() - HOUR}}],
    });
    Setup::new(rules, roster)
}

fn german(score: f64, language: &str) -> Lead {
    Lead {
        country: Some("DE".into()),
        language: Some(language.into()),
        score: Some(score),
        ..lead("ada@acme.com")
    }
}

fn with_account(kind: AccountKind, named: bool) -> Setup {
    let mut setup = setup();
    setup.lookups.account(Account {
        named,
        owner_id: Some("olaf".into()),
        disqualified_reason: Some("too small".into()),
        ..account("acme", kind)
    });
    setup.lookups.account_domain("acme.com", "acme", None);
    setup
}

#[test]
fn a_turn_with_every_layer_and_candidate() {
    let decision = setup().route(german(72.5, "de"));
    let expected = "   intake        domain acme.com
   domain_rule   no rule for acme.com
   duplicate     no open lead of this person
   customer      belongs to no known account
   recycle       belongs to no known account
   named_account belongs to no known account
   segment       segment europe of territory north
                   segment odd was skipped: syntax error
   tier          score 72.5 is tier A: pool hunters
=> distribution  it was the turn of ann in pool hunters
                   ann was eligible: 1.00 owed, theirs now, again in 1 turn
                   bob has weight 0
";
    assert_eq!(full(&decision.trace), expected);
    assert_eq!(decision.reason(), "it was the turn of ann in pool hunters");
}

#[test]
fn a_fallback_says_what_kept_the_layer_before_from_deciding() {
    let nobody = setup().route(german(72.5, "fr"));
    let expected = "nobody in pool hunters is eligible; goes to the territory queue north";
    assert_eq!(nobody.reason(), expected);
    let lines = full(&nobody.trace);
    assert!(lines.contains("\n                   ann does not speak fr\n"), "{lines}");

    let between = setup().route(german(30.0, "de"));
    let expected = "no tier of segment europe has score 30; goes to the territory queue north";
    assert_eq!(between.reason(), expected);
    let nowhere = setup().route(lead("ada@acme.com"));
    let expected = "none of 2 segments matches; goes to the catch-all queue catch_all";
    assert_eq!(nowhere.reason(), expected);
    let odd = setup().route(lead("nonsense"));
    let expected =
        "email is not an address; none of 2 segments matches; goes to the catch-all queue catch_all";
    assert_eq!(odd.reason(), expected);
}

#[test]
fn layers_that_were_not_asked_say_what_was_missing() {
    let lines = full(&setup().route(Lead::default()).trace);
    let expected = "   intake        no domain
   domain_rule   no domain to look up
   duplicate     neither e-mail nor phone to compare
   customer      belongs to no known account
   recycle       belongs to no known account
   named_account belongs to no known account
   segment       none of 2 segments matches
                   segment odd was skipped: syntax error
   tier          not asked: there is no segment
   distribution  not asked: there is no pool
=> fallback      goes to the catch-all queue catch_all
";
    assert_eq!(lines, expected);
}

#[test]
fn accounts() {
    let sub_domain = || lead("ada@eu.acme.com");
    let reason = |kind, named| with_account(kind, named).route(sub_domain()).reason();
    let away = "because olaf is absent (pto)";
    let customer = reason(AccountKind::Customer, false);
    let expected = "customer acme (another part of it), found by its domain: goes to stan";
    assert_eq!(customer, format!("{expected}, {away}"));
    let named = reason(AccountKind::Prospect, true);
    let expected = "named account acme, found by its domain: goes to stan";
    assert_eq!(named, format!("{expected}, {away}"));
    let expected = "account acme was disqualified (too small), no recycle rule for the reason: \
         queue recycling";
    assert_eq!(reason(AccountKind::Disqualified, true), expected);
}

#[test]
fn queues_nurture_and_merges() {
    let mut setup = setup();
    let rival = (DomainKind::Competitor, Some("rivals"));
    setup.lookups.domain_rule("rival.com", rival.0, rival.1);
    setup.lookups.earlier("ben@acme.com", 7, Some("ann"), None);
    let listed = setup.route(lead("x@eu.rival.com")).reason();
    assert_eq!(listed, "rival.com is a competitor: queue rivals");
    let again = setup.route(lead("Ben+1@acme.com")).reason();
    assert_eq!(again, "same e-mail address as lead 7: merged into it");
    let cold = setup.route(german(0.0, "de")).reason();
    assert_eq!(cold, "score 0 is tier B: nurture");
}

#[test]
fn intake_names_what_it_changed() {
    let mut setup = setup();
    let free_mail = MailDomain::Personal;
    setup.lookups.listed("gmail.com", free_mail);
    let decision = setup.route(Lead {
        website: Some("acme.com".into()),
        country: Some("Atlantis".into()),
        occurred_at: Some(now() + HOUR),
        ..lead("ada@gmail.com")
    });
    let expected = "domain acme.com, a free-mail address without company; \
         country is not a known country, occurred_at lies in the future and was set to now";
    assert_eq!(sentence(&decision.trace[0].reason), expected);
}

#[test]
fn a_step_of_the_ladder_and_an_error() {
    let (policy, to) = ("fast".to_owned(), "max".to_owned());
    let mut reason =
        Reason::Escalated { policy, step: 2, to, action: EscalationAction::Manager, off_duty: None };
    assert_eq!(sentence(&reason), "no response in time (policy fast, step 2): now with max");
    if let Reason::Escalated { off_duty, .. } = &mut reason {
        *off_duty = Some(Away::OffHours { schedule: "office".to_owned() });
    }
    assert_eq!(
        sentence(&reason),
        "no response in time (policy fast, step 2): now with max, who is outside working hours (office)"
    );
    if let Reason::Escalated { action, .. } = &mut reason {
        *action = EscalationAction::Remind;
    }
    let step = Step { layer: Layer::Escalation, decided: true, reason };
    assert_eq!(headline(&[step]), "no response in time (policy fast, step 2): max was reminded");

    let (sqlstate, message) = ("22012".to_owned(), "division by zero".to_owned());
    let error = sentence(&Reason::Error { sqlstate, message });
    let expected = "routing failed (22012: division by zero): kept in queue catch_all";
    assert_eq!(error, expected);
    assert_eq!(headline(&[]), "");
}

/// The lines about candidates of a pool of ann, bob and cyd after some leads.
fn candidates(
    pool: serde_json::Value,
    weights: [i64; 3],
    reps: serde_json::Value,
    leads: usize,
) -> Vec<String> {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1}],
        "tiers": [{"name": "A", "score": {}, "action": "pool", "pool": "hunters"}],
        "pools": [pool],
    });
    let members: Vec<_> = ["ann", "bob", "cyd"]
        .iter()
        .zip(weights)
        .zip(1..)
        .map(
            |((rep, weight), seat)| json!({"pool": "hunters", "rep_id": rep, "seat": seat, "weight": weight}),
        )
        .collect();
    let mut setup = Setup::new(rules, json!({ "reps": reps, "members": members }));
    let mut lines = Vec::new();
    for n in 0..leads {
        let decision = setup.route(lead(&format!("p{n}@c{n}.com")));
        lines = full(&decision.trace).lines().rev().take(3).map(|line| line.trim().to_owned()).collect();
        lines.reverse();
    }
    lines
}

#[test]
fn how_far_each_candidate_was_behind_and_when_it_is_their_turn() {
    let pool = || json!({"name": "hunters", "pool_no": 1});
    let reps = || json!([{"id": "ann"}, {"id": "bob"}, {"id": "cyd"}]);
    assert_eq!(
        candidates(pool(), [4000, 1000, 1000], reps(), 1),
        [
            "ann was eligible: 0.67 owed, theirs now, again in 1 turn",
            "bob was eligible: 0.17 owed, theirs in 2 turns",
            "cyd was eligible: 0.17 owed, theirs in 4 turns"
        ]
    );
    assert_eq!(
        candidates(pool(), [4000, 1000, 1000], reps(), 3),
        [
            "ann was eligible: 0.00 owed, theirs in 1 turn",
            "bob was eligible: 0.50 owed, theirs now, again in 6 turns",
            "cyd was eligible: 0.50 owed, theirs in 2 turns"
        ]
    );
    let far = candidates(pool(), [4_000_000, 1, 1000], reps(), 1);
    assert_eq!(far[1], "bob was eligible: 0.00 owed, theirs not within 1000 turns");
}

#[test]
fn by_load_open_leads_and_capacity() {
    let pool = json!({"name": "hunters", "pool_no": 1, "strategy": "least_loaded"});
    let reps =
        json!([{"id": "ann", "max_open_leads": 40}, {"id": "bob"}, {"id": "cyd", "max_open_leads": 5}]);
    assert_eq!(
        candidates(pool, [1000, 1500, 1000], reps, 1),
        [
            "ann was eligible: 0 open leads, capacity 40",
            "bob was eligible: 0 open leads, capacity 60",
            "cyd was eligible: 0 open leads, capacity 5"
        ]
    );
}
