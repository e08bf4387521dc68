//! What reached nobody, week by week.

use crate::charts::trend::{trend as lines, Line};
use crate::charts::{FIRST, SECOND};
use crate::data::{Report, Week};
use crate::html::{columns, everybody, figure, legend, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn trend(report: &Report) -> Markup {
    let limit = report
        .measures
        .iter()
        .find(|measure| measure.measure == "unrouted")
        .and_then(|measure| measure.limit);
    let weeks: Vec<String> = report.weeks.iter().map(|week| week.week.clone()).collect();
    let share = |of: fn(&Week) -> i64| -> Vec<Option<f64>> {
        let weeks = report.weeks.iter();
        weeks.map(|week| (week.leads > 0).then(|| words::share(of(week), week.leads))).collect()
    };
    let drawn = [
        Line { colour: SECOND, values: share(|week| week.unrouted), is_square: true },
        Line { colour: FIRST, values: share(|week| week.fallback), is_square: false },
    ];
    let has_leads = report.weeks.iter().any(|week| week.leads > 0);
    let chart = if has_leads { lines(&weeks, &drawn, limit) } else { None };
    let sentence = sentence(&report.weeks, limit);
    let mut key = vec![("second square", "unrouted"), ("first", "taken by the fallback")];
    if limit.is_some() {
        key.push(("dashed", "limit of unrouted leads"));
    }
    let title = "Percent of the leads of a week";
    let body = html! {
        (everybody(report, "Leads that reached nobody are of no team: these are all."))
        (figure("trend-chart", title, &sentence, chart.as_ref(), &legend(&key), &numbers(&report.weeks)))
    };
    section("trend", "Leads that reached nobody", &html! { (sentence) }, &body)
}

fn sentence(weeks: &[Week], limit: Option<f64>) -> String {
    let sum = |of: fn(&Week) -> i64| weeks.iter().map(of).sum::<i64>();
    let (leads, unrouted) = (sum(|week| week.leads), sum(|week| week.unrouted));
    if leads == 0 {
        return "No lead came in any week of this period.".to_owned();
    }
    let share = words::share(unrouted, leads);
    let kept = match limit {
        Some(limit) => format!(", the limit is {}", words::limit(limit, "percent")),
        None => String::new(),
    };
    let verb = words::verb(unrouted, "was", "were");
    let all = format!(
        "{} of {} {verb} unrouted: {}{kept}.",
        words::count(unrouted),
        words::plural(leads, "lead"),
        words::percent(share)
    );
    let worst = weeks.iter().filter(|week| week.unrouted > 0).max_by(|a, b| {
        let of = |week: &Week| words::share(week.unrouted, week.leads);
        of(a).total_cmp(&of(b)).then_with(|| b.week.cmp(&a.week))
    });
    match worst {
        Some(week) if weeks.len() > 1 => {
            let share = words::percent(words::share(week.unrouted, week.leads));
            format!("{all} The worst week was {}, with {share}.", week.week)
        }
        _ => all,
    }
}

fn numbers(weeks: &[Week]) -> Markup {
    let titles = columns(&["Week", "#Leads", "#Unrouted", "#Unrouted, percent", "#Fallback", "#Errors"]);
    let rows: Vec<Vec<Cell>> = weeks
        .iter()
        .map(|week| {
            let share = (week.leads > 0).then(|| words::share(week.unrouted, week.leads));
            vec![
                Cell::Words(week.week.clone()),
                Cell::count(week.leads),
                Cell::count(week.unrouted),
                Cell::percent(share),
                Cell::count(week.fallback),
                Cell::count(week.errors),
            ]
        })
        .collect();
    table("Unrouted leads by week", &titles, &rows, "unrouted_rate")
}
