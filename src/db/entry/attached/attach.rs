//! `attach` and `detach`.

use crate::db::entry::attached::convert::for_table;
use crate::db::entry::attached::mapping::mapping;
use crate::db::pg::catalog::{self, owner_of, sql_name};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::once;
use crate::db::pg::security::{is_owner, only_the_extension, AsOwner, AsTableOwner};
use crate::db::pg::subtransaction::protect;
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// `leadroute.attach(regclass, jsonb)`
    leadroute_attach, pg_finfo_leadroute_attach, attach
}

sql_function! {
    /// `leadroute.detach(regclass)`
    leadroute_detach, pg_finfo_leadroute_detach, detach
}

/// The table, if the current user has the rights of its owner. It is not kept locked: a stronger lock follows.
///
/// # Safety
/// `fcinfo` must be that of a function whose first argument is a regclass.
pub unsafe fn owned_table(fcinfo: pg_sys::FunctionCallInfo, function: &str) -> Datum {
    // SAFETY: the functions are declared with a regclass as first argument.
    unsafe {
        let Some(datum) = argument(fcinfo, 0) else {
            errors::null_argument(function, "relation");
        };
        let share = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let oid = Oid::from(datum.value() as u32);
        let table = pg_sys::try_relation_open(oid, share);
        if table.is_null() {
            errors::no_such_relation(oid.to_u32());
        }
        if !is_owner(table) {
            errors::not_owner_of(&relation_name(table));
        }
        pg_sys::relation_close(table, share);
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
    catalog::lock_for_writing();
    let changed = queries::ATTACH.returning(&[Some(table), given, Some(asker)], |row| row.get::<i32>(1));
    if let Some(table_no) = changed.first().copied().flatten() {
        check_nobody(table_no);
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

sql_function! {
    /// `leadroute_internal.as_owner_of(oid, text)`: runs a statement as the owner of a relation, in a security-restricted
    /// operation; the first value that it returns, as text. For functions of the extension, whose own role may do
    /// nothing with tables of users.
    leadroute_as_owner_of, pg_finfo_leadroute_as_owner_of, as_owner_of
}

unsafe fn as_owner_of(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("as_owner_of");
    // SAFETY: as declared in SQL: strict, oid, text.
    let (relation, sql) = unsafe {
        let relation = argument(fcinfo, 0).and_then(|datum| Oid::from_datum(datum, false));
        (relation, argument(fcinfo, 1).and_then(|datum| String::from_datum(datum, false)))
    };
    let (relation, sql) = (relation.unwrap_or(Oid::INVALID), sql.unwrap_or_default());
    let _owner = AsTableOwner::evaluating(owner_of(relation));
    match once::run_once(&sql).and_then(IntoDatum::into_datum) {
        Some(answer) => answer,
        // SAFETY: the call info is valid.
        None => unsafe { null(fcinfo) },
    }
}

/// An error if the owner column cannot hold the "nobody" of the mapping.
fn check_nobody(table_no: i32) {
    let Some(mapping) = mapping(table_no) else {
        return;
    };
    let (Some(nobody), column) = (&mapping.owner.nobody, &mapping.owner.to) else {
        return;
    };
    let fits = || for_table(nobody, column.type_id(), column.modifier, mapping.author());
    if let Err(failure) = protect(fits) {
        let table = sql_name(mapping.oid);
        errors::nobody_does_not_fit(&column.column, &table, nobody, &failure.sqlstate, &failure.message);
    }
}
