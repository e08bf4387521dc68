//! Every fixed SQL text; look-ups by key are in [`crate::db::indexes`]. They run as the owner of the extension with a
//! safe search_path (see [`crate::db::pg::security`]), and always under a fresh snapshot (see [`crate::db::pg::spi`]).

mod account_names;
mod attached;
mod changes;
mod clocks;
pub mod counter;
mod preview;

pub use account_names::*;
pub use attached::*;
pub use changes::*;
pub use clocks::*;
pub use preview::*;

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{
    BOOLOID, INT4ARRAYOID, INT4OID, INT8ARRAYOID, INT8OID, JSONBOID, NUMERICOID, PG_SNAPSHOTOID,
    TEXTARRAYOID, TEXTOID, TIMESTAMPTZOID,
};

/// The rules as JSON, with the snapshot under which they are read, and the transaction that reads them.
pub static RULES: Query =
    Query::new("SELECT leadroute.rules_json(), s.* FROM leadroute_internal.seen_now() s", &[]);

/// The roster as JSON, with the same.
pub static ROSTER: Query =
    Query::new("SELECT leadroute.roster_json(), s.* FROM leadroute_internal.seen_now() s", &[]);

/// The same with the absences that had not ended at $1.
pub static ROSTER_SINCE: Query = Query::new(
    "SELECT leadroute.roster_json($1), s.* FROM leadroute_internal.seen_now() s",
    &[TIMESTAMPTZOID],
);

/// Keeps under which snapshots rules ($2) and roster ($3) were read, and by which transactions ($4, $5), as $1.
pub static CONFIG_SEEN: Query = Query::new(
    "INSERT INTO leadroute.config_seen (id, rules, roster, rules_own, roster_own)
     VALUES ($1, $2, $3, $4::text::xid8, $5::text::xid8) ON CONFLICT (id) DO NOTHING",
    &[INT8OID, PG_SNAPSHOTOID, PG_SNAPSHOTOID, INT8OID, INT8OID],
);

/// Leads that reps were given until $1, on that day and in that week of their own clocks: reps.rep_no, both counts.
pub static GIVEN_UNTIL: Query = Query::new(
    "SELECT r.rep_no, count(*) FILTER (WHERE g.day = here.day), count(*)
       FROM leadroute.reps r
      CROSS JOIN LATERAL (SELECT ($1 AT TIME ZONE r.time_zone)::date AS day) here
       JOIN leadroute.decisions d ON d.owner_id = r.id AND d.outcome = 'owner' AND d.owner_id IS DISTINCT FROM d.previous_owner_id
      CROSS JOIN LATERAL (SELECT (d.decided_at AT TIME ZONE r.time_zone)::date AS day) g
      WHERE d.decided_at <= $1 AND d.decided_at > $1 - interval '8 days' AND g.day >= date_trunc('week', here.day)::date
        AND NOT EXISTS (SELECT FROM leadroute.returned_turns t WHERE t.decision_id = d.id)
      GROUP BY r.rep_no",
    &[TIMESTAMPTZOID],
);

/// The owner of the extension.
pub static EXTENSION_OWNER: Query =
    Query::new("SELECT extowner FROM pg_catalog.pg_extension WHERE extname = 'leadroute'", &[]);

/// Whether the extension goes when something of a kind ($1) and with these names ($2) is dropped.
pub static IS_DROPPED_WITH: Query =
    Query::new("SELECT leadroute_internal.is_dropped_with($1, $2)", &[TEXTOID, TEXTARRAYOID]);

/// Removes the jobs of this database from pg_cron, whosever they are.
pub static JOBS_GONE: Query = Query::new("SELECT leadroute_internal.jobs_gone()", &[]);

/// Forgets the turns of a pool ($1) that is being deleted.
pub static TURNS_GONE: Query = Query::new(
    "WITH returned AS (DELETE FROM leadroute.returned_turns WHERE pool_no = $1)
     DELETE FROM leadroute.turns WHERE pool_no = $1",
    &[INT4OID],
);

/// Forgets the load of a rep ($1) who has been deleted.
pub static LOAD_GONE: Query = Query::new("DELETE FROM leadroute.loads WHERE rep_no = $1", &[INT4OID]);

/// From which stint on the clock of a lead ($1) counted that was replaced last.
pub static REPLACED_FROM: Query = Query::new(
    "SELECT from_stint FROM leadroute.sla_clocks WHERE lead_id = $1 AND ended = 'replaced' ORDER BY id DESC LIMIT 1",
    &[INT8OID],
);

