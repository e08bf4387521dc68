-- How fast leads are answered: rows and sums of a period are what the raw tables say, of many leads with all that can happen to their clocks.
\i setup.sql
INSERT INTO leadroute.reps (id, manager_id, tenant) VALUES ('max', NULL, ''), ('ann', 'max', ''), ('bob', 'max', ''), ('zoe', NULL, 'beta');
INSERT INTO leadroute.event_types (name, intent) VALUES ('étude', 'low') ON CONFLICT DO NOTHING;
-- 400 leads of March to July, not in the order of their ids, 20 of a June long before, in the order of theirs, and one that came last. Every fifth is an import of what happened months before it came, every 13th a touch.
INSERT INTO leadroute.leads (id, tenant, email, owner_id, status, occurred_at, created_at, routed_at, event, territory, source, duplicate_of)
SELECT n, t.tenant, n || '@x' || n || '.com', CASE n % 3 WHEN 0 THEN 'ann' WHEN 1 THEN CASE t.tenant WHEN '' THEN 'bob' ELSE 'zoe' END END, CASE n % 3 WHEN 2 THEN 'nurture' ELSE 'assigned' END,
       CASE WHEN n % 41 = 0 THEN NULL WHEN n % 5 = 0 THEN c.at - interval '100 days' ELSE c.at END, c.at, c.at, ('{demo_request,Demo_Request,ÉTUDE,other,NULL}'::text[])[1 + n % 5],
       ('{north,south,NULL}'::text[])[1 + n % 3], ('{web,ads}'::text[])[1 + n % 2], CASE WHEN n % 13 = 0 THEN 1 END
  FROM (SELECT generate_series(1, 400) UNION SELECT generate_series(401, 420) UNION SELECT 450) i (n),
       LATERAL (SELECT CASE WHEN n <= 400 THEN timestamptz '2026-03-01 UTC' + (n - 1) * 7919 % 400 * interval '9 hours' WHEN n = 450 THEN '2026-08-20 UTC' ELSE timestamptz '2025-06-01 UTC' + (n - 401) * interval '1 day' END AS at) c, LATERAL (SELECT CASE n % 7 WHEN 3 THEN 'beta' ELSE '' END AS tenant) t;
-- None, one or several clocks, each 20 days after the one before: answered at once, after hours or days, taken up, ended without an answer, or running.
INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, stopped_at, ended, answered_by, of_rep, of_event, tenant)
SELECT l.id, 'p', s.at, s.at + interval '10 minutes', CASE e.ended WHEN 'answered' THEN s.at + (l.id % 4) * interval '7 minutes' ELSE CASE WHEN e.ended IS NOT NULL THEN s.at + interval '3 hours' END END, e.ended,
       CASE e.ended WHEN 'answered' THEN 'bob' WHEN 'worked' THEN 'ann' END, l.owner_id, CASE WHEN k > 0 THEN 'demo_request' END, l.tenant
  FROM leadroute.leads l, generate_series(0, 3) k, LATERAL (SELECT l.created_at + k * interval '20 days' AS at) s,
       LATERAL (SELECT ('{answered,worked,replaced,restarted,NULL}'::text[])[1 + (l.id + k) % 5] AS ended) e
 WHERE k < l.id % 4;
-- Decisions of routing and of others, before and after; the first of an import is long after its action.
INSERT INTO leadroute.decisions (lead_id, decided_at, cause, layer, outcome, owner_id, reason, tenant)
SELECT l.id, l.created_at + k * interval '15 days' + interval '2 seconds', ('{insert,escalation,reroute,manual}'::text[])[1 + (l.id + k) % 4], 'distribution', 'owner', 'ann', 'by hand', l.tenant
  FROM leadroute.leads l, generate_series(0, 4) k WHERE k <= l.id % 5;
