-- stints: who had a lead, from when to when, and how it ended. A clock counts for whoever had the lead when its time ran out.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('max');
INSERT INTO leadroute.reps (id, manager_id) VALUES ('ann', 'max'), ('bob', 'max'), ('cid', 'max');
INSERT INTO leadroute.territories (name, manager_id) VALUES ('north', 'max');
INSERT INTO leadroute.queues (name, manager_id, claimable) VALUES ('desk', 'max', true);
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'north');
INSERT INTO leadroute.tiers (name, score, action, pool, queue) VALUES ('cold', '(,10)', 'nurture', NULL, NULL), ('slow', '[10,20)', 'queue', NULL, 'desk'), ('warm', '[20,)', 'pool', 'sales', NULL);
CREATE FUNCTION story.lead(score integer DEFAULT 50, ago interval DEFAULT '0') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO leadroute.leads (email, event, score, occurred_at) VALUES (gen_random_uuid() || '@acme.com', 'demo_request', score, now() - ago) RETURNING id $$;
-- Whoever has a lead, has it until the next does.
CREATE VIEW story.stints AS
SELECT s.lead_id AS lead, s.no, s.owner_id AS rep, s.queue, s.ended,
       s.since = coalesce(lag(s.until) OVER w, (SELECT min(d.decided_at) FROM leadroute.decisions d WHERE d.lead_id = s.lead_id)) AS follows,
       s.until >= s.since OR s.until IS NULL AND lead(s.no) OVER w IS NULL AS in_order
  FROM leadroute.stints s WINDOW w AS (PARTITION BY s.lead_id ORDER BY s.no) ORDER BY s.lead_id, s.no;
CREATE VIEW story.clocks AS
SELECT lead_id AS lead, policy, ended, stopped_at > due_at AS late, answered_by, of_rep, of_queue, of_territory, of_event FROM leadroute.sla_clocks ORDER BY id;

-- The rep on whom the time ran out has the breach, whoever answers; that one has a rescue.
SELECT story.lead(ago => '6 minutes') AS late \gset
SELECT leadroute.escalate_overdue() AS escalated;
SELECT leadroute.record_response(:late, 'bob', 'phone') AS stops;
SELECT * FROM story.stints;
SELECT * FROM story.clocks;
SELECT rep_id, clocks, met, breached, running, percent_met, rescues FROM leadroute.sla_by_rep ORDER BY 1;
SELECT territory, clocks, met, breached, rescues FROM leadroute.sla_by_territory;
-- Told later, an answer in time was one in time: for the rep who had the lead then.
SELECT story.lead(ago => '6 minutes') AS told \gset
SELECT leadroute.escalate_overdue() AS escalated;
SELECT owner_id AS now_with FROM leadroute.leads WHERE id = :told;
SELECT leadroute.record_response(:told, 'ann', 'phone', now() - interval '2 minutes') AS stops;
SELECT * FROM story.clocks WHERE lead = :told;

-- A status set by hand stops the clock then, met or late; so does the time of an answer set by hand.
SELECT story.lead() AS worked, story.lead(ago => '6 minutes') AS worked_late, story.lead() AS answered \gset
UPDATE leadroute.leads SET status = 'working' WHERE id IN (:worked, :worked_late);
UPDATE leadroute.leads SET first_response_at = now() WHERE id = :answered;
SELECT * FROM story.clocks WHERE lead IN (:worked, :worked_late, :answered);
SELECT lead, no, ended, follows, in_order FROM story.stints WHERE lead IN (:worked, :worked_late, :answered);
-- More work is no other stint, and an event that makes the buyer wait again starts another clock.
UPDATE leadroute.leads SET status = 'qualified', event = 'newsletter' WHERE id = :worked;
SELECT leadroute.record_event(:worked, 'quote_request') ->> 'action' AS action;
SELECT leadroute.escalate_overdue(as_of => now() + interval '6 minutes') AS escalated;
SELECT status, owner_id FROM leadroute.leads WHERE id = :worked;
SELECT leadroute.record_response(:worked, owner_id) AS stops FROM leadroute.leads WHERE id = :worked;
SELECT lead, no, ended, follows, in_order FROM story.stints WHERE lead = :worked;
SELECT policy, ended, late FROM story.clocks WHERE lead = :worked;

