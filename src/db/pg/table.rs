//! Appends rows to tables that only the extension writes to, and removes them, without the executor.
//!
//! That saves parsing, planning and starting the executor: an INSERT by a kept plan makes a bulk insert 27 % slower, and a
//! single one 30 %. Rows go through the function by which logical
//! replication applies changes; it handles constraints and indexes of every kind. A table that needs what only
//! an INSERT does (defaults, statement triggers, rules) gets one.

use crate::db::errors;
use crate::db::pg::catalog::{self, relation};
use crate::db::pg::insert_state::{has_only_our_triggers, Target};
use crate::db::pg::once;
use pgrx::pg_sys::{self, Datum, ItemPointerData, Oid};
use pgrx::PgTupleDesc;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};

/// A table whose first `N` columns the extension fills.
pub struct Table<const N: usize> {
    name: &'static str,
    types: [Oid; N],
    /// The epoch in which the table was found to be plain.
    plain_at: AtomicU64,
}

impl<const N: usize> Table<N> {
    /// A table with the types of the values.
    pub const fn new(name: &'static str, types: [Oid; N]) -> Self {
        Self { name, types, plain_at: AtomicU64::new(0) }
    }

    /// Inserts rows, with everything that PostgreSQL does for an INSERT.
    pub fn insert(&self, rows: impl IntoIterator<Item = [Option<Datum>; N]>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        // SAFETY: relations are opened and closed in pairs; the lock is kept. A plain table holds the values.
        unsafe {
            let table = pg_sys::table_open(relation(self.name), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
            let statement = self.statement(table);
            match statement {
                None => append_to(table, rows),
                Some(statement) => once::insert(&statement, &self.types, rows),
            }
            pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
        }
    }

    /// The INSERT that the table needs; `None` if appending does the same.
    unsafe fn statement(&self, table: pg_sys::Relation) -> Option<String> {
        let now = catalog::epoch();
        if self.plain_at.load(Ordering::Relaxed) == now {
            return None;
        }
        // SAFETY: the caller has opened the table.
        unsafe {
            let columns = PgTupleDesc::from_pg_unchecked((*table).rd_att);
            let plain = has_only_our_triggers(table)
                && (*table).rd_rules.is_null()
                && !(*(*table).rd_rel).relforcerowsecurity
                && columns.len() >= N
                && columns.iter().enumerate().all(|(place, column)| match self.types.get(place) {
                    Some(given) => holds(column, *given),
                    None => column.attisdropped || stays_null(column),
                });
            if plain {
                self.plain_at.store(now, Ordering::Relaxed);
            }
            (!plain).then(|| self.insert_into(&columns))
        }
    }

    /// Columns that were dropped are left out, others may have got another name or type.
    fn insert_into(&self, columns: &PgTupleDesc<'_>) -> String {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (place, column) in columns.iter().take(N).enumerate().filter(|(_, column)| !column.attisdropped) {
            // SAFETY: a name ends with a zero; the quoted one is copied.
            let name = unsafe { CStr::from_ptr(pg_sys::quote_identifier(column.attname.data.as_ptr())) };
            names.push(name.to_string_lossy().into_owned());
            values.push(format!("${}", place + 1));
        }
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO leadroute.{} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values})", self.name)
    }
}

/// Whether a column takes values of a type as they are.
fn holds(column: &pg_sys::FormData_pg_attribute, given: Oid) -> bool {
    // a dropped column has no type any more
    if column.attisdropped || column.atttypmod != -1 {
        return false;
    }
    // SAFETY: looks a type up in the syscache.
    column.atttypid == given || unsafe { pg_sys::getBaseType(column.atttypid) } == given
}

/// Whether a column that an INSERT does not name stays NULL, and no code runs for it.
fn stays_null(column: &pg_sys::FormData_pg_attribute) -> bool {
    let by_column = column.atthasdef || column.attidentity != 0;
    // SAFETY: looks a type up in the syscache. A domain may have rules of its own.
    !by_column
        && unsafe {
            pg_sys::getBaseType(column.atttypid) == column.atttypid
                && pg_sys::get_typdefault(column.atttypid).is_null()
        }
}

/// Appends a row to a table; it has values of these types for its first columns. Row triggers are fired, statement
/// triggers and defaults are not.
pub fn append(table: &'static str, types: &[Oid], row: &[Option<Datum>]) {
    // SAFETY: the relation is opened and closed in a pair; the lock is kept. The columns hold the values.
    unsafe {
        let table = pg_sys::table_open(relation(table), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let columns = PgTupleDesc::from_pg_unchecked((*table).rd_att);
        let other = types
            .iter()
            .enumerate()
            .find(|(place, given)| columns.get(*place).is_none_or(|column| !holds(column, **given)));
        if let Some((place, _)) = other {
            errors::column_has_another_type(columns.get(place).map_or("?", |column| column.name()));
        }
        append_to(table, [row]);
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
}

unsafe fn append_to(table: pg_sys::Relation, rows: impl IntoIterator<Item = impl AsRef<[Option<Datum>]>>) {
    // SAFETY: the caller has opened the table.
    unsafe {
        let mut target = Target::open(table);
        target.insert(rows);
        target.close();
    }
}

/// Removes rows that nobody else may change meanwhile.
pub fn remove(table: &'static str, places: &[ItemPointerData]) {
    if places.is_empty() {
        return;
    }
    // SAFETY: the ctids are those of visible rows of the table.
    unsafe {
        let table = pg_sys::table_open(relation(table), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        for place in places {
            delete(table, *place);
        }
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
}

/// Deletes a row. If another session has changed it by hand, that is a serialization failure.
unsafe fn delete(table: pg_sys::Relation, mut place: ItemPointerData) {
    // SAFETY: the caller has opened the table; the ctid is that of a row of it.
    unsafe {
        let mut failure = pg_sys::TM_FailureData::default();
        let (command, now) = (pg_sys::GetCurrentCommandId(true), std::ptr::null_mut());
        let result = pg_sys::heap_delete(table, &mut place, command, now, true, &mut failure, false);
        if result != pg_sys::TM_Result::TM_Ok {
            errors::changed_by_hand(&relation_name(table));
        }
    }
}

unsafe fn relation_name(table: pg_sys::Relation) -> String {
    // SAFETY: the caller has opened the table; a name ends with a zero.
    let name = unsafe { CStr::from_ptr((*(*table).rd_rel).relname.data.as_ptr()) };
    name.to_string_lossy().into_owned()
}
