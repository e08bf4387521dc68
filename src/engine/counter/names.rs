//! Another country, industry, language, ... that leads elsewhere.

use super::case::{is_for, Counter, Words};
use super::trial::{Trial, Variant};
use crate::decision::{Decision, Outcome};
use crate::lead::Lead;
use crate::rules::space::{Axis, Wants};
use serde_json::Value;
use std::collections::BTreeSet;

/// Values that are tried of a column, those that are named for one destination, and destinations of a column.
const MOST: (usize, usize, usize) = (2000, 5, 5);

/// A column with a name, and how it is called.
const COLUMNS: [(Axis, &str, &str); 8] = [
    (Axis::Country, "country", "country"),
    (Axis::Region, "region", "region"),
    (Axis::Postal, "postal_code", "postal code"),
    (Axis::Industry, "industry", "industry"),
    (Axis::Product, "product", "product"),
    (Axis::Language, "language", "language"),
    (Axis::Source, "source", "source"),
    (Axis::Event, "event", "event"),
];

fn set(axis: Axis, lead: &mut Lead, value: &str) {
    let column = match axis {
        Axis::Country => &mut lead.country,
        Axis::Region => &mut lead.region,
        Axis::Postal => &mut lead.postal_code,
        Axis::Industry => &mut lead.industry,
        Axis::Product => &mut lead.product,
        Axis::Language => &mut lead.language,
        Axis::Source => &mut lead.source,
        Axis::Event => &mut lead.event,
        Axis::Tenant | Axis::Employees | Axis::Revenue | Axis::Time => return,
    };
    *column = Some(value.to_owned());
}

/// Where values lead: the segment, the tier, the pool, the outcome.
type Destination = (Option<String>, Option<String>, Option<String>, Outcome);

/// Of each column the values that lead elsewhere, by where they lead.
pub fn other(trial: &mut Trial<'_>) -> Vec<Counter> {
    let mut found = Vec::new();
    for (axis, column, title) in COLUMNS {
        let from = axis.name_of(&trial.base.clean.lead).map(str::to_owned);
        let mut ways: Vec<(Destination, Decision, Vec<String>)> = Vec::new();
        for value in values(axis, trial).into_iter().filter(|value| Some(value) != from.as_ref()).take(MOST.0)
        {
            let Some(decision) = leads(axis, column, &value, trial) else {
                continue;
            };
            let Decision { segment, tier, pool, outcome, .. } = &decision;
            let to = (segment.clone(), tier.clone(), pool.clone(), outcome.clone());
            match ways.iter().position(|(known, ..)| *known == to).and_then(|place| ways.get_mut(place)) {
                Some((_, _, names)) => names.push(value),
                None => ways.push((to, decision, vec![value])),
            }
        }
        for (_, decision, names) in ways.into_iter().take(MOST.2) {
            let from = from.clone().unwrap_or_else(|| "none".to_owned());
            let to = listed(&names);
            let change = format!("{title} {to} instead of {from}");
            found.push(trial.counter(Words { change, from, to, size: 1.0 }, &decision));
        }
    }
    found
}

/// Where a value leads, if that is elsewhere. Only languages, products and events count beyond the segment.
fn leads(axis: Axis, column: &'static str, value: &str, trial: &mut Trial<'_>) -> Option<Decision> {
    let mut variant = Variant { columns: vec![(column, Value::from(value))], ..trial.same() };
    set(axis, &mut variant.lead, value);
    let counts_beyond = matches!(axis, Axis::Language | Axis::Product | Axis::Event);
    if !counts_beyond && trial.segment(&variant) == trial.base_segment() {
        return None;
    }
    trial.elsewhere(&variant)
}

/// The values that rules for the lead's tenant know, and those that reps of its pool do.
fn values(axis: Axis, trial: &Trial<'_>) -> BTreeSet<String> {
    let rules = trial.case.context.rules;
    let tenant = &trial.case.lead.tenant;
    let mut values = BTreeSet::new();
    for row in rules.segments.all().iter().filter(|row| is_for(&row.tenants, tenant)) {
        if let Wants::Names(list) = axis.wanted(row) {
            values.extend(list.iter().cloned());
        }
    }
    let members =
        trial.base.pool.as_deref().map(|pool| trial.roster.members(pool, trial.case.context.tenant));
    for rep in members.into_iter().flatten().filter_map(|member| trial.roster.reps.get(&member.rep_id)) {
        let known = match axis {
            Axis::Language => &rep.languages,
            Axis::Product => &rep.products,
            _ => &None,
        };
        values.extend(known.iter().flatten().cloned());
    }
    if axis == Axis::Event {
        values.extend(rules.intents.keys().cloned());
    }
    values
}

/// 'DE, FR or GB'; of many only the first.
fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST.1).map(String::as_str).collect();
    match shown.split_last() {
        Some((last, before)) if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}
