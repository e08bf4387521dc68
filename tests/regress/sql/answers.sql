-- answers: what is kept of what sources say has an end, and a lead that stays where it is has the score of what is known of it.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('large');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('large', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, score, pool) VALUES ('hot', '[50,)', 'large'), ('warm', '(,50)', 'sales');
INSERT INTO leadroute.leads (email) VALUES ('a@acme.com');
CREATE FUNCTION story.enrich(data jsonb, request text, lead bigint DEFAULT 1, source text DEFAULT 'crunch') RETURNS TABLE (enrichment_id text, taken jsonb, refused jsonb, routing text) LANGUAGE sql AS $$
    SELECT a ->> 'enrichment_id', a -> 'taken', a -> 'refused', a ->> 'routing' FROM leadroute.apply_enrichment(lead, data, source, request) a $$;

-- A source that says the same again in answer to other requests adds a number, and nothing else; each request counts once all the same.
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r1');
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r2');
SELECT * FROM story.enrich('{"city": "Rome", "employees": 20}', 'r3');
SELECT * FROM story.enrich('{"employees": 30}', 'r2');
SELECT request_id, data, repeats, repeated_at > received_at AS later, repeated_by FROM leadroute.enrichments;
-- What is new is kept, and so is the same said after it: it is news again.
SELECT * FROM story.enrich('{"employees": 30}', 'r4');
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r5');
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r2');
-- The same from another source is another answer; what a person has typed meanwhile is not written over by what was said before.
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r2', source => 'other');
UPDATE leadroute.leads SET employees = 25 WHERE id = 1;
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r6');
SELECT * FROM story.enrich('{"employees": 20, "city": "Rome"}', 'r7');
SELECT source, request_id, repeats, repeated_by FROM leadroute.enrichments ORDER BY id;
SELECT employees FROM leadroute.leads WHERE id = 1;
-- Scores, too.
SELECT leadroute.apply_qualification(1, 10, '["a"]', 'octave', s) - 'decision_id' AS answer FROM unnest('{s1,s2,s3,s2}'::text[]) s;
SELECT leadroute.apply_qualification(1, 10, '["b"]', 'octave', 's4') ->> 'routing' AS routing;
SELECT request_id, score, reasons, repeats, repeated_by FROM leadroute.qualifications ORDER BY id;
-- Of the requests that were answered the same the latest hundred are known.
SELECT count(leadroute.apply_qualification(1, 10, '["b"]', 'octave', 't' || n)) FROM generate_series(1, 150) n;
SELECT repeats, cardinality(repeated_by), repeated_by[1], repeated_by[100] FROM leadroute.qualifications WHERE request_id = 's4';

-- A source that says something else each time is stopped after a hundred, and many sources after a thousand.
INSERT INTO leadroute.leads (email) VALUES ('b@bolt.com');
SELECT count(leadroute.apply_enrichment(2, jsonb_build_object('city', 'x' || n), 'broken', n::text)) FROM generate_series(1, 100) n;
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(2, '{"city": "y"}', 'broken', 'y')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_qualification(2, 1, NULL, 'broken', 'y')$$);
SELECT leadroute.apply_enrichment(2, '{"city": "x100"}', 'broken', 'z') ->> 'routing' AS repeated, leadroute.apply_enrichment(2, '{"city": "x1"}', 'broken', '1') ->> 'routing' AS known;
SELECT count(leadroute.apply_qualification(2, n, NULL, 'q' || n % 9, n::text)) FROM generate_series(1, 900) n;
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(2, '{"region": "y"}', 'new', 'y')$$);
SELECT city, region FROM leadroute.leads WHERE id = 2;
-- Nor is an answer as long as it likes.
SELECT code, message, hint FROM story.try(format($$SELECT leadroute.apply_enrichment(1, %L, 'a', 'long')$$, jsonb_build_object('x', repeat('x', 1048570))));
SELECT code, message FROM story.try(format($$SELECT leadroute.apply_enrichment(1, %L, 'a', 'many')$$, (SELECT jsonb_object_agg(n, 1) FROM generate_series(1, 1001) n)));
SELECT code, message FROM story.try(format($$SELECT leadroute.apply_qualification(1, 1, %L, 'a', 'long')$$, jsonb_build_array(repeat('x', 1048580))));

-- What is old is removed by the job of housekeeping; fields, who has written them, and decisions stay.
SELECT leadroute.purge_answers() AS purged;
INSERT INTO leadroute.providers (name, kind) VALUES ('octave', 'qualify');
INSERT INTO leadroute.leads (email) VALUES ('c@corp.com'), ('d@dot.com'), ('e@echo.com');
SELECT leadroute.apply_qualification(lead_id, 1, NULL, provider, request_id) ->> 'score' AS score FROM leadroute.provider_requests WHERE lead_id = 3;
UPDATE leadroute.provider_requests SET requested_at = now() - interval '2 years', answered_at = answered_at - interval '2 years', timed_out_at = CASE lead_id WHEN 4 THEN now() - interval '2 years' END;
UPDATE leadroute.enrichments SET received_at = received_at - interval '2 years', repeated_at = CASE request_id WHEN 'r1' THEN repeated_at ELSE repeated_at - interval '2 years' END;
SELECT leadroute.purge_answers(batch => 50) AS some, leadroute.purge_answers() AS rest, leadroute.purge_answers() AS none;
SELECT (SELECT array_agg(request_id ORDER BY id) FROM leadroute.enrichments) AS enrichments, (SELECT count(*) FROM leadroute.qualifications) AS qualifications,
       (SELECT array_agg(lead_id ORDER BY id) FROM leadroute.provider_requests) AS asked, (SELECT count(*) FROM leadroute.field_sources WHERE lead_id = 2 AND field = 'city') AS city;
