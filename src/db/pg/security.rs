//! Runs code as the owner of the extension, and queries with a search_path in which nobody can plant
//! anything.

use crate::db::errors;
use crate::db::pg::catalog;
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

const SAFE_PATH: &CStr = c"pg_catalog, pg_temp";

/// Until it is dropped, another role is the current user. After an error the (sub)transaction that is rolled back
/// restores the user.
struct As {
    user: pg_sys::Oid,
    context: i32,
}

impl As {
    fn begin(owner: pg_sys::Oid, flags: u32) -> Self {
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        // SAFETY: plain calls into the backend.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            let flags = flags | pg_sys::SECURITY_LOCAL_USERID_CHANGE;
            pg_sys::SetUserIdAndSecContext(owner, context | flags as i32);
        }
        Self { user, context }
    }
}

impl Drop for As {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what begin did.
            unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
        }
    }
}

/// Until it is dropped, the owner of `leadroute.leads` is the current user.
pub struct AsOwner {
    user: As,
}

impl AsOwner {
    /// Switches.
    pub fn begin() -> Self {
        Self { user: As::begin(catalog::owner(), 0) }
    }

    /// Whether the current user before had the rights of the owner of an open relation.
    ///
    /// # Safety
    /// `relation` must be open.
    pub unsafe fn was_owner_of(&self, relation: pg_sys::Relation) -> bool {
        // SAFETY: the caller vouches for it.
        unsafe { has_rights_of_owner(self.user.user, relation) }
    }
}

/// Until it is dropped, the current user is the role as which deferred triggers run at the end of the transaction.
pub struct AsSessionUser {
    _user: As,
}

impl AsSessionUser {
    /// Switches.
    pub fn begin() -> Self {
        // SAFETY: reads who that is.
        Self { _user: As::begin(unsafe { pg_sys::GetOuterUserId() }, 0) }
    }
}

/// Until it is dropped, another role is the current user, who must not leave anything behind.
pub struct AsRole {
    _user: As,
}

impl AsRole {
    /// Switches.
    pub fn begin(role: pg_sys::Oid) -> Self {
        Self { _user: As::begin(role, pg_sys::SECURITY_RESTRICTED_OPERATION) }
    }
}

/// Until it is dropped, the owner of a table of the user is the current user, from whom forced row security
/// hides none of its rows, as for foreign keys.
pub struct AsTableOwner {
    // dropped first: code of the owner leaves no settings behind
    _settings: Settings,
    _user: As,
}

impl AsTableOwner {
    /// To write into the table, as its owner could. Triggers, checks and much else may run code of users, which must
    /// not leave anything behind that would run as another role later, such as a deferred trigger.
    pub fn writing(owner: pg_sys::Oid) -> Self {
        let flags = if is_own_session(owner) { 0 } else { pg_sys::SECURITY_RESTRICTED_OPERATION };
        Self::begin(owner, flags)
    }

    /// To evaluate an expression, which must leave nothing behind: no deferred trigger, no temporary table, no
    /// setting.
    pub fn evaluating(owner: pg_sys::Oid) -> Self {
        Self::begin(owner, pg_sys::SECURITY_RESTRICTED_OPERATION)
    }

    fn begin(owner: pg_sys::Oid, flags: u32) -> Self {
        let user = As::begin(owner, flags | pg_sys::SECURITY_NOFORCE_RLS);
        Self { _settings: Settings::undone(), _user: user }
    }
}

/// Whether deferred triggers run as this role at the end of the transaction.
pub fn is_own_session(role: pg_sys::Oid) -> bool {
    // SAFETY: reads who that is.
    unsafe { pg_sys::GetOuterUserId() == role }
}

/// Until it is dropped, settings have other values. After an error the (sub)transaction that is rolled back
/// restores them.
pub struct Settings {
    level: i32,
    keep: bool,
}

impl Settings {
    /// What code in between sets for the session stays.
    pub fn begin() -> Self {
        Self::open(true)
    }

    /// What code in between sets is undone.
    pub fn undone() -> Self {
        Self::open(false)
    }

    fn open(keep: bool) -> Self {
        // SAFETY: a plain call into the backend.
        Self { level: unsafe { pg_sys::NewGUCNestLevel() }, keep }
    }

    /// Gives a setting that everybody may change another value.
    pub fn set(&self, name: &CStr, value: &CStr) {
        // SAFETY: plain calls into the backend.
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
}

impl Drop for Settings {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: undoes what begin did.
            unsafe { pg_sys::AtEOXact_GUC(self.keep, self.level) };
        }
    }
}

/// Until it is dropped, a wait in the lock manager ends after so many milliseconds, with 55P03; one at least.
pub fn limit_lock_waits(most: i32) -> Settings {
    let settings = Settings::begin();
    // SAFETY: reads a setting.
    let timeout = unsafe { pg_sys::LockTimeout };
    if timeout == 0 || timeout > most {
        let value = CString::new(most.max(1).to_string()).unwrap_or_default();
        settings.set(c"lock_timeout", &value);
    }
    settings
}

