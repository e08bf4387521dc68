//! What the row of an app says already: who owns it, or that its work has ended.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::status::Status;
use crate::lead::tenant;
use crate::routing::availability::{is_late, owner_or_backup};
use crate::routing::layers::distribution;

/// Decides for a row that has an owner, or another place. An owner who is no rep of the tenant keeps the row, and the lead
/// waits for a person.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let lead = &routing.clean.lead;
    let Some((owner, rep)) = &lead.given.owner else {
        return match (&lead.given.queue, lead.given.status) {
            (Some(queue), _) => {
                Finding::decided(Outcome::Queue(queue.clone()), Reason::GivenQueue { queue: queue.clone() })
            }
            (None, Some(Status::Nurture)) => Finding::decided(Outcome::Nurture, Reason::GivenNurture),
            (None, _) => Finding::passed(Reason::NoOwnerGiven),
        };
    };
    let roster = routing.context.roster;
    let ours = rep
        .as_ref()
        .filter(|rep| roster.reps.get(*rep).is_some_and(|rep| tenant::is_same(&rep.tenant, &lead.tenant)));
    match ours {
        Some(rep) => Finding::decided(Outcome::Owner(rep.clone()), Reason::GivenOwner { rep: rep.clone() }),
        None => {
            let queue = routing.context.rules.catch_all(&lead.tenant).to_owned();
            let owner = owner.clone();
            Finding::decided(Outcome::Queue(queue.clone()), Reason::GivenStranger { owner, queue })
        }
    }
}

/// Decides for a lead that was corrected and comes to the same pool again: it stays with the rep whose turn it was. Caps count
/// it already.
pub fn stays(routing: &mut Routing<'_>) -> Option<Finding> {
    let holder = routing.clean.lead.given.holder.clone()?;
    let pool = holder.pool.filter(|pool| routing.pool.as_ref() == Some(pool))?;
    distribution::suits(&holder.rep, &pool, routing).then(|| {
        let outcome = Outcome::Owner(holder.rep.clone());
        Finding::decided(outcome, Reason::Stays { pool, rep: holder.rep })
    })
}

/// Decides for a lead that its owner must answer: they keep it if they can do so in time, else somebody who stands in for them
/// gets it. Where nobody does, the rules are asked. Segment, tier and pool are those that it matches.
pub fn must_answer(routing: &mut Routing<'_>) -> Option<Finding> {
    let holder = routing.clean.lead.given.holder.as_ref().filter(|holder| holder.must_answer)?.rep.clone();
    super::segment::ask(routing);
    super::tier::ask(routing);
    let context = routing.context;
    let segment = routing.segment.and_then(|place| context.rules.segments.get(place));
    let lead = &routing.clean.lead;
    let rule = [lead.event.as_deref(), segment.map(|row| row.name.as_str())];
    if is_late(&holder, rule, lead.occurred_at, context, &*routing.lookups).is_none() {
        return Some(Finding::decided(Outcome::Owner(holder.clone()), Reason::GivenOwner { rep: holder }));
    }
    let (rep, refused) = owner_or_backup(&holder, context, &*routing.lookups);
    let rep = rep.filter(|rep| *rep != holder)?;
    Some(Finding::decided(Outcome::Owner(rep.clone()), Reason::StandsIn { rep, refused }))
}

