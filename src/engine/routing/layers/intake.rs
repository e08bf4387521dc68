//! Cleans the lead. Never decides.

use crate::context::{Finding, Routing};
use crate::decision::reason::Reason;
use crate::lead::normalize::ByName;
use crate::lead::{language, normalize, phone, words, CleanLead, Person, Problem, UNKNOWN_TENANT};
use crate::rules::tables::{DomainKind, MailDomain};
use crate::rules::Rules;
use crate::Micros;
use rustc_hash::FxHashMap;

/// Cleans every value and marks free-mail and disposable domains as 'no company'.
pub fn ask(routing: &mut Routing<'_>) -> Finding {
    let lookups = &mut *routing.lookups;
    clean(&mut routing.clean, routing.context.rules, routing.context.now, &mut |name| lookups.country(name));
    let no_company = find_company(routing);
    let clean = &routing.clean;
    Finding::passed(Reason::Cleaned {
        domain: clean.names.last().cloned(),
        no_company,
        unreadable: clean.unreadable.clone(),
        notes: clean.notes.clone(),
    })
}

/// Cleans every value.
pub fn clean(clean: &mut CleanLead, rules: &Rules, now: Micros, countries: ByName<'_>) {
    let has_address = clean_email(clean);
    clean_country(clean, &rules.countries, countries);
    let caller = clean_phone(clean);
    if !has_address {
        clean.person = caller.map(Person::Phone);
    }
    // Whose person it is cannot be told where the tenant could not be read.
    if clean.lead.tenant == UNKNOWN_TENANT {
        clean.person = None;
    }
    clean_industry(clean, &rules.industries);
    clean_language(clean);
    clamp_time(clean, now);
    let lead = &mut clean.lead;
    for value in [&mut lead.region, &mut lead.product, &mut lead.source] {
        *value = value.as_deref().and_then(words::folded);
    }
    lead.postal_code = lead.postal_code.as_deref().and_then(words::postal);
    lead.event = lead.event.as_deref().and_then(words::slug);
}

fn note(list: &mut Vec<Problem>, field: &str, what: impl Into<String>) {
    let (field, what) = (field.to_owned(), what.into());
    list.push(Problem { field, what });
}

/// Answers whether an address was given, readable or not.
fn clean_email(clean: &mut CleanLead) -> bool {
    let given = clean.lead.email.take();
    let given = given.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let mut host = None;
    match given.map(normalize::email) {
        None => {}
        Some(Ok(address)) => {
            clean.person = Some(Person::Email(address.key));
            clean.lead.email = Some(address.email.clone());
            clean.email = Some(address.email);
            host = Some(address.host);
        }
        Some(Err(what)) => note(&mut clean.unreadable, "email", what),
    }
    let site = || clean.lead.website.as_deref().and_then(normalize::website_host);
    if let Some(host) = host.or_else(site) {
        clean.names = normalize::company_names(&host);
        clean.suffixes = normalize::public_suffixes(&host);
    }
    given.is_some()
}

/// The number as it is dialled in the country of the lead, which is clean by now; answers it if it is somebody's.
fn clean_phone(clean: &mut CleanLead) -> Option<String> {
    let given = clean.lead.phone.as_deref().filter(|text| words::shown(text).is_some())?;
    let read = phone::read(given, clean.lead.country.as_deref());
    let phone = read.map_err(|what| note(&mut clean.notes, "phone", what)).ok()?;
    if phone.is_dummy {
        note(&mut clean.notes, "phone", "is a number that nobody has");
    }
    clean.extension = phone.extension;
    clean.phone = Some(phone.number.clone());
    clean.lead.phone = Some(phone.number.clone());
    (!phone.is_dummy).then_some(phone.number)
}

fn clean_country(clean: &mut CleanLead, aliases: &FxHashMap<String, String>, countries: ByName<'_>) {
    let Some(shown) = clean.lead.country.take().as_deref().and_then(words::shown) else {
        return;
    };
    let code = normalize::country(&shown, &mut |folded| aliases.get(folded).cloned(), countries);
    if code.is_none() {
        note(&mut clean.notes, "country", "is not a known country");
    }
    clean.lead.country = Some(code.unwrap_or_else(|| shown.to_uppercase()));
}

fn clean_language(clean: &mut CleanLead) {
    let Some(given) = clean.lead.language.take() else {
        return;
    };
    clean.language = language::language(&given);
    if clean.language.is_none() && words::folded(&given).is_some() {
        note(&mut clean.notes, "language", "is not a known language");
    }
    clean.lead.language = words::folded(clean.language.as_deref().unwrap_or(&given));
}

