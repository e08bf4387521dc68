//! Ends of transactions and savepoints: what this session has in memory goes with them.

use crate::db::entry::attached::{before_routing, row_changes, unique};
use crate::db::entry::replay_decision;
use crate::db::pg::index_scan;
use crate::db::routing::{batch, open_statements, outbox};
use crate::db::state::{assignee_lock, config_seen, restoring, shared_sum};
use pgrx::pg_sys;

/// Registers the callbacks.
pub fn register() {
    // SAFETY: the callbacks live as long as the process.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction), std::ptr::null_mut());
    }
}

unsafe extern "C-unwind" fn transaction(event: pg_sys::XactEvent::Type, _: *mut std::ffi::c_void) {
    use pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT;
    use pg_sys::XactEvent::{XACT_EVENT_ABORT, XACT_EVENT_COMMIT, XACT_EVENT_PREPARE};
    if event == XACT_EVENT_PRE_COMMIT {
        outbox::before_commit();
    }
    if matches!(event, XACT_EVENT_ABORT | XACT_EVENT_COMMIT | XACT_EVENT_PREPARE) {
        open_statements::transaction_ended();
        row_changes::transaction_ended();
        before_routing::transaction_ended();
        unique::transaction_ended();
        batch::transaction_ended();
        shared_sum::transaction_ended();
        assignee_lock::transaction_ended();
        outbox::transaction_ended();
        index_scan::transaction_ended();
        restoring::transaction_ended();
        replay_decision::transaction_ended();
        config_seen::transaction_ended(event == XACT_EVENT_COMMIT, event == XACT_EVENT_PREPARE);
    }
}

unsafe extern "C-unwind" fn subtransaction(
    event: pg_sys::SubXactEvent::Type,
    ended: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _: *mut std::ffi::c_void,
) {
    use pg_sys::SubXactEvent::{SUBXACT_EVENT_ABORT_SUB, SUBXACT_EVENT_COMMIT_SUB};
    if event == SUBXACT_EVENT_COMMIT_SUB {
        shared_sum::subtransaction_released(ended, parent);
    }
    if event == SUBXACT_EVENT_ABORT_SUB {
        open_statements::subtransaction_aborted(ended);
        row_changes::subtransaction_aborted(ended);
        unique::subtransaction_aborted(ended);
        shared_sum::subtransaction_aborted(ended);
        outbox::subtransaction_aborted(ended);
        config_seen::subtransaction_aborted();
    }
}
