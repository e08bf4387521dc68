//! The triggers of attached tables: which table and mapping they are of, and as whom they run.

use crate::db::entry::attached::mapping::{mapping, Mapping};
use crate::db::errors;
use crate::db::pg::security::AsOwner;
use crate::db::pg::trigger_data::{arguments, Call, On};
use crate::db::state::restoring::is_restoring;
use pgrx::pg_sys::{self, TriggerData};
use std::rc::Rc;

/// A trigger that runs. Until it is dropped, the owner of the extension is the current user; code of the owner of the
/// table runs as they (`statement::ask_author`, `convert::for_table`, `unique::collision`).
pub struct Entered<'a> {
    /// What PostgreSQL says.
    pub data: &'a TriggerData,
    /// The number of the table.
    pub table_no: i32,
    /// Its mapping, if it is attached.
    pub mapping: Option<Rc<Mapping>>,
    owner: AsOwner,
}

impl Entered<'_> {
    /// Whether a row is one of a dump. Only the owner of its table restores: an app may share the session of a DBA who has
    /// read a dump, with its settings.
    pub fn restores(&self) -> bool {
        // SAFETY: the relation of a trigger is open.
        is_restoring() && unsafe { self.owner.was_owner_of(self.data.tg_relation) }
    }

    /// The mapping, if its author may write into the table.
    pub fn trusted(&self) -> Option<&Rc<Mapping>> {
        self.mapping.as_ref().filter(|mapping| mapping.trusted)
    }
}

/// Enters a trigger. An error if it does not belong on its table: everybody may put it on a table of their own.
///
/// # Safety
/// As [`Call::data`].
pub unsafe fn enter<'a>(fcinfo: pg_sys::FunctionCallInfo, call: &Call) -> Entered<'a> {
    // SAFETY: the caller vouches for the call; the relation of a trigger is open.
    let (data, relation) = unsafe {
        let data = call.data(fcinfo);
        (data, (*data.tg_relation).rd_id)
    };
    let number = arguments(data).first().and_then(|number| number.parse().ok());
    let Some(table_no) = number else {
        errors::not_a_trigger(call.function);
    };
    let owner = AsOwner::begin();
    let mapping = mapping(table_no);
    let belongs = |mapping: &Rc<Mapping>| match call.on {
        On::Linking => mapping.is_linked_by(relation),
        _ => mapping.covers(relation),
    };
    if mapping.as_ref().is_some_and(|mapping| !belongs(mapping)) {
        errors::not_a_trigger(call.function);
    }
    Entered { data, table_no, mapping, owner }
}
