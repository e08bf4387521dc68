-- Every way into leadroute.leads is the same pipeline, and takes a turn only for a lead that is there in the end.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cid');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
-- What is written about leads.
CREATE VIEW story.written AS
SELECT (SELECT count(*) FROM leadroute.leads) AS leads, (SELECT count(*) FROM leadroute.decisions) AS decisions,
       (SELECT sum(received) FROM leadroute.pool_fairness) AS turns,
       (SELECT count(*) FROM leadroute.sla_clocks) AS clocks, (SELECT count(*) FROM leadroute.notifications) AS notifications;

-- Several rows, a query, COPY.
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'a1@acme.com'), ('e2', 'a2@acme.com'), ('e3', 'a3@acme.com')
RETURNING id, owner_id;
INSERT INTO leadroute.leads (email) SELECT 'b' || n || '@acme.com' FROM generate_series(1, 2) n RETURNING id, owner_id;
COPY leadroute.leads (email, country) FROM stdin;
c1@acme.com	Germany
c2@acme.com	\N
\.
SELECT id, email, country, owner_id FROM leadroute.leads WHERE email LIKE 'c_@acme.com' ORDER BY id;
INSERT INTO leadroute.leads DEFAULT VALUES RETURNING id, owner_id;
INSERT INTO leadroute.leads (email) SELECT NULL WHERE false;
PREPARE new_lead (text) AS INSERT INTO leadroute.leads (email) VALUES ($1) RETURNING id, owner_id;
EXECUTE new_lead ('d1@acme.com');
EXECUTE new_lead ('d2@acme.com');
SELECT * FROM story.written;
-- What routing sets is set by routing, whatever the insert says; an owner may be named (see attach_orm).
INSERT INTO leadroute.leads (email, status, queue, segment, expansion, duplicate_of, decision_id, first_response_at)
VALUES ('d3@acme.com', 'converted', 'nowhere', 'none', true, 1, 1, now())
RETURNING id, status, owner_id, queue, segment, expansion, duplicate_of, decision_id, first_response_at IS NULL AS unanswered;
-- A row that was routed before, as pg_restore brings it, is taken as it is.
INSERT INTO leadroute.leads (email, status, owner_id, routed_at) VALUES ('d4@acme.com', 'working', 'ann', '2020-01-01') RETURNING status, owner_id, decision_id;
DELETE FROM leadroute.leads WHERE email = 'd4@acme.com';

-- ON CONFLICT DO NOTHING that inserts nothing leaves nothing.
SELECT * FROM story.written;
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'new@acme.com'), ('e2', 'newer@acme.com') ON CONFLICT DO NOTHING;
SELECT * FROM story.written;
-- The turn is still there: cid's, as after any eleven leads. A row that is dropped does not take it from the next.
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'x1@acme.com'), ('e12', 'e12@acme.com') ON CONFLICT DO NOTHING RETURNING owner_id;
SELECT * FROM story.written;
-- ON CONFLICT DO UPDATE changes the lead that is there: no new decision, the owner stays.
INSERT INTO leadroute.leads (external_id, email, company) VALUES ('e1', 'a1@acme.com', 'Acme')
    ON CONFLICT (external_id) DO UPDATE SET company = EXCLUDED.company
RETURNING id, company, owner_id;
INSERT INTO leadroute.leads (external_id, email, company) VALUES ('e2', 'x@acme.com', 'Acme'), ('e13', 'e13@acme.com', 'Acme')
    ON CONFLICT (external_id) DO UPDATE SET company = EXCLUDED.company
RETURNING external_id, email, company, owner_id;
SELECT * FROM story.written;

-- A feed that repeats every other lead is shared as any other.
DELETE FROM leadroute.pool_members;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.leads (external_id) SELECT 'feed ' || n FROM generate_series(2, 40, 2) n;
INSERT INTO leadroute.leads (external_id, source) SELECT 'feed ' || n, 'feed' FROM generate_series(1, 40) n ON CONFLICT DO NOTHING;
SELECT owner_id, count(*) FROM leadroute.leads WHERE source = 'feed' GROUP BY 1 ORDER BY 1;

