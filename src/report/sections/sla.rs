//! Who answers in time: reps and territories.

use super::{named, DRAWN};
use crate::charts::bars::{bars, Row, Scale};
use crate::charts::{Chart, FIRST, SECOND};
use crate::data::{Report, Sla};
use crate::html::{beside_chart, columns, figure, legend, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn sla(report: &Report) -> Markup {
    let wanted = report.wanted;
    let body = html! {
        (part("sla-reps", "Answers in time, by rep", "rep", &report.reps, wanted))
        (part("sla-territories", "Answers in time, by territory", "territory", &report.territories, wanted))
    };
    section("sla", "Answers in time", &html! { (sentence(&report.reps, "rep")) }, &body)
}

/// In time, of those whose time is over.
fn kept(row: &Sla) -> Option<f64> {
    let due = row.met + row.breached;
    (due > 0).then(|| words::share(row.met, due))
}

/// Those with most clocks that were missed first, then those with the smallest share in time.
fn worst_first(rows: &[Sla]) -> Vec<&Sla> {
    let mut order: Vec<&Sla> = rows.iter().collect();
    let share = |row: &Sla| kept(row).unwrap_or(101.0);
    order.sort_by(|a, b| {
        let by_count = b.breached.cmp(&a.breached).then_with(|| share(a).total_cmp(&share(b)));
        by_count.then_with(|| (&a.name, &a.tenant).cmp(&(&b.name, &b.tenant)))
    });
    order
}

fn sentence(rows: &[Sla], who: &str) -> String {
    let (met, breached): (i64, i64) =
        rows.iter().fold((0, 0), |sum, row| (sum.0 + row.met, sum.1 + row.breached));
    if met + breached == 0 {
        return format!("No clock that a {who} should have answered has run out or was answered.");
    }
    let share = words::percent(words::share(met, met + breached));
    let sum = format!(
        "{} of {} clocks were answered in time: {share}.",
        words::count(met),
        words::count(met + breached)
    );
    match worst_first(rows).first() {
        Some(worst) if worst.breached > 0 => {
            let name = named(worst.name.as_deref(), &worst.tenant);
            format!(
                "{sum} {name} missed most: {} of {}.",
                words::count(worst.breached),
                words::count(worst.met + worst.breached)
            )
        }
        _ => format!("{sum} Nobody missed one."),
    }
}

fn part(id: &str, title: &str, who: &str, rows: &[Sla], wanted: Option<f64>) -> Markup {
    let order = worst_first(rows);
    let words = sentence(rows, who);
    let cells: Vec<Vec<Cell>> = order.iter().map(|row| line(row)).collect();
    let head = if who == "rep" { "Rep" } else { "Territory" };
    let titles = columns(&[head, "Id", "#In time", "#Missed", "#In time, percent", "#Not due yet"]);
    let less = wanted.map(|wanted| format!("less than {} in time", words::limit(wanted, "percent")));
    let mut key = vec![("first", "answered in time")];
    key.extend(less.as_deref().map(|less| ("second", less)));
    let source = if who == "rep" { "sla_by_rep" } else { "sla_by_territory" };
    let numbers = table(title, &titles, &cells, source);
    let more = beside_chart(order.len(), DRAWN);
    html! {
        (figure(id, title, &words, chart(&order, wanted).as_ref(),
                &legend(&key), &numbers))
        @if more > 0 { p class="small" { "Drawn are the " (DRAWN) " that missed most; " (more) " more are in the table." } }
    }
}

fn chart(order: &[&Sla], wanted: Option<f64>) -> Option<Chart> {
    let rows: Vec<Row> = order
        .iter()
        .filter(|row| row.met + row.breached > 0)
        .take(DRAWN)
        .map(|row| {
            let share = kept(row);
            let colour =
                if share.zip(wanted).is_some_and(|(share, wanted)| share < wanted) { SECOND } else { FIRST };
            let shown = share.map(words::percent).unwrap_or_default();
            Row { name: named(row.name.as_deref(), &row.tenant), bars: vec![(share, shown, colour)] }
        })
        .collect();
    bars(&rows, &Scale { from: 0.0, to: 100.0, mark: Vec::new() })
}

fn line(row: &Sla) -> Vec<Cell> {
    vec![
        Cell::Name(named(row.name.as_deref(), &row.tenant)),
        Cell::name(row.id.as_ref()),
        Cell::count(row.met),
        Cell::count(row.breached),
        Cell::percent(kept(row)),
        Cell::count(row.running),
    ]
}
