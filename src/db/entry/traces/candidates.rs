//! `leadroute_internal.candidates`: the candidates of a step of a trace as rows.

use crate::db::entry::traces::candidate::{about, read, Told};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_read::{root, Value};
use crate::db::pg::rows::Rows;
use crate::db::pg::spi::text;
use leadroute_engine::fairness::turn::Turn;
use pgrx::pg_sys::{self, Datum};
use pgrx::{Array, FromDatum, IntoDatum};

sql_function! {
    /// `leadroute_internal.candidates(jsonb)`
    leadroute_candidates, pg_finfo_leadroute_candidates, candidates
}

sql_function! {
    /// `leadroute_internal.has_seat(jsonb, integer[])`
    leadroute_has_seat, pg_finfo_leadroute_has_seat, has_seat
}

sql_function! {
    /// `leadroute_internal.passes_over(jsonb)`
    leadroute_passes_over, pg_finfo_leadroute_passes_over, passes_over
}

/// The candidates of a step, in the order in which they stand there, and where each stands.
fn listed(step: Value<'_>) -> impl Iterator<Item = (i64, Value<'_>, (&str, Told<'_>))> {
    let list = (1_i64..).zip(step.member("candidates").into_iter().flat_map(Value::elements));
    list.filter_map(|(place, value)| Some((place, value, read(value)?)))
}

unsafe fn has_seat(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, jsonb and integers.
    unsafe {
        let seats = argument(fcinfo, 1).and_then(|seats| Array::<i32>::from_datum(seats, false));
        let (Some(step), Some(seats)) = (argument(fcinfo, 0), seats) else { return null(fcinfo) };
        let is_there = |seat: i32| seats.iter().flatten().any(|one| one == seat);
        Datum::from(listed(root(step)).any(|(.., (_, told))| told.stand.seat.is_some_and(is_there)))
    }
}

unsafe fn passes_over(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, jsonb.
    unsafe {
        let Some(trace) = argument(fcinfo, 0) else { return null(fcinfo) };
        let lists = root(trace).elements().filter_map(|step| step.member("candidates"));
        // whoever was eligible is a string, which is not read
        let is_passed_over = |value: Value<'_>| {
            value.text().is_none() && read(value).is_some_and(|(_, told)| told.why.is_some())
        };
        Datum::from(lists.flat_map(Value::elements).any(is_passed_over))
    }
}

unsafe fn candidates(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL; the rows have the columns that are declared there.
    unsafe {
        let rows = Rows::of(fcinfo, "candidates");
        let list: Vec<_> = argument(fcinfo, 0).into_iter().flat_map(|step| listed(root(step))).collect();
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
