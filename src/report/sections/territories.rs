//! Volume and value by territory.

use super::{named as name_of, DRAWN};
use crate::charts::bars::{bars, Row, Scale};
use crate::charts::{drawable, round_up, Chart, FIRST, SECOND};
use crate::data::{Balance, Report};
use crate::html::{beside_chart, columns, figure, legend, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn territories(report: &Report) -> Markup {
    let mut rows: Vec<&Balance> = report.balance.iter().collect();
    rows.sort_by(|a, b| {
        b.leads.cmp(&a.leads).then_with(|| (&a.territory, &a.tenant).cmp(&(&b.territory, &b.tenant)))
    });
    let sentence = sentence(&rows);
    let titles = columns(&[
        "Territory",
        "#Reps",
        "#Leads",
        "#Leads, percent",
        "#Closed",
        "#Won",
        "#Won of closed",
        "#Value won",
        "#Value, percent",
        "#Times the mean",
        "Balance",
    ]);
    let cells: Vec<Vec<Cell>> = rows.iter().map(|row| line(row)).collect();
    let body = html! {
        (figure("territories-chart", "Shares of leads and of value", &sentence, chart(&rows).as_ref(),
                &legend(&[("first", "share of leads"), ("second", "share of value won")]),
                &table("Volume and value by territory", &titles, &cells, "territory_balance")))
        @if rows.len() > DRAWN {
            p class="small" { "Drawn are the " (DRAWN) " with most leads; " (beside_chart(rows.len(), DRAWN)) " more are in the table." }
        }
    };
    section("territories", "Territories", &html! { (sentence) }, &body)
}

fn sentence(rows: &[&Balance]) -> String {
    let leads: i64 = rows.iter().map(|row| row.leads).sum();
    if leads == 0 {
        return "No lead came to a territory.".to_owned();
    }
    let hot: Vec<String> = rows
        .iter()
        .filter(|row| row.is_hotspot == Some(true))
        .take(3)
        .map(|row| {
            let times =
                row.hotspot_factor.map(|factor| format!(" ({} times the mean)", words::decimal(factor, 1)));
            name_of(row.territory.as_deref(), &row.tenant) + &times.unwrap_or_default()
        })
        .collect();
    let (named, none): (Vec<&&Balance>, Vec<&&Balance>) =
        rows.iter().partition(|row| row.territory.is_some());
    let sum = |rows: &[&&Balance]| rows.iter().map(|row| row.leads).sum::<i64>();
    let apart = match sum(&none) {
        0 => String::new(),
        n => format!(", {} to none", words::count(n)),
    };
    let spread =
        format!("{} came to {}{apart}. ", words::plural(sum(&named), "lead"), territories_of(named.len()));
    match hot.len() {
        0 => spread + "None is a hotspot.",
        n => format!(
            "{spread}{} of them {}: {}.",
            n,
            words::verb(n as i64, "is a hotspot", "are hotspots"),
            words::list(&hot)
        ),
    }
}

fn territories_of(n: usize) -> String {
    if n == 1 {
        "one territory".to_owned()
    } else {
        format!("{} territories", words::count(n as i64))
    }
}

fn chart(rows: &[&Balance]) -> Option<Chart> {
    if rows.iter().all(|row| row.leads == 0) {
        return None;
    }
    let shown = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), words::percent);
    let drawn: Vec<Row> = rows
        .iter()
        .take(DRAWN)
        .map(|row| Row {
            name: name_of(row.territory.as_deref(), &row.tenant),
            bars: vec![
                (row.leads_share, shown(row.leads_share), FIRST),
                (row.value_share, shown(row.value_share), SECOND),
            ],
        })
        .collect();
    let most = rows
        .iter()
        .flat_map(|row| [drawable(row.leads_share), drawable(row.value_share)])
        .fold(1.0, f64::max);
    bars(&drawn, &Scale { from: 0.0, to: round_up(most), mark: Vec::new() })
}

fn line(row: &Balance) -> Vec<Cell> {
    vec![
        Cell::Name(name_of(row.territory.as_deref(), &row.tenant)),
        row.reps.map_or(Cell::None, Cell::count),
        Cell::count(row.leads),
        Cell::percent(row.leads_share),
        Cell::count(row.closed),
        Cell::count(row.converted),
        Cell::percent(row.percent_converted),
        Cell::decimal(row.value_won),
        Cell::percent(row.value_share),
        Cell::decimal(row.hotspot_factor),
        match row.is_hotspot {
            Some(true) => Cell::Mark("bad", "hotspot".to_owned()),
            Some(false) => Cell::Mark("ok", "in balance".to_owned()),
            None => Cell::None,
        },
    ]
}
