//! What a row of an attached table says about its lead.

use crate::db::entry::attached::echo::taking_over;
use crate::db::entry::attached::mapping::{Mapping, Row};
use crate::db::entry::attached::owner;
use crate::db::indexes::ATTACHED;
use crate::db::lead::row::LeadRow;
use crate::db::pg::spi::text;
use crate::db::queries;
use pgrx::pg_sys::Datum;
use pgrx::IntoDatum;

/// The lead of a row that was routed before.
pub fn known_lead(mapping: &Mapping, key: &str) -> Option<i64> {
    ATTACHED.text(key, |found| {
        // SAFETY: a row of leads, valid during the callback.
        let lead = unsafe { LeadRow::new(found.tuple, found.desc) };
        (lead.get::<i32>("attached_table") == Some(mapping.table_no)).then(|| lead.get::<i64>("id")).flatten()
    })
}

/// Records the owner of a row, if that is not the owner of its lead.
pub fn take_over(lead_id: i64, row: Row, mapping: &Mapping) {
    if mapping.owner.link.is_some() || !mapping.trusted {
        return;
    }
    let given = row.text(&mapping.owner.to.column);
    let seen = owner::Seen::row(row, mapping);
    let current = owner::of_lead(lead_id).and_then(|rep| owner::value_if_any(&rep, mapping, seen));
    if owner::as_held(current.or_else(|| mapping.owner.nobody.clone()), mapping) == given {
        return;
    }
    let given = given.filter(|given| mapping.owner.nobody.as_ref() != Some(given));
    let rep = given.as_ref().and_then(|given| owner::rep_of(given, mapping, seen));
    record_owner(lead_id, rep.as_deref(), given.as_deref(), mapping);
}

/// Records the owner that somebody has chosen by hand: a rep, or the value in the column if it stands for no rep.
pub fn record_owner(lead_id: i64, rep: Option<&str>, given: Option<&str>, mapping: &Mapping) {
    let arguments = [Some(Datum::from(lead_id)), text(rep), text(given), Some(Datum::from(mapping.table_no))];
    taking_over(lead_id, || {
        queries::OWNER_BY_HAND.write(&arguments);
    });
}

/// Closes the leads of rows that are gone.
pub fn rows_deleted(keys: Vec<String>, table_no: i32) {
    if !keys.is_empty() {
        queries::ROWS_DELETED.write(&[keys.into_datum(), Some(Datum::from(table_no))]);
    }
}
