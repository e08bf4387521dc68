//! A lead that waits in a queue goes to a rep of a pool.

use crate::context::{Context, Finding, Routing};
use crate::decision::{Decision, Layer, Notice, Outcome, Step};
use crate::follow_up::waiting::Waiting;
use crate::lead::CleanLead;
use crate::lookups::Lookups;
use crate::routing::availability::away;
use crate::routing::layers::{customer, distribution, domain_rule, intake, named_account};
use crate::time_zone::Zones;

/// The decision that gives the lead to a rep of its pool; `None` while nobody is eligible. A lead that was held goes to
/// those who answer for its account, if it has come to have one.
pub fn hand_out(waiting: &Waiting, context: Context<'_>, lookups: &mut dyn Lookups) -> Option<Decision> {
    if let Some(decision) = waiting.held.then(|| to_account(waiting, context, lookups)).flatten() {
        return Some(decision);
    }
    let mut routing = waiting.routing(context, lookups);
    let keeps_together =
        |name: &String| context.rules.pools.get(name).is_some_and(|pool| pool.keep_company_together);
    if routing.pool.as_ref().is_some_and(keeps_together) {
        // only they tell the company
        intake::ask(&mut routing);
        domain_rule::ask(&mut routing);
    }
    let found = distribution::ask(&mut routing);
    let Some(Outcome::Owner(rep)) = found.outcome else {
        return None;
    };
    let layer = Layer::Distribution;
    let trace = vec![Step { layer, decided: true, reason: found.reason }];
    let notices = vec![Notice { kind: "assigned", rep_id: Some(rep.clone()) }];
    Some(waiting.decision(layer, Outcome::Owner(rep), routing, trace, notices))
}

/// The decision of the account layers, which look the account up anew.
fn to_account(waiting: &Waiting, context: Context<'_>, lookups: &mut dyn Lookups) -> Option<Decision> {
    let clean = CleanLead { lead: waiting.lead.clone(), ..CleanLead::default() };
    let mut routing = Routing::new(clean, context, lookups);
    intake::ask(&mut routing);
    domain_rule::ask(&mut routing);
    let asked = [
        (Layer::Customer, customer::ask(&mut routing)),
        (Layer::NamedAccount, named_account::ask(&mut routing)),
    ];
    let found = asked.into_iter().find(|(_, found)| matches!(found.outcome, Some(Outcome::Owner(_))));
    let (layer, Finding { outcome: Some(Outcome::Owner(rep)), reason }) = found? else {
        return None;
    };
    let by_name = routing.by_name.take().map(|reason| Step { layer, decided: false, reason });
    let trace = by_name.into_iter().chain([Step { layer, decided: true, reason }]).collect();
    let kind = if routing.expansion { "expansion" } else { "assigned" };
    let notices = vec![Notice { kind, rep_id: Some(rep.clone()) }];
    let account = routing.account.as_ref().and_then(Option::as_ref).map(|found| found.account.id.clone());
    routing.turns = distribution::owner_match(&rep, &routing);
    let expansion = routing.expansion;
    let decision = waiting.decision(layer, Outcome::Owner(rep), routing, trace, notices);
    Some(Decision { account_id: account, tier: None, pool: None, expansion, ..decision })
}

/// Whether any member of a pool is there; if not, no lead need be looked at.
pub fn somebody_is_there(pool: &str, context: Context<'_>, zones: &dyn Zones) -> bool {
    context.roster.members(pool, context.tenant).any(|member| {
        let rep = context.roster.reps.get(&member.rep_id);
        rep.is_some_and(|rep| away(rep, context, zones).is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::account::{Account, AccountKind};
    use crate::testkit::{account, lead, owner, roster, Setup};
    use serde_json::{json, Value};

    fn team(ann: &str) -> Value {
        json!({
            "reps": [{"id": "ann", "presence": ann}, {"id": "bob", "presence": "away", "languages": ["fr"]}],
            "members": [{"pool": "hunters", "rep_id": "ann"}, {"pool": "hunters", "rep_id": "bob"}],
        })
    }

    #[test]
    fn a_held_lead_goes_to_the_owner_that_its_account_has_by_now() {
        let pool = json!({"name": "hunters", "pool_no": 1, "when_all_away": "hold"});
        let mut setup = Setup::new(json!({ "pools": [pool] }), team("online"));
        setup.lookups.account(Account {
            named: true,
            owner_id: Some("bob".into()),
            ..account("acme", AccountKind::Prospect)
        });
        setup.lookups.account_domain("acme.com", "acme", None);
        for (held, to) in [(true, "bob"), (false, "ann")] {
            let waiting = Waiting {
                lead: lead("Ada@Acme.com"),
                pool: Some("hunters".into()),
                held,
                ..Waiting::default()
            };
            let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
            let context = Context { rules, roster, now, presence_ttl: None, tenant: None };
            let decision = hand_out(&waiting, context, &mut setup.lookups).unwrap();
            assert_eq!((owner(&decision), decision.pool.is_none()), (to, held));
            assert_eq!(decision.account_id.is_some(), held);
        }
    }

    #[test]
    fn a_held_lead_goes_to_the_first_who_is_back() {
        let pool = json!({"name": "hunters", "pool_no": 1, "when_all_away": "hold"});
        let mut setup = Setup::new(json!({ "pools": [pool] }), team("away"));
        let waiting =
            Waiting { lead: lead("ada@acme.com"), pool: Some("hunters".into()), ..Waiting::default() };
        let hand_out = |setup: &mut Setup| {
            let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
            hand_out(
                &waiting,
                Context { rules, roster, now, presence_ttl: None, tenant: None },
                &mut setup.lookups,
            )
        };
        let there = |setup: &Setup| {
            let (rules, roster, now) = (&setup.rules, &setup.roster, setup.now);
            somebody_is_there(
                "hunters",
                Context { rules, roster, now, presence_ttl: None, tenant: None },
                &setup.lookups,
            )
        };
        assert_eq!((hand_out(&mut setup), there(&setup)), (None, false));
        setup.roster = roster(team("online"));
        assert!(there(&setup));
        let decision = hand_out(&mut setup).unwrap();
        assert_eq!((owner(&decision), decision.held, decision.turns.len()), ("ann", false, 1));
        assert_eq!(decision.notices, [Notice { kind: "assigned", rep_id: Some("ann".into()) }]);
    }
}
