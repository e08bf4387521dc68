//! Runs a stretch of code as the owner of the extension, and queries with a search_path that nobody can
//! plant anything in.

use super::names;
use pgrx::pg_sys;
use std::ffi::CStr;

const SAFE_PATH: &CStr = c"pg_catalog, pg_temp";

/// Until it is dropped, the owner of `leadroute.leads`, or of a table of the user, is the current user. After an error the
/// (sub)transaction that is rolled back restores the user.
pub struct AsOwner {
    user: pg_sys::Oid,
    context: i32,
}

impl AsOwner {
    /// Switches.
    pub fn begin() -> Self {
        Self::of(names::owner(), pg_sys::SECURITY_LOCAL_USERID_CHANGE)
    }

    /// Switches to the owner of a table of the user, from whom forced row security hides none of its rows, as
    /// for foreign keys.
    pub fn of_table(table: pg_sys::Oid) -> Self {
        Self::of(names::owner_of(table), pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_NOFORCE_RLS)
    }

    fn of(owner: pg_sys::Oid, flags: u32) -> Self {
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        // SAFETY: plain calls into the backend.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            pg_sys::SetUserIdAndSecContext(owner, context | flags as i32);
        }
        Self { user, context }
    }
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what begin did.
            unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
        }
    }
}

/// Until it is dropped, names are looked up in pg_catalog only. Look-ups by index and appended rows need
/// no names; queries do. After an error the (sub)transaction that is rolled back restores the path.
pub struct SafePath(i32);

impl SafePath {
    /// Sets the path.
    pub fn begin() -> Self {
        // SAFETY: plain calls into the backend.
        unsafe {
            let level = pg_sys::NewGUCNestLevel();
            if CStr::from_ptr(pg_sys::namespace_search_path) != SAFE_PATH {
                pg_sys::set_config_option(
                    c"search_path".as_ptr(),
                    SAFE_PATH.as_ptr(),
                    pg_sys::GucContext::PGC_USERSET,
                    pg_sys::GucSource::PGC_S_SESSION,
                    pg_sys::GucAction::GUC_ACTION_SAVE,
                    true,
                    0,
                    false,
                );
            }
            Self(level)
        }
    }
}

impl Drop for SafePath {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what begin did.
            unsafe { pg_sys::AtEOXact_GUC(true, self.0) };
        }
    }
}

/// Whether the current user has the rights of the owner of an open relation.
///
/// # Safety
/// `relation` must be open.
pub unsafe fn is_owner(relation: pg_sys::Relation) -> bool {
    // SAFETY: the caller vouches for it.
    unsafe { pg_sys::has_privs_of_role(pg_sys::GetUserId(), (*(*relation).rd_rel).relowner) }
}

/// Next value of a sequence of the extension.
pub fn next_value(sequence: &'static str) -> i64 {
    let oid = names::relation(sequence);
    // SAFETY: nextval of an existing sequence.
    let value =
        unsafe { pgrx::direct_function_call::<i64>(pg_sys::nextval_oid, &[Some(pg_sys::Datum::from(oid))]) };
    value.unwrap_or_default()
}
