-- escalate_overdue: the next step of the SLA ladder for leads that nobody answered in time.
\i setup.sql
INSERT INTO leadroute.reps (id, manager_id) VALUES ('max', NULL), ('nora', NULL);
INSERT INTO leadroute.reps (id, manager_id) VALUES ('ann', 'max'), ('bob', NULL), ('cid', NULL);
INSERT INTO leadroute.queues (name, manager_id) VALUES ('north', 'nora');
INSERT INTO leadroute.territories (name, manager_id, fallback_queue) VALUES ('north', 'nora', 'north');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'north');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
-- The ladder of high intent, as it is shipped: answer within 5 minutes, else the next rep, 5 minutes later the manager.
SELECT name, respond_within, step, after, action
  FROM leadroute.sla_policies p JOIN leadroute.escalation_steps s ON s.policy = p.name WHERE name = 'high intent' ORDER BY step;

INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('ada@acme.com', 'demo_request', now() - interval '1 hour')
RETURNING id, owner_id, sla_due_at - occurred_at AS within;
SELECT policy, due_at - started_at AS within, next_at = due_at AS next_when_due FROM leadroute.sla_clocks;
-- Not before it is due.
SELECT leadroute.escalate_overdue(as_of => now() - interval '56 minutes') AS escalated;
-- To the next rep of the pool, who is told; never to one who had the lead.
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id FROM leadroute.leads;
SELECT story.explain(1);
SELECT cause, layer, owner_id, previous_owner_id, reason FROM leadroute.decisions ORDER BY id;
-- Then to the manager: bob has none, so it is the territory's.
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id FROM leadroute.leads;
-- The ladder has an end.
SELECT leadroute.escalate_overdue() AS escalated;
SELECT leadroute.escalate_overdue(as_of => 'infinity') AS escalated;
SELECT kind, rep_id, queue FROM leadroute.notifications ORDER BY id;
SELECT steps_done, next_at, stopped_at FROM leadroute.sla_clocks;
-- The views tell the story.
SELECT lead_id, email, policy, overdue_by > '54 minutes' AS late, previous_owner_id, owner_id, queue, reason FROM leadroute.escalations ORDER BY decision_id;
SELECT cause, layer, outcome, previous_owner_id, owner_id, is_current FROM leadroute.audit_log ORDER BY decision_id;
-- A turn was taken for the lead that bob got.
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY 1;

-- With nobody left in the pool the first step goes to the owner's manager.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'bob';
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('ben@acme.com', 'demo_request', now() - interval '6 minutes') RETURNING id, owner_id;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT story.explain(2);
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'bob';

-- Leads that were answered or closed are left alone, for ever.
INSERT INTO leadroute.leads (email, event, occurred_at)
SELECT 'c' || n || '@acme.com', 'demo_request', now() - interval '1 hour' FROM generate_series(1, 3) n RETURNING id;
UPDATE leadroute.leads SET first_response_at = now() WHERE id = 3;
UPDATE leadroute.leads SET status = 'working' WHERE id = 4;
UPDATE leadroute.leads SET status = 'lost' WHERE id = 5;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT count(*) FROM leadroute.escalations WHERE lead_id IN (3, 4, 5);
SELECT lead_id, stopped_at IS NOT NULL AS stopped FROM leadroute.sla_clocks WHERE lead_id IN (3, 4, 5) ORDER BY 1;

-- A batch is what is most overdue first.
INSERT INTO leadroute.leads (email, event, occurred_at)
SELECT 'd' || n || '@acme.com', 'demo_request', now() - n * interval '1 hour' FROM generate_series(1, 5) n;
SELECT leadroute.escalate_overdue(2) AS escalated;
SELECT l.email, count(e) AS steps FROM leadroute.leads l LEFT JOIN leadroute.escalations e ON e.lead_id = l.id
 WHERE l.email LIKE 'd_@acme.com' GROUP BY 1 ORDER BY 1;
SELECT leadroute.escalate_overdue(batch => 1000) AS escalated;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT l.email, count(e) AS steps FROM leadroute.leads l LEFT JOIN leadroute.escalations e ON e.lead_id = l.id
 WHERE l.email LIKE 'd_@acme.com' GROUP BY 1 ORDER BY 1;
SELECT * FROM story.try('SELECT leadroute.escalate_overdue(0)');
SELECT leadroute.escalate_overdue(NULL) IS NULL AS null_is_null;

-- A ladder of one's own: remind, then a queue, whose manager hears of it.
INSERT INTO leadroute.event_types VALUES ('call', 'high');
INSERT INTO leadroute.sla_policies (name, events, respond_within) VALUES ('calls', '{call}', '1 minute');
INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES ('calls', 1, '0', 'remind'), ('calls', 2, '1 minute', 'queue');
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('eva@acme.com', 'call', now() - interval '10 minutes') RETURNING id, owner_id;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id, queue FROM leadroute.leads WHERE email = 'eva@acme.com';
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id, queue FROM leadroute.leads WHERE email = 'eva@acme.com';
SELECT kind, rep_id, queue FROM leadroute.notifications WHERE lead_id = 11 ORDER BY id;
-- A reminder is no hand-over: whoever has the lead has it by the decision that placed it, and goes on.
SELECT e.step, e.action, e.previous_owner_id IS NOT DISTINCT FROM e.owner_id AS stays, e.reason, s.ended
  FROM leadroute.escalations e LEFT JOIN leadroute.stints s ON s.lead_id = e.lead_id AND s.no = e.step - 1 WHERE e.lead_id = 11 ORDER BY e.decision_id;
