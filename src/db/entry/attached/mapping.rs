//! What is known of an attached table, read once and again after any relation has changed.

use crate::db::entry::attached::convert::{takes_any_text, to_text, Canonical};
use crate::db::entry::attached::keys::{key_text, Key};
use crate::db::entry::attached::unique_index::{of_table, Unique};
use crate::db::pg::catalog;
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum, Oid};
use serde::Deserialize;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::CString;
use std::rc::Rc;

/// An attached table, as `attached_json()` describes it.
#[derive(Debug, Deserialize)]
pub struct Mapping {
    /// `attached_tables.table_no`.
    #[serde(skip)]
    pub table_no: i32,
    /// The table.
    pub oid: u32,
    /// Its primary key.
    pub key: Vec<Column>,
    /// A query for the row with the values that generated columns will have; `$1` is the row.
    pub row: String,
    /// Fields of the lead that come from the row.
    pub reads: Vec<Read>,
    /// The status that a row gives its lead once the row is there.
    pub status: Option<Read>,
    /// When a row says that somebody answered, and who.
    pub answered_at: Option<Read>,
    /// See `answered_at`; as the owner column holds people.
    pub answered_by: Option<Read>,
    /// Which rows are leads; `None` is all.
    pub when: Option<Read>,
    /// Whether an owner who stands in a new row keeps it.
    #[serde(default)]
    pub keep: bool,
    /// Fields of the lead that go into the row, but for the owner.
    pub writes: Vec<Write>,
    /// Columns that change whenever routing writes to a row.
    pub touches: Vec<Touched>,
    /// What the table demands of columns that routing writes.
    pub checks: Vec<Check>,
    /// How the owner goes into the row.
    pub owner: Owner,
    /// Whether the table, and that of its owners, still belong to those who attached them. If not, nothing of the
    /// mapping runs, since one role's code would run as another role. Rows are routed by their plain columns.
    pub trusted: bool,
    /// The owner of the table when it was attached: the mapping runs as that role, whoever owns the table now.
    author: Option<u32>,
    /// Whether other relations are partitions of the table; filled when asked.
    #[serde(skip)]
    parts: RefCell<HashMap<u32, bool>>,
    /// Unique indexes of the table and its partitions; filled when asked.
    #[serde(skip)]
    uniques: RefCell<HashMap<u32, Rc<[Unique]>>>,
}

impl Mapping {
    /// The role as which the mapping runs; without one, the owner of the extension, who has no rights on the table.
    pub fn author(&self) -> Oid {
        self.author.map_or_else(catalog::owner, Oid::from)
    }

    /// The same for the table that has the owner column.
    pub fn author_of_owner(&self) -> Oid {
        self.owner.link.as_ref().map_or_else(|| self.author(), Link::author)
    }

    /// Whether constraints of the table may refuse what routing writes, but for the owner.
    pub fn may_refuse(&self) -> bool {
        !self.checks.is_empty() || self.writes.iter().any(|write| !write.users.is_empty())
    }

    /// The unique and exclusion indexes of the table, or of a partition, over columns that routing writes.
    pub fn uniques(&self, relation: Oid) -> Rc<[Unique]> {
        self.known_uniques(relation, || {
            let owner = self.owner.link.is_none().then_some(&self.owner.to);
            // each lead has its own of these
            let may_be_shared = |write: &&Write| !matches!(write.field.as_str(), "id" | "decision_id");
            let others = self.writes.iter().filter(may_be_shared).map(|write| &write.to);
            Some(owner.into_iter().chain(others).map(|column| column.column.clone()).collect())
        })
    }

    /// Those of the table that links rows to owners, if there is one, each with all its columns.
    pub fn uniques_of_links(&self) -> Option<Rc<[Unique]>> {
        self.owner.link.as_ref().map(|link| self.known_uniques(Oid::from(link.oid), || None))
    }

    fn known_uniques(&self, relation: Oid, columns: impl FnOnce() -> Option<Vec<String>>) -> Rc<[Unique]> {
        let oid = relation.to_u32();
        let known = self.uniques.borrow().get(&oid).cloned();
        known.unwrap_or_else(|| {
            let found: Rc<[Unique]> = of_table(relation, columns()).into();
            self.uniques.borrow_mut().insert(oid, Rc::clone(&found));
            found
        })
    }

