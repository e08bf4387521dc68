//! Every fixed SQL text; look-ups by key are in [`crate::db::indexes`]. They run as the owner of the extension with a
//! safe search_path (see [`crate::db::pg::security`]), and always under a fresh snapshot (see [`crate::db::pg::spi`]).

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{
    BOOLOID, INT2OID, INT4ARRAYOID, INT4OID, INT8ARRAYOID, INT8OID, JSONBOID, OIDOID, REGCLASSOID, TEXTARRAYOID,
    TEXTOID, TIMESTAMPTZOID,
};

/// The rules as JSON.
pub static RULES: Query = Query::new("SELECT leadroute.rules_json()", &[]);

/// The roster as JSON.
pub static ROSTER: Query = Query::new("SELECT leadroute.roster_json()", &[]);

/// The owner of the extension.
pub static EXTENSION_OWNER: Query =
    Query::new("SELECT extowner FROM pg_catalog.pg_extension WHERE extname = 'leadroute'", &[]);

/// Forgets the turns of a pool ($1) that is being deleted.
pub static TURNS_GONE: Query = Query::new(
    "WITH returned AS (DELETE FROM leadroute.returned_turns WHERE pool_no = $1)
     DELETE FROM leadroute.turns WHERE pool_no = $1",
    &[INT4OID],
);

/// Forgets the load of a rep ($1) who has been deleted.
pub static LOAD_GONE: Query = Query::new("DELETE FROM leadroute.loads WHERE rep_no = $1", &[INT4OID]);

/// Stops the clock of a lead ($1) at $2.
pub static CLOCK_STOP: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET stopped_at = $2, next_at = NULL WHERE lead_id = $1 AND stopped_at IS NULL",
    &[INT8OID, TIMESTAMPTZOID],
);

/// Sets the last step taken ($2) of a clock ($1), and when the next is due ($3).
pub static CLOCK_STEP: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET steps_done = $2, next_at = $3 WHERE id = $1",
    &[INT8OID, INT4OID, TIMESTAMPTZOID],
);

/// Gives a lead that is there its new decision, and the values that intake has cleaned.
pub static LEAD_UPDATE: Query = Query::new(
    "UPDATE leadroute.leads
        SET decision_id = $2, routed_at = $3, status = $4, owner_id = $5, queue = $6, account_id = $7, segment = $8,
            territory = $9, tier = $10, pool = $11, playbook = $12, expansion = $13, duplicate_of = $14,
            person_key = coalesce($15, person_key), sla_due_at = coalesce($16, sla_due_at),
            email = coalesce($17, email), industry = coalesce($18, industry), country = coalesce($19, country),
            occurred_at = coalesce($20, occurred_at), held = $21,
            unassigned_at = CASE WHEN owner_id = $5 THEN unassigned_at END
      WHERE id = $1",
    &[
        INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
        TEXTOID, BOOLOID, INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID,
    ],
);

/// Fills empty fields of the first lead ($1) from its touch ($2), unless another transaction has locked it.
pub static FILL: Query = Query::new(
    "UPDATE leadroute.leads f
        SET first_name = coalesce(f.first_name, t.first_name), last_name = coalesce(f.last_name, t.last_name),
            phone = coalesce(f.phone, t.phone), title = coalesce(f.title, t.title),
            department = coalesce(f.department, t.department), company = coalesce(f.company, t.company),
            website = coalesce(f.website, t.website), crm_account_id = coalesce(f.crm_account_id, t.crm_account_id),
            country = coalesce(f.country, t.country), region = coalesce(f.region, t.region),
            city = coalesce(f.city, t.city), postal_code = coalesce(f.postal_code, t.postal_code),
            industry = coalesce(f.industry, t.industry), employees = coalesce(f.employees, t.employees),
            annual_revenue = coalesce(f.annual_revenue, t.annual_revenue), product = coalesce(f.product, t.product),
            language = coalesce(f.language, t.language), score = coalesce(f.score, t.score),
            source = coalesce(f.source, t.source), campaign = coalesce(f.campaign, t.campaign),
            attributes = coalesce(t.attributes || f.attributes, f.attributes, t.attributes)
       FROM leadroute.leads t
      WHERE t.id = $2 AND f.id = (SELECT id FROM leadroute.leads WHERE id = $1 FOR UPDATE SKIP LOCKED)",
    &[INT8OID, INT8OID],
);

