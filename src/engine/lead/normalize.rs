//! Cleaning of single values: addresses, domains, countries.

use crate::lead::words;
use isocountry::CountryCode;
use unicode_security::MixedScript;

/// A cleaned e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Lower case, domain in its ASCII form.
    pub email: String,
    /// The same without plus-tag: two leads with one key are one person.
    pub key: String,
    /// Domain in its ASCII form.
    pub host: String,
}

/// Longest address that RFC 5321 lets through, in bytes.
const LONGEST_EMAIL: usize = 254;

/// Cleans an address, or says what is wrong with it.
///
/// Shape after RFC 5321 and 5322 (crate `email_address`), domain by UTS 46 (crate `idna`), names that
/// mix scripts to look like another by UTS 39 (crate `unicode-security`).
pub fn email(given: &str) -> Result<Address, &'static str> {
    let given = given.trim();
    if given.len() > LONGEST_EMAIL {
        return Err("is longer than 254 bytes");
    }
    if words::has_ignorable(given) {
        return Err("holds invisible or direction-changing characters");
    }
    let parsed = parse(&words::composed(given))?;
    let host = host(parsed.domain())?;
    let local = words::lower(parsed.local_part());
    if !local.is_ascii() {
        // what is stored must be an address too
        parse(&format!("{local}@{host}"))?;
    }
    let person = match local.split_once('+') {
        // a plus within quotes is part of the name
        Some((name, _tag)) if !name.is_empty() && !name.starts_with('"') => name,
        _ => &local,
    };
    Ok(Address { key: format!("{person}@{host}"), email: format!("{local}@{host}"), host })
}

fn parse(given: &str) -> Result<email_address::EmailAddress, &'static str> {
    let options = email_address::Options::default().without_display_text().without_domain_literal();
    email_address::EmailAddress::parse_with_options(given, options).map_err(|_| "is not an address")
}

/// Cleans a host name: lower case, ASCII form, at least one dot, scripts not mixed.
pub fn host(given: &str) -> Result<String, &'static str> {
    let given = given.trim().trim_end_matches('.');
    // ASCII is one script: most names need no look at each letter
    if !given.is_ascii() && given.split('.').any(|label| !label.is_single_script()) {
        return Err("has a domain that mixes scripts");
    }
    let ascii = idna::domain_to_ascii_strict(given).map_err(|_| "has a domain that is not a domain name")?;
    match ascii.contains('.') {
        true => Ok(ascii),
        false => Err("has a domain without a dot"),
    }
}

/// The domain that a rule is about, given as a name, `@rival.com`, `*.foe.com`, or a web address; a public suffix too.
pub fn rule_domain(given: &str) -> Result<String, &'static str> {
    let (is_web, rest) =
        given.trim().split_once("://").map_or((false, given.trim()), |(_, rest)| (true, rest));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = match authority.rsplit_once('@') {
        Some((user, _)) if !user.is_empty() && !is_web => return Err("is an address, not a domain"),
        Some((_, name)) => name,
        None => authority,
    };
    let name = name.split(':').next().unwrap_or_default().trim();
    let name = name.strip_prefix("*.").unwrap_or(name);
    let clean = host(name)?;
    match clean.strip_prefix("www.") {
        Some(rest) if rest.contains('.') => Ok(rest.to_owned()),
        _ => Ok(clean),
    }
}

/// The same for the domain of an account, which nobody shares.
pub fn company_domain(given: &str) -> Result<String, &'static str> {
    let name = rule_domain(given)?;
    match psl::domain_str(&name) {
        Some(_) => Ok(name),
        None => Err("is a public suffix, below which domains of many companies lie"),
    }
}

/// The host of a web site given as `https://www.acme.com/contact`, `acme.com` and the like.
pub fn website_host(given: &str) -> Option<String> {
    let rest = given.split_once("://").map_or(given, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let name = authority.rsplit('@').next()?.split(':').next()?;
    let clean = host(name).ok()?;
    Some(clean.strip_prefix("www.").map_or(clean.clone(), Into::into))
}

/// The names of a host from itself down to its registrable domain, longest first; empty for an
/// address or a public suffix. Source: the public suffix list, as the crate `psl` carries it.
pub fn company_names(host: &str) -> Vec<String> {
    let Some(registrable) = psl::domain_str(host) else {
        return Vec::new();
    };
    let mut names = vec![host];
    let mut rest = host;
    while rest != registrable {
        let Some((_, parent)) = rest.split_once('.') else {
            break;
        };
        names.push(parent);
        rest = parent;
    }
    names.into_iter().map(Into::into).collect()
}

/// The public suffixes above a host, longest first; without the top-level domain, which no rule is about.
pub fn public_suffixes(host: &str) -> Vec<String> {
    let suffix = psl::suffix_str(host).unwrap_or_default();
    let above = suffix.match_indices('.').filter_map(|(dot, _)| suffix.get(dot + 1..));
    [suffix].into_iter().chain(above).filter(|name| name.contains('.')).map(str::to_owned).collect()
}

/// ISO 3166-1 alpha-2 code for a code: of two or three letters, or of three digits. Names are looked up.
pub fn country_code(given: &str) -> Option<&'static str> {
    let upper = given.trim().to_ascii_uppercase();
    // Kosovo has none in ISO 3166-1; this is the one that the CLDR and most CRMs use
    if matches!(upper.as_str(), "XK" | "XKX") {
        return Some("XK");
    }
    let number = || upper.parse().ok().filter(|_| upper.bytes().all(|byte| byte.is_ascii_digit()));
    let found = match upper.len() {
        2 => CountryCode::for_alpha2(&upper).ok(),
        3 => CountryCode::for_alpha3(&upper).ok().or_else(|| CountryCode::for_id(number()?).ok()),
        _ => None,
    };
    found.map(|code| code.alpha2())
}

