-- pool_fairness(since, until, tenant) reads traces of every form. All decisions here are written by hand, and so is what they add up to.
\i setup.sql
INSERT INTO leadroute.reps (id, tenant) VALUES ('ann', ''), ('bob', ''), ('eve', ''), ('old', ''), ('zoe', 'beta'), ('zac', 'beta');
INSERT INTO leadroute.pools (name) VALUES ('p'), ('q');
-- seats 1 to 4, and 5 and 6 of the other tenant
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('p', 'ann', 2), ('p', 'bob', 1), ('p', 'eve', 1), ('p', 'old', 1), ('q', 'zoe', 1), ('q', 'zac', 3);
SELECT array_agg(rep_id ORDER BY seat) FROM leadroute.pool_members;
CREATE FUNCTION story.decided(id bigint, pool text, trace jsonb, tenant text DEFAULT '', decided_at timestamptz DEFAULT '2026-05-05') RETURNS void LANGUAGE sql AS $$
    INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace, tenant)
    VALUES (id, id, decided_at, 'insert', 'distribution', 'owner', pool, 'by hand', trace, tenant) $$;
-- What differs from what is written down, with entitled to four digits: none.
CREATE FUNCTION story.differs(since timestamptz, until timestamptz, tenant text, expected text) RETURNS TABLE (here text, rep_id text, leads bigint, entitled numeric, received bigint, returned bigint, skipped jsonb) LANGUAGE sql AS $$
    WITH told AS (SELECT f.rep_id, f.leads, round(f.entitled, 4) AS entitled, f.received, f.returned, f.skipped FROM leadroute.pool_fairness(since, until, tenant) f WHERE f.leads > 0),
         due AS (SELECT * FROM json_to_recordset(expected::json) AS e (rep_id text, leads bigint, entitled numeric, received bigint, returned bigint, skipped jsonb))
    (SELECT 'too much', x.* FROM (TABLE told EXCEPT TABLE due) x) UNION ALL (SELECT 'missing', x.* FROM (TABLE due EXCEPT TABLE told) x) $$;

-- 1: as earlier versions stored it, after a step with candidates of another kind and before a second one of a pool: 2/3 and 1/3.
SELECT story.decided(1, 'p', '[{"code": "no_account"}, {"code": "namesakes", "candidates": [{"account": "a", "name": "A"}]},
    {"code": "turn", "pool": "p", "rep": "ann", "candidates": [{"rep": "ann", "share": [1, 2000, 7]}, {"rep": "bob", "share": [2, 1000, -7]},
        {"rep": "eve", "why": "away", "away": "inactive"}, {"rep": "old", "why": "away", "away": "presence", "presence": "offline"}]},
    {"code": "turn", "pool": "p", "rep": "bob", "candidates": ["2:1000:0 bob"]}]');
