-- How ORMs write: whole rows, stale values, NULL for what they do not know, link tables that are emptied and filled again.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'bob@us.com'), ('cid', 'cid@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE TABLE story.queues (name text PRIMARY KEY);
CREATE TABLE story.lead (id integer PRIMARY KEY, email text, company text, owner text, waits_in text REFERENCES story.queues,
    segment text CHECK (segment <> 'all'), account text, due timestamptz, lead_id bigint, write_date timestamp, lock_version integer NOT NULL DEFAULT 0, history integer NOT NULL DEFAULT 0);
SELECT * FROM story.try($$SELECT leadroute.attach('story.lead', '{"email": "email", "owner_id": "owner", "touch": {"lock_version": "+2"}}')$$);
SELECT * FROM story.try($$SELECT leadroute.attach('story.lead', '{"email": "email", "owner_id": "owner", "touch": {"lock": "+1"}}')$$);
SELECT * FROM story.try($$SELECT leadroute.attach('story.lead', '{"email": "email", "owner_id": "owner", "touch": {"company": "now"}}')$$);
SELECT leadroute.attach('story.lead', '{"email": "email", "company": "company", "owner_id": "owner", "queue": "waits_in", "segment": "segment", "sla_due_at": "due", "id": "lead_id",
    "touch": {"write_date": "now", "lock_version": "+1"}}');
CREATE VIEW story.decisions AS SELECT l.attached_key AS id, d.cause, d.previous_owner_id, d.owner_id, d.queue FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id ORDER BY d.id;

-- create() and save() in one transaction: the object knows nothing of what routing wrote. That is nobody's choice.
BEGIN;
INSERT INTO story.lead (id, email, owner) VALUES (1, 'a@a.com', NULL), (2, 'b@a.com', 'creator');
UPDATE story.lead SET email = 'a@a.com', owner = NULL, segment = NULL, due = NULL, lead_id = NULL, write_date = write_date WHERE id = 1;
UPDATE story.lead SET email = 'b@a.com', owner = 'creator', due = '2020-01-01' WHERE id = 2;
COMMIT;
SELECT id, owner IN ('ann', 'bob') AS is_owned, company, due > now() AS is_due, lead_id IS NOT NULL AS knows_its_lead FROM story.lead ORDER BY id;
TABLE story.decisions;
-- Another owner in the same transaction is a choice, and in a later one nobody is, too.
BEGIN;
INSERT INTO story.lead (id, email) VALUES (3, 'c@a.com');
UPDATE story.lead SET owner = 'cid' WHERE id = 3;
COMMIT;
UPDATE story.lead SET owner = NULL WHERE id = 3;
SELECT * FROM story.decisions WHERE id = '3';
-- Saved later with old values of what only routing writes.
SELECT leadroute.transfer_lead(id, 'cid') > 0 AS transferred FROM leadroute.leads WHERE attached_key = '1';
UPDATE story.lead SET company = 'Acme', waits_in = NULL, due = '2020-01-01', lead_id = 77 WHERE id = 1;
SELECT owner, waits_in, due > now() AS is_due, lead_id = leadroute.attached_lead('story.lead', '1') AS knows_its_lead FROM story.lead WHERE id = 1;

-- What routing writes is seen by optimistic locking, and by whoever reads what changed since; not what it wrote when the row came.
SELECT id, lock_version, write_date > (now() AT TIME ZONE 'UTC') - interval '1 hour' AS is_touched FROM story.lead ORDER BY id;
ALTER TABLE story.lead RENAME lock_version TO version;
SELECT leadroute.transfer_lead(id, 'bob') > 0 AS transferred FROM leadroute.leads WHERE attached_key = '1';
SELECT owner, version FROM story.lead WHERE id = 1;
SELECT code, message FROM story.try('ALTER TABLE story.lead DROP version');

-- Values that a constraint of the row refuses are left out: at insert the segment, and the queue, which the CRM does not have.
SET client_min_messages = notice;
UPDATE leadroute.pool_members SET active = false;
INSERT INTO story.lead (id, email) VALUES (4, 'd@a.com') RETURNING owner, waits_in, segment, lead_id IS NOT NULL AS knows_its_lead;
INSERT INTO story.queues VALUES ('catch_all');
INSERT INTO story.lead (id, email) VALUES (5, 'e@a.com') RETURNING owner, waits_in, segment;
DELETE FROM story.lead WHERE id = 5;
DELETE FROM story.queues;
UPDATE leadroute.pool_members SET active = true;
-- Later too.
SELECT leadroute.transfer_lead(id, 'ann') > 0 AS transferred FROM leadroute.leads WHERE attached_key = '4';
SELECT owner, waits_in FROM story.lead WHERE id = 4;
UPDATE story.lead SET owner = NULL WHERE id = 4;
SELECT owner, waits_in, (SELECT queue FROM leadroute.leads WHERE attached_key = '4') FROM story.lead WHERE id = 4;
SET client_min_messages = warning;

-- leadroute.leads itself: NULL for columns with defaults, and an owner who is named.
INSERT INTO leadroute.leads (id, external_id, email, status, owner_id, queue, expansion, held, created_at, updated_at, tenant)
VALUES (NULL, 'x1', 'f@b.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) RETURNING id > 0 AS has_id, status, owner_id IN ('ann', 'bob') AS is_routed, expansion, held, created_at = now() AS is_now, tenant;
INSERT INTO leadroute.leads (email, owner_id) VALUES ('g@b.com', 'cid'), ('h@b.com', 'stranger') RETURNING status, owner_id, queue;
SELECT d.layer, d.reason FROM leadroute.decisions d JOIN leadroute.leads l ON l.decision_id = d.id WHERE l.email IN ('g@b.com', 'h@b.com') ORDER BY l.id;
SELECT r ->> 'owner_id' AS owner, r ->> 'layer' AS layer FROM leadroute.route_lead('{"email": "i@b.com", "owner_id": "cid"}') r;
SELECT r ->> 'owner_id' AS owner, r ->> 'layer' AS layer FROM leadroute.preview_route('{"email": "j@b.com", "owner_id": "cid"}') r;
CREATE ROLE lr_app;
SELECT leadroute.grant_role('app', 'lr_app');
GRANT USAGE ON SCHEMA story TO lr_app;
SET ROLE lr_app;
SELECT code, message FROM story.try($$INSERT INTO leadroute.leads (email, owner_id) VALUES ('k@b.com', 'cid')$$);
SELECT r ->> 'owner_id' IN ('ann', 'bob') AS is_routed, r ->> 'layer' AS layer FROM leadroute.route_lead('{"email": "k@b.com", "owner_id": "cid"}') r;
RESET ROLE;
GRANT INSERT (owner_id) ON leadroute.leads TO lr_app;
SET ROLE lr_app;
INSERT INTO leadroute.leads (email, owner_id) VALUES ('l@b.com', 'cid') RETURNING owner_id;
SELECT r ->> 'owner_id' AS owner, r ->> 'layer' AS layer FROM leadroute.route_lead('{"email": "m@b.com", "owner_id": "cid"}') r;
RESET ROLE;

-- A whole lead that is saved as it was read, before an escalation: the change of owner is recorded, the rest stays.
CREATE TABLE story.read AS SELECT * FROM leadroute.leads WHERE email = 'g@b.com';
SELECT leadroute.transfer_lead(id, 'ann') > 0 AS transferred FROM story.read;
UPDATE leadroute.leads l SET (company, status, owner_id, queue, segment, sla_due_at, routed_at, decision_id) = (SELECT 'Saved', r.status, r.owner_id, r.queue, 'stale', '2020-01-01'::timestamptz, r.routed_at, r.decision_id FROM story.read r WHERE r.id = l.id)
 WHERE l.email = 'g@b.com' RETURNING company, owner_id, segment, sla_due_at > now() AS is_due, decision_id > (SELECT decision_id FROM story.read) AS is_recorded;
SELECT d.cause, d.previous_owner_id, d.owner_id FROM leadroute.decisions d JOIN leadroute.leads l ON l.decision_id = d.id WHERE l.email = 'g@b.com';
SELECT * FROM leadroute.check_integrity();

-- A link table. clear() and add(), in one transaction or two, is one decision at most.
CREATE TABLE story.many (id integer PRIMARY KEY, email text, lock_version integer NOT NULL DEFAULT 0);
CREATE TABLE story.many_owners (many integer REFERENCES story.many, person text);
SELECT leadroute.attach('story.many', '{"email": "email", "owner_id": {"table": "story.many_owners", "row": "many", "column": "person"}, "touch": {"lock_version": "+1"}}');
INSERT INTO story.many VALUES (1, 'a@m.com'), (2, 'b@m.com'), (3, 'c@m.com'), (4, 'd@m.com');
UPDATE leadroute.leads SET owner_id = 'ann' WHERE email LIKE '%@m.com' AND owner_id <> 'ann';
CREATE VIEW story.links AS SELECT m.id, l.owner_id, l.queue, (SELECT string_agg(o.person, ' ' ORDER BY o.person) FROM story.many_owners o WHERE o.many = m.id) AS assigned, m.lock_version,
    (SELECT count(*) FROM leadroute.decisions d WHERE d.lead_id = l.id AND d.cause = 'manual' AND d.reason LIKE '%many%' OR d.lead_id = l.id AND d.reason LIKE 'nobody%') AS decisions, l.unassigned_at IS NOT NULL AS is_unassigned
  FROM story.many m JOIN leadroute.leads l ON l.attached_key = m.id::text AND l.email LIKE '%@m.com' ORDER BY m.id;
TABLE story.links;
BEGIN;
DELETE FROM story.many_owners WHERE many = 1;
INSERT INTO story.many_owners VALUES (1, 'ann');
COMMIT;
DELETE FROM story.many_owners WHERE many IN (2, 3, 4);
INSERT INTO story.many_owners VALUES (2, 'ann');
INSERT INTO story.many_owners VALUES (3, 'bob');
TABLE story.links;
-- Nobody at all, for a minute: the lead waits for a person.
SELECT leadroute.release_unassigned() AS at_once, leadroute.release_unassigned(as_of => now() + interval '2 minutes') AS later, leadroute.release_unassigned(as_of => now() + interval '3 minutes') AS again;
TABLE story.links;
INSERT INTO story.many_owners VALUES (4, 'stranger');
SELECT * FROM story.links WHERE id = 4;
SELECT replace(reason, session_user, 'somebody') AS reason FROM leadroute.decisions WHERE reason LIKE '%stranger%' AND cause = 'manual' ORDER BY id;
-- Owners who are added with their row keep it, where the mapping says so.
SELECT leadroute.attach('story.many', '{"email": "email", "keep": true, "owner_id": {"table": "story.many_owners", "row": "many", "column": "person"}}');
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY 1;
BEGIN;
INSERT INTO story.many VALUES (5, 'e@m.com'), (6, 'f@m.com'), (7, 'g@m.com');
INSERT INTO story.many_owners VALUES (5, 'cid'), (5, 'helper'), (6, 'stranger');
COMMIT;
INSERT INTO story.many_owners VALUES (7, 'cid');
SELECT id, owner_id = 'cid' AS is_cid, queue, (id = 7) OR assigned IS NOT DISTINCT FROM (CASE id WHEN 5 THEN 'cid helper' ELSE 'stranger' END) AS as_added FROM story.links WHERE id >= 5;
SELECT l.attached_key, d.cause, d.layer, d.outcome, regexp_replace(d.reason, 'turn of \w+', 'turn of somebody') AS reason FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.email IN ('e@m.com', 'f@m.com', 'g@m.com') ORDER BY d.id;
-- Their turns are back, and only they were told.
SELECT sum(received - returned) FROM leadroute.pool_fairness;
SELECT l.attached_key, n.kind, n.rep_id = 'cid' AS is_cid, n.queue FROM leadroute.notifications n JOIN leadroute.leads l ON l.id = n.lead_id WHERE l.email IN ('e@m.com', 'f@m.com') ORDER BY n.id;
-- What is left out for one check may be refused by another, beside what routing wrote.
CREATE TABLE story.pair (id integer PRIMARY KEY, email text, owner text, seg text, pool text CHECK (pool = 'none'), tier text, CHECK (seg IS NULL OR pool IS NOT NULL), CHECK (tier IS NULL OR seg IS NOT NULL));
SELECT leadroute.attach('story.pair', '{"email": "email", "owner_id": "owner", "segment": "seg", "pool": "pool", "tier": "tier"}');
INSERT INTO story.pair VALUES (1, 'a@pair.com') RETURNING owner IS NOT NULL AS is_owned, seg, pool, tier;
-- A unique index over what routing writes is named when the table is attached; rows with a value of their own are no problem.
CREATE TABLE story.once (id integer PRIMARY KEY, email text, owner text, seg text UNIQUE, lead bigint UNIQUE);
SELECT leadroute.attach('story.once', '{"email": "email", "owner_id": "owner", "segment": "seg", "id": "lead"}');
SELECT problem FROM leadroute.config_problems WHERE key = 'story.once';
SELECT * FROM leadroute.check_integrity();
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;
DROP SCHEMA story CASCADE;
DROP OWNED BY lr_app;
DROP ROLE lr_app;
