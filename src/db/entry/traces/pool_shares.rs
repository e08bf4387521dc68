//! The aggregate `leadroute_internal.pool_shares`: what members of pools were entitled to and received, by the traces of decisions.

use crate::db::entry::traces::candidate::read;
use crate::db::pg::aggregate::{self, shared_functions, Shared};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_read::{self, Value};
use crate::db::pg::spi::text;
use crate::db::pg::varlena::bytes;
use leadroute_engine::fairness::{Asked, Fairness, Sum, Turn};
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.pool_shares_add(internal, text, jsonb, boolean)`
    leadroute_pool_shares_add, pg_finfo_leadroute_pool_shares_add, add
}
sql_function! {
    /// `leadroute_internal.pool_shares_told(internal)`
    leadroute_pool_shares_told, pg_finfo_leadroute_pool_shares_told, told
}

shared_functions! {
    Fairness,
    leadroute_pool_shares_join pg_finfo_leadroute_pool_shares_join,
    leadroute_pool_shares_out pg_finfo_leadroute_pool_shares_out,
    leadroute_pool_shares_in pg_finfo_leadroute_pool_shares_in
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
    Some(Asked { rep, seat: told.stand.seat, weight: told.stand.weight, why: told.why })
}

impl Shared for Fairness {
    fn written(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self.sums()).ok()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut state = Self::default();
        postcard::from_bytes::<Vec<Sum>>(bytes).ok()?.iter().for_each(|sum| state.add_sum(sum));
        Some(state)
    }

    fn join(&mut self, other: &mut Self) {
        other.sums().iter().for_each(|sum| self.add_sum(sum));
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
