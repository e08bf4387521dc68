//! Deferred foreign keys of the tables that routing writes to.

use crate::db::pg::once;
use crate::db::pg::security::{is_own_session, AsSessionUser};
use crate::db::queries;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::IntoDatum;

/// Checks deferred foreign keys, as Django makes them, at once where the write touches them: it may leave nothing for
/// the end of the transaction. Afterwards they are deferred again. Checks that were pending before run as the role as
/// which they would have run at the end.
pub fn checking_keys(table: Oid, author: Oid, columns: Option<Vec<String>>, write: impl FnOnce()) {
    if is_own_session(author) {
        return write();
    }
    let arguments = [Some(Datum::from(table)), columns.and_then(IntoDatum::into_datum)];
    let keys = queries::DEFERRED_KEYS.first(&arguments, |row| row.get::<String>(1)).flatten();
    let set = |to: &str| {
        if let Some(keys) = &keys {
            let _user = AsSessionUser::begin();
            once::run_once(&format!("SET CONSTRAINTS {keys} {to}"));
        }
    };
    set("IMMEDIATE");
    write();
    set("DEFERRED");
}
