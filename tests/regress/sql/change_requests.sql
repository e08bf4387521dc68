-- A change of rules is proposed by one, approved by another, and applied as it was approved, once and as a whole, by somebody
-- who may change the tables; or not at all, when the rules have become others meanwhile. Where it is required, there is no
-- other way to change rules.
\i setup.sql
-- Here rules are edited by hand, too, also when changes were applied.
SET leadroute.require_change_request = '';
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_author, story_approver, story_editor, story_nobody;
RESET client_min_messages;
CREATE ROLE story_author; CREATE ROLE story_approver; CREATE ROLE story_editor; CREATE ROLE story_nobody;
SELECT leadroute.grant_role(r, format('story_%s', r)::regrole) FROM unnest('{author,approver,editor}'::text[]) r;
GRANT USAGE ON SCHEMA story TO PUBLIC;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('smb'), ('enterprise');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('smb', 'ann'), ('enterprise', 'bob');
INSERT INTO leadroute.segments (name, priority, employees, fallback_queue) VALUES ('big', 10, '[500,)', 'catch_all'), ('small', 20, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('big', 'any', 'enterprise'), ('small', 'any', 'smb');
CREATE VIEW story.requests AS
    SELECT id, title, status, tables, writes, proposed_by, approved_by, applied_by, ended_by, ended_why, reverts FROM leadroute.change_requests ORDER BY id;

-- The author proposes. Nothing has changed yet.
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Big from 200 employees', 'Enterprise has room for more', $$UPDATE segments SET employees = '[200,)' WHERE name = 'big'$$);
SELECT name, employees FROM leadroute.segments ORDER BY priority;
-- The author can neither approve nor apply it, nor have it say something else, nor change rules.
SELECT * FROM story.try('SELECT leadroute.approve_change(1)');
SELECT * FROM story.try('SELECT leadroute.apply_change(1)');
SELECT * FROM story.try($$UPDATE leadroute.change_requests SET sql = 'DELETE FROM tiers'$$);
SELECT * FROM story.try($$UPDATE leadroute.segments SET priority = 1$$);
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION leadroute.approve_change(bigint), leadroute.apply_change(bigint) TO story_author;
GRANT ALL ON leadroute.change_requests TO story_author;
GRANT story_approver TO story_author;
SET SESSION AUTHORIZATION story_author;
SELECT * FROM story.try('SELECT leadroute.approve_change(1)');
SET ROLE story_approver;
SELECT * FROM story.try('SELECT leadroute.approve_change(1)');
RESET ROLE;
SELECT * FROM story.try($$UPDATE leadroute.change_requests SET proposed_by = 'somebody'$$);
SELECT * FROM story.try($$INSERT INTO leadroute.change_requests (title, why, sql, tables, writes, seen) VALUES ('a', 'b', 'c', '{}', '{}', '')$$);
SELECT * FROM story.try($$DELETE FROM leadroute.change_requests$$);
SELECT * FROM story.try($$TRUNCATE leadroute.change_requests$$);
SELECT code FROM story.try($$COPY leadroute.change_requests (title) FROM PROGRAM 'echo'$$);
RESET SESSION AUTHORIZATION;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON leadroute.change_requests FROM story_author;
REVOKE story_approver FROM story_author;
-- It is a constraint, too: a superuser without triggers cannot either.
SET session_replication_role = replica;
SELECT code, message FROM story.try($$UPDATE leadroute.change_requests SET status = 'approved', approved_by = 'story_author', approved_at = now()$$);
RESET session_replication_role;
SELECT code, message FROM story.try($$UPDATE leadroute.change_requests SET sql = ''$$);

-- Nobody applies it before somebody else has approved it; then once.
SET SESSION AUTHORIZATION story_editor;
SELECT * FROM story.try('SELECT leadroute.apply_change(1)');
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(1);
SELECT * FROM story.try('SELECT leadroute.approve_change(1)');
SET SESSION AUTHORIZATION story_author;
SELECT * FROM story.try('SELECT leadroute.apply_change(1)');
SET SESSION AUTHORIZATION story_editor;
SELECT leadroute.apply_change(1);
SELECT name, employees FROM leadroute.segments ORDER BY priority;
SELECT * FROM story.try('SELECT leadroute.apply_change(1)');
RESET SESSION AUTHORIZATION;
SELECT leadroute.preview_route('{"email": "x@x.test", "employees": 300}') ->> 'pool' AS pool;

-- When the rules have become others, it is not applied; when only what managers change has, it is.
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Small first', 'Try', $$UPDATE segments SET priority = 5 WHERE name = 'small'$$);
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(2);
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.pool_members SET weight = 2;
SELECT leadroute.set_presence('ann', 'away');
INSERT INTO leadroute.absences (rep_id, during) VALUES ('ann', '[2030-01-01,2030-01-02)');
BEGIN;
SELECT leadroute.apply_change(2);
ROLLBACK;
UPDATE leadroute.tiers SET name = 'all' WHERE segment = 'big';
SELECT * FROM story.try('SELECT leadroute.apply_change(2)');
-- as it was again
UPDATE leadroute.tiers SET name = 'any' WHERE segment = 'big';
SELECT leadroute.apply_change(2);
-- A change of members is refused when members have changed.
SELECT leadroute.propose_change('More for Bob', 'He asks', $$UPDATE pool_members SET weight = weight * 2 WHERE rep_id = 'bob'$$);
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(3);
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.pool_members SET weight = 3 WHERE rep_id = 'bob';
SELECT code FROM story.try('SELECT leadroute.apply_change(3)');
RESET SESSION AUTHORIZATION;

-- One that fails changes nothing, and can be tried again.
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Half', 'The second half fails', $$DELETE FROM tiers WHERE segment = 'big'; INSERT INTO tiers (segment, name, pool) VALUES ('big', 'x', 'nowhere')$$);
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(4);
SET SESSION AUTHORIZATION story_editor;
SELECT * FROM story.try('SELECT leadroute.apply_change(4)');
SELECT segment, name, pool FROM leadroute.tiers ORDER BY 1, 2;
RESET SESSION AUTHORIZATION;
SELECT status, failure FROM leadroute.change_requests WHERE id = 4;

-- Refused, cancelled.
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.refuse_change(4, 'There is no such pool');
SELECT * FROM story.try('SELECT leadroute.approve_change(4)');
SET SESSION AUTHORIZATION story_editor;
SELECT * FROM story.try('SELECT leadroute.apply_change(4)');
SELECT leadroute.cancel_change(3, 'Done by hand');
SELECT * FROM story.try('SELECT leadroute.cancel_change(3)');
SELECT * FROM story.try('SELECT leadroute.cancel_change(1)');
SELECT * FROM story.try('SELECT leadroute.cancel_change(99)');
SELECT * FROM story.try('SELECT leadroute.apply_change(NULL)');
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Of another', 'Try', $$UPDATE segments SET priority = 6 WHERE name = 'small'$$);
SET SESSION AUTHORIZATION story_editor;
SELECT * FROM story.try('SELECT leadroute.cancel_change(5)');
SET SESSION AUTHORIZATION story_nobody;
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers')$$);
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION leadroute.propose_change(text, text, text, text) TO story_nobody;
SET SESSION AUTHORIZATION story_nobody;
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers')$$);
RESET SESSION AUTHORIZATION;
SELECT * FROM story.requests;

-- Times in the SQL are those of the author, whoever applies it.
SET SESSION AUTHORIZATION story_author;
SET timezone = 'America/New_York'; SET datestyle = 'SQL, DMY';
SELECT leadroute.propose_change('From March on', 'New year', $$UPDATE segments SET effective = '[01/03/2031 00:00,)' WHERE name = 'big'$$);
RESET datestyle; SET datestyle = 'ISO'; SET timezone = 'UTC';
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(6);
SET SESSION AUTHORIZATION story_editor;
SELECT leadroute.apply_change(6);
SELECT effective FROM leadroute.segments WHERE name = 'big';
SHOW timezone;
SHOW search_path;

-- At a time, with the rights of who approved it.
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Later', 'Planned', $$UPDATE segments SET priority = 7 WHERE name = 'small'$$, '2033-07-01 09:00 Europe/Berlin') AS id,
       leadroute.propose_change('Soon and wrong', 'Planned', $$UPDATE segments SET fallback_queue = 'nowhere' WHERE name = 'small'$$, clock_timestamp() + interval '1 second') AS wrong,
       leadroute.propose_change('Soon', 'Planned', $$UPDATE segments SET priority = 8 WHERE name = 'small'$$, clock_timestamp() + interval '1 second') AS soon,
       leadroute.propose_change('Soon, by who lost the right', 'Planned', $$UPDATE segments SET priority = 9 WHERE name = 'big'$$, clock_timestamp() + interval '1 second') AS unlawful;
SELECT apply_at, apply_at_given FROM leadroute.change_requests WHERE id = 7;
SET SESSION AUTHORIZATION story_approver;
SELECT * FROM story.try('SELECT leadroute.approve_change(7)');
RESET SESSION AUTHORIZATION;
SELECT leadroute.grant_role('editor', 'story_approver');
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_leaver;
RESET client_min_messages;
CREATE ROLE story_leaver;
SELECT leadroute.grant_role('approver', 'story_leaver'), leadroute.grant_role('editor', 'story_leaver');
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(7), leadroute.approve_change(8), leadroute.approve_change(9);
SET SESSION AUTHORIZATION story_leaver;
SELECT leadroute.approve_change(10);
RESET SESSION AUTHORIZATION;
SELECT leadroute.revoke_role('approver', 'story_leaver'), leadroute.grant_role('editor', 'story_leaver');
SET SESSION AUTHORIZATION story_editor;
SELECT * FROM story.try('SELECT leadroute.apply_change(7)');
RESET SESSION AUTHORIZATION;
SELECT pg_sleep_until(max(apply_at)) FROM leadroute.change_requests WHERE id IN (8, 9, 10);
SET client_min_messages = error;
SELECT leadroute.apply_due_changes();
RESET client_min_messages;
SELECT id, status, approved_by, applied_by, failure FROM leadroute.change_requests WHERE id BETWEEN 7 AND 10 ORDER BY id;
SELECT name, priority, fallback_queue FROM leadroute.segments ORDER BY name;
SELECT leadroute.apply_due_changes() AS again;
SELECT session_user, current_user;

-- Where it is required, there is no other way.
SET leadroute.require_change_request = 'segmnts';
SET leadroute.require_change_request = 'rules';
SELECT * FROM story.try($$UPDATE leadroute.segments SET priority = 1$$);
SELECT code FROM story.try($$INSERT INTO leadroute.queues (name) VALUES ('desk')$$);
SELECT code FROM story.try($$DELETE FROM leadroute.tiers$$);
SELECT code FROM story.try($$TRUNCATE leadroute.tiers$$);
SELECT code FROM story.try($$COPY leadroute.tiers (name) FROM PROGRAM 'true'$$);
SELECT code FROM story.try($$UPDATE leadroute.tiers SET pool = 'smb' WHERE false$$);
-- What managers change daily stays free, and what follows from it.
UPDATE leadroute.pool_members SET weight = 4;
UPDATE leadroute.reps SET id = 'anna' WHERE id = 'ann';
INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2030-01-01,2030-01-02)');
INSERT INTO leadroute.accounts (id, name) VALUES ('acme', 'Acme');
SELECT leadroute.set_presence('bob', 'online');
SELECT leadroute.refresh_performance() >= 0 AS rated;
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('The proper way', 'Required', $$UPDATE segments SET priority = 1 WHERE name = 'small'$$);
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(11);
SET SESSION AUTHORIZATION story_editor;
SELECT leadroute.apply_change(11);
SELECT name, priority FROM leadroute.segments ORDER BY priority;
SELECT code FROM story.try($$UPDATE leadroute.segments SET priority = 1$$);
SELECT code, message FROM story.try($$SET leadroute.require_change_request = ''$$);
RESET SESSION AUTHORIZATION;
-- Other tables by name; of reps not what changes all day.
SET leadroute.require_change_request = ' Reps , pool_members';
SELECT code FROM story.try($$UPDATE leadroute.pool_members SET weight = 1$$);
SELECT code FROM story.try($$UPDATE leadroute.reps SET active = false$$);
SELECT code FROM story.try($$INSERT INTO leadroute.reps (id) VALUES ('new')$$);
UPDATE leadroute.reps SET presence = 'online', daily_cap = 5, weekly_cap = 20, max_open_leads = 9;
UPDATE leadroute.segments SET priority = 10 * priority;
SET leadroute.require_change_request = '';

