use super::*;
use crate::context::Context;
use crate::lead::{CleanLead, Lead};
use crate::rules::shadows::shadows;
use crate::testkit::{now, Setup, HOUR};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{json, Value};

fn setup(rules: Value, roster: Value) -> Setup {
    Setup::new(rules, roster)
}

fn context(setup: &Setup) -> Context<'_> {
    Context { rules: &setup.rules, roster: &setup.roster, now: now(), presence_ttl: None, tenant: None }
}

/// Kind, segment, tier, pool, values and number of leads of each gap.
fn gaps(setup: &Setup, leads: Vec<Lead>) -> Vec<String> {
    let mut survey = Survey::new(context(setup));
    for lead in leads {
        survey.count(CleanLead { lead, ..CleanLead::default() }, &mut setup.lookups.clone());
    }
    let said = |gap: Gap| {
        let name = |name: Option<String>| name.unwrap_or_else(|| "-".into());
        let unless =
            if gap.unless.is_empty() { String::new() } else { format!(" unless {}", gap.unless.join(",")) };
        let tenants = gap.tenants.map(|list| format!(" of {}", list.join(","))).unwrap_or_default();
        let at = format!("{} {} {}", name(gap.segment), name(gap.tier), name(gap.pool));
        format!(
            "{:?} {at}: {}{unless}{tenants} -> {} ({})",
            gap.kind,
            gap.values,
            gap.queues.join(","),
            gap.leads
        )
    };
    survey.gaps().into_iter().map(said).collect()
}

fn span(lower: i32, upper: i32) -> Value {
    json!({"lower": lower, "lower_inc": true, "upper": upper})
}

fn of(country: &str, employees: Option<i32>) -> Lead {
    Lead { country: Some(country.into()), employees, ..Lead::default() }
}

fn anybody() -> (Value, Value) {
    let tiers = json!([{"name": "any", "score": {}, "action": "pool", "pool": "all"}]);
    (tiers, json!({"reps": [{"id": "ann"}], "members": [{"pool": "all", "rep_id": "ann"}]}))
}

#[test]
fn values_that_no_segment_takes_are_named_with_the_leads_that_had_them() {
    let (tiers, roster) = anybody();
    let rules = json!({"tiers": tiers, "pools": [{"name": "all", "pool_no": 1}], "segments": [
        {"name": "dach", "priority": 1, "countries": ["DE", "AT"], "employees": span(1, 500)},
        {"name": "large", "priority": 2, "countries": ["DE"], "employees": {"lower": 500, "lower_inc": true}},
        {"name": "vip", "priority": 3, "countries": ["FR"], "condition": "$.vip"},
    ]});
    let mut setup = setup(rules, roster);
    setup.lookups.condition_is("$.vip", false);
    let leads = vec![
        of("AT", Some(900)),
        of("AT", None),
        of("DE", Some(3)),
        of("FR", None),
        of("US", Some(7)),
        of("DE", None),
    ];
    assert_eq!(
        gaps(&setup, leads),
        [
            "Segment - - -: country AT; employees below 1, or 500 or more, or unknown -> catch_all (2)",
            "Segment - - -: country none, or any but AT, DE and FR -> catch_all (1)",
            "Segment - - -: country DE; employees below 1, or unknown -> catch_all (1)",
            "Segment - - -: country FR unless vip -> catch_all (1)",
        ]
    );
}

#[test]
fn a_segment_for_everything_leaves_no_gap() {
    let (tiers, roster) = anybody();
    let rules = json!({"tiers": tiers, "pools": [{"name": "all", "pool_no": 1}], "segments": [
        {"name": "dach", "priority": 1, "countries": ["DE", "AT"]}, {"name": "rest", "priority": 2}]});
    assert_eq!(gaps(&setup(rules, roster), vec![of("US", None)]), [] as [String; 0]);
}

