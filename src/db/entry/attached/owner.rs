//! The owner column of an attached table: from a rep to a value, and back.

use crate::db::entry::attached::convert::{for_table, takes_any_text, to_text};
use crate::db::entry::attached::lead_of_row::composite;
use crate::db::entry::attached::mapping::{self, Mapping, RepBy, Row};
use crate::db::entry::attached::row_by_key::{last_rows, row_of};
use crate::db::entry::attached::statement::evaluate;
use crate::db::indexes::REPS;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::only_the_extension;
use crate::db::pg::subtransaction::protect;
use crate::db::queries;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::cell::RefCell;

/// Who owns a lead.
pub fn of_lead(lead_id: i64) -> Option<String> {
    queries::OWNER_OF_LEAD.first(&[Some(Datum::from(lead_id))], |row| row.get::<String>(1)).flatten()
}

/// A value as the column holds it: cut, padded, or normalized. `None` if it cannot hold it.
pub fn as_held(value: Option<String>, mapping: &Mapping) -> Option<String> {
    let (column, author) = (&mapping.owner.to, mapping.author_of_owner());
    let held = |value: &String| {
        let datum = for_table(value, column.type_id(), column.modifier, author)?;
        // SAFETY: the value was made of that type.
        Some(unsafe { to_text(datum, column.type_id()) })
    };
    value.and_then(|value| match takes_any_text(column.type_id(), column.modifier) {
        true => Some(value),
        false => protect(|| held(&value)).ok().flatten(),
    })
}

/// The row that an expression for the owner sees beside the rep, if it asks for one.
#[derive(Clone, Copy, Default)]
pub struct Seen(Option<(Datum, pg_sys::Oid)>);

impl Seen {
    /// A row that is at hand.
    pub fn row(row: Row, mapping: &Mapping) -> Self {
        let (datum, type_id) = if mapping.owner.sees_lead { composite(row) } else { return Self::default() };
        Self(datum.map(|datum| (datum, type_id)))
    }

    /// The row with a key: the one that is being inserted, or one that is there.
    pub fn key(key: &str, mapping: &Mapping) -> Self {
        if !mapping.owner.sees_lead {
            return Self::default();
        }
        let arriving = arrival(mapping, key).map(|(seen, _)| seen);
        arriving.unwrap_or_else(|| Self(row_of(mapping, key)))
    }
}

thread_local! {
    /// Table and key of the row that is being routed, and the row. Taken back when that is done, also by an error.
    static ARRIVING: RefCell<Option<Arrival>> = const { RefCell::new(None) };
}

type Arrival = (i32, String, (Seen, Row));

/// The row with a key, if it is being routed.
pub fn arriving(mapping: &Mapping, key: &str) -> Option<Row> {
    arrival(mapping, key).map(|(_, row)| row)
}

fn arrival(mapping: &Mapping, key: &str) -> Option<(Seen, Row)> {
    let is_it = |(table_no, of, _): &&Arrival| *table_no == mapping.table_no && of == key;
    ARRIVING.with_borrow(|arriving| arriving.as_ref().filter(is_it).map(|(_, _, row)| *row))
}

/// Until it is dropped, a row is being routed that may not be there yet.
pub struct Arriving(Option<Arrival>);

impl Arriving {
    /// From now on.
    pub fn begin(row: Row, key: &str, mapping: &Mapping) -> Self {
        let row = (Seen::row(row, mapping), row);
        Self(ARRIVING.replace(Some((mapping.table_no, key.to_owned(), row))))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        ARRIVING.set(self.0.take());
    }
}

/// What stands in the owner column of a row for a rep, as text; nothing where the expression fails.
pub fn value_if_any(rep_id: &str, mapping: &Mapping, seen: Seen) -> Option<String> {
    match mapping.owner.expression {
        Some(_) => protect(|| value_of(rep_id, mapping, seen)).ok().flatten(),
        None => value_of(rep_id, mapping, seen),
    }
}

