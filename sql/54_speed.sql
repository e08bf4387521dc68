-- How fast leads are answered, and what waits.

CREATE VIEW leadroute.speed_to_lead AS
SELECT l.id AS lead_id, l.email, l.owner_id, l.territory, l.segment, coalesce(c.of_event, l.event) AS event, coalesce(e.intent, 'medium') AS intent,
       a.acted_at AS occurred_at, l.created_at AS inserted_at, d.decided_at AS routed_at, n.created_at AS notified_at,
       b.answered_at AS first_response_at, coalesce(c.answered_by, CASE WHEN c.id IS NULL THEN (r.first).rep_id END) AS answered_by, (r.first).channel,
       CASE WHEN isfinite(a.acted_at) THEN d.decided_at - a.acted_at END AS time_to_route,
       CASE WHEN isfinite(a.acted_at) AND isfinite(b.answered_at) THEN greatest(b.answered_at - a.acted_at, '0') END AS time_to_response,
       c.policy, c.due_at, coalesce(c.stopped_at, now()) > c.due_at AND c.ended IS DISTINCT FROM 'replaced' AS is_breached, l.tenant, c.id AS clock_id, c.ended
  FROM leadroute.leads l
  LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id
  LEFT JOIN leadroute.event_types e ON e.name = lower(coalesce(c.of_event, l.event))
  -- The clock of an import starts when the lead comes.
 CROSS JOIN LATERAL (SELECT least(c.started_at, l.occurred_at) AS acted_at) a
  -- Each is looked up where its column is asked for.
 CROSS JOIN LATERAL (SELECT (SELECT x.decided_at FROM leadroute.decisions x
                              WHERE x.lead_id = l.id AND x.decided_at >= a.acted_at AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response')
                              ORDER BY x.id LIMIT 1) AS decided_at) d
 CROSS JOIN LATERAL (SELECT (SELECT x.created_at FROM leadroute.notifications x WHERE x.lead_id = l.id AND x.created_at >= a.acted_at
                              ORDER BY x.id LIMIT 1) AS created_at) n
 CROSS JOIN LATERAL (SELECT (SELECT x FROM leadroute.responses x
                              WHERE x.lead_id = l.id AND x.meaningful AND CASE WHEN c.id IS NULL THEN x.at >= a.acted_at - interval '1 minute'
                                                                               ELSE c.ended = 'answered' AND greatest(x.at, c.started_at) = c.stopped_at END
                              ORDER BY x.at, x.id LIMIT 1) AS first) r
 CROSS JOIN LATERAL (SELECT CASE WHEN c.id IS NULL THEN (r.first).at WHEN c.ended IN ('answered', 'worked') THEN c.stopped_at END AS answered_at) b
 WHERE l.duplicate_of IS NULL;
COMMENT ON VIEW leadroute.speed_to_lead IS 'The way from the buyer''s action to the first meaningful response: inserted, routed, notified, answered. One row for each clock, so one for each action that somebody must answer, and one for a lead without clock. first_response_at is what ended the clock: a response, or a status that says that somebody works on the lead. is_breached compares that, the end of the clock without an answer (ended), or now, with the due time. speed_percentiles sums it up.';

CREATE VIEW leadroute.speed_percentiles AS
SELECT g.dimension, g.value, count(DISTINCT s.lead_id) AS leads, count(s.first_response_at) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.time_to_response) AS p50,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY s.time_to_response) AS p90,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY s.time_to_response) AS p99,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY s.time_to_route) AS p50_to_route,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY s.time_to_route) AS p99_to_route, s.tenant
  FROM leadroute.speed_to_lead s
 CROSS JOIN LATERAL (VALUES ('rep', coalesce(s.answered_by, s.owner_id)), ('territory', s.territory), ('event', s.event), ('intent', s.intent)) g (dimension, value)
 WHERE g.value IS NOT NULL
 GROUP BY g.dimension, g.value, s.tenant;
