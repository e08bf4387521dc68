//! Whether each member of a pool gets its share.

use super::{named, DRAWN};
use crate::charts::bars::{bars, Row, Scale};
use crate::charts::{drawable, round_up, Chart, FIRST, SECOND};
use crate::data::{Member, Report};
use crate::html::{beside_chart, columns, figure, legend, section, table, Cell};
use crate::words;
use maud::{html, Markup};

/// Draws it.
pub fn fairness(report: &Report) -> Markup {
    let mut members: Vec<&Member> = report.members.iter().collect();
    members.sort_by(|a, b| {
        let by_size = size(b).total_cmp(&size(a));
        by_size.then_with(|| (&a.pool, &a.rep, &a.tenant).cmp(&(&b.pool, &b.rep, &b.tenant)))
    });
    let sentence = sentence(&members);
    let titles =
        columns(&["Rep", "Pool", "#Weight", "#Received", "#Entitled", "#Deviation", "#Bound", "Verdict"]);
    let cells: Vec<Vec<Cell>> = members.iter().map(|member| line(member)).collect();
    let body = html! {
        (figure("fairness-chart", "Leads above or below the share", &sentence, chart(&members).as_ref(),
                &legend(&[("first", "within the bound"), ("second", "outside the bound"), ("dashed", "bound")]),
                &table("Members of pools", &titles, &cells, "pool_fairness")))
        @if members.len() > DRAWN {
            p class="small" { "Drawn are the " (DRAWN) " that are furthest off; " (beside_chart(members.len(), DRAWN)) " more are in the table." }
        }
    };
    section("fairness", "Fair shares", &html! { (sentence) }, &body)
}

fn size(member: &Member) -> f64 {
    drawable(member.deviation).abs()
}

fn is_outside(member: &Member) -> bool {
    member.bound.is_some_and(|bound| size(member) > bound)
}

fn sentence(members: &[&Member]) -> String {
    let judged: Vec<_> = members.iter().filter(|member| member.deviation.is_some()).collect();
    let Some(worst) = judged.first() else {
        return "No pool has dealt out a lead.".to_owned();
    };
    let outside = judged.iter().filter(|member| is_outside(member)).count() as i64;
    let off = words::decimal(size(worst), 2);
    let who = format!(
        "{} in {} is furthest off its share, by {off} leads",
        named(Some(&worst.rep), &worst.tenant),
        worst.pool
    );
    match outside {
        0 if judged.iter().all(|member| member.bound.is_none()) => format!("{who}."),
        0 => format!("{who}; everybody is within the bound."),
        n => format!(
            "{who}; {} {} outside the bound.",
            words::plural(n, "member"),
            words::verb(n, "is", "are")
        ),
    }
}

fn chart(members: &[&Member]) -> Option<Chart> {
    let rows: Vec<Row> = members
        .iter()
        .filter(|member| member.deviation.is_some())
        .take(DRAWN)
        .map(|member| {
            let colour = if is_outside(member) { SECOND } else { FIRST };
            Row {
                name: format!("{} · {}", named(Some(&member.rep), &member.tenant), member.pool),
                bars: vec![(member.deviation, signed(drawable(member.deviation)), colour)],
            }
        })
        .collect();
    let bound = members
        .iter()
        .filter_map(|member| member.bound)
        .filter(|bound| bound.is_finite())
        .fold(0.0, f64::max);
    let most = members.iter().map(|member| size(member)).fold(bound, f64::max);
    let end = round_up(most * 1.05);
    let mark = if bound > 0.0 { vec![-bound, bound] } else { Vec::new() };
    bars(&rows, &Scale { from: -end, to: end, mark })
}

/// With its sign and two digits, so that a column lines up.
fn signed(value: f64) -> String {
    let sign = if value >= 0.005 {
        "+"
    } else if value <= -0.005 {
        "−"
    } else {
        ""
    };
    format!("{sign}{:.2}", value.abs())
}

fn line(member: &Member) -> Vec<Cell> {
    vec![
        Cell::Name(named(Some(&member.rep), &member.tenant)),
        Cell::Name(member.pool.clone()),
        Cell::decimal(member.weight),
        Cell::decimal(member.received),
        Cell::decimal(member.entitled),
        member.deviation.map_or(Cell::None, |off| Cell::Number(signed(off), off)),
        Cell::decimal(member.bound),
        match (member.deviation, member.bound) {
            (Some(_), Some(_)) if is_outside(member) => Cell::Mark("bad", "outside".to_owned()),
            (Some(_), Some(_)) => Cell::Mark("ok", "within".to_owned()),
            _ => Cell::None,
        },
    ]
}
