-- events: what a buyer does after the lead is there.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('cold', '(,10)', 'nurture', NULL), ('warm', '[10,)', 'pool', 'sales');
INSERT INTO leadroute.playbooks (name, events) VALUES ('call at once', '{demo_request}');
INSERT INTO leadroute.leads (email, event, score) VALUES ('a@acme.com', 'newsletter', 50), ('b@bolt.com', 'newsletter', 1), ('c@corp.com', 'demo_request', 50);
SELECT id, status, owner_id FROM leadroute.leads ORDER BY id;
CREATE FUNCTION story.event(lead bigint, event text, at timestamptz DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT leadroute.record_event(lead, event, at, '{"page": "pricing"}') - 'sla_due_at' $$;
CREATE VIEW story.clocks AS SELECT lead_id, policy, due_at - started_at AS within, stopped_at IS NULL AS runs FROM leadroute.sla_clocks ORDER BY id;

-- As eager as before, or less: it is logged. The owner stays.
SELECT story.event(1, 'Content_Download');
SELECT story.event(3, 'webinar');
TABLE story.clocks;
-- Hotter: the clock starts anew by the policy for the new event, and the owner is told.
SELECT story.event(1, 'demo_request', now() - interval '1 minute');
TABLE story.clocks;
SELECT event, occurred_at < now() - interval '50 seconds' AS acted_then, sla_due_at - occurred_at AS within, owner_id FROM leadroute.leads WHERE id = 1;
SELECT kind, rep_id FROM leadroute.notifications WHERE lead_id = 1 ORDER BY id;
-- Also after it was answered; the new clock has a ladder of its own.
SELECT leadroute.record_response(1, 'ann');
INSERT INTO leadroute.event_types (name, intent) VALUES ('ping', 'low');
UPDATE leadroute.leads SET event = 'ping' WHERE id = 1;
SELECT story.event(1, 'trial_signup');
SELECT leadroute.escalate_overdue(as_of => now() + interval '20 minutes');
SELECT cause, previous_owner_id, owner_id FROM leadroute.decisions WHERE lead_id = 1 ORDER BY id;
-- Nobody works on a lead in nurture: it is routed, by score as ever.
SELECT story.event(2, 'demo_request');
UPDATE leadroute.leads SET score = 70, event = 'newsletter' WHERE id = 2;
SELECT story.event(2, 'demo_request');
SELECT cause, outcome, reason FROM leadroute.decisions WHERE lead_id = 2 ORDER BY id;
-- A closed lead comes back as a new one, routed as a form would be.
UPDATE leadroute.leads SET status = 'lost' WHERE id = 3;
SELECT story.event(3, 'quote_request');
SELECT id, email, event, status, owner_id FROM leadroute.leads WHERE email = 'c@corp.com' ORDER BY id;
SELECT lead_id, event, intent, action, details FROM leadroute.lead_events ORDER BY id;
-- A response to what came before the event, told late, is noted; the clock of the event goes on.
INSERT INTO leadroute.leads (email, event, score, occurred_at) VALUES ('d@dash.com', 'newsletter', 50, now() - interval '20 minutes') RETURNING id;
SELECT story.event(5, 'demo_request', now() - interval '2 minutes') ->> 'action' AS action;
SELECT leadroute.record_response(5, 'ann', 'email', now() - interval '10 minutes') AS stopped_a_clock;
SELECT policy, runs FROM story.clocks WHERE lead_id = 5;
SELECT leadroute.record_response(5, 'ann', 'phone') AS stopped_a_clock;
SELECT policy, runs FROM story.clocks WHERE lead_id = 5;
SELECT code FROM story.try($$SELECT leadroute.record_response(5, 'ann', 'phone', now() - interval '1 hour')$$);
-- Bad input.
SELECT * FROM story.try($$SELECT leadroute.record_event(99, 'demo_request')$$);
SELECT * FROM story.try($$SELECT leadroute.record_event(1, ' ')$$);
SELECT * FROM story.try($$SELECT leadroute.record_event(1, NULL)$$);
SELECT leadroute.record_event(1, 'something new', 'infinity') ->> 'intent' AS unknown_counts_as;
SELECT occurred_at <= now() + interval '1 minute' AS now FROM leadroute.lead_events ORDER BY id DESC LIMIT 1;

-- A time that cannot be is now, and whoever reads the views is not stopped by one that somebody wrote by hand.
INSERT INTO leadroute.leads (email) VALUES ('ever@late.com') RETURNING id AS late \gset
SELECT leadroute.record_event(:late, 'demo_request', t::timestamptz) ->> 'action' AS action FROM unnest('{-infinity,infinity}'::text[]) t;
SELECT isfinite(occurred_at) AS finite FROM leadroute.leads WHERE id = :late;
UPDATE leadroute.leads SET occurred_at = '-infinity' WHERE id = :late;
UPDATE leadroute.sla_clocks SET due_at = 'infinity' WHERE lead_id = :late;
SELECT time_to_route, time_to_response FROM leadroute.speed_to_lead WHERE lead_id = :late;
SELECT count(*) > 0 AS counted FROM leadroute.speed_percentiles;
SELECT code FROM story.try($$INSERT INTO leadroute.responses (lead_id, rep_id, at, meaningful) VALUES (1, 'x', 'infinity', true)$$);
