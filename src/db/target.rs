//! An open table with what the executor needs to insert into it.
//!
//! Making that costs more than a row: indexes are described, constraints and predicates are parsed. So it is kept for the
//! next time, as long as no relation changes; relations and their locks are not.

use super::names::epoch;
use super::store::has_only_our_triggers;
use pgrx::pg_sys::{self, Datum, Oid};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

const LOCK: pg_sys::LOCKMODE = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;

/// Rows that go into the table together, so that they share pages, locks of them and records of the log.
const TOGETHER: usize = 64;

thread_local! {
    /// By table. It is taken out while it is used: after an error, or by a trigger in between, it is made anew.
    static KEPT: RefCell<FxHashMap<Oid, Tools>> = RefCell::default();
}

/// What is made for a table; the memory belongs to `estate`.
struct Tools {
    epoch: u64,
    estate: *mut pg_sys::EState,
    relation: *mut pg_sys::ResultRelInfo,
    /// One at least, and `TOGETHER` once so many rows have come.
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    indexes: Vec<Oid>,
}

/// A table that rows are appended to.
pub struct Target {
    table: pg_sys::Relation,
    tools: Tools,
}

impl Target {
    /// Opens indexes and constraints.
    ///
    /// # Safety
    /// The table must be open and locked, and stay so until [`close`](Self::close).
    pub unsafe fn open(table: pg_sys::Relation) -> Self {
        // SAFETY: the caller has opened the table; what was kept for it has not changed.
        unsafe {
            let kept = KEPT.with_borrow_mut(|kept| kept.remove(&(*table).rd_id));
            let tools = match kept {
                Some(tools) if tools.reopen(table) => tools,
                Some(tools) => {
                    pg_sys::FreeExecutorState(tools.estate);
                    Tools::make(table)
                }
                None => Tools::make(table),
            };
            if !(*tools.relation).ri_TrigDesc.is_null() {
                pg_sys::AfterTriggerBeginQuery();
            }
            Self { table, tools }
        }
    }

    /// Appends rows, which have values for their first columns.
    ///
    /// # Safety
    /// The values must have the types of the columns.
    pub unsafe fn insert(&mut self, rows: impl IntoIterator<Item = impl AsRef<[Option<Datum>]>>) {
        // SAFETY: the caller vouches for the rows; the tools were made for the table.
        unsafe {
            let together = if self.tools.takes_many(self.table) { TOGETHER } else { 1 };
            let mut rows = rows.into_iter();
            loop {
                let mut filled = 0;
                for row in rows.by_ref().take(together) {
                    self.tools.fill(filled, row.as_ref());
                    filled += 1;
                }
                match filled {
                    0 => return,
                    1 => {
                        let Tools { relation, estate, .. } = self.tools;
                        pg_sys::ExecSimpleRelationInsert(relation, estate, self.tools.slots[0]);
                    }
                    _ => self.tools.insert_together(self.table, filled),
                }
                self.tools.clear(filled);
            }
        }
    }

    /// Fires triggers and closes what was opened.
    ///
    /// # Safety
    /// The table must still be open.
    pub unsafe fn close(self) {
        // SAFETY: closes what open has opened; the tools are not used after they are given away.
        unsafe {
            let (table, this) = (self.table, std::mem::ManuallyDrop::new(self));
            let tools = std::ptr::read(&raw const this.tools);
            if !(*tools.relation).ri_TrigDesc.is_null() {
                pg_sys::AfterTriggerEndQuery(tools.estate);
            }
            pg_sys::ExecCloseIndices(tools.relation);
            if tools.can_be_kept() {
                let before = KEPT.with_borrow_mut(|kept| kept.insert((*table).rd_id, tools));
                before.into_iter().for_each(|tools| pg_sys::FreeExecutorState(tools.estate));
            } else {
                pg_sys::ExecResetTupleTable((*tools.estate).es_tupleTable, false);
                pg_sys::FreeExecutorState(tools.estate);
            }
        }
    }
}

impl Drop for Target {
    /// After an error, which closes relations by itself.
    fn drop(&mut self) {
        // SAFETY: nobody else has the tools.
        unsafe { pg_sys::MemoryContextDelete((*self.tools.estate).es_query_cxt) };
    }
}

impl Tools {
    unsafe fn make(table: pg_sys::Relation) -> Self {
        // SAFETY: the caller has opened the table.
        unsafe {
            // Triggers may run in the memory of the statement, as they would for an INSERT.
            let before = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
            let (epoch, estate) = (epoch(), pg_sys::CreateExecutorState());
            pg_sys::MemoryContextSwitchTo((*estate).es_query_cxt);
            let size = size_of::<pg_sys::ResultRelInfo>();
            let relation: *mut pg_sys::ResultRelInfo = pg_sys::palloc0(size).cast();
            (*relation).type_ = pg_sys::NodeTag::T_ResultRelInfo;
            pg_sys::InitResultRelInfo(relation, table, 0, std::ptr::null_mut(), 0);
            // Our own triggers, of which only leads have any, do nothing for rows that are routed.
            if has_only_our_triggers(table) {
                (*relation).ri_TrigDesc = std::ptr::null_mut();
            }
            // Triggers look their target up there.
            let targets = (*estate).es_opened_result_relations;
            (*estate).es_opened_result_relations = pg_sys::lappend(targets, relation.cast());
            pg_sys::ExecOpenIndices(relation, false);
            let opened = (*relation).ri_NumIndices as usize;
            let index = |place| (**(*relation).ri_IndexRelationDescs.add(place)).rd_id;
            let indexes = (0..opened).map(index).collect();
            // a shape of its own, which does not end with the transaction
            let shape = pg_sys::CreateTupleDescCopy((*table).rd_att);
            let slots = vec![pg_sys::MakeSingleTupleTableSlot(shape, &raw const pg_sys::TTSOpsHeapTuple)];
            pg_sys::MemoryContextSwitchTo(before);
            Self { epoch, estate, relation, slots, indexes }
        }
    }

