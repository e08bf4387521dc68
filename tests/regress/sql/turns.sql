-- Turns: which leads use one up, and how one goes back.
\i setup.sql
INSERT INTO leadroute.reps (id, daily_cap) VALUES ('ann', NULL), ('bob', 5), ('cid', NULL);
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 2), ('sales', 'bob', 1), ('sales', 'cid', 1);
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE VIEW story.fair AS SELECT rep_id, weight, round(entitled, 3) AS entitled, received, returned, round(difference, 3) AS difference FROM leadroute.pool_fairness ORDER BY seat;
INSERT INTO leadroute.leads (company) SELECT 'a' || n FROM generate_series(1, 6) n RETURNING id, owner_id;
SELECT * FROM story.fair;

-- A bad fit goes back: the rotation stands as if the lead had not come, and the lead keeps its owner.
SELECT leadroute.return_turn(decision_id, 'bad fit') FROM leadroute.leads WHERE id = 2;
SELECT * FROM story.fair;
SELECT rep_id, today, open FROM leadroute.rep_load WHERE rep_id = 'bob';
-- A second time changes nothing.
SELECT leadroute.return_turn(decision_id, 'again') FROM leadroute.leads WHERE id = 2;
SELECT decision_id, returned_by = session_user AS by_me, reason FROM leadroute.returned_turns;
SELECT rep_id, returned FROM story.fair;
-- Not if it is rolled back.
BEGIN;
SELECT leadroute.return_turn(decision_id, 'bad fit') FROM leadroute.leads WHERE id = 3;
ROLLBACK;
SELECT rep_id, returned FROM story.fair;
-- What was no turn cannot go back.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
INSERT INTO leadroute.leads (email) VALUES ('eve@rival.com') RETURNING id, queue;
SELECT * FROM story.try($$SELECT leadroute.return_turn(decision_id) FROM leadroute.leads WHERE id = 7$$);
SELECT * FROM story.try($$SELECT leadroute.return_turn(4711)$$);
SELECT * FROM story.try($$SELECT leadroute.return_turn(NULL)$$);

-- A transfer and a change by hand take no turn and give none back.
SELECT leadroute.transfer_lead(1, 'cid', 'speaks Dutch') AS decision;
UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 4;
SELECT * FROM story.fair;
SELECT id, cause, previous_owner_id, owner_id, reason FROM leadroute.decisions WHERE lead_id IN (1, 4) AND cause = 'manual' ORDER BY id;
SELECT kind, rep_id FROM leadroute.notifications WHERE lead_id = 1 ORDER BY id;
SELECT leadroute.transfer_lead(1, 'cid') = decision_id AS nothing_to_do FROM leadroute.leads WHERE id = 1;
UPDATE leadroute.reps SET active = false WHERE id = 'ann';
SELECT * FROM story.try($$SELECT leadroute.transfer_lead(1, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.transfer_lead(1, 'zoe')$$);
SELECT * FROM story.try($$SELECT leadroute.transfer_lead(99, 'cid')$$);
UPDATE leadroute.reps SET active = true WHERE id = 'ann';
-- From a queue to a rep.
SELECT leadroute.transfer_lead(7, 'ann', 'a customer after all') IS NOT NULL AS moved;
SELECT status, owner_id, queue FROM leadroute.leads WHERE id = 7;

-- A lead that goes to the owner of its account uses up a turn only where the pool says so.
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'cid');
INSERT INTO leadroute.leads (company, crm_account_id) VALUES ('Acme', 'acme') RETURNING owner_id;
SELECT rep_id, received FROM story.fair;
UPDATE leadroute.pools SET owner_matches_count = true;
INSERT INTO leadroute.leads (company, crm_account_id) VALUES ('Acme', 'acme'), ('Acme', 'acme') RETURNING owner_id;
SELECT rep_id, received FROM story.fair;
-- Cid is ahead now: the next turns go to the others.
INSERT INTO leadroute.leads (company) SELECT 'b' || n FROM generate_series(1, 6) n RETURNING owner_id;

