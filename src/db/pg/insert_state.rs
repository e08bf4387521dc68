//! An open table with what the executor needs to insert into it.
//!
//! Making that costs more than a row: indexes are described, constraints and predicates are parsed. So it is kept for
//! the next time, as long as no relation changes; relations and their locks are not. Making it anew for every lead costs 3 %
//! of single and of bulk inserts.

use crate::db::pg::catalog::{self, epoch};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::PgTupleDesc;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

const LOCK: pg_sys::LOCKMODE = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
/// `TOAST_LZ4_COMPRESSION`.
const LZ4: std::ffi::c_char = b'l'.cast_signed();
/// Bytes from which on it is tried.
const LEAST_COMPRESSED: usize = 256;

thread_local! {
    /// By table. It is taken out while it is used: after an error, or by a trigger in between, it is made anew.
    static PREPARED: RefCell<FxHashMap<Oid, Tools>> = RefCell::default();
}

/// What is made for a table; the memory belongs to `estate`.
struct Tools {
    epoch: u64,
    estate: *mut pg_sys::EState,
    relation: *mut pg_sys::ResultRelInfo,
    slot: *mut pg_sys::TupleTableSlot,
    /// What kinds of indexes remember over the rows of a statement (`ii_AmCache`).
    index_memory: pg_sys::MemoryContext,
    indexes: Vec<Oid>,
    /// Columns that are compressed.
    compressed: Vec<usize>,
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
            let kept = PREPARED.with_borrow_mut(|kept| kept.remove(&(*table).rd_id));
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
        for row in rows {
            // SAFETY: the caller vouches for the rows; the tools were made for the table.
            unsafe {
                let Tools { relation, estate, slot, .. } = self.tools;
                fill(slot, row.as_ref(), &self.tools.compressed);
                pg_sys::ExecSimpleRelationInsert(relation, estate, slot);
                self.tools.clear();
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
                tools.forget_rows();
                let before = PREPARED.with_borrow_mut(|kept| kept.insert((*table).rd_id, tools));
                before.into_iter().for_each(|tools| pg_sys::FreeExecutorState(tools.estate));
            } else {
                pg_sys::ExecResetTupleTable((*tools.estate).es_tupleTable, false);
                pg_sys::FreeExecutorState(tools.estate);
            }
        }
    }
}