-- Rules that have changed since are looked at again by a preview, which the author cannot do alone once it is approved.
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.propose_change('Seen again', 'Try', $$UPDATE segments SET priority = 70 WHERE name = 'small'$$);
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.tiers SET name = 'every' WHERE segment = 'big';
SET SESSION AUTHORIZATION story_author;
SELECT count(*) AS elsewhere FROM leadroute.preview_change(12);
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(12);
SET SESSION AUTHORIZATION story_editor;
UPDATE leadroute.tiers SET name = 'each' WHERE segment = 'big';
SET SESSION AUTHORIZATION story_author;
SELECT count(*) AS elsewhere FROM leadroute.preview_change(12);
SET SESSION AUTHORIZATION story_editor;
SELECT code, message FROM story.try('SELECT leadroute.apply_change(12)');
SELECT count(*) AS elsewhere FROM leadroute.preview_change(12);
SELECT leadroute.apply_change(12);
SELECT seen_by FROM leadroute.change_requests WHERE id = 12;
RESET SESSION AUTHORIZATION;

-- No routing table is forgotten: each can be protected, named by a change, and is noted in the history.
SELECT h."table" FROM leadroute_internal.history_tables h
 WHERE NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = format('leadroute.%I', h."table")::regclass AND t.tgname = '01_change_required');
