//! Where a lead waits that nobody takes: the queue of the segment, of the territory, of the pool, or the catch-all queue of
//! its tenant. Queues of other tenants are passed over.

use crate::lead::tenant;
use crate::rules::tables::{Segment, Tier};
use crate::rules::Rules;
use serde::Serialize;

/// The queue that cannot be removed, for tenants that have none of their own.
pub const CATCH_ALL: &str = "catch_all";

impl Rules {
    /// Whose queue it is, and its name.
    pub fn way_out<'a>(
        &'a self,
        segment: Option<&'a Segment>,
        pool: Option<&str>,
        tenant: &str,
    ) -> (&'static str, &'a str) {
        let territory = segment.and_then(|row| self.territories.get(row.territory.as_ref()?));
        let pool = pool.and_then(|name| self.pools.get(name));
        let ways = [
            ("segment", segment.and_then(|row| row.fallback_queue.as_deref())),
            ("territory", territory.and_then(|row| row.fallback_queue.as_deref())),
            ("pool", pool.and_then(|row| row.fallback_queue.as_deref())),
        ];
        let open = |queue: &&str| self.takes(queue, tenant);
        let first = ways.into_iter().find_map(|(of, queue)| Some((of, queue.filter(open)?)));
        first.unwrap_or_else(|| ("catch-all", self.catch_all(tenant)))
    }

    /// The catch-all queue of a tenant.
    pub fn catch_all(&self, tenant: &str) -> &str {
        self.own_catch_all.get(tenant).map_or(CATCH_ALL, String::as_str)
    }

    /// Whether leads of a tenant may wait in a queue.
    pub fn takes(&self, queue: &str, tenant: &str) -> bool {
        let of = self.queues.get(queue).and_then(|queue| queue.tenant.as_deref());
        of.is_none_or(|of| tenant::is_same(of, tenant))
    }

    /// The fallback queues of every segment, without a pool (`''`) and with each pool that its tiers lead to.
    pub fn ways_out(&self) -> Vec<WayOut<'_>> {
        let pools = |segment: &str| {
            let tiers = self.tiers.get(segment).into_iter().flat_map(|tiers| tiers.all());
            tiers.filter_map(|tier: &Tier| tier.pool.as_deref())
        };
        let mut ways = Vec::new();
        for segment in self.segments.all() {
            let mut names: Vec<&str> = pools("").chain(pools(&segment.name)).chain([""]).collect();
            names.sort_unstable();
            names.dedup();
            ways.extend(names.into_iter().map(|pool| {
                // of one tenant alone: for which of several is not said
                let tenant = match segment.tenants.as_deref() {
                    Some([tenant]) => tenant.as_str(),
                    _ => "",
                };
                let (_, queue) = self.way_out(Some(segment), Some(pool), tenant);
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
