//! Settings for SQL. In a session that has not loaded the library `current_setting` knows none of them, or a placeholder
//! that anybody may have set; calling this has loaded it.

use crate::db::pg::function::{argument, sql_function};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::ffi::{CStr, CString};

sql_function! {
    /// `leadroute_internal.setting(text)`
    leadroute_setting, pg_finfo_leadroute_setting, setting
}

unsafe fn setting(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text. An unknown name is an error.
    unsafe {
        let name = argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false)).unwrap_or_default();
        let name = CString::new(format!("leadroute.{name}")).unwrap_or_default();
        let value = pg_sys::GetConfigOptionByName(name.as_ptr(), std::ptr::null_mut(), false);
        CStr::from_ptr(value).to_string_lossy().into_owned().into_datum().unwrap_or(Datum::from(0))
    }
}