-- WITH: the owner is there for the rest of the statement; two inserts in one.
WITH new AS (INSERT INTO leadroute.leads (email) VALUES ('f1@acme.com'), ('f2@acme.com') RETURNING email, owner_id)
SELECT new.email, reps.id FROM new JOIN leadroute.reps ON reps.id = owner_id ORDER BY 1;
WITH one AS (INSERT INTO leadroute.leads (email) VALUES ('g1@acme.com') RETURNING email, owner_id),
     two AS (INSERT INTO leadroute.leads (email) SELECT 'again-' || email FROM one RETURNING email, owner_id)
INSERT INTO leadroute.leads (email) SELECT 'and-' || email FROM two;
SELECT l.email, l.owner_id IS NOT NULL AS has_owner, count(d) AS decisions
  FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.lead_id = l.id
 WHERE email LIKE '%g1@acme.com' GROUP BY l.id ORDER BY l.id;
SELECT * FROM story.written;

-- A rolled-back insert gives its turn back.
DELETE FROM leadroute.pool_members;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
BEGIN;
INSERT INTO leadroute.leads (email) VALUES ('h1@acme.com') RETURNING owner_id;
SAVEPOINT s;
INSERT INTO leadroute.leads (email) VALUES ('h2@acme.com') RETURNING owner_id;
ROLLBACK TO SAVEPOINT s;
INSERT INTO leadroute.leads (email) VALUES ('h3@acme.com') RETURNING owner_id;
SAVEPOINT s;
INSERT INTO leadroute.leads (email, employees) VALUES ('h4@acme.com', 'many');
ROLLBACK TO SAVEPOINT s;
INSERT INTO leadroute.leads (email) VALUES ('h5@acme.com') RETURNING owner_id;
COMMIT;
BEGIN;
INSERT INTO leadroute.leads (email) VALUES ('h6@acme.com') RETURNING owner_id;
ROLLBACK;
INSERT INTO leadroute.leads (email) VALUES ('h7@acme.com') RETURNING owner_id;
-- So does one that fails in the middle of a statement, or in a block that catches the error.
INSERT INTO leadroute.leads (external_id, email) VALUES ('i1', 'i1@acme.com'), ('e1', 'i2@acme.com');
SELECT * FROM story.try($$INSERT INTO leadroute.leads (external_id, email) VALUES ('i1', 'i1@acme.com'), ('e1', 'i2@acme.com')$$);
INSERT INTO leadroute.leads (email) VALUES ('i3@acme.com') RETURNING owner_id;
SELECT count(*) AS orphans FROM leadroute.decisions d WHERE NOT EXISTS (SELECT FROM leadroute.leads WHERE id = d.lead_id);

-- route_lead: an external id makes it idempotent, whatever else is said.
SELECT answer - '{lead_id,decision_id,sla_due_at}'::text[] AS answer, (answer -> 'sla_due_at') IS NOT NULL AS has_clock
  FROM leadroute.route_lead('{"external_id": "r1", "email": "r1@acme.com", "score": 10}') answer;
SELECT * FROM story.written;
SELECT answer ->> 'created' AS created, answer ->> 'owner_id' AS owner_id, answer ->> 'decision_id' = l.decision_id::text AS same
  FROM leadroute.route_lead('{"external_id": "r1", "email": "other@acme.com", "score": 99}') answer,
       leadroute.leads l WHERE l.external_id = 'r1';
SELECT answer ->> 'created' AS created, answer ->> 'owner_id' AS owner_id FROM leadroute.route_lead('{"external_id": "e1"}') answer;
SELECT * FROM story.written;
SELECT email, score FROM leadroute.leads WHERE external_id = 'r1';
-- The same person under another external id is a touch.
SELECT answer ->> 'created' AS created, answer ->> 'outcome' AS outcome
  FROM leadroute.route_lead('{"external_id": "r2", "email": "R1@acme.com"}') answer;
SELECT cause, count(*) FROM leadroute.decisions GROUP BY 1 ORDER BY 1;