#[test]
fn scores_and_pools_that_take_nobody_are_gaps() {
    let rules = json!({
        "segments": [{"name": "a", "priority": 1, "countries": ["DE"], "required_skills": ["law"]}, {"name": "b", "priority": 2, "fallback_queue": "later"}],
        "tiers": [
            {"segment": "a", "name": "own", "score": span(50, 80), "action": "pool", "pool": "some"},
            {"name": "hot", "score": {"lower": 80, "lower_inc": true}, "action": "pool", "pool": "empty"},
            {"name": "cold", "score": span(0, 60), "action": "pool", "pool": "some"},
        ],
        "pools": [{"name": "some", "pool_no": 1}, {"name": "empty", "pool_no": 2, "fallback_queue": "of pool"}],
        "queues": [{"name": "later", "kind": "triage"}, {"name": "of pool", "kind": "triage"}],
    });
    let roster = json!({
        "reps": [{"id": "ann"}, {"id": "gone", "active": false}, {"id": "full", "daily_cap": 0}],
        "members": [{"pool": "some", "rep_id": "ann"}, {"pool": "empty", "rep_id": "gone"}, {"pool": "empty", "rep_id": "full"},
            {"pool": "empty", "rep_id": "ann", "weight": 0}],
    });
    let scored = |country: &str, score: f64| Lead { score: Some(score), ..of(country, None) };
    let leads = vec![
        scored("DE", 55.0),
        scored("FR", 70.0),
        scored("FR", 90.0),
        scored("FR", -1.0),
        scored("FR", 60.0),
    ];
    assert_eq!(
        gaps(&setup(rules, roster), leads),
        [
            "Tier - - -: score below 0, or 60 to below 80 -> later (3)",
            "Pool - hot empty: nobody in the pool can take leads -> later,of pool (1)",
            "Pool a own some: nobody in the pool has the required skills law -> catch_all (1)",
            "Tier a - -: score below 0 -> catch_all (0)",
            "Pool a cold some: nobody in the pool has the required skills law -> catch_all (0)",
        ]
    );
}

#[test]
fn a_gap_of_one_tenant_is_none_of_others() {
    let rules = json!({
        "segments": [{"name": "all", "priority": 1}, {"name": "own", "priority": 0, "tenants": ["a"]}],
        "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "all"}],
        "pools": [{"name": "all", "pool_no": 1}],
        "queues": [{"name": "of b", "kind": "catch_all", "tenant": "b"}],
    });
    let roster = json!({"reps": [{"id": "ann", "tenant": "a"}, {"id": "bob", "tenant": "b", "active": false}],
        "members": [{"pool": "all", "rep_id": "ann"}, {"pool": "all", "rep_id": "bob"}]});
    let lead = |tenant: &str| Lead { tenant: tenant.into(), ..of("DE", None) };
    assert_eq!(
        gaps(&setup(rules, roster), vec![lead("a"), lead("b"), lead("b")]),
        ["Pool - any all: nobody in the pool can take leads of b -> of b (2)"]
    );
}

#[test]
fn a_condition_that_never_held_is_told_of_only_where_everything_else_did() {
    let (tiers, roster) = anybody();
    let rules = json!({"tiers": tiers, "segments": [
        {"name": "rest", "priority": 1},
        {"name": "never", "priority": 2, "countries": ["DE"], "condition": "$.never"},
        {"name": "once", "priority": 3, "condition": "$.once"},
        {"name": "elsewhere", "priority": 4, "countries": ["FR"], "condition": "$.never"}]});
    let mut setup = setup(rules, roster);
    setup.lookups.condition_is("$.never", false);
    setup.lookups.condition_is("$.once", true);
    let mut survey = Survey::new(context(&setup));
    for country in ["DE", "US", "DE"] {
        let clean = CleanLead { lead: of(country, None), ..CleanLead::default() };
        survey.count(clean, &mut setup.lookups.clone());
    }
    assert_eq!(survey.idle_conditions(), [Idle { segment: "never", condition: "$.never", leads: 2 }]);
}

#[test]
fn tiers_that_no_score_reaches_are_named() {
    let rules = json!({
        "segments": [
            {"name": "a", "priority": 1}, {"name": "b", "priority": 2},
            {"name": "over", "priority": 0, "effective": {"upper": now() - HOUR}},
        ],
        "tiers": [
            {"segment": "a", "name": "low", "score": span(0, 50), "action": "nurture"},
            {"segment": "a", "name": "high", "score": {"lower": 50, "lower_inc": true}, "action": "nurture"},
            {"segment": "b", "name": "of b", "score": {}, "action": "nurture"},
            {"segment": "gone", "name": "of gone", "score": {}, "action": "nurture"},
            {"segment": "over", "name": "late", "score": {}, "action": "nurture"},
            {"name": "all", "score": span(10, 90), "action": "nurture"},
            {"name": "below", "score": {"upper": 0}, "action": "nurture"},
        ],
    });
    let setup = setup(rules, json!({}));
    let shadows = shadows(&setup.rules.segments, now());
    let idle = unreachable::idle_tiers(&setup.rules, &setup.roster, &shadows, now());
    let idle: Vec<(&str, &str)> = idle.iter().map(|row| (row.tier, row.why)).collect();
    assert_eq!(
        idle,
        [
            ("all", "other tiers come before it and take all of its scores"),
            ("of b", "its segment never matches"),
            ("of gone", "its segment is not enabled"),
            ("late", "its segment never matches"),
        ]
    );
}

