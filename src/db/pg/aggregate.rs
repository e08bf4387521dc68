//! States of aggregates written in Rust. Each is dropped with the memory context that it belongs to, however that ends.

use crate::db::errors;
use crate::db::pg::function::argument;
use pgrx::pg_sys::{self, Datum};
use std::ffi::c_void;

/// The state of an aggregate, argument 0; at its first row a new one.
///
/// # Safety
/// `fcinfo` must be that of a function whose argument 0 is a state of this type, or NULL.
pub unsafe fn state<'a, T>(
    fcinfo: pg_sys::FunctionCallInfo,
    function: &str,
    new: impl FnOnce() -> T,
) -> &'a mut T {
    // SAFETY: the caller vouches for the argument; a new state lives as long as the aggregate.
    unsafe {
        let context = called_by(fcinfo, function);
        match argument(fcinfo, 0) {
            Some(state) => &mut *state.cast_mut_ptr(),
            None => &mut *keep(context, new()),
        }
    }
}

/// The state that is argument `n`, to be read.
///
/// # Safety
/// As of [`state`].
pub unsafe fn read<'a, T>(fcinfo: pg_sys::FunctionCallInfo, function: &str, n: usize) -> Option<&'a T> {
    // SAFETY: the caller vouches for the argument.
    unsafe {
        called_by(fcinfo, function);
        argument(fcinfo, n).map(|state| &*state.cast_mut_ptr::<T>())
    }
}

/// Keeps a state as long as the row that it came with.
///
/// # Safety
/// `fcinfo` must be valid.
pub unsafe fn for_a_row<T>(fcinfo: pg_sys::FunctionCallInfo, function: &str, state: T) -> Datum {
    // SAFETY: the caller vouches for the call; PostgreSQL calls in the context of the row.
    unsafe {
        called_by(fcinfo, function);
        Datum::from(keep(pg_sys::CurrentMemoryContext, state))
    }
}

/// The context of the aggregate that calls, without which nothing is done.
unsafe fn called_by(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> pg_sys::MemoryContext {
    let mut context = std::ptr::null_mut();
    // SAFETY: the caller vouches for the call.
    if unsafe { pg_sys::AggCheckCallContext(fcinfo, &raw mut context) } == 0 {
        errors::only_for_the_extension(function);
    }
    context
}

unsafe fn keep<T>(context: pg_sys::MemoryContext, state: T) -> *mut T {
    unsafe extern "C-unwind" fn drop_state<T>(state: *mut c_void) {
        // SAFETY: the state was made by Box::into_raw, and is dropped once, with its context.
        drop(unsafe { Box::from_raw(state.cast::<T>()) });
    }
    // SAFETY: the callback lives in the context that calls it.
    unsafe {
        let callback: *mut pg_sys::MemoryContextCallback =
            pg_sys::MemoryContextAllocZero(context, size_of::<pg_sys::MemoryContextCallback>()).cast();
        let state = Box::into_raw(Box::new(state));
        (*callback).func = Some(drop_state::<T>);
        (*callback).arg = state.cast();
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
        state
    }
}
