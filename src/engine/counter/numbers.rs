//! The nearest score, number of employees or revenue that leads elsewhere.

use super::case::{is_for, Counter, Words};
use super::trial::{Trial, Variant};
use crate::decision::Decision;
use crate::lead::Lead;
use crate::rules::tables::Span;
use serde_json::Value;

/// Values that are tried on either side, and where none is known.
const TRIES: usize = 500;

/// Ways out of 'unknown' that are named.
const WAYS: usize = 5;

/// A column with a number.
struct Number {
    column: &'static str,
    is_whole: bool,
    get: fn(&Lead) -> Option<f64>,
    set: fn(&mut Lead, f64),
    /// How it is said: what it is called, and with which unit.
    said: fn(&str) -> String,
}

const SCORE: Number = Number {
    column: "score",
    is_whole: false,
    // a lead without score counts as 0
    get: |lead| Some(lead.score.unwrap_or(0.0)),
    set: |lead, value| (lead.score, lead.exact_score, lead.given.is_scored) = (Some(value), None, false),
    said: |value| format!("a score of {value}"),
};

const EMPLOYEES: Number = Number {
    column: "employees",
    is_whole: true,
    get: |lead| lead.employees.map(f64::from),
    // candidates are bounds of int4 ranges and numbers next to them: a float out of range becomes the nearest
    #[allow(clippy::cast_possible_truncation)]
    set: |lead, value| lead.employees = Some(value as i32),
    said: |value| format!("{value} employees"),
};

const REVENUE: Number = Number {
    column: "annual_revenue",
    is_whole: false,
    get: |lead| lead.annual_revenue,
    set: |lead, value| lead.annual_revenue = Some(value),
    said: |value| format!("a revenue of {value}"),
};

/// A value to try: a bound of a rule, or the next number to it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Try {
    at: f64,
    bound: f64,
}

impl Try {
    /// The bounds themselves, and what is next to them on either side.
    fn around(bounds: &[f64], is_whole: bool) -> Vec<Self> {
        let step = |bound: f64| {
            if is_whole {
                [bound - 1.0, bound, bound + 1.0]
            } else {
                [bound.next_down(), bound, bound.next_up()]
            }
        };
        let mut all: Vec<Self> = (bounds.iter())
            .flat_map(|bound| step(*bound).map(|at| Self { at, bound: if is_whole { at } else { *bound } }))
            .collect();
        all.sort_by(|one, other| one.at.total_cmp(&other.at).then(one.bound.total_cmp(&other.bound)));
        all.dedup_by(|next, last| next.at == last.at);
        all
    }

    fn words(self) -> String {
        match () {
            () if self.at > self.bound => format!("more than {}", self.bound),
            () if self.at < self.bound => format!("less than {}", self.bound),
            () => format!("{}", self.at),
        }
    }
}

/// Of each number the nearest value above and below that leads elsewhere.
pub fn nearest(trial: &mut Trial<'_>) -> Vec<Counter> {
    let mut found = Vec::new();
    for number in [SCORE, EMPLOYEES, REVENUE] {
        let bounds = bounds(&number, trial);
        let mut values = Try::around(&bounds, number.is_whole);
        if number.column != SCORE.column {
            values.retain(|value| value.at >= 0.0);
        }
        match (number.get)(&trial.case.lead) {
            Some(from) if !is_unreadable(&number, trial) => {
                let split = values.partition_point(|value| value.at <= from);
                let (below, above) = values.split_at(split);
                found.extend(first(&number, from, above.iter(), trial));
                found.extend(first(&number, from, below.iter().rev().filter(|value| value.at < from), trial));
            }
            _ => found.extend(from_unknown(&number, &values, trial)),
        }
    }
    found
}

fn is_unreadable(number: &Number, trial: &Trial<'_>) -> bool {
    trial.case.unreadable.iter().any(|problem| problem.field == number.column)
}

fn variant(number: &Number, value: Try, trial: &Trial<'_>) -> Variant {
    let mut variant = trial.same();
    (number.set)(&mut variant.lead, value.at);
    // a whole number is written as one
    let json =
        if value.at.fract() == 0.0 { serde_json::from_str(&format!("{}", value.at)).ok() } else { None };
    variant.columns.push((number.column, json.unwrap_or_else(|| Value::from(value.at))));
    variant
}

