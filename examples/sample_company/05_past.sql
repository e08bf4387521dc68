-- Eight weeks of made-up past for the 2,000 leads: when they came, who answered them, who was late, what was moved by hand, and
-- what became of them. Times are moved back with all triggers off, which only a superuser can; people then act through the
-- functions that sales tools call. For looking at reports; run it right after load.sql, in the same session.
\set ON_ERROR_STOP on
\o /dev/null
BEGIN;

-- The leads of a pool came in the order in which it took its turns; who submitted again, did so later.
CREATE TEMP TABLE past AS
    WITH told AS (
        SELECT l.id, l.created_at AS came, l.duplicate_of, coalesce(l.pool, l.id::text) AS line,
               pg_temp.dice('day', l.id::integer, 8 * 7 * 24 * 60) * interval '1 minute' AS back FROM leadroute.leads l
    ), placed AS (
        SELECT t.*, row_number() OVER (PARTITION BY t.line ORDER BY t.id) AS turn, row_number() OVER (PARTITION BY t.line ORDER BY t.back DESC) AS place FROM told t
    ), in_order AS (
        SELECT a.id, a.came, a.duplicate_of, b.back FROM placed a JOIN placed b ON b.line = a.line AND b.place = a.turn
    )
    SELECT a.id AS lead_id, a.came, coalesce(f.back * (pg_temp.dice('again', a.id::integer, 100) / 100.0), a.back) AS back
      FROM in_order a LEFT JOIN in_order f ON f.id = a.duplicate_of;

SET LOCAL session_replication_role = replica;
UPDATE leadroute.leads l
   SET created_at = l.created_at - p.back, updated_at = l.updated_at - p.back, routed_at = l.routed_at - p.back,
       occurred_at = least(l.occurred_at, p.came) - p.back, sla_due_at = l.sla_due_at - p.back
  FROM past p WHERE p.lead_id = l.id;
UPDATE leadroute.decisions d SET decided_at = d.decided_at - p.back FROM past p WHERE p.lead_id = d.lead_id;
UPDATE leadroute.notifications n SET created_at = n.created_at - p.back, acked_at = n.created_at - p.back + interval '2 seconds'
  FROM past p WHERE p.lead_id = n.lead_id;
UPDATE leadroute.sla_clocks c SET started_at = c.started_at - p.back, due_at = c.due_at - p.back, next_at = c.next_at - p.back
  FROM past p WHERE p.lead_id = c.lead_id;
UPDATE leadroute.lead_events e SET occurred_at = e.occurred_at - p.back, recorded_at = e.recorded_at - p.back FROM past p WHERE p.lead_id = e.lead_id;
UPDATE leadroute.config_history h SET changed_at = h.changed_at - interval '70 days';
SET LOCAL session_replication_role = origin;

-- Four of five are answered in time; teams differ.
CREATE TEMP TABLE clock AS
    SELECT c.lead_id, c.started_at, c.due_at, c.due_at - c.started_at AS allowed, pg_temp.dice('answer', c.lead_id::integer, 100)
           + CASE l.territory WHEN 'latam' THEN 12 WHEN 'nordics' THEN -12 ELSE 0 END AS luck
      FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id WHERE c.stopped_at IS NULL AND l.owner_id IS NOT NULL;
SELECT count(leadroute.record_response(l.id, l.owner_id, pg_temp.pick('channel', l.id::integer, '{phone,email,email,meeting,chat}'),
        c.started_at + c.allowed * (0.05 + 0.9 * (pg_temp.dice('speed', l.id::integer, 1000) / 1000.0) ^ 1.5), true)) AS in_time
  FROM clock c JOIN leadroute.leads l ON l.id = c.lead_id WHERE c.luck < 80;

-- The others move on, and most are answered then.
SELECT leadroute.escalate_overdue(10000) AS escalated;
SELECT count(leadroute.record_response(l.id, l.owner_id, 'phone', least(c.due_at + c.allowed * (0.2 + pg_temp.dice('late', l.id::integer, 80) / 10.0), now()), true)) AS late
  FROM clock c JOIN leadroute.leads l ON l.id = c.lead_id
 WHERE c.luck BETWEEN 80 AND 96 AND l.owner_id IS NOT NULL AND l.first_response_at IS NULL;
