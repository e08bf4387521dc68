-- replay_decision makes a decision again from the rules, the roster, the lead and what was looked up as they were then, and
-- finds the same outcome and the same trace, whatever has changed since.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('max'), ('olga');
INSERT INTO leadroute.reps (id, manager_id, daily_cap) VALUES ('ann', 'max', NULL), ('bob', 'max', 2), ('cyd', 'max', NULL);
INSERT INTO leadroute.queues (name, manager_id) VALUES ('desk', 'max');
INSERT INTO leadroute.pools (name, strategy, fallback_queue) VALUES ('smb', 'weighted_round_robin', 'desk'), ('big', 'least_loaded', 'desk');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) SELECT p, r, 1 FROM unnest('{smb,big}'::text[]) p, unnest('{ann,bob,cyd}'::text[]) r;
INSERT INTO leadroute.segments (name, priority, condition, employees, industries, fallback_queue) VALUES
    ('vip', 1, '$.attributes.vip == true', NULL, NULL, 'desk'), ('large', 2, NULL, '[500,)', NULL, 'desk'), ('banks', 3, NULL, NULL, '{Finance}', 'desk'), ('rest', 9, NULL, NULL, NULL, 'desk');
INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES (NULL, 'cold', '(,10)', 'nurture', NULL), (NULL, 'warm', '[10,)', 'pool', 'smb'), ('large', 'any', '(,)', 'pool', 'big');
INSERT INTO leadroute.industry_aliases VALUES ('fintech', 'Banking'), ('banking', 'Finance');
INSERT INTO leadroute.accounts (id, kind, owner_id, csm_id) VALUES ('acme', 'customer', 'cyd', 'olga');
INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme');
INSERT INTO leadroute.domain_rules VALUES ('rival.com', 'competitor', NULL);
CREATE TABLE story.deal (id integer PRIMARY KEY, mail text, size text, points numeric, owner text);
SELECT leadroute.attach('story.deal', '{"email": "mail", "employees": {"expression": "size"}, "score": "points", "owner_id": "owner"}');
CREATE VIEW story.replayed AS
SELECT d.id, d.cause, d.layer, coalesce(d.owner_id, d.queue, d.outcome) AS went_to, r -> 'same' AS same, r ->> 'difference' AS difference
  FROM leadroute.decisions d, leadroute.replay_decision(d.id) r ORDER BY d.id;

-- By every door. Values are cleaned by what is stored then: an alias of an alias, a name of a country, a number that cannot be read.
INSERT INTO leadroute.leads (email, country, industry, score, attributes) VALUES
    ('a@acme.com', 'Germany', NULL, 50, NULL), ('b@one.com', 'Atlantis', 'FinTech', 50, NULL), ('c@gmail.com', NULL, NULL, 50, '{"vip": true}'),
    ('B+again@one.com', NULL, NULL, 50, NULL), ('d@rival.com', NULL, NULL, 50, NULL), ('e@two.com', NULL, NULL, 1, NULL), (NULL, NULL, NULL, NULL, NULL);
INSERT INTO leadroute.leads (email, score) SELECT n || '@many.com', 50 FROM generate_series(1, 5) n;
SELECT leadroute.route_lead('{"email": "f@three.com", "score": "many", "employees": "501-1000", "occurred_at": "2999-01-01"}') ->> 'layer' AS layer;
INSERT INTO story.deal VALUES (1, 'g@four.com', '700', 50), (2, 'h@five.com', '70', 50);
INSERT INTO story.deal VALUES (3, 'i@six.com', '70', 50, 'max');
-- And what follows: the ladder, a hand-over, a correction, a new decision that somebody asks for.
UPDATE leadroute.sla_clocks SET due_at = due_at - interval '1 day', next_at = next_at - interval '1 day';
SELECT leadroute.escalate_overdue() > 5 AS escalated;
SELECT leadroute.hand_over_leads('ann') > 0 AS handed_over;
UPDATE leadroute.leads SET employees = 900, country = 'France', industry = 'Steel' WHERE email = 'b@one.com';
UPDATE leadroute.leads SET score = 99, attributes = '{}' WHERE email IN ('c@gmail.com', 'f@three.com', 'e@two.com');
SELECT leadroute.reroute_lead(id, 'by hand') ->> 'segment' AS segment FROM leadroute.leads WHERE email = 'b@one.com';
UPDATE leadroute.leads SET owner_id = 'max' WHERE email = '1@many.com';
SELECT count(*), cause, layer, same, min(difference) AS difference FROM story.replayed GROUP BY 2, 3, 4 ORDER BY 2, 3, 4;

