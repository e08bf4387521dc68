//! Where the extension of a phone number stands: in the attributes, as E.164 has no place for it.

use crate::db::pg::jsonb::{self, Root};
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

const KEY: &str = "phone_extension";

/// Attributes with an extension; `None` where they are no object.
///
/// # Safety
/// The attributes must be a jsonb.
pub unsafe fn add(attributes: Option<Datum>, extension: &str) -> Option<Datum> {
    let ours = jsonb::from_text(&serde_json::json!({ KEY: extension }).to_string());
    // SAFETY: the caller vouches for the jsonb; two of them make one.
    unsafe {
        match attributes {
            None => ours,
            Some(theirs) if jsonb::root(theirs) != Root::Object => None,
            theirs => pgrx::direct_function_call_as_datum(pg_sys::jsonb_concat, &[theirs, ours]),
        }
    }
}

/// Attributes without the extension of another number, if they still have it; `None` if there is nothing to leave out.
///
/// # Safety
/// Both must be a jsonb.
pub unsafe fn leave_out(attributes: Datum, before: Datum) -> Option<Option<Datum>> {
    // SAFETY: the caller vouches for the jsonb; members are asked of objects only.
    unsafe {
        let of = |attributes| match jsonb::root(attributes) {
            Root::Object => jsonb::member(attributes, KEY),
            Root::Array | Root::Scalar => None,
        };
        let old = of(before)?;
        let key = [Some(attributes), KEY.into_datum()];
        let without = || pgrx::direct_function_call_as_datum(pg_sys::jsonb_delete, &key);
        (of(attributes)? == old).then(without)
    }
}
