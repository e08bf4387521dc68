//! Routing tables and mappings tell every session that they have changed.

use crate::db::errors;
use crate::db::pg::function::sql_function;
use crate::db::pg::trigger_data::{arguments, Call, On, When, DELETE, INSERT, TRUNCATE, UPDATE};
use crate::db::pg::{catalog, security};
use crate::db::state::change::is_trial;
use crate::db::state::restoring::is_within_restore;
use pgrx::pg_sys::{self, Datum};

sql_function! {
    /// `leadroute_internal.config_changed(group)`: trigger on every table that is compiled, for statements, and for the
    /// rows of a subscription.
    leadroute_config_changed, pg_finfo_leadroute_config_changed, config_changed
}

const CALL: Call = Call {
    function: "config_changed",
    on: On::Ours,
    when: When::After,
    events: INSERT | UPDATE | DELETE | TRUNCATE,
};

unsafe fn config_changed(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: called by PostgreSQL.
    let data = unsafe { CALL.data(fcinfo) };
    let marker = match arguments(data).first().map(String::as_str) {
        // The version of the rules comes with the dump.
        Some("rules") if is_within_restore() || is_trial() => "segments",
        Some("rules") => {
            let _owner = security::AsOwner::begin();
            security::next_value("config_version_seq");
            "segments"
        }
        Some("roster") => "reps",
        // Any relation will do: mappings are read again when one has changed.
        Some("attached") => "attached_tables",
        _ => errors::not_a_trigger(CALL.function),
    };
    // SAFETY: the relation is there.
    unsafe { pg_sys::CacheInvalidateRelcacheByRelid(catalog::relation(marker)) };
    Datum::from(0)
}
