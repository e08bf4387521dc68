//! What a trigger function was called with, checked. Whoever has EXECUTE on a trigger function can put it on a table of
//! their own, with any timing and for any event: nothing in the call is trusted.

use crate::db::errors;
use crate::db::pg::catalog;
use pgrx::pg_sys::{self, TriggerData};
use std::ffi::CStr;

/// Where a trigger belongs.
#[derive(Clone, Copy)]
pub enum On {
    /// On one table of the extension.
    Table(&'static str),
    /// On several tables of the extension.
    Ours,
    /// On attached tables; the mapping tells which.
    Attached,
    /// On tables that link rows of attached tables to owners.
    Linking,
}

/// The events of a trigger, as bits.
pub const INSERT: u32 = 1 << pg_sys::TRIGGER_EVENT_INSERT;
/// See [`INSERT`].
pub const DELETE: u32 = 1 << pg_sys::TRIGGER_EVENT_DELETE;
/// See [`INSERT`].
pub const UPDATE: u32 = 1 << pg_sys::TRIGGER_EVENT_UPDATE;
/// See [`INSERT`].
pub const TRUNCATE: u32 = 1 << pg_sys::TRIGGER_EVENT_TRUNCATE;

/// When a trigger is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before a row is written.
    BeforeRow,
    /// After a row was written.
    AfterRow,
    /// After a statement.
    AfterStatement,
    /// After a statement, or after a row.
    After,
    /// Before a statement, and after it.
    AroundStatement,
}

/// How the triggers of the extension call a function.
#[derive(Clone, Copy)]
pub struct Call {
    /// The function, for the error.
    pub function: &'static str,
    /// The tables.
    pub on: On,
    /// Timing and level.
    pub when: When,
    /// Bits of events.
    pub events: u32,
}

impl Call {
    /// The trigger data; an error (39P01) if this is another call than the triggers of the extension make.
    ///
    /// # Safety
    /// `fcinfo` must be valid; the answer lives as long as it.
    pub unsafe fn data<'a>(&self, fcinfo: pg_sys::FunctionCallInfo) -> &'a TriggerData {
        // SAFETY: the node tag says that the context is trigger data.
        unsafe {
            let context = (*fcinfo).context;
            if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_TriggerData {
                errors::not_a_trigger(self.function);
            }
            let data = &*context.cast::<TriggerData>();
            if !self.fits(data.tg_event) || !self.is_at_home(data.tg_relation) {
                errors::not_a_trigger(self.function);
            }
            data
        }
    }

    fn fits(&self, event: u32) -> bool {
        let timing = event & pg_sys::TRIGGER_EVENT_TIMINGMASK;
        let is_row = event & pg_sys::TRIGGER_EVENT_ROW != 0;
        let (is_before, is_after) =
            (timing == pg_sys::TRIGGER_EVENT_BEFORE, timing == pg_sys::TRIGGER_EVENT_AFTER);
        let when = match self.when {
            When::BeforeRow => is_row && is_before,
            When::AfterRow => is_row && is_after,
            When::AfterStatement => !is_row && is_after,
            When::After => is_after,
            When::AroundStatement => !is_row && (is_before || is_after),
        };
        when && self.events & (1 << (event & pg_sys::TRIGGER_EVENT_OPMASK)) != 0
    }

    unsafe fn is_at_home(&self, relation: pg_sys::Relation) -> bool {
        // SAFETY: the relation of a trigger is open.
        let (oid, schema) = unsafe { ((*relation).rd_id, (*(*relation).rd_rel).relnamespace) };
        match self.on {
            On::Table(name) => oid == catalog::relation(name),
            On::Ours => schema == catalog::schema(),
            On::Attached | On::Linking => true,
        }
    }
}

/// Arguments of a trigger, as texts.
pub fn arguments(data: &TriggerData) -> Vec<String> {
    // SAFETY: a trigger has as many arguments, which end with a zero.
    unsafe {
        let trigger = &*data.tg_trigger;
        let count = usize::try_from(trigger.tgnargs).unwrap_or_default();
        (0..count).map(|n| CStr::from_ptr(*trigger.tgargs.add(n)).to_string_lossy().into_owned()).collect()
    }
}

/// The name of the table of a trigger.
pub fn name_of(data: &TriggerData) -> String {
    // SAFETY: the relation of a trigger is open, its name ends with a zero.
    unsafe {
        let name = (*(*data.tg_relation).rd_rel).relname.data.as_ptr();
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}
