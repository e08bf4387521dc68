//! The moment in the SQL of a change: it may be written into rows as a time, and must decide nothing, since what was seen
//! and approved would not be what happens later.

use crate::db::pg::query_tree::{functions_of, pointers, tag, walk_analysed, walk_parsed};
use pgrx::pg_sys::{self, CmdType, Node, NodeTag, Oid, RTEKind};
use std::collections::BTreeSet;
use std::ffi::CStr;

/// Where in the text literals are that PostgreSQL may read as the moment.
pub type Literals = BTreeSet<i32>;

/// Notes the literals of a parsed statement that have one of the words for the moment in them.
///
/// # Safety
/// The node must be part of an INSERT, UPDATE, DELETE or SELECT.
pub unsafe fn literals_of_moment(node: *mut Node, literals: &mut Literals) {
    let mut visit = |node: *mut Node| {
        // SAFETY: the tag says which node it is; a literal of another kind has no text.
        unsafe {
            if tag(node) == NodeTag::T_A_Const {
                let literal = node.cast::<pg_sys::A_Const>();
                let is_text = tag((&raw mut (*literal).val).cast()) == NodeTag::T_String;
                if is_text && names_moment(&text_of(literal)) {
                    literals.insert((*literal).location);
                }
            }
        }
        false
    };
    // SAFETY: the caller vouches for the node.
    unsafe { walk_parsed(node, &mut visit) };
}

/// The text of a literal that has one.
unsafe fn text_of(literal: *mut pg_sys::A_Const) -> String {
    // SAFETY: the caller vouches for the literal; its text ends with a zero.
    unsafe {
        #[cfg(feature = "pg14")]
        let text = (*literal).val.val.str_;
        #[cfg(not(feature = "pg14"))]
        let text = (*literal).val.sval.sval;
        CStr::from_ptr(text).to_string_lossy().to_lowercase()
    }
}

fn names_moment(text: &str) -> bool {
    ["now", "today", "tomorrow", "yesterday"].iter().any(|word| text.contains(word))
}

/// What is wrong with how an analysed query, or one in it, uses the moment.
///
/// # Safety
/// The query must be valid, and the literals those of its text.
pub unsafe fn problem_of_time(query: *mut pg_sys::Query, literals: &Literals) -> Option<String> {
    let mut sources = BTreeSet::new();
    let mut is_wrong = |node: *mut Node| {
        // SAFETY: a query, as its tag says.
        unsafe { tag(node) == NodeTag::T_Query && decides(node.cast(), literals, &mut sources) }
    };
    // SAFETY: the caller vouches for the query.
    let found = unsafe { walk_analysed(query.cast(), &mut is_wrong) };
    found.then(|| {
        "lets the moment at which it is applied decide something, and may only write it, as a time".to_owned()
    })
}

/// Whether the moment decides something in a query, apart from its subqueries. `sources` are those whose rows are inserted.
unsafe fn decides(
    query: *mut pg_sys::Query,
    literals: &Literals,
    sources: &mut BTreeSet<*mut pg_sys::Query>,
) -> bool {
    // SAFETY: the caller vouches for the query; its parts may be NULL.
    unsafe {
        let is_insert = (*query).commandType == CmdType::CMD_INSERT;
        let writes = is_insert || (*query).commandType == CmdType::CMD_UPDATE || sources.contains(&query);
        let has = |node: *mut Node| has_moment(node, literals);
        let mut decides = [
            (*query).jointree.cast(),
            (*query).returningList.cast(),
            (*query).havingQual,
            (*query).limitOffset,
            (*query).limitCount,
            (*query).windowClause.cast(),
        ]
        .into_iter()
        .any(has);
        let mut written = pointers::<pg_sys::TargetEntry>((*query).targetList);
        if let Some(conflict) = (*query).onConflict.as_ref() {
            decides |= has(conflict.arbiterWhere) || has(conflict.onConflictWhere);
            written.extend(pointers::<pg_sys::TargetEntry>(conflict.onConflictSet));
        }
        for entry in written {
            // what is sorted or grouped by decides which rows come
            let is_plain = writes && (*entry).ressortgroupref == 0 && !(*entry).resjunk;
            let value: *mut Node = (*entry).expr.cast();
            decides |= if is_plain { has_decision(value, literals) } else { has(value) };
        }
        for relation in pointers::<pg_sys::RangeTblEntry>((*query).rtable) {
            decides |= has((*relation).functions.cast());
            // there what is grouped by is not in the list of what is selected
            #[cfg(feature = "pg18")]
            {
                decides |= has((*relation).groupexprs.cast());
            }
            let values: *mut Node = (*relation).values_lists.cast();
            decides |= if is_insert { has_decision(values, literals) } else { has(values) };
            let inserts = is_insert || sources.contains(&query) && only_appends(query);
            if inserts && (*relation).rtekind == RTEKind::RTE_SUBQUERY {
                sources.insert((*relation).subquery);
            }
        }
        decides
    }
}

