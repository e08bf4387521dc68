-- What waits in queues, and what reps take out of them.

CREATE VIEW leadroute.queue_backlog AS
SELECT q.name AS queue, q.kind, q.manager_id, count(l.id) AS leads, count(l.id) FILTER (WHERE l.held) AS held,
       count(l.id) FILTER (WHERE l.sla_due_at < now() AND l.first_response_at IS NULL) AS overdue,
       min(l.routed_at) AS oldest_since, q.claimable, q.auto_assign_pool, q.auto_assign_after, coalesce(l.tenant, q.tenant, '') AS tenant
  FROM leadroute.queues q LEFT JOIN leadroute.leads l ON l.queue = q.name AND l.duplicate_of IS NULL AND l.status = 'queued'
 GROUP BY q.name, coalesce(l.tenant, q.tenant, '');
COMMENT ON VIEW leadroute.queue_backlog IS 'What waits in each queue now, and for how long.';
COMMENT ON COLUMN leadroute.queue_backlog.queue IS 'The queue.';
COMMENT ON COLUMN leadroute.queue_backlog.kind IS 'What it is for.';
COMMENT ON COLUMN leadroute.queue_backlog.manager_id IS 'The rep who is told of what comes in.';
COMMENT ON COLUMN leadroute.queue_backlog.leads IS 'Leads that wait in it.';
COMMENT ON COLUMN leadroute.queue_backlog.held IS 'Of these, leads that wait until the first rep of their pool is back.';
COMMENT ON COLUMN leadroute.queue_backlog.overdue IS 'Of these, leads whose response is overdue.';
COMMENT ON COLUMN leadroute.queue_backlog.oldest_since IS 'Since when the lead waits that has waited longest.';
COMMENT ON COLUMN leadroute.queue_backlog.claimable IS 'Whether reps may claim leads out of it.';
COMMENT ON COLUMN leadroute.queue_backlog.auto_assign_pool IS 'The pool to which it hands leads out by itself.';
COMMENT ON COLUMN leadroute.queue_backlog.auto_assign_after IS 'After what time it does.';
COMMENT ON COLUMN leadroute.queue_backlog.tenant IS 'The tenant of the leads; of an empty queue its own.';

CREATE FUNCTION leadroute.claim_patterns(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (rep_id text, attribute text, value text, offered bigint, skipped bigint, percent_skipped numeric, percent_skipped_otherwise numeric,
                   is_flagged boolean, tenant text)
    LANGUAGE sql STABLE SET jit = off SET work_mem = '64MB'
BEGIN ATOMIC
    WITH seen AS (
        SELECT c.rep_id, c.tenant, c.action, l.segment, l.email,
               CASE WHEN l.employees < 50 THEN 'below 50' WHEN l.employees < 500 THEN '50 to 499' WHEN l.employees >= 500 THEN '500 and more' ELSE 'unknown' END AS size
          FROM leadroute.claims c
          JOIN leadroute.leads l ON l.id = c.lead_id
         WHERE c.at >= claim_patterns.since AND c.at < claim_patterns.until AND (claim_patterns.tenant IS NULL OR c.tenant = claim_patterns.tenant)
           AND leadroute_internal.is_period(claim_patterns.since, claim_patterns.until)
           -- a lead that was claimed in the end was not skipped
           AND (c.action = 'claimed' OR NOT EXISTS (
               SELECT FROM leadroute.claims k WHERE k.lead_id = c.lead_id AND k.rep_id = c.rep_id AND k.action = 'claimed'))
    ), counted AS (
        SELECT s.rep_id, s.tenant, a.attribute, a.value, count(*) AS offered, count(*) FILTER (WHERE s.action = 'skipped') AS skipped
          FROM seen s
          LEFT JOIN leadroute.mail_domains m ON m.domain = split_part(s.email, '@', 2)
         CROSS JOIN LATERAL (VALUES ('segment', s.segment), ('size', s.size),
                                    ('mail', CASE WHEN m.domain IS NOT NULL THEN 'free or disposable mail' WHEN s.email IS NULL THEN 'none' ELSE 'company' END)) a (attribute, value)
         WHERE a.value IS NOT NULL
         GROUP BY s.rep_id, s.tenant, a.attribute, a.value
    ), others AS (
        SELECT k.*, sum(k.skipped) OVER w - k.skipped AS skipped_otherwise, sum(k.offered) OVER w - k.offered AS offered_otherwise
          FROM counted k WINDOW w AS (PARTITION BY k.rep_id, k.tenant, k.attribute)
    )
    SELECT o.rep_id, o.attribute, o.value, o.offered, o.skipped, leadroute_internal.percent(o.skipped, o.offered),
           leadroute_internal.percent(o.skipped_otherwise, o.offered_otherwise),
           o.offered >= 20 AND o.offered_otherwise >= 20 AND 1.0 * o.skipped / o.offered >= 0.3 + coalesce(o.skipped_otherwise / nullif(o.offered_otherwise, 0), 0),
           o.tenant
      FROM others o;
END;
COMMENT ON FUNCTION leadroute.claim_patterns(timestamptz, timestamptz, text) IS 'How often each rep skipped leads with an attribute (segment, size of the company, kind of mail address) when claiming from queues in a period, beside how often they skip others. Flagged: at least 20 offered with the attribute and 20 without, and skipped by 30 points more than those.';
