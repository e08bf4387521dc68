//! Partners, competitors, ourselves and blocked domains go to their queue; no rep is alerted.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::rules::tables::DomainKind;

/// Decides where a rule of kind partner, competitor, internal or blocked knows the domain.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let clean = &routing.clean;
    let Some(domain) = clean.names.last().or(clean.suffixes.first()) else {
        return Finding::passed(Reason::NoDomain);
    };
    let Some((name, kind, queue)) = routing.domain_rule.take() else {
        let domain = domain.clone();
        return Finding::passed(Reason::NoDomainRule { domain });
    };
    let queue = match (kind, queue) {
        (DomainKind::Personal | DomainKind::Company, _) => {
            return Finding::passed(Reason::NoDomainRule { domain: name });
        }
        (_, Some(queue)) => queue,
        (_, None) => routing.context.rules.catch_all(&routing.clean.lead.tenant).to_owned(),
    };
    let outcome = Outcome::Queue(queue.clone());
    let domain = name;
    Finding::decided(outcome, Reason::DomainRule { domain, kind, queue })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Layer;
    use crate::testkit::{lead, queue, said, Setup};
    use serde_json::json;

    fn setup() -> Setup {
        let policy = json!({"name": "all", "respond_within": 1});
        let mut setup = Setup::new(json!({"sla_policies": [policy]}), json!({}));
        let mut rule = |domain, kind, queue| setup.lookups.domain_rule(domain, kind, queue);
        rule("ally.com", DomainKind::Partner, Some("allies"));
        rule("rival.com", DomainKind::Competitor, Some("rivals"));
        rule("ourselves.com", DomainKind::Internal, Some("own people"));
        rule("spam.com", DomainKind::Blocked, None);
        rule("news.rival.com", DomainKind::Partner, Some("press"));
        rule("post.com", DomainKind::Personal, None);
        rule("mail.com", DomainKind::Company, None);
        setup
    }

    #[test]
    fn listed_domains_go_to_the_queue_of_their_rule() {
        for (email, expected) in [
            ("x@ally.com", "allies"),
            ("x@RIVAL.com", "rivals"),
            ("x@ourselves.com", "own people"),
            ("x@spam.com", "catch_all"),
        ] {
            let decision = setup().route(lead(email));
            assert_eq!(decision.layer, Layer::DomainRule, "{email}");
            assert_eq!(queue(&decision), expected);
        }
    }

    #[test]
    fn no_rep_is_alerted_and_no_clock_starts() {
        let decision = setup().route(lead("x@rival.com"));
        assert!(decision.notices.is_empty());
        assert_eq!(decision.clock, None);
    }

    #[test]
    fn the_longest_name_counts() {
        let mut setup = setup();
        let decision = setup.route(lead("x@eu.rival.com"));
        let expected = Reason::DomainRule {
            domain: "rival.com".into(),
            kind: DomainKind::Competitor,
            queue: "rivals".into(),
        };
        assert_eq!(said(&decision, Layer::DomainRule), &expected);
        assert_eq!(queue(&setup.route(lead("x@news.rival.com"))), "press");
    }

    #[test]
    fn rules_that_only_tell_mail_providers_from_companies_pass_the_lead_on() {
        for domain in ["post.com", "mail.com", "acme.com"] {
            let decision = setup().route(lead(&format!("x@{domain}")));
            let expected = Reason::NoDomainRule { domain: domain.into() };
            assert_eq!(said(&decision, Layer::DomainRule), &expected);
            assert_eq!(decision.layer, Layer::Fallback);
        }
    }

    #[test]
    fn a_lead_without_domain_is_passed_on() {
        let decision = setup().route(crate::lead::Lead::default());
        assert_eq!(said(&decision, Layer::DomainRule), &Reason::NoDomain);
    }
}
