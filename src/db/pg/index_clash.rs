//! Whether a row that is not there yet would collide with another in a unique or exclusion index, told without waiting:
//! PostgreSQL itself waits for whoever is inserting or deleting the other, and then fails.
//!
//! As `check_exclusion_or_unique_constraint` of PostgreSQL (`execIndexing.c`) does it. Predicates, expressions and operators of
//! an index may be code of users: the caller has become the owner of the table.

use crate::db::pg::index_scan::snapshot;
use crate::db::pg::spi::Row;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::PgTupleDesc;

/// Most columns of an index.
const MOST: usize = pg_sys::INDEX_MAX_KEYS as usize;

/// An index with what it takes to make its entries.
struct Opened {
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    info: *mut pg_sys::IndexInfo,
    state: *mut pg_sys::EState,
    /// How its columns are compared: operator, function, strategy.
    compared: Vec<(Oid, Oid, u16)>,
}

/// What an index holds for a row.
struct Entry {
    values: [Datum; MOST],
    nulls: [bool; MOST],
}

/// Whether a row of a table collides with another in an index, committed or not. `lock` gets a number for what only one of the
/// two may insert at a time; where it refuses, somebody else is just inserting that, if the number tells it exactly. `is_itself` tells the row as it is there.
///
/// # Safety
/// The row must have the descriptor of the table, which the caller has locked, and which is no partitioned one.
pub unsafe fn clashes(
    row: Row,
    [table, index]: [Oid; 2],
    lock: impl FnOnce(i32) -> bool,
    is_itself: impl FnMut(Row) -> bool,
) -> bool {
    // SAFETY: the caller vouches for table and row; what is opened is closed (an error releases it with the subtransaction).
    unsafe {
        let index = Opened::new(table, index);
        let slot = pg_sys::MakeSingleTupleTableSlot(row.desc, &raw const pg_sys::TTSOpsHeapTuple);
        pg_sys::ExecStoreHeapTuple(row.tuple, slot, false);
        let entry = index.entry(slot).filter(|entry| index.may_collide(entry));
        let clashes = entry.is_some_and(|entry| {
            let (number, is_exact) = index.number(&entry);
            !lock(number) && is_exact || index.finds(&entry, is_itself)
        });
        pg_sys::ExecDropSingleTupleTableSlot(slot);
        index.close();
        clashes
    }
}

impl Opened {
    unsafe fn new(table: Oid, index: Oid) -> Self {
        // the lock of whoever is going to write: a stronger one later could deadlock with a REINDEX in between
        let mode = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
        // SAFETY: the caller vouches for the table, whose indexes stay while it is locked.
        unsafe {
            let (table, index) = (pg_sys::table_open(table, mode), pg_sys::index_open(index, mode));
            let info = pg_sys::BuildIndexInfo(index);
            let compared = |operators: *const Oid, functions: *const Oid, strategies: *const u16| {
                let columns = (*info).ii_NumIndexKeyAttrs as usize;
                (0..columns).map(|n| (*operators.add(n), *functions.add(n), *strategies.add(n))).collect()
            };
            let compared = if (*info).ii_ExclusionOps.is_null() {
                pg_sys::BuildSpeculativeIndexInfo(index, info);
                compared((*info).ii_UniqueOps, (*info).ii_UniqueProcs, (*info).ii_UniqueStrats)
            } else {
                compared((*info).ii_ExclusionOps, (*info).ii_ExclusionProcs, (*info).ii_ExclusionStrats)
            };
            Self { table, index, info, state: pg_sys::CreateExecutorState(), compared }
        }
    }

    unsafe fn close(self) {
        let keep = pg_sys::NoLock as pg_sys::LOCKMODE;
        // SAFETY: undoes what new did.
        unsafe {
            pg_sys::FreeExecutorState(self.state);
            pg_sys::index_close(self.index, keep);
            pg_sys::table_close(self.table, keep);
        }
    }

    /// The entry of a row; `None` where the predicate of the index leaves it out.
    unsafe fn entry(&self, slot: *mut pg_sys::TupleTableSlot) -> Option<Entry> {
        // SAFETY: the slot holds a row of the table; the arrays have room for every column of an index.
        unsafe {
            if (*self.state).es_per_tuple_exprcontext.is_null() {
                pg_sys::MakePerTupleExprContext(self.state);
            }
            let context = (*self.state).es_per_tuple_exprcontext;
            (*context).ecxt_scantuple = slot;
            if !(*self.info).ii_Predicate.is_null() {
                let predicate = pg_sys::ExecPrepareQual((*self.info).ii_Predicate, self.state);
                let evaluate = (*predicate).evalfunc?;
                let outer = pg_sys::MemoryContextSwitchTo((*context).ecxt_per_tuple_memory);
                let holds = evaluate(predicate, context, &mut false);
                pg_sys::MemoryContextSwitchTo(outer);
                if holds.value() == 0 {
                    return None;
                }
            }
            let mut entry = Entry { values: [Datum::from(0); MOST], nulls: [true; MOST] };
            let (values, nulls) = (entry.values.as_mut_ptr(), entry.nulls.as_mut_ptr());
            pg_sys::FormIndexDatum(self.info, slot, self.state, values, nulls);
            Some(entry)
        }
    }

