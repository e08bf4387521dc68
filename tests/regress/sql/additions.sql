-- What a DBA adds to the tables that routing writes is honoured: columns, indexes of any kind,
-- constraints and triggers.
\i setup.sql

INSERT INTO leadroute.reps (id) VALUES ('ann');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('everybody', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

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

-- A constraint of the DBA's own stops the insert: nothing is written past it.
\set VERBOSITY terse
ALTER TABLE leadroute.decisions ADD CONSTRAINT no_ann CHECK (owner_id <> 'ann') NOT VALID;
INSERT INTO leadroute.leads (email) VALUES ('cyd@mill.com');
SELECT count(*) FROM leadroute.leads;
ALTER TABLE leadroute.decisions DROP CONSTRAINT no_ann;

-- Columns may move; what has become another type is refused, not misread.
SELECT leadroute.reroute_lead(1) ->> 'owner_id' AS owner_id;
ALTER TABLE leadroute.leads DROP COLUMN title;
ALTER TABLE leadroute.leads ADD COLUMN title text;
SELECT leadroute.reroute_lead(1) ->> 'owner_id' AS owner_id;
INSERT INTO leadroute.leads (email, score) VALUES ('dan@mill.com', 5) RETURNING owner_id;
ALTER TABLE leadroute.leads ALTER score TYPE float8;
INSERT INTO leadroute.leads (email, score) VALUES ('eve@mill.com', 5) RETURNING owner_id;
ALTER TABLE leadroute.leads ALTER score TYPE numeric;
INSERT INTO leadroute.leads (email, score) VALUES ('eve@mill.com', 5) RETURNING owner_id;

-- What was written about leads goes with them.
TRUNCATE leadroute.leads;
SELECT (SELECT count(*) FROM leadroute.decisions) + (SELECT count(*) FROM leadroute.sla_clocks)
     + (SELECT count(*) FROM leadroute.notifications) AS left_over;
