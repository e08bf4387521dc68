-- The certificate of a pool: each turn, from whose numbers alone its fairness can be checked.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('eve');
INSERT INTO leadroute.pools (name) VALUES ('p'), ('unused');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('p', 'ann', 2), ('p', 'bob', 1), ('p', 'eve', 1);
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('all', 'any', 'p');
-- What the numbers say without any code of ours: entitlement is weight among the eligible, deviation adds up, and who is next follows.
CREATE FUNCTION story.wrong(pool text, since timestamptz DEFAULT '-infinity', until timestamptz DEFAULT 'infinity') RETURNS TABLE (rows bigint, entitled bigint, credit bigint, deviation bigint, receivers bigint, next bigint) LANGUAGE sql AS $$
    WITH c AS (SELECT * FROM leadroute.fairness_certificate(pool, since, until)
    ), e AS (
        SELECT c.*, CASE event WHEN 'returned' THEN -1 ELSE 1 END * weight / sum(weight) OVER (PARTITION BY turn) AS due FROM c WHERE weight IS NOT NULL
    ), s AS (
        SELECT e.*, first_value(credit_before) OVER w AS opening, sum(due - received) OVER w AS moved,
               count(*) OVER (PARTITION BY turn) AS k, sum(weight) OVER (PARTITION BY turn) AS total FROM e WINDOW w AS (PARTITION BY seat ORDER BY turn)
    ), n AS (
        SELECT q.*, max(owed) OVER t BETWEEN m - 1e-9 AND 1 - m + 1e-9 AND min(owed) OVER t >= m - 1 - 1e-9 AS near
          FROM (SELECT s.*, credit_seen + due AS owed, 1 / (2 * greatest(k, 2)::numeric - 2) AS m FROM s) q WINDOW t AS (PARTITION BY turn)
    )
    SELECT count(*), count(*) FILTER (WHERE abs(entitled - due) > 1e-11), count(*) FILTER (WHERE abs(credit_before - (opening + moved - due + received)) > 1e-6),
           count(*) FILTER (WHERE abs(deviation - (opening + moved)) > 1e-6),
           (SELECT count(*) FROM (SELECT turn FROM c WHERE event <> 'returned' GROUP BY turn HAVING sum(received) <> 1 OR count(DISTINCT receiver) <> 1) x),
           -- Tijdeman: nobody but those owed m, of these who gets to a whole lead first, then who is owed more, then the lower seat; else who is owed most
           (SELECT count(*) FROM n a JOIN n b ON b.turn = a.turn AND b.seat <> a.seat
             WHERE a.event = 'turn' AND a.received = 1 AND a.open_leads IS NULL
               AND (b.near AND b.owed + 1e-9 < b.m, CASE WHEN b.near THEN ceil(round((1 - b.m - b.owed) * b.total / b.weight, 8)) ELSE 0 END, -round(b.owed, 8), b.seat)
                 < (a.near AND a.owed + 1e-9 < a.m, CASE WHEN a.near THEN ceil(round((1 - a.m - a.owed) * a.total / a.weight, 8)) ELSE 0 END, -round(a.owed, 8), a.seat))
      FROM s $$;
-- and the book of the rotation, which the certificate does not read
CREATE VIEW story.book AS
SELECT f.rep_id, f.difference, c.deviation FROM leadroute.pool_fairness f
  LEFT JOIN (SELECT DISTINCT ON (seat) seat, deviation FROM leadroute.fairness_certificate('p', '-infinity', 'infinity') WHERE deviation IS NOT NULL ORDER BY seat, turn DESC) c ON c.seat = f.seat
 WHERE f.pool = 'p' AND round(f.difference, 9) IS DISTINCT FROM round(c.deviation, 9);
SELECT pool, turns, bound, is_kept, verdict FROM leadroute.fairness_verdict('unused', '-infinity', 'infinity');
INSERT INTO leadroute.leads (email) SELECT format('a%s@a%s.com', n, n) FROM generate_series(1, 4) n;
SELECT turn, event, lead_id, receiver, rep_id, is_eligible, why, weight, round(entitled, 4) AS entitled, round(credit_seen, 4) AS seen, round(credit_before, 4) AS before, received, round(deviation, 4) AS deviation, place
  FROM leadroute.fairness_certificate('p', '-infinity', 'infinity');
