-- By default rules need a change request as soon as one was applied: until then plain SQL sets everything up. Superusers, members
-- and what else is changed daily stay free, and routing_health says what holds since when.
\i setup.sql
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_author, story_approver, story_editor;
RESET client_min_messages;
CREATE ROLE story_author; CREATE ROLE story_approver; CREATE ROLE story_editor;
SELECT leadroute.grant_role(r, format('story_%s', r)::regrole) FROM unnest('{author,approver,editor}'::text[]) r;
GRANT USAGE ON SCHEMA story TO PUBLIC;
CREATE VIEW story.required AS
    SELECT status, regexp_replace(detail, '\d\d\d\d-\d\d-\d\d[^)]*? [(]', '(a time) (') AS detail FROM leadroute.routing_health WHERE "check" = 'change requests';
SHOW leadroute.require_change_request;
TABLE story.required;

-- A set-up, by whoever may edit; leads come in, and it goes on. A proposal and an approval are not yet a change.
SET SESSION AUTHORIZATION story_editor;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('smb');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('smb', 'ann'), ('smb', 'bob');
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('all', 10, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('all', 'any', 'smb');
RESET SESSION AUTHORIZATION;
INSERT INTO leadroute.leads (email) VALUES ('a@one.example') RETURNING segment;
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Sooner', 'Try', 'UPDATE segments SET priority = priority - 1') AS change \gset
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(:change);
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.territories SET fallback_queue = NULL;

-- Not if the change is undone.
BEGIN;
SELECT leadroute.apply_change(:change);
SELECT code FROM story.try('UPDATE leadroute.segments SET priority = 5');
ROLLBACK;
UPDATE leadroute.segments SET fallback_queue = 'catch_all';

-- From here on it is no edit by hand any more, whatever the statement, and whether or not it finds a row.
SELECT leadroute.apply_change(:change);
SELECT hint FROM story.try('UPDATE leadroute.segments SET priority = 5 WHERE false');
SELECT code, message FROM story.try('UPDATE leadroute.segments SET priority = 5');
SELECT code FROM story.try($$INSERT INTO leadroute.queues (name) VALUES ('desk')$$);
SELECT code FROM story.try('DELETE FROM leadroute.golden_leads');
SELECT code FROM story.try('TRUNCATE leadroute.tiers');
SELECT code FROM story.try($$COPY leadroute.tiers (name) FROM '/dev/null'$$);
SELECT name, priority FROM leadroute.segments;
-- What is changed daily is free.
UPDATE leadroute.pool_members SET weight = 2 WHERE rep_id = 'ann';
UPDATE leadroute.reps SET name = 'Bob', daily_cap = 5 WHERE id = 'bob';
INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2030-01-01,2030-01-02)');
INSERT INTO leadroute.accounts (id, name) VALUES ('acme', 'Acme');
SELECT leadroute.set_presence('bob', 'online');
-- So are superusers, but not with the rights of others, and others not with theirs.
RESET SESSION AUTHORIZATION;
UPDATE leadroute.segments SET priority = 7;
SET ROLE story_editor;
SELECT code FROM story.try('UPDATE leadroute.segments SET priority = 8');
RESET ROLE;
CREATE FUNCTION story.as_superuser() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE leadroute.segments SET priority = 9';
SET SESSION AUTHORIZATION story_editor;
SELECT code, message FROM story.try('SELECT story.as_superuser()');
RESET SESSION AUTHORIZATION;
TABLE story.required;
SELECT what, change_id IS NOT NULL AS approved FROM leadroute.changelog WHERE "table" = 'segments' AND what LIKE '%priority%' ORDER BY changed_at;

-- It is a setting like any other: for all tables of rules from now on and for everybody, or for none.
SET leadroute.require_change_request = 'rules';
SELECT code FROM story.try('UPDATE leadroute.segments SET priority = 8');
TABLE story.required;
SET leadroute.require_change_request = 'rules_after_first_change, pool_members';
SELECT code FROM story.try('UPDATE leadroute.pool_members SET weight = 1');
UPDATE leadroute.segments SET priority = 8;
TABLE story.required;
SET leadroute.require_change_request = '';
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.segments SET priority = 6;
RESET SESSION AUTHORIZATION;
TABLE story.required;

RESET leadroute.require_change_request;
SET SESSION AUTHORIZATION story_editor;
SELECT code FROM story.try('UPDATE leadroute.segments SET priority = 5');
