-- What a DBA adds to the tables that routing writes is honoured: columns, indexes of any kind,
-- constraints and triggers.
\i setup.sql

INSERT INTO leadroute.reps (id) VALUES ('ann');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('everybody', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- A column that is taken back, added before the session first asked for a preview: it is forgotten, too.
BEGIN;
ALTER TABLE leadroute.leads ADD COLUMN passing text;
SELECT leadroute.preview_route('{"email": "ada@acme.com"}') ->> 'owner_id' AS owner_id;
ROLLBACK;
SELECT leadroute.preview_route('{"email": "ada@acme.com"}') ->> 'owner_id' AS owner_id;

-- Routing writes with the rights of leadroute_owner: so does what is added to its tables.
GRANT USAGE ON SCHEMA story TO leadroute_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA story GRANT ALL ON TABLES TO leadroute_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA story GRANT ALL ON SEQUENCES TO leadroute_owner;

ALTER TABLE leadroute.decisions ADD COLUMN note text;
CREATE INDEX decisions_word_idx ON leadroute.decisions (lower(reason));
CREATE INDEX decisions_queued_idx ON leadroute.decisions (lead_id) WHERE outcome = 'queue';
CREATE TABLE story.told (rep_id text);
CREATE FUNCTION story.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO story.told VALUES (NEW.rep_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tell AFTER INSERT ON leadroute.notifications FOR EACH ROW EXECUTE FUNCTION story.tell();

INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com'), ('bob@shop.com') RETURNING owner_id;
TABLE story.told;
SELECT lead_id, outcome, note FROM leadroute.decisions ORDER BY id;

-- Each index finds what it should, and no more.
SET enable_seqscan = off;
SELECT count(*) FROM leadroute.decisions WHERE lower(reason) = 'it was the turn of ann in pool sales';
SELECT count(*) FROM leadroute.decisions WHERE outcome = 'queue' AND lead_id > 0;
RESET enable_seqscan;

-- What needs a whole INSERT gets one: defaults, identities, generated columns, types with rules of their own,
-- triggers for a statement, rewrite rules.
CREATE SEQUENCE story.numbers;
CREATE DOMAIN story.shift AS text DEFAULT 'day' NOT NULL;
ALTER TABLE leadroute.decisions ADD COLUMN team text NOT NULL DEFAULT 'north', ADD COLUMN "Number" bigint DEFAULT nextval('story.numbers'),
    ADD COLUMN words text GENERATED ALWAYS AS (upper(outcome::text)) STORED;
ALTER TABLE leadroute.sla_clocks ADD COLUMN serial integer GENERATED ALWAYS AS IDENTITY, ADD COLUMN shift story.shift;
CREATE TABLE story.counted (kinds text[]);
CREATE FUNCTION story.count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO story.counted SELECT array_agg(kind::text || '/' || rep_id) FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER counted AFTER INSERT ON leadroute.notifications REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION story.count();
CREATE TABLE story.copied (lead_id bigint, reason text);
CREATE RULE copied AS ON INSERT TO leadroute.decisions DO ALSO INSERT INTO story.copied VALUES (NEW.lead_id, NEW.reason);
INSERT INTO leadroute.leads (email) VALUES ('cai@acme.com'), ('dov@shop.com') RETURNING id, owner_id;
SELECT leadroute.reroute_lead(3) ->> 'owner_id' AS owner_id;
SELECT lead_id, cause, note, team, "Number", words FROM leadroute.decisions ORDER BY id;
SELECT lead_id, serial, shift FROM leadroute.sla_clocks ORDER BY id;
TABLE story.counted;
TABLE story.copied;
SELECT count(*) FROM story.told;
-- Columns of ours that were renamed, dropped or got another type.
ALTER TABLE leadroute.notifications RENAME rep_id TO told;
ALTER TABLE leadroute.notifications DROP COLUMN queue;
DROP TRIGGER tell ON leadroute.notifications;
DROP TRIGGER counted ON leadroute.notifications;
INSERT INTO leadroute.leads (email) VALUES ('dee@acme.com') RETURNING id, owner_id;
SELECT kind, told FROM leadroute.notifications WHERE lead_id = 5;
ALTER TABLE leadroute.notifications ALTER kind TYPE varchar(20);
INSERT INTO leadroute.leads (email) VALUES ('eli@acme.com') RETURNING id, owner_id;
SELECT kind, told FROM leadroute.notifications WHERE lead_id = 6;
-- An error in what was added is the DBA's to see.
ALTER TABLE leadroute.decisions ALTER team SET DEFAULT NULL;
SELECT code, message FROM story.try($$INSERT INTO leadroute.leads (email) VALUES ('fin@acme.com')$$);
ALTER TABLE leadroute.decisions DROP COLUMN team, DROP COLUMN "Number", DROP COLUMN words;
DROP RULE copied ON leadroute.decisions;
ALTER TABLE leadroute.sla_clocks DROP COLUMN serial, DROP COLUMN shift;

-- A constraint of the DBA's own stops the insert: nothing is written past it.
\set VERBOSITY terse
ALTER TABLE leadroute.decisions ADD CONSTRAINT no_ann CHECK (owner_id <> 'ann') NOT VALID;
INSERT INTO leadroute.leads (email) VALUES ('cyd@mill.com');
SELECT count(*) FROM leadroute.leads;
ALTER TABLE leadroute.decisions DROP CONSTRAINT no_ann;

-- A column that moved, and moved back: functions that a session has called by then read it where it is. So do those that
-- answer with a whole lead, when it has got another column.
BEGIN;
ALTER TABLE leadroute.leads DROP COLUMN website, ADD COLUMN website text;
UPDATE leadroute.leads SET website = 'acme.com', attributes = '{"then": true}' WHERE id = 1;
ROLLBACK;
UPDATE leadroute.leads SET website = 'www.acme.com', attributes = '{"now": true}' WHERE id = 1 RETURNING website;
SELECT leadroute.apply_enrichment(1, '{"city": "Oslo"}', 'tool', 'first') -> 'taken' AS taken, leadroute.replay_decision(1) -> 'same' AS same;
ALTER TABLE leadroute.leads ADD COLUMN size_of_fleet integer DEFAULT 7;
SELECT leadroute.apply_enrichment(1, '{"region": "Oslo"}', 'tool', 'second') -> 'taken' AS taken, leadroute.replay_decision(1) -> 'same' AS same;
ALTER TABLE leadroute.leads DROP COLUMN size_of_fleet;

-- Columns may move; what has become another type is refused, not misread.
SELECT leadroute.reroute_lead(1) ->> 'owner_id' AS owner_id;
ALTER TABLE leadroute.leads DROP COLUMN title;
ALTER TABLE leadroute.leads ADD COLUMN title text;
SELECT leadroute.reroute_lead(1) ->> 'owner_id' AS owner_id;
INSERT INTO leadroute.leads (email, annual_revenue) VALUES ('dan@mill.com', 5) RETURNING owner_id;
ALTER TABLE leadroute.leads ALTER annual_revenue TYPE float8;
INSERT INTO leadroute.leads (email, annual_revenue) VALUES ('eve@mill.com', 5) RETURNING owner_id;
ALTER TABLE leadroute.leads ALTER annual_revenue TYPE numeric;
INSERT INTO leadroute.leads (email, annual_revenue) VALUES ('eve@mill.com', 5) RETURNING owner_id;

-- What was written about leads goes with them.
TRUNCATE leadroute.leads;
SELECT (SELECT count(*) FROM leadroute.decisions) + (SELECT count(*) FROM leadroute.sla_clocks)
     + (SELECT count(*) FROM leadroute.notifications) AS left_over;
