//! The whole page: one file that asks for nothing from outside.

use crate::data::Report;
use crate::sections;
use maud::{html, Markup, PreEscaped};

/// How the page looks.
pub const STYLE: &str = include_str!("style.css");

/// What sorts tables; without it they are read as they are.
pub const SCRIPT: &str = include_str!("sort.js");

/// What the page lets a browser do: its own style and script, known by their hash, and nothing else. A test keeps them right.
pub const POLICY: &str = "default-src 'none'; style-src 'sha256-/8Y3GEp/5R6zYfu7lGx6GrR6xGEC/nBH1Og6gkLy7ZU='; script-src 'sha256-9RBn+EHY7rC6L8PyKcPfw4qkqSQSAE4leSPEy/Jpakc='; base-uri 'none'; form-action 'none'";

/// The page of a report that is given as JSON.
///
/// # Errors
/// Where the JSON is not that of a report.
pub fn page(json: &str) -> Result<String, serde_json::Error> {
    Ok(drawn(&serde_json::from_str(json)?))
}

/// The page of a report.
pub fn drawn(report: &Report) -> String {
    let title = format!("Lead routing, {} to {}", report.since, report.until);
    let page = html! {
        html lang="en" {
            head {
                // elements without an end are closed here, so that the page is XML, too
                (PreEscaped("<meta charset=\"utf-8\"/>"))
                (PreEscaped("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"))
                (PreEscaped("<meta name=\"color-scheme\" content=\"light dark\"/>"))
                (PreEscaped(format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>")))
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(report))
                main { (parts(report)) }
                footer { p { "Made by leadroute at " (report.made_at) ", from the tables of the database. Times are those of " (report.zone) "." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    allowed(&format!("<!DOCTYPE html>\n{}\n", page.into_string()))
}

fn header(report: &Report) -> Markup {
    html! {
        header {
            p class="eyebrow" { "leadroute report" }
            h1 { "Lead routing" }
            p class="period" {
                time { (report.since) } " to " time { (report.until) } ", " (report.zone)
                @if let Some(team) = &report.team { " · " (team.kind) " " bdi { (team.name) } }
                @if let Some(tenant) = &report.tenant { " · tenant " bdi { (tenant) } }
            }
            nav aria-label="Contents" {
                ul { @for (id, title) in CONTENTS { li { a href={ "#" (id) } { (title) } } } }
            }
        }
    }
}

const CONTENTS: [(&str, &str); 11] = [
    ("headline", "At a glance"),
    ("speed", "Speed"),
    ("sla", "In time"),
    ("territories", "Territories"),
    ("fairness", "Fair shares"),
    ("trend", "Unrouted"),
    ("misroutes", "Misroutes"),
    ("calibration", "Scores"),
    ("flow", "Flow"),
    ("changes", "Changes"),
    ("health", "Health"),
];

fn parts(report: &Report) -> Markup {
    html! {
        (sections::headline::headline(report))
        (sections::speed::speed(report))
        (sections::sla::sla(report))
        (sections::territories::territories(report))
        (sections::fairness::fairness(report))
        (sections::trend::trend(report))
        (sections::misroutes::misroutes(report))
        (sections::calibration::calibration(report))
        (sections::flow::flow(report))
        (sections::changes::changes(report))
        (sections::health::health(report))
    }
}

/// Signs that neither XML nor HTML allow, in no way of writing them, become the sign for what cannot be shown.
fn allowed(page: &str) -> String {
    let is_allowed = |sign: char| !matches!(sign, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' | '\u{fdd0}'..='\u{fdef}');
    page.chars().map(|sign| if is_allowed(sign) { sign } else { '\u{fffd}' }).collect()
}
