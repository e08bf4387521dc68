//! Cleaning of single values: addresses, domains, phone numbers, countries.

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
    if given.chars().any(is_invisible) {
        return Err("holds invisible or direction-changing characters");
    }
    let options = email_address::Options::default().without_display_text().without_domain_literal();
    let parsed =
        email_address::EmailAddress::parse_with_options(given, options).map_err(|_| "is not an address")?;
    let host = host(parsed.domain())?;
    let local = parsed.local_part().to_lowercase();
    let person = match local.split_once('+') {
        // a plus within quotes is part of the name
        Some((name, _tag)) if !name.is_empty() && !name.starts_with('"') => name,
        _ => &local,
    };
    Ok(Address { key: format!("{person}@{host}"), email: format!("{local}@{host}"), host })
}

/// Cleans a host name: lower case, ASCII form, at least one dot, scripts not mixed.
pub fn host(given: &str) -> Result<String, &'static str> {
    let given = given.trim().trim_end_matches('.');
    if given.split('.').any(|label| !label.is_single_script()) {
        return Err("has a domain that mixes scripts");
    }
    let ascii = idna::domain_to_ascii_strict(given).map_err(|_| "has a domain that is not a domain name")?;
    match ascii.contains('.') {
        true => Ok(ascii),
        false => Err("has a domain without a dot"),
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

/// A phone number as digits, `+` first where the country code was given (`00` counts as `+`).
/// `None` where fewer than 7 or more than 15 digits are left (ITU-T E.164).
pub fn phone_key(given: &str) -> Option<String> {
    let number = given.split(['x', 'X', '#', ';']).next()?.trim();
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let (plus, digits) = match (number.starts_with('+'), digits.strip_prefix("00")) {
        (true, _) => (true, digits.as_str()),
        (false, Some(rest)) => (true, rest),
        (false, None) => (false, digits.as_str()),
    };
    if !(7..=15).contains(&digits.len()) {
        return None;
    }
    Some(format!("{}{digits}", if plus { "+" } else { "" }))
}

/// ISO 3166-1 alpha-2 code for a code or an English name, by the crate `rust_iso3166`.
pub fn country(given: &str) -> Option<&'static str> {
    let given = given.trim();
    let upper = given.to_ascii_uppercase();
    let found = match upper.len() {
        2 => rust_iso3166::from_alpha2(&upper),
        3 => rust_iso3166::from_alpha3(&upper),
        _ => None,
    };
    let by_name = || {
        let wanted = given.to_lowercase();
        let short = |name: &str| {
            let lower = name.to_lowercase();
            let head = lower.split(" (").next().unwrap_or_default().to_owned();
            lower == wanted || head == wanted
        };
        rust_iso3166::ALL.iter().copied().find(|row| short(row.name))
    };
    found.or_else(by_name).map(|row| row.alpha2)
}

/// Lower case without outer space, and single spaces within; `None` where nothing is left.
pub fn folded(given: &str) -> Option<String> {
    let words: Vec<&str> = given.split_whitespace().collect();
    match words.is_empty() {
        true => None,
        false => Some(words.join(" ").to_lowercase()),
    }
}

/// Control characters, and format characters that hide or turn text around (Unicode category Cf).
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
    fn phones_keep_digits_and_country_code() {
        assert_eq!(phone_key("+44 (20) 7946-0000 x12").unwrap(), "+442079460000");
        assert_eq!(phone_key("0044 20 7946 0000").unwrap(), "+442079460000");
        assert_eq!(phone_key("020 7946 0000").unwrap(), "02079460000");
        assert_eq!(phone_key("12"), None);
    }

    #[test]
    fn countries_by_code_or_name() {
        assert_eq!(country("gb"), Some("GB"));
        assert_eq!(country("DEU"), Some("DE"));
        assert_eq!(country("germany"), Some("DE"));
        assert_eq!(country("Atlantis"), None);
    }
}
