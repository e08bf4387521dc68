-- What was approved is what happens: a change cannot look at what may be another thing when it is applied; taking a change
-- back takes nothing else away, and all of it; golden leads are rules; nobody is waited for without an end; and a change that
-- could not be applied is told of.
\i setup.sql
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_author, story_approver;
RESET client_min_messages;
CREATE ROLE story_author; CREATE ROLE story_approver;
SELECT leadroute.grant_role('author', 'story_author'), leadroute.grant_role('approver', 'story_approver'), leadroute.grant_role('editor', 'story_approver');
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('smb');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('smb', 'ann');
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('all', 10, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('all', 'any', 'smb');
GRANT USAGE ON SCHEMA story TO PUBLIC;
CREATE FUNCTION story.refused(sql text) RETURNS TABLE (code text, message text, detail text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sql;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN NEXT;
END $$;
CREATE FUNCTION story.approved(sql text, apply_at text DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    SET SESSION AUTHORIZATION story_author;
    id := leadroute.propose_change('t', 'w', sql, apply_at);
    SET SESSION AUTHORIZATION story_approver;
    PERFORM leadroute.approve_change(id);
    RESET SESSION AUTHORIZATION;
    RETURN id;
END $$;
CREATE FUNCTION story.reverted(change bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    SET SESSION AUTHORIZATION story_author;
    id := leadroute.revert_change(change, 'w');
    SET SESSION AUTHORIZATION story_approver;
    PERFORM leadroute.approve_change(id);
    RESET SESSION AUTHORIZATION;
    PERFORM leadroute.apply_change(id);
    RETURN id;
END $$;

-- What changes all day is not read, in any way.
SELECT v.sql, t.message FROM (VALUES
    ($$UPDATE queues SET auto_assign_after = '77 hours' WHERE name = 'new' AND EXISTS (SELECT FROM reps WHERE id = 'bob' AND presence = 'away')$$),
    ($$UPDATE reps SET active = (presence = 'online')$$),
    ($$UPDATE reps SET daily_cap = 5 WHERE presence_at > '2030-01-01'$$),
    ($$INSERT INTO pools (name) SELECT p FROM (SELECT * FROM reps) r (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)$$),
    ($$DELETE FROM pool_members m USING reps r JOIN (VALUES ('away')) v (presence) USING (presence) WHERE m.rep_id = r.id$$),
    ($$UPDATE segments SET priority = 7 WHERE EXISTS (SELECT FROM reps r WHERE to_jsonb(r) ->> 'id' = 'bob')$$),
    ($$WITH m AS (UPDATE pool_members SET weight = 2 RETURNING performance) DELETE FROM tiers WHERE (SELECT max(performance) FROM m) > 1$$),
    ($$INSERT INTO reps (id) VALUES ('bob') ON CONFLICT (id) DO UPDATE SET active = false WHERE reps.presence = 'away'$$)
) v (sql), LATERAL story.try(format('SELECT leadroute.propose_change(%L, %L, %L)', 't', 'w', v.sql)) t;
-- To set it is no reading.
SELECT v.sql, t.code FROM (VALUES
    ($$UPDATE reps SET presence = 'away', presence_at = now() WHERE id = 'bob'$$),
    ($$INSERT INTO reps (id, presence) VALUES ('bob', 'away') ON CONFLICT (id) DO UPDATE SET presence = EXCLUDED.presence$$),
    ($$UPDATE queues SET auto_assign_after = '77 hours' FROM pool_members m JOIN reps r ON r.id = m.rep_id WHERE m.weight > 1 AND r.active$$),
    ($$DELETE FROM mail_domains WHERE shipped$$)
) v (sql), LATERAL story.try(format('SELECT leadroute.propose_change(%L, %L, %L)', 't', 'w', v.sql)) t;

-- An error while the SQL is looked at leaves the session as it was.
SELECT * FROM story.try($$SELECT leadroute.propose_change('t', 'w', 'UPDATE tiers SET name = ''x''::a.b.c.d')$$);
BEGIN;
ROLLBACK;

-- The moment decides nothing.
SELECT v.sql, t.code, t.message FROM (VALUES
    ($$UPDATE segments SET priority = 1 WHERE now() > '2030-01-01'$$),
    ($$DELETE FROM tiers WHERE CURRENT_DATE = '2030-01-01'$$),
    ($$DELETE FROM absences WHERE during @> 'NOW'::timestamptz$$),
    ($$DELETE FROM absences WHERE during && '[today,tomorrow)'$$),
    ($$DELETE FROM absences WHERE during @> ('n' || 'ow')::timestamptz$$),
    ($$DELETE FROM absences WHERE during @> timestamptz_in('now', 0, -1)$$),
    ($$DELETE FROM absences WHERE age(lower(during)) > '1 day'$$),
    ($$UPDATE segments SET priority = CASE WHEN LOCALTIMESTAMP > '2030-01-01' THEN 1 ELSE 2 END$$),
    ($$UPDATE segments SET priority = CASE date_part('month', now()) WHEN 7 THEN 1 ELSE 2 END$$),
    ($$UPDATE segments SET effective = CASE WHEN now() > '2030-01-01' THEN tstzrange(now(), NULL) END$$),
    ($$UPDATE segments SET effective = CASE CURRENT_DATE WHEN '2030-01-01' THEN NULL ELSE '[2030-01-01,)'::tstzrange END$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(now(), NULL) UNION SELECT 'bob', tstzrange(now(), NULL)$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(now(), NULL) UNION ALL (SELECT 'bob', tstzrange(now(), NULL) EXCEPT SELECT 'bob', tstzrange(CURRENT_DATE, NULL))$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(now(), NULL) UNION ALL SELECT 'bob', tstzrange(CURRENT_DATE, NULL) ORDER BY 2 LIMIT 1$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(now(), NULL) UNION ALL SELECT id, tstzrange(CURRENT_DATE, NULL) FROM reps WHERE now() > '2030-01-01'$$),
    ($$UPDATE segments SET priority = date_part('doy', now())$$),
    ($$UPDATE segments SET priority = (ARRAY[1, 2])[1 + date_part('dow', now())::integer]$$),
    ($$UPDATE segments SET priority = 1 FROM (SELECT now() AS t) x WHERE x.t > '2030-01-01'$$),
    ($$UPDATE segments SET priority = 1 FROM (VALUES (now())) x (t) WHERE x.t > '2030-01-01'$$),
    ($$WITH x AS (SELECT now() AS t) DELETE FROM tiers USING x WHERE x.t > '2030-01-01'$$),
    ($$DELETE FROM tiers USING generate_series(now(), '2030-01-01', '1 day') t$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(t, t + '1 h') FROM (SELECT now() AS t) x WHERE t < '2030-01-01'$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(generate_series(now(), '2030-01-01', '1 month'), NULL)$$),
    ($$INSERT INTO pools (name) SELECT name FROM tiers ORDER BY now() - '2030-01-01' LIMIT 1$$),
    ($$INSERT INTO segments (name, fallback_queue) VALUES ('x', 'new') ON CONFLICT (name) DO UPDATE SET priority = 1 WHERE now() > '2030-01-01'$$),
    ($$UPDATE segments SET effective = NULL WHERE (SELECT max(now())) > '2030-01-01'$$)
) v (sql), LATERAL story.try(format('SELECT leadroute.propose_change(%L, %L, %L)', 't', 'w', v.sql)) t;
-- It may be written.
SELECT v.sql, t.code FROM (VALUES
    ($$UPDATE segments SET effective = tstzrange(now(), CURRENT_DATE + interval '1 week')$$),
    ($$INSERT INTO absences (rep_id, during) SELECT 'ann', tstzrange(now(), NULL) UNION ALL (SELECT 'bob', tstzrange(CURRENT_DATE, NULL) UNION ALL SELECT id, '[2030-01-01,)' FROM reps)$$),
    ($$UPDATE segments SET effective = tstzrange('now', NULL) WHERE name = 'now'$$),
    ($$UPDATE segments SET effective = tstzrange(greatest(now(), '2030-01-01'), NULL) WHERE effective @> '2030-01-01'::timestamptz$$),
    ($$INSERT INTO absences (rep_id, during) SELECT id, tstzrange(now(), 'infinity') FROM reps ORDER BY id$$),
    ($$INSERT INTO absences (rep_id, during) VALUES ('ann', tstzrange(now(), 'infinity')), ('bob', '[today,tomorrow)')$$)
) v (sql), LATERAL story.try(format('SELECT leadroute.propose_change(%L, %L, %L)', 't', 'w', v.sql)) t;

-- A pool that others have filled since, a segment that others have given a tier, are not taken back over their heads.
SELECT story.approved($$INSERT INTO pools (name) VALUES ('px'); INSERT INTO pool_members (pool, rep_id) VALUES ('px', 'ann');
    INSERT INTO segments (name, priority, fallback_queue) VALUES ('sx', 20, 'catch_all'); INSERT INTO tiers (segment, name, pool) VALUES ('sx', 'own', 'px'); UPDATE tiers SET score = '[0,50)' WHERE name = 'own'$$) AS change \gset
SELECT leadroute.apply_change(:change);
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('px', 'bob');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('sx', 'later', '[50,)', 'smb');
SELECT code, message, detail FROM story.refused(format('SELECT leadroute.revert_change(%s, %L)', :change, 'w'));
DELETE FROM leadroute.pool_members WHERE pool = 'px' AND rep_id = 'bob';
SELECT code, detail FROM story.refused(format('SELECT leadroute.revert_change(%s, %L)', :change, 'w'));
DELETE FROM leadroute.tiers WHERE name = 'later';
-- Nor what comes between proposing it and applying it.
BEGIN;
SELECT leadroute.revert_change(:change, 'w') AS revert \gset
SET SESSION AUTHORIZATION story_approver;
SELECT leadroute.approve_change(:revert);
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('px', 'bob');
SELECT code, message FROM story.try(format('SELECT leadroute.apply_change(%s)', :revert));
RESET SESSION AUTHORIZATION;
ROLLBACK;
SELECT count(story.reverted(:change)) AS reverted;
SELECT name FROM leadroute.pools UNION ALL SELECT name FROM leadroute.segments ORDER BY 1;

-- Presence that a change has set itself is restored with the rest.
SELECT leadroute.set_presence('bob', 'online');
SELECT story.approved($$UPDATE reps SET presence = 'away', daily_cap = 3 WHERE id = 'bob'$$) AS change \gset
SELECT leadroute.apply_change(:change);
SELECT story.approved($$UPDATE reps SET presence = 'offline' WHERE id = 'ann'; UPDATE pool_members SET performance = 0.5$$) AS second \gset
SELECT leadroute.apply_change(:second);
SELECT leadroute.set_presence('ann', 'away');
SELECT count(story.reverted(:second)) AS reverted, count(story.reverted(:change)) AS reverted;
SELECT id, presence, daily_cap, performance FROM leadroute.reps LEFT JOIN leadroute.pool_members ON rep_id = id ORDER BY id;

-- Golden leads are rules: whoever could delete one by hand would need no approval.
SET leadroute.require_change_request = 'rules';
SELECT code, message FROM story.try('DELETE FROM leadroute.golden_leads');
RESET leadroute.require_change_request;
-- One that comes or goes after the approval makes it another question.
INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{"email": "x@x.test"}', '{"segment": "all"}');
SELECT story.approved($$UPDATE segments SET priority = 11 WHERE name = 'all'$$) AS change \gset
DELETE FROM leadroute.golden_leads;
SELECT code, message FROM story.try(format('SELECT leadroute.apply_change(%s)', :change));

-- What people edit daily keeps no change from being applied, unless it is about that.
SELECT story.approved($$UPDATE segments SET priority = 12 WHERE name = 'all'$$) AS change \gset
SELECT story.approved($$DELETE FROM domain_rules WHERE domain LIKE '%.test'$$) AS about \gset
SELECT story.approved($$DELETE FROM schedules WHERE name = 'work'$$) AS with_hours \gset
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('x.test', 'company');
INSERT INTO leadroute.schedules (name) VALUES ('work');
INSERT INTO leadroute.holidays (schedule, day, name) VALUES ('work', '2030-12-25', 'Christmas');
INSERT INTO leadroute.mail_domains (domain, kind) VALUES ('mail.test', 'personal');
INSERT INTO leadroute.country_aliases (alias, canonical) VALUES ('old home', 'DE');
SELECT leadroute.apply_change(:change);
SELECT code FROM story.try(format('SELECT leadroute.apply_change(%s)', :about));
SELECT code FROM story.try(format('SELECT leadroute.apply_change(%s)', :with_hours));
-- Holidays go with their schedule, so that they count where it is deleted.
SELECT story.approved($$DELETE FROM schedules WHERE name = 'work'$$) AS with_hours \gset
INSERT INTO leadroute.holidays (schedule, day, name) VALUES ('work', '2030-12-26', 'Christmas');
SELECT code FROM story.try(format('SELECT leadroute.apply_change(%s)', :with_hours));

-- One that could not be applied is told to its author and its approver, and to who watches.
SELECT status, detail FROM leadroute.routing_health WHERE "check" = 'changes';
SELECT story.approved($$UPDATE segments SET fallback_queue = 'nowhere'$$, (clock_timestamp() + interval '0.3 s')::text) AS change \gset
SELECT pg_sleep_until(apply_at) FROM leadroute.change_requests WHERE id = :change;
SET client_min_messages = error;
SELECT leadroute.apply_due_changes();
RESET client_min_messages;
SELECT kind, payload ->> 'alarm' AS alarm, payload ->> 'role' AS role, payload ->> 'failure' AS failure, (payload ->> 'change')::bigint = :change AS is_it
  FROM leadroute.take_notifications('one') WHERE kind = 'change_failed' ORDER BY payload ->> 'role' COLLATE "C";
SELECT status, regexp_replace(detail, 'change \d+', 'change n') AS detail FROM leadroute.routing_health WHERE "check" = 'changes';
SELECT leadroute.refuse_change(:change, 'no such queue');
SELECT status FROM leadroute.routing_health WHERE "check" = 'changes';

SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute CASCADE;
DROP ROLE story_author, story_approver;
