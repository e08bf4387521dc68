//! Numbers of employees and sums of money as CRMs write them.

/// What a text says of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// The number.
    Exact(f64),
    /// It lies between the two, which belong to the range; without an upper one it may be any above.
    Between(f64, Option<f64>),
}

impl Quantity {
    /// The least number that it may be.
    pub const fn least(&self) -> f64 {
        match self {
            Self::Exact(number) | Self::Between(number, _) => *number,
        }
    }
}

/// Reads `50`, `1,000`, `12.000`, `1.5M`, `$1,000,000`, `51-200`, `500+`, `1k to 5k`; `None` for anything else.
///
/// In a text a point or comma before three digits stands between thousands, unless a zero is before it.
pub fn read(given: &str) -> Option<Quantity> {
    let text = given.trim().to_lowercase();
    let text = text.strip_suffix("employees").unwrap_or(&text).trim();
    if let Some(least) = text.strip_suffix('+').or_else(|| text.strip_prefix(">=")) {
        return Some(Quantity::Between(number(least)?, None));
    }
    if let Some(least) = text.strip_prefix('>') {
        return Some(Quantity::Between(number(least)? + 1.0, None));
    }
    if let Some(number) = number(text) {
        return Some(Quantity::Exact(number));
    }
    let (low, high) = [" to ", "–", "—", "..", "-"].iter().find_map(|between| text.split_once(between))?;
    let ((low, low_times), (high, high_times)) = (parts(low)?, parts(high)?);
    let high = high * high_times.unwrap_or(1.0);
    // '1-5M' means millions on both sides, '500-1k' does not
    let shared = low * low_times.or(high_times).unwrap_or(1.0);
    let low = if shared <= high { shared } else { low * low_times.unwrap_or(1.0) };
    (low <= high).then_some(Quantity::Between(low, Some(high)))
}

/// Units behind a number, the longest first.
const UNITS: [(&str, f64); 14] = [
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
    ("mio.", 1e6),
    ("mrd.", 1e9),
    ("mio", 1e6),
    ("mrd", 1e9),
    ("mln", 1e6),
    ("bn", 1e9),
    ("mm", 1e6),
    ("tsd", 1e3),
    ("k", 1e3),
    ("m", 1e6),
    ("b", 1e9),
];

fn number(given: &str) -> Option<f64> {
    let (number, times) = parts(given)?;
    Some(number * times.unwrap_or(1.0)).filter(|number| number.is_finite())
}

/// A number and what its unit makes of it.
fn parts(given: &str) -> Option<(f64, Option<f64>)> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '_');
    let text: String = given.chars().filter(|c| !is_between(*c)).collect();
    let text = without_currency(text.trim_start_matches('~'));
    let unit = UNITS.iter().find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
    let (digits, times) = unit.map_or((text, None), |(digits, times)| (digits, Some(times)));
    Some((plain(without_currency(digits))?.parse().ok()?, times))
}

fn without_currency(text: &str) -> &str {
    const CODES: [&str; 5] = ["usd", "eur", "gbp", "chf", "us$"];
    let sign = |c: char| matches!(c, '$' | '€' | '£' | '¥' | '₹');
    let code = |text: &str| CODES.iter().find_map(|code| text.strip_prefix(code)).map(str::len);
    let text = code(text).and_then(|left| text.get(text.len() - left..)).unwrap_or(text);
    let end = CODES.iter().find_map(|code| text.strip_suffix(code)).unwrap_or(text);
    end.trim_matches(sign)
}

/// The number with a point before its fraction, and nothing between thousands.
fn plain(text: &str) -> Option<String> {
    let body = text.strip_prefix('-').unwrap_or(text);
    let is_number = body.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
    if !is_number || !body.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let last = body.rfind(['.', ',']);
    let Some(separator) = last.and_then(|at| body.get(at..at + 1)) else {
        return Some(text.to_owned());
    };
    let parts: Vec<&str> = body.split(['.', ',']).collect();
    let (first, rest) = parts.split_first()?;
    let is_group = |part: &&str| part.len() == 3;
    let starts = (1..=3).contains(&first.len()) && !first.starts_with('0');
    let same = body.chars().filter(|c| matches!(c, '.' | ',')).all(|c| c.to_string() == separator);
    if starts && same && rest.iter().all(is_group) {
        return Some(text.replace(['.', ','], ""));
    }
    // the last one stands before the fraction; those before it between thousands, and all of another kind
    let (whole, fraction) = body.rsplit_once(separator)?;
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let is_clean = !fraction.is_empty()
        && !whole.contains(separator)
        && groups.iter().skip(1).all(is_group)
        && (groups.len() == 1 || starts);
    let sign = if body.len() == text.len() { "" } else { "-" };
    is_clean.then(|| format!("{sign}{}.{fraction}0", groups.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_they_are_written() {
        for (given, number) in [
            ("50", 50.0),
            (" 1,000 ", 1e3),
            ("12.000", 12e3),
            ("1.234.567", 1_234_567.0),
            ("1,234.56", 1234.56),
            ("1.234,56", 1234.56),
            ("12,5", 12.5),
            ("12.5", 12.5),
            ("0.125", 0.125),
            ("0,125", 0.125),
            ("1500.000", 1500.0),
            ("1 000 000", 1e6),
            ("1'000", 1e3),
            ("1M", 1e6),
            ("1.5m", 1.5e6),
            ("2.5 Mio.", 2.5e6),
            ("10k", 1e4),
            ("1bn", 1e9),
            ("$1,000,000", 1e6),
            ("€ 5 million", 5e6),
            ("USD 250k", 25e4),
            ("250 EUR", 250.0),
            ("~200", 200.0),
            ("-7", -7.0),
            ("200 employees", 200.0),
        ] {
            assert_eq!(read(given), Some(Quantity::Exact(number)), "{given}");
        }
    }

    #[test]
    fn ranges_as_they_are_written() {
        for (given, low, high) in [
            ("51-200", 51.0, Some(200.0)),
            ("51 – 200", 51.0, Some(200.0)),
            ("1,001 to 5,000", 1001.0, Some(5000.0)),
            ("500+", 500.0, None),
            ("10.000+", 1e4, None),
            (">1000", 1001.0, None),
            ("$1M-$5M", 1e6, Some(5e6)),
            ("1-5M", 1e6, Some(5e6)),
            ("1k-5k", 1e3, Some(5e3)),
            ("1-5 Mio. €", 1e6, Some(5e6)),
            ("$1-5M USD", 1e6, Some(5e6)),
            ("500-1k", 500.0, Some(1e3)),
        ] {
            assert_eq!(read(given), Some(Quantity::Between(low, high)), "{given}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for given in [
            "", "a dozen", "many", "1.2.3", "1,00,000", "5-1", "0x10", "1e5", "--5", "12,", "K", "+",
            "1-2-3", ".",
        ] {
            assert_eq!(read(given), None, "{given}");
        }
    }
}
