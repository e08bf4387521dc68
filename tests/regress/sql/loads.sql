-- Who keeps count where leads come or go by another way than rotation.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'ann');
CREATE VIEW story.load AS SELECT rep_id, today, open FROM leadroute.rep_load ORDER BY rep_id;

-- A lead that comes by its account fills the caps of its owner for the next row already.
UPDATE leadroute.reps SET daily_cap = 1 WHERE id = 'ann';
INSERT INTO leadroute.leads (company, crm_account_id) VALUES ('a1', 'acme'), ('a2', NULL), ('a3', NULL)
    RETURNING company, owner_id;
SELECT * FROM story.load;
-- A touch of it does not.
BEGIN;
UPDATE leadroute.reps SET daily_cap = 3 WHERE id = 'ann';
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('ada@acme.com', 'acme'), ('ada@acme.com', 'acme') RETURNING status, owner_id;
SELECT * FROM story.load;
ROLLBACK;
-- Not if it is dropped.
BEGIN;
UPDATE leadroute.reps SET daily_cap = 2 WHERE id = 'ann';
INSERT INTO leadroute.leads (id, company, crm_account_id) VALUES (1, 'b1', 'acme'), (10, 'b2', NULL) ON CONFLICT DO NOTHING
    RETURNING company, owner_id;
SELECT * FROM story.load;
ROLLBACK;

-- What a conflict drops leaves its place to the next row.
BEGIN;
UPDATE leadroute.reps SET daily_cap = 3;
INSERT INTO leadroute.leads (id, company) VALUES (1, 'b3'), (2, 'b4'), (3, 'b5'), (1, 'b6'), (2, 'b7'), (20, 'b8'), (21, 'b9'), (22, 'b10'), (23, 'b11')
    ON CONFLICT DO NOTHING RETURNING company, owner_id, queue;
SELECT * FROM story.load;
ROLLBACK;

-- A lead that a trigger deletes in the statement that inserted it was never counted, with caps or without.
CREATE FUNCTION story.no_spam() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN DELETE FROM leadroute.leads WHERE id = NEW.id; RETURN NULL; END $$;
CREATE TRIGGER no_spam AFTER INSERT ON leadroute.leads FOR EACH ROW WHEN (NEW.source = 'spam') EXECUTE FUNCTION story.no_spam();
UPDATE leadroute.reps SET daily_cap = 9;
INSERT INTO leadroute.leads (company, source) VALUES ('c1', 'spam'), ('c2', 'spam'), ('c3', 'spam');
UPDATE leadroute.reps SET daily_cap = NULL;
INSERT INTO leadroute.leads (company, source) VALUES ('c4', 'spam'), ('c5', 'spam'), ('c6', 'spam');
SELECT * FROM story.load;
-- One that goes later in its transaction was.
BEGIN;
INSERT INTO leadroute.leads (company, crm_account_id) VALUES ('d', 'acme');
SELECT * FROM story.load;
DELETE FROM leadroute.leads WHERE company = 'd';
SELECT * FROM story.load;
ROLLBACK;

-- Whoever brings a lead with its owner along counts nothing; it counts once a decision gives it to somebody.
INSERT INTO leadroute.leads (company, routed_at, owner_id, status)
    SELECT 'e' || n, '2020-01-01', 'ann', 'assigned' FROM generate_series(1, 5) n;
UPDATE leadroute.leads SET status = 'lost' WHERE company = 'e1';
DELETE FROM leadroute.leads WHERE company = 'e2';
SELECT * FROM story.load;
UPDATE leadroute.leads SET owner_id = 'bob' WHERE company = 'e3';
SELECT * FROM story.load;
UPDATE leadroute.leads SET status = 'lost' WHERE company = 'e3';
SELECT * FROM story.load;
UPDATE leadroute.leads SET crm_account_id = 'acme' WHERE company = 'e4';
SELECT leadroute.reroute_lead(id) ->> 'owner_id' AS owner FROM leadroute.leads WHERE company = 'e4';
SELECT * FROM story.load;
DELETE FROM leadroute.leads WHERE company IN ('e4', 'e5');
SELECT * FROM story.load;
