//! Sections, figures and tables. Well-formed as XML, too.

use crate::charts::{Chart, Drawing};
use crate::data::Report;
use maud::{html, Markup, PreEscaped};

/// Rows that are printed, and seen without scrolling.
pub const LONG: usize = 25;

/// Rows that a table lists at most; a page is no database.
pub const LISTED: usize = 500;

/// A part of the page: a heading, a sentence that says what is seen, and the rest.
pub fn section(id: &str, title: &str, sentence: &Markup, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            h2 id={ (id) "-title" } { (title) }
            p class="lead" { (sentence) }
            (body)
        }
    }
}

/// What a part says where only one team is asked for, but it is of all.
pub fn everybody(report: &Report, why: &str) -> Markup {
    html! { @if report.team.is_some() { p class="everybody" { (why) } } }
}

/// A chart with what it shows in words, what its colours mean, and its numbers.
pub fn figure(
    id: &str,
    title: &str,
    words: &str,
    chart: Option<&Chart>,
    legend: &Markup,
    numbers: &Markup,
) -> Markup {
    html! {
        figure id=(id) {
            figcaption { h3 { (title) } (legend) }
            @if let Some(chart) = chart {
                (svg(&format!("{id}-wide"), "wide", title, words, &chart.wide))
                (svg(&format!("{id}-narrow"), "narrow", title, words, &chart.narrow))
            } @else {
                (nothing(words))
            }
            (details(numbers))
        }
    }
}

/// How many rows of a table are not in its chart, which has that many.
pub fn beside_chart(rows: usize, drawn: usize) -> usize {
    rows.min(LISTED).saturating_sub(drawn)
}

/// Why there is no chart.
pub fn nothing(words: &str) -> Markup {
    html! { p class="none" { "There is nothing to draw. " (words) } }
}

/// What a chart shows, as numbers.
pub fn details(numbers: &Markup) -> Markup {
    html! { details { summary { "The numbers" } (numbers) } }
}

/// A picture that says what it is to those who do not see it.
pub fn svg(id: &str, class: &str, title: &str, words: &str, drawing: &Drawing) -> Markup {
    let (width, height) = (drawing.width, drawing.height);
    html! {
        svg class={ "chart " (class) } role="img" viewBox={ "0 0 " (width) " " (height) }
            aria-labelledby={ (id) "-t " (id) "-d" } xmlns="http://www.w3.org/2000/svg" {
            title id={ (id) "-t" } { (title) }
            desc id={ (id) "-d" } { (words) }
            (PreEscaped(&drawing.shapes))
        }
    }
}

/// What a colour or a shape means.
pub fn legend(entries: &[(&str, &str)]) -> Markup {
    html! {
        ul class="legend" {
            @for (class, words) in entries {
                li { span class={ "key " (class) } {} (words) }
            }
        }
    }
}

/// A column of a table.
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Whether it holds numbers, which stand at the right.
    pub is_number: bool,
}

/// Heads of columns; those of numbers begin with `#`.
pub fn columns(titles: &[&'static str]) -> Vec<Column> {
    let column = |title: &&'static str| match title.strip_prefix('#') {
        Some(title) => Column { title, is_number: true },
        None => Column { title, is_number: false },
    };
    titles.iter().map(column).collect()
}

/// A cell of a table.
pub enum Cell {
    /// A name that somebody else has written, in any direction.
    Name(String),
    /// Words.
    Words(String),
    /// A number, as it is shown, and as it is sorted.
    Number(String, f64),
    /// A mark: its class, its words.
    Mark(&'static str, String),
    /// There is no such value.
    None,
}

impl Cell {
    /// How many.
    pub fn count(n: i64) -> Self {
        Self::Number(crate::words::count(n), n as f64)
    }

    /// A share, if it is known.
    pub fn percent(value: Option<f64>) -> Self {
        value.map_or(Self::None, |value| Self::Number(crate::words::percent(value), value))
    }

    /// A number with two digits at most, if it is known.
    pub fn decimal(value: Option<f64>) -> Self {
        value.map_or(Self::None, |value| Self::Number(crate::words::decimal(value, 2), value))
    }

    /// A text of somebody else, if there is one.
    pub fn name(text: Option<&String>) -> Self {
        text.map_or(Self::None, |text| Self::Name(text.clone()))
    }
}

/// A table. Its first column names the rows. A long one scrolls in itself; of one that is longer than a page should be, it says how
/// many more rows `source` has.
pub fn table(caption: &str, columns: &[Column], rows: &[Vec<Cell>], source: &str) -> Markup {
    let all = rows.len();
    let more = all.saturating_sub(LISTED);
    let rows = rows.get(..LISTED).unwrap_or(rows);
    let is_long = rows.len() > LONG;
    html! {
        @if rows.is_empty() {
            p class="none" { "Nothing to list." }
        } @else {
            div class=(if is_long { "scroll long" } else { "scroll" }) tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead {
                        tr { @for column in columns {
                            th scope="col" class=(if column.is_number { "n" } else { "t" }) { (column.title) }
                        } }
                    }
                    tbody { @for row in rows { tr { @for (no, cell) in row.iter().enumerate() { (drawn(no, cell, columns)) } } } }
                }
            }
            @if more > 0 {
                p class="small" { "… and " (crate::words::count(more as i64)) " more: all are in " code { "leadroute." (source) } "." }
            }
            @if is_long {
                p class="printed" { "Printed are the first " (LONG) " of " (crate::words::count(all as i64)) " rows." }
            }
        }
    }
}

fn drawn(no: usize, cell: &Cell, columns: &[Column]) -> Markup {
    let is_number = columns.get(no).is_some_and(|column| column.is_number);
    let words = match cell {
        Cell::Name(name) => html! { bdi { (name) } },
        Cell::Words(words) => html! { (words) },
        Cell::Number(shown, _) => html! { (shown) },
        Cell::Mark(class, words) => html! { span class={ "mark " (class) } { (words) } },
        Cell::None => html! { span class="none" { "–" } },
    };
    match cell {
        _ if no == 0 => html! { th scope="row" { (words) } },
        Cell::Number(_, value) if value.is_finite() => html! { td class="n" data-v=(value) { (words) } },
        Cell::Number(..) => html! { td class="n" { (words) } },
        Cell::None if is_number => html! { td class="n" { (words) } },
        _ => html! { td { (words) } },
    }
}