INSERT INTO leadroute.notifications (lead_id, decision_id, kind, rep_id, created_at, tenant)
SELECT d.lead_id, d.id, 'assigned', 'ann', d.decided_at + interval '1 second', d.tenant FROM leadroute.decisions d WHERE d.id % 3 <> 0;
-- What ended a clock, twice at the same moment, an answer from before, one half a minute before the action, and automatic replies.
INSERT INTO leadroute.responses (lead_id, rep_id, channel, at, meaningful, tenant)
SELECT c.lead_id, 'bob', ('{phone,email,NULL}'::text[])[1 + (c.lead_id + k) % 3], c.stopped_at - CASE WHEN c.stopped_at = c.started_at THEN k * interval '2 days' ELSE interval '0' END, k < 2, c.tenant
  FROM leadroute.sla_clocks c, generate_series(0, 2) k WHERE c.ended = 'answered';
INSERT INTO leadroute.responses (lead_id, rep_id, channel, at, meaningful, tenant)
SELECT l.id, 'ann', 'chat', coalesce(l.occurred_at, l.created_at) + (k - 1) * interval '30 seconds' - (l.id % 8) * interval '10 seconds', l.id % 9 > 0, l.tenant
  FROM leadroute.leads l, generate_series(0, 3) k WHERE l.id % 4 = 0 AND l.id % 6 > 1;
-- Another answer to imports, after they came.
INSERT INTO leadroute.responses (lead_id, rep_id, channel, at, meaningful, tenant) SELECT l.id, 'bob', 'letter', l.created_at + interval '1 hour', true, l.tenant FROM leadroute.leads l WHERE l.id % 20 = 0;

-- The same from the raw tables, each row by itself.
CREATE VIEW story.actions AS
WITH action AS (
    SELECT l.id AS lead_id, c.id AS clock_id, l.tenant, coalesce(c.started_at, l.created_at) AS counted_at, CASE WHEN c.started_at < l.occurred_at OR l.occurred_at IS NULL THEN c.started_at ELSE l.occurred_at END AS acted_at,
           c.started_at, c.stopped_at, c.due_at, c.ended, c.answered_by, l.owner_id, coalesce(c.of_event, l.event) AS event, l.territory, l.source
      FROM leadroute.leads l LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id WHERE l.duplicate_of IS NULL
)
SELECT a.*, (SELECT min(d.decided_at) FROM leadroute.decisions d WHERE d.lead_id = a.lead_id AND d.decided_at >= a.acted_at AND d.cause IN ('insert', 'reroute')) AS routed_at,
       (SELECT min(n.created_at) FROM leadroute.notifications n WHERE n.lead_id = a.lead_id AND n.created_at >= a.acted_at) AS notified_at,
       CASE WHEN a.clock_id IS NULL THEN r.at WHEN a.ended IN ('answered', 'worked') THEN a.stopped_at END AS answered_at,
       CASE WHEN a.clock_id IS NULL THEN coalesce(r.rep_id, a.owner_id) ELSE coalesce(a.answered_by, a.owner_id) END AS rep, r.channel,
       CASE WHEN a.clock_id IS NOT NULL THEN (a.stopped_at IS NULL OR a.stopped_at > a.due_at) AND coalesce(a.ended, '') <> 'replaced' END AS is_late
  FROM action a LEFT JOIN LATERAL (
    SELECT x.* FROM leadroute.responses x
     WHERE x.lead_id = a.lead_id AND x.meaningful
       AND (a.clock_id IS NULL AND x.at + interval '1 minute' >= a.acted_at
            OR a.ended = 'answered' AND (x.at = a.stopped_at AND x.at >= a.started_at OR a.stopped_at = a.started_at AND x.at < a.started_at))
     ORDER BY x.at, x.id LIMIT 1) r ON true;
CREATE TABLE story.periods AS SELECT * FROM (VALUES
    ('all', timestamptz '-infinity', timestamptz 'infinity', NULL::text), ('April', '2026-04-01', '2026-05-01', NULL), ('a week, one tenant', '2026-05-11', '2026-05-18', ''), ('the other', '2026-05-11', '2026-06-18', 'beta'),
    ('when only clocks started', '2026-08-01', '2026-09-15', NULL), ('an hour', '2026-05-01 15:00 UTC', '2026-05-01 16:00 UTC', NULL), ('long ago', '2025-06-01', '2025-07-01', NULL), ('before all', '2025-01-01', '2025-02-01', NULL)) p (name, since, until, tenant);

