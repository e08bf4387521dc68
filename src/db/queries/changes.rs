//! Change requests.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{INT8OID, OIDOID, TEXTARRAYOID, TEXTOID};

/// What runs when a change ($1) is applied, and the settings of its author.
pub static CHANGE_SQL: Query =
    Query::new("SELECT sql, time_zone, date_style FROM leadroute.change_requests WHERE id = $1", &[INT8OID]);

/// Notes a new change: title, why, sql, apply_at as it was given, tables, writes, reverts.
pub static NOTE_CHANGE: Query = Query::new(
    "SELECT leadroute_internal.note_change($1, $2, $3, $4, $5, $6, $7)",
    &[TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID, INT8OID],
);

/// Locks a change that is to be applied, and the tables that must stay as they are.
pub static CHANGE_BEGINS: Query = Query::new("SELECT leadroute_internal.change_begins($1)", &[INT8OID]);

/// Whether the rules are still those that were looked at for a change.
pub static CHANGE_IS_FRESH: Query = Query::new(
    "SELECT seen = leadroute_internal.seen_for(id) FROM leadroute.change_requests WHERE id = $1",
    &[INT8OID],
);

/// Golden leads that would go elsewhere, in words.
pub static GOLDEN_MISMATCHES: Query = Query::new("SELECT leadroute_internal.golden_mismatches()", &[]);

/// Notes that a change was applied.
pub static CHANGE_APPLIED: Query = Query::new(
    "UPDATE leadroute.change_requests
        SET status = 'applied', applied_by = session_user, applied_at = clock_timestamp(), failure = NULL, failed_at = NULL
      WHERE id = $1",
    &[INT8OID],
);

/// The change that was applied first, in words.
pub static FIRST_CHANGE: Query = Query::new("SELECT leadroute_internal.first_change()", &[]);

/// The first change after one ($1) that is due and that nobody else has locked.
pub static DUE_CHANGE: Query = Query::new(
    "SELECT id, approved_by FROM leadroute.change_requests
      WHERE status = 'approved' AND apply_at <= clock_timestamp() AND failure IS NULL AND id > $1
      ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
    &[INT8OID],
);

/// Whether a role may approve changes.
pub static MAY_APPROVE: Query = Query::new(
    "SELECT pg_catalog.has_function_privilege($1, 'leadroute.approve_change(bigint)', 'EXECUTE')",
    &[OIDOID],
);

/// Notes why a scheduled change could not be applied, and tells who wants to know.
pub static CHANGE_FAILED: Query =
    Query::new("SELECT leadroute_internal.change_failed($1, $2)", &[INT8OID, TEXTOID]);
