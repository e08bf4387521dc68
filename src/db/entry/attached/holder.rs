//! Whether a rep can own a row: has a value for the owner column, and a row in the table of users that it refers to.

use crate::db::entry::attached::convert::for_table;
use crate::db::entry::attached::mapping::{mapping, Users};
use crate::db::entry::attached::owner;
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::pg::catalog::{owner_of, sql_name};
use crate::db::pg::security::AsTableOwner;
use crate::db::pg::subtransaction::protect;
use pgrx::pg_sys::Oid;

/// What keeps a rep from owning rows of an attached table. With `keep` the row in the table of users is locked as a foreign
/// key would lock it; one that somebody is deleting counts as gone.
pub fn problem(table_no: i32, key: &str, rep: &str, keep: bool) -> Option<String> {
    let mapping = mapping(table_no).filter(|mapping| mapping.trusted)?;
    if mapping.owner.takes_any_rep() {
        return None;
    }
    let column = &mapping.owner.to.column;
    let value = match protect(|| owner::value_of(rep, &mapping, owner::Seen::key(key, &mapping))) {
        Ok(Some(value)) => value,
        Ok(None) => return Some(format!("has no value for column \"{column}\"")),
        Err(failure) => return Some(format!("has no value for column \"{column}\": {}", failure.message)),
    };
    let to = &mapping.owner.to;
    let held = protect(|| for_table(&value, to.type_id(), to.modifier, mapping.author_of_owner()));
    if let Err(failure) = held {
        return Some(format!("has no value for column \"{column}\": {}", failure.message));
    }
    let missing = missing_in(&mapping.owner.users, &value, keep);
    missing.map(|users| format!("has no row in {}", sql_name(users.oid)))
}

/// The first of some tables that lacks a value which a foreign key demands.
pub fn missing_in<'a>(tables: &'a [Users], value: &str, keep: bool) -> Option<&'a Users> {
    tables.iter().find(|users| match protect(|| is_there(value, users, keep)) {
        Ok(is_there) => !is_there,
        // a type of an extension, whose "=" is not ours to call
        Err(failure) => failure.sqlstate != UNDEFINED_FUNCTION,
    })
}

const UNDEFINED_FUNCTION: &str = "42883";

fn is_there(value: &str, users: &Users, keep: bool) -> bool {
    let author = owner_of(Oid::from(users.oid));
    let _owner = AsTableOwner::evaluating(author);
    let mut select = Statement::of(author);
    let value = select.text(value, &users.column);
    let lock = if keep { " FOR KEY SHARE SKIP LOCKED" } else { "" };
    let (table, column) = (sql_name(users.oid), quoted(&users.column.column));
    select.run(format!("SELECT FROM {table} WHERE {column} OPERATOR(pg_catalog.=) {value}{lock}")) > 0
}
