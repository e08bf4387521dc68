//! Which parts of a statement a change request may have. Each function answers what is wrong with a node, in words that
//! follow "statement 2 ".
//!
//! Two passes: the names in the parsed statement come first, since looking up a literal of a type runs the input
//! function of the type, which may be code of users. The analysed query then tells what really is called and touched.

use crate::db::entry::change::touched::Touched;
use crate::db::pg::catalog;
use crate::db::pg::query_tree::{columns_read, functions_of, schema_and_name, schema_of_type, tag};
use pgrx::pg_sys::{self, Node, NodeTag, Oid};
use std::ffi::CStr;

/// Functions of PostgreSQL that are STABLE and still depend on nothing but their arguments, the moment, and how the
/// author of a change writes times. All others look at something else: at tables, settings, sessions, files.
const STABLE: [&str; 116] = [
    "age",
    "anytextcat",
    "array_in",
    "array_out",
    "array_to_json",
    "array_to_string",
    "cash_in",
    "cash_out",
    "concat",
    "concat_ws",
    "date",
    "date_cmp_timestamptz",
    "date_eq_timestamptz",
    "date_ge_timestamptz",
    "date_gt_timestamptz",
    "date_in",
    "date_le_timestamptz",
    "date_lt_timestamptz",
    "date_ne_timestamptz",
    "date_out",
    "date_part",
    "date_trunc",
    "domain_in",
    "extract",
    "format",
    "generate_series",
    "in_range",
    "interval_in",
    "interval_out",
    "interval_pl_timestamptz",
    "json_agg",
    "json_agg_transfn",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "json_object_agg_transfn",
    "json_populate_record",
    "json_populate_recordset",
    "json_to_record",
    "json_to_recordset",
    "jsonb_agg",
    "jsonb_agg_finalfn",
    "jsonb_agg_transfn",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "jsonb_object_agg_finalfn",
    "jsonb_object_agg_transfn",
    "jsonb_path_exists_tz",
    "jsonb_path_match_tz",
    "jsonb_path_query_array_tz",
    "jsonb_path_query_first_tz",
    "jsonb_path_query_tz",
    "jsonb_populate_record",
    "jsonb_populate_recordset",
    "jsonb_to_record",
    "jsonb_to_recordset",
    "length",
    "make_timestamptz",
    "multirange_in",
    "multirange_out",
    "now",
    "numeric",
    "overlaps",
    "quote_literal",
    "quote_nullable",
    "range_in",
    "range_out",
    "record_in",
    "record_out",
    "row_to_json",
    "statement_timestamp",
    "textanycat",
    "time",
    "time_in",
    "timestamp",
    "timestamp_cmp_timestamptz",
    "timestamp_eq_timestamptz",
    "timestamp_ge_timestamptz",
    "timestamp_gt_timestamptz",
    "timestamp_in",
    "timestamp_le_timestamptz",
    "timestamp_lt_timestamptz",
    "timestamp_ne_timestamptz",
    "timestamp_out",
    "timestamptz",
    "timestamptz_cmp_date",
    "timestamptz_cmp_timestamp",
    "timestamptz_eq_date",
    "timestamptz_eq_timestamp",
    "timestamptz_ge_date",
    "timestamptz_ge_timestamp",
    "timestamptz_gt_date",
    "timestamptz_gt_timestamp",
    "timestamptz_in",
    "timestamptz_le_date",
    "timestamptz_le_timestamp",
    "timestamptz_lt_date",
    "timestamptz_lt_timestamp",
    "timestamptz_mi_interval",
    "timestamptz_ne_date",
    "timestamptz_ne_timestamp",
    "timestamptz_out",
    "timestamptz_pl_interval",
    "timetz",
    "timetz_in",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "transaction_timestamp",
    "date_add",
    "date_subtract",
];

/// Columns that jobs and sales tools write all day, so that they may be others when a change is applied.
const NOT_COMPARED: [(&str, &CStr); 3] =
    [("reps", c"presence"), ("reps", c"presence_at"), ("pool_members", c"performance")];

/// Objects with smaller oids came with PostgreSQL.
fn is_built_in(object: Oid) -> bool {
    object.to_u32() < pg_sys::FirstNormalObjectId
}

