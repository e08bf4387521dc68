//! The triggers of attached tables: which table and mapping they are of.

use crate::db::entry::attached::mapping::{mapping, Mapping};
use crate::db::errors;
use crate::db::pg::trigger_data::{arguments, Call, On};
use pgrx::pg_sys;
use std::rc::Rc;

/// Trigger data with the number of the table and its mapping, if it is attached. An error if the trigger does not
/// belong on its table: everybody may put it on a table of their own.
///
/// # Safety
/// As [`Call::data`].
pub unsafe fn data<'a>(
    fcinfo: pg_sys::FunctionCallInfo,
    call: &Call,
) -> (&'a pg_sys::TriggerData, i32, Option<Rc<Mapping>>) {
    // SAFETY: the caller vouches for the call; the relation of a trigger is open.
    let (data, relation) = unsafe {
        let data = call.data(fcinfo);
        (data, (*data.tg_relation).rd_id)
    };
    let number = arguments(data).first().and_then(|number| number.parse().ok());
    let Some(number) = number else {
        errors::not_a_trigger(call.function);
    };
    let mapping = mapping(number);
    let belongs = |mapping: &Rc<Mapping>| match call.on {
        On::Linking => mapping.is_linked_by(relation),
        _ => mapping.covers(relation),
    };
    if mapping.as_ref().is_some_and(|mapping| !belongs(mapping)) {
        errors::not_a_trigger(call.function);
    }
    (data, number, mapping)
}
