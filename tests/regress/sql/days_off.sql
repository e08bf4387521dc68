-- take_off(): a rep is off from the first to the last day, both included, on their own clock, also where the clock changes.
-- A preview at another moment, and the jobs as of one, go by absences, hours, holidays, presence, caps, segments and clocks
-- of that moment; what they write has the real time. lint_config() finds absences that were meant otherwise.
\i setup.sql
INSERT INTO leadroute.schedules VALUES ('office');
INSERT INTO leadroute.schedule_hours SELECT 'office', day, '09:00', '17:00' FROM generate_series(1, 5) day;
INSERT INTO leadroute.holidays VALUES ('office', '2040-05-01', 'May Day');
INSERT INTO leadroute.reps (id, time_zone) VALUES ('max', 'UTC');
INSERT INTO leadroute.reps (id, time_zone, schedule, daily_cap, manager_id) VALUES
    ('ann', 'Europe/Berlin', 'office', 2, 'max'), ('bob', 'America/New_York', NULL, NULL, 'max'), ('cyd', 'America/Havana', NULL, NULL, 'max');
INSERT INTO leadroute.reps (id, tenant) VALUES ('eve', 'other');

SELECT rep_id, kind, backup_id, during FROM leadroute.take_off('ann', '2040-03-23', '2040-03-25', 'bob');
-- a day of 23 hours, one of 25, and one whose first hour comes twice
SELECT rep_id, kind, upper(during) - lower(during) AS lasts FROM leadroute.take_off('ann', '2039-03-27', '2039-03-27', kind => ' Sick ');
SELECT rep_id, upper(during) - lower(during) AS lasts FROM leadroute.take_off('ann', '2039-10-30', '2039-10-30', NULL, NULL);
SELECT rep_id, during, upper(during) - lower(during) AS lasts FROM leadroute.take_off('cyd', '2030-11-03', '2030-11-03');
SELECT rep_id, during, upper(during) - lower(during) AS lasts FROM leadroute.take_off('cyd', '2030-03-10', '2030-03-10');
SELECT s.sql, t.* FROM (VALUES
    ('nobody', '2040-03-01', '2040-03-02', NULL, 'pto'), ('ann', '2040-03-02', '2040-03-01', NULL, 'pto'), ('ann', NULL, '2040-03-01', NULL, 'pto'),
    ('ann', '2040-03-01', 'infinity', NULL, 'pto'), ('ann', '2040-03-01', '2040-03-02', 'ann', 'pto'), ('ann', '2040-03-01', '2040-03-02', 'eve', 'pto'),
    ('ann', '2040-03-01', '2040-03-02', NULL, 'holidays'), ('ann', '2040-03-20', '2040-03-23', NULL, 'pto'), ('ann', '2040-03-26', '2040-03-26', NULL, 'meeting'),
    ('ann', '2040-03-25', '2040-03-25', NULL, 'sick')) v (rep, from_day, to_day, backup, kind),
    LATERAL format('SELECT leadroute.take_off(%L, %L, %L, %L, %L)', rep, from_day, to_day, backup, kind) s (sql), LATERAL story.try(s.sql) t;

-- At another moment.
INSERT INTO leadroute.pools (name) VALUES ('pool');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', 'ann');
INSERT INTO leadroute.territories (name) VALUES ('everywhere');
INSERT INTO leadroute.segments (name, priority, territory, effective) VALUES ('spring', 1, 'everywhere', '[2040-01-01,2040-06-01)'), ('always', 2, 'everywhere', NULL);
INSERT INTO leadroute.tiers (name, pool) VALUES ('all', 'pool');
INSERT INTO leadroute.sla_policies (name, priority, respond_within, business_hours) VALUES ('hours', 1, '2 hours', true);
INSERT INTO leadroute.accounts (id, kind, disqualified_reason, disqualified_at) VALUES ('cold', 'disqualified', 'budget', '2040-01-15');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('cold.com', 'cold');
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('budget', 'timing', '3 months');
CREATE FUNCTION story.at(at timestamptz, email text DEFAULT 'ada@acme.com')
    RETURNS TABLE (outcome text, segment text, why text, policy text, due timestamptz) LANGUAGE sql AS $$
    SELECT coalesce(p ->> 'owner_id', p ->> 'queue'), p ->> 'segment', coalesce((SELECT concat_ws(' ', c ->> 'why', c ->> 'away', c ->> 'kind', c ->> 'name') FROM jsonb_array_elements(p -> 'trace') s, jsonb_array_elements(s -> 'candidates') c), p ->> 'layer'),
           p ->> 'policy', (p ->> 'sla_due_at')::timestamptz
      FROM leadroute.preview_route(jsonb_build_object('email', email), at) p $$;
