//! Values as jsonb, built by PostgreSQL's own `pushJsonbValue`: no text is written and read again, which costs several
//! times as much.
//!
//! serde_json drives it, through the trait that otherwise writes brackets and commas.

use crate::db::pg::jsonb;
use pgrx::pg_sys::JsonbIteratorToken as Token;
use pgrx::pg_sys::{self, jbvType, Datum, JsonbValue};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};
use std::io::{ErrorKind, Result, Write};

/// The jsonb of a value that serializes to an array or an object.
pub fn encode<T: Serialize>(value: &T) -> Option<Datum> {
    let mut builder = Builder::default();
    let written = value.serialize(&mut Serializer::with_formatter(NoText, &mut builder));
    let built = written.ok().and_then(|()| builder.finish());
    let by_text = || jsonb::from_text(&serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned()));
    #[cfg(debug_assertions)]
    if let (Some(built), Some(read)) = (built, by_text()) {
        // SAFETY: both are jsonb.
        unsafe { assert_eq!(bytes_of(built), bytes_of(read), "not what jsonb_in makes of it") };
    }
    built.or_else(by_text)
}

#[cfg(debug_assertions)]
unsafe fn bytes_of<'a>(jsonb: Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for an untoasted varlena.
    unsafe { pgrx::varlena::varlena_to_byte_slice(jsonb.cast_mut_ptr()) }
}

/// Nothing is written as text. What would be, such as kinds of numbers that are not told apart here, is an error.
struct NoText;

impl Write for NoText {
    fn write(&mut self, _: &[u8]) -> Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

struct Builder {
    state: *mut pg_sys::JsonbParseState,
    /// The outermost container, once it is whole.
    whole: *mut JsonbValue,
    /// Whether each open container is an object.
    open: Vec<bool>,
    /// The string that is being written.
    text: String,
    is_key: bool,
}

impl Default for Builder {
    fn default() -> Self {
        let (state, whole) = (std::ptr::null_mut(), std::ptr::null_mut());
        Self { state, whole, open: Vec::new(), text: String::new(), is_key: false }
    }
}

impl Builder {
    fn push(&mut self, value: JsonbValue) {
        let token = match self.open.last() {
            _ if self.is_key => Token::WJB_KEY,
            Some(true) => Token::WJB_VALUE,
            _ => Token::WJB_ELEM,
        };
        let mut value = value;
        // SAFETY: the value is of the kind that its type says; strings and numbers live in the memory context.
        unsafe { pg_sys::pushJsonbValue(&mut self.state, token, &mut value) };
    }

    fn scalar(&mut self, type_: jbvType::Type, set: impl FnOnce(&mut JsonbValue)) {
        let mut value = JsonbValue { type_, ..Default::default() };
        set(&mut value);
        self.push(value);
    }

    fn number(&mut self, numeric: pg_sys::Numeric) {
        self.scalar(jbvType::jbvNumeric, |value| value.val.numeric = numeric);
    }

    fn integer(&mut self, number: i64) {
        // SAFETY: makes a numeric of any integer.
        self.number(unsafe { pg_sys::int64_to_numeric(number) });
    }

    fn begin(&mut self, token: Token::Type, is_object: bool) {
        self.open.push(is_object);
        // SAFETY: begins a container.
        unsafe { pg_sys::pushJsonbValue(&mut self.state, token, std::ptr::null_mut()) };
    }

    fn end(&mut self, token: Token::Type) {
        self.open.pop();
        // SAFETY: ends the innermost container.
        self.whole = unsafe { pg_sys::pushJsonbValue(&mut self.state, token, std::ptr::null_mut()) };
    }

    fn finish(self) -> Option<Datum> {
        let is_whole = self.open.is_empty() && !self.whole.is_null();
        // SAFETY: a container that is whole.
        is_whole.then(|| unsafe { Datum::from(pg_sys::JsonbValueToJsonb(self.whole)) })
    }
}

impl Formatter for &mut Builder {
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.scalar(jbvType::jbvNull, |_| ());
        Ok(())
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, given: bool) -> Result<()> {
        self.scalar(jbvType::jbvBool, |value| value.val.boolean = given);
        Ok(())
    }

    fn write_i32<W: ?Sized + Write>(&mut self, _: &mut W, value: i32) -> Result<()> {
        self.integer(value.into());
        Ok(())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> Result<()> {
        self.integer(value);
        Ok(())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> Result<()> {
        self.integer(i64::try_from(value).map_err(|_| ErrorKind::InvalidData)?);
        Ok(())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, value: f64) -> Result<()> {
        // by its text, which has the shortest digits that say the number
        let text = std::ffi::CString::new(serde_json::to_string(&value)?)?;
        let arguments =
            [pgrx::IntoDatum::into_datum(text.as_c_str()), Some(Datum::from(0)), Some(Datum::from(-1))];
        // SAFETY: numeric_in takes a C string, a type and its modifier.
        let numeric = unsafe { pgrx::direct_function_call_as_datum(pg_sys::numeric_in, &arguments) };
        self.number(numeric.ok_or(ErrorKind::InvalidData)?.cast_mut_ptr());
        Ok(())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.text.clear();
        Ok(())
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        let len = i32::try_from(self.text.len()).map_err(|_| ErrorKind::InvalidData)?;
        // SAFETY: a copy of that length in the memory context.
        let val = unsafe {
            let copy = pg_sys::palloc(self.text.len()).cast();
            std::ptr::copy_nonoverlapping(self.text.as_ptr(), copy, self.text.len());
            copy.cast()
        };
        let string = pg_sys::JsonbValue__bindgen_ty_1__bindgen_ty_1 { len, val };
        self.scalar(jbvType::jbvString, |value| value.val.string = string);
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, text: &str) -> Result<()> {
        self.text.push_str(text);
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> Result<()> {
        self.text.push(match escape {
            CharEscape::Quote => '"',
            CharEscape::ReverseSolidus => '\\',
            CharEscape::Solidus => '/',
            CharEscape::Backspace => '\u{8}',
            CharEscape::FormFeed => '\u{c}',
            CharEscape::LineFeed => '\n',
            CharEscape::CarriageReturn => '\r',
            CharEscape::Tab => '\t',
            CharEscape::AsciiControl(byte) => byte.into(),
        });
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.begin(Token::WJB_BEGIN_ARRAY, false);
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.end(Token::WJB_END_ARRAY);
        Ok(())
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, _: bool) -> Result<()> {
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.begin(Token::WJB_BEGIN_OBJECT, true);
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.end(Token::WJB_END_OBJECT);
        Ok(())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, _: bool) -> Result<()> {
        self.is_key = true;
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.is_key = false;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        Ok(())
    }
}
