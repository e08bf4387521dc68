-- Every change of a routing table leaves a row in config_history, by whatever way it comes, with the whole row before and after;
-- as_of gives the rows of any moment back. Only the extension writes it.
\i setup.sql
-- What ships with the extension is nobody's change; every routing table is watched in every way.
SELECT count(*) FROM leadroute.config_history;
SELECT t."table", g.tgname, g.tgenabled FROM leadroute_internal.history_tables t
 CROSS JOIN (VALUES ('00_observe_session', 'O'), ('history_1', 'O'), ('history_2', 'O'), ('history_3', 'O'), ('zz_history_truncated', 'A'), ('history_replicated', 'R')) AS w (name, enabled)
  LEFT JOIN pg_trigger g ON g.tgrelid = format('leadroute.%I', t."table")::regclass AND g.tgname = w.name
 WHERE g.tgenabled IS DISTINCT FROM w.enabled::"char";
SELECT DISTINCT tgrelid::regclass AS not_watched FROM pg_trigger WHERE tgname IN ('config_changed', '05_clean')
   AND tgrelid NOT IN (SELECT format('leadroute.%I', "table")::regclass FROM leadroute_internal.history_tables) ORDER BY 1;

-- What was noted since the last look: the columns that differ. What follows from a change may be noted before it or after it.
CREATE TABLE story.seen (id bigint);
CREATE FUNCTION story.noted() RETURNS TABLE ("table" text, key text, operation text, change text, why text, is_data boolean)
    LANGUAGE sql AS $$
    WITH h AS (SELECT * FROM leadroute.config_history c WHERE c.id > coalesce((SELECT max(s.id) FROM story.seen s), 0)),
         looked AS (INSERT INTO story.seen SELECT max(h.id) FROM h)
    SELECT h."table", h.key, h.operation,
           (SELECT string_agg(format('%s: %s -> %s', k, h.before -> k, h.after -> k), ', ' ORDER BY k)
              FROM jsonb_object_keys(coalesce(h.before, h.after)) k WHERE h.before -> k IS DISTINCT FROM h.after -> k AND h.before IS NOT NULL AND h.after IS NOT NULL),
           h.why, h.is_data
      FROM h ORDER BY h.transaction, h."table", h.key, h.id $$;

-- INSERT, and COPY; the columns that nobody edits are in the row, too.
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
COPY leadroute.pools (name) FROM stdin;
north
south
\.
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('north', 'ann', 1.5), ('north', 'bob', 1);
INSERT INTO leadroute.territories (name) VALUES ('all');
INSERT INTO leadroute.segments (name, territory, employees, condition) VALUES ('smb', 'all', '[50,200)', '$.a == 1');
INSERT INTO leadroute.tiers (segment, name, pool, tenants) VALUES ('smb', 'hot', 'north', '{acme,beta}'), (NULL, 'rest', 'south', NULL);
INSERT INTO leadroute.schedules VALUES ('office');
INSERT INTO leadroute.schedule_hours VALUES ('office', 1, '09:00', '17:00');
SELECT * FROM story.noted();
SELECT before, after FROM leadroute.config_history WHERE key = 'north/ann';

