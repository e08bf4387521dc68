use super::*;
use crate::decision::stored::{Stored, Trace};
use crate::decision::{Layer, Outcome};
use crate::follow_up::escalation::Overdue;
use crate::follow_up::waiting::Waiting;
use crate::lead::account::Company;
use crate::lead::{Given, Problem};
use crate::replay::difference::Answered;
use crate::replay::facts::Raw;
use crate::replay::recorder::Recorder;
use crate::roster::load::Load;
use crate::routing::layers::intake;
use crate::routing::pipeline::properties::{leads, setups, REPS};
use crate::rules::tables::Strategy;
use crate::testkit::{lead, Setup, HOUR};
use crate::work::Work;
use proptest::prelude::*;
use serde_json::json;

/// Does the work as the extension does, and answers with what is kept, as it comes back from a table.
fn made(setup: &mut Setup, work: Work) -> Option<(Decision, Vec<Step>, Facts)> {
    let unreadable = vec![Problem { field: "score".into(), what: "is no number".into() }];
    let facts = Facts::of(&work, &unreadable);
    let Setup { rules, roster, now, lookups } = setup;
    let context = Context { rules, roster, now: *now, presence_ttl: None, tenant: Some("") };
    let given = match &work {
        Work::Route(lead) => Some((**lead).clone()),
        _ => None,
    };
    let mut recorder = Recorder::new(lookups, facts);
    let mut decision = work::answer(work, unreadable, context, &mut recorder).decision?;
    pipeline::within_tenant(&mut decision, rules, roster);
    let mut facts = recorder.facts(&decision.trace);
    facts.raw = given.map(|lead| Raw::of(&lead, &decision.clean)).unwrap_or_default();
    let facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
    let Trace(trace) =
        serde_json::from_str(&serde_json::to_string(&Stored(&decision.trace)).unwrap()).unwrap();
    Some((*decision, trace, facts))
}

/// The lead as it is stored after the decision.
fn stored(decision: &Decision, given: &Lead) -> Lead {
    let clean = &decision.clean;
    let kept = |cleaned: &Option<String>, given: &Option<String>| cleaned.clone().or_else(|| given.clone());
    Lead {
        email: kept(&clean.email, &given.email),
        phone: kept(&clean.phone, &given.phone),
        industry: kept(&clean.industry, &given.industry),
        country: kept(&clean.lead.country, &given.country),
        language: kept(&clean.language, &given.language),
        event: kept(&clean.lead.event, &given.event),
        occurred_at: clean.lead.occurred_at,
        given: Given::default(),
        ..given.clone()
    }
}

/// Makes the decision again without any look-up; a decision that is not the same fails.
fn again(setup: &Setup, lead: Lead, then: &Decision, trace: &[Step], facts: &Facts) -> Decision {
    let then = &Answered::from(then);
    let made = Made { lead, facts, then, trace, decided_at: setup.now, presence_ttl: None };
    replay(made, &setup.rules, Rc::new(setup.roster.clone()), &setup.lookups).unwrap()
}

fn difference(then: &Decision, trace: &[Step], now: &Decision) -> Option<String> {
    let now_trace: Vec<Step> = serde_json::from_str(&serde_json::to_string(&now.trace).unwrap()).unwrap();
    let (then, now) = (Answered::from(then), Answered::from(now));
    difference::first((&then, trace), (&now, &now_trace))
}

/// Caps, loads, and reps whose count is held: by bits.
fn crowded(setup: &mut Setup, bits: u32) {
    for (place, id) in REPS.iter().enumerate() {
        let bits = bits >> (place * 4);
        let Some(rep) = setup.roster.reps.get_mut(*id) else { continue };
        rep.daily_cap = (bits & 1 == 1).then_some(2);
        rep.max_open_leads = (bits & 2 == 2).then_some(5);
        let load = Load { today: i64::from(bits & 3), this_week: 3, open: i64::from(bits & 7) };
        setup.lookups.loads.insert(rep.rep_no, load);
        if bits & 12 == 12 {
            setup.lookups.counted.push(rep.rep_no);
        }
    }
    for pool in setup.rules.pools.values_mut() {
        pool.keep_company_together = bits & (1 << 16) != 0;
        pool.owner_matches_count = bits & (1 << 17) != 0;
        if bits & (1 << 18) != 0 {
            pool.strategy = Strategy::LeastLoaded;
        }
    }
    if bits & (1 << 19) != 0 {
        setup.lookups.company_owners.insert(Company::Domain("else.org".into()), "bob".into());
    }
}

