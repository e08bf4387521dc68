-- The end of a lead: any lead can be closed, with what it was worth; a closed one is not routed again, an answered one stays.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('hot', '[50,)', 'pool', 'sales'), ('cold', '(,50)', 'nurture', NULL);
CREATE TABLE story.deal (id integer PRIMARY KEY, email text, score integer, owner text);
SELECT leadroute.attach('story.deal', '{"email": "email", "score": "score", "owner_id": "owner"}');
INSERT INTO leadroute.leads (email, score) VALUES ('1@a.com', 60), ('2@a.com', 60), ('3@a.com', 10), ('4@a.com', 60), ('1@a.com', 60), ('6@a.com', 60), ('7@a.com', 60);
INSERT INTO story.deal VALUES (1, 'd1@a.com', 10), (2, 'd2@a.com', 60);
CREATE VIEW story.leads AS
SELECT l.id, l.email, l.status, l.owner_id IS NOT NULL AS is_owned, l.amount, l.closed_at IS NOT NULL AS is_closed,
       (SELECT string_agg(CASE WHEN c.stopped_at IS NULL THEN 'runs' ELSE 'stopped' END, ' ') FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS clock, d.outcome, d.reason
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY l.id;
-- With a rep, in nurture, by a touch; the word is read like any other.
SELECT leadroute.close_lead(2, 'Converted', 12500.50, now() + interval '1 day') > 0 AS closed;
SELECT leadroute.close_lead(3, 'lost') > 0 AS closed;
SELECT leadroute.close_lead(5, ' DISQUALIFIED ') > 0 AS closed;
SELECT * FROM story.leads WHERE id IN (1, 2, 3, 5);
SELECT closed_at <= clock_timestamp() AS not_in_future FROM leadroute.leads WHERE id = 2;
-- Said again it is the same; another word, or another amount, counts.
SELECT leadroute.close_lead(2, 'converted') = decision_id AS same FROM leadroute.leads WHERE id = 2;
SELECT leadroute.close_lead(2, 'converted', 13000) > 0 AS again;
SELECT amount, (SELECT count(*) FROM leadroute.decisions WHERE lead_id = 2) AS decisions FROM leadroute.leads WHERE id = 2;
SELECT s.statement, t.code, regexp_replace(t.message, '\(20[^)]*\)', '(...)', 'g') AS message, t.hint FROM unnest(ARRAY[
    $$SELECT leadroute.close_lead(4, 'working')$$, $$SELECT leadroute.close_lead(4, NULL)$$, $$SELECT leadroute.close_lead(4, 'lost', -1)$$, $$SELECT leadroute.close_lead(4, 'lost', 'NaN')$$,
    $$SELECT leadroute.close_lead(4, 'lost', at => '2001-01-01')$$, $$SELECT leadroute.close_lead(99, 'lost')$$, $$SELECT leadroute.reroute_lead(2)$$]) s (statement), story.try(s.statement) t;
-- By hand: the moment is noted, and forgotten when it is open again.
UPDATE leadroute.leads SET status = 'lost' WHERE id = 4;
SELECT * FROM story.leads WHERE id = 4;
UPDATE leadroute.leads SET status = 'working' WHERE id = 4;
SELECT status, closed_at FROM leadroute.leads WHERE id = 4;
-- The person who comes again is a new lead.
INSERT INTO leadroute.leads (email, score) VALUES ('2@a.com', 60) RETURNING status, duplicate_of, closed_at, amount;
-- What an app says of the end of a new lead does not count; the row of an attached table ends its lead, in nurture too.
INSERT INTO leadroute.leads (email, score, closed_at, amount) VALUES ('8@a.com', 60, now(), 5) RETURNING closed_at, amount;
DELETE FROM story.deal;
SELECT email, status, closed_at IS NOT NULL AS is_closed FROM leadroute.leads WHERE email LIKE 'd%' ORDER BY id;
-- An answered lead stays with who answered, whoever has it by now; who has left keeps nothing.
SELECT leadroute.record_response(6, 'cid') AS answered, leadroute.record_response(7, 'cid') AS other;
SELECT (leadroute.reroute_lead(6, 'second thoughts')) ->> 'owner_id' AS owner;
SELECT reason FROM leadroute.decisions WHERE lead_id = 6 ORDER BY id DESC LIMIT 1;
SELECT (leadroute.reroute_lead(6)) ->> 'owner_id' AS owner, (SELECT count(*) FROM leadroute.decisions WHERE lead_id = 6) AS decisions;
UPDATE leadroute.reps SET active = false WHERE id = 'cid';
SELECT (leadroute.reroute_lead(7)) ->> 'owner_id' IN ('ann', 'bob') AS by_the_rules;
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;
SELECT * FROM leadroute.check_integrity();
