//! Rows of attached tables that get another key, or are gone.

use crate::db::entry::attached::kept_row::KeptRow;
use crate::db::entry::attached::keys::Key;
use crate::db::entry::attached::lead::rows_deleted;
use crate::db::entry::attached::mapping::{mapping, Mapping, Row};
use crate::db::entry::attached::row_by_key::has_row;
use crate::db::entry::attached::trigger::enter;
use crate::db::pg::catalog::lock_for_writing;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::only_the_extension;
use crate::db::pg::spi::text;
use crate::db::pg::trigger_data::{Call, On, When, DELETE, TRUNCATE, UPDATE};
use crate::db::queries;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::cell::RefCell;
use std::collections::VecDeque;

sql_function! {
    /// Row trigger, before the key of a row changes.
    leadroute_attached_key_changed, pg_finfo_leadroute_attached_key_changed, attached_key_changed
}

sql_function! {
    /// Statement trigger, after delete, with the deleted rows.
    leadroute_attached_deleted, pg_finfo_leadroute_attached_deleted, attached_deleted
}

sql_function! {
    /// Statement trigger, after truncate.
    leadroute_attached_truncated, pg_finfo_leadroute_attached_truncated, attached_truncated
}

const fn call(function: &'static str, when: When, events: u32) -> Call {
    Call { function, on: On::Attached, when, events }
}
const KEY_CHANGED: Call = call("attached_key_changed", When::BeforeRow, UPDATE);
const DELETED: Call = call("attached_deleted", When::AfterStatement, DELETE);
const TRUNCATED: Call = call("attached_truncated", When::AfterStatement, TRUNCATE);

/// A row that an update moves to another partition: there it comes as an insert.
pub struct Moved {
    table_no: i32,
    key: String,
    row: KeptRow,
    subtransaction: pg_sys::SubTransactionId,
}

impl Moved {
    /// The row as it was.
    pub fn old(&self) -> Row {
        self.row.row()
    }

    fn is_of(&self, table_no: i32, key: &str) -> bool {
        self.table_no == table_no && self.key == key
    }
}

thread_local! {
    /// The row whose key was changed last.
    static MOVED: RefCell<Option<Moved>> = const { RefCell::new(None) };
    /// Rows that have moved, until the triggers after the statement have seen them.
    static ARRIVED: RefCell<VecDeque<Moved>> = const { RefCell::new(VecDeque::new()) };
}

/// A statement begins to insert: its rows do not move, unless their key changes first.
pub fn nothing_moves() {
    MOVED.set(None);
}

/// The transaction has ended.
pub fn transaction_ended() {
    nothing_moves();
    ARRIVED.take();
}

/// A subtransaction was rolled back: what moved in it has not.
pub fn subtransaction_aborted(ended: pg_sys::SubTransactionId) {
    MOVED.set(MOVED.take().filter(|moved| moved.subtransaction < ended));
    ARRIVED.with_borrow_mut(|arrived| arrived.retain(|moved| moved.subtransaction < ended));
}

/// Whether the row that is being inserted with a key is one that moves to another partition.
pub fn moves(table_no: i32, key: &str) -> bool {
    let moved = MOVED.take().filter(|moved| moved.is_of(table_no, key));
    let does = moved.is_some();
    ARRIVED.with_borrow_mut(|arrived| arrived.extend(moved));
    does
}

/// A row that has moved and is there now, if the row with that key is one.
pub fn moved(table_no: i32, key: impl FnOnce() -> String) -> Option<Moved> {
    ARRIVED.with_borrow_mut(|arrived| {
        let key = if arrived.is_empty() { return None } else { key() };
        // in the order in which they moved, mostly
        let place = arrived.iter().position(|moved| moved.is_of(table_no, &key))?;
        arrived.remove(place)
    })
}

