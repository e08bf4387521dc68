-- Reports count what fell into a period, half open, by the time zone of the session; their parts add up to the whole.
\i setup.sql
INSERT INTO leadroute.reps (id, manager_id, tenant) VALUES ('max', NULL, ''), ('ann', 'max', ''), ('bob', 'max', ''), ('zoe', NULL, 'beta');
-- Rows by hand, so that each time is known. A lead came at at, and was routed three seconds later; its clock ran ten minutes.
CREATE FUNCTION story.came(id bigint, at timestamptz, owner_id text, layer text, answered_after interval DEFAULT NULL, tenant text DEFAULT '', queue text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO leadroute.leads (id, tenant, email, owner_id, queue, status, occurred_at, created_at, routed_at, decision_id, first_response_at, territory, source)
    VALUES (id, tenant, id || '@x' || id || '.com', owner_id, queue, CASE WHEN owner_id IS NULL THEN 'queued' WHEN answered_after IS NULL THEN 'assigned' ELSE 'working' END,
            at, at, at + '3 s', id, at + answered_after, 'north', CASE id % 2 WHEN 0 THEN 'web' END);
    INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, owner_id, queue, reason, tenant)
    VALUES (id, id, at + '3 s', 'insert', layer, CASE WHEN owner_id IS NULL THEN 'queue' ELSE 'owner' END, owner_id, queue, 'by hand', tenant);
    INSERT INTO leadroute.sla_clocks (lead_id, policy, started_at, due_at, stopped_at, ended, answered_by, of_rep, of_queue, of_territory, tenant)
    VALUES (id, 'p', at, at + '10 min', at + answered_after, CASE WHEN answered_after IS NOT NULL THEN 'answered' END, CASE WHEN answered_after IS NOT NULL THEN owner_id END, owner_id, queue, 'north', tenant);
    INSERT INTO leadroute.responses (lead_id, rep_id, channel, at, meaningful, tenant)
    SELECT id, owner_id, 'phone', at + answered_after, true, tenant WHERE answered_after IS NOT NULL $$;
SELECT count(story.came(l.id, l.at, l.owner_id, l.layer, l.answered_after, l.tenant, l.queue)) FROM (VALUES
    -- around the beginning and the end of October in Berlin (UTC+2, then UTC+1)
    (1, timestamptz '2026-09-30 21:59:59.999999+00', 'ann', 'distribution', interval '5 min', '', NULL::text),
    (2, '2026-09-30 22:00:00+00', 'ann', 'distribution', '8 min', '', NULL),
    -- the hour that the clock shows twice, 02:30
    (3, '2026-10-25 00:30:00+00', 'bob', 'distribution', '2 min', '', NULL),
    (4, '2026-10-25 01:30:00+00', 'bob', 'distribution', '20 min', '', NULL),
    -- the last moment of a Sunday, and the first of a Monday
    (5, '2026-10-25 22:59:59.999999+00', NULL, 'fallback', NULL, '', 'catch_all'),
    (6, '2026-10-25 23:00:00+00', NULL, 'fallback', NULL, '', 'partner'),
    (7, '2026-10-31 22:59:59.999999+00', 'ann', 'distribution', NULL, '', NULL),
    (8, '2026-10-31 23:00:00+00', 'ann', 'distribution', '1 min', '', NULL),
    -- in New York it is October until 04:00 UTC
    (9, '2026-11-01 03:59:59+00', 'ann', 'distribution', '3 min', '', NULL),
    (10, '2026-10-10 12:00:00+00', 'zoe', 'distribution', '4 min', 'beta', NULL)) l (id, at, owner_id, layer, answered_after, tenant, queue);
-- 11: a touch. 12: an import, without decision or clock. 13: came while routing was off.
INSERT INTO leadroute.leads (id, email, owner_id, status, duplicate_of, created_at, routed_at) VALUES (11, 't@t.com', 'ann', 'merged', 2, '2026-10-03', '2026-10-03');
INSERT INTO leadroute.leads (id, email, owner_id, status, created_at, occurred_at, routed_at) VALUES (12, 'i@i.com', 'bob', 'assigned', '2026-10-05', '2026-10-05', '2026-10-05');
INSERT INTO leadroute.leads (id, email, created_at, routed_at) VALUES (13, 'o@o.com', '2026-10-05', '-infinity');
SELECT setval('leadroute.decisions_id_seq', 100), setval('leadroute.leads_id_seq', 100);

