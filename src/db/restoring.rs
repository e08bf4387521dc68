//! Whether a session restores a dump: then rows come in any order and are what they were, so references are not checked
//! and nothing is routed again.
//!
//! Every session that pg_dump, pg_restore and the workers of a parallel restore fill begins with an empty search_path and
//! with check_function_bodies off, whatever their options; no client that works with the tables sets both.

use pgrx::pg_sys;
use std::ffi::CStr;

/// The path of functions of the extension, which may write a row of a dump in its stead (see `replace_shipped()`).
const SAFE_PATH: &[u8] = b"pg_catalog, pg_temp";

/// Whether a dump is being restored by this session.
pub fn is_restoring() -> bool {
    // SAFETY: reads two settings.
    unsafe {
        let path = pg_sys::namespace_search_path;
        !pg_sys::check_function_bodies
            && !path.is_null()
            && matches!(CStr::from_ptr(path).to_bytes(), b"" | b"\"\"" | SAFE_PATH)
    }
}
