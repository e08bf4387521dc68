-- The promise of the rotation in numbers: ten thousand leads for each mix of weights, inserted one by one, and
-- after every single one the distance of each rep from the exact share.
\i setup.sql
INSERT INTO leadroute.reps (id) SELECT format('rep %s', n) FROM generate_series(1, 4) n;
INSERT INTO leadroute.pools (name) SELECT format('mix %s', n) FROM generate_series(1, 3) n;
INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT format('mix %s', mix), format('rep %s', rep), weight
  FROM (VALUES (1, '{5,1,1}'::numeric[]), (2, '{1.5,1,0.5}'), (3, '{7,3,2,1}')) mixes (mix, weights), unnest(weights) WITH ORDINALITY w (weight, rep);
INSERT INTO leadroute.segments (name, sources, fallback_queue) SELECT name, ARRAY[name], 'catch_all' FROM leadroute.pools;
INSERT INTO leadroute.tiers (segment, name, pool) SELECT name, 'any', name FROM leadroute.pools;
DO $$
BEGIN
    FOR n IN 1..10000 LOOP
        INSERT INTO leadroute.leads (source) VALUES ('mix 1');
        INSERT INTO leadroute.leads (source) VALUES ('mix 2');
        INSERT INTO leadroute.leads (source) VALUES ('mix 3');
    END LOOP;
END $$;
-- Tijdeman's bound is 1 - 1/(2k - 2): 0.75 for three reps, 0.834 for four.
SELECT pool, (SELECT string_agg(trim_scale(weight)::text, ' : ' ORDER BY seat) FROM leadroute.pool_members t WHERE t.pool = prefix.pool) AS weights,
       count(*) / count(DISTINCT rep_id) AS leads,
       round(max(abs(due - got)), 3) AS worst_deviation, max(abs(due - got)) < 1 AS below_one_lead
  FROM (SELECT m.pool, m.rep_id, m.weight,
               row_number() OVER member * m.weight / (SELECT sum(weight) FROM leadroute.pool_members t WHERE t.pool = m.pool) AS due,
               count(*) FILTER (WHERE l.owner_id = m.rep_id) OVER member AS got
          FROM leadroute.pool_members m JOIN leadroute.leads l USING (pool)
        WINDOW member AS (PARTITION BY m.pool, m.rep_id ORDER BY l.id)) prefix
 GROUP BY pool ORDER BY pool;

-- Two weeks off, and back: what comes in a row to the returner is what the weight explains.
CREATE FUNCTION story.longest_run(rep text, after bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT max(length) FROM (
        SELECT count(*) AS length FROM (
            SELECT owner_id, row_number() OVER (ORDER BY id) - row_number() OVER (PARTITION BY owner_id ORDER BY id) AS run
              FROM leadroute.leads WHERE id > after) numbered
         WHERE owner_id = rep GROUP BY run) runs $$;
INSERT INTO leadroute.absences (rep_id, during) VALUES ('rep 2', '[2020-01-01,)');
INSERT INTO leadroute.leads (source) SELECT 'mix 1' FROM generate_series(1, 2000);
DELETE FROM leadroute.absences;
SELECT max(id) AS back FROM leadroute.leads \gset
INSERT INTO leadroute.leads (source) SELECT 'mix 1' FROM generate_series(1, 700);
SELECT owner_id, count(*) AS leads, story.longest_run(owner_id, :back) AS longest_run FROM leadroute.leads WHERE id > :back GROUP BY owner_id ORDER BY owner_id;
-- The heaviest one, away and back: five of seven, so runs of at most five.
INSERT INTO leadroute.absences (rep_id, during) VALUES ('rep 1', '[2020-01-01,)');
INSERT INTO leadroute.leads (source) SELECT 'mix 1' FROM generate_series(1, 2000);
DELETE FROM leadroute.absences;
SELECT max(id) AS back FROM leadroute.leads \gset
INSERT INTO leadroute.leads (source) SELECT 'mix 1' FROM generate_series(1, 700);
SELECT owner_id, count(*) AS leads, story.longest_run(owner_id, :back) AS longest_run FROM leadroute.leads WHERE id > :back GROUP BY owner_id ORDER BY owner_id;
