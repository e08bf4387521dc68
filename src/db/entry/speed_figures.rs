//! The aggregate `leadroute_internal.speed_figures`: percentiles by many dimensions, with one sort for all.
//!
//! A state is dropped with the memory context of its aggregate, however that ends.

use crate::db::errors;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::spi::text;
use leadroute_engine::speed::{Action, Speed};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;
use std::ffi::c_void;

sql_function! {
    /// `leadroute_internal.speed_add(internal, bigint, timestamptz, timestamptz, timestamptz, boolean, text..., timestamptz)`
    leadroute_speed_add, pg_finfo_leadroute_speed_add, add
}
sql_function! {
    /// `leadroute_internal.speed_told(internal)`
    leadroute_speed_told, pg_finfo_leadroute_speed_told, told
}

/// Arguments before those that tell actions apart, which are texts and a week: state, lead, action, routing, answer, whether it is late.
const BEFORE_VALUES: usize = 6;

unsafe fn add(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; the state is one that `new_state` has made.
    unsafe {
        let count = usize::try_from((*fcinfo).nargs).unwrap_or_default() - BEFORE_VALUES;
        let state: *mut Speed = match argument(fcinfo, 0) {
            Some(state) => state.cast_mut_ptr(),
            None => new_state(fcinfo, count),
        };
        let time = |n| argument(fcinfo, n).map(|datum| datum.value() as Micros);
        let (acted, routed, answered) = (time(2), time(3), time(4));
        let is_late = argument(fcinfo, 5).map(|datum| datum.value() != 0);
        let since_action = |then: Option<Micros>| Some(finite(then?)?.saturating_sub(finite(acted?)?));
        let action = Action {
            lead_id: argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false)).unwrap_or_default(),
            response: since_action(answered).map(|time| time.max(0)),
            route: since_action(routed),
            is_answered: answered.is_some(),
            is_late: is_late.unwrap_or_default(),
            is_timed: is_late.is_some(),
        };
        let week = time(BEFORE_VALUES + count - 1).map(|week| week.to_string());
        let texts = (0..count - 1).map(|n| argument(fcinfo, BEFORE_VALUES + n).map(|datum| bytes(datum)));
        (*state).add(action, texts.chain([week.as_ref().map(String::as_bytes)]));
        Datum::from(state)
    }
}

/// A time that is none of PostgreSQL's infinities.
fn finite(time: Micros) -> Option<Micros> {
    (time > Micros::MIN && time < Micros::MAX).then_some(time)
}

/// The bytes of a text; valid as long as the call.
unsafe fn bytes<'a>(datum: Datum) -> &'a [u8] {
    // SAFETY: a text; what is compressed or kept elsewhere is copied into the memory of the call.
    unsafe {
        let varlena = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
        let size = pgrx::varlena::varsize_any_exhdr(varlena);
        std::slice::from_raw_parts(pgrx::varlena::vardata_any(varlena).cast::<u8>(), size)
    }
}

unsafe fn new_state(fcinfo: pg_sys::FunctionCallInfo, dimensions: usize) -> *mut Speed {
    unsafe extern "C-unwind" fn drop_state(state: *mut c_void) {
        // SAFETY: the state was made by Box::into_raw, and is dropped once, with its context.
        drop(unsafe { Box::from_raw(state.cast::<Speed>()) });
    }
    // SAFETY: called as an aggregate, which only the extension declares; the callback lives in the context that calls it.
    unsafe {
        let mut context = std::ptr::null_mut();
        if pg_sys::AggCheckCallContext(fcinfo, &raw mut context) == 0 {
            errors::only_for_the_extension("speed_add");
        }
        let state = Box::into_raw(Box::new(Speed::by(dimensions)));
        let callback: *mut pg_sys::MemoryContextCallback =
            pg_sys::MemoryContextAllocZero(context, size_of::<pg_sys::MemoryContextCallback>()).cast();
        (*callback).func = Some(drop_state);
        (*callback).arg = state.cast();
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
        state
    }
}

unsafe fn told(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: the state is one that `new_state` has made.
    unsafe {
        let Some(state) = argument(fcinfo, 0) else {
            return null(fcinfo);
        };
        let state: *const Speed = state.cast_mut_ptr();
        let figures = serde_json::to_string(&(*state).figures()).unwrap_or_default();
        text(Some(&figures)).unwrap_or(Datum::from(0))
    }
}
