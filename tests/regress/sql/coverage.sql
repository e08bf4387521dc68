-- coverage_gaps names whatever points at somebody or something that cannot take leads.
\i setup.sql
-- A company in which nothing is missing: Max looks after everything, Ann and Bob stand in for each other.
INSERT INTO leadroute.reps (id) VALUES ('max');
INSERT INTO leadroute.reps (id, manager_id, languages, products, skills) VALUES
    ('ann', 'max', '{en,de}', '{app}', '{Security}'), ('bob', 'max', '{en}', NULL, NULL), ('cyd', NULL, NULL, NULL, NULL);
UPDATE leadroute.reps SET backup_id = CASE id WHEN 'ann' THEN 'bob' ELSE 'ann' END WHERE id IN ('ann', 'bob');
UPDATE leadroute.queues SET manager_id = 'max' WHERE name = 'catch_all';
INSERT INTO leadroute.queues (name, kind, manager_id) VALUES ('north desk', 'fallback', 'max');
INSERT INTO leadroute.territories VALUES ('north', 'max', 'north desk');
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('never used');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, territory, languages, products, required_skills) VALUES ('all', 'north', '{DE,en}', '{App}', '{security}');
INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES ('all', 'hot', '[50,)', 'pool', 'sales'), (NULL, 'rest', '(,)', 'nurture', NULL);
INSERT INTO leadroute.accounts (id, kind, named, owner_id, csm_id) VALUES
    ('acme', 'customer', false, 'bob', 'ann'), ('globex', 'prospect', true, 'ann', NULL), ('initech', 'prospect', false, 'cyd', 'cyd');
INSERT INTO leadroute.leads (email, score) VALUES ('ada@hooli.com', 60), ('bea@globex.com', 60), ('cem@hooli.com', 10);
SELECT * FROM leadroute.coverage_gaps;

-- What the gaps are after a change, which is then undone.
CREATE FUNCTION story.gaps(change text) RETURNS TABLE (severity text, "table" text, key text, gap text) LANGUAGE plpgsql AS $$
DECLARE
    found jsonb;
BEGIN
    BEGIN
        EXECUTE change;
        found := (SELECT jsonb_agg(g ORDER BY g."table", g.key, g.gap) FROM leadroute.coverage_gaps g);
        RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';
    EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
        NULL;
    END;
    RETURN QUERY SELECT x.severity, x."table", x.key, x.gap FROM jsonb_to_recordset(found) AS x (severity text, "table" text, key text, gap text);
END $$;
\x on

-- A rep who has left: their backup takes the accounts, but their open leads lie there, and Bob has lost his backup.
SELECT * FROM story.gaps($$
    UPDATE leadroute.reps SET active = false WHERE id = 'bob';
    UPDATE leadroute.leads SET owner_id = 'bob', status = 'working' WHERE id IN (1, 2)$$);
-- A manager who has left.
SELECT * FROM story.gaps($$UPDATE leadroute.reps SET active = false WHERE id = 'max'$$);
-- Once somebody stands in for him, the leads of the ladder reach somebody; a queue still tells nobody else.
SELECT * FROM story.gaps($$UPDATE leadroute.reps SET active = false, backup_id = 'cyd' WHERE id = 'max'; UPDATE leadroute.queues SET manager_id = 'cyd'$$);

-- Accounts: only of customers, and those that are named.
SELECT * FROM story.gaps($$
    UPDATE leadroute.accounts SET owner_id = 'cyd' WHERE id = 'globex';
    UPDATE leadroute.accounts SET csm_id = 'cyd' WHERE id = 'acme';
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);
SELECT * FROM story.gaps($$
    UPDATE leadroute.accounts SET owner_id = 'cyd' WHERE id = 'acme';
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);
SELECT * FROM story.gaps($$
    UPDATE leadroute.accounts SET owner_id = 'cyd', csm_id = 'cyd' WHERE id = 'acme';
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);
-- Those who answer for the account above it come next.
SELECT * FROM story.gaps($$
    INSERT INTO leadroute.accounts (id, kind, owner_id, parent_id) VALUES ('acme labs', 'customer', 'cyd', 'acme');
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);
-- A backup of a backup is enough, and so is the backup of an absence that lasts.
SELECT * FROM story.gaps($$
    UPDATE leadroute.accounts SET owner_id = 'cyd';
    INSERT INTO leadroute.reps (id, active, backup_id) VALUES ('dan', false, 'max');
    UPDATE leadroute.reps SET active = false, backup_id = 'dan' WHERE id = 'cyd'$$);
SELECT * FROM story.gaps($$
    UPDATE leadroute.accounts SET owner_id = 'cyd';
    INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ('cyd', '[2020-01-01,)', 'max');
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);

-- Standing backups: a chain goes on to the next who is active, or ends.
SELECT * FROM story.gaps($$
    INSERT INTO leadroute.reps (id, active, backup_id) VALUES ('dan', false, 'max'), ('eva', false, NULL);
    UPDATE leadroute.reps SET backup_id = 'dan' WHERE id = 'ann';
    UPDATE leadroute.reps SET backup_id = 'eva' WHERE id = 'cyd'$$);
