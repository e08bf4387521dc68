//! Several calls of PostgreSQL under one guard.
//!
//! pgrx guards each call, to make a panic of an error, which costs 15 ns. A look-up takes a dozen calls, and a lead nine
//! look-ups: with a guard for each a single insert takes 1 % longer.

use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::c_int;

/// Runs calls of [`raw`], whose error is a panic as elsewhere.
///
/// # Safety
/// The calls must be right, as without this. They must not panic, and must make nothing that needs to be dropped: an error
/// leaves them by a jump. `Copy` sees to that only for what they are given and what they return.
pub unsafe fn under_one_guard<T: Copy>(calls: impl FnOnce() -> T + Copy) -> T {
    // SAFETY: the caller vouches for the calls.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(calls) }
}

/// Functions without a guard of their own.
pub mod raw {
    use super::{c_int, pg_sys, Datum, Oid};

    #[allow(missing_docs)]
    extern "C-unwind" {
        pub fn CommandCounterIncrement();
        pub fn GetLatestSnapshot() -> pg_sys::Snapshot;
        pub fn RegisterSnapshot(snapshot: pg_sys::Snapshot) -> pg_sys::Snapshot;
        pub fn UnregisterSnapshot(snapshot: pg_sys::Snapshot);
        pub fn table_open(table: Oid, mode: pg_sys::LOCKMODE) -> pg_sys::Relation;
        pub fn table_close(table: pg_sys::Relation, mode: pg_sys::LOCKMODE);
        pub fn index_open(index: Oid, mode: pg_sys::LOCKMODE) -> pg_sys::Relation;
        pub fn index_close(index: pg_sys::Relation, mode: pg_sys::LOCKMODE);
        pub fn ScanKeyEntryInitialize(
            entry: pg_sys::ScanKey,
            flags: c_int,
            column: pg_sys::AttrNumber,
            strategy: pg_sys::StrategyNumber,
            subtype: Oid,
            collation: Oid,
            procedure: pg_sys::RegProcedure,
            argument: Datum,
        );
        pub fn systable_beginscan_ordered(
            table: pg_sys::Relation,
            index: pg_sys::Relation,
            snapshot: pg_sys::Snapshot,
            keys: c_int,
            key: pg_sys::ScanKey,
        ) -> pg_sys::SysScanDesc;
        pub fn systable_getnext_ordered(
            scan: pg_sys::SysScanDesc,
            direction: pg_sys::ScanDirection::Type,
        ) -> pg_sys::HeapTuple;
        pub fn systable_endscan_ordered(scan: pg_sys::SysScanDesc);
    }
}
