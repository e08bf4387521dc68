//! Whether the row that was routed has come: `ON CONFLICT`, or a later trigger of the user, may have dropped it.

use super::mapping::Mapping;
use super::{convert, link, owner};
use crate::db::identity::AsOwner;
use crate::db::names::relation;
use crate::db::scan::scan_key;
use crate::db::store::Table;
use pgrx::pg_sys::{self, CommandId, Datum, Oid};
use pgrx::{FromDatum, PgTupleDesc};
use std::rc::Rc;

/// The columns of `leads`, all of them.
const COLUMNS: usize = 47;

static LEADS: Table<COLUMNS> = Table::new("leads", types());

const fn types() -> [Oid; COLUMNS] {
    let mut types = [pg_sys::TEXTOID; COLUMNS];
    types[0] = pg_sys::INT8OID;
    types[16] = pg_sys::INT4OID; // employees
    types[17] = pg_sys::NUMERICOID; // annual_revenue
    types[20] = pg_sys::NUMERICOID; // score
    types[22] = pg_sys::TIMESTAMPTZOID; // occurred_at
    types[25] = pg_sys::JSONBOID; // attributes
    types[35] = pg_sys::BOOLOID; // expansion
    types[36] = pg_sys::BOOLOID; // held
    types[37] = pg_sys::INT8OID; // duplicate_of
    types[39] = pg_sys::TIMESTAMPTZOID; // routed_at
    types[40] = pg_sys::TIMESTAMPTZOID; // sla_due_at
    types[41] = pg_sys::TIMESTAMPTZOID; // first_response_at
    types[42] = pg_sys::INT8OID; // decision_id
    types[43] = pg_sys::TIMESTAMPTZOID; // created_at
    types[44] = pg_sys::TIMESTAMPTZOID; // updated_at
    types[45] = pg_sys::INT4OID; // attached_table
    types
}

/// The lead of the last row of a statement, which is written once the row is there.
pub struct Unwritten {
    lead: pg_sys::HeapTuple,
    table: Oid,
    key: Vec<String>,
    mapping: Rc<Mapping>,
    statement: CommandId,
}

/// The statement that runs now: its rows have this number, or a later one.
pub fn statement() -> CommandId {
    // SAFETY: triggers run with a snapshot.
    unsafe { (*pg_sys::GetActiveSnapshot()).curcid }
}

impl Unwritten {
    /// Keeps the lead until the row is there.
    ///
    /// # Safety
    /// `lead` must be a tuple of `leads`.
    pub unsafe fn new(lead: pg_sys::HeapTuple, table: Oid, key: Vec<String>, mapping: Rc<Mapping>) -> Self {
        // SAFETY: the caller vouches for the tuple; the context lives as long as the statement.
        let lead = unsafe {
            let before = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
            let copy = pg_sys::heap_copytuple(lead);
            pg_sys::MemoryContextSwitchTo(before);
            copy
        };
        Self { lead, table, key, mapping, statement: statement() }
    }

    /// Writes the lead if its row is there.
    pub fn write(self) {
        if self.has_arrived() {
            let _owner = AsOwner::begin();
            LEADS.insert([self.columns()]);
            self.link_owner();
        }
        // SAFETY: nobody else has it.
        unsafe { pg_sys::heap_freetuple(self.lead) };
    }

    /// Where owners have a table of their own, the row must be there first.
    fn link_owner(&self) {
        const OWNER_ID: usize = 27;
        if let (Some(link), Some(owner)) = (&self.mapping.owner.link, self.columns()[OWNER_ID]) {
            // SAFETY: the column is a text.
            let rep = unsafe { String::from_datum(owner, false) };
            let value = rep.and_then(|rep| owner::value_of(&rep, &self.mapping));
            link::write(link, &self.mapping, &self.key[0], None, value.as_deref());
        }
    }

    fn columns(&self) -> [Option<Datum>; COLUMNS] {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        // SAFETY: the arrays have a place for every column, of which the first are ours; the tuple outlives them.
        unsafe {
            let leads = pg_sys::table_open(relation("leads"), share);
            let count = (*(*leads).rd_att).natts as usize;
            let (mut values, mut nulls) = (vec![Datum::from(0); count], vec![true; count]);
            pg_sys::heap_deform_tuple(self.lead, (*leads).rd_att, values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::table_close(leads, pg_sys::NoLock as pg_sys::LOCKMODE);
            std::array::from_fn(|place| (!nulls[place]).then_some(values[place]))
        }
    }

    /// Looks in the primary key, and sees what this statement has inserted.
    fn has_arrived(&self) -> bool {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let keep = pg_sys::NoLock as pg_sys::LOCKMODE;
        let mut itself = Box::new(pg_sys::SnapshotData {
            snapshot_type: pg_sys::SnapshotType::SNAPSHOT_SELF,
            ..Default::default()
        });
        // SAFETY: the statement has the table open; scan and relations are closed in pairs (an error releases
        // them with the subtransaction); the snapshot outlives the scan.
        unsafe {
            let table = pg_sys::table_open(self.table, share);
            let index = pg_sys::index_open(pg_sys::RelationGetPrimaryKeyIndex(table), share);
            let mut keys = self.scan_keys(table, index);
            let (count, first) = (keys.len() as i32, keys.as_mut_ptr());
            let scan = pg_sys::systable_beginscan_ordered(table, index, &mut *itself, count, first);
            let mut arrived = false;
            loop {
                let tuple =
                    pg_sys::systable_getnext_ordered(scan, pg_sys::ScanDirection::ForwardScanDirection);
                if tuple.is_null() {
                    break;
                }
                arrived |= self.is_inserted((*tuple).t_data);
            }
            pg_sys::systable_endscan_ordered(scan);
            pg_sys::index_close(index, keep);
            pg_sys::table_close(table, keep);
            arrived
        }
    }

    /// Whether a row is new, and not a new version of one that was there.
    unsafe fn is_inserted(&self, header: pg_sys::HeapTupleHeader) -> bool {
        // SAFETY: the header of a visible row; a command number is asked for where the transaction is ours.
        unsafe {
            u32::from((*header).t_infomask) & pg_sys::HEAP_UPDATED == 0
                && pg_sys::TransactionIdIsCurrentTransactionId((*header).t_choice.t_heap.t_xmin)
                && pg_sys::HeapTupleHeaderGetCmin(header) >= self.statement
        }
    }

    unsafe fn scan_keys(&self, table: pg_sys::Relation, index: pg_sys::Relation) -> Vec<pg_sys::ScanKeyData> {
        // SAFETY: the index has as many columns as the key.
        unsafe {
            let columns = (*(*index).rd_index).indkey.values.as_slice(self.key.len());
            let shape = PgTupleDesc::from_pg_unchecked((*table).rd_att);
            let type_of =
                |column: &i16| shape.get(*column as usize - 1).map_or(Oid::INVALID, |column| column.atttypid);
            let types: Vec<Oid> = columns.iter().map(type_of).collect();
            let _utc = types.iter().any(|type_id| convert::is_time(*type_id)).then(convert::InUtc::begin);
            let key = |(place, text): (usize, &String)| {
                let (family, class) = (*(*index).rd_opfamily.add(place), *(*index).rd_opcintype.add(place));
                let equal = pg_sys::BTEqualStrategyNumber as i16;
                let operator = pg_sys::get_opfamily_member(family, class, class, equal);
                let value = convert::from_text(text, types[place], -1)?;
                Some(scan_key(index, place, (value, pg_sys::get_opcode(operator).to_u32())))
            };
            self.key.iter().enumerate().filter_map(key).collect()
        }
    }
}
