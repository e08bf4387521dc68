//! Leads of disqualified accounts: poor fit goes to the recycling queue, bad timing gets another try
//! once it has cooled off.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::account::AccountKind;
use crate::lead::words;
use crate::rules::tables::RecycleKind;

/// Queue for rules that name none.
pub const RECYCLING: &str = "recycling";

/// Decides where the account is disqualified and not yet worth another try. A reason without a rule
/// counts as poor fit.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let found = routing.account.as_ref().and_then(Option::as_ref);
    let Some(account) = found.map(|found| &found.account) else {
        return Finding::passed(Reason::NoAccount);
    };
    if account.kind != AccountKind::Disqualified {
        return Finding::passed(Reason::NotDisqualified);
    }
    let reason = account.disqualified_reason.clone().unwrap_or_default();
    let rules = words::folded(&reason).and_then(|reason| routing.context.rules.recycle_rules.get(&reason));
    let rule = rules.and_then(|rules| rules.of(&routing.clean.lead.tenant).next());
    let timing = rule.filter(|rule| rule.kind == RecycleKind::Timing);
    let ready = timing
        .zip(account.disqualified_at)
        .is_some_and(|(rule, at)| at.saturating_add(rule.cool_off) <= routing.context.now);
    let account = account.id.clone();
    if ready {
        routing.recycled = true;
        return Finding::passed(Reason::CooledOff { account, reason });
    }
    let queue = rule.and_then(|rule| rule.queue.clone());
    let queue = queue.unwrap_or_else(|| RECYCLING.to_owned());
    let kind = rule.map(|rule| rule.kind);
    let outcome = Outcome::Queue(queue.clone());
    Finding::decided(outcome, Reason::Recycled { account, reason, kind, queue })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer};
    use crate::lead::account::Account;
    use crate::testkit::{account, at, lead, queue, said, Setup, DAY};
    use serde_json::json;

    fn setup(kind: AccountKind, reason: Option<&str>, since: Option<&str>) -> Setup {
        let rules = json!({
            "recycle_rules": [
                {"reason": "no budget", "kind": "timing", "cool_off": 90 * DAY, "queue": "later"},
                {"reason": "too small", "kind": "fit", "cool_off": 0, "queue": "small ones"},
                {"reason": "student", "kind": "fit", "cool_off": 0},
            ],
            "playbooks": [{"name": "second try", "recycled": true}],
        });
        let mut setup = Setup::new(rules, json!({}));
        setup.lookups.account(Account {
            disqualified_reason: reason.map(str::to_owned),
            disqualified_at: since.map(at),
            ..account("acme", kind)
        });
        setup.lookups.account_domain("acme.com", "acme", None);
        setup
    }

    fn disqualified(reason: &str, since: &str) -> Decision {
        let kind = AccountKind::Disqualified;
        setup(kind, Some(reason), Some(since)).route(lead("ada@acme.com"))
    }

    #[test]
    fn a_timing_reason_that_has_cooled_off_goes_on() {
        // 90 days before the moment of the tests, to the minute
        let decision = disqualified("no budget", "2025-12-04 10:00");
        let (account, reason) = ("acme".to_owned(), "no budget".to_owned());
        let expected = Reason::CooledOff { account, reason };
        assert_eq!(said(&decision, Layer::Recycle), &expected);
        assert_eq!(decision.layer, Layer::Fallback);
        assert_eq!(decision.playbook.as_deref(), Some("second try"));
    }

    #[test]
    fn a_timing_reason_that_is_too_fresh_waits() {
        let decision = disqualified("no budget", "2025-12-04 10:01");
        assert_eq!(queue(&decision), "later");
        let expected = Reason::Recycled {
            account: "acme".into(),
            reason: "no budget".into(),
            kind: Some(RecycleKind::Timing),
            queue: "later".into(),
        };
        assert_eq!(said(&decision, Layer::Recycle), &expected);
        assert_eq!((decision.playbook, decision.clock), (None, None));
    }

    #[test]
    fn a_timing_reason_without_date_never_cools_off() {
        let kind = AccountKind::Disqualified;
        let mut setup = setup(kind, Some("no budget"), None);
        assert_eq!(queue(&setup.route(lead("ada@acme.com"))), "later");
    }

    #[test]
    fn poor_fit_is_recycled_however_old() {
        assert_eq!(queue(&disqualified("too small", "2001-01-01 00:00")), "small ones");
        assert_eq!(queue(&disqualified("student", "2001-01-01 00:00")), "recycling");
    }

    #[test]
    fn a_reason_without_rule_counts_as_poor_fit() {
        let decision = disqualified("bad vibes", "2001-01-01 00:00");
        assert_eq!(queue(&decision), "recycling");
        let kind = AccountKind::Disqualified;
        let unsaid = setup(kind, None, None).route(lead("ada@acme.com"));
        assert_eq!(queue(&unsaid), "recycling");
    }

    #[test]
    fn other_accounts_are_not_asked_for_reasons() {
        for kind in [AccountKind::Prospect, AccountKind::Churned, AccountKind::Partner] {
            let mut setup = setup(kind, Some("too small"), Some("2001-01-01 00:00"));
            let decision = setup.route(lead("ada@acme.com"));
            let expected = &Reason::NotDisqualified;
            assert_eq!(said(&decision, Layer::Recycle), expected, "{kind:?}");
        }
    }
}
