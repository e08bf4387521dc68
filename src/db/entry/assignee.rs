//! Reps, queues and pools that are deleted or renamed, and leads that people give away: both take the locks that
//! routing takes.

use crate::db::lead::row::LeadRow;
use crate::db::pg::catalog;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::locks::{self, Class, Mode, Tried};
use crate::db::pg::security::only_the_extension;
use crate::db::pg::spi::text;
use crate::db::state::assignee_lock::{keep, longest_wait, Found, Kind};
use crate::db::state::change::is_trial;
use crate::db::{errors, queries};
use leadroute_engine::rules::way_out::CATCH_ALL;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.close_to_routing(text, text)`: the trigger that calls it deletes or renames; a pool is named by
    /// its number, and its turns go.
    leadroute_close_to_routing, pg_finfo_leadroute_close_to_routing, close_to_routing
}

unsafe fn close_to_routing(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, text, text.
    let value = |n| unsafe { argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false)) };
    let (kind, name) = (value(0).unwrap_or_default(), value(1).unwrap_or_default());
    let (kind, key) = match kind.as_str() {
        "rep" => (Kind::Rep, locks::key_of(&name)),
        "queue" => (Kind::Queue, locks::key_of(&name)),
        _ => (Kind::Pool, name.parse().unwrap_or_default()),
    };
    only_the_extension("close_to_routing");
    catalog::lock_for_writing();
    if is_trial() {
        // it stays after all: leads are given to it meanwhile
        return leads_of(kind, &name);
    }
    let closed = locks::poll(longest_wait(), || {
        let is_free = |class, key| locks::try_mode(class, key, Mode::Closes) != Tried::Refused;
        (is_free(kind.class(), key) && is_free(Class::Everybody, 0)).then_some(())
    });
    if closed.is_none() {
        errors::is_being_given(kind.name(), &name);
    }
    match kind {
        Kind::Rep | Kind::Queue => leads_of(kind, &name),
        Kind::Pool => Datum::from(queries::TURNS_GONE.write(&[Some(Datum::from(key))]) as i64),
    }
}

/// How many leads a rep or queue has.
fn leads_of(kind: Kind, name: &str) -> Datum {
    let count = match kind {
        Kind::Rep => &queries::LEADS_OF_REP,
        Kind::Queue => &queries::LEADS_IN_QUEUE,
        Kind::Pool => return Datum::from(0),
    };
    let leads = count.first(&[text(Some(name))], |row| row.get::<i64>(1)).flatten();
    Datum::from(leads.unwrap_or_default())
}

/// Whoever is given a lead, by routing or by hand, cannot be deleted or renamed until the transaction ends.
pub fn keep_new(old: &LeadRow, new: &LeadRow) {
    for (kind, column) in [(Kind::Rep, "owner_id"), (Kind::Queue, "queue")] {
        let (was, is) = (old.get::<String>(column), new.get::<String>(column));
        let Some(name) = is.filter(|name| Some(name) != was.as_ref() && name != CATCH_ALL) else {
            continue;
        };
        // Routing has locked it already; a change by hand can wait.
        let found = locks::poll(longest_wait(), || {
            let found = keep(kind, &name, || false);
            (found != Found::Closing).then_some(found)
        });
        match found {
            Some(Found::Kept) => {}
            Some(_) => errors::is_gone(kind.name(), &name),
            None => errors::is_being_closed(kind.name(), &name),
        }
    }
}