-- 2: as they are stored now: 1/2, 1/4 and 1/4, of a rep with blanks and colons, who has seat 4 and is called old today.
SELECT story.decided(2, 'p', '[{"code": "turn", "pool": "p", "rep": "bob", "candidates": ["1:2000:0 ann", "2:1000:0 bob", "4:1000:-12 née: 1:2", {"rep": "eve", "why": "language", "needs": "fr"}]}]');
-- 3 and 4: given back: nobody is entitled to it.
SELECT story.decided(3, 'p', '[{"code": "turn", "pool": "p", "rep": "ann", "candidates": ["1:2000:0 ann", "2:1000:0 bob"]}]');
SELECT story.decided(4, 'p', '[{"code": "turn", "pool": "p", "rep": "ann", "candidates": [{"rep": "ann", "share": [1, 2000, 0]}, {"rep": "eve", "why": "language", "needs": "fr"}]}]');
INSERT INTO leadroute.returned_turns (decision_id, pool_no, seat) SELECT d, pool_no, 1 FROM leadroute.pools, unnest('{3,4}'::bigint[]) d WHERE name = 'p';
-- 5: by load, where one of two has a share; the other is only looked at.
SELECT story.decided(5, 'p', '[{"code": "turn", "pool": "p", "rep": "eve", "by": "least_loaded", "candidates": ["3:1000:0:1:10 eve", "5:10 bob"]}]');
-- 6: the same lead goes to the rep of its company; a former member, whose seat nobody has, is told by the name of then.
SELECT story.decided(6, 'p', '[{"code": "same_company", "pool": "p", "rep": "gone", "company": "x.com", "candidates": ["77:1500:0 gone", "3:500:0 eve"]}]');
-- 7 and 8: another tenant, 1/4 and 3/4 each.
SELECT story.decided(n, 'q', '[{"code": "turn", "pool": "q", "rep": "zac", "candidates": ["5:1000:0 zoe", "6:3000:0 zac"]}]', 'beta') FROM generate_series(7, 8) n;
-- 9: the moment of the end is no part of the period; 10: nobody was eligible; 11: no pool.
SELECT story.decided(9, 'p', '[{"code": "turn", "pool": "p", "rep": "ann", "candidates": ["1:1000:0 ann"]}]', '', '2026-06-01');
SELECT story.decided(10, 'p', '[{"code": "nobody_eligible", "pool": "p", "candidates": [{"rep": "eve", "why": "daily_cap", "cap": 3}]}]');
SELECT story.decided(11, NULL, '[{"code": "turn", "pool": "p", "rep": "ann", "candidates": ["1:1000:0 ann"]}]');
-- ann: 2/3 + 1/2. bob: 1/3 + 1/4. old: 1/4. eve: 1 + 1/4. gone: 3/4. Seen by: ann 1, 2, 3, 4; bob 1, 2, 3, 5; eve 1, 2, 4, 5, 6, 10; old 1, 2.
SELECT * FROM story.differs('2026-05-01', '2026-06-01', '', '[
    {"rep_id": "ann", "leads": 4, "entitled": 1.1667, "received": 3, "returned": 2},
    {"rep_id": "bob", "leads": 4, "entitled": 0.5833, "received": 1, "returned": 0},
    {"rep_id": "eve", "leads": 6, "entitled": 1.2500, "received": 1, "returned": 0, "skipped": {"inactive": 1, "language": 2, "daily_cap": 1}},
    {"rep_id": "old", "leads": 2, "entitled": 0.2500, "received": 0, "returned": 0, "skipped": {"offline": 1}}]');
SELECT * FROM story.differs('2026-05-01', '2026-06-01', 'beta', '[
    {"rep_id": "zoe", "leads": 2, "entitled": 0.5, "received": 0, "returned": 0}, {"rep_id": "zac", "leads": 2, "entitled": 1.5, "received": 2, "returned": 0}]');
-- Of all tenants, with whoever is gone.
SELECT pool, rep_id, weight, leads, entitled, received, returned, difference, skipped, tenant FROM leadroute.pool_fairness('2026-05-01', '2026-06-01') ORDER BY pool, rep_id;
SELECT rep_id, leads, entitled, received FROM leadroute.pool_fairness('2026-06-01', 'infinity') WHERE leads > 0;

-- Traces that somebody else has written: what can be read counts, the rest says nothing, and nothing is an error.
CREATE TABLE story.traces (no integer, trace jsonb);
INSERT INTO story.traces SELECT row_number() OVER (), t FROM unnest(ARRAY['[]', '{}', '7', '"text"', 'null', '[[]]', '[null, 1, "x", true, {}]', '[[{"pool": "p", "candidates": ["1:1:1 ann"]}]]',
    '[{"pool": "p", "candidates": null}]', '[{"pool": "p", "candidates": {}}]', '[{"pool": "p", "candidates": "1:1:1 ann"}]', '[{"pool": null, "rep": {}, "candidates": [[], {}, null, 5, true]}]',
    '[{"pool": "p", "candidates": ["", " ", "ann", "1 ann", "1:2:3:4 ann", "1:2:3:4:5:6 ann", "x:1:1 ann", "9999999999:1:1 ann", "1:99999999999999999999:1 ann", "::: ann"]}]',
    '[{"pool": "p", "candidates": [{"rep": 5}, {"rep": null}, {"share": [1, 1000, 1]}]}]']::jsonb[]) t;
