//! Numbers that are written plainly, as most are: digits between blanks, dashes, dots, slashes and brackets. Whether somebody can
//! have such a number is looked up in an automaton, which `leadroute-phone-plans` has made of the metadata of the library, and
//! which says how `plans.bin` is laid out. What it does not know for certain is left to the library, with which it agrees.
//!
//! The library takes 185,000 instructions for a number, this 1,200; and the table is compiled in, so that a session has
//! nothing to read.

/// Countries, calling codes and states.
const TABLE: &[u8] = include_bytes!("plans.bin");

/// Marks where a number may end.
const IS_NUMBER: u16 = 1 << 15;

/// Longest text that is looked at, in bytes.
const LONGEST: usize = 40;

/// Most digits: what is dialled abroad, and those of a number.
const MOST_DIGITS: usize = 20;

/// Numbers of the table for a country or a calling code.
const RECORD: usize = 6;

fn entry(place: usize) -> u16 {
    let bytes = TABLE.get(2 * place).zip(TABLE.get(2 * place + 1));
    bytes.map_or(0, |(low, high)| u16::from_le_bytes([*low, *high]))
}

/// A number, as its calling code and the digits behind that; `None` where the library must be asked.
pub fn read(given: &str, country: Option<&str>) -> Option<(u16, String)> {
    let (has_plus, digits) = Digits::of(given)?;
    let digits = digits.all();
    let home = country.map(|country| Plan::of_country(country).ok_or(()));
    let abroad = match &home {
        _ if has_plus => Some(digits),
        None => digits.strip_prefix(&[0, 0]),
        Some(Ok(home)) if home.is_abroad_00 => digits.strip_prefix(&[0, 0]),
        Some(_) => None,
    };
    let (plan, rest) = match abroad {
        // the library takes 00 for it only where it stands in front
        Some(digits) if has_plus || given.starts_with("00") => Plan::of_number(digits)?,
        _ => (home?.ok()?, digits),
    };
    let number = plan.number(rest)?;
    Some((plan.code, number.iter().map(|digit| char::from(b'0' + digit)).collect()))
}

/// The digits of a text.
struct Digits {
    digits: [u8; MOST_DIGITS],
    count: usize,
}

impl Digits {
    /// Whether there is a `+` before them, and the digits; `None` for texts that are not plain.
    fn of(given: &str) -> Option<(bool, Self)> {
        let (mut has_plus, mut digits) = (false, Self { digits: [0; MOST_DIGITS], count: 0 });
        if given.len() > LONGEST {
            return None;
        }
        for byte in given.bytes() {
            match byte {
                b'0'..=b'9' => {
                    *digits.digits.get_mut(digits.count)? = byte - b'0';
                    digits.count += 1;
                }
                b'+' if !has_plus && digits.count == 0 => has_plus = true,
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' => {}
                _ => return None,
            }
        }
        Some((has_plus, digits))
    }

    fn all(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }
}

/// The numbers of a country, or of a calling code.
struct Plan {
    code: u16,
    /// How many digits are dialled before numbers of the same country, and these as a number.
    prefix: (usize, u32),
    is_abroad_00: bool,
    /// Where numbers begin as they are.
    whole: u16,
    /// The same behind the prefix.
    behind: u16,
}

impl Plan {
    fn of_country(letters: &str) -> Option<Self> {
        let key = <[u8; 2]>::try_from(letters.as_bytes()).ok()?;
        Self::find(0, usize::from(entry(0)), 0, u16::from_be_bytes(key))
    }

    fn of_code(code: u32) -> Option<Self> {
        Self::find(usize::from(entry(0)), usize::from(entry(1)), 1, u16::try_from(code).ok()?)
    }

    /// That of a number with its calling code, and the rest of the number. No calling code begins with another.
    fn of_number(digits: &[u8]) -> Option<(Self, &[u8])> {
        let lengths = if digits.first() == Some(&0) { 0..0 } else { 1..4 };
        let codes = lengths.filter_map(|length| digits.split_at_checked(length));
        codes.into_iter().find_map(|(code, rest)| Some((Self::of_code(value(code))?, rest)))
    }

    /// Searches some of the records, of which a column is in ascending order.
    fn find(first: usize, count: usize, column: usize, key: u16) -> Option<Self> {
        let at = |record: usize, column: usize| entry(2 + (first + record) * RECORD + column);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            match at(middle, column) < key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        (low < count && at(low, column) == key).then(|| Self {
            code: at(low, 1),
            prefix: (usize::from(at(low, 2) >> 8), u32::from(at(low, 2) & 0xff)),
            is_abroad_00: at(low, 3) == 1,
            whole: at(low, 4),
            behind: at(low, 5),
        })
    }

    /// The number that is dialled with these digits.
    fn number<'a>(&self, digits: &'a [u8]) -> Option<&'a [u8]> {
        let (length, prefix) = self.prefix;
        let behind =
            digits.split_at_checked(length).filter(|(first, _)| length > 0 && value(first) == prefix);
        let (begins, number) = behind.map_or((self.whole, digits), |(_, rest)| (self.behind, rest));
        is_number(begins, number).then_some(number)
    }
}

fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + u32::from(*digit))
}

/// Whether digits are a number that begins in a state.
fn is_number(begins: u16, digits: &[u8]) -> bool {
    let states = 2 + (usize::from(entry(0)) + usize::from(entry(1))) * RECORD;
    let last = digits.iter().fold(begins, |from, digit| {
        entry(states + usize::from(from & !IS_NUMBER) * 10 + usize::from(*digit))
    });
    !digits.is_empty() && last & IS_NUMBER > 0
}

#[cfg(test)]
mod tests;