SET timezone = 'Europe/Berlin';
-- October of Berlin: leads 2 to 7, 10, 12 and 13. Answered 2, 3, 4, 10, of these 4 late; 5, 6 and 7 ran out.
SELECT measure, value, unit, "limit", is_ok, n, detail FROM leadroute.monthly_audit('2026-10-17');
-- The limit is that of the alarm, of a tenant its own; switched off there is none.
INSERT INTO leadroute.alarm_thresholds (name, measure, "limit", tenants) VALUES ('of beta', 'unrouted_share', 30, '{beta}');
UPDATE leadroute.alarm_thresholds SET "limit" = 50 WHERE measure = 'unrouted_share' AND shipped;
SELECT t, m."limit", m.is_ok FROM unnest('{NULL,"",beta}'::text[]) t, leadroute.monthly_audit('2026-10-17', t) m WHERE measure = 'unrouted';
UPDATE leadroute.alarm_thresholds SET enabled = false WHERE measure = 'unrouted_share';
SELECT "limit", is_ok FROM leadroute.monthly_audit('2026-10-17') WHERE measure = 'unrouted';
SELECT measure, value, n FROM leadroute.monthly_audit('2026-10-17', 'beta') WHERE measure IN ('leads', 'answered within target', 'median response');
SELECT * FROM leadroute.unrouted_rate('2026-10-01', '2026-11-01') ORDER BY week;
SELECT rep_id, leads, leads_now, answered, tenant FROM leadroute.leads_by_rep('2026-10-01', '2026-11-01') ORDER BY 1;
SELECT rep_id, leads FROM leadroute.leads_by_rep('2026-10-25') ORDER BY 1;
SELECT rep_id, leads FROM leadroute.leads_by_rep('2026-10-26') ORDER BY 1;
SELECT rep_id, leads, tenant FROM leadroute.weekly_leads_by_rep('2026-10-10', 'beta') ORDER BY 1;
SELECT * FROM leadroute.leads_by_rep('2026-10-25') EXCEPT SELECT * FROM leadroute.weekly_leads_by_rep('2026-10-25');
SELECT rep_id, clocks, met, breached, running, ended, n, percent_met FROM leadroute.sla_by_rep('2026-10-01', '2026-11-01') ORDER BY 1;
SELECT territory, tenant, clocks, met, breached, running, ended, n, percent_met FROM leadroute.sla_by_territory('2026-10-01', '2026-11-01') ORDER BY 1, 2;
SELECT dimension, value, leads, n, answered, unanswered, within_target, percent_within_target, p50, p90, p50_to_route
  FROM leadroute.speed_percentiles('2026-10-01', '2026-11-01', '') WHERE dimension IN ('all', 'rep', 'team', 'source', 'channel', 'week') ORDER BY 1, 2;
SELECT dimension, value, n FROM leadroute.speed_percentiles('2026-10-01', '2026-11-01', 'beta', 'rep');
SELECT lead_id, counted_at, owner_then, time_to_route, time_to_response, is_breached, channel FROM leadroute.speed_to_lead('2026-10-01', '2026-11-01') ORDER BY 1;

-- The same month in New York and in UTC begins and ends elsewhere.
SET timezone = 'America/New_York';
SELECT value FROM leadroute.monthly_audit('2026-10-01') WHERE measure = 'leads';
SELECT count(*) FROM leadroute.speed_to_lead('2026-10-01', '2026-11-01');
SELECT week, leads FROM leadroute.unrouted_rate('2026-10-20', '2026-11-01') ORDER BY 1;
SELECT value, n FROM leadroute.speed_percentiles('2026-10-20', '2026-11-01', NULL, 'week') ORDER BY 1;
RESET timezone;
SET timezone = 'UTC';
SELECT value FROM leadroute.monthly_audit('2026-10-01') WHERE measure = 'leads';