/// A name of a node, if it says that it is from elsewhere.
unsafe fn from_elsewhere(what: &str, names: *mut pg_sys::List) -> Option<String> {
    if names.is_null() {
        return None;
    }
    // SAFETY: the caller gives a list of names.
    let (schema, name) = unsafe { schema_and_name(names) };
    let schema = schema.filter(|schema| schema != "pg_catalog")?;
    Some(format!("uses {what} {schema}.{name}, and may use only those of PostgreSQL itself"))
}

/// What is wrong with a node of a parsed statement.
///
/// # Safety
/// The node must be valid, and the settings those of the author.
pub unsafe fn problem_of_parsed(node: *mut Node) -> Option<String> {
    // SAFETY: the tag says which node it is.
    unsafe {
        match tag(node) {
            NodeTag::T_FuncCall => from_elsewhere("function", (*node.cast::<pg_sys::FuncCall>()).funcname),
            NodeTag::T_A_Expr => from_elsewhere("operator", (*node.cast::<pg_sys::A_Expr>()).name),
            NodeTag::T_SubLink => from_elsewhere("operator", (*node.cast::<pg_sys::SubLink>()).operName),
            NodeTag::T_SortBy => from_elsewhere("operator", (*node.cast::<pg_sys::SortBy>()).useOp),
            NodeTag::T_CollateClause => {
                from_elsewhere("collation", (*node.cast::<pg_sys::CollateClause>()).collname)
            }
            NodeTag::T_RangeVar => problem_of_name(&*node.cast::<pg_sys::RangeVar>()),
            NodeTag::T_TypeName => problem_of_type(node.cast()),
            NodeTag::T_IntoClause => Some("creates a table".to_owned()),
            NodeTag::T_RangeTableSample => Some("reads a sample, which is another one each time".to_owned()),
            NodeTag::T_RangeTableFunc => Some("reads from a document of XML".to_owned()),
            NodeTag::T_CurrentOfExpr => Some("names a cursor".to_owned()),
            _ => None,
        }
    }
}

fn not_of_routing(table: &str) -> Option<String> {
    Some(format!("touches {table}, which is no routing table"))
}

/// The schema that a relation is said to be in.
unsafe fn problem_of_name(relation: &pg_sys::RangeVar) -> Option<String> {
    // SAFETY: texts that end with a zero, or none.
    unsafe {
        let text = |value: *mut std::ffi::c_char| CStr::from_ptr(value).to_string_lossy();
        if relation.schemaname.is_null() || text(relation.schemaname) == "leadroute" {
            return None;
        }
        not_of_routing(&format!("{}.{}", text(relation.schemaname), text(relation.relname)))
    }
}

unsafe fn problem_of_type(name: *mut pg_sys::TypeName) -> Option<String> {
    // SAFETY: only looks the name up; an unknown type is an error later.
    unsafe {
        let type_id = pg_sys::LookupTypeNameOid(std::ptr::null_mut(), name, true);
        let element = pg_sys::get_base_element_type(type_id);
        let is_known = type_id == Oid::INVALID
            || is_built_in(type_id)
            || schema_of_type(type_id) == catalog::schema()
            || element != Oid::INVALID && schema_of_type(element) == catalog::schema();
        (!is_known).then(|| {
            let name = CStr::from_ptr(pg_sys::format_type_be(type_id)).to_string_lossy();
            format!("uses type {name}, and may use only those of PostgreSQL itself")
        })
    }
}

/// What is wrong with a node of an analysed query. Notes what the query touches.
///
/// # Safety
/// The node must be valid.
pub unsafe fn problem_of_analysed(node: *mut Node, touched: &mut Touched) -> Option<String> {
    // SAFETY: the tag says which node it is.
    unsafe {
        match tag(node) {
            NodeTag::T_Query => {
                let query = &*node.cast::<pg_sys::Query>();
                problem_of_columns(query).or_else(|| problem_of_query(query, touched))
            }
            NodeTag::T_RangeTblEntry => problem_of_relation(&*node.cast::<pg_sys::RangeTblEntry>(), touched),
            NodeTag::T_SQLValueFunction => {
                let function = (*node.cast::<pg_sys::SQLValueFunction>()).op;
                (function >= pg_sys::SQLValueFunctionOp::SVFOP_CURRENT_ROLE)
                    .then(|| "asks who or where it runs, which depends on who applies it".to_owned())
            }
            NodeTag::T_SortGroupClause => {
                let clause = &*node.cast::<pg_sys::SortGroupClause>();
                let is_foreign = !is_built_in(clause.eqop) || !is_built_in(clause.sortop);
                is_foreign.then(|| "sorts by an operator that is not one of PostgreSQL itself".to_owned())
            }
            _ => functions_of(node).into_iter().find_map(problem_of_function),
        }
    }
}