/// Until it is dropped, names are looked up in pg_catalog only, and statements and numbers are read and written in one
/// way, whatever the session has set. Look-ups by index and appended rows need neither; queries do.
pub struct SafeSettings {
    _settings: Settings,
}

impl SafeSettings {
    /// Sets what is set otherwise.
    pub fn begin() -> Self {
        let settings = Settings::begin();
        // SAFETY: reads settings.
        let (path, unusual) = unsafe { (CStr::from_ptr(pg_sys::namespace_search_path), unusual()) };
        if path != SAFE_PATH {
            settings.set(c"search_path", SAFE_PATH);
        }
        for (_, name, value) in unusual.into_iter().filter(|(is_unusual, ..)| *is_unusual) {
            settings.set(name, value);
        }
        Self { _settings: settings }
    }
}

/// Until it is dropped, a text that somebody has written means what it meant to them: with their time zone and style of
/// dates, and names looked up where nobody can plant anything. What is set in between is undone.
pub struct SettingsOfAuthor {
    _settings: Settings,
}

impl SettingsOfAuthor {
    /// Sets what is set otherwise.
    pub fn begin(time_zone: &CStr, date_style: &CStr) -> Self {
        let settings = Settings::undone();
        settings.set(c"search_path", c"pg_catalog, leadroute, pg_temp");
        settings.set(c"TimeZone", time_zone);
        settings.set(c"DateStyle", date_style);
        settings.set(c"IntervalStyle", c"postgres");
        settings.set(c"xmloption", c"content");
        // SAFETY: called by the thread of the backend.
        for (_, name, value) in unsafe { unusual() }.into_iter().filter(|(is_unusual, ..)| *is_unusual) {
            settings.set(name, value);
        }
        Self { _settings: settings }
    }
}

/// Whether settings on which the meaning of a text depends have unusual values, and the usual ones.
///
/// # Safety
/// Must be called by the thread of the backend.
unsafe fn unusual() -> [(bool, &'static CStr, &'static CStr); 5] {
    // SAFETY: the caller vouches for the thread; nobody else writes settings.
    unsafe {
        [
            (!pg_sys::standard_conforming_strings, c"standard_conforming_strings", c"on"),
            // with less than one, doubles lose digits on their way through a text
            (pg_sys::extra_float_digits < 1, c"extra_float_digits", c"1"),
            (pg_sys::quote_all_identifiers, c"quote_all_identifiers", c"off"),
            (pg_sys::Transform_null_equals, c"transform_null_equals", c"off"),
            (!pg_sys::Array_nulls, c"array_nulls", c"on"),
        ]
    }
}

/// An error unless a function of the extension calls: what follows trusts its arguments.
pub fn only_the_extension(function: &str) {
    // SAFETY: plain calls into the backend.
    let is_ours = unsafe { pg_sys::GetUserId() } == catalog::owner();
    if !is_ours {
        errors::only_for_the_extension(function);
    }
}

/// Whether the current user has the rights of the owner of an open relation.
///
/// # Safety
/// `relation` must be open.
pub unsafe fn is_owner(relation: pg_sys::Relation) -> bool {
    // SAFETY: the caller vouches for it.
    unsafe { has_rights_of_owner(pg_sys::GetUserId(), relation) }
}

unsafe fn has_rights_of_owner(role: pg_sys::Oid, relation: pg_sys::Relation) -> bool {
    // SAFETY: the caller vouches for the relation.
    unsafe { pg_sys::has_privs_of_role(role, (*(*relation).rd_rel).relowner) }
}

/// Whether the current user may insert a column of a table of the extension.
pub fn may_insert(table: &'static str, column: &CStr) -> bool {
    let oid = catalog::relation(table);
    let is_granted = |answer| answer == pg_sys::AclResult::ACLCHECK_OK;
    let wanted = pg_sys::ACL_INSERT as pg_sys::AclMode;
    // SAFETY: plain look-ups in the syscache.
    unsafe {
        let (user, number) = (pg_sys::GetUserId(), pg_sys::get_attnum(oid, column.as_ptr()));
        is_granted(pg_sys::pg_class_aclcheck(oid, user, wanted))
            || is_granted(pg_sys::pg_attribute_aclcheck(oid, number, user, wanted))
    }
}

/// Next value of a sequence of the extension, whose owner must be the current user.
pub fn next_value(sequence: &'static str) -> i64 {
    let oid = catalog::relation(sequence);
    // SAFETY: nextval of an existing sequence.
    let value =
        unsafe { pgrx::direct_function_call::<i64>(pg_sys::nextval_oid, &[Some(pg_sys::Datum::from(oid))]) };
    value.unwrap_or_default()
}

/// Whether a sequence of the extension, whose owner must be the current user, has given a value already, or one after
/// it.
pub fn has_come_up(sequence: &'static str, value: i64) -> bool {
    let oid = catalog::relation(sequence);
    // SAFETY: reads an existing sequence; NULL means that it has given nothing yet.
    let last = unsafe {
        pgrx::direct_function_call::<i64>(pg_sys::pg_sequence_last_value, &[Some(pg_sys::Datum::from(oid))])
    };
    last.is_some_and(|last| value <= last)
}
