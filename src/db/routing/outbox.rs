//! Wakes listeners of the outbox. NOTIFY takes a lock of the whole cluster at commit, so a transaction sends it
//! only while a listener sleeps: a sleeping listener holds an advisory lock that conflicts with that of the
//! committing transaction.
//!
//! A transaction that wrote notifications and finds nobody asleep keeps its own lock until it is committed, and
//! [`crate::db::entry::listen`] does not let a listener sleep meanwhile; so no notification slips in between.

use crate::db::pg::locks::Sleep;
use crate::db::settings;
use pgrx::pg_sys::{self, SubTransactionId};
use pgrx::{IntoDatum, PgTryBuilder};
use std::cell::Cell;

/// A NOTIFY that finds the queue of the cluster full fails the commit; we stay away from that.
const FULLEST: f64 = 0.5;

thread_local! {
    /// The outermost subtransaction that has written notifications.
    static WRITTEN: Cell<Option<SubTransactionId>> = const { Cell::new(None) };
}

/// This transaction has written notifications.
pub fn written() {
    // SAFETY: reads a counter.
    let now = unsafe { pg_sys::GetCurrentSubTransactionId() };
    WRITTEN.set(Some(WRITTEN.get().map_or(now, |first| first.min(now))));
}

/// The transaction is about to commit; no error here stops it.
pub fn before_commit() {
    if WRITTEN.get().is_some() && settings::NOTIFY.get() {
        PgTryBuilder::new(notify_sleepers).catch_others(|_| ()).catch_rust_panic(|_| ()).execute();
    }
}

fn notify_sleepers() {
    if Sleep::is_anybody_asleep() && queue_usage() < FULLEST {
        let (channel, payload) = ("leadroute".into_datum(), "".into_datum());
        // SAFETY: a function of two texts; the message is sent when the transaction commits.
        unsafe { pgrx::direct_function_call::<()>(pg_sys::pg_notify, &[channel, payload]) };
    }
}

/// How full the queue of NOTIFY is: 0 to 1.
fn queue_usage() -> f64 {
    // SAFETY: a function without arguments.
    let usage = unsafe { pgrx::direct_function_call::<f64>(pg_sys::pg_notification_queue_usage, &[]) };
    usage.unwrap_or(1.0)
}

/// Forgets what was written.
pub fn transaction_ended() {
    WRITTEN.set(None);
}

/// Forgets what was written since a savepoint.
pub fn subtransaction_aborted(ended: SubTransactionId) {
    if WRITTEN.get().is_some_and(|first| first >= ended) {
        WRITTEN.set(None);
    }
}
