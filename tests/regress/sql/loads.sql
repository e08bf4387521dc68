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
