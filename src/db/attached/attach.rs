//! `attach` and `detach`.

use super::mapping::{mapping, sql_name};
use super::{draft, owner};
use crate::db::function::{argument, sql_function};
use crate::db::identity::{is_owner, AsOwner};
use crate::db::names::relation;
use crate::db::rescue::protect;
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute.attach(regclass, jsonb)`
    leadroute_attach, pg_finfo_leadroute_attach, attach
}

sql_function! {
    /// `leadroute.detach(regclass)`
    leadroute_detach, pg_finfo_leadroute_detach, detach
}

sql_function! {
    /// `leadroute.check_expressions(integer)`
    leadroute_check_expressions, pg_finfo_leadroute_check_expressions, check_expressions
}

/// The table, if the current user may do with it what its owner may.
unsafe fn owned_table(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Datum {
    // SAFETY: the functions are declared with a regclass as first argument; the lock is kept.
    unsafe {
        let Some(datum) = argument(fcinfo, 0) else {
            errors::null_argument(function, "relation");
        };
        let table = pg_sys::relation_open(
            Oid::from(datum.value() as u32),
            pg_sys::AccessShareLock as pg_sys::LOCKMODE,
        );
        if !is_owner(table) {
            errors::not_owner_of(&relation_name(table));
        }
        pg_sys::relation_close(table, pg_sys::NoLock as pg_sys::LOCKMODE);
        datum
    }
}

unsafe fn relation_name(table: pg_sys::Relation) -> String {
    // SAFETY: the caller has opened the table; a name ends with a zero.
    let name = unsafe { std::ffi::CStr::from_ptr((*(*table).rd_rel).relname.data.as_ptr()) };
    name.to_string_lossy().into_owned()
}

unsafe fn attach(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    let (table, given) = unsafe { (owned_table(fcinfo, "attach"), argument(fcinfo, 1)) };
    // SAFETY: reads who runs this.
    let asker = Datum::from(unsafe { pg_sys::GetUserId() });
    let _owner = AsOwner::begin();
    let changed = queries::ATTACH.returning(&[Some(table), given, Some(asker)], |row| row.get::<i32>(1));
    if let Some(table_no) = changed.first().copied().flatten() {
        check(table_no);
    }
    Datum::from(0)
}

unsafe fn detach(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    let table = unsafe { owned_table(fcinfo, "detach") };
    let _owner = AsOwner::begin();
    queries::DETACH.write(&[Some(table)]);
    Datum::from(0)
}

unsafe fn check_expressions(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict.
    let table_no = unsafe { argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false)) };
    check(table_no.unwrap_or_default());
    Datum::from(0)
}

/// An error that names the first expression that cannot be evaluated.
fn check(table_no: i32) {
    let Some(mapping) = mapping(table_no) else {
        return;
    };
    let (share, keep) = (pg_sys::AccessShareLock as pg_sys::LOCKMODE, pg_sys::NoLock as pg_sys::LOCKMODE);
    let try_out = |field: &str, work: &dyn Fn()| {
        if let Err(failure) = protect(work) {
            errors::expression_fails(field, &sql_name(mapping.oid), &failure.sqlstate, &failure.message);
        }
    };
    // SAFETY: the relations are open while their shapes are used.
    unsafe {
        let table = pg_sys::table_open(Oid::from(mapping.oid), share);
        for read in mapping.reads.iter().chain(&mapping.status).filter(|read| read.expression.is_some()) {
            try_out(&read.field, &|| draft::check((*table).rd_att, &mapping, read));
        }
        pg_sys::table_close(table, keep);
        let reps = pg_sys::table_open(relation("reps"), share);
        try_out("owner_id", &|| owner::check((*reps).rd_att, &mapping));
        pg_sys::table_close(reps, keep);
    }
}
