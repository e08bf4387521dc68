-- report_html() is one page whose numbers are those of the report functions; what people wrote is text in it, and whoever asks sees no
-- more than they may read.
\i setup.sql
SET client_min_messages = warning;
CREATE TABLE story.page (name text PRIMARY KEY, html text);
CREATE VIEW story.section AS
SELECT p.name, s.id::text, (xpath('string(/section/p[@class="lead"])', s.body))[1]::text AS sentence, s.body
  FROM story.page p, unnest(xpath('/html/body/main/section', p.html::xml), xpath('/html/body/main/section/@id', p.html::xml)) s (body, id);
-- Rows of the table in an element with that id: what each cell shows.
CREATE FUNCTION story.cells(page text, id text) RETURNS SETOF text[] LANGUAGE sql AS $$
    SELECT ARRAY(SELECT btrim(x::text) FROM unnest(xpath('/tr/*/descendant-or-self::*[not(*)]/text()', r)) x)
      FROM story.page p, unnest(xpath(format('//*[@id="%s"]//tbody/tr', id), p.html::xml)) r WHERE p.name = $1 $$;

-- Nobody and nothing: each part says so, and there is no empty chart.
INSERT INTO story.page SELECT 'empty', leadroute.report_html('-infinity', 'infinity');
SELECT id, sentence FROM story.section WHERE name = 'empty' AND id <> 'health';
SELECT html LIKE '%<svg%' AS has_charts FROM story.page WHERE name = 'empty';

INSERT INTO leadroute.reps (id, name, manager_id) VALUES ('ann', 'Ann Winter', 'max'), ('bob', '', 'mia'), ('mia', 'Mia', 'max'), ('max', 'Max', NULL), ('zoe', 'Zoe', NULL);
INSERT INTO leadroute.territories (name, manager_id) VALUES ('north', 'max'), ('south', NULL);
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('zoe only');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('zoe only', 'zoe');
INSERT INTO leadroute.segments (name, priority, territory, countries) VALUES ('de', 10, 'north', '{DE}'), ('fr', 20, 'south', '{FR}');
INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES ('de', 'hot', '[50,)', 'pool', 'sales'), ('de', 'cold', '(,50)', 'nurture', NULL), ('fr', 'any', '(,)', 'pool', 'zoe only');
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('rival.com', 'competitor', 'catch_all');
INSERT INTO leadroute.leads (email, country, score, event, occurred_at)
    SELECT format('p%s@de%s.com', n, n), 'DE', CASE WHEN n > 6 THEN 10 ELSE 80 END, 'demo_request', now() - n * interval '1 minute' FROM generate_series(1, 8) n;
INSERT INTO leadroute.leads (email, country, event) SELECT format('p%s@fr%s.com', n, n), 'FR', 'demo_request' FROM generate_series(1, 4) n;
INSERT INTO leadroute.leads (email, country) VALUES ('a@rival.com', 'DE'), ('b@nowhere.com', 'JP'), ('c@nowhere2.com', NULL), ('P1@de1.com', 'DE');
SELECT leadroute.record_response(id, owner_id, 'call') IS NOT NULL AS answered FROM leadroute.leads WHERE email IN ('p1@de1.com', 'p2@de2.com', 'p3@de3.com', 'p1@fr1.com') ORDER BY id;
SELECT leadroute.close_lead(id, CASE WHEN id = 1 THEN 'converted' ELSE 'lost' END, CASE WHEN id = 1 THEN 1234.5 END) IS NOT NULL AS closed FROM leadroute.leads WHERE id IN (1, 2) ORDER BY id;
SELECT leadroute.return_turn(decision_id, 'bad fit') IS NOT NULL AS returned FROM leadroute.leads WHERE email = 'p4@de4.com';

INSERT INTO story.page SELECT 'all', leadroute.report_html('-infinity', 'infinity');
SELECT id FROM story.section WHERE name = 'all';
SELECT id, replace(sentence, chr(160), ' ') AS sentence FROM story.section WHERE name = 'all' AND id IN ('trend', 'misroutes', 'flow', 'territories');
-- The page is the same while nothing changes.
BEGIN;
SELECT leadroute.report_html('-infinity', 'infinity') = leadroute.report_html('-infinity', 'infinity') AS same;
COMMIT;