SELECT v.what, a.* FROM (VALUES
    (1, 'a working day', timestamptz '2040-03-22 16:00+01', 'ada@acme.com'), (2, 'the evening before', '2040-03-22 20:00+01', 'ada@acme.com'),
    (3, 'days off', '2040-03-23 10:00+01', 'ada@acme.com'), (4, 'the last minute of them, of a Sunday', '2040-03-25 23:59+02', 'ada@acme.com'),
    (5, 'the morning after the meeting', '2040-03-27 09:30+02', 'ada@acme.com'), (6, 'a holiday', '2040-05-01 10:00+02', 'ada@acme.com'),
    (7, 'after the spring', '2040-06-01 10:00+02', 'ada@acme.com'), (8, 'not cooled off', '2040-04-13 10:00+02', 'cy@cold.com'),
    (9, 'cooled off', '2040-04-16 10:00+02', 'cy@cold.com')) v (no, what, at, email), story.at(v.at, v.email) a ORDER BY v.no;
-- days off that are over count for a moment in the past, by which they were not
INSERT INTO leadroute.absences (rep_id, during) VALUES ('ann', '[2020-03-02 00:00+01,2020-03-03 00:00+01)');
SELECT 'a day off' AS what, a.outcome, a.why FROM story.at('2020-03-02 10:00+01') a UNION ALL SELECT 'the next', a.outcome, a.why FROM story.at('2020-03-03 10:00+01') a;
-- a reported presence fades
SELECT leadroute.set_presence('ann', 'offline');
SELECT (SELECT why FROM story.at(now() + interval '1 minute')) IN ('away presence', 'away off_hours') AS offline, (SELECT outcome FROM story.at('2040-03-22 10:00+01')) AS years_later;
UPDATE leadroute.reps SET presence = 'online', presence_at = NULL;
SELECT * FROM story.try('SELECT leadroute.preview_route(''{}'', ''infinity'')');
SELECT count(*) AS nothing_happened FROM leadroute.decisions;

-- Caps of that day: what was given on it, and in its week, until then.
UPDATE leadroute.reps SET schedule = NULL, weekly_cap = 3 WHERE id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('one@a1.com'), ('two@a2.com'), ('three@a3.com') RETURNING owner_id, queue;
SELECT 'now' AS what, a.outcome, a.why FROM story.at(NULL) a
UNION ALL SELECT 'on another day', a.outcome, a.why FROM story.at('2040-03-14 12:00+01') a;
UPDATE leadroute.decisions SET decided_at = '2020-03-11 12:00+01' WHERE owner_id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('four@a4.com');
UPDATE leadroute.reps SET weekly_cap = 2, daily_cap = NULL WHERE id = 'ann';
SELECT v.at, a.outcome, a.why FROM (VALUES (timestamptz '2020-03-09 00:00+01'), ('2020-03-11 13:00+01'), ('2020-03-15 23:59+01'), ('2020-03-16 00:00+01')) v (at), story.at(v.at) a;

-- Jobs as of a moment go by it, and write the real time.
DELETE FROM leadroute.leads;
UPDATE leadroute.reps SET weekly_cap = NULL WHERE id = 'ann';
UPDATE leadroute.pools SET when_all_away = 'hold';
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('ann', '[2020-04-01,2040-03-20)', 'other');
INSERT INTO leadroute.leads (email) SELECT n || '@b' || n || '.com' FROM generate_series(1, 3) n RETURNING held, queue;
UPDATE leadroute.reps SET daily_cap = 1 WHERE id = 'ann';
SELECT leadroute.assign_queued() AS now, leadroute.assign_queued(as_of => '2040-03-19 12:00+01') AS away, leadroute.assign_queued(as_of => '2040-03-21 12:00+01') AS one_a_day, leadroute.assign_queued(as_of => '2040-03-22 12:00+01') AS the_next_day,
       leadroute.assign_queued(as_of => '2040-03-23 12:00+01') AS days_off;