DO $$ BEGIN FOR n IN 5..200 LOOP INSERT INTO leadroute.leads (email) VALUES (format('a%s@a%s.com', n, n)); END LOOP; END $$;
SELECT turns, members, by_rule, round(worst_deviation, 3) AS worst, bound, rule, is_kept FROM leadroute.fairness_verdict('p', '-infinity', 'infinity');
SELECT * FROM story.wrong('p');
TABLE story.book;
-- Away, without the skill, another weight, a joiner, turns that are given back, a new name, a past period.
SELECT clock_timestamp() AS middle \gset
INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2020-01-01,)');
INSERT INTO leadroute.leads (email) SELECT format('b%s@b%s.com', n, n) FROM generate_series(1, 30) n;
DELETE FROM leadroute.absences;
UPDATE leadroute.segments SET required_skills = '{x}';
UPDATE leadroute.reps SET skills = '{x}' WHERE id <> 'eve';
INSERT INTO leadroute.leads (email) SELECT format('c%s@c%s.com', n, n) FROM generate_series(1, 10) n;
SELECT rep_id, is_eligible, why, entitled IS NULL AS nothing FROM leadroute.fairness_certificate('p', :'middle', 'infinity') WHERE lead_id IN (201, 231) ORDER BY turn, rep_id;
UPDATE leadroute.segments SET required_skills = NULL;
UPDATE leadroute.pool_members SET weight = 3.5 WHERE rep_id = 'bob';
INSERT INTO leadroute.reps (id) VALUES ('joe');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('p', 'joe');
UPDATE leadroute.pools SET name = 'q' WHERE name = 'p';
INSERT INTO leadroute.pools (name) VALUES ('p');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('p', 'joe');
SELECT leadroute.return_turn(decision_id, 'bad fit') FROM leadroute.leads WHERE id IN (7, 205, 233);
INSERT INTO leadroute.leads (email) SELECT format('d%s@d%s.com', n, n) FROM generate_series(1, 50) n;
SELECT turns FROM leadroute.fairness_verdict('p', '-infinity', 'infinity');
DELETE FROM leadroute.pools WHERE name = 'p';
UPDATE leadroute.pools SET name = 'p' WHERE name = 'q';
SELECT turns, returned, members, by_rule, worst_deviation < 2 AS within_two, bound, rule, is_kept FROM leadroute.fairness_verdict('p', '-infinity', 'infinity');
SELECT * FROM story.wrong('p');
TABLE story.book;
SELECT turn, event, lead_id, rep_id, why, round(entitled, 3) AS entitled, received FROM leadroute.fairness_certificate('p', :'middle', 'infinity') WHERE event = 'returned' AND lead_id = 7;
-- The second half begins with what the first has left.
SELECT * FROM story.wrong('p', :'middle');
SELECT turns, returned, bound, rule, is_kept FROM leadroute.fairness_verdict('p', :'middle', 'infinity');
SELECT count(*) AS differences FROM leadroute.fairness_certificate('p', '-infinity', 'infinity') a JOIN leadroute.fairness_certificate('p', :'middle', 'infinity') b
  ON (b.decision_id, b.rep_id, b.event) = (a.decision_id, a.rep_id, a.event) AND (round(b.deviation, 9), b.place) IS DISTINCT FROM (round(a.deviation, 9), a.place);
-- So does a period that begins when nobody is even: two leads of a round of three have been given.
SELECT decided_at AS uneven FROM leadroute.decisions WHERE lead_id = 203 \gset
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE b.credit_before <> 0) > 100 AS uneven, count(*) FILTER (WHERE (round(b.deviation, 9), b.place) IS DISTINCT FROM (round(a.deviation, 9), a.place)) AS differences
  FROM leadroute.fairness_certificate('p', '-infinity', 'infinity') a JOIN leadroute.fairness_certificate('p', :'uneven', 'infinity') b ON (b.decision_id, b.rep_id, b.event) = (a.decision_id, a.rep_id, a.event);
