//! `preview_change`: where the leads of a period would go by the rules before and after a change.

use crate::db::errors;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::security::AsOwner;
use crate::db::pg::sequences::Borrowed;
use crate::db::pg::subtransaction::undone;
use crate::db::pg::time::from_postgres_epoch;
use crate::db::pg::time_limit::TimeLimit;
use crate::db::queries;
use crate::db::routing::preview::{Period, Preview};
use crate::db::state::account_rows::ChangedRows;
use crate::db::state::change::{key_in_trial, Trial};
use crate::db::state::config;
use crate::db::state::moment::Moment;
use leadroute_engine::preview::sums::Side;
use pgrx::pg_sys::{self, Datum};
use pgrx::{FromDatum, IntoDatum};
use std::rc::Rc;

/// Tables with a sequence from which their new rows draw.
const SEQUENCES: [(&str, &str); 7] = [
    ("absences", "absences_id_seq"),
    ("account_policies", "account_policies_id_seq"),
    ("pool_members", "pool_members_seat_seq"),
    ("pools", "pools_pool_no_seq"),
    ("recycle_rules", "recycle_rules_id_seq"),
    ("reps", "reps_rep_no_seq"),
    ("tiers", "tiers_id_seq"),
];

/// How long the SQL of a change may take in a preview, in milliseconds: until it is undone, whoever edits the same rows waits.
const LONGEST: i32 = 2000;

sql_function! {
    /// `leadroute_internal.preview(bigint, timestamptz, float8)`
    leadroute_preview, pg_finfo_leadroute_preview, preview
}

unsafe fn preview(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: bigint, timestamptz, double precision.
    let (change, since, volume) = unsafe {
        let given = |n| argument(fcinfo, n).unwrap_or(Datum::from(0));
        (argument(fcinfo, 0), i64::from_datum(given(1), false), f64::from_datum(given(2), false))
    };
    let _owner = AsOwner::begin();
    let since = from_postgres_epoch(since.unwrap_or_default());
    let mut preview = Preview::begin(Period::since(since, volume.unwrap_or(1.0)));
    let period = Moment::new(since);
    preview.route(Side::Before, config::as_of(&period), None);
    match change {
        Some(change) => route_changed(change, &period, &mut preview),
        None => preview.route(Side::After, config::as_of(&period), None),
    }
    let json = serde_json::to_string(&preview.end());
    match json {
        Ok(json) => json.into_datum().unwrap_or(Datum::from(0)),
        Err(error) => errors::unreadable_config(&error.to_string()),
    }
}

/// Routes the leads as if a change had been made, which is undone.
fn route_changed(change: Datum, period: &Moment, preview: &mut Preview) {
    let inserts = queries::INSERTS_OF_CHANGE.read(&[Some(change)], |row| row.get::<String>(1));
    let draws = |(table, _): &&(&str, &str)| inserts.iter().flatten().any(|name| name == table);
    let sequences: Vec<&'static str> =
        SEQUENCES.iter().filter(draws).map(|(_, sequence)| *sequence).collect();
    let mut limit = Some(TimeLimit::begin(LONGEST));
    let changed = undone(|| {
        let mut sequences = Borrowed::take(&sequences);
        let trial = Trial::begin();
        // Not in a subtransaction of its own: its locks would be the whole transaction's once that ends, and who waits for one
        // of them then would wait for the end of the preview.
        queries::RUN_CHANGE.write(&[Some(change)]);
        drop(trial);
        limit = None;
        sequences.release();
        (sequences, config::as_of(period), ChangedRows::of(change))
    });
    let (sequences, config, changed) = changed.unwrap_or_else(|failure| {
        if failure.sqlstate == "57014" && limit.as_ref().is_some_and(TimeLimit::is_over) {
            errors::change_takes_long(change.value() as i64, LONGEST);
        }
        failure.rethrow();
    });
    sequences.give_back();
    // what the change has locked is free again while leads are routed
    preview.route(Side::After, config, Some(Rc::new(changed)));
}

sql_function! {
    /// `leadroute_internal.history_key()`
    leadroute_history_key, pg_finfo_leadroute_history_key, history_key
}

unsafe fn history_key(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: the call info is valid.
    key_in_trial().map_or_else(|| unsafe { null(fcinfo) }, Datum::from)
}