/// The same; an error where the expression fails.
pub fn value_of(rep_id: &str, mapping: &Mapping, seen: Seen) -> Option<String> {
    let Some(expression) = &mapping.owner.expression else {
        return match mapping.owner.rep {
            RepBy::Id => Some(rep_id.to_owned()),
            RepBy::Email => REPS.text(rep_id, |row| Row { tuple: row.tuple, desc: row.desc }.text("email")),
        };
    };
    let (rep, type_id) =
        REPS.text(rep_id, |row| Some(composite(Row { tuple: row.tuple, desc: row.desc })))?;
    let sql = sql(expression, mapping.owner.sees_lead.then_some(mapping.row.as_str()));
    let (types, values) = match seen.0 {
        _ if !mapping.owner.sees_lead => (vec![type_id], vec![rep]),
        Some((lead, of)) => (vec![type_id, of], vec![rep, Some(lead)]),
        // the row is gone
        None => return None,
    };
    evaluate(mapping.author(), (sql, types), &values, |row| row.get::<String>(1)).flatten()
}

/// The query that evaluates an expression over `rep`, `$1`, and over `lead`, the row that another query makes of `$1`: here it
/// is `$2`.
pub fn sql(expression: &str, row: Option<&str>) -> String {
    let lead = row.map(|row| format!(", ({}) AS lead", row.replacen("($1)", "($2)", 1))).unwrap_or_default();
    // a comment at its end must not swallow the rest
    format!("SELECT ({expression}\n)::pg_catalog.text FROM (SELECT ($1).*) AS rep{lead}")
}

/// The rep that a value in a row stands for; if there is none, one whose value differs in upper and lower case only.
pub fn rep_of(value: &str, mapping: &Mapping, seen: Seen) -> Option<String> {
    let is_id = mapping.owner.expression.is_none() && mapping.owner.rep == RepBy::Id;
    if is_id && REPS.text(value, |_| Some(())).is_some() {
        return Some(value.to_owned());
    }
    let ids = queries::REP_IDS.read(&[], |row| row.get::<String>(1));
    let known = |id: String| as_held(value_if_any(&id, mapping, seen), mapping).map(|of| (id, of));
    let mut known: Vec<_> = ids.into_iter().flatten().filter_map(known).collect();
    let exact = known.iter().position(|(_, of)| of == value);
    let place = exact.or_else(|| known.iter().position(|(_, of)| of.eq_ignore_ascii_case(value)))?;
    Some(known.swap_remove(place).0)
}

sql_function! {
    /// `leadroute_internal.owner_failures(integer)`
    leadroute_owner_failures, pg_finfo_leadroute_owner_failures, owner_failures
}

/// Active reps for whom the owner expression of a table fails, for one of its last rows where it sees rows; with the error.
unsafe fn owner_failures(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("owner_failures");
    // SAFETY: as declared in SQL: strict, integer.
    let table_no = unsafe { argument(fcinfo, 0).and_then(|datum| i32::from_datum(datum, false)) };
    let failures = table_no.and_then(mapping::mapping).filter(|mapping| mapping.trusted).map(|mapping| {
        let seen = match mapping.owner.sees_lead {
            true => last_rows(&mapping).into_iter().map(|row| Seen(Some(row))).collect(),
            false => vec![Seen::default()],
        };
        let ids = queries::ACTIVE_REP_IDS.read(&[], |row| row.get::<String>(1));
        let fails = |id: String| {
            let failure = seen.iter().find_map(|seen| protect(|| value_of(&id, &mapping, *seen)).err())?;
            Some(format!("rep {id} cannot own rows: {}", failure.message))
        };
        ids.into_iter().flatten().filter_map(fails).collect::<Vec<String>>()
    });
    failures.unwrap_or_default().into_datum().unwrap_or(Datum::from(0))
}
