use super::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{json, Value};

/// The oracle: one segment after the other.
fn plain_search(segments: &[Segment], lead: &Lead, now: Micros, condition: impl Fn(&str) -> bool) -> Search {
    let mut search = Search::default();
    for (place, segment) in segments.iter().enumerate() {
        if !columns_hold(segment, lead, now) {
            continue;
        }
        match (&segment.condition_problem, &segment.condition) {
            (Some(problem), _) => search.broken.push((segment.name.clone(), problem.clone())),
            (None, Some(text)) if !condition(text) => {}
            _ => {
                search.found = Some(place);
                return search;
            }
        }
    }
    search
}

const COUNTRIES: [&str; 4] = ["DE", "FR", "GB", "US"];
const WORDS: [&str; 3] = ["a", "b", "c"];
const PREFIXES: [&str; 6] = ["", "1", "10", "101", "9", "\u{e9}"];

fn list(values: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<&'static str>>> {
    prop::option::weighted(0.4, subsequence(values, 0..=values.len()))
}

fn span(values: std::ops::Range<i32>) -> impl Strategy<Value = Option<Value>> {
    let bound = || prop::option::of((values.clone(), any::<bool>()));
    prop::option::weighted(0.5, (bound(), bound()).prop_map(|(lower, upper)| {
        let (lower, lower_inc) = lower.unzip();
        let (upper, upper_inc) = upper.unzip();
        json!({"lower": lower, "lower_inc": lower_inc.unwrap_or(false), "upper": upper, "upper_inc": upper_inc.unwrap_or(false)})
    }))
}

fn segment() -> impl Strategy<Value = Value> {
    let names = (list(&COUNTRIES), list(&WORDS), list(&PREFIXES), list(&WORDS), list(&WORDS), list(&WORDS));
    let spans = (span(0..300), span(-50..200));
    let condition = select(&[None, None, None, Some("yes"), Some("no")][..]);
    (names, spans, condition, prop::bool::weighted(0.05)).prop_map(|(names, (employees, revenue), condition, broken)| {
        let (countries, regions, prefixes, industries, products, events) = names;
        json!({
            "name": "", "priority": 1, "countries": countries, "regions": regions, "postal_prefixes": prefixes,
            "industries": industries, "products": products, "events": events, "employees": employees,
            "revenue": revenue, "condition": condition, "condition_problem": broken.then_some("broken"),
        })
    })
}

fn segments() -> impl Strategy<Value = Vec<Segment>> {
    // more than one word of 64 bits, and more bounds than buckets
    prop::collection::vec(segment(), 0..300).prop_map(|rows| {
        let named = rows.into_iter().enumerate().map(|(place, mut row)| {
            row["name"] = json!(format!("segment {place}"));
            serde_json::from_value(row).unwrap()
        });
        named.collect()
    })
}

fn leads() -> impl Strategy<Value = Lead> {
    let word = || prop::option::of(select(&WORDS[..]).prop_map(str::to_owned));
    let code = prop::option::of(
        select(&["", "1", "10115", "101", "95", "\u{e9}1", "7"][..]).prop_map(str::to_owned),
    );
    let country = prop::option::of(select(&["DE", "FR", "XX"][..]).prop_map(str::to_owned));
    let numbers = (prop::option::of(-5..310_i32), prop::option::of(-60.0..210.0_f64));
    (country, word(), code, word(), word(), word(), numbers).prop_map(
        |(country, region, postal_code, industry, product, event, (employees, annual_revenue))| Lead {
            country,
            region,
            postal_code,
            industry,
            product,
            event,
            employees,
            annual_revenue,
            ..Lead::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_index_finds_what_a_plain_search_finds(segments in segments(), leads in prop::collection::vec(leads(), 1..20)) {
        let matcher = Matcher::new(segments.clone());
        for lead in leads {
            let found = matcher.search(&lead, 0, |text| text == "yes");
            prop_assert_eq!(found, plain_search(&segments, &lead, 0, |text| text == "yes"));
        }
    }

    #[test]
    fn a_segment_is_found_by_its_name(segments in segments()) {
        let matcher = Matcher::new(segments.clone());
        for (place, segment) in segments.iter().enumerate() {
            prop_assert_eq!(matcher.place(&segment.name), Some(place));
        }
        prop_assert_eq!(matcher.place("nowhere"), None);
    }
}

#[test]
fn nothing_matches_nothing() {
    assert_eq!(Matcher::new(Vec::new()).search(&Lead::default(), 0, |_| true), Search::default());
}
