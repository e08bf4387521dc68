-- explain_lead(): the life of a lead in words, routing first. leads.decision_id is the decision that placed the lead: reminders,
-- answers, clocks that start anew and events that move nothing do not replace it. explain_decision() says how far each candidate
-- was behind, and when it is their turn.
\i setup.sql
CREATE FUNCTION story.life(lead bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_split_to_table(regexp_replace(regexp_replace(leadroute.explain_lead(lead), '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC', 'TIME', 'g'),
                                                '\d+ h \d+ min|\d+ (s|min)\M', 'SOME TIME', 'g'), '\n') $$;
CREATE FUNCTION story.placed(lead bigint) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s of %s: %s', (SELECT count(*) FROM leadroute.decisions e WHERE e.lead_id = l.id AND e.id <= d.id), (SELECT count(*) FROM leadroute.decisions e WHERE e.lead_id = l.id), d.reason)
      FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.id = lead $$;
INSERT INTO leadroute.reps (id, name) VALUES ('max', 'Max');
INSERT INTO leadroute.reps (id, name, manager_id) VALUES ('ann', 'Ann', 'max'), ('bob', '', 'max'), ('cyd', '', 'max');
INSERT INTO leadroute.pools (name) VALUES ('pool');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('pool', 'ann', 4), ('pool', 'bob', 1), ('pool', 'cyd', 1);
INSERT INTO leadroute.territories (name) VALUES ('everywhere');
INSERT INTO leadroute.segments (name, territory, sources) VALUES ('all', 'everywhere', '{web}');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('warm', '[0,)', 'pool', 'pool'), ('cold', '(,0)', 'nurture', NULL);
INSERT INTO leadroute.sla_policies (name, priority, respond_within) VALUES ('quick', 1, '2 hours');
INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES ('quick', 1, '0', 'remind'), ('quick', 2, '1 hour', 'reassign');
INSERT INTO leadroute.accounts (id, name, named, owner_id) VALUES ('acme', 'Acme Ltd', true, 'cyd');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');

-- how far behind, and when
INSERT INTO leadroute.leads (email, first_name, company, country, source, event) VALUES ('eve@a.com', 'Eve', 'A', 'FR', 'web', 'whitepaper');
SELECT * FROM story.explain(1) e WHERE e LIKE '%eligible%';
-- what moves nothing
SELECT leadroute.escalate_overdue(as_of => now() + interval '2 hours 1 minute') AS reminded;
SELECT story.placed(1);
SELECT leadroute.record_event(1, 'webinar', now()) ->> 'action' AS cooler, leadroute.record_event(1, 'demo_request', now()) ->> 'action' AS hotter;
SELECT story.placed(1);
INSERT INTO leadroute.leads (email, source, event) VALUES ('Eve+again@a.com', 'web', 'webinar');
SELECT story.placed(1);
SELECT leadroute.record_response(1, 'max', 'auto', meaningful => false), leadroute.record_response(1, 'bob', 'phone');
SELECT story.placed(1);
-- so its turn can still be given back by it
SELECT leadroute.return_turn(decision_id, 'test') FROM leadroute.leads WHERE id = 1;
-- what moves it
SELECT leadroute.transfer_lead(1, 'cyd', 'knows them') > 0 AS moved;
SELECT story.placed(1);
-- a form that saves the row as it was before the answer
SELECT first_response_at IS NOT NULL AS answered FROM leadroute.leads WHERE id = 1;
UPDATE leadroute.leads SET first_response_at = NULL, first_name = 'Eva' WHERE id = 1 RETURNING first_name, first_response_at IS NOT NULL AS answered;
CREATE ROLE story_orm;
GRANT SELECT, UPDATE ON leadroute.leads TO story_orm;
SET ROLE story_orm;
UPDATE leadroute.leads SET first_response_at = NULL, first_name = 'Evi' WHERE id = 1 RETURNING first_name, first_response_at IS NOT NULL AS answered;
RESET ROLE;
SELECT leadroute.close_lead(1, 'converted', 1200) > 0 AS closed;
SELECT * FROM story.life(1);
SELECT * FROM story.life(2);

-- in a queue, in nurture, of an account that is gone, while routing was off, of nobody known
INSERT INTO leadroute.leads (email, source, score) VALUES ('a@q.com', 'paper', 1), ('b@n.com', 'web', -1), ('c@acme.com', 'web', 1);
DELETE FROM leadroute.account_domains;
DELETE FROM leadroute.accounts;
SELECT * FROM story.life(3);
SELECT * FROM story.life(4);
SELECT * FROM story.life(5);
SET leadroute.enabled = off;
INSERT INTO leadroute.leads DEFAULT VALUES;
RESET leadroute.enabled;
SELECT * FROM story.life(6);
SELECT leadroute.explain_lead(NULL) IS NULL AS nothing;
SELECT * FROM story.try('SELECT leadroute.explain_lead(99)');
-- times are those of the session
SET timezone = 'Asia/Tokyo';
SELECT leadroute.explain_lead(3) LIKE '% JST %' AS in_tokyo;
RESET timezone;
-- whoever may not read leads may not read their lives
SET ROLE story_orm;
SELECT leadroute.explain_lead(3);
RESET ROLE;
DROP OWNED BY story_orm;
DROP ROLE story_orm;
