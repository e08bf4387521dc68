-- account_team: a lead of a customer or a named account never goes to a stranger while somebody who answers for the account works here.
-- Who is absent is replaced; who is only off duty keeps the lead unless a backup is on duty.
\i setup.sql
\pset format unaligned
\pset tuples_only on
INSERT INTO leadroute.schedules (name) VALUES ('never now'), ('always');
INSERT INTO leadroute.schedule_hours (schedule, weekday, opens, closes)
SELECT 'never now', extract(isodow FROM now() + interval '2 days'), '09:00', '10:00';
INSERT INTO leadroute.reps (id, name) VALUES ('max', 'Max'), ('ann', 'Ann');
INSERT INTO leadroute.reps (id, name, manager_id) VALUES ('ben', 'Ben', NULL), ('cora', 'Cora', 'max'), ('olaf', 'Olaf', 'max');
UPDATE leadroute.reps SET backup_id = 'ben' WHERE id = 'olaf';
INSERT INTO leadroute.territories (name, manager_id) VALUES ('emea', 'max');
INSERT INTO leadroute.pools (name, when_all_away) VALUES ('sales', 'hold');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, territory, countries) VALUES ('dach', 'emea', '{DE}');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('warm', '[0,)', 'pool', 'sales'), ('cold', '(,0)', 'nurture', NULL);
INSERT INTO leadroute.sla_policies (name, priority, segments, respond_within, business_hours) VALUES ('dach', 1, '{dach}', '1 hour', true);
INSERT INTO leadroute.playbooks (name, segments) VALUES ('dach', '{dach}');
INSERT INTO leadroute.accounts (id, kind, named, owner_id, csm_id) VALUES ('acme', 'prospect', true, 'olaf', 'cora'), ('shop', 'customer', false, 'olaf', 'cora');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme'), ('shop.com', 'shop');

CREATE FUNCTION pg_temp.asked(domain text, score integer DEFAULT 0) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(': ', coalesce(a ->> 'owner_id', a ->> 'queue', a ->> 'outcome'), a ->> 'reason')
      FROM leadroute.preview_route(jsonb_build_object('email', 'ada@' || domain, 'country', 'DE', 'score', score)) a $$;

-- On duty: the owner of a named account, the customer success manager of a customer.
SELECT pg_temp.asked('acme.com'); SELECT pg_temp.asked('shop.com');
-- Off duty: their backup, else they keep it.
UPDATE leadroute.reps SET schedule = 'never now' WHERE id IN ('olaf', 'cora');
SELECT pg_temp.asked('acme.com'); SELECT pg_temp.asked('shop.com');
UPDATE leadroute.reps SET presence = 'offline' WHERE id = 'ben';
SELECT pg_temp.asked('acme.com');
-- Absent: the other role, the manager; who is off duty once nobody is on duty.
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('olaf', tstzrange(now() - interval '1 day', now() + interval '1 day'), 'pto');
SELECT pg_temp.asked('acme.com');
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'max';
SELECT pg_temp.asked('acme.com');
-- The first who comes back, where all are absent.
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('cora', tstzrange(now() - interval '1 day', now() + interval '1 month'), 'sick');
SELECT pg_temp.asked('acme.com'); SELECT pg_temp.asked('shop.com');

-- Policies choose otherwise, by kind.
INSERT INTO leadroute.account_policies (kind, when_all_away) VALUES ('Prospect', 'segment');
SELECT pg_temp.asked('acme.com'); SELECT pg_temp.asked('shop.com');
DELETE FROM leadroute.absences;
INSERT INTO leadroute.account_policies (kind, when_off_duty) VALUES ('customer', 'Replace');
UPDATE leadroute.reps SET presence = 'online' WHERE id IN ('max', 'ben');
SELECT pg_temp.asked('shop.com');
DELETE FROM leadroute.account_policies;
INSERT INTO leadroute.account_policies (kind, when_off_duty) VALUES ('customer', 'sleep');

-- An account without anybody active: the segments, named in coverage_gaps, and still no nurture.
UPDATE leadroute.reps SET active = false WHERE id IN ('olaf', 'cora', 'ben', 'max');
SELECT pg_temp.asked('acme.com'); SELECT pg_temp.asked('shop.com', -1); SELECT pg_temp.asked('else.com', -1);
SELECT key, gap FROM leadroute.coverage_gaps WHERE "table" = 'accounts' ORDER BY key, gap;
UPDATE leadroute.reps SET active = true;

-- The lead carries the segment and the territory that it would match; the policy for the segment counts the hours of the owner.
UPDATE leadroute.reps SET presence = 'offline' WHERE id = 'ben';
INSERT INTO leadroute.leads (email, country) VALUES ('ada@acme.com', 'DE')
RETURNING owner_id, segment, territory, playbook, pool, sla_due_at > now() + interval '1 day' AS due_when_they_work;

-- A held lead asks again when it is dealt out.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'ann';
INSERT INTO leadroute.leads (email, country) VALUES ('eve@late.com', 'DE'), ('eve@other.com', 'DE') RETURNING id, owner_id, queue, held;
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('late', true, 'max');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('late.com', 'late');
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'ann';
SELECT leadroute.assign_queued();
SELECT l.id, l.owner_id, l.account_id, l.pool, l.segment, d.layer, d.reason
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.email LIKE 'eve@%' ORDER BY l.id;
