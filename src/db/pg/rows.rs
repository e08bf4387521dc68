//! What a function in FROM answers with: rows, which PostgreSQL keeps until they are read.

use crate::db::errors;
use pgrx::pg_sys::{self, Datum};

/// The rows of one call.
pub struct Rows {
    store: *mut pg_sys::Tuplestorestate,
    columns: pg_sys::TupleDesc,
}

impl Rows {
    /// No rows so far, with the columns that the function is declared with.
    ///
    /// # Safety
    /// `fcinfo` must be valid.
    pub unsafe fn of(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Self {
        // SAFETY: PostgreSQL says where it wants rows; they live as long as the query.
        unsafe {
            let wanted: *mut pg_sys::ReturnSetInfo = (*fcinfo).resultinfo.cast();
            let is_there = !wanted.is_null() && (*wanted).type_ == pg_sys::NodeTag::T_ReturnSetInfo;
            let modes = if is_there { (*wanted).allowedModes as u32 } else { 0 };
            if modes & pg_sys::SetFunctionReturnMode::SFRM_Materialize == 0
                || (*wanted).expectedDesc.is_null()
            {
                errors::only_for_the_extension(function);
            }
            let context = (*(*wanted).econtext).ecxt_per_query_memory;
            let before = pg_sys::MemoryContextSwitchTo(context);
            let columns = pg_sys::CreateTupleDescCopy((*wanted).expectedDesc);
            let random = modes & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random != 0;
            let store = pg_sys::tuplestore_begin_heap(random, false, pg_sys::work_mem);
            pg_sys::MemoryContextSwitchTo(before);
            (*wanted).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            (*wanted).setResult = store;
            (*wanted).setDesc = columns;
            Self { store, columns }
        }
    }

    /// Adds a row.
    ///
    /// # Safety
    /// The function must be declared with so many columns, of these types.
    pub unsafe fn put<const COLUMNS: usize>(&self, values: [Option<Datum>; COLUMNS]) {
        let mut are_null = values.map(|value| value.is_none());
        let mut values = values.map(|value| value.unwrap_or(Datum::from(0)));
        // SAFETY: the caller vouches for the columns; values are copied.
        unsafe {
            pg_sys::tuplestore_putvalues(
                self.store,
                self.columns,
                values.as_mut_ptr(),
                are_null.as_mut_ptr(),
            );
        }
    }
}
