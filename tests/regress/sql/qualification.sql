-- qualification: same facts, same score; a score that somebody gave stays. A lead that comes without one is scored by the criteria
-- for its tenant in the same insert, by every door, and the decision says why.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('eli');
INSERT INTO leadroute.reps (id, tenant) VALUES ('tim', 'acme');
INSERT INTO leadroute.pools (name) VALUES ('hunters'), ('elite');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('hunters', 'ann'), ('hunters', 'bob'), ('hunters', 'tim'), ('elite', 'eli');
INSERT INTO leadroute.segments (name, priority, condition, fallback_queue) VALUES ('all', 9, NULL, 'catch_all'), ('loud', 1, '$.score > 100', 'catch_all');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('top', '[90,)', 'pool', 'elite'), ('hot', '[50,90)', 'pool', 'hunters'), ('cold', '(,50)', 'nurture', NULL);
CREATE TABLE story.deal (id integer PRIMARY KEY, mail text, size integer, points numeric, owner text);
SELECT leadroute.attach('story.deal', '{"email": "mail", "employees": "size", "score": "points", "owner_id": "owner"}');
CREATE TABLE story.plain (id integer PRIMARY KEY, mail text, size integer, owner text);
SELECT leadroute.attach('story.plain', '{"email": "mail", "employees": "size", "owner_id": "owner"}');

-- Without criteria nothing is asked, and no score is written.
INSERT INTO leadroute.leads (email, employees) VALUES ('none@one.com', 500) RETURNING id, score, tier;
SELECT story.step(1, 'qualification');
SELECT leadroute.qualify_lead('{"employees": 500}');

INSERT INTO leadroute.score_criteria (name, points, condition, reason, half_life, tenants) VALUES
    ('large', 40, '$.employees >= 200', 'large enough for our product', NULL, NULL),
    ('demo', 30.5, '$.event == "demo_request"', 'asked for a demo', '30 days', NULL),
    ('student', -100, '$.title like_regex "student" flag "i"', 'no buyer', NULL, NULL),
    ('chief', 25, '$.title starts with "Chief"', 'decides', NULL, NULL),
    ('no company', -5, '$.company == null', NULL, NULL, NULL),
    ('ours', 200, '$.attributes.plan == "trial"', 'uses our product', NULL, '{acme}');

-- By every door: INSERT, COPY, jsonb, attached tables with and without a column for it.
INSERT INTO leadroute.leads (email, company, employees, event) VALUES ('a@one.com', 'One', 500, 'demo_request') RETURNING score, tier, status;
COPY leadroute.leads (email, company, employees, event, score) FROM stdin;
b@two.com	Two	500	Demo Request	\N
c@three.com	Three	500	demo_request	10
d@four.com	Four	5	demo_request	\N
\.
SELECT answer ->> 'tier' AS tier FROM leadroute.route_lead('{"email": "e@five.com", "company": "Five", "size": 500, "employees": "500", "event": "demo_request"}') AS answer;
INSERT INTO story.deal VALUES (1, 'f@six.com', 500, NULL), (2, 'g@seven.com', 500, 0), (3, 'h@eight.com', 500, 70) RETURNING *;
INSERT INTO story.plain VALUES (1, 'i@nine.com', 500) RETURNING *;
INSERT INTO leadroute.leads (email, company, employees, score) VALUES ('nan@nine.com', 'Nine', 500, 'NaN');
SELECT l.email, l.score, l.tier, l.owner_id IS NOT NULL AS is_owned FROM leadroute.leads l ORDER BY l.id;
SELECT story.step(2, 'qualification');
SELECT story.explain(2);
-- Whoever sends a score that cannot be read has scored the lead.
SELECT answer ->> 'queue' AS queue, l.score FROM leadroute.route_lead('{"email": "odd@ten.com", "employees": 500, "score": "many"}') answer LEFT JOIN leadroute.leads l ON l.email = 'odd@ten.com';

