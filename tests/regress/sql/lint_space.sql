-- lint in space: what the rules leave over, with the leads that fell there; where they overlap; which of them no lead reaches; conditions that never held.
\i setup.sql
INSERT INTO leadroute.reps (id, active, skills) VALUES ('ann', true, '{law}'), ('bob', false, NULL), ('max', true, NULL);
UPDATE leadroute.queues SET manager_id = 'max' WHERE name = 'catch_all';
INSERT INTO leadroute.territories VALUES ('north', 'max', NULL), ('south', 'max', NULL);
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('empty');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('empty', 'bob');
INSERT INTO leadroute.queues (name, manager_id) VALUES ('later', 'max');
INSERT INTO leadroute.segments (name, priority, territory, countries, employees, fallback_queue) VALUES
    ('small', 10, 'north', '{DE,AT}', '[1,500)', NULL), ('large', 20, 'north', '{DE}', '[500,)', 'later');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES
    (NULL, 'warm', '[0,80)', 'sales'), (NULL, 'hot', '[80,)', 'empty'), ('large', 'any', '[0,)', 'sales');

-- Values, scores and pools.
INSERT INTO leadroute.leads (email, country, employees, score)
SELECT 'a' || n || '@b.com', c, e, s
  FROM (VALUES (1, 'Germany', 10, 5), (2, 'Austria', 700, 5), (3, 'AT', NULL, 5), (4, 'FR', 10, 5), (5, NULL, 10, 5),
               (6, 'DE', 10, 90), (7, 'DE', 10, -1), (8, 'DE', 600, -1), (9, 'DE', 499, 80)) v (n, c, e, s) RETURNING id, segment, tier, owner_id, queue;
-- A range that no segment holds is not known; a touch, a competitor's lead and one from before do not count.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
SELECT leadroute.route_lead('{"email": "r@b.com", "country": "DE", "employees": "400-600"}') ->> 'queue' AS range;
INSERT INTO leadroute.leads (email, country) VALUES ('a4@b.com', 'FR'), ('x@rival.com', 'FR');
UPDATE leadroute.leads SET created_at = now() - interval '91 days' WHERE id = 5;
SELECT kind, segment, tier, pool, "values", queues, leads, latest_lead FROM leadroute.rule_gaps;
-- Since another moment; a view and its function say the same.
SELECT "values", leads FROM leadroute.rule_gaps(now() - interval '1 year') WHERE kind = 'segment' AND leads > 0;
SELECT sum(leads) FROM leadroute.rule_gaps(now() + interval '1 day');
SELECT count(*) FROM (TABLE leadroute.rule_gaps EXCEPT ALL SELECT * FROM leadroute.rule_gaps()) d;
-- A condition leaves a part over; required skills that nobody of the pool has; a tenant without reps.
INSERT INTO leadroute.segments (name, priority, territory, countries, condition, required_skills) VALUES
    ('french', 30, 'south', '{FR}', '$.score > 50', NULL), ('swiss', 30, 'south', '{CH}', NULL, '{law,tax}');
INSERT INTO leadroute.reps (id, tenant) VALUES ('tom', 't');
INSERT INTO leadroute.queues (name, kind, tenant) VALUES ('all of t', 'catch_all', 't');
SELECT kind, segment, tier, pool, tenants, "values", unless, queues, leads FROM leadroute.rule_gaps;
-- Who may read it sees no more of the leads than this.
CREATE ROLE space_editor;
SELECT leadroute.grant_role('editor', 'space_editor');
SET ROLE space_editor;
SELECT count(*) > 5 AS gaps FROM leadroute.rule_gaps;
SELECT count(*) FROM leadroute.idle_conditions(now() - interval '1 day');
SELECT email FROM leadroute.leads;
RESET ROLE;
SELECT leadroute.revoke_role('editor', 'space_editor');
DROP ROLE space_editor;

-- Overlaps: one priority, the same leads, another place.
INSERT INTO leadroute.segments (name, priority, territory, languages, fallback_queue) VALUES
    ('german', 10, 'south', '{de}', NULL), ('aaa', 10, 'north', '{de-AT}', 'later'), ('same', 10, 'north', NULL, NULL);
UPDATE leadroute.segments SET countries = '{SE}' WHERE name = 'same';
SELECT * FROM leadroute.rule_overlaps;
DELETE FROM leadroute.segments WHERE name IN ('german', 'aaa', 'same');

-- What nothing reaches: taken by several together, not by all but one value, an empty list, a time that is over, a broken condition, tiers.
INSERT INTO leadroute.segments (name, priority, territory, countries, languages, employees, effective, condition, tenants) VALUES
    ('dach', 40, 'south', '{DE,AT}', '{de}', '[100,900)', NULL, NULL, NULL), ('germany', 40, 'south', '{DE}', NULL, '[100,900)', NULL, NULL, NULL),
    ('any size', 41, 'south', '{DE}', NULL, NULL, NULL, NULL, NULL),
    ('nowhere', 50, 'south', '{}', NULL, NULL, NULL, NULL, NULL), ('of nobody', 50, 'south', NULL, NULL, NULL, NULL, NULL, '{}'),
    ('past', 60, 'south', '{ES}', NULL, NULL, '[2020-01-01,2021-01-01)', NULL, NULL), ('broken', 70, 'south', '{IT}', NULL, NULL, NULL, '$.x == $y', NULL);
INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('germany', 'own', '[0,50)', 'nurture'), ('past', 'old', '(,)', 'nurture');
SELECT * FROM leadroute.unreachable_rules ORDER BY 1, 2;
-- 'dach' is left what is not in Germany; where another takes that, too, all three do.
INSERT INTO leadroute.segments (name, priority, territory, countries) VALUES ('austria', 39, 'south', '{AT,FR}');
SELECT segment, shadowed_by, together_with FROM leadroute.segment_shadows;
UPDATE leadroute.segments SET condition = '$.vip' WHERE name = 'austria';
SELECT segment, shadowed_by, together_with FROM leadroute.segment_shadows;
DELETE FROM leadroute.segments WHERE priority >= 39;

-- Conditions that held for none of the leads for which everything else did.
INSERT INTO leadroute.segments (name, priority, territory, countries, condition) VALUES
    ('never', 80, 'south', '{DE}', '$.attributes.plan == "pro"'), ('not asked', 81, 'south', '{PL}', '$.attributes.plan == "pro"'), ('once', 82, 'south', NULL, '$.score < 0');
SELECT * FROM leadroute.idle_conditions;
SELECT * FROM leadroute.idle_conditions(now() - interval '1 year');

-- lint_config() warns of gaps that leads fell into, and of the rest.
INSERT INTO leadroute.leads (email, country, employees) SELECT 'many' || n || '@b.com', 'DE', 10 FROM generate_series(1, 20) n;
INSERT INTO leadroute.segments (name, priority, territory, countries, employees) VALUES ('also small', 10, 'south', '{AT}', '[100,200)'), ('medium', 30, 'south', '{DE}', '[100,900)');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('large', 'rest', '(,0)', 'sales');
SELECT severity, "table", key, problem, hint FROM leadroute.lint_config() WHERE "table" IN ('segments', 'tiers') AND problem NOT LIKE '%attribute%';
