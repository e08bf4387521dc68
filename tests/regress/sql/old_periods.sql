-- Reports of long ago, and of tenants: what fell back, was escalated, moved or never routed counts in the period of its lead, also when it happened later, and
-- as plain SQL over the raw tables says.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.queues (name, kind) VALUES ('north', 'fallback') ON CONFLICT DO NOTHING;
-- 400 leads of 100 days, their numbers not quite in the order in which they came; what happens to them happens up to 40 days later.
SET session_replication_role = replica;
INSERT INTO leadroute.leads (id, tenant, owner_id, queue, status, created_at, routed_at, decision_id, duplicate_of)
SELECT n, CASE n % 3 WHEN 0 THEN 'beta' ELSE '' END, CASE WHEN n % 13 > 0 THEN 'ann' END, NULL, CASE n % 13 WHEN 0 THEN 'new' ELSE 'assigned' END,
       timestamptz '2026-01-01 UTC' + n * interval '6 hours' + n % 5 * interval '1 day', CASE WHEN n % 13 > 0 THEN timestamptz '2026-01-01 UTC' END, CASE WHEN n % 13 > 0 THEN 10 * n END, CASE n % 11 WHEN 0 THEN 1 END
  FROM generate_series(1, 400) n;
-- The first decision, one that falls back later, two steps of a ladder, a move to somebody else, by hand, with and without a reason.
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, owner_id, previous_owner_id, queue, pool, segment, reason_code, reason, trace, tenant)
SELECT 10 * l.id + d.no, l.id, l.created_at + d.later, d.cause, d.layer, d.outcome, d.owner_id, d.previous_owner_id, d.queue, CASE d.layer WHEN 'distribution' THEN 'p' END, 's' || l.id % 2, d.code, 'by hand',
       CASE WHEN d.layer = 'fallback' AND l.id % 21 = 0 THEN '[{"code": "error"}]'::jsonb ELSE '[]' END, l.tenant
  FROM leadroute.leads l, LATERAL (VALUES
       (0, interval '1 second', 'insert', CASE l.id % 7 WHEN 0 THEN 'fallback' ELSE 'distribution' END, CASE l.id % 7 WHEN 0 THEN 'queue' ELSE 'owner' END, CASE WHEN l.id % 7 > 0 THEN 'ann' END, NULL,
           CASE WHEN l.id % 7 = 0 THEN ('{catch_all,north,gone}'::text[])[1 + l.id % 3] END, NULL, true),
       (1, '3 days', 'reroute', 'fallback', 'queue', NULL, 'ann', 'catch_all', NULL, l.id % 5 = 0),
       (2, '10 days', 'escalation', NULL, 'owner', 'ann', 'ann', NULL, NULL, l.id % 6 = 0), (3, '40 days', 'escalation', NULL, 'owner', 'ann', 'ann', NULL, NULL, l.id % 12 = 0),
       (4, CASE l.id % 8 WHEN 0 THEN interval '1 day' ELSE '20 days' END, 'manual', NULL, 'owner', 'bob', 'ann', NULL, ('{wrong_territory,bad_fit,NULL}'::text[])[1 + l.id % 3], l.id % 4 = 0 AND l.id % 7 > 0)) d
       (no, later, cause, layer, outcome, owner_id, previous_owner_id, queue, code, is_there)
 WHERE l.decision_id IS NOT NULL AND d.is_there;
RESET session_replication_role;
CREATE VIEW story.told AS
SELECT l.id, l.tenant, l.created_at, l.duplicate_of IS NULL AS is_lead, l.decision_id IS NULL AS waits, f.layer = 'fallback' AS fell, f.layer = 'fallback' AND coalesce(q.kind, 'catch_all') = 'catch_all' AS found_nobody,
       f.layer = 'fallback' AND f.trace @> '[{"code": "error"}]' AS failed, EXISTS (SELECT FROM leadroute.decisions d WHERE d.lead_id = l.id AND d.cause = 'escalation') AS escalated,
       -- a code of misroutes at any time; without one within three days
       f.layer = 'distribution' AND EXISTS (SELECT FROM leadroute.decisions d LEFT JOIN leadroute.reason_codes c ON c.code = d.reason_code
                                              WHERE d.lead_id = l.id AND d.cause = 'manual' AND coalesce(c.kind = 'misroute', d.decided_at < l.created_at + interval '3 days') AND c.kind IS DISTINCT FROM 'lead') AS misrouted, f.segment
  FROM leadroute.leads l
  LEFT JOIN leadroute.decisions f ON f.id = 10 * l.id
  LEFT JOIN leadroute.queues q ON q.name = f.queue;