-- The same without an effect, also at another moment: points of behaviour age.
SELECT leadroute.qualify_lead('{"company": "One", "employees": 500, "event": "demo_request", "score": 3, "occurred_at": "2026-01-01T00:00:00Z"}', at)
  FROM unnest('{2026-01-01 00:00+00,2026-01-31 00:00+00,2026-03-02 00:00+00}'::timestamptz[]) at;
SELECT leadroute.qualify_lead(jsonb_build_object('tenant', t, 'company', 'One', 'attributes', '{"plan": "trial"}'::jsonb)) -> 'score' AS score FROM unnest('{"",acme}'::text[]) t;
SELECT jsonb_path_query_first(leadroute.preview_route('{"email": "x@y.com", "company": "Y", "employees": 900}'), '$.trace[*] ? (@.code == "scored").score') AS previewed;
SELECT leadroute.qualify_lead('{"employees": "many", "company": "One"}') -> 'unreadable' AS unreadable;
SELECT leadroute.qualify_lead('[]');
SELECT leadroute.qualify_lead('{}', 'infinity');

-- Tenants are walls, and a segment sees the score.
INSERT INTO leadroute.leads (email, company, tenant, attributes) VALUES ('j@ten.com', 'Ten', 'acme', '{"plan": "trial"}'), ('k@ten.com', 'Ten', 'beta', '{"plan": "trial"}') RETURNING tenant, score, segment, owner_id;

-- Broken is silent alone: one with a variable, one that fails for this lead only.
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES
    ('variable', 1000, '$.employees > $limit'), ('times', 1000, '$.attributes.since.datetime() < "2026-01-01".datetime()');
INSERT INTO leadroute.leads (email, company, employees, attributes) VALUES
    ('l@one.org', 'One', 500, '{"since": "2025-01-01T00:00:00+01:00"}'), ('m@one.org', 'One', 500, '{"since": "2027-01-01"}') RETURNING score, tier;
SELECT l.email, s ->> 'score' AS score, s -> 'broken' AS broken FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id CROSS JOIN LATERAL (SELECT story.step(l.id, 'qualification')::jsonb AS s) s
 WHERE l.email LIKE '%@one.org' ORDER BY l.id;
SELECT leadroute.qualify_lead('{"employees": 500, "attributes": {"since": "2025-01-01T00:00:00+01:00"}}') -> 'skipped' AS skipped;
SELECT severity, "table", key, problem FROM leadroute.lint_config() WHERE "table" = 'score_criteria';
DELETE FROM leadroute.score_criteria WHERE points = 1000;

-- The same person again: a score that somebody gives takes the place of one by criteria; one by criteria raises another such.
INSERT INTO leadroute.leads (email, company, employees) VALUES ('n@one.net', 'One', 500), ('o@two.net', 'Two', 500), ('p@three.net', 'Three', 500) RETURNING id, score, status;
UPDATE leadroute.leads SET queue = 'catch_all' WHERE email LIKE '%.net';
UPDATE leadroute.leads SET score = 20 WHERE email = 'p@three.net';
INSERT INTO leadroute.leads (email, company, employees, event, score) VALUES ('n@one.net', 'One', 500, NULL, NULL), ('o@two.net', 'Two', 500, NULL, 5), ('p@three.net', 'Three', 500, 'demo_request', NULL) RETURNING score, status;
SELECT email, score, duplicate_of IS NOT NULL AS is_touch FROM leadroute.leads WHERE email LIKE '%.net' ORDER BY id;
INSERT INTO leadroute.leads (email, company, employees, event) VALUES ('n@one.net', 'One', 500, 'demo_request');
SELECT email, score FROM leadroute.leads WHERE email = 'n@one.net' ORDER BY id LIMIT 1;

-- A score that has really risen routes the first lead again, as one that somebody raises; the same facts again do not.
INSERT INTO leadroute.leads (email, company, employees, event) VALUES ('v@one.coop', 'One', 500, 'demo_request') RETURNING score, tier, owner_id IN ('ann', 'bob') AS is_hot;
INSERT INTO leadroute.leads (email, company, employees, event) VALUES ('v@one.coop', 'One', 500, 'demo_request');
INSERT INTO leadroute.leads (email, company, employees, event, title) VALUES ('v@one.coop', 'One', 500, 'demo_request', 'Chief of all');
SELECT score, tier, owner_id FROM leadroute.leads WHERE email = 'v@one.coop' AND duplicate_of IS NULL;
SELECT d.cause, d.tier, d.reason FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.email = 'v@one.coop' AND l.duplicate_of IS NULL ORDER BY d.id;

