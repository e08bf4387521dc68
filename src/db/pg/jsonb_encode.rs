//! Values as jsonb, written straight in the format of `utils/jsonb.h`: reading JSON text costs several times as much, and
//! PostgreSQL's `pushJsonbValue` makes a bulk insert 5 % slower (20 % without a memory context for each value).
//!
//! serde_json drives it, through the trait that otherwise writes brackets and commas. Containers are written from the
//! inside out; each is whole in itself, since what must be aligned is aligned to its start.

use crate::db::pg::jsonb;
use crate::db::pg::jsonb_format::{
    ARRAY, CONTAINER, FALSE, HAS_OFFSET, LENGTH, NULL, NUMERIC, OBJECT, STRING, TRUE,
};
use crate::db::pg::jsonb_read;
use crate::db::pg::varlena;
use pgrx::pg_sys::{self, Datum};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};
use std::io::{Error, ErrorKind, Result, Write};
use std::ops::Range;

/// One entry of so many does.
const STRIDE: usize = 32;
const LONGEST: usize = LENGTH as usize;

/// The jsonb of a value that serializes to an array or an object, of objects without doubled keys.
pub fn encode<T: Serialize>(value: &T) -> Option<Datum> {
    let mut jsonb =
        Jsonb { bytes: Vec::with_capacity(4096), values: Vec::with_capacity(128), ..Default::default() };
    let written = value.serialize(&mut Serializer::with_formatter(NoText, &mut jsonb));
    let direct = written.ok().and_then(|()| jsonb.finish());
    let by_text = || jsonb::from_text(&serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned()));
    #[cfg(debug_assertions)]
    if let (Some(direct), Some(read)) = (direct, by_text()) {
        // SAFETY: both are jsonb.
        unsafe { assert_eq!(bytes_of(direct), bytes_of(read), "not what jsonb_in makes of it") };
    }
    direct.or_else(by_text)
}

#[cfg(debug_assertions)]
unsafe fn bytes_of<'a>(jsonb: Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for an untoasted varlena.
    unsafe { pgrx::varlena::varlena_to_byte_slice(jsonb.cast_mut_ptr()) }
}

/// Nothing is written as text. What would be, such as a kind of number that is not handled here, is an error.
struct NoText;

impl Write for NoText {
    fn write(&mut self, _: &[u8]) -> Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

struct Value {
    kind: u32,
    bytes: Range<usize>,
}

/// A jsonb of values that are copied, and of others.
pub fn build(write: impl FnOnce(&mut Jsonb) -> Result<()>) -> Option<Datum> {
    let mut jsonb = Jsonb { bytes: Vec::with_capacity(4096), ..Default::default() };
    write(&mut jsonb).ok().and_then(|()| jsonb.finish())
}

/// A jsonb that is being written: values, and keys before theirs, between the begin and the end of their container.
#[derive(Default)]
pub struct Jsonb {
    /// Strings, numbers, and containers that are whole.
    bytes: Vec<u8>,
    /// Values, and keys before theirs, of the containers that are open.
    values: Vec<Value>,
    /// Where the values of each open container begin.
    open: Vec<usize>,
    /// The order in which the values of the container that ends are stored.
    order: Vec<usize>,
}

impl Jsonb {
    /// A value of another jsonb as it is, whatever its numbers.
    pub fn copy(&mut self, value: jsonb_read::Value<'_>) {
        let ((kind, bytes), start) = (value.raw(), self.bytes.len());
        self.bytes.extend_from_slice(bytes);
        self.push(kind, start);
    }

    /// A key of the object that is open; none may come twice.
    pub fn key(&mut self, key: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.push(STRING, start);
    }

    /// Anything that serializes.
    pub fn value<T: Serialize>(&mut self, value: &T) -> Result<()> {
        Ok(value.serialize(&mut Serializer::with_formatter(NoText, self))?)
    }

    /// Begins an array or an object.
    pub fn begin(&mut self) {
        self.open.push(self.values.len());
    }

    fn push(&mut self, kind: u32, start: usize) {
        self.values.push(Value { kind, bytes: start..self.bytes.len() });
    }

    fn number(&mut self, numeric: Option<Datum>) -> Result<()> {
        let start = self.bytes.len();
        // SAFETY: an untoasted numeric.
        let numeric = numeric.map(|datum| unsafe {
            let varlena: *const pg_sys::varlena = datum.cast_mut_ptr();
            std::slice::from_raw_parts(varlena.cast::<u8>(), pgrx::varlena::varsize_any(varlena))
        });
        self.bytes.extend_from_slice(numeric.ok_or(ErrorKind::InvalidData)?);
        self.push(NUMERIC, start);
        Ok(())
    }

