//! Scores that a double does not tell apart: `79.99999999999999999` is below 80.

use crate::span::Span;
use bigdecimal::BigDecimal;
use std::str::FromStr;

/// Digits of a decimal number that a double keeps for certain.
const DIGITS_OF_DOUBLE: usize = 15;

/// A number as it is written, if a double may be another one.
pub fn beyond_double(text: &str) -> Option<&str> {
    let digits = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    (digits > DIGITS_OF_DOUBLE).then_some(text)
}

/// Whether a span holds a number, where one of them is beyond a double.
pub fn holds(span: &Span<f64>, exact: &Span<String>, number: f64, text: Option<&str>) -> bool {
    let number = text.map_or_else(|| of_double(number), of_text);
    let bound = |text: &Option<String>, double: Option<f64>| match text {
        Some(text) => of_text(text),
        None => double.and_then(of_double),
    };
    let exact = Span {
        lower: bound(&exact.lower, span.lower),
        lower_inc: span.lower_inc,
        upper: bound(&exact.upper, span.upper),
        upper_inc: span.upper_inc,
    };
    number.is_some_and(|number| exact.contains(&number))
}

fn of_text(text: &str) -> Option<BigDecimal> {
    BigDecimal::from_str(text).ok()
}

/// The shortest number that reads as the double.
fn of_double(number: f64) -> Option<BigDecimal> {
    of_text(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_many_digits_are_beyond_a_double() {
        for text in ["80", "-0.000000000000000000001", "123456789012345", "0.5"] {
            assert_eq!(beyond_double(text), None, "{text}");
        }
        assert!(beyond_double("79.99999999999999999").is_some());
    }

    #[test]
    fn a_score_next_to_a_border_is_on_its_side() {
        let warm = Span { lower: Some(20.0), lower_inc: true, upper: Some(80.0), upper_inc: false };
        let none = Span { lower: None, lower_inc: true, upper: None, upper_inc: false };
        assert!(holds(&warm, &none, 80.0, Some("79.99999999999999999")));
        assert!(!holds(&warm, &none, 80.0, Some("80.00000000000000000")));
        assert!(!holds(&warm, &none, 20.0, Some("19.99999999999999999")));
        // the border is the one that a double cannot tell
        let exact = Span { upper: Some("80.00000000000000001".to_owned()), ..none };
        assert!(holds(&warm, &exact, 80.0, None));
    }
}
