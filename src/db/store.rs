//! Appends rows to tables that only the extension writes to, and removes them, without the executor.
//!
//! Constraints, indexes and triggers of whatever kind a DBA has added are honoured: rows go through the
//! function that logical replication applies changes with. What is saved is parsing, planning and
//! starting the executor.

use super::identity::relation;
use pgrx::pg_sys::{self, Datum, ItemPointerData};

/// Appends `rows` to a table; a row has values for its first columns.
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
