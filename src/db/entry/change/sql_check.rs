//! Whether the SQL of a change request may run: it only inserts, updates, deletes and reads rows of routing tables, and
//! calls nothing that does more than compute. Nothing of it runs here.

use crate::db::entry::change::sql_parts::{problem_of_analysed, problem_of_parsed};
use crate::db::entry::change::sql_time::{literals_of_moment, problem_of_time, Literals};
use crate::db::entry::change::touched::Touched;
use crate::db::errors;
use crate::db::pg::query_tree::{analyse, parse, walk_analysed, walk_parsed};
use crate::db::pg::subtransaction::protect;
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// One of the statements.
struct Statement {
    /// Counted from 1.
    number: usize,
    /// Line of the text, counted from 1.
    line: usize,
    text: String,
    parsed: *mut pg_sys::RawStmt,
}

impl Statement {
    fn refuse(&self, what: &str) -> ! {
        errors::change_refused(self.number, self.line, &self.text, what)
    }
}

/// The statements of the SQL of a change, and what they touch; an error that names the place if one of them may not run.
/// The settings must be those of the author.
pub fn check(sql: &str) -> (Vec<String>, Touched) {
    let whole = CString::new(sql).unwrap_or_default();
    let parsed = protect(|| parse(&whole))
        .unwrap_or_else(|failure| errors::change_not_read(&failure.sqlstate, &failure.message));
    let statements: Vec<Statement> =
        parsed.into_iter().enumerate().map(|(n, parsed)| statement(sql, n + 1, parsed)).collect();
    for statement in &statements {
        check_parsed(statement);
    }
    let mut touched = Touched::nothing();
    for statement in &statements {
        check_analysed(statement, &whole, &mut touched);
    }
    if touched.writes.is_empty() {
        errors::change_writes_nothing();
    }
    (statements.into_iter().map(|statement| statement.text).collect(), touched)
}

fn statement(sql: &str, number: usize, parsed: *mut pg_sys::RawStmt) -> Statement {
    // SAFETY: the parser has made it.
    let (start, length) = unsafe { ((*parsed).stmt_location, (*parsed).stmt_len) };
    let start = usize::try_from(start).unwrap_or_default();
    // 0 is the rest of the text
    let end = match usize::try_from(length).unwrap_or_default() {
        0 => sql.len(),
        length => start + length,
    };
    let text = sql.get(start..end).unwrap_or(sql);
    let blank = text.len() - text.trim_start().len();
    let line = 1 + sql.bytes().take(start + blank).filter(|byte| *byte == b'\n').count();
    Statement { number, line, text: text.trim().to_owned(), parsed }
}

fn check_parsed(statement: &Statement) {
    let mut problem = None;
    // SAFETY: the parser has made the statement; only kinds that can be walked are.
    unsafe {
        let node = (*statement.parsed).stmt;
        let name =
            CStr::from_ptr(pg_sys::GetCommandTagName(pg_sys::CreateCommandTag(node))).to_string_lossy();
        if !["INSERT", "UPDATE", "DELETE", "SELECT"].contains(&name.as_ref()) {
            statement.refuse(&format!("is {name}, which a change may not have"));
        }
        let walked = protect(|| {
            walk_parsed(node, &mut |node| {
                problem = problem_of_parsed(node);
                problem.is_some()
            })
        });
        if let Err(failure) = walked {
            statement.refuse(&format!("cannot be checked: {}", failure.message));
        }
    }
    if let Some(problem) = problem {
        statement.refuse(&problem);
    }
}

fn check_analysed(statement: &Statement, whole: &CStr, touched: &mut Touched) {
    let mut problem = None;
    let mut visit = |node| {
        // SAFETY: a node of the query below.
        problem = unsafe { problem_of_analysed(node, touched) };
        problem.is_some()
    };
    let mut of_time = None;
    // SAFETY: the statement was parsed from that text.
    let analysed = protect(|| unsafe {
        let mut literals = Literals::new();
        // before the analysis, which writes into what was parsed
        literals_of_moment((*statement.parsed).stmt, &mut literals);
        let query = analyse(statement.parsed, whole);
        if !walk_analysed(query.cast(), &mut visit) {
            of_time = problem_of_time(query, &literals);
        }
    });
    if let Err(failure) = analysed {
        errors::change_not_understood(
            statement.number,
            statement.line,
            &statement.text,
            &failure.sqlstate,
            &failure.message,
        );
    }
    if let Some(problem) = problem.or(of_time) {
        statement.refuse(&problem);
    }
}