const COUNTRIES: [&str; 4] = ["DE", "AT", "FR", "US"];
const CODES: [&str; 6] = ["1", "12", "123", "13", "2", "3"];
const TONGUES: [&str; 3] = ["de", "de-at", "en"];

fn segments() -> impl Strategy<Value = Vec<Value>> {
    let some = |values: &'static [&'static str]| prop::option::weighted(0.6, subsequence(values, 1..3));
    let size = prop::option::of((0..5_i32, 1..4_i32));
    let row = (some(&COUNTRIES[..3]), some(&CODES[..4]), some(&TONGUES), size, prop::bool::weighted(0.1));
    prop::collection::vec(row, 0..10).prop_map(|rows| {
        let row = |(n, (countries, codes, tongues, size, condition)): (usize, _)| {
            let size: Option<(i32, i32)> = size;
            json!({
                "name": n.to_string(), "priority": n, "countries": countries, "postal_prefixes": codes, "languages": tongues,
                "employees": size.map(|(lower, width)| span(lower, lower + width)), "condition": Some("$.no").filter(|_| condition),
            })
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

/// Every lead that differs in what those segments look at.
fn all_leads() -> Vec<Lead> {
    let names = |list: &[&str]| -> Vec<Option<String>> {
        list.iter().map(|name| Some((*name).to_owned())).chain([None]).collect()
    };
    let mut leads = Vec::new();
    for country in names(&COUNTRIES) {
        for postal_code in names(&CODES) {
            for language in names(&["de", "de-at", "de-ch", "en", "fr"]) {
                for employees in (-1..9).map(Some).chain([None]) {
                    leads.push(Lead {
                        country: country.clone(),
                        postal_code: postal_code.clone(),
                        language: language.clone(),
                        employees,
                        ..Lead::default()
                    });
                }
            }
        }
    }
    leads
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A lead is in a gap if, and only if, no segment takes it; conditions aside, which do not hold here.
    #[test]
    fn gaps_are_what_no_segment_takes(rows in segments()) {
        let setup = setup(json!({"segments": rows}), json!({}));
        let all: Vec<u32> = (0..setup.rules.segments.len()).map(|n| u32::try_from(n).unwrap()).collect();
        let mut tree = crate::rules::space::tree::Tree::new(setup.rules.segments.all(), all, None, usize::MAX);
        let listed = tree.left(usize::MAX);
        for lead in all_leads() {
            let found = setup.rules.segments.search(&lead, now(), |_| false).found;
            let left = tree.left_of(&lead);
            prop_assert_eq!(found.is_none(), left.is_some(), "{:?}", lead);
            prop_assert!(left.is_none_or(|left| listed.contains(&left)));
        }
    }

    /// A segment is shadowed if, and only if, no lead falls into it; its own condition aside.
    #[test]
    fn segments_that_no_lead_reaches_are_shadowed(rows in segments()) {
        let setup = setup(json!({"segments": rows}), json!({}));
        let segments = &setup.rules.segments;
        let mut reached = vec![false; segments.len()];
        for lead in all_leads() {
            // of each segment only its own condition holds
            for (place, reached) in reached.iter_mut().enumerate() {
                let own = segments.get(place).unwrap().condition.is_some();
                let before = segments.search(&lead, now(), |_| false).found;
                let takes = !own || {
                    let mut alone = false;
                    segments.conditional(&lead, now(), |other, _| alone |= other == place);
                    alone && before.is_none_or(|before| before > place)
                };
                *reached |= takes && (own || before == Some(place));
            }
        }
        let shadows = shadows(segments, now());
        for (place, row) in segments.all().iter().enumerate() {
            let is_shadowed = shadows.iter().any(|shadow| shadow.segment == row.name);
            prop_assert_eq!(is_shadowed, !reached[place], "{}", row.name);
        }
    }
}
