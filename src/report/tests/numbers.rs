//! Numbers as people read them, and sums of the Sankey diagram.

use crate::charts::histogram::position;
use crate::charts::round_up;
use crate::data::{Bucket, Flow, Measure, Speed};
use crate::sankey::layout::lay;
use crate::sankey::ways::{ways, MOST};
use crate::words;
use proptest::prelude::*;

#[test]
fn numbers_have_commas_and_units() {
    let plain = |text: String| text.replace('\u{a0}', " ");
    assert_eq!(words::count(1_234_567), "1,234,567");
    assert_eq!(words::count(-1000), "−1,000");
    assert_eq!(words::decimal(1_845_300.5, 2), "1,845,300.5");
    assert_eq!(words::decimal(-0.001, 2), "0");
    assert_eq!(words::decimal(1e300, 2), "1.000e300");
    assert_eq!(words::decimal(f64::NAN, 2), "not a number");
    assert_eq!(plain(words::percent(5.0)), "5.0 %");
    assert_eq!(plain(words::limit(2.0, "percent")), "2 %");
    let times = [
        (0.75, "45 s"),
        (3.5, "3.5 min"),
        (59.4, "59 min"),
        (59.6, "1 h"),
        (125.0, "2 h 5 min"),
        (4560.0, "3 d 4 h"),
        (0.0, "0 s"),
    ];
    for (minutes, text) in times {
        assert_eq!(plain(words::minutes(minutes)), text);
    }
    assert_eq!(plain(words::plural(1, "lead")), "1 lead");
    assert_eq!(words::list(&["a".to_owned(), "b".to_owned(), "c".to_owned()]), "a, b and c");
}

#[test]
fn a_cut_name_ends_in_an_ellipsis_and_fits() {
    let cut = words::clip("Wolfeschlegelsteinhausenbergerdorff", 8.0);
    assert!(cut.ends_with('…') && words::width(&cut) <= 8.0, "{cut}");
    assert_eq!(words::clip("Ann", 8.0), "Ann");
    assert_eq!(words::clip("a\nb", 8.0), "a b");
    assert!(words::width(&words::clip(&"漢".repeat(50), 8.0)) <= 8.0);
}

#[test]
fn numbers_may_come_as_text_since_json_knows_neither_nan_nor_1e400() {
    let measure = |json: &str| serde_json::from_str::<Measure>(json).expect("a measure").value;
    assert_eq!(measure(r#"{"measure": "a", "value": "12.5"}"#), Some(12.5));
    assert!(measure(r#"{"measure": "a", "value": "NaN"}"#).is_some_and(f64::is_nan));
    assert!(measure(r#"{"measure": "a", "value": "1e400"}"#).is_some_and(f64::is_infinite));
    assert_eq!(measure(r#"{"measure": "a", "value": null}"#), None);
}

#[test]
fn minutes_stand_within_their_bar() {
    let bucket = |up_to: Option<f64>| Bucket { up_to, leads: 1 };
    let speed =
        Speed { buckets: vec![bucket(Some(1.0)), bucket(Some(5.0)), bucket(None)], ..Speed::default() };
    assert!((position(&speed, 0.5) - 0.5).abs() < 1e-9);
    assert!((position(&speed, 3.0) - 1.5).abs() < 1e-9);
    assert!((position(&speed, 999.0) - 2.5).abs() < 1e-9);
}

proptest! {
    #[test]
    fn an_axis_holds_its_values(most in 1e-3..1e12f64) {
        let end = round_up(most);
        prop_assert!(end >= most * 0.999_999 && end <= most * 2.0, "{} for {}", end, most);
    }
}

fn flow() -> impl Strategy<Value = Flow> {
    let name = |of: &'static str, most: u32| (0..most).prop_map(move |no| format!("{of} {no}"));
    let maybe = |of, most| proptest::option::of(name(of, most));
    let layers = proptest::option::of(prop_oneof![Just("distribution"), Just("fallback"), Just("customer")]);
    (layers, maybe("segment", 40), maybe("tier", 4), name("pool", 30), 0..10_000i64).prop_map(
        |(layer, segment, tier, target, leads)| Flow {
            layer: layer.map(str::to_owned),
            segment,
            tier,
            kind: "pool".to_owned(),
            target: Some(target),
            leads,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn each_column_of_the_flow_holds_all_leads_and_no_names_lie_on_each_other(flows in proptest::collection::vec(flow(), 1..120)) {
        let all: i64 = flows.iter().map(|flow| flow.leads).sum();
        let Some(layout) = lay(&ways(&flows)) else {
            prop_assert_eq!(all, 0);
            return Ok(());
        };
        for column in 0..4 {
            let mut nodes: Vec<_> = layout.nodes.iter().filter(|node| node.column == column).collect();
            prop_assert_eq!(nodes.iter().map(|node| node.leads).sum::<i64>(), all);
            prop_assert!(nodes.iter().filter(|node| node.name.is_some()).count() <= MOST);
            nodes.sort_by(|a, b| a.top.total_cmp(&b.top));
            for pair in nodes.windows(2) {
                prop_assert!(pair[0].top + pair[0].height < pair[1].top);
            }
            let middles: Vec<f64> = nodes.iter().filter(|node| node.name.is_some()).map(|node| node.top + node.height / 2.0).collect();
            for pair in middles.windows(2) {
                prop_assert!(pair[1] - pair[0] >= 15.0, "names {} apart", pair[1] - pair[0]);
            }
        }
        for (number, node) in layout.nodes.iter().enumerate() {
            let sum = |is_from: bool| layout.links.iter().filter(|link| (if is_from { link.from } else { link.to }) == number).map(|link| link.leads).sum::<i64>();
            prop_assert!(node.column == 3 || sum(true) == node.leads);
            prop_assert!(node.column == 0 || sum(false) == node.leads);
            prop_assert!(node.top >= 20.0 && node.top + node.height <= layout.height);
        }
        for link in &layout.links {
            let (from, to) = (&layout.nodes[link.from], &layout.nodes[link.to]);
            prop_assert!(link.from_top + link.height <= from.height + 1e-6 && link.to_top + link.height <= to.height + 1e-6);
        }
    }
}
