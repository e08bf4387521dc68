//! What a row says of the first answer to its lead: when, and by whom.

use crate::db::entry::attached::convert::{from_text, to_time};
use crate::db::entry::attached::lead_of_row::{evaluate, Given};
use crate::db::entry::attached::mapping::{Mapping, Read, Row};
use crate::db::entry::attached::owner;
use crate::db::errors;
use crate::db::lead::{columns, json};
use crate::db::pg::catalog::sql_name;
use crate::db::pg::spi::{text, timestamp};
use crate::db::pg::subtransaction::protect;
use crate::db::pg::time::from_postgres_epoch;
use crate::db::queries;
use leadroute_engine::lead::value::Reading;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};

/// An answer, as far as a row tells of one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// When it was given.
    pub at: Option<Micros>,
    /// Who gave it, as the owner column holds people.
    by: Option<String>,
}

impl Answer {
    /// Whether the row tells of one.
    pub const fn is_given(&self) -> bool {
        self.at.is_some() || self.by.is_some()
    }

    /// Notes it as a response to the lead.
    pub fn record(&self, lead: i64, row: Row, mapping: &Mapping) {
        let rep = self.by.as_ref().and_then(|by| owner::rep_of(by, mapping, owner::Seen::row(row, mapping)));
        let arguments = [Some(Datum::from(lead)), text(rep.as_deref()), text(self.by.as_deref())];
        let [lead, rep, by] = arguments;
        queries::RESPONSE_BY_ROW.write(&[lead, rep, by, timestamp(self.at)]);
    }
}

/// What a row says; nothing, with a warning, where that cannot be read.
pub fn answer(row: Row, mapping: &Mapping) -> Answer {
    if mapping.answered_at.is_none() && mapping.answered_by.is_none() {
        return Answer::default();
    }
    let read = || Answer {
        at: mapping.answered_at.as_ref().and_then(|read| time(row, mapping, read)),
        by: mapping.answered_by.as_ref().and_then(|read| value(row, mapping, read)),
    };
    protect(read).unwrap_or_else(|failure| {
        errors::warn_answer_not_read(&sql_name(mapping.oid), &failure.sqlstate, &failure.message);
        Answer::default()
    })
}

fn time(row: Row, mapping: &Mapping, read: &Read) -> Option<Micros> {
    let column = read.column.as_ref().map(|column| row.value(column));
    // SAFETY: the value comes with its type.
    let known = column.and_then(|value| unsafe { to_time(value.datum?, value.type_id) });
    let parsed = || {
        let text = value(row, mapping, read)?;
        let wanted = columns::column("first_response_at")?;
        match json::value(wanted, "string", &text).ok()? {
            Reading::Value(text) => from_text(&text, pg_sys::TIMESTAMPTZOID, -1),
            _ => None,
        }
    };
    known.or_else(parsed).map(|datum| from_postgres_epoch(datum.value() as i64))
}

fn value(row: Row, mapping: &Mapping, read: &Read) -> Option<String> {
    let found = match &read.column {
        Some(column) => row.text(column),
        None => match evaluate(row, mapping, &[read]).pop().flatten()? {
            Given::Json(_, text) => Some(text),
            _ => None,
        },
    };
    found.filter(|text| !text.trim().is_empty())
}
