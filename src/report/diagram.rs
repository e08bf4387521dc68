//! The rules as they are, as text for Mermaid or Graphviz.
//!
//! Nodes have numbers for names, and what people wrote stands in quoted labels only, so no name can end a label, or be read as a
//! word of the language.

mod graph;
mod quote;

use graph::{Graph, Shape};
use serde::Deserialize;

/// The rules, as `leadroute_internal.rules_picture()` collects them.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Rules {
    /// Lists of domains, by kind and queue.
    pub domains: Vec<Domains>,
    /// Accounts that are customers.
    pub customers: i64,
    /// Accounts that are named.
    pub named: i64,
    /// What becomes of disqualified accounts.
    pub recycling: Vec<Recycling>,
    /// In the order in which they are asked.
    pub segments: Vec<Segment>,
    /// By segment and score.
    pub tiers: Vec<Tier>,
    /// Pools that exist.
    pub pools: Vec<Pool>,
    /// Queues that exist.
    pub queues: Vec<Queue>,
    /// Territories that exist.
    pub territories: Vec<Territory>,
}

/// Domains of one kind that go to one queue.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Domains {
    /// partner, competitor, ...
    pub kind: String,
    /// Where their leads go; none for those that only say what a domain is.
    pub queue: Option<String>,
    /// How many.
    pub domains: i64,
}

/// What becomes of leads of accounts that were disqualified.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Recycling {
    /// Why they were.
    pub reason: String,
    /// timing or fit.
    pub kind: String,
    /// Where they go while it holds.
    pub queue: Option<String>,
}

/// A segment.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The smallest is asked first.
    pub priority: i64,
    /// Whether it is asked at all.
    pub enabled: bool,
    /// Its territory.
    pub territory: Option<String>,
    /// Its fallback queue.
    pub fallback: Option<String>,
}

/// A tier.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Tier {
    /// The segment; none for all without tiers of their own.
    pub segment: Option<String>,
    /// Its name.
    pub name: String,
    /// Its range of scores.
    pub score: String,
    /// pool, queue or nurture.
    pub action: String,
    /// Where it leads.
    pub pool: Option<String>,
    /// Where it leads.
    pub queue: Option<String>,
    /// The intent that comes to the pool all the same.
    pub unless: Option<String>,
}

/// A pool.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// How it deals out.
    pub strategy: String,
    /// Its fallback queue.
    pub fallback: Option<String>,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// A member of a pool.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Member {
    /// The rep.
    pub rep: String,
    /// The weight, as written.
    pub weight: String,
    /// Whether leads come to it.
    pub active: bool,
}

/// A queue.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// catch_all, triage, ...
    pub kind: String,
    /// The pool that it is handed out to.
    pub pool: Option<String>,
}

/// A territory.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Territory {
    /// Its name.
    pub name: String,
    /// Its fallback queue.
    pub fallback: Option<String>,
}

/// The languages of a diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// <https://mermaid.js.org/syntax/flowchart.html>
    Mermaid,
    /// <https://graphviz.org/doc/info/lang.html>
    Dot,
}

impl Format {
    /// Their names.
    pub const NAMES: [&str; 2] = ["mermaid", "dot"];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "mermaid" => Some(Self::Mermaid),
            "dot" => Some(Self::Dot),
            _ => None,
        }
    }
}

/// The diagram of rules that are given as JSON.
///
/// # Errors
/// Where the JSON is not that of rules.
pub fn diagram(json: &str, format: Format) -> Result<String, serde_json::Error> {
    Ok(drawn(&serde_json::from_str(json)?, format))
}

/// The diagram of rules.
pub fn drawn(rules: &Rules, format: Format) -> String {
    let graph = graph(rules);
    match format {
        Format::Mermaid => graph.mermaid(),
        Format::Dot => graph.dot(),
    }
}

fn graph(rules: &Rules) -> Graph {
    let mut graph = Graph::default();
    graph.node("lead", "", Shape::Round, "Lead".to_owned());
    places(&mut graph, rules);
    let mut last = ("lead", String::new());
    for layer in [known_domains, accounts, recycling] {
        if let Some(name) = layer(&mut graph, rules) {
            graph.edge((last.0, &last.1), (name, ""), if last.0 == "lead" { "" } else { "else" });
            last = (name, String::new());
        }
    }
    segments(&mut graph, rules, &last);
    graph
}

