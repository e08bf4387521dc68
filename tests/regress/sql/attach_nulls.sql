-- attach_nulls: an index in which NULLs are not distinct (PostgreSQL 15) allows one row without a value.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, manager_id) VALUES ('max', NULL), ('ann', 'max'), ('bob', 'max'), ('cyd', 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cyd');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE VIEW story.deals AS
SELECT l.attached_table AS "table", l.attached_key AS key, l.status, l.owner_id, l.queue FROM leadroute.leads l WHERE l.attached_key IS NOT NULL ORDER BY l.id;

-- What routing writes beside the owner is left out.
\set VERBOSITY terse
CREATE TABLE story.mark (id integer PRIMARY KEY, email text, owner text, queue text, seg text DEFAULT 'none', UNIQUE (seg, owner), UNIQUE NULLS NOT DISTINCT (queue));
SELECT leadroute.attach('story.mark', '{"email": "email", "owner_id": "owner", "queue": "queue", "segment": "seg"}');
INSERT INTO story.mark (id, email, queue) VALUES (1, '1@mark.com', 'a'), (2, '2@mark.com', 'b'), (3, '3@mark.com', 'c') RETURNING *;
SELECT key, owner_id, queue FROM story.deals;
DROP TABLE story.mark;
