//! The aggregate `leadroute_internal.pool_shares`: what members of pools were entitled to and received, by the traces of decisions.

use crate::db::entry::traces::candidate::read;
use crate::db::errors;
use crate::db::pg::aggregate;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_read::{self, Value};
use crate::db::pg::spi::text;
use crate::db::pg::varlena::{self, bytes};
use leadroute_engine::fairness::{Asked, Fairness, Sum, Turn};
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.pool_shares_add(internal, text, jsonb, boolean)`
    leadroute_pool_shares_add, pg_finfo_leadroute_pool_shares_add, add
}
sql_function! {
    /// `leadroute_internal.pool_shares_join(internal, internal)`
    leadroute_pool_shares_join, pg_finfo_leadroute_pool_shares_join, join
}
sql_function! {
    /// `leadroute_internal.pool_shares_out(internal)`
    leadroute_pool_shares_out, pg_finfo_leadroute_pool_shares_out, out
}
sql_function! {
    /// `leadroute_internal.pool_shares_in(bytea, internal)`
    leadroute_pool_shares_in, pg_finfo_leadroute_pool_shares_in, taken_over
}
sql_function! {
    /// `leadroute_internal.pool_shares_told(internal)`
    leadroute_pool_shares_told, pg_finfo_leadroute_pool_shares_told, told
}

unsafe fn add(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let state = aggregate::state(fcinfo, "pool_shares_add", Fairness::default);
        let (Some(pool), Some(trace)) = (argument(fcinfo, 1), argument(fcinfo, 2)) else {
            return Datum::from(&raw mut *state);
        };
        let is_returned = argument(fcinfo, 3).is_some_and(|datum| datum.value() != 0);
        if let (Ok(pool), Some(step)) = (std::str::from_utf8(bytes(pool)), step(jsonb_read::root(trace))) {
            let chosen = step.member("rep").and_then(Value::text);
            let candidates = step.member("candidates").into_iter().flat_map(Value::elements);
            let asked: Vec<Asked> = candidates.filter_map(asked).collect();
            state.add(Turn { pool, chosen, is_returned }, &asked);
        }
        Datum::from(&raw mut *state)
    }
}

/// The first step that says of members of a pool whether they were eligible. Others have candidates, too: accounts of a name.
fn step(trace: Value<'_>) -> Option<Value<'_>> {
    let is_of_pool = |step: &Value| step.member("candidates").is_some() && step.member("pool").is_some();
    trace.elements().find(is_of_pool)
}

fn asked(value: Value<'_>) -> Option<Asked<'_>> {
    let (rep, told) = read(value)?;
    Some(Asked { rep, seat: told.seat, weight: told.weight, why: told.why })
}

unsafe fn join(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; both states are those of this aggregate.
    unsafe {
        let state = aggregate::state(fcinfo, "pool_shares_join", Fairness::default);
        for sum in
            aggregate::read::<Fairness>(fcinfo, "pool_shares_join", 1).iter().flat_map(|other| other.sums())
        {
            state.add_sum(sum);
        }
        Datum::from(&raw mut *state)
    }
}

unsafe fn out(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let state = aggregate::state(fcinfo, "pool_shares_out", Fairness::default);
        varlena::of(&serde_json::to_vec(state.sums()).unwrap_or_default())
    }
}

unsafe fn taken_over(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; the bytes are those that `out` has written.
    unsafe {
        let sums =
            argument(fcinfo, 0).and_then(|datum| serde_json::from_slice::<Vec<Sum>>(bytes(datum)).ok());
        let Some(sums) = sums else { errors::only_for_the_extension("pool_shares_in") };
        let mut state = Fairness::default();
        sums.iter().for_each(|sum| state.add_sum(sum));
        aggregate::for_a_row(fcinfo, "pool_shares_in", state)
    }
}

unsafe fn told(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL.
    unsafe {
        let state = aggregate::read::<Fairness>(fcinfo, "pool_shares_told", 0);
        let sums = state.map(Fairness::sums).unwrap_or_default();
        match serde_json::to_string(sums) {
            Ok(sums) => text(Some(&sums)).unwrap_or(Datum::from(0)),
            Err(_) => null(fcinfo),
        }
    }
}
