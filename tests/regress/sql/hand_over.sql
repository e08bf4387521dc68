-- hand_over_leads: whoever leaves hands over all open leads, by the rules, as if nobody of that name were there.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id) VALUES ('max'), ('dee');
INSERT INTO leadroute.reps (id, manager_id, backup_id) VALUES ('ann', 'max', 'dee'), ('bob', 'max', NULL);
INSERT INTO leadroute.queues (name, manager_id) VALUES ('desk', 'max');
INSERT INTO leadroute.pools (name, fallback_queue) VALUES ('sales', 'desk');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'desk');
INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('cold', '(,10)', 'nurture', NULL), ('warm', '[10,)', 'pool', 'sales');
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'ann');
INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme');
CREATE TABLE story.deal (id integer PRIMARY KEY, email text, score integer, owner text);
SELECT leadroute.attach('story.deal', '{"email": "email", "score": "score", "owner_id": "owner"}');
INSERT INTO leadroute.leads (email, score, event) VALUES ('1@a.com', 50, 'demo_request'), ('2@a.com', 50, 'demo_request'), ('3@a.com', 50, 'demo_request'), ('4@a.com', 50, NULL), ('5@a.com', 50, NULL),
    ('6@acme.com', 50, 'demo_request'), ('1@a.com', 50, 'demo_request');
INSERT INTO story.deal VALUES (1, 'd1@a.com', 50);
SELECT leadroute.record_response(2, 'ann', 'phone');
UPDATE leadroute.leads SET status = 'qualified' WHERE id = 2;
UPDATE leadroute.leads SET status = 'working' WHERE id = 3;
SELECT leadroute.close_lead(4, 'lost') > 0 AS closed;
UPDATE leadroute.leads SET score = 1 WHERE id = 5;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'bob');
CREATE VIEW story.leads AS
SELECT l.id, l.status, l.owner_id, l.queue, d.cause, d.layer, d.previous_owner_id AS previous, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY l.id;
SELECT id, status, owner_id FROM story.leads;
CREATE TABLE story.clocks_before AS SELECT * FROM leadroute.sla_clocks;
SELECT max(id) AS told FROM leadroute.notifications \gset

-- A sales tool may; the oldest first, at most batch.
CREATE ROLE desk_tool;
SELECT leadroute.grant_role('sales_tool', 'desk_tool');
SET ROLE desk_tool;
SELECT leadroute.hand_over_leads('ann', batch => 1) AS handed_over;
SELECT leadroute.hand_over_leads('ann', 'parental leave') AS handed_over;
SELECT leadroute.hand_over_leads('ann') AS again;
RESET ROLE;
-- By account and backup, or by the pool; what somebody had does not go to nurture, and work that was begun goes on. What is
-- closed stays where it is, and touches follow.
SELECT * FROM story.leads;
SELECT id, owner FROM story.deal;
-- Clocks go on, and none starts; the new owners are told, loads have moved.
SELECT count(*) AS clocks, count(*) FILTER (WHERE c IS DISTINCT FROM b) AS changed FROM leadroute.sla_clocks c FULL JOIN story.clocks_before b USING (id);
SELECT lead_id, kind, rep_id, queue FROM leadroute.notifications WHERE id > :told ORDER BY id;
SELECT rep_id, open, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS is_right FROM leadroute.rep_load ORDER BY 1;
SELECT lead_id, no, owner_id, ended FROM leadroute.stints WHERE lead_id IN (1, 3, 6) ORDER BY 1, 2;
-- Nobody is left: the fallback queue of the pool, whose manager hears of it. From there a lead goes on as any other.
UPDATE leadroute.reps SET active = false WHERE id = 'ann';
SELECT leadroute.hand_over_leads('bob') AS handed_over;
SELECT id, status, owner_id, queue, reason FROM story.leads WHERE queue = 'desk';
SELECT kind, rep_id, queue, count(*) FROM leadroute.notifications WHERE decision_id IN (SELECT decision_id FROM leadroute.leads WHERE queue = 'desk') GROUP BY 1, 2, 3;
-- Whoever has handed over everything, and is in no rule, can be deleted.
DELETE FROM leadroute.leads WHERE id = 4;
DELETE FROM leadroute.pool_members WHERE rep_id = 'bob';
DELETE FROM leadroute.reps WHERE id = 'bob';
UPDATE leadroute.reps SET active = true;
-- Bad input.
SELECT * FROM story.try($$SELECT leadroute.hand_over_leads('zoe')$$);
SELECT * FROM story.try($$SELECT leadroute.hand_over_leads(NULL)$$);
SELECT * FROM story.try($$SELECT leadroute.hand_over_leads('ann', batch => 0)$$);
-- One that cannot go does not hold up the others.
CREATE FUNCTION story.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lead % is sacred', NEW.id; END $$;
INSERT INTO leadroute.leads (email, score) VALUES ('9@a.com', 50), ('10@a.com', 50), ('11@a.com', 50) RETURNING owner_id;
CREATE TRIGGER refuse BEFORE UPDATE ON leadroute.leads FOR EACH ROW WHEN (NEW.email = '10@a.com') EXECUTE FUNCTION story.refuse();
SELECT leadroute.hand_over_leads('ann') AS handed_over;
SELECT email, owner_id, queue FROM leadroute.leads WHERE email LIKE '%1_@a.com' OR email = '9@a.com' ORDER BY id;
SELECT * FROM leadroute.check_integrity();
SELECT leadroute.revoke_role('sales_tool', 'desk_tool');
DROP ROLE desk_tool;
