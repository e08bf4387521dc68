-- Many organisations in one table: what one has, no other sees.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, tenant, backup_id, manager_id) VALUES
    ('ann', 'acme', NULL, NULL), ('art', 'acme', NULL, NULL), ('ben', 'beta', NULL, NULL), ('bea', 'beta', NULL, NULL), ('zoe', '', NULL, NULL);
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'sales', id FROM leadroute.reps;
INSERT INTO leadroute.territories (name) VALUES ('world');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'world');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- Reps of the tenant take turns among themselves; others are not even named.
INSERT INTO leadroute.leads (tenant, email) SELECT t, format('p%s@%s.com', n, t) FROM unnest('{acme,beta}'::text[]) t, generate_series(1, 4) n;
SELECT tenant, owner_id, count(*) FROM leadroute.leads GROUP BY 1, 2 ORDER BY 1, 2;
SELECT DISTINCT c ->> 'rep' AS candidate FROM leadroute.decisions d, jsonb_path_query(leadroute.full_trace(d.trace), '$[*].candidates[*]') c WHERE d.tenant = 'acme' ORDER BY 1;
-- Without a tenant everything is as it was, and NULL is none.
INSERT INTO leadroute.leads (tenant, email) VALUES (NULL, 'solo@acme.com') RETURNING tenant, owner_id;
-- A tenant that nobody works for.
INSERT INTO leadroute.leads (tenant, email) VALUES ('none', 'x@y.com') RETURNING owner_id, queue;

-- One person, three organisations: no touches of each other.
INSERT INTO leadroute.leads (tenant, email) VALUES ('acme', 'same@person.com'), ('beta', 'same@person.com'), ('acme', 'Same+tag@person.com');
SELECT l.tenant, l.status, f.tenant AS first_of, l.owner_id = f.owner_id AS same_owner
  FROM leadroute.leads l LEFT JOIN leadroute.leads f ON f.id = l.duplicate_of WHERE l.email LIKE 'same%' ORDER BY l.id;
SELECT leadroute.route_lead('{"tenant": "beta", "email": "same@person.com"}') ->> 'status' AS status;

-- A tenant that cannot be read is nobody's: no rep of others, no person whom others know.
INSERT INTO leadroute.leads (email) VALUES ('same@person.com');
SELECT t, r ->> 'owner_id' AS owner, r ->> 'queue' AS queue, r ->> 'duplicate_of' AS first,
       (SELECT l.tenant FROM leadroute.leads l WHERE l.id = (r ->> 'lead_id')::bigint) AS tenant
  FROM (VALUES ('{"id": "acme"}'::jsonb), ('["acme"]')) v (t), leadroute.route_lead(jsonb_build_object('tenant', t, 'email', 'same@person.com')) r;
SELECT r ->> 'owner_id' AS owner, r ->> 'queue' AS queue, r ->> 'duplicate_of' AS first FROM leadroute.preview_route('{"tenant": {"id": "acme"}, "email": "same@person.com"}') r;
-- Nor does its external id open the lead of somebody else.
SELECT leadroute.route_lead('{"tenant": "acme", "external_id": "x1", "email": "x1@acme.com"}') ->> 'created' AS created;
SELECT code, message FROM story.try($$SELECT leadroute.route_lead('{"tenant": ["acme"], "external_id": "x1"}')$$);

-- Accounts, domains, contacts and domain rules of each.
INSERT INTO leadroute.accounts (tenant, id, kind, owner_id) VALUES ('acme', '1', 'customer', 'ann'), ('beta', '1', 'customer', 'ben'), ('beta', '2', 'customer', 'ann');
INSERT INTO leadroute.account_domains (tenant, domain, account_id) VALUES ('acme', 'client.com', '1'), ('beta', 'client.com', '1'), ('beta', 'odd.com', '2');
INSERT INTO leadroute.contacts (tenant, email, account_id) VALUES ('acme', 'kim@private.com', '1');
INSERT INTO leadroute.domain_rules (tenant, domain, kind) VALUES ('', 'rival.com', 'competitor'), ('acme', 'foe.com', 'competitor'), ('beta', 'rival.com', 'company');
SELECT t.tenant, e.email, r ->> 'layer' AS layer, coalesce(r ->> 'owner_id', r ->> 'queue') AS goes_to
  FROM unnest('{acme,beta}'::text[]) t (tenant), unnest('{a@client.com,kim@private.com,a@rival.com,a@foe.com}'::text[]) e (email),
       leadroute.preview_route(jsonb_build_object('tenant', t.tenant, 'email', e.email)) r
 WHERE (t.tenant, e.email) <> ('beta', 'kim@private.com') AND (t.tenant, e.email) <> ('beta', 'a@rival.com') AND (t.tenant, e.email) <> ('beta', 'a@foe.com')
 ORDER BY 2, 1;