/// Finds something by a folded name.
pub type ByName<'a> = &'a mut dyn FnMut(&str) -> Option<String>;

/// The code of a country, for leads and rules: by an alias that somebody has given it, by a code, by a name.
pub fn country(given: &str, aliases: ByName<'_>, names: ByName<'_>) -> Option<String> {
    let folded = words::folded(given)?;
    let by_code = || country_code(&folded).map(str::to_owned);
    aliases(&folded).or_else(by_code).or_else(|| names(&country_name(&folded)?))
}

/// The form in which names of countries are looked up: folded, without `the` in front.
pub fn country_name(given: &str) -> Option<String> {
    let folded = words::folded(given)?;
    Some(folded.strip_prefix("the ").map_or(folded.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_key() {
        let plain = email("Ada@Acme.COM").unwrap();
        let tagged = email(" ada+demo@acme.com ").unwrap();
        assert_eq!(plain.key, "ada@acme.com");
        assert_eq!(tagged.key, plain.key);
        assert_eq!(tagged.email, "ada+demo@acme.com");
    }

    #[test]
    fn an_address_in_other_letters_has_one_form() {
        for given in ["İpek@acme.com", "I\u{307}pek@acme.com", "ipek@acme.com"] {
            assert_eq!(email(given).unwrap().email, "ipek@acme.com", "{given}");
        }
        assert_eq!(email("Jose\u{301}@acme.com").unwrap().email, email("JOSÉ@acme.com").unwrap().email);
    }

    #[test]
    fn odd_addresses_are_named_not_guessed() {
        assert_eq!(email("ada").unwrap_err(), "is not an address");
        assert!(email("ada@localhost").is_err());
        assert!(email("ada@[127.0.0.1]").is_err());
        assert!(email("Ada <ada@acme.com>").is_err());
        assert!(email("ada\u{202e}@acme.com").unwrap_err().contains("invisible"));
        // Cyrillic a in front of Latin letters
        assert!(email("ada@\u{430}cme.com").unwrap_err().contains("mixes scripts"));
        assert!(email(&format!("{}@acme.com", "a".repeat(1 << 20))).is_err());
    }

    #[test]
    fn international_domains_have_one_form() {
        assert_eq!(email("x@b\u{fc}cher.de").unwrap().host, "xn--bcher-kva.de");
        assert_eq!(host("B\u{dc}CHER.de.").unwrap(), "xn--bcher-kva.de");
    }

    #[test]
    fn company_names_stop_at_the_registrable_domain() {
        assert_eq!(company_names("a.eu.acme.co.uk"), ["a.eu.acme.co.uk", "eu.acme.co.uk", "acme.co.uk"]);
        assert_eq!(company_names("acme.com"), ["acme.com"]);
        assert!(company_names("co.uk").is_empty());
    }

    #[test]
    fn websites_become_hosts() {
        assert_eq!(website_host("https://www.Acme.com:8080/a?b#c").unwrap(), "acme.com");
        assert_eq!(website_host("acme.com/contact").unwrap(), "acme.com");
        assert_eq!(website_host("not a site"), None);
    }

    #[test]
    fn countries_by_code() {
        for (given, code) in [("gb", "GB"), ("DEU", "DE"), (" 276 ", "DE"), ("xk", "XK")] {
            assert_eq!(country_code(given), Some(code), "{given}");
        }
        for given in ["Atlantis", "uk", "xx", "000", "+27"] {
            assert_eq!(country_code(given), None, "{given}");
        }
        assert_eq!(country_name(" The  Netherlands").as_deref(), Some("netherlands"));
    }

    #[test]
    fn rules_name_domains_in_many_ways() {
        for given in [
            "rival.com",
            "@rival.com",
            "*.Rival.com",
            "https://www.rival.com/about?x#y",
            "www.rival.com.",
            "https://me@rival.com:8080",
        ] {
            assert_eq!(rule_domain(given).as_deref(), Ok("rival.com"), "{given}");
        }
        assert_eq!(rule_domain("B\u{fc}cher.de").as_deref(), Ok("xn--bcher-kva.de"));
        assert_eq!(rule_domain("ac.uk").as_deref(), Ok("ac.uk"));
        assert!(rule_domain("spammer@gmail.com").unwrap_err().contains("address"));
        assert!(
            rule_domain("rival").is_err() && rule_domain("").is_err() && rule_domain("no domain").is_err()
        );
        assert_eq!(company_domain("eu.acme.co.uk").as_deref(), Ok("eu.acme.co.uk"));
        assert!(company_domain("co.uk").unwrap_err().contains("public suffix"));
    }

    #[test]
    fn public_suffixes_are_above_every_company() {
        assert_eq!(public_suffixes("cs.ox.ac.uk"), ["ac.uk"]);
        assert!(public_suffixes("acme.com").is_empty());
    }
}
