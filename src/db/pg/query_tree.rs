//! Statements as PostgreSQL reads them: parsed, analysed and looked at node by node, never run.

use pgrx::pg_sys::{self, Node, NodeTag, Oid};
use std::ffi::{c_int, c_void, CStr};
use std::ptr::null_mut;

/// What looks at a node; `true` ends the walk.
type Visit<'a> = &'a mut dyn FnMut(*mut Node) -> bool;

/// The statements of a text.
pub fn parse(sql: &CStr) -> Vec<*mut pg_sys::RawStmt> {
    // SAFETY: the text ends with a zero; the parser makes a list of statements.
    unsafe { pointers(pg_sys::pg_parse_query(sql.as_ptr())) }
}

/// A statement with everything that it names looked up. There are no parameters.
///
/// # Safety
/// The statement must come from [`parse`] of the same text.
pub unsafe fn analyse(statement: *mut pg_sys::RawStmt, sql: &CStr) -> *mut pg_sys::Query {
    let none = null_mut();
    // SAFETY: the caller vouches for the statement.
    unsafe {
        #[cfg(feature = "pg14")]
        return pg_sys::parse_analyze(statement, sql.as_ptr(), none, 0, null_mut());
        #[cfg(not(feature = "pg14"))]
        return pg_sys::parse_analyze_fixedparams(statement, sql.as_ptr(), none, 0, null_mut());
    }
}

/// The members of a list of pointers.
///
/// # Safety
/// The list must be valid, or NIL, and its members of that type.
pub unsafe fn pointers<T>(list: *const pg_sys::List) -> Vec<*mut T> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: a list has as many members as its length says.
    unsafe {
        let length = usize::try_from((*list).length).unwrap_or_default();
        (0..length).map(|n| (*(*list).elements.add(n)).ptr_value.cast()).collect()
    }
}

/// What kind of node it is.
///
/// # Safety
/// The node must be valid.
pub unsafe fn tag(node: *mut Node) -> NodeTag {
    // SAFETY: the caller vouches for it.
    unsafe { (*node).type_ }
}

/// Looks at all nodes of a parsed statement.
///
/// # Safety
/// The node must be valid, and part of an INSERT, UPDATE, DELETE or SELECT.
pub unsafe fn walk_parsed(node: *mut Node, mut visit: Visit<'_>) -> bool {
    // SAFETY: the caller vouches for the node; the context outlives the walk.
    unsafe { parsed(node, (&raw mut visit).cast()) }
}

/// For PostgreSQL only to call: an error leaves it as one of PostgreSQL, which nobody in Rust would catch.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn parsed_node(node: *mut Node, context: *mut c_void) -> bool {
    // SAFETY: the context is that of `walk_parsed`.
    unsafe { parsed(node, context) }
}

unsafe fn parsed(node: *mut Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the context is that of `walk_parsed`.
    unsafe {
        let visit = &mut *context.cast::<Visit<'_>>();
        visit(node) || pg_sys::raw_expression_tree_walker(node, Some(parsed_node), context)
    }
}

/// Looks at all nodes of an analysed query or a part of one, those of its subqueries and its relations included.
///
/// # Safety
/// The node must be valid, or NULL.
pub unsafe fn walk_analysed(node: *mut Node, mut visit: Visit<'_>) -> bool {
    // SAFETY: the caller vouches for the node; the context outlives the walk.
    unsafe { analysed(node, (&raw mut visit).cast()) }
}

/// For PostgreSQL to call, as [`parsed_node`].
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn analysed_node(node: *mut Node, context: *mut c_void) -> bool {
    // SAFETY: the context is that of `walk_analysed`.
    unsafe { analysed(node, context) }
}

