//! A lead given as jsonb, taken apart key by key. What fits its column becomes a column; what does not
//! is kept in the attributes and named as a problem; unknown keys are kept in the attributes.

use crate::db::lead::columns::{self, Column};
use crate::db::queries;
use leadroute_engine::lead::value::{read, Kind};
use leadroute_engine::lead::{Problem, UNKNOWN_TENANT};
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

/// A value as text that its column accepts; `None` for nothing; what is wrong with it.
pub fn value(column: Column, json_type: &str, text: &str) -> Result<Option<String>, String> {
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
        pg_sys::NUMERICOID => Kind::Number,
        _ => Kind::Time,
    }
}

/// The column that a key stands for; that of the owner only where it may be named.
fn column_of(key: &str, may_name_owner: bool) -> Option<Column> {
    let owner = columns::column(key).filter(|column| may_name_owner && column.name == "owner_id");
    owner.or_else(|| columns::given(key)).filter(|column| column.name != "attributes")
}

/// Reads every key of a JSON object.
pub fn read_fields(object: Datum, may_name_owner: bool) -> Fields {
    let members = queries::MEMBERS
        .read(&[Some(object)], |row| (row.get::<String>(1), row.get::<String>(2), row.get::<String>(3)));
    let (mut fields, mut columns) = (Fields::default(), serde_json::Map::new());
    for (key, json_type, value) in members {
        let (Some(key), Some(json_type)) = (key, json_type) else {
            continue;
        };
        let Some(column) = column_of(&key, may_name_owner) else {
            continue;
        };
        match read(kind(column), &json_type, value.as_deref().unwrap_or_default()) {
            Ok(None) => fields.consumed.push(key),
            Ok(Some(value)) => {
                match key.as_str() {
                    "external_id" => fields.external_id = Some(value.clone()),
                    "tenant" => fields.tenant.clone_from(&value),
                    _ => {}
                }
                columns.insert(key.clone(), value.into());
                fields.consumed.push(key);
            }
            Err(what) => {
                if key == "tenant" {
                    UNKNOWN_TENANT.clone_into(&mut fields.tenant);
                    columns.insert(key.clone(), UNKNOWN_TENANT.into());
                }
                fields.odd.push(Problem { field: key, what });
            }
        }
    }
    fields.columns = serde_json::Value::Object(columns).to_string();
    fields
}
