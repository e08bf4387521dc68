//! The state of routing, and its alarms.

use crate::data::{Check, Report};
use crate::html::{columns, everybody, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn health(report: &Report) -> Markup {
    let mut checks: Vec<&Check> = report.checks.iter().collect();
    checks.sort_by_key(|check| is_ok(check));
    let rows: Vec<Vec<Cell>> = checks.iter().map(|check| line(check)).collect();
    let titles = columns(&["Check", "Status", "#Value", "#Limit", "Detail"]);
    let sentence = match report.tenant {
        Some(_) => "Routing is that of all tenants: its health is not shown to one.".to_owned(),
        None => sentence(&checks, &report.made_at),
    };
    let body = html! {
        (everybody(report, "Routing as a whole, not only that of the team."))
        (table("Checks of routing", &titles, &rows, "routing_health"))
    };
    section("health", "Health and alarms", &html! { (sentence) }, &body)
}

fn is_ok(check: &Check) -> bool {
    check.status == "ok"
}

fn sentence(checks: &[&Check], at: &str) -> String {
    let wrong: Vec<String> =
        checks.iter().filter(|check| !is_ok(check)).map(|check| check.check.replace('_', " ")).collect();
    let (all, n) = (checks.len() as i64, wrong.len() as i64);
    match (all, n) {
        (0, _) => "There are no checks.".to_owned(),
        (_, 0) => format!("All {all} checks were well at {at}."),
        (_, 1..=3) => format!(
            "{n} of {all} checks {} not well at {at}: {}.",
            words::verb(n, "was", "were"),
            words::list(&wrong)
        ),
        _ => format!("{n} of {all} checks were not well at {at}."),
    }
}

fn line(check: &Check) -> Vec<Cell> {
    let class = if is_ok(check) { "ok" } else { "bad" };
    vec![
        Cell::Words(check.check.clone()),
        Cell::Mark(class, check.status.clone()),
        Cell::decimal(check.value),
        Cell::decimal(check.limit),
        Cell::name(check.detail.as_ref()),
    ]
}
