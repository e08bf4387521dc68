//! The last layer: a lead that nobody takes goes to a queue.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;

/// Decides always.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let (of, queue) = way_out(routing);
    let (outcome, of) = (Outcome::Queue(queue.clone()), of.to_owned());
    Finding::decided(outcome, Reason::Fallback { queue, of })
}

/// The queue for a lead that nobody takes: whose it is, and its name.
pub fn way_out(routing: &Routing<'_>) -> (&'static str, String) {
    let rules = routing.context.rules;
    let segment = routing.segment.and_then(|place| rules.segments.get(place));
    let (of, queue) = rules.way_out(segment, routing.pool.as_deref(), &routing.clean.lead.tenant);
    (of, queue.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer, Notice};
    use crate::testkit::{lead, now, queue, said, Setup, MINUTE};
    use serde_json::json;

    /// A lead that passes through segment, territory and pool, each with the queue given for it.
    fn routed(segment: Option<&str>, territory: Option<&str>, pool: Option<&str>) -> Decision {
        let place = territory.map(|_| "north");
        let territories: Vec<_> =
            (territory.iter()).map(|queue| json!({"name": "north", "fallback_queue": queue})).collect();
        let rules = json!({
            "segments": [{"name": "all", "priority": 1, "territory": place, "fallback_queue": segment}],
            "territories": territories,
            "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "empty"}],
            "pools": [{"name": "empty", "pool_no": 1, "fallback_queue": pool}],
            "queues": [
                {"name": "of segment", "kind": "fallback", "manager_id": "mona"},
                {"name": "of pool", "kind": "fallback"},
            ],
            "sla_policies": [{"name": "all", "respond_within": 5 * MINUTE}],
        });
        Setup::new(rules, json!({})).route(lead("ada@acme.com"))
    }

    #[test]
    fn the_segments_queue_before_the_territorys_before_the_pools_before_the_catch_all() {
        let (segment, territory, pool) = (Some("of segment"), Some("of territory"), Some("of pool"));
        assert_eq!(queue(&routed(segment, territory, pool)), "of segment");
        assert_eq!(queue(&routed(None, territory, pool)), "of territory");
        assert_eq!(queue(&routed(None, None, pool)), "of pool");
        assert_eq!(queue(&routed(None, None, None)), "catch_all");
    }

    #[test]
    fn the_reason_names_whose_queue_it_is() {
        let decision = routed(None, None, Some("of pool"));
        let (queue, of) = ("of pool".to_owned(), "pool".to_owned());
        assert_eq!(said(&decision, Layer::Fallback), &Reason::Fallback { queue, of });
        let decision = routed(None, None, None);
        let (queue, of) = ("catch_all".to_owned(), "catch-all".to_owned());
        assert_eq!(said(&decision, Layer::Fallback), &Reason::Fallback { queue, of });
    }

    #[test]
    fn the_manager_of_the_queue_is_notified_at_once() {
        let notice = |rep: Option<&str>| Notice { kind: "fallback", rep_id: rep.map(str::to_owned) };
        let decision = routed(Some("of segment"), None, None);
        assert_eq!(decision.notices, [notice(Some("mona"))]);
        // without manager the notice still names the queue
        let decision = routed(None, None, Some("of pool"));
        assert_eq!(decision.notices, [notice(None)]);
    }

    #[test]
    fn a_clock_runs_for_a_lead_that_waits_for_somebody() {
        let clock = routed(None, None, None).clock.unwrap();
        assert_eq!(clock.due_at, now() + 5 * MINUTE);
    }

    #[test]
    fn a_lead_that_matched_nothing_ends_in_the_catch_all_queue() {
        let decision = Setup::new(json!({}), json!({})).route(lead("ada@acme.com"));
        assert_eq!(queue(&decision), "catch_all");
        assert_eq!(decision.layer, Layer::Fallback);
    }
}
