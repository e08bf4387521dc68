//! What is asked, and what is answered.

use crate::context::Context;
use crate::decision::candidate::Candidate;
use crate::decision::reason::Reason;
use crate::decision::{Decision, Layer, Step};
use crate::lead::{Lead, Problem};
use crate::lookups::Lookups;
use serde::Serialize;
use serde_json::Value;

/// The decision that is asked about.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The lead.
    pub lead: Lead,
    /// Values of it that could not be read.
    pub unreadable: Vec<Problem>,
    /// Rules, roster, and the time of the decision.
    pub context: Context<'a>,
    /// What the layers said. Turns, loads and who was there are taken from it for the pool that it names; empty: from the
    /// look-ups.
    pub trace: &'a [Step],
}

/// Where look-ups for a changed lead come from.
pub trait Trials {
    /// Look-ups for the lead with other values in these columns.
    fn lookups(&mut self, changed: &[(&'static str, Value)]) -> &mut dyn Lookups;
}

/// A change, and where the lead would have gone with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counter {
    /// The layer that would have said something else.
    pub layer: Layer,
    /// What is changed, in words.
    pub change: String,
    /// What it was.
    pub from: String,
    /// What it had to be.
    pub to: String,
    /// How small the change is, from 0 to 1: the share by which a number changes, turns for each rep who shares them, days
    /// until somebody is back; 1 for another value.
    pub size: f64,
    /// `owner`, `queue` or `nurture`.
    pub outcome: &'static str,
    /// The rep or the queue.
    pub goes_to: Option<String>,
    /// The segment that it would have fallen into.
    pub segment: Option<String>,
    /// Its tier.
    pub tier: Option<String>,
    /// Its pool.
    pub pool: Option<String>,
    /// Why it would have gone there.
    pub reason: String,
}

/// What is changed, and how small that is.
pub struct Words {
    pub change: String,
    pub from: String,
    pub to: String,
    pub size: f64,
}

impl Counter {
    /// Nothing is changed, and the lead goes elsewhere all the same.
    pub fn unchanged(from: String, to: String, base: &Decision) -> Self {
        let change = "nothing: what is known of the lead, its account or its person is something else by now"
            .to_owned();
        Self { layer: base.layer, ..Self::new(Words { change, from, to, size: 0.0 }, base, base) }
    }

    pub(crate) fn new(words: Words, decision: &Decision, base: &Decision) -> Self {
        let outcome = &decision.outcome;
        let layer = if decision.segment != base.segment {
            Layer::Segment
        } else if decision.tier != base.tier || decision.pool != base.pool {
            Layer::Tier
        } else {
            decision.layer
        };
        let Words { change, from, to, size } = words;
        Self {
            layer,
            change,
            from,
            to,
            size,
            outcome: outcome.name(),
            goes_to: outcome.owner().or(outcome.queue()).map(str::to_owned),
            segment: decision.segment.clone(),
            tier: decision.tier.clone(),
            pool: decision.pool.clone(),
            reason: decision.reason(),
        }
    }
}

/// Pool and candidates of a step of the distribution.
pub fn candidates(trace: &[Step]) -> Option<(&str, &[Candidate])> {
    trace.iter().find_map(|step| match &step.reason {
        Reason::Turn { pool, candidates, .. }
        | Reason::SameCompany { pool, candidates, .. }
        | Reason::Held { pool, candidates, .. }
        | Reason::NobodyEligible { pool, candidates } => Some((pool.as_str(), candidates.as_slice())),
        _ => None,
    })
}

/// Whether a rule is for a tenant.
pub fn is_for(tenants: &Option<Vec<String>>, tenant: &str) -> bool {
    tenants.as_ref().is_none_or(|list| list.iter().any(|name| name == tenant))
}
