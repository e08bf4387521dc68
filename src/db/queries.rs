//! Every SQL text that the extension runs. They run as its owner with a safe search_path (see
//! [`super::identity`]), and always under a fresh snapshot (see [`super::spi`]).

use super::spi::Query;
use pgrx::pg_sys::{
    BOOLOID, INT4ARRAYOID, INT4OID, INT8ARRAYOID, INT8OID, JSONBOID, TEXTARRAYOID, TEXTOID, TIMESTAMPTZOID,
};

/// The rules as JSON.
pub static RULES: Query = Query::new("SELECT leadroute.rules_json()", &[]);

/// The roster as JSON.
pub static ROSTER: Query = Query::new("SELECT leadroute.roster_json()", &[]);

/// What is known of the names of a host ($1); the longest name comes first.
pub static DOMAIN: Query = Query::new(
    "SELECT domain, kind, queue, true AS rule FROM leadroute.domain_rules WHERE domain = ANY ($1)
     UNION ALL
     SELECT domain, kind, NULL, false FROM leadroute.mail_domains WHERE domain = ANY ($1)",
    &[TEXTARRAYOID],
);

/// The first open lead of a person ($1), other than $2. `id + 0` keeps the planner from walking the
/// primary key in search of the person.
pub static EARLIER_LEAD: Query = Query::new(
    "SELECT id, owner_id, queue FROM leadroute.leads
      WHERE person_key = $1 AND duplicate_of IS NULL AND id <> $2
        AND status NOT IN ('converted', 'lost', 'disqualified')
      ORDER BY id + 0 LIMIT 1",
    &[TEXTOID, INT8OID],
);

/// The account under an e-mail address ($1), a CRM id ($2) or domains ($3), with its parent; the best
/// match counts. Sub-queries in this order, so that each is one probe of an index at any size.
pub static ACCOUNT: Query = Query::new(
    "SELECT CASE WHEN k.contact IS NOT NULL THEN 1 WHEN k.crm IS NOT NULL THEN 2 ELSE 3 END, (k.by_domain).domain,
            (k.by_domain).division,
            a.id, a.kind, a.named, a.owner_id, a.csm_id, a.country, a.division, a.disqualified_reason, a.disqualified_at,
            p.id, p.kind, p.named, p.owner_id, p.csm_id, p.country, p.division, p.disqualified_reason, p.disqualified_at
       FROM (SELECT (SELECT account_id FROM leadroute.contacts WHERE email = $1) AS contact,
                    (SELECT id FROM leadroute.accounts WHERE id = $2) AS crm,
                    (SELECT d FROM leadroute.account_domains d WHERE domain = ANY ($3)
                      ORDER BY length(domain) DESC LIMIT 1) AS by_domain
             OFFSET 0) k
       JOIN LATERAL (SELECT * FROM leadroute.accounts
                      WHERE id = coalesce(k.contact, k.crm, (k.by_domain).account_id) LIMIT 1) a ON true
       LEFT JOIN LATERAL (SELECT * FROM leadroute.accounts WHERE id = a.parent_id LIMIT 1) p ON true",
    &[TEXTOID, TEXTOID, TEXTARRAYOID],
);

/// The state of a pool and what was added to it: kind, key, seats, credit, received.
pub static LEDGER: Query = Query::new(
    "(SELECT true, id, seats, credit, received FROM leadroute.turns WHERE pool_no = $1 ORDER BY pool_no DESC, id DESC LIMIT 1)
     UNION ALL
     SELECT false, id, seats, credit, received FROM leadroute.turn_deltas WHERE pool_no = $1",
    &[INT4OID],
);

/// The new state of a pool.
pub static STATE_ADD: Query = Query::new(
    "INSERT INTO leadroute.turns (pool_no, seats, credit, received) VALUES ($1, $2, $3, $4) RETURNING id",
    &[INT4OID, INT4ARRAYOID, INT8ARRAYOID, INT8ARRAYOID],
);

/// States of a pool that no longer hold.
pub static STATE_TRIM: Query =
    Query::new("DELETE FROM leadroute.turns WHERE pool_no = $1 AND id < $2", &[INT4OID, INT8OID]);

/// A turn beside the state.
pub static DELTA_ADD: Query = Query::new(
    "INSERT INTO leadroute.turn_deltas (pool_no, seats, credit, received) VALUES ($1, $2, $3, $4)",
    &[INT4OID, INT4ARRAYOID, INT8ARRAYOID, INT8ARRAYOID],
);

/// Turns that the new state contains.
pub static DELTA_TRIM: Query =
    Query::new("DELETE FROM leadroute.turn_deltas WHERE id = ANY ($1)", &[INT8ARRAYOID]);

/// Writes the decision for a new lead, if its row was really inserted.
pub static DECISION_OF_INSERTED: Query = Query::new(
    "INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, owner_id, queue, previous_owner_id,
                                      segment, territory, tier, pool, playbook, reason, trace, config_version,
                                      engine_version, elapsed_us)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
      WHERE EXISTS (SELECT FROM leadroute.leads WHERE id = $2 AND decision_id = $1)",
    &[
        INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
        TEXTOID, TEXTOID, TEXTOID, TEXTOID, JSONBOID, INT8OID, TEXTOID, INT4OID,
    ],
);

