//! Rows that are kept after their trigger has ended.

use crate::db::entry::attached::mapping::Row;
use crate::db::pg::catalog;
use pgrx::pg_sys::{self, Oid};
use std::cell::RefCell;
use std::rc::Rc;

/// A copy of a row; its memory is free when it is dropped.
pub struct KeptRow {
    tuple: pg_sys::HeapTuple,
    desc: Rc<Descriptor>,
}

/// A copy of the tuple descriptor of a relation, which all its rows share.
struct Descriptor(pg_sys::TupleDesc);

thread_local! {
    /// The descriptor that was copied last: of which relation, and when.
    static LAST: RefCell<Option<(Oid, u64, Rc<Descriptor>)>> = const { RefCell::new(None) };
}

impl KeptRow {
    /// # Safety
    /// The row must be valid, and one of the relation.
    pub unsafe fn of(row: Row, relation: Oid) -> Self {
        // SAFETY: the caller vouches for the row; the copy is freed by `Drop`.
        let tuple = unsafe { in_top_context(|| pg_sys::heap_copytuple(row.tuple)) };
        // SAFETY: as above.
        Self { tuple, desc: unsafe { Descriptor::of(row, relation) } }
    }

    /// The row.
    pub fn row(&self) -> Row {
        Row { tuple: self.tuple, desc: self.desc.0 }
    }
}

impl Drop for KeptRow {
    fn drop(&mut self) {
        // SAFETY: made by `of`, in a memory context that stays.
        unsafe { pg_sys::heap_freetuple(self.tuple) };
    }
}

impl Descriptor {
    unsafe fn of(row: Row, relation: Oid) -> Rc<Self> {
        let epoch = catalog::epoch();
        let last = LAST.take().filter(|(oid, then, _)| (*oid, *then) == (relation, epoch));
        let desc = last.map_or_else(
            // SAFETY: the caller vouches for the row; the copy is freed by `Drop`.
            || unsafe {
                let copy = in_top_context(|| pg_sys::CreateTupleDescCopyConstr(row.desc));
                // the type of a table, not of any record
                ((*copy).tdtypeid, (*copy).tdtypmod) = ((*row.desc).tdtypeid, (*row.desc).tdtypmod);
                Rc::new(Self(copy))
            },
            |(_, _, desc)| desc,
        );
        LAST.set(Some((relation, epoch, Rc::clone(&desc))));
        desc
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: made by `of`, in a memory context that stays; nobody counts references to it.
        unsafe { pg_sys::FreeTupleDesc(self.0) };
    }
}

/// Allocates memory that stays until it is freed.
unsafe fn in_top_context<T>(allocate: impl FnOnce() -> T) -> T {
    // SAFETY: the context is switched back.
    unsafe {
        let current = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        let made = allocate();
        pg_sys::MemoryContextSwitchTo(current);
        made
    }
}
