//! The score within the segment picks a pool, a queue, or nurture.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::account::{Account, AccountKind};
use crate::lead::exact;
use crate::rules::tables::{Intent, Segment, Tier, TierAction};
use crate::sla;

/// Decides for tiers that queue or nurture; else picks the pool. The segment's own tiers come before
/// those for all segments. A lead without score counts as 0; one whose score could not be read is taken only by tiers for
/// any score.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let rules = routing.context.rules;
    let Some(segment) = routing.segment.and_then(|place| rules.segments.get(place)) else {
        let needs = "segment".to_owned();
        return Finding::passed(Reason::NotAsked { needs });
    };
    let score = routing.clean.lead.score.unwrap_or(0.0);
    let tier = tier_of(segment, score, routing);
    let Some(tier) = tier else {
        let segment = segment.name.clone();
        return Finding::passed(Reason::NoTier { segment, score });
    };
    routing.tier = Some(tier.name.clone());
    if let Some(pool) = pool_for_intent(tier, segment, routing) {
        routing.pool = Some(pool.clone());
        let (tier, intent) = (tier.name.clone(), intent(routing));
        return Finding::passed(Reason::TooEager { tier, score, intent, pool });
    }
    if let (TierAction::Nurture, Some(account)) = (tier.action, kept_from_nurture(routing)) {
        let tier = tier.name.clone();
        return Finding::passed(Reason::NotNurtured { tier, score, account });
    }
    let (target, outcome) = match tier.action {
        TierAction::Pool => {
            routing.pool.clone_from(&tier.pool);
            (tier.pool.clone(), None)
        }
        TierAction::Queue => (tier.queue.clone(), tier.queue.clone().map(Outcome::Queue)),
        TierAction::Nurture => (None, Some(nurture(routing.nurtured))),
    };
    let (tier, action) = (tier.name.clone(), tier.action);
    let reason = Reason::Tier { tier, score, action, target };
    Finding { reason, outcome }
}

/// The tier of a score: of the segment's own, else of those for all.
fn tier_of<'a>(segment: &Segment, score: f64, routing: &Routing<'a>) -> Option<&'a Tier> {
    let is_unread = routing.clean.lead.score.is_none()
        && routing.clean.unreadable.iter().any(|problem| problem.field == "score");
    let takes_any = |tier: &Tier| tier.score.lower.is_none() && tier.score.upper.is_none();
    let exact = routing.clean.lead.exact_score.as_deref();
    let holds = |tier: &&Tier| match (&tier.exact_score.lower, &tier.exact_score.upper) {
        _ if is_unread => takes_any(tier),
        (None, None) if exact.is_none() => tier.score.contains(&score),
        _ => exact::holds(&tier.score, &tier.exact_score, score, exact),
    };
    let tenant = &routing.clean.lead.tenant;
    let rules = routing.context.rules;
    let tiers = [segment.name.as_str(), ""].into_iter().filter_map(|name| rules.tiers.get(name));
    tiers.flat_map(|tiers| tiers.of(tenant)).find(holds)
}

fn intent(routing: &Routing<'_>) -> Intent {
    sla::intent(routing.context.rules, routing.clean.lead.event.as_deref())
}

/// The pool for a lead whose intent reaches a rep although its score does not: that of the tier, else of the next tier above
/// it that has one.
fn pool_for_intent(tier: &Tier, segment: &Segment, routing: &Routing<'_>) -> Option<String> {
    tier.unless_intent.filter(|least| !least.is_hotter_than(intent(routing)))?;
    let rules = routing.context.rules;
    let ends = tier.score.upper;
    let is_above = |row: &&Tier| {
        row.action == TierAction::Pool
            && ends.is_some_and(|ends| row.score.lower.is_some_and(|lower| lower >= ends))
    };
    let above = || {
        let tiers = [segment.name.as_str(), ""].into_iter().filter_map(|name| rules.tiers.get(name));
        let above = tiers.flat_map(|tiers| tiers.of(&routing.clean.lead.tenant)).filter(is_above);
        let lower = |row: &&Tier| row.score.lower.unwrap_or(f64::MIN);
        above.min_by(|one, other| lower(one).total_cmp(&lower(other)))?.pool.clone()
    };
    tier.pool.clone().or_else(above)
}

/// The account of a lead that does not end in nurture: a customer's, or a named one's.
fn kept_from_nurture(routing: &Routing<'_>) -> Option<String> {
    let found = routing.account.as_ref().and_then(Option::as_ref)?;
    let is_customer = |account: &Account| account.kind == AccountKind::Customer;
    let is_kept =
        found.account.named || is_customer(&found.account) || found.parent.as_ref().is_some_and(is_customer);
    is_kept.then(|| found.account.id.clone())
}