SELECT unnest(leadroute_internal.rule_tables()) AS rules EXCEPT SELECT h."table" FROM leadroute_internal.history_tables h WHERE NOT h.is_data;
SELECT set_config('leadroute.require_change_request', string_agg(h."table", ', ' ORDER BY h."table"), false) FROM leadroute_internal.history_tables h;
SELECT h."table", t.code FROM leadroute_internal.history_tables h, LATERAL story.try(format('DELETE FROM leadroute.%I', h."table")) t WHERE t.code <> '42501';
SET leadroute.require_change_request = '';
SELECT h."table", t.code FROM leadroute_internal.history_tables h, LATERAL story.try(format($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM %I')$$, h."table")) t WHERE t.code <> '00000';

-- What cannot be a change request.
SELECT * FROM story.try($$SELECT leadroute.propose_change('', 'w', 'DELETE FROM tiers')$$);
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', ' ', 'DELETE FROM tiers')$$);
SELECT code FROM story.try($$SELECT leadroute.propose_change('t', NULL, 'DELETE FROM tiers')$$);
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers', '2020-01-01')$$);
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers', 'someday')$$);
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers', 'infinity')$$);

SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute CASCADE;
DROP ROLE story_author, story_approver, story_editor, story_nobody, story_leaver;