/// Whether a lead ($1) was answered, or taken up, since the buyer acted ($2).
pub static IS_ANSWERED: Query = Query::new(
    "SELECT EXISTS (SELECT FROM leadroute.sla_clocks WHERE lead_id = $1 AND ended IN ('answered', 'worked') AND started_at >= $2)",
    &[INT8OID, TIMESTAMPTZOID],
);

/// Gives a lead that is there its new decision, if that places it, and the values that intake has cleaned. It was routed when whoever has it
/// got it.
pub static LEAD_UPDATE: Query = Query::new(
    "UPDATE leadroute.leads
        SET decision_id = coalesce($2, decision_id), status = $4,
            routed_at = CASE WHEN routed_at > '-infinity' AND (owner_id, queue, duplicate_of) IS NOT DISTINCT FROM ($5, $6, $14)
                             THEN routed_at ELSE $3 END, owner_id = $5, queue = $6, account_id = $7, segment = $8,
            territory = $9, tier = $10, pool = $11, playbook = $12, expansion = $13, duplicate_of = $14,
            person_key = coalesce($15, person_key), sla_due_at = coalesce($16, sla_due_at),
            email = coalesce($17, email), industry = coalesce($18, industry), country = coalesce($19, country),
            occurred_at = coalesce($20, occurred_at), held = $21,
            unassigned_at = CASE WHEN owner_id = $5 AND unassigned_at < 'infinity' THEN unassigned_at END
      WHERE id = $1",
    &[
        INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
        TEXTOID, BOOLOID, INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, BOOLOID,
    ],
);

/// Criteria have given a lead ($1) a score ($2).
pub static LEAD_SCORED: Query = Query::new(
    "UPDATE leadroute.leads SET score = $2 WHERE id = $1 AND score IS DISTINCT FROM $2",
    &[INT8OID, NUMERICOID],
);

/// Whether criteria gave a lead ($1) the score that it has.
pub static IS_SCORED: Query = Query::new(
    "SELECT leadroute_internal.is_scored_by_criteria(l) FROM leadroute.leads l WHERE l.id = $1",
    &[INT8OID],
);

/// Fills empty fields of the first lead ($1) from its touch ($2), unless another transaction has locked it. Whether the touch is
/// somewhere else. A score that somebody gave comes before one by criteria; one by criteria ($3) only raises another such.
pub static FILL: Query = Query::new(
    "UPDATE leadroute.leads f
        SET email = coalesce(f.email, t.email), first_name = coalesce(f.first_name, t.first_name), last_name = coalesce(f.last_name, t.last_name),
            phone = coalesce(f.phone, t.phone), title = coalesce(f.title, t.title),
            department = coalesce(f.department, t.department), company = coalesce(f.company, t.company),
            website = coalesce(f.website, t.website), crm_account_id = coalesce(f.crm_account_id, t.crm_account_id),
            country = coalesce(f.country, t.country), region = coalesce(f.region, t.region),
            city = coalesce(f.city, t.city), postal_code = coalesce(f.postal_code, t.postal_code),
            industry = coalesce(f.industry, t.industry), employees = coalesce(f.employees, t.employees),
            annual_revenue = coalesce(f.annual_revenue, t.annual_revenue), product = coalesce(f.product, t.product),
            language = coalesce(f.language, t.language), 
            score = CASE WHEN t.score IS NULL OR $3 AND f.score >= t.score THEN f.score
                         WHEN CASE WHEN f.score IS NULL THEN NOT $3 ELSE leadroute_internal.is_scored_by_criteria(f) END THEN t.score
                         ELSE f.score END,
            source = coalesce(f.source, t.source), campaign = coalesce(f.campaign, t.campaign),
            attributes = coalesce(t.attributes || f.attributes, f.attributes, t.attributes)
       FROM leadroute.leads t
      WHERE t.id = $2 AND f.id = (SELECT id FROM leadroute.leads WHERE id = $1 FOR UPDATE SKIP LOCKED)
     RETURNING (t.owner_id, t.queue) IS DISTINCT FROM (f.owner_id, f.queue)",
    &[INT8OID, INT8OID, BOOLOID],
);

/// Something is left to do for a touch ($1).
pub static TOUCH_LATE: Query =
    Query::new("INSERT INTO leadroute.late_touches (lead_id) VALUES ($1)", &[INT8OID]);