-- What is kept of them: of a plain lead nothing.
SELECT l.email, d.facts FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE d.cause IN ('insert', 'route_lead') ORDER BY d.id;
SELECT l.email, c.before FROM leadroute.lead_corrections c JOIN leadroute.leads l ON l.id = c.lead_id ORDER BY c.id;

-- Whatever has changed since: names, weights, caps, members, segments, tiers, accounts, absences, the engine's lists.
UPDATE leadroute.reps SET id = id || ' the second';
UPDATE leadroute.pools SET name = name || ' pool', strategy = 'weighted_round_robin';
UPDATE leadroute.segments SET name = name || ' companies', priority = 10 - priority;
UPDATE leadroute.queues SET name = 'office' WHERE name = 'desk';
UPDATE leadroute.pool_members SET weight = 7 WHERE rep_id LIKE 'ann%';
UPDATE leadroute.reps SET daily_cap = 1, presence = 'away' WHERE id LIKE 'cyd%';
INSERT INTO leadroute.absences (rep_id, during) SELECT id, '[2000-01-01,)' FROM leadroute.reps WHERE id LIKE 'bob%';
DELETE FROM leadroute.industry_aliases;
DELETE FROM leadroute.domain_rules;
DELETE FROM leadroute.account_domains;
DELETE FROM leadroute.accounts;
DELETE FROM leadroute.tiers WHERE segment IS NOT NULL;
DELETE FROM leadroute.escalation_steps;
SELECT count(*), same FROM story.replayed GROUP BY 2 ORDER BY 2;

-- A transaction sees its own changes, each lead those before it, also if some are taken back.
BEGIN;
UPDATE leadroute.segments SET enabled = false WHERE name <> 'rest companies';
INSERT INTO leadroute.leads (email, score) VALUES ('j@seven.com', 50);
UPDATE leadroute.tiers SET pool = 'big pool' WHERE name = 'warm';
INSERT INTO leadroute.leads (email, score) VALUES ('k@seven.com', 50);
SAVEPOINT s;
UPDATE leadroute.tiers SET action = 'nurture', pool = NULL WHERE name = 'warm';
INSERT INTO leadroute.leads (email, score) VALUES ('l@seven.com', 50);
ROLLBACK TO s;
INSERT INTO leadroute.leads (email, score) VALUES ('m@seven.com', 50);
UPDATE leadroute.tiers SET pool = 'smb pool' WHERE name = 'warm';
INSERT INTO leadroute.leads (email, score) VALUES ('n@seven.com', 50);
COMMIT;
INSERT INTO leadroute.leads (email, score) VALUES ('o@seven.com', 50);
SELECT l.email, l.pool, r.same, r.difference FROM leadroute.leads l JOIN story.replayed r ON r.id = l.decision_id WHERE l.email LIKE '%@seven.com' ORDER BY l.id;

-- A look-up that failed, and rules that could not be read: where the lead went then.
BEGIN;
ALTER TABLE leadroute.contacts RENAME TO contacts_gone;
INSERT INTO leadroute.leads (email, score) VALUES ('p@eight.com', 50);
ALTER TABLE leadroute.contacts_gone RENAME TO contacts;
UPDATE leadroute.segments SET priority = priority + 1;
ALTER FUNCTION leadroute.rules_json() RENAME TO rules_json_gone;
INSERT INTO leadroute.leads (email, score) VALUES ('q@eight.com', 50);
ALTER FUNCTION leadroute.rules_json_gone() RENAME TO rules_json;
COMMIT;
SELECT l.email, r.layer, r.went_to, r.same FROM leadroute.leads l JOIN story.replayed r ON r.id = l.decision_id WHERE l.email LIKE '%@eight.com' ORDER BY l.id;

-- What was not as it is kept is named, the first of it: somebody has changed history.
SET ROLE leadroute_owner;
UPDATE leadroute.config_history SET before = jsonb_set(before, '{weight}', '3') WHERE "table" = 'pool_members' AND key LIKE 'smb%/ann%' AND (before ->> 'weight')::numeric = 1;
RESET ROLE;
SELECT difference FROM story.replayed WHERE same = 'false' ORDER BY id LIMIT 1;
SELECT jsonb_object_agg(key, jsonb_typeof(value)) FROM jsonb_each(leadroute.replay_decision(1));
SELECT leadroute.replay_decision(0);
SELECT leadroute.replay_decision(NULL);