-- A period is read in parts: each begins where the one before it ends, the first and last with the period, whatever clocks do meanwhile.
CREATE TABLE story.odd_periods AS SELECT * FROM story.periods UNION ALL SELECT * FROM (VALUES ('a microsecond', timestamptz '2026-05-01', timestamptz '2026-05-01 00:00:00.000001', NULL::text), ('nothing', '2026-05-01', '2026-05-01', NULL),
    ('over a day that Apia left out', '2011-12-25', '2012-01-03', NULL), ('when clocks go back', '2026-10-20', '2026-11-02', NULL), ('to come', '2100-01-01', '2200-01-01', NULL), ('since ever', '-infinity', '2026-04-01', NULL), ('from now on', now(), 'infinity', NULL),
    ('never', '-infinity', '-infinity', NULL), ('beyond', 'infinity', 'infinity', NULL)) o;
CREATE VIEW story.parts AS
SELECT k.parts, count(*) AS periods, count(*) FILTER (WHERE k.is_whole) AS whole, max(k.not_empty) FILTER (WHERE k.name = 'April') AS of_april, max(k.not_empty) FILTER (WHERE k.name ~ 'Apia') AS of_apia, max(k.not_empty) FILTER (WHERE k.name = 'an hour') AS of_an_hour
  FROM (SELECT p.name, n.parts, count(*) FILTER (WHERE k.since < k.until) AS not_empty,
               bool_and(k.since <= k.until) AND bool_and(k.since = coalesce(k.before, p.since)) AND max(k.until) = p.until AS is_whole
          FROM story.odd_periods p, (VALUES (1), (4), (6)) n (parts), LATERAL (SELECT e.since, e.until, lag(e.until) OVER (ORDER BY i) AS before FROM generate_series(1, n.parts) i, LATERAL leadroute_internal.period_part(p.since, p.until, p.tenant, i, n.parts) e) k
         GROUP BY p.name, p.since, p.until, n.parts) k GROUP BY k.parts ORDER BY k.parts;
SET TimeZone = 'Europe/Berlin';
TABLE story.parts;
SET TimeZone = 'Pacific/Apia';
TABLE story.parts;
RESET TimeZone;
-- Rows: all are there, and no other. Of some the lead came before the period.
SELECT p.name, count(*) AS rows, count(*) FILTER (WHERE l.created_at < p.since) AS of_earlier, count(a.answered_at) AS answered, count(a.channel) AS with_channel, count(a.routed_at) AS routed
  FROM story.periods p JOIN story.actions a ON a.counted_at >= p.since AND a.counted_at < p.until AND a.tenant = coalesce(p.tenant, a.tenant) JOIN leadroute.leads l ON l.id = a.lead_id GROUP BY p.name ORDER BY 2 DESC, 1;
