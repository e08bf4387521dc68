//! Names of companies, compared as a last resort: what they are without case, accents, punctuation and legal form, under
//! which keys they are found, and how alike two of them are.
//!
//! The keys are segments, so that a look-up is a few probes of a btree however many names there are: of a name cut into one
//! segment more than it has edits, one is left whole (G. Li, D. Deng, J. Wang, J. Feng: Pass-Join, VLDB 2011).

use rustc_hash::FxHashSet;
use std::sync::OnceLock;
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::UnicodeNormalization;

/// Letters of a name that are looked at; the rest of a longer one is not.
const MOST_LETTERS: usize = 100;

/// Edits (a letter replaced, left out or added, two swapped) up to which names are found.
const MOST_EDITS: usize = 2;

/// Words of the longest legal form.
const LONGEST_FORM: usize = 5;

/// A name without case, accents, punctuation and `The`: its words, `&` as a word too.
pub fn words(name: &str) -> Vec<String> {
    let mut text = String::with_capacity(name.len());
    for letter in name.nfkd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            '&' | '+' => text.push_str(" and "),
            '.' | '\'' | '\u{2019}' | '\u{b4}' | '`' => (),
            'ß' | 'ẞ' => text.push_str("ss"),
            'ø' | 'Ø' => text.push('o'),
            'æ' | 'Æ' => text.push_str("ae"),
            'œ' | 'Œ' => text.push_str("oe"),
            'ł' | 'Ł' => text.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => text.push('d'),
            'þ' | 'Þ' => text.push_str("th"),
            'ı' => text.push('i'),
            _ if letter.is_alphanumeric() => text.extend(letter.to_lowercase()),
            _ => text.push(' '),
        }
    }
    // lower case may have brought marks of its own
    let text: String = text.chars().filter(|letter| !is_combining_mark(*letter)).collect();
    let mut words: Vec<String> = Vec::new();
    let mut is_initials = false;
    for word in text.split_whitespace() {
        let is_one = word.chars().nth(1).is_none();
        match words.last_mut() {
            // S. A. R. L. is one word
            Some(last) if is_one && is_initials => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        is_initials = is_one;
    }
    if words.len() > 1 && words.first().is_some_and(|first| first == "the") {
        words.remove(0);
    }
    words
}

/// The known legal forms, as [`words`] with blanks between.
fn known_forms() -> &'static FxHashSet<&'static str> {
    static FORMS: OnceLock<FxHashSet<&'static str>> = OnceLock::new();
    let list = || include_str!("legal_forms.txt").lines().filter(|line| !line.starts_with('#')).collect();
    FORMS.get_or_init(list)
}

/// A legal form as it is compared.
pub fn legal_form(given: &str) -> String {
    words(given).join(" ")
}

/// A name as it is compared: its words without blanks, and without the legal forms at its end, those known and `more`. Empty
/// where nothing is left to compare.
pub fn folded(name: &str, more: &[String]) -> String {
    let mut words = words(name);
    let is_form = |form: &String| known_forms().contains(form.as_str()) || more.contains(form);
    let form_of = |words: &[String]| {
        let longest = LONGEST_FORM.min(words.len().saturating_sub(1));
        (1..=longest).rev().find(|count| {
            let end = words.len().saturating_sub(*count);
            words.get(end..).is_some_and(|form| is_form(&form.join(" ")))
        })
    };
    while let Some(count) = form_of(&words) {
        words.truncate(words.len().saturating_sub(count));
    }
    words.concat().chars().take(MOST_LETTERS).collect()
}

/// How alike two folded names are, from 0 to 1 in thousandths: one less the edits for each letter of the longer one (optimal
/// string alignment, crate `strsim`). Names with other numbers are other names.
pub fn similarity(one: &str, other: &str) -> f64 {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(one) != digits(other) {
        return 0.0;
    }
    let longest = one.chars().count().max(other.chars().count());
    if longest == 0 {
        return 0.0;
    }
    let thousandths = 1000 - (1000 * strsim::osa_distance(one, other)).div_ceil(longest).min(1000);
    thousandths as f64 / 1000.0
}

/// Edits up to which a name of so many letters is found.
const fn edits(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=11 => 1,
        _ => MOST_EDITS,
    }
}

/// Start and length of the segments of a name of so many letters.
fn segments(letters: usize) -> Vec<(usize, usize)> {
    let count = edits(letters) + 1;
    let (short, longer) = (letters / count, letters % count);
    let mut start = 0;
    let mut parts = Vec::with_capacity(count);
    for part in 0..count {
        // the last ones are the longer ones
        let length = short + usize::from(part >= count - longer);
        parts.push((start, length));
        start += length;
    }
    parts
}

/// The key of a name as a whole.
pub fn whole_key(folded: &str) -> String {
    format!("={folded}")
}

/// The letters first: most of what is asked for one name then lies together in the index.
fn segment_key(letters: usize, part: usize, segment: &[char]) -> String {
    format!("{}.{letters}.{part}", segment.iter().collect::<String>())
}

