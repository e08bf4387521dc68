//! A single value of a lead that comes as JSON: read as its column needs it, or named as a problem.

use crate::lead::quantity::{self, Quantity};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

/// What a column takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that must fit into an index.
    Key,
    /// A whole number of 32 bits, as CRMs write it.
    Whole,
    /// A number as CRMs write it.
    Amount,
    /// A number.
    Number,
    /// A time in ISO 8601.
    Time,
}

/// What a value is for its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Nothing.
    Nothing,
    /// A text that the column accepts.
    Value(String),
    /// A range: it stays in the attributes, where rules for ranges find it.
    Range,
}

/// Longest key, in bytes.
const LONGEST_KEY: usize = 500;

/// What a value is for its column. An error continues a sentence that starts with the column: 'is longer than 500 bytes'.
/// `json_type` is what `jsonb_typeof` says.
pub fn read(kind: Kind, json_type: &str, value: &str) -> Result<Reading, String> {
    match json_type {
        "null" => return Ok(Reading::Nothing),
        "object" | "array" => return Err(format!("is an {json_type}, not a single value")),
        _ => {}
    }
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Ok(Reading::Nothing);
    }
    let quantity = || if json_type == "string" { quantity::read(trimmed) } else { None };
    let is_counted = matches!(kind, Kind::Whole | Kind::Amount);
    let quantity = if is_counted { quantity() } else { None };
    if let Some(Quantity::Between(..)) = quantity {
        return Ok(Reading::Range);
    }
    let written = quantity.map(|quantity| quantity.least().to_string());
    let trimmed = written.as_deref().unwrap_or(trimmed);
    let read = match kind {
        Kind::Key if value.len() > LONGEST_KEY => {
            return Err(format!("is longer than {LONGEST_KEY} bytes"));
        }
        Kind::Text | Kind::Key => Some(value.to_owned()),
        Kind::Whole => whole(trimmed).map(|number| number.to_string()),
        Kind::Amount | Kind::Number => is_number(trimmed).then(|| trimmed.to_owned()),
        Kind::Time => time(trimmed),
    };
    let wanted = match kind {
        Kind::Whole => "a whole number in range",
        Kind::Time => "a time in ISO 8601",
        _ => "a number in range",
    };
    let beginning = || value.trim().chars().take(40).collect::<String>();
    read.map(Reading::Value).ok_or_else(|| format!("is \"{}\", not {wanted}", beginning()))
}

/// A whole number; `50.0` is one too.
fn whole(value: &str) -> Option<i32> {
    let digits = match value.split_once('.') {
        Some((digits, zeros)) if zeros.bytes().all(|byte| byte == b'0') => digits,
        _ => value,
    };
    digits.parse().ok()
}

/// Whether numeric can hold it: PostgreSQL gives up at 16,383 digits after the point.
fn is_number(value: &str) -> bool {
    let exponent = value.split(['e', 'E']).nth(1).map(str::parse::<i32>);
    let is_small = exponent.is_none_or(|exponent| exponent.is_ok_and(|exponent| exponent.abs() < 1000));
    is_small && value.parse::<f64>().is_ok_and(f64::is_finite)
}

