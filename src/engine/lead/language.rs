//! Languages as tags of BCP 47, and how a rule for a language takes those within it.

use crate::lead::words;
use isolang::Language;
use oxilangtag::LanguageTag;

/// The tag of a language that is given as a tag (`de-DE`, `de_DE`, `deu`) or by its name, in English or in itself;
/// `None` if it is not known. The language is that of ISO 639, in two letters where it has two.
pub fn language(given: &str) -> Option<String> {
    let given = words::shown(given)?;
    by_tag(&given.replace('_', "-")).or_else(|| by_name(&given).map(|language| code(language).to_owned()))
}

fn by_tag(given: &str) -> Option<String> {
    let tag = LanguageTag::parse_and_normalize(given).ok()?;
    let primary = tag.primary_language();
    let current = FORMER.iter().find(|(former, _)| *former == primary).map_or(primary, |(_, now)| now);
    let language = match current.len() {
        2 => Language::from_639_1(current),
        3 => Language::from_639_3(current),
        _ => None,
    }?;
    Some(format!("{}{}", code(language), tag.as_str().get(primary.len()..)?))
}

/// Codes that are written still: those that ISO 639-1 has withdrawn, and those of ISO 639-2/B that are none of 639-3.
const FORMER: [(&str, &str); 24] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("alb", "sq"),
    ("arm", "hy"),
    ("baq", "eu"),
    ("bur", "my"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dut", "nl"),
    ("fre", "fr"),
    ("geo", "ka"),
    ("ger", "de"),
    ("gre", "el"),
    ("ice", "is"),
    ("mac", "mk"),
    ("mao", "mi"),
    ("may", "ms"),
    ("per", "fa"),
    ("rum", "ro"),
    ("slo", "sk"),
    ("tib", "bo"),
    ("wel", "cy"),
];

/// In one language a name is that of itself; English has the last word.
fn by_name(given: &str) -> Option<Language> {
    let wanted = words::folded(given)?;
    let is_named = |name: Option<&str>| name.and_then(words::folded).is_some_and(|name| name == wanted);
    let all = || isolang::languages().filter(|language| language.to_639_1().is_some());
    let english =
        |language: &Language| language.to_name().split(';').any(|name| is_named(name.split(" (").next()));
    all().find(english).or_else(|| all().find(|language| is_named(language.to_autonym())))
}

fn code(language: Language) -> &'static str {
    language.to_639_1().unwrap_or_else(|| language.to_639_3())
}

/// The tags of rules that take a language: its own, and those that it lies within (basic filtering, RFC 4647, 3.3.1).
pub fn ranges(tag: &str) -> impl Iterator<Item = &str> {
    let ends = tag.char_indices().filter(|(_, c)| *c == '-').map(|(end, _)| end);
    [tag.len()].into_iter().chain(ends).filter_map(|end| tag.get(..end))
}

/// Whether one of the tags takes a language. Both must be in lower case.
pub fn is_among(tag: &str, tags: &[String]) -> bool {
    ranges(tag).any(|range| tags.iter().any(|known| known == range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_names_are_one() {
        for (given, tag) in [
            ("de", "de"),
            ("DE", "de"),
            ("de_AT", "de-AT"),
            ("deu", "de"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("German", "de"),
            (" deutsch ", "de"),
            ("français", "fr"),
            ("Spanish", "es"),
            ("norwegian", "no"),
            ("ger", "de"),
            ("iw-IL", "he-IL"),
            ("en-US", "en-US"),
        ] {
            assert_eq!(language(given).as_deref(), Some(tag), "{given}");
        }
        for given in ["", "klartext", "xx", "d", "de-", "1"] {
            assert_eq!(language(given), None, "{given}");
        }
    }

    #[test]
    fn a_language_lies_within_its_ranges() {
        assert_eq!(ranges("zh-hant-tw").collect::<Vec<_>>(), ["zh-hant-tw", "zh", "zh-hant"]);
        assert!(is_among("de-de", &["de".to_owned()]));
        assert!(!is_among("de", &["de-de".to_owned()]));
        assert!(!is_among("den", &["de".to_owned()]));
    }

    #[test]
    fn a_tag_of_a_tag_is_the_same() {
        for language in isolang::languages() {
            let tag = super::language(language.to_639_3()).unwrap();
            assert_eq!(super::language(&tag).as_deref(), Some(tag.as_str()));
        }
    }
}
