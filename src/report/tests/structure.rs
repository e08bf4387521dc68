//! What the page is made of.

use super::{all, parse, text};
use crate::data::{Balance, Band, Flow, Member, Report, Sla};
use crate::page::{drawn, POLICY, SCRIPT, STYLE};
use crate::sample;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, no| bits << 8 | u32::from(*three.get(no).unwrap_or(&0)));
        for no in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * no) & 63) as usize];
            text.push(if no > three.len() { '=' } else { char::from(sign) });
        }
    }
    text
}

#[test]
fn the_policy_allows_the_style_and_the_script_of_the_page_by_their_hash() {
    let hash = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text)));
    assert!(POLICY.contains(&format!("style-src {};", hash(STYLE))), "style.css is {}", hash(STYLE));
    assert!(POLICY.contains(&format!("script-src {};", hash(SCRIPT))), "sort.js is {}", hash(SCRIPT));
    assert!(!STYLE.contains(['<', '&']) && !SCRIPT.contains(['<', '&']), "XML would read them otherwise");
}

#[test]
fn a_page_asks_for_nothing_from_outside_and_runs_nothing_but_its_own_script() {
    let page = drawn(&sample::report());
    let document = parse(&page);
    for node in document.descendants().filter(|node| node.is_element()) {
        assert!(!matches!(
            node.tag_name().name(),
            "link" | "img" | "iframe" | "object" | "image" | "use" | "base"
        ));
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(
                name != "style" && name != "src" && !name.starts_with("on"),
                "{name} in {}",
                node.tag_name().name()
            );
            assert!(name != "href" || attribute.value().starts_with('#'));
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    assert_eq!(all(&document, "script").count(), 1);
}

#[test]
fn headings_are_in_order_and_ids_are_unique_and_links_lead_somewhere() {
    for report in [sample::report(), Report::default()] {
        let page = drawn(&report);
        let document = parse(&page);
        let mut level = 0;
        for node in document.descendants().filter(|node| node.is_element()) {
            if let Some(next) =
                node.tag_name().name().strip_prefix('h').and_then(|digit| digit.parse::<u32>().ok())
            {
                assert!(next <= level + 1, "h{next} after h{level}: {}", text(node));
                level = next;
            }
        }
        let mut ids = BTreeSet::new();
        for id in document.descendants().filter_map(|node| node.attribute("id")) {
            assert!(ids.insert(id), "{id} is there twice");
        }
        for node in document.descendants() {
            for name in ["aria-labelledby", "href"] {
                for id in node.attribute(name).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id.trim_start_matches('#')), "{id} is nowhere");
                }
            }
        }
    }
}

#[test]
fn every_picture_says_what_it_shows_and_has_its_numbers_in_a_table() {
    let page = drawn(&sample::report());
    let document = parse(&page);
    let figures: Vec<_> = all(&document, "figure").collect();
    assert_eq!(figures.len(), 9);
    for figure in figures {
        let pictures: Vec<_> = figure
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "svg")))
            .collect();
        assert!(!pictures.is_empty(), "{}", text(figure));
        for picture in pictures {
            for name in ["title", "desc"] {
                let words = picture.children().find(|node| node.tag_name().name() == name).map(text);
                assert!(
                    words.is_some_and(|words| words.len() > 10),
                    "{name} in {:?}",
                    figure.attribute("id")
                );
            }
            assert_eq!(picture.attribute("role"), Some("img"));
        }
        let details =
            figure.children().find(|node| node.tag_name().name() == "details").expect("its numbers");
        assert!(details.descendants().any(|node| node.tag_name().name() == "table"), "{}", text(figure));
    }
}

#[test]
fn nothing_is_empty_without_a_word_why() {
    let page = drawn(&Report::default());
    let document = parse(&page);
    assert_eq!(all(&document, "svg").count(), 0);
    for figure in all(&document, "figure") {
        let none = figure.children().find(|node| node.attribute("class") == Some("none")).map(text);
        assert!(
            none.is_some_and(|words| words.ends_with('.') && words.len() > 30),
            "{:?}",
            figure.attribute("id")
        );
    }
    for section in all(&document, "section") {
        let lead = section.children().find(|node| node.attribute("class") == Some("lead")).map(text);
        let lead = lead.unwrap_or_default();
        assert!(lead.len() > 15 && lead.ends_with('.') && !lead.contains(".."), "{lead}");
    }
}