SELECT r ->> 'layer' AS layer, r ->> 'owner_id' IN ('ben', 'bea') AS ours FROM unnest('{kim@private.com,a@rival.com,a@foe.com}'::text[]) e, leadroute.preview_route(jsonb_build_object('tenant', 'beta', 'email', e)) r;
-- An account whose owner works for somebody else.
SELECT r ->> 'layer' AS layer, r ->> 'owner_id' IN ('ben', 'bea') AS ours FROM leadroute.preview_route('{"tenant": "beta", "email": "a@odd.com"}') r;
SELECT * FROM story.try($$INSERT INTO leadroute.account_domains (tenant, domain, account_id) VALUES ('acme', 'two.com', '2')$$);
SELECT * FROM story.try($$UPDATE leadroute.accounts SET tenant = 'acme' WHERE id = '2'$$);
UPDATE leadroute.accounts SET id = 'one' WHERE (tenant, id) = ('acme', '1');
SELECT tenant, domain, account_id FROM leadroute.account_domains ORDER BY 1, 2;
DELETE FROM leadroute.accounts WHERE tenant = 'acme';
SELECT tenant, domain FROM leadroute.account_domains ORDER BY 1, 2;

-- Rules for some tenants. Those for one come before those for all.
INSERT INTO leadroute.queues (name, kind, tenant, manager_id) VALUES ('acme catch-all', 'catch_all', 'acme', 'art'), ('beta triage', 'triage', 'beta', 'bea');
INSERT INTO leadroute.segments (name, priority, territory, tenants) VALUES ('beta only', 1, 'world', '{beta}');
INSERT INTO leadroute.tiers (name, score, action, queue, tenants) VALUES ('triage', '[50,)', 'queue', 'beta triage', '{beta,gamma}');
INSERT INTO leadroute.tiers (name, action, tenants) VALUES ('keep warm', 'nurture', '{acme}');
INSERT INTO leadroute.sla_policies (name, priority, respond_within, tenants) VALUES ('beta fast', 1, '1 minute', '{beta}');
INSERT INTO leadroute.playbooks (name, tenants) VALUES ('beta book', '{beta}');
SELECT t AS tenant, r ->> 'segment' AS segment, r ->> 'tier' AS tier, r ->> 'queue' AS queue, r ->> 'policy' AS policy, r ->> 'playbook' AS playbook
  FROM unnest('{acme,beta,gamma,""}'::text[]) t, leadroute.preview_route(jsonb_build_object('tenant', t, 'email', 'q@q.com', 'score', 60)) r;
SELECT * FROM story.try($$INSERT INTO leadroute.tiers (name, action, tenants) VALUES ('more', 'nurture', '{delta,acme}')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.queues (name, kind, tenant) VALUES ('second', 'catch_all', 'acme')$$);
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off, tenants) VALUES ('budget', 'timing', '1 day', '{acme}'), ('budget', 'timing', '1 year', NULL);
SELECT * FROM story.try($$INSERT INTO leadroute.recycle_rules (reason, kind, tenants) VALUES ('budget', 'fit', '{acme}')$$);
INSERT INTO leadroute.accounts (tenant, id, kind, disqualified_reason, disqualified_at) SELECT t, 'cold', 'disqualified', 'budget', now() - interval '1 month' FROM unnest('{acme,beta}'::text[]) t;
INSERT INTO leadroute.account_domains (tenant, domain, account_id) VALUES ('acme', 'cold.com', 'cold'), ('beta', 'cold.com', 'cold');
SELECT t AS tenant, r ->> 'queue' AS queue FROM unnest('{acme,beta}'::text[]) t, leadroute.preview_route(jsonb_build_object('tenant', t, 'email', 'q@cold.com')) r;
DELETE FROM leadroute.tiers WHERE tenants IS NOT NULL;
-- The catch-all queue of the tenant; its manager is told, that of another is not.
UPDATE leadroute.reps SET active = false WHERE id IN ('ann', 'art');
UPDATE leadroute.queues SET manager_id = 'zoe' WHERE name = 'catch_all';
UPDATE leadroute.territories SET fallback_queue = 'beta triage';
INSERT INTO leadroute.leads (tenant, email) VALUES ('acme', 'nobody@there.com'), ('gamma', 'nobody@there.com') RETURNING tenant, queue;
SELECT n.tenant, n.kind, n.rep_id FROM leadroute.notifications n JOIN leadroute.leads l ON l.id = n.lead_id WHERE l.email = 'nobody@there.com' ORDER BY 1;
UPDATE leadroute.reps SET active = true;

