//! What an app changes in a row that was routed.

use crate::db::entry::attached::answer::answer;
use crate::db::entry::attached::before_routing;
use crate::db::entry::attached::corrections::{corrected, Corrections};
use crate::db::entry::attached::echo::is_writing;
use crate::db::entry::attached::lead::{known_lead, take_over};
use crate::db::entry::attached::lead_of_row;
use crate::db::entry::attached::life;
use crate::db::entry::attached::mapping::{Mapping, Row};
use crate::db::entry::attached::may_differ::may_differ;
use crate::db::entry::attached::trigger::enter;
use crate::db::pg::catalog::sql_name;
use crate::db::pg::function::sql_function;
use crate::db::pg::spi::text;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use crate::db::pg::tuple::{is_same, Replaced};
use crate::db::{errors, queries};
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

sql_function! {
    /// Row trigger, before any update.
    leadroute_attached_row_changing, pg_finfo_leadroute_attached_row_changing, attached_row_changing
}

sql_function! {
    /// Row trigger, after any update.
    leadroute_attached_row_changed, pg_finfo_leadroute_attached_row_changed, attached_row_changed
}

const fn call(function: &'static str, when: When) -> Call {
    Call { function, on: On::Attached, when, events: UPDATE }
}
const CHANGING: Call = call("attached_row_changing", When::BeforeRow);
const CHANGED: Call = call("attached_row_changed", When::AfterRow);

/// Fields whose columns apps set as well as routing.
const SHARED: [&str; 2] = ["status", "account_id"];

unsafe fn attached_row_changing(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let entered = enter(fcinfo, &CHANGING);
        let data = entered.data;
        let desc = (*data.tg_relation).rd_att;
        let (old, new) = (Row { tuple: data.tg_trigtuple, desc }, Row { tuple: data.tg_newtuple, desc });
        let mapping = entered.trusted().filter(|_| !is_writing());
        Datum::from(mapping.map_or(new.tuple, |mapping| with_what_routing_wrote(old, new, mapping)))
    }
}

/// The new row, but for columns that only routing writes: ORMs save whole rows, with what they have read before.
unsafe fn with_what_routing_wrote(old: Row, new: Row, mapping: &Mapping) -> pg_sys::HeapTuple {
    let ours = mapping.writes.iter().filter(|write| !SHARED.contains(&write.field.as_str()));
    let mut changed: Vec<&str> =
        ours.map(|write| write.to.column.as_str()).filter(|column| new.differs(old, column)).collect();
    let owner = mapping.owner.to.column.as_str();
    let owner = Some(owner).filter(|owner| mapping.owner.link.is_none() && new.differs(old, owner));
    if changed.is_empty() && owner.is_none() {
        return new.tuple;
    }
    // the key changes after this
    let Some(lead) = known_lead(mapping, &old.key(mapping).text) else {
        return new.tuple;
    };
    changed
        .extend(owner.filter(|owner| before_routing::stood_there(lead, new.text(owner).as_deref(), mapping)));
    // SAFETY: both tuples have the descriptor.
    unsafe {
        let mut replaced = Replaced::none(new.desc);
        for column in changed {
            replaced.set(new.number(column) as usize - 1, old.value(column).datum);
        }
        replaced.in_tuple(new.tuple)
    }
}

unsafe fn attached_row_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    unsafe {
        let entered = enter(fcinfo, &CHANGED);
        let data = entered.data;
        let desc = (*data.tg_relation).rd_att;
        let (old, new) = (Row { tuple: data.tg_trigtuple, desc }, Row { tuple: data.tg_newtuple, desc });
        let mapping = entered.trusted().filter(|mapping| !is_writing() && may_tell(old, new, mapping));
        if let Some(mapping) = mapping {
            if let Some(lead) = known_lead(mapping, &new.key(mapping).text) {
                changed(lead, old, new, mapping);
            }
        }
    }
    Datum::from(0)
}

/// Whether an update may say something about the lead; most updates do not.
unsafe fn may_tell(old: Row, new: Row, mapping: &Mapping) -> bool {
    let reads = || {
        let more = [&mapping.status, &mapping.answered_at, &mapping.answered_by].into_iter().flatten();
        mapping.reads.iter().chain(more)
    };
    // SAFETY: the caller vouches for both rows.
    if unsafe { is_same(old.tuple, new.tuple) } {
        return false;
    }
    let is_owner_changed = mapping.owner.link.is_none() && new.differs(old, &mapping.owner.to.column);
    is_owner_changed || reads().any(|read| may_differ(read, old, new, mapping))
}

/// Takes over what differs between two versions of the row of a lead. A person's choice of owner first: it stands, whatever else was corrected.
pub fn changed(lead: i64, old: Row, new: Row, mapping: &Mapping) {
    let is_owner_chosen = mapping.owner.link.is_none() && new.differs(old, &mapping.owner.to.column);
    if is_owner_chosen {
        take_over(lead, new, mapping);
    }
    status(lead, old, new, mapping, is_owner_chosen);
    let mut answers = [&mapping.answered_at, &mapping.answered_by].into_iter().flatten();
    if answers.any(|read| may_differ(read, old, new, mapping)) {
        let (before, after) = (answer(old, mapping), answer(new, mapping));
        if before != after && after.is_given() {
            after.record(lead, new, mapping);
        }
    }
    let corrections = Corrections::between(old, new, mapping);
    corrected(lead, &corrections, mapping, !is_owner_chosen);
    // what happens to a row that is closed opens nothing
    if corrections.event.is_given() {
        corrections.event.record(lead, life::is_closed(new, mapping));
    }
}

/// Takes over the status that the row gives its lead.
fn status(lead: i64, old: Row, new: Row, mapping: &Mapping, is_owner_chosen: bool) {
    if !mapping.status.as_ref().is_some_and(|read| may_differ(read, old, new, mapping)) {
        return;
    }
    let becomes = || {
        let (before, after) = (lead_of_row::status(old, mapping), lead_of_row::status(new, mapping));
        (before != after).then_some((before, after))
    };
    let change = protect(becomes).unwrap_or_else(|failure| {
        errors::warn_status_not_read(&sql_name(mapping.oid), &failure.sqlstate, &failure.message);
        None
    });
    // What says nothing any more counts only where the lead was closed: it is open again.
    let is_closed = |status: &String| Status::named(status).is_some_and(Status::is_closed);
    if let Some((before, status)) = change {
        let was_closed = before.as_ref().is_some_and(is_closed);
        if status.is_some() || was_closed {
            let [was_closed, is_owner_chosen] = [was_closed, is_owner_chosen].map(IntoDatum::into_datum);
            let arguments = [Some(Datum::from(lead)), text(status.as_deref()), was_closed, is_owner_chosen];
            queries::STATUS_BY_ROW.write(&arguments);
        }
    }
}
