-- A stored trace leaves out what is the same in most of them: steps of layers that found nothing, from the first on, are a number. All that
-- reads a trace reads it whole, also one of an earlier version, in which everything stands.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 1), ('sales', 'bob', 1), ('sales', 'cyd', 0);
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.domain_rules VALUES ('rival.com', 'competitor', NULL);
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('acme', 'prospect', NULL);
INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme');
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES ('large', 20, '$.employees > 100');
INSERT INTO leadroute.leads (email, company, score, employees) VALUES ('a@new.com', NULL, 50, NULL), (NULL, 'Nobody', 50, NULL), ('b@gmail.com', NULL, 50, NULL),
    ('A+again@new.com', NULL, 50, NULL), ('c@acme.com', NULL, 50, NULL), ('d@rival.com', NULL, 50, NULL), ('e@new.com', NULL, NULL, 500);

-- So many steps are not stored, and these are all.
SELECT l.id, l.email, d.trace -> 0 -> 'implied' AS implied, jsonb_array_length(d.trace) AS stored, string_agg(step ->> 'code', ' ' ORDER BY place) AS "full"
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id CROSS JOIN jsonb_array_elements(leadroute.full_trace(d.trace)) WITH ORDINALITY f (step, place) GROUP BY 1, 2, 3, 4 ORDER BY 1;
SELECT jsonb_array_elements(trace) AS stored FROM leadroute.decisions WHERE lead_id = 1;
SELECT jsonb_array_elements(leadroute.full_trace(trace)) AS "full" FROM leadroute.decisions WHERE lead_id = 1;
SELECT story.explain(1);
SELECT story.explain(7);

-- Stored as by the first version, with all steps and an object for each candidate, and as by the second, with all steps and candidates as strings: whoever
-- reads them sees no difference.
CREATE VIEW story.seen AS
SELECT d.id, leadroute.full_trace(d.trace), leadroute.explain_decision(d.id), leadroute.replay_decision(d.id) AS replay, (SELECT jsonb_agg(c) FROM leadroute.counter_explain(d.id) c) AS counter_explain,
       (SELECT jsonb_agg(s) FROM leadroute.pool_skips s) AS skips, (SELECT jsonb_agg(to_jsonb(c) ORDER BY c) FROM leadroute.fairness_certificate('sales', '-infinity', 'infinity') c) AS certificate
  FROM leadroute.decisions d;
CREATE TABLE story.before AS SELECT * FROM story.seen;
SELECT count(*), count(*) FILTER (WHERE (replay ->> 'same')::boolean) AS same, bool_and(replay -> 'then' -> 'trace' = full_trace AND replay -> 'now' -> 'trace' = full_trace) AS "full", count(counter_explain) > 3 AS countered FROM story.before;
CREATE TABLE story.forms AS
SELECT d.id, d.trace AS third, leadroute.full_trace(d.trace) AS first, (SELECT jsonb_agg(coalesce((SELECT s FROM jsonb_array_elements(d.trace) s WHERE s -> 'candidates' IS NOT NULL AND s ->> 'layer' = f.step ->> 'layer'), f.step) ORDER BY f.place)
          FROM jsonb_array_elements(leadroute.full_trace(d.trace)) WITH ORDINALITY f (step, place)) AS second
  FROM leadroute.decisions d;
SELECT bool_or(first <> second) AS candidates_differ, bool_and(jsonb_array_length(first) = jsonb_array_length(second)) AS all_steps, sum(pg_column_size(third)) < sum(pg_column_size(second)) AS third_is_shorter FROM story.forms;
UPDATE leadroute.decisions d SET trace = f.first FROM story.forms f WHERE f.id = d.id;
SELECT count(*) AS equal FROM (SELECT * FROM story.seen INTERSECT SELECT * FROM story.before) s;
UPDATE leadroute.decisions d SET trace = f.second FROM story.forms f WHERE f.id = d.id;
SELECT count(*) AS equal FROM (SELECT * FROM story.seen INTERSECT SELECT * FROM story.before) s;

-- A turn goes back by one of before and by one of now.
SELECT leadroute.return_turn(1, 'by hand');
UPDATE leadroute.decisions d SET trace = f.third FROM story.forms f WHERE f.id = d.id;
SELECT leadroute.return_turn(2, 'by hand');

-- Of a trace that somebody else has written nothing is lost, not a digit, and what cannot be is left alone.
SELECT leadroute.full_trace('[{"implied": 2, "layer": "intake", "code": "cleaned", "domain": "a.b", "x": [1.50, 1e40, 12345678901234567890.10, {"y": "\u00e9\""}]}, {"layer": "qualification"}, {"z": -0.10}, 7]');
SELECT implied, leadroute.full_trace(trace) = trace AS stays FROM (
    SELECT implied, jsonb_build_array(jsonb_build_object('layer', 'intake', 'code', 'cleaned', 'domain', 'a.b', 'implied', implied), '{"layer": "segment"}'::jsonb) AS trace
      FROM jsonb_array_elements('[0, -1, 5, 6, 1.5, 1.0, 99999999999999999999, null, true, "2", [1], {}]') implied) t;
SELECT bool_and(leadroute.full_trace(trace) = trace) AS stay FROM unnest(ARRAY['null', '7', '"text"', '{}', '[]', '[[]]', '[null, 1, {}]', '{"layer": "intake", "code": "cleaned", "implied": 2}', '[{"layer": "intake", "implied": 2}]',
    '[{"layer": "given", "code": "cleaned", "implied": 2}]', '[{"layer": "intake", "code": "cleaned", "domain": 5, "implied": 2}]', '[{"layer": "segment"}, {"layer": "intake", "code": "cleaned", "implied": 2}]',
    '[[{"layer": "intake", "code": "cleaned", "implied": 2}]]', '[["layer", "intake"]]']::jsonb[]) trace;
SELECT leadroute.full_trace(NULL) IS NULL AS null, leadroute.full_trace('[{"layer": "intake", "code": "cleaned", "domain": null, "implied": 1}]') AS ends_with_intake;
-- Many steps, and long ones: one entry of 32 has an offset, and what is long was compressed.
SELECT jsonb_array_length(leadroute.full_trace(trace)), md5(leadroute.full_trace(trace)::text) = md5(('[{"code": "cleaned", "layer": "intake"}, {"code": "no_domain", "layer": "domain_rule"}, ' || substr((trace - 0)::text, 2))) AS same
  FROM (SELECT '[{"layer": "intake", "code": "cleaned", "implied": 1}]' || jsonb_agg(jsonb_build_object('n', n, 'text', repeat('x', n), 'list', jsonb_build_array(n, n / 3.0))) AS trace FROM generate_series(1, 300) n) t;
UPDATE leadroute.decisions SET trace = '{"layer": "intake", "code": "cleaned", "implied": 2}' WHERE id = 1;
SELECT story.explain(1);
