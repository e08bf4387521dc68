//! The lead that a row stands for: a tuple of `leads` that is not routed yet.

use crate::db::entry::attached::convert::{self, Canonical};
use crate::db::entry::attached::mapping::{Mapping, Read, Row};
use crate::db::entry::attached::statement;
use crate::db::errors;
use crate::db::lead::{columns, json};
use crate::db::pg::jsonb::{self, Document, Root};
use crate::db::pg::security::next_value;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::tuple::Replaced;
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::value::Reading;
use leadroute_engine::lead::{Problem, UNKNOWN_TENANT};
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::collections::{BTreeMap, HashMap};

/// What a field of the mapping gave.
pub enum Given {
    /// A value of the type of the field.
    Value(Datum),
    /// Type and text of a JSON value.
    Json(&'static str, String),
    /// Attributes, which an expression made.
    Attributes(Document),
}

/// The values of a lead, by field, and what could not be read.
#[derive(Default)]
pub struct Draft {
    values: HashMap<&'static str, Datum>,
    /// Values that could not be read.
    pub odd: Vec<Problem>,
    /// What goes to the attributes beside them, as JSON.
    kept: BTreeMap<String, String>,
    /// Those of them that are ranges, as texts.
    ranges: BTreeMap<String, String>,
}

impl Draft {
    /// Reads what the mapping names.
    pub fn read(row: Row, mapping: &Mapping) -> Self {
        Self::of(&mapping.reads.iter().collect::<Vec<&Read>>(), row, mapping)
    }

    /// Reads some fields of it.
    pub fn of(reads: &[&Read], row: Row, mapping: &Mapping) -> Self {
        let mut draft = Self::default();
        for read in reads {
            if let Some(column) = &read.column {
                draft.column(&read.field, row, column);
            }
        }
        let expressions: Vec<&Read> =
            reads.iter().copied().filter(|read| read.expression.is_some()).collect();
        if mapping.trusted && !expressions.is_empty() {
            draft.expressions(row, mapping, &expressions);
        } else {
            let what = "is not evaluated: the table has another owner than when it was attached";
            let problem = |read: &&Read| Problem { field: read.field.clone(), what: what.to_owned() };
            draft.odd.extend(expressions.iter().map(problem));
        }
        if draft.odd.iter().any(|problem| problem.field == "tenant") {
            draft.values.extend(UNKNOWN_TENANT.into_datum().map(|datum| ("tenant", datum)));
        }
        draft
    }

    /// All at once, or one by one where one fails.
    fn expressions(&mut self, row: Row, mapping: &Mapping, expressions: &[&Read]) {
        match (protect(|| evaluate(row, mapping, expressions)), expressions) {
            (Ok(given), _) => {
                for (read, given) in expressions.iter().zip(given) {
                    self.take(&read.field, given);
                }
            }
            (Err(failure), [read]) => {
                let what = format!("cannot be evaluated: {}", failure.message);
                self.odd.push(Problem { field: read.field.clone(), what });
            }
            (Err(_), several) => several.iter().for_each(|read| self.expressions(row, mapping, &[*read])),
        }
    }

    fn column(&mut self, field: &str, row: Row, column: &str) {
        let value = row.value(column);
        let Some(datum) = value.datum else {
            return;
        };
        // SAFETY: the value comes with its type. JSON may hold what jsonb does not, and a date what a timestamp does not.
        let special = || unsafe {
            match field {
                "attributes" => json(datum, value.type_id).map(Given::Value),
                "occurred_at" => convert::to_time(datum, value.type_id).map(Given::Value),
                _ => None,
            }
        };
        let special = if convert::is_safe(value.type_id) { Ok(special()) } else { protect(special) };
        // SAFETY: as before.
        let text = || unsafe { convert::to_text(datum, value.type_id) };
        let given = match special {
            Ok(given) => given.unwrap_or_else(|| Given::Json(kind_of(value.type_id), text())),
            Err(failure) => {
                self.odd.push(Problem {
                    field: field.to_owned(),
                    what: format!("cannot be read: {}", failure.message),
                });
                self.kept.insert(field.to_owned(), json_of("string", text()));
                return;
            }
        };
        self.take(field, Some(given));
    }