/// Decides for a row whose work has ended: it keeps its owner, and nobody is told.
pub fn closed(routing: &Routing<'_>) -> Option<Finding> {
    let given = &routing.clean.lead.given;
    let status = given.closed()?;
    let outcome = Outcome::Closed { status, owner_id: given.rep().map(str::to_owned) };
    Some(Finding::decided(outcome, Reason::GivenClosed { status: status.name().to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer};
    use crate::lead::account::AccountKind;
    use crate::lead::{Given, Holder, Lead};
    use crate::rules::tables::DomainKind;
    use crate::testkit::{account, at, lead, now, owner, queue, said, Setup, MINUTE};
    use serde_json::json;

    fn routed(given: Given) -> Decision {
        let rules = json!({
            "segments": [{"name": "all", "priority": 1}],
            "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "pool"}],
            "pools": [{"name": "pool", "pool_no": 1}],
            "sla_policies": [{"name": "all", "respond_within": 5 * MINUTE}],
        });
        let roster = json!({
            "reps": [{"id": "ann", "active": false}, {"id": "bob"}, {"id": "eve", "tenant": "other"}],
            "members": [{"pool": "pool", "rep_id": "bob"}],
        });
        Setup::new(rules, roster).route(Lead {
            given,
            occurred_at: Some(at("2026-03-04 08:00")),
            ..lead("ada@acme.com")
        })
    }

    #[test]
    fn a_lead_that_was_there_before_stays_in_its_queue_or_in_nurture() {
        let (adopted, queue) = (true, Some("catch_all".to_owned()));
        let waits = routed(Given { adopted, queue, ..Given::default() });
        assert_eq!((waits.layer, waits.outcome.queue()), (Layer::Given, Some("catch_all")));
        assert_eq!((&waits.clock, waits.notices.len()), (&None, 0));
        let nurtured = routed(Given { adopted, status: Some(Status::Nurture), ..Given::default() });
        assert_eq!((nurtured.layer, &nurtured.outcome), (Layer::Given, &Outcome::Nurture));
    }

    #[test]
    fn a_lead_that_was_there_before_has_its_account_and_keeps_its_owner_whatever_rules_say() {
        let rules = json!({});
        let mut setup = Setup::new(rules, json!({"reps": [{"id": "ann"}, {"id": "mia"}]}));
        setup.lookups.account(account("acme", AccountKind::Customer));
        setup.lookups.account_domain("acme.com", "acme", None);
        setup.lookups.domain_rule("acme.com", DomainKind::Competitor, Some("competitor"));
        setup.lookups.earlier("ada@acme.com", 7, Some("mia"), None);
        let given = Given { owner: owned_by("ann"), adopted: true, ..Given::default() };
        let decision = setup.route(Lead { given, ..lead("ada@acme.com") });
        assert_eq!((decision.outcome.owner(), decision.account_id.as_deref()), (Some("ann"), Some("acme")));
        assert!(decision.turns.is_empty());
    }

    #[test]
    fn a_lead_that_came_while_routing_was_off_has_its_time_from_now_on() {
        let late = routed(Given { waited_for_routing: true, ..Given::default() });
        assert_eq!(late.clock.unwrap().started_at, now());
    }

    fn owned_by(rep: &str) -> Option<(String, Option<String>)> {
        Some((rep.to_owned(), Some(rep.to_owned())))
    }

    #[test]
    fn an_owner_who_stands_in_the_row_keeps_it() {
        let decision = routed(Given { owner: owned_by("ann"), status: None, ..Given::default() });
        assert_eq!((owner(&decision), decision.layer), ("ann", Layer::Given));
        assert!(decision.clock.is_some() && decision.turns.is_empty());
    }

    #[test]
    fn nobody_is_asked_where_the_row_says_nothing() {
        let decision = routed(Given::default());
        assert_eq!(owner(&decision), "bob");
        assert!(decision.trace.iter().all(|step| step.layer != Layer::Given));
    }

    #[test]
    fn an_owner_who_is_no_rep_of_the_tenant_is_named() {
        for given in [Some(("zed".to_owned(), None)), owned_by("eve")] {
            let name = given.clone().unwrap().0;
            let decision = routed(Given { owner: given, status: None, ..Given::default() });
            assert_eq!(queue(&decision), "catch_all");
            let (owner, queue) = (name, "catch_all".to_owned());
            assert_eq!(said(&decision, Layer::Given), &Reason::GivenStranger { owner, queue });
        }
    }

    #[test]
    fn who_cannot_answer_is_replaced_by_a_backup_else_by_the_rules() {
        let rules = json!({
            "segments": [{"name": "all", "priority": 1}],
            "tiers": [{"name": "any", "score": {}, "action": "pool", "pool": "pool"}],
            "pools": [{"name": "pool", "pool_no": 1}],
        });
        for (ben_is_there, layer, rep) in [(true, Layer::Given, "ben"), (false, Layer::Distribution, "cid")] {
            let roster = json!({
                "reps": [{"id": "ann", "active": false, "backup_id": "ben"}, {"id": "ben", "active": ben_is_there}, {"id": "cid"}],
                "members": [{"pool": "pool", "rep_id": "ann"}, {"pool": "pool", "rep_id": "cid"}],
            });
            let holder = Some(Holder { rep: "ann".into(), pool: None, must_answer: true });
            let given = Given { holder, ..Given::default() };
            let decision = Setup::new(rules.clone(), roster).route(Lead { given, ..lead("ada@acme.com") });
            assert_eq!((decision.layer, owner(&decision)), (layer, rep));
            assert_eq!((decision.pool.as_deref(), decision.segment.as_deref()), (Some("pool"), Some("all")));
            assert_eq!(decision.notices.len(), 1);
        }
    }

    #[test]
    fn what_is_closed_gets_nothing_and_what_is_worked_on_no_clock() {
        let decision =
            routed(Given { owner: owned_by("ann"), status: Some(Status::Converted), ..Given::default() });
        let outcome = Outcome::Closed { status: Status::Converted, owner_id: Some("ann".into()) };
        assert_eq!((&decision.outcome, decision.status()), (&outcome, Status::Converted));
        assert!(decision.clock.is_none() && decision.notices.is_empty() && decision.turns.is_empty());
        let decision =
            routed(Given { owner: owned_by("ann"), status: Some(Status::Working), ..Given::default() });
        assert_eq!((owner(&decision), decision.status()), ("ann", Status::Working));
        assert!(decision.clock.is_none());
    }
}
