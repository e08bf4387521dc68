-- Routing tables as they were: at a moment, and as a snapshot saw them, whatever was renamed, swapped or truncated since, and
-- for rows that were there before history began. Rules and roster read the same.
\i setup.sql
CREATE TABLE story.was (no integer, at timestamptz, seen pg_snapshot, "table" text, rows jsonb, rules jsonb, roster jsonb);
-- Written down as history is, in UTC.
CREATE FUNCTION story.note(no integer) RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    t text;
    found jsonb;
    moment timestamptz := clock_timestamp();
BEGIN
    FOR t IN SELECT "table" FROM leadroute_internal.history_tables LOOP
        EXECUTE format('SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)) FROM leadroute.%I t', t) INTO found;
        INSERT INTO story.was VALUES (no, moment, pg_current_snapshot(), t, found,
            leadroute.rules_json()::jsonb - 'version', leadroute.roster_json(moment)::jsonb);
    END LOOP;
END $$;
-- Lists in any order.
CREATE FUNCTION story.sorted(document jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_object_agg(d.key, (SELECT jsonb_agg(e ORDER BY e) FROM jsonb_array_elements(d.value) e)) FROM jsonb_each(document) d $$;
CREATE VIEW story.wrong AS
SELECT w.no, w."table" FROM story.was w
 WHERE w.rows IS DISTINCT FROM (SELECT jsonb_agg(r ORDER BY r) FROM leadroute.config_as_of(w."table", w.at) r)
    OR w.rows IS DISTINCT FROM (SELECT jsonb_agg(r ORDER BY r) FROM leadroute_internal.rows_as_of(w."table", w.seen, NULL) r)
UNION ALL
SELECT w.no, 'rules' FROM story.was w WHERE w."table" = 'reps' AND (
       story.sorted(w.rules) IS DISTINCT FROM story.sorted(leadroute_internal.rules_json_as_of(NULL, w.at)::jsonb - 'version')
    OR story.sorted(w.rules) IS DISTINCT FROM story.sorted(leadroute_internal.rules_json_as_of(w.seen, NULL)::jsonb - 'version'))
UNION ALL
SELECT w.no, 'roster' FROM story.was w WHERE w."table" = 'reps' AND (
       story.sorted(w.roster) IS DISTINCT FROM story.sorted(leadroute_internal.roster_json_as_of(NULL, w.at)::jsonb)
    OR story.sorted(w.roster) IS DISTINCT FROM story.sorted(leadroute_internal.roster_json_as_of(w.seen, w.at)::jsonb));

SELECT story.note(0);
-- rows of before history began
ALTER TABLE leadroute.pools DISABLE TRIGGER history_1;
INSERT INTO leadroute.pools (name) VALUES ('old'), ('older');
ALTER TABLE leadroute.pools ENABLE TRIGGER history_1;
DELETE FROM story.was;
SELECT story.note(1);
INSERT INTO leadroute.schedules VALUES ('office');
INSERT INTO leadroute.schedule_hours SELECT 'office', d, '09:00', '17:30' FROM generate_series(1, 5) d;
INSERT INTO leadroute.reps (id, schedule, languages, presence_at) VALUES ('ann', 'office', '{en,de}', '2030-01-01 10:00+02'), ('bob', NULL, NULL, 'infinity'), ('cyd', NULL, '{}', NULL);
INSERT INTO leadroute.territories VALUES ('all', 'ann');
INSERT INTO leadroute.segments (name, territory, employees, revenue, effective, condition, countries) VALUES
    ('smb', 'all', '[1,50)', '(0.10,1e6]', '[2020-01-01 00:00+05,)', '$.attributes.x > 1', '{DE,FR}'), ('rest', 'all', NULL, NULL, NULL, NULL, NULL);
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('smb', 'hot', '[50,)', 'old'), (NULL, 'any', '(,)', 'older');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('old', 'ann', 1.5), ('old', 'bob', 0), ('older', 'cyd', 0.333);
INSERT INTO leadroute.absences (rep_id, during) VALUES ('cyd', '[2100-01-01,2100-02-01)'), ('bob', '[2001-01-01,2001-02-01)');
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('later', 'timing', '1 year 2 months 3 days 04:05:06.7');
INSERT INTO leadroute.holidays VALUES ('office', '2030-05-01', 'May Day');
SELECT story.note(2);
-- renames, swaps, changes there and back
UPDATE leadroute.pools SET name = 'new' WHERE name = 'old';
UPDATE leadroute.pools SET name = 'old' WHERE name = 'older';
UPDATE leadroute.pools SET name = 'older' WHERE name = 'new';
UPDATE leadroute.reps SET id = id || '.smith', presence = 'away';
SELECT story.note(3);
SET timezone = 'Asia/Kolkata'; SET datestyle = 'SQL, DMY'; SET intervalstyle = 'sql_standard';
UPDATE leadroute.pool_members SET weight = weight + 1;
UPDATE leadroute.recycle_rules SET cool_off = '2 days';
UPDATE leadroute.segments SET effective = '[2020-01-01 00:00+05,2030-01-01 00:00+05)' WHERE name = 'smb';
UPDATE leadroute.segments SET effective = '[2020-01-01 00:00+05,)' WHERE name = 'smb';
UPDATE leadroute.queues SET manager_id = 'ann.smith' WHERE name = 'partner';
UPDATE leadroute.sla_policies SET respond_within = '90 seconds' WHERE name = 'high intent';
DELETE FROM leadroute.event_types WHERE name = 'webinar';
SELECT story.note(4);
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';
TRUNCATE leadroute.escalation_steps, leadroute.tiers, leadroute.absences, leadroute.country_aliases;
DELETE FROM leadroute.segments;
DELETE FROM leadroute.pool_members;
DELETE FROM leadroute.pools WHERE name = 'old';
INSERT INTO leadroute.pools (name) VALUES ('old');
SELECT story.note(5);
SELECT count(*) FROM story.was;
SELECT * FROM story.wrong ORDER BY 1, 2;
-- the other way round: what differs between two moments is seen
SELECT w."table" FROM story.was w JOIN story.was v USING ("table") WHERE w.no = 2 AND v.no = 5 AND w.rows IS DISTINCT FROM v.rows ORDER BY 1;

-- A session of another zone asks.
SET timezone = 'America/New_York'; SET datestyle = 'SQL, MDY';
SELECT * FROM story.wrong ORDER BY 1, 2;
RESET timezone; RESET datestyle;

-- A change that its own transaction has made is not in its snapshot, but can be asked for.
BEGIN;
UPDATE leadroute.pools SET strategy = 'least_loaded' WHERE name = 'older';
SELECT r ->> 'strategy' AS without FROM leadroute_internal.rows_as_of('pools', pg_current_snapshot(), NULL) r WHERE r ->> 'name' = 'older';
SELECT r ->> 'strategy' AS with_own FROM leadroute_internal.rows_as_of('pools', pg_current_snapshot(), NULL, pg_current_xact_id()) r WHERE r ->> 'name' = 'older';
COMMIT;

SELECT s.statement, t.* FROM unnest(ARRAY['SELECT leadroute.config_as_of(''leads'', now())', 'SELECT leadroute.config_as_of(NULL, now())',
    'SELECT leadroute.config_as_of(''reps; DROP TABLE x'', now())']) AS s (statement), story.try(s.statement) t;

-- Columns come and go with versions: what was noted before is compared as a row of today, and read as one.
DELETE FROM story.was;
INSERT INTO leadroute.segments (name, territory, employees) VALUES ('one', 'all', '[1,5)'), ('two', 'all', NULL);
CREATE TABLE story.moment AS SELECT clock_timestamp() AS at, pg_current_snapshot() AS seen;
UPDATE leadroute.territories SET name = 'tt2';
UPDATE leadroute.segments SET priority = 7;
DELETE FROM leadroute.segments WHERE name = 'two';
ALTER TABLE leadroute.territories ADD COLUMN note2 text;
ALTER TABLE leadroute.segments ADD COLUMN doubled integer GENERATED ALWAYS AS (priority * 2) STORED;
ALTER TABLE leadroute.segments ADD COLUMN kinds text[] NOT NULL DEFAULT '{a,"b c"}', ADD COLUMN since timestamptz NOT NULL DEFAULT '2030-01-01 10:00+02';
-- later rows get another default, and those of before keep theirs
ALTER TABLE leadroute.segments ALTER COLUMN kinds SET DEFAULT '{}';
ALTER TABLE leadroute.territories ADD COLUMN note3 text;
ALTER TABLE leadroute.territories DROP COLUMN note3;
UPDATE leadroute.territories SET note2 = 'x';
SELECT r ->> 'name' AS name, r -> 'note2' AS note2, r ? 'note3' AS note3 FROM story.moment m, leadroute.config_as_of('territories', m.at) r;
SELECT r ->> 'name' AS name, r ->> 'priority' AS priority, r ->> 'kinds' AS kinds, r ->> 'since' AS since, r ->> 'doubled' AS doubled
  FROM story.moment m, leadroute_internal.rows_as_of('segments', m.seen, NULL) r ORDER BY 1;
SELECT s ->> 'name' AS name, s ->> 'territory' AS territory, s ->> 'priority' AS priority
  FROM story.moment m, jsonb_array_elements(leadroute_internal.rules_json_as_of(NULL, m.at)::jsonb -> 'segments') s ORDER BY 1;
SELECT t.* FROM story.moment m, jsonb_array_elements(leadroute_internal.rules_json_as_of(m.seen, NULL)::jsonb -> 'territories') t;
ALTER TABLE leadroute.territories DROP COLUMN note2;
ALTER TABLE leadroute.segments DROP COLUMN doubled, DROP COLUMN kinds, DROP COLUMN since;
SELECT r ->> 'name' AS name, r ? 'note2' AS note2 FROM story.moment m, leadroute.config_as_of('territories', m.at) r;
SELECT r ->> 'name' AS name, r ->> 'priority' AS priority, r ? 'kinds' AS kinds FROM story.moment m, leadroute.config_as_of('segments', m.at) r ORDER BY 1;
