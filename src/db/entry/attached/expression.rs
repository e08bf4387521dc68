//! What an expression of a mapping gives and what it needs. It is parsed and analysed only, never run: no code of a
//! table owner may run in the session of whoever changes a table.

use crate::db::entry::attached::mapping::Mapping;
use crate::db::entry::attached::owner;
use crate::db::entry::attached::row_by_key::rows_of;
use crate::db::pg::catalog::{owner_of, relation};
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::query_tree::{analyse, parse};
use crate::db::pg::security::{only_the_extension, AsTableOwner, SafeSettings};
use crate::db::pg::subtransaction::protect;
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::FromDatum;
use std::ffi::{CStr, CString};

sql_function! {
    /// `leadroute_internal.expression_type(regclass, text, text)`
    leadroute_expression_type, pg_finfo_leadroute_expression_type, expression_type
}

sql_function! {
    /// `leadroute_internal.depend_on_query(oid, regclass, text)`
    leadroute_depend_on_query, pg_finfo_leadroute_depend_on_query, depend_on_query
}

sql_function! {
    /// `leadroute_internal.attaches_partition(pg_ddl_command)`
    leadroute_attaches_partition, pg_finfo_leadroute_attaches_partition, attaches_partition
}

/// An argument of a strict function.
unsafe fn given<T: FromDatum>(fcinfo: pg_sys::FunctionCallInfo, n: usize) -> Option<T> {
    // SAFETY: the caller asks for the type that is declared in SQL.
    unsafe { argument(fcinfo, n).and_then(|datum| T::from_datum(datum, false)) }
}

/// The type of the expression ($3) of a field ($2) over the rows of a table ($1).
unsafe fn expression_type(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("expression_type");
    // SAFETY: as declared in SQL: strict.
    let (table, field, expression) =
        unsafe { (given::<Oid>(fcinfo, 0), given::<String>(fcinfo, 1), given::<String>(fcinfo, 2)) };
    let (table, field) = (table.unwrap_or(Oid::INVALID), field.unwrap_or_default());
    let expression = expression.unwrap_or_default();
    // The same SQL as when they are evaluated: see `lead_of_row` and `owner`.
    let (sql, rows) = match field.as_str() {
        "owner_id" if sees_lead(&expression) => {
            (owner::sql(&expression, Some("SELECT ($1).*")), vec![relation("reps"), table])
        }
        "owner_id" => (owner::sql(&expression, None), vec![relation("reps")]),
        _ => (format!("SELECT ({expression}\n) FROM (SELECT ($1).*) AS lead"), vec![table]),
    };
    match protect(|| analysed_type(&sql, table, &rows)) {
        Ok(type_id) => Datum::from(type_id),
        Err(failure) => {
            // SAFETY: formats the name of a relation.
            let name = unsafe {
                pgrx::direct_function_call::<&CStr>(pg_sys::regclassout, &[Some(Datum::from(table))])
            };
            let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            errors::expression_fails(&field, &name, &failure.sqlstate, &failure.message)
        }
    }
}

/// Whether an expression for the owner names the row; as `attached_json()` tells.
fn sees_lead(expression: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    expression.split(|letter| !is_part(letter)).any(|word| word.eq_ignore_ascii_case("lead"))
}

/// The columns of the table that an expression of its mapping names; `None` if it is about the whole row, or about a
/// column that is computed when it is read, or if that cannot be told.
pub fn columns_named(expression: &str, mapping: &Mapping) -> Option<Vec<String>> {
    let table = Oid::from(mapping.oid);
    let sql = format!("SELECT ({expression}\n) FROM {} AS lead", rows_of(mapping));
    let sql = CString::new(sql).ok()?;
    // SAFETY: one statement was written, and one is looked at; the table is locked by the statement that changes it.
    let numbers = protect(|| unsafe { selected(analysed(&sql, mapping.author())) });
    numbers.ok()?.into_iter().map(|number| stored_name(table, number)).collect()
}

/// The only statement of a text, analysed as a role.
unsafe fn analysed(sql: &CStr, author: Oid) -> *mut pg_sys::Query {
    let _author = AsTableOwner::evaluating(author);
    let _path = SafeSettings::begin();
    // SAFETY: the list has one statement, or none is looked at.
    unsafe {
        let [statement] = parse(sql)[..] else {
            errors::not_an_expression();
        };
        analyse(statement, sql)
    }
}

/// Numbers of the columns of the first relation of a query that it reads; 0 is the whole row.
unsafe fn selected(query: *mut pg_sys::Query) -> Vec<i16> {
    let mut numbers = Vec::new();
    // SAFETY: an analysed query whose first relation is a table; sets of bits are walked by PostgreSQL.
    unsafe {
        let table = (*(*(*query).rtable).elements).ptr_value.cast::<pg_sys::RangeTblEntry>();
        #[cfg(any(feature = "pg14", feature = "pg15"))]
        let columns = (*table).selectedCols;
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        let columns = (*pg_sys::getRTEPermissionInfo((*query).rteperminfos, table)).selectedCols;
        let mut bit = pg_sys::bms_next_member(columns, -1);
        while bit >= 0 {
            numbers.push((bit + pg_sys::FirstLowInvalidHeapAttributeNumber) as i16);
            bit = pg_sys::bms_next_member(columns, bit);
        }
    }
    numbers
}

