//! A lead given as jsonb, taken apart key by key. What fits its column becomes a column; what does not
//! is kept in the attributes and named as a problem; unknown keys are kept in the attributes.

use crate::db::lead::columns::{self, Column, SetBy};
use crate::db::pg::jsonb::{self, Root};
use crate::db::{errors, queries};
use leadroute_engine::lead::value::{read, Kind, Reading};
use leadroute_engine::lead::{words, Problem, UNKNOWN_TENANT};
use pgrx::pg_sys::{self, Datum};

/// A lead that was taken apart.
#[derive(Default)]
pub struct Fields {
    /// The columns as a JSON object of strings.
    pub columns: String,
    /// The keys that went into columns.
    pub consumed: Vec<String>,
    /// Values that could not be read.
    pub odd: Vec<Problem>,
    /// The app's own key.
    pub external_id: Option<String>,
    /// The organisation that the lead belongs to.
    pub tenant: String,
}

/// An argument of a function as a JSON object, or a clear error.
///
/// # Safety
/// It must be a jsonb.
pub unsafe fn object(argument: Option<Datum>, function: &str) -> Datum {
    let Some(datum) = argument else {
        errors::not_an_object(function, "null");
    };
    // SAFETY: the caller vouches for a jsonb.
    match unsafe { jsonb::root(datum) } {
        Root::Object => datum,
        Root::Array => errors::not_an_object(function, "an array"),
        Root::Scalar => errors::not_an_object(function, "a single value"),
    }
}

/// What a value is for its column; what is wrong with it.
pub fn value(column: Column, json_type: &str, text: &str) -> Result<Reading, String> {
    match column.name {
        "attributes" => Err("is not a JSON object".to_owned()),
        _ => read(kind(column), json_type, text),
    }
}

fn kind(column: Column) -> Kind {
    match column.type_id {
        _ if column.name == "external_id" => Kind::Key,
        pg_sys::TEXTOID => Kind::Text,
        pg_sys::INT4OID => Kind::Whole,
        pg_sys::NUMERICOID if column.name == "annual_revenue" => Kind::Amount,
        pg_sys::NUMERICOID => Kind::Number,
        _ => Kind::Time,
    }
}

/// The column that a key stands for, however it is written; that of the owner only where it may be named.
pub fn column_of(key: &str, may_name_owner: bool) -> Option<Column> {
    let written = words::key(key);
    // who may say so strips these from a form by their names
    let is_exact = |column: &&Column| ["tenant", "owner_id"].contains(&column.name);
    let is_named =
        |column: &&Column| column.name == key || !is_exact(column) && words::key(column.name) == written;
    let may_be_given = |column: &&Column| {
        column.set_by == SetBy::App && column.name != "attributes"
            || may_name_owner && column.name == "owner_id"
    };
    columns::COLUMNS.iter().filter(may_be_given).find(is_named).copied()
}

/// A member of an object: its key, the column that it stands for, type and text of its value.
type Member = (String, Column, String, String);

/// The members that stand for columns. Of several for one column that which is written as the column comes first.
fn members(object: Datum, may_name_owner: bool) -> Vec<Member> {
    let members = queries::MEMBERS
        .read(&[Some(object)], |row| (row.get::<String>(1), row.get::<String>(2), row.get::<String>(3)));
    let known = members.into_iter().filter_map(|(key, json_type, value)| {
        let column = column_of(key.as_deref()?, may_name_owner)?;
        Some((key?, column, json_type?, value.unwrap_or_default()))
    });
    let mut known: Vec<Member> = known.collect();
    known.sort_by_key(|(key, column, ..)| key != column.name);
    known
}

/// Reads every key of a JSON object.
pub fn read_fields(object: Datum, may_name_owner: bool) -> Fields {
    let (mut fields, mut columns) = (Fields::default(), serde_json::Map::new());
    for (key, column, json_type, value) in members(object, may_name_owner) {
        let read = match columns.contains_key(column.name) {
            true => Err("is given twice".to_owned()),
            false => read(kind(column), &json_type, &value),
        };
        match read {
            Ok(Reading::Nothing) => fields.consumed.push(key),
            Ok(Reading::Range) if key == column.name => {}
            Ok(Reading::Range) => {
                let what = format!("is a range, which is not understood as \"{key}\"");
                fields.odd.push(Problem { field: column.name.to_owned(), what });
            }
            Ok(Reading::Value(value)) => {
                match column.name {
                    "external_id" => fields.external_id = Some(value.clone()),
                    "tenant" => fields.tenant.clone_from(&value),
                    _ => {}
                }
                columns.insert(column.name.to_owned(), value.into());
                fields.consumed.push(key);
            }
            Err(what) => {
                if column.name == "tenant" && !columns.contains_key("tenant") {
                    UNKNOWN_TENANT.clone_into(&mut fields.tenant);
                    columns.insert(column.name.to_owned(), UNKNOWN_TENANT.into());
                }
                let what = if key == column.name { what } else { format!("{what} (given as \"{key}\")") };
                fields.odd.push(Problem { field: column.name.to_owned(), what });
            }
        }
    }
    fields.columns = serde_json::Value::Object(columns).to_string();
    fields
}
