-- playbooks: each lead has the first playbook that takes it, by priority, then name: by segment, tier, event, score, expansion,
-- recycling and tenant. It is on the lead, its decision and its notifications, and follows a new name.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('cus');
INSERT INTO leadroute.reps (id, tenant) VALUES ('tim', 'acme');
INSERT INTO leadroute.pools (name) VALUES ('all');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('all', 'ann'), ('all', 'tim');
INSERT INTO leadroute.segments (name, priority, countries, fallback_queue) VALUES ('dach', 1, '{DE,AT,CH}', 'catch_all'), ('rest', 2, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES (NULL, 'A', '[50,)', 'pool', 'all'), (NULL, 'B', '(,50)', 'pool', 'all'), ('rest', 'rest only', '[90,)', 'pool', 'all');
INSERT INTO leadroute.accounts (id, kind, csm_id, disqualified_reason, disqualified_at) VALUES ('big', 'customer', 'cus', NULL, NULL), ('old', 'disqualified', NULL, 'budget', now() - interval '5 years');
INSERT INTO leadroute.account_domains (domain, account_id, division) VALUES ('big.com', 'big', NULL), ('eu.big.com', 'big', 'eu'), ('old.com', 'old', NULL);
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('budget', 'timing', '1 year') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.playbooks (name, priority, segments, tiers, events, expansion, recycled, tenants, score, description) VALUES
    ('any', 90, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'Be kind.'),
    ('grow', 10, NULL, NULL, NULL, true, NULL, NULL, NULL, 'Ask the customer success manager.'),
    ('hot customer', 20, NULL, NULL, NULL, false, NULL, NULL, '[50,)', NULL),
    ('second try', 10, NULL, NULL, NULL, NULL, true, NULL, NULL, NULL),
    ('demo', 50, '{dach}', '{A}', '{Demo Request}', NULL, NULL, NULL, NULL, NULL),
    ('acme', 5, NULL, NULL, NULL, NULL, NULL, '{acme}', NULL, NULL),
    -- the same priority: the name decides
    ('b', 60, '{dach}', NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('a', 60, '{dach}', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE leadroute.playbooks SET recycled = false, expansion = NULL, tiers = NULL WHERE name = 'hot customer';
INSERT INTO leadroute.leads (email, country, score, event, tenant) VALUES
    ('1@one.de', 'DE', 40, 'demo_request', ''), ('2@two.de', 'DE', 40, NULL, 'acme'), ('3@three.us', 'US', 10, NULL, ''),
    ('4@big.com', 'US', 60, NULL, ''), ('5@eu.big.com', 'US', 60, NULL, ''), ('6@old.com', 'DE', 60, 'demo_request', ''), ('7@seven.de', 'DE', 60, 'Demo-Request', '')
RETURNING email, tier, expansion, playbook;
SELECT DISTINCT l.playbook = d.playbook AS same FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id;
SELECT payload ->> 'email' AS email, payload ->> 'playbook' AS playbook, payload ->> 'playbook_description' AS description
  FROM leadroute.take_notifications('story', 100) WHERE payload ->> 'email' IN ('3@three.us', '5@eu.big.com') ORDER BY 1;
-- A new name goes along, a new decision takes the playbook of now.
UPDATE leadroute.playbooks SET name = 'grow more' WHERE name = 'grow';
DELETE FROM leadroute.playbooks WHERE name = 'a';
SELECT leadroute.reroute_lead(1) ->> 'playbook' AS playbook;
SELECT id, playbook FROM leadroute.leads WHERE id IN (1, 5) ORDER BY id;
-- Lint names those that are never taken.
INSERT INTO leadroute.playbooks (name, priority, segments, tiers, expansion, recycled, tenants) VALUES
    ('both', 1, NULL, NULL, true, true, NULL), ('nowhere', 1, '{}', NULL, NULL, NULL, NULL), ('nobody', 1, NULL, NULL, NULL, NULL, '{}'),
    ('other tier', 1, '{dach}', '{rest only}', NULL, NULL, NULL), ('late', 95, '{rest}', NULL, NULL, NULL, NULL), ('late of acme', 6, '{dach}', '{A,C}', NULL, NULL, '{acme}');
SELECT severity, key, problem FROM leadroute.lint_config() WHERE "table" = 'playbooks' ORDER BY 2, 3;
INSERT INTO leadroute.playbooks (name, score) VALUES ('odd', 'empty');
