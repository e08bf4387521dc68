-- grant_role() gives each kind of role what it needs and no more; each does its work with that alone.
\i setup.sql
-- Roles belong to the cluster: a run that was cut off may have left them.
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_provider, story_calendar, story_app, story_sales_tool, story_editor, story_analyst, story_monitor, story_worker, story_approver, story_author;
CREATE ROLE story_app; CREATE ROLE story_sales_tool; CREATE ROLE story_editor; CREATE ROLE story_analyst;
CREATE ROLE story_provider; CREATE ROLE story_calendar; CREATE ROLE story_monitor; CREATE ROLE story_worker; CREATE ROLE story_approver; CREATE ROLE story_author;
RESET client_min_messages;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE TABLE story.crm (id integer PRIMARY KEY, email text, owner text);
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": "owner"}');

SELECT leadroute.grant_role(r.recipe, format('story_%s', r.recipe)::regrole) FROM (SELECT DISTINCT recipe FROM leadroute.role_recipes ORDER BY 1) r;
SELECT * FROM story.try($$SELECT leadroute.grant_role('boss', 'story_app')$$);
SELECT * FROM story.try($$SELECT leadroute.grant_role(NULL, NULL)$$);
-- Nobody without the right to grant can.
SET ROLE story_editor;
SELECT leadroute.grant_role('analyst', 'story_editor');
RESET ROLE;

-- In full: what each may do with tables and views, columns, sequences and functions.
SELECT recipe, privileges, string_agg(relname, ' ' ORDER BY relname) AS relations
  FROM (SELECT r.recipe, c.relname, string_agg(p, ', ' ORDER BY n) AS privileges
          FROM (SELECT DISTINCT recipe FROM leadroute.role_recipes) r,
               unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS p (p, n), pg_class c
         WHERE c.relnamespace::regnamespace::text LIKE 'leadroute%' AND c.relkind IN ('r', 'v')
           AND r.recipe <> 'analyst' AND has_table_privilege('story_' || r.recipe, c.oid, p) GROUP BY 1, 2) g
 GROUP BY 1, 2 ORDER BY 1, 2;
SELECT c.relname, p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p, pg_class c
 WHERE c.relnamespace::regnamespace::text LIKE 'leadroute%' AND c.relkind IN ('r', 'v')
   AND has_table_privilege('story_analyst', c.oid, p) <> (p = 'SELECT' AND c.relnamespace = 'leadroute'::regnamespace);
SELECT p AS privilege, string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns_of_leads
  FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p, pg_attribute a
 WHERE a.attrelid = 'leadroute.leads'::regclass AND a.attnum > 0 AND has_column_privilege('story_app', a.attrelid, a.attnum, p) GROUP BY 1 ORDER BY 1;
SELECT r.recipe, f.oid::regprocedure AS function FROM (SELECT DISTINCT recipe FROM leadroute.role_recipes) r, pg_proc f
 WHERE f.pronamespace = 'leadroute'::regnamespace AND has_function_privilege('story_' || r.recipe, f.oid, 'EXECUTE')
   AND NOT has_function_privilege('public', f.oid, 'EXECUTE') ORDER BY 1, 2;
SELECT r.recipe FROM (SELECT DISTINCT recipe FROM leadroute.role_recipes) r
 WHERE has_schema_privilege('story_' || r.recipe, 'leadroute', 'CREATE') OR has_schema_privilege('story_' || r.recipe, 'leadroute_internal', 'USAGE, CREATE');

-- An app.
SET ROLE story_app;
INSERT INTO leadroute.leads (external_id, email, country, event, score) VALUES ('x1', 'a@acme.com', 'Germany', 'demo_request', 70)
RETURNING id, status, owner_id, country, sla_due_at - occurred_at AS respond_within;
INSERT INTO leadroute.leads (external_id, email) VALUES ('x1', 'a@acme.com') ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO leadroute.leads (external_id, email) VALUES ('x1', 'a@acme.com'), ('x2', 'b@acme.com') ON CONFLICT (external_id) DO NOTHING RETURNING id, owner_id;
SELECT leadroute.route_lead('{"email": "c@acme.com", "external_id": "x3"}') ->> 'owner_id' AS owner_id;
COPY leadroute.leads (email) FROM stdin;
d@acme.com
\.
INSERT INTO leadroute.leads (id, email) VALUES (1000000, 'e@acme.com');
INSERT INTO leadroute.leads (email, attached_table, attached_key) VALUES ('f@acme.com', 1, '1');
SELECT email FROM leadroute.leads;
UPDATE leadroute.leads SET owner_id = 'bob';
SELECT leadroute.explain_decision(1);
RESET ROLE;
-- With INSERT on the whole table it still cannot say what belongs to routing.
INSERT INTO story.crm (id, email) VALUES (1, 'crm@acme.com') RETURNING owner;
GRANT INSERT ON leadroute.leads TO story_app;
SET ROLE story_app;
INSERT INTO leadroute.leads (id, email, attached_table, attached_key, created_at, updated_at)
VALUES (1000000, 'g@acme.com', 1, '1', '2001-01-01', 'infinity'), (-5, 'h@acme.com', 1, '1', NULL, '2001-01-01') RETURNING id;
RESET ROLE;
SELECT id > 0 AND id < 100 AS has_the_next_key, attached_table, attached_key, created_at > now() - interval '1 minute' AND updated_at = created_at AS is_of_now
  FROM leadroute.leads WHERE email IN ('g@acme.com', 'h@acme.com');
