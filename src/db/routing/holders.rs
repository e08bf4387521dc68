//! Whether the row of an attached table can have a rep as its owner: asked of those who know attached tables.

use crate::db::lead::row::LeadRow;
use std::sync::OnceLock;

/// The lead as it was decided.
pub type Decided<'a> = &'a dyn Fn() -> LeadRow;

/// Table number, key of the row, rep, whether the answer must hold until the transaction ends, and the lead; what keeps the rep
/// from the row, if anything.
pub type Problem = fn(i32, &str, &str, bool, Decided<'_>) -> Option<String>;

static PROBLEM: OnceLock<Problem> = OnceLock::new();

/// Who answers. Called once, when the library is loaded.
pub fn register(problem: Problem) {
    PROBLEM.get_or_init(|| problem);
}

/// Why a rep cannot own the row of a lead.
pub fn problem(row: &LeadRow, rep: &str, keep: bool, decided: Decided<'_>) -> Option<String> {
    let (table_no, key) = (row.get::<i32>("attached_table")?, row.get::<String>("attached_key")?);
    PROBLEM.get().and_then(|problem| problem(table_no, &key, rep, keep, decided))
}
