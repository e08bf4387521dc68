//! Which ways leads took, from column to column; small nodes of a column are taken together.

use crate::data::Flow;
use std::collections::BTreeMap;

/// What stands above the columns.
pub const COLUMNS: [&str; 4] = ["Layer that decided", "Segment", "Tier", "Pool or queue"];

/// Nodes of a column that are shown by name; the others are one.
pub const MOST: usize = 14;

/// Why leads took a way: its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Segments, tiers and turns.
    Rules,
    /// Somebody knew them: an account, a contact, a given owner.
    Account,
    /// A list of domains, or recycling.
    Listed,
    /// The fallback took them.
    Nobody,
}

/// Leads that took one way. A column that they skip has no name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// Names of nodes.
    pub stops: [Option<String>; 4],
    /// The colour.
    pub kind: Kind,
}

/// A layer as people read it, and its kind.
pub fn layer(name: Option<&str>) -> (String, Kind) {
    let (words, kind) = match name {
        Some("domain_rule") => ("Domain rules", Kind::Listed),
        Some("duplicate") => ("Duplicates", Kind::Account),
        Some("given") => ("Given owner", Kind::Account),
        Some("customer") => ("Customers", Kind::Account),
        Some("recycle") => ("Recycling", Kind::Listed),
        Some("named_account") => ("Named accounts", Kind::Account),
        Some("segment") => ("Segments", Kind::Rules),
        Some("tier") => ("Tiers", Kind::Rules),
        Some("distribution") => ("Distribution", Kind::Rules),
        Some("fallback") => ("Fallback", Kind::Nobody),
        Some(other) => (other, Kind::Rules),
        None => ("By hand", Kind::Account),
    };
    (words.to_owned(), kind)
}

/// Where leads ended, as people read it.
pub fn target(flow: &Flow) -> String {
    match (flow.kind.as_str(), &flow.target) {
        ("pool", Some(name)) => name.clone(),
        ("owner", _) => "an owner".to_owned(),
        (kind, None) => kind.to_owned(),
        (kind, Some(name)) => format!("{name} ({kind})"),
    }
}

/// The ways of all leads, with how many took each.
pub fn ways(flows: &[Flow]) -> BTreeMap<Way, i64> {
    let mut ways: BTreeMap<Way, i64> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| flow.leads > 0) {
        let (name, kind) = layer(flow.layer.as_deref());
        let stops = [Some(name), flow.segment.clone(), flow.tier.clone(), Some(target(flow))];
        let leads = ways.entry(Way { stops, kind }).or_default();
        *leads = leads.saturating_add(flow.leads);
    }
    for column in 0..COLUMNS.len() {
        ways = with_others(ways, column);
    }
    ways
}

/// Takes the smallest nodes of a column together.
fn with_others(ways: BTreeMap<Way, i64>, column: usize) -> BTreeMap<Way, i64> {
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    for (way, leads) in &ways {
        if let Some(Some(name)) = way.stops.get(column) {
            let size = sizes.entry(name.clone()).or_default();
            *size = size.saturating_add(*leads);
        }
    }
    if sizes.len() <= MOST {
        return ways;
    }
    let mut by_size: Vec<_> = sizes.into_iter().collect();
    by_size.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rest = by_size.split_off(MOST - 1);
    let other = format!("{} others", rest.len());
    let mut shown: BTreeMap<Way, i64> = BTreeMap::new();
    for (mut way, leads) in ways {
        if let Some(Some(name)) = way.stops.get_mut(column) {
            if rest.iter().any(|(small, _)| small == name) {
                name.clone_from(&other);
            }
        }
        let sum = shown.entry(way).or_default();
        *sum = sum.saturating_add(leads);
    }
    shown
}
