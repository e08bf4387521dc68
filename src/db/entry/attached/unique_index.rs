//! Unique and exclusion indexes over columns that routing writes.

use crate::db::pg::catalog::sql_name;
use crate::db::pg::security::AsOwner;
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
    /// Those columns.
    pub columns: Vec<String>,
}

/// Those of a table, or of a partition, for some columns.
pub fn of_table(table: Oid, columns: Vec<String>) -> Vec<Unique> {
    let _owner = AsOwner::begin();
    let found = queries::UNIQUES.read(&[Some(Datum::from(table)), columns.into_datum()], |row| {
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