/// ISO 8601, with or without time and zone, in the one form that PostgreSQL reads whatever its settings.
fn time(value: &str) -> Option<String> {
    const ZONED: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    const LOCAL: [&str; 3] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f"];
    if !value.is_ascii() {
        return None;
    }
    let parsed = |format: &&str| DateTime::parse_from_str(value, format).ok();
    let zoned = DateTime::parse_from_rfc3339(value).ok().or_else(|| ZONED.iter().find_map(parsed));
    let (time, zone) = match zoned {
        Some(time) => (time.naive_utc(), "Z"),
        None => {
            let parsed = |format: &&str| NaiveDateTime::parse_from_str(value, format).ok();
            let midnight = || NaiveDate::parse_from_str(value, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
            (LOCAL.iter().find_map(parsed).or_else(midnight)?, "")
        }
    };
    let text = format!("{}{zone}", time.format("%Y-%m-%dT%H:%M:%S%.6f"));
    (1..=9999).contains(&time.year()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, value: &str) -> Option<String> {
        match read(kind, "string", value) {
            Ok(Reading::Value(value)) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn whole_numbers() {
        for (value, number) in [
            ("50", "50"),
            (" 50 ", "50"),
            ("50.0", "50"),
            ("1,000", "1000"),
            ("12.000", "12000"),
            ("-7", "-7"),
        ] {
            assert_eq!(of(Kind::Whole, value).as_deref(), Some(number), "{value}");
        }
        for value in ["50.5", "2147483648", "many", "5e3", "0x10"] {
            let refused = read(Kind::Whole, "string", value);
            assert_eq!(refused, Err(format!("is \"{value}\", not a whole number in range")));
        }
    }

    #[test]
    fn numbers_that_numeric_can_hold() {
        for value in ["1.5", "1e300", "-0.001", "79.99999999999999999"] {
            assert_eq!(of(Kind::Number, value).as_deref(), Some(value));
        }
        for value in ["1e400", "1e-20000", "NaN", "inf", "1.5.0"] {
            assert!(read(Kind::Number, "string", value).is_err(), "{value}");
        }
    }

    #[test]
    fn amounts_and_ranges_as_they_are_written() {
        assert_eq!(of(Kind::Amount, "$1,250,000.50").as_deref(), Some("1250000.5"));
        // a score is no amount: nothing stands between its thousands
        assert_eq!(of(Kind::Number, "12.000").as_deref(), Some("12.000"));
        // a number of JSON says what it is
        assert_eq!(read(Kind::Amount, "number", "12.000"), Ok(Reading::Value("12.000".to_owned())));
        for (kind, range) in [(Kind::Whole, "51-200"), (Kind::Whole, "500+"), (Kind::Amount, "$1M - $5M")] {
            assert_eq!(read(kind, "string", range), Ok(Reading::Range));
        }
        assert!(read(Kind::Number, "string", "1-5").is_err());
    }

    #[test]
    fn times_in_one_form() {
        for (value, read) in [
            ("2026-03-04", "2026-03-04T00:00:00.000000"),
            ("2026-03-04T10:30", "2026-03-04T10:30:00.000000"),
            ("2026-03-04 10:30:00.5", "2026-03-04T10:30:00.500000"),
            ("2026-03-04T10:30:00+02:00", "2026-03-04T08:30:00.000000Z"),
            ("2026-03-04 10:30:00+02", "2026-03-04T08:30:00.000000Z"),
        ] {
            assert_eq!(of(Kind::Time, value).as_deref(), Some(read), "{value}");
        }
        for value in ["yesterday", "04.03.2026", "2026-13-01", "+12026-03-04T00:00", "２０２６-03-04"] {
            assert!(read(Kind::Time, "string", value).is_err(), "{value}");
        }
    }

    #[test]
    fn nothing_is_nothing_and_containers_are_no_value() {
        for kind in [Kind::Text, Kind::Key, Kind::Whole, Kind::Amount, Kind::Number, Kind::Time] {
            assert_eq!(read(kind, "string", " \t"), Ok(Reading::Nothing));
            assert_eq!(read(kind, "null", ""), Ok(Reading::Nothing));
            assert_eq!(read(kind, "array", "[]"), Err("is an array, not a single value".to_owned()));
        }
    }

    #[test]
    fn a_key_fits_into_an_index() {
        assert!(of(Kind::Key, &"k".repeat(LONGEST_KEY)).is_some());
        assert!(read(Kind::Key, "string", &"k".repeat(LONGEST_KEY + 1)).is_err());
        assert!(of(Kind::Text, &"k".repeat(LONGEST_KEY + 1)).is_some());
    }
}
