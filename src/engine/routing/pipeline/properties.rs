//! What holds for every lead, whatever the rules and the roster.

use super::*;
use crate::lead::account::{Account, AccountKind};
use crate::rules::tables::DomainKind;
use crate::testkit::{account, now, Setup, HOUR};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{json, Value};

pub const REPS: [&str; 4] = ["ann", "bob", "cid", "dee"];
const POOLS: [&str; 2] = ["hunters", "farmers"];
const TONGUES: [&str; 3] = ["de", "en", "fr"];
const COUNTRIES: [&str; 3] = ["DE", "GB", "US"];

fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<&'static str>>> {
    prop::option::weighted(0.2, subsequence(values, 1..=values.len()))
}

fn rep(id: &'static str) -> impl Strategy<Value = Value> {
    let presence = prop_oneof![4 => Just("online"), 1 => Just("away"), 1 => Just("offline")];
    let rest = (prop::bool::weighted(0.8), presence, prop::option::of(select(&REPS[..])));
    (rest, maybe(&TONGUES), maybe(&["cloud", "mail"]), maybe(&["sap", "law"])).prop_map(
        move |((active, presence, backup), languages, products, skills)| {
            json!({
                "id": id, "active": active, "presence": presence, "backup_id": backup,
                "languages": languages, "products": products, "skills": skills,
            })
        },
    )
}

/// Two absences at most; one of them may be over.
fn absences() -> impl Strategy<Value = Vec<Value>> {
    let backup = prop::option::of(select(&REPS[..]));
    let row = (select(&REPS[..]), any::<bool>(), backup).prop_map(|(rep, over, backup)| {
        let upper = over.then(|| now() - HOUR);
        json!({"rep_id": rep, "during": {"lower": now() - 2 * HOUR, "upper": upper}, "backup_id": backup})
    });
    prop::collection::vec(row, 0..3)
}

fn rosters() -> impl Strategy<Value = Value> {
    let member = (select(&POOLS[..]), select(&REPS[..]), select(&[0, 500, 1000, 3000][..]));
    let members = prop::collection::vec(member, 0..12);
    (REPS.map(rep), members, absences()).prop_map(|(reps, mut members, absences)| {
        members.sort_unstable();
        members.dedup_by_key(|(pool, rep, _)| (*pool, *rep));
        let member = |(pool, rep, weight)| json!({"pool": pool, "rep_id": rep, "weight": weight});
        let members: Vec<Value> = members.into_iter().map(member).collect();
        json!({"reps": reps, "members": members, "absences": absences})
    })
}

fn segments() -> impl Strategy<Value = Vec<Value>> {
    let skills = maybe(&["sap", "law"]);
    let queue = prop::option::of(Just("of segment"));
    let area = prop::option::of(Just("north"));
    let row = (maybe(&COUNTRIES), prop::option::weighted(0.2, 0..500_i32), skills, queue, area);
    let row = (row, select(&[None, None, Some("$.true"), Some("$.false")][..]), any::<bool>());
    let row = row.prop_map(|((countries, least, skills, queue, area), condition, broken)| {
        json!({
            "priority": 1, "countries": countries, "required_skills": skills,
            "employees": least.map(|least| json!({"lower": least, "lower_inc": true})),
            "fallback_queue": queue, "territory": area, "condition": condition,
            "condition_problem": broken.then_some("cannot be read").filter(|_| condition.is_some()),
        })
    });
    prop::collection::vec(row, 0..8).prop_map(|mut rows| {
        for (place, row) in rows.iter_mut().enumerate() {
            row["name"] = json!(format!("segment {place}"));
        }
        rows
    })
}