/// The first lead ($1) hears of a touch ($2); whether somebody else must get it ($3).
pub static TOUCH_HEARD: Query =
    Query::new("SELECT leadroute_internal.touch_heard($1, $2, $3)", &[INT8OID, INT8OID, BOOLOID]);

/// A lead ($1) is one of an account ($2) or a domain ($3) of a tenant ($4).
pub static COMPANY_LEAD: Query = Query::new(
    "INSERT INTO leadroute.company_leads (lead_id, account_id, domain, tenant) VALUES ($1, $2, $3, $4)
     ON CONFLICT (lead_id) DO UPDATE SET account_id = excluded.account_id, domain = excluded.domain",
    &[INT8OID, TEXTOID, TEXTOID, TEXTOID],
);

/// A touch has got an e-mail address ($2): that of its first lead ($1) too, if that has none, and nobody has locked it.
pub static LEARN_EMAIL: Query = Query::new(
    "UPDATE leadroute.leads f SET email = $2
      WHERE f.email IS NULL AND f.id = (SELECT id FROM leadroute.leads WHERE id = $1 FOR UPDATE SKIP LOCKED)",
    &[INT8OID, TEXTOID],
);

/// Leads that came while routing was off, or with their place from elsewhere, but for those in $2; $1 at most. Those that
/// have no place only with $3. Leads that others have locked are skipped.
pub static UNADOPTED: Query = Query::new(
    "SELECT id FROM leadroute.leads
      WHERE unassigned_at = 'infinity' AND id <> ALL ($2)
        AND ($3 OR owner_id IS NOT NULL OR queue IS NOT NULL OR status <> 'new' OR decision_id IS NOT NULL)
      ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
    &[INT4OID, INT8ARRAYOID, BOOLOID],
);

/// A lead ($1) waits for adoption no more: somebody else has decided about it.
pub static ADOPTED_ALREADY: Query =
    Query::new("UPDATE leadroute.leads SET unassigned_at = NULL WHERE id = $1", &[INT8OID]);

/// Touches of a lead ($2) that has become a touch itself belong to the first lead ($1).
pub static TOUCHES_MOVE: Query =
    Query::new("UPDATE leadroute.leads SET duplicate_of = $1 WHERE duplicate_of = $2", &[INT8OID, INT8OID]);

/// Touches of a lead ($1), which was owned by $4, go to its owner ($2), or wait in its queue ($3).
pub static TOUCHES_FOLLOW: Query = Query::new(
    "SELECT leadroute_internal.touches_follow($1, $2, $3, $4)",
    &[INT8OID, TEXTOID, TEXTOID, TEXTOID],
);

/// Whether a lead ($1) stays with who answered it, whatever somebody wants ($2).
pub static STAYS_ANSWERED: Query =
    Query::new("SELECT leadroute_internal.stays_answered($1, $2)", &[INT8OID, TEXTOID]);

/// A rep ($1); an error if there is none of that name.
pub static KNOWN_REP: Query = Query::new("SELECT leadroute_internal.known_rep($1, NULL)", &[TEXTOID]);

/// The open leads of a rep ($1), the oldest first; $2 at most, or all.
pub static OPEN_LEADS_OF_REP: Query = Query::new(
    "SELECT id FROM leadroute.leads
      WHERE owner_id = $1 AND duplicate_of IS NULL AND NOT leadroute_internal.is_closed(status) ORDER BY id LIMIT $2",
    &[TEXTOID, INT4OID],
);

/// The members of a JSON object: key, type and text of the value.
pub static MEMBERS: Query =
    Query::new("SELECT key, jsonb_typeof(value), value #>> '{}' FROM jsonb_each($1)", &[JSONBOID]);

/// The row of `leads` that an object stands for: $1 the columns, $2 the object, $3 the keys in $1.
/// What is in no column goes to the attributes. It names the table, and not only its row type, by which PostgreSQL would not
/// plan it again when the table gets or loses a column.
pub static LEAD_ROW: Query = Query::new(
    "SELECT r.* FROM (
        SELECT $1 || jsonb_build_object('attributes', nullif(
               CASE jsonb_typeof($2 -> 'attributes') WHEN 'object' THEN $2 -> 'attributes' || ($2 - $3 - 'attributes')
                    WHEN 'null' THEN $2 - $3 - 'attributes' ELSE $2 - $3 END, '{}')) AS doc) d,
        jsonb_populate_record((SELECT l FROM leadroute.leads l LIMIT 0), d.doc) r",
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

/// A lead ($1) as it would be with other values ($2).
pub static LEAD_WITH: Query = Query::new(
    "SELECT r.* FROM leadroute.leads l, jsonb_populate_record(l, $2) r WHERE l.id = $1",
    &[INT8OID, JSONBOID],
);

