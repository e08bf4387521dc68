-- Users of the CRM who leave: nobody is chosen who cannot own the row.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, email) VALUES ('1', 'ann@us.com'), ('2', 'bob@us.com'), ('3', NULL), ('x', 'x@us.com');
UPDATE leadroute.reps SET manager_id = '3' WHERE id <> '3';
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'sales', id FROM leadroute.reps;
INSERT INTO leadroute.territories (name) VALUES ('world');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'world');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE TABLE story.users (id integer PRIMARY KEY, email text UNIQUE);
INSERT INTO story.users VALUES (1, 'ann@us.com'), (2, 'bob@us.com'), (3, 'cid@us.com');
CREATE TABLE story.crm (id integer PRIMARY KEY, email text, owner integer REFERENCES story.users ON DELETE SET NULL);
CREATE TABLE story.late (id integer PRIMARY KEY, email text, owner integer REFERENCES story.users DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE story.mails (id integer PRIMARY KEY, email text, owner text REFERENCES story.users (email) ON DELETE SET NULL);
CREATE TABLE story.many (id integer PRIMARY KEY, email text);
CREATE TABLE story.assigned (lead integer REFERENCES story.many, person integer REFERENCES story.users);
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": {"column": "owner", "expression": "CASE WHEN rep.id ~ ''^[0-9]+$'' THEN rep.id::integer END"}}');
SELECT leadroute.attach('story.late', '{"email": "email", "owner_id": {"column": "owner", "expression": "nullif(rep.id, ''x'')::integer"}}');
SELECT leadroute.attach('story.mails', '{"email": "email", "owner_id": {"column": "owner", "rep": "email"}}');
SELECT leadroute.attach('story.many', '{"email": "email", "owner_id": {"table": "story.assigned", "row": "lead", "column": "person", "expression": "nullif(rep.id, ''x'')::integer"}}');

-- Everybody is there: but for x, who has no number, and 3, who has no address.
INSERT INTO story.crm (id, email) SELECT n, n || '@a.com' FROM generate_series(1, 6) n;
SELECT owner, count(*) FROM story.crm GROUP BY 1 ORDER BY 1;
INSERT INTO story.mails (id, email) SELECT n, n || '@b.com' FROM generate_series(1, 4) n;
SELECT owner, count(*) FROM story.mails GROUP BY 1 ORDER BY 1;
SELECT DISTINCT c ->> 'rep' AS rep, c ->> 'problem' AS problem FROM leadroute.decisions d, jsonb_path_query(d.trace, '$[*].candidates[*]') c WHERE c ? 'problem' ORDER BY 1, 2;

-- A user is deleted in the CRM: every way in goes on, without them.
DELETE FROM story.users WHERE id = 2;
INSERT INTO story.crm (id, email) SELECT n, n || '@a.com' FROM generate_series(11, 14) n;
INSERT INTO story.late (id, email) SELECT n, n || '@c.com' FROM generate_series(11, 14) n;
INSERT INTO story.mails (id, email) SELECT n, n || '@b.com' FROM generate_series(11, 12) n;
INSERT INTO story.many (id, email) SELECT n, n || '@d.com' FROM generate_series(11, 14) n;
SELECT 'crm' AS "table", owner::text, count(*) FROM story.crm WHERE id > 10 GROUP BY 2 UNION ALL SELECT 'late', owner::text, count(*) FROM story.late GROUP BY 2
 UNION ALL SELECT 'mails', owner, count(*) FROM story.mails WHERE id > 10 GROUP BY 2 UNION ALL SELECT 'many', person::text, count(*) FROM story.assigned GROUP BY 2 ORDER BY 1, 2;
-- Leads of no table still go to them.
INSERT INTO leadroute.leads (email) SELECT n || '@e.com' FROM generate_series(1, 8) n;
SELECT owner_id, count(*) FROM leadroute.leads WHERE email LIKE '%@e.com' GROUP BY 1 ORDER BY 1;
SELECT pool, sum(difference) FROM leadroute.pool_fairness GROUP BY 1;

-- The ladder, and leads that wait for a pool.
UPDATE leadroute.pool_members SET active = rep_id IN ('1', '2');
SELECT leadroute.escalate_overdue(1000, now() + interval '1 day') > 0 AS escalated;
SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = '2' AND l.attached_key IS NOT NULL AND l.attached_table <> (SELECT table_no FROM leadroute.attached_tables WHERE relation = 'story.mails'::regclass);
UPDATE leadroute.reps SET active = id IN ('2', '3');
INSERT INTO story.late (id, email) VALUES (20, '20@c.com') RETURNING owner;
UPDATE leadroute.queues SET auto_assign_pool = 'sales', auto_assign_after = '0' WHERE name = 'catch_all';
SELECT leadroute.assign_queued() AS assigned, (SELECT owner FROM story.late WHERE id = 20);
INSERT INTO story.users VALUES (2, 'bob@us.com');
SELECT leadroute.assign_queued() > 0 AS assigned, (SELECT owner FROM story.late WHERE id = 20);

UPDATE leadroute.reps SET active = true;
-- A touch of a lead whose owner cannot hold the row of the touch.
SELECT leadroute.transfer_lead(id, 'x') > 0 AS transferred FROM leadroute.leads WHERE email = '1@e.com';
INSERT INTO story.crm (id, email) VALUES (30, '1@e.com') RETURNING owner;
SELECT status, owner_id FROM leadroute.leads WHERE attached_key = '30';
SELECT * FROM leadroute.check_integrity();