fn rules() -> impl Strategy<Value = Value> {
    let action = select(&["pool", "pool", "pool", "queue", "nurture"][..]);
    let segment = prop::option::weighted(0.3, 0..4_i32);
    let tier = (-10..100_i32, 1..150_i32, action, select(&POOLS[..]), segment);
    let tier = tier.prop_map(|(lower, width, action, pool, segment)| {
        json!({
            "segment": segment.map(|place| format!("segment {place}")),
            "name": format!("{action} from {lower}"), "action": action,
            "score": {"lower": lower, "lower_inc": true, "upper": lower + width},
            "pool": (action == "pool").then_some(pool),
            "queue": (action == "queue").then_some("of tier"),
        })
    });
    (segments(), prop::collection::vec(tier, 0..12)).prop_map(|(segments, tiers)| {
        json!({
            "segments": segments, "tiers": tiers,
            "territories": [{"name": "north", "fallback_queue": "of territory"}],
            "pools": [{"name": "hunters", "pool_no": 1},
                {"name": "farmers", "pool_no": 2, "fallback_queue": "of pool"}],
            "recycle_rules": [{"reason": "no budget", "kind": "timing", "cool_off": HOUR}],
            "sla_policies": [{"name": "all", "respond_within": HOUR}],
        })
    })
}

/// The account acme and the lists around it.
pub fn setups() -> impl Strategy<Value = Setup> {
    use AccountKind::{Customer, Disqualified, Prospect};
    let kind = select(&[Prospect, Customer, Disqualified][..]);
    let who = || prop::option::of(select(&["ann", "bob", "nobody"][..]));
    let acme = (kind, any::<bool>(), who(), who(), 0..3 * HOUR);
    (rules(), rosters(), acme).prop_map(|(rules, roster, (kind, named, owner, csm, ago))| {
        let mut setup = Setup::new(rules, roster);
        setup.lookups.account(Account {
            named,
            owner_id: owner.map(str::to_owned),
            csm_id: csm.map(str::to_owned),
            disqualified_reason: Some("no budget".into()),
            disqualified_at: Some(now() - ago),
            ..account("acme", kind)
        });
        setup.lookups.account_domain("acme.com", "acme", None);
        setup.lookups.earlier("ada@acme.com", 7, Some("ann"), None);
        setup.lookups.earlier("+442083661177", 8, None, None);
        setup.lookups.listed("gmail.com", crate::rules::tables::MailDomain::Personal);
        setup.lookups.domain_rule("rival.com", DomainKind::Competitor, Some("rivals"));
        setup.lookups.condition_is("$.true", true);
        setup.lookups.condition_is("$.false", false);
        setup
    })
}

fn emails() -> impl Strategy<Value = String> {
    let known = select(&["ada+x@acme.com", "Ben@eu.acme.com", "x@rival.com"][..]);
    let new = select(&["cy@gmail.com", "new@else.org"][..]);
    let known = known.prop_map(str::to_owned);
    let new = new.prop_map(str::to_owned);
    prop_oneof![4 => known, 8 => new, 1 => any::<String>()]
}

pub fn leads() -> impl Strategy<Value = Lead> {
    let phone = prop_oneof![Just("0044 20 8366 1177".to_owned()), any::<String>()];
    let country = select(&COUNTRIES[..]).prop_map(str::to_owned);
    let country = prop_oneof![4 => country, 1 => any::<String>()];
    let texts = (prop::option::weighted(0.9, emails()), prop::option::of(phone), country);
    let tongue = prop::option::of(select(&TONGUES[..]));
    let rest = (tongue, prop::option::of(Just("Cloud")), prop::option::of(any::<String>()));
    // quarters, because their decimal form is exact
    let quarters = prop::option::weighted(0.9, -40..500_i32);
    let numbers = (quarters, prop::option::of(0..1000_i32), any::<Option<i64>>());
    (texts, numbers, rest).prop_map(|(texts, (quarters, employees, occurred_at), rest)| Lead {
        email: texts.0,
        phone: texts.1,
        country: Some(texts.2),
        employees,
        occurred_at,
        score: quarters.map(|quarters| f64::from(quarters) / 4.0),
        language: rest.0.map(str::to_owned),
        product: rest.1.map(str::to_owned),
        website: rest.2,
        ..Lead::default()
    })
}

/// Computed without the engine: active, online, and in no absence that still lasts.
fn is_there(setup: &Setup, rep: &str) -> bool {
    let Some(row) = setup.roster.reps.get(rep) else {
        return false;
    };
    let absences = setup.roster.absences.get(rep).into_iter().flatten();
    let lasting = { absences }.filter(|absence| absence.during.upper.is_none()).count();
    row.active && row.presence == crate::roster::Presence::Online && lasting == 0
}