-- Figures are those of the functions.
SELECT c[1] AS rep, c[2] AS id, c[3] AS met, c[4] AS breached FROM story.cells('all', 'sla-reps') c ORDER BY 2;
SELECT c[2], c[3], c[4] FROM story.cells('all', 'sla-reps') c EXCEPT SELECT s.rep_id, s.met::text, s.breached::text FROM leadroute.sla_by_rep('-infinity', 'infinity') s;
SELECT count(*) = (SELECT count(*) FROM leadroute.sla_by_rep('-infinity', 'infinity')) AS all_reps FROM story.cells('all', 'sla-reps') c;
SELECT c[1] AS territory, c[3] AS leads, c[8] AS value_won FROM story.cells('all', 'territories') c ORDER BY 1;
SELECT c[3] FROM story.cells('all', 'territories') c EXCEPT SELECT b.leads::text FROM leadroute.territory_balance('-infinity', 'infinity') b;
SELECT c[1] AS layer, c[2] AS segment, c[3] AS tier, c[4] AS went_to, c[5] AS leads FROM story.cells('all', 'flow') c;
SELECT sum(c[5]::bigint) = (SELECT count(*) FROM leadroute.leads WHERE duplicate_of IS NULL) AS adds_up FROM story.cells('all', 'flow') c;
SELECT sum(c[2]::bigint) = (SELECT count(*) FROM leadroute.speed_to_lead('-infinity', 'infinity')) AS adds_up FROM story.cells('all', 'speed') c;
SELECT m.measure, v.value
  FROM leadroute.audit_measures('-infinity', 'infinity') m
  LEFT JOIN (SELECT lower((xpath('string(/li/h3)', c))[1]::text) AS measure, replace(btrim((xpath('string(/li/p[@class="figure"])', c))[1]::text), chr(160), ' ') AS value
               FROM story.page p, unnest(xpath('//section[@id="headline"]//li', p.html::xml)) c WHERE p.name = 'all') v USING (measure)
 WHERE m.measure IN ('leads', 'converted', 'value won', 'touches');

-- A period ends before its end. Its bounds are days of the session.
SELECT name, (xpath('string(//p[@class="period"])', html::xml))[1] AS period
  FROM (SELECT 'days' AS name, leadroute.report_html('2020-01-01', '2020-02-01 12:30') AS html) p;
-- Whatever dates look like: the zone of India has the abbreviation of that of Israel.
SET timezone = 'Asia/Kolkata';
SET datestyle = 'Postgres, DMY';
SELECT (xpath('string(//p[@class="period"])', leadroute.report_html('2020-01-01', '2020-02-01 12:30')::xml))[1] AS period;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT code, message, hint FROM story.try($$SELECT leadroute.report_html(NULL, now())$$);
SELECT code, message FROM story.try($$SELECT leadroute.report_html('2020-02-01', '2020-01-01')$$);

-- A team: all who report to a manager, directly or not, also where they do so in a circle; a pool; a territory.
UPDATE leadroute.reps SET manager_id = 'mia' WHERE id = 'max';
INSERT INTO story.page SELECT team, leadroute.report_html('-infinity', 'infinity', team) FROM unnest('{max,mia,sales,south,pool:sales}'::text[]) team;
SELECT p.name, (xpath('string(//p[@class="period"])', p.html::xml))[1] AS period,
       (SELECT string_agg(c[2], ' ' ORDER BY c[2]) FROM story.cells(p.name, 'sla-reps') c) AS reps,
       (SELECT string_agg(DISTINCT c[1], ' ' ORDER BY c[1]) FROM story.cells(p.name, 'territories') c) AS territories,
       (SELECT sum(c[5]::bigint) FROM story.cells(p.name, 'flow') c) AS leads
  FROM story.page p WHERE p.name NOT IN ('empty', 'all') ORDER BY 1;
