use super::*;
use proptest::prelude::*;

fn number(given: &str, country: Option<&str>) -> Option<String> {
    read(given, country).ok().map(|phone| phone.number)
}

#[test]
fn one_number_has_one_form_however_it_is_written() {
    for (given, country) in [
        ("+49 30 123456", None),
        ("+49 (0)30 / 123456", None),
        ("+49.30.123456", Some("US")),
        ("0049 30 123456", None),
        ("00 49-30-123456", Some("DE")),
        ("00 49 30 123456", Some("US")),
        ("011 49 30 123456", Some("US")),
        ("030 123456", Some("DE")),
        ("(030) 12 34 56", Some("DE")),
        ("tel:+49-30-123456", None),
        ("tel:030123456;phone-context=+49", None),
        ("Tel.: +49 30 123456", None),
        ("\u{ff0b}\u{ff14}\u{ff19} \u{ff13}\u{ff10} \u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}", None),
        ("+\u{664}\u{669} \u{663}\u{660} \u{661}\u{662}\u{663}\u{664}\u{665}\u{666}", None),
        ("\u{202a}+49 30\u{200b} 123456\u{202c}", None),
        ("+49\u{a0}30\u{a0}123456", None),
        ("+49 30 123456 / +49 30 654321", None),
        ("+49 30 123456, +49 171 2345678", None),
        ("+49 30 123456 privat +49 30 654321", None),
        ("030 123456 (mobil), nach 18 Uhr", Some("DE")),
    ] {
        assert_eq!(number(given, country).as_deref(), Some("+4930123456"), "{given}");
    }
}

#[test]
fn a_country_says_how_its_numbers_are_dialled() {
    for (given, country, expected) in [
        ("(415) 555-2671", "US", "+14155552671"),
        ("1-415-555-2671", "CA", "+14155552671"),
        ("020 8366 1177", "GB", "+442083661177"),
        ("06 12 34 56 79", "FR", "+33612345679"),
        ("06 698 12345", "IT", "+390669812345"),
        ("8 (916) 123-45-67", "RU", "+79161234567"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("044 123 456", "XK", "+38344123456"),
        ("1-800-FLOWERS", "US", "+18003569377"),
    ] {
        assert_eq!(number(given, Some(country)).as_deref(), Some(expected), "{given}");
    }
    assert_eq!(number("+44 (0)20 8366 1177", Some("DE")).as_deref(), Some("+442083661177"));
    assert_eq!(number("+39 06 698 12345", None).as_deref(), Some("+390669812345"));
}

#[test]
fn an_extension_is_no_part_of_the_number() {
    for given in [
        "+1 415 555 2671 ext. 12",
        "+1 415 555 2671 x12",
        "+1 415 555 2671 #12",
        "tel:+1-415-555-2671;ext=12",
        "+1 415 555 2671 Durchwahl 12",
        "+1 415 555 2671, DW: 12",
        "+1 415 555 2671 poste 12",
    ] {
        let phone = read(given, None).unwrap();
        assert_eq!(
            (phone.number.as_str(), phone.extension.as_deref()),
            ("+14155552671", Some("12")),
            "{given}"
        );
    }
}

#[test]
fn what_is_no_number_says_why() {
    for (given, country, what) in [
        ("030 123456", None, "has no country code"),
        ("030 123456", Some("ATLANTIS"), "has no country code"),
        ("(415) 555-2671", Some("001"), "has no country code"),
        ("+1 555 123 4567", None, "is no number that somebody can have"),
        ("+49 30 1", None, "is no number that somebody can have"),
        ("12", Some("US"), "is no number that somebody can have"),
        ("call me", Some("US"), "is not a phone number"),
        ("\u{200b}", Some("US"), "is not a phone number"),
        ("+", None, "is not a phone number"),
    ] {
        assert!(read(given, country).unwrap_err().starts_with(what), "{given}: {:?}", read(given, country));
    }
    assert!(read(&"1".repeat(1 << 20), Some("US")).is_err());
}

#[test]
fn dummies_are_read_and_are_nobodys() {
    for (given, country) in [
        ("0000000000", "US"),
        ("000-0000", "US"),
        ("999 999 9999", "US"),
        ("+1 415 555 5555", "US"),
        ("123-456-7890", "US"),
        ("1234567890", "DE"),
        ("9876543210", "US"),
        ("1212121212", "US"),
        ("123 123 123", "DE"),
        ("+49 30 12345678", "DE"),
        ("+49 170 0000000", "DE"),
        ("01 23 45 67 89", "FR"),
        ("(415) 555-0100", "US"),
        ("+1 604 555 0199", "CA"),
        ("020 7946 0958", "GB"),
        ("07700 900123", "GB"),
        ("01632 960001", "GB"),
    ] {
        let phone = read(given, Some(country));
        assert!(phone.as_ref().is_ok_and(|phone| phone.is_dummy), "{given}: {phone:?}");
    }
    for somebodys in ["+4930123456", "+14155552671", "+442083661177", "+442079461000", "+16045552671"] {
        assert!(read(somebodys, None).is_ok_and(|phone| !phone.is_dummy), "{somebodys}");
    }
}

/// Digits in many dresses, and anything else.
fn texts() -> impl Strategy<Value = String> {
    let country =
        "(\\+|00|011 |\\+\\()?(1|7|20|33|39|44|49|54|52|55|61|81|86|91|225|262|353|383|590|800|881)?";
    let digits =
        "[-(). /]{0,2}[0-9]{0,4}[-(). /x]{0,2}[0-9]{0,5}[-. /]?[0-9]{0,6}( ?(x|ext\\.?|#|DW) ?[0-9]{1,5})?";
    let regex = |pattern: &str| proptest::string::string_regex(pattern).unwrap();
    prop_oneof![4 => regex(&format!("{country}{digits}")), 1 => regex("\\PC{0,40}")]
}

fn countries() -> impl Strategy<Value = Option<&'static str>> {
    const CODES: [&str; 16] =
        ["US", "GB", "DE", "FR", "IT", "AR", "MX", "BR", "AU", "RU", "KZ", "CI", "RE", "XK", "SG", "JP"];
    proptest::option::of(proptest::sample::select(&CODES[..]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_form_of_a_form_is_the_same(given in texts(), country in countries(), other in countries()) {
        if let Ok(phone) = read(&given, country) {
            prop_assert!(phone.number.starts_with('+') && phone.number.len() <= 16, "{}", phone.number);
            let again = read(&phone.number, other);
            let expected = Phone { extension: None, ..phone };
            prop_assert_eq!(again, Ok(expected));
        }
    }
}