-- A month in two halves is the month, wherever it is cut; nothing is in an empty period.
SELECT sum(n) FROM (SELECT (SELECT n FROM leadroute.audit_measures(since, until) WHERE measure = 'leads')
                      FROM (VALUES (timestamptz '-infinity', timestamptz '2026-10-25 00:30+00'), ('2026-10-25 00:30+00', 'infinity')) p (since, until)) h;
SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL;
SELECT measure, value, n FROM leadroute.audit_measures('2026-10-25 00:30+00', '2026-10-25 00:30+00') WHERE measure IN ('leads', 'unrouted', 'converted', 'value won');
-- What is no period, or no dimension.
SELECT f, p, t.code FROM unnest('{"(NULL, now())","(now(), NULL)","(now(), ''-infinity'')"}'::text[]) p,
    unnest('{audit_measures,unrouted_rate,misrouted_leads,leads_by_rep,sla_by_rep,sla_by_territory,speed_to_lead,speed_percentiles,pool_fairness,claim_patterns}'::text[]) f,
    story.try(format('SELECT FROM leadroute.%s%s', f, p)) t WHERE t.code = '00000';
SELECT * FROM story.try('SELECT FROM leadroute.sla_by_rep(NULL, now())');
SELECT * FROM story.try('SELECT FROM leadroute.sla_by_rep(''2026-10-02 12:00'', ''2026-10-01 12:00'')');
SELECT * FROM story.try('SELECT FROM leadroute.speed_percentiles(''-infinity'', ''infinity'', NULL, ''mood'')');
SELECT * FROM story.try('SELECT FROM leadroute.monthly_audit(NULL)');

-- What fell back counts in the period and the tenant of its lead, whatever was decided when. March: 301 and 302 found nobody, 302 after an error, and
-- 303 went to a queue of its own: 66.7, 100 and, as 301 was escalated twice, 33.3 %. 304 is of April, 305 of the other tenant, 306 a touch.
BEGIN;
SELECT count(story.came(l.id, l.at, NULL, 'fallback', NULL, l.tenant, l.queue)) FROM (VALUES (301, timestamptz '2026-03-05', '', 'catch_all'), (302, '2026-03-31 23:59:59', '', 'catch_all'),
    (303, '2026-03-06', '', 'partner'), (304, '2026-04-01', '', 'catch_all'), (305, '2026-03-07', 'beta', 'catch_all'), (306, '2026-03-08', '', 'catch_all')) l (id, at, tenant, queue);
UPDATE leadroute.leads SET duplicate_of = 301, status = 'merged', queue = NULL WHERE id = 306;
UPDATE leadroute.decisions SET trace = '[{"code": "error"}]' WHERE id = 302;
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, outcome, reason, tenant)
SELECT 400 + no, lead, at, 'escalation', 'queue', 'by hand', '' FROM (VALUES (1, 301, timestamptz '2026-03-05 01:00'), (2, 301, '2026-04-02'), (3, 304, '2026-04-02'), (4, 306, '2026-03-09')) e (no, lead, at);
SELECT p.month, p.tenant, m.measure, m.value, m.n, m.detail FROM (VALUES ('2026-03-01'::date, ''), ('2026-03-01', 'beta'), ('2026-04-01', NULL)) p (month, tenant), leadroute.monthly_audit(p.month, p.tenant) m
 WHERE m.measure IN ('unrouted', 'fallback', 'escalated') ORDER BY 1, 2, 3;
ROLLBACK;

