//! Whether a session restores a dump: then rows come in any order and are what they were, so references are not checked
//! and nothing is routed again.
//!
//! Every session that reads the output of pg_dump, or is one of pg_restore, begins with an empty search_path,
//! check_function_bodies off and client_min_messages warning, whatever the options. A session with only some of that
//! set, as of a migration tool, restores nothing; nor does a role that does not administer the extension.

use crate::db::pg::catalog;
use crate::db::queries;
use pgrx::pg_sys;
use std::cell::Cell;
use std::ffi::CStr;

/// The path of functions of the extension, which says nothing of the session.
const SAFE_PATH: &[u8] = b"pg_catalog, pg_temp";

thread_local! {
    /// The answer for the statement of the client; functions of the extension that it calls use it.
    static STATEMENT: Cell<bool> = const { Cell::new(false) };
    /// The role that was asked about last in this transaction, and whether it administers the extension.
    static ASKED: Cell<Option<(pg_sys::Oid, bool)>> = const { Cell::new(None) };
}

fn path() -> &'static [u8] {
    // SAFETY: reads a setting; the answer is used at once.
    unsafe {
        let path = pg_sys::namespace_search_path;
        if path.is_null() {
            b""
        } else {
            CStr::from_ptr(path).to_bytes()
        }
    }
}

/// Whether the statement that runs is one of a dump, by the settings of the session.
pub fn is_restoring() -> bool {
    // SAFETY: reads two settings.
    let is_quiet =
        unsafe { !pg_sys::check_function_bodies && pg_sys::client_min_messages >= pg_sys::WARNING as i32 };
    is_quiet && matches!(path(), b"" | b"\"\"")
}

/// Whether the current user administers the extension: has the rights of its creator, or is the extension itself. Only
/// they restore rows as they were.
pub fn administers() -> bool {
    // SAFETY: plain calls into the backend.
    let (user, is_superuser) = unsafe { (pg_sys::GetUserId(), pg_sys::superuser()) };
    if is_superuser || user == catalog::owner() {
        return true;
    }
    if let Some((_, answer)) = ASKED.get().filter(|(asked, _)| *asked == user) {
        return answer;
    }
    let creator = queries::EXTENSION_OWNER.first(&[], |row| row.get::<pg_sys::Oid>(1)).flatten();
    // SAFETY: looks memberships up.
    let answer = creator.is_some_and(|creator| unsafe { pg_sys::has_privs_of_role(user, creator) });
    ASKED.set(Some((user, answer)));
    answer
}

/// Looks at the settings, unless a function of the extension runs.
pub fn observe() {
    if path() != SAFE_PATH {
        STATEMENT.set(is_restoring() && administers());
    }
}

/// Whether the statement that runs is one of a dump, or one that a trigger of the extension runs for it.
pub fn is_within_restore() -> bool {
    observe();
    STATEMENT.get()
}

/// Forgets both answers: settings and memberships may have changed.
pub fn transaction_ended() {
    STATEMENT.set(false);
    ASKED.set(None);
}
