-- How fast leads are answered, and what waits.

CREATE VIEW leadroute.speed_to_lead AS
SELECT l.id AS lead_id, l.email, l.owner_id, l.territory, l.segment, l.event, coalesce(e.intent, 'medium') AS intent,
       l.occurred_at, l.created_at AS inserted_at, d.decided_at AS routed_at, n.created_at AS notified_at,
       r.at AS first_response_at, r.rep_id AS answered_by, r.channel,
       CASE WHEN isfinite(l.occurred_at) THEN d.decided_at - l.occurred_at END AS time_to_route,
       CASE WHEN isfinite(l.occurred_at) AND isfinite(r.at) THEN r.at - l.occurred_at END AS time_to_response,
       c.policy, c.due_at, coalesce(r.at, now()) > c.due_at AS is_breached, l.tenant
  FROM leadroute.leads l
  LEFT JOIN leadroute.event_types e ON e.name = lower(l.event)
  LEFT JOIN LATERAL (SELECT decided_at FROM leadroute.decisions WHERE lead_id = l.id ORDER BY id LIMIT 1) d ON true
  LEFT JOIN LATERAL (SELECT created_at FROM leadroute.notifications WHERE lead_id = l.id ORDER BY id LIMIT 1) n ON true
  LEFT JOIN LATERAL (SELECT at, rep_id, channel FROM leadroute.responses WHERE lead_id = l.id AND meaningful ORDER BY at, id LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT policy, due_at FROM leadroute.sla_clocks WHERE lead_id = l.id ORDER BY id LIMIT 1) c ON true
 WHERE l.duplicate_of IS NULL;
COMMENT ON VIEW leadroute.speed_to_lead IS 'The way of each lead from the buyer''s action to the first meaningful response: inserted, routed, notified, answered. is_breached compares the answer, or now, with the due time of its first clock. speed_percentiles sums it up.';

CREATE VIEW leadroute.speed_percentiles AS
SELECT g.dimension, g.value, count(*) AS leads, count(s.first_response_at) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.time_to_response) AS p50,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY s.time_to_response) AS p90,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY s.time_to_response) AS p99,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.time_to_route) AS p50_to_route,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY s.time_to_route) AS p99_to_route, s.tenant
  FROM leadroute.speed_to_lead s
 CROSS JOIN LATERAL (VALUES ('rep', coalesce(s.answered_by, s.owner_id)), ('territory', s.territory), ('event', s.event), ('intent', s.intent)) g (dimension, value)
 WHERE g.value IS NOT NULL
 GROUP BY g.dimension, g.value, s.tenant;
COMMENT ON VIEW leadroute.speed_percentiles IS 'Times from the buyer''s action to the first response and to routing, as percentiles by rep (who answered, else the owner), territory, event and intent.';

CREATE VIEW leadroute.sla_by_rep AS
SELECT l.owner_id AS rep_id, count(*) AS clocks,
       count(*) FILTER (WHERE c.stopped_at <= c.due_at) AS met,
       count(*) FILTER (WHERE coalesce(c.stopped_at, now()) > c.due_at) AS breached,
       count(*) FILTER (WHERE c.stopped_at IS NULL AND c.due_at >= now()) AS running,
       round(100.0 * count(*) FILTER (WHERE c.stopped_at <= c.due_at)
             / nullif(count(*) FILTER (WHERE c.stopped_at IS NOT NULL OR c.due_at < now()), 0), 1) AS percent_met, l.tenant
  FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
 WHERE l.owner_id IS NOT NULL GROUP BY l.owner_id, l.tenant;
COMMENT ON VIEW leadroute.sla_by_rep IS 'SLA clocks of the leads that each rep owns: answered in time, breached (answered too late, or not yet), still running.';