    fn integer(&mut self, number: i64) -> Result<()> {
        // SAFETY: makes a numeric of any integer.
        self.number(Some(unsafe { Datum::from(pg_sys::int64_to_numeric(number)) }))
    }

    /// Ends a container: its values are stored in `order`, and become one.
    fn container(&mut self, header: usize, first: usize) -> Result<()> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&(header as u32).to_ne_bytes());
        let mut entry = self.bytes.len();
        self.bytes.resize(entry + 4 * self.order.len(), 0);
        let data = self.bytes.len();
        for (place, value) in self.order.iter().filter_map(|value| self.values.get(*value)).enumerate() {
            let before = self.bytes.len();
            if matches!(value.kind, NUMERIC | CONTAINER) {
                self.bytes.resize(start + (before - start).next_multiple_of(4), 0);
            }
            self.bytes.extend_from_within(value.bytes.clone());
            let offset = place % STRIDE == 0;
            let length = self.bytes.len() - if offset { data } else { before };
            let mark = if offset { HAS_OFFSET } else { 0 };
            let meta = value.kind | mark | length as u32;
            self.bytes
                .get_mut(entry..entry + 4)
                .ok_or(ErrorKind::InvalidData)?
                .copy_from_slice(&meta.to_ne_bytes());
            entry += 4;
        }
        if self.bytes.len() - start > LONGEST {
            return Err(Error::from(ErrorKind::InvalidData));
        }
        self.values.truncate(first);
        self.push(CONTAINER, start);
        Ok(())
    }

    /// Ends an array.
    pub fn array(&mut self) -> Result<()> {
        let first = self.open.pop().unwrap_or_default();
        self.order.clear();
        self.order.extend(first..self.values.len());
        self.container(ARRAY as usize | self.order.len(), first)
    }

    /// Ends an object. Keys are ordered by length, then by their bytes, and stand before the values. None comes twice.
    pub fn object(&mut self) -> Result<()> {
        let first = self.open.pop().unwrap_or_default();
        let (values, bytes, order) = (&self.values, &self.bytes, &mut self.order);
        let key = |place: usize| {
            let key = values.get(place).and_then(|key| bytes.get(key.bytes.clone())).unwrap_or_default();
            (key.len(), key)
        };
        order.clear();
        order.extend((first..values.len()).step_by(2));
        order.sort_unstable_by(|a, b| key(*a).cmp(&key(*b)));
        let pairs = order.len();
        order.extend_from_within(..);
        order.iter_mut().skip(pairs).for_each(|place| *place += 1);
        self.container(OBJECT as usize | pairs, first)
    }

    /// A copy in the current memory context.
    fn finish(&self) -> Option<Datum> {
        let whole = self.values.first().filter(|value| value.kind == CONTAINER)?;
        let whole = self.bytes.get(whole.bytes.clone())?;
        Some(varlena::of(whole))
    }
}

impl Formatter for &mut Jsonb {
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.push(NULL, self.bytes.len());
        Ok(())
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> Result<()> {
        self.push(if value { TRUE } else { FALSE }, self.bytes.len());
        Ok(())
    }

    fn write_i32<W: ?Sized + Write>(&mut self, _: &mut W, value: i32) -> Result<()> {
        self.integer(value.into())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> Result<()> {
        self.integer(value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> Result<()> {
        self.integer(i64::try_from(value).map_err(|_| ErrorKind::InvalidData)?)
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, value: f64) -> Result<()> {
        // by its text, which has the shortest digits that say the number
        let text = std::ffi::CString::new(serde_json::to_string(&value)?)?;
        let arguments =
            [pgrx::IntoDatum::into_datum(text.as_c_str()), Some(Datum::from(0)), Some(Datum::from(-1))];
        // SAFETY: numeric_in takes a C string, a type and its modifier.
        self.number(unsafe { pgrx::direct_function_call_as_datum(pg_sys::numeric_in, &arguments) })
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.push(STRING, self.bytes.len());
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        let end = self.bytes.len();
        self.values.last_mut().map(|value| value.bytes.end = end).ok_or(ErrorKind::InvalidData.into())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, text: &str) -> Result<()> {
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> Result<()> {
        self.bytes.push(match escape {
            CharEscape::Quote => b'"',
            CharEscape::ReverseSolidus => b'\\',
            CharEscape::Solidus => b'/',
            CharEscape::Backspace => 8,
            CharEscape::FormFeed => 12,
            CharEscape::LineFeed => b'\n',
            CharEscape::CarriageReturn => b'\r',
            CharEscape::Tab => b'\t',
            CharEscape::AsciiControl(byte) => byte,
        });
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.begin();
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.array()
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, _: bool) -> Result<()> {
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.begin();
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.object()
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, _: bool) -> Result<()> {
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        Ok(())
    }
}