/// Whether nobody has added triggers. Our own do nothing for rows that are routed.
///
/// # Safety
/// The table must be open.
pub unsafe fn has_only_our_triggers(table: pg_sys::Relation) -> bool {
    // SAFETY: the caller has opened the table.
    unsafe {
        let Some(triggers) = (*table).trigdesc.as_ref() else {
            return true;
        };
        let triggers = std::slice::from_raw_parts(triggers.triggers, triggers.numtriggers as usize);
        triggers.iter().all(|trigger| catalog::is_our_function(trigger.tgfoid))
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
            let index_memory = index_memory((*estate).es_query_cxt);
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
            for place in 0..opened {
                (**(*relation).ri_IndexRelationInfo.add(place)).ii_Context = index_memory;
            }
            let index = |place| (**(*relation).ri_IndexRelationDescs.add(place)).rd_id;
            let indexes = (0..opened).map(index).collect();
            // a descriptor of its own, which does not end with the transaction
            let shape = pg_sys::CreateTupleDescCopy((*table).rd_att);
            let slot = pg_sys::MakeSingleTupleTableSlot(shape, &raw const pg_sys::TTSOpsHeapTuple);
            pg_sys::MemoryContextSwitchTo(before);
            let compressed = compressed_columns(&PgTupleDesc::from_pg_unchecked((*table).rd_att));
            Self { epoch, estate, relation, slot, index_memory, indexes, compressed }
        }
    }

    /// Empties the slot, and forgets what was made for its row.
    unsafe fn clear(&self) {
        // SAFETY: nobody uses the row any more.
        unsafe {
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                clear(self.slot);
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

    /// Frees what indexes have remembered: it knows them by addresses, and newer versions keep buffers there.
    unsafe fn forget_rows(&self) {
        // SAFETY: the arrays have a place for each index; nobody inserts any more.
        unsafe {
            for place in 0..self.indexes.len() {
                (**(*self.relation).ri_IndexRelationInfo.add(place)).ii_AmCache = std::ptr::null_mut();
            }
            pg_sys::MemoryContextReset(self.index_memory);
        }
    }

    /// Triggers leave things behind, and so may kinds of indexes that are not ours.
    unsafe fn can_be_kept(&self) -> bool {
        // SAFETY: the arrays have a place for each index.
        unsafe {
            let is_plain = |place: usize| {
                let index = &**(*self.relation).ri_IndexRelationInfo.add(place);
                [pg_sys::BTREE_AM_OID, pg_sys::BRIN_AM_OID].contains(&index.ii_Am)
                    && index.ii_ExclusionOps.is_null()
            };
            (*self.relation).ri_TrigDesc.is_null() && (0..self.indexes.len()).all(is_plain)
        }
    }
}

/// Memory for what indexes remember, inside that of the executor's state.
unsafe fn index_memory(parent: pg_sys::MemoryContext) -> pg_sys::MemoryContext {
    // SAFETY: the parent lives, and the name is static.
    unsafe {
        pg_sys::AllocSetContextCreateInternal(
            parent,
            c"leadroute indexes".as_ptr(),
            pg_sys::ALLOCSET_SMALL_MINSIZE as usize,
            pg_sys::ALLOCSET_SMALL_INITSIZE as usize,
            pg_sys::ALLOCSET_SMALL_MAXSIZE as usize,
        )
    }
}

extern "C-unwind" {
    /// Of `access/toast_internals.h`: the value compressed, or a null pointer where that gains nothing.
    fn toast_compress_datum(value: Datum, method: std::ffi::c_char) -> Datum;
}

/// Places of columns that are said to be compressed by lz4. PostgreSQL begins with rows of 2 kB; a decision has 0.9 kB, of which lz4
/// saves an eighth, in the table and in the log, for 1 % of the time of an insert. Other methods are left to PostgreSQL.
fn compressed_columns(columns: &PgTupleDesc<'_>) -> Vec<usize> {
    let is_compressed = |column: &pg_sys::FormData_pg_attribute| {
        column.attcompression == LZ4
            && [b'x', b'm'].contains(&column.attstorage.cast_unsigned())
            && !column.attisdropped
    };
    let columns = columns.iter().enumerate();
    columns.filter(|(_, column)| is_compressed(column)).map(|(place, _)| place).collect()
}

/// A value of a column that is compressed, where that gains something.
unsafe fn compress(value: Datum) -> Datum {
    // SAFETY: the caller vouches for a plain varlena.
    unsafe {
        if pgrx::varlena::varsize_any_exhdr(value.cast_mut_ptr()) < LEAST_COMPRESSED {
            return value;
        }
        let compressed = toast_compress_datum(value, LZ4);
        if compressed.is_null() {
            value
        } else {
            compressed
        }
    }
}

/// Puts a row into a slot.
unsafe fn fill(slot: *mut pg_sys::TupleTableSlot, row: &[Option<Datum>], compressed: &[usize]) {
    // SAFETY: the slot has as many places as the table has columns.
    unsafe {
        let columns = (*(*slot).tts_tupleDescriptor).natts as usize;
        assert!(row.len() <= columns, "a table of leadroute has lost a column");
        for column in 0..columns {
            let value = row.get(column).copied().flatten();
            *(*slot).tts_values.add(column) = value.unwrap_or(Datum::from(0));
            *(*slot).tts_isnull.add(column) = value.is_none();
        }
        for &column in compressed.iter().filter(|&&column| row.get(column).is_some_and(Option::is_some)) {
            let value = (*slot).tts_values.add(column);
            *value = compress(*value);
        }
        pg_sys::ExecStoreVirtualTuple(slot);
    }
}
