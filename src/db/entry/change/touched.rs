//! What the SQL of a change touches.

use crate::db::pg::catalog;
use crate::db::settings::{NOT_RULES, RULES};
use pgrx::pg_sys::Oid;
use std::collections::BTreeSet;

/// The routing tables that some SQL touches.
pub struct Touched {
    routing: Vec<(Oid, &'static str)>,
    /// Tables that it names.
    pub tables: BTreeSet<&'static str>,
    /// Privileges that it needs to write, and on which table.
    pub writes: BTreeSet<(&'static str, &'static str)>,
}

impl Touched {
    /// Nothing so far.
    pub fn nothing() -> Self {
        let routing =
            RULES.into_iter().chain(NOT_RULES).map(|name| (catalog::relation(name), name)).collect();
        Self { routing, tables: BTreeSet::new(), writes: BTreeSet::new() }
    }

    fn name(&self, relation: Oid) -> Option<&'static str> {
        self.routing.iter().find(|(oid, _)| *oid == relation).map(|(_, name)| *name)
    }

    /// Notes that a table is named; `false` if it is no routing table.
    pub fn reads(&mut self, relation: Oid) -> bool {
        let name = self.name(relation);
        self.tables.extend(name);
        name.is_some()
    }

    /// Notes that a table is written to. That it is one of routing is told with the relations of the query.
    pub fn writes(&mut self, relation: Oid, privilege: &'static str) {
        if let Some(table) = self.name(relation) {
            self.writes.insert((privilege, table));
        }
    }
}
