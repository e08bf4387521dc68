-- An app may put leads in and learn who owns them. It can neither read nor change rules, audit or other leads.
\i setup.sql
-- Roles belong to the cluster: a run that was cut off may have left them.
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_inserter, story_caller, story_engineer;
RESET client_min_messages;
CREATE ROLE story_inserter;
CREATE ROLE story_caller;
CREATE ROLE story_engineer;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('eve');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue, condition) VALUES ('all', 'catch_all', '$.id > 0');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (email) VALUES ('secret@acme.com');

-- Without a grant nothing goes.
SET ROLE story_inserter;
INSERT INTO leadroute.leads (email) VALUES ('a1@acme.com');
SELECT leadroute.route_lead('{}');
RESET ROLE;

-- INSERT on leads, and SELECT on the columns for RETURNING.
GRANT INSERT ON leadroute.leads TO story_inserter;
GRANT SELECT (id, status, owner_id, queue, sla_due_at) ON leadroute.leads TO story_inserter;
SET ROLE story_inserter;
INSERT INTO leadroute.leads (email, score) VALUES ('a1@acme.com', 5), ('a2@acme.com', 6) RETURNING id, status, owner_id;
COPY leadroute.leads (email) FROM stdin;
a3@acme.com
\.
-- Also a touch, which fills the lead that it cannot see.
INSERT INTO leadroute.leads (email, company) VALUES ('Secret@acme.com', 'Acme') RETURNING id, status, owner_id;
SELECT email FROM leadroute.leads;
SELECT * FROM leadroute.decisions;
INSERT INTO leadroute.leads (email) VALUES ('a4@acme.com') RETURNING email;
UPDATE leadroute.leads SET owner_id = 'eve';
DELETE FROM leadroute.leads;
SELECT leadroute.route_lead('{}');
RESET ROLE;
SELECT email, company, owner_id FROM leadroute.leads ORDER BY id;
-- An app that may insert the column names the owner; that is a decision like others, also where it says that the lead was
-- routed before: only the owner of the tables restores.
SET ROLE story_inserter;
INSERT INTO leadroute.leads (email, status, owner_id, routed_at) VALUES ('a5@acme.com', 'assigned', 'eve', now()) RETURNING owner_id = 'eve' AS chosen;
RESET ROLE;
SELECT count(*) AS leads_without_decision FROM leadroute.leads l WHERE NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.lead_id = l.id);

-- Nor while routing is switched off: what routing sets is then set to its defaults for everybody but the owner.
SET leadroute.enabled = off;
SET ROLE story_inserter;
INSERT INTO leadroute.leads (email, score, created_at, status, owner_id, queue, account_id, segment, territory, tier, pool, playbook, expansion,
    duplicate_of, person_key, routed_at, sla_due_at, first_response_at, decision_id)
VALUES ('off@acme.com', 7, '2020-01-01', 'converted', 'eve', 'catch_all', 'a', 's', 't', 't', 'p', 'p', true, 1, 'secret@acme.com', now(), now(), now(), 1);
RESET ROLE;
SELECT jsonb_strip_nulls(to_jsonb(l) - '{id,updated_at,created_at}'::text[]) AS what_is_left, l.created_at = l.updated_at AS created_now FROM leadroute.leads l WHERE email = 'off@acme.com';
-- The owner restores.
INSERT INTO leadroute.leads (email, status, owner_id) VALUES ('off2@acme.com', 'working', 'eve') RETURNING status, owner_id;
RESET leadroute.enabled;
DELETE FROM leadroute.leads WHERE email LIKE 'off%';

-- EXECUTE on route_lead alone.
GRANT EXECUTE ON FUNCTION leadroute.route_lead(jsonb) TO story_caller;
SET ROLE story_caller;
SELECT answer ->> 'owner_id' IS NOT NULL AS has_owner, answer ->> 'status' AS status FROM leadroute.route_lead('{"email": "b1@acme.com", "external_id": "b1"}') answer;
SELECT answer ->> 'created' AS created FROM leadroute.route_lead('{"external_id": "b1"}') answer;
INSERT INTO leadroute.leads (email) VALUES ('b2@acme.com');
SELECT id FROM leadroute.leads;
SELECT leadroute.preview_route('{}');
SELECT leadroute.explain_decision(1);
SELECT leadroute.reroute_lead(1);
SELECT leadroute.escalate_overdue();
SELECT leadroute.rules_json();
SELECT leadroute.roster_json();
RESET ROLE;

-- In full: what the two may do with each table, view, sequence and function.
SELECT role, relname, privilege
  FROM pg_class c, unnest(ARRAY['story_inserter', 'story_caller']) role,
       unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
 WHERE relnamespace = 'leadroute'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege(role, c.oid, privilege);
SELECT role, relname, privilege
  FROM pg_class c, unnest(ARRAY['story_inserter', 'story_caller']) role, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) privilege
 WHERE relnamespace = 'leadroute'::regnamespace AND relkind = 'S' AND has_sequence_privilege(role, c.oid, privilege);
SELECT role, p.oid::regprocedure AS function FROM pg_proc p, unnest(ARRAY['story_inserter', 'story_caller']) role
 WHERE pronamespace = 'leadroute'::regnamespace AND has_function_privilege(role, p.oid, 'EXECUTE')
 ORDER BY 1, 2;
SELECT role FROM unnest(ARRAY['story_inserter', 'story_caller']) role WHERE has_schema_privilege(role, 'leadroute', 'CREATE');
-- Settings that change who gets a lead are for superusers.
SET ROLE story_inserter;
SET leadroute.enabled = off;
SET leadroute.on_error = 'raise';
SET leadroute.turn_wait = 0;
SET leadroute.duplicate_wait = 0;
RESET ROLE;

