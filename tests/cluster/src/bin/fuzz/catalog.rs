//! What there is to fuzz, read from the catalogs: what is new in the extension is fuzzed by itself.

use crate::server::{rows, Fault};
use postgres::Client;
use std::collections::HashMap;

/// A function, procedure or trigger function.
pub struct Function {
    /// Qualified.
    pub name: String,
    /// `f` or `p`.
    pub kind: String,
    /// Type.
    pub returns: String,
    /// Of rows.
    pub returns_set: bool,
    /// How many arguments at the end may be left out.
    pub defaults: usize,
    /// Not for people: what it does is undone, so that the company stays whole.
    pub is_internal: bool,
    /// Name and type.
    pub arguments: Vec<(String, String)>,
}

impl Function {
    /// Whether only triggers call it.
    pub fn is_trigger(&self) -> bool {
        self.returns == "trigger"
    }
}

/// A column.
#[derive(Clone)]
pub struct Column {
    /// Quoted.
    pub name: String,
    /// Without modifier.
    pub type_name: String,
    /// NOT NULL and without default.
    pub is_required: bool,
    /// Generated, or an identity that only OVERRIDING sets.
    pub is_generated: bool,
    /// Of a foreign key: schema.table.column.
    pub reference: String,
}

/// A table or view.
#[derive(Clone)]
pub struct Relation {
    /// Qualified.
    pub name: String,
    /// Without its schema.
    pub short: String,
    /// Its schema.
    pub schema: String,
    /// `r`, `p`, `v` or `m`.
    pub kind: String,
    /// Quoted words of its checks: what columns of kinds may hold.
    pub words: Vec<String>,
    /// In order.
    pub columns: Vec<Column>,
    /// kind, name, definition of indexes, keys, constraints, triggers.
    parts: Vec<(String, String, String)>,
}

impl Relation {
    /// Name and definition of its parts of a kind: `index`, `key`, `constraint`, `trigger`.
    pub fn parts(&self, kind: &str) -> Vec<(&str, &str)> {
        let parts = self.parts.iter().filter(|part| part.0 == kind);
        parts.map(|part| (part.1.as_str(), part.2.as_str())).collect()
    }

    /// The same columns elsewhere.
    pub fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }
}

/// A type.
pub struct Type {
    /// `typtype`, and `a` for arrays.
    pub kind: String,
    /// Base of a domain, element of an array, subtype of a range.
    pub of: String,
    /// What the check of a domain lists.
    pub words: Vec<String>,
}

/// A setting of the extension.
pub struct Setting {
    /// With prefix.
    pub name: String,
    /// bool, integer, real, enum, string.
    pub kind: String,
    /// Least and most.
    pub limits: (String, String),
    /// Of an enum.
    pub words: Vec<String>,
}

/// What `attach` can map.
pub struct Field {
    /// A column of leads.
    pub name: String,
    /// From the row, rather than written into it.
    pub is_read: bool,
}

/// Everything.
pub struct Catalog {
    /// By name.
    pub types: HashMap<String, Type>,
    /// Sorted.
    pub functions: Vec<Function>,
    /// Tables and views of the extension, sorted.
    pub relations: Vec<Relation>,
    /// Tables of users that can be attached.
    pub crm: Vec<Relation>,
    /// Sorted.
    pub settings: Vec<Setting>,
    /// Lead fields of a mapping; what is read can be an expression.
    pub fields: Vec<Field>,
    /// 150000 and the like.
    pub server_version: u32,
}

type Rows = Vec<Vec<String>>;

fn cell(row: &[String], place: usize) -> String {
    row.get(place).cloned().unwrap_or_default()
}

fn words(row: &[String], place: usize) -> Vec<String> {
    cell(row, place).split_whitespace().map(str::to_owned).collect()
}

fn is_true(row: &[String], place: usize) -> bool {
    cell(row, place) == "t"
}

