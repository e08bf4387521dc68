//! The pool hands the lead to the eligible rep who is furthest behind.

use crate::availability::away;
use crate::decision::Outcome;
use crate::lead::Lead;
use crate::pipeline::{Finding, Routing};
use crate::reason::{Candidate, Ineligible, Reason};
use crate::roster::{Member, Rep};
use crate::rotation::Share;

/// Decides where at least one rep of the pool is eligible.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let (rules, roster) = (routing.world.rules, routing.world.roster);
    let Some(pool) = routing.pool.as_ref().and_then(|name| rules.pools.get(name)) else {
        let needs = "pool".to_owned();
        return Finding::passed(Reason::NotAsked { needs });
    };
    let members = roster.members.get(&pool.name).map_or(&[][..], Vec::as_slice);
    let (mut shares, mut candidates) = (Vec::with_capacity(members.len()), Vec::new());
    for member in members {
        let not = ineligible(member, routing);
        if not.is_none() {
            let (seat, weight) = (member.seat, member.weight);
            shares.push(Share { seat, weight });
        }
        let rep = member.rep_id.clone();
        candidates.push(Candidate { rep, not });
    }
    let turn = match shares.is_empty() {
        true => None,
        false => routing.state.take_turn(pool, &shares),
    };
    let winner = turn.as_ref().and_then(|turn| {
        let member = members.iter().find(|member| member.seat == turn.seat)?;
        Some(member.rep_id.clone())
    });
    routing.turn = turn;
    let pool = pool.name.clone();
    match winner {
        None => Finding::passed(Reason::NobodyEligible { pool, candidates }),
        Some(rep) => {
            let outcome = Outcome::Owner(rep.clone());
            Finding::decided(outcome, Reason::Turn { pool, rep, candidates })
        }
    }
}

fn ineligible(member: &Member, routing: &Routing<'_>) -> Option<Ineligible> {
    let world = routing.world;
    let Some(rep) = world.roster.reps.get(&member.rep_id) else {
        return Some(Ineligible::Away { away: crate::availability::Away::Unknown });
    };
    if !member.active {
        return Some(Ineligible::Paused);
    }
    if member.weight == 0 {
        return Some(Ineligible::ZeroWeight);
    }
    if routing.tried.contains(&rep.id) {
        return Some(Ineligible::AlreadyTried);
    }
    if let Some(away) = away(rep, world.roster, &*routing.state, world.now) {
        return Some(Ineligible::Away { away });
    }
    let segment = routing.segment.and_then(|place| world.rules.segments.get(place));
    let skills = segment.and_then(|row| row.required_skills.as_deref());
    unsuited(rep, &routing.clean.lead, skills.unwrap_or_default())
}

fn unsuited(rep: &Rep, lead: &Lead, skills: &[String]) -> Option<Ineligible> {
    let lacks = |list: &Option<Vec<String>>, value: &Option<String>| match (list, value) {
        (Some(list), Some(value)) => (!list.contains(value)).then(|| value.clone()),
        _ => None,
    };
    if let Some(needs) = lacks(&rep.languages, &lead.language) {
        return Some(Ineligible::Language { needs });
    }
    if let Some(needs) = lacks(&rep.products, &lead.product) {
        return Some(Ineligible::Product { needs });
    }
    let has = |skill: &&String| rep.skills.as_ref().is_some_and(|list| list.contains(skill));
    let missing = skills.iter().find(|skill| !has(skill));
    missing.map(|needs| Ineligible::Skill { needs: needs.clone() })
}

#[cfg(test)]
mod tests {
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
        assert_eq!((owner(&decision), decision.turn.as_ref().unwrap().seat), ("ann", 3));
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
        assert_eq!((decision.layer, decision.turn.unwrap().seat), (Layer::Distribution, 0));
    }

    #[test]
    fn nobody_eligible_takes_no_turn_and_falls_on() {
        let mut setup = setup(json!([{"id": "ann", "active": false}]), &[("ann", 1000)]);
        let before = setup.state.clone();
        let decision = setup.route(lead("ada@acme.com"));
        let away = Away::Inactive;
        assert_eq!(candidates(&decision), [("ann", Some(Ineligible::Away { away }))]);
        assert_eq!(queue(&decision), "catch_all");
        assert_eq!(decision.turn, None);
        assert_eq!(setup.state, before);
    }

    #[test]
    fn a_pool_without_members_falls_on() {
        let decision = setup(json!([]), &[]).route(lead("ada@acme.com"));
        assert!(candidates(&decision).is_empty());
        assert_eq!(decision.layer, Layer::Fallback);
    }
}
