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

-- An AFTER trigger that changes the owner at once adds a decision; the first one keeps its turn and clock.
CREATE FUNCTION story.take_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = NEW.id AND owner_id IS DISTINCT FROM 'bob';
    RETURN NULL;
END $$;
CREATE TRIGGER take_over AFTER INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.take_over();
INSERT INTO leadroute.leads (email) SELECT 'taken' || n || '@over.com' FROM generate_series(1, 4) n;
SELECT cause, count(*) > 0 AS some FROM leadroute.decisions WHERE lead_id IN (SELECT id FROM leadroute.leads WHERE email LIKE 'taken%')
 GROUP BY cause ORDER BY cause;
SELECT count(*) AS leads, count(*) FILTER (WHERE EXISTS (SELECT FROM leadroute.sla_clocks c WHERE c.lead_id = l.id)) AS with_clock,
       count(*) FILTER (WHERE EXISTS (SELECT FROM leadroute.decisions d WHERE d.lead_id = l.id AND d.cause = 'insert')) AS with_first_decision
  FROM leadroute.leads l WHERE email LIKE 'taken%';

-- What a trigger of ours refuses, on the decisions that are written for a change by hand, is refused as it says.
CREATE FUNCTION story.ask_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cause = 'manual' THEN
        RAISE EXCEPTION 'ask first' USING ERRCODE = 'LR001', CONSTRAINT = 'no_manual';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ask_first BEFORE INSERT ON leadroute.decisions FOR EACH ROW EXECUTE FUNCTION story.ask_first();
DO $$
DECLARE
    given text;
BEGIN
    UPDATE leadroute.leads SET owner_id = 'ann' WHERE email = 'taken1@over.com' AND owner_id = 'bob';
    RAISE EXCEPTION 'nothing was refused';
EXCEPTION WHEN SQLSTATE 'LR001' THEN
    GET STACKED DIAGNOSTICS given = CONSTRAINT_NAME;
    RAISE NOTICE '%, by %', SQLERRM, given;
END $$;
-- A large value stays where it is: the change by hand writes the row only.
DROP TRIGGER ask_first ON leadroute.decisions;
UPDATE leadroute.leads SET attributes = jsonb_build_object('large', (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 3000) n)) WHERE email = 'taken1@over.com';
CREATE FUNCTION story.chunks() RETURNS SETOF oid LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT DISTINCT chunk_id FROM %s', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'leadroute.leads'::regclass));
END $$;
CREATE TEMP TABLE chunks_before AS SELECT * FROM story.chunks() c;
UPDATE leadroute.leads SET owner_id = 'ann' WHERE email = 'taken1@over.com';
UPDATE leadroute.leads SET status = 'lost' WHERE email = 'taken1@over.com';
SELECT (SELECT count(*) FROM chunks_before) AS values_before, (SELECT count(*) FROM (SELECT story.chunks() EXCEPT SELECT c FROM chunks_before) n) AS new_ones;