impl Catalog {
    /// Reads it.
    pub fn read(client: &mut Client) -> Result<Self, Fault> {
        // the settings are known once the library is there
        client.batch_execute("LOAD 'leadroute'; SET search_path = pg_catalog")?;
        let server_version = rows(client, "SHOW server_version_num")?.concat().concat().parse()?;
        let mut parts = Vec::new();
        for query in include_str!("catalog.sql").split(";\n").filter(|query| query.contains("SELECT")) {
            parts.push(rows(client, query)?);
        }
        let [types, functions, arguments, relations, columns, names, settings] = <[Rows; 7]>::try_from(parts)
            .map_err(|parts| format!("{} queries in catalog.sql", parts.len()))?;
        let (crm, relations) = relations
            .iter()
            .map(|row| relation(row, &columns, &names))
            .partition(|relation: &Relation| relation.schema == "fuzz");
        let functions: Vec<_> = functions.iter().map(|row| function(row, &arguments)).collect();
        Ok(Self {
            fields: fields(client, &functions)?,
            types: types.iter().map(|row| (cell(row, 0), type_of(row))).collect(),
            functions,
            relations,
            crm,
            settings: settings.iter().map(|row| setting(row)).collect(),
            server_version,
        })
    }

    /// Those that hold rows.
    pub fn tables(&self) -> Vec<&Relation> {
        self.relations.iter().filter(|relation| matches!(relation.kind.as_str(), "r" | "p")).collect()
    }

    /// The others.
    pub fn views(&self) -> Vec<&Relation> {
        self.relations.iter().filter(|relation| matches!(relation.kind.as_str(), "v" | "m")).collect()
    }

    /// A table or view, by its qualified name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().chain(&self.crm).find(|relation| relation.name == name)
    }
}

/// The extension knows them itself; without its function none are known.
fn fields(client: &mut Client, functions: &[Function]) -> Result<Vec<Field>, Fault> {
    let Some(function) = functions.iter().find(|function| function.name.ends_with(".mapping_fields")) else {
        return Ok(Vec::new());
    };
    let rows = rows(client, &format!("SELECT field, reads IS NOT NULL FROM {}() ORDER BY 1", function.name))?;
    Ok(rows.iter().map(|row| Field { name: cell(row, 0), is_read: is_true(row, 1) }).collect())
}

fn type_of(row: &[String]) -> Type {
    Type { kind: cell(row, 1), of: cell(row, 2), words: words(row, 3) }
}

fn function(row: &[String], arguments: &Rows) -> Function {
    let mine = arguments.iter().filter(|argument| argument.first() == row.first());
    Function {
        name: format!("{}.{}", cell(row, 1), cell(row, 2)),
        kind: cell(row, 3),
        returns: cell(row, 4),
        returns_set: is_true(row, 5),
        defaults: cell(row, 6).parse().unwrap_or(0),
        is_internal: is_true(row, 7),
        arguments: mine.map(|argument| (cell(argument, 1), cell(argument, 2))).collect(),
    }
}

fn relation(row: &[String], columns: &Rows, parts: &Rows) -> Relation {
    let mine = |of: &&Vec<String>| of.first() == row.first();
    Relation {
        name: format!("{}.{}", cell(row, 1), cell(row, 2)),
        schema: cell(row, 1),
        short: cell(row, 2),
        kind: cell(row, 3),
        words: words(row, 4),
        columns: columns.iter().filter(mine).map(|column| column_of(column)).collect(),
        parts: parts.iter().filter(mine).map(|part| (cell(part, 1), cell(part, 2), cell(part, 3))).collect(),
    }
}

fn column_of(row: &[String]) -> Column {
    Column {
        name: cell(row, 1),
        type_name: cell(row, 2),
        is_required: is_true(row, 3),
        is_generated: is_true(row, 4),
        reference: cell(row, 5),
    }
}

fn setting(row: &[String]) -> Setting {
    Setting {
        name: cell(row, 0),
        kind: cell(row, 1),
        limits: (cell(row, 2), cell(row, 3)),
        words: words(row, 4),
    }
}
