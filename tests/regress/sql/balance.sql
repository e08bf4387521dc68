-- How leads are spread over territories, and whether scores tell what converts: figures that plain SQL finds, too.
\i setup.sql
INSERT INTO leadroute.reps (id, active, tenant) VALUES ('ann', true, ''), ('bob', true, ''), ('eve', true, ''), ('old', false, ''), ('zoe', true, 'other');
INSERT INTO leadroute.pools (name) VALUES ('p'), ('q');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('p', 'ann', 1), ('p', 'bob', 2), ('p', 'old', 1), ('q', 'eve', 1), ('q', 'ann', 0), ('q', 'zoe', 1);
INSERT INTO leadroute.territories (name) VALUES ('east'), ('north'), ('south'), ('west');
INSERT INTO leadroute.segments (name, territory, countries) VALUES ('n', 'north', '{DE}'), ('s', 'south', '{FR}'), ('e', 'east', '{GB}'), ('w', 'west', '{US}');
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('rest', 1000, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES (NULL, 'low', '[0,50)', 'p'), (NULL, 'high', '[50,100]', 'q'), ('s', 'all', '(,)', 'q');
-- Rows as they are after a year: nothing is routed again. Two in hundred are touches, three of four are closed.
CREATE VIEW story.made AS
SELECT n, CASE WHEN n % 10 < 7 THEN 'north' WHEN n % 10 = 7 THEN 'south' WHEN n % 10 = 8 THEN 'east' END AS territory,
       CASE WHEN n % 10 < 7 THEN 'n' WHEN n % 10 = 7 THEN 's' WHEN n % 10 = 8 THEN 'e' ELSE 'rest' END AS segment,
       CASE WHEN n % 97 = 0 THEN NULL ELSE n * 7 % 103 - 1 END AS score,
       CASE WHEN n % 4 = 0 THEN 'working' WHEN n * 37 % 100 < n * 7 % 103 / 2 THEN 'converted' WHEN n % 3 = 0 THEN 'lost' ELSE 'disqualified' END AS status,
       timestamptz '2025-01-01 00:00+00' + n * interval '1 hour' AS created_at, n % 50 = 0 AS is_touch
  FROM generate_series(0, 4799) n;
INSERT INTO leadroute.leads (tenant, score, status, owner_id, segment, territory, created_at, routed_at, amount, duplicate_of)
SELECT CASE WHEN n % 20 < 18 THEN '' ELSE 'other' END, score, CASE WHEN is_touch THEN 'merged' ELSE status END, 'ann', segment, territory, created_at, created_at,
       CASE WHEN status = 'converted' THEN n % 5 * 1000 ELSE 7 END, CASE WHEN is_touch THEN 2 END FROM story.made;
SELECT * FROM leadroute.territory_balance('2025-02-01', '2025-03-01');
SELECT * FROM leadroute.territory_balance('2025-02-01', '2025-03-01', 'other');
-- The same, written otherwise.
CREATE FUNCTION story.expected(since timestamptz, until timestamptz) RETURNS TABLE (territory text, leads bigint, closed bigint, converted bigint, value_won numeric, tenant text)
    LANGUAGE sql AS $$
    SELECT t.name, count(l.id), sum(CASE l.status WHEN 'converted' THEN 1 WHEN 'lost' THEN 1 WHEN 'disqualified' THEN 1 ELSE 0 END), count(CASE l.status WHEN 'converted' THEN 1 END),
           sum(CASE WHEN l.status = 'converted' THEN l.amount ELSE 0 END), o.tenant
      FROM (VALUES ('north'), ('south'), ('east'), ('west'), (NULL)) t (name) CROSS JOIN (VALUES (''), ('other')) o (tenant)
      LEFT JOIN leadroute.leads l ON l.territory IS NOT DISTINCT FROM t.name AND l.tenant = o.tenant AND l.status <> 'merged'
                                 AND l.created_at <@ tstzrange(since, until)
     GROUP BY t.name, o.tenant HAVING t.name IS NOT NULL OR count(l.id) > 0 $$;
SELECT since, until, count(*) AS rows, count(*) FILTER (WHERE (b.leads, b.closed, b.converted, b.value_won) = (e.leads, e.closed, e.converted, e.value_won)) AS same,
       (SELECT count(*) FROM story.expected(since, until) x WHERE x.leads > 0 AND NOT EXISTS (
            SELECT FROM leadroute.territory_balance(since, until) y WHERE y.tenant = x.tenant AND y.territory IS NOT DISTINCT FROM x.territory)) AS missing
  FROM (VALUES ('2025-02-01'::timestamptz, '2025-03-01'::timestamptz), ('-infinity', 'infinity'), ('2025-01-01 05:00', '2025-01-01 06:00'),
               ('2025-01-01 05:00:00.000001', '2025-01-02 06:00')) p (since, until)
 CROSS JOIN LATERAL leadroute.territory_balance(since, until) b
  LEFT JOIN LATERAL story.expected(since, until) e ON e.tenant = b.tenant AND e.territory IS NOT DISTINCT FROM b.territory
 GROUP BY since, until ORDER BY since, until;
SELECT tenant, sum(leads) AS leads, round(sum(leads_share)) AS leads_share, round(sum(value_share)) AS value_share, round(avg(leads_factor) FILTER (WHERE territory IS NOT NULL), 1) AS mean FROM leadroute.territory_balance('-infinity', 'infinity') GROUP BY tenant ORDER BY tenant;
-- Without leads, with a limit that is data, and periods that are none.
SELECT territory, reps, leads, percent_converted, leads_share, hotspot_factor, is_hotspot FROM leadroute.territory_balance('2020-01-01', '2020-01-01', 'nobody');
INSERT INTO leadroute.alarm_thresholds (name, measure, territory, "limit") VALUES ('north is large', 'territory_load', 'north', 100);
UPDATE leadroute.alarm_thresholds SET "limit" = 0.1 WHERE name = 'hotspot territory';
SELECT territory, leads_factor, value_factor, hotspot_factor, is_hotspot FROM leadroute.territory_balance('2025-02-01', '2025-03-01', '');
UPDATE leadroute.territories SET name = 'far north' WHERE name = 'north';
SELECT name, territory, "limit", shipped FROM leadroute.alarm_thresholds WHERE measure = 'territory_load' ORDER BY name;
SELECT * FROM story.try('SELECT * FROM leadroute.territory_balance(NULL, now())');
SELECT * FROM story.try('SELECT * FROM leadroute.score_calibration(now(), NULL)');
SELECT * FROM story.try('SELECT * FROM leadroute.suggest_score_borders(''2025-01-02'', ''2025-01-01'')');
INSERT INTO leadroute.leads (email, country) VALUES ('now@here.com', 'US');
SELECT territory, leads FROM leadroute.territory_balance;

-- Bands of scores, with the interval of Wilson: for 10 of 100 Wilson's formula gives 5.52 to 17.44 %, for 0 of 30 up to 11.35 %.
SELECT * FROM (VALUES (10, 100), (0, 30), (15, 29), (30, 60), (100, 100), (0, 0)) v (k, n), leadroute_internal.wilson(k, n);
SELECT * FROM leadroute.score_calibration('2025-01-01', '2025-07-01', '');
SELECT count(*) AS bands, count(*) FILTER (WHERE same) AS same FROM (
    SELECT c.leads = count(l.id) AND c.closed = count(l.id) FILTER (WHERE l.status ~ 'converted|lost|disq') AND c.converted = count(l.id) FILTER (WHERE l.status = 'converted')
      FROM leadroute.score_calibration('-infinity', '2025-06-10 12:00') c
      LEFT JOIN leadroute.leads l ON l.tenant = c.tenant AND (c.segment IS NULL OR c.segment = l.segment) AND l.status <> 'merged' AND l.created_at < '2025-06-10 12:00'
           AND (lower(c.band) IS NULL OR coalesce(l.score, 0) > lower(c.band) OR coalesce(l.score, 0) = lower(c.band) AND c.band::text LIKE '[%')
           AND (upper(c.band) IS NULL OR coalesce(l.score, 0) < upper(c.band) OR coalesce(l.score, 0) = upper(c.band) AND c.band::text LIKE '%]')
     GROUP BY c.tenant, c.segment, c.band, c.leads, c.closed, c.converted) s (same);
SELECT segment, band, leads, verdict FROM leadroute.score_calibration('2020-01-01', '2020-02-01');
-- Borders: two groups that differ, three tiers; then as many tiers as bands; then nothing to tell apart.
CREATE FUNCTION story.sold(segment text, wins jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO leadroute.leads (score, status, owner_id, segment, created_at, routed_at)
    SELECT w.key::numeric, CASE WHEN n <= w.value::int THEN 'converted' ELSE 'lost' END, 'ann', segment, '2030-01-01', '2030-01-01' FROM jsonb_each_text(wins) w, generate_series(1, 40) n $$;
SELECT story.sold('n', '{"10": 1, "20": 2, "30": 1, "60": 20, "70": 24, "80": 19}');
SELECT * FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02', 'n');
SELECT DISTINCT sql FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02') \gset
\echo :sql
SELECT leadroute.propose_change('Borders', 'by conversion', :'sql') AS change \gset
SET search_path = leadroute;
:sql
RESET search_path;
SELECT name, score FROM leadroute.tiers WHERE segment IS NULL ORDER BY score;
SELECT DISTINCT sql FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02');
SELECT story.sold('e', '{"10": 10, "20": 9, "30": 10, "60": 10, "70": 9, "80": 10}');
SELECT * FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02', 'e');
SELECT * FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02', 'w');
SELECT story.sold('w', '{"5": 30}');
SELECT band, closed, percent_converted, low, high, explanation FROM leadroute.suggest_score_borders('2030-01-01', '2030-01-02', 'w');
-- Read with nothing but the right to read the views.
CREATE ROLE story_reader;
GRANT USAGE ON SCHEMA story TO story_reader;
GRANT SELECT ON leadroute.territory_balance, leadroute.score_calibration TO story_reader;
SET ROLE story_reader;
SELECT count(*) > 0 AS read FROM leadroute.territory_balance;
SELECT count(*) > 0 AS read FROM leadroute.score_calibration;
SELECT * FROM story.try('SELECT * FROM leadroute.territory_balance(now(), now())');
RESET ROLE;
-- An analyst has the right to all that the functions read.
SELECT leadroute.grant_role('analyst', 'story_reader');
SET ROLE story_reader;
SELECT (SELECT count(*) FROM leadroute.territory_balance('-infinity', 'infinity')) > 0 AS balance, (SELECT count(*) FROM leadroute.score_calibration('-infinity', 'infinity')) > 0 AS calibration,
       (SELECT count(*) FROM leadroute.suggest_score_borders('-infinity', 'infinity')) > 0 AS borders, (SELECT count(*) FROM leadroute.fairness_certificate('p', '-infinity', 'infinity')) > 0 AS certificate,
       (SELECT is_kept FROM leadroute.fairness_verdict('p', '-infinity', 'infinity')) AS verdict, (SELECT count(*) FROM leadroute.routing_health WHERE "limit" IS NOT NULL) AS alarms;
RESET ROLE;
DROP OWNED BY story_reader;
DROP ROLE story_reader;