    /// The columns that are compared: place, value if there is one, and how.
    fn columns<'a>(
        &'a self,
        entry: &'a Entry,
    ) -> impl Iterator<Item = (usize, Option<Datum>, (Oid, Oid, u16))> + 'a {
        let values = entry.values.iter().zip(&entry.nulls).map(|(value, null)| (!null).then_some(*value));
        values.zip(&self.compared).enumerate().map(|(place, (value, how))| (place, value, *how))
    }

    /// A row with a NULL collides with none, unless NULLs are not distinct.
    fn may_collide(&self, entry: &Entry) -> bool {
        #[cfg(feature = "pg14")]
        let are_distinct = true;
        #[cfg(not(feature = "pg14"))]
        // SAFETY: made by new.
        let are_distinct = unsafe { !(*self.info).ii_NullsNotDistinct };
        !are_distinct || self.columns(entry).all(|(_, value, _)| value.is_some())
    }

    /// A number for index and values: rows that collide have the same one. What is not compared as its type says counts for
    /// nothing; then rows that do not collide have it, too, and it is not exact.
    unsafe fn number(&self, entry: &Entry) -> (i32, bool) {
        // SAFETY: the index is open; the values have the types of its columns.
        unsafe {
            let mut text = (*self.index).rd_id.to_u32().to_string();
            let mut is_exact = true;
            for (place, value, (operator, ..)) in self.columns(entry) {
                let columns = PgTupleDesc::from_pg_unchecked((*self.index).rd_att);
                let type_id = columns.get(place).map_or(Oid::INVALID, |column| column.atttypid);
                let wanted = pg_sys::TYPECACHE_EQ_OPR | pg_sys::TYPECACHE_HASH_PROC_FINFO;
                let known = pg_sys::lookup_type_cache(type_id, wanted as i32);
                let function = &raw mut (*known).hash_proc_finfo;
                let is_known = (*known).eq_opr == operator && (*function).fn_oid != Oid::INVALID;
                is_exact &= is_known;
                if let Some(value) = value.filter(|_| is_known) {
                    let collation = *(*self.index).rd_indcollation.add(place);
                    let hash = pg_sys::FunctionCall1Coll(function, collation, value);
                    text += &format!(" {}", hash.value() as u32);
                }
            }
            (crate::db::pg::locks::key_of(&text), is_exact)
        }
    }

    /// Whether the index has another row beside which this one cannot stand.
    unsafe fn finds(&self, entry: &Entry, mut is_itself: impl FnMut(Row) -> bool) -> bool {
        // SAFETY: relations, scan and slot are valid until they are closed; the snapshot outlives the scan.
        unsafe {
            let mut keys = self.scan_keys(entry);
            let count = keys.len() as i32;
            let mut dirty = snapshot(pg_sys::SnapshotType::SNAPSHOT_DIRTY);
            let slot = pg_sys::table_slot_create(self.table, std::ptr::null_mut());
            let scan = self.begin_scan(&mut *dirty, count);
            pg_sys::index_rescan(scan, keys.as_mut_ptr(), count, std::ptr::null_mut(), 0);
            let mut found = false;
            while !found
                && pg_sys::index_getnext_slot(scan, pg_sys::ScanDirection::ForwardScanDirection, slot)
            {
                if (*scan).xs_recheck && !self.holds_beside(entry, slot) {
                    continue;
                }
                let mut is_copy = false;
                let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, false, &mut is_copy);
                found = !is_itself(Row { tuple, desc: (*self.table).rd_att });
            }
            pg_sys::index_endscan(scan);
            pg_sys::ExecDropSingleTupleTableSlot(slot);
            found
        }
    }

    unsafe fn begin_scan(&self, snapshot: pg_sys::Snapshot, keys: i32) -> pg_sys::IndexScanDesc {
        // SAFETY: the caller vouches for the snapshot.
        unsafe {
            #[cfg(not(feature = "pg18"))]
            return pg_sys::index_beginscan(self.table, self.index, snapshot, keys, 0);
            #[cfg(feature = "pg18")]
            return pg_sys::index_beginscan(self.table, self.index, snapshot, std::ptr::null_mut(), keys, 0);
        }
    }

    unsafe fn scan_keys(&self, entry: &Entry) -> Vec<pg_sys::ScanKeyData> {
        let key = |(place, value, (_, function, strategy)): (usize, Option<Datum>, (Oid, Oid, u16))| {
            let flags = if value.is_none() { pg_sys::SK_ISNULL | pg_sys::SK_SEARCHNULL } else { 0 };
            // SAFETY: the index has that column; a scan key is plain data.
            unsafe {
                let mut key: pg_sys::ScanKeyData = std::mem::zeroed();
                pg_sys::ScanKeyEntryInitialize(
                    &mut key,
                    flags as i32,
                    place as i16 + 1,
                    strategy,
                    Oid::INVALID,
                    *(*self.index).rd_indcollation.add(place),
                    function,
                    value.unwrap_or(Datum::from(0)),
                );
                key
            }
        };
        self.columns(entry).map(key).collect()
    }

    /// Whether a row that the index has found really compares as wanted.
    unsafe fn holds_beside(&self, entry: &Entry, slot: *mut pg_sys::TupleTableSlot) -> bool {
        // SAFETY: the slot holds a row of the table; the functions compare values of the columns.
        unsafe {
            let Some(other) = self.entry(slot) else {
                return false;
            };
            let mut pairs = self.columns(entry).zip(self.columns(&other));
            pairs.all(|((place, one, (_, function, _)), (_, other, _))| match (other, one) {
                (Some(other), Some(one)) => {
                    let collation = *(*self.index).rd_indcollation.add(place);
                    pg_sys::OidFunctionCall2Coll(function, collation, other, one).value() != 0
                }
                (other, one) => other.is_none() && one.is_none(),
            })
        }
    }
}
