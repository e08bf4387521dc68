//! Names of any kind.

use super::{all, parse, text};
use crate::page::drawn;
use crate::sample;
use proptest::prelude::*;
use serde_json::Value;

/// Every text of a report that comes from people becomes `name`.
fn renamed(name: &str) -> crate::data::Report {
    let mut report: Value = serde_json::from_str(sample::JSON).expect("JSON");
    rename(&mut report, name);
    serde_json::from_value(report).expect("a report")
}

fn rename(value: &mut Value, name: &str) {
    const KEYS: [&str; 19] = [
        "detail",
        "policy",
        "name",
        "id",
        "tenant",
        "territory",
        "pool",
        "rep",
        "segment",
        "band",
        "verdict",
        "reason",
        "tier",
        "target",
        "what",
        "why",
        "by",
        "approved_by",
        "check",
    ];
    match value {
        Value::Array(entries) => entries.iter_mut().for_each(|entry| rename(entry, name)),
        Value::Object(fields) => {
            for (key, field) in fields {
                match field {
                    Value::String(text) if KEYS.contains(&key.as_str()) => name.clone_into(text),
                    Value::Array(_) | Value::Object(_) => rename(field, name),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Two names beside each other, as people read them.
fn check(name: &str) -> Result<(), TestCaseError> {
    let page = drawn(&renamed(name));
    let document = parse(&page);
    prop_assert_eq!(all(&document, "script").count(), 1);
    prop_assert!(all(&document, "b").count() + all(&document, "img").count() == 0);
    let shown =
        |sign: char| if sign.is_control() && !matches!(sign, '\t' | '\n' | '\r') { '\u{fffd}' } else { sign };
    let wanted: String = name.chars().map(shown).collect();
    let section =
        all(&document, "section").find(|node| node.attribute("id") == Some("changes")).expect("changes");
    let cells: Vec<String> =
        section.descendants().filter(|node| node.tag_name().name() == "bdi").map(text).collect();
    prop_assert!(!cells.is_empty());
    // XML reads each end of a line as a line feed
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    for cell in &cells {
        prop_assert_eq!(lines(cell), lines(&wanted));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn text_of_any_kind_is_shown_as_it_is(name in "[^\u{fffe}\u{ffff}\u{fdd0}-\u{fdef}]{0,40}") {
        check(&name)?;
    }
}

#[test]
fn markup_in_names_is_text() {
    for name in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</svg></style><b>",
        "]]>",
        "&lt;b&gt;",
        "\u{1}\u{0}",
        "שלום \u{202e}abc",
        "-->",
    ] {
        check(name).expect(name);
    }
}

#[test]
fn long_names_and_a_thousand_reps_and_a_year_of_weeks_fit() {
    let mut report = renamed(&"Very Long Name ".repeat(14));
    let rep = report.reps[0].clone();
    report.reps = vec![rep; 1000];
    let week = report.weeks[0].clone();
    report.weeks = vec![week; 53];
    let page = drawn(&report);
    assert!(page.contains("of 1,000 rows"));
    assert!(page.len() < 4_000_000, "{}", page.len());
    let document = parse(&page);
    for svg in all(&document, "svg") {
        for label in svg.descendants().filter(|node| node.tag_name().name() == "text") {
            assert!(text(label).chars().count() < 60, "{}", text(label));
        }
    }
}
