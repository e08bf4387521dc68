//! Values of rules, cleaned when they are written by the functions that clean leads.

use crate::lead::normalize::ByName;
use crate::lead::{language, normalize, words};

/// What a column of a routing table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// A name or a word, in the case in which it was written.
    Shown,
    /// A word in one case.
    Folded,
    /// The name of an event.
    Event,
    /// The beginning of a postal code.
    Postal,
    /// A language.
    Language,
    /// A country.
    Country,
    /// A domain that a rule is about.
    Domain,
    /// The domain of an account.
    CompanyDomain,
    /// The address of a contact.
    Contact,
    /// One of these words, which a comma separates.
    OneOf(&'a str),
}

/// What is wrong with a value, and what is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Continues a sentence that starts with the value: 'is not a language'.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl<'a> Form<'a> {
    /// The form of a name, as triggers give it: `country`, or `online,away,offline`.
    pub fn named(name: &'a str) -> Self {
        match name {
            "shown" => Self::Shown,
            "folded" => Self::Folded,
            "event" => Self::Event,
            "postal" => Self::Postal,
            "language" => Self::Language,
            "country" => Self::Country,
            "domain" => Self::Domain,
            "company_domain" => Self::CompanyDomain,
            "contact" => Self::Contact,
            words => Self::OneOf(words),
        }
    }

    /// The value as it is stored. Countries are found by alias or name, as [`normalize::country`] says.
    pub fn clean(self, given: &str, aliases: ByName<'_>, names: ByName<'_>) -> Result<String, Refused> {
        let cleaned = match self {
            Self::Shown => words::shown(given).ok_or("is empty"),
            Self::Folded => words::folded(given).ok_or("is empty"),
            Self::Event => words::slug(given).ok_or("is no name of an event"),
            Self::Postal => words::postal(given).ok_or("is empty"),
            Self::Language => language::language(given).ok_or("is not a known language"),
            Self::Country => normalize::country(given, aliases, names).ok_or("is not a known country"),
            Self::Domain => normalize::rule_domain(given),
            Self::CompanyDomain => normalize::company_domain(given),
            Self::Contact => normalize::email(given).map(|address| address.email),
            Self::OneOf(words) => one_of(given, words).ok_or("is not allowed"),
        };
        cleaned.map_err(|what| Refused { what: what.to_owned(), hint: self.hint() })
    }

    fn hint(self) -> String {
        let hint = match self {
            Self::Shown | Self::Folded | Self::Event => "Give at least one letter or digit.",
            Self::Postal => "Give the first characters of the postal codes.",
            Self::Language => "Give a tag of BCP 47 such as de or de-AT, or the name of a language.",
            Self::Country => {
                "Give a code of ISO 3166-1 such as NL, or a name; leadroute.country_aliases takes further names."
            }
            Self::Domain => "Give a domain such as rival.com; @rival.com, *.rival.com and web addresses are understood.",
            Self::CompanyDomain => {
                "Give a domain that belongs to the account, such as acme.com; leadroute.domain_rules takes public suffixes."
            }
            Self::Contact => "Give an e-mail address such as ada@acme.com.",
            Self::OneOf(words) => return format!("Allowed is one of: {}.", words.replace(',', ", ")),
        };
        hint.to_owned()
    }
}

fn one_of(given: &str, words: &str) -> Option<String> {
    let wanted = words::slug(given)?;
    words.split(',').find(|word| words::slug(word).as_ref() == Some(&wanted)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(form: &str, given: &str) -> Result<String, String> {
        let mut aliases = |name: &str| (name == "uk").then(|| "GB".to_owned());
        // a name that is the code of another country
        let mut names = |name: &str| match name {
            "netherlands" => Some("NL".to_owned()),
            "nga" => Some("RU".to_owned()),
            _ => None,
        };
        Form::named(form).clean(given, &mut aliases, &mut names).map_err(|refused| refused.what)
    }

    #[test]
    fn values_are_stored_in_one_form() {
        for (form, given, stored) in [
            ("shown", "  Oil  & Gas", "Oil & Gas"),
            ("folded", "FinTech", "fintech"),
            ("event", "Demo Request", "demo_request"),
            ("postal", "SW1 A", "sw1a"),
            ("language", "German", "de"),
            ("country", "uk", "GB"),
            ("country", "deu", "DE"),
            ("country", "The Netherlands", "NL"),
            ("country", "NGA", "NG"),
            ("domain", "@Rival.com", "rival.com"),
            ("domain", "ac.uk", "ac.uk"),
            ("company_domain", "https://www.acme.com/", "acme.com"),
            ("contact", "Ada+news@B\u{fc}cher.de", "ada+news@xn--bcher-kva.de"),
            ("online,away,offline", " Away ", "away"),
            ("weighted_round_robin,least_loaded", "Least Loaded", "least_loaded"),
        ] {
            assert_eq!(clean(form, given).as_deref(), Ok(stored), "{form} {given}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (form, given, what) in [
            ("shown", " ", "is empty"),
            ("country", "Atlantis", "is not a known country"),
            ("language", "klartext", "is not a known language"),
            ("company_domain", "co.uk", "is a public suffix, below which domains of many companies lie"),
            ("contact", "ada", "is not an address"),
            ("online,away,offline", "gone", "is not allowed"),
        ] {
            assert_eq!(clean(form, given), Err(what.to_owned()), "{form} {given}");
        }
        let refused = Form::OneOf("high,low").clean("hot", &mut |_| None, &mut |_| None).unwrap_err();
        assert_eq!(refused.hint, "Allowed is one of: high, low.");
    }

    proptest! {
        #[test]
        fn what_is_stored_is_clean(given in "[a-zA-Z0-9 @.+*/\u{e4}\u{130}\u{df}-]{0,16}") {
            for form in ["shown", "folded", "event", "postal", "language", "country", "domain", "company_domain", "contact", "high,low"] {
                if let Ok(stored) = clean(form, &given) {
                    prop_assert_eq!(clean(form, &stored), Ok(stored.clone()), "{}", form);
                }
            }
        }
    }
}