-- The last times that there are, and infinite ones: -infinity is in no week; infinity in no period, as its end is no part of it.
BEGIN;
SELECT count(story.came(l.id, l.at, 'ann', 'distribution', NULL)) FROM (VALUES (201, timestamptz '-infinity'), (202, '294276-12-31 23:00:00+00'), (203, 'infinity'), (204, '0001-01-01 00:00:00+00 BC')) l (id, at);
SELECT value, n FROM leadroute.speed_percentiles('-infinity', 'infinity', '', 'week') ORDER BY 1;
SELECT lead_id, occurred_at, routed_at, is_breached FROM leadroute.speed_to_lead('-infinity', 'infinity') WHERE lead_id > 200 ORDER BY 1;
SELECT lead_id FROM leadroute.speed_to_lead('294276-12-31 00:00:00+00', '294276-12-31 23:59:59+00');
SELECT n FROM leadroute.speed_percentiles('4713-11-24 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', '', 'all');
SELECT f, t.code, t.message FROM unnest('{audit_measures,unrouted_rate,misrouted_leads,leads_by_rep,sla_by_rep,sla_by_territory,speed_to_lead,speed_percentiles,territory_balance,score_calibration,report_html,pool_fairness,claim_patterns}'::text[]) f,
    story.try(format('SELECT FROM leadroute.%s(''4713-11-24 00:00:00+00 BC'', ''294276-12-31 23:59:59.999999+00'')', f)) t WHERE t.code <> '00000';
ROLLBACK;

-- Closed, with what it was worth later, and closed otherwise after all: counted once.
SELECT leadroute.close_lead(2, 'converted') > 0, leadroute.close_lead(2, 'converted', 500) > 0, leadroute.close_lead(3, 'lost') > 0, leadroute.close_lead(3, 'converted', 70) > 0,
       leadroute.close_lead(7, 'converted', 30) > 0, leadroute.close_lead(7, 'disqualified') > 0;
UPDATE leadroute.leads SET status = 'working' WHERE id = 2;
SELECT rep_id, closed, converted, percent_converted, value_won FROM leadroute.leads_by_rep('-infinity', 'infinity', '') ORDER BY 1;
SELECT leadroute.close_lead(2, 'converted', 400, '2026-10-04') > 0;
SELECT rep_id, closed, converted, percent_converted, value_won FROM leadroute.leads_by_rep('-infinity', 'infinity', '') ORDER BY 1;
SELECT measure, value, n FROM leadroute.audit_measures('-infinity', 'infinity') WHERE measure IN ('converted', 'value won');

-- A lead that goes to somebody else, who is called something else later: whom it was given to, and who has it.
SELECT leadroute.transfer_lead(12, 'ann') > 0;
UPDATE leadroute.reps SET id = 'bobby' WHERE id = 'bob';
SELECT rep_id, leads, leads_now FROM leadroute.leads_by_rep('-infinity', 'infinity') ORDER BY 1;

-- SELECT on a view is enough, and opens nothing else; functions show what row security lets through.
DROP ROLE IF EXISTS story_reader;
CREATE ROLE story_reader;
GRANT USAGE ON SCHEMA story TO story_reader;
GRANT SELECT ON leadroute.sla_by_rep, leadroute.audit_measures, leadroute.speed_percentiles TO story_reader;
SET ROLE story_reader;
SELECT count(*) >= 0 AS reads FROM leadroute.sla_by_rep, leadroute.audit_measures, leadroute.speed_percentiles;
SELECT * FROM story.try('SELECT * FROM leadroute.leads');
SELECT * FROM story.try('SELECT * FROM leadroute.sla_by_rep(''-infinity'', ''infinity'')');
SELECT * FROM story.try('SELECT leadroute_internal.recent_leads_by_rep()');
RESET ROLE;
SELECT leadroute.grant_role('analyst', 'story_reader');
ALTER TABLE leadroute.leads ENABLE ROW LEVEL SECURITY;
ALTER TABLE leadroute.sla_clocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_beta ON leadroute.leads TO story_reader USING (tenant = 'beta');
CREATE POLICY of_beta ON leadroute.sla_clocks TO story_reader USING (tenant = 'beta');
SET ROLE story_reader;
SELECT rep_id, clocks FROM leadroute.sla_by_rep('-infinity', 'infinity');
SELECT rep_id, leads FROM leadroute.leads_by_rep('-infinity', 'infinity');
SELECT value, n FROM leadroute.speed_percentiles('-infinity', 'infinity', dimension => 'rep');
SELECT value FROM leadroute.audit_measures('-infinity', 'infinity') WHERE measure = 'leads';
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY story_reader;
DROP ROLE story_reader;