SELECT story.decided(100, 'p', '[{"code": "turn", "pool": "p", "rep": "ann", "candidates": ["1:1000:0 ann"]}]', '', '2026-07-05');
SELECT count(*) FROM (SELECT story.decided(100 + no, 'p', trace, '', '2026-07-05') FROM story.traces) d;
SELECT count(*) FROM leadroute.decisions WHERE decided_at = '2026-07-05';
SELECT * FROM story.differs('2026-07-01', '2026-08-01', NULL, '[{"rep_id": "ann", "leads": 1, "entitled": 1, "received": 1, "returned": 0}]');
-- full_trace() leaves them as they are.
SELECT no, leadroute.full_trace(trace) FROM story.traces WHERE leadroute.full_trace(trace) <> trace;
-- In parts: a share of fractions or of too large numbers is none, a weight without a seat counts for the name, an object of any other form for a lead.
SELECT story.decided(200, 'p', '[{"pool": "p", "rep": ["ann"], "candidates": ["broken", {"rep": "ann", "share": ["1", 3000]}, {"rep": "bob", "share": [2, 1000.0, 1e400]}, {"rep": "eve", "share": {"1": 2}, "why": 7},
    {"rep": "old", "share": [1e30, 0.5]}, {"rep": "gone", "share": [9999999999, 1e3], "why": "away"}]}]', '', '2026-08-05');
SELECT * FROM story.differs('2026-08-01', '2026-09-01', '', '[
    {"rep_id": "ann", "leads": 1, "entitled": 0.6, "received": 0, "returned": 0}, {"rep_id": "bob", "leads": 1, "entitled": 0.2, "received": 0, "returned": 0},
    {"rep_id": "eve", "leads": 1, "entitled": 0, "received": 0, "returned": 0}, {"rep_id": "old", "leads": 1, "entitled": 0, "received": 0, "returned": 0}]');
-- Weights that nobody can have: no division by zero, and what is below zero stands as it is: 2/(2 - 1) and -1/(2 - 1).
SELECT story.decided(201, 'p', '[{"pool": "p", "candidates": ["1:0:0 ann", "2:0:0 bob"]}]', '', '2026-09-05'), story.decided(202, 'p', '[{"pool": "p", "candidates": ["3:2000:0 eve", "4:-1000:0 old"]}]', '', '2026-09-05');
SELECT * FROM story.differs('2026-09-01', '2026-10-01', '', '[
    {"rep_id": "ann", "leads": 1, "entitled": 0, "received": 0, "returned": 0}, {"rep_id": "bob", "leads": 1, "entitled": 0, "received": 0, "returned": 0},
    {"rep_id": "eve", "leads": 1, "entitled": 2, "received": 0, "returned": 0}, {"rep_id": "old", "leads": 1, "entitled": -1, "received": 0, "returned": 0}]');
-- Long traces, which are compressed or kept beside the table, with more values than one offset stands for: 1/300 each.
SELECT story.decided(203, 'p', jsonb_build_array(jsonb_build_object('code', 'x', 'text', repeat(md5('1'), 3000)), jsonb_build_object('pool', 'p', 'rep', 'rep 299', 'candidates',
    (SELECT jsonb_agg(CASE n % 2 WHEN 0 THEN to_jsonb(format('%s:1000:0 rep %s', 1000 + n, n)) ELSE jsonb_build_object('rep', format('rep %s', n), 'share', jsonb_build_array(1000 + n, 1000, -n)) END) FROM generate_series(1, 300) n))), '', '2026-10-05');