/// Locks a lead against deletion, unless another transaction has locked it.
pub static LEAD_KEEP: Query =
    Query::new("SELECT id FROM leadroute.leads WHERE id = $1 FOR KEY SHARE SKIP LOCKED", &[INT8OID]);

/// Leads since $1 that got as far as the segments, those before $2 that are the newest; $3 at most.
pub static LEADS_BEFORE: Query = Query::new(
    "SELECT l.* FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id
      WHERE l.id < $2 AND l.created_at >= $1 AND l.duplicate_of IS NULL
        AND d.layer NOT IN ('domain_rule', 'duplicate', 'given', 'customer', 'recycle', 'named_account')
      ORDER BY l.id DESC LIMIT $3",
    &[TIMESTAMPTZOID, INT8OID, INT8OID],
);

/// A decision: lead, time, cause, outcome, owner, queue, reason and trace; e-mail address and company of the lead.
pub static DECISION: Query = Query::new(
    "SELECT d.lead_id, to_char(d.decided_at, 'YYYY-MM-DD HH24:MI:SS TZ'), d.cause, d.outcome, d.owner_id, d.queue, d.reason,
            d.trace::text, l.email, l.company
       FROM leadroute.decisions d LEFT JOIN leadroute.leads l ON l.id = d.lead_id
      WHERE d.id = $1",
    &[INT8OID],
);

/// A decision ($1): lead, time, cause, answer, trace, facts, version of the engine, state of rules and roster.
pub static DECISION_MADE: Query =
    Query::new("SELECT * FROM leadroute_internal.decision_made($1)", &[INT8OID]);

/// Rules and roster of a decision by a state ($1) at a moment ($2), with the absences that had not ended at another ($3).
pub static CONFIG_MADE_BY: Query = Query::new(
    "SELECT * FROM leadroute_internal.config_made_by($1, $2, $3)",
    &[INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);

/// Whether no routing table changed between two moments.
pub static IS_CONFIG_SAME: Query =
    Query::new("SELECT leadroute_internal.is_config_same($1, $2)", &[TIMESTAMPTZOID, TIMESTAMPTZOID]);

/// A lead ($1) with what it said when a decision ($2) was made. It names the table, so that it is planned anew when that gets
/// other columns.
pub static LEAD_BEFORE: Query = Query::new(
    "SELECT b.* FROM leadroute.leads l, leadroute_internal.lead_before(l.id, $2) b WHERE l.id = $1",
    &[INT8OID, INT8OID],
);

/// Clocks that ran out at $2, oldest first; $1 at most. Clocks and leads that others have locked are
/// skipped. Planned with its values: only they tell that few clocks are due among many.
pub static OVERDUE: Query = Query::new(
    "SELECT c.id, c.lead_id, c.policy, c.steps_done, c.due_at, c.next_at
       FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
      WHERE c.stopped_at IS NULL AND c.next_at <= $2
      ORDER BY c.next_at, c.id LIMIT $1 FOR UPDATE OF c, l SKIP LOCKED",
    &[INT4OID, TIMESTAMPTZOID],
)
.planned_with_values();

/// Reps who had a lead ($1) and have it no more, by the names that they have now; NULL for those who are gone. Not by a join,
/// which would read all reps, also where nobody had the lead.
pub static FORMER_OWNERS: Query = Query::new(
    "SELECT (SELECT r.id FROM leadroute.reps r WHERE r.rep_no = s.rep_no) FROM leadroute.past_stints s WHERE s.lead_id = $1",
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
    "INSERT INTO leadroute.returned_turns (decision_id, pool_no, seat, reason, reason_code)
     VALUES ($1, $2, $3, $4, leadroute_internal.reason_code($5, $4)) ON CONFLICT (decision_id) DO NOTHING",
    &[INT8OID, INT4OID, INT4OID, TEXTOID, TEXTOID],
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

/// Whether a notification of some kinds ($1) could be taken now.
pub static WAITING: Query =
    Query::new("SELECT leadroute.notifications_waiting($1, $2)", &[TEXTARRAYOID, TEXTARRAYOID]);

/// Asks about leads ($1, by decisions $2, of tenants $3) providers ($4) for what is missing ($5).
pub static ASK_PROVIDERS: Query = Query::new(
    "SELECT leadroute_internal.ask_providers($1, $2, $3, $4, $5)",
    &[INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID],
);

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
