//! The same person again becomes a touch of the first lead and goes to its owner.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::Person;
use crate::lookups::Earlier;

/// Decides where the person has an open lead that is not in nurture. One in nurture does not keep a hotter
/// one from a rep; the tier layer merges the new lead into it if that would end in nurture too.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let Some(person) = routing.clean.person.clone() else {
        return Finding::passed(Reason::NoIdentity);
    };
    let lead = &routing.clean.lead;
    match routing.lookups.earlier_lead(&lead.tenant, &person, lead.id) {
        Earlier::Unknown => Finding::passed(Reason::FirstSeen),
        Earlier::InFlight => Finding::passed(Reason::SubmitInFlight),
        Earlier::Lead(first) if first.is_nurtured() => {
            routing.nurtured = Some(first.id);
            Finding::passed(Reason::InNurture { lead_id: first.id })
        }
        Earlier::Lead(first) => {
            let (lead_id, by_email) = (first.id, matches!(person, Person::Email(_)));
            let (owner_id, queue) = (first.owner_id, first.queue);
            let outcome = Outcome::Merged { lead_id, owner_id, queue };
            Finding::decided(outcome, Reason::MergedInto { lead_id, by_email })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Layer, Notice};
    use crate::lead::Lead;
    use crate::testkit::{lead, said, Setup};
    use serde_json::json;

    fn setup() -> Setup {
        let mut setup = Setup::new(json!({}), json!({}));
        setup.lookups.earlier("ada@acme.com", 7, Some("mia"), None);
        setup.lookups.earlier("+442079460000", 8, None, Some("catch_all"));
        setup.lookups.in_flight("ben@acme.com");
        setup
    }

    fn phone(number: &str) -> Lead {
        Lead { phone: Some(number.into()), ..Lead::default() }
    }

    #[test]
    fn the_same_address_apart_from_case_and_plus_tag_is_merged_and_goes_to_the_owner() {
        for email in ["ada@acme.com", "ADA@Acme.com", "ada+webinar@acme.com"] {
            let decision = setup().route(lead(email));
            assert_eq!(decision.layer, Layer::Duplicate, "{email}");
            assert_eq!(decision.outcome.duplicate_of(), Some(7));
            assert_eq!(decision.outcome.owner(), Some("mia"));
            let rep_id = Some("mia".to_owned());
            let expected = Notice { kind: "merged", rep_id };
            assert_eq!(decision.notices, [expected]);
        }
    }

    #[test]
    fn the_phone_number_decides_only_without_address() {
        let decision = setup().route(phone("0044 20 7946-0000"));
        assert_eq!(decision.outcome.duplicate_of(), Some(8));
        assert_eq!(decision.outcome.queue(), Some("catch_all"));
        let by_email = false;
        let expected = Reason::MergedInto { lead_id: 8, by_email };
        assert_eq!(said(&decision, Layer::Duplicate), &expected);

        let email = Some("cid@acme.com".to_owned());
        let other = setup().route(Lead { email, ..phone("0044 20 7946-0000") });
        assert_eq!(said(&other, Layer::Duplicate), &Reason::FirstSeen);
    }

    #[test]
    fn the_row_itself_is_no_duplicate() {
        let decision = setup().route(Lead { id: Some(7), ..lead("ada@acme.com") });
        assert_eq!(said(&decision, Layer::Duplicate), &Reason::FirstSeen);
    }

    #[test]
    fn a_submit_that_is_not_waited_for_lets_the_lead_in() {
        let decision = setup().route(lead("ben@acme.com"));
        assert_eq!(said(&decision, Layer::Duplicate), &Reason::SubmitInFlight);
        assert_eq!(decision.outcome.duplicate_of(), None);
    }

    #[test]
    fn nothing_to_compare() {
        let decision = setup().route(phone("12"));
        assert_eq!(said(&decision, Layer::Duplicate), &Reason::NoIdentity);
    }

    #[test]
    fn a_person_in_nurture_gets_another_chance_and_is_no_second_lead_in_nurture() {
        let rules = json!({
            "segments": [{"name": "all", "priority": 1}],
            "tiers": [
                {"name": "hot", "score": {"lower": 50.0, "lower_inc": true}, "action": "queue", "queue": "hot"},
                {"name": "cold", "score": {"upper": 50.0}, "action": "nurture"},
            ],
        });
        let scored = |score| {
            let mut setup = Setup::new(rules.clone(), json!({}));
            setup.lookups.earlier("ada@acme.com", 7, None, None);
            setup.route(Lead { score: Some(score), ..lead("ada@acme.com") })
        };
        assert_eq!(scored(90.0).outcome.queue(), Some("hot"));
        assert_eq!(said(&scored(90.0), Layer::Duplicate), &Reason::InNurture { lead_id: 7 });
        assert_eq!(scored(10.0).outcome.duplicate_of(), Some(7));
    }
}
