//! A jsonb read where it lies, by the format of `utils/jsonb.h`: a report reads a million traces, and wants little of each.
//!
//! Whatever does not fit the format, or has another type than what is asked for, is none.

use crate::db::pg::jsonb_format::{
    CONTAINER, COUNT, HAS_OFFSET, KIND, LENGTH, NULL, NUMERIC, OBJECT, SCALAR, STRING,
};
use crate::db::pg::varlena::bytes;
use pgrx::pg_sys::Datum;

/// A value in a jsonb.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    kind: u32,
    bytes: &'a [u8],
}

/// The values of an array, or the keys of an object and then its values.
#[derive(Debug, Clone, Copy)]
struct Container<'a> {
    bytes: &'a [u8],
    header: u32,
}

/// The root of a jsonb.
///
/// # Safety
/// `datum` must be a jsonb, which lives as long as what is read of it, and the memory context of now.
pub unsafe fn root<'a>(datum: Datum) -> Value<'a> {
    // SAFETY: the caller vouches for a jsonb.
    Value { kind: CONTAINER, bytes: unsafe { bytes(datum) } }
}

impl<'a> Value<'a> {
    /// A text.
    pub fn text(self) -> Option<&'a str> {
        (self.kind == STRING).then(|| std::str::from_utf8(self.bytes).ok()).flatten()
    }

    /// A whole number of 64 bits.
    pub fn integer(self) -> Option<i64> {
        (self.kind == NUMERIC).then(|| integer(self.bytes)).flatten()
    }

    /// Whether it is null.
    pub const fn is_null(self) -> bool {
        self.kind == NULL
    }

    /// As it lies there: its kind, as an entry has it, and its bytes.
    pub const fn raw(self) -> (u32, &'a [u8]) {
        (self.kind, self.bytes)
    }

    /// The values of an array; none of anything else.
    pub fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let array = self.container().filter(|container| container.header & (OBJECT | SCALAR) == 0);
        array.into_iter().flat_map(Container::values)
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.container().is_some_and(|container| container.header & (OBJECT | SCALAR) == 0)
    }

    /// The keys of an object with their values; none of anything else.
    pub fn members(self) -> impl Iterator<Item = (&'a [u8], Value<'a>)> {
        let object = self.container().filter(|container| container.header & OBJECT != 0);
        object.into_iter().flat_map(|object| {
            let keys = object.values().take(object.count()).map(|key| key.bytes);
            keys.zip(object.values().skip(object.count()))
        })
    }

    /// A member of an object.
    pub fn member(self, key: &str) -> Option<Value<'a>> {
        let object = self.container().filter(|container| container.header & OBJECT != 0)?;
        let pairs = object.count();
        let place = object.values().take(pairs).position(|name| name.bytes == key.as_bytes())?;
        object.values().nth(pairs + place)
    }

    fn container(self) -> Option<Container<'a>> {
        let header = (self.kind == CONTAINER).then(|| word(self.bytes, 0)).flatten()?;
        Some(Container { bytes: self.bytes, header })
    }
}

impl<'a> Container<'a> {
    fn count(self) -> usize {
        (self.header & COUNT) as usize
    }

    fn values(self) -> impl Iterator<Item = Value<'a>> {
        let count = if self.header & OBJECT == 0 { self.count() } else { 2 * self.count() };
        let data = self.bytes.get(4 + 4 * count..).unwrap_or_default();
        let mut end = 0;
        (0..count).map_while(move |place| {
            let entry = word(self.bytes, 4 + 4 * place)?;
            let (start, length) = (end, (entry & LENGTH) as usize);
            end = if entry & HAS_OFFSET == 0 { start + length } else { length };
            let kind = entry & KIND;
            let aligned = if matches!(kind, NUMERIC | CONTAINER) { start.next_multiple_of(4) } else { start };
            Some(Value { kind, bytes: data.get(aligned..end)? })
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().copied().map(u32::from_ne_bytes)
}

/// A numeric that is a whole number, by the format of `numeric.c`: digits to the base 10,000, the first of them to the power `weight`.
fn integer(numeric: &[u8]) -> Option<i64> {
    let half = |at: usize| numeric.get(at..at + 2)?.first_chunk().copied().map(u16::from_ne_bytes);
    // behind the length of the value
    let header = half(4)?;
    let (is_negative, weight, digits) = match header & 0xc000 {
        0xc000 => return None,
        0x8000 => {
            let weight = i32::from(header & 0x3f) - if header & 0x40 == 0 { 0 } else { 64 };
            (header & 0x2000 != 0, weight, 6)
        }
        sign => (sign == 0x4000, i32::from(half(6)? as i16), 8),
    };
    let count = numeric.len().saturating_sub(digits) / 2;
    let whole = usize::try_from(weight + 1).ok().filter(|whole| *whole >= count)?;
    // below zero, where there is one number more
    let mut number: i64 = 0;
    for place in 0..whole {
        let digit = if place < count { half(digits + 2 * place)? } else { 0 };
        number = number.checked_mul(10_000)?.checked_sub(i64::from(digit))?;
    }
    if is_negative {
        Some(number)
    } else {
        number.checked_neg()
    }
}
