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

-- An expression for the owner sees the row: here a user has a profile in each organisation.
DELETE FROM leadroute.leads WHERE attached_key IS NOT NULL AND duplicate_of IS NOT NULL;
CREATE TABLE story.profile (id integer PRIMARY KEY, person text, org text);
INSERT INTO story.profile VALUES (11, '1', 'a'), (12, '1', 'b'), (21, '2', 'a'), (31, '3', 'b');
CREATE TABLE story.org_lead (id integer PRIMARY KEY, org text, code text GENERATED ALWAYS AS (upper(org)) STORED, email text, owner integer REFERENCES story.profile);
SELECT code, message FROM story.try($$SELECT leadroute.attach('story.org_lead', '{"email": "email", "owner_id": {"column": "owner", "expression": "(SELECT id FROM story.profile WHERE person = rep.id AND org = lead.organisation)"}}')$$);
SELECT leadroute.attach('story.org_lead', '{"email": "email", "owner_id": {"column": "owner", "expression": "(SELECT p.id FROM story.profile p WHERE p.person = rep.id AND upper(p.org) = lead.code)"}}');
UPDATE leadroute.pool_members SET active = true;
INSERT INTO story.org_lead (id, org, email) SELECT n, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END, n || '@org.com' FROM generate_series(1, 8) n;
SELECT o.org, p.person, p.org = o.org AS fits, l.owner_id = p.person AS is_owner, count(*) FROM story.org_lead o JOIN story.profile p ON p.id = o.owner JOIN leadroute.leads l ON l.attached_key = o.id::text AND l.email LIKE '%@org.com' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2;
-- Also when the owner changes later, here and in the row.
SELECT leadroute.transfer_lead(id, '1') > 0 AS transferred FROM leadroute.leads WHERE email IN ('1@org.com', '2@org.com') AND owner_id <> '1';
SELECT o.id, p.id AS profile FROM story.org_lead o JOIN story.profile p ON p.id = o.owner WHERE o.id IN (1, 2) ORDER BY 1;
UPDATE story.org_lead SET owner = 31 WHERE id = 1;
UPDATE story.org_lead SET owner = 31 WHERE id = 2;
SELECT email, owner_id, queue FROM leadroute.leads WHERE email IN ('1@org.com', '2@org.com') ORDER BY 1;
-- Nobody has a profile there: the lead waits. Two rows for one user are an error, which keeps the user out, and is listed.
INSERT INTO story.org_lead (id, org, email) VALUES (20, 'c', '20@org.com') RETURNING owner;
INSERT INTO story.profile VALUES (13, '1', 'b');
INSERT INTO story.org_lead (id, org, email) SELECT n, 'b', n || '@org.com' FROM generate_series(31, 34) n;
SELECT owner, count(*) FROM story.org_lead WHERE id > 30 GROUP BY 1;
SELECT DISTINCT c ->> 'rep' AS rep, c ->> 'problem' AS problem FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id, jsonb_path_query(d.trace, '$[*].candidates[*]') c WHERE l.email LIKE '3_@org.com' AND c ? 'problem' ORDER BY 1;
SELECT problem FROM leadroute.config_problems WHERE "table" = 'attached_tables' AND key = 'story.org_lead' ORDER BY 1;
-- Nor does it keep a person from choosing another owner.
UPDATE story.org_lead SET owner = 31 WHERE id IN (SELECT o.id FROM story.org_lead o JOIN leadroute.leads l ON l.attached_key = o.id::text AND l.email LIKE '%@org.com' WHERE l.owner_id = '1' AND o.org = 'b');
SELECT count(*) FROM leadroute.leads l JOIN story.org_lead o ON l.attached_key = o.id::text AND l.email LIKE '%@org.com' WHERE o.org = 'b' AND l.owner_id = '1';
-- What the expression names cannot be dropped.
SELECT code, message FROM story.try('DROP TABLE story.profile CASCADE');
SELECT * FROM leadroute.check_integrity();
