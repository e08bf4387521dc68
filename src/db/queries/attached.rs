//! Those about attached tables, and tables of users.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{
    BOOLOID, INT2OID, INT4OID, INT8OID, JSONBOID, OIDOID, REGCLASSOID, TEXTARRAYOID, TEXTOID, TIMESTAMPTZOID,
};

/// What routing reads of an attached table ($1).
pub static ATTACHED_JSON: Query = Query::new("SELECT leadroute_internal.attached_json($1)", &[INT4OID]);

/// Attaches a table ($1) with a mapping ($2), for a user ($3): its number, or NULL if there was nothing to do.
pub static ATTACH: Query =
    Query::new("SELECT leadroute_internal.attach_table($1, $2, $3)", &[REGCLASSOID, JSONBOID, OIDOID]);

/// Whether a partition ($1) is one of a table ($2), directly or not.
pub static IS_PART_OF: Query = Query::new(
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors($1::regclass) a (relid) WHERE a.relid = $2::regclass)",
    &[OIDOID, OIDOID],
);

/// A partition ($1), and the tables that it is a part of.
pub static WHOLES: Query = Query::new(
    "SELECT a.relid::oid FROM pg_catalog.pg_partition_ancestors($1::regclass) a (relid)",
    &[OIDOID],
);

/// INITIALLY DEFERRED foreign keys, as a list for SET CONSTRAINTS: of a table ($1), or to it, with one of these
/// columns ($2), or all of them where that is NULL. SET CONSTRAINTS takes names: a name that is not unique in its
/// schema is left out.
pub static DEFERRED_KEYS: Query = Query::new(
    "SELECT string_agg(format('%I.%I', n.nspname, c.conname), ', ')
       FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
      WHERE c.contype = 'f' AND c.condeferred AND c.conparentid = 0
        AND (c.conrelid = $1 AND ($2 IS NULL OR EXISTS (
                SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum = ANY (c.conkey) AND a.attname = ANY ($2)))
             OR c.confrelid = $1 AND ($2 IS NULL OR EXISTS (
                SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum = ANY (c.confkey) AND a.attname = ANY ($2))))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.connamespace = c.connamespace AND o.conname = c.conname
                           AND o.oid <> c.oid AND o.conparentid = 0)",
    &[OIDOID, TEXTARRAYOID],
);

/// Relations that the expressions of a trigger ($1) name.
pub static NEEDED_BY_TRIGGER: Query = Query::new(
    "SELECT DISTINCT d.refobjid FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_trigger'::regclass AND d.objid = $1
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'n'",
    &[OIDOID],
);

/// Reps follow a table of users ($1) by a mapping ($2), or not any more, for a user ($3): how many changed.
pub static SYNC_REPS: Query =
    Query::new("SELECT leadroute_internal.sync_table($1, $2, $3)", &[REGCLASSOID, JSONBOID, OIDOID]);

/// A table of users ($1) has changed.
pub static USERS_CHANGED: Query = Query::new("SELECT leadroute_internal.sync_from($1)", &[REGCLASSOID]);

/// Unique and exclusion indexes of a table ($1), each with those of some columns ($2) that it names; of all where that is NULL.
pub static UNIQUES: Query = Query::new(
    "SELECT index, \"column\" FROM leadroute_internal.unique_indexes($1, $2)",
    &[OIDOID, TEXTARRAYOID],
);

/// Detaches a table.
pub static DETACH: Query = Query::new("SELECT leadroute_internal.detach_table($1)", &[REGCLASSOID]);

/// A row of an attached table ($3) has got another key: from $1 to $2.
pub static ATTACHED_KEY: Query = Query::new(
    "UPDATE leadroute.leads SET attached_key = $2 WHERE attached_key = $1 AND attached_table = $3",
    &[TEXTOID, TEXTOID, INT4OID],
);

/// Records the owner of a lead ($1) in an attached table ($4): a rep ($2), or what stands there ($3).
pub static OWNER_BY_HAND: Query = Query::new(
    "SELECT leadroute_internal.owner_by_hand($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, INT4OID],
);

/// Tables whose old rows become leads, in order.
pub static ADOPTIONS: Query = Query::new(
    "SELECT t.table_no
       FROM leadroute.adoptions a JOIN leadroute.attached_tables t USING (relation)
      WHERE a.done_at IS NULL AND t.detached_at IS NULL AND leadroute_internal.is_trusted(t) AND t.mapping ->> 'existing' = a.existing
      ORDER BY a.started_at, t.table_no",
    &[],
);