/// Touches of a lead ($2) that has become a touch itself belong to the first lead ($1).
pub static TOUCHES_MOVE: Query =
    Query::new("UPDATE leadroute.leads SET duplicate_of = $1 WHERE duplicate_of = $2", &[INT8OID, INT8OID]);

/// Touches of a lead ($1), which was owned by $4, go to its owner ($2), or wait in its queue ($3).
pub static TOUCHES_FOLLOW: Query = Query::new(
    "SELECT leadroute_internal.touches_follow($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, TEXTOID],
);

/// The members of a JSON object: key, type and text of the value.
pub static MEMBERS: Query =
    Query::new("SELECT key, jsonb_typeof(value), value #>> '{}' FROM jsonb_each($1)", &[JSONBOID]);

/// The row of `leads` that an object stands for: $1 the columns, $2 the object, $3 the keys in $1.
/// What is in no column goes to the attributes.
pub static LEAD_ROW: Query = Query::new(
    "SELECT r.* FROM (
        SELECT $1 || jsonb_build_object('attributes', nullif(
               CASE jsonb_typeof($2 -> 'attributes') WHEN 'object' THEN $2 -> 'attributes' || ($2 - $3 - 'attributes')
                    WHEN 'null' THEN $2 - $3 - 'attributes' ELSE $2 - $3 END, '{}')) AS doc) d,
        jsonb_populate_record(NULL::leadroute.leads, d.doc) r",
    &[JSONBOID, JSONBOID, TEXTARRAYOID],
);

/// Inserts what [`LEAD_ROW`] shows. A lead with a known external id is left alone.
pub static LEAD_INSERT: Query = Query::new(
    "INSERT INTO leadroute.leads (external_id, email, first_name, last_name, phone, title, department, company, website,
            crm_account_id, country, region, city, postal_code, industry, employees, annual_revenue, product, language,
            score, event, occurred_at, source, campaign, attributes, tenant, owner_id)
     SELECT r.external_id, r.email, r.first_name, r.last_name, r.phone, r.title, r.department, r.company, r.website,
            r.crm_account_id, r.country, r.region, r.city, r.postal_code, r.industry, r.employees, r.annual_revenue,
            r.product, r.language, r.score, r.event, r.occurred_at, r.source, r.campaign, r.attributes, r.tenant,
            r.owner_id
       FROM (
        SELECT $1 || jsonb_build_object('attributes', nullif(
               CASE jsonb_typeof($2 -> 'attributes') WHEN 'object' THEN $2 -> 'attributes' || ($2 - $3 - 'attributes')
                    WHEN 'null' THEN $2 - $3 - 'attributes' ELSE $2 - $3 END, '{}')) AS doc) d,
        jsonb_populate_record(NULL::leadroute.leads, d.doc) r
     ON CONFLICT (external_id) DO NOTHING RETURNING id",
    &[JSONBOID, JSONBOID, TEXTARRAYOID],
);

/// The lead with an external id.
pub static BY_EXTERNAL_ID: Query =
    Query::new("SELECT id, tenant FROM leadroute.leads WHERE external_id = $1", &[TEXTOID]);

/// What `route_lead` answers for a lead ($1); $2 says whether it is new.
pub static ANSWER: Query = Query::new(
    "SELECT jsonb_build_object('lead_id', l.id, 'decision_id', l.decision_id, 'created', $2, 'status', l.status,
            'outcome', d.outcome, 'layer', d.layer, 'owner_id', l.owner_id, 'queue', l.queue,
            'duplicate_of', l.duplicate_of, 'account_id', l.account_id, 'segment', l.segment,
            'territory', l.territory, 'tier', l.tier, 'pool', l.pool, 'playbook', l.playbook,
            'expansion', l.expansion, 'sla_due_at', l.sla_due_at, 'reason', d.reason)
       FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.id = l.decision_id
      WHERE l.id = $1",
    &[INT8OID, BOOLOID],
);