fn clean_industry(clean: &mut CleanLead, aliases: &FxHashMap<String, String>) {
    let folded = clean.lead.industry.as_deref().and_then(words::folded);
    let canonical = folded.as_ref().and_then(|name| aliases.get(name));
    clean.industry = canonical.cloned();
    clean.lead.industry = match canonical {
        Some(name) => words::folded(name),
        None => folded,
    };
}

/// The buyer acted now at the latest, and not before 1970.
fn clamp_time(clean: &mut CleanLead, now: Micros) {
    let given = clean.lead.occurred_at.unwrap_or(now);
    if given > now {
        note(&mut clean.notes, "occurred_at", "lies in the future and was set to now");
    }
    if given < 0 {
        note(&mut clean.notes, "occurred_at", "lies before 1970 and was set to now");
    }
    clean.lead.occurred_at = Some(match (0..=now).contains(&given) {
        true => given,
        false => now,
    });
}

/// Asks rules and lists about the domain. A mail provider stands for no company; then the web site's
/// domain is used if the lead gave one.
fn find_company(routing: &mut Routing<'_>) -> Option<MailDomain> {
    let kind = provider(routing);
    if kind.is_none() {
        routing.clean.company_names = routing.clean.names.clone();
        return None;
    }
    let site = routing.clean.lead.website.as_deref();
    let host = site.and_then(normalize::website_host);
    let names = host.as_deref().map(normalize::company_names).unwrap_or_default();
    if !names.is_empty() && names != routing.clean.names {
        routing.clean.names = names;
        routing.clean.suffixes = host.as_deref().map(normalize::public_suffixes).unwrap_or_default();
        if provider(routing).is_none() {
            routing.clean.company_names = routing.clean.names.clone();
        }
    }
    kind
}

