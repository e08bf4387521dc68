//! Whether a higher score converts better.

use super::{named, DRAWN};
use crate::charts::intervals::{intervals, Interval};
use crate::data::{Band, Report};
use crate::html::{beside_chart, columns, everybody, figure, legend, section, table, Cell, LISTED};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn calibration(report: &Report) -> Markup {
    let all: Vec<&Band> = report.bands.iter().filter(|band| band.segment.is_none()).collect();
    let drawn: Vec<Interval> = all
        .iter()
        .take(DRAWN)
        .map(|band| Interval {
            name: named(Some(&band.band), &band.tenant),
            value: band.percent_converted,
            low: band.low,
            high: band.high,
            is_vague: is_vague(band),
        })
        .collect();
    let chart = if all.iter().all(|band| band.closed == 0) { None } else { intervals(&drawn) };
    let sentence = sentence(&all);
    let body = html! {
        (everybody(report, "Scores are compared over all teams."))
        (figure("calibration-chart", "Won leads of closed ones, by score", &sentence, chart.as_ref(),
                &legend(&[("first", "share won, with the interval that holds the true one in 95 of 100 cases"),
                          ("aside", "too few leads")]),
                &numbers(&report.bands)))
        @if all.len() > DRAWN {
            p class="small" { "Drawn are the first " (DRAWN) " bands; " (beside_chart(all.len(), DRAWN)) " more are in the table." }
        }
    };
    section("calibration", "Scores against outcomes", &html! { (sentence) }, &body)
}

fn is_vague(band: &Band) -> bool {
    band.verdict.as_deref().is_some_and(|verdict| verdict.starts_with("too few"))
}

fn sentence(all: &[&Band]) -> String {
    let closed: i64 = all.iter().map(|band| band.closed).sum();
    let won: i64 = all.iter().map(|band| band.converted).sum();
    if closed == 0 {
        return "No lead with a score has been closed.".to_owned();
    }
    let sum = format!(
        "{} of {} that {} closed {} won: {}.",
        words::count(won),
        words::plural(closed, "scored lead"),
        words::verb(closed, "is", "are"),
        words::verb(won, "was", "were"),
        words::percent(words::share(won, closed))
    );
    let told: Vec<String> = all
        .iter()
        .filter(|band| !is_vague(band))
        .filter_map(|band| Some((band, band.verdict.as_ref()?)))
        .filter(|(_, verdict)| matches!(verdict.as_str(), "converts no better" | "converts worse"))
        .take(3)
        .map(|(band, verdict)| format!("{} {verdict}", named(Some(&band.band), &band.tenant)))
        .collect();
    let vague = all.iter().filter(|band| is_vague(band)).count() as i64;
    let few = match vague {
        0 => String::new(),
        n => {
            format!(" {} {} too few leads to judge.", words::plural(n, "band"), words::verb(n, "has", "have"))
        }
    };
    let told =
        if told.is_empty() { String::new() } else { format!(" {} than the band below.", words::list(&told)) };
    sum + &told + &few
}

fn numbers(bands: &[Band]) -> Markup {
    let titles = columns(&[
        "Band",
        "Segment",
        "#Leads",
        "#Closed",
        "#Won",
        "#Won of closed",
        "#Low",
        "#High",
        "Verdict",
    ]);
    // those of most leads, where there are too many to list
    let mut by_size: Vec<&Band> = bands.iter().collect();
    by_size.sort_by_key(|band| std::cmp::Reverse(band.leads));
    let least = by_size.get(LISTED).map_or(-1, |band| band.leads);
    let (large, small): (Vec<&Band>, Vec<&Band>) = bands.iter().partition(|band| band.leads > least);
    let rows: Vec<Vec<Cell>> = large
        .into_iter()
        .chain(small)
        .map(|band| {
            vec![
                Cell::Name(named(Some(&band.band), &band.tenant)),
                Cell::Name(band.segment.clone().unwrap_or_else(|| "all".to_owned())),
                Cell::count(band.leads),
                Cell::count(band.closed),
                Cell::count(band.converted),
                Cell::percent(band.percent_converted),
                Cell::percent(band.low),
                Cell::percent(band.high),
                Cell::name(band.verdict.as_ref()),
            ]
        })
        .collect();
    table("Conversion by band of scores", &titles, &rows, "score_calibration")
}
