//! Values of types that only the table of the user tells.

use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum};
use std::ffi::{CStr, CString};

/// What a domain is made of.
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

/// Whether a type is printed as the settings of the session say.
pub fn is_time(type_id: Oid) -> bool {
    matches!(base(type_id), pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID)
}

/// Until it is dropped, dates and times are printed in ISO 8601 and UTC, as keys hold them. After an error the
/// (sub)transaction that is rolled back restores the settings.
pub struct InUtc(i32);

impl InUtc {
    /// Sets it.
    pub fn begin() -> Self {
        // SAFETY: plain calls into the backend.
        let level = unsafe { pg_sys::NewGUCNestLevel() };
        for (name, value) in [(c"datestyle", c"ISO"), (c"timezone", c"UTC")] {
            // SAFETY: both are settings that everybody may change.
            unsafe {
                pg_sys::set_config_option(
                    name.as_ptr(),
                    value.as_ptr(),
                    pg_sys::GucContext::PGC_USERSET,
                    pg_sys::GucSource::PGC_S_SESSION,
                    pg_sys::GucAction::GUC_ACTION_SAVE,
                    true,
                    0,
                    false,
                );
            }
        }
        Self(level)
    }
}

impl Drop for InUtc {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what begin did.
            unsafe { pg_sys::AtEOXact_GUC(true, self.0) };
        }
    }
}
