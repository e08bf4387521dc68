//! Rows of attached tables by their keys, as the author of the mapping sees them.

use crate::db::entry::attached::keys::key_values;
use crate::db::entry::attached::mapping::Mapping;
use crate::db::entry::attached::statement::{quoted, Statement};
use crate::db::pg::catalog::sql_name;
use crate::db::pg::security::limit_lock_waits;
use crate::db::pg::tuple::composite_tuple;
use crate::db::routing::bulk_run;
use crate::db::settings;
use pgrx::pg_sys::{self, Datum, Oid};

/// The table as it is written to, with its partitions, but without tables that inherit from it.
pub fn rows_of(mapping: &Mapping) -> String {
    let only = if is_partitioned(mapping) { "" } else { "ONLY " };
    format!("{only}{}", sql_name(mapping.oid))
}

/// Whether the rows of a table are in partitions.
pub fn is_partitioned(mapping: &Mapping) -> bool {
    // SAFETY: a look-up in the syscache.
    let kind = unsafe { pg_sys::get_rel_relkind(Oid::from(mapping.oid)) };
    kind as u8 == pg_sys::RELKIND_PARTITIONED_TABLE
}

/// How long the row of a lead is waited for, in milliseconds. A sweep does not wait, as it is called again: whoever changes
/// the row may be waiting for the lead.
pub fn patience() -> i32 {
    if bulk_run::is_running() {
        0
    } else {
        settings::DUPLICATE_WAIT.get()
    }
}

/// The condition that finds a row.
pub fn row(statement: &mut Statement, mapping: &Mapping, key: &[String]) -> String {
    if is_partitioned(mapping) {
        statement.plan_with_values();
    }
    let columns = mapping.key.iter().zip(key);
    let equal = columns
        .map(|(column, value)| format!("{} = {}", quoted(&column.column), statement.text(value, column)));
    equal.collect::<Vec<_>>().join(" AND ")
}

/// Whether a row is there; also where that cannot be told, because the mapping is not trusted any more.
pub fn has_row(mapping: &Mapping, key: &str) -> bool {
    if !mapping.trusted {
        return true;
    }
    key_values(key, mapping.key.len()).is_some_and(|key| {
        let mut select = Statement::of(mapping.author());
        let row = row(&mut select, mapping, &key);
        select.run(format!("SELECT FROM {} WHERE {row}", rows_of(mapping))) > 0
    })
}

/// A row as one value, with its type; it lives as long as the memory context of the caller. A lock on the whole table is
/// waited for as long as one on the row.
pub fn row_of(mapping: &Mapping, key: &str) -> Option<(Datum, Oid)> {
    let _limit = limit_lock_waits(patience());
    let key = key_values(key, mapping.key.len())?;
    let mut select = Statement::of(mapping.author());
    let row = row(&mut select, mapping, &key);
    let sql = format!("SELECT t FROM {} AS t WHERE {row}", rows_of(mapping));
    values(mapping, select, sql).into_iter().next()
}

/// Some of the rows with the greatest keys, which mostly are the last that came.
pub fn last_rows(mapping: &Mapping) -> Vec<(Datum, Oid)> {
    let order: Vec<String> = mapping.key.iter().map(|key| format!("{} DESC", quoted(&key.column))).collect();
    let sql = format!("SELECT t FROM {} AS t ORDER BY {} LIMIT 5", rows_of(mapping), order.join(", "));
    values(mapping, Statement::of(mapping.author()), sql)
}

fn values(mapping: &Mapping, select: Statement, sql: String) -> Vec<(Datum, Oid)> {
    // SAFETY: reads the context and the type of a table; the only column is a row of it, whose copy is a value.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let type_id = pg_sys::get_rel_type_id(Oid::from(mapping.oid));
        select.ask(sql, |row| {
            let copy = composite_tuple(row.tuple, row.desc, context);
            (Datum::from((*copy).t_data as usize), type_id)
        })
    }
}
