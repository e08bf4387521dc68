//! Segments of one priority that the same lead could fall into: only their names say which of them gets it.

use crate::rules::shadows::can_match;
use crate::rules::space::{self, described};
use crate::rules::tables::{Segment, Tier};
use crate::rules::Rules;
use crate::Micros;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// Two segments, and what lies in both.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Overlap<'a> {
    /// Who gets the leads: its name comes first.
    pub winner: &'a str,
    pub loser: &'a str,
    pub priority: i32,
    /// The leads that both take, in words.
    pub leads: String,
    /// Whether a condition may keep them apart.
    pub is_conditional: bool,
    /// In what they differ: `tiers`, `territory`, `fallback_queue`, `required_skills`.
    pub differ_in: Vec<&'static str>,
}

/// Pairs of one priority that take the same leads, from `now` on, and lead elsewhere, `most` at most; where the winner
/// takes all of the loser's leads, the loser is shadowed and no overlap.
pub fn overlaps<'a>(
    rules: &'a Rules,
    shadowed: &FxHashSet<&str>,
    now: Micros,
    most: usize,
) -> Vec<Overlap<'a>> {
    let segments = &rules.segments;
    let mut found = Vec::new();
    for (place, loser) in segments.all().iter().enumerate() {
        if !can_match(loser, now) || shadowed.contains(loser.name.as_str()) {
            continue;
        }
        // those of the same priority are the last ones before it
        let touching = segments.touching(place).into_iter().rev().filter_map(|place| segments.get(place));
        let same = touching.take_while(|other| other.priority == loser.priority);
        for winner in same.filter(|other| can_match(other, now) && !shadowed.contains(other.name.as_str())) {
            if found.len() >= most {
                return found;
            }
            if space::meet(winner, loser) {
                found.extend(overlap(rules, winner, loser));
            }
        }
    }
    found
}

fn overlap<'a>(rules: &'a Rules, winner: &'a Segment, loser: &'a Segment) -> Option<Overlap<'a>> {
    let differ_in = differ_in(rules, winner, loser);
    (!differ_in.is_empty()).then(|| Overlap {
        winner: &winner.name,
        loser: &loser.name,
        priority: loser.priority,
        leads: described(&space::common(winner, loser), |_| Vec::new()),
        is_conditional: winner.condition.is_some() || loser.condition.is_some(),
        differ_in,
    })
}

fn differ_in(rules: &Rules, one: &Segment, other: &Segment) -> Vec<&'static str> {
    let tiers = |row: &Segment| {
        let own = rules.tiers.get(&row.name).into_iter().flat_map(|tiers| tiers.all());
        let mut own: Vec<String> = own.map(said).collect();
        own.sort();
        own
    };
    [
        ("tiers", tiers(one) != tiers(other)),
        ("territory", one.territory != other.territory),
        ("fallback_queue", one.fallback_queue != other.fallback_queue),
        ("required_skills", one.required_skills != other.required_skills),
    ]
    .into_iter()
    .filter_map(|(what, differs)| differs.then_some(what))
    .collect()
}

/// Where a tier sends which scores.
fn said(tier: &Tier) -> String {
    let Tier { score, exact_score, action, pool, queue, unless_intent, tenants, .. } = tier;
    format!("{score:?} {exact_score:?} {action:?} {pool:?} {queue:?} {unless_intent:?} {tenants:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{now, rules, HOUR};
    use serde_json::{json, Value};

    fn found(segments: Value, tiers: Value) -> Vec<(String, String, String, String)> {
        let rules = rules(json!({"segments": segments, "tiers": tiers}));
        let found = overlaps(&rules, &FxHashSet::default(), now(), 100);
        let said = |row: Overlap<'_>| {
            (row.winner.to_owned(), row.loser.to_owned(), row.leads, row.differ_in.join(","))
        };
        found.into_iter().map(said).collect()
    }

    fn of(winner: &str, loser: &str, leads: &str, differ_in: &str) -> (String, String, String, String) {
        (winner.into(), loser.into(), leads.into(), differ_in.into())
    }

    #[test]
    fn segments_of_one_priority_that_lead_elsewhere_overlap() {
        let segments = json!([
            {"name": "first", "priority": 0, "countries": ["DE"]},
            {"name": "dach", "priority": 1, "countries": ["DE", "AT"], "territory": "south"},
            {"name": "german", "priority": 1, "languages": ["de"], "territory": "north", "employees": {"lower": 5, "lower_inc": true}},
            {"name": "swiss", "priority": 1, "countries": ["CH"], "languages": ["de-ch"], "territory": "north"},
            {"name": "us", "priority": 1, "countries": ["US"], "languages": ["en"]},
        ]);
        let expected =
            [of("dach", "german", "country DE or AT; employees 5 or more; language de", "territory")];
        assert_eq!(found(segments, json!([])), expected);
    }

    #[test]
    fn own_tiers_lead_elsewhere_as_well() {
        let segments =
            json!([{"name": "a", "priority": 1}, {"name": "b", "priority": 1, "countries": ["DE"]}]);
        let tier = |segment: &str, pool: &str| json!({"segment": segment, "name": "any", "score": {}, "action": "pool", "pool": pool});
        assert_eq!(found(segments.clone(), json!([tier("a", "x"), tier("b", "x")])), []);
        assert_eq!(
            found(segments, json!([tier("a", "x"), tier("b", "y")])),
            [of("a", "b", "country DE", "tiers")]
        );
    }

    #[test]
    fn segments_that_never_count_at_one_time_do_not_overlap() {
        let segments = json!([
            {"name": "now", "priority": 1, "territory": "x", "effective": {"upper": now() + HOUR}},
            {"name": "then", "priority": 1, "effective": {"lower": now() + HOUR, "lower_inc": true}},
            {"name": "over", "priority": 1, "effective": {"upper": now()}},
        ]);
        assert_eq!(found(segments, json!([])), []);
    }
}
