//! What unique and exclusion indexes of a table of links allow once: who has what only one can have cannot be linked to another
//! row. Asked are the indexes in which only the row and its owner stand: what else a link will hold is not known.

use crate::db::entry::attached::convert::for_table;
use crate::db::entry::attached::mapping::{Column, Link, Mapping, Row};
use crate::db::entry::attached::unique::collision;
use crate::db::entry::attached::unique_index::Unique;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::tuple::Replaced;
use pgrx::pg_sys::{self, Oid};

/// What keeps a row from being linked to an owner: another row that is.
pub fn problem(link: &Link, mapping: &Mapping, key: &str, value: &str) -> Option<String> {
    let owner = &mapping.owner.to;
    let uniques = mapping.uniques_of_links()?;
    let is_decided = |unique: &&Unique| {
        let is_known = |column: &String| *column == owner.column || *column == link.row.column;
        unique.columns.contains(&owner.column) && unique.columns.iter().all(is_known)
    };
    let mut uniques = uniques.iter().filter(is_decided).peekable();
    uniques.peek()?;
    let written = linked(link, owner, key, value)?;
    let is_itself = |other: Row| other.text(&link.row.column).as_deref() == Some(key);
    let broken = collision(uniques, written, is_itself)?;
    Some(format!("would have a row of {} that {} allows only once", sql_name(link.oid), broken.name))
}

/// Whether a row can have one link only, or one of each kind.
pub fn is_one_per_row(link: &Link, mapping: &Mapping) -> bool {
    let is_of_row = |unique: &Unique| {
        unique.columns.contains(&link.row.column) && !unique.columns.contains(&mapping.owner.to.column)
    };
    mapping.uniques_of_links().is_some_and(|uniques| uniques.iter().any(is_of_row))
}

/// A link of a row to an owner; nothing where their values do not fit.
fn linked(link: &Link, owner: &Column, key: &str, value: &str) -> Option<Row> {
    let held = |text: &str, column: &Column| {
        protect(|| for_table(text, column.type_id(), column.modifier, link.author())).ok()
    };
    let values = [(&link.row, held(key, &link.row)?), (owner, held(value, owner)?)];
    // SAFETY: the descriptor is a copy, and that of a table; the values have the types of its columns.
    unsafe {
        let type_id = pg_sys::get_rel_type_id(Oid::from(link.oid));
        let desc = pg_sys::lookup_rowtype_tupdesc_copy(type_id, -1);
        let row = Row { tuple: std::ptr::null_mut(), desc };
        let mut replaced = Replaced::none(desc);
        for (column, value) in values {
            replaced.set(row.number(&column.column) as usize - 1, value);
        }
        Some(Row { tuple: replaced.as_tuple(), desc })
    }
}
