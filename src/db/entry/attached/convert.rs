//! Values of types that are known only from the table of the user.

use crate::db::pg::security::{AsTableOwner, Settings};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum};
use std::ffi::{CStr, CString};

/// The base type of a domain; other types as they are.
fn base(type_id: Oid) -> Oid {
    // SAFETY: looks a type up in the syscache.
    unsafe { pg_sys::getBaseType(type_id) }
}

fn is_text(type_id: Oid) -> bool {
    matches!(base(type_id), pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID)
}

/// Whether a column takes any text as it is.
pub fn takes_any_text(type_id: Oid, modifier: i32) -> bool {
    is_text(type_id) && modifier == -1 && base(type_id) == type_id
}

/// A value as PostgreSQL prints it.
///
/// # Safety
/// `value` must be of that type.
pub unsafe fn to_text(value: Datum, type_id: Oid) -> String {
    // SAFETY: the caller vouches for the type; the output function returns a C string.
    unsafe {
        if is_text(type_id) {
            return String::from_datum(value, false).unwrap_or_default();
        }
        let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(type_id, &mut output, &mut is_varlena);
        let text = pg_sys::OidOutputFunctionCall(output, value);
        CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

/// The value that a text stands for; an error if it stands for none.
pub fn from_text(text: &str, type_id: Oid, modifier: i32) -> Option<Datum> {
    if takes_any_text(type_id, modifier) {
        return text.into_datum();
    }
    let text = CString::new(text).ok()?;
    // SAFETY: the input function gets a C string and copies what it needs.
    unsafe {
        let (mut input, mut parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::getTypeInputInfo(type_id, &mut input, &mut parameter);
        Some(pg_sys::OidInputFunctionCall(input, text.as_ptr().cast_mut(), parameter, modifier))
    }
}

/// The same for a column of a table of a user. Making a value of their type may run their code, such as the check of a
/// domain: it runs as whoever attached the table.
pub fn for_table(text: &str, type_id: Oid, modifier: i32, author: Oid) -> Option<Datum> {
    let _owner = (type_id.to_u32() >= pg_sys::FirstNormalObjectId).then(|| AsTableOwner::evaluating(author));
    from_text(text, type_id, modifier)
}

/// A date or time as timestamptz; `None` for other types.
///
/// # Safety
/// `value` must be of that type.
pub unsafe fn to_time(value: Datum, type_id: Oid) -> Option<Datum> {
    let value = [Some(value)];
    // SAFETY: the functions get a value of the type that they take.
    unsafe {
        match base(type_id) {
            pg_sys::TIMESTAMPTZOID => value[0],
            pg_sys::TIMESTAMPOID => {
                pgrx::direct_function_call_as_datum(pg_sys::timestamp_timestamptz, &value)
            }
            pg_sys::DATEOID => pgrx::direct_function_call_as_datum(pg_sys::date_timestamptz, &value),
            _ => None,
        }
    }
}

/// Whether a value becomes a field of the lead without fail.
pub fn is_safe(type_id: Oid) -> bool {
    !matches!(base(type_id), pg_sys::JSONOID | pg_sys::DATEOID | pg_sys::TIMESTAMPOID)
}

/// Whether a type is printed the same whatever the settings of the session say.
pub fn is_settled(type_id: Oid) -> bool {
    let base = base(type_id);
    matches!(
        base,
        pg_sys::INT2OID
            | pg_sys::INT4OID
            | pg_sys::INT8OID
            | pg_sys::UUIDOID
            | pg_sys::NUMERICOID
            | pg_sys::BOOLOID
    ) || is_text(base)
}

/// Until it is dropped, values are printed as keys hold them.
pub struct Canonical {
    _settings: Settings,
}

impl Canonical {
    /// Sets the settings that change how values are printed.
    pub fn begin() -> Self {
        let settings = Settings::begin();
        settings.set(c"datestyle", c"ISO");
        settings.set(c"timezone", c"UTC");
        settings.set(c"intervalstyle", c"postgres");
        settings.set(c"bytea_output", c"hex");
        settings.set(c"extra_float_digits", c"1");
        Self { _settings: settings }
    }

    /// The same, if one of the types needs it.
    pub fn for_types(mut types: impl Iterator<Item = Oid>) -> Option<Self> {
        types.any(|type_id| !is_settled(type_id)).then(Self::begin)
    }
}
