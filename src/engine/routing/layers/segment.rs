//! The lookup table: the first enabled row that matches, by priority, effective now.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::lead::Problem;

/// Never decides; picks the segment. A value that could not be read is none: rules that ask for one do not match.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let segments = &routing.context.rules.segments;
    let (lookups, clean) = (&mut routing.lookups, &routing.clean);
    let search = segments.search(&clean.lead, routing.context.now, |path| lookups.condition(clean, path));
    let broken: Vec<Problem> =
        (search.broken.into_iter()).map(|(field, what)| Problem { field, what }).collect();
    routing.segment = search.found;
    match search.found.and_then(|place| segments.get(place)) {
        Some(row) => Finding::passed(Reason::Segment {
            segment: row.name.clone(),
            territory: row.territory.clone(),
            broken,
        }),
        None => Finding::passed(Reason::NoSegment { tried: segments.len(), broken }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Layer;
    use crate::lead::Lead;
    use crate::testkit::{at, lead, said, Setup, HOUR};
    use serde_json::{json, Value};

    fn setup(segments: Value) -> Setup {
        Setup::new(json!({ "segments": segments }), json!({}))
    }

    fn picked(segments: Value, lead: Lead) -> Option<String> {
        setup(segments).route(lead).segment
    }

    fn one(column: &str, wanted: Value) -> Value {
        json!([{"name": "it", "priority": 1, column: wanted}])
    }

    #[test]
    fn the_first_match_by_priority_is_taken() {
        let segments = json!([
            {"name": "dach", "priority": 1, "countries": ["DE", "AT", "CH"], "territory": "south"},
            {"name": "germany", "priority": 2, "countries": ["DE"]},
            {"name": "world", "priority": 3},
        ]);
        let country = |name: &str| Lead { country: Some(name.into()), ..lead("ada@acme.com") };
        let decision = setup(segments.clone()).route(country("germany"));
        let expected =
            Reason::Segment { segment: "dach".into(), territory: Some("south".into()), broken: Vec::new() };
        assert_eq!(said(&decision, Layer::Segment), &expected);
        assert_eq!(decision.territory.as_deref(), Some("south"));
        assert_eq!(picked(segments.clone(), country("FR")).unwrap(), "world");
        assert_eq!(picked(segments, lead("ada@acme.com")).unwrap(), "world");
    }

    #[test]
    fn a_column_that_is_set_needs_a_value_that_is_listed() {
        let full = || Lead {
            country: Some("de".into()),
            region: Some("Bavaria".into()),
            postal_code: Some("80331".into()),
            industry: Some("Software".into()),
            product: Some("Cloud".into()),
            language: Some("DE".into()),
            source: Some("Web".into()),
            event: Some("Demo_Request".into()),
            ..lead("ada@acme.com")
        };
        for (column, holds, fails) in [
            ("countries", json!(["AT", "DE"]), json!(["AT"])),
            ("regions", json!(["bavaria"]), json!(["hesse"])),
            ("postal_prefixes", json!(["1", "80"]), json!(["0331"])),
            ("industries", json!(["software"]), json!(["steel"])),
            ("products", json!(["cloud"]), json!(["cloudy"])),
            ("languages", json!(["de"]), json!([])),
            ("sources", json!(["web"]), json!(["fair"])),
            ("events", json!(["demo_request"]), json!(["webinar"])),
        ] {
            assert!(picked(one(column, holds.clone()), full()).is_some(), "{column}");
            assert_eq!(picked(one(column, fails), full()), None, "{column}");
            // the column says something, the lead does not
            let empty = lead("ada@acme.com");
            assert_eq!(picked(one(column, holds), empty), None, "{column}");
        }
    }

    #[test]
    fn ranges_keep_to_their_bounds() {
        let span = json!({"lower": 50, "lower_inc": true, "upper": 250, "upper_inc": false});
        for (value, inside) in [(49, false), (50, true), (249, true), (250, false)] {
            let employees = Some(value);
            let lead = Lead { employees, annual_revenue: Some(f64::from(value)), ..Lead::default() };
            let by_size = picked(one("employees", span.clone()), lead.clone());
            assert_eq!(by_size.is_some(), inside, "{value} employees");
            let by_revenue = picked(one("revenue", span.clone()), lead);
            assert_eq!(by_revenue.is_some(), inside, "{value} of revenue");
        }
        assert_eq!(picked(one("employees", span), Lead::default()), None);
        let closed = json!({"lower": 50, "upper": 250, "upper_inc": true});
        for (employees, inside) in [(50, false), (51, true), (250, true), (251, false)] {
            let employees = Some(employees);
            let lead = Lead { employees, ..Lead::default() };
            let found = picked(one("employees", closed.clone()), lead);
            assert_eq!(found.is_some(), inside, "{employees:?} employees");
        }
    }

    #[test]
    fn a_segment_counts_only_while_it_is_effective() {
        let day = json!({
            "lower": at("2026-03-04 00:00"), "lower_inc": true, "upper": at("2026-03-05 00:00"),
        });
        let mut setup = setup(one("effective", day));
        for (now, effective) in [
            ("2026-03-03 23:59", false),
            ("2026-03-04 00:00", true),
            ("2026-03-04 23:59", true),
            ("2026-03-05 00:00", false),
        ] {
            setup.now = at(now);
            let decision = setup.route(Lead::default());
            assert_eq!(decision.segment.is_some(), effective, "{now}");
        }
        let open = json!({"lower": at("2026-03-04 10:00") - HOUR});
        assert!(picked(one("effective", open), Lead::default()).is_some());
    }

    #[test]
    fn a_broken_condition_is_skipped_and_reported() {
        let mut setup = setup(json!([
            {"name": "elsewhere", "priority": 1, "countries": ["FR"], "condition_problem": "x"},
            {"name": "broken", "priority": 2, "condition": "$.a.size(", "condition_problem": "syntax error"},
            {"name": "false", "priority": 3, "condition": "$.b"},
            {"name": "true", "priority": 4, "condition": "$.c"},
        ]));
        setup.lookups.condition_is("$.b", false);
        setup.lookups.condition_is("$.c", true);
        let broken = || {
            let (field, what) = ("broken".to_owned(), "syntax error".to_owned());
            vec![Problem { field, what }]
        };
        let decision = setup.route(Lead::default());
        let (segment, territory) = ("true".to_owned(), None);
        let expected = Reason::Segment { segment, territory, broken: broken() };
        assert_eq!(said(&decision, Layer::Segment), &expected);

        setup.lookups.condition_is("$.c", false);
        let decision = setup.route(Lead::default());
        let expected = Reason::NoSegment { tried: 4, broken: broken() };
        assert_eq!(said(&decision, Layer::Segment), &expected);
    }

    #[test]
    fn an_unreadable_value_silences_only_the_rules_that_read_it() {
        let segments = json!([{"name": "small", "priority": 1, "employees": {"lower": 1}}, {"name": "all", "priority": 2}]);
        assert_eq!(picked(segments.clone(), lead("nonsense")).as_deref(), Some("all"));
        let employees = Some(5);
        assert_eq!(picked(segments, Lead { employees, ..lead("nonsense") }).as_deref(), Some("small"));
    }
}
