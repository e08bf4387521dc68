//! Appends rows to tables that only the extension writes to, and removes them, without the executor.
//!
//! Saved is parsing, planning and starting the executor. Rows go through the function that logical
//! replication applies changes with; it knows constraints and indexes of every kind. What only a whole
//! INSERT does (defaults, statement triggers, rules) is left to one, for a table to which it makes a difference.

use super::identity::relation;
use super::spi;
use pgrx::pg_sys::{self, Datum, ItemPointerData, Oid};
use pgrx::PgTupleDesc;
use std::ffi::CStr;

/// A table whose first `N` columns the extension fills.
pub struct Table<const N: usize> {
    /// Its name.
    pub name: &'static str,
    /// Types of the values.
    pub types: [Oid; N],
}

impl<const N: usize> Table<N> {
    /// Inserts rows, with everything that PostgreSQL does for an INSERT.
    pub fn insert(&self, rows: impl IntoIterator<Item = [Option<Datum>; N]>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        match self.statement() {
            None => append(self.name, rows),
            Some(statement) => spi::insert(&statement, &self.types, rows),
        }
    }

    /// The INSERT that the table needs; `None` if appending comes to the same.
    fn statement(&self) -> Option<String> {
        // SAFETY: the relcache entry is read between open and close; the lock is kept.
        unsafe {
            let table = pg_sys::table_open(relation(self.name), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
            let columns = PgTupleDesc::from_pg_unchecked((*table).rd_att);
            let plain = has_only_our_triggers(table)
                && (*table).rd_rules.is_null()
                && !(*(*table).rd_rel).relforcerowsecurity
                && columns.len() >= N
                && columns.iter().enumerate().all(|(place, column)| match self.types.get(place) {
                    Some(given) => holds(column, *given),
                    None => column.attisdropped || stays_null(column),
                });
            let statement = (!plain).then(|| self.insert_into(&columns));
            drop(columns);
            pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
            statement
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

/// Whether nobody has added triggers. Our own of a row are fired by appending too, and those of a statement do
/// nothing for rows that are routed.
unsafe fn has_only_our_triggers(table: pg_sys::Relation) -> bool {
    // SAFETY: the caller has opened the table.
    unsafe {
        let Some(triggers) = (*table).trigdesc.as_ref() else {
            return true;
        };
        let schema = pg_sys::get_rel_namespace((*table).rd_id);
        let triggers = std::slice::from_raw_parts(triggers.triggers, triggers.numtriggers as usize);
        triggers.iter().all(|trigger| pg_sys::get_func_namespace(trigger.tgfoid) == schema)
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

/// Whether an INSERT that does not name a column leaves it NULL without further ado.
fn stays_null(column: &pg_sys::FormData_pg_attribute) -> bool {
    let by_column = column.atthasdef || column.attidentity != 0;
    // SAFETY: looks a type up in the syscache. A domain may have rules of its own.
    !by_column
        && unsafe {
            pg_sys::getBaseType(column.atttypid) == column.atttypid
                && pg_sys::get_typdefault(column.atttypid).is_null()
        }
}

/// Appends `rows` to a table; a row has values for its first columns. Row triggers
/// are fired, statement triggers and defaults are not.
pub fn append(table: &str, rows: impl IntoIterator<Item = impl AsRef<[Option<Datum>]>>) {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return;
    }
    // SAFETY: executor state, slot, indexes and relation are opened and closed in pairs (an error frees
    // them with the transaction); the slot has a place for every column.
    unsafe {
        let table = pg_sys::table_open(relation(table), pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let target = Target::open(table);
        for row in rows {
            target.insert(row.as_ref());
        }
        target.close();
        pg_sys::table_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
    }
}

/// An open table with what the executor needs to insert into it.
struct Target {
    estate: *mut pg_sys::EState,
    relation: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
}

impl Target {
    unsafe fn open(table: pg_sys::Relation) -> Self {
        // SAFETY: the caller has opened the table.
        unsafe {
            let estate = pg_sys::CreateExecutorState();
            let size = size_of::<pg_sys::ResultRelInfo>();
            let relation: *mut pg_sys::ResultRelInfo = pg_sys::palloc0(size).cast();
            (*relation).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            pg_sys::InitResultRelInfo(relation, table, 0, std::ptr::null_mut(), 0);
            // Triggers look their target up there.
            let targets = (*estate).es_opened_result_relations;
            (*estate).es_opened_result_relations = pg_sys::lappend(targets, relation.cast());
            pg_sys::ExecOpenIndices(relation, false);
            pg_sys::AfterTriggerBeginQuery();
            let slot = pg_sys::MakeSingleTupleTableSlot((*table).rd_att, &raw const pg_sys::TTSOpsVirtual);
            Self { estate, relation, slot }
        }
    }

    unsafe fn insert(&self, row: &[Option<Datum>]) {
        // SAFETY: the slot has as many places as the table has columns.
        unsafe {
            let columns = (*(*self.slot).tts_tupleDescriptor).natts as usize;
            assert!(row.len() <= columns, "a table of leadroute has lost a column");
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                clear(self.slot);
            }
            for place in 0..columns {
                let value = row.get(place).copied().flatten();
                *(*self.slot).tts_values.add(place) = value.unwrap_or(Datum::from(0));
                *(*self.slot).tts_isnull.add(place) = value.is_none();
            }
            pg_sys::ExecStoreVirtualTuple(self.slot);
            pg_sys::ExecSimpleRelationInsert(self.relation, self.estate, self.slot);
        }
    }

    unsafe fn close(self) {
        // SAFETY: closes what open has opened.
        unsafe {
            pg_sys::AfterTriggerEndQuery(self.estate);
            pg_sys::ExecCloseIndices(self.relation);
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            pg_sys::ExecResetTupleTable((*self.estate).es_tupleTable, false);
            pg_sys::FreeExecutorState(self.estate);
        }
    }
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
