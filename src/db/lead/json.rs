//! A lead given as jsonb, taken apart key by key. What fits its column becomes a column; what does not
//! is kept in the attributes and named as a problem; unknown keys are kept in the attributes.

use crate::db::lead::columns::{self, Column};
use crate::db::queries;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use leadroute_engine::lead::Problem;
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
}

/// Longest external id, in bytes: it must fit into an index.
const LONGEST_KEY: usize = 500;

/// A value as text that its column accepts; `None` for nothing; what is wrong with it.
pub fn value(column: Column, json_type: &str, text: &str) -> Result<Option<String>, String> {
    match column.name {
        "attributes" => Err("is not a JSON object".to_owned()),
        _ => read(column, json_type, text),
    }
}

/// Reads every key of a JSON object.
pub fn read_fields(object: Datum) -> Fields {
    let members = queries::MEMBERS
        .read(&[Some(object)], |row| (row.get::<String>(1), row.get::<String>(2), row.get::<String>(3)));
    let (mut fields, mut columns) = (Fields::default(), serde_json::Map::new());
    for (key, json_type, value) in members {
        let (Some(key), Some(json_type)) = (key, json_type) else {
            continue;
        };
        let Some(column) = columns::given(&key).filter(|column| column.name != "attributes") else {
            continue;
        };
        match read(column, &json_type, value.as_deref().unwrap_or_default()) {
            Ok(None) => fields.consumed.push(key),
            Ok(Some(value)) => {
                if key == "external_id" {
                    fields.external_id = Some(value.clone());
                }
                columns.insert(key.clone(), value.into());
                fields.consumed.push(key);
            }
            Err(what) => fields.odd.push(Problem { field: key, what }),
        }
    }
    fields.columns = serde_json::Value::Object(columns).to_string();
    fields
}

/// The value as text that its column accepts; `None` for nothing.
fn read(column: Column, json_type: &str, value: &str) -> Result<Option<String>, String> {
    match json_type {
        "null" => return Ok(None),
        "object" | "array" => return Err(format!("is an {json_type}, not a single value")),
        _ => {}
    }
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let quoted = || trimmed.chars().take(40).collect::<String>();
    match column.type_id {
        pg_sys::TEXTOID if column.name == "external_id" && value.len() > LONGEST_KEY => {
            Err(format!("is longer than {LONGEST_KEY} bytes"))
        }
        pg_sys::TEXTOID => Ok(Some(value.to_owned())),
        pg_sys::INT4OID => match whole(trimmed) {
            Ok(number) => Ok(Some(number.to_string())),
            Err(_) => Err(format!("is \"{}\", not a whole number in range", quoted())),
        },
        pg_sys::NUMERICOID => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() && has_small_exponent(trimmed) => Ok(Some(trimmed.to_owned())),
            _ => Err(format!("is \"{}\", not a number in range", quoted())),
        },
        _ if trimmed.is_ascii() && normal_time(trimmed).is_some() => Ok(normal_time(trimmed)),
        _ => Err(format!("is \"{}\", not a time in ISO 8601", quoted())),
    }
}

/// A whole number; `50.0` is one too.
fn whole(value: &str) -> Result<i32, ()> {
    let digits =
        value.split_once('.').map_or(value, |(digits, zeros)| match zeros.bytes().all(|b| b == b'0') {
            true => digits,
            false => value,
        });
    digits.parse().map_err(|_| ())
}

/// Whether numeric can hold it: PostgreSQL gives up at 16,383 digits after the point.
fn has_small_exponent(value: &str) -> bool {
    let exponent = value.split(['e', 'E']).nth(1).map(str::parse::<i32>);
    exponent.is_none_or(|exponent| exponent.is_ok_and(|exponent| exponent.abs() < 1000))
}

/// ISO 8601, with or without time and zone, in the one form that PostgreSQL reads whatever its settings.
fn normal_time(value: &str) -> Option<String> {
    const ZONED: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    const LOCAL: [&str; 3] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f"];
    let parsed = |format: &&str| DateTime::parse_from_str(value, format).ok();
    let zoned = DateTime::parse_from_rfc3339(value).ok().or_else(|| ZONED.iter().find_map(parsed));
    let (time, zone) = match zoned {
        Some(time) => (time.naive_utc(), "Z"),
        None => {
            let parsed = |format: &&str| NaiveDateTime::parse_from_str(value, format).ok();
            let midnight = || NaiveDate::parse_from_str(value, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
            (LOCAL.iter().find_map(parsed).or_else(midnight)?, "")
        }
    };
    let text = format!("{}{zone}", time.format("%Y-%m-%dT%H:%M:%S%.6f"));
    (1..=9999).contains(&time.year()).then_some(text)
}