-- Routed again, the clock goes on by other rules: the rep on whom its time ran out has one breach, and who gets the lead none.
SELECT story.lead(ago => '6 minutes') AS again \gset
SELECT rep_id, breached FROM leadroute.sla_by_rep WHERE rep_id = (SELECT owner_id FROM leadroute.leads WHERE id = :again) \gset was_
UPDATE leadroute.reps SET active = false WHERE id = :'was_rep_id';
SELECT leadroute.reroute_lead(:again) ->> 'owner_id' <> :'was_rep_id' AS to_another;
SELECT lead, ended, late, of_rep = :'was_rep_id' AS of_the_first FROM story.clocks WHERE lead = :again;
SELECT rep_id = :'was_rep_id' AS is_first, breached - :was_breached AS more FROM leadroute.sla_by_rep WHERE rep_id = :'was_rep_id';
SELECT leadroute.record_response(:again, owner_id) AS stops FROM leadroute.leads WHERE id = :again;
UPDATE leadroute.reps SET active = true;
-- What was answered starts no clock when it is routed again.
UPDATE leadroute.reps SET active = false WHERE id = (SELECT owner_id FROM leadroute.leads WHERE id = :again);
SELECT leadroute.reroute_lead(:again) ->> 'owner_id' = :'was_rep_id' AS back;
SELECT ended, answered_by = :'was_rep_id' AS by_the_first FROM story.clocks WHERE lead = :again;
UPDATE leadroute.reps SET active = true;
-- Closed, merged, put away or routed again without an answer is not met; late is late.
SELECT story.lead() AS closed, story.lead() AS nurtured, story.lead() AS rerouted, story.lead(ago => '1 hour') AS lost, story.lead() AS first \gset
INSERT INTO leadroute.leads (email, phone, score, event) VALUES ('other@acme.com', '+49 30 1234567', 50, 'demo_request') RETURNING id AS twin \gset
SELECT leadroute.close_lead(:closed, 'converted') > 0 AS closed, leadroute.close_lead(:lost, 'lost') > 0 AS lost;
UPDATE leadroute.leads SET status = 'nurture', owner_id = NULL WHERE id = :nurtured;
SELECT leadroute.reroute_lead(:rerouted) ->> 'outcome' AS outcome;
UPDATE leadroute.leads l SET email = f.email, person_key = f.person_key FROM leadroute.leads f WHERE l.id = :twin AND f.id = :first;
SELECT leadroute.merge_duplicates() AS merged;
SELECT lead, ended, late, answered_by, of_territory FROM story.clocks WHERE lead >= :closed AND ended IS NOT NULL;
SELECT lead, no, queue, ended, follows, in_order, rep IS NOT NULL AS is_owned FROM story.stints WHERE lead >= :closed;
-- Open again: nobody had it meanwhile.
UPDATE leadroute.leads SET status = 'assigned' WHERE id = :lost;
SELECT no, rep IS NOT NULL AS is_owned, ended, follows, in_order FROM story.stints WHERE lead = :lost;

-- Queues: who claims a lead, who is given it, and who answers it out of the queue gets it.
SELECT story.lead(15) AS claimed, story.lead(15) AS asked, story.lead(15) AS answered, story.lead(15, '2 hours') AS rescued, story.lead(5) AS cold \gset
SELECT leadroute.claim_lead(:claimed, 'ann') > 0 AS claimed, leadroute.transfer_lead(:asked, 'bob') > 0 AS given, leadroute.transfer_lead(:asked, 'cid') > 0 AS passed_on;
SELECT open AS had FROM leadroute.rep_load WHERE rep_id = 'cid' \gset
SELECT leadroute.record_response(lead, 'cid', 'phone') AS stops FROM unnest(ARRAY[:answered, :rescued, :cold]) lead;
SELECT open - :had AS more FROM leadroute.rep_load WHERE rep_id = 'cid';
SELECT l.id = :cold AS is_cold, l.status, l.owner_id, l.queue, d.cause, d.previous_owner_id, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.id IN (:answered, :rescued, :cold) ORDER BY l.id;
SELECT lead, no, rep, queue, ended, follows, in_order FROM story.stints WHERE lead >= :claimed;
SELECT ended, late, answered_by, of_rep, of_queue FROM story.clocks WHERE lead IN (:answered, :rescued);
-- Not to who has left, nor to somebody of another tenant; an automatic reply takes nothing.
UPDATE leadroute.reps SET active = false WHERE id = 'cid';
INSERT INTO leadroute.reps (id, tenant) VALUES ('zoe', 'other');
SELECT story.lead(15) AS left, story.lead(15) AS auto \gset
SELECT leadroute.record_response(:left, 'cid') AS stops, leadroute.record_response(:auto, 'ann', 'email', meaningful => false) AS auto;
SELECT * FROM story.try(format($$SELECT leadroute.record_response(%s, 'zoe')$$, :auto));
SELECT status, owner_id, queue, first_response_at IS NOT NULL AS answered FROM leadroute.leads WHERE id IN (:left, :auto) ORDER BY id;
UPDATE leadroute.reps SET active = true WHERE id = 'cid';

