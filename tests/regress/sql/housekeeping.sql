-- merge_duplicates: leads of one person that were let in because their submits were in flight at the same time.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool, score, action) VALUES ('any', 'sales', '[0,)', 'pool'), ('cold', NULL, '(,0)', 'nurture');
-- What two sessions do, in one: the lead comes as somebody else and turns out to be the same person.
CREATE FUNCTION story.let_in(email text, VARIADIC leads bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE leadroute.leads SET email = $1, person_key = $1 WHERE id = ANY ($2) $$;
CREATE VIEW story.leads AS SELECT id, email, status, owner_id, queue, duplicate_of FROM leadroute.leads ORDER BY id;

INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING id, owner_id;
INSERT INTO leadroute.leads (email, company, phone) VALUES ('in@flight.com', 'Acme', '+44 20 7946 0000') RETURNING id, owner_id;
INSERT INTO leadroute.leads (email, title) VALUES ('in+1@flight.com', 'CTO'), ('in+2@flight.com', NULL) RETURNING id, duplicate_of;
SELECT story.let_in('ada@acme.com', 2);
SELECT leadroute.merge_duplicates() AS merged;
-- The later lead is a touch of the first, and so are its touches; what it knew the first knows too.
TABLE story.leads;
SELECT company, phone, title FROM leadroute.leads WHERE id = 1;
-- Its clock stands, the other one runs; the owner of the first is told.
SELECT lead_id, stopped_at IS NOT NULL AS stopped FROM leadroute.sla_clocks ORDER BY id;
SELECT cause, layer, outcome, previous_owner_id, owner_id, reason FROM leadroute.decisions WHERE lead_id = 2 ORDER BY id;
SELECT kind, rep_id FROM leadroute.notifications WHERE lead_id = 2 ORDER BY id;
-- Then there is nothing left to do.
SELECT leadroute.merge_duplicates() AS merged;

-- Left alone: what a rep has answered or works on, who came back after the first was closed, and a hot lead
-- of somebody in nurture.
INSERT INTO leadroute.leads (email, score)
SELECT 'b' || n || '@shop.com', CASE n WHEN 7 THEN -1 ELSE 1 END FROM generate_series(1, 8) n;
SELECT story.let_in('b1@shop.com', 5, 6);
SELECT story.let_in('b3@shop.com', 7, 8);
SELECT story.let_in('b5@shop.com', 9, 10);
SELECT story.let_in('b7@shop.com', 11, 12);
UPDATE leadroute.leads SET first_response_at = now() WHERE id = 6;
UPDATE leadroute.leads SET status = 'working' WHERE id = 8;
UPDATE leadroute.leads SET status = 'lost' WHERE id = 9;
SELECT leadroute.merge_duplicates() AS merged;
SELECT * FROM story.leads WHERE id BETWEEN 5 AND 12;

-- Persons of a listed domain are never merged, whenever it was listed; nothing is written about them.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
INSERT INTO leadroute.leads (email) VALUES ('eve@rival.com'), ('eve@rival.com'), ('c1@late.com'), ('c2@late.com');
SELECT story.let_in('c1@late.com', 15, 16);
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('late.com', 'partner');
SELECT leadroute.merge_duplicates() AS merged;
SELECT * FROM story.leads WHERE id BETWEEN 13 AND 16;
SELECT lead_id, cause FROM leadroute.decisions WHERE lead_id BETWEEN 13 AND 16 ORDER BY id;

-- At most a batch at once, the oldest first; an error in one is told and does not stop the others.
INSERT INTO leadroute.leads (email) SELECT 'd' || n || '@mill.com' FROM generate_series(1, 4) n;
SELECT story.let_in('d1@mill.com', 17, 18, 19, 20);
CREATE FUNCTION story.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lead % is sacred', NEW.id; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON leadroute.leads FOR EACH ROW WHEN (NEW.id = 18) EXECUTE FUNCTION story.refuse();
\set VERBOSITY terse
SELECT leadroute.merge_duplicates(1) AS merged;
SELECT * FROM story.leads WHERE id BETWEEN 17 AND 20;
DROP TRIGGER refuse ON leadroute.leads;
SELECT leadroute.merge_duplicates(5) AS merged;
SELECT * FROM story.leads WHERE id BETWEEN 17 AND 20;
SELECT * FROM story.try('SELECT leadroute.merge_duplicates(0)');
SELECT leadroute.merge_duplicates(NULL) IS NULL AS null_is_null;
SELECT count(*) AS touches_of_touches FROM leadroute.leads t JOIN leadroute.leads f ON f.id = t.duplicate_of WHERE f.duplicate_of IS NOT NULL;
