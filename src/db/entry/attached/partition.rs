//! The partition that a row of a partitioned attached table is in: it has columns in an order of its own, and indexes that the
//! table may not have.

use crate::db::entry::attached::keys::key_values;
use crate::db::entry::attached::mapping::{Mapping, Row};
use crate::db::entry::attached::row_by_key::{is_partitioned, patience, row, row_of, rows_of};
use crate::db::entry::attached::statement::Statement;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::security::limit_lock_waits;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::{locks, spi};
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};

/// The partition of a row, if the table has such; `None` where the row is gone.
fn of_row(mapping: &Mapping, key: &str) -> Option<Oid> {
    let _limit = limit_lock_waits(patience());
    let values = key_values(key, mapping.key.len()).filter(|_| is_partitioned(mapping))?;
    let mut select = Statement::of(mapping.author());
    let row = row(&mut select, mapping, &values);
    let sql = format!("SELECT t.tableoid FROM {} AS t WHERE {row}", rows_of(mapping));
    select.ask(sql, |row| row.get::<Oid>(1)).into_iter().next().flatten()
}

/// Locks the partition of a row for writing, and those that it is a part of. It is waited for as long as the row; the lock that
/// reading it has taken is too weak to write, and taking a stronger one could wait for whoever waits for this transaction.
pub fn lock(mapping: &Mapping, key: &str) {
    if !is_partitioned(mapping) {
        return;
    }
    let held = |table: Oid| errors::row_is_held(&sql_name(table.to_u32()), &[key.to_owned()]);
    let part = protect(|| of_row(mapping, key)).unwrap_or_else(|failure| match failure.is_held() {
        true => held(Oid::from(mapping.oid)),
        false => failure.rethrow(),
    });
    let wholes =
        part.map(|part| queries::WHOLES.read(&[Some(Datum::from(part))], |row: spi::Row| row.get::<Oid>(1)));
    for table in wholes.into_iter().flatten().flatten() {
        if !locks::lock_table_within(patience(), table) {
            held(table);
        }
    }
}

/// A row as it stands in the table or its partition.
pub fn stored_row(mapping: &Mapping, key: &str) -> Option<Row> {
    let (datum, type_id) = row_of(mapping, key)?;
    // SAFETY: a value of a row type, with its type; the descriptor is a copy.
    let row = unsafe {
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        let mut row = pg_sys::HeapTupleData {
            t_len: pgrx::varsize_any(header) as u32,
            t_data: header.cast(),
            ..pg_sys::HeapTupleData::default()
        };
        Row {
            tuple: pg_sys::heap_copytuple(&mut row),
            desc: pg_sys::lookup_rowtype_tupdesc_copy(type_id, -1),
        }
    };
    match of_row(mapping, key) {
        Some(part) => Some(as_of(part, row)),
        None => (!is_partitioned(mapping)).then_some(row),
    }
}

/// A row of a partitioned table as a row of its partition.
fn as_of(part: Oid, row: Row) -> Row {
    // SAFETY: the partition was read just now, and so stays; it has the columns of the table, of the same types.
    unsafe {
        let desc = pg_sys::lookup_rowtype_tupdesc_copy(pg_sys::get_rel_type_id(part), -1);
        let map = pg_sys::convert_tuples_by_name(row.desc, desc);
        let tuple = if map.is_null() { row.tuple } else { pg_sys::execute_attr_map_tuple(row.tuple, map) };
        Row { tuple, desc }
    }
}
