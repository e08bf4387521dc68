//! Look-ups by index without the executor: a probe costs about a microsecond, a kept plan several.
//!
//! For the tables of the extension only. Each scan has a snapshot of its own, taken just before it, after
//! a command counter increment; see [`crate::db::pg::spi`] for why. [`Index::versions`] sees rows that are not
//! committed, too.

use crate::db::errors;
use crate::db::pg::catalog::relation;
use crate::db::pg::one_guard::{raw, under_one_guard};
use crate::db::pg::spi::Row;
use pgrx::pg_sys::{self, Datum, ScanDirection as Direction};
use pgrx::IntoDatum;
use std::cell::Cell;

/// Most look-ups of a transaction that routes one lead or two.
const FEW: u32 = 20;

thread_local! {
    /// Scans of this transaction.
    static LOOKED_UP: Cell<u32> = const { Cell::new(0) };
}

/// A table with one of its btree indexes.
pub struct Index {
    /// Name of the table.
    pub table: &'static str,
    /// Name of the index.
    pub index: &'static str,
}

/// Column of the index, value, and the function that compares.
type Comparison = (usize, Datum, u32);

/// Most columns that are compared at once.
const MOST_KEYS: usize = 3;

/// By what a scan sees rows.
#[derive(Clone, Copy)]
enum Sight {
    /// A snapshot of the moment in which it begins.
    Latest,
    /// A snapshot that outlives it.
    By(pg_sys::Snapshot),
}

/// A scan that has begun.
#[derive(Clone, Copy)]
struct Begun {
    table: pg_sys::Relation,
    index: pg_sys::Relation,
    snapshot: pg_sys::Snapshot,
    scan: pg_sys::SysScanDesc,
    /// The first row.
    tuple: pg_sys::HeapTuple,
}

/// Tables that a transaction reads and then writes, with their indexes. The lock for writing is taken at once: taken after a
/// weaker lock, it could deadlock with a REINDEX that came in between, and two locks cost more than one.
const WRITTEN: [&str; 6] = ["leads", "turns", "loads", "decisions", "past_stints", "company_leads"];

/// What is known of the transactions that wrote a row, or are removing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Written by a committed transaction or by this one.
    Settled,
    /// Written by another transaction that is open.
    Arriving,
    /// Being removed by another transaction that is open.
    Leaving,
    /// Written by another transaction that is open, and removed by it again (in a subtransaction perhaps).
    Passing,
}

impl Fate {
    /// From what a dirty snapshot records. For a row that is arriving it does not record who removes it.
    ///
    /// # Safety
    /// The tuple must be valid.
    unsafe fn of(
        arriving: pg_sys::TransactionId,
        leaving: pg_sys::TransactionId,
        tuple: pg_sys::HeapTuple,
    ) -> Self {
        if leaving != pg_sys::InvalidTransactionId {
            return Self::Leaving;
        }
        if arriving == pg_sys::InvalidTransactionId {
            return Self::Settled;
        }
        // SAFETY: the caller vouches for the tuple; the removing transaction stands in its header.
        unsafe {
            let header = &*(*tuple).t_data;
            let is_removed = u32::from(header.t_infomask) & pg_sys::HEAP_XMAX_INVALID == 0
                && pg_sys::TransactionIdIsInProgress(header.t_choice.t_heap.t_xmax);
            if is_removed {
                Self::Passing
            } else {
                Self::Arriving
            }
        }
    }
}

/// How many transactions of the cluster had ended when a snapshot was taken just now.
pub fn transactions_ended() -> u64 {
    // SAFETY: the snapshot is read at once.
    unsafe { (*pg_sys::GetLatestSnapshot()).snapXactCompletionCount }
}

impl Index {
    /// Rows whose column is equal to a text, until `each` answers.
    pub fn text<T>(&self, key: &str, each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        self.find(&[(0, key.into_datum()?, pg_sys::F_TEXTEQ)], each)
    }

    /// Rows whose first two columns are equal to two texts, until `each` answers.
    pub fn texts<T>(&self, keys: [&str; 2], each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        let [first, second] = keys.map(IntoDatum::into_datum);
        self.find(&[(0, first?, pg_sys::F_TEXTEQ), (1, second?, pg_sys::F_TEXTEQ)], each)
    }

    /// Rows whose column is equal to a bigint.
    pub fn bigint<T>(&self, key: i64, each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        self.find(&[(0, Datum::from(key), pg_sys::F_INT8EQ)], each)
    }

    /// Rows of an integer key, newest version first (or one version only), committed or not, with their fate.
    pub fn versions<T>(
        &self,
        key: i32,
        version: Option<i64>,
        each: impl FnMut(Row, Fate) -> Option<T>,
    ) -> Option<T> {
        let mut keys = vec![(0, Datum::from(key), pg_sys::F_INT4EQ)];
        keys.extend(version.map(|version| (1, Datum::from(version), pg_sys::F_INT8EQ)));
        self.dirty(&keys, Direction::BackwardScanDirection, each)
    }

