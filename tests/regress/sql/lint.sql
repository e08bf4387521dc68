-- lint_config() tells what is wrong with the rules, with the remedy.
\i setup.sql
-- A new installation lacks one thing.
\x on
SELECT * FROM leadroute.lint_config();

-- A company in which nothing is wrong.
INSERT INTO leadroute.reps (id) VALUES ('max'), ('ann'), ('bob');
UPDATE leadroute.queues SET manager_id = 'max' WHERE name = 'catch_all';
INSERT INTO leadroute.territories VALUES ('north', 'max', NULL);
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, priority, territory, countries, employees) VALUES
    ('dach', 10, 'north', '{DE,AT,CH}', '[1,500)'), ('rest', 90, 'north', NULL, NULL);
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('acme', 'customer', 'ann'), ('globex', 'partner', NULL);
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme'), ('labs.acme.com', 'acme'), ('globex.com', 'globex');
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('globex.com', 'partner'), ('hooli.com', 'competitor');
SELECT * FROM leadroute.lint_config();

-- What it says after a change, which is then undone.
CREATE FUNCTION story.lint(change text) RETURNS TABLE (severity text, "table" text, key text, problem text, hint text) LANGUAGE plpgsql AS $$
DECLARE
    found jsonb;
BEGIN
    BEGIN
        EXECUTE change;
        found := (SELECT jsonb_agg(l) FROM leadroute.lint_config() l);
        RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';
    EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
        NULL;
    END;
    RETURN QUERY SELECT x.* FROM jsonb_to_recordset(found) AS x (severity text, "table" text, key text, problem text, hint text);
END $$;

-- A segment behind one that takes all of its leads.
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, countries, employees) VALUES ('berlin', 20, 'north', '{at,DE}', '[100,200)')$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET priority = 1 WHERE name = 'rest'$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET countries = NULL WHERE name = 'dach';
                           INSERT INTO leadroute.segments (name, priority, territory, employees) VALUES ('small', 11, 'north', '[1,50)')$$);
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, postal_prefixes) VALUES ('hamburg', 1, 'north', '{20,21,22}'), ('altona', 2, 'north', '{22,2076}')$$);
-- Whatever is not contained in it is left: another country, a bigger company, another postal code, a time, an unknown size.
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, countries, employees, postal_prefixes, effective) VALUES
    ('dach and france', 20, 'north', '{AT,FR}', '[100,200)', NULL, NULL), ('large', 20, 'north', '{AT}', '[100,501)', NULL, NULL),
    ('any size', 20, 'north', '{AT}', NULL, NULL, NULL), ('vienna', 5, 'north', NULL, NULL, '{10}', NULL), ('austria', 6, 'north', NULL, NULL, '{1}', NULL),
    ('a campaign', 1, 'north', '{AT}', NULL, NULL, '[2020-01-01,2090-01-01)'), ('after it', 2, 'north', '{AT}', NULL, NULL, NULL)$$);
-- While a campaign lasts the row behind it never matches, nor will it later; one with a condition leaves the others.
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, countries, effective) VALUES
    ('a campaign', 1, 'north', '{AT}', '[2020-01-01,2090-01-01)'), ('in it', 2, 'north', '{AT}', '[2010-01-01,2080-01-01)')$$);
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, countries, condition) VALUES ('vip', 1, 'north', '{AT}', '$.vip'), ('austria', 2, 'north', '{AT}', NULL)$$);
SELECT * FROM story.lint($$INSERT INTO leadroute.segments (name, priority, territory, countries, condition) VALUES ('austria', 1, 'north', '{AT}', NULL), ('vip', 2, 'north', '{AT}', '$.vip')$$);
-- An empty list, a time that is over, a condition that cannot hold.
SELECT * FROM story.lint($$UPDATE leadroute.segments SET countries = '{}' WHERE name = 'dach'$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET effective = '[2020-01-01,2021-01-01)' WHERE name = 'dach'$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET condition = '$.a == $b' WHERE name = 'dach'$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET effective = '[2020-01-01,2021-01-01)', priority = 100 WHERE name = 'dach'$$);

-- Names of nothing.
SELECT * FROM story.lint($$
    UPDATE leadroute.segments SET events = '{Demo_Request,demo_reqest}' WHERE name = 'dach';
    INSERT INTO leadroute.playbooks (name, segments, tiers, events) VALUES ('call', '{dach,dahc}', '{any,hot}', '{webinar,webniar}');
    UPDATE leadroute.sla_policies SET events = '{demo_request,demo}', segments = '{rest,everything}' WHERE name = 'high intent'$$);

-- A rule that takes the leads of a customer away.
SELECT * FROM story.lint($$INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('acme.com', 'partner')$$);
SELECT * FROM story.lint($$INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('acme.com', 'personal'), ('labs.acme.com', 'company')$$);

-- Clocks and ladders.
SELECT * FROM story.lint($$INSERT INTO leadroute.sla_policies (name, events, respond_within) VALUES ('demo', '{Demo_Request}', '10 minutes');
                           INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('demo', 1, 'remind')$$);
