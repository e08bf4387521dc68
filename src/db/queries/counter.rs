//! What counter_explain() asks.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{INT8OID, TIMESTAMPTZOID};

/// Rules and roster as they were at $1.
pub static CONFIG_AS_OF: Query = Query::new(
    "SELECT leadroute_internal.rules_json_as_of(NULL, $1), leadroute_internal.roster_json_as_of(NULL, $1)",
    &[TIMESTAMPTZOID],
);

/// A decision: its time, cause, outcome, owner or queue, trace, lead and config_seen.
pub static DECIDED: Query = Query::new(
    "SELECT decided_at, cause, outcome, coalesce(owner_id, queue), trace::text, lead_id, config_seen FROM leadroute.decisions WHERE id = $1",
    &[INT8OID],
);

/// A lead.
pub static LEAD: Query = Query::new("SELECT * FROM leadroute.leads WHERE id = $1", &[INT8OID]);
