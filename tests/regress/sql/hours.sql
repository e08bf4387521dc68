-- Clocks that count working hours, by the calendar of whoever has the lead.
\i setup.sql
-- One desk is always open, the other tomorrow from nine to five.
INSERT INTO leadroute.schedules VALUES ('open'), ('tomorrow');
INSERT INTO leadroute.schedule_hours SELECT 'open', day, '00:00', '24:00' FROM generate_series(1, 7) day;
INSERT INTO leadroute.schedule_hours SELECT 'tomorrow', extract(isodow FROM now() AT TIME ZONE 'UTC' + interval '1 day'), '09:00', '17:00';
INSERT INTO leadroute.reps (id) VALUES ('max');
INSERT INTO leadroute.reps (id, schedule, manager_id) VALUES ('ann', 'open', 'max'), ('bob', 'tomorrow', 'max'), ('cid', NULL, 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.sla_policies (name, priority, events, respond_within, business_hours) VALUES ('office', 1, '{demo_request}', '2 hours', true);
INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES ('office', 1, '1 hour', 'reassign');
CREATE VIEW story.clock AS
SELECT l.owner_id, c.policy, c.due_at = l.sla_due_at AS same, to_char(c.due_at AT TIME ZONE 'UTC', 'HH24:MI') AS due, to_char(c.next_at AT TIME ZONE 'UTC', 'HH24:MI') AS next,
       (c.due_at AT TIME ZONE 'UTC')::date - (now() AT TIME ZONE 'UTC')::date AS days, c.due_at - c.started_at = '2 hours' AS by_the_wall
  FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id ORDER BY c.id DESC LIMIT 1;
-- The first policy by priority counts. Ann is always open, so her hours are those of the wall.
INSERT INTO leadroute.leads (email, event) VALUES ('a@acme.com', 'demo_request') RETURNING owner_id;
SELECT owner_id, policy, same, by_the_wall FROM story.clock;
-- Another owner, other hours: bob's begin tomorrow at nine; the step of the ladder counts them too.
UPDATE leadroute.leads SET owner_id = 'bob';
SELECT owner_id, policy, same, due, next, days FROM story.clock;
SELECT leadroute.transfer_lead(1, 'cid') IS NOT NULL AS moved;
SELECT owner_id, policy, same, by_the_wall FROM story.clock;
-- What is overdue stays so.
UPDATE leadroute.sla_clocks SET due_at = now() - interval '1 minute', next_at = now() - interval '1 minute';
UPDATE leadroute.leads SET owner_id = 'bob';
SELECT due_at < now() AS overdue FROM leadroute.sla_clocks;
-- The ladder does not bounce through the night: while nobody of the team is there the step waits for the first.
UPDATE leadroute.reps SET schedule = 'tomorrow';
SELECT leadroute.escalate_overdue();
SELECT owner_id, to_char(next_at AT TIME ZONE 'UTC', 'HH24:MI') AS next, steps_done, (next_at AT TIME ZONE 'UTC')::date - (now() AT TIME ZONE 'UTC')::date AS days
  FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id;
SELECT count(*) AS decisions_by_the_ladder FROM leadroute.decisions WHERE cause = 'escalation';
-- An import of old leads is not overdue at once.
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('old@acme.com', 'newsletter', '2020-01-01'), ('late@bolt.com', 'newsletter', now() - interval '3 days');
SELECT l.email, c.started_at > now() - interval '1 minute' AS starts_now FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id WHERE policy = 'low intent' ORDER BY c.id;
