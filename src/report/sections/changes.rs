//! What changed in the rules.

use crate::data::{Change, Report};
use crate::html::{columns, everybody, section, table, Cell};
use crate::words;
use maud::{html, Markup};
use std::collections::BTreeSet;

/// Draws it.
pub fn changes(report: &Report) -> Markup {
    let rows: Vec<Vec<Cell>> = report.changes.iter().map(line).collect();
    let titles = columns(&["When", "What", "Why", "By", "Approved by"]);
    let hidden = report.changes_in_all - report.changes.len() as i64;
    let body = html! {
        (everybody(report, "Changes of all rules, not only those of the team."))
        (table("Changes of rules, newest first", &titles, &rows, "changelog"))
        @if hidden > 0 { p class="small" { (words::plural(hidden, "older change")) " of this period are in " code { "leadroute.changelog" } "." } }
    };
    section("changes", "What changed", &html! { (sentence(report)) }, &body)
}

fn sentence(report: &Report) -> String {
    let n = report.changes_in_all;
    if report.tenant.is_some() {
        return "Rules are those of all tenants: their changes are not shown to one.".to_owned();
    }
    if n == 0 {
        return "No rule was changed in this period.".to_owned();
    }
    let people: BTreeSet<&String> = report.changes.iter().filter_map(|change| change.by.as_ref()).collect();
    let approved = report.changes.iter().filter(|change| change.approved_by.is_some()).count() as i64;
    let by = match people.len() {
        0 => String::new(),
        1 => format!(" by {}", people.first().map_or("", |name| name.as_str())),
        many => format!(" by {many} people"),
    };
    let verb = words::verb(n, "was", "were");
    let seen = match approved {
        0 => "none was approved by a second person".to_owned(),
        some => {
            format!("{} {} approved by a second person", words::count(some), words::verb(some, "was", "were"))
        }
    };
    format!("{} {verb} made{by}; {seen}.", words::plural(n, "change"))
}

fn line(change: &Change) -> Vec<Cell> {
    vec![
        Cell::Words(change.at.clone()),
        Cell::Name(change.what.clone()),
        Cell::name(change.why.as_ref()),
        Cell::name(change.by.as_ref()),
        Cell::name(change.approved_by.as_ref()),
    ]
}
