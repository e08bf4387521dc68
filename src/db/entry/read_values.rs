//! Values that become known of a lead later are read and cleaned by the functions that read a new one.

use crate::db::lead::columns::COLUMNS;
use crate::db::lead::json::{column_of, read_fields};
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb;
use crate::db::pg::security::{only_the_extension, AsOwner};
use crate::db::pg::subtransaction::protect;
use crate::db::queries;
use crate::db::state::config;
use crate::db::state::lookups;
use leadroute_engine::lead::CleanLead;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use serde_json::{json, Map, Value};

sql_function! {
    /// `leadroute_internal.column_named(text)`
    leadroute_column_named, pg_finfo_leadroute_column_named, column_named
}

sql_function! {
    /// `leadroute_internal.read_values(bigint, jsonb)`
    leadroute_read_values, pg_finfo_leadroute_read_values, read_values
}

/// The column of `leads` that a key stands for, however it is written; NULL if there is none.
unsafe fn column_named(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text; the call info is valid.
    unsafe {
        let key = argument(fcinfo, 0).and_then(|datum| String::from_datum(datum, false)).unwrap_or_default();
        let exact = || COLUMNS.iter().find(|column| column.name == key).copied();
        let column = column_of(&key, false).or_else(exact);
        column.and_then(|column| column.name.into_datum()).unwrap_or_else(|| null(fcinfo))
    }
}

/// What was given ($2, by columns) for a lead ($1): values as they are stored, ranges, and problems by column.
unsafe fn read_values(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("read_values");
    // SAFETY: as declared in SQL: strict, bigint, jsonb.
    let (id, given) = unsafe { (argument(fcinfo, 0), argument(fcinfo, 1)) };
    let _owner = AsOwner::begin();
    let Some(object) = given else {
        // SAFETY: the call info is valid.
        return unsafe { null(fcinfo) };
    };
    let fields = read_fields(object, false);
    let mut values: Map<String, Value> = serde_json::from_str(&fields.columns).unwrap_or_default();
    let mut problems: Map<String, Value> = Map::new();
    problems.extend(fields.odd.into_iter().map(|problem| (problem.field, problem.what.into())));
    // SAFETY: the argument is a jsonb object.
    let ranges: Map<String, Value> = ["employees", "annual_revenue"]
        .into_iter()
        .filter(|field| {
            let is_read = values.contains_key(*field) || problems.contains_key(*field);
            !is_read && !fields.consumed.iter().any(|key| key == field)
        })
        .filter_map(|field| Some((field.to_owned(), unsafe { jsonb::member(object, field) }?.into())))
        .collect();
    let config = config::current().map_or_else(|| protect(config::load), Ok).unwrap_or_default();
    let with = [id, jsonb::from_text(&fields.columns)];
    let clean = queries::LEAD_WITH.first(&with, |row| {
        // SAFETY: the query returns rows of leads, valid during the callback.
        let row = unsafe { LeadRow::new(row.tuple, row.desc) };
        lookups::cleaned(&row, &config.rules)
    });
    clean.into_iter().for_each(|clean| take_cleaned(clean, &mut values, &mut problems));
    let answer = json!({"values": values, "ranges": ranges, "problems": problems}).to_string();
    jsonb::from_text(&answer).unwrap_or(Datum::from(0))
}

/// Puts cleaned values in the place of those that were given; what cannot be read is a problem.
fn take_cleaned(clean: CleanLead, values: &mut Map<String, Value>, problems: &mut Map<String, Value>) {
    let CleanLead { email, phone, industry, language, unreadable, notes, lead, .. } = clean;
    let stored = [
        ("email", email),
        ("phone", phone),
        ("industry", industry),
        ("country", lead.country),
        ("language", language),
    ];
    for (column, value) in stored {
        if let (Some(value), Some(given)) = (value, values.get_mut(column)) {
            *given = value.into();
        }
    }
    for problem in unreadable.into_iter().chain(notes) {
        if values.remove(&problem.field).is_some() {
            problems.insert(problem.field, problem.what.into());
        }
    }
}