-- Performance weighs, too.
UPDATE leadroute.pools SET performance_weighted = true WHERE name = 'p';
UPDATE leadroute.pool_members SET performance = 1.5 WHERE rep_id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('e@e.com') RETURNING id AS lead \gset
SELECT rep_id, weight, round(entitled, 4) AS entitled FROM leadroute.fairness_certificate('p', '-infinity', 'infinity') WHERE lead_id = :lead;
-- By load: the one with most room; those with equally much take turns.
INSERT INTO leadroute.pools (name, strategy) VALUES ('load', 'least_loaded');
INSERT INTO leadroute.reps (id, max_open_leads) VALUES ('l1', 10), ('l2', 5), ('l3', 5);
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('load', 'l1'), ('load', 'l2'), ('load', 'l3');
UPDATE leadroute.tiers SET pool = 'load';
INSERT INTO leadroute.leads (email) SELECT format('l%s@l%s.com', n, n) FROM generate_series(1, 4) n;
SELECT turn, receiver, rep_id, is_eligible, why, weight, round(entitled, 3) AS entitled, open_leads, capacity, place FROM leadroute.fairness_certificate('load', '-infinity', 'infinity');
SELECT turns, by_rule, bound, rule, is_kept FROM leadroute.fairness_verdict('load', '-infinity', 'infinity');
-- Tenants share a pool, not its turns.
INSERT INTO leadroute.reps (id, tenant) VALUES ('t1', 't'), ('t2', 't');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('p', 't1'), ('p', 't2');
UPDATE leadroute.tiers SET pool = 'p';
INSERT INTO leadroute.leads (email, tenant) SELECT format('t%s@t%s.com', n, n), 't' FROM generate_series(1, 5) n;
SELECT tenant, turns, members, bound, is_kept FROM leadroute.fairness_verdict('p', '-infinity', 'infinity');
SELECT DISTINCT rep_id FROM leadroute.fairness_certificate('p', '-infinity', 'infinity', 't') ORDER BY 1;
-- A turn that went to the wrong one would be seen.
SET session_replication_role = replica;
UPDATE leadroute.decisions SET trace = jsonb_set(trace, ARRAY[(jsonb_array_length(trace) - 1)::text, 'rep'], CASE owner_id WHEN 't1' THEN '"t2"'::jsonb ELSE '"t1"' END)
 WHERE tenant = 't' AND lead_id = (SELECT max(id) FROM leadroute.leads);
RESET session_replication_role;
SELECT by_rule, turns, is_kept, verdict FROM leadroute.fairness_verdict('p', '-infinity', 'infinity', 't');
-- Three turns by hand, of weights 1, 5 and 1, so m is 1/4. As long as all are near, deadlines count: h2 comes to 3/4 after 0.25 * 7/5 leads, h1 after 0.15 * 7, h3 has
-- time. With h3 further ahead than 3/4, or h1 owed more than that, who is owed most is next. What else stands there is no candidate.
INSERT INTO leadroute.reps (id) VALUES ('h1'), ('h2'), ('h3');
INSERT INTO leadroute.pools (name) VALUES ('hand');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('hand', 'h1', 1), ('hand', 'h2', 5), ('hand', 'h3', 1);
SELECT min(seat) AS h1, min(seat) + 1 AS h2, max(seat) AS h3 FROM leadroute.pool_members WHERE pool = 'hand' \gset
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace)
SELECT 90000 + n, n, '2026-01-01', 'insert', 'distribution', 'owner', 'hand', 'by hand', jsonb_build_array(1, jsonb_build_object('code', 'turn', 'pool', 'hand', 'rep', 'h2', 'candidates',
       jsonb_build_array(format('%s:1000:%s h1', :h1, h1), jsonb_build_object('rep', 'h2', 'share', jsonb_build_array(:h2, 5000, 500000000000)), 'x:y z', format('%s:1000:%s h3', :h3, h3), 7,
                         '{"rep": "h4", "why": "away", "away": "absent", "kind": "pto"}'::jsonb)))
  FROM (VALUES (1, 600000000000, -700000000000), (2, 600000000000, -900000000000), (3, 760000000000, -700000000000)) v (n, h1, h3);
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace) VALUES (90004, 4, '2026-01-01', 'insert', 'distribution', 'owner', 'hand', 'by hand', '{"code": "turn", "pool": "hand"}');
SELECT turn, string_agg(rep_id, ' ' ORDER BY place) FILTER (WHERE place IS NOT NULL) AS places, string_agg(why, ', ') FILTER (WHERE NOT is_eligible) AS "not", sum(entitled) FILTER (WHERE rep_id = 'h2') AS h2, sum(entitled) AS "all"
  FROM leadroute.fairness_certificate('hand', '-infinity', 'infinity') GROUP BY turn ORDER BY turn;
