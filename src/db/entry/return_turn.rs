//! `return_turn`: a turn that should not have been taken goes back.

use crate::db::pg::catalog;
use crate::db::pg::function::{argument, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::spi::text;
use crate::db::pg::time::from_postgres_epoch;
use crate::db::state::loads::{self, Added, LOADS};
use crate::db::state::{config, turns};
use crate::db::{errors, queries};
use leadroute_engine::decision::stored::Trace;
use leadroute_engine::routing::layers::distribution::turn_of;
use leadroute_engine::Micros;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};

sql_function! {
    /// `leadroute.return_turn(bigint, text)`, and the same with a code
    leadroute_return_turn, pg_finfo_leadroute_return_turn, return_turn
}

struct Taken {
    decided_at: Micros,
    trace: Trace,
    pool: Option<String>,
}

unsafe fn return_turn(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: bigint, text, and perhaps another text.
    let (id, reason, code) = unsafe {
        let id = argument(fcinfo, 0).and_then(|datum| i64::from_datum(datum, false));
        let text = |n| argument(fcinfo, n).and_then(|datum| String::from_datum(datum, false));
        (id, text(1), text(2))
    };
    let Some(id) = id else {
        errors::null_argument("return_turn", "decision_id");
    };
    let _owner = AsOwner::begin();
    catalog::lock_for_writing();
    let taken = queries::TURN_OF_DECISION.first(&[Some(Datum::from(id))], |row| Taken {
        decided_at: row.get::<i64>(1).map_or(0, from_postgres_epoch),
        trace: serde_json::from_str(&row.get::<String>(2).unwrap_or_default()).unwrap_or_default(),
        pool: row.get(3),
    });
    let Some(taken) = taken else {
        errors::no_such_decision(id);
    };
    let Some((rep, mut turn)) = taken.trace.0.iter().find_map(|step| turn_of(&step.reason, 0)) else {
        errors::took_no_turn(id);
    };
    let seats: Vec<i32> = turn.credit.iter().map(|(seat, _)| *seat).collect();
    let place = [seats.into_datum(), text(taken.pool.as_deref())];
    let Some(pool_no) = queries::POOL_OF_SEATS.first(&place, |row| row.get::<i32>(1)).flatten() else {
        errors::pool_is_gone(id, taken.pool.as_deref().unwrap_or_default());
    };
    turn.pool_no = pool_no;
    let row = [
        Some(Datum::from(id)),
        Some(Datum::from(pool_no)),
        Some(Datum::from(turn.seat)),
        text(reason.as_deref()),
        text(code.as_deref()),
    ];
    let is_first = queries::TURN_RETURNED.write(&row) > 0;
    if is_first {
        turns::give_back(&turn);
        give_back_load(rep, taken.decided_at);
    }
    is_first.into_datum().unwrap_or(Datum::from(0))
}

/// The lead does not count towards the caps of its day and week any more.
fn give_back_load(rep: &str, decided_at: Micros) {
    let roster = config::load_roster();
    if let Some(rep) = roster.reps.get(rep) {
        LOADS.add(rep.rep_no, &Added::change(loads::day(rep, decided_at), -1, 0));
    }
}
