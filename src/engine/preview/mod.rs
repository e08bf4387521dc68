//! What a change does to leads that are routed again: where each goes by the rules before and after it, and what that adds
//! up to.

pub mod availability;
pub mod sums;
pub mod workload;

use crate::decision::{Decision, Layer};
use serde::Serialize;
use std::rc::Rc;

/// Where a lead goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Place {
    /// As in `decisions.outcome`.
    pub outcome: &'static str,
    pub layer: &'static str,
    pub owner: Option<Rc<str>>,
    pub queue: Option<Rc<str>>,
    pub segment: Option<Rc<str>>,
    pub territory: Option<Rc<str>>,
    pub tier: Option<Rc<str>>,
    pub pool: Option<Rc<str>>,
}

/// Names that are kept once, however many leads have them.
#[derive(Debug, Default)]
pub struct Names(rustc_hash::FxHashSet<Rc<str>>);

impl Names {
    fn keep(&mut self, name: Option<&str>) -> Option<Rc<str>> {
        let name = name?;
        if let Some(kept) = self.0.get(name) {
            return Some(Rc::clone(kept));
        }
        let kept: Rc<str> = name.into();
        self.0.insert(Rc::clone(&kept));
        Some(kept)
    }
}

impl Place {
    /// Where a decision sends its lead.
    pub fn of(decision: &Decision, names: &mut Names) -> Self {
        let mut keep = |name: Option<&str>| names.keep(name);
        Self {
            outcome: decision.outcome.name(),
            layer: decision.layer.name(),
            owner: keep(decision.outcome.owner()),
            queue: keep(decision.outcome.queue()),
            segment: keep(decision.segment.as_deref()),
            territory: keep(decision.territory.as_deref()),
            tier: keep(decision.tier.as_deref()),
            pool: keep(decision.pool.as_deref()),
        }
    }

    /// Whether no rule and no account had anybody for the lead.
    pub fn is_unrouted(&self) -> bool {
        self.layer == Layer::Fallback.name()
    }

    /// What is not the same in another place, the widest first; the layer and a rep whose turn another lead took included.
    pub fn differs(&self, other: &Self) -> Vec<&'static str> {
        let differences = [
            ("outcome", self.outcome != other.outcome),
            ("territory", self.territory != other.territory),
            ("segment", self.segment != other.segment),
            ("tier", self.tier != other.tier),
            ("pool", self.pool != other.pool),
            ("queue", self.queue != other.queue),
            ("owner", self.owner != other.owner),
            ("layer", self.layer != other.layer),
        ];
        differences.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
    }
}

/// A lead that goes elsewhere, or by another way.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct Moved {
    pub lead_id: i64,
    pub differs: Vec<&'static str>,
    pub before: Place,
    pub after: Place,
    /// Why it goes there by the rules after the change, in one sentence.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_from_wide_to_narrow() {
        let mut names = Names::default();
        let mut place = |pool: &str, owner: &str| Place {
            outcome: "owner",
            layer: "distribution",
            owner: names.keep(Some(owner)),
            pool: names.keep(Some(pool)),
            ..Place::default()
        };
        let (ann, bob, eve) = (place("smb", "ann"), place("smb", "bob"), place("ent", "eve"));
        assert!(ann.differs(&ann.clone()).is_empty());
        assert_eq!(ann.differs(&bob), ["owner"]);
        assert_eq!(ann.differs(&eve), ["pool", "owner"]);
        let queued = Place { outcome: "queue", layer: "fallback", ..Place::default() };
        assert_eq!(ann.differs(&queued), ["outcome", "pool", "owner", "layer"]);
        assert!(queued.is_unrouted() && !ann.is_unrouted());
    }

    #[test]
    fn a_name_is_kept_once() {
        let mut names = Names::default();
        let (one, other) = (names.keep(Some("ann")), names.keep(Some("ann")));
        assert!(Rc::ptr_eq(&one.unwrap(), &other.unwrap()));
        assert_eq!(names.keep(None), None);
    }
}