/// Where a value leads, if that is elsewhere. Beside the score only segments choose by numbers.
fn leads(
    number: &Number,
    value: Try,
    last: &mut Option<Option<usize>>,
    trial: &mut Trial<'_>,
) -> Option<Decision> {
    let variant = variant(number, value, trial);
    if number.column != SCORE.column {
        let segment = trial.segment(&variant);
        let is_new = *last != Some(segment);
        *last = Some(segment);
        if !is_new {
            return None;
        }
    }
    trial.elsewhere(&variant)
}

fn first<'v>(
    number: &Number,
    from: f64,
    values: impl Iterator<Item = &'v Try>,
    trial: &mut Trial<'_>,
) -> Option<Counter> {
    let mut last = Some(trial.base_segment());
    for value in values.take(TRIES) {
        let Some(decision) = leads(number, *value, &mut last, trial) else {
            continue;
        };
        let (to, by) = (value.words(), value.bound - from);
        let by = if value.at == value.bound {
            format!(" ({}{})", if by > 0.0 { "+" } else { "" }, rounded(by))
        } else {
            String::new()
        };
        let size = (value.at - from).abs() / value.at.abs().max(from.abs()).max(f64::MIN_POSITIVE);
        let was_none = number.column == SCORE.column && trial.case.lead.score.is_none();
        let said = if was_none { "none, which counts as 0".to_owned() } else { format!("{from}") };
        let change = format!("{} instead of {said}{by}", (number.said)(&to));
        let words = Words { change, from: said, to: to.clone(), size: size.min(1.0) };
        let mut counter = trial.counter(words, &decision);
        if value.at != value.bound {
            counter.reason = counter.reason.replace(&value.at.to_string(), &to);
        }
        return Some(counter);
    }
    None
}

/// Differences of decimal fractions without the noise of doubles.
fn rounded(number: f64) -> f64 {
    let rounded = (number * 1e6).round() / 1e6;
    if rounded.is_finite() {
        rounded
    } else {
        number
    }
}

/// Where the number is not known: a value for each segment that it can reach.
fn from_unknown(number: &Number, values: &[Try], trial: &mut Trial<'_>) -> Vec<Counter> {
    let mut seen = vec![trial.base_segment()];
    let mut found = Vec::new();
    for value in values.iter().take(TRIES) {
        let mut last = None;
        let Some(decision) = leads(number, *value, &mut last, trial) else {
            continue;
        };
        if last.is_some_and(|segment| seen.contains(&segment)) || found.len() >= WAYS {
            continue;
        }
        seen.extend(last);
        let to = value.words();
        let change = format!("{} instead of an unknown number", (number.said)(&to));
        found.push(trial.counter(Words { change, from: "unknown".to_owned(), to, size: 1.0 }, &decision));
    }
    found
}

/// Numbers at which rules for the lead's tenant tell values apart.
fn bounds(number: &Number, trial: &Trial<'_>) -> Vec<f64> {
    let rules = trial.case.context.rules;
    let tenant = &trial.case.lead.tenant;
    let mut bounds: Vec<f64> = Vec::new();
    let mut add = |span: Option<Span<f64>>| {
        bounds.extend(span.into_iter().flat_map(|span| [span.lower, span.upper]).flatten())
    };
    for row in rules.segments.all().iter().filter(|row| is_for(&row.tenants, tenant)) {
        match number.column {
            "employees" => add(row.employees.map(|span| Span {
                lower: span.lower.map(f64::from),
                lower_inc: span.lower_inc,
                upper: span.upper.map(f64::from),
                upper_inc: span.upper_inc,
            })),
            "annual_revenue" => add(row.revenue),
            _ => {}
        }
        let condition =
            row.condition.as_deref().filter(|text| text.contains(&format!("\"{}\"", number.column)));
        condition.into_iter().flat_map(literals).for_each(|at| add(Some(Span::closed(at, None))));
    }
    if number.column == SCORE.column {
        let lists = [trial.base.segment.as_deref(), Some("")].into_iter().flatten();
        let tiers = lists.filter_map(|name| rules.tiers.get(name)).flat_map(|tiers| tiers.of(tenant));
        tiers.for_each(|tier| add(Some(tier.score)));
    }
    bounds.retain(|bound| bound.is_finite());
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    bounds
}

/// The numbers that a jsonpath names.
fn literals(condition: &str) -> Vec<f64> {
    let words = condition.split(|c: char| !(c.is_ascii_alphanumeric() || ".-+_\"$".contains(c)));
    words.filter_map(|word| word.parse::<f64>().ok()).filter(|number| number.is_finite()).collect()
}