#[test]
fn each_section_begins_with_a_sentence_that_says_what_is_seen() {
    let page = drawn(&sample::report());
    let document = parse(&page);
    let lead = |id: &str| {
        let section =
            all(&document, "section").find(|node| node.attribute("id") == Some(id)).expect("the section");
        let lead = section.children().filter(|node| node.is_element()).nth(1).map(text);
        lead.unwrap_or_default().replace('\u{a0}', " ")
    };
    assert_eq!(
        lead("trend"),
        "40 of 1,240 leads were unrouted: 3.2 %, the limit is 2 %. The worst week was 2026-W42, with 4.7 %."
    );
    assert!(lead("headline").contains("unrouted 3.2 % (limit 2 %)"), "{}", lead("headline"));
    assert!(lead("territories").contains("DACH (2.4 times the mean)"));
    assert_eq!(all(&document, "section").count(), 11);
}

#[test]
fn the_same_report_is_the_same_page() {
    assert_eq!(drawn(&sample::report()), drawn(&sample::report()));
}

#[test]
fn a_team_is_told_which_parts_are_of_everybody() {
    let mut report = sample::report();
    report.team = Some(crate::data::Team { kind: "pool".to_owned(), name: "emea".to_owned() });
    let page = drawn(&report);
    assert!(page.contains("pool <bdi>emea</bdi>"));
    assert_eq!(page.matches("class=\"everybody\"").count(), 4);
    assert_eq!(drawn(&sample::report()).matches("class=\"everybody\"").count(), 0);
}

/// The sample with 20,000 rows in each list.
fn large() -> Report {
    let mut report = sample::report();
    let of = |n: usize| (format!("tenant-{n}"), n as i64);
    let many = 0..20_000;
    report.reps = many
        .clone()
        .map(of)
        .map(|(tenant, n)| Sla { tenant, met: 1, breached: n, ..Sla::default() })
        .collect();
    report.territories.clone_from(&report.reps);
    report.balance =
        many.clone().map(of).map(|(tenant, leads)| Balance { tenant, leads, ..Balance::default() }).collect();
    report.members = many
        .clone()
        .map(of)
        .map(|(tenant, n)| Member { tenant, deviation: Some(n as f64), ..Member::default() })
        .collect();
    report.bands =
        many.clone().map(of).map(|(tenant, leads)| Band { tenant, leads, ..Band::default() }).collect();
    report.flows =
        many.map(of).map(|(tier, leads)| Flow { tier: Some(tier), leads, ..Flow::default() }).collect();
    report
}

#[test]
fn a_page_of_many_tenants_lists_the_first_and_says_how_many_more_there_are() {
    let page = drawn(&large());
    assert!(page.len() < 3_000_000, "{}", page.len());
    let document = parse(&page);
    for (id, source) in [
        ("sla-reps", "sla_by_rep"),
        ("sla-territories", "sla_by_territory"),
        ("territories", "territory_balance"),
        ("fairness", "pool_fairness"),
        ("calibration", "score_calibration"),
        ("flow", "decisions"),
    ] {
        let part = document.descendants().find(|node| node.attribute("id") == Some(id)).expect(id);
        let rows = part.descendants().filter(|node| node.tag_name().name() == "tbody").map(|body| {
            let rows = body.children().filter(|node| node.is_element());
            // the largest comes first, or is among them
            let has_largest = text(body).contains("tenant-19999");
            (rows.count(), has_largest)
        });
        assert_eq!(rows.collect::<Vec<_>>(), [(500, true)], "{id}");
        assert!(text(part).contains(&format!("… and 19,500 more: all are in leadroute.{source}.")), "{id}");
    }
    // sums are of all
    assert!(page.contains("20,000 of 200,010,000 clocks were answered in time"));
    assert!(!drawn(&sample::report()).contains(" more: all are in "));
}