unsafe fn analysed(node: *mut Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the context is that of `walk_analysed`.
    unsafe {
        let visit = &mut *context.cast::<Visit<'_>>();
        if visit(node) {
            return true;
        }
        let walker = Some(analysed_node as _);
        match tag(node) {
            NodeTag::T_Query => {
                let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_EXAMINE_SORTGROUP;
                pg_sys::query_tree_walker(node.cast(), walker, context, flags as c_int)
            }
            // what is in it is looked at afterwards
            NodeTag::T_RangeTblEntry => false,
            _ => pg_sys::expression_tree_walker(node, walker, context),
        }
    }
}

/// The columns of relations that a query reads itself, without its subqueries: those for which it needs the right to
/// read, as members of a set counted from [`pg_sys::FirstLowInvalidHeapAttributeNumber`]. What it only assigns is not
/// among them; 0 stands for the whole row.
///
/// # Safety
/// The query must be valid.
pub unsafe fn columns_read(query: &pg_sys::Query) -> Vec<(Oid, *mut pg_sys::Bitmapset)> {
    // SAFETY: the caller vouches for the query; a number of a permission counts from 1.
    unsafe {
        #[cfg(not(any(feature = "pg14", feature = "pg15")))]
        let permissions = pointers::<pg_sys::RTEPermissionInfo>(query.rteperminfos);
        let columns = |relation: *mut pg_sys::RangeTblEntry| {
            #[cfg(any(feature = "pg14", feature = "pg15"))]
            return Some((*relation).selectedCols);
            #[cfg(not(any(feature = "pg14", feature = "pg15")))]
            return usize::try_from((*relation).perminfoindex)
                .ok()
                .and_then(|number| number.checked_sub(1))
                .and_then(|n| permissions.get(n).copied())
                .map(|permission| (*permission).selectedCols);
        };
        pointers::<pg_sys::RangeTblEntry>(query.rtable)
            .into_iter()
            // EXCLUDED is a composite type: what is to be inserted, and no row of the table
            .filter(|&relation| {
                (*relation).rtekind == pg_sys::RTEKind::RTE_RELATION
                    && (*relation).relkind as u8 != pg_sys::RELKIND_COMPOSITE_TYPE
            })
            .filter_map(|relation| Some(((*relation).relid, columns(relation)?)))
            .collect()
    }
}

/// The functions that a node of an analysed query calls by itself: as function, operator, aggregate or conversion.
///
/// # Safety
/// The node must be valid.
pub unsafe fn functions_of(node: *mut Node) -> Vec<Oid> {
    let mut found: Vec<Oid> = Vec::new();
    // SAFETY: the caller vouches for the node; the context outlives the call.
    unsafe { pg_sys::check_functions_in_node(node, Some(function), (&raw mut found).cast()) };
    found
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn function(function: Oid, context: *mut c_void) -> bool {
    // SAFETY: the context is that of `functions_of`.
    unsafe { (*context.cast::<Vec<Oid>>()).push(function) };
    false
}

/// Schema and name of a name that may have dots; no schema where none is given.
///
/// # Safety
/// The list must be one of names.
pub unsafe fn schema_and_name(names: *mut pg_sys::List) -> (Option<String>, String) {
    let (mut schema, mut name) = (null_mut(), null_mut());
    let text = |value: *mut std::ffi::c_char| {
        // SAFETY: a text of PostgreSQL that ends with a zero, or none.
        (!value.is_null()).then(|| unsafe { CStr::from_ptr(value).to_string_lossy().into_owned() })
    };
    // SAFETY: the caller vouches for the list.
    unsafe { pg_sys::DeconstructQualifiedName(names, &mut schema, &mut name) };
    (text(schema), text(name).unwrap_or_default())
}

/// The schema of a type.
pub fn schema_of_type(type_id: Oid) -> Oid {
    let cache = pg_sys::SysCacheIdentifier::TYPEOID as c_int;
    // SAFETY: a row of pg_type, read before it is released.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(type_id));
        if tuple.is_null() {
            return Oid::INVALID;
        }
        let schema = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>()).typnamespace;
        pg_sys::ReleaseSysCache(tuple);
        schema
    }
}