SELECT DISTINCT step, action FROM leadroute.escalations ORDER BY 1, 2;
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('eve@acme.com', 'call', now() - interval '10 minutes') RETURNING id AS reminded, owner_id, routed_at, decision_id \gset
UPDATE leadroute.leads SET status = 'qualified' WHERE id = :reminded;
UPDATE leadroute.leads SET event = 'newsletter' WHERE id = :reminded;
SELECT leadroute.record_event(:reminded, 'call', now() - interval '90 seconds') ->> 'action' AS action;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id = :'owner_id' AND routed_at = :'routed_at' AND decision_id = :decision_id AS as_before, (SELECT count(*) FROM leadroute.stints WHERE lead_id = :reminded) AS stints
  FROM leadroute.leads WHERE id = :reminded;
-- Without a ladder nobody climbs.
DELETE FROM leadroute.escalation_steps WHERE policy = 'calls';
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('fay@acme.com', 'call', now() - interval '10 minutes') RETURNING id, owner_id;
SELECT leadroute.escalate_overdue(as_of => 'infinity') >= 0 AS done;
SELECT count(*) AS steps FROM leadroute.escalations WHERE email = 'fay@acme.com';
-- A lead that waits in a queue is overdue as well: nobody owns it, so the manager gets it.
UPDATE leadroute.reps SET active = false WHERE id IN ('ann', 'bob', 'cid');
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('gil@acme.com', 'demo_request', now() - interval '6 minutes') RETURNING id, queue;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT status, owner_id, queue FROM leadroute.leads WHERE email = 'gil@acme.com';
-- Times to come may be asked for, and are told alike.
DELETE FROM leadroute.leads;
INSERT INTO leadroute.leads (email, event) VALUES ('hal@acme.com', 'demo_request') RETURNING id;
SELECT leadroute.escalate_overdue(as_of => now() + interval '4 minutes') AS escalated;
SELECT leadroute.escalate_overdue(as_of => now() + interval '6 minutes') AS escalated;
SELECT policy, owner_id FROM leadroute.escalations WHERE email = 'hal@acme.com';

-- An error that one lead makes does not stop the others. It is told, and that lead waits a minute, so that it is not
-- the first of every batch.
DELETE FROM leadroute.leads;
SELECT sum(received) AS turns_before FROM leadroute.pool_fairness \gset
UPDATE leadroute.reps SET active = true;
CREATE FUNCTION story.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = 'raise' THEN
        RAISE EXCEPTION 'lead % is sacred', NEW.email;
    END IF;
    PERFORM pg_sleep(60);
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON leadroute.leads FOR EACH ROW WHEN (NEW.email LIKE 'i%') EXECUTE FUNCTION story.refuse('raise');
INSERT INTO leadroute.leads (email, event, occurred_at)
VALUES ('ian@acme.com', 'demo_request', now() - interval '9 hours'), ('jan@acme.com', 'demo_request', now() - interval '8 hours'),
       ('ivy@acme.com', 'demo_request', now() - interval '7 hours'), ('kim@acme.com', 'demo_request', now() - interval '6 hours'),
       ('lou@acme.com', 'demo_request', now() - interval '5 hours');
SELECT leadroute.escalate_overdue(1) AS escalated;
SELECT leadroute.escalate_overdue(3) AS escalated;
SELECT email, (SELECT count(*) FROM leadroute.escalations e WHERE e.lead_id = l.id) AS steps, c.steps_done,
       c.next_at BETWEEN now() + interval '55 seconds' AND now() + interval '61 seconds' AS waits_a_minute, c.stopped_at
  FROM leadroute.leads l JOIN leadroute.sla_clocks c ON c.lead_id = l.id ORDER BY 1;
-- Each has the decisions, notifications and turns that came true, and no other.
SELECT email, count(d.id) AS decisions, count(n.id) AS notifications
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.lead_id = l.id JOIN leadroute.notifications n ON n.decision_id = d.id GROUP BY 1 ORDER BY 1;
SELECT sum(received) - :turns_before = (SELECT count(*) FROM leadroute.decisions WHERE trace @> '[{"layer": "distribution", "decided": true}]') AS turns_are_decisions
  FROM leadroute.pool_fairness;
-- In time it is tried again.
ALTER TABLE leadroute.leads DISABLE TRIGGER refuse;
SELECT leadroute.escalate_overdue(as_of => now() + interval '2 minutes') >= 2 AS escalated;
SELECT email, count(*) AS steps FROM leadroute.escalations WHERE email LIKE 'i%' GROUP BY 1 ORDER BY 1;
-- A cancel is a cancel.
CREATE TRIGGER dawdle BEFORE UPDATE ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.refuse('sleep');
SET statement_timeout = '200ms';
SELECT leadroute.escalate_overdue(as_of => 'infinity');
RESET statement_timeout;
