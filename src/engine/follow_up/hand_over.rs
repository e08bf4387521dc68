//! A lead whose rep goes away is routed by the rules, as if that rep were not there.

use crate::context::Context;
use crate::decision::{Decision, Outcome};
use crate::follow_up::auto_assign;
use crate::follow_up::waiting::Waiting;
use crate::lookups::Lookups;
use crate::routing::layers::fallback;
use crate::routing::pipeline;

/// The decision that gives the lead to somebody else, or to a queue; its clock goes on. The roster of the context must
/// not offer whoever goes away.
///
/// Somebody had it, so marketing does not get it, whatever its score says by now: the pool that it came from does, or a
/// queue.
pub fn hand_over(waiting: &Waiting, context: Context<'_>, lookups: &mut dyn Lookups) -> Decision {
    let mut decision = pipeline::route(waiting.lead.clone(), Vec::new(), context, lookups);
    if decision.outcome == Outcome::Nurture {
        let in_pool = waiting.pool.as_ref().and_then(|_| auto_assign::hand_out(waiting, context, lookups));
        decision = in_pool.unwrap_or_else(|| {
            let (of, queue) = fallback::way_out(&waiting.routing(context, lookups));
            pipeline::to_queue(&mut decision, &queue, of, context.rules);
            decision
        });
    }
    decision.clock = None;
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Notice;
    use crate::testkit::{lead, owner, queue, Setup};
    use serde_json::json;

    fn setup(bob: &str) -> Setup {
        let rules = json!({
            "segments": [{"name": "all", "priority": 1}],
            "tiers": [{"name": "cold", "score": {"upper": 10.0}, "action": "nurture"},
                      {"name": "warm", "score": {"lower": 10.0, "lower_inc": true}, "action": "pool", "pool": "hunters"}],
            "pools": [{"name": "hunters", "pool_no": 1, "fallback_queue": "desk"}],
            "queues": [{"name": "desk", "kind": "fallback", "manager_id": "max"}, {"name": "catch_all", "kind": "catch_all"}],
            "sla_policies": [{"name": "any", "priority": 1, "respond_within": 60_000_000, "business_hours": false}],
        });
        let roster = json!({
            "reps": [{"id": "ann", "active": false}, {"id": "bob", "presence": bob}, {"id": "max"}],
            "members": [{"pool": "hunters", "rep_id": "ann"}, {"pool": "hunters", "rep_id": "bob"}],
        });
        Setup::new(rules, roster)
    }

    fn handed_over(setup: &mut Setup, score: f64, pool: Option<&str>) -> Decision {
        let lead = crate::lead::Lead { score: Some(score), ..lead("ada@acme.com") };
        let (owner_id, pool) = (Some("ann".to_owned()), pool.map(str::to_owned));
        let waiting = Waiting { lead, owner_id, pool, ..Waiting::default() };
        let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
        let context = Context { rules, roster, now, presence_ttl: None, tenant: None };
        hand_over(&waiting, context, &mut setup.lookups)
    }

    #[test]
    fn by_the_rules_it_goes_to_somebody_else_and_no_clock_starts() {
        let decision = handed_over(&mut setup("online"), 50.0, Some("hunters"));
        assert_eq!((owner(&decision), decision.clock.is_some()), ("bob", false));
        assert_eq!(decision.notices, [Notice { kind: "assigned", rep_id: Some("bob".into()) }]);
    }

    #[test]
    fn a_lead_that_somebody_had_is_not_put_away() {
        let decision = handed_over(&mut setup("online"), 1.0, Some("hunters"));
        assert_eq!((owner(&decision), decision.turns.len()), ("bob", 1));
        let decision = handed_over(&mut setup("away"), 1.0, Some("hunters"));
        assert_eq!(queue(&decision), "desk");
        assert_eq!(decision.notices, [Notice { kind: "fallback", rep_id: Some("max".into()) }]);
        assert_eq!(queue(&handed_over(&mut setup("online"), 1.0, None)), "catch_all");
    }
}
