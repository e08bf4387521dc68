//! What routing writes into a row must not make the statement of the user fail: what a constraint of the table refuses is
//! left out, with a warning.

use crate::db::entry::attached::holder::missing_in;
use crate::db::entry::attached::lead_of_row::composite;
use crate::db::entry::attached::mapping::{Check, Mapping, Row, Write};
use crate::db::entry::attached::statement::evaluate;
use crate::db::entry::attached::unique;
use crate::db::entry::attached::unique_index::Unique;
use crate::db::errors;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::tuple::Replaced;
use pgrx::pg_sys;

/// The row with what routing wrote, but for values that its constraints refuse: there it is as it came.
///
/// # Safety
/// The tuple must have the descriptor of the row.
pub unsafe fn fitting(
    came: Row,
    tuple: pg_sys::HeapTuple,
    mapping: &Mapping,
    key: &str,
) -> pg_sys::HeapTuple {
    let mut written = Row { tuple, ..came };
    let uniques = mapping.uniques(came.relation());
    while mapping.may_refuse() || !uniques.is_empty() {
        let mut refused = refused(came, written, mapping);
        if refused.is_empty() {
            refused = collides(&uniques, came, written, key, mapping);
        }
        if refused.is_empty() {
            break;
        }
        // SAFETY: the caller vouches for the tuple.
        written.tuple = unsafe { as_it_came(&refused, came, written, mapping) };
    }
    written.tuple
}

/// A column that is left as it came, and why: SQLSTATE and words.
type Refused<'a> = (&'a str, &'static str, String);

/// Columns that routing wrote with what a unique index allows once, and another row has.
fn collides<'a>(
    uniques: &'a [Unique],
    came: Row,
    written: Row,
    key: &str,
    mapping: &Mapping,
) -> Vec<Refused<'a>> {
    let refuse = |unique: &'a Unique| {
        let why = format!("another row has it, which {} allows only once", unique.name);
        unique.columns.iter().map(move |column| (column.as_str(), "23505", why.clone()))
    };
    let broken = unique::broken(uniques, written, key, mapping).into_iter();
    broken.flat_map(refuse).filter(|(column, ..)| written.differs(came, column)).collect()
}

/// Columns that routing wrote with values that cannot stand there. What is put back may be refused beside what is not:
/// so it is asked again, with fewer columns each time.
fn refused(came: Row, written: Row, mapping: &Mapping) -> Vec<Refused<'_>> {
    let mut refused = unknown(written, mapping);
    if !mapping.checks.is_empty() {
        let all: Vec<&Check> = mapping.checks.iter().collect();
        let broken = protect(|| broken(written, &all, mapping)).unwrap_or_else(|_| {
            // one that cannot be evaluated is left to PostgreSQL
            all.iter()
                .flat_map(|check| protect(|| broken(written, &[*check], mapping)).unwrap_or_default())
                .collect()
        });
        for column in broken.iter().flat_map(|check| &check.columns) {
            if !refused.contains(&column.as_str()) {
                refused.push(column);
            }
        }
    }
    refused.retain(|column| written.differs(came, column));
    let why = "a constraint of the table refuses the value";
    refused.into_iter().map(|column| (column, "23514", why.to_owned())).collect()
}

/// # Safety
/// Both tuples must have the descriptor.
unsafe fn as_it_came(
    refused: &[Refused<'_>],
    came: Row,
    written: Row,
    mapping: &Mapping,
) -> pg_sys::HeapTuple {
    // SAFETY: the caller vouches for the tuples.
    unsafe {
        let mut replaced = Replaced::none(came.desc);
        for (column, sqlstate, why) in refused {
            errors::warn_not_written(column, &sql_name(mapping.oid), sqlstate, why);
            replaced.set(came.number(column) as usize - 1, came.value(column).datum);
        }
        replaced.in_tuple(written.tuple)
    }
}

/// Columns with a value that is missing in the table that a foreign key refers to. Whether the owner is there was asked
/// before.
fn unknown(written: Row, mapping: &Mapping) -> Vec<&str> {
    let is_unknown = |write: &&Write| {
        let value = if write.users.is_empty() { None } else { written.text(&write.to.column) };
        value.is_some_and(|value| missing_in(&write.users, &value, true).is_some())
    };
    mapping.writes.iter().filter(is_unknown).map(|write| write.to.column.as_str()).collect()
}

/// The checks that the row would break.
fn broken<'a>(written: Row, checks: &[&'a Check], mapping: &Mapping) -> Vec<&'a Check> {
    let list: Vec<String> = checks.iter().map(|check| format!("({})", check.expression)).collect();
    let sql = format!("SELECT {} FROM ({}) AS lead", list.join(", "), mapping.row);
    let (row, type_id) = composite(written);
    let answers = evaluate(mapping.author(), (sql, vec![type_id]), &[row], |answer| {
        let holds = |place: usize| answer.get::<bool>(place as i32 + 1) != Some(false);
        (0..checks.len()).map(holds).collect::<Vec<bool>>()
    });
    let answers = answers.unwrap_or_default();
    checks.iter().zip(answers).filter(|(_, holds)| !holds).map(|(check, _)| *check).collect()
}
