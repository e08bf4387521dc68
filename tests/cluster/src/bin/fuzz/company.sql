INSERT INTO leadroute.schedules (name) VALUES ('office'), ('nights') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.schedule_hours (schedule, weekday, opens, closes)
SELECT 'office', d, time '09:00', time '17:30' FROM generate_series(1, 5) d UNION ALL SELECT 'nights', 7, time '22:00', time '24:00'
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.holidays (schedule, day, name) VALUES ('office', current_date, 'today') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.queues (name, kind) VALUES ('later', 'triage'), ('partners', 'partner') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.reps (id, name, email, time_zone) VALUES ('boss', 'Boss', 'boss@us.com', 'Europe/Berlin'), ('vp', 'VP', 'vp@us.com', 'UTC')
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.reps (id, name, email, manager_id, time_zone, schedule, languages, products, skills, daily_cap, weekly_cap, max_open_leads, backup_id)
SELECT 'r' || n, 'Rep ' || n, 'r' || n || '@us.com', 'boss', (ARRAY['UTC', 'Asia/Kolkata', 'America/St_Johns', 'Pacific/Apia'])[1 + n % 4],
       CASE WHEN n % 5 = 0 THEN 'office' END, CASE WHEN n % 3 = 0 THEN ARRAY['de', 'en'] END, CASE WHEN n % 4 = 0 THEN ARRAY['crm'] END,
       CASE WHEN n % 6 = 0 THEN ARRAY['enterprise'] END, CASE WHEN n % 7 = 0 THEN 3 END, CASE WHEN n % 8 = 0 THEN 50 END,
       CASE WHEN n % 9 = 0 THEN 5 END, CASE WHEN n > 1 THEN 'r' || n - 1 END
  FROM generate_series(1, 12) n ORDER BY n ON CONFLICT DO NOTHING;
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('r2', tstzrange(now(), NULL), 'pto'), ('r3', tstzrange(now(), now() + '1 minute'), 'sick')
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.pools (name, strategy, when_all_away, performance_weighted) VALUES
    ('sales', 'weighted_round_robin', 'fallback', false), ('least', 'least_loaded', 'hold', false), ('rated', 'weighted_round_robin', 'assign_anyway', true)
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT p, 'r' || n, 1 + n % 3 FROM unnest(ARRAY['sales', 'least', 'rated']) WITH ORDINALITY AS v (p, k), generate_series(1, 12) n WHERE n % 3 < k
    ON CONFLICT DO NOTHING;
UPDATE leadroute.queues SET auto_assign_pool = 'least', auto_assign_after = '1 second' WHERE name = 'later';
INSERT INTO leadroute.territories (name, manager_id, fallback_queue) VALUES ('emea', 'boss', 'later'), ('world', 'vp', NULL) ON CONFLICT DO NOTHING;
INSERT INTO leadroute.segments (name, priority, territory, countries, employees, languages, condition, required_skills) VALUES
    ('big', 1, 'emea', '{DE,GB}', '[1000,)', NULL, '$.score > 50', '{enterprise}'),
    ('german', 2, 'emea', '{DE}', NULL, '{de}', NULL, NULL),
    ('small', 3, 'emea', NULL, '(,100)', NULL, NULL, NULL),
    ('everybody', 9, 'world', NULL, NULL, NULL, NULL, NULL) ON CONFLICT DO NOTHING;
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue) VALUES
    ('big', 'any', '(,)', 'pool', 'least', NULL), ('german', 'hot', '[50,)', 'pool', 'rated', NULL), ('german', 'cold', '(,50)', 'queue', NULL, 'later'),
    (NULL, 'nurture', '(,-10)', 'nurture', NULL, NULL), (NULL, 'all', '[-10,)', 'pool', 'sales', NULL) ON CONFLICT DO NOTHING;
INSERT INTO leadroute.accounts (id, name, kind, named, owner_id, csm_id, parent_id, country, disqualified_reason, disqualified_at) VALUES
    ('acme', 'Acme', 'customer', false, 'r1', 'r2', NULL, 'DE', NULL, NULL), ('acme-uk', 'Acme UK', 'prospect', true, 'r3', NULL, 'acme', 'GB', NULL, NULL),
    ('bad', 'Bad', 'disqualified', false, 'r4', NULL, NULL, NULL, 'budget', now() - interval '1 day'), ('star', 'Star', 'prospect', true, 'r5', NULL, NULL, NULL, NULL, NULL)
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme'), ('acme.co.uk', 'acme-uk'), ('bad.com', 'bad'), ('star.com', 'star')
    ON CONFLICT DO NOTHING;
INSERT INTO leadroute.contacts (email, account_id) VALUES ('ada@acme.com', 'acme'), ('sun@gmail.com', 'star') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor'), ('friend.org', 'partner'), ('us.com', 'internal') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('budget', 'timing', '1 hour') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.recycle_rules (reason, kind) VALUES ('size', 'fit') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.industry_aliases (alias, canonical) VALUES ('it', 'Software') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.playbooks (name, priority, segments, events) VALUES ('german', 1, '{german}', NULL), ('demo', 2, NULL, '{demo_request}') ON CONFLICT DO NOTHING;
INSERT INTO fuzz.sellers (no, login) SELECT n, 'r' || n FROM generate_series(1, 12) n ON CONFLICT DO NOTHING;
INSERT INTO leadroute.leads (external_id, email, country, employees, score, event, language)
SELECT 'ext-' || n, 'p' || n || '@company' || n % 30 || '.com', (ARRAY['DE', 'GB', 'US', 'Atlantis'])[1 + n % 4], n * 40, n * 3 - 20,
       (ARRAY['demo_request', 'webinar', NULL])[1 + n % 3], (ARRAY['de', 'en', NULL])[1 + n % 3]
  FROM generate_series(1, 40) n ON CONFLICT DO NOTHING;
SELECT leadroute.attach('fuzz.crm_text', '{"email": "email", "country": "country", "employees": "employees", "score": "score", "owner_id": "owner",
    "queue": "queue", "attributes": "details", "sla_due_at": "answer_by", "status": {"expression": "stage"}, "id": "lead_no"}');
SELECT leadroute.attach('fuzz.crm_linked', '{"email": "email", "owner_id": {"table": "fuzz.crm_linked_owner", "row": "lead_id", "column": "profile"}}');
SELECT leadroute.attach('fuzz.crm_parts', '{"email": "email", "region": "region", "owner_id": {"column": "owner", "rep": "email"}}');
