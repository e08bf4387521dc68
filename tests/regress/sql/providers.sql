-- providers: what is missing of a lead is asked for in the transaction that routes it, and answered in any order, twice, late, or never.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('cold', '(,0)', 'nurture', NULL), ('warm', '[0,)', 'pool', 'sales');
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
CREATE VIEW story.asked AS SELECT lead_id, provider, kind, missing, due_at - requested_at > interval '0' AS has_time, answered_at IS NOT NULL AS answered, timed_out_at IS NOT NULL AS late
  FROM leadroute.provider_requests ORDER BY id;

-- Nobody is asked who is not listed.
INSERT INTO leadroute.leads (email) VALUES ('a@acme.com') RETURNING owner_id;
SELECT count(*) FROM leadroute.provider_requests;

INSERT INTO leadroute.providers (name, kind, fields, timeout, tenants) VALUES
    ('clearbit', 'Enrich', NULL, '10 minutes', NULL), ('octave', 'qualify', NULL, '1 hour', NULL), ('titles', 'enrich', '{Title}', '1 day', '{beta}'),
    ('outreach', 'sequence', NULL, '1 day', NULL);
INSERT INTO leadroute.playbooks (name) VALUES ('call');
-- Each is asked for what is missing and it knows; the sequence tool is told of leads that a rep has.
INSERT INTO leadroute.leads (email, company, country, industry, employees, score, tenant) VALUES
    ('b@bolt.com', 'Bolt', 'FR', NULL, NULL, NULL, ''), ('c@corp.com', 'Corp', 'DE', 'Banking', 12, 7, ''), ('d@cold.com', NULL, 'DE', 'Banking', 12, -1, ''),
    ('e@rival.com', NULL, NULL, NULL, NULL, NULL, ''), ('b+again@bolt.com', NULL, NULL, NULL, NULL, NULL, ''), ('f@beta.com', 'Beta', 'FR', 'IT', 3, 5, 'beta')
RETURNING id, status, owner_id, queue;
TABLE story.asked;
SELECT lead_id, kind, rep_id, tenant, details - 'request_id' - 'due_at' AS details, details ? 'request_id' AS has_id FROM leadroute.notifications WHERE right(kind, 10) = '_requested' ORDER BY id;
-- The requests go with the transaction, and with COPY and route_lead, too.
BEGIN;
INSERT INTO leadroute.leads (email) VALUES ('gone@gone.com');
ROLLBACK;
COPY leadroute.leads (email, country) FROM stdin WITH (DELIMITER ',');
g@gold.com,FR
h@hat.com,DE
\.
SELECT leadroute.route_lead('{"email": "i@ink.com", "score": 3, "employees": "51-200"}') ->> 'owner_id' AS owner;
SELECT provider, count(*), min(array_length(missing, 1)) AS fewest FROM leadroute.provider_requests GROUP BY 1 ORDER BY 1;

-- The lead of a row of an attached table, too.
CREATE TABLE story.crm (id int PRIMARY KEY, mail text, staff int, owner text);
SELECT leadroute.attach('story.crm', '{"email": "mail", "employees": "staff", "owner_id": "owner"}');
INSERT INTO story.crm (id, mail, staff) VALUES (1, 'row@row.com', 7), (2, 'row@row.com', 7), (3, 'other@other.com', NULL);
SELECT l.attached_key, r.provider, r.missing FROM leadroute.provider_requests r JOIN leadroute.leads l ON l.id = r.lead_id WHERE l.attached_key IS NOT NULL ORDER BY r.id;

-- Whoever tells people does not get them; a worker takes them by their kinds, side by side with what people are told of the same lead.
SELECT kind, count(*) FROM leadroute.take_notifications('people', 100) GROUP BY 1;
SELECT leadroute.notifications_waiting() AS people, leadroute.notifications_waiting('{enrich_requested}') AS enrich, leadroute.doze('{qualify_requested}') AS qualify;
SELECT lead_id, kind, payload ->> 'provider' AS provider, payload -> 'missing' AS missing, payload ->> 'email' AS email, payload ->> 'company' AS company,
       payload ->> 'request_id' = (SELECT r.request_id FROM leadroute.provider_requests r WHERE r.lead_id = t.lead_id AND r.provider = t.payload ->> 'provider') AS same
  FROM leadroute.take_notifications('worker', 4, kinds => '{enrich_requested,qualify_requested}') t ORDER BY id;