SELECT leadroute.escalate_overdue(10000) AS again, leadroute.escalate_overdue(10000) AS to_the_last, leadroute.escalate_overdue(10000) AS step;

-- What people moved by hand.
SELECT count(leadroute.transfer_lead(l.id, r.id, pg_temp.pick('why', l.id::integer, '{wrong_territory,wrong_territory,wrong_skill,bad_fit,duplicate}'))) AS moved
  FROM leadroute.leads l
 CROSS JOIN LATERAL (SELECT m.rep_id FROM leadroute.pool_members m WHERE m.pool = l.pool AND m.rep_id <> l.owner_id ORDER BY m.rep_id LIMIT 1) r (id)
 WHERE l.duplicate_of IS NULL AND l.status IN ('assigned', 'working') AND pg_temp.dice('moved', l.id::integer, 100) < 2;

-- What became of leads that are two weeks old: the better the score, the more are won.
SELECT count(leadroute.close_lead(l.id, e.status, CASE e.status WHEN 'converted' THEN e.amount END,
        least(l.created_at + interval '3 days' + pg_temp.dice('days', l.id::integer, 12) * interval '1 day', now()))) AS closed
  FROM leadroute.leads l
 CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.dice('won', l.id::integer, 120) < 6 + least(coalesce(l.score, 0), 100) / 2 THEN 'converted'
                                 WHEN pg_temp.dice('lost', l.id::integer, 3) = 0 THEN 'disqualified' ELSE 'lost' END AS status,
                            round(least(coalesce(l.employees, 20), 4000) * 30 + pg_temp.dice('amount', l.id::integer, 4000), -2) AS amount) e
 WHERE l.duplicate_of IS NULL AND l.status IN ('assigned', 'working') AND l.first_response_at IS NOT NULL
   AND l.created_at < now() - interval '14 days' AND pg_temp.dice('closed', l.id::integer, 10) < 7;

-- What was decided while this ran happened then.
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE happened AS
    SELECT d.id, d.lead_id, d.cause, d.previous_owner_id,
           CASE WHEN d.cause = 'escalation' THEN c.due_at + interval '5 seconds' + (c.due_at - c.started_at)
                         * (row_number() OVER (PARTITION BY d.lead_id, d.cause ORDER BY d.id) - 1)
                WHEN d.reason LIKE 'closed as %' THEN l.closed_at
                WHEN d.cause = 'manual' THEN greatest(l.first_response_at, l.created_at) + interval '2 hours'
                WHEN d.cause = 'response' THEN l.first_response_at
                ELSE l.created_at END AS at
      FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id LEFT JOIN (SELECT lead_id, min(started_at) AS started_at, min(due_at) AS due_at FROM leadroute.sla_clocks GROUP BY lead_id) c ON c.lead_id = d.lead_id
     WHERE d.cause IN ('escalation', 'manual', 'response', 'reroute');
UPDATE leadroute.decisions d SET decided_at = h.at FROM happened h WHERE h.id = d.id;
UPDATE leadroute.notifications n SET created_at = h.at, acked_at = h.at + interval '2 seconds' FROM happened h WHERE h.id = n.decision_id;
UPDATE leadroute.past_stints s SET until = greatest(h.at, s.since) FROM happened h
 WHERE h.lead_id = s.lead_id AND h.previous_owner_id IS NOT DISTINCT FROM s.owner_id AND s.ended = CASE h.cause WHEN 'escalation' THEN 'escalated' WHEN 'manual' THEN 'transferred' END;
UPDATE leadroute.past_stints s SET since = b.until FROM leadroute.past_stints b WHERE b.lead_id = s.lead_id AND b.no = s.no - 1;
SET LOCAL session_replication_role = origin;
COMMIT;
\o