CREATE TABLE story.periods AS SELECT * FROM (VALUES
    ('all', timestamptz '-infinity', timestamptz 'infinity', NULL::text), ('January', '2026-01-01', '2026-02-01', NULL), ('a week of one tenant', '2026-01-12', '2026-01-19', 'beta'), ('the last week', '2026-04-06', '2026-04-13', NULL),
    ('an hour', '2026-01-20 06:00', '2026-01-20 07:00', NULL), ('before all', '2025-01-01', '2025-02-01', NULL), ('nothing', '2026-02-01', '2026-02-01', NULL), ('a tenant without leads', '-infinity', 'infinity', 'none')) p (name, since, until, tenant);
-- Decisions are found in both ways: by lead, and by time.
SELECT p.name, leadroute_internal.is_old(e.first_id, e.last_id) FROM story.periods p, LATERAL leadroute_internal.period_part(p.since, p.until, p.tenant, 1, 1) e ORDER BY 1;
CREATE VIEW story.counted AS
SELECT p.name, count(t.id) FILTER (WHERE t.is_lead) AS leads, count(*) FILTER (WHERE t.is_lead AND (t.found_nobody OR t.waits)) AS unrouted, count(*) FILTER (WHERE t.is_lead AND t.fell) AS fallback,
       count(*) FILTER (WHERE t.is_lead AND t.failed) AS errors, count(*) FILTER (WHERE t.is_lead AND t.escalated) AS escalated, count(*) FILTER (WHERE t.is_lead AND t.misrouted) AS misrouted
  FROM story.periods p LEFT JOIN story.told t ON t.created_at >= p.since AND t.created_at < p.until AND t.tenant = coalesce(p.tenant, t.tenant) GROUP BY p.name;
SELECT * FROM story.counted ORDER BY leads, name;
SELECT p.name, u.* FROM story.periods p JOIN story.counted c USING (name),
       LATERAL (SELECT coalesce(sum(r.leads), 0) AS leads, coalesce(sum(r.unrouted), 0) AS unrouted, coalesce(sum(r.fallback), 0) AS fallback, coalesce(sum(r.errors), 0) AS errors FROM leadroute.unrouted_rate(p.since, p.until, p.tenant) r) u
 WHERE (u.leads, u.unrouted, u.fallback, u.errors) <> (c.leads, c.unrouted, c.fallback, c.errors);
SELECT p.name, m.* FROM story.periods p JOIN story.counted c USING (name), LATERAL (SELECT count(*) AS misrouted FROM leadroute.misrouted_leads(p.since, p.until, p.tenant)) m WHERE m.misrouted <> c.misrouted;
SELECT p.name, a.measure, a.value, a.detail FROM story.periods p JOIN story.counted c USING (name), LATERAL leadroute.audit_measures(p.since, p.until, p.tenant) a
 WHERE CASE a.measure WHEN 'leads' THEN a.value <> c.leads WHEN 'unrouted' THEN a.detail <> format('%s leads for which nobody was found, of these %s after an error', c.unrouted, c.errors)
                      WHEN 'fallback' THEN a.detail NOT LIKE c.fallback || ' %' WHEN 'escalated' THEN a.detail NOT LIKE c.escalated || ' %' WHEN 'misrouted' THEN a.detail NOT LIKE c.misrouted || ' %' END;
-- The week of the lead, and not of its decision.
CREATE VIEW story.weeks AS SELECT date_trunc('week', t.created_at)::date AS week, count(*) AS leads, count(*) FILTER (WHERE t.found_nobody OR t.waits) AS unrouted, count(*) FILTER (WHERE t.fell) AS fallback
  FROM story.told t WHERE t.is_lead AND t.created_at >= '2026-01-12' AND t.created_at < '2026-02-02' GROUP BY 1;
