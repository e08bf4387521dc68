//! Builds statements about tables of the user, with their parameters.

use crate::db::entry::attached::convert::{for_table, Canonical};
use crate::db::entry::attached::mapping::Column;
use crate::db::pg::security::AsTableOwner;
pub use crate::db::pg::spi::quoted;
use crate::db::pg::spi::{ask_planned, Planning, Row, Written};
use pgrx::pg_sys::{Datum, Oid};

/// A statement with its parameters.
pub struct Statement {
    /// Whose code makes values of types of their own, such as domains.
    author: Oid,
    types: Vec<Oid>,
    values: Vec<Option<Datum>>,
    planning: Planning,
    /// Whether the author is the current user already, to write.
    writes: bool,
}

/// Asks as the author of a mapping, whose code may run: the one place where what a mapping reads is evaluated.
pub fn ask_author<T>(
    author: Oid,
    statement: Written,
    planning: Planning,
    values: &[Option<Datum>],
    read_only: bool,
    each: impl FnMut(Row) -> T,
) -> Vec<T> {
    let _author = AsTableOwner::evaluating(author);
    ask_planned(statement, planning, values, read_only, each)
}

/// Evaluates expressions of a mapping, as its author.
pub fn evaluate<T>(
    author: Oid,
    statement: Written,
    values: &[Option<Datum>],
    each: impl FnMut(Row) -> T,
) -> Option<T> {
    ask_author(author, statement, Planning::Once, values, true, each).into_iter().next()
}

impl Statement {
    /// One that reads or locks rows of `author`.
    pub const fn of(author: Oid) -> Self {
        Self { author, types: Vec::new(), values: Vec::new(), planning: Planning::Once, writes: false }
    }

    /// One that writes, where `author` is the current user already: see [`AsTableOwner::writing`].
    pub fn writing(author: Oid) -> Self {
        Self { writes: true, ..Self::of(author) }
    }

    /// From now on it is planned for its values each time: of a partitioned table only the partition is locked and read
    /// that they lead to.
    pub fn plan_with_values(&mut self) {
        self.planning = Planning::EachTime;
    }

    /// A parameter, as SQL.
    pub fn parameter(&mut self, value: Option<Datum>, type_id: Oid) -> String {
        self.types.push(type_id);
        self.values.push(value);
        format!("${}", self.types.len())
    }

    /// A parameter of the type of a column, by its text.
    pub fn text(&mut self, value: &str, column: &Column) -> String {
        let _canonical = Canonical::for_types(std::iter::once(column.type_id()));
        let value = for_table(value, column.type_id(), column.modifier, self.author);
        self.parameter(value, column.type_id())
    }

    /// Runs it as `sql`; how many rows it touched or returned.
    pub fn run(self, sql: String) -> usize {
        self.ask(sql, |_| ()).len()
    }

    /// Runs it as `sql`; what `each` makes of its rows.
    pub fn ask<T>(self, sql: String, each: impl FnMut(Row) -> T) -> Vec<T> {
        self.send(sql, false, each)
    }

    /// The texts that it returns as `sql`.
    pub fn read(self, sql: String) -> Vec<String> {
        self.send(sql, true, |row| row.get::<String>(1)).into_iter().flatten().collect()
    }

    fn send<T>(self, sql: String, read_only: bool, each: impl FnMut(Row) -> T) -> Vec<T> {
        let statement = (sql, self.types);
        match self.writes {
            true => ask_planned(statement, self.planning, &self.values, read_only, each),
            false => ask_author(self.author, statement, self.planning, &self.values, read_only, each),
        }
    }
}
