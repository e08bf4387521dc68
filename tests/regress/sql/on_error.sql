-- Routing never fails an insert: the lead goes to the catch-all queue with the error in its decision.
\i setup.sql
SELECT name, setting, unit, context FROM pg_settings
 WHERE name IN ('leadroute.enabled', 'leadroute.on_error', 'leadroute.turn_wait', 'leadroute.duplicate_wait') ORDER BY name;
INSERT INTO leadroute.reps (id) VALUES ('chief'), ('ann'), ('bob');
UPDATE leadroute.queues SET manager_id = 'chief' WHERE name = 'catch_all';
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (email) VALUES ('a1@acme.com') RETURNING id, owner_id;

-- A table that a look-up needs is gone.
BEGIN;
ALTER TABLE leadroute.contacts RENAME TO contacts_gone;
INSERT INTO leadroute.leads (email, score) VALUES ('Ada@acme.com', 50) RETURNING id, email, score, status, owner_id, queue;
SELECT story.explain(2);
SELECT cause, layer, outcome, queue, reason, story.step(2, 'fallback') AS step FROM leadroute.decisions WHERE lead_id = 2;
-- Its manager is told, and the clock runs.
SELECT kind, rep_id, queue FROM leadroute.notifications WHERE lead_id = 2;
SELECT policy FROM leadroute.sla_clocks WHERE lead_id = 2;
-- The same through the other door; the rest of the statement and of the transaction goes on.
SELECT answer ->> 'queue' AS queue, answer ->> 'created' AS created, answer ->> 'reason' AS reason FROM leadroute.route_lead('{"email": "ben@acme.com", "employees": "many"}') answer;
SELECT attributes FROM leadroute.leads WHERE id = 3;
INSERT INTO leadroute.leads (email) VALUES ('cleo@acme.com'), (NULL), ('dan@acme.com'), (NULL) RETURNING id, owner_id, queue;
SELECT lead_id, reason FROM leadroute.decisions WHERE lead_id > 3 ORDER BY id;
COMMIT;
ALTER TABLE leadroute.contacts_gone RENAME TO contacts;
-- Mended; the leads can be routed now, and turns are as they should be.
SELECT answer ->> 'owner_id' AS owner_id FROM leadroute.reroute_lead(2) answer;
INSERT INTO leadroute.leads (email) VALUES ('a2@acme.com') RETURNING owner_id;

-- The rules cannot be read.
BEGIN;
CREATE OR REPLACE FUNCTION leadroute.rules_json() RETURNS text LANGUAGE sql AS $$ SELECT 'no JSON' $$;
UPDATE leadroute.segments SET priority = 1;
INSERT INTO leadroute.leads (email) VALUES ('b1@acme.com'), ('b2@acme.com') RETURNING status, owner_id, queue;
SELECT reason LIKE 'routing failed (F0000: routing tables could not be read: %): kept in queue catch_all' AS says_why FROM leadroute.decisions ORDER BY id DESC LIMIT 2;
CREATE OR REPLACE FUNCTION leadroute.rules_json() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'out of order'; END $$;
INSERT INTO leadroute.leads (email) VALUES ('b3@acme.com') RETURNING status, queue;
SELECT reason FROM leadroute.decisions ORDER BY id DESC LIMIT 1;
ROLLBACK;
INSERT INTO leadroute.leads (email) VALUES ('b5@acme.com') RETURNING status, owner_id;

-- For the strict: the insert fails with the error itself, and leaves nothing.
BEGIN;
SET LOCAL leadroute.on_error = 'raise';
ALTER TABLE leadroute.contacts RENAME TO contacts_gone;
SAVEPOINT s;
INSERT INTO leadroute.leads (email) VALUES ('c1@acme.com');
ROLLBACK TO SAVEPOINT s;
SELECT code, message FROM story.try($$SELECT leadroute.route_lead('{"email": "c1@acme.com"}')$$);
SELECT code, message FROM story.try($$SELECT leadroute.preview_route('{"email": "c1@acme.com"}')$$);
INSERT INTO leadroute.leads (company) VALUES ('no look-up needed') RETURNING owner_id IS NOT NULL AS has_owner;
ROLLBACK;
SELECT count(*) FROM leadroute.leads WHERE email = 'c1@acme.com';
-- Errors of the app are errors as ever.
SELECT code, message FROM story.try($$INSERT INTO leadroute.leads (id) VALUES (1)$$);
SELECT code FROM story.try($$INSERT INTO leadroute.leads (employees) VALUES ('many')$$);
BEGIN READ ONLY;
INSERT INTO leadroute.leads (email) VALUES ('c2@acme.com');
ROLLBACK;

-- Switched off: rows come in as new and nobody is assigned; reroute_lead routes them later.
SET leadroute.enabled = off;
INSERT INTO leadroute.leads (email, owner_id) VALUES (' D1@ACME.com', NULL) RETURNING email, status, owner_id, queue, routed_at, decision_id;
SELECT answer ->> 'created' AS created, answer ->> 'status' AS status, answer ->> 'owner_id' AS owner_id FROM leadroute.route_lead('{"email": "d2@acme.com"}') answer;
UPDATE leadroute.leads SET company = 'Acme' WHERE email = 'd2@acme.com' RETURNING status, routed_at;
RESET leadroute.enabled;
SELECT answer ->> 'status' AS status, answer ->> 'owner_id' IS NOT NULL AS has_owner
  FROM leadroute.leads, leadroute.reroute_lead(id) answer WHERE status = 'new' ORDER BY id;
-- They are cleaned like any other.
SELECT email, status, occurred_at IS NOT NULL AS has_time FROM leadroute.leads WHERE email ILIKE '%d_@acme.com' ORDER BY id;
-- A setting that is out of range, or none.
SET leadroute.on_error = 'ignore';
-- Versions of PostgreSQL differ in where they name the unit.
SELECT code, replace(message, ' ms', '') AS message FROM story.try('SET leadroute.turn_wait = -1');