unsafe fn attached_key_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let entered = enter(fcinfo, &KEY_CHANGED);
        let (data, table_no) = (entered.data, entered.table_no);
        let desc = (*data.tg_relation).rd_att;
        if let Some(mapping) = &entered.mapping {
            let key = |tuple| Row { tuple, desc }.key(mapping).text;
            let (old, new) = (key(data.tg_trigtuple), key(data.tg_newtuple));
            queries::ATTACHED_KEY.write(&[text(Some(&old)), text(Some(&new)), Some(Datum::from(table_no))]);
            if (*(*data.tg_relation).rd_rel).relispartition {
                let row = KeptRow::of(Row { tuple: data.tg_trigtuple, desc }, (*data.tg_relation).rd_id);
                let subtransaction = pg_sys::GetCurrentSubTransactionId();
                MOVED.set(Some(Moved { table_no, key: new, row, subtransaction }));
            }
        }
        Datum::from(data.tg_newtuple)
    }
}

unsafe fn attached_deleted(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL with the deleted rows; the relation is open.
    unsafe {
        let entered = enter(fcinfo, &DELETED);
        let data = entered.data;
        lock_for_writing();
        if let Some(mapping) = entered.mapping.as_ref().filter(|_| !data.tg_oldtable.is_null()) {
            let table = (*data.tg_relation).rd_id;
            let is_parted = !(*data.tg_relation).rd_rel.is_null()
                && (*(*data.tg_relation).rd_rel).relkind as u8 == pg_sys::RELKIND_PARTITIONED_TABLE;
            // Another row with the key may have been inserted since. A partitioned table has no index to look in.
            let is_gone = |key: &Key| match is_parted {
                true => !has_row(mapping, &key.text),
                false => !key.look(table, |_| true),
            };
            let gone = deleted_keys(data, mapping).into_iter().filter(is_gone);
            rows_deleted(gone.map(|key| key.text).collect(), entered.table_no);
        }
    }
    Datum::from(0)
}

unsafe fn deleted_keys(data: &pg_sys::TriggerData, mapping: &Mapping) -> Vec<Key> {
    let mut keys = Vec::new();
    // SAFETY: the trigger is declared with the old table; a read pointer of our own disturbs nobody.
    unsafe {
        let (store, shape) = (data.tg_oldtable, (*data.tg_relation).rd_att);
        let pointer = pg_sys::tuplestore_alloc_read_pointer(store, pg_sys::EXEC_FLAG_REWIND as i32);
        pg_sys::tuplestore_select_read_pointer(store, pointer);
        pg_sys::tuplestore_rescan(store);
        let slot = pg_sys::MakeSingleTupleTableSlot(shape, &raw const pg_sys::TTSOpsMinimalTuple);
        while pg_sys::tuplestore_gettupleslot(store, true, false, slot) {
            let mut is_copy = false;
            let tuple = pg_sys::ExecFetchSlotHeapTuple(slot, false, &mut is_copy);
            keys.push(Row { tuple, desc: shape }.key(mapping));
            if is_copy {
                pg_sys::heap_freetuple(tuple);
            }
        }
        pg_sys::ExecDropSingleTupleTableSlot(slot);
    }
    keys
}

unsafe fn attached_truncated(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL; the relation is open.
    unsafe {
        let entered = enter(fcinfo, &TRUNCATED);
        let (data, table_no) = (entered.data, entered.table_no);
        lock_for_writing();
        if let Some(mapping) = &entered.mapping {
            // Of a partition only its own rows are gone.
            let is_whole = (*data.tg_relation).rd_id.to_u32() == mapping.oid;
            rows_deleted(if is_whole { keys(table_no) } else { keys_gone(mapping) }, table_no);
        }
    }
    Datum::from(0)
}

sql_function! {
    /// `leadroute_internal.keys_gone(integer)`
    leadroute_keys_gone, pg_finfo_leadroute_keys_gone, sql_keys_gone
}

unsafe fn sql_keys_gone(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("keys_gone");
    // SAFETY: as declared in SQL: strict.
    let table_no = unsafe { argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false)) };
    let gone = table_no.and_then(mapping).map(|mapping| keys_gone(&mapping)).unwrap_or_default();
    gone.into_datum().unwrap_or(Datum::from(0))
}

/// The keys of the rows that have leads.
fn keys(table_no: i32) -> Vec<String> {
    let keys = queries::ATTACHED_KEYS.read(&[Some(Datum::from(table_no))], |row| row.get::<String>(1));
    keys.into_iter().flatten().collect()
}

/// Those of them that are not there any more.
fn keys_gone(mapping: &Mapping) -> Vec<String> {
    keys(mapping.table_no).into_iter().filter(|key| !has_row(mapping, key)).collect()
}