/// The keys of a folded name, under which an account is filed.
pub fn keys(folded: &str) -> Vec<String> {
    if folded.is_empty() {
        return Vec::new();
    }
    let letters: Vec<char> = folded.chars().collect();
    let mut keys = vec![whole_key(folded)];
    if edits(letters.len()) > 0 {
        let parts = segments(letters.len()).into_iter().enumerate();
        let key = |(part, (start, length)): (usize, (usize, usize))| {
            Some(segment_key(letters.len(), part, letters.get(start..start + length)?))
        };
        keys.extend(parts.filter_map(key));
    }
    keys
}

/// The keys under which names lie that are at least so much alike a folded name, but for that of the name itself, in the order
/// of the index.
pub fn probes(folded: &str, threshold: f64) -> Vec<String> {
    let letters: Vec<char> = folded.chars().collect();
    let mut probes = Vec::new();
    for length in letters.len().saturating_sub(MOST_EDITS)..=letters.len() + MOST_EDITS {
        let allowed = ((1.0 - threshold) * letters.len().max(length) as f64 + 1e-9) as usize;
        if edits(length).min(allowed) >= length.abs_diff(letters.len()).max(1) {
            of_length(&letters, length, &mut probes);
        }
    }
    probes.sort_unstable();
    probes
}

/// The keys of names of one length: each of their segments, wherever edits before and after it can have moved it.
fn of_length(letters: &[char], length: usize, probes: &mut Vec<String>) {
    let most = edits(length) as isize;
    let longer = letters.len() as isize - length as isize;
    for (part, (start, size)) in segments(length).into_iter().enumerate() {
        let (start, before) = (start as isize, part as isize);
        let after = most - before;
        let first = (start - before).max(start + longer - after).max(0);
        let last = (start + before).min(start + longer + after);
        for place in first..=last {
            let place = place.unsigned_abs();
            probes.extend(letters.get(place..place + size).map(|seen| segment_key(length, part, seen)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fold(name: &str) -> String {
        folded(name, &[])
    }

    #[test]
    fn case_accents_punctuation_and_legal_forms_do_not_count() {
        for (name, expected) in [
            ("ACME, Inc.", "acme"),
            ("The Acme Company", "acme"),
            ("Müller & Söhne GmbH & Co. KG", "mullerandsohne"),
            ("Macy's", "macys"),
            ("S. A. P. S.A.", "sap"),
            ("Ørsted A/S", "orsted"),
            ("Straße 7 KGaA", "strasse7"),
            ("Żabka Polska sp. z o.o.", "zabkapolska"),
            ("Grupo Bimbo, S.A.B. de C.V.", "grupobimbo"),
            ("Acme (UK) Ltd", "acmeuk"),
            // nothing but a legal form is a name
            ("Company", "company"),
            ("The", "the"),
            (" - ", ""),
        ] {
            assert_eq!(fold(name), expected, "{name}");
        }
    }

    #[test]
    fn forms_of_ones_own_are_left_out_too() {
        assert_eq!(folded("Acme Gruppe", &[legal_form("Gruppe")]), "acme");
        assert_eq!(fold("Acme Gruppe"), "acmegruppe");
    }

    #[test]
    fn likeness_is_in_thousandths_and_numbers_must_be_the_same() {
        assert_eq!(similarity("acme", "acme"), 1.0);
        assert_eq!(similarity("equitable", "equitalbe"), 0.888);
        assert_eq!(similarity("area51", "area52"), 0.0);
        assert_eq!(similarity("", ""), 0.0);
    }

    proptest! {
        /// The other way round: whatever is within two edits, swaps apart, is found by one of the probes.
        #[test]
        fn names_within_the_edits_share_a_key(
            name in "[a-d]{4,24}", edits in prop::collection::vec((0usize..3, 0usize..26, 0usize..4), 1..=2)
        ) {
            let mut letters: Vec<char> = name.chars().collect();
            for (kind, place, letter) in edits {
                let (place, letter) = (place % letters.len(), ['a', 'b', 'c', 'x'][letter]);
                match kind {
                    0 => letters[place] = letter,
                    1 => letters.insert(place, letter),
                    _ => drop(letters.remove(place)),
                }
            }
            let other: String = letters.iter().collect();
            let distance = strsim::osa_distance(&name, &other).max(strsim::levenshtein(&name, &other));
            let kept = keys(&name);
            let asked = probes(&other, 0.0);
            let is_found = other == name || asked.iter().any(|key| kept.contains(key));
            prop_assert!(is_found || distance > super::edits(name.chars().count()));
        }

        #[test]
        fn no_name_breaks_it(name in "\\PC{0,300}", other in "\\PC{0,40}") {
            let (one, two) = (fold(&name), fold(&other));
            prop_assert!(one.chars().count() <= MOST_LETTERS);
            prop_assert_eq!(fold(&one), one.clone());
            prop_assert!((0.0..=1.0).contains(&similarity(&one, &two)));
            prop_assert!(keys(&one).len() <= MOST_EDITS + 2 && probes(&one, 0.6).len() < 50);
        }
    }
}