-- Routed again, a lead is scored by what it says now, unless somebody has scored it meanwhile.
INSERT INTO leadroute.leads (email, company, employees, event) VALUES ('q@one.biz', 'One', 5, 'demo_request'), ('r@two.biz', 'Two', 5, 'demo_request') RETURNING score, status;
UPDATE leadroute.leads SET employees = 500 WHERE email LIKE '%.biz';
UPDATE leadroute.leads SET score = 31 WHERE email = 'r@two.biz';
SELECT leadroute.reroute_lead(id, 'enriched') ->> 'outcome' AS outcome FROM leadroute.leads WHERE email LIKE '%.biz' ORDER BY id;
SELECT email, score, tier FROM leadroute.leads WHERE email LIKE '%.biz' ORDER BY id;
SELECT d.cause, s ->> 'code' AS code, s ->> 'score' AS score FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id LEFT JOIN LATERAL jsonb_array_elements(d.trace) s ON s ->> 'code' = 'scored'
 WHERE l.email LIKE '%.biz' ORDER BY d.id;

-- An upsert, and an app that saves what it has read, take no score away.
INSERT INTO leadroute.leads (external_id, email, company, employees) VALUES ('x1', 's@one.info', 'One', 500) RETURNING score;
INSERT INTO leadroute.leads (external_id, email, company) VALUES ('x1', 's@one.info', 'One')
ON CONFLICT (external_id) DO UPDATE SET email = excluded.email, company = excluded.company, score = excluded.score RETURNING score;

-- A decision that scored a lead is made again as it was, whatever the criteria say since.
UPDATE leadroute.score_criteria SET points = points + 7, reason = 'changed';
INSERT INTO leadroute.leads (email, company, employees, event, occurred_at) VALUES ('t@one.dev', 'One', 500, 'demo_request', now() - interval '10 days');
SELECT count(*), r -> 'same' AS same, min(r ->> 'difference') AS difference FROM leadroute.decisions d, leadroute.replay_decision(d.id) r GROUP BY 2 ORDER BY 2;

-- Export, history and previews know the table; what cannot be meant is refused.
SELECT rule ->> 'name' AS name, rule ->> 'points' AS points, rule ->> 'half_life' AS half_life FROM jsonb_array_elements(leadroute.export_rules() -> 'score_criteria') rule ORDER BY (rule ->> 'name') COLLATE "C";
SELECT what FROM leadroute.changelog WHERE "table" = 'score_criteria' ORDER BY changed_at DESC, key LIMIT 2;
SELECT leadroute.propose_change('large is worth nothing', 'a try', 'UPDATE leadroute.score_criteria SET points = 0 WHERE name = ''large''') > 0 AS proposed;
SELECT count(*) > 0 AS leads_would_move FROM leadroute.preview_change(1, now() - interval '1 day');
INSERT INTO leadroute.score_criteria (name, points) VALUES ('', 1);
INSERT INTO leadroute.score_criteria (name, points) VALUES ('x', 0.125);
INSERT INTO leadroute.score_criteria (name, points) VALUES ('x', 'NaN');
INSERT INTO leadroute.score_criteria (name, points, half_life) VALUES ('x', 1, '0');
INSERT INTO leadroute.score_criteria (name, points, effective) VALUES ('x', 1, 'empty');
-- One that is off, or not in effect, counts for nobody.
DELETE FROM leadroute.score_criteria;
INSERT INTO leadroute.score_criteria (name, points, enabled, effective) VALUES ('off', 60, false, NULL), ('later', 60, true, '[2999-01-01,)');
INSERT INTO leadroute.leads (email) VALUES ('u@one.app') RETURNING score, tier;
SELECT leadroute.qualify_lead('{}', '2999-06-01 00:00+00');
