//! Phone numbers as people write them, to E.164.
//!
//! What countries have for numbers is from Google's libphonenumber (crate `rlibphonenumber`, metadata of its version 9). Its
//! tables are read when a session meets the first number that is not `plain`: 3 ms and 6 MB; then such a number takes 9 us.

mod dummy;
mod plain;

use crate::lead::words;
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, Region, PHONE_NUMBER_UTIL};
use std::borrow::Cow;

/// A phone number that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+4930123456`: country code and number.
    pub number: String,
    /// What is dialled once somebody has answered, such as `12`.
    pub extension: Option<String>,
    /// Whether people type it to say nothing: it is nobody's.
    pub is_dummy: bool,
}

/// Longest text that is looked at, in bytes: a number with extension, words around it, and characters that nobody sees.
const LONGEST: usize = 500;

/// `+` and the digits that ITU-T E.164 allows; some countries have had longer ones.
const LONGEST_NUMBER: usize = 16;

/// Reads a number, as it is dialled in a country (ISO 3166-1 alpha-2), or with `+` or `00` and the country code. Says why
/// it cannot be read.
pub fn read(given: &str, country: Option<&str>) -> Result<Phone, &'static str> {
    match plain::read(given, country) {
        Some((code, digits)) => Ok(Phone {
            number: format!("+{code}{digits}"),
            extension: None,
            is_dummy: dummy::is_dummy(i32::from(code), &digits),
        }),
        None => by_library(given, country),
    }
}

fn by_library(given: &str, country: Option<&str>) -> Result<Phone, &'static str> {
    const NONE: &str = "is not a phone number";
    let shown = if given.len() > LONGEST { None } else { words::shown(given) };
    let text = shown.as_deref().map(first_of_several).ok_or(NONE)?;
    let text = with_known_extension(text);
    let region = country.filter(|code| code.len() == 2).and_then(|code| code.parse::<Region>().ok());
    let whole = Reading::of(&text, region);
    let found = match (&whole, without_words(&text)) {
        (Reading::Number(phone), Some(bare)) if phone.extension.is_none() => {
            match Reading::of(bare, region) {
                Reading::Number(phone) => Reading::Number(phone),
                Reading::Impossible | Reading::Nothing => whole,
            }
        }
        (Reading::Impossible | Reading::Nothing, Some(bare)) => Reading::of(bare, region),
        _ => whole,
    };
    match found {
        Reading::Number(phone) => Ok(phone),
        Reading::Impossible => Err("is no number that somebody can have"),
        Reading::Nothing if region.is_none() && text.contains(char::is_numeric) => {
            Err("has no country code, and the lead no country that is known")
        }
        Reading::Nothing => Err(NONE),
    }
}

/// What the library makes of a text.
enum Reading {
    Number(Phone),
    /// A number that nobody can have, and no dummy either.
    Impossible,
    Nothing,
}

impl Reading {
    fn of(text: &str, region: Option<Region>) -> Self {
        let national = PHONE_NUMBER_UTIL.parse(text, region).map_or(Self::Nothing, Self::of_number);
        // 00 is how most of the world dials abroad, also where the country of the lead does not
        match (national, text.strip_prefix("00")) {
            (Self::Impossible | Self::Nothing, Some(rest)) => {
                let abroad = PHONE_NUMBER_UTIL.parse(format!("+{}", rest.trim_start()), None);
                abroad.map_or(Self::Nothing, Self::of_number)
            }
            (national, _) => national,
        }
    }

    fn of_number(number: PhoneNumber) -> Self {
        let form = number.format_as(PhoneNumberFormat::E164);
        let is_dummy = dummy::is_dummy(number.country_code, &number.get_national_significant_number());
        if form.len() > LONGEST_NUMBER || !is_dummy && !number.is_valid() {
            return Self::Impossible;
        }
        let form = form.into_owned();
        let extension = number.extension.filter(|extension| !extension.is_empty());
        Self::Number(Phone { number: form, extension, is_dummy })
    }
}

/// The text up to the first word behind a digit: `030 123456 mobil`. Letters are keys of the phone only where they must be,
/// as in `1-800-FLOWERS`. A URI has its parameters there.
fn without_words(text: &str) -> Option<&str> {
    let begins = text.find(char::is_numeric).filter(|_| !text.contains(";phone-context="))?;
    let (before, rest) = text.split_at(begins);
    let (bare, _) = text.split_at(before.len() + rest.find(char::is_alphabetic)?);
    Some(bare.trim_end_matches(|c: char| !c.is_alphanumeric()))
}

/// The first of several numbers in one text, as far as a second `+` tells them apart.
fn first_of_several(text: &str) -> &str {
    let begins = text.find(char::is_numeric).unwrap_or_default();
    let (before, rest) = text.split_at(begins);
    // in a URI the country code may come last: `tel:030123456;phone-context=+49`
    let mut others = rest.match_indices(['+', '\u{ff0b}']).map(|(place, _)| place);
    let other = others.find(|place| rest.get(..*place).is_some_and(|before| !before.ends_with('=')));
    let ends = other.unwrap_or(rest.len());
    let (first, _) = text.split_at(before.len() + ends);
    first.trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// Words before an extension that the library does not know: German, French, Dutch, Italian, Portuguese, Swedish, Polish.
const EXTENSION: [&str; 14] = [
    "durchwahl",
    "durchw",
    "dw",
    "nebenstelle",
    "nst",
    "apparat",
    "app",
    "poste",
    "toestel",
    "interno",
    "ramal",
    "anknytning",
    "ankn",
    "wewn",
];

/// The text with a word for an extension that the library knows.
fn with_known_extension(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_alphabetic) {
        return Cow::Borrowed(text);
    }
    let word = text.split(|c: char| !c.is_alphabetic()).find(|word| {
        let folded = words::folded(word);
        folded.is_some_and(|word| EXTENSION.contains(&word.as_str()))
    });
    let parts = word.and_then(|word| text.split_once(word));
    match parts.filter(|(number, _)| number.contains(char::is_numeric)) {
        Some((number, rest)) => {
            let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
            let number = number.trim_end_matches(|c: char| !c.is_alphanumeric());
            Cow::Owned(format!("{number} ext {rest}"))
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests;