    /// Whether a relation is the table that links rows to owners.
    pub fn is_linked_by(&self, relation: Oid) -> bool {
        self.owner.link.as_ref().is_some_and(|link| link.oid == relation.to_u32())
    }

    /// Whether a relation is the table, or a partition of it.
    pub fn covers(&self, relation: Oid) -> bool {
        let oid = relation.to_u32();
        oid == self.oid
            || *self.parts.borrow_mut().entry(oid).or_insert_with(|| is_part_of(relation, self.oid))
    }
}

fn is_part_of(relation: Oid, whole: u32) -> bool {
    // SAFETY: a look-up in the syscache.
    let is_part = unsafe { pg_sys::get_rel_relispartition(relation) };
    is_part && {
        let arguments = [Some(Datum::from(relation)), Some(Datum::from(Oid::from(whole)))];
        queries::IS_PART_OF.first(&arguments, |row| row.get::<bool>(1)).flatten().unwrap_or(false)
    }
}

/// A column with its type.
#[derive(Debug, Deserialize)]
pub struct Column {
    /// Its name.
    pub column: String,
    /// Oid of its type.
    #[serde(rename = "type")]
    pub type_oid: u32,
    /// Modifier of its type.
    pub modifier: i32,
}

impl Column {
    /// Its type.
    pub fn type_id(&self) -> Oid {
        Oid::from(self.type_oid)
    }
}

/// A field that is read: a column or an expression.
#[derive(Debug, Deserialize)]
pub struct Read {
    /// Column of `leads`.
    pub field: String,
    /// The column.
    pub column: Option<String>,
    /// The expression over the columns.
    pub expression: Option<String>,
    /// The columns that the expression names; filled when asked. `None` is the whole row.
    #[serde(skip)]
    pub named: OnceCell<Option<Vec<String>>>,
}

/// A field that is written.
#[derive(Debug, Deserialize)]
pub struct Write {
    /// Column of `leads`.
    pub field: String,
    /// Where it goes.
    #[serde(flatten)]
    pub to: Column,
    /// What foreign keys of the column refer to.
    pub users: Vec<Users>,
}

/// A column that changes whenever routing writes to a row, so that whoever has read the row before notices.
#[derive(Debug, Deserialize)]
pub struct Touched {
    /// How it changes.
    pub how: Touching,
    /// The column.
    #[serde(flatten)]
    pub column: Column,
}

/// How a column is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Touching {
    /// The time; of UTC where the type has no zone.
    #[serde(rename = "now")]
    Now,
    /// One more.
    #[serde(rename = "+1")]
    OneMore,
}

/// A check constraint.
#[derive(Debug, Deserialize)]
pub struct Check {
    /// The columns of it that routing writes.
    pub columns: Vec<String>,
    /// What must not be false.
    pub expression: String,
}

/// Which column of `reps` the owner column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RepBy {
    /// `reps.id`
    Id,
    /// `reps.email`
    Email,
}

/// The owner column.
#[derive(Debug, Deserialize)]
pub struct Owner {
    /// Where it goes.
    #[serde(flatten)]
    pub to: Column,
    /// What the column holds of a rep, if there is no expression.
    pub rep: RepBy,
    /// An expression over `rep`, a row of `reps`, and `lead`, the row of the table.
    pub expression: Option<String>,
    /// Whether it names `lead`.
    pub sees_lead: bool,
    /// What it holds for nobody.
    pub nobody: Option<String>,
    /// The table that has the column, if it is another one.
    pub link: Option<Link>,
    /// The tables of users that foreign keys of the column refer to.
    #[serde(default)]
    pub users: Vec<Users>,
}

impl Owner {
    /// Whether nothing keeps a rep from standing in the column.
    pub fn takes_any_rep(&self) -> bool {
        let holds_any = takes_any_text(self.to.type_id(), self.to.modifier);
        self.expression.is_none() && self.rep == RepBy::Id && self.users.is_empty() && holds_any
    }
}

/// A table of users, with the column that owner columns refer to.
#[derive(Debug, Deserialize)]
pub struct Users {
    /// The table.
    pub oid: u32,
    /// Its column.
    #[serde(flatten)]
    pub column: Column,
}

/// A table that links rows to owners; several may own a row, and one of them the lead.
#[derive(Debug, Deserialize)]
pub struct Link {
    /// The table.
    pub oid: u32,
    /// Its column with the key of the row.
    #[serde(flatten)]
    pub row: Column,
    /// Its owner when it was attached.
    author: Option<u32>,
}