-- Whom a row of an attached table names has had it from the start; a rename is no hand-over, and stints have the new name.
UPDATE leadroute.reps SET id = 'anna' WHERE id = 'ann';
SELECT count(*) FILTER (WHERE rep = 'ann') AS with_the_old_name, count(*) FILTER (WHERE rep = 'anna') > 0 AS with_the_new, bool_and(follows AND in_order) AS in_order FROM story.stints;
SELECT rep_id, rescues FROM leadroute.sla_by_rep ORDER BY 1;
-- Nor does a new name make the ladder forget who had a lead, or take somebody else for them who has the old one now.
SELECT story.lead(ago => '6 minutes') AS renamed \gset
SELECT leadroute.transfer_lead(:renamed, 'anna') IS NOT NULL AS of_anna;
UPDATE leadroute.reps SET id = 'annie' WHERE id = 'anna';
INSERT INTO leadroute.reps (id) VALUES ('anna');
UPDATE leadroute.reps SET manager_id = NULL;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT owner_id FROM leadroute.leads WHERE id = :renamed;
UPDATE leadroute.reps SET id = 'bobby' WHERE id = 'bob';
INSERT INTO leadroute.reps (id) VALUES ('bob');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'bob');
UPDATE leadroute.sla_clocks SET steps_done = 0, next_at = due_at WHERE lead_id = :renamed;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT owner_id FROM leadroute.leads WHERE id = :renamed;
SELECT no, owner_id, ended FROM leadroute.stints WHERE lead_id = :renamed ORDER BY 1;
SELECT rep_id FROM leadroute.sla_by_rep ORDER BY 1;
DELETE FROM leadroute.pool_members WHERE rep_id = 'bob';
UPDATE leadroute.reps SET manager_id = 'max' WHERE id <> 'max' AND tenant = '';

-- One row for each clock in speed_to_lead. A response that came before a newer event is none to that; one that is up to a
-- minute before what the buyer did is taken.
INSERT INTO leadroute.leads (email, event, score, occurred_at) VALUES ('slow@acme.com', 'newsletter', 50, now() - interval '20 minutes') RETURNING id AS twice \gset
SELECT leadroute.record_event(:twice, 'demo_request', now() - interval '3 minutes') ->> 'action' AS action;
SELECT leadroute.record_response(:twice, 'bobby', 'email', now() - interval '10 minutes') AS stops;
SELECT status FROM leadroute.leads WHERE id = :twice;
SELECT event, intent, ended, first_response_at IS NULL AS waits, date_trunc('minute', time_to_response) AS time_to_response FROM leadroute.speed_to_lead WHERE lead_id = :twice ORDER BY clock_id;
SELECT leadroute.record_response(:twice, 'bobby', 'email', now() - interval '3 minutes 30 seconds') AS stops;
SELECT event, intent, ended, answered_by, channel, date_trunc('minute', time_to_response) AS time_to_response, is_breached FROM leadroute.speed_to_lead WHERE lead_id = :twice ORDER BY clock_id;
SELECT story.lead() AS early \gset
SELECT code FROM story.try(format($$SELECT leadroute.record_response(%s, 'bobby', 'phone', now() - interval '61 seconds')$$, :early));
SELECT leadroute.record_response(:early, 'bobby', 'phone', now() - interval '50 seconds') AS stops;
SELECT time_to_response FROM leadroute.speed_to_lead WHERE lead_id = :early;
-- An answer that is told after its clock has ended in another way, or by a later answer, ended it all the same.
SELECT story.lead(ago => '10 minutes') AS late, story.lead(ago => '4 minutes') AS was_closed \gset
SELECT leadroute.record_response(:late, 'bobby') AS stops, leadroute.close_lead(:was_closed, 'lost') > 0 AS closed;
SELECT leadroute.record_response(lead, 'cid', 'phone', now() - interval '3 minutes') AS stops_a_running_one FROM unnest(ARRAY[:late, :was_closed]) lead;
UPDATE leadroute.sla_clocks SET due_at = started_at + interval '8 minutes' WHERE lead_id = :late;
SELECT leadroute.record_response(:late, 'annie', 'phone', now() - interval '5 minutes') AS stops_a_running_one;
SELECT lead = :late AS is_late, ended, late, answered_by FROM story.clocks WHERE lead IN (:late, :was_closed);
-- A ladder that has ended does not end the clock.
DELETE FROM leadroute.escalation_steps;
SELECT story.lead(ago => '6 minutes') AS waits \gset
UPDATE leadroute.sla_clocks SET next_at = due_at WHERE lead_id = :waits;
SELECT leadroute.escalate_overdue() AS escalated;
SELECT stopped_at, next_at, steps_done FROM leadroute.sla_clocks WHERE lead_id = :waits;
SELECT clocks, met, breached, running FROM leadroute.sla_by_territory;
-- Whatever happened: each clock that has ended did so in one way, and no time is negative.
SELECT count(*) FILTER (WHERE (stopped_at IS NULL) <> (ended IS NULL)) AS half_ended, count(*) FILTER (WHERE stopped_at < started_at) AS before_it_started FROM leadroute.sla_clocks;
SELECT count(*) AS negative FROM leadroute.speed_to_lead WHERE time_to_response < '0' OR time_to_route < '0';
SELECT * FROM leadroute.check_integrity();
DELETE FROM leadroute.leads;
SELECT count(*) AS left_over FROM leadroute.past_stints;