/// What a query reads of columns that are not compared when the change is applied: it could do something else than was seen.
/// That it only assigns them does not matter.
unsafe fn problem_of_columns(query: &pg_sys::Query) -> Option<String> {
    // SAFETY: the caller vouches for the query; a set, or none.
    unsafe {
        columns_read(query).into_iter().find_map(|(relation, columns)| {
            let mut of_it = NOT_COMPARED.iter().filter(|(table, _)| catalog::relation(table) == relation).peekable();
            let table = of_it.peek()?.0;
            let is_read =
                |column: i32| pg_sys::bms_is_member(column - pg_sys::FirstLowInvalidHeapAttributeNumber, columns);
            let name = if is_read(0) {
                "whole rows".into()
            } else {
                of_it.find(|(_, column)| is_read(pg_sys::get_attnum(relation, column.as_ptr()).into()))?.1.to_string_lossy()
            };
            Some(format!("reads {name} of {table}, where jobs and sales tools write all day, so that it could do something else than was seen"))
        })
    }
}

unsafe fn problem_of_query(query: &pg_sys::Query, touched: &mut Touched) -> Option<String> {
    use pg_sys::CmdType::{CMD_DELETE, CMD_INSERT, CMD_SELECT, CMD_UPDATE};
    let privilege = match query.commandType {
        CMD_SELECT => return None,
        CMD_INSERT => "INSERT",
        CMD_UPDATE => "UPDATE",
        CMD_DELETE => "DELETE",
        _ => return Some("is neither INSERT, UPDATE, DELETE nor SELECT".to_owned()),
    };
    // SAFETY: the query names its result relation, counted from 1, in its list of relations.
    unsafe {
        let relations = crate::db::pg::query_tree::pointers::<pg_sys::RangeTblEntry>(query.rtable);
        let number = usize::try_from(query.resultRelation).unwrap_or_default();
        let relation = number.checked_sub(1).and_then(|n| relations.get(n).copied())?;
        touched.writes((*relation).relid, privilege);
        let conflict = query.onConflict;
        if !conflict.is_null() && (*conflict).action == pg_sys::OnConflictAction::ONCONFLICT_UPDATE {
            touched.writes((*relation).relid, "UPDATE");
        }
    }
    None
}

unsafe fn problem_of_relation(relation: &pg_sys::RangeTblEntry, touched: &mut Touched) -> Option<String> {
    use pg_sys::RTEKind::{RTE_NAMEDTUPLESTORE, RTE_RELATION, RTE_TABLEFUNC};
    match relation.rtekind {
        RTE_RELATION if touched.reads(relation.relid) => None,
        // SAFETY: the name of a relation that the query has locked.
        RTE_RELATION => unsafe {
            let name = pg_sys::get_rel_name(relation.relid);
            not_of_routing(&CStr::from_ptr(name).to_string_lossy())
        },
        RTE_TABLEFUNC | RTE_NAMEDTUPLESTORE => Some("reads from something else than tables".to_owned()),
        _ => None,
    }
}

fn problem_of_function(function: Oid) -> Option<String> {
    // SAFETY: look-ups in the syscache; the texts end with a zero.
    unsafe {
        let shown = || CStr::from_ptr(pg_sys::format_procedure(function)).to_string_lossy().into_owned();
        let schema = pg_sys::get_func_namespace(function);
        if !is_built_in(function) || schema != Oid::from(pg_sys::PG_CATALOG_NAMESPACE) {
            return Some(format!("calls {}, and may call only functions of PostgreSQL itself", shown()));
        }
        let name = CStr::from_ptr(pg_sys::get_func_name(function)).to_string_lossy();
        match pg_sys::func_volatile(function) as u8 {
            pg_sys::PROVOLATILE_IMMUTABLE => None,
            pg_sys::PROVOLATILE_STABLE if STABLE.contains(&name.as_ref()) => None,
            pg_sys::PROVOLATILE_STABLE => {
                Some(format!("calls {}, which depends on more than its arguments and the time", shown()))
            }
            _ => Some(format!("calls {}, which is volatile", shown())),
        }
    }
}