/// Pools with their members, and queues: where leads end.
fn places(graph: &mut Graph, rules: &Rules) {
    for queue in &rules.queues {
        graph.node(
            "queue",
            &queue.name,
            Shape::Store,
            format!("queue {}\n{}", queue.name, queue.kind.replace('_', " ")),
        );
    }
    for pool in &rules.pools {
        let mut words = format!("pool {}\n{}", pool.name, pool.strategy.replace('_', " "));
        for member in &pool.members {
            let off = if member.active { "" } else { " (not active)" };
            words.push_str(&format!("\n{} × {}{off}", member.rep, member.weight));
        }
        if pool.members.is_empty() {
            words.push_str("\nnobody");
        }
        graph.node("pool", &pool.name, Shape::Box, words);
    }
    graph.node("nurture", "", Shape::Store, "nurture".to_owned());
    for pool in &rules.pools {
        graph.fallback(("pool", &pool.name), pool.fallback.as_deref(), "nobody can take it");
    }
    for queue in &rules.queues {
        if let Some(pool) = &queue.pool {
            graph.edge(("queue", &queue.name), ("pool", pool), "handed out");
        }
    }
}

fn known_domains(graph: &mut Graph, rules: &Rules) -> Option<&'static str> {
    let leading: Vec<_> =
        rules.domains.iter().filter_map(|list| Some((list, list.queue.as_ref()?))).collect();
    leading.first()?;
    graph.node("domains", "", Shape::Question, "domain listed?".to_owned());
    for (list, queue) in leading {
        graph.edge(("domains", ""), ("queue", queue), &format!("{}: {}", list.kind, list.domains));
    }
    Some("domains")
}

fn accounts(graph: &mut Graph, rules: &Rules) -> Option<&'static str> {
    if rules.customers + rules.named == 0 {
        return None;
    }
    graph.node("accounts", "", Shape::Question, "account known?".to_owned());
    graph.node("owner", "", Shape::Box, "CSM or owner of the account, or who stands in".to_owned());
    for (n, words) in [(rules.customers, "customers"), (rules.named, "named accounts")] {
        if n > 0 {
            graph.edge(("accounts", ""), ("owner", ""), &format!("{words}: {n}"));
        }
    }
    Some("accounts")
}

fn recycling(graph: &mut Graph, rules: &Rules) -> Option<&'static str> {
    rules.recycling.first()?;
    graph.node("recycling", "", Shape::Question, "account disqualified?".to_owned());
    for rule in &rules.recycling {
        let words = format!("{}: {}", rule.kind, rule.reason);
        graph.fallback(("recycling", ""), rule.queue.as_deref(), &words);
    }
    Some("recycling")
}

/// Segments in the order in which they are asked; each with its tiers, or with those of all.
fn segments(graph: &mut Graph, rules: &Rules, before: &(&'static str, String)) {
    let mut last = (before.0, before.1.clone());
    let mut words = if last.0 == "lead" { "" } else { "else" };
    for segment in &rules.segments {
        let off = if segment.enabled { "" } else { "\n(not enabled)" };
        let territory =
            segment.territory.as_ref().map(|name| format!("\nterritory {name}")).unwrap_or_default();
        let label = format!("segment {}\npriority {}{territory}{off}", segment.name, segment.priority);
        graph.node("segment", &segment.name, Shape::Question, label);
        if !segment.enabled {
            continue;
        }
        graph.edge((last.0, &last.1), ("segment", &segment.name), words);
        (last, words) = (("segment", segment.name.clone()), "else");
        let own = rules.tiers.iter().any(|tier| tier.segment.as_ref() == Some(&segment.name));
        if own {
            graph.node("tiers", &segment.name, Shape::Round, "score?".to_owned());
        } else if rules.tiers.iter().any(|tier| tier.segment.is_none()) {
            graph.node("tiers", "", Shape::Round, "score? (all segments)".to_owned());
        }
        graph.edge(("segment", &segment.name), ("tiers", if own { &segment.name } else { "" }), "fits");
        let territory =
            rules.territories.iter().find(|territory| Some(&territory.name) == segment.territory.as_ref());
        let fallback =
            segment.fallback.as_ref().or_else(|| territory.and_then(|territory| territory.fallback.as_ref()));
        graph.fallback(("segment", &segment.name), fallback.map(String::as_str), "nobody can take it");
    }
    tiers(graph, rules);
    if let Some(catch_all) = rules.queues.iter().find(|queue| queue.kind == "catch_all") {
        graph.fallback((last.0, &last.1), Some(&catch_all.name), words);
    }
}

fn tiers(graph: &mut Graph, rules: &Rules) {
    for tier in &rules.tiers {
        let from = ("tiers", tier.segment.as_deref().unwrap_or_default());
        let words = format!("{}: {}", tier.name, tier.score);
        match (tier.action.as_str(), &tier.pool, &tier.queue) {
            ("pool", Some(pool), _) => graph.edge(from, ("pool", pool), &words),
            ("queue", _, Some(queue)) => graph.edge(from, ("queue", queue), &words),
            _ => graph.edge(from, ("nurture", ""), &words),
        }
        if let (Some(intent), Some(pool)) = (&tier.unless, &tier.pool) {
            graph.edge(from, ("pool", pool), &format!("{words}, {intent} intent"));
        }
    }
}
