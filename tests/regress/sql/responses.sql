-- responses: the first meaningful one stops the clock.
\i setup.sql
INSERT INTO leadroute.reps (id, manager_id) VALUES ('max', NULL);
INSERT INTO leadroute.reps (id, manager_id) VALUES ('ann', 'max'), ('bob', 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.territories (name) VALUES ('north');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'north');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES
    ('a@acme.com', 'demo_request', now() - interval '3 minutes'), ('b@bolt.com', 'demo_request', now() - interval '20 minutes'),
    ('c@corp.com', 'newsletter', now() - interval '1 minute'), ('a+again@acme.com', 'demo_request', NULL);
SELECT id, status, owner_id, duplicate_of FROM leadroute.leads ORDER BY id;
CREATE VIEW story.clock AS SELECT lead_id, policy, stopped_at IS NOT NULL AS stopped, next_at IS NULL AS off, stopped_at <= due_at AS in_time FROM leadroute.sla_clocks ORDER BY id;

-- An automatic reply stops nothing, nor does a change of owner.
SELECT leadroute.record_response(1, 'ann', 'email', meaningful => false);
SELECT leadroute.transfer_lead(1, 'bob') IS NOT NULL AS moved;
TABLE story.clock;
-- A person's does, whoever of the team it is; what comes later is only noted.
SELECT leadroute.record_response(1, 'ann', 'phone');
SELECT leadroute.record_response(1, 'bob', 'email');
SELECT leadroute.record_response(2, 'bob', 'phone', now() - interval '2 minutes');
TABLE story.clock;
SELECT id, status, first_response_at IS NOT NULL AS answered FROM leadroute.leads ORDER BY id;
SELECT cause, owner_id, previous_owner_id, reason FROM leadroute.decisions WHERE lead_id = 1 ORDER BY id;
SELECT lead_id, rep_id, channel, meaningful FROM leadroute.responses ORDER BY id;
-- A response to a touch is one to the first lead.
SELECT leadroute.record_response(4, 'bob', 'chat');
SELECT lead_id, channel FROM leadroute.responses ORDER BY id DESC LIMIT 1;
-- The ladder leaves an answered lead alone.
SELECT leadroute.escalate_overdue(as_of => now() + interval '30 minutes');

-- Bad input.
SELECT * FROM story.try($$SELECT leadroute.record_response(99, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.record_response(NULL, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.record_response(3, 'zoe')$$);
SELECT code, regexp_replace(message, '\(.*?\)', '(...)', 'g') AS message, hint FROM story.try($$SELECT leadroute.record_response(3, 'ann', 'phone', now() - interval '1 hour')$$);
-- A time in the future is now.
SELECT leadroute.record_response(3, 'ann', 'phone', 'infinity');
SELECT at <= now() + interval '1 minute' AS now FROM leadroute.responses ORDER BY id DESC LIMIT 1;

-- What analysts see.
SELECT lead_id, owner_id, territory, event, intent, answered_by, channel, date_trunc('minute', time_to_response) AS time_to_response, policy, is_breached
  FROM leadroute.speed_to_lead ORDER BY lead_id;
SELECT dimension, value, leads, answered, date_trunc('minute', p50) AS p50, date_trunc('minute', p99) AS p99 FROM leadroute.speed_percentiles WHERE dimension <> 'week' ORDER BY 1, 2;
TABLE leadroute.sla_by_rep ORDER BY 1;
TABLE leadroute.sla_by_territory ORDER BY 1;

-- A period says of its rows what the view says, also of an action long before it; the audit has the same median.
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('old@import.com', 'demo_request', now() - interval '3 days');
SELECT leadroute.record_response(max(id), 'ann', 'phone') AS stopped FROM leadroute.leads;
WITH seen AS MATERIALIZED (SELECT * FROM leadroute.speed_to_lead WHERE counted_at >= now() - interval '5 minutes'),
     told AS MATERIALIZED (SELECT * FROM leadroute.speed_to_lead(now() - interval '5 minutes', 'infinity'))
SELECT (SELECT count(*) FROM told) AS rows, (SELECT count(channel) FROM told) AS answered, (SELECT count(notified_at) FROM told) AS told,
       (SELECT count(*) FROM (TABLE seen EXCEPT TABLE told) m) AS missing, (SELECT count(*) FROM (TABLE told EXCEPT TABLE seen) o) AS other;
SELECT a.n = s.n AS n, a.value = s.minutes AS median
  FROM leadroute.audit_measures('-infinity', 'infinity') a,
       (SELECT count(time_to_response) AS n, round((extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY time_to_response)) / 60)::numeric, 1) AS minutes
          FROM leadroute.speed_to_lead) s
 WHERE a.measure = 'median response';