    /// Rows of an integer key from version `from` to below `to`, newest first, committed or not, with their fate.
    pub fn versions_between(&self, key: i32, from: i64, to: i64, mut each: impl FnMut(Row, Fate)) {
        let keys = [
            (0, Datum::from(key), pg_sys::F_INT4EQ),
            (1, Datum::from(from), pg_sys::F_INT8GE),
            (1, Datum::from(to), pg_sys::F_INT8LT),
        ];
        self.dirty(&keys, Direction::BackwardScanDirection, |row, fate| {
            each(row, fate);
            None::<()>
        });
    }

    /// Whether another open transaction has inserted, changed or deleted a row whose column is equal to a text:
    /// a unique index would wait for it.
    pub fn is_in_flight(&self, key: &str) -> bool {
        let keys: Vec<_> = key.into_datum().map(|key| (0, key, pg_sys::F_TEXTEQ)).into_iter().collect();
        let open = |_, fate| (fate != Fate::Settled).then_some(());
        self.dirty(&keys, Direction::ForwardScanDirection, open).is_some()
    }

    fn dirty<T>(
        &self,
        keys: &[Comparison],
        direction: Direction::Type,
        mut each: impl FnMut(Row, Fate) -> Option<T>,
    ) -> Option<T> {
        let mut dirty = snapshot(pg_sys::SnapshotType::SNAPSHOT_DIRTY);
        let place: *mut pg_sys::SnapshotData = &mut *dirty;
        // SAFETY: the snapshot outlives the scan, which leaves in it the transactions of the row it found.
        unsafe {
            self.scan(keys, direction, Sight::By(place), |row| {
                let fate = Fate::of((*place).xmin, (*place).xmax, row.tuple);
                each(row, fate)
            })
        }
    }

    fn find<T>(&self, keys: &[Comparison], mut each: impl FnMut(Row) -> Option<T>) -> Option<T> {
        let forward = Direction::ForwardScanDirection;
        // SAFETY: the snapshots outlive the scans.
        unsafe {
            if pg_sys::XactIsoLevel != pg_sys::XACT_SERIALIZABLE as i32 {
                return self.scan(keys, forward, Sight::Latest, each);
            }
            // before the snapshot, which then sees what was appended
            pg_sys::CommandCounterIncrement();
            // No predicate locks: advisory locks keep two leads apart that read each other's rows, and
            // neither may fail. A row that is replaced during the scan may be missed; then scan again.
            loop {
                let (ended, mut itself) =
                    (transactions_ended(), snapshot(pg_sys::SnapshotType::SNAPSHOT_SELF));
                let found = self.scan(keys, forward, Sight::By(&mut *itself), &mut each);
                if found.is_some() || ended == transactions_ended() {
                    return found;
                }
                pgrx::check_for_interrupts!();
            }
        }
    }

    unsafe fn scan<T>(
        &self,
        keys: &[Comparison],
        direction: Direction::Type,
        sight: Sight,
        mut each: impl FnMut(Row) -> Option<T>,
    ) -> Option<T> {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let mode = self.lock_of_table();
        // SAFETY: relations and scan are opened and closed in pairs (an error releases them with the
        // subtransaction); rows are valid until the next one is asked for.
        unsafe {
            let Begun { table, index, snapshot, scan, mut tuple } = self.begin(keys, direction, sight, mode);
            let mut answer = None;
            while !tuple.is_null() {
                answer = each(Row { tuple, desc: (*table).rd_att });
                if answer.is_some() {
                    break;
                }
                tuple = pg_sys::systable_getnext_ordered(scan, direction);
            }
            let kept = keeps_locks(snapshot) || mode != share;
            let lock = if kept { pg_sys::NoLock as pg_sys::LOCKMODE } else { share };
            under_one_guard(|| {
                raw::systable_endscan_ordered(scan);
                raw::index_close(index, lock);
                raw::table_close(table, lock);
                if matches!(sight, Sight::Latest) {
                    raw::UnregisterSnapshot(snapshot);
                }
            });
            answer
        }
    }

    /// Opens table and index, and asks for the first row.
    unsafe fn begin(
        &self,
        keys: &[Comparison],
        direction: Direction::Type,
        sight: Sight,
        mode: pg_sys::LOCKMODE,
    ) -> Begun {
        assert!(keys.len() <= MOST_KEYS, "a look-up compares more columns than expected");
        // before the command counter: what replaces a relation is a command of its own, which has counted itself
        let (table, index) = (relation(self.table), relation(self.index));
        // SAFETY: the keys have the types and collations of the indexed columns; a scan copies them.
        unsafe {
            let (table, index, snapshot) = under_one_guard(|| {
                let snapshot = match sight {
                    Sight::By(snapshot) => snapshot,
                    Sight::Latest => {
                        // before the snapshot, which then sees what was appended
                        raw::CommandCounterIncrement();
                        raw::RegisterSnapshot(raw::GetLatestSnapshot())
                    }
                };
                let (table, index) = (raw::table_open(table, mode), raw::index_open(index, mode));
                raw::CommandCounterIncrement();
                (table, index, snapshot)
            });
            keys.iter().for_each(|(place, _, function)| check_type(index, *place, *function));
            let mut scan_keys: [pg_sys::ScanKeyData; MOST_KEYS] = std::mem::zeroed();
            let first = scan_keys.as_mut_ptr();
            let (scan, tuple) = under_one_guard(|| {
                for (no, (place, value, function)) in keys.iter().enumerate() {
                    compare(first.add(no), index, *place, (*value, *function));
                }
                let count = keys.len() as i32;
                let scan = raw::systable_beginscan_ordered(table, index, snapshot, count, first);
                (scan, raw::systable_getnext_ordered(scan, direction))
            });
            Begun { table, index, snapshot, scan, tuple }
        }
    }

