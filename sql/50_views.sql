-- What analysts read.

CREATE VIEW leadroute.audit_log AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, l.company, d.cause, d.layer, d.outcome, d.owner_id,
       d.previous_owner_id, d.queue, d.segment, d.territory, d.tier, d.pool, d.playbook, d.reason,
       d.id = l.decision_id AS is_current, d.config_version, d.engine_version, d.elapsed_us, d.tenant
  FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id;
COMMENT ON VIEW leadroute.audit_log IS 'Every decision with its lead; is_current marks the one that holds.';

CREATE VIEW leadroute.escalations AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, c.policy, c.started_at, c.due_at,
       CASE WHEN isfinite(c.due_at) THEN d.decided_at - c.due_at END AS overdue_by, d.previous_owner_id, d.owner_id, d.queue, d.reason, d.tenant,
       (t.step ->> 'step')::integer AS step, t.step ->> 'action' AS action
  FROM leadroute.decisions d
  JOIN leadroute.leads l ON l.id = d.lead_id
  LEFT JOIN LATERAL (SELECT policy, started_at, due_at FROM leadroute.sla_clocks
                      WHERE lead_id = d.lead_id ORDER BY (started_at <= d.decided_at) DESC, id DESC LIMIT 1) c ON true
  LEFT JOIN LATERAL (SELECT s.step FROM jsonb_array_elements(d.trace) s (step) WHERE s.step ->> 'code' = 'escalated' LIMIT 1) t ON true
 WHERE d.cause = 'escalation';
COMMENT ON VIEW leadroute.escalations IS 'Every step of an SLA ladder that was taken: its number, and what was done: reassign, manager or queue, by which somebody else has the lead, or remind, which leaves it where it is.';

CREATE VIEW leadroute.pool_skips AS
SELECT d.pool, c ->> 'rep' AS rep_id, coalesce(c ->> 'presence', nullif(c ->> 'why', 'away'), c ->> 'away') AS why,
       count(*) AS leads, max(d.decided_at) AS latest, d.tenant
  FROM leadroute.decisions d
 CROSS JOIN LATERAL jsonb_array_elements(d.trace) step
 CROSS JOIN LATERAL jsonb_array_elements(step -> 'candidates') c
 WHERE step ->> 'layer' = 'distribution' AND c ? 'why'
 GROUP BY 1, 2, 3, d.tenant;
COMMENT ON VIEW leadroute.pool_skips IS 'Leads for which a member of the pool was passed over, by reason, from the traces of all decisions; join decisions yourself to look at a period.';

CREATE VIEW leadroute.pool_fairness AS
WITH seat AS (
    SELECT t.pool_no, u.seat, trim_scale(sum(u.credit) * 0.000000000001) AS credit, sum(u.received)::bigint AS kept
      FROM leadroute.turns t CROSS JOIN LATERAL unnest(t.seats, t.credit, t.received) AS u (seat, credit, received)
     GROUP BY t.pool_no, u.seat
), returned AS (
    SELECT pool_no, seat, count(*) AS leads FROM leadroute.returned_turns GROUP BY pool_no, seat
)
SELECT p.name AS pool, m.rep_id, s.seat, m.weight, s.kept + s.credit AS entitled, s.kept + coalesce(r.leads, 0) AS received,
       coalesce(r.leads, 0) AS returned, s.credit AS difference, k.skipped, a.tenant
  FROM seat s
  JOIN leadroute.pools p USING (pool_no)
  LEFT JOIN leadroute.pool_members m ON m.pool = p.name AND m.seat = s.seat
  LEFT JOIN leadroute.reps a ON a.id = m.rep_id
  LEFT JOIN returned r ON (r.pool_no, r.seat) = (s.pool_no, s.seat)
  -- not run where the column is not asked for
  LEFT JOIN (SELECT pool, rep_id, jsonb_object_agg(why, leads) AS skipped
               FROM (SELECT pool, rep_id, why, sum(leads)::bigint AS leads FROM leadroute.pool_skips GROUP BY pool, rep_id, why) w
              GROUP BY pool, rep_id) k
    ON k.pool = p.name AND k.rep_id = m.rep_id;
