//! What the engine finds in rules and roster, for the views that show it. Documents of JSON, since views join them.

use crate::db::pg::function::sql_function;
use crate::db::pg::security::AsOwner;
use crate::db::pg::time::now;
use crate::db::state::config;
use leadroute_engine::roster::stand_in;
use leadroute_engine::rules::shadows::shadows;
use pgrx::pg_sys::{self, Datum};
use pgrx::IntoDatum;
use serde::Serialize;

sql_function! {
    /// `leadroute_internal.segment_shadows()`
    leadroute_segment_shadows, pg_finfo_leadroute_segment_shadows, segment_shadows
}

sql_function! {
    /// `leadroute_internal.rep_cover()`
    leadroute_rep_cover, pg_finfo_leadroute_rep_cover, rep_cover
}

sql_function! {
    /// `leadroute_internal.ways_out_json()`
    leadroute_ways_out, pg_finfo_leadroute_ways_out, ways_out
}

unsafe fn segment_shadows(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&shadows(&config::load().rules.segments, now()))
}

unsafe fn rep_cover(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&stand_in::covers(&config::load().roster, now()))
}

unsafe fn ways_out(_: pg_sys::FunctionCallInfo) -> Datum {
    let _owner = AsOwner::begin();
    document(&config::load().rules.ways_out())
}

/// A json.
fn document(rows: &impl Serialize) -> Datum {
    let json = serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned());
    json.into_datum().unwrap_or(Datum::from(0))
}
