//! Existing customers go to their customer success manager, else to the account owner; see [`account_team`].

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::decision::Outcome;
use crate::lead::account::{Account, AccountKind, AccountMatch, MatchedBy};
use crate::lead::{words, Person};
use crate::lookups::AccountKeys;
use crate::routing::account_team;
use crate::routing::namesakes::{self, ByName};

/// Looks the account up, once: by what tells it for certain.
pub fn find_account(routing: &mut Routing<'_>) -> Option<AccountMatch> {
    let clean = &routing.clean;
    let keys = AccountKeys {
        tenant: &clean.lead.tenant,
        email: clean.lead.email.as_deref(),
        person: match &clean.person {
            Some(Person::Email(key)) => Some(key),
            _ => clean.lead.email.as_deref(),
        },
        crm_account_id: clean.lead.crm_account_id.as_deref(),
        domains: &clean.company_names,
    };
    let found = routing.lookups.account(keys);
    routing.account = Some(found.clone());
    found
}

/// Looks the account up for this and the next two layers; decides where it is, or belongs to, a
/// customer with somebody who answers for it, and where its name fits several accounts.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let found = match find_account(routing) {
        Some(found) => found,
        None => match namesakes::find(routing) {
            ByName::Account(Some(found)) => *found,
            ByName::Account(None) => return Finding::passed(Reason::NoAccount),
            ByName::Ambiguous(reason) => return ambiguous(reason),
        },
    };
    routing.account = Some(Some(found.clone()));
    let (account, by) = (found.account.id.clone(), found.by);
    let Some(customer) = customer(&found) else {
        return Finding::passed(Reason::NotCustomer { account, by });
    };
    let expansion = by != MatchedBy::Contact && is_elsewhere(&found, customer, routing);
    let asked = account_team::of_customer(&found);
    if asked.is_empty() {
        return Finding::passed(Reason::NoOwner { account });
    }
    let context = routing.context;
    let policy = context.rules.account_policy(AccountKind::Customer, &routing.clean.lead.tenant);
    let (rep, refused) =
        account_team::taker(asked.iter().map(|(_, rep)| *rep), policy, context, &*routing.lookups);
    let Some(rep) = rep else {
        return Finding::passed(Reason::OwnersAway { account, refused });
    };
    routing.expansion = expansion;
    let of = account_team::above(&asked, &rep, &account);
    let outcome = Outcome::Owner(rep.clone());
    Finding::decided(outcome, Reason::Customer { account, by, rep, of, expansion, refused })
}

/// Nobody can tell which account it is: somebody looks, where there is a queue for that.
fn ambiguous(reason: Reason) -> Finding {
    match &reason {
        Reason::Ambiguous { queue: Some(queue), .. } => {
            let outcome = Outcome::Queue(queue.clone());
            Finding::decided(outcome, reason)
        }
        _ => Finding::passed(reason),
    }
}

/// The account itself, or the first customer above a child account.
fn customer(found: &AccountMatch) -> Option<&Account> {
    found.family().find(|account| account.kind == AccountKind::Customer)
}

