//! Numbers that people type because a form wants one: they are nobody's.

/// Whether a number is made up: a pattern instead of a number, or out of a range that is kept for fiction. The digits are those
/// behind the country code.
pub fn is_dummy(country_code: i32, digits: &str) -> bool {
    is_pattern(digits.as_bytes()) || is_fictional(country_code, digits)
}

/// `0000000`, `1212121212`, `123123123`, `1234567890`, `9876543210`, or an area code before such a row.
fn is_pattern(digits: &[u8]) -> bool {
    let repeats =
        |length: usize| digits.iter().zip(digits.iter().skip(length)).all(|(one, other)| one == other);
    let steps = |step: u8| {
        let follows = |pair: &&[u8]| matches!(pair, [one, next] if (one - b'0' + step) % 10 == next - b'0');
        1 + digits.windows(2).rev().take_while(follows).count()
    };
    let (same, up, down) = (steps(0), steps(1), steps(9));
    let is_all = |run: usize| run == digits.len();
    // the seven digits of 030 123456 do follow each other: people have such numbers
    digits.len() >= 7
        && ((1..=3).any(repeats) || same >= 7 || up >= 8 || down >= 8 || is_all(up) || is_all(down))
}

/// Whether films use it. In North America each area code has 555-0100 to 555-0199 for that (ATIS-0300115).
fn is_fictional(country_code: i32, digits: &str) -> bool {
    match country_code {
        1 => digits.len() == 10 && digits.get(3..8) == Some("55501"),
        44 => OFCOM.iter().any(|range| digits.len() == 10 && digits.starts_with(range)),
        _ => false,
    }
}

/// The first digits of a thousand numbers each. Source: Ofcom, "Telephone numbers for use in TV and radio drama programmes",
/// <https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama>.
const OFCOM: [&str; 20] = [
    "1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960", "1414960",
    "1514960", "1614960", "1632960", "1914980", "2079460", "2896496", "2920180", "3069990", "7700900",
    "8081570", "9098790",
];