/// The name of a column whose value a row holds.
fn stored_name(table: Oid, number: i16) -> Option<String> {
    if number <= 0 {
        return None;
    }
    let arguments = [Some(Datum::from(table)), Some(Datum::from(number))];
    queries::STORED_COLUMN.first(&arguments, |row| row.get::<String>(1)).flatten()
}

/// The type of the only column of a query with rows of `rows` as parameters, for the owner of `table`.
fn analysed_type(sql: &str, table: Oid, rows: &[Oid]) -> Oid {
    let sql = CString::new(sql).unwrap_or_default();
    let _owner = AsTableOwner::evaluating(owner_of(table));
    let _path = SafeSettings::begin();
    // SAFETY: connect and finish are paired; SPI copies the type and frees the plan.
    unsafe {
        let mut types: Vec<Oid> = rows.iter().map(|row| pg_sys::get_rel_type_id(*row)).collect();
        pg_sys::SPI_connect();
        let plan = pg_sys::SPI_prepare(sql.as_ptr(), types.len() as i32, types.as_mut_ptr());
        let sources =
            if plan.is_null() { std::ptr::null_mut() } else { pg_sys::SPI_plan_get_plan_sources(plan) };
        let mut type_id = Oid::INVALID;
        if !sources.is_null() && (*sources).length == 1 {
            let source = (*(*sources).elements).ptr_value.cast::<pg_sys::CachedPlanSource>();
            let shape = (*source).resultDesc;
            if !shape.is_null() && (*shape).natts == 1 {
                type_id = pg_sys::SPI_gettypeid(shape, 1);
            }
        }
        pg_sys::SPI_finish();
        if type_id == Oid::INVALID {
            errors::not_an_expression();
        }
        type_id
    }
}

/// Makes a trigger ($1) of a table ($2) depend on everything that a query ($3) names, so that PostgreSQL refuses to
/// drop it. On tables as a whole: a column may get another type as long as the query still works.
unsafe fn depend_on_query(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("depend_on_query");
    // SAFETY: as declared in SQL: strict.
    let (trigger, table, sql) =
        unsafe { (given::<Oid>(fcinfo, 0), given::<Oid>(fcinfo, 1), given::<String>(fcinfo, 2)) };
    let (trigger, table) = (trigger.unwrap_or(Oid::INVALID), table.unwrap_or(Oid::INVALID));
    let sql = CString::new(sql.unwrap_or_default()).unwrap_or_default();
    let address = |class, object| pg_sys::ObjectAddress { classId: class, objectId: object, objectSubId: 0 };
    let this = address(pg_sys::TriggerRelationId, trigger);
    let normal = pg_sys::DependencyType::DEPENDENCY_NORMAL;
    // SAFETY: the addresses outlive the calls.
    unsafe {
        let query = analysed(&sql, owner_of(table));
        pg_sys::recordDependencyOnExpr(&this, query.cast(), std::ptr::null_mut(), normal);
        let relations =
            queries::NEEDED_BY_TRIGGER.read(&[Some(Datum::from(trigger))], |row| row.get::<Oid>(1));
        for needed in relations.into_iter().flatten() {
            let class = pg_sys::RelationRelationId;
            let kind = normal as std::ffi::c_char;
            pg_sys::deleteDependencyRecordsForSpecific(
                pg_sys::TriggerRelationId,
                trigger,
                kind,
                class,
                needed,
            );
            if needed != table {
                pg_sys::recordDependencyOn(&this, &address(class, needed), normal);
            }
        }
    }
    Datum::from(0)
}

/// Whether an ALTER TABLE attaches a partition.
unsafe fn attaches_partition(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("attaches_partition");
    // SAFETY: as declared in SQL: strict; the command lives as long as the event trigger runs.
    unsafe {
        let Some(command) = argument(fcinfo, 0) else {
            return Datum::from(false);
        };
        let command = command.cast_mut_ptr::<pg_sys::CollectedCommand>();
        if (*command).type_ != pg_sys::CollectedCommandType::SCT_AlterTable {
            return Datum::from(false);
        }
        let steps = (*command).d.alterTable.subcmds;
        let count = if steps.is_null() { 0 } else { (*steps).length as usize };
        let attaches = |n: usize| {
            let step = (*(*steps).elements.add(n)).ptr_value.cast::<pg_sys::CollectedATSubcmd>();
            let tree = (*step).parsetree.cast::<pg_sys::AlterTableCmd>();
            (*tree).type_ == pg_sys::NodeTag::T_AlterTableCmd
                && (*tree).subtype == pg_sys::AlterTableType::AT_AttachPartition
        };
        Datum::from((0..count).any(attaches))
    }
}
