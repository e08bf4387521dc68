-- What a row of an attached table says of its life when it comes.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'bob@us.com'), ('gone', 'gone@us.com');
UPDATE leadroute.reps SET active = false WHERE id = 'gone';
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.territories (name) VALUES ('world');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'world');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
CREATE TABLE story.deal (id integer PRIMARY KEY, email text, owner text, stage text, kind text, answer_by timestamptz);
SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": {"column": "owner", "rep": "email", "nobody": "nobody"}, "sla_due_at": "answer_by",
    "when": {"expression": "kind <> ''contact''"},
    "status": {"expression": "CASE stage WHEN ''won'' THEN ''converted'' WHEN ''dead'' THEN ''lost'' WHEN ''talking'' THEN ''working'' WHEN ''bad'' THEN (1 / length(kind) / (length(kind) - 4))::text END"}}');
CREATE VIEW story.leads AS
SELECT d.id, d.owner, l.status, l.owner_id, l.queue, l.sla_due_at IS NOT NULL AS has_clock, x.layer, x.outcome,
       (SELECT count(*) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told
  FROM story.deal d LEFT JOIN leadroute.leads l ON l.attached_key = d.id::text LEFT JOIN leadroute.decisions x ON x.id = l.decision_id ORDER BY d.id;

-- Rows that are no leads are left alone; NULL is no yes.
INSERT INTO story.deal (id, email, kind) VALUES (1, 'a@a.com', 'contact'), (2, 'b@a.com', NULL), (3, 'c@a.com', 'lead') RETURNING id, owner;
-- Won and lost rows keep their owner, whoever that is, and get no clock, turn or notification; rows in work get no clock.
INSERT INTO story.deal (id, email, owner, stage, kind) VALUES
    (10, 'd@a.com', 'bob@us.com', 'won', 'lead'), (11, 'e@a.com', 'gone@us.com', 'dead', 'lead'), (12, 'f@a.com', 'stranger@them.com', 'won', 'lead'),
    (13, 'g@a.com', NULL, 'won', 'lead'), (14, 'h@rival.com', 'bob@us.com', 'won', 'lead'),
    (20, 'i@a.com', 'Gone@us.com', 'talking', 'lead'), (21, 'j@a.com', NULL, 'talking', 'lead'), (22, 'k@a.com', 'stranger@them.com', 'talking', 'lead'),
    (30, 'l@a.com', 'bob@us.com', 'new', 'lead'), (31, 'm@a.com', 'nobody', 'new', 'lead'), (32, 'n@a.com', NULL, 'bad', 'lead');
SELECT * FROM story.leads;
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY 1;
SELECT rep_id, open FROM leadroute.rep_load ORDER BY 1;
-- A closed lead is nobody's first: who comes again is a new lead.
INSERT INTO story.deal (id, email, kind) VALUES (40, 'd@a.com', 'lead');
SELECT id, status, owner_id IS NOT NULL AS is_owned FROM story.leads WHERE id = 40;
SELECT regexp_replace(leadroute.explain_decision(decision_id), ' on [-0-9]+ [:0-9]+ UTC', '') FROM leadroute.leads WHERE attached_key = '12';
SELECT count(*) FROM leadroute.escalate_overdue(100, now() + interval '1 day') e WHERE e > 0;
SELECT id, status FROM story.leads WHERE id IN (10, 20);

-- An owner who stands in the row keeps it, where the mapping says so.
SELECT * FROM story.try($$SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": "owner", "keep": "owner"}')$$);
SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": {"column": "owner", "rep": "email", "nobody": "nobody"}, "keep": true}');
INSERT INTO story.deal (id, email, owner) VALUES (50, 'o@a.com', 'gone@us.com'), (51, 'p@a.com', 'stranger@them.com'), (52, 'q@a.com', NULL), (53, 'r@a.com', 'nobody'),
    (54, 's@rival.com', 'bob@us.com'), (55, 'O@a.com', 'ann@us.com');
SELECT id, owner, status, owner_id, queue, has_clock, layer FROM story.leads WHERE id >= 50;
SELECT reason FROM leadroute.decisions d JOIN leadroute.leads l ON l.decision_id = d.id WHERE l.attached_key IN ('50', '51') ORDER BY l.id;
SELECT * FROM leadroute.check_integrity();

-- What the app says later. Whoever takes a lead up has answered at that moment; closed and open again is a new round.
SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": {"column": "owner", "rep": "email", "nobody": "nobody"},
    "status": {"expression": "CASE stage WHEN ''won'' THEN ''converted'' WHEN ''talking'' THEN ''working'' END"}}');
CREATE VIEW story.clocks AS
SELECT l.attached_key::integer AS id, l.status, l.owner_id IS NOT NULL AS is_owned, count(c.id) AS clocks, count(c.stopped_at) AS stopped,
       count(*) FILTER (WHERE c.stopped_at > c.due_at) AS breached, (SELECT count(*) FROM leadroute.decisions d WHERE d.lead_id = l.id) AS decisions,
       (SELECT count(*) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told
  FROM leadroute.leads l LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id WHERE l.attached_key::integer >= 60 GROUP BY l.id ORDER BY 1;
INSERT INTO story.deal (id, email) VALUES (60, 't@a.com'), (61, 'u@a.com'), (62, 'v@a.com'), (63, 'w@a.com');
UPDATE story.deal SET stage = 'talking' WHERE id IN (60, 61);
UPDATE story.deal SET stage = 'won' WHERE id IN (61, 62, 63);
TABLE story.clocks;
-- Nothing is late, so the ladder has nothing to do.
SELECT leadroute.escalate_overdue(1000, now() + interval '1 day') >= 0 AS swept;
SELECT id, clocks, stopped, breached FROM story.clocks;
-- An edit that changes nothing leaves nothing.
UPDATE story.deal SET stage = stage, email = email WHERE id >= 60;
-- Open again, by the app and by an event of the buyer.
UPDATE story.deal SET stage = 'new' WHERE id IN (61, 62);
SELECT leadroute.record_event(id, 'demo_request') ->> 'action' AS action FROM leadroute.leads WHERE attached_key = '63';
TABLE story.clocks;
SELECT count(*) FROM leadroute.leads WHERE email = 'w@a.com';
UPDATE story.deal SET stage = 'talking' WHERE id = 62;
TABLE story.clocks;
-- By hand in leadroute.leads it is the same.
UPDATE leadroute.leads SET status = 'working' WHERE attached_key = '61';
SELECT id, status, clocks, stopped FROM story.clocks WHERE id = 61;
SELECT * FROM leadroute.check_integrity();
