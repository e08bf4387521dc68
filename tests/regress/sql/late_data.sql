-- late_data: what becomes known of a lead routes it again once, in time, while nobody has responded; it never takes a lead from its rep.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('max');
INSERT INTO leadroute.queues (name, manager_id) VALUES ('desk', 'max');
INSERT INTO leadroute.pools (name) VALUES ('small'), ('large');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('small', 'ann'), ('large', 'bob');
INSERT INTO leadroute.segments (name, priority, employees, fallback_queue) VALUES ('large', 1, '[1000,)', 'desk'), ('rest', 2, NULL, 'desk');
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue) VALUES
    ('large', 'any', '(,)', 'pool', 'large', NULL), ('rest', 'cold', '(,0)', 'nurture', NULL, NULL), ('rest', 'warm', '[0,50)', 'pool', 'small', NULL),
    ('rest', 'hot', '[50,90)', 'pool', 'large', NULL), ('rest', 'odd', '[90,)', 'queue', NULL, 'desk');
CREATE FUNCTION story.lead(name text) RETURNS bigint LANGUAGE sql AS $$ INSERT INTO leadroute.leads (email, event) VALUES (name || '@' || name || '.com', 'demo_request') RETURNING id $$;
CREATE FUNCTION story.score(lead bigint, score numeric, request text) RETURNS TABLE (previous numeric, refused text, routing text, owner_id text, queue text, tier text) LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb := leadroute.apply_qualification(lead, score, '[{"reason": "it says so"}]', 'octave', request);
BEGIN
    RETURN QUERY SELECT (answer ->> 'previous_score')::numeric, answer ->> 'refused', answer ->> 'routing', l.owner_id, l.queue, l.tier FROM leadroute.leads l WHERE l.id = lead;
END $$;
CREATE VIEW story.told AS SELECT lead_id, kind, rep_id FROM leadroute.notifications ORDER BY id;

-- A score that comes late moves the lead once; old and new owner are told, and the clock goes on from when the buyer acted.
SELECT story.lead('one') \gset
SELECT * FROM story.score(1, 60, 'q1');
SELECT cause, layer, previous_owner_id, owner_id, reason FROM leadroute.decisions WHERE lead_id = 1 ORDER BY id;
TABLE story.told;
SELECT policy, ended, started_at = (SELECT occurred_at FROM leadroute.leads WHERE id = 1) AS from_the_act FROM leadroute.sla_clocks WHERE lead_id = 1 ORDER BY id;
SELECT replayed ->> 'same' AS same FROM leadroute.decisions d, leadroute.replay_decision(d.id) replayed WHERE lead_id = 1 ORDER BY d.id;
-- Twice is once, and a second one moves it no more.
SELECT * FROM story.score(1, 60, 'q1');
SELECT * FROM story.score(1, 10, 'q2');
SELECT score, owner_id FROM leadroute.leads WHERE id = 1;
SELECT request_id, score, previous_score, reasons, decision_id IS NOT NULL AS decided FROM leadroute.qualifications ORDER BY id;
SET leadroute.max_reroutes = 2;
SELECT * FROM story.score(1, 20, 'q3');
RESET leadroute.max_reroutes;

-- What says that nobody should have it takes it from nobody, and a decision says so. A rep who has it keeps it in the same pool.
SELECT story.lead('two') \gset
SELECT * FROM story.score(2, -5, 'q1b');
SELECT cause, previous_owner_id, owner_id, reason FROM leadroute.decisions WHERE lead_id = 2 ORDER BY id;
SELECT * FROM story.score(2, 95, 'q2b');
SELECT * FROM story.score(2, 30, 'q3b');
SELECT cause, reason FROM leadroute.decisions WHERE lead_id = 2 AND cause = 'enrichment' ORDER BY id;
-- That was no move: the next one may be.
SELECT leadroute.apply_enrichment(2, '{"employees": 5000}', 'clearbit', 'e1') ->> 'routing';
SELECT owner_id, segment FROM leadroute.leads WHERE id = 2;
-- Out of nurture, and out of a queue to a rep.
INSERT INTO leadroute.leads (email, score) VALUES ('three@three.com', -1), ('four@four.com', 99) RETURNING id, status;
SELECT * FROM story.score(3, 5, 'q1c');
SELECT * FROM story.score(4, -7, 'q1d');
SELECT leadroute.apply_enrichment(4, '{"employees": 2000}', 'clearbit', 'e2') ->> 'routing';
SELECT id, status, owner_id FROM leadroute.leads WHERE id IN (3, 4) ORDER BY id;

