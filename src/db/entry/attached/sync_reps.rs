//! `sync_reps`: reps who are kept in step with a table of users.

use crate::db::entry::attached::attach::owned_table;
use crate::db::pg::catalog::{lock_for_writing, sql_name};
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::subtransaction::protect_one_of_many;
use crate::db::pg::trigger_data::{Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::state::restoring::is_within_restore;
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute.sync_reps(regclass, jsonb)`
    leadroute_sync_reps, pg_finfo_leadroute_sync_reps, sync_reps
}

sql_function! {
    /// Statement trigger, after any change of a table of users.
    leadroute_users_changed, pg_finfo_leadroute_users_changed, users_changed
}

const CHANGED: Call = Call {
    function: "users_changed",
    on: On::Attached,
    when: When::AfterStatement,
    events: INSERT | UPDATE | DELETE | TRUNCATE,
};

unsafe fn sync_reps(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; reads who runs this.
    let (table, mapping, asker) = unsafe {
        let table = owned_table(fcinfo, "sync_reps");
        (table, argument(fcinfo, 1), Datum::from(pg_sys::GetUserId()))
    };
    let _owner = AsOwner::begin();
    lock_for_writing();
    let changed = queries::SYNC_REPS.returning(&[Some(table), mapping, Some(asker)], |row| row.get::<i32>(1));
    Datum::from(changed.first().copied().flatten().unwrap_or_default())
}

/// Everybody may put the trigger on a table of their own: it does something only for one that `sync_reps` was told of.
unsafe fn users_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL; the relation of a trigger is open.
    let table = unsafe { (*CHANGED.data(fcinfo).tg_relation).rd_id };
    if is_within_restore() {
        return Datum::from(0);
    }
    let _owner = AsOwner::begin();
    lock_for_writing();
    if let Err(failure) = protect_one_of_many(|| queries::USERS_CHANGED.write(&[Some(Datum::from(table))])) {
        errors::warn_not_synced(&sql_name(table.to_u32()), &failure.sqlstate, &failure.message);
    }
    Datum::from(0)
}
