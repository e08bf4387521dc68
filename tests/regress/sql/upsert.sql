-- A lead that is there already: an upsert changes what it says, and nothing that routing has set.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE VIEW story.state AS
SELECT l.external_id, l.email, l.company, l.status, l.owner_id, l.duplicate_of, d.lead_id = l.id AS has_decision,
       (SELECT open FROM leadroute.rep_load WHERE rep_id = l.owner_id) AS load
  FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY l.id;
CREATE VIEW story.written AS
SELECT (SELECT count(*) FROM leadroute.decisions) AS decisions, (SELECT count(*) FROM leadroute.sla_clocks) AS clocks,
       (SELECT count(*) FROM leadroute.notifications) AS notifications, (SELECT sum(received) FROM leadroute.pool_fairness) AS turns;

INSERT INTO leadroute.leads (external_id, email) VALUES ('form-1', 'ada@acme.com');
-- The form comes again; the tool takes over every column that it knows.
INSERT INTO leadroute.leads AS l (external_id, email, company) VALUES ('form-1', ' ADA@Acme.com ', 'Acme')
    ON CONFLICT (external_id) DO UPDATE SET email = excluded.email, company = excluded.company, status = excluded.status,
        owner_id = excluded.owner_id, duplicate_of = excluded.duplicate_of, routed_at = excluded.routed_at, decision_id = excluded.decision_id
    RETURNING id, email, company, status, owner_id;
SELECT * FROM story.state;
SELECT * FROM story.written;
-- One that a rep works on stays so, also while routing is off.
UPDATE leadroute.leads SET status = 'working';
SET leadroute.enabled = off;
INSERT INTO leadroute.leads (external_id, email) VALUES ('form-1', 'ada@acme.com')
    ON CONFLICT (external_id) DO UPDATE SET status = excluded.status, owner_id = excluded.owner_id, decision_id = excluded.decision_id;
RESET leadroute.enabled;
SELECT * FROM story.state;
-- By the key of the table; the person is the same, yet the lead does not become a touch of itself.
INSERT INTO leadroute.leads (id, email, company) VALUES (1, 'ada@acme.com', 'Acme Inc')
    ON CONFLICT (id) DO UPDATE SET company = excluded.company, status = excluded.status, owner_id = excluded.owner_id,
        duplicate_of = excluded.duplicate_of, routed_at = excluded.routed_at, decision_id = excluded.decision_id;
SELECT * FROM story.state;
SELECT * FROM story.written;
-- Another owner is a change by hand.
INSERT INTO leadroute.leads (external_id) VALUES ('form-1') ON CONFLICT (external_id) DO UPDATE SET owner_id = 'bob';
SELECT * FROM story.state;
SELECT cause, owner_id, previous_owner_id FROM leadroute.decisions ORDER BY id;
-- Who deletes the lead after routing has seen it is told.
CREATE FUNCTION story.replace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN DELETE FROM leadroute.leads WHERE external_id = NEW.external_id; RETURN NEW; END $$;
CREATE TRIGGER zz_replace BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.replace();
SELECT * FROM story.try($$INSERT INTO leadroute.leads (external_id) VALUES ('form-1')$$);
-- Before routing it is a new lead.
ALTER TRIGGER zz_replace ON leadroute.leads RENAME TO replace;
INSERT INTO leadroute.leads (external_id) VALUES ('form-1') RETURNING status, owner_id;
SELECT * FROM story.state;
