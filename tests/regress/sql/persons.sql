-- persons: a person is known however the lead came: imported, while routing was off, corrected, learnt, restored; and to one tenant only.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.reps (id, tenant) VALUES ('eve', 'beta');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'eve');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.country_aliases (alias, canonical) VALUES ('good old germany', 'DE');

-- Imported rows are cleaned, and their persons known at once, however they are written and by every way in.
INSERT INTO leadroute.leads (email, phone, country, owner_id, status, routed_at) VALUES
    ('Ada+Fair@Old.com', NULL, NULL, 'ann', 'assigned', '2025-03-01'), (NULL, '030 123456 x9', 'Good Old Germany', 'bob', 'working', '2025-03-01'), ('not an address', '+4930654321', NULL, 'bob', 'assigned', '2025-03-01')
RETURNING id, email, phone, country, person_key, attributes, owner_id, routed_at::date;
COPY leadroute.leads (email, owner_id, status, routed_at, tenant) FROM stdin;
Cyd@Old.com	eve	assigned	2025-03-01	beta
\.
INSERT INTO leadroute.leads (email) VALUES ('ada@old.com') RETURNING status, duplicate_of, owner_id;
INSERT INTO leadroute.leads (phone) VALUES ('+49 30 123456') RETURNING status, duplicate_of, owner_id;
SELECT r -> 'duplicate_of' AS duplicate_of FROM leadroute.route_lead('{"email": "ADA@old.com"}') r;
-- Tenants are walls.
INSERT INTO leadroute.leads (email, tenant) VALUES ('ada@old.com', 'beta') RETURNING status, duplicate_of, owner_id;
INSERT INTO leadroute.leads (email, tenant) VALUES ('cyd@old.com', 'beta') RETURNING status, duplicate_of, owner_id;
INSERT INTO leadroute.leads (email) VALUES ('cyd@old.com') RETURNING status, duplicate_of;
-- A key that an import brings along is made by the same rules; closed leads take in nobody.
INSERT INTO leadroute.leads (email, person_key, owner_id, status, routed_at) VALUES ('dan@old.com', 'someone else', 'ann', 'lost', now()) RETURNING person_key;
INSERT INTO leadroute.leads (email) VALUES ('dan@old.com') RETURNING status, duplicate_of;

-- While routing is off, persons are known too; and afterwards.
SET leadroute.enabled = off;
INSERT INTO leadroute.leads (email) VALUES ('Eli+1@Off.com') RETURNING id, email, status, person_key;
INSERT INTO leadroute.leads (email, owner_id, status) VALUES ('fay@off.com', 'bob', 'assigned') RETURNING id, status, owner_id, person_key;
UPDATE leadroute.leads SET email = 'Eli@Off.com' WHERE email = 'eli+1@off.com' RETURNING email, person_key;
RESET leadroute.enabled;
INSERT INTO leadroute.leads (email) VALUES ('fay+x@off.com') RETURNING status, duplicate_of, owner_id;
-- Of the other one nobody would hear: who comes now gets a rep, and the older lead becomes a touch once it is routed.
INSERT INTO leadroute.leads (email) VALUES ('eli@off.com') RETURNING id, status, duplicate_of, owner_id IS NOT NULL AS has_owner;
SELECT story.step(id, 'duplicate') FROM leadroute.leads WHERE email = 'eli@off.com' AND status = 'assigned';
SELECT r ->> 'outcome' AS outcome, (r -> 'duplicate_of')::text = (SELECT l.id::text FROM leadroute.leads l WHERE l.email = 'eli@off.com' AND l.status = 'assigned') AS into_the_other
  FROM leadroute.leads l, leadroute.reroute_lead(l.id) r WHERE l.email = 'eli@off.com' AND l.routed_at = '-infinity';

-- A corrected address or number is another person from then on, whoever corrects it, also of a lead that is not routed.
INSERT INTO leadroute.leads (email) VALUES ('gil@typo.con') RETURNING id \gset
UPDATE leadroute.leads SET email = 'Gil+News@Right.com' WHERE id = :id RETURNING email, person_key;
INSERT INTO leadroute.leads (email) VALUES ('gil@right.com') RETURNING status, duplicate_of = :id AS is_touch;
INSERT INTO leadroute.leads (email) VALUES ('gil@typo.con') RETURNING status, duplicate_of;
UPDATE leadroute.leads SET email = NULL, phone = '(415) 555-2671', country = 'US' WHERE id = :id RETURNING person_key;
INSERT INTO leadroute.leads (phone) VALUES ('+1 415 555 2671') RETURNING status, duplicate_of = :id AS is_touch;
UPDATE leadroute.leads SET phone = '000-000-0000' WHERE id = :id RETURNING phone, person_key;

-- A touch whose address becomes known tells the lead that was known by its number.
INSERT INTO leadroute.leads (first_name, phone) VALUES ('Hal', '+49 30 777888') RETURNING id AS first \gset
INSERT INTO leadroute.leads (phone) VALUES ('+49 30 777888') RETURNING id AS touch, duplicate_of = :first AS is_touch \gset
UPDATE leadroute.leads SET email = 'Hal@New.com' WHERE id = :touch RETURNING person_key;
SELECT email, phone, person_key FROM leadroute.leads WHERE id = :first;
INSERT INTO leadroute.leads (email) VALUES ('hal+2@new.com') RETURNING status, duplicate_of = :first AS is_touch;
-- An address that the first lead has stays.
UPDATE leadroute.leads SET email = NULL WHERE id = :touch;
UPDATE leadroute.leads SET email = 'other@new.com' WHERE id = :touch;
SELECT email, person_key FROM leadroute.leads WHERE id = :first;
-- A number that a touch brings does not change whom an address stands for.
INSERT INTO leadroute.leads (email, phone) VALUES ('ada+3@old.com', '+49 30 999111') RETURNING status, duplicate_of;
SELECT phone, person_key FROM leadroute.leads WHERE id = 1;

-- An app can say neither who a person is nor that it was routed.
CREATE ROLE leadroute_story_app;
SELECT leadroute.grant_role('app', 'leadroute_story_app');
GRANT INSERT ON leadroute.leads TO leadroute_story_app;
SET ROLE leadroute_story_app;
INSERT INTO leadroute.leads (email, person_key, routed_at, owner_id) VALUES ('ida@app.com', 'ada@old.com', '2025-01-01', 'bob') RETURNING owner_id, status;
RESET ROLE;
SELECT person_key, routed_at > now() - interval '1 hour' AS routed_now FROM leadroute.leads WHERE email = 'ida@app.com';
REVOKE ALL ON leadroute.leads FROM leadroute_story_app;
SELECT leadroute.revoke_role('app', 'leadroute_story_app');
DROP ROLE leadroute_story_app;

-- What a dump brings is as it was dumped.
SET search_path = '';
SET check_function_bodies = off;
SET client_min_messages = warning;
COPY leadroute.leads (id, email, phone, person_key, owner_id, status, routed_at) FROM stdin;
9001	Raw+Tag@Dump.com	030 1	as it was	ann	assigned	2025-03-01
9002	Off@Dump.com	\N	\N	\N	new	-infinity
\.
RESET search_path;
RESET check_function_bodies;
RESET client_min_messages;
SELECT id, email, phone, person_key, unassigned_at FROM leadroute.leads WHERE id > 9000 ORDER BY id;
