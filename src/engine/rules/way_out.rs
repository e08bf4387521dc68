//! The queue for a lead that nobody takes: that of its segment, territory or pool, or the catch-all queue.

use crate::rules::tables::{Segment, Tier};
use crate::rules::Rules;
use serde::Serialize;

/// The queue that cannot be removed.
pub const CATCH_ALL: &str = "catch_all";

impl Rules {
    /// Whose queue it is, and its name.
    pub fn way_out<'a>(
        &'a self,
        segment: Option<&'a Segment>,
        pool: Option<&str>,
    ) -> (&'static str, &'a str) {
        let territory = segment.and_then(|row| self.territories.get(row.territory.as_ref()?));
        let pool = pool.and_then(|name| self.pools.get(name));
        let ways = [
            ("segment", segment.and_then(|row| row.fallback_queue.as_deref())),
            ("territory", territory.and_then(|row| row.fallback_queue.as_deref())),
            ("pool", pool.and_then(|row| row.fallback_queue.as_deref())),
        ];
        let first = ways.into_iter().find_map(|(of, queue)| Some((of, queue?)));
        first.unwrap_or(("catch-all", CATCH_ALL))
    }

    /// The fallback queues of every segment, without a pool (`''`) and with each pool that its tiers lead to.
    pub fn ways_out(&self) -> Vec<WayOut<'_>> {
        let pools = |segment: Option<&String>| {
            let tiers = self.tiers.get(&segment.cloned()).into_iter().flatten();
            tiers.filter_map(|tier: &Tier| tier.pool.as_deref())
        };
        let mut ways = Vec::new();
        for segment in self.segments.all() {
            let mut names: Vec<&str> = pools(None).chain(pools(Some(&segment.name))).chain([""]).collect();
            names.sort_unstable();
            names.dedup();
            ways.extend(names.into_iter().map(|pool| {
                let (_, queue) = self.way_out(Some(segment), Some(pool));
                WayOut { segment: &segment.name, pool, queue }
            }));
        }
        ways
    }
}

/// The queue for leads of a segment that nobody of a pool takes.
#[derive(Debug, Serialize)]
#[allow(missing_docs)]
pub struct WayOut<'a> {
    pub segment: &'a str,
    pub pool: &'a str,
    pub queue: &'a str,
}
