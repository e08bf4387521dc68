-- Renames cascade; decisions keep the name of then.
\i setup.sql
INSERT INTO leadroute.schedules VALUES ('office');
INSERT INTO leadroute.schedule_hours SELECT 'office', day, '00:00', '00:00' FROM generate_series(1, 7) day;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('olga');
INSERT INTO leadroute.reps (id, manager_id, backup_id, schedule) VALUES ('bob', 'ann', 'ann', 'office');
INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ('bob', '[2030-01-01,2030-01-02)', 'ann');
INSERT INTO leadroute.queues (name, manager_id) VALUES ('review', 'ann');
INSERT INTO leadroute.territories (name, manager_id, fallback_queue) VALUES ('north', 'ann', 'review');
INSERT INTO leadroute.pools (name, fallback_queue) VALUES ('sales', 'review');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, territory, countries, events, fallback_queue) VALUES
    ('germany', 'north', '{DE}', '{demo_request,call}', NULL), ('france', 'north', '{FR}', NULL, 'review');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('germany', 'A', '[50,)', 'sales'), ('france', 'A', '[50,)', 'sales');
INSERT INTO leadroute.event_types VALUES ('call', 'high');
INSERT INTO leadroute.sla_policies (name, events, segments, respond_within) VALUES ('fast', '{call}', '{germany}', '1 minute');
INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('fast', 1, 'remind');
INSERT INTO leadroute.playbooks (name, segments, tiers, events) VALUES ('ring back', '{france,germany}', '{A}', '{call}');
INSERT INTO leadroute.recycle_rules (reason, kind, queue) VALUES ('later', 'timing', 'review');
INSERT INTO leadroute.domain_rules VALUES ('reseller.com', 'partner', 'review');
INSERT INTO leadroute.accounts (id, named, owner_id, csm_id) VALUES ('acme', true, 'olga', 'olga');
INSERT INTO leadroute.accounts (id, parent_id) VALUES ('acme labs', 'acme');
INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme');
INSERT INTO leadroute.contacts VALUES ('ada@gmail.com', 'acme');

INSERT INTO leadroute.leads (email, country, event, score) VALUES ('a@one.com', 'DE', 'call', 60), ('b@two.com', 'FR', NULL, 70), ('c@three.com', 'FR', NULL, 0),
    ('d@acme.com', NULL, NULL, NULL),
    ('z@four.com', 'FR', NULL, 80);
SELECT id, status, owner_id, queue, account_id, segment, territory, tier, pool, playbook, event FROM leadroute.leads ORDER BY id;

UPDATE leadroute.schedules SET name = 'hours';
UPDATE leadroute.reps SET id = 'anna' WHERE id = 'ann';
UPDATE leadroute.reps SET id = 'bobby' WHERE id = 'bob';
UPDATE leadroute.reps SET id = 'helga' WHERE id = 'olga';
UPDATE leadroute.queues SET name = 'triage' WHERE name = 'review';
UPDATE leadroute.territories SET name = 'nordics';
UPDATE leadroute.pools SET name = 'hunters';
UPDATE leadroute.segments SET name = 'dach' WHERE name = 'germany';
UPDATE leadroute.event_types SET name = 'phone_call' WHERE name = 'call';
UPDATE leadroute.sla_policies SET name = 'at once' WHERE name = 'fast';
UPDATE leadroute.playbooks SET name = 'call back';
UPDATE leadroute.accounts SET id = 'acme corp' WHERE id = 'acme';

-- In the rules ...
SELECT id, manager_id, backup_id, schedule FROM leadroute.reps ORDER BY id;
SELECT schedule, count(*) FROM leadroute.schedule_hours GROUP BY 1;
SELECT rep_id, backup_id FROM leadroute.absences;
SELECT manager_id FROM leadroute.queues WHERE name = 'triage';
SELECT * FROM leadroute.territories;
SELECT name, fallback_queue FROM leadroute.pools;
SELECT pool, rep_id FROM leadroute.pool_members ORDER BY seat;
SELECT name, territory, events, fallback_queue FROM leadroute.segments ORDER BY name;
SELECT segment, name, pool FROM leadroute.tiers ORDER BY id;
SELECT name, events, segments FROM leadroute.sla_policies WHERE name = 'at once';
SELECT policy FROM leadroute.escalation_steps WHERE action = 'remind';
SELECT name, segments, tiers, events FROM leadroute.playbooks;
SELECT queue FROM leadroute.recycle_rules UNION ALL SELECT queue FROM leadroute.domain_rules;
SELECT id, owner_id, csm_id, parent_id FROM leadroute.accounts ORDER BY id;
SELECT domain, account_id FROM leadroute.account_domains;
SELECT email, account_id FROM leadroute.contacts;
-- ... in the leads and what belongs to them ...
SELECT id, status, owner_id, queue, segment, territory, tier, pool, playbook, event FROM leadroute.leads ORDER BY id;
SELECT account_id FROM leadroute.leads WHERE id = 4;
SELECT policy FROM leadroute.sla_clocks WHERE lead_id = 1;
SELECT lead_id, rep_id, queue FROM leadroute.notifications ORDER BY id;
-- ... but no decision was made, and those of then are as they were.
SELECT lead_id, cause, owner_id, queue, segment, territory, pool, playbook FROM leadroute.decisions ORDER BY id;

-- Turns go on: it is bobby's, then anna's.
INSERT INTO leadroute.leads (email, country, event, score) VALUES ('e@five.com', 'DE', 'phone_call', 60), ('f@six.com', 'DE', 'phone_call', 60)
RETURNING owner_id, segment, pool, playbook;
-- A tier of one segment may have the name of a tier of another: only its own leads follow.
UPDATE leadroute.tiers SET name = 'A1' WHERE segment = 'dach';
SELECT segment, tier, count(*) FROM leadroute.leads WHERE tier IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2;
