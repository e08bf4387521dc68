//! Unique and exclusion indexes over columns that routing writes.

use crate::db::pg::catalog::sql_name;
use crate::db::queries;
use pgrx::pg_sys::{Datum, Oid};
use pgrx::IntoDatum;

/// Such an index.
#[derive(Debug)]
pub struct Unique {
    /// The index.
    pub index: Oid,
    /// Its name, for people.
    pub name: String,
    /// Its columns, as far as they were asked for.
    pub columns: Vec<String>,
}

/// Those of a table, or of a partition, for some columns; without such all of them, those of its primary key included.
pub fn of_table(table: Oid, columns: Option<Vec<String>>) -> Vec<Unique> {
    let found = queries::UNIQUES
        .read(&[Some(Datum::from(table)), columns.and_then(IntoDatum::into_datum)], |row| {
            Some((row.get::<Oid>(1)?, row.get::<String>(2)?))
        });
    let mut uniques: Vec<Unique> = Vec::new();
    for (index, column) in found.into_iter().flatten() {
        match uniques.last_mut().filter(|last| last.index == index) {
            Some(last) => last.columns.push(column),
            None => uniques.push(Unique { index, name: sql_name(index.to_u32()), columns: vec![column] }),
        }
    }
    uniques
}
