-- distribution: the pool hands the lead to the eligible rep who is furthest behind.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cid');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- Equal weights take turns, one statement or many.
INSERT INTO leadroute.leads (company) VALUES ('1') RETURNING id, owner_id;
INSERT INTO leadroute.leads (company) VALUES ('2') RETURNING id, owner_id;
INSERT INTO leadroute.leads (company) SELECT n::text FROM generate_series(3, 7) n RETURNING id, owner_id;
SELECT story.explain(7);

-- Weights: 1.5 is half as much again, 0 is never. A change counts from now on.
UPDATE leadroute.pool_members SET weight = 1.5 WHERE rep_id = 'bob';
UPDATE leadroute.pool_members SET weight = 0 WHERE rep_id = 'cid';
INSERT INTO leadroute.leads (company) SELECT 'w' || n FROM generate_series(1, 100) n;
SELECT owner_id, count(*) FROM leadroute.leads WHERE company LIKE 'w%' GROUP BY 1 ORDER BY 1;
SELECT story.step(107, 'distribution') -> 'candidates' AS candidates;
-- Stored is less: a string for each who was eligible. A trace of before, with objects, is full already.
SELECT step -> 'candidates' AS stored FROM leadroute.decisions, jsonb_path_query(trace, '$[*] ? (exists(@.candidates))') step WHERE lead_id = 107;
SELECT jsonb_array_elements(jsonb_path_query(leadroute.full_trace('[{"code": "x", "candidates": ["1:2:3 no pool"]},
    {"pool": "p", "candidates": ["-1:1000:-5 a b:c 1:2", "3:40 o", "2:1:9223372036854775807:0:7 é", {"rep": "z", "why": "inactive"}, {"rep": "y", "share": [1, 2, 3]}]}]'),
    '$[*].candidates')) AS candidate;
SELECT count(*), count(*) FILTER (WHERE leadroute.full_trace(leadroute.full_trace(trace)) = leadroute.full_trace(trace)) AS stay, leadroute.full_trace('[]') AS none
  FROM leadroute.decisions;
-- While nothing changes, each rep is at every prefix within one lead of the exact share.
DELETE FROM leadroute.pool_members;
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 1), ('sales', 'bob', 1.5), ('sales', 'cid', 0.125);
INSERT INTO leadroute.leads (company) SELECT 'x' || n FROM generate_series(1, 210) n;
SELECT rep_id, count(*) FILTER (WHERE due IS NULL OR abs(got - due) >= 1) AS unfair, max(got) AS leads
  FROM (SELECT rep_id,
               row_number() OVER (PARTITION BY rep_id ORDER BY id) * weight / 2.625 AS due,
               count(*) FILTER (WHERE owner_id = rep_id) OVER (PARTITION BY rep_id ORDER BY id) AS got
          FROM leadroute.leads, leadroute.pool_members WHERE company LIKE 'x%') prefix
 GROUP BY 1 ORDER BY 1;

-- A joiner starts level with the pool: no flood, no hole.
UPDATE leadroute.pool_members SET weight = 1;
INSERT INTO leadroute.reps (id) VALUES ('dan');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'dan');
INSERT INTO leadroute.leads (company) SELECT 'j' || n FROM generate_series(1, 40) n;
SELECT owner_id, count(*) BETWEEN 9 AND 11 AS a_quarter FROM leadroute.leads WHERE company LIKE 'j%' GROUP BY 1 ORDER BY 1;

-- Who is not eligible is skipped, and the trace says why.
DELETE FROM leadroute.pool_members;
INSERT INTO leadroute.schedules VALUES ('never'), ('always off');
INSERT INTO leadroute.holidays SELECT 'always off', current_date + n, 'New Moon' FROM generate_series(-1, 1) n;
INSERT INTO leadroute.reps (id, active, presence, schedule, languages, products, skills) VALUES
    ('absent', true, 'online', NULL, NULL, NULL, '{cloud}'),
    ('away', true, 'away', NULL, NULL, NULL, '{cloud}'),
    ('german', true, 'online', NULL, '{DE,en}', NULL, '{cloud}'),
    ('holiday', true, 'online', 'always off', NULL, NULL, '{cloud}'),
    ('inactive', false, 'online', NULL, NULL, NULL, '{cloud}'),
    ('offline', true, 'offline', NULL, NULL, NULL, '{cloud}'),
    ('off hours', true, 'online', 'never', NULL, NULL, '{cloud}'),
    ('right', true, 'online', NULL, '{fr}', '{crm,erp}', '{CLOUD,data}'),
    ('seller', true, 'online', NULL, NULL, '{erp}', '{cloud}'),
    ('unskilled', true, 'online', NULL, NULL, NULL, '{data}');
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('absent', '(,)', 'meeting');
INSERT INTO leadroute.pool_members (pool, rep_id, weight, active) SELECT 'sales', id, 1, id <> 'ann' FROM leadroute.reps WHERE id NOT IN ('bob', 'cid') ORDER BY id;
UPDATE leadroute.pool_members SET weight = 0 WHERE rep_id = 'dan';
UPDATE leadroute.segments SET required_skills = '{Cloud}';
INSERT INTO leadroute.leads (company, language, product) VALUES ('picky', 'FR', 'CRM') RETURNING id, owner_id;
SELECT story.explain(358);
-- Who is switched off in this pool is named as well.
SELECT story.step(358, 'distribution') @> '{"candidates": [{"rep": "ann"}]}' AS names_ann;
-- A lead that asks for nothing has more to choose from.
INSERT INTO leadroute.leads (company) VALUES ('plain'), ('plain'), ('plain'), ('plain') RETURNING owner_id;

-- Nobody eligible.
UPDATE leadroute.reps SET active = false;
INSERT INTO leadroute.leads (company) VALUES ('late') RETURNING id, owner_id, queue, pool;
SELECT story.step(363, 'fallback');
