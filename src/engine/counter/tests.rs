use super::*;
use crate::context::Context;
use crate::decision::Outcome;
use crate::lead::Lead;
use crate::lookups::Lookups;
use crate::roster::load::Load;
use crate::routing::pipeline::properties::{leads, setups};
use crate::testkit::{lead, now, Memory, Setup, DAY, HOUR};
use proptest::prelude::*;
use serde_json::json;
use serde_json::Value;

struct InMemory(Memory);

impl Trials for InMemory {
    fn lookups(&mut self, _: &[(&'static str, Value)]) -> &mut dyn Lookups {
        &mut self.0
    }
}

/// The decision about a lead, and what would have changed it. The lead is routed first, so that turns have gone on.
fn asked(setup: &mut Setup, lead: &Lead) -> (Decision, Decision, Vec<Counter>) {
    let decided = setup.route(lead.clone());
    let (rules, roster) = (&setup.rules, &setup.roster);
    let context = Context { rules, roster, now: setup.now, presence_ttl: None, tenant: None };
    let case = Case { lead: lead.clone(), unreadable: Vec::new(), context, trace: &decided.trace };
    let (base, found) = counters(&case, &mut InMemory(setup.lookups.clone()));
    (decided, base, found)
}

/// Change and where it leads, the smallest first.
fn said(setup: &mut Setup, lead: &Lead) -> Vec<String> {
    let (_, _, found) = asked(setup, lead);
    let said = |row: Counter| format!("{}: {} {}", row.change, row.outcome, row.goes_to.unwrap_or_default());
    found.into_iter().map(said).collect()
}

fn span(lower: i32, upper: i32) -> Value {
    json!({"lower": lower, "lower_inc": true, "upper": upper})
}

fn company() -> Value {
    json!({
        "segments": [
            {"name": "smb", "priority": 1, "countries": ["DE", "FR"], "employees": span(1, 500)},
            {"name": "large", "priority": 2, "countries": ["DE", "FR"], "employees": {"lower": 500, "lower_inc": true}},
            {"name": "rest", "priority": 3, "countries": ["US", "JP"], "fallback_queue": "abroad"},
        ],
        "tiers": [
            {"name": "cold", "score": {"upper": 50}, "action": "nurture"},
            {"name": "warm", "score": span(50, 80), "action": "pool", "pool": "sales"},
            {"name": "hot", "score": {"lower": 80, "lower_inc": true}, "action": "pool", "pool": "closers"},
            {"segment": "large", "name": "any", "score": {}, "action": "queue", "queue": "key accounts"},
        ],
        "pools": [{"name": "sales", "pool_no": 1}, {"name": "closers", "pool_no": 2}],
    })
}

fn team() -> Value {
    json!({
        "reps": [{"id": "ann"}, {"id": "bob"}, {"id": "cyd", "languages": ["en"]}, {"id": "max"}],
        "members": [
            {"pool": "sales", "rep_id": "ann"}, {"pool": "sales", "rep_id": "bob"}, {"pool": "sales", "rep_id": "cyd"},
            {"pool": "closers", "rep_id": "max"},
        ],
    })
}

fn german(score: f64, employees: Option<i32>) -> Lead {
    Lead {
        country: Some("DE".into()),
        language: Some("de".into()),
        score: Some(score),
        employees,
        ..lead("ada@new.com")
    }
}

#[test]
fn the_nearest_values_that_lead_elsewhere_are_named() {
    let mut setup = Setup::new(company(), team());
    assert_eq!(
        said(&mut setup, &german(74.0, Some(480))),
        [
            "500 employees instead of 480 (+20): queue key accounts",
            "a score of 80 instead of 74 (+6): owner max",
            "a score of less than 50 instead of 74: nurture ",
            "1 more lead in pool sales before it: owner bob",
            "0 employees instead of 480 (-480): queue catch_all",
        ]
    );
}

#[test]
fn an_unknown_number_leads_to_each_segment_that_it_can_reach() {
    let mut setup = Setup::new(company(), team());
    let found = said(&mut setup, &german(60.0, None));
    assert!(found.contains(&"1 employees instead of an unknown number: owner ann".to_owned()), "{found:?}");
    assert!(
        found.contains(&"500 employees instead of an unknown number: queue key accounts".to_owned()),
        "{found:?}"
    );
}

#[test]
fn who_was_away_full_or_unsuited_would_have_had_it() {
    let mut roster = team();
    roster["absences"] =
        json!([{"rep_id": "ann", "during": {"lower": now() - HOUR, "upper": now() + DAY / 4}}]);
    roster["reps"][1]["daily_cap"] = json!(3);
    let mut setup = Setup::new(company(), roster);
    setup.lookups.loads.insert(1, Load { today: 3, this_week: 3, open: 0 });
    let found = said(&mut setup, &german(74.0, Some(10)));
    let starts = |start: &str| found.iter().any(|line| line.starts_with(start));
    assert!(starts("ann not absent: owner ann"), "{found:?}");
    assert!(starts("bob with a daily cap of 4: owner bob"), "{found:?}");
    assert!(starts("cyd speaking de: owner cyd"), "{found:?}");
    assert!(starts("language en instead of de: owner cyd"), "{found:?}");
}

#[test]
fn several_obstacles_of_one_rep_are_taken_away_together() {
    let mut roster = team();
    roster["reps"][3]["presence"] = json!("away");
    roster["reps"][3]["languages"] = json!(["en"]);
    let mut setup = Setup::new(company(), roster);
    let found = said(&mut setup, &german(90.0, Some(10)));
    assert!(found.contains(&"max speaking de and online: owner max".to_owned()), "{found:?}");
}

#[test]
fn fewer_open_leads_would_have_made_room() {
    let mut rules = company();
    rules["pools"][0]["strategy"] = json!("least_loaded");
    let mut setup = Setup::new(rules, team());
    setup.lookups.loads.insert(0, Load { open: 2, ..Load::default() });
    setup.lookups.loads.insert(1, Load { open: 5, ..Load::default() });
    let found = said(&mut setup, &german(74.0, Some(10)));
    // with as many as ann has, it is her turn still; her seat comes first
    assert!(found.contains(&"bob with 4 open leads fewer: owner bob".to_owned()), "{found:?}");
}

#[test]
fn turns_are_those_of_the_decision_not_of_now() {
    let mut setup = Setup::new(company(), team());
    let lead = german(74.0, Some(10));
    let decided = setup.route(lead.clone());
    let later: Vec<Decision> = (0..5).map(|_| setup.route(lead.clone())).collect();
    assert_eq!(later.last().unwrap().outcome, Outcome::Owner("bob".into()));
    let (rules, roster) = (&setup.rules, &setup.roster);
    let context = Context { rules, roster, now: setup.now, presence_ttl: None, tenant: None };
    let case = Case { lead, unreadable: Vec::new(), context, trace: &decided.trace };
    let (base, _) = counters(&case, &mut InMemory(setup.lookups.clone()));
    assert_eq!((base.outcome, base.trace), (decided.outcome, decided.trace));
}

#[test]
fn where_a_domain_decides_nothing_of_this_matters() {
    let mut setup = Setup::new(company(), team());
    setup.lookups.domain_rule("rival.com", crate::rules::tables::DomainKind::Competitor, Some("rivals"));
    assert_eq!(
        said(&mut setup, &Lead { country: Some("DE".into()), ..lead("x@rival.com") }),
        [] as [String; 0]
    );
}

/// The value that a counter names, as a number.
fn number(to: &str) -> f64 {
    let parsed = |text: &str| text.parse::<f64>().unwrap();
    match (to.strip_prefix("more than "), to.strip_prefix("less than ")) {
        (Some(bound), _) => parsed(bound).next_up(),
        (_, Some(bound)) => parsed(bound).next_down(),
        _ => parsed(to),
    }
}

/// Where routing sends another lead, with the turns of then.
fn goes(setup: &mut Setup, then: &Memory, lead: Lead) -> (Outcome, Option<String>) {
    setup.lookups = then.clone();
    let decision = setup.route(lead);
    (decision.outcome, decision.pool)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A named number really leads where it is said to, and no quarter between it and the lead's own does anything.
    #[test]
    fn a_named_number_is_the_nearest_that_leads_elsewhere(mut setup in setups(), lead in leads()) {
        let then = setup.lookups.clone();
        let (decided, base, found) = asked(&mut setup, &lead);
        prop_assert_eq!(&decided.outcome, &base.outcome);
        let place = (base.outcome.clone(), base.pool.clone());
        for row in found {
            let is_score = row.change.starts_with("a score");
            if !(is_score || row.change.contains(" employees instead of") && row.from != "unknown") {
                continue;
            }
            let with = |value: f64| match is_score {
                true => Lead { score: Some(value), ..lead.clone() },
                false => Lead { employees: Some(value as i32), ..lead.clone() },
            };
            let to = number(&row.to);
            let (outcome, pool) = goes(&mut setup, &then, with(to));
            prop_assert_eq!((outcome.name(), outcome.owner().or(outcome.queue())), (row.outcome, row.goes_to.as_deref()), "{}", &row.change);
            prop_assert!((outcome, pool) != place, "{}", row.change);
            let from = if is_score { lead.score.unwrap_or(0.0) } else { f64::from(lead.employees.unwrap()) };
            let (low, high) = if from < to { (from, to) } else { (to, from) };
            let quarters = (1..4000).map(|n| low + f64::from(n) / 4.0).take_while(|value| *value < high);
            for value in quarters.filter(|value| is_score || value.fract() == 0.0) {
                prop_assert_eq!(&goes(&mut setup, &then, with(value)), &place, "{} between {} and {}", value, from, to);
            }
        }
    }

    /// After so many more leads it really is the next candidate's turn, and before that it is not.
    #[test]
    fn so_many_more_leads_are_just_enough(mut setup in setups(), lead in leads()) {
        let (decided, base, found) = asked(&mut setup, &lead);
        let Some(row) = found.iter().find(|row| row.change.contains(" before it")) else {
            return Ok(());
        };
        let leads: usize = row.change.split(' ').next().unwrap().parse().unwrap();
        prop_assert_eq!(&decided.outcome, &base.outcome);
        // the lead itself was routed already, and is the first of them
        for _ in 1..leads {
            prop_assert_eq!(&setup.route(lead.clone()).outcome, &base.outcome);
        }
        let next = setup.route(lead).outcome;
        prop_assert_eq!(next.owner(), row.goes_to.as_deref());
    }

    /// Asking changes nothing.
    #[test]
    fn asking_has_no_effect(mut setup in setups(), lead in leads()) {
        let decided = setup.route(lead.clone());
        let (rules, roster) = (&setup.rules, &setup.roster);
        let context = Context { rules, roster, now: setup.now, presence_ttl: None, tenant: None };
        let case = Case { lead, unreadable: Vec::new(), context, trace: &decided.trace };
        let mut trials = InMemory(setup.lookups.clone());
        let first = counters(&case, &mut trials);
        let second = counters(&case, &mut trials);
        prop_assert_eq!(first, second);
    }
}