-- UPDATE, of several rows, also of their keys; what names the key follows. An update that changes nothing leaves no row.
SET leadroute.why = 'new names';
UPDATE leadroute.pools SET name = name || ' pool', strategy = CASE name WHEN 'north' THEN 'least_loaded' ELSE strategy END;
RESET leadroute.why;
UPDATE leadroute.pools SET name = name;
UPDATE leadroute.pools SET strategy = strategy WHERE false;
SELECT * FROM story.noted();
-- keys that change places
UPDATE leadroute.pools SET name = 'x' WHERE name = 'north pool';
UPDATE leadroute.pools SET name = 'north pool' WHERE name = 'south pool';
UPDATE leadroute.pools SET name = 'south pool' WHERE name = 'x';
SELECT * FROM story.noted();
-- Presence, absences and accounts are data. Times are in UTC, whatever the session has.
SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';
UPDATE leadroute.reps SET presence = 'away', presence_at = '2030-01-01 09:00+09' WHERE id = 'ann';
UPDATE leadroute.reps SET presence = 'online', daily_cap = 3 WHERE id = 'ann';
INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2030-01-01 09:00+09,2030-01-02 09:00+09)');
INSERT INTO leadroute.accounts (tenant, id) VALUES ('acme', '1');
INSERT INTO leadroute.account_domains (tenant, domain, account_id) VALUES ('acme', 'a.com', '1');
INSERT INTO leadroute.contacts (tenant, email, account_id) VALUES ('acme', 'a+b@a.com', '1');
UPDATE leadroute.queues SET auto_assign_after = '1 month 3 days 04:00' WHERE name = 'partner';
SELECT * FROM story.noted();
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';
SELECT h.after ->> 'during' AS during, a.during AS was FROM leadroute.config_history h, leadroute.absences a WHERE h."table" = 'absences';
SELECT after ->> 'person' AS person FROM leadroute.config_history WHERE "table" = 'contacts';
-- INSERT ON CONFLICT: what was inserted, and what was updated
INSERT INTO leadroute.reps (id, name) VALUES ('ann', 'Ann'), ('cyd', 'Cyd'), ('bob', '') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name;
-- a default that somebody makes theirs
INSERT INTO leadroute.queues (name, kind) VALUES ('blocked', 'triage');
-- functions
SELECT leadroute.set_presence('bob', 'offline');
SELECT leadroute.take_off('cyd', '2030-03-01', '2030-03-02', NULL, 'sick');
SELECT "table", key, operation, regexp_replace(change, 'presence_at.*', 'presence_at'), is_data FROM story.noted();
-- DELETE with what it takes along; TRUNCATE
DELETE FROM leadroute.segments;
DELETE FROM leadroute.accounts;
TRUNCATE leadroute.escalation_steps, leadroute.tiers;
SELECT * FROM story.noted();
-- a subscription: rows, one by one, and TRUNCATE
SET session_replication_role = replica;
INSERT INTO leadroute.holidays VALUES ('office', '2030-05-01', 'May Day');
UPDATE leadroute.holidays SET name = 'Labour Day';
UPDATE leadroute.holidays SET name = name;
DELETE FROM leadroute.holidays;
INSERT INTO leadroute.holidays VALUES ('office', '2031-05-01', 'May Day');
TRUNCATE leadroute.holidays;
RESET session_replication_role;
SELECT * FROM story.noted();
-- what is rolled back was not
BEGIN;
DELETE FROM leadroute.pool_members;
SAVEPOINT a;
DELETE FROM leadroute.absences;
ROLLBACK TO a;
UPDATE leadroute.reps SET name = 'B' WHERE id = 'bob';
ROLLBACK;
SELECT * FROM story.noted();

-- Only the extension writes it, whoever asks.
CREATE ROLE history_editor;
SELECT leadroute.grant_role('editor', 'history_editor');
GRANT INSERT, UPDATE, DELETE, TRUNCATE ON leadroute.config_history TO history_editor;
SELECT t.* FROM unnest(ARRAY['INSERT INTO leadroute.config_history ("table", key, operation) VALUES (''reps'', ''x'', ''INSERT'')',
    'UPDATE leadroute.config_history SET changed_by = ''x''', 'DELETE FROM leadroute.config_history', 'TRUNCATE leadroute.config_history']) s, story.try(s) t;
GRANT USAGE ON SCHEMA story TO history_editor;
SET ROLE history_editor;
SELECT t.* FROM unnest(ARRAY['INSERT INTO leadroute.config_history ("table", key, operation) VALUES (''reps'', ''x'', ''INSERT'')',
    'DELETE FROM leadroute.config_history', 'SELECT leadroute_internal.rows_as_of(''reps'', NULL, NULL)']) s, story.try(s) t;
-- a role of its own: who it was is said, and the row is not its own to write
UPDATE leadroute.reps SET name = 'Robert' WHERE id = 'bob';
SELECT "table", key, operation, changed_by = session_user AS by_session FROM leadroute.config_history ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM leadroute.config_as_of('reps', '2000-01-01');
RESET ROLE;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON leadroute.config_history FROM history_editor;
REVOKE SELECT ON leadroute.reps FROM history_editor;
SET ROLE history_editor;
SELECT * FROM story.try('SELECT leadroute.config_as_of(''reps'', now())');
RESET ROLE;
DROP OWNED BY history_editor;
DROP ROLE history_editor;