-- A sample of them every night, and what it finds in routing_health.
SELECT detail FROM leadroute.routing_health WHERE "check" = 'replay';
SELECT leadroute.check_replays(1000) > 0 AS differed;
SELECT status, regexp_replace(detail, ' on [-0-9]+ differed: [0-9]+; the first is [0-9]+, .*', ' differed: so many') AS detail FROM leadroute.routing_health WHERE "check" = 'replay';
SELECT leadroute.check_replays() AS nothing_new;
INSERT INTO leadroute.leads (email) VALUES ('q@nine.com'), ('r@nine.com');
SELECT leadroute.check_replays() AS differed;
SELECT status, regexp_replace(detail, ' on [-0-9]+', '') AS detail FROM leadroute.routing_health WHERE "check" = 'replay';
SELECT leadroute.check_replays(1);

-- An analyst may; an app may not.
CREATE ROLE story_analyst;
SELECT leadroute.grant_role('analyst', 'story_analyst');
SET ROLE story_analyst;
SELECT leadroute.replay_decision(1) -> 'same' AS same;
RESET ROLE;
CREATE ROLE story_app;
SELECT leadroute.grant_role('app', 'story_app');
SET ROLE story_app;
SELECT leadroute.replay_decision(1);
RESET ROLE;
SELECT leadroute.revoke_role('analyst', 'story_analyst'), leadroute.revoke_role('app', 'story_app');
DROP ROLE story_analyst, story_app;

-- Of corrections since the last decision the first is kept: that is what it saw. Where a person has a right to it, they are forgotten.
INSERT INTO leadroute.leads (email, score) VALUES ('often@eight.com', 1) RETURNING id AS often \gset
DO $$ BEGIN FOR i IN 2..9 LOOP UPDATE leadroute.leads SET city = 'c' || i, source = 's' || i WHERE email = 'often@eight.com'; END LOOP; END $$;
SELECT count(*), min(before ->> 'source') AS said FROM leadroute.lead_corrections WHERE lead_id = :often;
SELECT leadroute.replay_decision(decision_id) -> 'same' AS same FROM leadroute.leads WHERE id = :often;
SELECT leadroute.forget_corrections(:often), leadroute.forget_corrections(:often) AS again;
-- The nightly check forgets states of the rules that no decision names any more, after a day.
UPDATE leadroute.segments SET priority = priority + 1;
INSERT INTO leadroute.leads (email) VALUES ('named@nine.com') RETURNING id AS named \gset
UPDATE leadroute.segments SET priority = priority + 1;
INSERT INTO leadroute.leads (email) VALUES ('old@nine2.com') RETURNING id AS old \gset
UPDATE leadroute.segments SET priority = priority + 1;
INSERT INTO leadroute.leads (email) VALUES ('young@nine3.com') RETURNING id AS young \gset
CREATE TABLE story.states AS
    SELECT DISTINCT d.config_seen, split_part(l.email, '@', 1) AS state FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.id IN (:named, :old, :young);
SELECT count(*) AS states FROM story.states;
DELETE FROM leadroute.leads WHERE id IN (:old, :young);
UPDATE leadroute.config_seen SET seen_at = now() - interval '25 hours' WHERE id IN (SELECT config_seen FROM story.states WHERE state IN ('named', 'old'));
SELECT leadroute.check_replays(1);
SELECT s.state FROM story.states s JOIN leadroute.config_seen c ON c.id = s.config_seen ORDER BY 1;
SELECT leadroute.replay_decision(decision_id) -> 'same' AS same FROM leadroute.leads WHERE id = :named;
-- By which rules it was made is not known any more.
INSERT INTO leadroute.leads (email) VALUES ('lost@seven.com') RETURNING decision_id AS lost \gset
DELETE FROM leadroute.config_seen;
SELECT leadroute.replay_decision(:lost) -> 'same' AS same, leadroute.replay_decision(:lost) ->> 'difference' AS difference;

-- A lead that is deleted takes all that with it.
DELETE FROM leadroute.leads WHERE duplicate_of IS NOT NULL;
DELETE FROM leadroute.leads;
SELECT (SELECT count(*) FROM leadroute.decisions) AS decisions, (SELECT count(*) FROM leadroute.lead_corrections) AS corrections;
