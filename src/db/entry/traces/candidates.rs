//! `leadroute_internal.candidates`: the candidates of a step of a trace as rows.

use crate::db::entry::traces::candidate::{about, read};
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_read::{root, Value};
use crate::db::pg::rows::Rows;
use crate::db::pg::spi::text;
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
        for (place, value) in (1_i64..).zip(list) {
            let Some((rep, told)) = read(value) else { continue };
            rows.put([
                place.into_datum(),
                text(Some(rep)),
                told.seat.into_datum(),
                told.weight.into_datum(),
                told.owed.into_datum(),
                told.open.into_datum(),
                told.capacity.into_datum(),
                text(told.why),
                text(about(value).as_deref()),
            ]);
        }
        null(fcinfo)
    }
}