proptest! {
    #[test]
    fn a_decision_that_is_made_again_is_the_same(
        mut setup in setups(), leads in prop::collection::vec(leads(), 1..6), bits in any::<u32>(),
    ) {
        crowded(&mut setup, bits);
        for lead in leads {
            let (then, trace, facts) = made(&mut setup, Work::Route(Box::new(lead.clone()))).unwrap();
            let now = again(&setup, stored(&then, &lead), &then, &trace, &facts);
            prop_assert_eq!(difference(&then, &trace, &now), None, "{:?}", facts);
            prop_assert_eq!((then.outcome, then.clock, then.turns, then.notices),
                            (now.outcome, now.clock, now.turns, now.notices));
        }
    }

    #[test]
    fn a_decision_about_a_lead_that_waits_is_the_same(
        mut setup in setups(), lead in leads(), bits in any::<u32>(), kind in 0..3, held in any::<bool>(),
    ) {
        crowded(&mut setup, bits);
        let waiting = Waiting {
            lead: lead.clone(), owner_id: Some("ann".into()), pool: Some("hunters".into()), held,
            segment: Some("segment 0".into()), tried: vec!["ann".into()], ..Waiting::default()
        };
        let work = match kind {
            0 => Work::HandOut(Box::new(waiting)),
            1 => Work::HandOver(Box::new(waiting)),
            _ => Work::Escalate(Box::new(Overdue { waiting, policy: "all".into(), ..Overdue::default() })),
        };
        if let Some((then, trace, facts)) = made(&mut setup, work) {
            let now = again(&setup, lead, &then, &trace, &facts);
            prop_assert_eq!(difference(&then, &trace, &now), None, "{:?}", facts);
        }
    }

    /// So what is stored need not be kept a second time as it came.
    #[test]
    fn what_is_stored_is_cleaned_to_the_same(setup in setups(), lead in leads()) {
        let clean = |lead: Lead| {
            let mut clean = crate::lead::CleanLead { lead, ..Default::default() };
            intake::clean(&mut clean, &setup.rules, setup.now, &mut |_| None);
            clean
        };
        let once = clean(lead.clone());
        let kept = |cleaned: &Option<String>, given: &Option<String>| cleaned.clone().or_else(|| given.clone());
        let stored = Lead {
            email: kept(&once.email, &lead.email), phone: kept(&once.phone, &lead.phone),
            language: kept(&once.language, &lead.language), event: kept(&once.lead.event, &lead.event),
            ..lead
        };
        let twice = clean(stored);
        prop_assert_eq!((twice.email, twice.phone, twice.person, twice.lead), (once.email, once.phone, once.person, once.lead));
        prop_assert_eq!((twice.unreadable, twice.notes), (once.unreadable, once.notes));
    }
}

/// hunters has bob and eve; the lead comes from Germany, which nobody's code says.
fn plain() -> Setup {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1}],
        "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "hunters"}],
        "pools": [{"name": "hunters", "pool_no": 1}],
        "sla_policies": [{"name": "all", "respond_within": HOUR}],
    });
    let members = json!([{"pool": "hunters", "rep_id": "bob"}, {"pool": "hunters", "rep_id": "eve"}]);
    Setup::new(rules, json!({"reps": [{"id": "bob"}, {"id": "eve"}], "members": members}))
}

fn routed(setup: &mut Setup, lead: Lead) -> (Decision, Vec<Step>, Facts) {
    let (then, trace, mut facts) = made(setup, Work::Route(Box::new(lead))).unwrap();
    facts.unreadable.clear();
    (then, trace, facts)
}

#[test]
fn nothing_is_kept_of_a_plain_lead() {
    let mut setup = plain();
    let (_, _, facts) = routed(&mut setup, lead("ada@acme.com"));
    assert!(facts.is_empty(), "{facts:?}");
    assert_eq!(serde_json::to_string(&facts).unwrap(), "{}");
    let (_, _, facts) = routed(&mut setup, Lead { country: Some("germany".into()), ..lead("ada@acme.com") });
    assert_eq!(
        serde_json::to_string(&facts).unwrap(),
        r#"{"raw":{"country":"germany"},"country":[[1,"DE"]]}"#
    );
}

#[test]
fn another_rule_is_a_difference_and_named() {
    let mut setup = plain();
    let (then, trace, facts) = made(&mut setup, Work::Route(Box::new(lead("ada@acme.com")))).unwrap();
    assert_eq!(then.layer, Layer::Distribution);
    let again = |setup: &Setup| {
        let now = again(setup, lead("ada@acme.com"), &then, &trace, &facts);
        difference(&then, &trace, &now).unwrap_or_default()
    };
    assert_eq!(again(&setup), "");
    setup.roster.reps.get_mut("bob").unwrap().active = false;
    let difference = again(&setup);
    assert!(difference.starts_with("step 9 (distribution): then "), "{difference}");
    assert!(difference.contains("bob"), "{difference}");
}

#[test]
fn who_could_not_be_locked_or_hold_the_row_is_left_out_again() {
    let mut setup = plain();
    let whole = setup.roster.clone();
    setup.roster.reps.get_mut("bob").unwrap().cannot_hold = Some("has no row in users".into());
    let (then, trace, mut facts) = made(&mut setup, Work::Route(Box::new(lead("ada@acme.com")))).unwrap();
    assert_eq!(then.outcome, Outcome::Owner("eve".into()));
    setup.roster = whole.clone();
    let again = |setup: &Setup, facts: &Facts, trace: &[Step]| {
        let (then, ..) = made(&mut plain(), Work::Route(Box::new(lead("ada@acme.com")))).unwrap();
        again(setup, lead("ada@acme.com"), &then, trace, facts)
    };
    assert!(difference(&then, &trace, &again(&setup, &facts, &trace)).is_some());
    facts.unable = vec![("bob".into(), "has no row in users".into())];
    assert_eq!(difference(&then, &trace, &again(&setup, &facts, &trace)), None);

    setup.roster.reps.remove("bob");
    let (then, trace, mut facts) = made(&mut setup, Work::Route(Box::new(lead("ada@acme.com")))).unwrap();
    setup.roster = whole;
    facts.gone = vec!["bob".into()];
    assert_eq!(difference(&then, &trace, &again(&setup, &facts, &trace)), None);
    facts.caught = true;
    assert_eq!(again(&setup, &facts, &trace).outcome, Outcome::Queue("catch_all".into()));
}

#[test]
fn after_an_error_it_is_said_again_where_the_lead_went() {
    let mut setup = plain();
    let (then, ..) = routed(&mut setup, lead("ada@acme.com"));
    let trace = [Step {
        layer: Layer::Fallback,
        decided: true,
        reason: Reason::Error { sqlstate: "22012".into(), message: "division by zero".into() },
    }];
    let now = again(&setup, lead("ada@acme.com"), &then, &trace, &Facts::default());
    assert_eq!((now.outcome, &now.trace[..]), (Outcome::Queue("catch_all".into()), &trace[..]));
}