-- A lower priority counts, however slow the policy is, and that of a tenant supersedes none of another.
SELECT * FROM story.lint($$INSERT INTO leadroute.sla_policies (name, priority, events, tenants, respond_within) VALUES ('demo', 1, '{demo_request}', NULL, '10 minutes'),
                                ('of a', 0, NULL, '{a}', '1 minute'), ('of b', 1, NULL, '{b}', '2 minutes');
                           INSERT INTO leadroute.escalation_steps (policy, step, action) SELECT unnest('{demo,of a,of b}'::text[]), 1, 'remind'$$);
SELECT * FROM story.lint($$INSERT INTO leadroute.sla_policies (name, events, respond_within) VALUES ('demo', '{demo_request}', '3 minutes'), ('other demo', '{demo_request,webinar}', '6 minutes')$$);
SELECT * FROM story.lint($$UPDATE leadroute.escalation_steps SET after = '2 minutes' WHERE policy = 'medium intent' AND step = 1;
                           UPDATE leadroute.escalation_steps SET after = '1 minute' WHERE policy = 'medium intent' AND step = 2$$);

-- People.
SELECT * FROM story.lint($$UPDATE leadroute.reps SET manager_id = CASE id WHEN 'max' THEN 'ann' WHEN 'ann' THEN 'bob' ELSE 'max' END;
                           INSERT INTO leadroute.reps (id, manager_id) VALUES ('aaa', 'ann'), ('zoe', 'ann')$$);
SELECT * FROM story.lint($$UPDATE leadroute.reps SET daily_cap = 0, max_open_leads = 0 WHERE id = 'bob'; UPDATE leadroute.reps SET weekly_cap = 0 WHERE id = 'max'$$);

-- What coverage_gaps and config_problems show is in it, once, with the remedy.
SELECT * FROM story.lint($$
    DELETE FROM leadroute.tiers;
    INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('dach', 'hot', '[50,100]', 'sales');
    UPDATE leadroute.pool_members SET active = false WHERE rep_id = 'ann';
    UPDATE leadroute.reps SET active = false WHERE id = 'bob';
    INSERT INTO leadroute.pools (name) VALUES ('new');
    INSERT INTO leadroute.reps (id, manager_id, backup_id) VALUES ('eva', 'bob', 'bob');
    INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ('eva', '(,)', 'bob');
    UPDATE leadroute.accounts SET csm_id = 'bob' WHERE id = 'acme';
    INSERT INTO leadroute.schedules VALUES ('none');
    UPDATE leadroute.reps SET schedule = 'none' WHERE id = 'eva';
    UPDATE leadroute.queues SET manager_id = 'bob';
    UPDATE leadroute.territories SET manager_id = 'bob'$$);
SELECT * FROM story.lint($$UPDATE leadroute.segments SET required_skills = '{legal}'; INSERT INTO leadroute.leads (company, email) VALUES ('Acme', 'a@acme.com');
                           UPDATE leadroute.reps SET active = false WHERE id = 'ann'$$);

-- Accounts that nobody answers for, are recycled by no rule, or have the domain of a mail provider.
SELECT * FROM story.lint($$
    INSERT INTO leadroute.accounts (id, kind, named, csm_id, disqualified_reason) VALUES ('alone', 'customer', false, NULL, NULL), ('cared for', 'customer', false, 'ann', NULL), ('star', 'prospect', true, NULL, NULL),
        ('gone', 'disqualified', false, NULL, NULL), ('poor', 'disqualified', false, NULL, 'No Budget'), ('odd', 'disqualified', false, NULL, 'no mood');
    INSERT INTO leadroute.recycle_rules (reason, kind) VALUES ('no budget', 'timing');
    INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('gmail.com', 'star'), ('star.com', 'star')$$);
-- Settings that are allowed, and seldom meant.
SELECT * FROM story.lint($$
    INSERT INTO leadroute.queues (name, auto_assign_after) VALUES ('later', '5 minutes');
    UPDATE leadroute.sla_policies SET respond_within = '5' WHERE name = 'high intent';
    INSERT INTO leadroute.schedules VALUES ('office'); INSERT INTO leadroute.schedule_hours VALUES ('office', 1, '9:00', '17:00');
    UPDATE leadroute.sla_policies SET business_hours = true WHERE name = 'low intent';
    UPDATE leadroute.reps SET schedule = 'office' WHERE id = 'ann'$$);
SELECT * FROM story.lint($$
    INSERT INTO leadroute.leads (email, attributes) VALUES ('a@b.com', '{"Plan": "pro"}');
    UPDATE leadroute.segments SET condition = '$.attributes.plan == "pro" && $.Plan == 1 && $.attributes.Plan == 1 && $.score > 1' WHERE name = 'dach'$$);
SELECT * FROM story.lint($$SET LOCAL session_replication_role = replica; INSERT INTO leadroute.leads (email, owner_id, status) VALUES ('a@b.com', 'nobody', 'assigned'); SET LOCAL session_replication_role = origin$$);
