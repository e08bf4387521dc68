//! The owner column of an attached table: from a rep to a value, and back.

use super::convert::to_text;
use super::draft::composite;
use super::mapping::{Mapping, RepBy, Row};
use crate::db::identity::AsOwner;
use crate::db::scan::REPS;
use crate::db::{queries, spi};
use pgrx::pg_sys;

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

fn evaluate(
    expression: &str,
    mapping: &Mapping,
    rep: Option<pg_sys::Datum>,
    type_id: pg_sys::Oid,
) -> Option<String> {
    let sql = format!("SELECT ({expression})::pg_catalog.text FROM (SELECT ($1).*) AS rep");
    let _owner = AsOwner::of_table(pg_sys::Oid::from(mapping.oid));
    let rows = spi::ask((sql, vec![type_id]), &[rep], true, |row| row.get::<String>(1));
    rows.into_iter().next().flatten()
}

/// The rep that a value stands for; if there is none, one whose value differs in upper and lower case only.
pub fn rep_of(value: &str, mapping: &Mapping) -> Option<String> {
    let ids = {
        let _owner = AsOwner::begin();
        queries::REP_IDS.read(&[], |row| row.get::<String>(1))
    };
    let known = |id: String| value_of(&id, mapping).map(|of| (id, of));
    let mut known: Vec<_> = ids.into_iter().flatten().filter_map(known).collect();
    let exact = known.iter().position(|(_, of)| of == value);
    let place = exact.or_else(|| known.iter().position(|(_, of)| of.eq_ignore_ascii_case(value)))?;
    Some(known.swap_remove(place).0)
}