-- preview_route answers like route_lead and has no effect at all: no row, no number of a sequence, no lock, no turn.
CREATE VIEW story.everything AS
SELECT c.relname AS name,
       CASE relkind WHEN 'r' THEN (xpath('//n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', c.oid::regclass), true, false, '')))[1]::text
                    ELSE pg_sequence_last_value(c.oid)::text END AS state
  FROM pg_class c WHERE relnamespace = 'leadroute'::regnamespace AND relkind IN ('r', 'S')
UNION ALL SELECT 'lock', objid::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
CREATE TABLE story.before AS SELECT * FROM story.everything;
BEGIN READ ONLY;
SELECT leadroute.preview_route('{"email": "p1@acme.com"}') ->> 'owner_id' AS owner_id
  FROM generate_series(1, 3);
SELECT jsonb_pretty(leadroute.preview_route('{"email": "R1+p@acme.com"}') - '{trace}'::text[]);
SELECT name FROM story.everything WHERE name = 'lock';
SELECT pg_current_xact_id_if_assigned();
COMMIT;
SELECT count(*) > 25 AS looked FROM story.before;
(TABLE story.everything EXCEPT TABLE story.before) UNION ALL (TABLE story.before EXCEPT TABLE story.everything);
SELECT answer ->> 'owner_id' AS owner_id FROM leadroute.route_lead('{"email": "p1@acme.com"}') answer;

-- Triggers of one's own: routing sees what they changed, and what they drop leaves nothing.
CREATE FUNCTION story.before_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.source = 'robot' THEN
        RETURN NULL;
    END IF;
    IF NEW.source = 'pair' THEN
        INSERT INTO leadroute.leads (email, source) VALUES ('partner-of-' || NEW.email, 'inner');
    END IF;
    NEW.country := coalesce(NEW.country, 'Norway');
    RETURN NEW;
END $$;
CREATE TRIGGER enrich BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.before_insert();
SELECT * FROM story.written;
INSERT INTO leadroute.leads (email, source) VALUES ('t1@acme.com', 'web'), ('t2@acme.com', 'robot') RETURNING email, country, owner_id IS NOT NULL AS has_owner;
INSERT INTO leadroute.leads (email, source) VALUES ('t3@acme.com', 'pair'), ('t4@acme.com', 'pair') RETURNING email, country, owner_id IS NOT NULL AS has_owner;
SELECT * FROM story.written;
SELECT * FROM story.try($$SELECT leadroute.route_lead('{"email": "t5@acme.com", "source": "robot"}')$$);

-- In the end every lead has its one decision that holds, and turns equal decisions.
SELECT count(*) AS leads_without_decision FROM leadroute.leads l
 WHERE NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = l.decision_id AND d.lead_id = l.id AND d.owner_id IS NOT DISTINCT FROM l.owner_id);
SELECT (SELECT sum(received) FROM leadroute.pool_fairness)
     = (SELECT count(*) FROM leadroute.decisions WHERE layer = 'distribution') AS turns_equal_decisions;

-- One that comes after routing changes the lead behind its decision: it is listed as a problem.
CREATE FUNCTION story.steal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.owner_id := 'nobody';
    RETURN NEW;
END $$;
CREATE TRIGGER zz_steal BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.steal();
CREATE TRIGGER zz_update BEFORE UPDATE ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.steal();
CREATE TRIGGER zz_after AFTER INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.steal();
CREATE TRIGGER "zz_Steal" BEFORE INSERT OR UPDATE ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.steal();
CREATE TRIGGER zz_off BEFORE INSERT ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.steal();
ALTER TABLE leadroute.leads DISABLE TRIGGER zz_off;
SELECT key, problem FROM leadroute.config_problems WHERE "table" = 'leads';

-- A long trace is stored compressed where the server can do lz4.
SELECT count(*) > 0 AS long_ones, bool_and(pg_column_compression(trace) = 'lz4')
           OR NOT EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) AS compressed
  FROM leadroute.decisions WHERE octet_length(trace::text) > 400;
