//! Appends rows to tables that only the extension writes to, and removes them, without the executor.
//!
//! Neither constraints nor triggers run: `decisions`, `sla_clocks`, `notifications`, `turns` and
//! `turn_deltas` have only unique keys, which are checked. Their indexes must be plain (no expression, no
//! predicate).

use super::identity::relation;
use pgrx::pg_sys::{self, Datum, ItemPointerData};

/// Appends `rows` to a table; a row has a value for every column. Answers the place of the last.
pub fn append<const N: usize>(
    table: &str,
    rows: impl IntoIterator<Item = [Option<Datum>; N]>,
) -> Option<ItemPointerData> {
    let mut rows = rows.into_iter().peekable();
    rows.peek()?;
    let mut last = None;
    // SAFETY: the arrays have one place for every column; relation and indexes are closed in pairs, and
    // by the end of the (sub)transaction after an error.
    unsafe {
        let lock = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
        let table = pg_sys::table_open(relation(table), lock);
        let indexes = pg_sys::CatalogOpenIndexes(table);
        let shape = (*table).rd_att;
        assert_eq!((*shape).natts as usize, N, "a table of leadroute has another shape");
        for row in rows {
            let mut values = row.map(|value| value.unwrap_or(Datum::from(0)));
            let mut nulls = row.map(|value| value.is_none());
            let tuple = pg_sys::heap_form_tuple(shape, values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::CatalogTupleInsertWithInfo(table, tuple, indexes);
            last = Some((*tuple).t_self);
            pg_sys::heap_freetuple(tuple);
        }
        pg_sys::CatalogCloseIndexes(indexes);
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
    last
}

/// Removes rows that nobody else may change meanwhile.
pub fn remove(table: &str, places: &[ItemPointerData]) {
    if places.is_empty() {
        return;
    }
    // SAFETY: the places are those of visible rows of the table.
    unsafe {
        let table = pg_sys::table_open(relation(table), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        for place in places {
            let mut place = *place;
            pg_sys::CatalogTupleDelete(table, &mut place);
        }
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
}
