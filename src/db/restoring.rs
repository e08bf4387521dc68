//! Whether a session restores a dump: then rows come in any order and are what they were, so references are not checked
//! and nothing is routed again.
//!
//! Every session that pg_dump, pg_restore and the workers of a parallel restore fill begins with an empty search_path and
//! with check_function_bodies off, whatever their options; no client that works with the tables sets both.

use super::function::sql_function;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use std::ffi::CStr;

/// The path of functions of the extension.
const SAFE_PATH: &[u8] = b"pg_catalog, pg_temp";

fn is_unchecked_with(path_is: impl FnOnce(&[u8]) -> bool) -> bool {
    // SAFETY: reads two settings.
    unsafe {
        let path = pg_sys::namespace_search_path;
        !pg_sys::check_function_bodies && !path.is_null() && path_is(CStr::from_ptr(path).to_bytes())
    }
}

fn is_empty(path: &[u8]) -> bool {
    matches!(path, b"" | b"\"\"")
}

/// Whether the statement that runs is one of a dump.
pub fn is_restoring() -> bool {
    is_unchecked_with(is_empty)
}

/// Whether the statement that runs is one of a dump, or one that a trigger of the extension runs in its stead. Also in
/// other functions of the extension while the session does not check bodies: so only for what may be checked later.
pub fn is_within_restore() -> bool {
    is_unchecked_with(|path| is_empty(path) || path == SAFE_PATH)
}

sql_function! {
    /// `leadroute_internal.is_within_restore()`
    leadroute_is_within_restore, pg_finfo_leadroute_is_within_restore, sql_is_within_restore
}

unsafe fn sql_is_within_restore(_: pg_sys::FunctionCallInfo) -> Datum {
    is_within_restore().into_datum().unwrap_or(Datum::from(0))
}