    fn take(&mut self, field: &str, given: Option<Given>) {
        let Some(column) = columns::given(field) else {
            return;
        };
        let known = column.name;
        match given {
            None => {}
            Some(Given::Attributes(document)) => self.take(field, Some(Given::Value(document.to_result()))),
            // SAFETY: what is given for the attributes is a jsonb.
            Some(Given::Value(datum)) if known == "attributes" && !unsafe { is_object(datum) } => {
                // SAFETY: as before.
                let text = unsafe { jsonb::to_text(datum) };
                self.kept.insert(known.to_owned(), text);
            }
            Some(Given::Value(datum)) => {
                self.values.insert(known, datum);
            }
            Some(Given::Json(kind, text)) => match json::value(column, kind, &text) {
                Ok(Reading::Value(value)) => {
                    self.values
                        .extend(convert::from_text(&value, column.type_id, -1).map(|datum| (known, datum)));
                }
                Ok(Reading::Nothing) => {}
                Ok(Reading::Range) => {
                    self.ranges.insert(field.to_owned(), text.clone());
                    self.kept.insert(field.to_owned(), json_of(kind, text));
                }
                Err(what) => {
                    self.odd.push(Problem { field: field.to_owned(), what });
                    self.kept.insert(field.to_owned(), json_of(kind, text));
                }
            },
        }
    }

    /// The lead is routed now, so the time that it has to be answered begins now.
    pub fn comes_now(&mut self) {
        self.values.remove("occurred_at");
    }

    /// Ranges where a number is meant, by field.
    pub const fn ranges(&self) -> &BTreeMap<String, String> {
        &self.ranges
    }

    /// The values as texts, by field.
    pub fn texts(&self) -> BTreeMap<&'static str, String> {
        let typed = |(field, datum): (&&'static str, &Datum)| {
            let column = columns::column(field)?;
            // SAFETY: each value has the type of its column.
            Some((*field, unsafe { convert::to_text(*datum, column.type_id) }))
        };
        let _canonical = Canonical::for_types(
            self.values.keys().filter_map(|field| Some(columns::column(field)?.type_id)),
        );
        self.values.iter().filter_map(typed).collect()
    }

    /// The lead as a tuple of `leads`, with a key of its own. The owner of the extension must be the current user.
    ///
    /// # Safety
    /// `desc` must be the tuple descriptor of `leads`.
    pub unsafe fn tuple(
        mut self,
        desc: pg_sys::TupleDesc,
        mapping: &Mapping,
        key: &str,
    ) -> pg_sys::HeapTuple {
        self.keep_odd_values();
        // SAFETY: reads the clock of the transaction.
        let now = Datum::from(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() });
        let id = next_value("leads_id_seq");
        self.values.extend([
            ("id", Datum::from(id)),
            ("created_at", now),
            ("updated_at", now),
            ("attached_table", Datum::from(mapping.table_no)),
        ]);
        self.values.extend("new".into_datum().map(|datum| ("status", datum)));
        self.values.extend(key.into_datum().map(|datum| ("attached_key", datum)));
        // SAFETY: the caller vouches for the descriptor.
        unsafe {
            let mut tuple = Replaced::none(desc);
            let lead = Row { tuple: std::ptr::null_mut(), desc };
            for (field, datum) in self.values {
                let number = lead.number(field);
                let found = pg_sys::getBaseType(pg_sys::SPI_gettypeid(desc, number));
                if columns::column(field).is_none_or(|column| column.type_id != found) {
                    errors::column_has_another_type(field);
                }
                tuple.set(number as usize - 1, Some(datum));
            }
            tuple.as_tuple()
        }
    }

    /// A value that could not be read is not lost.
    fn keep_odd_values(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        let member = |(field, json): (&String, &String)| format!("\"{field}\": {json}");
        let kept = format!("{{{}}}", self.kept.iter().map(member).collect::<Vec<_>>().join(", "));
        let merged = match (self.values.get("attributes").copied(), jsonb::from_text(&kept)) {
            // SAFETY: both are jsonb.
            (Some(given), kept) => unsafe {
                pgrx::direct_function_call_as_datum(pg_sys::jsonb_concat, &[kept, Some(given)])
            },
            (None, kept) => kept,
        };
        self.values.extend(merged.map(|datum| ("attributes", datum)));
    }
}