/// A lead, locked for a new decision.
pub static LEAD_LOCK: Query =
    Query::new("SELECT * FROM leadroute.leads WHERE id = $1 FOR UPDATE", &[INT8OID]);

/// Locks a lead against deletion, unless another transaction has locked it.
pub static LEAD_KEEP: Query =
    Query::new("SELECT id FROM leadroute.leads WHERE id = $1 FOR KEY SHARE SKIP LOCKED", &[INT8OID]);

/// A decision: lead, time, cause, outcome, owner, queue, reason and trace; e-mail address and company of the lead.
pub static DECISION: Query = Query::new(
    "SELECT d.lead_id, to_char(d.decided_at, 'YYYY-MM-DD HH24:MI:SS TZ'), d.cause, d.outcome, d.owner_id, d.queue, d.reason,
            d.trace::text, l.email, l.company
       FROM leadroute.decisions d LEFT JOIN leadroute.leads l ON l.id = d.lead_id
      WHERE d.id = $1",
    &[INT8OID],
);

/// Clocks that ran out at $2, oldest first; $1 at most. Clocks and leads that others have locked are
/// skipped. Planned with its values: only they tell that few clocks are due among many.
pub static OVERDUE: Query = Query::new(
    "SELECT c.id, c.lead_id, c.policy, c.steps_done, c.due_at, c.next_at, c.started_at
       FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
      WHERE c.stopped_at IS NULL AND c.next_at <= $2
      ORDER BY c.next_at, c.id LIMIT $1 FOR UPDATE OF c, l SKIP LOCKED",
    &[INT4OID, TIMESTAMPTZOID],
)
.planned_with_values();

/// Puts a clock off whose lead could not be escalated.
pub static CLOCK_PUT_OFF: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET next_at = clock_timestamp() + interval '1 minute' WHERE id = $1",
    &[INT8OID],
);

/// Reps who have owned a lead.
pub static OWNERS_SO_FAR: Query = Query::new(
    "SELECT DISTINCT owner_id FROM leadroute.decisions WHERE lead_id = $1 AND owner_id IS NOT NULL",
    &[INT8OID],
);

/// A decision, to give its turn back: time, trace and pool.
pub static TURN_OF_DECISION: Query =
    Query::new("SELECT decided_at, trace::text, pool FROM leadroute.decisions WHERE id = $1", &[INT8OID]);

/// The pool that has one of the seats ($1), or the one of that name ($2) if all have left.
pub static POOL_OF_SEATS: Query = Query::new(
    "SELECT p.pool_no FROM leadroute.pools p LEFT JOIN leadroute.pool_members m ON m.pool = p.name AND m.seat = ANY ($1)
      WHERE m.seat IS NOT NULL OR p.name = $2 ORDER BY m.seat IS NULL LIMIT 1",
    &[INT4ARRAYOID, TEXTOID],
);

/// Notes that a turn was given back, once.
pub static TURN_RETURNED: Query = Query::new(
    "INSERT INTO leadroute.returned_turns (decision_id, pool_no, seat, reason) VALUES ($1, $2, $3, $4)
     ON CONFLICT (decision_id) DO NOTHING",
    &[INT8OID, INT4OID, INT4OID, TEXTOID],
);

/// Pools that hold leads, or that queues with leads hand out to.
pub static POOLS_WITH_LEADS: Query = Query::new(
    "SELECT pool FROM leadroute.leads WHERE held AND pool IS NOT NULL
     UNION
     SELECT auto_assign_pool FROM leadroute.queues q
      WHERE auto_assign_pool IS NOT NULL AND EXISTS (SELECT FROM leadroute.leads l WHERE l.queue = q.name AND l.owner_id IS NULL)
      ORDER BY 1",
    &[],
);

