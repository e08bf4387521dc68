-- A change of the rules or of who is there counts for the next lead, and one that is rolled back never does.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('others');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('others', 'bob');
INSERT INTO leadroute.queues (name) VALUES ('review');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
-- Where the next lead would go, and where it goes.
CREATE FUNCTION story.next() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text := (SELECT coalesce(a ->> 'owner_id', a ->> 'queue', a ->> 'status') FROM leadroute.preview_route('{}') a);
    went text;
BEGIN
    INSERT INTO leadroute.leads DEFAULT VALUES RETURNING coalesce(owner_id, queue, status) INTO went;
    RETURN CASE WHEN went = said THEN went ELSE format('%s, although %s was said', went, said) END;
END $$;
SELECT story.next();

-- Presence, absence, members of the pool.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'ann';
SELECT story.next();
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'ann';
SELECT story.next();
INSERT INTO leadroute.absences (rep_id, during) VALUES ('ann', '(,)');
SELECT story.next();
DELETE FROM leadroute.absences;
SELECT story.next();
UPDATE leadroute.pool_members SET rep_id = 'bob' WHERE pool = 'sales';
SELECT story.next();
UPDATE leadroute.pool_members SET active = false WHERE pool = 'sales';
SELECT story.next();
DELETE FROM leadroute.pool_members WHERE pool = 'sales';
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
SELECT story.next();
INSERT INTO leadroute.schedules VALUES ('closed');
UPDATE leadroute.reps SET schedule = 'closed' WHERE id = 'ann';
SELECT story.next();
INSERT INTO leadroute.schedule_hours SELECT 'closed', day, '00:00', '00:00' FROM generate_series(1, 7) day;
SELECT story.next();
INSERT INTO leadroute.holidays SELECT 'closed', current_date + n, 'Carnival' FROM generate_series(-1, 1) n;
SELECT story.next();
TRUNCATE leadroute.holidays;
SELECT story.next();

-- Rules.
UPDATE leadroute.tiers SET pool = 'others';
SELECT story.next();
UPDATE leadroute.tiers SET action = 'nurture', pool = NULL;
SELECT story.next();
DELETE FROM leadroute.tiers;
SELECT story.next();
UPDATE leadroute.segments SET fallback_queue = 'review';
SELECT story.next();
UPDATE leadroute.segments SET enabled = false;
SELECT story.next();
UPDATE leadroute.segments SET enabled = true;
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
SELECT story.next();

-- In one transaction, and back to the savepoint.
BEGIN;
UPDATE leadroute.tiers SET pool = 'others';
SELECT story.next();
SAVEPOINT s;
UPDATE leadroute.reps SET active = false WHERE id = 'bob';
SELECT story.next();
UPDATE leadroute.segments SET fallback_queue = 'catch_all';
SELECT story.next();
ROLLBACK TO SAVEPOINT s;
SELECT story.next();
ROLLBACK;
SELECT story.next();
-- A change that an error undid.
SELECT * FROM story.try($$UPDATE leadroute.tiers SET pool = 'others'; SELECT 1 / 0$$);
SELECT story.next();
-- At every isolation level.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT story.next();
UPDATE leadroute.tiers SET pool = 'others';
SELECT story.next();
ROLLBACK;
SELECT story.next();
-- Within one statement: what a function changed before.
CREATE FUNCTION story.switch(pool text) RETURNS text LANGUAGE sql AS $$
    UPDATE leadroute.tiers SET pool = $1;
    SELECT story.next() $$;
SELECT story.switch('others'), story.switch('sales'), story.switch('others');

-- What is looked up for each lead is never old either: domains, accounts, contacts, aliases.
INSERT INTO leadroute.leads (email, country) VALUES ('f1@acme.com', 'Deutschland') RETURNING owner_id, queue;
BEGIN;
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('acme.com', 'partner');
INSERT INTO leadroute.country_aliases VALUES ('deutschland', 'DE');
INSERT INTO leadroute.leads (email, country) VALUES ('f2@acme.com', 'Deutschland') RETURNING owner_id, queue, country;
ROLLBACK;
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'ann');
INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme');
INSERT INTO leadroute.leads (email) VALUES ('f3@acme.com') RETURNING owner_id, queue;
-- The version of the rules in the decision grows with each change of them.
SELECT count(DISTINCT config_version) > 10 AS versions, max(config_version) = max(config_version) FILTER (WHERE id = last) AS newest
  FROM leadroute.decisions, (SELECT max(id) AS last FROM leadroute.decisions) m;
