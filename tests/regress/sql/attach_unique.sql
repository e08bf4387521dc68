-- attach_unique: what another row has, and a unique or exclusion index allows once, is not written: the next rep gets the row, other
-- values are left out, and no statement of a user fails.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, manager_id) VALUES ('max', NULL), ('ann', 'max'), ('bob', 'max'), ('cyd', 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cyd');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE VIEW story.deals AS
SELECT l.attached_table AS "table", l.attached_key AS key, l.status, l.owner_id, l.queue FROM leadroute.leads l WHERE l.attached_key IS NOT NULL ORDER BY l.id;

-- A rep has one row, in one statement and in several, also where the index is checked at the end of the transaction only.
CREATE TABLE story.seat (id integer PRIMARY KEY, email text, owner text UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT leadroute.attach('story.seat', '{"email": "email", "owner_id": "owner"}');
INSERT INTO story.seat (id, email) SELECT n, n || '@seat.com' FROM generate_series(1, 2) n RETURNING *;
INSERT INTO story.seat (id, email) SELECT n, n || '@seat.com' FROM generate_series(3, 5) n RETURNING *;
SELECT d.reason, c ->> 'rep' AS rep, c ->> 'problem' AS problem
  FROM leadroute.decisions d CROSS JOIN jsonb_array_elements(d.trace) s CROSS JOIN jsonb_array_elements(s -> 'candidates') c
 WHERE d.lead_id = (SELECT id FROM leadroute.leads WHERE email = '4@seat.com') ORDER BY 2;
-- A row that is gone, or has another owner, makes room. What is inserted with an owner that is there already, an upsert of all
-- columns among it, fails or not as without routing.
DELETE FROM story.seat WHERE owner = 'bob';
INSERT INTO story.seat (id, email) VALUES (6, '6@seat.com') RETURNING owner;
INSERT INTO story.seat (id, email, owner) VALUES (6, '6@seat.com', 'cyd') ON CONFLICT (id) DO UPDATE SET email = excluded.email, owner = excluded.owner RETURNING *;
SELECT * FROM story.deals;
-- In savepoints: what is rolled back makes room at once.
DELETE FROM story.seat WHERE owner = 'ann';
BEGIN;
SAVEPOINT one;
INSERT INTO story.seat (id, email) VALUES (7, '7@seat.com') RETURNING owner;
ROLLBACK TO one;
INSERT INTO story.seat (id, email) VALUES (8, '8@seat.com') RETURNING owner;
RELEASE one;
INSERT INTO story.seat (id, email) VALUES (9, '9@seat.com') RETURNING owner;
COMMIT;
DROP TABLE story.seat;

-- Of several columns, an expression, or only of some rows.
CREATE TABLE story.desk (id integer PRIMARY KEY, email text, owner text, region text, stage text);
CREATE UNIQUE INDEX ON story.desk (upper(owner), region);
CREATE UNIQUE INDEX ON story.desk (owner) WHERE stage = 'hot';
SELECT leadroute.attach('story.desk', '{"email": "email", "owner_id": "owner"}');
INSERT INTO story.desk (id, email, region, stage) VALUES (1, '1@desk.com', 'n', 'hot'), (2, '2@desk.com', 'n', NULL), (3, '3@desk.com', 'n', NULL),
    (4, '4@desk.com', 'n', NULL), (5, '5@desk.com', 's', 'hot'), (6, '6@desk.com', 's', 'hot'), (7, '7@desk.com', 's', 'hot'), (8, '8@desk.com', NULL, NULL)
RETURNING id, region, stage, owner;
DROP TABLE story.desk;

-- An exclusion constraint, with an owner who is a number there.
CREATE TABLE story.shift (id integer PRIMARY KEY, email text, seller integer, hours int4range,
    EXCLUDE USING gist (int4range(seller, seller, '[]') WITH &&, hours WITH &&) WHERE (seller IS NOT NULL));
SELECT leadroute.attach('story.shift', '{"email": "email", "owner_id": {"column": "seller", "expression": "ascii(rep.id) - 96"}}');
INSERT INTO story.shift (id, email, hours) VALUES (1, '1@shift.com', '[1,5)'), (2, '2@shift.com', '[4,6)'), (3, '3@shift.com', '[1,2)'),
    (4, '4@shift.com', '[1,9)'), (5, '5@shift.com', '[6,9)'), (6, '6@shift.com', '[5,6)') RETURNING id, hours, seller;
DROP TABLE story.shift;
\set VERBOSITY terse

-- What happens to the lead later goes by the same rule: the ladder passes over who has a row, and a transfer to them is refused.
CREATE TABLE story.chair (id integer PRIMARY KEY, email text, owner text UNIQUE, stage text);
SELECT leadroute.attach('story.chair', '{"email": "email", "owner_id": "owner"}');
INSERT INTO story.chair (id, email) VALUES (1, '1@chair.com'), (2, '2@chair.com') RETURNING owner;
UPDATE leadroute.leads SET status = 'working' WHERE email = '2@chair.com';
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 hour');
SELECT id, owner FROM story.chair ORDER BY id;
SELECT * FROM story.try($$SELECT leadroute.transfer_lead(leadroute.attached_lead('story.chair', '1'), (SELECT owner FROM story.chair WHERE id = 2))$$);
SELECT id, owner FROM story.chair ORDER BY id;
DROP TABLE story.chair;

-- Of a lead and its touches only one may have the new owner: the row of the lead has them, and a touch goes without.
CREATE TABLE story.desk (id integer PRIMARY KEY, email text, owner text);
CREATE UNIQUE INDEX desk_key ON story.desk (owner, email);
SELECT leadroute.attach('story.desk', '{"email": "email", "owner_id": "owner"}');
INSERT INTO story.desk (id, email) VALUES (1, '1@desk.com'), (2, '1@desk.com') RETURNING id, owner IS NOT NULL AS has_owner;
SELECT leadroute.reroute_lead(leadroute.attached_lead('story.desk', '1'), 'another') ->> 'outcome' AS outcome;
SELECT d.id, d.owner = l.owner_id AS agree FROM story.desk d JOIN leadroute.leads l ON l.id = leadroute.attached_lead('story.desk', '1') ORDER BY d.id;
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.desk', '1'), (SELECT min(r.id) FROM leadroute.reps r WHERE r.active AND r.id <> (SELECT owner FROM story.desk WHERE id = 1))) IS NOT NULL AS moved;
SELECT d.id, d.owner = l.owner_id AS agree FROM story.desk d JOIN leadroute.leads l ON l.id = leadroute.attached_lead('story.desk', '1') ORDER BY d.id;
DROP TABLE story.desk;

-- A partition may belong to somebody else than its table: expressions of its indexes run with their rights, not with those of the author.
CREATE ROLE story_partner;
CREATE SCHEMA story_partner AUTHORIZATION story_partner;
CREATE TABLE story.asked (by text);
GRANT INSERT ON story.asked TO story_partner;
CREATE TABLE story.part (id integer PRIMARY KEY, email text, owner text) PARTITION BY RANGE (id);
CREATE TABLE story_partner.part1 PARTITION OF story.part FOR VALUES FROM (1) TO (100);
SELECT leadroute.attach('story.part', '{"email": "email", "owner_id": "owner"}');
ALTER TABLE story_partner.part1 OWNER TO story_partner;
GRANT USAGE ON SCHEMA story TO story_partner;
SET ROLE story_partner;
CREATE FUNCTION story_partner.note(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO story.asked VALUES (who); RETURN who; END $$;
CREATE FUNCTION story_partner.evil(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM story_partner.note(current_user::text); RETURN value; END $$;
CREATE UNIQUE INDEX ON story_partner.part1 (story_partner.evil(owner));
RESET ROLE;
CREATE ROLE story_seller;
GRANT INSERT, SELECT ON story.part TO story_seller;
GRANT USAGE ON SCHEMA story, story_partner TO story_seller;
GRANT INSERT ON story.asked TO story_seller;
SET ROLE story_seller;
INSERT INTO story.part (id, email) VALUES (1, '1@part.com'), (2, '2@part.com');
RESET ROLE;
SELECT DISTINCT by FROM story.asked ORDER BY by;
DROP TABLE story.part, story.asked;
DROP SCHEMA story_partner CASCADE;
REVOKE ALL ON SCHEMA story FROM story_seller, story_partner;
DROP ROLE story_partner, story_seller;
