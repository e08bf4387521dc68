//! Builds statements about tables of the user, with their parameters.

use crate::db::entry::attached::convert::{for_table, Canonical};
use crate::db::entry::attached::mapping::Column;
pub use crate::db::pg::spi::quoted;
use crate::db::pg::spi::{ask_planned, Planning, Row};
use pgrx::pg_sys::{Datum, Oid};

/// A statement with its parameters.
pub struct Statement {
    /// Whose code makes values of types of their own, such as domains.
    author: Oid,
    types: Vec<Oid>,
    values: Vec<Option<Datum>>,
    planning: Planning,
}

impl Statement {
    /// One about a table of `author`.
    pub const fn of(author: Oid) -> Self {
        Self { author, types: Vec::new(), values: Vec::new(), planning: Planning::Once }
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
        ask_planned((sql, self.types), self.planning, &self.values, false, each)
    }

    /// The texts that it returns as `sql`.
    pub fn read(self, sql: String) -> Vec<String> {
        let text = |row: Row| row.get::<String>(1);
        let texts = ask_planned((sql, self.types), self.planning, &self.values, true, text);
        texts.into_iter().flatten().collect()
    }
}