SELECT * FROM story.weeks c FULL JOIN (SELECT u.week, u.leads, u.unrouted, u.fallback FROM leadroute.unrouted_rate('2026-01-12', '2026-02-02') u) u USING (week, leads, unrouted, fallback) WHERE c IS NULL OR u IS NULL;
SELECT count(*) FROM story.weeks;
-- How they were routed first.
CREATE VIEW story.routed AS SELECT p.name, t.segment, count(*) AS leads FROM story.periods p JOIN story.told t ON t.is_lead AND NOT t.fell AND t.created_at >= p.since AND t.created_at < p.until AND t.tenant = coalesce(p.tenant, t.tenant) GROUP BY 1, 2;
SELECT name, segment, c.leads AS counted, f.leads AS told FROM story.routed c
  FULL JOIN (SELECT p.name, x ->> 'segment' AS segment, sum((x ->> 'leads')::bigint) AS leads
               FROM story.periods p CROSS JOIN LATERAL leadroute_internal.report_flows(p.since, p.until, p.tenant, NULL, NULL, NULL) r, jsonb_array_elements(r.found) x WHERE x ->> 'layer' = 'distribution' GROUP BY 1, 2) f USING (name, segment)
 WHERE c.leads IS DISTINCT FROM f.leads;
SELECT count(*) FROM story.routed;
-- The alarm, by tenant.
SELECT u.*, count(*) AS counted, count(*) FILTER (WHERE t.found_nobody OR t.waits) AS counted_unrouted
  FROM leadroute_internal.unrouted_since('2026-03-01') u JOIN story.told t ON t.tenant = u.tenant AND t.is_lead AND t.created_at >= '2026-03-01' GROUP BY u.tenant, u.leads, u.unrouted ORDER BY 1;
-- Who sees one tenant by row security sees what is told of it to those who see all, also by workers.
\set figures 'SELECT concat_ws('' '', (SELECT count(*) FROM leadroute.speed_to_lead(:since, ''infinity'', :tenant)), (SELECT sum(p.n) FROM leadroute.speed_percentiles(:since, ''infinity'', :tenant, ''all'') p), (SELECT concat_ws(''/'', sum(u.leads), sum(u.unrouted), sum(u.fallback)) FROM leadroute.unrouted_rate(:since, ''infinity'', :tenant) u), (SELECT count(*) FROM leadroute.misrouted_leads(:since, ''infinity'', :tenant)), (SELECT string_agg(a.detail, '', '' ORDER BY a.measure) FROM leadroute.audit_measures(:since, ''infinity'', :tenant) a WHERE a.measure IN (''unrouted'', ''escalated'', ''misrouted'')))'
\set tenant '''beta'''
\set since '''-infinity'''
:figures AS "all" \gset
\set since '''2026-02-20'''
:figures AS late \gset
CREATE ROLE story_reader;
SELECT leadroute.grant_role('analyst', 'story_reader');
ALTER TABLE leadroute.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE leadroute.decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_beta ON leadroute.leads TO story_reader USING (tenant = 'beta');
CREATE POLICY of_beta ON leadroute.decisions TO story_reader USING (tenant = 'beta');
SET ROLE story_reader;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
\set tenant NULL
:figures = :'late' AS is_late_the_same, :'late';
\set since '''-infinity'''
:figures = :'all' AS is_all_the_same, :'all';
RESET ROLE;
RESET parallel_leader_participation;
DROP OWNED BY story_reader;
DROP ROLE story_reader;
-- Numbers that are as far apart as they can be.
SET session_replication_role = replica;
UPDATE leadroute.leads SET id = -9223372036854775807 WHERE id = 2;
UPDATE leadroute.leads SET id = 9223372036854775807 WHERE id = 3;
RESET session_replication_role;
SELECT count(*) FROM leadroute.speed_to_lead('2025-12-01', '2026-12-01');
SELECT max(p.n) FROM leadroute.speed_percentiles('2025-12-01', '2026-12-01') p;
SELECT sum(u.leads) FROM leadroute.unrouted_rate('2026-01-01', '2026-12-01') u;
