//! What listeners of the outbox call: to sleep, to wake, and from where to look.

use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::locks::{self, Sleep};
use crate::db::pg::security::AsOwner;
use crate::db::queries;
use crate::db::routing::outbox;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::cell::Cell;
use std::time::{Duration, Instant};

sql_function! {
    /// `leadroute.doze(text[], text[])`
    leadroute_doze, pg_finfo_leadroute_doze, doze
}

sql_function! {
    /// `leadroute.wake()`
    leadroute_wake, pg_finfo_leadroute_wake, wake
}

sql_function! {
    /// `leadroute_internal.wake_listeners()`
    leadroute_wake_listeners, pg_finfo_leadroute_wake_listeners, wake_listeners
}

/// How long a listener that wants to sleep waits for transactions that are just committing, in milliseconds.
const COMMITS_WAIT: i32 = 100;

unsafe fn doze(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: text[], text[].
    let taken = unsafe { [argument(fcinfo, 0), argument(fcinfo, 1)] };
    Sleep::end();
    let asleep = locks::poll(COMMITS_WAIT, Sleep::begin);
    let waiting = asleep.is_none() || {
        let _owner = AsOwner::begin();
        queries::WAITING.first(&taken, |row| row.get::<bool>(1)).flatten().unwrap_or(true)
    };
    if waiting {
        // a waiting one may be older than where this session looks
        PLACE.set(None);
    }
    if let Some(asleep) = asleep {
        if waiting {
            asleep.forget();
        } else {
            asleep.keep();
        }
    }
    waiting.into_datum().unwrap_or(Datum::from(1))
}

unsafe fn wake(_: pg_sys::FunctionCallInfo) -> Datum {
    Sleep::end().into_datum().unwrap_or(Datum::from(0))
}

unsafe fn wake_listeners(_: pg_sys::FunctionCallInfo) -> Datum {
    outbox::written();
    Datum::from(0)
}

/// Where this session looks for notifications.
#[derive(Clone, Copy)]
struct Place {
    /// From then on, in microseconds since 2000.
    since: i64,
    /// When it looked at all of them last, and how long that took.
    whole: Instant,
    took: Duration,
}

/// Share of its time that a session spends on looking at all of them: a twentieth while it finds too few, else a
/// two-hundredth.
const RARELY: u32 = 20;
const SELDOM: u32 = 200;
/// Looking at all of them is always done where it takes no longer than this.
const CHEAP: Duration = Duration::from_millis(20);

thread_local! {
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
    /// When the session began to look at all of them.
    static BEGUN: Cell<Option<Instant>> = const { Cell::new(None) };
}

sql_function! {
    /// `leadroute_internal.outbox_since(boolean)`
    leadroute_outbox_since, pg_finfo_leadroute_outbox_since, outbox_since
}

unsafe fn outbox_since(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, boolean.
    let wants_more = unsafe { argument(fcinfo, 0) }.is_some_and(|datum| datum.value() != 0);
    let rest = if wants_more { RARELY } else { SELDOM };
    let is_near = |place: &Place| place.took > CHEAP && place.whole.elapsed() < place.took * rest;
    let near = PLACE.get().filter(is_near);
    if near.is_none() {
        BEGUN.set(Some(Instant::now()));
    }
    Datum::from(near.map_or(i64::MIN, |place| place.since))
}

sql_function! {
    /// `leadroute_internal.outbox_looked(timestamptz)`
    leadroute_outbox_looked, pg_finfo_leadroute_outbox_looked, outbox_looked
}

unsafe fn outbox_looked(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, timestamptz.
    let since = unsafe { argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false)) };
    let since = since.unwrap_or(i64::MIN);
    let before = PLACE.get();
    PLACE.set(match (BEGUN.take(), before) {
        (Some(begun), _) => Some(Place { since, whole: Instant::now(), took: begun.elapsed() }),
        (None, before) => before.map(|place| Place { since, ..place }),
    });
    Datum::from(0)
}
