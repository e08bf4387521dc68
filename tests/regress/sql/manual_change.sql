-- An owner or a queue that is changed by hand is recorded as a decision of cause manual.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.queues (name) VALUES ('review');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (email, country) VALUES ('ada@acme.com', 'DE'), ('ben@acme.com', NULL) RETURNING id, status, owner_id, queue;

UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 1 RETURNING status, owner_id, queue, decision_id;
SELECT story.explain(1);
-- Out of a queue: the lead is assigned and waits no more.
UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 2 RETURNING status, owner_id, queue;
-- Into a queue.
UPDATE leadroute.leads SET owner_id = NULL, queue = 'review', status = 'queued' WHERE id = 1 RETURNING status, owner_id, queue;
SELECT id, lead_id, cause, layer, outcome, owner_id, queue, previous_owner_id, segment, pool, reason FROM leadroute.decisions ORDER BY id;
SELECT lead_id, decision_id, cause, is_current FROM leadroute.audit_log ORDER BY decision_id;

-- Other columns, and the same owner again, are no decision.
UPDATE leadroute.leads SET company = 'Acme', status = 'working', owner_id = owner_id;
SELECT count(*) FROM leadroute.decisions;
SELECT updated_at > created_at AS touched FROM leadroute.leads ORDER BY id;
-- Nobody, and who does not exist, cannot own a lead.
SELECT * FROM story.try($$UPDATE leadroute.leads SET owner_id = 'nobody' WHERE id = 2$$);
SELECT * FROM story.try($$UPDATE leadroute.leads SET owner_id = NULL WHERE id = 2$$);
SELECT code FROM story.try($$UPDATE leadroute.leads SET owner_id = NULL, queue = 'nowhere' WHERE id = 2$$);
SELECT owner_id, queue FROM leadroute.leads WHERE id = 2;
-- Rolled back, there is no decision.
BEGIN;
UPDATE leadroute.leads SET owner_id = 'ann' WHERE id = 2;
ROLLBACK;
SELECT count(*) FROM leadroute.decisions;
-- A statement over many leads records each; what did not change is left out.
UPDATE leadroute.leads SET owner_id = 'ann', queue = NULL;
UPDATE leadroute.leads SET owner_id = 'ann', queue = NULL;
SELECT lead_id, d.previous_owner_id, d.owner_id, d.cause FROM leadroute.decisions d JOIN leadroute.leads l ON l.decision_id = d.id ORDER BY 1;
SELECT count(*) FROM leadroute.decisions;
-- The next touch goes to the owner of now.
INSERT INTO leadroute.leads (email) VALUES ('ben@acme.com') RETURNING owner_id, duplicate_of;
