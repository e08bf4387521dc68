//! Deferred foreign keys of the tables that routing writes to.

use crate::db::pg::security::{is_own_session, AsSessionUser};
use crate::db::pg::spi;
use crate::db::queries;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::IntoDatum;

/// Foreign keys that are deferred, as Django makes them, are checked at once where they are touched: nothing may be left
/// for the end of the transaction. Afterwards they are deferred again. What is pending runs as it would have at the end.
pub fn checking_keys(table: Oid, author: Oid, columns: Option<Vec<String>>, write: impl FnOnce()) {
    if is_own_session(author) {
        return write();
    }
    let arguments = [Some(Datum::from(table)), columns.and_then(IntoDatum::into_datum)];
    let keys = queries::DEFERRED_KEYS.first(&arguments, |row| row.get::<String>(1)).flatten();
    let set = |to: &str| {
        if let Some(keys) = &keys {
            let _user = AsSessionUser::begin();
            spi::run_once(&format!("SET CONSTRAINTS {keys} {to}"));
        }
    };
    set("IMMEDIATE");
    write();
    set("DEFERRED");
}
