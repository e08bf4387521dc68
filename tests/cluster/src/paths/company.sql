-- A company in which every layer has something to decide.

INSERT INTO leadroute.reps (id) VALUES ('max');
-- Noon on the clock of every rep, so that no day or week ends while a test runs.
INSERT INTO leadroute.reps (id, manager_id, languages, time_zone)
SELECT unnest('{ann,bob,cyd,dan,eve,fay,gus,hal,ida,joe,kim,lea}'::text[]), 'max', NULL,
       'Etc/GMT' || to_char(extract(hour FROM now() AT TIME ZONE 'UTC') - 12, 'SGFM90');
UPDATE leadroute.reps SET languages = '{en}' WHERE id = 'cyd';
UPDATE leadroute.reps SET daily_cap = 25 WHERE id = 'eve';
UPDATE leadroute.reps SET max_open_leads = 30, weekly_cap = 12 WHERE id = 'fay';
UPDATE leadroute.reps SET max_open_leads = 60 WHERE id = 'hal';
UPDATE leadroute.reps SET backup_id = 'lea' WHERE id = 'kim';
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('kim', '[2020-01-01,)', 'sick');

UPDATE leadroute.queues SET manager_id = 'max' WHERE name = 'catch_all';
INSERT INTO leadroute.queues (name, manager_id) VALUES ('desk', 'max'), ('overflow', 'ann');
INSERT INTO leadroute.territories (name, manager_id, fallback_queue) VALUES ('emea', 'max', 'overflow'), ('rest', 'max', NULL);

INSERT INTO leadroute.pools (name, strategy, owner_matches_count) VALUES
    ('smb', 'weighted_round_robin', true), ('ent', 'weighted_round_robin', false), ('field', 'least_loaded', false);
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES
    ('smb', 'ann', 5), ('smb', 'bob', 3), ('smb', 'cyd', 1.5), ('smb', 'dan', 0.5),
    ('ent', 'eve', 2), ('ent', 'fay', 1), ('field', 'gus', 1), ('field', 'hal', 1), ('field', 'ida', 1), ('field', 'bob', 0.5);

INSERT INTO leadroute.segments (name, priority, territory, countries, employees, industries, condition) VALUES
    ('vip', 10, 'emea', NULL, NULL, NULL, '$.attributes.vip ? (@ == true)'),
    ('field', 20, 'emea', NULL, NULL, '{Manufacturing}', NULL),
    ('enterprise', 30, 'emea', '{DE,FR,GB}', '[200,)', NULL, NULL),
    ('smb', 40, 'emea', '{DE,FR,GB}', '[1,200)', NULL, NULL);
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue) VALUES
    ('vip', 'all', '(,)', 'pool', 'ent', NULL),
    ('field', 'all', '(,)', 'pool', 'field', NULL),
    ('enterprise', 'warm', '[10,)', 'pool', 'ent', NULL), ('enterprise', 'cold', '(,10)', 'queue', NULL, 'desk'),
    ('smb', 'warm', '[10,)', 'pool', 'smb', NULL), ('smb', 'cold', '(,10)', 'nurture', NULL, NULL);
INSERT INTO leadroute.industry_aliases (alias, canonical) VALUES ('factory', 'Manufacturing');
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off, queue) VALUES
    ('no budget', 'timing', '6 months', NULL), ('too small', 'fit', '6 months', 'recycling');
INSERT INTO leadroute.playbooks (name, segments, expansion) VALUES ('small', '{smb}', NULL), ('grow', NULL, true);
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor'), ('ally.com', 'partner');

INSERT INTO leadroute.accounts (id, kind, named, owner_id, csm_id, division, disqualified_reason, disqualified_at) VALUES
    ('customer', 'customer', false, 'ann', 'joe', 'hq', NULL, NULL),
    ('cooled', 'disqualified', false, NULL, NULL, NULL, 'no budget', '2020-01-01'),
    ('unfit', 'disqualified', false, NULL, NULL, NULL, 'too small', '2020-01-01'),
    ('away', 'prospect', true, 'kim', NULL, NULL, NULL, NULL),
    ('gus', 'prospect', true, 'gus', NULL, NULL, NULL, NULL),
    ('ann', 'prospect', true, 'ann', NULL, NULL, NULL, NULL),
    ('eve', 'prospect', true, 'eve', NULL, NULL, NULL, NULL);
INSERT INTO leadroute.account_domains (domain, account_id, division) VALUES
    ('customer.com', 'customer', 'hq'), ('customer-labs.com', 'customer', 'labs'), ('cooled.com', 'cooled', NULL),
    ('unfit.com', 'unfit', NULL), ('away.com', 'away', NULL), ('gus.com', 'gus', NULL), ('eve.com', 'eve', NULL);
INSERT INTO leadroute.contacts (email, account_id) VALUES ('known@gmail.com', 'customer');
