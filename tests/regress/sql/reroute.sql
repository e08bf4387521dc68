-- reroute_lead: the layers again, for a lead that is there.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('germany'), ('france');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('germany', 'ann'), ('france', 'bob');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all'), ('france', '{FR}', 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('germany', 'any', 'germany'), ('france', 'any', 'france');

INSERT INTO leadroute.leads (email, country) VALUES ('ada@acme.com', 'DE') RETURNING id, owner_id, segment;
-- Its country was wrong. A change of the lead alone routes nothing.
UPDATE leadroute.leads SET country = 'FR' WHERE id = 1 RETURNING owner_id, segment;
SELECT answer - '{sla_due_at}'::text[] AS answer FROM leadroute.reroute_lead(1, 'country was wrong') answer;
SELECT id, status, owner_id, segment, pool, decision_id FROM leadroute.leads;
SELECT id, cause, layer, owner_id, previous_owner_id, segment FROM leadroute.decisions ORDER BY id;
-- The reason that was given is kept.
SELECT reason LIKE '%country was wrong%' OR trace::text LIKE '%country was wrong%' AS keeps_reason FROM leadroute.decisions WHERE id = 2;
SELECT story.explain(1);
-- One clock is open, the new owner is told, and a turn of the pool was taken.
SELECT policy, stopped_at IS NULL AS open FROM leadroute.sla_clocks ORDER BY id;
SELECT decision_id, kind, rep_id FROM leadroute.notifications ORDER BY id;
SELECT pool, rep_id, received FROM leadroute.pool_fairness ORDER BY 1;

-- The lead is no duplicate of itself, nor of its touches.
INSERT INTO leadroute.leads (email) VALUES ('Ada@acme.com') RETURNING id, status, duplicate_of;
SELECT answer ->> 'outcome' AS outcome FROM leadroute.reroute_lead(1) answer;
-- From a queue to a rep, once somebody is there.
INSERT INTO leadroute.leads (email, country) VALUES ('eva@acme.com', 'SE') RETURNING id, status, queue;
UPDATE leadroute.segments SET countries = '{FR,SE}' WHERE name = 'france';
SELECT answer ->> 'owner_id' AS owner_id, answer ->> 'queue' AS queue, answer ->> 'status' AS status FROM leadroute.reroute_lead(3) answer;

-- Segments with a condition are asked like all others.
UPDATE leadroute.segments SET condition = '$.email like_regex "acme"' WHERE name = 'france';
SELECT answer ->> 'layer' AS layer, answer ->> 'segment' AS segment FROM leadroute.reroute_lead(3) answer;
UPDATE leadroute.segments SET condition = NULL;

-- What cannot be routed again.
SELECT * FROM story.try('SELECT leadroute.reroute_lead(2)');
SELECT * FROM story.try('SELECT leadroute.reroute_lead(4711)');
SELECT * FROM story.try('SELECT leadroute.reroute_lead(NULL)');
SELECT * FROM story.try('SELECT leadroute.explain_decision(4711)');
SELECT leadroute.explain_decision(NULL) IS NULL AS null_is_null;
-- Rolled back, nothing has happened.
BEGIN;
UPDATE leadroute.leads SET country = 'DE' WHERE id = 1;
SELECT answer ->> 'owner_id' AS owner_id FROM leadroute.reroute_lead(1) answer;
ROLLBACK;
SELECT owner_id FROM leadroute.leads WHERE id = 1;
SELECT count(*) AS decisions FROM leadroute.decisions;
