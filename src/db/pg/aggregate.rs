//! States of aggregates written in Rust. Each is dropped with the memory context that it belongs to, however that ends.

use crate::db::errors;
use crate::db::pg::function::{argument, null};
use crate::db::pg::varlena::{self, bytes};
use pgrx::pg_sys::{self, Datum};
use std::ffi::c_void;

/// The most bytes that a process hands over to another: a value of PostgreSQL holds 1 GB with its header.
const MOST: usize = (1 << 30) - 1024;

/// A state that processes hand over to each other.
pub trait Shared: Default {
    /// The state as bytes; `None` where it cannot be told.
    fn written(&self) -> Option<Vec<u8>>;
    /// The state that was written.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// Adds what another has, which nobody needs any more.
    fn join(&mut self, other: &mut Self);
}

/// Exports the functions by which processes share an aggregate with state `$state`: COMBINEFUNC, SERIALFUNC and DESERIALFUNC.
macro_rules! shared_functions {
    ($state:ty, $join:ident $finfo_join:ident, $out:ident $finfo_out:ident, $taken:ident $finfo_in:ident) => {
        crate::db::pg::function::sql_function! {
            /// COMBINEFUNC `(internal, internal)`
            $join, $finfo_join, |fcinfo| {
                // SAFETY: as declared in SQL; both states are those of this aggregate.
                unsafe { crate::db::pg::aggregate::joined::<$state>(fcinfo, stringify!($join)) }
            }
        }
        crate::db::pg::function::sql_function! {
            /// SERIALFUNC `(internal)`
            $out, $finfo_out, |fcinfo| {
                // SAFETY: as declared in SQL.
                unsafe { crate::db::pg::aggregate::handed_over::<$state>(fcinfo, stringify!($out)) }
            }
        }
        crate::db::pg::function::sql_function! {
            /// DESERIALFUNC `(bytea, internal)`
            $taken, $finfo_in, |fcinfo| {
                // SAFETY: as declared in SQL; the bytes are those that SERIALFUNC has written.
                unsafe { crate::db::pg::aggregate::taken_over::<$state>(fcinfo, stringify!($taken)) }
            }
        }
    };
}

pub(crate) use shared_functions;

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

/// Adds the state that is argument 1 to that of argument 0.
///
/// # Safety
/// As of [`state`], of both arguments.
pub unsafe fn joined<T: Shared>(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Datum {
    // SAFETY: the caller vouches for the arguments.
    unsafe {
        let state = state(fcinfo, function, T::default);
        if let Some(other) = argument(fcinfo, 1) {
            state.join(&mut *other.cast_mut_ptr::<T>());
        }
        Datum::from(&raw mut *state)
    }
}

/// The state that is argument 0 as bytes.
///
/// # Safety
/// As of [`state`].
pub unsafe fn handed_over<T: Shared>(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Datum {
    // SAFETY: the caller vouches for the argument.
    unsafe {
        let Some(state) = read::<T>(fcinfo, function, 0) else { return null(fcinfo) };
        match state.written().filter(|written| written.len() <= MOST) {
            Some(written) => varlena::of(&written),
            None => errors::too_much_for_a_report(),
        }
    }
}

/// The state that another process has handed over as bytes, kept as long as the row that it came with.
///
/// # Safety
/// `fcinfo` must be that of a function whose argument 0 is a bytea, or NULL.
pub unsafe fn taken_over<T: Shared>(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Datum {
    // SAFETY: the caller vouches for the argument; PostgreSQL calls in the context of the row.
    unsafe {
        called_by(fcinfo, function);
        let Some(state) = argument(fcinfo, 0).and_then(|datum| T::read(bytes(datum))) else {
            errors::only_for_the_extension(function)
        };
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