-- What a user plants in the search_path never runs inside.
CREATE SCHEMA story_trap AUTHORIZATION story_inserter;
GRANT CREATE ON SCHEMA story_trap TO story_caller;
SET ROLE story_inserter;
CREATE FUNCTION story_trap.sprung(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% runs as %', what, current_user;
END $$;
CREATE FUNCTION story_trap.same(a text, b text) RETURNS boolean LANGUAGE sql AS $$ SELECT story_trap.sprung('='); SELECT true $$;
CREATE OPERATOR story_trap.= (leftarg = text, rightarg = text, function = story_trap.same);
CREATE FUNCTION story_trap.same(a bigint, b bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT story_trap.sprung('= of bigint'); SELECT true $$;
CREATE OPERATOR story_trap.= (leftarg = bigint, rightarg = bigint, function = story_trap.same);
CREATE FUNCTION story_trap.other(a text, b text) RETURNS boolean LANGUAGE sql AS $$ SELECT story_trap.sprung('<>'); SELECT true $$;
CREATE OPERATOR story_trap.<> (leftarg = text, rightarg = text, function = story_trap.other);
CREATE FUNCTION story_trap.joined(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT story_trap.sprung('||'); SELECT a $$;
CREATE OPERATOR story_trap.|| (leftarg = jsonb, rightarg = jsonb, function = story_trap.joined);
CREATE FUNCTION story_trap.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT story_trap.sprung('lower'); SELECT $1 $$;
CREATE FUNCTION story_trap.length(text) RETURNS integer LANGUAGE sql AS $$ SELECT story_trap.sprung('length'); SELECT 1 $$;
CREATE FUNCTION story_trap.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT story_trap.sprung('now'); SELECT pg_catalog.now() $$;
CREATE FUNCTION story_trap.to_jsonb(leadroute.leads) RETURNS jsonb LANGUAGE sql AS $$ SELECT story_trap.sprung('to_jsonb'); SELECT '{}'::jsonb $$;
CREATE FUNCTION story_trap.jsonb_each(jsonb, OUT key text, OUT value jsonb) RETURNS SETOF record LANGUAGE sql AS $$ SELECT story_trap.sprung('jsonb_each'); SELECT NULL::text, NULL::jsonb $$;
CREATE FUNCTION story_trap.jsonb_typeof(jsonb) RETURNS text LANGUAGE sql AS $$ SELECT story_trap.sprung('jsonb_typeof'); SELECT 'null' $$;
CREATE TEMP TABLE leads (id bigint, person_key text, duplicate_of bigint, status text);
CREATE TEMP TABLE reps (id text);
SET search_path = story_trap, pg_temp, pg_catalog;
INSERT INTO leadroute.leads (email, score, country) VALUES ('c1@acme.com', 7, 'Germany'), ('C1@acme.com', 7, NULL) RETURNING status, owner_id OPERATOR(pg_catalog.<>) 'eve' AS to_the_pool;
RESET ROLE;
-- A change by the owner empties the caches; even then the session of the app compiles the rules undisturbed.
SET search_path = story_trap, pg_temp, pg_catalog;
UPDATE leadroute.reps SET name = 'Ann' WHERE id OPERATOR(pg_catalog.=) 'ann';
UPDATE leadroute.segments SET priority = 5;
SET ROLE story_caller;
SELECT leadroute.route_lead('{"email": "c2@acme.com", "external_id": "c2"}') ->> 'status' AS status;
SELECT leadroute.route_lead('{"email": "c2@acme.com", "external_id": "c2"}') ->> 'status' AS status;
RESET ROLE;
SELECT leadroute.reroute_lead(1) ->> 'status' AS status;
UPDATE leadroute.leads SET owner_id = 'eve' WHERE id OPERATOR(pg_catalog.=) 1::bigint RETURNING owner_id;
UPDATE leadroute.reps SET id = 'eva' WHERE id OPERATOR(pg_catalog.=) 'eve';
SELECT leadroute.escalate_overdue(1000, 'infinity') OPERATOR(pg_catalog.>) 0 AS escalated;
SELECT pg_catalog.length(leadroute.explain_decision(1)) OPERATOR(pg_catalog.>) 100 AS explained;
RESET search_path;
-- Leads of the trap went where they belong, and the session is as it was.
SELECT count(*) FROM leadroute.leads WHERE email LIKE 'c_@acme.com';
SHOW search_path;
SELECT current_user = session_user AS is_back;

-- Who may edit the routing tables needs no right on leads to rename or delete what is in them.
GRANT SELECT, INSERT, UPDATE, DELETE ON leadroute.reps, leadroute.queues, leadroute.segments TO story_engineer;
SET ROLE story_engineer;
INSERT INTO leadroute.reps (id) VALUES ('new'), ('newer');
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'new';
UPDATE leadroute.reps SET id = 'renamed' WHERE id = 'new';
DELETE FROM leadroute.reps WHERE id = 'newer';
UPDATE leadroute.segments SET name = 'everything';
SELECT email FROM leadroute.leads;
RESET ROLE;
SELECT DISTINCT segment FROM leadroute.leads WHERE segment IS NOT NULL;

SET client_min_messages = warning;
DROP SCHEMA story_trap CASCADE;
DROP OWNED BY story_inserter, story_caller, story_engineer;
DROP ROLE story_inserter, story_caller, story_engineer;
