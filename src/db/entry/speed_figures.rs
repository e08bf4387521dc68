//! The aggregate `leadroute_internal.speed_figures`: percentiles of actions by many dimensions, matched with decisions and responses.

use crate::db::errors;
use crate::db::pg::aggregate::{self, shared_functions, Shared};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::spi::text;
use crate::db::pg::varlena::{self, bytes};
use leadroute_engine::speed::{Action, Speed, DIMENSIONS};
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum, Oid};

sql_function! {
    /// `leadroute_internal.speed_add(internal, text, text, bigint, ...)`, see sql/54_speed.sql
    leadroute_speed_add, pg_finfo_leadroute_speed_add, add
}
sql_function! {
    /// `leadroute_internal.speed_told(internal)`
    leadroute_speed_told, pg_finfo_leadroute_speed_told, told
}
shared_functions! {
    Speed,
    leadroute_speed_join pg_finfo_leadroute_speed_join,
    leadroute_speed_out pg_finfo_leadroute_speed_out,
    leadroute_speed_in pg_finfo_leadroute_speed_in
}

/// Arguments of `speed_add`; the values of the dimensions but for `all` come after them.
mod place {
    pub const WHAT: usize = 1;
    pub const TENANT: usize = 2;
    pub const LEAD: usize = 3;
    pub const ID: usize = 4;
    pub const AT: usize = 5;
    pub const STARTED: usize = 6;
    pub const ANSWERED: usize = 7;
    pub const ROUTED: usize = 8;
    pub const IS_LATE: usize = 9;
    pub const IS_BY_RESPONSE: usize = 10;
    pub const REP: usize = 11;
    pub const TEAM: usize = 12;
    pub const CHANNEL: usize = 19;
    pub const EVENT: usize = 20;
    pub const INTENT: usize = 21;
    pub const WEEK: usize = 22;
}

unsafe fn add(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let state = aggregate::state(fcinfo, "speed_add", Speed::default);
        let text = |n| argument(fcinfo, n).map(|datum| bytes(datum));
        let time = |n| argument(fcinfo, n).map(|datum| datum.value() as Micros);
        let number = |n| time(n).unwrap_or_default();
        match text(place::WHAT) {
            Some(b"action") => add_action(fcinfo, state),
            Some(b"decision") => state.decision(number(place::LEAD), number(place::AT)),
            Some(b"response") => {
                let (rep, channel) = (text(place::REP), text(place::CHANNEL));
                state.response(number(place::ID), number(place::LEAD), number(place::AT), rep, channel);
            }
            Some(b"event") => {
                if let (Some(event), Some(intent)) = (text(place::EVENT), text(place::INTENT)) {
                    state.event(event, intent);
                }
            }
            Some(b"rep") => {
                if let (Some(rep), Some(manager)) = (text(place::REP), text(place::TEAM)) {
                    state.rep(rep, manager);
                }
            }
            _ => errors::only_for_the_extension("speed_add"),
        }
        Datum::from(&raw mut *state)
    }
}

unsafe fn add_action(fcinfo: pg_sys::FunctionCallInfo, state: &mut Speed) {
    // SAFETY: as declared in SQL.
    unsafe {
        let time = |n| argument(fcinfo, n).map(|datum| datum.value() as Micros);
        let is = |n| argument(fcinfo, n).map(|datum| datum.value() != 0);
        let action = Action {
            lead_id: time(place::LEAD).unwrap_or_default(),
            acted: time(place::AT),
            started: time(place::STARTED),
            answered: time(place::ANSWERED),
            routed: time(place::ROUTED),
            is_by_response: is(place::IS_BY_RESPONSE).unwrap_or_default(),
            is_late: is(place::IS_LATE),
        };
        let tenant = argument(fcinfo, place::TENANT).map(|datum| String::from_utf8_lossy(bytes(datum)));
        let week = time(place::WEEK).map(Micros::to_ne_bytes);
        // what comes before the reps is all of them
        let all = [None; 1];
        let texts = (place::REP..place::REP + DIMENSIONS.len() - 2)
            .map(|n| argument(fcinfo, n).map(|datum| bytes(datum)));
        let values = all.into_iter().chain(texts).chain([week.as_ref().map(<[u8; 8]>::as_slice)]);
        state.action(&tenant.unwrap_or_default(), action, values);
    }
}

impl Shared for Speed {
    fn written(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    fn join(&mut self, other: &mut Self) {
        Self::join(self, other);
    }
}

unsafe fn told(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        if argument(fcinfo, 0).is_none() {
            return null(fcinfo);
        }
        let state = aggregate::state(fcinfo, "speed_told", Speed::default);
        match serde_json::to_string(&state.figures(lower)).ok().and_then(|figures| text(Some(&figures))) {
            Some(figures) => figures,
            None => errors::too_much_for_a_report(),
        }
    }
}

/// A text in lower case, as `lower()` of this database has it.
fn lower(given: &[u8]) -> Vec<u8> {
    /// `pg_proc.oid` of `lower(text)`.
    const LOWER: u32 = 870;
    // SAFETY: lower() takes a text, and answers with one.
    unsafe {
        let collation = pg_sys::DEFAULT_COLLATION_OID;
        bytes(pg_sys::OidFunctionCall1Coll(Oid::from(LOWER), collation, varlena::of(given))).to_vec()
    }
}
