use super::*;
use crate::lead::phone::{by_library, dummy, Phone};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// How many texts are read in both ways. `PHONES=5000000 cargo test -p leadroute-engine plain` reads as many.
fn texts() -> u32 {
    std::env::var("PHONES").ok().and_then(|count| count.parse().ok()).unwrap_or(50_000)
}

struct Random(TestRng);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0.next_u64() as usize % count.max(1)
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    /// A country or calling code of the table, and its letters.
    fn plan(&mut self) -> (Plan, Option<String>) {
        let (countries, codes) = (usize::from(entry(0)), usize::from(entry(1)));
        let record = self.below(countries + codes);
        if record >= countries {
            let code = entry(2 + record * RECORD + 1);
            return (Plan::of_code(u32::from(code)).unwrap(), None);
        }
        let letters = String::from_utf8(entry(2 + record * RECORD).to_be_bytes().to_vec()).unwrap();
        (Plan::of_country(&letters).unwrap(), Some(letters))
    }

    /// Digits that are a number, if luck has it.
    fn digits(&mut self, plan: &Plan) -> String {
        let states = 2 + (usize::from(entry(0)) + usize::from(entry(1))) * RECORD;
        let (mut digits, mut at) = (String::new(), plan.whole);
        while digits.len() < 16 {
            let to: Vec<(usize, u16)> = (0..10)
                .map(|digit| (digit, entry(states + usize::from(at) * 10 + digit)))
                .filter(|(_, to)| *to > 0)
                .collect();
            if to.is_empty() {
                break;
            }
            let (digit, next) = to[self.below(to.len())];
            digits += &digit.to_string();
            at = next & !IS_NUMBER;
            if next & IS_NUMBER > 0 && self.below(3) > 0 {
                break;
            }
        }
        match self.below(12) {
            0 => digits.pop().map(|_| digits).unwrap_or_default(),
            1 => digits + &self.below(10).to_string(),
            2 => (0..self.below(15)).map(|_| self.below(10).to_string()).collect(),
            3 => self.one(&["5550123456", "1234567", "0000000", "12125550123", "7700900123"]).to_string(),
            4 => {
                let place = self.below(digits.len());
                let digit = self.below(10).to_string();
                digits
                    .chars()
                    .enumerate()
                    .map(|(n, c)| if n == place { digit.clone() } else { c.to_string() })
                    .collect()
            }
            _ => digits,
        }
    }

    /// The digits of a number, as they are dialled.
    fn dialled(&mut self, plan: &Plan) -> String {
        let digits = self.digits(plan);
        let prefix = match plan.prefix {
            (0, _) => String::new(),
            (length, prefix) => format!("{prefix:0length$}"),
        };
        let code = plan.code;
        match self.below(12) {
            0..=2 => format!("+{code}{digits}"),
            3 => format!("00{code}{digits}"),
            4 => format!("+{code}{prefix}{digits}"),
            5 => format!("{code}{digits}"),
            6 => {
                let abroad = self.one(&["011", "000", "++", "+0", "810", "(+", "0 0", "(00)"]);
                format!("{abroad}{code}{digits}")
            }
            7..=9 => format!("{prefix}{digits}"),
            10 => format!("{}{digits}", self.below(10)),
            _ => digits,
        }
    }

    /// As somebody might write a number, and where.
    fn text(&mut self) -> (String, Option<String>) {
        let (plan, letters) = self.plan();
        let (dialled, seldom) = (self.dialled(&plan), self.below(4) > 0);
        let mut text = String::new();
        for c in dialled.chars() {
            text.push(c);
            if self.below(if seldom { 9 } else { 3 }) == 0 {
                text += self.one(&[" ", "-", ".", "/", "(", ")", " (", ") ", "  ", " - "]);
            }
        }
        match self.below(40) {
            0 => {
                text +=
                    self.one(&[" x12", " ext 7", "#5", ";ext=3", " ext. 12345", ",,9", " /x2", " mobil", "~"])
            }
            1 => text.insert_str(0, self.one(&["(", " ", "-", "Tel. ", "tel:", ".", "/", "\u{a0}", "*"])),
            2 => text = text.replace('3', "\u{663}"),
            3 => text += &format!(" / {text}"),
            _ => {}
        }
        let elsewhere = ["DE", "US", "GB", "FR", "IT", "JP", "AU", "BR", "RU", "AQ", "XX", "de", "DEU", ""];
        let country = match self.below(6) {
            0 => None,
            1 => Some(self.one(&elsewhere).to_owned()),
            _ => letters,
        };
        (text, country)
    }
}

fn plainly(text: &str, country: Option<&str>) -> Option<Phone> {
    let (code, digits) = read(text, country)?;
    let is_dummy = dummy::is_dummy(i32::from(code), &digits);
    Some(Phone { number: format!("+{code}{digits}"), extension: None, is_dummy })
}

#[test]
fn whatever_is_read_plainly_the_library_reads_as_the_same() {
    let mut random = Random(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    if let Ok(seed) = std::env::var("PHONES_SEED") {
        random = Random(TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.parse().unwrap(); 32]));
    }
    let (mut plain, mut known) = (0, 0);
    for _ in 0..texts() {
        let (text, country) = random.text();
        let slowly = by_library(&text, country.as_deref());
        if let Some(phone) = plainly(&text, country.as_deref()) {
            assert_eq!(slowly.as_ref(), Ok(&phone), "{text:?} in {country:?}");
            plain += 1;
        }
        known += u32::from(slowly.is_ok());
    }
    assert!(plain * 2 > known, "{plain} of {known} that the library knows");
}

#[test]
fn what_most_people_write_is_read_without_the_library() {
    for (text, country, number) in [
        ("+49 30 901820", None, "+4930901820"),
        ("+49 (0)30 901820", Some("US"), "+4930901820"),
        ("0049 30 901820", None, "+4930901820"),
        ("0049 30 901820", Some("FR"), "+4930901820"),
        ("030 / 901820", Some("DE"), "+4930901820"),
        ("+1 (415) 555-2671", None, "+14155552671"),
        ("(415) 555-2671", Some("US"), "+14155552671"),
        ("1-415-555-2671", Some("CA"), "+14155552671"),
        ("020 8366 1177", Some("GB"), "+442083661177"),
        ("+44 (0)20 8366 1177", Some("DE"), "+442083661177"),
        ("06 12 34 56 79", Some("FR"), "+33612345679"),
        ("06 698 12345", Some("IT"), "+390669812345"),
        ("0412 345 678", Some("AU"), "+61412345678"),
        ("+5511912345678", Some("BR"), "+5511912345678"),
    ] {
        assert_eq!(plainly(text, country).map(|phone| phone.number).as_deref(), Some(number), "{text}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_library() {
    for (text, country) in [
        ("", None),
        ("+", None),
        ("+49", None),
        ("+049 30 901820", None),
        ("030 901820", None),
        ("030 901820", Some("XX")),
        ("+49 30 901820 x12", None),
        ("+49 30 901820 / +49 30 901821", None),
        ("+999 30 901820", None),
        ("011 49 30 901820", Some("US")),
        ("+49 30 9018201234567890123", None),
    ] {
        assert_eq!(plainly(text, country), None, "{text}");
    }
}
