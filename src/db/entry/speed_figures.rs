//! The aggregate `leadroute_internal.speed_figures`: percentiles by many dimensions, with one sort for all.

use crate::db::pg::aggregate;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::spi::text;
use crate::db::pg::varlena::bytes;
use leadroute_engine::speed::{Action, Speed};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::FromDatum;

sql_function! {
    /// `leadroute_internal.speed_add(internal, bigint, timestamptz, timestamptz, timestamptz, boolean, text..., timestamptz)`
    leadroute_speed_add, pg_finfo_leadroute_speed_add, add
}
sql_function! {
    /// `leadroute_internal.speed_told(internal)`
    leadroute_speed_told, pg_finfo_leadroute_speed_told, told
}

/// Arguments before those that tell actions apart, which are texts and a week: state, lead, action, routing, answer, whether it is late.
const BEFORE_VALUES: usize = 6;

unsafe fn add(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let count = usize::try_from((*fcinfo).nargs).unwrap_or_default() - BEFORE_VALUES;
        let state = aggregate::state(fcinfo, "speed_add", || Speed::by(count));
        let time = |n| argument(fcinfo, n).map(|datum| datum.value() as Micros);
        let (acted, routed, answered) = (time(2), time(3), time(4));
        let is_late = argument(fcinfo, 5).map(|datum| datum.value() != 0);
        let since_action = |then: Option<Micros>| Some(finite(then?)?.saturating_sub(finite(acted?)?));
        let action = Action {
            lead_id: argument(fcinfo, 1).and_then(|datum| i64::from_datum(datum, false)).unwrap_or_default(),
            response: since_action(answered).map(|time| time.max(0)),
            route: since_action(routed),
            is_answered: answered.is_some(),
            is_late: is_late.unwrap_or_default(),
            is_timed: is_late.is_some(),
        };
        let week = time(BEFORE_VALUES + count - 1).map(|week| week.to_string());
        let texts = (0..count - 1).map(|n| argument(fcinfo, BEFORE_VALUES + n).map(|datum| bytes(datum)));
        state.add(action, texts.chain([week.as_ref().map(String::as_bytes)]));
        Datum::from(&raw mut *state)
    }
}

/// A time that is none of PostgreSQL's infinities.
fn finite(time: Micros) -> Option<Micros> {
    (time > Micros::MIN && time < Micros::MAX).then_some(time)
}

unsafe fn told(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let Some(state) = aggregate::read::<Speed>(fcinfo, "speed_told", 0) else {
            return null(fcinfo);
        };
        let figures = serde_json::to_string(&state.figures()).unwrap_or_default();
        text(Some(&figures)).unwrap_or(Datum::from(0))
    }
}
