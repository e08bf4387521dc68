//! jsonb without turning it into Rust values: any valid document passes, whatever its depth or numbers.

use crate::db::pg::jsonb_format::{ARRAY, OBJECT, SCALAR};
use crate::db::pg::varlena::Varlena;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

/// What stands at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// Anything else.
    Scalar,
}

/// The root of a jsonb value, by the header that PostgreSQL documents in `utils/jsonb.h`.
///
/// # Safety
/// `datum` must be a jsonb.
pub unsafe fn root(datum: Datum) -> Root {
    // SAFETY: the caller vouches for a jsonb; its first word after the length is the root's header.
    let header = unsafe {
        let varlena = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        pgrx::varlena::vardata_any(varlena).cast::<u32>().read_unaligned()
    };
    match header {
        header if header & OBJECT != 0 => Root::Object,
        header if header & SCALAR != 0 => Root::Scalar,
        header if header & ARRAY != 0 => Root::Array,
        _ => Root::Scalar,
    }
}

/// The value as text.
///
/// # Safety
/// `datum` must be a jsonb.
pub unsafe fn to_text(datum: Datum) -> String {
    // SAFETY: jsonb_out takes a jsonb and returns a C string.
    unsafe {
        let text = pgrx::direct_function_call_as_datum(pg_sys::jsonb_out, &[Some(datum)]);
        let text = text.map(|datum| std::ffi::CStr::from_ptr(datum.cast_mut_ptr()));
        text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// The text of a member of an object; `None` if there is none.
///
/// # Safety
/// `datum` must be a jsonb.
pub unsafe fn member(datum: Datum, key: &str) -> Option<String> {
    // SAFETY: the caller vouches for the jsonb; the function takes a key and answers with a text.
    unsafe { pgrx::direct_function_call(pg_sys::jsonb_object_field_text, &[Some(datum), key.into_datum()]) }
}

/// The jsonb of a JSON text that is known to be valid.
pub fn from_text(json: &str) -> Option<Datum> {
    let text = std::ffi::CString::new(json).ok()?;
    // SAFETY: jsonb_in takes a C string.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[text.as_c_str().into_datum()]) }
}

/// One object with the members of both; those of the second count.
///
/// # Safety
/// Both must be a jsonb.
pub unsafe fn joined(one: Datum, other: Datum) -> Option<Datum> {
    // SAFETY: the caller vouches for both.
    unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_concat, &[Some(one), Some(other)]) }
}

/// A jsonpath, compiled once and kept outside PostgreSQL's memory contexts, with its variables: none.
pub struct Path(Varlena, Varlena);

impl Path {
    /// Compiles the text of a jsonpath.
    pub fn new(text: &str) -> Option<Self> {
        let text = std::ffi::CString::new(text).ok()?;
        // SAFETY: jsonpath_in takes a C string and returns a varlena.
        unsafe {
            let datum =
                pgrx::direct_function_call_as_datum(pg_sys::jsonpath_in, &[text.as_c_str().into_datum()])?;
            Some(Self(Varlena::copy_of(datum), Varlena::copy_of(from_text("{}")?)))
        }
    }

    /// Whether the first result is neither `false` nor `null`. Missing keys and wrong types give none.
    ///
    /// # Safety
    /// `document` must be a jsonb.
    pub unsafe fn holds(&self, document: Datum) -> bool {
        let (path, none) = (self.0.datum(), self.1.datum());
        let arguments = [Some(document), Some(path), Some(none), true.into_datum()];
        // SAFETY: the arguments are those of both functions: (jsonb, jsonpath, jsonb, bool).
        unsafe {
            // a comparison answers with one boolean, of which no jsonb is made: half the time
            if let Some(holds) = pgrx::direct_function_call::<bool>(pg_sys::jsonb_path_match, &arguments) {
                return holds;
            }
            let first = pgrx::direct_function_call_as_datum(pg_sys::jsonb_path_query_first, &arguments);
            first.is_some_and(|value| match root(value) {
                Root::Scalar => !matches!(to_text(value).as_str(), "false" | "null"),
                Root::Object | Root::Array => true,
            })
        }
    }
}

/// A jsonb result that outlives the query: a plain copy.
pub struct Document(Varlena);

impl crate::db::pg::spi::Held for Document {
    const TYPES: &'static [pg_sys::Oid] = &[pg_sys::JSONBOID];
}

impl FromDatum for Document {
    unsafe fn from_polymorphic_datum(datum: Datum, is_null: bool, _: pg_sys::Oid) -> Option<Self> {
        // SAFETY: a jsonb is a varlena.
        (!is_null).then(|| Self(unsafe { Varlena::copy_of(datum) }))
    }
}

impl Document {
    /// A copy of a jsonb.
    ///
    /// # Safety
    /// `datum` must be a jsonb.
    pub unsafe fn copy_of(datum: Datum) -> Self {
        // SAFETY: the caller vouches for it.
        Self(unsafe { Varlena::copy_of(datum) })
    }

    /// The jsonb; valid as long as the document lives.
    pub fn datum(&self) -> Datum {
        self.0.datum()
    }

    /// A copy in the current memory context, to be returned to SQL.
    pub fn to_result(&self) -> Datum {
        self.0.to_result()
    }
}