CREATE VIEW leadroute.sla_by_territory AS
SELECT l.territory, count(*) AS clocks,
       count(*) FILTER (WHERE c.stopped_at <= c.due_at) AS met,
       count(*) FILTER (WHERE coalesce(c.stopped_at, now()) > c.due_at) AS breached,
       count(*) FILTER (WHERE c.stopped_at IS NULL AND c.due_at >= now()) AS running,
       round(100.0 * count(*) FILTER (WHERE c.stopped_at <= c.due_at)
             / nullif(count(*) FILTER (WHERE c.stopped_at IS NOT NULL OR c.due_at < now()), 0), 1) AS percent_met, l.tenant
  FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
 WHERE l.territory IS NOT NULL GROUP BY l.territory, l.tenant;
COMMENT ON VIEW leadroute.sla_by_territory IS 'The same as sla_by_rep for each territory, leads in queues included.';

CREATE VIEW leadroute.queue_backlog AS
SELECT q.name AS queue, q.kind, q.manager_id, count(l.id) AS leads, count(l.id) FILTER (WHERE l.held) AS held,
       count(l.id) FILTER (WHERE l.sla_due_at < now() AND l.first_response_at IS NULL) AS overdue,
       min(l.routed_at) AS oldest_since, q.claimable, q.auto_assign_pool, q.auto_assign_after, coalesce(l.tenant, q.tenant, '') AS tenant
  FROM leadroute.queues q LEFT JOIN leadroute.leads l ON l.queue = q.name AND l.duplicate_of IS NULL AND l.status = 'queued'
 GROUP BY q.name, coalesce(l.tenant, q.tenant, '');
COMMENT ON VIEW leadroute.queue_backlog IS 'What waits in each queue, and for how long.';

CREATE VIEW leadroute.claim_patterns AS
WITH seen AS (
    SELECT c.rep_id, c.action, a.attribute, a.value
      FROM leadroute.claims c
      JOIN leadroute.leads l ON l.id = c.lead_id
     CROSS JOIN LATERAL (VALUES
        ('segment', l.segment),
        ('size', CASE WHEN l.employees < 50 THEN 'below 50' WHEN l.employees < 500 THEN '50 to 499' WHEN l.employees >= 500 THEN '500 and more' ELSE 'unknown' END),
        ('mail', CASE WHEN EXISTS (SELECT FROM leadroute.mail_domains m WHERE m.domain = split_part(l.email, '@', 2)) THEN 'free or disposable mail'
                      WHEN l.email IS NULL THEN 'none' ELSE 'company' END)) a (attribute, value)
     -- a lead that was claimed in the end was not skipped
     WHERE a.value IS NOT NULL AND (c.action = 'claimed' OR NOT EXISTS (
           SELECT FROM leadroute.claims k WHERE k.lead_id = c.lead_id AND k.rep_id = c.rep_id AND k.action = 'claimed'))
), counted AS (
    SELECT rep_id, attribute, value, count(*) AS offered, count(*) FILTER (WHERE action = 'skipped') AS skipped
      FROM seen GROUP BY 1, 2, 3
)
SELECT rep_id, attribute, value, offered, skipped, round(100.0 * skipped / offered, 1) AS percent_skipped,
       round(100.0 * (sum(skipped) OVER w - skipped) / nullif(sum(offered) OVER w - offered, 0), 1) AS percent_skipped_otherwise,
       offered >= 20 AND sum(offered) OVER w - offered >= 20 AND 1.0 * skipped / offered
           >= 0.3 + coalesce((sum(skipped) OVER w - skipped) / nullif(sum(offered) OVER w - offered, 0), 0) AS is_flagged,
       (SELECT r.tenant FROM leadroute.reps r WHERE r.id = rep_id) AS tenant
  FROM counted WINDOW w AS (PARTITION BY rep_id, attribute);
COMMENT ON VIEW leadroute.claim_patterns IS 'How often each rep skipped leads with an attribute (segment, size of the company, kind of mail address) when claiming from queues, beside how often they skip others. Flagged: at least 20 offered with the attribute and 20 without, and skipped by 30 points more than those.';
