//! SQL texts of previews of a change.

use crate::db::pg::spi::Query;
use pgrx::pg_sys::{INT8OID, TIMESTAMPTZOID};

/// The newest lead.
pub static LAST_LEAD: Query = Query::new("SELECT max(id) FROM leadroute.leads", &[]);

/// Leads that routing has decided about as they came: after one ($1) and up to another ($2), that came at $3 or later; $4 at
/// most, in the order in which they came.
pub static TRIAL_LEADS: Query = Query::new(
    "SELECT * FROM leadroute.leads
      WHERE id > $1 AND id <= $2 AND created_at >= $3 AND routed_at > '-infinity' AND unassigned_at IS DISTINCT FROM 'infinity'
      ORDER BY id LIMIT $4",
    &[INT8OID, INT8OID, TIMESTAMPTZOID, INT8OID],
);

/// Leads since $1 whose owner was named by whoever inserted them: lead and owner.
pub static TRIAL_GIVEN: Query = Query::new(
    "SELECT d.lead_id, d.owner_id FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id
      WHERE d.layer = 'given' AND d.owner_id IS NOT NULL AND l.created_at >= $1",
    &[TIMESTAMPTZOID],
);

/// Leads since $1 whose score criteria gave.
pub static TRIAL_SCORED: Query = Query::new(
    "SELECT l.id FROM leadroute.leads l
      WHERE l.created_at >= $1 AND l.score IS NOT NULL AND leadroute_internal.is_scored_by_criteria(l)",
    &[TIMESTAMPTZOID],
);

/// Leads that came before $1 and were open then: reps.rep_no, when they were closed, how many.
pub static TRIAL_OPEN: Query = Query::new(
    "SELECT r.rep_no, l.closed_at, count(*)
       FROM leadroute.leads l JOIN leadroute.reps r ON r.id = l.owner_id
      WHERE l.created_at < $1 AND l.duplicate_of IS NULL
        AND CASE WHEN leadroute_internal.is_closed(l.status) THEN l.closed_at >= $1 ELSE leadroute_internal.is_with_rep(l.status) END
      GROUP BY r.rep_no, l.closed_at",
    &[TIMESTAMPTZOID],
);

/// How long each rep has taken for an answer since $1 when nothing else kept them: a quarter of their answers came within it. In
/// microseconds; a rep who has answered fewer than five has that of all.
pub static PACE: Query = Query::new(
    "WITH answered AS MATERIALIZED (
        SELECT answered_by AS rep, extract(epoch FROM stopped_at - started_at) AS seconds
          FROM leadroute.sla_clocks
         WHERE ended IN ('answered', 'worked') AND answered_by IS NOT NULL AND started_at >= $1 AND stopped_at >= started_at),
     of_all AS (SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY seconds) AS seconds FROM answered),
     of_rep AS (SELECT rep, percentile_cont(0.25) WITHIN GROUP (ORDER BY seconds) AS seconds FROM answered GROUP BY rep HAVING count(*) >= 5)
     SELECT r.id, (coalesce(o.seconds, a.seconds) * 1000000)::bigint
       FROM leadroute.reps r CROSS JOIN of_all a LEFT JOIN of_rep o ON o.rep = r.id
      WHERE a.seconds IS NOT NULL",
    &[TIMESTAMPTZOID],
)
.planned_with_values();

/// Tables into which a change ($1) inserts rows.
pub static INSERTS_OF_CHANGE: Query = Query::new(
    "SELECT substr(w, 8) FROM leadroute.change_requests c CROSS JOIN unnest(c.writes) w WHERE c.id = $1 AND w LIKE 'INSERT %'",
    &[INT8OID],
);

/// Makes a change ($1).
pub static RUN_CHANGE: Query = Query::new("SELECT leadroute_internal.run_change($1)", &[INT8OID]);

