//! What stood in the owner column of a row before routing put an owner there. An ORM that saves the whole row again in the
//! transaction that inserted it puts that back: no person has chosen it.

use crate::db::entry::attached::mapping::Mapping;
use crate::db::indexes::LEADS;
use crate::db::lead::row::LeadRow;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Rows that are remembered at most: who loads more in one transaction does not save them again.
const MOST: usize = 100_000;

thread_local! {
    /// By lead, where something but nobody stood there. Forgotten when the transaction ends.
    static STOOD: RefCell<FxHashMap<i64, String>> = RefCell::default();
}

/// The transaction has ended.
pub fn transaction_ended() {
    STOOD.take();
}

/// Notes what stands in a row that is being routed, if routing puts something else there.
pub fn note(lead: i64, value: Option<String>, mapping: &Mapping) {
    if let Some(value) = value.filter(|value| mapping.owner.nobody.as_ref() != Some(value)) {
        STOOD.with_borrow_mut(|stood| {
            if stood.len() < MOST {
                stood.insert(lead, value);
            }
        });
    }
}

/// Whether a value is what stood in the row of a lead before this transaction routed it.
pub fn stood_there(lead: i64, value: Option<&str>, mapping: &Mapping) -> bool {
    let value = value.filter(|value| mapping.owner.nobody.as_deref() != Some(value));
    let is_same = STOOD.with_borrow(|stood| stood.get(&lead).map(String::as_str) == value);
    is_same && came_with_this_transaction(lead)
}

/// Whether this transaction inserted a lead.
pub fn came_with_this_transaction(lead: i64) -> bool {
    LEADS
        .bigint(lead, |found| {
            // SAFETY: a row of leads, valid during the callback; reads the clock of the transaction.
            unsafe {
                let row = LeadRow::new(found.tuple, found.desc);
                let writer = (*(*found.tuple).t_data).t_choice.t_heap.t_xmin;
                let came = row.get::<i64>("created_at");
                let is_ours = pg_sys::TransactionIdIsCurrentTransactionId(writer);
                Some(is_ours && came == Some(pg_sys::GetCurrentTransactionStartTimestamp()))
            }
        })
        .unwrap_or(false)
}
