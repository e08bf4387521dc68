//! Whether the row of a decision has been inserted: by PostgreSQL's own count of rows, else by looking.
//!
//! Between the moment the row trigger hands a row back and the moment it gets the next one, PostgreSQL inserts that row
//! or drops it on a conflict, and nothing else, unless code of the user writes something: that is seen by the command
//! counter, which every write advances. To look for each row instead makes a bulk insert 8 % slower.

use crate::db::routing::pending_decision::Pending;
use pgrx::pg_sys;

/// Watches the rows of one statement.
#[derive(Default)]
pub struct Watch {
    /// State when the last row was handed back.
    before: Option<Mark>,
    /// Code of the user may have changed rows meanwhile.
    doubtful: bool,
}

struct Mark {
    command: pg_sys::CommandId,
    rows: i64,
    decision: Option<i64>,
}

impl Watch {
    /// A row is handed back, with the decision if it was routed.
    ///
    /// # Safety
    /// The data must be that of the row trigger.
    pub unsafe fn leave(&mut self, data: &pg_sys::TriggerData, decision: Option<i64>) {
        // SAFETY: the caller vouches for the data.
        unsafe {
            self.doubtful |= !is_last(data);
            self.before = Some(Mark::now(data.tg_relation, decision));
        }
    }

    /// The next row comes, or the statement ends: notes whether the last one is known to have arrived.
    ///
    /// # Safety
    /// The relation must be open.
    pub unsafe fn enter(&mut self, relation: pg_sys::Relation, pending: &mut [Pending]) {
        let Some(before) = self.before.take() else {
            return;
        };
        // SAFETY: the caller vouches for the relation.
        let now = unsafe { Mark::now(relation, before.decision) };
        self.doubtful |= now.command != before.command;
        if let Some(last) = pending.last_mut().filter(|last| Some(last.decision_id) == before.decision) {
            // A row that is not counted may be there all the same, where PostgreSQL is told not to count.
            last.has_arrived = !self.doubtful && now.rows == before.rows + 1;
        }
    }

    /// Whether a row has arrived.
    pub fn has_arrived(&self, pending: &Pending) -> bool {
        pending.has_arrived && !self.doubtful || pending.is_there()
    }

    /// What was pending is dealt with.
    pub fn forget(&mut self) {
        self.doubtful = false;
    }
}

impl Mark {
    unsafe fn now(relation: pg_sys::Relation, decision: Option<i64>) -> Self {
        // SAFETY: the caller vouches for the relation; its counters are there once something was counted, for each
        // level of subtransactions.
        unsafe {
            let (command, mut rows) = (pg_sys::GetCurrentCommandId(false), 0);
            let counted = (*relation).pgstat_info.as_ref();
            let mut level = counted.map_or(std::ptr::null_mut(), |counted| counted.trans);
            while let Some(counts) = level.as_ref() {
                rows += counts.tuples_inserted - counts.tuples_deleted;
                level = counts.upper;
            }
            Self { command, rows, decision }
        }
    }
}

/// Whether no other trigger changes or drops the row after ours.
unsafe fn is_last(data: &pg_sys::TriggerData) -> bool {
    let wanted = pg_sys::TRIGGER_TYPE_ROW | pg_sys::TRIGGER_TYPE_BEFORE | pg_sys::TRIGGER_TYPE_INSERT;
    let alike = |trigger: &&pg_sys::Trigger| u32::from(trigger.tgtype.cast_unsigned()) & wanted == wanted;
    // SAFETY: the relation has triggers, as one of them is running; they are in the order in which they run.
    unsafe {
        let all = &*(*data.tg_relation).trigdesc;
        let triggers = std::slice::from_raw_parts(all.triggers, all.numtriggers as usize);
        let last = triggers.iter().rev().find(alike);
        last.is_some_and(|last| last.tgoid == (*data.tg_trigger).tgoid)
    }
}
