//! Owners in a table of their own, as ORMs keep them: the write.

use crate::db::entry::attached::deferred_keys::checking_keys;
use crate::db::entry::attached::mapping::{Link, Mapping};
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::entry::attached::unique_link::is_one_per_row;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::security::AsTableOwner;
use pgrx::pg_sys::Oid;

/// Writes the owner whom routing chose, in place of the owner before. An error if another transaction has locked
/// an assignment of the row.
pub fn write(link: &Link, mapping: &Mapping, key: &str, old: Option<&str>, new: Option<&str>) {
    // the author of the table may not ask
    let replaced = old.zip(new).filter(|_| is_one_per_row(link, mapping));
    let _owner = AsTableOwner::writing(link.author());
    checking_keys(Oid::from(link.oid), link.author(), None, || {
        assign(link, mapping, key, [old, new], replaced)
    });
}

/// `replaced` are the owners before and after of a row that can have only one.
fn assign(
    link: &Link,
    mapping: &Mapping,
    key: &str,
    [old, new]: [Option<&str>; 2],
    replaced: Option<(&str, &str)>,
) {
    let (table, row, owner) =
        (sql_name(link.oid), quoted(&link.row.column), quoted(&mapping.owner.to.column));
    let run = |value: Option<&str>, sql: &dyn Fn(&str, &str) -> String| {
        let mut statement = Statement::writing(link.author());
        let place = statement.text(key, &link.row);
        let value = value.map(|value| statement.text(value, &mapping.owner.to)).unwrap_or_default();
        statement.run(sql(&place, &value))
    };
    run(None, &|place, _| format!("SELECT FROM ONLY {table} WHERE {row} = {place} FOR UPDATE NOWAIT"));
    if let Some((old, new)) = replaced {
        let mut update = Statement::writing(link.author());
        let (place, old) = (update.text(key, &link.row), update.text(old, &mapping.owner.to));
        let new = update.text(new, &mapping.owner.to);
        update.run(format!(
            "UPDATE ONLY {table} SET {owner} = {new} WHERE {row} = {place} AND {owner} = {old}
                AND NOT EXISTS (SELECT FROM ONLY {table} WHERE {row} = {place} AND {owner} = {new})"
        ));
    }
    // The new one first: the row is never without an owner.
    if let Some(new) = new {
        run(Some(new), &|place, value| {
            format!(
                "INSERT INTO {table} ({row}, {owner}) SELECT {place}, {value}
                  WHERE NOT EXISTS (SELECT FROM ONLY {table} WHERE {row} = {place} AND {owner} = {value})"
            )
        });
    }
    if let Some(old) = old.filter(|old| Some(*old) != new) {
        run(Some(old), &|place, value| {
            format!("DELETE FROM ONLY {table} WHERE {row} = {place} AND {owner} = {value}")
        });
    }
}