-- Weights and capacities of nothing, which nobody can have: no division by zero. A weight that cannot be read tells nothing of what its seat was owed before.
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace)
SELECT 91000 + n, n, timestamptz '2025-01-01' + n * interval '1 hour', 'insert', 'distribution', 'owner', 'hand', 'by hand',
       jsonb_build_array(jsonb_build_object('code', 'turn', 'pool', 'hand', 'rep', 'h1', 'candidates', replace(replace(c, 'H1', :h1::text), 'H2', :h2::text)::jsonb))
  FROM (VALUES (1, '["H1:0:0 h1"]'), (2, '["H1:0:500000000000 h1", "H2:1000:500000000000 h2"]'), (3, '["H1:1000:0:1:0 h1"]'),
               (4, '[{"rep": "h2", "share": [H2, "x", 5]}]'), (5, '["H1:1000:200000000000 h1", "H2:1000:800000000000 h2"]')) v (n, c);
SELECT turn, rep_id, weight, entitled, credit_seen, credit_before, received, place FROM leadroute.fairness_certificate('hand', '2025-01-01 03:30', '2025-02-01') ORDER BY turn, rep_id;
SELECT count(*) FROM leadroute.fairness_certificate('hand', '2025-01-01', '2025-02-01');
SELECT turns FROM leadroute.fairness_verdict('hand', '2025-01-01', '2025-02-01', '');
-- What no lead can be owed, and no sum can hold, says nothing.
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace)
SELECT 92000 + n, n, timestamptz '2024-01-01' + n * interval '1 hour', 'insert', 'distribution', 'owner', 'hand', 'by hand',
       jsonb_build_array(jsonb_build_object('code', 'turn', 'pool', 'hand', 'rep', 'h1', 'candidates', replace(replace(c, 'H1', :h1::text), 'H2', :h2::text)::jsonb))
  FROM (VALUES (1, '["H1:1000:-9223372036854775808 h1", "H2:1000:9223372036854775807 h2"]'), (2, '["H1:9223372036854775807:5 h1", "H2:-9223372036854775806:5 h2"]')) v (n, c);
SELECT turn, rep_id, entitled, credit_seen, credit_before, received FROM leadroute.fairness_certificate('hand', '2024-01-01', '2024-02-01') ORDER BY turn, rep_id;
SELECT turns FROM leadroute.fairness_verdict('hand', '2024-01-01', '2024-02-01', '');
-- One lead is the bound only where who was eligible stayed the same (January), with the same weights (in February one has another), in all turns (in March one is missing, in April another instead).
INSERT INTO leadroute.decisions (id, lead_id, decided_at, cause, layer, outcome, pool, reason, trace)
SELECT 93000 + n, n, t, 'insert', 'distribution', 'owner', 'hand', 'by hand',
       jsonb_build_array(jsonb_build_object('code', 'turn', 'pool', 'hand', 'rep', 'h1', 'candidates', replace(replace(replace(c, 'H1', :h1::text), 'H2', :h2::text), 'H3', :h3::text)::jsonb))
  FROM (VALUES (1, timestamptz '2023-01-01', '["H1:1000:500000000000 h1", "H2:1000:500000000000 h2"]'), (2, '2023-01-02', '["H1:1000:0 h1", "H2:1000:1000000000000 h2"]'),
               (3, '2023-02-01', '["H1:1000:500000000000 h1", "H2:1000:500000000000 h2"]'), (4, '2023-02-02', '["H1:3000:0 h1", "H2:1000:1000000000000 h2"]'),
               (5, '2023-03-01', '["H1:1000:500000000000 h1", "H2:1000:500000000000 h2"]'), (6, '2023-03-02', '["H1:1000:500000000000 h1"]'),
               (7, '2023-04-01', '["H1:1000:500000000000 h1", "H2:1000:500000000000 h2"]'), (8, '2023-04-02', '["H1:1000:0 h1", "H3:1000:500000000000 h3"]')) v (n, t, c);
SELECT m, v.turns, v.members, v.bound FROM generate_series(timestamptz '2023-01-01', '2023-04-01', '1 month') m, LATERAL leadroute.fairness_verdict('hand', m, m + interval '1 month', '') v;
SELECT * FROM story.try('SELECT * FROM leadroute.fairness_certificate(''none'', ''-infinity'', ''infinity'')');
SELECT * FROM story.try('SELECT * FROM leadroute.fairness_verdict(''p'', NULL, ''infinity'')');