INSERT INTO leadroute.leads (email) VALUES ('i@acme.com') RETURNING id < 100 AS goes_on;

-- A sales tool.
SET ROLE story_sales_tool;
SELECT leadroute.record_response(1, 'ann', 'phone') AS stopped;
SELECT leadroute.record_event(1, 'webinar') ->> 'action' AS action;
SELECT leadroute.set_presence('bob', 'away');
SELECT leadroute.transfer_lead(1, 'bob') > 0 AS transferred;
SELECT count(*) > 0 AS taken, bool_and(leadroute.ack_notifications(ARRAY[id]) = 1) AS acknowledged FROM leadroute.take_notifications('tool');
SELECT leadroute.doze() IS NOT NULL AS asks, leadroute.wake() IS NOT NULL AS wakes;
SELECT count(*) > 0 AS sees FROM leadroute.queue_backlog;
DELETE FROM leadroute.leads;
SELECT * FROM leadroute.segments;
RESET ROLE;

-- An editor.
SET ROLE story_editor;
INSERT INTO leadroute.reps (id) VALUES ('cyd'), ('dan');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'cyd');
UPDATE leadroute.reps SET id = 'cid' WHERE id = 'cyd';
DELETE FROM leadroute.reps WHERE id = 'dan';
DELETE FROM leadroute.reps WHERE id = 'cid';
UPDATE leadroute.segments SET name = 'everybody';
INSERT INTO leadroute.mail_domains (domain, kind) VALUES ('mail.test', 'personal'), ('gmail.com', 'personal');
DELETE FROM leadroute.event_types WHERE name = 'newsletter';
INSERT INTO leadroute.queues (name, kind) VALUES ('desk', 'triage');
UPDATE leadroute.territories SET fallback_queue = 'desk';
SELECT count(*) > 0 AS finds FROM leadroute.lint_config();
SELECT count(*) AS dangling FROM leadroute.check_integrity();
SELECT leadroute.preview_route('{"email": "z@zed.com"}') ->> 'layer' AS layer;
UPDATE leadroute.decisions SET reason = '';
SELECT * FROM leadroute.leads;
RESET ROLE;

-- An analyst: every view, and what explains.
CREATE FUNCTION story.rows(relation regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', relation) INTO n;
    RETURN n;
END $$;
GRANT USAGE ON SCHEMA story TO story_analyst;
SET ROLE story_analyst;
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'v') AND story.rows(c.oid) < 0;
SELECT "table", problem FROM leadroute.config_problems ORDER BY 1, 2;
SELECT "check", status FROM leadroute.routing_health WHERE "check" IN ('routing', 'jobs', 'rules');
SELECT severity, "table" FROM leadroute.lint_config() ORDER BY 1, 2;
SELECT leadroute.explain_decision(1) LIKE 'Lead 1%' AS explained;
SELECT leadroute.rules_json();
INSERT INTO leadroute.leads (email) VALUES ('no@acme.com');
RESET ROLE;

-- One that reads calendars and reports presence.
SET ROLE story_calendar;
SELECT leadroute.sync_absences('cal', 'ann', '[2040-01-01,2041-01-01)', '[{"external_id": "x", "kind": "pto", "starts": "2040-02-01", "ends": "2040-02-03"}]') AS changed;
SELECT leadroute.set_presence('bob', 'away');
TABLE leadroute.absences;
UPDATE leadroute.reps SET active = false;
RESET ROLE;
DELETE FROM leadroute.absences; UPDATE leadroute.reps SET presence = DEFAULT, presence_at = DEFAULT;

-- A monitor, a worker and an approver.
SET ROLE story_monitor;
SELECT count(*) > 3 AS checks FROM leadroute.routing_health;
SELECT count(*) >= 0 AS looks FROM leadroute.lint_config();
SELECT email FROM leadroute.leads;
RESET ROLE;
SET ROLE story_worker;
CALL leadroute.keep_time('0');
SELECT leadroute.escalate_overdue(100, 'infinity') > 0 AS escalated, leadroute.merge_duplicates() AS merged, leadroute.check_rates() AS alarms,
       leadroute.purge_notifications() AS purged, leadroute.refresh_performance() AS rated;
SELECT owner_id FROM leadroute.leads;
RESET ROLE;
SET ROLE story_approver;
SELECT count(*) AS segments FROM leadroute.segments;
SELECT leadroute.preview_route('{"email": "z@zed.com"}') ->> 'layer' AS layer;
UPDATE leadroute.segments SET enabled = false;
RESET ROLE;

-- What was granted is taken away again.
SELECT leadroute.revoke_role(r.recipe, format('story_%s', r.recipe)::regrole) FROM (SELECT DISTINCT recipe FROM leadroute.role_recipes ORDER BY 1) r;
REVOKE INSERT ON leadroute.leads FROM story_app;
SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP ROLE story_provider, story_calendar, story_app, story_sales_tool, story_editor, story_analyst, story_monitor, story_worker, story_approver, story_author;