COMMENT ON VIEW leadroute.pool_fairness IS 'What each member was entitled to over the leads that they were eligible for, what they received by rotation, what of it was given back, and the difference; skipped counts by reason the leads for which they were passed over. A seat without rep_id is that of a former member.';

CREATE VIEW leadroute.rep_load AS
SELECT r.id AS rep_id, coalesce(l.today, 0) AS today, r.daily_cap, coalesce(l.this_week, 0) AS this_week, r.weekly_cap,
       coalesce(l.open, 0) AS open, r.max_open_leads,
       coalesce(l.today >= r.daily_cap, false) OR coalesce(l.this_week >= r.weekly_cap, false)
           OR coalesce(l.open >= r.max_open_leads, false) AS is_full, r.tenant
  FROM leadroute.reps r
 CROSS JOIN LATERAL (
    SELECT sum(t.today) FILTER (WHERE t.day = here.day)::bigint AS today,
           sum(t.this_week) FILTER (WHERE date_trunc('week', t.day) = date_trunc('week', here.day))::bigint AS this_week,
           sum(t.open)::bigint AS open
      FROM (SELECT (now() AT TIME ZONE r.time_zone)::date AS day) here
      LEFT JOIN leadroute.loads t ON t.rep_no = r.rep_no) l;
COMMENT ON VIEW leadroute.rep_load IS 'Leads of each rep on this day and in this week of their own clock, and those that are open, beside the caps.';

CREATE VIEW leadroute.config_problems AS
-- The outer SELECT keeps conditions of readers away from rows that are no problem: a UNION ALL alone is no barrier.
SELECT p."table", p.key, p.problem FROM (
SELECT 'segments' AS "table", name AS key, leadroute_internal.condition_problem(condition) AS problem
  FROM leadroute.segments WHERE leadroute_internal.condition_problem(condition) IS NOT NULL
UNION ALL
SELECT 'segments', s.name, 'the segment has no tier, so its leads fall back'
  FROM leadroute.segments s
 WHERE s.enabled AND NOT EXISTS (SELECT FROM leadroute.tiers t WHERE t.segment = s.name OR t.segment IS NULL)
UNION ALL
SELECT 'pools', p.name, 'the pool has no active member with a weight above 0'
  FROM leadroute.pools p
 WHERE NOT EXISTS (SELECT FROM leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id
                    WHERE m.pool = p.name AND m.active AND r.active AND m.weight > 0)
UNION ALL
SELECT 'queues', q.name, 'nobody is told when a lead falls back to the queue: it has no manager'
  FROM leadroute.queues q
 WHERE q.manager_id IS NULL
   AND (q.kind = 'catch_all' OR EXISTS (SELECT FROM leadroute.territories t WHERE t.fallback_queue = q.name)
        OR EXISTS (SELECT FROM leadroute.segments s WHERE s.fallback_queue = q.name))
UNION ALL
-- Triggers run in the order of their names, byte by byte. 7: for each row, before, insert.
SELECT CASE t.tgrelid WHEN 'leadroute.leads'::regclass THEN 'leads' ELSE t.tgrelid::regclass::text END, t.tgname::text,
       'the trigger runs after routing: the lead may differ from its decision; give it a name before zz_leadroute_route'
  FROM pg_catalog.pg_trigger t
 WHERE (t.tgrelid = 'leadroute.leads'::regclass OR t.tgrelid IN (SELECT a.relation FROM leadroute.attached_tables a WHERE a.detached_at IS NULL))
   AND t.tgtype & 7 = 7 AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname > name 'zz_leadroute_route'
UNION ALL
SELECT 'attached_tables', a.relation::text, a.problem FROM leadroute_internal.attached_problems() a
UNION ALL
SELECT 'rep_sources', s.relation::text, s.problem FROM leadroute_internal.source_problems() s
UNION ALL
SELECT d."table", d.key, d.problem FROM leadroute_internal.dangling_references() d
) AS p;
COMMENT ON VIEW leadroute.config_problems IS 'Rules that do not do what they seem to.';
