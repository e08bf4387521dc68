//! Values that are in the tables, so that what is generated names things that exist.

use crate::catalog::{Catalog, Column};
use crate::rng::Rng;
use crate::server::rows;
use postgres::Client;
use std::collections::HashMap;

/// Longer ones would fill the statements that are printed.
const LONGEST: usize = 120;
/// Arguments that hold values of a column with another name.
const ALIASES: [(&str, &str); 8] = [
    ("ids", "id"),
    ("keys", "attached_key"),
    ("key", "attached_key"),
    ("name", "id"),
    ("consumer", "taken_by"),
    ("event", "name"),
    ("presence", "presence"),
    ("keys_gone", "attached_key"),
];

/// By column, and by the name of the column alone.
#[derive(Default)]
pub struct Samples {
    by_column: HashMap<String, Vec<String>>,
    by_name: HashMap<String, Vec<String>>,
}

impl Samples {
    /// A dozen of the oldest and of the newest rows of each table. What cannot be read just gives none.
    pub fn read(client: &mut Client, catalog: &Catalog) -> Self {
        let mut samples = Self::default();
        for table in catalog.relations.iter().chain(&catalog.crm).filter(|table| table.kind != "v") {
            let list: Vec<_> = table.columns.iter().map(|column| format!("{}::text", column.name)).collect();
            let select = format!("SELECT {} FROM {}", list.join(", "), table.name);
            let sql = format!("({select} LIMIT 12) UNION ALL ({select} ORDER BY ctid DESC LIMIT 12)");
            for row in rows(client, &sql).unwrap_or_default() {
                for (column, value) in table.columns.iter().zip(row) {
                    samples.keep(&table.name, column, value);
                }
            }
        }
        samples
    }

    fn keep(&mut self, table: &str, column: &Column, value: String) {
        if value.is_empty() || value.len() > LONGEST {
            return;
        }
        let values = self.by_column.entry(format!("{table}.{}", column.name)).or_default();
        if !values.contains(&value) {
            values.push(value.clone());
            let typed = format!("{} {}", column.name, column.type_name);
            self.by_name.entry(typed).or_default().push(value.clone());
            self.by_name.entry(column.name.clone()).or_default().push(value);
        }
    }

    /// One of a column, given as schema.table.column.
    pub fn of_column(&self, rng: &mut Rng, column: &str) -> Option<&String> {
        rng.pick(self.by_column.get(column).map_or(&[], Vec::as_slice))
    }

    /// One of any column of that name.
    pub fn of_name(&self, rng: &mut Rng, name: &str) -> Option<&String> {
        rng.pick(self.by_name.get(name).map_or(&[], Vec::as_slice))
    }

    /// One of any column of that name, or of one that is meant by it, and of that type.
    pub fn of_type(&self, rng: &mut Rng, name: &str, type_name: &str) -> Option<&String> {
        let alias = ALIASES.iter().find(|alias| alias.0 == name && rng.chance(60));
        let name = alias.map_or(name, |alias| alias.1);
        self.of_name(rng, &format!("{name} {type_name}"))
    }
}