/// What JSON would call a column of a type: in a text a point may stand between thousands, in a number it does not.
fn kind_of(type_id: pg_sys::Oid) -> &'static str {
    // SAFETY: a look-up in the syscache.
    match unsafe { pg_sys::getBaseType(type_id) } {
        pg_sys::INT2OID
        | pg_sys::INT4OID
        | pg_sys::INT8OID
        | pg_sys::NUMERICOID
        | pg_sys::FLOAT4OID
        | pg_sys::FLOAT8OID => "number",
        _ => "string",
    }
}

/// A value of the mapping as JSON; all but strings are JSON already.
fn json_of(kind: &str, text: String) -> String {
    match kind {
        "string" => serde_json::Value::String(text).to_string(),
        // NaN and infinities are none of JSON
        "number" if text.parse().is_ok_and(f64::is_finite) => text,
        "number" => serde_json::Value::String(text).to_string(),
        _ => text,
    }
}

/// # Safety
/// `datum` must be a jsonb.
unsafe fn is_object(datum: Datum) -> bool {
    // SAFETY: the caller vouches for it.
    unsafe { jsonb::root(datum) == Root::Object }
}

/// A JSON value as jsonb; `None` for other types.
unsafe fn json(datum: Datum, type_id: pg_sys::Oid) -> Option<Datum> {
    // SAFETY: the caller vouches for the type; the text of a json is valid JSON.
    unsafe {
        match pg_sys::getBaseType(type_id) {
            pg_sys::JSONBOID => Some(datum),
            pg_sys::JSONOID => jsonb::from_text(&String::from_datum(datum, false)?),
            _ => None,
        }
    }
}

/// The expressions of a mapping over a row, with the rights of the owner of the table.
pub fn evaluate(row: Row, mapping: &Mapping, expressions: &[&Read]) -> Vec<Option<Given>> {
    let list = |make: &dyn Fn(usize, &Read) -> String| {
        expressions.iter().enumerate().map(|(n, read)| make(n, read)).collect::<Vec<_>>().join(", ")
    };
    let outer =
        list(&|n, _| format!("pg_catalog.jsonb_typeof(j{n}), j{n} OPERATOR(pg_catalog.#>>) '{{}}', j{n}"));
    let inner = list(&|n, read| {
        format!(
            "pg_catalog.jsonb_build_array(({}\n)) OPERATOR(pg_catalog.->) 0 AS j{n}",
            read.expression.as_deref().unwrap_or("NULL")
        )
    });
    let sql = format!("SELECT {outer} FROM (SELECT {inner} FROM ({}) AS lead OFFSET 0) AS v", mapping.row);
    let (composite, type_id) = composite(row);
    let given = statement::evaluate(mapping.author(), (sql, vec![type_id]), &[composite], |answer| {
        let given = |(n, read): (usize, &&Read)| {
            let column = n as i32 * 3;
            let kind = json_type(answer.get::<String>(column + 1)?.as_str())?;
            if read.field == "attributes" {
                return answer.get::<Document>(column + 3).map(Given::Attributes);
            }
            Some(Given::Json(kind, answer.get::<String>(column + 2).unwrap_or_default()))
        };
        expressions.iter().enumerate().map(given).collect()
    });
    given.unwrap_or_default()
}

fn json_type(name: &str) -> Option<&'static str> {
    ["string", "number", "boolean", "object", "array"].into_iter().find(|known| *known == name)
}

/// The status that a row gives its lead: one of those that a person sets.
pub fn status(row: Row, mapping: &Mapping) -> Option<String> {
    let read = mapping.status.as_ref()?;
    match evaluate(row, mapping, &[read]).pop().flatten()? {
        Given::Json(_, text) => Some(text.trim().to_lowercase()).filter(|status| {
            Status::named(status).is_some_and(|status| status.is_taken_up() || status.is_closed())
        }),
        _ => None,
    }
}

/// A row as one value, with its type.
pub fn composite(row: Row) -> (Option<Datum>, pg_sys::Oid) {
    // SAFETY: tuple and descriptor belong together.
    unsafe {
        let datum = pg_sys::heap_copy_tuple_as_datum(row.tuple, row.desc);
        (Some(datum), (*row.desc).tdtypeid)
    }
}
