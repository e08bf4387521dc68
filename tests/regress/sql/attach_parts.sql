-- attach_parts: what happens to a lead later goes by the unique indexes of the partition that its row is in, as it does for a table
-- without partitions; and a table of links says who can be linked to a row.
\i setup.sql
\set VERBOSITY terse
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, manager_id) VALUES ('max', NULL), ('ann', 'max'), ('bob', 'max'), ('cyd', 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cyd');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- Three partitions: one with an index of its own, over columns in another order; one that is partitioned itself; one that comes later.
CREATE TABLE story.part (place text, id integer, email text, owner text, seg text, PRIMARY KEY (place, id)) PARTITION BY LIST (place);
CREATE TABLE story.part_own (seg text, gone text, owner text, id integer NOT NULL, email text, place text NOT NULL);
ALTER TABLE story.part_own DROP COLUMN gone;
ALTER TABLE story.part ATTACH PARTITION story.part_own FOR VALUES IN ('own');
CREATE UNIQUE INDEX ON story.part_own (owner);
CREATE UNIQUE INDEX ON story.part_own (seg, (id % 2));
CREATE TABLE story.part_sub PARTITION OF story.part FOR VALUES IN ('sub') PARTITION BY RANGE (id);
CREATE TABLE story.part_sub1 PARTITION OF story.part_sub FOR VALUES FROM (1) TO (100);
CREATE UNIQUE INDEX ON story.part_sub1 (upper(owner)) WHERE owner IS NOT NULL;
SELECT leadroute.attach('story.part', '{"email": "email", "owner_id": "owner", "segment": "seg"}');
CREATE TABLE story.part_late PARTITION OF story.part FOR VALUES IN ('late');
CREATE UNIQUE INDEX ON story.part_late (owner);
CREATE VIEW story.owners AS SELECT p.place, p.id, l.id AS lead, p.owner, l.owner_id, l.queue, p.seg FROM story.part p
  JOIN leadroute.leads l ON l.attached_key = format('["%s","%s"]', p.place, p.id) ORDER BY p.place, p.id;
CREATE VIEW story.places AS SELECT place, count(owner) AS owned, count(DISTINCT owner) AS owners, bool_and(owner IS NOT DISTINCT FROM owner_id) AS same,
       string_agg(id::text, ',' ORDER BY id) FILTER (WHERE queue IS NOT NULL) AS queued, string_agg(seg, ',' ORDER BY id) AS segments
  FROM story.owners GROUP BY place ORDER BY place;
INSERT INTO story.part (place, id, email) SELECT place, n, n || '@' || place || '.com' FROM unnest('{own,sub,late}'::text[]) place CROSS JOIN generate_series(1, 2) n;
SELECT * FROM story.places;

-- A transfer to who has a row there is refused, to who has none is not.
SELECT o.place, t.* FROM story.owners o JOIN story.owners e ON e.place = o.place AND e.id = 1
 CROSS JOIN LATERAL story.try(format('SELECT leadroute.transfer_lead(%s, %L)', o.lead, e.owner)) t WHERE o.id = 2 ORDER BY o.place;
SELECT o.place, leadroute.transfer_lead(o.lead, r.id) IS NOT NULL AS done FROM story.owners o JOIN leadroute.reps r ON r.id <> 'max'
 WHERE o.id = 2 AND NOT EXISTS (SELECT FROM story.owners e WHERE e.place = o.place AND e.owner = r.id) ORDER BY o.place;
SELECT * FROM story.places;

-- The ladder passes over who has a row, and over all if everybody has.
UPDATE leadroute.leads SET status = 'working' WHERE id IN (SELECT lead FROM story.owners WHERE id = 2);
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 hour');
SELECT * FROM story.places;
INSERT INTO story.part (place, id, email) SELECT place, n, n || '@' || place || '.com' FROM unnest('{own,sub,late}'::text[]) place CROSS JOIN generate_series(3, 5) n;
SELECT * FROM story.places;
SELECT o.place, count(leadroute.reroute_lead(o.lead, 'again')) FROM story.owners o WHERE o.id = 3 GROUP BY place ORDER BY place;
SELECT * FROM story.places;

-- What is dealt out from a queue: whoever has no row any more is free for one.
UPDATE leadroute.queues SET auto_assign_pool = 'sales', auto_assign_after = '0' WHERE name = 'catch_all';
SELECT leadroute.assign_queued(as_of => now() + interval '2 hours');
DELETE FROM story.part WHERE id = 1;
SELECT leadroute.assign_queued(as_of => now() + interval '3 hours');
SELECT * FROM story.places;
DROP TABLE story.part CASCADE;

-- A rep has one link, so the next one is linked; a row has one link, so that link changes hands.
CREATE TABLE story.deal (id integer PRIMARY KEY, email text);
CREATE TABLE story.deal_owner (id serial PRIMARY KEY, deal_id integer NOT NULL UNIQUE REFERENCES story.deal ON DELETE CASCADE, rep text NOT NULL, EXCLUDE USING btree (upper(rep) WITH =));
SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": {"table": "story.deal_owner", "row": "deal_id", "column": "rep"}}');
INSERT INTO story.deal (id, email) SELECT n, n || '@deal.com' FROM generate_series(1, 2) n;
INSERT INTO story.deal (id, email) SELECT n, n || '@deal.com' FROM generate_series(3, 4) n;
CREATE VIEW story.deals AS SELECT d.id, o.id AS link, o.rep = l.owner_id AS same, l.queue FROM story.deal d JOIN leadroute.leads l ON l.attached_key = d.id::text LEFT JOIN story.deal_owner o ON o.deal_id = d.id ORDER BY d.id;
SELECT count(DISTINCT rep) AS reps FROM story.deal_owner;
SELECT * FROM story.deals;
DELETE FROM story.deal WHERE id = 3;
SELECT * FROM story.try(format('SELECT leadroute.transfer_lead(leadroute.attached_lead(%L, %L), %L)', 'story.deal', '1', (SELECT rep FROM story.deal_owner WHERE deal_id = 2)));
UPDATE leadroute.leads SET status = 'working' WHERE attached_key = '2' AND owner_id IS NOT NULL;
SELECT leadroute.escalate_overdue(as_of => now() + interval '4 hours');
SELECT * FROM story.deals;