fn provider(routing: &mut Routing<'_>) -> Option<MailDomain> {
    if routing.clean.names.is_empty() && routing.clean.suffixes.is_empty() {
        return None;
    }
    let clean = &routing.clean;
    let facts = routing.lookups.domain(&clean.lead.tenant, &clean.names, &clean.suffixes);
    let kind = match facts.rule.as_ref().map(|(_, kind, _)| *kind) {
        Some(DomainKind::Personal) => Some(MailDomain::Personal),
        Some(_) => None,
        None => facts.listed,
    };
    routing.domain_rule = facts.rule;
    kind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Decision, Layer};
    use crate::lead::Lead;
    use crate::testkit::{at, lead, now, said, Setup};
    use serde_json::json;

    fn setup() -> Setup {
        let rules = json!({
            "country_aliases": [
                {"alias": "uk", "canonical": "GB"},
                {"alias": "united kingdom", "canonical": "GB"},
            ],
            "industry_aliases": [{"alias": "fintech", "canonical": "Financial Services"}],
        });
        let mut setup = Setup::new(rules, json!({}));
        setup.lookups.listed("gmail.com", MailDomain::Personal);
        setup.lookups.listed("tempmail.io", MailDomain::Disposable);
        setup
    }

    fn cleaned(lead: Lead) -> Decision {
        setup().route(lead)
    }

    fn no_company(decision: &Decision) -> Option<MailDomain> {
        match said(decision, Layer::Intake) {
            Reason::Cleaned { no_company, .. } => *no_company,
            other => panic!("{other:?}"),
        }
    }

    fn problem(field: &str, what: &str) -> Problem {
        let (field, what) = (field.into(), what.into());
        Problem { field, what }
    }

    #[test]
    fn an_address_is_lower_cased_and_its_plus_tag_is_not_part_of_the_person() {
        let clean = cleaned(lead(" Ada+Demo@EU.Acme.co.uk ")).clean;
        assert_eq!(clean.email.unwrap(), "ada+demo@eu.acme.co.uk");
        assert_eq!(clean.person, Some(Person::Email("ada@eu.acme.co.uk".into())));
        assert_eq!(clean.company_names, ["eu.acme.co.uk", "acme.co.uk"]);
    }

    #[test]
    fn a_malformed_address_is_reported_and_no_phone_stands_in_for_it() {
        let phone = Some("+44 20 8366 1177".into());
        let clean = cleaned(Lead { phone, ..lead("ada at acme") }).clean;
        let expected = [problem("email", "is not an address")];
        assert_eq!(clean.unreadable, expected);
        assert_eq!((clean.email, clean.person), (None, None));
    }

    #[test]
    fn without_an_address_the_phone_is_the_person_and_the_web_site_the_company() {
        let clean = cleaned(Lead {
            email: Some("  ".into()),
            phone: Some("+44 20 8366 1177".into()),
            website: Some("https://www.acme.com/contact".into()),
            ..Lead::default()
        })
        .clean;
        assert_eq!(clean.person, Some(Person::Phone("+442083661177".into())));
        assert_eq!(clean.company_names, ["acme.com"]);
    }

    #[test]
    fn a_number_is_dialled_in_the_country_of_the_lead_whatever_that_is_called() {
        let person = |number: &str, country: Option<&str>| {
            let (phone, country) = (Some(number.into()), country.map(str::to_owned));
            cleaned(Lead { phone, country, ..Lead::default() }).clean
        };
        let clean = person("030 123456 ext. 7", Some("germany"));
        assert_eq!(clean.person, Some(Person::Phone("+4930123456".into())));
        assert_eq!((clean.phone.as_deref(), clean.extension.as_deref()), (Some("+4930123456"), Some("7")));

        let clean = person("030 123456", None);
        let why = "has no country code, and the lead no country that is known";
        let expected = [problem("phone", why)];
        assert_eq!((&clean.person, &clean.phone, &clean.notes[..]), (&None, &None, &expected[..]));

        let clean = person("(415) 555-0123", Some("US"));
        let expected = [problem("phone", "is a number that nobody has")];
        assert_eq!(clean.phone.as_deref(), Some("+14155550123"));
        assert_eq!((&clean.person, &clean.notes[..]), (&None, &expected[..]));
    }

    #[test]
    fn mail_providers_stand_for_no_company() {
        for host in ["gmail.com", "mx.tempmail.io"] {
            let clean = cleaned(lead(&format!("ada@{host}"))).clean;
            assert!(clean.company_names.is_empty(), "{host}");
        }
        assert_eq!(no_company(&cleaned(lead("ada@acme.com"))), None);
    }

    #[test]
    fn the_web_site_gives_the_company_of_a_free_mail_address() {
        let website = Some("www.acme.com".into());
        let decision = cleaned(Lead { website, ..lead("ada@gmail.com") });
        assert_eq!(decision.clean.company_names, ["acme.com"]);
        assert_eq!(no_company(&decision), Some(MailDomain::Personal));

        let website = Some("gmail.com".into());
        let decision = cleaned(Lead { website, ..lead("ada@tempmail.io") });
        assert!(decision.clean.company_names.is_empty());
        assert_eq!(no_company(&decision), Some(MailDomain::Disposable));
    }

    #[test]
    fn the_web_site_does_not_replace_a_company_address() {
        let website = Some("other.com".into());
        let clean = cleaned(Lead { website, ..lead("ada@acme.com") }).clean;
        assert_eq!(clean.company_names, ["acme.com"]);
    }

    #[test]
    fn a_rule_overrides_the_lists() {
        let mut setup = setup();
        setup.lookups.domain_rule("gmail.com", DomainKind::Company, None);
        setup.lookups.domain_rule("acme.com", DomainKind::Personal, None);
        let company = setup.route(lead("ada@gmail.com"));
        assert_eq!(company.clean.company_names, ["gmail.com"]);
        let personal = setup.route(lead("ada@acme.com"));
        assert!(personal.clean.company_names.is_empty());
    }

    #[test]
    fn countries_become_codes() {
        for (given, code) in [
            (" uk", "GB"),
            ("United  Kingdom", "GB"),
            ("gb", "GB"),
            ("DEU", "DE"),
            ("germany", "DE"),
            ("The Netherlands", "NL"),
            ("Atlantis", "ATLANTIS"),
        ] {
            let country = Some(given.into());
            let clean = cleaned(Lead { country, ..lead("ada@acme.com") }).clean;
            assert_eq!(clean.lead.country.as_deref(), Some(code), "{given}");
            let unknown = [problem("country", "is not a known country")];
            let notes = if given == "Atlantis" { &unknown[..] } else { &[] };
            assert_eq!(clean.notes, notes, "{given}");
        }
    }

    #[test]
    fn industries_go_through_the_alias_table() {
        for (given, stored, compared) in [
            ("FinTech", Some("Financial Services"), "financial services"),
            (" Oil &  Gas", None, "oil & gas"),
        ] {
            let industry = Some(given.into());
            let clean = cleaned(Lead { industry, ..lead("ada@acme.com") }).clean;
            assert_eq!(clean.industry.as_deref(), stored);
            assert_eq!(clean.lead.industry.as_deref(), Some(compared));
        }
    }

    #[test]
    fn the_buyer_acted_now_at_the_latest() {
        let past = at("2026-03-04 09:59");
        for (given, used, notes) in [
            (Some(past), past, 0),
            (None, now(), 0),
            (Some(at("2026-03-04 10:01")), now(), 1),
            (Some(at("1969-12-31 23:59")), now(), 1),
        ] {
            let occurred_at = given;
            let clean = cleaned(Lead { occurred_at, ..lead("ada@acme.com") }).clean;
            assert_eq!(clean.lead.occurred_at, Some(used), "{given:?}");
            assert_eq!(clean.notes.len(), notes, "{given:?}");
        }
    }
}
