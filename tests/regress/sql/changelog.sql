-- changelog reads like a log: what changed, in words, why, by whom, approved by whom, and how many leads went that way since. Data is
-- summed, names that follow another are not told twice.
\i setup.sql
CREATE ROLE changelog_author LOGIN;
CREATE ROLE changelog_boss LOGIN;
SELECT leadroute.grant_role('author', 'changelog_author'), leadroute.grant_role('approver', 'changelog_boss'), leadroute.grant_role('editor', 'changelog_boss');
CREATE TABLE story.seen (at timestamptz);
CREATE FUNCTION story.told() RETURNS TABLE (what text, why text, approved_by text) LANGUAGE sql AS $$
    WITH looked AS (INSERT INTO story.seen VALUES (clock_timestamp()))
    SELECT c.what, c.why, c.approved_by FROM leadroute.changelog c WHERE c.changed_at > coalesce((SELECT max(s.at) FROM story.seen s), '-infinity') ORDER BY c.changed_at $$;
INSERT INTO leadroute.reps (id, name) VALUES ('0051', 'Cyd'), ('0052', '');
INSERT INTO leadroute.territories (name) VALUES ('all');
INSERT INTO leadroute.queues (name) VALUES ('desk');
INSERT INTO leadroute.pools (name) VALUES ('na-smb'), ('other');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('na-smb', '0051', 1.5), ('other', '0052', 1);
INSERT INTO leadroute.segments (name, territory, employees, countries) VALUES ('na-smb', 'all', '[50,200]', '{US,CA}');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('na-smb', 'hot', '[50,)', 'na-smb');
INSERT INTO leadroute.sla_policies (name, segments, respond_within) VALUES ('quick', '{na-smb}', '1 minute');
SELECT * FROM story.told();

SET leadroute.why = 'Q3';
UPDATE leadroute.pool_members SET weight = 0.75 WHERE rep_id = '0051';
RESET leadroute.why;
UPDATE leadroute.segments SET employees = '[50,500]', priority = 5;
UPDATE leadroute.segments SET employees = '[501,)', countries = NULL, territory = NULL, fallback_queue = 'desk', effective = '[2030-01-01,)';
UPDATE leadroute.segments SET employees = NULL, countries = '{}', revenue = '(,1000000]';
UPDATE leadroute.tiers SET score = '[40,80)';
UPDATE leadroute.pool_members SET active = false, weight = 2 WHERE rep_id = '0051';
UPDATE leadroute.reps SET daily_cap = 20, languages = '{en,de}' WHERE id = '0051';
UPDATE leadroute.queues SET manager_id = '0051' WHERE name = 'partner';
INSERT INTO leadroute.queues (name, kind) VALUES ('internal', 'internal');
DELETE FROM leadroute.pool_members WHERE rep_id = '0052';
DELETE FROM leadroute.pools WHERE name = 'other';
SELECT leadroute.set_presence('0051', 'away'), leadroute.set_presence('0052', 'online');
SELECT * FROM story.told();

-- A new name is told once.
UPDATE leadroute.pools SET name = 'us-smb';
UPDATE leadroute.segments SET name = 'us-smb';
UPDATE leadroute.reps SET id = 'cyd' WHERE id = '0051';
SELECT * FROM story.told();
-- Data is summed.
INSERT INTO leadroute.accounts (id) SELECT n::text FROM generate_series(1, 1000) n;
BEGIN;
INSERT INTO leadroute.account_domains (domain, account_id) SELECT n || '.com', n::text FROM generate_series(1, 100) n;
UPDATE leadroute.accounts SET named = true WHERE id < '2';
DELETE FROM leadroute.accounts WHERE id = '1';
INSERT INTO leadroute.absences (rep_id, during) VALUES ('cyd', '[2030-01-01,2030-01-02)');
COMMIT;
SELECT what, why, approved_by FROM story.told() ORDER BY 1;

-- A change request: its reason, and who approved it. The line breaks of a value do not break the log.
SET SESSION AUTHORIZATION changelog_author;
SELECT leadroute.propose_change('More', 'more of them', $$UPDATE leadroute.segments SET employees = '[1,)', countries = NULL, revenue = NULL, effective = NULL;
    INSERT INTO leadroute.playbooks (name, description) VALUES ('call', E'first\nsecond')$$) AS change \gset
SET SESSION AUTHORIZATION changelog_boss;
SELECT leadroute.approve_change(:change);
SELECT leadroute.apply_change(:change);
RESET SESSION AUTHORIZATION;
SELECT * FROM story.told();
-- Leads that went that way since.
UPDATE leadroute.pool_members SET active = true;
UPDATE leadroute.reps SET presence = 'online';
INSERT INTO leadroute.leads (email, employees, score) SELECT n || '@company' || n || '.com', 60, 50 FROM generate_series(1, 3) n;
UPDATE leadroute.pool_members SET weight = 3;
INSERT INTO leadroute.leads (email, employees, score) VALUES ('x@company9.com', 60, 10), ('y@company9.com', 60, 60);
SELECT "table", key, rows, leads FROM leadroute.changelog WHERE leads > 0 OR "table" = 'playbooks' ORDER BY changed_at;
SELECT changed_by = session_user AS by_me, changed_at < now() + '1 day' AS at FROM leadroute.changelog WHERE "table" = 'playbooks';
-- It is read no further than asked: leads only for the column leads, and of history, in both halves, what a filter lets through.
CREATE FUNCTION story.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$;
SELECT c, bool_or(p LIKE '% on leads %') AS reads_leads FROM unnest('{leads,what}'::text[]) c, story.plan('SELECT ' || c || ' FROM leadroute.changelog') p GROUP BY c ORDER BY c;
SELECT count(*) FILTER (WHERE p ~ '(Filter|Cond): .*changed_at >') > 0 AS rules, count(*) FILTER (WHERE p ~ '(Filter|Cond): .*begun_at >') > 0 AS data
  FROM story.plan($$SELECT what FROM leadroute.changelog WHERE changed_at > now() - interval '1 minute'$$) p;
SELECT count(*) FILTER (WHERE p ~ '(Filter|Index Cond): .*change_id = 1') AS halves FROM story.plan('SELECT what FROM leadroute.changelog WHERE change_id = 1') p;
-- Whoever may read it needs no other right.
CREATE ROLE changelog_reader;
GRANT SELECT ON leadroute.changelog TO changelog_reader;
SET ROLE changelog_reader;
SELECT count(*) > 20 AS readable FROM leadroute.changelog;
SELECT count(what) > 20 AS readable FROM leadroute.changelog;
RESET ROLE;
DROP OWNED BY changelog_reader, changelog_author, changelog_boss;
DROP ROLE changelog_reader, changelog_author, changelog_boss;
