-- A change that was applied is taken back by another change, which makes the rows that it wrote what they were before: those
-- that it inserted, deleted and renamed, and those that followed from that. Where such rows have changed since, that is refused,
-- naming them. A revert is a change like any other, and can be reverted.
\i setup.sql
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_author, story_approver;
RESET client_min_messages;
CREATE ROLE story_author; CREATE ROLE story_approver;
SELECT leadroute.grant_role('author', 'story_author'), leadroute.grant_role('approver', 'story_approver');
GRANT USAGE ON SCHEMA story TO PUBLIC;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO leadroute.pools (name) VALUES ('smb'), ('enterprise');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('smb', 'ann', 1.5), ('smb', 'cyd', 1), ('enterprise', 'bob', 1);
INSERT INTO leadroute.territories (name, manager_id) VALUES ('dach', 'bob');
INSERT INTO leadroute.segments (name, priority, employees, countries, territory, condition) VALUES ('big', 10, '[500,)', '{DE,AT}', 'dach', '$.score > 5'), ('small', 20, NULL, NULL, 'dach', NULL);
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('big', 'any', '(,)', 'enterprise'), ('small', 'hot', '[50,)', 'smb'), ('small', 'cold', '(,50)', 'smb');
INSERT INTO leadroute.playbooks (name, segments, description) VALUES ('large', '{big}', 'Call; don''t \write');
INSERT INTO leadroute.schedules VALUES ('office');
INSERT INTO leadroute.schedule_hours VALUES ('office', 1, '09:00', '17:30');
INSERT INTO leadroute.absences (rep_id, during) VALUES ('ann', '["2031-03-01 09:00 Europe/Berlin",)');
INSERT INTO leadroute.accounts (id, name, kind, owner_id) VALUES ('acme', 'Acme', 'customer', 'ann'), ('beta', 'Beta', 'prospect', 'bob');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');
INSERT INTO leadroute.contacts (email, account_id) VALUES ('eve@acme.com', 'acme');
CREATE FUNCTION story.apply(id bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    SET SESSION AUTHORIZATION story_approver;
    PERFORM leadroute.approve_change(id);
    RESET SESSION AUTHORIZATION;
    PERFORM leadroute.apply_change(id);
    RETURN id;
END $$;
CREATE FUNCTION story.change(sql text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    SET SESSION AUTHORIZATION story_author;
    id := leadroute.propose_change('A change', 'Try', sql);
    RETURN story.apply(id);
END $$;
-- All rules, without the marks of what is shipped.
CREATE FUNCTION story.rules() RETURNS TABLE ("table" text, "row" text) LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    FOR "table" IN SELECT h."table" FROM leadroute_internal.history_tables h LOOP
        RETURN QUERY EXECUTE pg_catalog.format('SELECT %1$L, (pg_catalog.to_jsonb(t) - ''shipped'')::text FROM leadroute.%1$I t', "table");
    END LOOP;
END $$;
CREATE TABLE story.before AS SELECT * FROM story.rules();
CREATE VIEW story.differences AS
    SELECT '-' AS side, * FROM (SELECT * FROM story.before EXCEPT SELECT * FROM story.rules()) a UNION ALL
    SELECT '+', * FROM (SELECT * FROM story.rules() EXCEPT SELECT * FROM story.before) b ORDER BY 2, 3;

-- Applies each change, takes it back, and compares. Then takes that back, and that again.
CREATE FUNCTION story.there_and_back(sql text) RETURNS TABLE (statements text, differences bigint, forward_again boolean, differences_in_the_end bigint) LANGUAGE plpgsql AS $$
DECLARE
    change bigint := story.change(sql);
    after text := (SELECT string_agg(r::text, '|' ORDER BY r::text) FROM story.rules() r);
    revert bigint;
BEGIN
    revert := story.apply(leadroute.revert_change(change, 'It was wrong'));
    statements := (SELECT c.sql FROM leadroute.change_requests c WHERE c.id = revert);
    differences := (SELECT count(*) FROM story.differences);
    revert := story.apply(leadroute.revert_change(revert, 'It was right'));
    forward_again := after = (SELECT string_agg(r::text, '|' ORDER BY r::text) FROM story.rules() r);
    revert := story.apply(leadroute.revert_change(revert, 'It was wrong indeed'));
    differences_in_the_end := (SELECT count(*) FROM story.differences);
    RETURN NEXT;
END $$;
\x on
\pset tuples_only on
SELECT v.sql, t.* FROM (VALUES
    ($$UPDATE segments SET priority = 5, countries = NULL, condition = '$.score > 7', employees = '[10,20)' WHERE name = 'big'$$),
    ($$UPDATE tiers SET score = '[70,)' WHERE name = 'hot'; INSERT INTO tiers (segment, name, score, pool) VALUES ('small', 'warm', '[50,70)', 'enterprise')$$),
    ($$DELETE FROM tiers WHERE name = 'hot'; UPDATE tiers SET score = '(,)' WHERE name = 'cold'$$),
    ($$INSERT INTO pools (name) VALUES ('mid'); INSERT INTO pool_members (pool, rep_id) VALUES ('mid', 'bob'); UPDATE tiers SET pool = 'mid' WHERE name = 'cold'$$),
    ($$UPDATE segments SET name = 'large' WHERE name = 'big'$$),
    ($$UPDATE reps SET id = 'robert' WHERE id = 'bob'$$),
    ($$UPDATE pools SET name = name || ' pool'$$),
    ($$DELETE FROM segments WHERE name = 'big'$$),
    ($$INSERT INTO segments (name, fallback_queue) VALUES ('new', 'catch_all'); INSERT INTO tiers (segment, name, pool) VALUES ('new', 'any', 'smb'); DELETE FROM segments WHERE name = 'small'$$),
    ($$DELETE FROM playbooks; INSERT INTO playbooks (name, description) VALUES ('large', E'a\nb')$$),
    ($$INSERT INTO schedules VALUES ('new'); INSERT INTO holidays VALUES ('new', '2031-12-25', 'Christmas'); DELETE FROM schedules WHERE name = 'office'$$),
    ($$DELETE FROM accounts WHERE id = 'acme'; UPDATE accounts SET id = 'gamma', disqualified_at = '2030-01-01 00:00+02'$$),
    ($$DELETE FROM absences; INSERT INTO absences (rep_id, during) VALUES ('cyd', '[2031-01-01,2031-01-02)')$$),
    ($$UPDATE pool_members SET weight = 0.75 WHERE rep_id = 'cyd'; DELETE FROM pool_members WHERE rep_id = 'ann'$$),
    ($$DELETE FROM event_types WHERE name = 'newsletter'; UPDATE sla_policies SET respond_within = '7 minutes' WHERE name = 'high intent'$$),
    ($$INSERT INTO queues (name) VALUES ('desk'); UPDATE segments SET fallback_queue = 'desk'; UPDATE queues SET name = 'front desk' WHERE name = 'desk'$$),
    ($$INSERT INTO golden_leads (name, lead, expected) VALUES ('g', '{"email": "a@b.test"}', '{"segment": "small"}')$$),
    -- keys that were given to others
    ($$UPDATE segments SET name = 'x' WHERE name = 'big'; UPDATE segments SET name = 'big' WHERE name = 'small'; UPDATE segments SET name = 'small' WHERE name = 'x'$$),
    ($$UPDATE reps SET id = 'x' WHERE id = 'ann'; UPDATE reps SET id = 'ann' WHERE id = 'bob'; UPDATE reps SET id = 'bob' WHERE id = 'cyd'; UPDATE reps SET id = 'cyd' WHERE id = 'x'$$),
    ($$UPDATE pools SET name = 'old' WHERE name = 'smb'; INSERT INTO pools (name) VALUES ('smb'); INSERT INTO pool_members (pool, rep_id) VALUES ('smb', 'bob'); UPDATE tiers SET pool = 'smb' WHERE name = 'cold'$$),
    ($$UPDATE segments SET name = 'old' WHERE name = 'big'; INSERT INTO segments (name, fallback_queue) VALUES ('big', 'catch_all'); UPDATE playbooks SET segments = '{big,old}'$$),
    ($$DELETE FROM segments WHERE name = 'big'; UPDATE playbooks SET segments = '{small}'; UPDATE segments SET name = 'big' WHERE name = 'small'$$),
    ($$UPDATE tiers SET name = 'x', score = '[90,)' WHERE name = 'hot'; UPDATE tiers SET name = 'hot', score = '[50,90)' WHERE name = 'cold'; UPDATE tiers SET name = 'cold', score = '(,50)' WHERE name = 'x'; UPDATE tiers SET score = '[50,)' WHERE name = 'hot'$$),
    ($$UPDATE escalation_steps SET step = 9 WHERE policy = 'high intent' AND step = 1; UPDATE escalation_steps SET step = 1 WHERE policy = 'high intent' AND step = 2; UPDATE escalation_steps SET step = 2 WHERE step = 9$$),
    ($$UPDATE sla_policies SET name = 'x' WHERE name = 'high intent'; UPDATE sla_policies SET name = 'high intent' WHERE name = 'low intent'; UPDATE sla_policies SET name = 'low intent' WHERE name = 'x'$$),
    ($$UPDATE accounts SET parent_id = 'acme' WHERE id = 'beta'; UPDATE accounts SET id = id || '.x'; UPDATE accounts SET id = 'acme' WHERE id = 'beta.x'; UPDATE accounts SET id = 'beta' WHERE id = 'acme.x'$$),
    ($$DELETE FROM pools WHERE name = 'none'; DELETE FROM tiers WHERE segment = 'big'; DELETE FROM pools WHERE name = 'enterprise'; INSERT INTO pools (name, when_all_away) VALUES ('enterprise', 'hold'); INSERT INTO tiers (segment, name, pool) VALUES ('big', 'some', 'enterprise')$$)
) v (sql), LATERAL story.there_and_back(v.sql) t;
\pset tuples_only off
\x off
SELECT * FROM story.differences;
SELECT count(*) AS dangling FROM leadroute.check_integrity();
SELECT id, title, why, reverts, status, proposed_by FROM leadroute.change_requests ORDER BY id LIMIT 4;

-- Rows that have changed since are named; what the change did not touch may have changed.
SELECT story.change($$UPDATE segments SET priority = 1 WHERE name = 'big'; INSERT INTO pools (name) VALUES ('late'); DELETE FROM playbooks$$) AS id \gset
UPDATE leadroute.segments SET languages = '{de}' WHERE name = 'big';
BEGIN;
SELECT leadroute.revert_change(:id, 'Wrong') > 0 AS proposed;
ROLLBACK;
UPDATE leadroute.segments SET priority = 2 WHERE name = 'big';
UPDATE leadroute.pools SET when_all_away = 'hold' WHERE name = 'late';
INSERT INTO leadroute.playbooks (name) VALUES ('large');
SELECT leadroute.revert_change(:id, 'Wrong');
DELETE FROM leadroute.pools WHERE name = 'late';
DELETE FROM leadroute.segments WHERE name = 'big';
SELECT leadroute.revert_change(:id, 'Wrong');
-- What follows keys follows them back.
INSERT INTO leadroute.leads (email, owner_id) VALUES ('a@one.test', 'ann'), ('b@two.test', 'bob') RETURNING email, owner_id;
SELECT story.change($$UPDATE reps SET id = 'x' WHERE id = 'ann'; UPDATE reps SET id = 'ann' WHERE id = 'bob'; UPDATE reps SET id = 'bob' WHERE id = 'x'$$) AS id \gset
SELECT email, owner_id FROM leadroute.leads ORDER BY email;
SELECT story.apply(leadroute.revert_change(:id, 'Wrong')) > 0 AS reverted;
SELECT email, owner_id FROM leadroute.leads ORDER BY email;
-- Columns that have come and gone since. A row has what rows got when the column came.
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('mid', 30, 'catch_all');
SELECT story.change($$UPDATE pools SET when_all_away = 'hold' WHERE name = 'smb'; DELETE FROM segments WHERE name = 'mid'; UPDATE territories SET name = 'emea'$$) AS id \gset
ALTER TABLE leadroute.segments ADD COLUMN label text DEFAULT 'none';
ALTER TABLE leadroute.pools ADD COLUMN label text DEFAULT 'none';
ALTER TABLE leadroute.territories ADD COLUMN label text;
ALTER TABLE leadroute.segments ALTER COLUMN label SET DEFAULT 'new';
SELECT story.apply(leadroute.revert_change(:id, 'Wrong')) AS revert \gset
SELECT sql FROM leadroute.change_requests WHERE id = :revert;
SELECT name, label FROM leadroute.segments WHERE name = 'mid';
ALTER TABLE leadroute.segments DROP COLUMN label;
ALTER TABLE leadroute.pools DROP COLUMN label;
ALTER TABLE leadroute.territories DROP COLUMN label;
SELECT story.apply(leadroute.revert_change(:revert, 'Right')) > 0 AS reverted;
SELECT when_all_away FROM leadroute.pools WHERE name = 'smb';
-- What was never applied, or did nothing.
SELECT leadroute.propose_change('t', 'w', 'DELETE FROM tiers') AS id \gset
SELECT code, replace(message, :'id', 'N') AS message, hint FROM story.try(format('SELECT leadroute.revert_change(%s, ''Wrong'')', :id));
SELECT story.change($$UPDATE tiers SET name = name$$) AS id \gset
SELECT code, replace(message, :'id', 'N') AS message, hint FROM story.try(format('SELECT leadroute.revert_change(%s, ''Wrong'')', :id));
SELECT code FROM story.try('SELECT leadroute.revert_change(NULL, NULL)');
-- Not without approval, and not by its author.
SELECT story.change($$UPDATE tiers SET name = 'lukewarm' WHERE name = 'cold'$$) AS id \gset
SET SESSION AUTHORIZATION story_author;
SELECT leadroute.revert_change(:id, 'Wrong') AS id \gset
SELECT code FROM story.try(format('SELECT leadroute.approve_change(%s)', :id));
RESET SESSION AUTHORIZATION;
SELECT code FROM story.try(format('SELECT leadroute.apply_change(%s)', :id));

SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute CASCADE;
DROP ROLE story_author, story_approver;
