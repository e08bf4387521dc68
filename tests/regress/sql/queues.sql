-- queues: hand out by themselves, or to the rep who asks first.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.queues (name, claimable) VALUES ('desk', true), ('closed', false);
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (segment, name, score, action, queue) VALUES ('all', 'hot', '[80,)', 'queue', 'desk'), ('all', 'warm', '[10,80)', 'queue', 'desk'), ('all', 'cold', '(,10)', 'queue', 'closed');
CREATE VIEW story.desk AS SELECT id, score, tier, status, owner_id, queue FROM leadroute.leads ORDER BY id;

-- Without auto_assign_pool leads wait for people; auto_assign_after gives people their time first.
INSERT INTO leadroute.leads (company, score) VALUES ('a', 20), ('b', 90), ('c', 30), ('d', 95), ('e', 1);
SELECT leadroute.assign_queued();
UPDATE leadroute.queues SET auto_assign_pool = 'sales', auto_assign_after = '10 minutes' WHERE name = 'desk';
SELECT leadroute.assign_queued();
-- The higher tier first, then the oldest.
SELECT leadroute.assign_queued(1, now() + interval '11 minutes');
TABLE story.desk;
SELECT leadroute.assign_queued(2, now() + interval '11 minutes');
TABLE story.desk;
SELECT leadroute.assign_queued(as_of => now() + interval '11 minutes');
TABLE story.desk;
SELECT id, cause, layer, owner_id, pool, reason FROM leadroute.decisions WHERE lead_id = 4 ORDER BY id;
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY seat;
-- A lead that nobody there may take lets others pass.
UPDATE leadroute.reps SET languages = '{en}';
INSERT INTO leadroute.leads (company, score, language) VALUES ('f', 99, 'fr'), ('g', 99, 'en');
SELECT leadroute.assign_queued(1, now() + interval '11 minutes');
SELECT id, language, owner_id FROM leadroute.leads WHERE id > 5 ORDER BY id;
UPDATE leadroute.reps SET languages = NULL;

-- Claiming: only where the queue allows it, and one winner.
SELECT leadroute.claim_lead(6, 'cid') IS NOT NULL AS claimed;
SELECT status, owner_id, queue FROM leadroute.leads WHERE id = 6;
SELECT cause, owner_id, reason FROM leadroute.decisions WHERE lead_id = 6 ORDER BY id DESC LIMIT 1;
SELECT stopped_at IS NULL AS clock_runs FROM leadroute.sla_clocks WHERE lead_id = 6;
SELECT * FROM story.try($$SELECT leadroute.claim_lead(6, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.claim_lead(5, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.claim_lead(99, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.claim_lead(NULL, 'ann')$$);
SELECT * FROM story.try($$SELECT leadroute.claim_lead(5, 'zoe')$$);
UPDATE leadroute.reps SET active = false WHERE id = 'bob';
UPDATE leadroute.queues SET claimable = true WHERE name = 'closed';
SELECT * FROM story.try($$SELECT leadroute.claim_lead(5, 'bob')$$);
SELECT rep_id, open FROM leadroute.rep_load ORDER BY 1;
SELECT queue, leads, held, overdue, claimable FROM leadroute.queue_backlog WHERE leads > 0 ORDER BY 1;

-- Who keeps skipping leads of a kind is flagged, with numbers, from twenty on.
UPDATE leadroute.queues SET auto_assign_pool = NULL WHERE name = 'desk';
INSERT INTO leadroute.leads (company, email, employees, score)
SELECT 'p' || n, CASE n % 2 WHEN 0 THEN 'x' || n || '@company' || n || '.com' ELSE 'x' || n || '@gmail.com' END, 1000, 50 FROM generate_series(1, 60) n;
-- Cid takes every company address, ann whatever comes.
SELECT count(leadroute.claim_lead(id, 'cid')) FROM (SELECT id FROM leadroute.leads WHERE email LIKE '%company%' ORDER BY id LIMIT 25) x;
SELECT count(leadroute.claim_lead(id, 'ann')) FROM (SELECT id FROM leadroute.leads WHERE queue = 'desk' ORDER BY id LIMIT 30) x;
SELECT * FROM leadroute.claim_patterns WHERE attribute = 'mail' ORDER BY rep_id, value;
SELECT rep_id, attribute, value FROM leadroute.claim_patterns WHERE is_flagged;
