-- Caps and loads: how many leads a rep may have, and who keeps count.
\i setup.sql
INSERT INTO leadroute.reps (id, daily_cap, weekly_cap, max_open_leads) VALUES
    ('ann', 2, NULL, NULL), ('bob', NULL, 3, NULL), ('cid', NULL, NULL, 1);
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('other');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cid'), ('other', 'ann'), ('other', 'bob');
INSERT INTO leadroute.segments (name, sources, fallback_queue) VALUES ('all', NULL, 'catch_all'), ('1 other', '{other}', 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES (NULL, 'any', 'sales'), ('1 other', 'any', 'other');
CREATE VIEW story.load AS SELECT rep_id, today, this_week, open, is_full FROM leadroute.rep_load ORDER BY rep_id;

-- A cap is the number that may be reached; within one statement too.
INSERT INTO leadroute.leads (company) SELECT 'a' || n FROM generate_series(1, 8) n RETURNING id, owner_id, queue;
SELECT * FROM story.load;
SELECT story.explain(7);
-- Caps hold across all pools.
INSERT INTO leadroute.leads (company, source) VALUES ('b', 'other') RETURNING id, owner_id, queue, pool;

-- A lead that is closed makes room for another open one; that it was given on this day stays.
UPDATE leadroute.leads SET status = 'converted' WHERE owner_id IN ('ann', 'cid');
SELECT * FROM story.load;
INSERT INTO leadroute.leads (company) VALUES ('c1'), ('c2') RETURNING id, owner_id;
-- Opened again by hand: more than the cap is no error, but the rep gets no other.
UPDATE leadroute.leads SET status = 'working' WHERE owner_id = 'cid';
SELECT * FROM story.load WHERE rep_id = 'cid';
-- A touch counts for nobody.
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('ada@acme.com', 'acme'), ('ada@acme.com', 'acme') RETURNING id, status, owner_id;

-- A lead of an account that the rep owns counts, and is not refused.
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'ann');
INSERT INTO leadroute.leads (company, crm_account_id) VALUES ('Acme', 'acme') RETURNING id, owner_id;
SELECT * FROM story.load WHERE rep_id = 'ann';
-- Nor does a touch of a lead whose owner has caps count.
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('tom@acme.net', 'acme'), ('tom@acme.net', 'acme'), ('tom+x@acme.net', 'acme') RETURNING status, owner_id;
SELECT * FROM story.load WHERE rep_id = 'ann';

-- Every way in which a lead changes hands is counted: by hand, by transfer, by deletion, by a rename.
UPDATE leadroute.leads SET owner_id = 'bob' WHERE company = 'Acme';
SELECT leadroute.transfer_lead(id, 'cid', 'knows them') IS NOT NULL AS moved FROM leadroute.leads WHERE company = 'Acme';
SELECT * FROM story.load;
DELETE FROM leadroute.leads WHERE company = 'Acme';
UPDATE leadroute.reps SET id = 'robert' WHERE id = 'bob';
SELECT * FROM story.load;
SELECT r.rep_id, r.open = count(l.id) AS right_count FROM leadroute.rep_load r
  LEFT JOIN leadroute.leads l ON l.owner_id = r.rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')
 GROUP BY r.rep_id, r.open ORDER BY 1;
-- What a rollback undoes was never counted, nor what a conflict drops.
BEGIN;
UPDATE leadroute.reps SET daily_cap = NULL, weekly_cap = 99, max_open_leads = NULL;
INSERT INTO leadroute.leads (company) VALUES ('d1'), ('d2'), ('d3');
SAVEPOINT s;
INSERT INTO leadroute.leads (company) VALUES ('e1'), ('e2'), ('e3');
SELECT sum(open) FROM story.load;
ROLLBACK TO s;
SELECT sum(open) FROM story.load;
ROLLBACK;
SELECT sum(open) FROM story.load;
UPDATE leadroute.reps SET daily_cap = 9, weekly_cap = NULL, max_open_leads = NULL;
INSERT INTO leadroute.leads (external_id, company) VALUES ('x', 'x'), ('y', 'y');
SELECT sum(open), sum(today) FROM story.load;
INSERT INTO leadroute.leads (external_id, company) VALUES ('x', 'again'), ('y', 'again'), ('z', 'new') ON CONFLICT (external_id) DO NOTHING;
SELECT sum(open), sum(today) FROM story.load;

-- The day is that of the rep's own clock; a count of another day does not hold.
UPDATE leadroute.loads SET day = day - 1;
SELECT rep_id, today, open > 0 AS some_open FROM leadroute.rep_load ORDER BY 1;
INSERT INTO leadroute.leads (company) VALUES ('f1'), ('f2'), ('f3') RETURNING owner_id;
SELECT rep_id, today FROM leadroute.rep_load ORDER BY 1;

-- Leads that go, take their count along.
TRUNCATE leadroute.leads;
SELECT * FROM story.load;
INSERT INTO leadroute.leads (company) VALUES ('before');
TRUNCATE leadroute.leads, leadroute.loads, leadroute.turns;
SELECT * FROM story.load WHERE open > 0;
SELECT * FROM story.try($$UPDATE leadroute.reps SET daily_cap = -1$$);

-- least_loaded: the fewest open leads relative to capacity.
UPDATE leadroute.pools SET strategy = 'least_loaded' WHERE name = 'sales';
UPDATE leadroute.reps SET daily_cap = NULL, max_open_leads = CASE id WHEN 'ann' THEN 10 WHEN 'cid' THEN 20 END;
INSERT INTO leadroute.leads (company) SELECT 'g' || n FROM generate_series(1, 10) n;
SELECT owner_id, count(*) FROM leadroute.leads GROUP BY 1 ORDER BY 1;
UPDATE leadroute.leads SET status = 'lost' WHERE owner_id = 'ann';
INSERT INTO leadroute.leads (company) VALUES ('h1'), ('h2') RETURNING id, owner_id;
SELECT reason FROM leadroute.decisions ORDER BY id DESC LIMIT 1;
