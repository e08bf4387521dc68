//! Statements that run once, without a plan that is kept.

use crate::db::pg::security::SafeSettings;
use crate::db::pg::spi::{execute, Row};
use pgrx::pg_sys::{self, Datum, Oid};
use std::ffi::{CStr, CString};
use std::ptr::null_mut;

/// Runs a statement within a trigger that may read the changed rows by the names that the trigger gives them.
pub fn over_changed_rows<T>(
    data: &pg_sys::TriggerData,
    sql: &str,
    read_only: bool,
    mut each: impl FnMut(Row) -> T,
) -> Vec<T> {
    let sql = CString::new(sql).unwrap_or_default();
    let mut rows = Vec::new();
    let _path = SafeSettings::begin();
    // SAFETY: as in `run`; PostgreSQL only reads the trigger data, which outlives the connection. SPI frees the plan.
    unsafe {
        pg_sys::SPI_connect();
        let code = pg_sys::SPI_register_trigger_data(std::ptr::from_ref(data).cast_mut());
        assert!(code >= 0, "SPI_register_trigger_data failed: {code}");
        let plan = pg_sys::SPI_prepare(sql.as_ptr(), 0, null_mut());
        assert!(!plan.is_null(), "SPI_prepare failed: {}", { pg_sys::SPI_result });
        execute(plan, &[], read_only);
        if !pg_sys::SPI_tuptable.is_null() {
            let table = &*pg_sys::SPI_tuptable;
            for n in 0..pg_sys::SPI_processed as usize {
                rows.push(each(Row { tuple: *table.vals.add(n), desc: table.tupdesc }));
            }
        }
        pg_sys::SPI_finish();
    }
    rows
}

/// Runs a statement once; the first value that it returns, as text.
pub fn run_once(sql: &str) -> Option<String> {
    let sql = CString::new(sql).unwrap_or_default();
    let _path = SafeSettings::begin();
    // SAFETY: connect and finish are paired; the value is copied before SPI frees it.
    unsafe {
        pg_sys::SPI_connect();
        let code = pg_sys::SPI_execute(sql.as_ptr(), false, 0);
        assert!(code > 0, "SPI_execute failed: {code}");
        let mut answer = None;
        if !pg_sys::SPI_tuptable.is_null() && pg_sys::SPI_processed > 0 {
            let table = &*pg_sys::SPI_tuptable;
            let value = pg_sys::SPI_getvalue(*table.vals, table.tupdesc, 1);
            answer = (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned());
        }
        pg_sys::SPI_finish();
        answer
    }
}

/// Runs a statement once as it is written, as the current user and with the settings of now, and with a snapshot taken just
/// before.
pub fn run_as_written(statement: &str) {
    let statement = CString::new(statement).unwrap_or_default();
    // SAFETY: connect and finish are paired; SPI frees the plan.
    unsafe {
        pg_sys::SPI_connect();
        let plan = pg_sys::SPI_prepare(statement.as_ptr(), 0, null_mut());
        assert!(!plan.is_null(), "SPI_prepare failed: {}", { pg_sys::SPI_result });
        execute(plan, &[], false);
        pg_sys::SPI_finish();
    }
}

/// Runs an INSERT whose text is only known now, for each row.
pub fn insert<const N: usize>(
    statement: &str,
    types: &[Oid; N],
    rows: impl Iterator<Item = [Option<Datum>; N]>,
) {
    let statement = CString::new(statement).unwrap_or_default();
    // The values are made before SPI has a memory context of its own.
    let rows: Vec<_> = rows.collect();
    let _path = SafeSettings::begin();
    // SAFETY: as in `Query::run`; SPI frees the plan.
    unsafe {
        pg_sys::SPI_connect();
        let plan = pg_sys::SPI_prepare(statement.as_ptr(), N as i32, types.as_ptr().cast_mut());
        assert!(!plan.is_null(), "SPI_prepare failed: {}", { pg_sys::SPI_result });
        for row in &rows {
            execute(plan, row, false);
        }
        pg_sys::SPI_finish();
    }
}
