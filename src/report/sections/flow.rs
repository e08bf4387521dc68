//! The rules as a picture: where real leads went.

use crate::data::{Flow, Report};
use crate::html::{columns, details, legend, nothing, section, svg, table, Cell};
use crate::sankey::{sankey, ways};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn flow(report: &Report) -> Markup {
    let sentence = sentence(&report.flows);
    let title = "From layers through segments and tiers to pools and queues";
    let body = html! {
        figure id="flow-chart" {
            figcaption { h3 { (title) } (key()) }
            @if let Some(drawing) = sankey(&report.flows) {
                div class="scroll picture" tabindex="0" role="region" aria-label=(title) {
                    (svg("flow-all", "sankey", title, &sentence, &drawing))
                }
            } @else {
                (nothing(&sentence))
            }
            (details(&numbers(&report.flows)))
        }
    };
    section("flow", "Where leads went", &html! { (sentence) }, &body)
}

fn key() -> Markup {
    legend(&[
        ("way rules", "by segment, tier and turn"),
        ("way account", "somebody knew them: accounts, given owners"),
        ("way listed", "by a list: domains, recycling"),
        ("way nobody", "fallback"),
    ])
}

fn sentence(flows: &[Flow]) -> String {
    let of = |kind: Option<ways::Kind>| -> i64 {
        let ours =
            flows.iter().filter(|flow| kind.is_none_or(|kind| ways::layer(flow.layer.as_deref()).1 == kind));
        ours.map(|flow| flow.leads).sum()
    };
    let all = of(None);
    if all == 0 {
        return "No lead came in this period.".to_owned();
    }
    let part = |kind, words: &str| {
        let n = of(Some(kind));
        format!("{} ({}) {words}", words::count(n), words::percent(words::share(n, all)))
    };
    format!(
        "Of {}, {}, {}, {} and {}.",
        words::plural(all, "lead"),
        part(ways::Kind::Rules, "went by segment and tier"),
        part(ways::Kind::Account, "to somebody who knew them"),
        part(ways::Kind::Listed, "by a list"),
        part(ways::Kind::Nobody, "to nobody: the fallback took them")
    )
}

fn numbers(flows: &[Flow]) -> Markup {
    let mut order: Vec<&Flow> = flows.iter().collect();
    order.sort_by(|a, b| {
        let by_name = (&a.layer, &a.segment, &a.tier, &a.kind, &a.target)
            .cmp(&(&b.layer, &b.segment, &b.tier, &b.kind, &b.target));
        b.leads.cmp(&a.leads).then(by_name)
    });
    let all: i64 = flows.iter().map(|flow| flow.leads).sum();
    let rows: Vec<Vec<Cell>> = order
        .iter()
        .map(|flow| {
            vec![
                Cell::Words(ways::layer(flow.layer.as_deref()).0),
                Cell::name(flow.segment.as_ref()),
                Cell::name(flow.tier.as_ref()),
                Cell::Name(ways::target(flow)),
                Cell::count(flow.leads),
                Cell::percent(Some(words::share(flow.leads, all))),
            ]
        })
        .collect();
    table(
        "Leads by way",
        &columns(&["Layer", "Segment", "Tier", "Went to", "#Leads", "#Share"]),
        &rows,
        "decisions",
    )
}