    /// Whether rows may go into the table together: nothing is to be done with each of them but that.
    unsafe fn takes_many(&self, table: pg_sys::Relation) -> bool {
        // SAFETY: the caller has opened the table.
        unsafe {
            let of_rows = |triggers: &pg_sys::TriggerDesc| {
                triggers.trig_insert_before_row
                    || triggers.trig_insert_after_row
                    || triggers.trig_insert_instead_row
            };
            let kind = &*(*table).rd_rel;
            kind.relam == pg_sys::HEAP_TABLE_AM_OID
                && !kind.relispartition
                && !(*self.relation).ri_TrigDesc.as_ref().is_some_and(of_rows)
        }
    }

    /// Puts a row into a slot.
    unsafe fn fill(&mut self, place: usize, row: &[Option<Datum>]) {
        // SAFETY: the slots have as many places as the table has columns.
        unsafe {
            if place == self.slots.len() {
                let shape = (*self.slots[0]).tts_tupleDescriptor;
                let before = pg_sys::MemoryContextSwitchTo((*self.estate).es_query_cxt);
                self.slots.push(pg_sys::MakeSingleTupleTableSlot(shape, &raw const pg_sys::TTSOpsHeapTuple));
                pg_sys::MemoryContextSwitchTo(before);
            }
            let slot = self.slots[place];
            let columns = (*(*slot).tts_tupleDescriptor).natts as usize;
            assert!(row.len() <= columns, "a table of leadroute has lost a column");
            for column in 0..columns {
                let value = row.get(column).copied().flatten();
                *(*slot).tts_values.add(column) = value.unwrap_or(Datum::from(0));
                *(*slot).tts_isnull.add(column) = value.is_none();
            }
            pg_sys::ExecStoreVirtualTuple(slot);
        }
    }

    /// What `ExecSimpleRelationInsert` does, for the rows of several slots and without triggers.
    unsafe fn insert_together(&mut self, table: pg_sys::Relation, filled: usize) {
        let Self { estate, relation, .. } = *self;
        // SAFETY: the slots are filled with rows of the table.
        unsafe {
            if !(*(*table).rd_att).constr.is_null() {
                for slot in &self.slots[..filled] {
                    pg_sys::ExecConstraints(relation, *slot, estate);
                }
            }
            let (slots, count) = (self.slots.as_mut_ptr(), filled as i32);
            let command = pg_sys::GetCurrentCommandId(true);
            pg_sys::heap_multi_insert(table, slots, count, command, 0, std::ptr::null_mut());
            for slot in &self.slots[..filled] {
                insert_into_indexes(relation, *slot, estate);
            }
        }
    }

    /// Empties slots, and forgets what was made for them.
    unsafe fn clear(&self, filled: usize) {
        // SAFETY: nobody uses the rows any more.
        unsafe {
            for slot in &self.slots[..filled] {
                if let Some(clear) = (*(**slot).tts_ops).clear {
                    clear(*slot);
                }
            }
            let context = (*self.estate).es_per_tuple_exprcontext;
            if !context.is_null() {
                pg_sys::MemoryContextReset((*context).ecxt_per_tuple_memory);
            }
        }
    }

    /// Whether everything is as it was; then the indexes are open again.
    unsafe fn reopen(&self, table: pg_sys::Relation) -> bool {
        if self.epoch != epoch() {
            return false;
        }
        // SAFETY: the relation has as many indexes as there are names; who locks one hears of changes.
        unsafe {
            (*self.relation).ri_RelationDesc = table;
            for (place, index) in self.indexes.iter().enumerate() {
                *(*self.relation).ri_IndexRelationDescs.add(place) = pg_sys::index_open(*index, LOCK);
            }
            let unchanged = self.epoch == epoch();
            if !unchanged {
                pg_sys::ExecCloseIndices(self.relation);
            }
            unchanged
        }
    }

    /// Triggers leave things behind, and so may kinds of indexes that are not ours.
    unsafe fn can_be_kept(&self) -> bool {
        // SAFETY: the arrays have a place for each index.
        unsafe {
            let is_plain = |place: usize| {
                let index = &**(*self.relation).ri_IndexRelationInfo.add(place);
                index.ii_Am == pg_sys::BTREE_AM_OID && index.ii_ExclusionOps.is_null()
            };
            (*self.relation).ri_TrigDesc.is_null() && (0..self.indexes.len()).all(is_plain)
        }
    }
}

/// None of the indexes is checked later, as that would take a trigger.
unsafe fn insert_into_indexes(
    relation: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
    estate: *mut pg_sys::EState,
) {
    use std::ptr::null_mut;
    // SAFETY: the row is in the table.
    unsafe {
        #[cfg(any(feature = "pg14", feature = "pg15"))]
        pg_sys::ExecInsertIndexTuples(relation, slot, estate, false, false, null_mut(), null_mut());
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        pg_sys::ExecInsertIndexTuples(relation, slot, estate, false, false, null_mut(), null_mut(), false);
    }
}