/// How far a table ($1) has come, unless another session is at it: whether owners keep their rows, and the key of the last row
/// seen.
pub static ADOPTION: Query = Query::new(
    "SELECT a.existing = 'adopt', a.position::text FROM leadroute.adoptions a
      WHERE a.relation = $1::regclass AND a.done_at IS NULL FOR UPDATE SKIP LOCKED",
    &[OIDOID],
);

/// Of a table ($1) rows up to a key ($2) have been seen: how many ($3), how many became leads ($4), and how many were locked
/// ($5). Where none is left, the round is over, and another begins if some were locked.
pub static ADOPTION_STEP: Query = Query::new(
    "UPDATE leadroute.adoptions
        SET position = $2::jsonb, seen = seen + $3, adopted = adopted + $4,
            locked = CASE WHEN $3 = 0 THEN 0 ELSE locked + $5 END,
            done_at = CASE WHEN $3 = 0 AND locked = 0 THEN clock_timestamp() END
      WHERE relation = $1::regclass",
    &[OIDOID, TEXTOID, INT8OID, INT8OID, INT8OID],
);

/// Whether nobody is assigned ($2) to a lead ($1) any more: one that has an owner is released later.
pub static UNASSIGNED: Query = Query::new(
    "UPDATE leadroute.leads SET unassigned_at = CASE WHEN $2 THEN clock_timestamp() END
      WHERE id = $1 AND (unassigned_at IS NULL) = $2 AND (owner_id IS NOT NULL OR NOT $2)",
    &[INT8OID, BOOLOID],
);

/// An owner was added in the transaction that inserted the row of a lead ($1): a rep ($2), or what stands there ($3).
/// Whether that is the owner now.
pub static OWNER_GIVEN: Query =
    Query::new("SELECT leadroute_internal.owner_given($1, $2, $3)", &[INT8OID, TEXTOID, TEXTOID]);

/// The keys of active reps.
pub static ACTIVE_REP_IDS: Query = Query::new("SELECT id FROM leadroute.reps WHERE active ORDER BY id", &[]);

/// The keys of all reps.
pub static REP_IDS: Query = Query::new("SELECT id FROM leadroute.reps ORDER BY id", &[]);

/// The owner of a lead.
pub static OWNER_OF_LEAD: Query =
    Query::new("SELECT owner_id FROM leadroute.leads WHERE id = $1", &[INT8OID]);

/// The name of a column ($2) of a table ($1) whose values are stored.
pub static STORED_COLUMN: Query = Query::new(
    "SELECT attname::text FROM pg_attribute WHERE attrelid = $1 AND attnum = $2 AND attgenerated <> 'v'",
    &[OIDOID, INT2OID],
);

/// A row tells the status ($2) of its lead ($1), whether it was closed before ($3), and whether it names another owner
/// as well ($4).
pub static STATUS_BY_ROW: Query = Query::new(
    "SELECT leadroute_internal.status_by_row($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, BOOLOID, BOOLOID],
);

/// A row tells of an answer to its lead ($1): by a rep ($2), or by what stands there ($3), at $4.
pub static RESPONSE_BY_ROW: Query = Query::new(
    "SELECT leadroute_internal.response_by_row($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID],
);

/// A row corrects its lead ($1): fields with values ($2), the table ($3), whether the lead may be routed again ($4),
/// and ranges for fields ($5).
pub static ROW_CORRECTED: Query = Query::new(
    "SELECT leadroute_internal.row_corrected($1, $2, $3, $4, $5)",
    &[INT8OID, JSONBOID, INT4OID, BOOLOID, JSONBOID],
);

/// A row tells of an event ($2) of the buyer of its lead ($1), at $3, a text, and whether it is closed ($4).
pub static EVENT_BY_ROW: Query = Query::new(
    "SELECT leadroute_internal.event_by_row($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, BOOLOID],
);

/// Rows of an attached table ($2) with these keys ($1) are gone.
pub static ROWS_DELETED: Query =
    Query::new("SELECT leadroute_internal.rows_deleted($1, $2)", &[TEXTARRAYOID, INT4OID]);

/// The keys of the rows of an attached table that have leads.
pub static ATTACHED_KEYS: Query = Query::new(
    "SELECT attached_key FROM leadroute.leads WHERE attached_table = $1 AND attached_key IS NOT NULL",
    &[INT4OID],
);