/// Whether a query puts rows of others one after the other (`UNION ALL`) and does no more: each is there, whatever is in it.
unsafe fn only_appends(query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller vouches for the query; its parts may be NULL.
    unsafe {
        let picks = !(*query).sortClause.is_null()
            || !(*query).limitOffset.is_null()
            || !(*query).limitCount.is_null();
        !picks && appends((*query).setOperations)
    }
}

/// The same for a node of its tree, whose leaves are subqueries.
unsafe fn appends(node: *mut Node) -> bool {
    // SAFETY: a node of the tree of a query, as its tag says.
    unsafe {
        if node.is_null() || tag(node) != NodeTag::T_SetOperationStmt {
            return !node.is_null() && tag(node) == NodeTag::T_RangeTblRef;
        }
        let union = node.cast::<pg_sys::SetOperationStmt>();
        let is_all = (*union).op == pg_sys::SetOperation::SETOP_UNION && (*union).all;
        is_all && appends((*union).larg) && appends((*union).rarg)
    }
}

/// Whether the moment is in an expression.
unsafe fn has_moment(node: *mut Node, literals: &Literals) -> bool {
    // SAFETY: the caller vouches for the node.
    unsafe { walk_analysed(node, &mut |node| is_moment(node, literals)) }
}

/// Whether something else than a time is made of the moment in an expression: an answer to a question, a part of it.
unsafe fn has_decision(node: *mut Node, literals: &Literals) -> bool {
    let mut decides = |node: *mut Node| {
        // SAFETY: a node of the expression below.
        unsafe { !keeps_time(node) && has_moment(node, literals) }
    };
    // SAFETY: the caller vouches for the node.
    unsafe { walk_analysed(node, &mut decides) }
}

/// Whether a time that goes into a node comes out as one. True of nodes that compute nothing.
unsafe fn keeps_time(node: *mut Node) -> bool {
    use NodeTag::{
        T_Aggref, T_BoolExpr, T_BooleanTest, T_CaseExpr, T_CoalesceExpr, T_CoerceViaIO, T_FuncExpr,
        T_MinMaxExpr, T_NullTest, T_OpExpr, T_RelabelType, T_RowCompareExpr, T_RowExpr, T_ScalarArrayOpExpr,
        T_SubscriptingRef, T_WindowFunc,
    };
    // SAFETY: an expression, as its tag says.
    unsafe {
        match tag(node) {
            NodeTag::T_NullIfExpr | NodeTag::T_DistinctExpr | NodeTag::T_SubLink | T_SubscriptingRef => false,
            T_BoolExpr | T_BooleanTest | T_NullTest | T_RowCompareExpr | T_ScalarArrayOpExpr | T_RowExpr => {
                false
            }
            // CASE x WHEN y compares what is before the WHEN
            T_CaseExpr => (*node.cast::<pg_sys::CaseExpr>()).arg.is_null() && is_time(pg_sys::exprType(node)),
            // how many rows come is an answer, too
            T_FuncExpr if (*node.cast::<pg_sys::FuncExpr>()).funcretset => false,
            T_Aggref | T_WindowFunc | T_CoalesceExpr | T_CoerceViaIO | T_FuncExpr | T_MinMaxExpr
            | T_OpExpr | T_RelabelType => is_time(pg_sys::exprType(node)),
            _ => true,
        }
    }
}

/// Whether values of a type are times, spans or ranges of time, or lists of these.
unsafe fn is_time(type_id: Oid) -> bool {
    // SAFETY: look-ups in the syscache.
    unsafe {
        let element = pg_sys::get_base_element_type(type_id);
        let (mut category, mut preferred) = (0, false);
        let of = if element == Oid::INVALID { type_id } else { element };
        pg_sys::get_type_category_preferred(of, &mut category, &mut preferred);
        let category = category as u8;
        [pg_sys::TYPCATEGORY_DATETIME, pg_sys::TYPCATEGORY_TIMESPAN, pg_sys::TYPCATEGORY_RANGE]
            .contains(&category)
    }
}

/// Whether a node is the moment, or makes it of a text.
unsafe fn is_moment(node: *mut Node, literals: &Literals) -> bool {
    // SAFETY: the tag says which node it is.
    unsafe {
        match tag(node) {
            NodeTag::T_SQLValueFunction => true,
            NodeTag::T_Const => {
                let value = &*node.cast::<pg_sys::Const>();
                is_time(value.consttype) && literals.contains(&value.location)
            }
            NodeTag::T_CoerceViaIO => is_time((*node.cast::<pg_sys::CoerceViaIO>()).resulttype),
            _ => functions_of(node).into_iter().any(|function| tells_moment(function)),
        }
    }
}

unsafe fn tells_moment(function: Oid) -> bool {
    // SAFETY: look-ups in the syscache of a function that is there.
    unsafe {
        let name = CStr::from_ptr(pg_sys::get_func_name(function)).to_string_lossy();
        let reads_text = name.ends_with("_in") && is_time(pg_sys::get_func_rettype(function));
        match name.as_ref() {
            "now" | "statement_timestamp" | "transaction_timestamp" => true,
            // with one argument it counts from today
            "age" => pg_sys::get_func_nargs(function) == 1,
            _ => reads_text,
        }
    }
}
