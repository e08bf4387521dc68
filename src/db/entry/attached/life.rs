//! What a new row says of its life: whether it is a lead at all, worked on or closed, and whose it is.

use crate::db::entry::attached::answer::answer;
use crate::db::entry::attached::lead_of_row::{evaluate, status, Given};
use crate::db::entry::attached::mapping::{Mapping, Row};
use crate::db::entry::attached::owner;
use crate::db::entry::attached::owner_table_changes::assigned;
use crate::db::errors;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::time::now;
use leadroute_engine::lead::status::Status;
use leadroute_engine::lead::Given as Life;

/// Whether a row is a lead. One of which that cannot be told is, so that none is lost.
pub fn is_lead(row: Row, mapping: &Mapping) -> bool {
    let Some(read) = mapping.when.as_ref().filter(|_| mapping.trusted) else {
        return true;
    };
    match protect(|| evaluate(row, mapping, &[read]).pop().flatten()) {
        Ok(Some(Given::Json(_, text))) => text == "true",
        // NULL is no yes, as in a WHERE clause
        Ok(_) => false,
        Err(failure) => {
            errors::warn_when_not_read(&sql_name(mapping.oid), &failure.sqlstate, &failure.message);
            true
        }
    }
}

/// Status and owner, as far as routing leaves them alone: the owner of a row that is worked on or closed, and of every row
/// where the mapping says so.
pub fn life(row: Row, mapping: &Mapping) -> Life {
    life_of(row, mapping, mapping.keep)
}

/// The same of a row that was there before; with `adopts` its owner keeps it, whatever the mapping says of new rows.
pub fn life_before(row: Row, mapping: &Mapping, adopts: bool) -> Life {
    let life = life_of(row, mapping, mapping.keep || adopts);
    Life { adopted: adopts && life.owner.is_some(), ..life }
}

/// Whether the work on a row has ended; not where that cannot be told.
pub fn is_closed(row: Row, mapping: &Mapping) -> bool {
    let status = protect(|| status(row, mapping)).ok().flatten();
    status.and_then(|status| Status::named(&status)).is_some_and(Status::is_closed)
}

fn life_of(row: Row, mapping: &Mapping, keeps: bool) -> Life {
    if !mapping.trusted {
        return Life::default();
    }
    let status = protect(|| status(row, mapping)).unwrap_or_else(|failure| {
        errors::warn_status_not_read(&sql_name(mapping.oid), &failure.sqlstate, &failure.message);
        None
    });
    let answer = answer(row, mapping);
    // by somebody, at no time that is known: now; nobody has answered later than that
    let answered_at = answer.is_given().then(|| answer.at.unwrap_or_else(now).min(now()));
    let answered = answered_at.map(|_| Status::Working);
    let status = status.and_then(|status| Status::named(&status)).or(answered);
    let value = match &mapping.owner.link {
        None if keeps || status.is_some() => row.text(&mapping.owner.to.column),
        // with a deferred foreign key the owner may be there before the row
        Some(link) if keeps => assigned(link, mapping, &row.key(mapping).text).pop(),
        _ => None,
    };
    let value = value.filter(|value| mapping.owner.nobody.as_ref() != Some(value));
    let owner = value.map(|value| {
        let rep = owner::rep_of(&value, mapping, owner::Seen::row(row, mapping));
        (value, rep)
    });
    Life { owner, status, answered_at, ..Life::default() }
}