-- Nobody moves it once somebody has responded; what is known is noted all the same. An automatic reply is no response.
SELECT story.lead('five') \gset
SELECT leadroute.record_response(5, 'ann', meaningful => false);
SELECT story.lead('six') \gset
SELECT leadroute.record_response(6, 'ann', 'phone');
SELECT * FROM story.score(5, 60, 'q1e');
SELECT * FROM story.score(6, 60, 'q1f');
SELECT leadroute.apply_enrichment(6, '{"employees": 2000}', 'clearbit', 'e3');
SELECT score, employees FROM leadroute.leads WHERE id = 6;
-- Closed leads are noted, and so are those that a person has placed.
SELECT story.lead('seven') \gset
SELECT leadroute.close_lead(7, 'lost') IS NOT NULL AS closed;
SELECT * FROM story.score(7, 60, 'q1g');
SELECT story.lead('eight') \gset
SELECT leadroute.transfer_lead(8, 'max') IS NOT NULL AS moved;
SELECT * FROM story.score(8, 60, 'q1h');

-- Not after the time for that; and what is then set by hand, or said again, moves nothing either.
SELECT story.lead('nine') \gset
SET leadroute.late_data = '1s';
SELECT pg_sleep(1.1);
SELECT * FROM story.score(9, 60, 'q1i');
UPDATE leadroute.leads SET score = 70 WHERE id = 9 RETURNING owner_id;
SET leadroute.late_data = 0;
SELECT story.lead('ten') \gset
SELECT * FROM story.score(10, 60, 'q1j');
RESET leadroute.late_data;
SELECT leadroute.apply_enrichment(9, '{"employees": 2000}', 'clearbit', 'e4') ->> 'routing';
SELECT owner_id FROM leadroute.leads WHERE id = 9;

-- A rule keeps the score of a lead; no score is none.
SELECT story.lead('eleven') \gset
INSERT INTO leadroute.enrichment_rules (name, field, overwrites) VALUES ('scores stay', 'score', 'nothing');
SELECT * FROM story.score(11, NULL, 'q1k');
SELECT * FROM story.score(11, 60, 'q2k');
SELECT * FROM story.score(11, 10, 'q3k');

-- An address that becomes known may be that of a person who is there: the lead becomes a touch.
INSERT INTO leadroute.leads (phone) VALUES ('+442083661177') RETURNING id, owner_id;
SELECT leadroute.apply_enrichment(12, '{"email": "One@one.com"}', 'clearbit', 'e5') ->> 'routing';
SELECT status, duplicate_of, owner_id FROM leadroute.leads WHERE id = 12;

-- Attached tables: the columns of the app are the app's, and nothing is written there but the owner; what is known stays when the row changes.
CREATE TABLE story.crm (id int PRIMARY KEY, mail text, staff int, town text, owner text, tier text);
SELECT leadroute.attach('story.crm', '{"email": "mail", "employees": "staff", "city": "town", "owner_id": "owner", "tier": "tier"}');
INSERT INTO story.crm (id, mail) VALUES (1, 'x@x.com') RETURNING owner;
SELECT leadroute.apply_enrichment(leadroute.attached_lead('story.crm', '1'), '{"employees": 3000, "city": "Rome"}', 'clearbit', 'e6') ->> 'routing';
TABLE story.crm;
UPDATE story.crm SET town = 'Bonn';
SELECT employees, city, owner_id FROM leadroute.leads WHERE attached_key = '1';
SELECT leadroute.apply_enrichment(leadroute.attached_lead('story.crm', '1'), '{"employees": 3100, "city": "Oslo"}', 'clearbit', 'e7') -> 'refused';
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;
SELECT (replayed ->> 'same')::boolean AS same, count(*) FROM leadroute.decisions d, leadroute.replay_decision(d.id) replayed GROUP BY 1 ORDER BY 1;