SELECT count(*) AS max, (SELECT count(*) FROM leadroute.leads WHERE territory = 'south' AND duplicate_of IS NULL) AS south
  FROM leadroute.leads WHERE owner_id IN ('ann', 'bob', 'mia', 'max') AND duplicate_of IS NULL;
SELECT * FROM story.try($$SELECT leadroute.report_html('-infinity', 'infinity', 'nobody')$$);
SELECT code, message FROM story.try($$SELECT leadroute.report_html('-infinity', 'infinity', 'pool:south')$$);

-- What people write is text, of any kind and length.
UPDATE leadroute.segments SET name = '<script>alert("1")</script>' WHERE name = 'fr';
UPDATE leadroute.pools SET name = repeat('long "name" & ', 15) WHERE name = 'zoe only';
UPDATE leadroute.reps SET name = E'\u202eשלום</svg>\u0001' WHERE id = 'zoe';
UPDATE leadroute.territories SET name = ']]><b>' WHERE name = 'south';
INSERT INTO leadroute.leads (email, country, company) VALUES ('x@x.com', 'FR', '<img src=x>');
INSERT INTO story.page SELECT 'odd', leadroute.report_html('-infinity', 'infinity');
SELECT (xpath('count(//script)', html::xml))[1] AS scripts, (xpath('count(//b | //img | //@style | //@onclick | //@src)', html::xml))[1] AS others,
       (xpath('count(//bdi[. = "]]><b>"])', html::xml))[1]::text::integer > 0 AS shown FROM story.page WHERE name = 'odd';
SELECT c[2] AS segment, length(c[4]) AS went_to, c[5] AS leads FROM story.cells('odd', 'flow') c WHERE c[2] LIKE '%script%' ORDER BY 1, 3;

-- Of a tenant only what is its own; changes and health are those of all.
INSERT INTO leadroute.reps (id, name, tenant) VALUES ('tia', 'Tia of Beta', 'beta');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'tia');
INSERT INTO leadroute.leads (tenant, email, country, score) VALUES ('beta', 'a@b.com', 'DE', 90);
INSERT INTO story.page SELECT 'beta', leadroute.report_html('-infinity', 'infinity', NULL, 'beta');
SELECT html LIKE '%Tia of Beta%' AS own, html LIKE '%Ann Winter%' OR html LIKE '%bob%' OR html LIKE '%Zoe%' AS others FROM story.page WHERE name = 'beta';
SELECT id, sentence FROM story.section WHERE name = 'beta' AND id IN ('changes', 'health');
SELECT code, message FROM story.try($$SELECT leadroute.report_html('-infinity', 'infinity', 'max', 'beta')$$);

-- An analyst may; an app may not; and who may call it, but not read the leads, sees none.
CREATE ROLE story_analyst;
CREATE ROLE story_app;
CREATE ROLE story_caller;
SELECT leadroute.grant_role('analyst', 'story_analyst'), leadroute.grant_role('app', 'story_app');
GRANT EXECUTE ON FUNCTION leadroute.report_html(timestamptz, timestamptz, text, text), leadroute.report(timestamptz, timestamptz, text, text), leadroute.rules_diagram(text) TO story_caller;
GRANT USAGE ON SCHEMA story TO story_analyst, story_app, story_caller;
SET ROLE story_analyst;
SELECT length(leadroute.report_html()) > 10000 AS has_page;
SELECT leadroute.rules_diagram('dot') LIKE 'digraph%' AS has_diagram;
RESET ROLE;
SET ROLE story_app;
SELECT code, message FROM story.try($$SELECT leadroute.report_html()$$);
SELECT code, message FROM story.try($$SELECT leadroute.rules_diagram('dot')$$);
RESET ROLE;
SET ROLE story_caller;
SELECT code, message FROM story.try($$SELECT leadroute.report_html()$$);
SELECT code FROM story.try($$SELECT leadroute.rules_diagram('dot')$$);
RESET ROLE;
DROP OWNED BY story_analyst, story_app, story_caller;
DROP ROLE story_analyst, story_app, story_caller;