SELECT leadroute.apply_enrichment(2, '{"region": "y"}', 'new', 'y') -> 'taken' AS room_again;
SELECT * FROM story.try($$SELECT leadroute.purge_answers('-1 day')$$);
SELECT * FROM story.try($$SELECT leadroute.purge_answers('1 day', 0)$$);
SELECT command FROM leadroute_internal.jobs(true) WHERE command ~ 'purge_answers';
DELETE FROM leadroute.leads; DELETE FROM leadroute.providers;

-- A lead that stays where it is has the score that criteria give it by what is known now.
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES ('some', 10, NULL), ('banks', 15, '$.industry == "Banking"'), ('large', 60, '$.employees >= 1000');
CREATE VIEW story.last AS SELECT d.lead_id, d.cause, d.owner_id, d.reason, d.trace #>> '{0,code}' AS code, d.trace #>> '{0,score}' AS score FROM leadroute.decisions d
 WHERE d.id = (SELECT max(o.id) FROM leadroute.decisions o WHERE o.lead_id = d.lead_id) ORDER BY 1;
INSERT INTO leadroute.leads (email, score) VALUES ('same@a.com', NULL), ('answered@b.com', NULL), ('late@c.com', NULL), ('moved@d.com', NULL), ('given@e.com', 7), ('closed@f.com', NULL), ('kept@g.com', NULL)
RETURNING id - (SELECT min(id) FROM leadroute.leads) AS none, score, owner_id;
CREATE FUNCTION story.lead(who text) RETURNS bigint LANGUAGE sql AS $$ SELECT id FROM leadroute.leads WHERE email LIKE who || '@%' $$;
-- The rules say the same.
SELECT routing FROM story.enrich('{"industry": "Banking"}', 'c1', story.lead('same'));
-- Somebody has responded.
SELECT leadroute.record_response(story.lead('answered'), 'ann', 'phone') AS responded;
SELECT routing FROM story.enrich('{"industry": "Banking", "employees": 5000}', 'c2', story.lead('answered'));
-- It is too late to move it.
SET leadroute.late_data = '0';
SELECT routing FROM story.enrich('{"employees": 5000}', 'c3', story.lead('late'));
RESET leadroute.late_data;
-- It has been moved once.
SELECT routing FROM story.enrich('{"employees": 5000}', 'c4', story.lead('moved'));
SELECT routing FROM story.enrich('{"industry": "Banking"}', 'c5', story.lead('moved'));
-- Whom the rules would send to nobody.
INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('all', 'hot', '[50,)', 'nurture'), ('all', 'warm', '(,50)', 'nurture');
SELECT routing FROM story.enrich('{"industry": "Banking"}', 'c6', story.lead('kept'));
-- One that somebody has given stays, and a lead that is closed is left as it was judged.
SELECT routing FROM story.enrich('{"industry": "Banking"}', 'c7', story.lead('given'));
SELECT leadroute.close_lead(story.lead('closed'), 'lost') IS NOT NULL AS closed;
SELECT routing FROM story.enrich('{"industry": "Banking"}', 'c8', story.lead('closed'));
SELECT email, score, owner_id, tier FROM leadroute.leads ORDER BY id;
SELECT cause, owner_id, reason, code, score FROM story.last;
-- The answer names the decision, and explains it; the score gives way to one that somebody gives.
SELECT d.reason LIKE 'has a score of 25%' AS named FROM leadroute.enrichments e JOIN leadroute.decisions d ON d.id = e.decision_id WHERE e.request_id = 'c1';
SELECT regexp_replace(line, '[0-9-]+ [0-9:]+ UTC', '...') AS line FROM leadroute.enrichments e, regexp_split_to_table(leadroute.explain_decision(e.decision_id), '\n') line WHERE e.request_id = 'c1';
SELECT leadroute.apply_qualification(story.lead('same'), 3, NULL, 'octave', 'o1') - 'decision_id' - 'lead_id' - 'qualification_id' AS answer;
SELECT routing FROM story.enrich('{"employees": 2000}', 'c9', story.lead('same'));
SELECT score FROM leadroute.leads WHERE id = story.lead('same');
-- Nobody is told of a score, no clock begins anew, and it moves no lead.
SELECT l.email, array_agg(n.kind::text ORDER BY n.id) AS told, (SELECT count(*) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS clocks
  FROM leadroute.leads l LEFT JOIN leadroute.notifications n ON n.lead_id = l.id GROUP BY 1, l.id ORDER BY l.id;
SELECT r ->> 'same' AS same, r ->> 'difference' AS difference, count(*) FROM leadroute.decisions d, leadroute.replay_decision(d.id) r GROUP BY 1, 2 ORDER BY 1, 2;