COMMENT ON VIEW leadroute.speed_percentiles IS 'Times from the buyer''s action to the response and to routing, as percentiles by rep (who answered, else the owner), territory, event and intent. answered counts actions of buyers, of which a lead may have several.';

-- A clock counts for whoever had the lead when its time ran out, or else when it ended; while it runs, for the owner.
CREATE VIEW leadroute_internal.clocks_counted AS
SELECT CASE WHEN k.is_known THEN c.of_rep ELSE l.owner_id END AS rep_id, CASE WHEN k.is_known THEN c.of_territory ELSE l.territory END AS territory, c.tenant,
       k.is_answered AND NOT k.is_late AS is_met, k.is_late, c.stopped_at IS NULL AND NOT k.is_late AS is_running,
       CASE WHEN k.is_late AND k.is_answered AND c.answered_by IS DISTINCT FROM CASE WHEN k.is_known THEN c.of_rep ELSE l.owner_id END
            THEN c.answered_by END AS rescued_by
  FROM leadroute.sla_clocks c
  LEFT JOIN leadroute.leads l ON l.id = c.lead_id AND c.stopped_at IS NULL
 CROSS JOIN LATERAL (SELECT coalesce(c.stopped_at, now()) > c.due_at AND c.ended IS DISTINCT FROM 'replaced' AS is_late, coalesce(c.ended IN ('answered', 'worked'), false) AS is_answered,
                            c.stopped_at IS NOT NULL OR (c.of_rep IS NOT NULL OR c.of_queue IS NOT NULL) AND c.due_at < now() AS is_known) k;
COMMENT ON VIEW leadroute_internal.clocks_counted IS 'Each clock, for whom it counts and as what.';

CREATE VIEW leadroute.sla_by_rep AS
SELECT u.rep_id, count(*) FILTER (WHERE u.is_own) AS clocks, count(*) FILTER (WHERE u.is_met) AS met, count(*) FILTER (WHERE u.is_late) AS breached,
       count(*) FILTER (WHERE u.is_running) AS running,
       round(100.0 * count(*) FILTER (WHERE u.is_met) / nullif(count(*) FILTER (WHERE u.is_met OR u.is_late), 0), 1) AS percent_met, u.tenant,
       count(*) FILTER (WHERE NOT u.is_own) AS rescues
  FROM (SELECT c.rep_id, c.tenant, true AS is_own, c.is_met, c.is_late, c.is_running FROM leadroute_internal.clocks_counted c WHERE c.rep_id IS NOT NULL
        UNION ALL
        SELECT c.rescued_by, c.tenant, false, false, false, false FROM leadroute_internal.clocks_counted c WHERE c.rescued_by IS NOT NULL) u
 GROUP BY u.rep_id, u.tenant;
COMMENT ON VIEW leadroute.sla_by_rep IS 'SLA clocks by rep: met, breached (the time ran out while the rep had the lead, whoever has it now), still running; those that ended without an answer before that (closed, merged) are neither, and one that went on by other rules is not counted twice. rescues: leads of others, or of queues, whose time had run out and that this rep answered.';

CREATE VIEW leadroute.sla_by_territory AS
SELECT c.territory, count(*) AS clocks, count(*) FILTER (WHERE c.is_met) AS met, count(*) FILTER (WHERE c.is_late) AS breached,
       count(*) FILTER (WHERE c.is_running) AS running,
       round(100.0 * count(*) FILTER (WHERE c.is_met) / nullif(count(*) FILTER (WHERE c.is_met OR c.is_late), 0), 1) AS percent_met, c.tenant,
       count(c.rescued_by) AS rescues
  FROM leadroute_internal.clocks_counted c
 WHERE c.territory IS NOT NULL GROUP BY c.territory, c.tenant;
COMMENT ON VIEW leadroute.sla_by_territory IS 'The same as sla_by_rep for each territory, leads in queues included. rescues: breached, and answered then by somebody else.';

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
