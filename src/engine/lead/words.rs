//! Words as people type them: in one form, whatever the keyboard, the case and the blanks. Leads and rules go through the
//! same functions.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Text to show and to store: in NFC, without characters that nobody sees, single blanks; `None` where nothing is left.
pub fn shown(given: &str) -> Option<String> {
    if is_plain(given) {
        return Some(given.to_owned());
    }
    let seen = given.chars().filter(|c| c.is_whitespace() || !is_ignorable(*c)).nfc().collect::<String>();
    let words: Vec<&str> = seen.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether there is nothing to do: most values are ASCII, and come from a form that has cleaned them.
fn is_plain(given: &str) -> bool {
    let bytes = given.as_bytes();
    let is_single = |pair: &[u8]| pair != b"  ";
    bytes.iter().all(|byte| (b' '..=b'~').contains(byte))
        && bytes.windows(2).all(is_single)
        && bytes.first().is_some_and(|byte| *byte != b' ')
        && bytes.last().is_some_and(|byte| *byte != b' ')
}

/// Text to compare: as shown, and in one case, by the full case folding of Unicode. `İ` is an `i`, whose dot is seen
/// already.
pub fn folded(given: &str) -> Option<String> {
    let mut text = shown(given)?;
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return Some(text);
    }
    let folded: String = caseless::default_case_fold_str(&text).nfc().collect();
    Some(folded.replace("i\u{307}", "i"))
}

/// Text in NFC.
pub fn composed(given: &str) -> Cow<'_, str> {
    match given.is_ascii() {
        true => Cow::Borrowed(given),
        false => given.nfc().collect(),
    }
}

/// Text in small letters, in NFC; `İ` is an `i`.
pub fn lower(given: &str) -> String {
    if given.is_ascii() {
        return given.to_ascii_lowercase();
    }
    given.to_lowercase().nfc().collect::<String>().replace("i\u{307}", "i")
}

/// A name as identifiers are written: `Demo Request` is `demo_request`.
pub fn slug(given: &str) -> Option<String> {
    let folded = folded(given)?;
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("_");
    (!slug.is_empty()).then_some(slug)
}

/// A postal code, or the beginning of one, to compare: folded, without blanks.
pub fn postal(given: &str) -> Option<String> {
    folded(given).map(|code| code.replace(' ', ""))
}

/// A key of a JSON object to compare: `firstName`, `First Name` and `first_name` are one.
pub fn key(given: &str) -> Cow<'_, str> {
    match given.bytes().all(|byte| byte.is_ascii_lowercase()) {
        true => Cow::Borrowed(given),
        false => given.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect(),
    }
}

/// Whether a text has characters that are not drawn.
pub fn has_ignorable(text: &str) -> bool {
    match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(is_ignorable),
    }
}

/// Characters that are not drawn. Source: `Default_Ignorable_Code_Point` of Unicode, and control characters.
fn is_ignorable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_word_has_one_form() {
        for (given, form) in [
            (" Oil &  Gas\t", "oil & gas"),
            ("İzmir", "izmir"),
            ("I\u{307}zmir", "izmir"),
            ("IZMIR", "izmir"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Cafe\u{301}", "café"),
            ("CAFÉ", "café"),
            ("so\u{ad}ft\u{200b}\u{feff}ware", "software"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("Σίσυφος", "σίσυφοσ"),
        ] {
            assert_eq!(folded(given).as_deref(), Some(form), "{given}");
        }
        for nothing in ["", " \t", "\u{200b}", "\u{a0}\u{feff}"] {
            assert_eq!((shown(nothing), folded(nothing), slug(nothing)), (None, None, None));
        }
    }

    #[test]
    fn what_is_shown_keeps_its_case() {
        assert_eq!(shown("  Nieder\u{ad}sachsen  Ost ").as_deref(), Some("Niedersachsen Ost"));
    }

    #[test]
    fn events_are_slugs() {
        for given in ["demo_request", "Demo Request", "DEMO-REQUEST", " demo__request! "] {
            assert_eq!(slug(given).as_deref(), Some("demo_request"), "{given}");
        }
        assert_eq!(slug("Anfrage für Größe").as_deref(), Some("anfrage_für_grösse"));
    }

    #[test]
    fn postal_codes_have_no_blanks() {
        assert_eq!(postal(" sw1a  1AA").as_deref(), Some("sw1a1aa"));
        assert_eq!(postal("00-950").as_deref(), Some("00-950"));
    }

    #[test]
    fn keys_of_json_are_one_however_they_are_written() {
        for given in ["first_name", "firstName", "FirstName", "First Name", "first-name"] {
            assert_eq!(key(given), "firstname", "{given}");
        }
        assert_eq!(key("email"), key("E-Mail"));
    }

    proptest! {
        #[test]
        fn a_form_of_a_form_is_the_same(given in "\\PC{0,12}") {
            for form in [shown, folded, slug, postal] {
                let once = form(&given);
                prop_assert_eq!(once.as_deref().and_then(form), once);
            }
        }

        #[test]
        fn case_is_no_difference(given in "\\PC{0,12}") {
            prop_assert_eq!(folded(&given.to_lowercase()), folded(&given));
        }
    }
}
