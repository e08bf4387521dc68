//! The same person again becomes a touch of the first lead and goes to its owner.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::Person;
use crate::lookups::{Earlier, EarlierLead};
use crate::roster::unavailable::Refusal;
use crate::routing::availability::{is_late, owner_or_backup};
use crate::sla;

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
        // who would hear of a touch of it?
        Earlier::Lead(first) if first.is_unrouted => Finding::passed(Reason::NotRouted { lead_id: first.id }),
        Earlier::Lead(first) if first.is_nurtured() => {
            routing.nurtured = Some(first.id);
            Finding::passed(Reason::InNurture { lead_id: first.id })
        }
        Earlier::Lead(first) => {
            let (lead_id, by_email) = (first.id, matches!(person, Person::Email(_)));
            let raises = is_hotter(&first, routing);
            let moves = owner_is_away(&first, raises, routing);
            let owner_id = match &moves {
                None => first.owner_id,
                // where nobody else is there, whoever comes back keeps it
                Some(late) => {
                    let comes_back = first.owner_id.filter(|_| late.why.is_passing());
                    stands_in(&late.rep, routing).or(comes_back)
                }
            };
            let queue = first.queue;
            let outcome = Outcome::Merged { lead_id, owner_id, queue };
            Finding::decided(outcome, Reason::MergedInto { lead_id, by_email, raises, moves })
        }
    }
}

/// Who will have the first lead instead of its owner, where that is known before the rules are asked.
fn stands_in(owner: &str, routing: &Routing<'_>) -> Option<String> {
    owner_or_backup(owner, routing.context, &*routing.lookups).0.filter(|rep| rep != owner)
}

/// Whether the buyer shows more intent now.
fn is_hotter(first: &EarlierLead, routing: &Routing<'_>) -> bool {
    let intent = |event: &Option<String>| sla::intent(routing.context.rules, event.as_deref());
    intent(&routing.clean.lead.event).is_hotter_than(intent(&first.event))
}

/// Why the owner of the first lead cannot answer the buyer in time. One who has answered is left for more intent alone, unless
/// they are gone for good.
fn owner_is_away(first: &EarlierLead, raises: bool, routing: &Routing<'_>) -> Option<Refusal> {
    let event = if raises { &routing.clean.lead.event } else { &first.event };
    let (event, segment) = (event.as_deref(), first.segment.as_deref());
    let acted_at = routing.clean.lead.occurred_at;
    let late =
        is_late(first.owner_id.as_ref()?, [event, segment], acted_at, routing.context, &*routing.lookups);
    late.filter(|late| raises || !first.is_answered || !late.why.is_passing())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Heard, Layer, Notice};
    use crate::lead::Lead;
    use crate::testkit::{lead, now, said, Setup, HOUR};
    use serde_json::json;

    fn setup() -> Setup {
        let mut setup = Setup::new(json!({}), json!({"reps": [{"id": "mia"}]}));
        setup.lookups.earlier("ada@acme.com", 7, Some("mia"), None);
        setup.lookups.earlier("+442083661177", 8, None, Some("catch_all"));
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

    /// Mia has the first lead of Ada, a download; `rep` is her row.
    fn second(rep: serde_json::Value, event: &str, is_answered: bool) -> Decision {
        let rules = json!({
            "event_types": [{"name": "download", "intent": "low"}, {"name": "demo", "intent": "high"}],
            "sla_policies": [{"name": "all", "respond_within": HOUR}],
        });
        let night = json!({"name": "night", "hours": [{"weekday": 3, "opens": 630, "closes": 700}]});
        let absences = json!([{"rep_id": "pia", "during": {"lower": now() - HOUR, "upper": now() + 2 * HOUR}},
            {"rep_id": "kim", "during": {"lower": now() - HOUR, "upper": now() + HOUR / 2}}]);
        let reps = json!({"reps": [rep], "schedules": [night], "absences": absences});
        let mut setup = Setup::new(rules, reps);
        let owner = setup.roster.reps.keys().next().cloned();
        let event_of_first = Some("download".to_owned());
        let first = EarlierLead {
            id: 7,
            owner_id: owner,
            event: event_of_first,
            is_answered,
            ..EarlierLead::default()
        };
        setup.lookups.earlier_lead("ada@acme.com", first);
        setup.route(Lead { event: Some(event.into()), ..lead("ada@acme.com") })
    }

    #[test]
    fn a_second_submit_is_heard_by_its_intent_and_by_whether_the_owner_is_there() {
        let mia = || json!({"id": "mia"});
        assert_eq!(second(mia(), "download", false).heard(), None);
        assert_eq!(second(mia(), "download", false).notices.len(), 1);
        let heard = |raises, moves| Some(Heard { raises, moves });
        // whoever has it then is told that its clock starts anew
        assert_eq!(second(mia(), "demo", false).heard(), heard(true, false));
        assert!(second(mia(), "demo", false).notices.is_empty());
        let (left, pia, kim) =
            (json!({"id": "mia", "active": false}), json!({"id": "pia"}), json!({"id": "kim"}));
        for (rep, event, answered, expected) in [
            (&left, "download", true, heard(false, true)),
            (&left, "demo", false, heard(true, true)),
            // for longer than an hour
            (&pia, "download", false, heard(false, true)),
            (&pia, "download", true, None),
            (&pia, "demo", true, heard(true, true)),
            // back within it
            (&kim, "download", false, None),
            (&kim, "demo", false, heard(true, false)),
        ] {
            assert_eq!(second(rep.clone(), event, answered).heard(), expected, "{rep} {event} {answered}");
        }
        // off duty: back in half an hour
        let off = json!({"id": "mia", "schedule": "night"});
        assert_eq!(second(off, "demo", false).heard(), heard(true, false));
    }

    #[test]
    fn the_phone_number_decides_only_without_address() {
        let decision = setup().route(phone("0044 20 8366-1177"));
        assert_eq!(decision.outcome.duplicate_of(), Some(8));
        assert_eq!(decision.outcome.queue(), Some("catch_all"));
        let by_email = false;
        let expected = Reason::MergedInto { lead_id: 8, by_email, raises: false, moves: None };
        assert_eq!(said(&decision, Layer::Duplicate), &expected);

        let email = Some("cid@acme.com".to_owned());
        let other = setup().route(Lead { email, ..phone("0044 20 8366-1177") });
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
    fn nobody_would_hear_of_a_touch_of_a_lead_that_was_not_routed() {
        let mut setup = setup();
        let first = EarlierLead { id: 9, is_unrouted: true, ..EarlierLead::default() };
        setup.lookups.earlier_lead("dan@acme.com", first);
        let decision = setup.route(lead("dan@acme.com"));
        assert_eq!(said(&decision, Layer::Duplicate), &Reason::NotRouted { lead_id: 9 });
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
