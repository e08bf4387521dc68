//! Segments that can never match, because one or several without a condition come before them and take all that they would.

use crate::rules::matcher::Matcher;
use crate::rules::space::{self, tree::Tree};
use crate::rules::tables::{Segment, Span};
use crate::Micros;
use serde::Serialize;

/// What is looked at to see whether several segments together take all of one, and of all of them.
const BUDGETS: (usize, usize) = (300_000, 30_000_000);

/// A segment that never matches, and those that take its leads.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Shadow<'a> {
    pub segment: &'a str,
    pub shadowed_by: &'a str,
    /// The others, where the first alone does not take all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together_with: Vec<&'a str>,
}

/// Every segment that is shadowed from `now` on. Those whose `effective` has ended, and those with an empty list, match
/// nothing anyway and are left out.
///
/// The bitsets of the matcher leave the segments whose lists hold all values of the narrower one; ranges are compared
/// one by one. 10,000 segments that differ in nothing but ranges take half a second. Where no segment takes all, the
/// space of the narrower one is cut along those that take a part of it.
pub fn shadows(segments: &Matcher, now: Micros) -> Vec<Shadow<'_>> {
    let mut budget = BUDGETS.1;
    let rows = segments.all().iter().enumerate();
    rows.filter(|(_, row)| can_match(row, now))
        .filter_map(|(place, row)| {
            let alone = by_one(segments, place, row, now).map(|by| vec![by]);
            let by = alone.or_else(|| by_several(segments, place, row, now, &mut budget))?;
            let (first, others) = by.split_first()?;
            Some(Shadow { segment: &row.name, shadowed_by: first, together_with: others.to_vec() })
        })
        .collect()
}

/// Whether a segment can match, now or later, if nothing comes before it.
pub fn can_match(row: &Segment, now: Micros) -> bool {
    is_live(row, now) && !has_an_empty_list(row) && row.condition_problem.is_none()
}

fn is_live(row: &Segment, now: Micros) -> bool {
    row.effective.and_then(|span| span.upper).is_none_or(|end| end > now)
}

fn by_one<'a>(segments: &'a Matcher, place: usize, row: &Segment, now: Micros) -> Option<&'a str> {
    let takes_all =
        |wider: &&Segment| wider.condition.is_none() && is_live(wider, now) && spans_hold(wider, row, now);
    let mut before = segments.covering(place).into_iter().filter_map(|place| segments.get(place));
    before.find(takes_all).map(|wider| wider.name.as_str())
}

fn by_several<'a>(
    segments: &'a Matcher,
    place: usize,
    row: &Segment,
    now: Micros,
    budget: &mut usize,
) -> Option<Vec<&'a str>> {
    let takes_some =
        |other: &Segment| other.condition.is_none() && can_match(other, now) && space::meet(other, row);
    let before =
        segments.touching(place).into_iter().filter(|place| segments.get(*place).is_some_and(takes_some));
    let members: Vec<u32> = before.filter_map(|place| u32::try_from(place).ok()).collect();
    if members.len() < 2 || *budget == 0 {
        return None;
    }
    *budget = budget.saturating_sub(members.len() * space::AXES.len());
    let row = Segment { effective: Some(from_now(row.effective, now)), ..row.clone() };
    let takers = Tree::new(segments.all(), members, Some(&row), BUDGETS.0.min(*budget)).takers()?;
    let names = takers.into_iter().filter_map(|place| segments.get(usize::try_from(place).ok()?));
    Some(names.map(|row| row.name.as_str()).collect())
}

/// The part of a time that is still to come.
fn from_now(effective: Option<Span<Micros>>, now: Micros) -> Span<Micros> {
    let always = Span { lower: Some(now), lower_inc: true, upper: None, upper_inc: false };
    effective.map_or(always, |span| Span {
        lower: Some(span.lower.map_or(now, |lower| lower.max(now))),
        lower_inc: span.lower.is_none_or(|lower| lower < now || span.lower_inc),
        ..span
    })
}

/// Whether the ranges of a segment hold those of another.
fn spans_hold(wider: &Segment, row: &Segment, now: Micros) -> bool {
    holds(&wider.employees, &row.employees)
        && holds(&wider.revenue, &row.revenue)
        && holds(&wider.effective, &Some(from_now(row.effective, now)))
}

fn holds<T: PartialOrd>(wider: &Option<Span<T>>, span: &Option<Span<T>>) -> bool {
    match (wider, span) {
        (None, _) => true,
        (Some(wider), Some(span)) => wider.holds(span),
        (Some(_), None) => false,
    }
}

