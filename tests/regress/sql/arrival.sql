-- A decision is written for each row that was inserted, and for no other, whoever drops, changes or adds rows.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE VIEW story.sums AS
SELECT (SELECT count(*) FROM leadroute.leads WHERE decision_id IS NOT NULL AND id < 1000) AS leads,
       (SELECT count(*) FROM leadroute.decisions) AS decisions,
       (SELECT count(*) FROM leadroute.decisions d WHERE NOT EXISTS (SELECT FROM leadroute.leads WHERE id = d.lead_id)) AS orphans,
       (SELECT sum(n) FROM leadroute.turns t, unnest(t.received) n) AS turns,
       (SELECT sum(open) FROM leadroute.loads) AS loads;

-- A row that is dropped on a conflict, and one that comes with its decision right after it.
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'a1@acme.com');
INSERT INTO leadroute.leads (external_id, email, routed_at, owner_id)
VALUES ('e2', 'a2@acme.com', NULL, NULL), ('e1', 'a3@acme.com', NULL, NULL), ('r1', 'r1@acme.com', '2026-01-01', 'ann'),
       ('e1', 'a4@acme.com', NULL, NULL), ('r1', 'r2@acme.com', '2026-01-01', 'ann'), ('e3', 'a5@acme.com', NULL, NULL)
ON CONFLICT DO NOTHING;
TABLE story.sums;
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'a6@acme.com'), ('e4', 'a7@acme.com')
ON CONFLICT (external_id) DO UPDATE SET company = 'Acme';
TABLE story.sums;

-- A trigger that runs after routing drops a row, or gives it another id.
CREATE FUNCTION story.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.company = 'drop' THEN RETURN NULL; END IF;
    IF NEW.company = 'move' THEN NEW.id := 1000; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER zzz_late BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.late();
INSERT INTO leadroute.leads (email, company) VALUES ('b1@acme.com', 'drop'), ('b2@acme.com', 'stay'), ('b3@acme.com', 'move');
SELECT email, EXISTS (SELECT FROM leadroute.decisions WHERE lead_id = l.id) AS has_decision FROM leadroute.leads l WHERE email LIKE 'b%';
DROP TRIGGER zzz_late ON leadroute.leads;
TABLE story.sums;

-- A function in RETURNING, and a trigger after the row, delete leads of their own statement.
CREATE FUNCTION story.remove(lead bigint) RETURNS bigint LANGUAGE sql AS 'DELETE FROM leadroute.leads WHERE id = lead RETURNING id';
INSERT INTO leadroute.leads (email) VALUES ('c1@acme.com'), ('c2@acme.com') RETURNING CASE WHEN email LIKE 'c1%' THEN story.remove(id) IS NULL END AS is_there;
TABLE story.sums;
CREATE FUNCTION story.undo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM leadroute.leads WHERE id = NEW.id AND company = 'undo';
    RETURN NULL;
END $$;
CREATE TRIGGER undo AFTER INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.undo();
INSERT INTO leadroute.leads (email, company) VALUES ('d1@acme.com', 'undo'), ('d2@acme.com', 'stay');
DROP TRIGGER undo ON leadroute.leads;
TABLE story.sums;

-- A trigger before routing inserts a lead of its own for a row that is then dropped.
CREATE FUNCTION story.twin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.company = 'twin' THEN INSERT INTO leadroute.leads (email) VALUES ('twin-' || NEW.email); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_twin BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.twin();
INSERT INTO leadroute.leads (external_id, email, company)
VALUES ('e1', 'f1@acme.com', 'twin'), ('e1', 'f2@acme.com', 'twin'), ('e9', 'f3@acme.com', 'twin') ON CONFLICT DO NOTHING;
DROP TRIGGER a_twin ON leadroute.leads;
TABLE story.sums;

-- Where PostgreSQL does not count rows they are looked for.
SET track_counts = off;
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'g1@acme.com'), ('e5', 'g2@acme.com') ON CONFLICT DO NOTHING;
RESET track_counts;
TABLE story.sums;

-- In a savepoint.
BEGIN;
SAVEPOINT one;
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'h1@acme.com'), ('e6', 'h2@acme.com') ON CONFLICT DO NOTHING;
ROLLBACK TO one;
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'h3@acme.com'), ('e7', 'h4@acme.com') ON CONFLICT DO NOTHING;
COMMIT;
TABLE story.sums;

-- What is kept for appending rows follows changes of the tables in the same session.
CREATE INDEX decisions_word_idx ON leadroute.decisions (lower(reason));
ALTER TABLE leadroute.notifications ADD CONSTRAINT nobody_new CHECK (rep_id <> 'cat') NOT VALID;
INSERT INTO leadroute.leads (email) VALUES ('i1@acme.com');
SET enable_seqscan = off;
SELECT count(*) FROM leadroute.decisions WHERE lower(reason) LIKE 'it was the turn of %' AND lower(reason) >= 'it was';
RESET enable_seqscan;
INSERT INTO leadroute.reps (id) VALUES ('cat');
DELETE FROM leadroute.pool_members WHERE rep_id = 'bob';
UPDATE leadroute.pool_members SET rep_id = 'cat' WHERE rep_id = 'ann';
SELECT * FROM story.try($$INSERT INTO leadroute.leads (email) VALUES ('i2@acme.com')$$);
ALTER TABLE leadroute.notifications DROP CONSTRAINT nobody_new;
DROP INDEX leadroute.decisions_word_idx;
INSERT INTO leadroute.leads (email) VALUES ('i3@acme.com') RETURNING owner_id;
TABLE story.sums;