    fn lock_of_table(&self) -> pg_sys::LOCKMODE {
        // SAFETY: reads whether this is a standby, where nothing is written.
        let is_written = WRITTEN.contains(&self.table) && !unsafe { pg_sys::RecoveryInProgress() };
        let mode = if is_written { pg_sys::RowExclusiveLock } else { pg_sys::AccessShareLock };
        mode as pg_sys::LOCKMODE
    }
}

/// Whether the locks of a scan stay until the transaction ends. Those of a book do: its rows are removed later by their
/// ctid, and must not be moved meanwhile. Others are released, since a backend has few fast-path lock slots; but a
/// transaction with many look-ups keeps them rather than take them again and again.
unsafe fn keeps_locks(snapshot: pg_sys::Snapshot) -> bool {
    LOOKED_UP.set(LOOKED_UP.get().saturating_add(1));
    // SAFETY: the caller has just scanned by the snapshot.
    let is_dirty = unsafe { (*snapshot).snapshot_type == pg_sys::SnapshotType::SNAPSHOT_DIRTY };
    is_dirty || LOOKED_UP.get() > FEW
}

/// Forgets how much was looked up: the transaction has ended.
pub fn transaction_ended() {
    LOOKED_UP.set(0);
}

/// An error if the column is not of the type that `equal` compares: somebody has altered the table.
unsafe fn check_type(index: pg_sys::Relation, place: usize, equal: u32) {
    let expected = match equal {
        pg_sys::F_INT8EQ | pg_sys::F_INT8GE | pg_sys::F_INT8LT => pg_sys::INT8OID,
        pg_sys::F_INT4EQ => pg_sys::INT4OID,
        _ => pg_sys::TEXTOID,
    };
    // SAFETY: the caller has opened the index, whose columns have names that end with a zero.
    unsafe {
        let columns = pgrx::PgTupleDesc::from_pg_unchecked((*index).rd_att);
        let is_there = place < usize::from((*(*index).rd_index).indnkeyatts.unsigned_abs());
        if !is_there || *(*index).rd_opcintype.add(place) != expected {
            errors::column_has_another_type(columns.get(place).map_or("?", |column| column.name()));
        }
    }
}

/// A comparison with column `place` of an open index, by a function: for equality, or one of two others.
///
/// # Safety
/// The index must have that column, of the type of the value.
pub unsafe fn scan_key(index: pg_sys::Relation, place: usize, key: (Datum, u32)) -> pg_sys::ScanKeyData {
    // SAFETY: the caller vouches for the column.
    unsafe {
        let mut scan_key: pg_sys::ScanKeyData = std::mem::zeroed();
        let to: *mut pg_sys::ScanKeyData = &mut scan_key;
        under_one_guard(|| compare(to, index, place, key));
        scan_key
    }
}

/// The same into a place in memory, under the guard of the caller.
unsafe fn compare(to: pg_sys::ScanKey, index: pg_sys::Relation, place: usize, key: (Datum, u32)) {
    let strategy = match key.1 {
        pg_sys::F_INT8GE => pg_sys::BTGreaterEqualStrategyNumber,
        pg_sys::F_INT8LT => pg_sys::BTLessStrategyNumber,
        _ => pg_sys::BTEqualStrategyNumber,
    };
    // SAFETY: the index has that column; scans name it by its number in the table.
    unsafe {
        let columns = (*(*index).rd_index).indnatts as usize;
        let column = (*(*index).rd_index).indkey.values.as_slice(columns).get(place).copied();
        raw::ScanKeyEntryInitialize(
            to,
            0,
            column.unwrap_or_default(),
            strategy as pg_sys::StrategyNumber,
            pg_sys::InvalidOid,
            *(*index).rd_indcollation.add(place),
            pg_sys::RegProcedure::from(key.1),
            key.0,
        );
    }
}

/// A special snapshot: it sees transactions as they are at the moment. On the heap, since scans keep its
/// address.
pub fn snapshot(kind: pg_sys::SnapshotType::Type) -> Box<pg_sys::SnapshotData> {
    Box::new(pg_sys::SnapshotData { snapshot_type: kind, ..Default::default() })
}