CREATE FUNCTION story.told(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (row_of text) LANGUAGE sql AS $$
    SELECT format('%s %s %s %s %s %s %s %s %s', s.lead_id, s.clock_id, s.tenant, s.occurred_at, s.routed_at, s.first_response_at, s.channel, s.is_breached, s.counted_at) FROM leadroute.speed_to_lead(since, until, tenant) s $$;
CREATE FUNCTION story.counted(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (row_of text) LANGUAGE sql AS $$
    SELECT format('%s %s %s %s %s %s %s %s %s', a.lead_id, a.clock_id, a.tenant, a.acted_at, a.routed_at, a.answered_at, a.channel, a.is_late, a.counted_at) FROM story.actions a
     WHERE a.counted_at >= counted.since AND a.counted_at < counted.until AND a.tenant = coalesce(counted.tenant, a.tenant) $$;
SELECT p.name, d.* FROM story.periods p, LATERAL ((SELECT 'told', * FROM (SELECT * FROM story.told(p.since, p.until, p.tenant) EXCEPT ALL SELECT * FROM story.counted(p.since, p.until, p.tenant)) x)
    UNION ALL (SELECT 'counted', * FROM (SELECT * FROM story.counted(p.since, p.until, p.tenant) EXCEPT ALL SELECT * FROM story.told(p.since, p.until, p.tenant)) y)) d ORDER BY 1, 2, 3 LIMIT 20;
-- The view has all of them, with the same columns.
SELECT count(*) FROM (SELECT * FROM leadroute.speed_to_lead EXCEPT ALL SELECT * FROM leadroute.speed_to_lead('-infinity', 'infinity')) x;
SELECT count(*) FROM (SELECT * FROM leadroute.speed_to_lead('-infinity', 'infinity') EXCEPT ALL SELECT * FROM leadroute.speed_to_lead) x;
SELECT count(*), count(*) FILTER (WHERE s.notified_at IS DISTINCT FROM a.notified_at) AS otherwise FROM leadroute.speed_to_lead s JOIN story.actions a ON (a.lead_id, coalesce(a.clock_id, 0)) = (s.lead_id, coalesce(s.clock_id, 0)) WHERE a.acted_at IS NOT NULL;

-- Sums by each dimension.
CREATE FUNCTION story.by_dimension(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (dimension text, value text, tenant text, leads bigint, n bigint, answered bigint, met bigint, p50 numeric, route numeric) LANGUAGE sql AS $$
    SELECT d.dimension, d.value, a.tenant, count(DISTINCT a.lead_id), count(*), count(a.answered_at), count(*) FILTER (WHERE a.answered_at IS NOT NULL AND NOT a.is_late),
           round(percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN a.answered_at > a.acted_at THEN extract(epoch FROM a.answered_at - a.acted_at) WHEN a.answered_at <= a.acted_at THEN 0 END)::numeric, 3),
           round(percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM a.routed_at - a.acted_at))::numeric, 3)
      FROM story.actions a LEFT JOIN leadroute.reps r ON r.id = a.rep LEFT JOIN leadroute.event_types e ON e.name = lower(a.event)
     CROSS JOIN LATERAL (VALUES ('all', 'all'), ('rep', a.rep), ('team', r.manager_id), ('territory', a.territory), ('source', a.source), ('channel', a.channel), ('event', a.event),
                                ('intent', coalesce(e.intent, 'medium')), ('week', to_char(a.counted_at, 'IYYY-"W"IW')), ('pool', NULL)) d (dimension, value)
     WHERE a.counted_at >= by_dimension.since AND a.counted_at < by_dimension.until AND a.tenant = coalesce(by_dimension.tenant, a.tenant)
     GROUP BY d.dimension, d.value, a.tenant $$;