SELECT l.status, count(*), bool_and(d.decided_at BETWEEN now() - interval '1 minute' AND clock_timestamp()) AS real_time
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id GROUP BY 1 ORDER BY 1;
DELETE FROM leadroute.leads;
DELETE FROM leadroute.absences WHERE kind = 'other';
UPDATE leadroute.reps SET daily_cap = NULL;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('pool', 'bob'), ('pool', 'cyd');
DELETE FROM leadroute.sla_policies WHERE name = 'hours';
INSERT INTO leadroute.sla_policies (name, priority, respond_within) VALUES ('quick', 1, '1 hour');
INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('quick', 1, 'reassign');
INSERT INTO leadroute.leads (email) VALUES ('x@c1.com') RETURNING owner_id;
-- cyd is off then
SELECT rep_id FROM leadroute.take_off('cyd', '2040-03-22', '2040-03-22');
SELECT leadroute.escalate_overdue(as_of => '2040-03-22 12:00-05');
SELECT d.cause, d.owner_id, d.decided_at BETWEEN now() - interval '1 minute' AND clock_timestamp() AS real_time FROM leadroute.decisions d ORDER BY id;

-- What was probably meant otherwise.
DELETE FROM leadroute.absences;
INSERT INTO leadroute.absences (id, rep_id, during, kind) VALUES
    (101, 'ann', '[2040-01-09 00:00+01,2040-01-13 00:00+01]', 'pto'), (102, 'ann', '[2040-02-09 00:00+01,2040-02-13 00:00+01)', 'pto'),
    (103, 'ann', '[2040-03-09 00:00+01,2040-03-09 00:00+01]', 'pto'), (104, 'ann', '[2020-01-09 00:00+01,2020-01-13 00:00+01]', 'pto'),
    (105, 'bob', '[2040-01-09 00:00+00,2040-01-13 00:00+00)', 'pto'), (106, 'ann', '[2040-04-09 00:00+00,2040-04-13 00:00+00)', 'pto'),
    (107, 'bob', '[2040-02-09 14:00+00,2040-02-09 15:00+00]', 'meeting'), (108, 'bob', '[2040-05-01,)', 'other');
SELECT key, problem, hint FROM leadroute.lint_config() WHERE "table" = 'absences' ORDER BY key;

-- A calendar: sync_absences() makes what it says of a period true, and touches nothing else.
CREATE FUNCTION story.sync(entries jsonb, source text DEFAULT 'cal', during tstzrange DEFAULT '[2041-03-01,2041-04-01)', rep text DEFAULT 'bob') RETURNS integer
    LANGUAGE sql AS $$ SELECT leadroute.sync_absences(source, rep, during, entries) $$;
CREATE VIEW story.away AS SELECT source, external_id, kind, during FROM leadroute.absences WHERE rep_id = 'bob' AND lower(during) >= '2041-01-01' ORDER BY during, kind;
SELECT rep_id FROM leadroute.take_off('bob', '2041-03-10', '2041-03-11');
SELECT story.sync('[{"external_id": "a", "kind": "meeting", "starts": "2041-03-02 09:00Z", "ends": "2041-03-02 10:00Z"},
    {"external_id": "b", "kind": "meeting", "starts": "2041-03-02 09:30Z", "ends": "2041-03-02 11:00Z"},
    {"external_id": "c", "kind": "pto", "starts": "2041-03-09 12:00Z", "ends": "2041-03-14 12:00Z"},
    {"external_id": "before", "kind": "pto", "starts": "2041-02-01 12:00Z", "ends": "2041-02-02 12:00Z"},
    {"external_id": "edge", "kind": "pto", "starts": "2041-02-28 12:00Z", "ends": "2041-03-01 12:00Z"}]') AS changed;
TABLE story.away;
-- The same again changes nothing, not even the history; a later period leaves the past alone, also of an entry that goes on.
SELECT count(*) AS history FROM leadroute.config_history WHERE "table" = 'absences' \gset
SELECT story.sync('[{"external_id": "a", "kind": "meeting", "starts": "2041-03-02 09:00Z", "ends": "2041-03-02 10:00Z"},
    {"external_id": "b", "kind": "meeting", "starts": "2041-03-02 09:30Z", "ends": "2041-03-02 11:00Z"},
    {"external_id": "c", "kind": "pto", "starts": "2041-03-09 12:00Z", "ends": "2041-03-14 12:00Z"},
    {"external_id": "edge", "kind": "pto", "starts": "2041-02-28 12:00Z", "ends": "2041-03-01 12:00Z"}]') AS changed;