-- By hand: in the row, by transfer, by claim.
SELECT id AS lead FROM leadroute.leads WHERE email = 'p1@acme.com' \gset
SELECT * FROM story.try(format($$UPDATE leadroute.leads SET owner_id = 'ben' WHERE id = %s$$, :lead));
SELECT * FROM story.try(format($$UPDATE leadroute.leads SET tenant = 'beta' WHERE id = %s$$, :lead));
SELECT * FROM story.try(format($$UPDATE leadroute.leads SET owner_id = NULL, queue = 'beta triage' WHERE id = %s$$, :lead));
SELECT * FROM story.try(format($$SELECT leadroute.transfer_lead(%s, 'ben')$$, :lead));
SELECT * FROM story.try(format($$SELECT leadroute.record_response(%s, 'ben')$$, :lead));
UPDATE leadroute.queues SET claimable = true;
SELECT * FROM story.try(format($$SELECT leadroute.claim_lead(%s, 'ben')$$, (SELECT id FROM leadroute.leads WHERE email = 'nobody@there.com' AND tenant = 'acme')));
SELECT * FROM story.try($$UPDATE leadroute.reps SET tenant = 'beta' WHERE id = 'ann'$$);

-- A key of the app is unique over all tenants; who has it is not told.
SELECT leadroute.route_lead('{"tenant": "acme", "external_id": "k1", "email": "k@k.com"}') ->> 'created' AS created;
SELECT * FROM story.try($$SELECT leadroute.route_lead('{"tenant": "beta", "external_id": "k1", "email": "k@k.com"}')$$);
INSERT INTO leadroute.leads (tenant, external_id, email) VALUES ('beta', 'k1', 'other@k.com') ON CONFLICT (external_id) DO UPDATE SET city = excluded.owner_id RETURNING tenant, owner_id = city AS shown;

-- Deliverers take those of one tenant.
UPDATE leadroute.notifications SET acked_at = now() WHERE tenant IS DISTINCT FROM 'beta';
SELECT DISTINCT payload ->> 'tenant' AS tenant FROM leadroute.take_notifications('acme app', tenant => 'acme');
SELECT DISTINCT payload ->> 'tenant' AS tenant FROM leadroute.take_notifications('beta app', tenant => 'beta');
SELECT tenant, count(*) FROM leadroute.audit_log GROUP BY 1 ORDER BY 1;
SELECT tenant, rep_id, met + breached + running = clocks AS adds_up FROM leadroute.sla_by_rep ORDER BY 1, 2;
SELECT * FROM leadroute.check_integrity();

-- Tables of the user.
CREATE TABLE story.crm (id integer PRIMARY KEY, org integer, email text, owner text);
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": "owner", "tenant": {"expression": "CASE org WHEN 1 THEN ''acme'' WHEN 2 THEN ''beta'' WHEN 9 THEN (1 / (org - 9))::text END"}}');
INSERT INTO story.crm (id, org, email) VALUES (1, 1, 'c@c.com'), (2, 2, 'c@c.com'), (3, NULL, 'c@c.com'), (4, 9, 'c@c.com'), (5, 9, 'c@c.com');
SELECT c.id, l.tenant, l.status, c.owner IN (SELECT r.id FROM leadroute.reps r WHERE r.tenant = l.tenant) AS ours, l.queue
  FROM story.crm c JOIN leadroute.leads l ON l.attached_key = c.id::text ORDER BY 1;
UPDATE story.crm SET owner = 'ben' WHERE id = 1;
SELECT l.owner_id, l.queue FROM leadroute.leads l WHERE attached_key = '1';
-- A table that keeps organisations apart, with a mapping that does not.
ALTER TABLE story.crm ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON story.crm USING (org = current_setting('app.org', true)::integer);
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": "owner"}');
SELECT key, problem FROM leadroute.config_problems WHERE "table" = 'attached_tables';
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": "owner", "tenant": "org"}');
SELECT key, problem FROM leadroute.config_problems WHERE "table" = 'attached_tables';