SELECT count(*) AS members, sum(leads) AS leads, sum(entitled) AS entitled, min(entitled), max(entitled), string_agg(rep_id, ',') FILTER (WHERE received > 0) AS received
  FROM leadroute.pool_fairness('2026-10-01', '2026-11-01') WHERE leads > 0;

-- 3,000 turns of one third and two thirds, every tenth given back: 900 and 1,800.
SELECT count(*) FROM (SELECT story.decided(1000 + n, 'p', format('[{"pool": "p", "rep": "%s", "candidates": ["1:2000:0 ann", "2:1000:0 bob", {"rep": "eve", "why": "%s"}]}]', CASE n % 3 WHEN 0 THEN 'bob' ELSE 'ann' END,
    CASE WHEN n <= 1000 THEN 'paused' ELSE 'counted' END)::jsonb, '', '2026-11-05') FROM generate_series(1, 3000) n) d;
INSERT INTO leadroute.returned_turns (decision_id, pool_no, seat) SELECT 1000 + n, p.pool_no, 1 FROM leadroute.pools p, generate_series(10, 3000, 10) n WHERE p.name = 'p';
-- Received by bob 1,000, of these given back where n is a multiple of 30: 100; by ann 2,000, and 200.
SELECT * FROM story.differs('2026-11-01', '2026-12-01', '', '[
    {"rep_id": "ann", "leads": 3000, "entitled": 1800, "received": 2000, "returned": 200}, {"rep_id": "bob", "leads": 3000, "entitled": 900, "received": 1000, "returned": 100},
    {"rep_id": "eve", "leads": 3000, "entitled": 0, "received": 0, "returned": 0, "skipped": {"paused": 1000, "counted": 2000}}]');
-- The same by workers alone.
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET min_parallel_table_scan_size = 0;
SET parallel_tuple_cost = 0;
SET parallel_setup_cost = 0;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
\set shared 'SELECT leadroute_internal.pool_shares(d.pool, d.trace, b.decision_id IS NOT NULL) AS told FROM leadroute.decisions d LEFT JOIN leadroute.returned_turns b ON b.decision_id = d.id WHERE d.id > 1000'
SELECT substring(p FROM 'Finalize Aggregate|Gather|Partial Aggregate|Workers Launched: (?=[1-9])') AS plan FROM story.run_plan(:'shared') p WHERE p ~ 'Aggregate|Gather|Launched';
SELECT k.rep, k.seat, k.why, k.leads, round(k.entitled / 1e18, 6) AS entitled, k.received, k.returned
  FROM (:shared) a, json_to_recordset(a.told) AS k (rep text, seat integer, why text, leads bigint, entitled numeric, received bigint, returned bigint) ORDER BY 1, 3;
SELECT count(*) FROM json_to_recordset((SELECT leadroute_internal.pool_shares(d.pool, d.trace, false) FROM leadroute.decisions d WHERE d.id < 0)) AS k (rep text);
RESET ALL;
SET timezone = 'UTC';
SELECT count(*) FROM leadroute.pool_fairness('2027-01-01', '2027-01-01') WHERE leads > 0;

-- An analyst may ask, and sees what row security shows; the pieces are out of reach.
DROP ROLE IF EXISTS story_reader;
CREATE ROLE story_reader;
GRANT USAGE ON SCHEMA story TO story_reader;
SELECT leadroute.grant_role('analyst', 'story_reader');
SET ROLE story_reader;
SELECT rep_id, leads FROM leadroute.pool_fairness('2026-05-01', '2026-06-01', 'beta') ORDER BY 1;
SELECT * FROM story.try('SELECT leadroute_internal.pool_shares(NULL, NULL, NULL)');
RESET ROLE;
ALTER TABLE leadroute.decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_beta ON leadroute.decisions TO story_reader USING (tenant = 'beta');
SET ROLE story_reader;
SELECT rep_id, leads FROM leadroute.pool_fairness('-infinity', 'infinity') WHERE leads > 0 ORDER BY 1;
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY story_reader;
DROP ROLE story_reader;
