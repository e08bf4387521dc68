//! Conditions that never held.

use crate::lead::CleanLead;
use crate::lookups::Lookups;
use crate::rules::matcher::Matcher;
use crate::Micros;
use rustc_hash::FxHashMap;
use serde::Serialize;

/// A segment whose condition held for none of the leads for which everything else did.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub struct Idle<'a> {
    pub segment: &'a str,
    pub condition: &'a str,
    /// For how many leads everything else held.
    pub leads: u64,
}

/// By place of the segment: for how many leads its columns held, and whether its condition did.
#[derive(Debug, Default)]
pub struct Conditions(FxHashMap<usize, (u64, bool)>);

impl Conditions {
    /// Looks at a lead, whatever segment it falls into.
    pub fn count(&mut self, segments: &Matcher, clean: &CleanLead, now: Micros, lookups: &mut dyn Lookups) {
        segments.conditional(&clean.lead, now, |place, condition| {
            let (leads, holds) = self.0.entry(place).or_default();
            *leads += 1;
            // one that has held once is of no further interest
            *holds = *holds || lookups.condition(clean, condition);
        });
    }

    /// Those that never held, in the order in which they are tried.
    pub fn idle<'a>(&self, segments: &'a Matcher) -> Vec<Idle<'a>> {
        let mut places: Vec<(&usize, &(u64, bool))> = self.0.iter().collect();
        places.sort_unstable();
        let never = places.into_iter().filter(|(_, (_, held))| !held);
        let idle = |(place, (leads, _)): (&usize, &(u64, bool))| {
            let row = segments.get(*place)?;
            Some(Idle { segment: &row.name, condition: row.condition.as_deref()?, leads: *leads })
        };
        never.filter_map(idle).collect()
    }
}
