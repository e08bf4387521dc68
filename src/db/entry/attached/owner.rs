//! The owner column of an attached table: from a rep to a value, and back.

use crate::db::entry::attached::convert::{for_table, takes_any_text, to_text};
use crate::db::entry::attached::lead_of_row::composite;
use crate::db::entry::attached::mapping::{Mapping, RepBy, Row};
use crate::db::indexes::REPS;
use crate::db::pg::security::{AsOwner, AsTableOwner};
use crate::db::pg::spi;
use crate::db::pg::subtransaction::protect;
use crate::db::queries;
use pgrx::pg_sys::{self, Datum};

/// Who owns a lead.
pub fn of_lead(lead_id: i64) -> Option<String> {
    let _owner = AsOwner::begin();
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

/// What stands in the owner column for a rep, as text.
pub fn value_of(rep_id: &str, mapping: &Mapping) -> Option<String> {
    let _owner = AsOwner::begin();
    let Some(expression) = &mapping.owner.expression else {
        return match mapping.owner.rep {
            RepBy::Id => Some(rep_id.to_owned()),
            RepBy::Email => REPS.text(rep_id, |row| {
                let email = Row { tuple: row.tuple, desc: row.desc }.value("email");
                // SAFETY: the value comes with its type.
                email.datum.map(|datum| unsafe { to_text(datum, email.type_id) })
            }),
        };
    };
    let (rep, type_id) =
        REPS.text(rep_id, |row| Some(composite(Row { tuple: row.tuple, desc: row.desc })))?;
    evaluate(expression, mapping, rep, type_id)
}

fn evaluate(expression: &str, mapping: &Mapping, rep: Option<Datum>, type_id: pg_sys::Oid) -> Option<String> {
    // a comment at its end must not swallow the rest
    let sql = format!("SELECT ({expression}\n)::pg_catalog.text FROM (SELECT ($1).*) AS rep");
    let _owner = AsTableOwner::evaluating(mapping.author());
    let rows = spi::ask((sql, vec![type_id]), &[rep], true, |row| row.get::<String>(1));
    rows.into_iter().next().flatten()
}

/// The rep that a value stands for; if there is none, one whose value differs in upper and lower case only.
pub fn rep_of(value: &str, mapping: &Mapping) -> Option<String> {
    let is_id = mapping.owner.expression.is_none() && mapping.owner.rep == RepBy::Id;
    let ids = {
        let _owner = AsOwner::begin();
        if is_id && REPS.text(value, |_| Some(())).is_some() {
            return Some(value.to_owned());
        }
        queries::REP_IDS.read(&[], |row| row.get::<String>(1))
    };
    let known = |id: String| as_held(value_of(&id, mapping), mapping).map(|of| (id, of));
    let mut known: Vec<_> = ids.into_iter().flatten().filter_map(known).collect();
    let exact = known.iter().position(|(_, of)| of == value);
    let place = exact.or_else(|| known.iter().position(|(_, of)| of.eq_ignore_ascii_case(value)))?;
    Some(known.swap_remove(place).0)
}