/// Starts a clock.
pub static CLOCK: Query = Query::new(
    "INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, next_at) VALUES ($1, $2, $3, $4, $5)",
    &[INT8OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID],
);

/// Stops the clock of a lead.
pub static CLOCK_STOP: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET stopped_at = $2 WHERE lead_id = $1 AND stopped_at IS NULL",
    &[INT8OID, TIMESTAMPTZOID],
);

/// Notes the step of the ladder that was taken.
pub static CLOCK_STEP: Query = Query::new(
    "UPDATE leadroute.sla_clocks SET steps_done = $2, next_at = $3 WHERE id = $1",
    &[INT8OID, INT4OID, TIMESTAMPTZOID],
);

/// Puts a notification into the outbox.
pub static NOTIFICATION: Query = Query::new(
    "INSERT INTO leadroute.notifications (lead_id, decision_id, kind, rep_id, queue) VALUES ($1, $2, $3, $4, $5)",
    &[INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID],
);

/// Gives a lead that is there its new decision, and the values that intake has cleaned.
pub static LEAD_UPDATE: Query = Query::new(
    "UPDATE leadroute.leads
        SET decision_id = $2, routed_at = $3, status = $4, owner_id = $5, queue = $6, account_id = $7, segment = $8,
            territory = $9, tier = $10, pool = $11, playbook = $12, expansion = $13, duplicate_of = $14,
            person_key = coalesce($15, person_key), sla_due_at = coalesce($16, sla_due_at),
            email = coalesce($17, email), industry = coalesce($18, industry), country = coalesce($19, country),
            occurred_at = coalesce($20, occurred_at)
      WHERE id = $1",
    &[
        INT8OID, INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
        TEXTOID, BOOLOID, INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
    ],
);

/// Whether a row that was decided ($1, decision $2) has been inserted.
pub static ARRIVED: Query =
    Query::new("SELECT true FROM leadroute.leads WHERE id = $1 AND decision_id = $2", &[INT8OID, INT8OID]);

/// Fills empty fields of the first lead ($1) from its touch ($2); not while somebody else holds it.
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
            score, event, occurred_at, source, campaign, attributes)
     SELECT r.external_id, r.email, r.first_name, r.last_name, r.phone, r.title, r.department, r.company, r.website,
            r.crm_account_id, r.country, r.region, r.city, r.postal_code, r.industry, r.employees, r.annual_revenue,
            r.product, r.language, r.score, r.event, r.occurred_at, r.source, r.campaign, r.attributes
       FROM (
        SELECT $1 || jsonb_build_object('attributes', nullif(
               CASE jsonb_typeof($2 -> 'attributes') WHEN 'object' THEN $2 -> 'attributes' || ($2 - $3 - 'attributes')
                    WHEN 'null' THEN $2 - $3 - 'attributes' ELSE $2 - $3 END, '{}')) AS doc) d,
        jsonb_populate_record(NULL::leadroute.leads, d.doc) r
     RETURNING id",
    &[JSONBOID, JSONBOID, TEXTARRAYOID],
);

/// The lead with an external id.
pub static BY_EXTERNAL_ID: Query =
    Query::new("SELECT id FROM leadroute.leads WHERE external_id = $1", &[TEXTOID]);

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

/// A decision: lead, time, cause, outcome, owner, queue, reason and trace.
pub static DECISION: Query = Query::new(
    "SELECT d.lead_id, to_char(d.decided_at, 'YYYY-MM-DD HH24:MI:SS TZ'), d.cause, d.outcome, d.owner_id, d.queue, d.reason,
            d.trace::text, l.email, l.company
       FROM leadroute.decisions d LEFT JOIN leadroute.leads l ON l.id = d.lead_id
      WHERE d.id = $1",
    &[INT8OID],
);

/// Clocks that ran out at $2, oldest first; $1 at most. What somebody else holds is left to them.
pub static OVERDUE: Query = Query::new(
    "SELECT c.id, c.lead_id, c.policy, c.steps_done, c.due_at
       FROM leadroute.sla_clocks c
      WHERE c.stopped_at IS NULL AND c.next_at <= $2
      ORDER BY c.next_at, c.id LIMIT $1 FOR UPDATE SKIP LOCKED",
    &[INT4OID, TIMESTAMPTZOID],
);

/// A lead for escalation, unless somebody holds it.
pub static LEAD_TRY_LOCK: Query =
    Query::new("SELECT * FROM leadroute.leads WHERE id = $1 FOR UPDATE SKIP LOCKED", &[INT8OID]);

/// Reps who have owned a lead.
pub static OWNERS_SO_FAR: Query = Query::new(
    "SELECT DISTINCT owner_id FROM leadroute.decisions WHERE lead_id = $1 AND owner_id IS NOT NULL",
    &[INT8OID],
);
