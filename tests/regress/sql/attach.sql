-- The third door: a table of the user, whose rows are routed as leads.
\i setup.sql
INSERT INTO leadroute.reps (id, email) VALUES ('7', 'ann@us.com'), ('8', 'bob@us.com'), ('9', 'cid@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', '7'), ('sales', '8'), ('sales', '9');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

CREATE TABLE story."My Leads" (
    "Id" uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    "E-Mail" varchar(100),
    given_name text,
    land char(20),
    size text,
    extra jsonb,
    came timestamp,
    owner integer,
    waits_in text,
    due timestamptz
);
SELECT leadroute.attach('story."My Leads"', '{"email": "E-Mail", "first_name": "given_name", "country": "land", "employees": "size",
    "attributes": "extra", "occurred_at": "came", "owner_id": "owner", "queue": "waits_in", "sla_due_at": "due"}');
SELECT relation, mapping ->> 'owner_id' AS owner, detached_at FROM leadroute.attached_tables;

-- The owner is in the row that RETURNING shows.
INSERT INTO story."My Leads" ("Id", "E-Mail", land, size, extra) VALUES
    ('00000000-0000-0000-0000-00000000000a', 'Ada@Acme.com', 'Germany', '40', '{"plan": "pro"}'),
    ('00000000-0000-0000-0000-00000000000b', 'ben@beta.com', 'Germany', 'a dozen', NULL),
    ('00000000-0000-0000-0000-00000000000c', 'cyd@gamma.com', 'Japan', NULL, '[1]'),
    ('00000000-0000-0000-0000-00000000000d', 'ada+again@acme.com', NULL, NULL, NULL)
RETURNING right("Id"::text, 1) AS id, "E-Mail", owner, waits_in, due IS NOT NULL AS has_due;
SELECT id, right(attached_key, 1) AS key, email, country, employees, attributes, status, owner_id, queue, duplicate_of FROM leadroute.leads ORDER BY id;
SELECT lead_id, cause, layer, outcome, owner_id, queue, reason FROM leadroute.decisions ORDER BY id;
SELECT lead_id, policy FROM leadroute.sla_clocks ORDER BY id;
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY 1;

-- What changes in the lead goes into the row, and is not routed again.
SELECT leadroute.transfer_lead(1, '9') > 0 AS transferred;
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 day') AS escalated;
SELECT right("Id"::text, 1) AS id, owner, waits_in FROM story."My Leads" ORDER BY 1;
SELECT count(*) AS leads FROM leadroute.leads;
-- An owner that is changed by hand in the row is recorded.
UPDATE story."My Leads" SET owner = 8 WHERE given_name IS NULL AND "E-Mail" LIKE 'Ada%';
UPDATE story."My Leads" SET owner = 77 WHERE "E-Mail" LIKE 'ben%';
UPDATE story."My Leads" SET owner = 7 WHERE "E-Mail" LIKE 'cyd%';
UPDATE story."My Leads" SET owner = owner, given_name = 'x';
SELECT lead_id, cause, outcome, previous_owner_id, owner_id, queue, replace(reason, session_user, 'somebody') AS reason
  FROM leadroute.decisions WHERE cause = 'manual' ORDER BY id;
SELECT right("Id"::text, 1) AS id, owner, waits_in FROM story."My Leads" ORDER BY 1;
-- A lead follows its row to another key.
UPDATE story."My Leads" SET "Id" = '00000000-0000-0000-0000-0000000000ff' WHERE "E-Mail" LIKE 'cyd%';
SELECT leadroute.attached_lead('story."My Leads"', '00000000-0000-0000-0000-0000000000ff');
-- Deleting the row keeps the audit, and closes the lead.
DELETE FROM story."My Leads" WHERE "E-Mail" LIKE 'cyd%';
SELECT status, attached_key, (SELECT count(*) FROM leadroute.decisions WHERE lead_id = 3) AS decisions,
       (SELECT bool_and(stopped_at IS NOT NULL) FROM leadroute.sla_clocks WHERE lead_id = 3) AS stopped FROM leadroute.leads WHERE id = 3;
-- The same key may come again.
INSERT INTO story."My Leads" ("Id", "E-Mail", land) VALUES ('00000000-0000-0000-0000-0000000000ff', 'cyd@gamma.com', 'DE') RETURNING owner;

-- The table may tell the life of its leads; a closed one has no clock, and takes in no touches.
SELECT leadroute.attach('story."My Leads"', '{"email": "E-Mail", "country": "land", "owner_id": "owner",
    "status": {"expression": "CASE given_name WHEN ''won'' THEN ''converted'' WHEN ''busy'' THEN ''working'' END"}}');
UPDATE story."My Leads" SET given_name = 'busy' WHERE "E-Mail" LIKE 'Ada%';
UPDATE story."My Leads" SET given_name = 'won' WHERE "E-Mail" LIKE 'ben%';
SELECT l.id, l.status, c.stopped_at IS NOT NULL AS stopped FROM leadroute.leads l JOIN leadroute.sla_clocks c ON c.lead_id = l.id WHERE l.id < 3 ORDER BY 1;
INSERT INTO story."My Leads" ("E-Mail", land) VALUES ('ben@beta.com', 'DE');
SELECT status, duplicate_of FROM leadroute.leads WHERE email = 'ben@beta.com' ORDER BY id;
-- In an error nothing is left behind, and routing that is switched off leaves rows alone.
BEGIN;
INSERT INTO story."My Leads" ("E-Mail", land) VALUES ('zoe@zeta.com', 'DE');
ROLLBACK;
SET leadroute.enabled = off;
INSERT INTO story."My Leads" ("E-Mail", land) VALUES ('off@zeta.com', 'DE') RETURNING owner;
RESET leadroute.enabled;
SELECT count(*) FROM leadroute.leads WHERE email LIKE '%zeta.com';
