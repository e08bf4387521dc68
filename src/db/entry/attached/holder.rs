//! Whether a rep can own a row: has a value for the owner column, and a row in the table of users that it refers to.

use crate::db::entry::attached::convert::for_table;
use crate::db::entry::attached::mapping::{mapping, Mapping, Users};
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::entry::attached::{owner, unique, unique_link};
use crate::db::pg::catalog::{owner_of, sql_name};
use crate::db::pg::subtransaction::protect;
use crate::db::routing::holders::Decided;
use pgrx::pg_sys::Oid;

/// What keeps a rep from owning rows of an attached table. With `keep` the row in the table of users is locked as a foreign
/// key would lock it; one that somebody is deleting counts as gone.
///
/// The lead is as it was decided: what else is written with the owner may collide with another row.
pub fn problem(table_no: i32, key: &str, rep: &str, keep: bool, lead: Decided<'_>) -> Option<String> {
    let mapping = mapping(table_no).filter(|mapping| mapping.trusted)?;
    let value = match mapping.owner.takes_any_rep() {
        true => rep.to_owned(),
        false => match value(&mapping, key, rep, keep) {
            Ok(value) => value,
            Err(problem) => return Some(problem),
        },
    };
    match &mapping.owner.link {
        Some(link) => unique_link::problem(link, &mapping, key, &value),
        None => unique::problem(&mapping, key, &value, lead),
    }
}

/// The value of the owner column for a rep, if the column takes it.
fn value(mapping: &Mapping, key: &str, rep: &str, keep: bool) -> Result<String, String> {
    let column = &mapping.owner.to.column;
    let no_value = format!("has no value for column \"{column}\"");
    let value = match protect(|| owner::value_of(rep, mapping, owner::Seen::key(key, mapping))) {
        Ok(Some(value)) => value,
        Ok(None) => return Err(no_value),
        Err(failure) => return Err(format!("{no_value}: {}", failure.message)),
    };
    let to = &mapping.owner.to;
    let held = protect(|| for_table(&value, to.type_id(), to.modifier, mapping.author_of_owner()));
    if let Err(failure) = held {
        return Err(format!("{no_value}: {}", failure.message));
    }
    match missing_in(&mapping.owner.users, &value, keep) {
        Some(users) => Err(format!("has no row in {}", sql_name(users.oid))),
        None => Ok(value),
    }
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
    let mut select = Statement::of(author);
    let value = select.text(value, &users.column);
    let lock = if keep { " FOR KEY SHARE SKIP LOCKED" } else { "" };
    let (table, column) = (sql_name(users.oid), quoted(&users.column.column));
    select.run(format!("SELECT FROM {table} WHERE {column} OPERATOR(pg_catalog.=) {value}{lock}")) > 0
}