/// Whether the lead comes from another division: a child account, another division's domain, a
/// sub-domain, or another country than the account's.
fn is_elsewhere(found: &AccountMatch, customer: &Account, routing: &Routing<'_>) -> bool {
    let lead = &routing.clean.lead;
    let child = customer.id != found.account.id || found.parent.is_some();
    let folded = |division: &Option<String>| division.as_deref().and_then(words::folded);
    let theirs = folded(&found.division);
    let division = theirs.is_some() && theirs != folded(&found.account.division);
    let by_domain = found.by == MatchedBy::Domain;
    let sub_domain = by_domain && routing.clean.company_names.first() != found.domain.as_ref();
    let abroad = match (&lead.country, &found.account.country) {
        // a value that is no known code does not tell where the lead is
        (Some(lead), Some(home)) => lead != home && crate::lead::normalize::country_code(lead).is_some(),
        _ => false,
    };
    child || division || sub_domain || abroad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer, Notice};
    use crate::lead::Lead;
    use crate::roster::unavailable::{Away, Refusal};
    use crate::testkit::{account, lead, owner, said, Setup};
    use serde_json::json;

    /// The customer acme: CSM cora, owner olaf, home in GB, division emea; its child acme-labs.
    fn setup() -> Setup {
        let reps = json!([{"id": "cora"}, {"id": "olaf"}, {"id": "zoe", "active": false}]);
        let mut setup = Setup::new(json!({}), json!({ "reps": reps }));
        setup.lookups.account(Account {
            csm_id: Some("cora".into()),
            owner_id: Some("olaf".into()),
            country: Some("GB".into()),
            division: Some("emea".into()),
            ..account("acme", AccountKind::Customer)
        });
        setup.lookups.account_domain("acme.com", "acme", None);
        setup.lookups.account_domain("acme.jp", "acme", Some("apac"));
        setup.lookups.account_domain("acme.co.uk", "acme", Some(" EMEA"));
        setup.lookups.contact("ada@acme.com", "acme");
        setup.lookups.account(account("acme-labs", AccountKind::Prospect));
        setup.lookups.account_domain("labs.com", "acme-labs", None);
        setup.lookups.parent("acme-labs", "acme");
        setup
    }

    fn customer_with(csm: Option<&str>, rep: Option<&str>) -> Setup {
        let mut setup = setup();
        setup.lookups.account(Account {
            csm_id: csm.map(str::to_owned),
            owner_id: rep.map(str::to_owned),
            ..account("acme", AccountKind::Customer)
        });
        setup
    }

    fn goes_to_cora(decision: &Decision, by: MatchedBy, expansion: bool) {
        assert_eq!(owner(decision), "cora");
        assert_eq!(decision.expansion, expansion);
        let expected = Reason::Customer {
            account: decision.account_id.clone().unwrap(),
            by,
            rep: "cora".into(),
            of: None,
            expansion,
            refused: Vec::new(),
        };
        assert_eq!(said(decision, Layer::Customer), &expected);
    }

    #[test]
    fn contact_before_crm_id_before_domain() {
        let mut setup = setup();
        setup.lookups.account(account("else", AccountKind::Prospect));
        let else_id = || Some("else".to_owned());
        let contact = Lead { crm_account_id: else_id(), ..lead("Ada@acme.com") };
        goes_to_cora(&setup.route(contact), MatchedBy::Contact, false);

        let wrong_id = Lead { crm_account_id: else_id(), ..lead("ben@acme.com") };
        let passed = setup.route(wrong_id);
        let (account, by) = ("else".to_owned(), MatchedBy::CrmId);
        let expected = Reason::NotCustomer { account, by };
        assert_eq!(said(&passed, Layer::Customer), &expected);

        let right_id = Some("acme".to_owned());
        let by_id = Lead { crm_account_id: right_id, ..lead("ben@gmx.com") };
        goes_to_cora(&setup.route(by_id), MatchedBy::CrmId, false);
        let by_domain = setup.route(lead("ben@acme.com"));
        goes_to_cora(&by_domain, MatchedBy::Domain, false);
    }

    #[test]
    fn another_part_of_the_customer_is_an_expansion() {
        for (email, country, expansion) in [
            // no code, and no alias here: the country is not known
            ("ben@acme.com", Some("UK"), false),
            ("ben@acme.com", Some("GB"), false),
            ("ben@acme.com", Some("japan"), true),
            ("ben@acme.co.uk", None, false),
            ("ben@acme.jp", None, true),
            ("ben@eu.acme.com", None, true),
            ("ben@labs.com", None, true),
            // a known contact is no expansion, whatever the country
            ("ada@acme.com", Some("japan"), false),
        ] {
            let country = country.map(str::to_owned);
            let decision = setup().route(Lead { country, ..lead(email) });
            assert_eq!(owner(&decision), "cora", "{email}");
            assert_eq!(decision.expansion, expansion, "{email}");
            let kind = if expansion { "expansion" } else { "assigned" };
            let rep_id = Some("cora".to_owned());
            assert_eq!(decision.notices, [Notice { kind, rep_id }], "{email}");
        }
    }

    #[test]
    fn the_owner_takes_the_leads_of_a_customer_without_csm() {
        let decision = customer_with(None, Some("olaf")).route(lead("ben@acme.com"));
        assert_eq!(owner(&decision), "olaf");
    }

    #[test]
    fn the_owner_stands_in_for_a_csm_who_is_away() {
        let decision = customer_with(Some("zoe"), Some("olaf")).route(lead("ben@acme.com"));
        assert_eq!(owner(&decision), "olaf");
    }

    #[test]
    fn a_customer_whom_nobody_owns_goes_on() {
        let decision = customer_with(None, None).route(lead("ben@acme.com"));
        let account = "acme".to_owned();
        assert_eq!(said(&decision, Layer::Customer), &Reason::NoOwner { account });
        assert_eq!(decision.layer, Layer::Fallback);
    }

    #[test]
    fn nobody_there_goes_on_without_expansion() {
        let decision = customer_with(None, Some("zoe")).route(lead("ben@eu.acme.com"));
        let (rep, why) = ("zoe".to_owned(), Away::Inactive);
        let expected = Reason::OwnersAway { account: "acme".into(), refused: vec![Refusal { rep, why }] };
        assert_eq!(said(&decision, Layer::Customer), &expected);
        assert_eq!(decision.account_id.as_deref(), Some("acme"));
        assert!(!decision.expansion);
    }

    #[test]
    fn a_free_mail_domain_finds_no_account() {
        let mut setup = setup();
        let free_mail = crate::rules::tables::MailDomain::Personal;
        setup.lookups.listed("acme.com", free_mail);
        let decision = setup.route(lead("ben@acme.com"));
        assert_eq!(said(&decision, Layer::Customer), &Reason::NoAccount);
    }
}
