//! The load of a rep follows their leads, whoever changes those.

use crate::db::indexes::REPS;
use crate::db::lead::row::LeadRow;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::only_the_extension;
use crate::db::pg::time::{from_postgres_epoch, now};
use crate::db::queries;
use crate::db::state::config;
use crate::db::state::loads::{day, Added, LOADS};
use leadroute_engine::lead::status::Status;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.add_load(integer, integer, integer, timestamptz)`
    leadroute_add_load, pg_finfo_leadroute_add_load, add_load
}

unsafe fn add_load(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict.
    let (rep_no, given, open, at) = unsafe {
        let integer = |n| argument(fcinfo, n).and_then(|datum| i32::from_datum(datum, false)).unwrap_or(0);
        let at = argument(fcinfo, 3).and_then(|datum| i64::from_datum(datum, false));
        (integer(0), i64::from(integer(1)), i64::from(integer(2)), at.map_or_else(now, from_postgres_epoch))
    };
    only_the_extension("add_load");
    let roster = config::load_roster();
    if let Some(rep) = roster.reps.values().find(|rep| rep.rep_no == rep_no) {
        LOADS.add(rep_no, &Added::change(day(rep, at), given, open));
    }
    Datum::from(0)
}

sql_function! {
    /// `leadroute_internal.forget_load(integer)`: a rep has been deleted.
    leadroute_forget_load, pg_finfo_leadroute_forget_load, forget_load
}

unsafe fn forget_load(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    only_the_extension("forget_load");
    // SAFETY: as declared in SQL: strict, integer.
    let rep_no = unsafe { argument(fcinfo, 0) };
    queries::LOAD_GONE.write(&[rep_no]);
    Datum::from(0)
}

/// An update of a lead counts for the reps who had and have it.
pub fn count(old: &LeadRow, new: &LeadRow) {
    let (old, new) = (Held::of(old), Held::of(new));
    if old != new {
        updated(&old, &new);
    }
}

/// Who holds a lead.
#[derive(PartialEq)]
struct Held {
    owner: Option<String>,
    /// Owned by a decision, no touch, and not closed.
    is_open: bool,
    is_touch: bool,
}

impl Held {
    fn of(row: &LeadRow) -> Self {
        let (owner, is_touch) = (row.get::<String>("owner_id"), row.get::<i64>("duplicate_of").is_some());
        let worked_on = |status: String| Status::named(&status).is_some_and(Status::is_with_rep);
        // A lead that was inserted with its owner has not been counted.
        let is_decided = row.get::<i64>("decision_id").is_some();
        let is_open = owner.is_some() && is_decided && !is_touch && row.get("status").is_some_and(worked_on);
        Self { owner, is_open, is_touch }
    }
}

fn updated(old: &Held, new: &Held) {
    let roster = config::load_roster();
    let (now, rep) = (now(), |held: &Held| held.owner.as_ref().and_then(|id| roster.reps.get(id)));
    if old.owner == new.owner {
        let change = i64::from(new.is_open) - i64::from(old.is_open);
        if let Some(rep) = rep(new).filter(|_| change != 0) {
            LOADS.add(rep.rep_no, &Added::change(day(rep, now), 0, change));
        }
        return;
    }
    // A rename carries the new key to the leads: nobody gets or loses one. The roster may not know yet.
    let is_gone = |id: &String| REPS.text(id, |_| Some(())).is_none();
    if old.owner.as_ref().is_some_and(is_gone) {
        return;
    }
    if let Some(rep) = rep(old).filter(|_| old.is_open) {
        LOADS.add(rep.rep_no, &Added::change(day(rep, now), 0, -1));
    }
    if let Some(rep) = rep(new).filter(|_| !new.is_touch) {
        LOADS.add(rep.rep_no, &Added::change(day(rep, now), 1, i64::from(new.is_open)));
    }
}