CREATE FUNCTION story.percentiles(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (dimension text, value text, tenant text, leads bigint, n bigint, answered bigint, met bigint, p50 numeric, route numeric) LANGUAGE sql AS $$
    SELECT s.dimension, s.value, s.tenant, s.leads, s.n, s.answered, s.within_target, round(extract(epoch FROM s.p50), 3), round(extract(epoch FROM s.p99_to_route), 3)
      FROM leadroute.speed_percentiles(since, until, tenant) s WHERE s.dimension NOT IN ('segment', 'tier', 'campaign') $$;
SET timezone = 'Europe/Berlin';
SELECT p.name, count(*) AS rows, sum(t.n) FILTER (WHERE t.dimension = 'all') AS n FROM story.periods p, LATERAL story.percentiles(p.since, p.until, p.tenant) t GROUP BY p.name ORDER BY 2 DESC, 1;
SELECT p.name, d.* FROM story.periods p, LATERAL ((SELECT 'told', * FROM (SELECT * FROM story.percentiles(p.since, p.until, p.tenant) EXCEPT ALL SELECT * FROM story.by_dimension(p.since, p.until, p.tenant)) x)
    UNION ALL (SELECT 'counted', * FROM (SELECT * FROM story.by_dimension(p.since, p.until, p.tenant) EXCEPT ALL SELECT * FROM story.percentiles(p.since, p.until, p.tenant)) y)) d ORDER BY 1, 2, 3, 4 LIMIT 20;
-- Where numbers and times do not go together everything is looked up; of a period without leads there is nothing to read between two.
SELECT p.name, e.first_id IS NOT NULL AS is_dense FROM story.periods p, LATERAL leadroute_internal.speed_part(p.since, p.until, p.tenant, 1, 1) e ORDER BY 2, 1;

-- The same by workers alone, which hand over to each other.
CREATE TABLE story.rows_alone AS SELECT p.name, md5(string_agg(t.row_of, ',' ORDER BY t.row_of COLLATE "C")) AS told FROM story.periods p, LATERAL story.told(p.since, p.until, p.tenant) t GROUP BY p.name;
CREATE TABLE story.alone AS SELECT p.name, t.* FROM story.periods p, LATERAL leadroute.speed_percentiles(p.since, p.until, p.tenant) t;
\set shared 'SELECT leadroute_internal.speed_figures(''action'', l.tenant, l.id, NULL, l.occurred_at, NULL, l.occurred_at + l.id * interval ''1 second'', NULL, l.id % 2 = 0, false, l.owner_id, NULL, l.territory, l.source, NULL, NULL, NULL, NULL, NULL, l.event, NULL, l.created_at) AS told FROM leadroute.leads l'
CREATE TABLE story.told_alone AS SELECT k.* FROM (:shared) a, json_array_elements(a.told) WITH ORDINALITY k (told, place);
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET min_parallel_table_scan_size = 0;
SET min_parallel_index_scan_size = 0;
SET parallel_tuple_cost = 0;
SET parallel_setup_cost = 0;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT substring(p FROM 'Finalize Aggregate|Gather|Partial Aggregate|Workers Launched: (?=[1-9])') AS plan FROM story.run_plan(:'shared') p WHERE p ~ 'Aggregate|Gather|Launched';
SELECT count(*) FROM story.told_alone;
SELECT count(*) FROM (SELECT told::text FROM story.told_alone EXCEPT ALL SELECT k::text FROM (:shared) a, json_array_elements(a.told) k) x;
RESET enable_indexscan;
RESET enable_bitmapscan;
SELECT count(*) FROM (TABLE story.alone EXCEPT ALL SELECT p.name, t.* FROM story.periods p, LATERAL leadroute.speed_percentiles(p.since, p.until, p.tenant) t) x;
SELECT count(*) FROM (SELECT p.name, t.* FROM story.periods p, LATERAL leadroute.speed_percentiles(p.since, p.until, p.tenant) t EXCEPT ALL TABLE story.alone) x;
-- Parts of a period, too.
SELECT DISTINCT substring(p FROM 'Gather|Parallel Append|Workers Launched: (?=[1-9])') AS plan FROM story.run_plan('SELECT count(s.channel) FROM leadroute.speed_to_lead(''-infinity'', ''infinity'') s') p WHERE p ~ 'Gather|Parallel Append|Launched' ORDER BY 1;
SELECT a.name, t.name FROM story.rows_alone a FULL JOIN (SELECT p.name, md5(string_agg(t.row_of, ',' ORDER BY t.row_of COLLATE "C")) AS told FROM story.periods p, LATERAL story.told(p.since, p.until, p.tenant) t GROUP BY p.name) t ON (t.name, t.told) = (a.name, a.told) WHERE a.name IS NULL OR t.name IS NULL;
SELECT count(*) FROM story.rows_alone;
-- Nobody calls the pieces of the aggregate by themselves; versions of PostgreSQL say so in other words.
SELECT f, t.code IN ('42883', '0A000') AS is_refused FROM unnest('{"speed_told(NULL)","speed_join(NULL, NULL)","speed_in(''\\x00'', NULL)"}'::text[]) f, story.try('SELECT leadroute_internal.' || f) t;
