//! Headline figures against their limits.

use crate::data::{Measure, Report};
use crate::html::section;
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn headline(report: &Report) -> Markup {
    let body = html! {
        ul class="cards" { @for measure in &report.measures { (card(measure)) } }
    };
    section("headline", "At a glance", &html! { (sentence(&report.measures)) }, &body)
}

fn sentence(measures: &[Measure]) -> String {
    let leads = measures.iter().find(|measure| measure.measure == "leads").and_then(|measure| measure.value);
    let came = match leads {
        Some(n) if n > 0.0 => format!("{} came in this period. ", words::plural(n as i64, "lead")),
        _ => "No lead came in this period. ".to_owned(),
    };
    let judged: Vec<_> = measures.iter().filter(|measure| measure.is_ok.is_some()).collect();
    let wrong: Vec<String> = judged
        .iter()
        .filter(|measure| measure.is_ok == Some(false))
        .map(|measure| outside(measure))
        .collect();
    let kept = match (judged.len(), wrong.len()) {
        (0, _) => "There is nothing to hold against a limit.".to_owned(),
        (1, 0) => "The only figure that has a limit keeps it.".to_owned(),
        (all, 0) => format!("All {all} figures that have a limit keep it."),
        (1, _) => format!("The only figure that has a limit does not keep it: {}.", words::list(&wrong)),
        (all, out) => {
            let verb = words::verb(out as i64, "does", "do");
            format!("{out} of {all} figures with a limit {verb} not keep it: {}.", words::list(&wrong))
        }
    };
    came + &kept
}

fn outside(measure: &Measure) -> String {
    let unit = measure.unit.as_deref().unwrap_or_default();
    let shown = |value: Option<f64>, show: fn(f64, &str) -> String| value.map(|value| show(value, unit));
    let value = shown(measure.value, words::figure).unwrap_or_else(|| "unknown".to_owned());
    match shown(measure.limit, words::limit) {
        Some(limit) => format!("{} {value} (limit {limit})", measure.measure),
        None => format!("{} {value}", measure.measure),
    }
}

fn card(measure: &Measure) -> Markup {
    let unit = measure.unit.as_deref().unwrap_or_default();
    let (class, mark) = match measure.is_ok {
        Some(true) => ("ok", "within its limit"),
        Some(false) => ("bad", "outside its limit"),
        None => ("", ""),
    };
    html! {
        li class={ "card " (class) } {
            h3 { (first_large(&measure.measure)) }
            p class="figure" {
                @match measure.value { Some(value) => (words::figure(value, unit)), None => span class="none" { "none" } }
            }
            p class="limit" {
                @if let Some(limit) = measure.limit { "limit " (words::limit(limit, unit)) }
                @if !mark.is_empty() { " " span class={ "mark " (class) } { (mark) } }
            }
            p class="small" {
                @if let Some(detail) = &measure.detail { bdi { (detail) } }
                @else if let (Some(n), "percent" | "minutes") = (measure.n, unit) { "of " (words::count(n)) }
            }
        }
    }
}

fn first_large(words: &str) -> String {
    let mut signs = words.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}
