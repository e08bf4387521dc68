-- counter_explain() names the smallest changes that would have sent a lead elsewhere; what it says is what routing does.
\i setup.sql
INSERT INTO leadroute.reps (id, languages, skills, daily_cap) VALUES ('ann', NULL, NULL, NULL), ('bob', NULL, NULL, NULL), ('cyd', '{en}', NULL, NULL), ('max', NULL, '{law}', NULL), ('kim', NULL, NULL, 1);
INSERT INTO leadroute.territories VALUES ('north', 'max', NULL);
INSERT INTO leadroute.pools (name, strategy) VALUES ('sales', 'weighted_round_robin'), ('closers', 'weighted_round_robin'), ('by load', 'least_loaded');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 2), ('sales', 'bob', 1), ('sales', 'cyd', 1), ('closers', 'max', 1), ('by load', 'ann', 1), ('by load', 'bob', 1);
INSERT INTO leadroute.queues (name) VALUES ('abroad'), ('key accounts');
INSERT INTO leadroute.segments (name, priority, territory, countries, employees, fallback_queue, condition) VALUES
    ('smb', 10, 'north', '{DE,FR}', '[1,500)', NULL, NULL), ('large', 20, 'north', '{DE,FR}', '[500,)', NULL, NULL),
    ('pro', 25, 'north', '{US}', NULL, NULL, '$.score >= 90'), ('rest', 30, 'north', '{US,JP}', NULL, 'abroad', NULL);
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue) VALUES
    (NULL, 'cold', '(,50)', 'nurture', NULL, NULL), (NULL, 'warm', '[50,80)', 'pool', 'sales', NULL), (NULL, 'hot', '[80,)', 'pool', 'closers', NULL),
    ('large', 'any', '(,)', 'queue', NULL, 'key accounts'), ('rest', 'any', '(,)', 'pool', 'by load', NULL);
INSERT INTO leadroute.leads (email, country, employees, language, score) VALUES ('a@new.com', 'DE', 480, 'de', 74) RETURNING id, owner_id, tier;
\x auto
SELECT * FROM leadroute.counter_explain(1);
\x off
-- Each is true: a lead that has the other value goes there. Nothing of it was written.
SELECT layer, change, outcome, goes_to, size FROM leadroute.counter_explain(1);
SELECT count(*) AS decisions, (SELECT count(*) FROM leadroute.notifications) AS notifications FROM leadroute.decisions;
SELECT v.what, p ->> 'outcome' AS outcome, coalesce(p ->> 'owner_id', p ->> 'queue') AS goes_to
  FROM (VALUES ('employees', '{"employees": 500}'::jsonb), ('score', '{"score": 80}'), ('less', '{"score": 49.999}'), ('country', '{"country": "JP"}')) v (what, change),
       leadroute.preview_route('{"email": "b@new.com", "country": "DE", "employees": 480, "language": "de", "score": 74}'::jsonb || v.change) p;

-- Turns, caps and who was there are those of the decision, also when others have come since and the rules have changed.
INSERT INTO leadroute.leads (email, country, employees, score) SELECT 'm' || n || '@other.com', 'FR', 10, 60 FROM generate_series(1, 6) n;
UPDATE leadroute.segments SET employees = '[1,100)' WHERE name = 'smb';
UPDATE leadroute.reps SET active = false WHERE id = 'ann';
SELECT change, goes_to FROM leadroute.counter_explain(1) WHERE change LIKE '%before it' OR change LIKE '%employees%';
UPDATE leadroute.reps SET active = true WHERE id = 'ann';
UPDATE leadroute.segments SET employees = '[1,500)' WHERE name = 'smb';

-- Who was away, off duty, at a cap, or could not: with several obstacles, all of them.
INSERT INTO leadroute.schedules VALUES ('never now');
INSERT INTO leadroute.schedule_hours SELECT 'never now', extract(isodow FROM now() - interval '2 days')::int, '8:00', '9:00';
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('ann', tstzrange(now() - interval '1 day', now() + interval '6 hours'), 'pto');
UPDATE leadroute.reps SET schedule = 'never now' WHERE id = 'bob';
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('closers', 'kim', 5);
INSERT INTO leadroute.leads (email, country, employees, language, score) VALUES ('first@k.com', 'DE', 10, 'de', 90), ('second@k.com', 'DE', 10, 'de', 95) RETURNING id, owner_id;
INSERT INTO leadroute.leads (email, country, employees, language, score) VALUES ('c@new.com', 'DE', 10, 'de', 60) RETURNING id, queue;
SELECT layer, change, "from", "to", goes_to, CASE WHEN size < 0.3 THEN 'small' ELSE 'large' END AS size FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'c@new.com'));
SELECT change, "from", "to", goes_to FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'second@k.com')) WHERE layer = 'distribution';
DELETE FROM leadroute.absences;
UPDATE leadroute.reps SET schedule = NULL WHERE id = 'bob';

-- By load; and where a number is not known; a condition that asks for the score.
INSERT INTO leadroute.leads (email, country, score) VALUES ('u@us.com', 'US', 60) RETURNING id, owner_id, segment;
SELECT layer, change, "from", "to", outcome, goes_to, segment FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'u@us.com'));
INSERT INTO leadroute.leads (email, country) VALUES ('n@de.com', 'DE') RETURNING id, queue;
SELECT layer, change, outcome, goes_to, segment FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'n@de.com'));

-- The owner of an account who was away.
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('acme', 'customer', 'ann');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');
UPDATE leadroute.reps SET presence = 'away', backup_id = 'bob' WHERE id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING owner_id;
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'ann';
SELECT layer, change, goes_to FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'ada@acme.com'));

-- What is known of the lead by now may lead elsewhere without any change.
UPDATE leadroute.leads SET employees = 900 WHERE id = 1;
SELECT change, "from", "to", size FROM leadroute.counter_explain(1) LIMIT 1;

-- Other layers, people and unknown decisions.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
INSERT INTO leadroute.leads (email) VALUES ('x@rival.com');
SELECT count(*) FROM leadroute.counter_explain((SELECT decision_id FROM leadroute.leads WHERE email = 'x@rival.com'));
UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 1;
SELECT count(*) FROM leadroute.counter_explain((SELECT max(id) FROM leadroute.decisions WHERE lead_id = 1 AND cause = 'manual'));
SELECT * FROM story.try('SELECT * FROM leadroute.counter_explain(99999)');
SELECT count(*) FROM leadroute.counter_explain(NULL);
-- In a transaction that only reads.
BEGIN READ ONLY;
SELECT count(*) > 3 AS answers FROM leadroute.counter_explain(2);
COMMIT;
