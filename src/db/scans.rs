//! Index scans that stay open for the rows of a statement: beginning and ending one costs as much as the look-up itself.
//!
//! They go with the outermost statement that inserts leads, and have a resource owner of their own: rows are routed in
//! subtransactions, which would close what they open. Between two look-ups a scan holds nothing but its relations.

use super::names::relation;
use super::scan::Index;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

const SHARE: pg_sys::LOCKMODE = pg_sys::AccessShareLock as pg_sys::LOCKMODE;

/// An open scan.
#[derive(Clone, Copy)]
pub struct Scan {
    /// The table.
    pub table: pg_sys::Relation,
    /// The index.
    pub index: pg_sys::Relation,
    /// Where it keeps what it allocates on its way.
    pub context: pg_sys::MemoryContext,
    /// A scan by the first column, to be started with a key.
    pub scan: pg_sys::SysScanDesc,
}

struct Keeper {
    /// That of the (sub)transaction.
    parent: pg_sys::ResourceOwner,
    /// Made for the first scan.
    owner: pg_sys::ResourceOwner,
    context: pg_sys::MemoryContext,
    subtransaction: pg_sys::SubTransactionId,
    /// By index; whether somebody reads it, or did when an error came.
    scans: FxHashMap<&'static str, (Scan, bool)>,
}

thread_local! {
    static KEEPER: RefCell<Option<Keeper>> = const { RefCell::new(None) };
}

/// A statement begins; if it is within another, that one keeps its scans, too.
pub fn begin() {
    KEEPER.with_borrow_mut(|keeper| {
        // SAFETY: plain globals of the backend.
        let new = || unsafe {
            let (parent, owner) = (pg_sys::CurTransactionResourceOwner, std::ptr::null_mut());
            let (context, scans) = (pg_sys::TopTransactionContext, FxHashMap::default());
            Keeper { parent, owner, context, subtransaction: pg_sys::GetCurrentSubTransactionId(), scans }
        };
        keeper.get_or_insert_with(new);
    });
}

/// The outermost statement ends: closes what is open. Locks stay.
pub fn end() {
    use pg_sys::ResourceReleasePhase::{
        RESOURCE_RELEASE_AFTER_LOCKS, RESOURCE_RELEASE_BEFORE_LOCKS, RESOURCE_RELEASE_LOCKS,
    };
    let Some(keeper) = KEEPER.take().filter(|keeper| !keeper.owner.is_null()) else {
        return;
    };
    let owned = Owned::by(keeper.owner);
    for (scan, _) in keeper.scans.into_values() {
        // SAFETY: opened by `read`, and not closed since.
        unsafe {
            pg_sys::systable_endscan_ordered(scan.scan);
            pg_sys::index_close(scan.index, pg_sys::NoLock as pg_sys::LOCKMODE);
            pg_sys::table_close(scan.table, pg_sys::NoLock as pg_sys::LOCKMODE);
        }
    }
    drop(owned);
    // SAFETY: its parent is still there, and gets the locks.
    unsafe {
        for phase in [RESOURCE_RELEASE_BEFORE_LOCKS, RESOURCE_RELEASE_LOCKS, RESOURCE_RELEASE_AFTER_LOCKS] {
            pg_sys::ResourceOwnerRelease(keeper.owner, phase, true, false);
        }
        pg_sys::ResourceOwnerDelete(keeper.owner);
    }
}

/// The transaction has ended, and has closed everything.
pub fn transaction_ended() {
    KEEPER.set(None);
}

/// A subtransaction is being released. A statement within it has ended, but perhaps without its trigger.
pub fn subtransaction_released(ended: pg_sys::SubTransactionId) {
    if KEEPER.with_borrow(|keeper| keeper.as_ref().is_some_and(|keeper| keeper.subtransaction == ended)) {
        end();
    }
}

/// A subtransaction was rolled back; if the statement was within it, everything is closed.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    KEEPER.with_borrow_mut(|keeper| {
        keeper.take_if(|keeper| keeper.subtransaction >= ended);
    });
}

/// Reads with a kept scan; `None` if there is no statement, or somebody reads already.
pub fn read<T>(index: &Index, work: impl FnOnce(Scan) -> T) -> Option<T> {
    let (scan, owner) = KEEPER.with_borrow_mut(|keeper| {
        let keeper = keeper.as_mut()?;
        if keeper.owner.is_null() {
            // SAFETY: the parent lives as long as the subtransaction.
            keeper.owner = unsafe { pg_sys::ResourceOwnerCreate(keeper.parent, c"leadroute".as_ptr()) };
        }
        let (owner, context) = (keeper.owner, keeper.context);
        let _owner = Owned::by(owner);
        let (scan, is_busy) = keeper
            .scans
            .entry(index.index)
            // SAFETY: the context lives until the transaction ends.
            .or_insert_with(|| (unsafe { open(index, context) }, false));
        (!std::mem::replace(is_busy, true)).then_some((*scan, owner))
    })?;
    // What the scan holds meanwhile is the statement's too: it can go on after an error that is caught.
    let owned = Owned::by(owner);
    let answer = work(scan);
    drop(owned);
    KEEPER.with_borrow_mut(|keeper| {
        let kept = keeper.as_mut().and_then(|keeper| keeper.scans.get_mut(index.index));
        kept.into_iter().for_each(|(_, is_busy)| *is_busy = false);
    });
    Some(answer)
}

unsafe fn open(index: &Index, context: pg_sys::MemoryContext) -> Scan {
    // SAFETY: the relations are those of a table and an index of its; the scan has no rows until it is started with a key.
    unsafe {
        let before = pg_sys::MemoryContextSwitchTo(context);
        let table = pg_sys::table_open(relation(index.table), SHARE);
        let index = pg_sys::index_open(relation(index.index), SHARE);
        let mut key: pg_sys::ScanKeyData = std::mem::zeroed();
        key.sk_attno = (*(*index).rd_index).indkey.values.as_slice(1)[0];
        let scan = pg_sys::systable_beginscan_ordered(table, index, std::ptr::null_mut(), 1, &mut key);
        pg_sys::MemoryContextSwitchTo(before);
        Scan { table, index, context, scan }
    }
}

/// Until it is dropped, what is opened belongs to an owner.
struct Owned(pg_sys::ResourceOwner);

impl Owned {
    fn by(owner: pg_sys::ResourceOwner) -> Self {
        // SAFETY: plain globals of the backend.
        unsafe { Self(std::mem::replace(&mut *&raw mut pg_sys::CurrentResourceOwner, owner)) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: undoes what by did.
        unsafe { pg_sys::CurrentResourceOwner = self.0 };
    }
}