SELECT * FROM story.try($$SELECT * FROM leadroute.take_notifications('worker', kinds => '{enrich_request}')$$);

-- An answer is for the lead that was asked about: for another one it is refused, and nothing is noted.
SELECT t.* FROM leadroute.provider_requests r CROSS JOIN LATERAL unnest(ARRAY['SELECT leadroute.apply_enrichment(1, ''{"industry": "IT"}'', %L, %L)', 'SELECT leadroute.apply_qualification(1, 5, NULL, %L, %L)']) s (call)
 CROSS JOIN LATERAL (SELECT x.code, replace(x.message, r.request_id, '...') AS message, x.hint FROM story.try(format(s.call, r.provider, r.request_id)) x) t
 WHERE r.lead_id = 2 AND r.provider = 'clearbit';
SELECT count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered FROM leadroute.provider_requests;
-- One in time, one twice, one late.
SELECT leadroute.apply_enrichment(lead_id, '{"industry": "IT", "employees": 40}', provider, request_id) ->> 'routing' FROM leadroute.provider_requests WHERE lead_id = 2 AND provider = 'clearbit';
SELECT leadroute.apply_enrichment(lead_id, '{"industry": "no", "employees": 41}', provider, request_id) -> 'taken' FROM leadroute.provider_requests WHERE lead_id = 2 AND provider = 'clearbit';
SELECT leadroute.note_timeouts(as_of => now() + interval '5 minutes'), leadroute.note_timeouts(2, now() + interval '2 hours'), leadroute.note_timeouts(as_of => now() + interval '2 hours'), leadroute.note_timeouts(as_of => now() + interval '2 hours');
SELECT status, regexp_replace(detail, '\d+', 'n', 'g') AS detail FROM leadroute.routing_health WHERE "check" = 'providers';
SELECT leadroute.apply_qualification(lead_id, 12, '[]', provider, request_id) ->> 'routing' FROM leadroute.provider_requests WHERE lead_id = 2 AND provider = 'octave';
SELECT provider, answered, late, count(*) FROM story.asked GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT * FROM story.try('SELECT leadroute.note_timeouts(0)');
-- A sequence tool has answered once its request is acknowledged; one that is not in time is late like others.
SELECT lead_id, payload ->> 'company_domain' AS domain FROM leadroute.take_notifications('sequences', 2, kinds => '{sequence_requested}');
SELECT leadroute.ack_notifications(array_agg(id)) FROM leadroute.notifications WHERE taken_by = 'sequences';
SELECT leadroute.note_timeouts(as_of => now() + interval '2 days');
SELECT answered, late, count(*) FROM story.asked WHERE provider = 'outreach' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT regexp_replace(line, '[0-9-]+ [0-9:]+ UTC', '...') AS line FROM regexp_split_to_table(leadroute.explain_lead(2), '\n') line WHERE line ~ 'clearbit|octave|outreach';

-- A provider that is switched off, or gone, is asked no more.
UPDATE leadroute.providers SET enabled = false WHERE name = 'clearbit';
DELETE FROM leadroute.providers WHERE name IN ('octave', 'outreach');
INSERT INTO leadroute.leads (email) VALUES ('z@zoo.com');
SELECT count(*) FROM leadroute.provider_requests WHERE lead_id = (SELECT max(id) FROM leadroute.leads);

