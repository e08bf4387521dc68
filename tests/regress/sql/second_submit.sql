-- second_submit: a person who comes again is heard. With more intent the clock starts anew and the owner is told; where the owner
-- cannot answer in time, somebody else does; intent and a raised score lead out of nurture.
\i setup.sql
\pset format unaligned
\pset tuples_only on
INSERT INTO leadroute.reps (id, name) VALUES ('ann', 'Ann'), ('bob', 'Bob');
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('hot');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('hot', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, score, action, pool, unless_intent) VALUES
    ('cold', '[0,50)', 'nurture', NULL, 'High'), ('warm', '[50,80)', 'pool', 'sales', NULL), ('hot', '[80,)', 'pool', 'hot', NULL);
INSERT INTO leadroute.event_types (name, intent) VALUES ('brochure', 'low'), ('visit', 'medium'), ('demo', 'high');
DELETE FROM leadroute.sla_policies;
INSERT INTO leadroute.sla_policies (name, priority, intents, respond_within) VALUES ('high', 1, '{high}', '5 minutes'), ('rest', 2, NULL, '1 day');

CREATE VIEW story.life AS
SELECT l.id, coalesce(l.owner_id, l.queue, l.status) AS "where", l.event, l.duplicate_of,
       (SELECT string_agg(c.policy || CASE WHEN c.stopped_at IS NULL THEN '' ELSE ' (stopped)' END, ', ' ORDER BY c.id)
          FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS clocks,
       (SELECT string_agg(n.kind || ' ' || coalesce(n.rep_id, '-'), ', ' ORDER BY n.id) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told
  FROM leadroute.leads l;

-- More intent: the clock starts by the second submit, and the owner is told. The same intent: nothing but the touch.
INSERT INTO leadroute.leads (email, event, score) VALUES ('ada@acme.com', 'brochure', 60);
INSERT INTO leadroute.leads (email, event, score) VALUES ('ada+x@acme.com', 'brochure', 60);
SELECT * FROM story.life;
INSERT INTO leadroute.leads (email, event, occurred_at) VALUES ('Ada@acme.com', 'demo', now() - interval '1 minute');
SELECT * FROM story.life;
SELECT round(extract(epoch FROM sla_due_at - now())) < 241 FROM leadroute.leads WHERE id = 1;
SELECT event, intent, action, details FROM leadroute.lead_events;

-- The owner has left: the lead moves, to a backup if there is one, else by the rules.
INSERT INTO leadroute.reps (id, name) VALUES ('ben', 'Ben');
UPDATE leadroute.reps SET active = false, backup_id = 'ben' WHERE id = 'ann';
INSERT INTO leadroute.leads (email, event) VALUES ('ada@acme.com', 'brochure') RETURNING owner_id, duplicate_of;
SELECT * FROM story.life;
SELECT owner_id, previous_owner_id, cause, reason FROM leadroute.decisions WHERE lead_id = 1 ORDER BY id DESC LIMIT 1;
-- Away for longer than the policy allows: the same, unless they have answered and the buyer shows no more intent.
UPDATE leadroute.reps SET active = true, backup_id = NULL WHERE id = 'ann';
INSERT INTO leadroute.leads (email, event, score) VALUES ('eve@acme.com', 'visit', 85), ('kim@acme.com', 'visit', 85) RETURNING id, owner_id;
SELECT leadroute.record_response(6, 'bob');
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('bob', tstzrange(now() - interval '1 hour', now() + interval '2 hours'), 'meeting');
INSERT INTO leadroute.leads (email, event, score) VALUES ('eve@acme.com', 'visit', 60), ('kim@acme.com', 'visit', 60) RETURNING owner_id, duplicate_of;
SELECT * FROM story.life WHERE id IN (5, 6) ORDER BY id;
UPDATE leadroute.reps SET backup_id = 'ben' WHERE id = 'bob';
INSERT INTO leadroute.leads (email, event) VALUES ('eve@acme.com', 'demo'), ('kim@acme.com', 'demo');
SELECT * FROM story.life WHERE id IN (5, 6) ORDER BY id;
SELECT * FROM leadroute.rep_load ORDER BY 1;
-- An event does the same.
INSERT INTO leadroute.leads (email, event, score) VALUES ('gus@acme.com', 'brochure', 60) RETURNING id, owner_id;
UPDATE leadroute.reps SET presence = 'offline', backup_id = 'ben' WHERE id = 'ann';
SELECT leadroute.record_event(11, 'demo') - 'sla_due_at';
SELECT * FROM story.life WHERE id = 11;
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'ann';

-- Nurture is not for high intent, and a raised score leads out of it, once; who has answered keeps the lead.
DELETE FROM leadroute.absences;
INSERT INTO leadroute.leads (email, event, score) VALUES ('lia@acme.com', 'demo', 10), ('moe@acme.com', 'visit', 10) RETURNING id, status, owner_id, tier, pool;
SELECT reason FROM leadroute.decisions WHERE lead_id = 12;
SELECT story.step(12, 'tier');
UPDATE leadroute.leads SET score = 40 WHERE id = 13;
SELECT id, status, owner_id, tier FROM leadroute.leads WHERE id = 13;
UPDATE leadroute.leads SET score = 90 WHERE id IN (6, 13);
SELECT id, status, owner_id, tier FROM leadroute.leads WHERE id IN (6, 13) ORDER BY id;
SELECT cause, reason FROM leadroute.decisions WHERE lead_id = 13 ORDER BY id;
UPDATE leadroute.leads SET score = 60 WHERE id = 13;
UPDATE leadroute.leads SET score = 99 WHERE id = 13;
SELECT count(*) FROM leadroute.decisions WHERE lead_id = 13;

-- What was held at that moment is heard by housekeeping, once.
DELETE FROM leadroute.lead_events WHERE lead_id = 1;
UPDATE leadroute.leads SET event = 'brochure' WHERE id = 1;
INSERT INTO leadroute.late_touches (lead_id) SELECT id FROM leadroute.leads WHERE duplicate_of = 1;
SELECT leadroute.merge_duplicates();
SELECT id, event FROM leadroute.leads WHERE id = 1;
SELECT lead_id, action, details FROM leadroute.lead_events ORDER BY id DESC LIMIT 1;
UPDATE leadroute.leads SET event = 'brochure' WHERE id = 1;
INSERT INTO leadroute.late_touches (lead_id) SELECT id FROM leadroute.leads WHERE duplicate_of = 1;
SELECT leadroute.merge_duplicates();
SELECT id, event FROM leadroute.leads WHERE id = 1;
-- An owner who cannot answer any more is replaced then, too.
DELETE FROM leadroute.lead_events WHERE lead_id = 1;
UPDATE leadroute.reps SET active = false WHERE id = 'ben';
INSERT INTO leadroute.late_touches (lead_id) SELECT id FROM leadroute.leads WHERE duplicate_of = 1;
SELECT leadroute.merge_duplicates();
SELECT id, event, owner_id FROM leadroute.leads WHERE id = 1 OR duplicate_of = 1 ORDER BY id;
SELECT count(*) FROM leadroute.lead_events WHERE lead_id = 1;
-- A touch that is given to somebody else comes back, and so does one that gets another first lead.
UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 2;
SELECT leadroute.merge_duplicates();
UPDATE leadroute.leads SET duplicate_of = 11 WHERE id = 3;
SELECT leadroute.merge_duplicates();
SELECT id, owner_id, duplicate_of FROM leadroute.leads WHERE id IN (1, 2, 3, 11) ORDER BY id;
SELECT count(*) FROM leadroute.late_touches;
-- Many at once are heard once, and so is what an import brings along without times; a lead that somebody owns does not end in
-- nurture because its buyer came again.
INSERT INTO leadroute.leads (email, event, score) VALUES ('sam@acme.com', 'brochure', 60) RETURNING id;
INSERT INTO leadroute.leads (email, event) SELECT 'sam@acme.com', 'demo' FROM generate_series(1, 10);
SELECT count(*) FILTER (WHERE kind = 'event'), (SELECT count(*) FROM leadroute.sla_clocks c WHERE c.lead_id = 14) FROM leadroute.notifications WHERE lead_id = 14;
INSERT INTO leadroute.leads (id, email, event, owner_id, status, routed_at) VALUES (101, 'im@port.com', 'brochure', 'ann', 'working', now() - interval '1 hour');
INSERT INTO leadroute.leads (id, email, event, status, duplicate_of, routed_at) VALUES (102, 'im@port.com', 'demo', 'merged', 101, now() - interval '50 minutes');
SELECT leadroute.adopt_leads(), leadroute.merge_duplicates();
SELECT count(*) FROM leadroute.notifications WHERE lead_id = 101;
INSERT INTO leadroute.leads (email, event, score) VALUES ('tim@acme.com', 'brochure', 10) RETURNING id, status;
SELECT leadroute.transfer_lead(25, 'ann') > 0;
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('ann', tstzrange(now() - interval '1 hour', now() + interval '3 days'), 'sick');
SELECT leadroute.record_event(25, 'visit') - 'sla_due_at';
