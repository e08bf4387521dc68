-- attach_overlaps: keys WITHOUT OVERLAPS (PostgreSQL 18). A primary key of that kind is refused; as a unique constraint it is
-- respected like any other: the next rep gets the row.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cyd');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

CREATE TABLE story.visit (room integer, during int4range, email text, owner text, PRIMARY KEY (room, during WITHOUT OVERLAPS));
SELECT * FROM story.try($$SELECT leadroute.attach('story.visit', '{"email": "email", "owner_id": "owner"}')$$);
SELECT count(*) AS attached FROM leadroute.attached_tables;
INSERT INTO story.visit VALUES (1, '[1,5)', 'a@visit.com') RETURNING owner;
-- Beside another key it may stand.
ALTER TABLE story.visit DROP CONSTRAINT visit_pkey, ADD UNIQUE (room, during WITHOUT OVERLAPS), ADD id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
SELECT leadroute.attach('story.visit', '{"email": "email", "owner_id": "owner", "existing": "ignore"}');
INSERT INTO story.visit (room, during, email) VALUES (1, '[5,9)', 'b@visit.com') RETURNING owner;
SELECT code FROM story.try($$INSERT INTO story.visit (room, during, email) VALUES (1, '[8,9)', 'c@visit.com')$$);
-- Nobody has two shifts at a time.
CREATE TABLE story.shift (id integer PRIMARY KEY, email text, seller text, hours int4range, UNIQUE (seller, hours WITHOUT OVERLAPS));
SELECT leadroute.attach('story.shift', '{"email": "email", "owner_id": "seller"}');
INSERT INTO story.shift (id, email, hours) VALUES (1, '1@shift.com', '[1,5)'), (2, '2@shift.com', '[4,6)'), (3, '3@shift.com', '[1,2)'),
    (4, '4@shift.com', '[1,9)'), (5, '5@shift.com', '[6,9)'), (6, '6@shift.com', '[5,6)') RETURNING id, hours, seller;
SELECT key, problem FROM leadroute.config_problems WHERE "table" = 'attached_tables';
-- An attached table gets no such key instead of its own.
SELECT * FROM story.try($$ALTER TABLE story.visit DROP CONSTRAINT visit_pkey, DROP CONSTRAINT visit_room_during_key, ADD PRIMARY KEY (room, during WITHOUT OVERLAPS)$$);