-- Somebody else on a seat, or another pool, is another seat; a rename is not.
UPDATE leadroute.reps SET id = 'anna' WHERE id = 'ann';
UPDATE leadroute.pools SET name = 'crew' WHERE name = 'sales';
SELECT pool, rep_id, received > 0 AS has_turns FROM leadroute.pool_fairness ORDER BY seat;
INSERT INTO leadroute.pools (name) VALUES ('elsewhere');
UPDATE leadroute.pool_members SET pool = 'elsewhere' WHERE rep_id = 'bob';
SELECT pool, rep_id, seat, received > 0 AS has_turns FROM leadroute.pool_fairness ORDER BY seat;
INSERT INTO leadroute.leads (company) VALUES ('c1'), ('c2') RETURNING owner_id;
SELECT sum(difference) FROM leadroute.pool_fairness;
-- A turn of somebody who has left goes back all the same.
SELECT leadroute.return_turn(decision_id) FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id
 WHERE d.owner_id = 'bob' AND layer = 'distribution' AND l.company LIKE 'b%' ORDER BY d.id LIMIT 1;
SELECT sum(difference) FROM leadroute.pool_fairness;

-- Who was passed over, and why.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'cid';
INSERT INTO leadroute.leads (company) VALUES ('d1'), ('d2');
SELECT pool, rep_id, why, leads FROM leadroute.pool_skips ORDER BY 1, 2, 3;
SELECT rep_id, skipped FROM leadroute.pool_fairness ORDER BY seat;
-- The book goes with its pool.
UPDATE leadroute.tiers SET action = 'queue', pool = NULL, queue = 'catch_all';
DELETE FROM leadroute.pools WHERE name = 'crew';
SELECT count(*) FROM leadroute.turns;
SELECT * FROM story.try($$SELECT leadroute.return_turn(id) FROM leadroute.decisions WHERE owner_id = 'cid' AND layer = 'distribution' ORDER BY id DESC LIMIT 1$$);

-- Performance: the part of the leads that converted, against that of the pool, within the pool's limits.
DELETE FROM leadroute.leads;
INSERT INTO leadroute.pools (name, performance_weighted, performance_sample, performance_max) VALUES ('rated', true, 10, 1.5);
INSERT INTO leadroute.reps (id) VALUES ('new');
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'rated', id FROM leadroute.reps ORDER BY id;
UPDATE leadroute.reps SET presence = 'online', daily_cap = NULL;
UPDATE leadroute.reps SET presence = 'offline' WHERE id = 'new';
UPDATE leadroute.tiers SET action = 'pool', pool = 'rated', queue = NULL;
INSERT INTO leadroute.leads (company) SELECT 'r' || n FROM generate_series(1, 60) n;
WITH numbered AS (SELECT id, owner_id, row_number() OVER (PARTITION BY owner_id ORDER BY id) AS n FROM leadroute.leads)
UPDATE leadroute.leads l SET status = 'converted' FROM numbered n
 WHERE n.id = l.id AND n.n <= CASE l.owner_id WHEN 'anna' THEN 10 WHEN 'bob' THEN 5 ELSE 0 END;
SELECT leadroute.refresh_performance();
SELECT rep_id, performance FROM leadroute.pool_members WHERE pool = 'rated' ORDER BY 1;
SELECT "table", key, before -> 'performance' AS before, after -> 'performance' AS after, why FROM leadroute.config_history WHERE why <> '' ORDER BY key;
SELECT leadroute.refresh_performance() AS changed_again;
-- 1.5 to 1 to 0.5 from now on.
INSERT INTO leadroute.leads (company) SELECT 's' || n FROM generate_series(1, 60) n;
SELECT owner_id, count(*) FROM leadroute.leads WHERE company LIKE 's%' GROUP BY 1 ORDER BY 1;
UPDATE leadroute.pools SET performance_weighted = false WHERE name = 'rated';
INSERT INTO leadroute.leads (company) SELECT 't' || n FROM generate_series(1, 60) n;
SELECT owner_id, count(*) BETWEEN 19 AND 21 AS a_third FROM leadroute.leads WHERE company LIKE 't%' GROUP BY 1 ORDER BY 1;