/// Leads that a pool ($1) holds, or that have waited for it in a queue long enough at $2, but for those in $3;
/// $4 at most, the higher tier first, then the oldest. Leads that others have locked are skipped.
pub static WAITING_FOR_POOL: Query = Query::new(
    "SELECT l.id FROM leadroute.leads l JOIN leadroute.queues q ON q.name = l.queue
      WHERE l.status = 'queued' AND l.owner_id IS NULL AND l.id <> ALL ($3)
        AND CASE WHEN l.held THEN l.pool = $1 ELSE q.auto_assign_pool = $1 AND l.routed_at <= $2 - q.auto_assign_after END
      ORDER BY (SELECT lower(t.score) FROM leadroute.tiers t WHERE t.name = l.tier AND (t.segment = l.segment OR t.segment IS NULL)
                 ORDER BY t.segment NULLS LAST LIMIT 1) DESC NULLS LAST, l.id
      LIMIT $4 FOR UPDATE OF l SKIP LOCKED",
    &[TEXTOID, TIMESTAMPTZOID, INT8ARRAYOID, INT4OID],
);

/// Whether a notification could be taken now.
pub static WAITING: Query = Query::new("SELECT leadroute.notifications_waiting()", &[]);

/// Whether a rep exists.
pub static REP_EXISTS: Query =
    Query::new("SELECT EXISTS (SELECT FROM leadroute.reps WHERE id = $1)", &[TEXTOID]);

/// Whether a queue exists.
pub static QUEUE_EXISTS: Query =
    Query::new("SELECT EXISTS (SELECT FROM leadroute.queues WHERE name = $1)", &[TEXTOID]);

/// Whether there is a pool of a number, as text.
pub static POOL_EXISTS: Query =
    Query::new("SELECT EXISTS (SELECT FROM leadroute.pools WHERE pool_no = $1::integer)", &[TEXTOID]);

/// How many leads a rep owns.
pub static LEADS_OF_REP: Query =
    Query::new("SELECT count(*) FROM leadroute.leads WHERE owner_id = $1", &[TEXTOID]);

/// How many leads wait in a queue.
pub static LEADS_IN_QUEUE: Query =
    Query::new("SELECT count(*) FROM leadroute.leads WHERE queue = $1", &[TEXTOID]);

/// The clock of a lead that runs and is not overdue: id, policy and start.
pub static CLOCK_RUNNING: Query = Query::new(
    "SELECT id, policy, started_at FROM leadroute.sla_clocks
      WHERE lead_id = $1 AND stopped_at IS NULL AND steps_done = 0 AND due_at > clock_timestamp()
      ORDER BY id DESC LIMIT 1",
    &[INT8OID],
);

/// Gives a clock ($1) of a lead ($2) other times: due and next step.
pub static CLOCK_MOVE: Query = Query::new(
    "WITH moved AS (UPDATE leadroute.sla_clocks SET due_at = $3, next_at = $4 WHERE id = $1)
     UPDATE leadroute.leads SET sla_due_at = $3 WHERE id = $2",
    &[INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);

/// Starts a clock for a lead ($1): policy, start, due and next step.
pub static CLOCK_START: Query = Query::new(
    "WITH started AS (
        INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, next_at, tenant)
        SELECT $1, $2, $3, $4, $5, tenant FROM leadroute.leads WHERE id = $1)
     UPDATE leadroute.leads SET sla_due_at = $4 WHERE id = $1",
    &[INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);

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

/// A row tells the status ($2) of its lead ($1), and whether it was closed before ($3).
pub static STATUS_BY_ROW: Query =
    Query::new("SELECT leadroute_internal.status_by_row($1, $2, $3)", &[INT8OID, TEXTOID, BOOLOID]);

/// A row tells of an answer to its lead ($1): by a rep ($2), or by what stands there ($3), at $4.
pub static RESPONSE_BY_ROW: Query = Query::new(
    "SELECT leadroute_internal.response_by_row($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID],
);

/// A row corrects its lead ($1): fields with values ($2), the table ($3), whether the lead may be routed again ($4).
pub static ROW_CORRECTED: Query = Query::new(
    "SELECT leadroute_internal.row_corrected($1, $2, $3, $4)",
    &[INT8OID, JSONBOID, INT4OID, BOOLOID],
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