/// Nurture; for a person who is there already, a touch of that lead.
fn nurture(first: Option<i64>) -> Outcome {
    first.map_or(Outcome::Nurture, |lead_id| Outcome::Merged { lead_id, owner_id: None, queue: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer};
    use crate::lead::Lead;
    use crate::testkit::{lead, queue, said, Setup};
    use serde_json::{json, Value};

    #[test]
    fn intent_reaches_a_rep_although_the_score_does_not() {
        let cold = |pool: Option<&str>| json!({"name": "cold", "score": from(0, Some(50)), "action": "nurture", "pool": pool, "unless_intent": "medium"});
        let rules = |pool| {
            json!({
                "segments": [{"name": "all", "priority": 1}],
                "tiers": [cold(pool), {"name": "warm", "score": from(50, Some(80)), "action": "pool", "pool": "warm"},
                    {"name": "hot", "score": from(80, None), "action": "pool", "pool": "hot"}],
                "pools": [{"name": "warm", "pool_no": 1}, {"name": "hot", "pool_no": 2}, {"name": "own", "pool_no": 3}],
                "event_types": [{"name": "demo", "intent": "high"}, {"name": "visit", "intent": "low"}],
            })
        };
        for (pool, to) in [(None, "warm"), (Some("own"), "own")] {
            for (event, expected) in [(Some("demo"), Some(to)), (None, Some(to)), (Some("visit"), None)] {
                let event = event.map(str::to_owned);
                let decision =
                    Setup::new(rules(pool), json!({})).route(Lead { event, ..lead("ada@acme.com") });
                assert_eq!(decision.pool.as_deref(), expected);
                assert_eq!(
                    (decision.outcome == Outcome::Nurture, decision.tier.as_deref()),
                    (expected.is_none(), Some("cold"))
                );
            }
        }
    }

    fn from(lower: i32, upper: Option<i32>) -> Value {
        json!({"lower": lower, "lower_inc": true, "upper": upper})
    }

    /// The segment dach has tiers of its own from 50 upwards; the rest is in those for all.
    fn setup() -> Setup {
        let pool = |name: &str, no: i32| json!({"name": name, "pool_no": no});
        let rules = json!({
            "segments": [
                {"name": "dach", "priority": 1, "countries": ["DE"]},
                {"name": "world", "priority": 2, "countries": ["US"]},
            ],
            "tiers": [
                {"name": "A", "score": from(80, None), "action": "pool", "pool": "all seniors"},
                {"name": "B", "score": from(20, Some(80)), "action": "queue", "queue": "inbox"},
                {"name": "C", "score": from(-10, Some(20)), "action": "nurture"},
                {"segment": "dach", "name": "A+", "score": from(50, None), "action": "pool", "pool": "dach"},
            ],
            "pools": [pool("all seniors", 1), pool("dach", 2)],
        });
        let members = json!([{"pool": "all seniors", "rep_id": "sam"}, {"pool": "dach", "rep_id": "dora"}]);
        let roster = json!({"reps": [{"id": "sam"}, {"id": "dora"}], "members": members});
        Setup::new(rules, roster)
    }

    fn routed(country: &str, score: Option<f64>) -> Decision {
        let country = Some(country.to_owned());
        setup().route(Lead { country, score, ..lead("ada@acme.com") })
    }

    #[test]
    fn the_score_picks_pool_queue_or_nurture() {
        let pool = routed("US", Some(95.5));
        assert_eq!((pool.tier.as_deref(), pool.outcome.owner()), (Some("A"), Some("sam")));
        let waiting = routed("US", Some(50.0));
        assert_eq!((waiting.tier.as_deref(), queue(&waiting)), (Some("B"), "inbox"));
        assert_eq!(waiting.layer, Layer::Tier);
        let warm = routed("US", Some(1.0));
        assert_eq!((warm.tier.as_deref(), &warm.outcome), (Some("C"), &Outcome::Nurture));
        assert!(warm.notices.is_empty());
    }

    #[test]
    fn a_bound_belongs_to_one_tier_only() {
        for (score, tier) in [(80.0, "A"), (79.999, "B"), (20.0, "B"), (19.999, "C"), (-10.0, "C")] {
            let decision = routed("US", Some(score));
            assert_eq!(decision.tier.as_deref(), Some(tier), "{score}");
        }
    }

    #[test]
    fn the_segments_own_tiers_come_before_the_general_ones() {
        let decision = routed("DE", Some(90.0));
        let expected = Reason::Tier {
            tier: "A+".into(),
            score: 90.0,
            action: TierAction::Pool,
            target: Some("dach".into()),
        };
        assert_eq!(said(&decision, Layer::Tier), &expected);
        assert_eq!(decision.outcome.owner(), Some("dora"));
        // below the segment's own tiers the general ones still count
        assert_eq!(routed("DE", Some(49.0)).tier.as_deref(), Some("B"));
    }

    #[test]
    fn a_lead_without_score_counts_as_zero() {
        let decision = routed("US", None);
        let expected =
            Reason::Tier { tier: "C".into(), score: 0.0, action: TierAction::Nurture, target: None };
        assert_eq!(said(&decision, Layer::Tier), &expected);
    }

    #[test]
    fn a_score_without_tier_falls_on() {
        let decision = routed("US", Some(-10.5));
        let (segment, score) = ("world".to_owned(), -10.5);
        let expected = Reason::NoTier { segment, score };
        assert_eq!(said(&decision, Layer::Tier), &expected);
        assert_eq!((decision.tier, decision.layer), (None, Layer::Fallback));
    }

    #[test]
    fn without_segment_no_tier_is_asked() {
        let decision = routed("FR", Some(90.0));
        let needs = "segment".to_owned();
        assert_eq!(said(&decision, Layer::Tier), &Reason::NotAsked { needs });
    }
}
