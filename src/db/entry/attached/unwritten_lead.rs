//! Whether the row that was routed was inserted: `ON CONFLICT`, or a later trigger of the user, may have dropped it.

use crate::db::entry::attached::keys::Key;
use crate::db::entry::attached::lead::rows_deleted;
use crate::db::entry::attached::mapping::Mapping;
use crate::db::entry::attached::write_back::locked_mapping;
use crate::db::entry::attached::{owner, owner_table};
use crate::db::errors;
use crate::db::lead::columns::COLUMNS;
use crate::db::pg::catalog::{relation, sql_name};
use crate::db::pg::security::limit_lock_waits;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::table::Table;
use crate::db::pg::tuple::Values;
use crate::db::settings::TURN_WAIT;
use pgrx::pg_sys::{self, CommandId, Datum, Oid};
use pgrx::FromDatum;
use std::rc::Rc;
use std::sync::LazyLock;

static LEADS: LazyLock<Table<{ COLUMNS.len() }>> =
    LazyLock::new(|| Table::new("leads", COLUMNS.map(|column| column.type_id)));

/// The lead of the last row of a statement, which is written once the row is there.
pub struct Unwritten {
    lead: pg_sys::HeapTuple,
    table: Oid,
    key: Key,
    before: Before,
    mapping: Rc<Mapping>,
    statement: CommandId,
}

/// What was there before a row was routed.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// A row with its key, or another transaction was inserting or deleting one.
    pub row: bool,
    /// A lead of a row with its key.
    pub lead: bool,
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
    pub unsafe fn new(
        lead: pg_sys::HeapTuple,
        table: Oid,
        key: Key,
        before: Before,
        mapping: Rc<Mapping>,
    ) -> Self {
        // SAFETY: the caller vouches for the tuple; the context lives as long as the statement.
        let lead = unsafe {
            let current = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
            let copy = pg_sys::heap_copytuple(lead);
            pg_sys::MemoryContextSwitchTo(current);
            copy
        };
        Self { lead, table, key, before, mapping, statement: statement() }
    }

    /// Writes the lead if its row is there.
    pub fn write(self) {
        if self.has_arrived() {
            if self.before.lead {
                // Its row was deleted, and another one comes with the key.
                rows_deleted(vec![self.key.text.clone()], self.mapping.table_no);
            }
            self.write_lead();
        }
        self.free();
    }

    /// Writes the lead of a row that was there before.
    pub fn adopt(self) {
        self.write_lead();
        self.free();
    }

    fn write_lead(&self) {
        let columns = self.columns();
        LEADS.insert([columns]);
        self.link_owner(columns);
    }

    fn free(self) {
        // SAFETY: nobody else has it.
        unsafe { pg_sys::heap_freetuple(self.lead) };
    }

    /// Where owners have a table of their own, the row must be there first. If that table refuses, the lead stays.
    fn link_owner(&self, columns: [Option<Datum>; COLUMNS.len()]) {
        let rep = COLUMNS
            .iter()
            .zip(columns)
            .find_map(|(column, value)| value.filter(|_| column.name == "owner_id"));
        let link = self.mapping.owner.link.as_ref().filter(|_| self.mapping.trusted);
        if let (Some(link), Some(rep)) = (link, rep) {
            // SAFETY: the column is a text.
            let rep = unsafe { String::from_datum(rep, false) };
            let linked = protect(|| {
                let _limit = limit_lock_waits(TURN_WAIT.get());
                let mapping = locked_mapping(&self.mapping, &self.key.text)?;
                let value = rep.and_then(|rep| {
                    owner::value_of(&rep, &mapping, owner::Seen::key(&self.key.text, &mapping))
                });
                owner_table::write(
                    mapping.owner.link.as_ref()?,
                    &mapping,
                    &self.key.text,
                    None,
                    value.as_deref(),
                );
                Some(())
            });
            if let Err(failure) = linked {
                let column = &self.mapping.owner.to.column;
                errors::warn_not_written(column, &sql_name(link.oid), &failure.sqlstate, &failure.message);
            }
        }
    }

    fn columns(&self) -> [Option<Datum>; COLUMNS.len()] {
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        // SAFETY: a tuple of the table, which outlives the values; the first columns are ours.
        unsafe {
            let leads = pg_sys::table_open(relation("leads"), share);
            let values = Values::of(self.lead, (*leads).rd_att);
            pg_sys::table_close(leads, pg_sys::NoLock as pg_sys::LOCKMODE);
            std::array::from_fn(|place| values.get(place))
        }
    }

    /// Whether the row is there; sees what this statement has inserted.
    fn has_arrived(&self) -> bool {
        self.key.look(self.table, |header| self.is_inserted(header))
    }

    /// Whether a row was inserted by the statement. A new version may also be that of a row which was there before,
    /// and was updated on the conflict.
    fn is_inserted(&self, header: pg_sys::HeapTupleHeader) -> bool {
        // SAFETY: the header of a visible row; a command number is asked for where the transaction is ours.
        unsafe {
            let is_ours = pg_sys::TransactionIdIsCurrentTransactionId((*header).t_choice.t_heap.t_xmin)
                && pg_sys::HeapTupleHeaderGetCmin(header) >= self.statement;
            let is_update = u32::from((*header).t_infomask) & pg_sys::HEAP_UPDATED != 0;
            is_ours && !(is_update && self.before.row)
        }
    }
}
