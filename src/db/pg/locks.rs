//! Every advisory lock the extension takes: the class, and a number in it. All but that of a sleeping listener belong
//! to the transaction (an error releases them). None is ever waited for in the lock manager: waits are polls with a
//! time limit, so no order of inserts can deadlock.

use pgrx::pg_sys;
use std::time::{Duration, Instant};

/// Classes of locks; the first key. 'LR' and a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Class {
    /// Turns of a pool are being written; the second key is `pools.pool_no`. Held for microseconds.
    Turns = 0x4C52_0054,
    /// The load of a rep is being written; the second key is `reps.rep_no`. Held for microseconds.
    Load = 0x4C52_004C,
    /// A person is being submitted; the second key is a hash of `leads.person_key`.
    Person = 0x4C52_0050,
    /// A lead with an external id is being submitted; the second key is a hash of it.
    External = 0x4C52_0045,
    /// A listener of the outbox sleeps; the second key is 0. Unlike the others it may belong to the session,
    /// and listeners share it; transactions that commit notifications share it in another mode.
    Sleep = 0x4C52_0053,
    /// A rep is being given a lead, or deleted or renamed; the second key is a hash of `reps.id`.
    Rep = 0x4C52_0052,
    /// The same for a queue; the second key is a hash of `queues.name`.
    Queue = 0x4C52_0051,
    /// A row of an attached table is being inserted with what a unique index allows once; the second key is a hash of that.
    Unique = 0x4C52_0055,
    /// Turns of a pool are being taken, or the pool is deleted; the second key is `pools.pool_no`.
    Pool = 0x4C52_0047,
    /// All reps, queues and pools at once, for transactions that would keep very many; the second key is 0.
    Everybody = 0x4C52_0041,
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Mode {
    /// By one transaction only.
    Alone = pg_sys::ExclusiveLock as i32,
    /// By any number that give leads, but by none that closes.
    Gives = pg_sys::RowExclusiveLock as i32,
    /// By any number that delete or rename, but by none that gives.
    Closes = pg_sys::ShareLock as i32,
}

/// The result of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Another transaction holds it in a mode that conflicts.
    Refused,
    /// This transaction has it now.
    Taken,
    /// This transaction had it before.
    Held,
}

/// Marks the lock tags of leadroute. `pg_advisory_lock` and its relatives make tags with 1 or 2 there: whatever keys a
/// session locks by SQL, none of them is ours.
const OURS: u16 = 0x4C52;

fn tag(class: Class, key: i32) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        // SAFETY: set once when the backend starts.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: class as i32 as u32,
        locktag_field3: key as u32,
        locktag_field4: OURS,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}

/// Until it is dropped, locks belong to the (sub)transaction rather than to the portal that runs: those
/// of a subtransaction go to its parent when it ends, and can be given back from there.
struct OfTransaction(pg_sys::ResourceOwner);

impl OfTransaction {
    fn begin() -> Self {
        // SAFETY: plain globals of the backend.
        unsafe {
            let before = pg_sys::CurrentResourceOwner;
            pg_sys::CurrentResourceOwner = pg_sys::CurTransactionResourceOwner;
            Self(before)
        }
    }
}

impl Drop for OfTransaction {
    fn drop(&mut self) {
        // SAFETY: undoes what begin did.
        unsafe { pg_sys::CurrentResourceOwner = self.0 };
    }
}

/// Takes the lock for this transaction alone if it is free or already ours.
pub fn try_lock(class: Class, key: i32) -> bool {
    try_mode(class, key, Mode::Alone) != Tried::Refused
}

/// Takes the lock in a mode, if nobody is in the way.
pub fn try_mode(class: Class, key: i32, mode: Mode) -> Tried {
    use pg_sys::LockAcquireResult::{LOCKACQUIRE_NOT_AVAIL, LOCKACQUIRE_OK};
    let tag = tag(class, key);
    let _owner = OfTransaction::begin();
    // SAFETY: a valid tag; held until the end of the transaction.
    match unsafe { pg_sys::LockAcquire(&tag, mode as pg_sys::LOCKMODE, false, true) } {
        LOCKACQUIRE_NOT_AVAIL => Tried::Refused,
        LOCKACQUIRE_OK => Tried::Taken,
        _ => Tried::Held,
    }
}

