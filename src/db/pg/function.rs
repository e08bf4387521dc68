//! How a C function of the SQL surface is declared.

/// Exports `$name` to SQL; `$body` gets the call info and returns a `Datum`.
macro_rules! sql_function {
    ($(#[$doc:meta])* $name:ident, $finfo:ident, $body:expr) => {
        #[doc(hidden)]
        #[no_mangle]
        pub extern "C" fn $finfo() -> *const pgrx::pg_sys::Pg_finfo_record {
            static V1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        $(#[$doc])*
        ///
        /// # Safety
        /// Called by PostgreSQL only.
        #[no_mangle]
        #[pgrx::pg_guard]
        pub unsafe extern "C-unwind" fn $name(
            fcinfo: pgrx::pg_sys::FunctionCallInfo,
        ) -> pgrx::pg_sys::Datum {
            let body: unsafe fn(pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum = $body;
            // SAFETY: PostgreSQL passes a valid call info.
            unsafe { body(fcinfo) }
        }
    };
}

pub(crate) use sql_function;

use pgrx::pg_sys;

/// Argument `n`, or `None` if it is NULL.
///
/// # Safety
/// `fcinfo` must be valid and have more than `n` arguments.
pub unsafe fn argument(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<pg_sys::Datum> {
    // SAFETY: the caller vouches for both.
    unsafe {
        let argument = (*fcinfo).args.as_slice((*fcinfo).nargs as usize).get(n)?;
        (!argument.isnull).then_some(argument.value)
    }
}

/// Returns NULL.
///
/// # Safety
/// `fcinfo` must be valid.
pub unsafe fn null(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the caller vouches for it.
    unsafe { (*fcinfo).isnull = true };
    pg_sys::Datum::from(0)
}
