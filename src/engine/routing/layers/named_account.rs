//! Named accounts go to their owner, else to those who answer for the account with them; see [`account_team`].

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::routing::account_team;

/// Decides where the account is named and somebody answers for it.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let found = routing.account.as_ref().and_then(Option::as_ref);
    let Some(found) = found else {
        return Finding::passed(Reason::NoAccount);
    };
    if !found.account.named {
        return Finding::passed(Reason::NotNamed);
    }
    let (account, by) = (found.account.id.clone(), found.by);
    let asked = account_team::of_named(found);
    if asked.is_empty() {
        return Finding::passed(Reason::NoOwner { account });
    }
    let context = routing.context;
    let policy = context.rules.account_policy(found.account.kind, &routing.clean.lead.tenant);
    let (rep, refused) =
        account_team::taker(asked.iter().map(|(_, rep)| *rep), policy, context, &*routing.lookups);
    match rep {
        None => Finding::passed(Reason::OwnersAway { account, refused }),
        Some(rep) => {
            let of = account_team::above(&asked, &rep, &account);
            let outcome = Outcome::Owner(rep.clone());
            Finding::decided(outcome, Reason::Named { account, by, rep, of, refused })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer};
    use crate::lead::account::{Account, AccountKind, MatchedBy};
    use crate::lead::Lead;
    use crate::roster::unavailable::{Away, Refusal};
    use crate::testkit::{account, lead, now, owner, said, Setup, HOUR};
    use serde_json::{json, Value};

    /// The named prospect acme belongs to olaf.
    fn setup(roster: Value) -> Setup {
        let mut setup = Setup::new(json!({}), roster);
        setup.lookups.account(Account {
            named: true,
            owner_id: Some("olaf".into()),
            ..account("acme", AccountKind::Prospect)
        });
        setup.lookups.account_domain("acme.com", "acme", None);
        setup.lookups.contact("ada@home.org", "acme");
        setup
    }

    fn routed(roster: Value) -> Decision {
        setup(roster).route(lead("ada@acme.com"))
    }

    fn off_since_an_hour(rep: &str, backup: Option<&str>) -> Value {
        json!({"rep_id": rep, "during": {"lower": now() - HOUR}, "backup_id": backup})
    }

    fn refused(rep: &str, why: Away) -> Refusal {
        let rep = rep.to_owned();
        Refusal { rep, why }
    }

    fn absent() -> Away {
        let kind = "pto".to_owned();
        Away::Absent { kind }
    }

    #[test]
    fn the_owner_of_a_named_account_takes_the_lead_however_it_is_tied() {
        let by_id = Some("acme".to_owned());
        for (lead, by) in [
            (lead("ada@acme.com"), MatchedBy::Domain),
            (lead("ada@home.org"), MatchedBy::Contact),
            (Lead { crm_account_id: by_id, ..Lead::default() }, MatchedBy::CrmId),
        ] {
            let decision = setup(json!({"reps": [{"id": "olaf"}]})).route(lead);
            assert_eq!(owner(&decision), "olaf");
            let expected = Reason::Named {
                account: "acme".into(),
                by,
                rep: "olaf".into(),
                of: None,
                refused: Vec::new(),
            };
            assert_eq!(said(&decision, Layer::NamedAccount), &expected);
        }
    }

    #[test]
    fn the_backup_of_the_absence_comes_before_the_standing_one() {
        let decision = routed(json!({
            "reps": [{"id": "olaf", "backup_id": "stan"}, {"id": "stan"}, {"id": "abby"}],
            "absences": [off_since_an_hour("olaf", Some("abby"))],
        }));
        assert_eq!(owner(&decision), "abby");
        let expected = Reason::Named {
            account: "acme".into(),
            by: MatchedBy::Domain,
            rep: "abby".into(),
            of: None,
            refused: vec![refused("olaf", absent())],
        };
        assert_eq!(said(&decision, Layer::NamedAccount), &expected);
    }

    #[test]
    fn the_standing_backup_takes_over_where_the_absence_names_none_who_is_there() {
        let absences = [off_since_an_hour("olaf", Some("abby")), off_since_an_hour("abby", None)];
        let decision = routed(json!({
            "reps": [{"id": "olaf", "backup_id": "stan"}, {"id": "stan"}, {"id": "abby"}],
            "absences": absences,
        }));
        assert_eq!(owner(&decision), "stan");
    }

    #[test]
    fn a_chain_of_backups_is_followed() {
        let decision = routed(json!({"reps": [
            {"id": "olaf", "presence": "offline", "backup_id": "ben"},
            {"id": "ben", "presence": "away", "backup_id": "cid"},
            {"id": "cid", "active": false, "backup_id": "dee"},
            {"id": "dee"},
        ]}));
        assert_eq!(owner(&decision), "dee");
    }

    #[test]
    fn a_cycle_of_backups_falls_on_down_the_layers() {
        let decision = routed(json!({"reps": [
            {"id": "olaf", "active": false, "backup_id": "ben"},
            {"id": "ben", "active": false, "backup_id": "olaf"},
        ]}));
        let expected = Reason::OwnersAway {
            account: "acme".into(),
            refused: vec![refused("olaf", Away::Inactive), refused("ben", Away::Inactive)],
        };
        assert_eq!(said(&decision, Layer::NamedAccount), &expected);
        assert_eq!(decision.layer, Layer::Fallback);
    }

    #[test]
    fn accounts_that_are_not_named_or_not_owned_go_on() {
        let mut setup = setup(json!({"reps": [{"id": "olaf"}]}));
        let owner_id = Some("olaf".to_owned());
        let plain = account("acme", AccountKind::Prospect);
        setup.lookups.account(Account { owner_id, ..plain.clone() });
        let decision = setup.route(lead("ada@acme.com"));
        assert_eq!(said(&decision, Layer::NamedAccount), &Reason::NotNamed);

        setup.lookups.account(Account { named: true, ..plain });
        let decision = setup.route(lead("ada@acme.com"));
        let account = "acme".to_owned();
        let expected = Reason::NoOwner { account };
        assert_eq!(said(&decision, Layer::NamedAccount), &expected);
    }

    #[test]
    fn a_lead_of_no_account_goes_on() {
        let decision = setup(json!({})).route(lead("ada@else.com"));
        assert_eq!(said(&decision, Layer::NamedAccount), &Reason::NoAccount);
    }
}