/// Locks a table for writing, waiting no longer than so many milliseconds. One that is gone is noticed later.
pub fn lock_table_within(most: i32, table: pg_sys::Oid) -> bool {
    let mode = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
    // SAFETY: a plain call into the backend.
    poll(most, || unsafe { pg_sys::ConditionalLockRelationOid(table, mode) }.then_some(())).is_some()
}

/// Gives back a lock that [`try_lock`] took.
pub fn unlock(class: Class, key: i32) {
    unlock_mode(class, key, Mode::Alone);
}

/// Gives back a lock that [`try_mode`] took.
pub fn unlock_mode(class: Class, key: i32, mode: Mode) {
    let tag = tag(class, key);
    let _owner = OfTransaction::begin();
    // SAFETY: the lock was taken by this transaction in the same mode.
    unsafe { pg_sys::LockRelease(&tag, mode as pg_sys::LOCKMODE, false) };
}

/// The lock of a listener that sleeps; until [`Sleep::keep`] it goes with the transaction.
pub struct Sleep;

impl Sleep {
    const LISTENER: pg_sys::LOCKMODE = pg_sys::RowExclusiveLock as pg_sys::LOCKMODE;
    /// In conflict with listeners, not with itself.
    const ROUTER: pg_sys::LOCKMODE = pg_sys::ShareLock as pg_sys::LOCKMODE;

    fn acquire(mode: pg_sys::LOCKMODE, of_session: bool) -> pg_sys::LockAcquireResult::Type {
        let _owner = OfTransaction::begin();
        // SAFETY: a valid tag; never waits.
        unsafe { pg_sys::LockAcquire(&tag(Class::Sleep, 0), mode, of_session, true) }
    }

    fn release(of_session: bool) {
        let _owner = OfTransaction::begin();
        // SAFETY: the caller holds it.
        unsafe { pg_sys::LockRelease(&tag(Class::Sleep, 0), Self::LISTENER, of_session) };
    }

    /// Whether a listener sleeps. If none does, none can until this transaction has ended.
    pub fn is_anybody_asleep() -> bool {
        Self::acquire(Self::ROUTER, false) == pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
    }

    /// Falls asleep, unless a transaction with notifications is just committing.
    pub fn begin() -> Option<Self> {
        let result = Self::acquire(Self::LISTENER, false);
        (result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL).then_some(Self)
    }

    /// Stays asleep after the transaction.
    pub fn keep(self) {
        Self::acquire(Self::LISTENER, true);
        Self::release(false);
    }

    /// Does not sleep after all.
    pub fn forget(self) {
        Self::release(false);
    }

    /// Wakes up; whether this session was asleep.
    pub fn end() -> bool {
        use pg_sys::LockAcquireResult::{LOCKACQUIRE_ALREADY_HELD, LOCKACQUIRE_NOT_AVAIL};
        let result = Self::acquire(Self::LISTENER, true);
        if result != LOCKACQUIRE_NOT_AVAIL {
            Self::release(true);
        }
        let was_asleep = result == LOCKACQUIRE_ALREADY_HELD;
        if was_asleep {
            Self::release(true);
        }
        was_asleep
    }
}

/// Tries until `wait_ms` have passed; whether the lock was taken.
pub fn lock_within(class: Class, key: i32, wait_ms: i32) -> bool {
    poll(wait_ms, || try_lock(class, key).then_some(())).is_some()
}

/// Naps before the first long one, for locks that are held for microseconds.
const SHORT_NAPS: u32 = 50;

/// Calls `attempt` until it answers or `wait_ms` have passed. Interrupts are served in between.
pub fn poll<T>(wait_ms: i32, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    if let Some(answer) = attempt() {
        return Some(answer);
    }
    let end = Instant::now() + Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
    let mut naps = 0;
    loop {
        if Instant::now() >= end {
            return None;
        }
        naps += 1;
        if naps <= SHORT_NAPS {
            std::thread::sleep(Duration::from_micros(20));
        } else {
            doze();
        }
        if let Some(answer) = attempt() {
            return Some(answer);
        }
    }
}

/// Sleeps at most a millisecond on our own latch.
fn doze() {
    // SAFETY: waits on the latch of this process.
    unsafe {
        let events = (pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH) as i32;
        let event = pg_sys::PG_WAIT_EXTENSION;
        pg_sys::WaitLatch(pg_sys::MyLatch, events, 1, event);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// A lock key for a text: FNV-1a, folded to 32 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>).
pub fn key_of(text: &str) -> i32 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash ^ (hash >> 32)) as u32 as i32
}
