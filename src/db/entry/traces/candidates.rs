//! `leadroute_internal.candidates`: the candidates of a step of a trace as rows.

use crate::db::entry::traces::candidate::{about, read, Told};
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
        let list = (1_i64..).zip(list).filter_map(|(place, value)| Some((place, value, read(value)?)));
        let list: Vec<(i64, Value, (&str, Told))> = list.collect();
        let all = Together::of(list.iter().map(|(.., (_, told))| told));
        let mut seats = 0;
        for (place, value, (rep, told)) in &list {
            seats += i128::from(told.seat.is_some());
            rows.put([
                place.into_datum(),
                text(Some(rep)),
                told.seat.into_datum(),
                told.weight.into_datum(),
                told.owed.filter(is_moderate).into_datum(),
                told.open.into_datum(),
                told.capacity.into_datum(),
                text(told.why),
                text(about(*value).as_deref()),
                all.part(told, seats).into_datum(),
                all.n.into_datum(),
                all.total.into_datum(),
                all.owed_most.into_datum(),
                all.owed_least.into_datum(),
            ]);
        }
        null(fcinfo)
    }
}

/// A lead, in the unit of what somebody is owed.
const LEAD: i128 = 1_000_000_000_000;

/// What somebody may have written by hand, and no sum can hold, says nothing.
const fn is_moderate(parts: &i64) -> bool {
    parts.unsigned_abs() < 1 << 61
}

/// What the candidates who have a seat have together.
#[derive(Debug, Default)]
struct Together {
    n: i64,
    total: Option<i64>,
    /// What is left of a lead when each part of it is rounded down.
    left: Option<i128>,
    owed_most: Option<i64>,
    owed_least: Option<i64>,
}

impl Together {
    fn of<'a>(all: impl Iterator<Item = &'a Told<'a>> + Clone) -> Self {
        let seated = all.clone().filter(|told| told.seat.is_some());
        let weights = seated.clone().filter_map(|told| told.weight);
        let total = weights.clone().map(i128::from).sum::<i128>();
        let n = seated.count() as i64;
        let whole = |weight| (LEAD * i128::from(weight)).checked_div(total);
        Self {
            n,
            total: i64::try_from(total).ok().filter(|_| n > 0),
            left: weights.map(whole).sum::<Option<i128>>().map(|sum| LEAD - sum),
            owed_most: all.clone().filter_map(|told| told.owed.filter(is_moderate)).max(),
            owed_least: all.filter_map(|told| told.owed.filter(is_moderate)).min(),
        }
    }

    /// The part of a lead by weight, rounded down; what is left over is one for each of the first. `seats` are those up to here.
    fn part(&self, told: &Told<'_>, seats: i128) -> Option<i64> {
        told.seat?;
        let whole = (LEAD * i128::from(told.weight?)).checked_div(i128::from(self.total?))?;
        i64::try_from(whole + i128::from(seats <= self.left?)).ok().filter(is_moderate)
    }
}
