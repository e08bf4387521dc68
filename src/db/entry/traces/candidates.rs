//! `leadroute_internal.candidates`: the candidates of a step of a trace as rows.

use crate::db::entry::traces::candidate::{about, read, Told};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_read::{root, Value};
use crate::db::pg::rows::Rows;
use crate::db::pg::spi::text;
use leadroute_engine::fairness::turn::Turn;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;

sql_function! {
    /// `leadroute_internal.candidates(jsonb)`
    leadroute_candidates, pg_finfo_leadroute_candidates, candidates
}

unsafe fn candidates(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; the rows have the columns that are declared there.
    unsafe {
        let rows = Rows::of(fcinfo, "candidates");
        let step = argument(fcinfo, 0).map(|datum| root(datum));
        let list = step.and_then(|step| step.member("candidates")).into_iter().flat_map(Value::elements);
        let list = (1_i64..).zip(list).filter_map(|(place, value)| Some((place, value, read(value)?)));
        let list: Vec<(i64, Value, (&str, Told))> = list.collect();
        let stands: Vec<_> = list.iter().map(|(.., (_, told))| told.stand).collect();
        let named: Vec<_> = list.iter().map(|(.., (rep, told))| (*rep, told.stand)).collect();
        let turn = Turn::of(&stands);
        let mut seats = 0;
        for ((place, value, (rep, told)), due) in list.iter().zip(turn.places(&named)) {
            seats += i128::from(told.stand.seat.is_some());
            rows.put([
                place.into_datum(),
                text(Some(rep)),
                told.stand.seat.into_datum(),
                told.stand.weight.into_datum(),
                told.stand.owed().into_datum(),
                told.stand.open.into_datum(),
                told.stand.capacity.into_datum(),
                text(told.why),
                text(about(*value).as_deref()),
                turn.part(&told.stand, seats).into_datum(),
                due.into_datum(),
            ]);
        }
        null(fcinfo)
    }
}