-- Bad rules.
SELECT * FROM story.try($$INSERT INTO leadroute.providers (name, kind) VALUES ('x', 'guess')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.providers (name, kind, fields) VALUES ('x', 'enrich', '{shoe_size}')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.providers (name, kind, timeout) VALUES ('x', 'enrich', '0')$$);
SELECT what FROM leadroute.changelog WHERE "table" = 'providers' ORDER BY changed_at, key LIMIT 3;
SELECT jsonb_array_length(leadroute.export_rules() -> 'providers') AS exported;
DELETE FROM leadroute.leads;
SELECT count(*) FROM leadroute.provider_requests;

-- An account that was disqualified and is worth another try: its leads that wait are routed, and the decision says why.
UPDATE leadroute.queues SET claimable = true WHERE name = 'recycling';
INSERT INTO leadroute.accounts (id, kind, owner_id, named, disqualified_reason, disqualified_at) VALUES ('small', 'disqualified', 'bob', true, 'too small', now()), ('good', 'customer', 'bob', true, NULL, NULL);
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('small.com', 'small'), ('good.com', 'good');
INSERT INTO leadroute.leads (email) VALUES ('x@small.com'), ('y@small.com') RETURNING queue;
SELECT leadroute.claim_lead(max(id), 'ann') IS NOT NULL AS claimed FROM leadroute.leads;
SELECT leadroute.requalify_account('small', 'they have grown');
SELECT kind, disqualified_reason FROM leadroute.accounts WHERE id = 'small';
SELECT l.email, l.owner_id, d.cause, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY l.id;
SELECT * FROM story.try($$SELECT leadroute.requalify_account('small', 'again')$$);
-- A lead that came at the very moment waits still; said again, it is taken along.
BEGIN;
UPDATE leadroute.accounts SET kind = 'disqualified', disqualified_reason = 'budget', disqualified_at = now() WHERE id = 'small';
INSERT INTO leadroute.leads (email, country) VALUES ('late@small.com', 'DE') RETURNING queue;
UPDATE leadroute.accounts SET kind = 'prospect', disqualified_reason = NULL, disqualified_at = NULL WHERE id = 'small';
SELECT leadroute.requalify_account('small', 'said again');
SELECT status, queue FROM leadroute.leads WHERE email = 'late@small.com';
ROLLBACK;
SELECT * FROM story.try($$SELECT leadroute.requalify_account('none', 'x')$$);
SELECT * FROM story.try($$SELECT leadroute.requalify_account('small', 'x', 'beta')$$);
SELECT * FROM story.try($$SELECT leadroute.requalify_account('small', '')$$);
-- Leads from other parts of a customer are a line of their own.
INSERT INTO leadroute.leads (email) VALUES ('new@lab.good.com') RETURNING owner_id, expansion;
SELECT leadroute.close_lead(max(id), 'converted', 500) IS NOT NULL AS closed FROM leadroute.leads;
SELECT account_id, playbook, leads, with_reps, answered, converted, lost, amount FROM leadroute.expansions;
-- So are those of accounts that were disqualified: what waits, and what got another try, since its reason has cooled off.
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('no budget', 'timing', '30 days');
INSERT INTO leadroute.accounts (id, name, kind, disqualified_reason, disqualified_at) VALUES ('fit', 'Fit Inc', 'disqualified', 'too small', now() - interval '1 year'),
    ('time', 'Time Inc', 'disqualified', 'no budget', now() - interval '31 days'), ('later', 'Later Inc', 'disqualified', 'no budget', now() + interval '1 minute');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('fit.com', 'fit'), ('time.com', 'time'), ('later.com', 'later');
INSERT INTO leadroute.leads (email) VALUES ('1@fit.com'), ('2@fit.com'), ('1@time.com'), ('1@later.com'), ('1@fit.com');
SELECT leadroute.close_lead(id, 'converted', 70) IS NOT NULL AS closed FROM leadroute.leads WHERE email = '1@time.com';
SELECT account_id, account_name, disqualified_reason AS reason, leads, waiting, with_reps, answered, converted, lost, amount FROM leadroute.recycled ORDER BY 1;
SELECT leadroute.requalify_account('fit', 'they have grown');
SELECT account_id FROM leadroute.recycled;
