//! What follows when a lead has changed, by routing or by hand: loads, clocks, locks, and the row it came from.

use crate::db::entry::attached::write_back;
use crate::db::entry::{assignee, rep_load, sla_clock, stint};
use crate::db::indexes::{LEADS, TOUCHES};
use crate::db::lead::correction::may_differ_in;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::text;
use crate::db::pg::subtransaction::protect;
use crate::db::pg::trigger_data::{Call, On, When, UPDATE};
use crate::db::{errors, queries};
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.lead_updated()`: row trigger, after an update of `leads`.
    leadroute_lead_updated, pg_finfo_leadroute_lead_updated, lead_updated
}

const CALL: Call =
    Call { function: "lead_updated", on: On::Table("leads"), when: When::AfterRow, events: UPDATE };

/// What the row of an attached table may have, too.
const MIRRORED: [&str; 10] = [
    "segment",
    "territory",
    "tier",
    "pool",
    "playbook",
    "account_id",
    "sla_due_at",
    "routed_at",
    "decision_id",
    "expansion",
];

unsafe fn lead_updated(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL for an updated row, whose tuples and relation are valid.
    let (old, new) = unsafe {
        let data = CALL.data(fcinfo);
        let shape = (*data.tg_relation).rd_att;
        (LeadRow::new(data.tg_trigtuple, shape), LeadRow::new(data.tg_newtuple, shape))
    };
    if !is_of_note(&old, &new) {
        return Datum::from(0);
    }
    let has_moved = held_by(&old) != held_by(&new);
    let _owner = AsOwner::begin();
    rep_load::count(&old, &new);
    // A clock counts for whoever has the lead when it ends.
    let has_left = stint::end_if_left(&old, &new);
    let stopped = sla_clock::end_if_over(&old, &new);
    if !has_left {
        stint::end_if_taken_up(&old, &new, stopped > 0);
    }
    if has_moved {
        sla_clock::follow_owner(&new);
        assignee::keep_new(&old, &new);
    }
    let first = |row: &LeadRow| row.get::<i64>("duplicate_of");
    if let Some(first) = first(&new).filter(|id| has_moved || first(&old) != Some(*id)) {
        follows_later(first, &new);
    }
    learn_email(&old, &new);
    write_back::mirror(&old, &new);
    // After the row of the lead itself: where only one of them may have an owner, that is it.
    if has_moved {
        touches_follow(&old, &new);
    }
    Datum::from(0)
}

/// Whether something may follow. As a WHEN of the trigger it would be parsed anew in each statement.
fn is_of_note(old: &LeadRow, new: &LeadRow) -> bool {
    let has = LeadRow::has;
    may_differ_in(&["owner_id", "queue", "status", "duplicate_of", "first_response_at"], old, new)
        || has(old, "decision_id") != has(new, "decision_id")
        || has(new, "duplicate_of") && !has(old, "email") && has(new, "email")
        || has(new, "attached_key") && may_differ_in(&MIRRORED, old, new)
}

fn held_by(row: &LeadRow) -> (Option<String>, Option<String>) {
    (row.get("owner_id"), row.get("queue"))
}

/// A touch that is somewhere else than its first lead, as somebody has given it away, or it has another first lead, is left to
/// housekeeping.
fn follows_later(first: i64, touch: &LeadRow) {
    // SAFETY: a row of leads, valid during the callback.
    let of_first = LEADS.bigint(first, |row| Some(held_by(&unsafe { LeadRow::new(row.tuple, row.desc) })));
    if of_first.is_some_and(|held| held != held_by(touch)) {
        queries::TOUCH_LATE.write(&[touch.get::<i64>("id").map(Datum::from)]);
    }
}

/// A touch that gets an e-mail address tells its first lead, which was known by its phone number: the next submit with that
/// address is of the same person.
fn learn_email(old: &LeadRow, touch: &LeadRow) {
    let (None, Some(email)) = (old.get::<String>("email"), touch.get::<String>("email")) else {
        return;
    };
    let Some(first) = touch.get::<i64>("duplicate_of") else {
        return;
    };
    let [first_id, email] = [Some(Datum::from(first)), text(Some(&email))];
    if let Err(failure) = protect(|| queries::LEARN_EMAIL.write(&[first_id, email])) {
        let id = touch.get::<i64>("id").unwrap_or_default();
        errors::warn_not_filled(first, id, &failure.sqlstate, &failure.message);
    }
}

/// Touches of a person go where the first lead goes.
fn touches_follow(old: &LeadRow, first: &LeadRow) {
    let Some(id) = first.get::<i64>("id") else {
        return;
    };
    if TOUCHES.bigint(id, |_| Some(())).is_some() {
        let (owner, queue) = (first.get::<String>("owner_id"), first.get::<String>("queue"));
        let had = old.get::<String>("owner_id");
        let [owner, queue, had] = [owner, queue, had].map(|value| text(value.as_deref()));
        queries::TOUCHES_FOLLOW.write(&[Some(Datum::from(id)), owner, queue, had]);
    }
}
