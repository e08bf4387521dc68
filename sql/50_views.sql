-- What analysts read.

CREATE VIEW leadroute.audit_log AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, l.company, d.cause, d.layer, d.outcome, d.owner_id,
       d.previous_owner_id, d.queue, d.segment, d.territory, d.tier, d.pool, d.playbook, d.reason,
       d.id = l.decision_id AS is_current, d.config_version, d.engine_version, d.elapsed_us
  FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id;
COMMENT ON VIEW leadroute.audit_log IS 'Every decision with its lead; is_current marks the one that holds.';

CREATE VIEW leadroute.escalations AS
SELECT d.id AS decision_id, d.decided_at, d.lead_id, l.email, c.policy, c.started_at, c.due_at,
       d.decided_at - c.due_at AS overdue_by, d.previous_owner_id, d.owner_id, d.queue, d.reason
  FROM leadroute.decisions d
  JOIN leadroute.leads l ON l.id = d.lead_id
  LEFT JOIN LATERAL (SELECT policy, started_at, due_at FROM leadroute.sla_clocks
                      WHERE lead_id = d.lead_id ORDER BY (started_at <= d.decided_at) DESC, id DESC LIMIT 1) c ON true
 WHERE d.cause = 'escalation';
COMMENT ON VIEW leadroute.escalations IS 'Every step of an SLA ladder that was taken.';

CREATE VIEW leadroute.pool_fairness AS
WITH state AS (
    SELECT DISTINCT ON (pool_no) pool_no, seats, credit, received FROM leadroute.turns ORDER BY pool_no, id DESC
), ledger AS (
    SELECT pool_no, seats, credit, received FROM state
    UNION ALL
    SELECT pool_no, seats, credit, received FROM leadroute.turn_deltas
), seat AS (
    SELECT u.seat, trim_scale(sum(u.credit) * 0.000000000001) AS difference, sum(u.received)::bigint AS received
      FROM ledger CROSS JOIN LATERAL unnest(seats, credit, received) AS u (seat, credit, received) GROUP BY u.seat
)
SELECT m.pool, m.rep_id, m.weight, s.received, s.received + s.difference AS entitled, s.difference
  FROM leadroute.pool_members m JOIN seat s USING (seat);
COMMENT ON VIEW leadroute.pool_fairness IS 'Leads that each rep got by rotation beside the share that the rep was entitled to, over the leads that the rep was eligible for.';

CREATE VIEW leadroute.config_problems AS
SELECT 'segments' AS "table", name AS key, leadroute.condition_problem(condition) AS problem
  FROM leadroute.segments WHERE leadroute.condition_problem(condition) IS NOT NULL
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
SELECT 'leads', t.tgname::text, 'the trigger runs after routing: the lead may differ from its decision; give it a name before zz_leadroute_route'
  FROM pg_catalog.pg_trigger t
 WHERE t.tgrelid = 'leadroute.leads'::regclass AND t.tgtype & 7 = 7 AND NOT t.tgisinternal AND t.tgenabled <> 'D'
   AND t.tgname > name 'zz_leadroute_route';
COMMENT ON VIEW leadroute.config_problems IS 'Rules that do not do what they seem to.';