fn has_an_empty_list(row: &Segment) -> bool {
    let lists = [
        &row.countries,
        &row.regions,
        &row.postal_prefixes,
        &row.industries,
        &row.products,
        &row.languages,
        &row.sources,
        &row.events,
        &row.tenants,
    ];
    lists.into_iter().flatten().any(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{now, HOUR};
    use proptest::prelude::*;
    use serde_json::{json, Value};

    fn matcher(rows: Vec<Value>) -> Matcher {
        Matcher::new(rows.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect())
    }

    fn found(rows: Vec<Value>) -> Vec<(String, String)> {
        let matcher = matcher(rows);
        let shadows = shadows(&matcher, now());
        shadows.iter().map(|row| (row.segment.to_owned(), row.shadowed_by.to_owned())).collect()
    }

    fn of(name: &str, by: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), by.to_owned())]
    }

    #[test]
    fn the_first_segment_that_takes_all_is_named() {
        let rows = vec![
            json!({"name": "dach", "priority": 1, "countries": ["DE", "AT", "CH"]}),
            json!({"name": "all", "priority": 2}),
            json!({"name": "de", "priority": 3, "countries": ["DE"]}),
        ];
        assert_eq!(found(rows), of("de", "dach"));
    }

    #[test]
    fn a_condition_takes_nothing_for_certain() {
        let rows = vec![
            json!({"name": "some", "priority": 1, "condition": "$.vip"}),
            json!({"name": "de", "priority": 2, "countries": ["DE"]}),
        ];
        assert_eq!(found(rows), []);
    }

    #[test]
    fn ranges_and_beginnings_are_compared() {
        let span = |lower: i32, upper: i32| json!({"lower": lower, "lower_inc": true, "upper": upper});
        let rows = |of: Value, then: Value| {
            let one =
                |name: &str, column: &str, value: &Value| json!({"name": name, "priority": 1, column: value});
            let column = if of.is_object() { "employees" } else { "postal_prefixes" };
            vec![one("wide", column, &of), one("narrow", column, &then)]
        };
        assert_eq!(found(rows(span(1, 50), span(1, 50))), of("narrow", "wide"));
        assert_eq!(found(rows(span(1, 50), span(1, 51))), []);
        assert_eq!(found(rows(json!(["2"]), json!(["20", "2"]))), of("narrow", "wide"));
        assert_eq!(found(rows(json!(["20"]), json!(["2"]))), []);
    }

    #[test]
    fn what_is_over_counts_for_nothing() {
        let until = |end: i64| json!({"lower": now() - 9 * HOUR, "lower_inc": true, "upper": end});
        let rows = |wide: i64, narrow: i64| {
            vec![
                json!({"name": "wide", "priority": 1, "effective": until(wide)}),
                json!({"name": "narrow", "priority": 2, "effective": until(narrow)}),
            ]
        };
        assert_eq!(found(rows(now() + 2 * HOUR, now() + HOUR)), of("narrow", "wide"));
        assert_eq!(found(rows(now() + HOUR, now() + 2 * HOUR)), []);
        assert_eq!(found(rows(now() - HOUR, now() - 2 * HOUR)), []);
        let starts_later = json!({"name": "wide", "priority": 1, "effective": {"lower": now() - HOUR}});
        assert_eq!(found(vec![starts_later, json!({"name": "narrow", "priority": 2})]), of("narrow", "wide"));
    }

    proptest! {
        /// No lead falls into a segment that is said to be shadowed.
        #[test]
        fn no_lead_falls_into_a_shadowed_segment(
            rows in prop::collection::vec(
                (prop::option::of(prop::sample::subsequence(vec!["DE", "AT", "FR"], 1..3)),
                 prop::option::of(prop::sample::subsequence(vec!["1", "12", "2"], 1..3)),
                 prop::option::of((0..4_i32, 4..8_i32))), 1..12),
            country in prop::sample::select(vec!["DE", "AT", "FR"]),
            code in prop::sample::select(vec!["1", "12", "123", "2"]),
            employees in 0..8_i32,
        ) {
            let rows = rows.into_iter().enumerate().map(|(n, (countries, prefixes, span))| json!({
                "name": n.to_string(), "priority": n, "countries": countries, "postal_prefixes": prefixes,
                "employees": span.map(|(lower, upper)| json!({"lower": lower, "lower_inc": true, "upper": upper})),
            }));
            let matcher = matcher(rows.collect());
            let lead = crate::lead::Lead {
                country: Some(country.into()), postal_code: Some(code.into()), employees: Some(employees),
                ..Default::default()
            };
            let hit = matcher.search(&lead, now(), |_| true).found.and_then(|place| matcher.get(place));
            let shadows = shadows(&matcher, now());
            prop_assert!(shadows.iter().all(|shadow| Some(shadow.segment) != hit.map(|row| row.name.as_str())));
        }
    }
}
