//! Leads that came to the wrong one, by reason.

use super::DRAWN;
use crate::charts::bars::{bars, Row, Scale};
use crate::charts::{round_up, Chart, SECOND};
use crate::data::{Misroute, Report};
use crate::html::{columns, figure, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn misroutes(report: &Report) -> Markup {
    let mut rows: Vec<&Misroute> = report.misroutes.iter().collect();
    rows.sort_by(|a, b| b.leads.cmp(&a.leads).then_with(|| a.reason.cmp(&b.reason)));
    let all: i64 = rows.iter().map(|row| row.leads).sum();
    let sentence = match rows.first() {
        Some(first) if all > 0 => format!(
            "{} {} to the wrong one; the most common reason is {} ({} of {}).",
            words::plural(all, "lead"),
            "came",
            first.reason.replace('_', " "),
            words::count(first.leads),
            words::count(all)
        ),
        _ => "Nobody said that a lead came to the wrong one.".to_owned(),
    };
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let share = Some(words::share(row.leads, all));
            vec![Cell::Name(row.reason.clone()), Cell::count(row.leads), Cell::percent(share)]
        })
        .collect();
    let numbers =
        table("Misroutes by reason", &columns(&["Reason", "#Leads", "#Share"]), &cells, "misrouted_leads");
    let body = figure(
        "misroutes-chart",
        "Leads that came to the wrong one, by reason",
        &sentence,
        chart(&rows).as_ref(),
        &html! {},
        &numbers,
    );
    section("misroutes", "Misroutes", &html! { (sentence) }, &body)
}

fn chart(rows: &[&Misroute]) -> Option<Chart> {
    let most = rows.iter().map(|row| row.leads).max().filter(|most| *most > 0)?;
    let drawn: Vec<Row> = rows
        .iter()
        .take(DRAWN)
        .map(|row| Row {
            name: row.reason.replace('_', " "),
            bars: vec![(Some(row.leads as f64), words::count(row.leads), SECOND)],
        })
        .collect();
    bars(&drawn, &Scale { from: 0.0, to: round_up(most as f64), mark: Vec::new() })
}