impl Link {
    /// The role as which it is written; without one, the owner of the extension, who has no rights on it.
    pub fn author(&self) -> Oid {
        self.author.map_or_else(catalog::owner, Oid::from)
    }
}

type Known = HashMap<i32, (u64, Option<Rc<Mapping>>)>;

thread_local! {
    static MAPPINGS: RefCell<Known> = RefCell::default();
}

/// A table by its number; `None` if it is not attached any more.
pub fn mapping(table_no: i32) -> Option<Rc<Mapping>> {
    let epoch = catalog::epoch();
    let known = MAPPINGS.with_borrow(|known| {
        known.get(&table_no).filter(|(then, _)| *then == epoch).map(|(_, mapping)| mapping.clone())
    });
    if let Some(mapping) = known {
        return mapping;
    }
    let mapping = read(table_no).map(Rc::new);
    MAPPINGS.with_borrow_mut(|known| known.insert(table_no, (epoch, mapping.clone())));
    mapping
}

fn read(table_no: i32) -> Option<Mapping> {
    let json =
        queries::ATTACHED_JSON.first(&[Some(Datum::from(table_no))], |row| row.get::<String>(1)).flatten()?;
    match serde_json::from_str::<Mapping>(&json) {
        Ok(mapping) => Some(Mapping { table_no, ..mapping }),
        // A mapping by somebody without the rights of the table's owner must not stop inserts.
        Err(_) if !is_trusted(&json) => None,
        Err(error) => errors::unreadable_mapping(table_no, &error.to_string()),
    }
}

fn is_trusted(json: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    value.get("trusted").and_then(serde_json::Value::as_bool).unwrap_or(true)
}

/// A row of an attached table.
#[derive(Clone, Copy)]
pub struct Row {
    /// The tuple.
    pub tuple: pg_sys::HeapTuple,
    /// Its tuple descriptor; a partition has its own.
    pub desc: pg_sys::TupleDesc,
}

/// A value with its type.
#[derive(Clone, Copy)]
pub struct Value {
    /// The value.
    pub datum: Option<Datum>,
    /// Its type.
    pub type_id: Oid,
}

impl Row {
    /// The table, or the partition.
    pub fn relation(self) -> Oid {
        // SAFETY: a look-up in the syscache; the descriptor is that of a table.
        unsafe { pg_sys::get_typ_typrelid((*self.desc).tdtypeid) }
    }

    /// Number of a column, counted from 1; an error if there is none.
    pub fn number(self, column: &str) -> i32 {
        let name = CString::new(column).unwrap_or_default();
        // SAFETY: looks a name up in the descriptor.
        let number = unsafe { pg_sys::SPI_fnumber(self.desc, name.as_ptr()) };
        if number <= 0 {
            errors::mapped_column_is_gone(column);
        }
        number
    }

    /// The value of a column.
    pub fn value(self, column: &str) -> Value {
        let number = self.number(column);
        let mut isnull = false;
        // SAFETY: the number is one of the descriptor, which belongs to the tuple.
        unsafe {
            let datum = pg_sys::SPI_getbinval(self.tuple, self.desc, number, &mut isnull);
            Value { datum: (!isnull).then_some(datum), type_id: pg_sys::SPI_gettypeid(self.desc, number) }
        }
    }

    /// Whether a column prints as something else than in another version of the row.
    pub fn differs(self, other: Self, column: &str) -> bool {
        self.text(column) != other.text(column)
    }

    /// The value of a column as PostgreSQL prints it.
    pub fn text(self, column: &str) -> Option<String> {
        let value = self.value(column);
        // SAFETY: the value comes with its type.
        value.datum.map(|datum| unsafe { to_text(datum, value.type_id) })
    }

    /// The primary key.
    pub fn key(self, mapping: &Mapping) -> Key {
        let values: Vec<Value> = mapping.key.iter().map(|key| self.value(&key.column)).collect();
        let _canonical = Canonical::for_types(values.iter().map(|value| value.type_id));
        // SAFETY: the values come with their types.
        let text = |value: &Value| value.datum.map(|datum| unsafe { to_text(datum, value.type_id) });
        let values: Vec<String> = values.iter().map(|value| text(value).unwrap_or_default()).collect();
        Key { text: key_text(&values), values }
    }
}