-- A ring is fine while two of it are active; with one or none nobody stands in.
SELECT * FROM story.gaps($$
    INSERT INTO leadroute.reps (id, active, backup_id) VALUES ('dan', false, 'cyd');
    UPDATE leadroute.reps SET backup_id = 'dan' WHERE id = 'cyd'$$);
SELECT * FROM story.gaps($$
    INSERT INTO leadroute.reps (id, active, backup_id) VALUES ('dan', false, 'cyd');
    UPDATE leadroute.reps SET active = false, backup_id = 'dan' WHERE id = 'cyd'$$);
-- Absences of now and of the future.
SELECT * FROM story.gaps($$
    INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES
        ('ann', '[2020-01-01,2020-02-01)', 'cyd'), ('ann', '[2090-01-01,2090-02-01)', 'cyd'), ('max', '[2020-01-01,)', 'cyd');
    UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);

-- A pool in which nobody can take leads: the manager of the way out is told.
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET active = false$$);
-- Without one nobody acts, and a pool that should hold its leads waits for somebody who cannot come back.
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET weight = 0; UPDATE leadroute.queues SET manager_id = NULL; UPDATE leadroute.territories SET manager_id = NULL$$);
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET active = false; UPDATE leadroute.queues SET manager_id = NULL WHERE name = 'north desk'$$);
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET active = false; UPDATE leadroute.pools SET when_all_away = 'hold'$$);
SELECT * FROM story.gaps($$UPDATE leadroute.reps SET daily_cap = 0 WHERE id IN ('ann', 'bob')$$);
-- Only what a segment can come to counts: not a tier of all that its own leave nothing to, nor a segment that is off or over.
SELECT * FROM story.gaps($$
    UPDATE leadroute.tiers SET action = 'pool', pool = 'never used' WHERE segment IS NULL;
    UPDATE leadroute.tiers SET score = '(,)' WHERE segment = 'all'$$);
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET active = false; UPDATE leadroute.segments SET enabled = false$$);
SELECT * FROM story.gaps($$UPDATE leadroute.pool_members SET active = false; UPDATE leadroute.segments SET effective = '[2020-01-01,2021-01-01)'$$);

-- A pool without the skill, the language or the product of a segment.
SELECT * FROM story.gaps($$UPDATE leadroute.segments SET required_skills = '{security,Legal}'$$);
SELECT * FROM story.gaps($$UPDATE leadroute.segments SET languages = '{en,fr,it}'$$);
SELECT * FROM story.gaps($$UPDATE leadroute.segments SET required_skills = NULL; UPDATE leadroute.reps SET products = '{web}' WHERE id = 'bob'; UPDATE leadroute.segments SET products = '{app,shop,web}'$$);
-- Nobody has both, although each has one.
SELECT * FROM story.gaps($$UPDATE leadroute.reps SET skills = '{legal}' WHERE id = 'bob'; UPDATE leadroute.segments SET required_skills = '{legal,security}'$$);

-- Scores that no tier takes: between two of them, and beyond what any tier of the company reaches.
SELECT * FROM story.gaps($$UPDATE leadroute.tiers SET score = '(,40]' WHERE segment IS NULL$$);
SELECT * FROM story.gaps($$UPDATE leadroute.tiers SET score = '[0,100]' WHERE segment IS NULL; UPDATE leadroute.tiers SET score = '[50,100]' WHERE segment = 'all'$$);
-- A lead without score counts as 0.
SELECT * FROM story.gaps($$DELETE FROM leadroute.tiers WHERE segment IS NULL$$);
SELECT * FROM story.gaps($$DELETE FROM leadroute.tiers; UPDATE leadroute.queues SET manager_id = NULL$$);

-- Territories without a live way out.
SELECT * FROM story.gaps($$INSERT INTO leadroute.territories VALUES ('south', NULL, NULL)$$);
SELECT * FROM story.gaps($$INSERT INTO leadroute.territories VALUES ('south', NULL, NULL); UPDATE leadroute.queues SET manager_id = NULL WHERE name = 'catch_all'$$);
SELECT * FROM story.gaps($$INSERT INTO leadroute.queues (name) VALUES ('south desk'); INSERT INTO leadroute.territories VALUES ('south', 'cyd', 'south desk');
                           UPDATE leadroute.reps SET active = false WHERE id = 'cyd'$$);
-- One of both is enough.
SELECT * FROM story.gaps($$INSERT INTO leadroute.territories VALUES ('south', NULL, 'north desk'), ('east', 'cyd', NULL)$$);

-- A schedule without hours keeps everybody who uses it from work for ever, and the pool with them.
SELECT * FROM story.gaps($$INSERT INTO leadroute.schedules VALUES ('none'), ('not used'); UPDATE leadroute.reps SET schedule = 'none' WHERE id IN ('ann', 'bob')$$);

-- An analyst reads it with one grant.
CREATE ROLE story_analyst;
GRANT SELECT ON leadroute.coverage_gaps TO story_analyst;
SET ROLE story_analyst;
SELECT count(*) FROM leadroute.coverage_gaps;
RESET ROLE;
DROP OWNED BY story_analyst;
DROP ROLE story_analyst;