/// Speaks, sells and knows what the lead and its segment ask for, and has a weight in the pool.
fn suits(setup: &Setup, decision: &Decision, rep: &str) -> bool {
    let row = &setup.roster.reps[rep];
    let lead = &decision.clean.lead;
    let covers = |list: &Option<Vec<String>>, wanted: &Option<String>| match (list, wanted) {
        (Some(list), Some(wanted)) => list.iter().any(|item| item == wanted),
        _ => true,
    };
    let place = setup.rules.segments.place(decision.segment.as_ref().unwrap());
    let needed = setup.rules.segments.get(place.unwrap()).unwrap();
    let skills = row.skills.clone().unwrap_or_default();
    let pool = decision.pool.as_ref().unwrap();
    let member = setup.roster.members(pool, None).find(|member| member.rep_id == rep);
    covers(&row.languages, &lead.language)
        && covers(&row.products, &lead.product)
        && { needed.required_skills.iter().flatten() }.all(|skill| skills.contains(skill))
        && member.is_some_and(|member| member.weight > 0)
}

proptest! {
    #[test]
    fn nobody_is_never_the_answer(mut setup in setups(), lead in leads()) {
        let decision = setup.route(lead);
        match &decision.outcome {
            Outcome::Owner(rep) => {
                let of_account = matches!(decision.layer, Layer::Customer | Layer::NamedAccount);
                let keeps = of_account && setup.roster.reps[rep].active;
                prop_assert!(keeps || is_there(&setup, rep), "{rep} is not there");
            }
            Outcome::Queue(queue) => prop_assert!(!queue.is_empty()),
            Outcome::Nurture => prop_assert_eq!(decision.layer, Layer::Tier),
            Outcome::Merged { lead_id, .. } => prop_assert!([7, 8].contains(lead_id)),
            Outcome::Closed { .. } => prop_assert!(false, "no row said so"),
        }
        let by_turn = decision.layer == Layer::Distribution;
        prop_assert_eq!(!decision.turns.is_empty(), by_turn);
        let waits = by_turn || decision.layer == Layer::Fallback;
        prop_assert!(!waits || decision.clock.is_some());
    }

    #[test]
    fn who_gets_a_lead_by_distribution_is_eligible(
        mut setup in setups(),
        leads in prop::collection::vec(leads(), 1..6),
        tried in subsequence(&REPS[..], 0..2),
    ) {
        for lead in leads {
            let decision = setup.route_again(lead, &tried);
            if decision.layer == Layer::Distribution {
                let rep = decision.outcome.owner().unwrap();
                prop_assert!(is_there(&setup, rep) && suits(&setup, &decision, rep), "{}", rep);
                prop_assert!(!tried.contains(&rep), "{} had the lead", rep);
            }
        }
    }

    #[test]
    fn the_same_leads_in_the_same_world_get_the_same_decisions(
        mut setup in setups(),
        leads in prop::collection::vec(leads(), 1..6),
    ) {
        let before = setup.lookups.clone();
        let first: Vec<Decision> = leads.iter().map(|lead| setup.route(lead.clone())).collect();
        let after = std::mem::replace(&mut setup.lookups, before);
        let second: Vec<Decision> = leads.iter().map(|lead| setup.route(lead.clone())).collect();
        prop_assert_eq!(first, second);
        prop_assert_eq!(after, setup.lookups);
    }

    #[test]
    fn a_trace_has_one_step_per_layer_and_survives_json(mut setup in setups(), lead in leads()) {
        let trace = setup.route(lead).trace;
        let asked: Vec<Layer> = trace.iter().map(|step| step.layer).collect();
        // rows of apps say nothing here
        let always = |layer: &Layer| ![Layer::Given, Layer::Qualification].contains(layer);
        let order = LAYERS.iter().map(|(layer, _)| *layer).filter(always);
        let order: Vec<Layer> = order.collect();
        prop_assert_eq!(&asked[..], &order[..asked.len()]);
        let decided: Vec<usize> = (0..trace.len()).filter(|&place| trace[place].decided).collect();
        prop_assert_eq!(decided, [trace.len() - 1]);

        let json = serde_json::to_string(&trace).unwrap();
        let back: Vec<Step> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, trace);
    }
}