/// Accounts that a change ($1) has just written, in the columns of the table; then tenant and id, also of those that are gone.
pub static CHANGED_ACCOUNTS: Query = Query::new(
    "WITH written AS MATERIALIZED (
        SELECT DISTINCT i.image ->> 'tenant' AS tenant, i.image ->> 'id' AS id
          FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
         WHERE h.change_id = $1 AND h.\"table\" = 'accounts' AND i.image IS NOT NULL)
     SELECT a.id, a.name, a.kind, a.named, a.owner_id, a.csm_id, a.parent_id, a.country, a.division, a.disqualified_reason, a.disqualified_at, w.tenant, w.id
       FROM written w LEFT JOIN leadroute.accounts a ON a.tenant = w.tenant AND a.id = w.id",
    &[INT8OID],
);

/// Domains of accounts that a change ($1) has just written: domain, tenant, account, division.
pub static CHANGED_ACCOUNT_DOMAINS: Query = Query::new(
    "WITH written AS MATERIALIZED (
        SELECT DISTINCT i.image ->> 'domain' AS domain, i.image ->> 'tenant' AS tenant
          FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
         WHERE h.change_id = $1 AND h.\"table\" = 'account_domains' AND i.image IS NOT NULL)
     SELECT w.domain, w.tenant, d.account_id, d.division
       FROM written w LEFT JOIN leadroute.account_domains d ON d.domain = w.domain AND d.tenant = w.tenant",
    &[INT8OID],
);

/// Contacts that a change ($1) has just written: email, tenant, account, person.
pub static CHANGED_CONTACTS: Query = Query::new(
    "WITH written AS MATERIALIZED (
        SELECT DISTINCT i.image ->> 'email' AS email, i.image ->> 'tenant' AS tenant
          FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
         WHERE h.change_id = $1 AND h.\"table\" = 'contacts' AND i.image IS NOT NULL)
     SELECT w.email, w.tenant, c.account_id, c.person
       FROM written w LEFT JOIN leadroute.contacts c ON c.email = w.email AND c.tenant = w.tenant",
    &[INT8OID],
);

/// Rules for domains that a change ($1) has just written: domain, tenant, kind, queue.
pub static CHANGED_DOMAIN_RULES: Query = Query::new(
    "WITH written AS MATERIALIZED (
        SELECT DISTINCT i.image ->> 'domain' AS domain, i.image ->> 'tenant' AS tenant
          FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
         WHERE h.change_id = $1 AND h.\"table\" = 'domain_rules' AND i.image IS NOT NULL)
     SELECT w.domain, w.tenant, r.kind, r.queue
       FROM written w LEFT JOIN leadroute.domain_rules r ON r.domain = w.domain AND r.tenant = w.tenant",
    &[INT8OID],
);

/// Mail domains that a change ($1) has just written: domain, kind.
pub static CHANGED_MAIL_DOMAINS: Query = Query::new(
    "WITH written AS MATERIALIZED (
        SELECT DISTINCT i.image ->> 'domain' AS domain
          FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
         WHERE h.change_id = $1 AND h.\"table\" = 'mail_domains' AND i.image IS NOT NULL)
     SELECT w.domain, m.kind FROM written w LEFT JOIN leadroute.mail_domains m ON m.domain = w.domain",
    &[INT8OID],
);

/// Accounts that a change ($1) has just renamed, in that order: tenant, id, new id.
pub static RENAMED_ACCOUNTS: Query = Query::new(
    "SELECT h.before ->> 'tenant', h.before ->> 'id', h.after ->> 'id' FROM leadroute.config_history h
      WHERE h.change_id = $1 AND h.\"table\" = 'accounts' AND h.before ->> 'id' <> h.after ->> 'id' ORDER BY h.id",
    &[INT8OID],
);

/// Changes of presence, of `active` and of absences since $1: when, table, and the row before and after.
pub static AVAILABILITY_CHANGES: Query = Query::new(
    "SELECT h.changed_at, h.\"table\", leadroute_internal.availability(h.\"table\", h.before)::text, leadroute_internal.availability(h.\"table\", h.after)::text
       FROM leadroute.config_history h
      WHERE h.\"table\" IN ('reps', 'absences') AND h.changed_at >= $1
      ORDER BY h.id",
    &[TIMESTAMPTZOID],
);