SELECT count(*) - :history AS written FROM leadroute.config_history WHERE "table" = 'absences';
-- One moved, also from before the period, one cancelled, one that is out of office now.
SELECT story.sync('[{"external_id": "a", "kind": "meeting", "starts": "2041-03-20 09:00Z", "ends": "2041-03-20 10:00Z"},
    {"external_id": "c", "kind": "sick", "starts": "2041-03-09 12:00Z", "ends": "2041-03-14 12:00Z"}]', during => '[2041-03-05,2041-04-01)') AS changed;
TABLE story.away;
SELECT story.sync('[]') AS changed, (SELECT array_agg(source) FROM story.away) AS before;
TABLE story.away;
SELECT t.* FROM (VALUES ('[{"kind": "pto", "starts": "2041-03-02", "ends": "2041-03-03"}]', 'cal', 'bob'), ('[{"external_id": "x", "kind": "fun", "starts": "2041-03-02", "ends": "2041-03-03"}]', 'cal', 'bob'),
    ('{}', 'cal', 'bob'), ('[]', 'manual', 'bob'), ('[]', 'cal', 'nobody')) v (entries, source, rep),
    LATERAL story.try(format('SELECT story.sync(%L, %L, rep => %L)', entries, source, rep)) t;
-- An entry in pieces that is moved into the period takes all its pieces along, whatever other entries are called; who stands in stays, too.
SELECT rep_id FROM leadroute.take_off('bob', '2041-05-10', '2041-05-10') UNION ALL SELECT rep_id FROM leadroute.take_off('bob', '2041-06-10', '2041-06-10');
SELECT story.sync('[{"external_id": "c", "kind": "pto", "starts": "2041-05-09 04:00Z", "ends": "2041-05-14 04:00Z"}]', during => '[2041-05-01,2041-06-01)') AS changed;
UPDATE leadroute.absences SET backup_id = 'ann' WHERE external_id = 'c';
SELECT story.sync('[{"external_id": "c", "kind": "pto", "starts": "2041-06-09 04:00Z", "ends": "2041-06-14 04:00Z"},
    {"external_id": "c#2", "kind": "pto", "starts": "2041-06-20 04:00Z", "ends": "2041-06-21 04:00Z"}]', during => '[2041-06-01,2041-07-01)') AS changed;
SELECT a.*, b.backup_id FROM story.away a JOIN leadroute.absences b USING (source, during) WHERE b.rep_id = 'bob';
SELECT story.sync('[{"external_id": "c#2", "kind": "pto", "starts": "2041-06-20 04:00Z", "ends": "2041-06-21 04:00Z"}]', during => '[2041-06-01,2041-07-01)') AS changed;
SELECT external_id, during FROM story.away;
-- What cannot be meant is refused, by its name: nobody is away for ever because a field is missing.
SELECT t.* FROM (VALUES ('[{"external_id": "x", "kind": "pto"}]'), ('[{"external_id": "x", "kind": "pto", "starts": "2041-03-02"}]'), ('[{"external_id": "x", "kind": "pto", "ends": "2041-03-02"}]'),
    ('[{"external_id": "x", "kind": "pto", "starts": "2041-03-02", "ends": "2041-03-01"}]'),
    ('[{"external_id": "x", "kind": "pto", "starts": "2041-03-02", "ends": "2041-03-03"}, {"external_id": "x", "kind": "pto", "starts": "2041-03-04", "ends": "2041-03-05"}]')) v (entries),
    LATERAL story.try(format('SELECT story.sync(%L)', entries)) t;
-- of an entry that is no matter the id is none either
SELECT story.sync('[{"external_id": "y", "kind": "pto", "starts": "2041-07-05", "ends": "2041-07-08"}]', during => '[2041-07-01,2041-08-01)') AS changed;
SELECT story.sync('[{"kind": "pto", "starts": "2040-01-01", "ends": "2040-01-02"}, {"external_id": "z", "kind": "pto", "starts": "2041-07-01", "ends": "2041-08-05"}]', during => '[2041-08-01,2041-09-01)') AS changed;
SELECT external_id, during FROM story.away WHERE upper(during) > '2041-07-01';
