//! How fast leads are answered.

use crate::charts::histogram::histogram;
use crate::data::{Report, Speed};
use crate::html::{columns, figure, legend, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn speed(report: &Report) -> Markup {
    let speed = &report.speed;
    let sentence = sentence(speed);
    let body = figure(
        "speed-chart",
        "Time from the buyer's action to the first answer",
        &sentence,
        histogram(speed).as_ref(),
        &legend(&[("first", "answered"), ("aside", "not answered so far")]),
        &numbers(speed),
    );
    section("speed", "Speed to lead", &html! { (sentence) }, &body)
}

fn sentence(speed: &Speed) -> String {
    let answered: i64 = speed.buckets.iter().map(|bucket| bucket.leads).sum();
    if answered + speed.unanswered == 0 {
        return "No clock of a lead ran in this period.".to_owned();
    }
    let [p50, p90, _] = speed.percentiles();
    let times = match (p50, p90) {
        (Some(p50), Some(p90)) => {
            format!(
                "Half of the answers came within {}, nine of ten within {}. ",
                words::minutes(p50),
                words::minutes(p90)
            )
        }
        _ => "Nothing was answered. ".to_owned(),
    };
    let target = match speed.due {
        0 => "No answer was due".to_owned(),
        due => format!(
            "{} of {} answers that were due came within their target: {}",
            words::count(speed.within_target),
            words::count(due),
            words::percent(words::share(speed.within_target, due))
        ),
    };
    let open = match speed.unanswered {
        0 => String::new(),
        n => format!("; {} {} no answer so far", words::plural(n, "clock"), words::verb(n, "has", "have")),
    };
    format!("{times}{target}{open}.")
}

fn numbers(speed: &Speed) -> Markup {
    let all = speed.buckets.iter().map(|bucket| bucket.leads).sum::<i64>() + speed.unanswered;
    let row = |name: String, leads: i64| {
        vec![Cell::Words(name), Cell::count(leads), Cell::percent(Some(words::share(leads, all)))]
    };
    let mut last = 0.0;
    let mut rows: Vec<Vec<Cell>> = speed
        .buckets
        .iter()
        .map(|bucket| {
            let name = match bucket.up_to {
                Some(to) => format!("up to {}", words::minutes(to)),
                None => format!("more than {}", words::minutes(last)),
            };
            last = bucket.up_to.unwrap_or(last);
            row(name, bucket.leads)
        })
        .collect();
    rows.push(row("not answered so far".to_owned(), speed.unanswered));
    let titles = columns(&["Answered in", "#Clocks", "#Share"]);
    let [p50, p90, p99] = speed.percentiles();
    let marks = [("p50", p50), ("p90", p90), ("p99", p99), ("target", speed.target)];
    html! {
        (table("Clocks by time to the first answer", &titles, &rows, "speed_to_lead"))
        ul class="facts" {
            @for (name, value) in marks {
                @if let Some(value) = value {
                    li { (name) ": " (words::minutes(value))
                        @if let (true, Some(policy)) = (name == "target", &speed.policy) { " (policy " bdi { (policy) } ")" }
                    }
                }
            }
        }
    }
}
