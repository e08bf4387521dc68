//! Applying a change: by hand with the rights of who does it, or when its time has come with those of its approver.

use crate::db::entry::change::run::{change, run};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::{AsOwner, AsRole, Settings};
use crate::db::pg::subtransaction::{protect_one_of_many, Failure};
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::FromDatum;
use std::ffi::CString;

/// How long a change waits for others at most: nobody is kept waiting by a change that waits for somebody else.
const LOCK_TIMEOUT_MS: i32 = 2000;

sql_function! {
    /// `leadroute.apply_change(bigint)`
    leadroute_apply_change, pg_finfo_leadroute_apply_change, apply_change
}

sql_function! {
    /// `leadroute.apply_due_changes()`
    leadroute_apply_due_changes, pg_finfo_leadroute_apply_due_changes, apply_due_changes
}

unsafe fn apply_change(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: bigint; void is any value.
    unsafe {
        let Some(id) = argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) else {
            errors::null_argument("apply_change", "change_id");
        };
        apply(id, || ());
        null(fcinfo)
    }
}

/// Applies a change; `role` answers, until it is dropped, whose rights its SQL has.
fn apply<T>(id: i64, role: impl FnOnce() -> T) {
    let settings = Settings::undone();
    if is_patient() {
        settings.set(c"lock_timeout", c"2s");
    }
    let argument = [Some(Datum::from(id))];
    let change = {
        let _owner = AsOwner::begin();
        // Locks the request and the rules: what is compared now stays until the end.
        queries::CHANGE_BEGINS.write(&argument);
        if !queries::CHANGE_IS_FRESH.first(&argument, |row| row.get::<bool>(1)).flatten().unwrap_or_default()
        {
            errors::change_is_stale(id);
        }
        change(id).unwrap_or_else(|| errors::no_such_change(id))
    };
    {
        let _role = role();
        run(&change);
    }
    let _owner = AsOwner::begin();
    let mismatches: Vec<String> =
        queries::GOLDEN_MISMATCHES.returning(&[], |row| row.get::<String>(1)).into_iter().flatten().collect();
    if let Some((first, others)) = mismatches.split_first() {
        errors::golden_leads_change(id, first, others);
    }
    queries::CHANGE_APPLIED.write(&argument);
}

/// Whether the caller would wait for others longer than a change may, which holds locks on tables meanwhile.
fn is_patient() -> bool {
    // SAFETY: reads a setting, in milliseconds; 0 is for ever.
    let wait = unsafe { pg_sys::LockTimeout };
    wait == 0 || wait > LOCK_TIMEOUT_MS
}

/// Applies what is due; answers how many changes that were.
unsafe fn apply_due_changes(_: pg_sys::FunctionCallInfo) -> Datum {
    let mut applied = 0;
    let mut tried = 0;
    while let Some((id, approver)) = due_after(tried) {
        tried = id;
        match protect_one_of_many(|| apply_due(id, &approver)) {
            Ok(()) => applied += 1,
            Err(failure) => not_applied(id, &failure),
        }
    }
    Datum::from(applied)
}

/// The next change that is due, locked, with its approver. Those that somebody is applying are passed over.
fn due_after(id: i64) -> Option<(i64, String)> {
    let _owner = AsOwner::begin();
    let due = queries::DUE_CHANGE.returning(&[Some(Datum::from(id))], |row| {
        Some((row.get::<i64>(1)?, row.get::<String>(2).unwrap_or_default()))
    });
    due.into_iter().next().flatten()
}

fn apply_due(id: i64, approver: &str) {
    let role = approving_role(approver).unwrap_or_else(|| errors::approver_may_not(id, approver));
    apply(id, || AsRole::begin(role));
}

/// The role with this name, if it may still approve changes.
fn approving_role(name: &str) -> Option<Oid> {
    let _owner = AsOwner::begin();
    let text = CString::new(name).ok()?;
    // SAFETY: a look-up by name in the syscache.
    let role = unsafe { pg_sys::get_role_oid(text.as_ptr(), true) };
    let may = || queries::MAY_APPROVE.first(&[Some(Datum::from(role))], |row| row.get::<bool>(1)).flatten();
    (role != Oid::INVALID && may().unwrap_or_default()).then_some(role)
}

/// What others are in the way of is tried again; any other failure is noted, and not tried again.
fn not_applied(id: i64, failure: &Failure) {
    if failure.is_held() || failure.is_conflict() {
        errors::warn_change_waits(id, &failure.sqlstate, &failure.message);
        return;
    }
    let _owner = AsOwner::begin();
    let arguments = [Some(Datum::from(id)), crate::db::pg::spi::text(Some(&failure.message))];
    queries::CHANGE_FAILED.write(&arguments);
    errors::warn_change_not_applied(id, &failure.sqlstate, &failure.message);
}
