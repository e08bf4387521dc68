-- requests: a worker takes the requests of its provider and answers them, as that provider only, and reaches nothing else.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales'), ('large');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('large', 'bob');
INSERT INTO leadroute.segments (name, priority, employees, fallback_queue) VALUES ('large', 1, '[1000,)', 'catch_all'), ('rest', 2, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('large', 'any', 'large'), ('rest', 'any', 'sales');
INSERT INTO leadroute.playbooks (name) VALUES ('call');
CREATE ROLE story_scores; CREATE ROLE story_facts; CREATE ROLE story_member; CREATE ROLE story_nobody;
GRANT story_facts TO story_member;
SELECT leadroute.grant_role('provider', r) FROM unnest('{story_scores,story_facts,story_member}'::regrole[]) r;
INSERT INTO leadroute.providers (name, kind, fields, db_role) VALUES
    ('scores', 'qualify', NULL, 'story_scores'), ('facts', 'enrich', '{employees}', 'story_facts'), ('mails', 'sequence', NULL, NULL);
INSERT INTO leadroute.leads (email, tenant) VALUES ('a@acme.com', ''), ('b@bolt.com', ''), ('c@corp.com', 'beta');
-- Their ids are unlike any of another database, so the story goes by lead.
CREATE FUNCTION story.id(lead bigint, provider text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT r.request_id FROM leadroute.provider_requests r WHERE r.lead_id = lead AND r.provider = id.provider $$;
GRANT USAGE ON SCHEMA story TO PUBLIC;
CREATE FUNCTION story.fails(statement text, VARIADIC ids text[] DEFAULT '{}') RETURNS TABLE (code text, message text, hint text) LANGUAGE sql AS $$
    SELECT t.code, regexp_replace(t.message, '"[0-9a-f]{8}-[0-9a-f-]+"', '"..."'), t.hint FROM story.try(format(statement, VARIADIC ids)) t $$;

-- Oldest first, with what is known of the lead; what is out is nobody else's until its lease ends.
SET ROLE story_scores;
SELECT lead_id, kind, missing, due_at > created_at AS has_time, attempt, payload ->> 'email' AS email, request_id = story.id(lead_id, 'scores') AS same FROM leadroute.take_requests('scores', 1);
SELECT lead_id FROM leadroute.take_requests('scores', tenant => 'beta');
SELECT lead_id FROM leadroute.take_requests('scores', consumer => 'second');
SELECT lead_id FROM leadroute.take_requests('scores');
-- Given back, it is handed out again; only whoever has it gives it back.
SELECT leadroute.release_requests('scores', ARRAY[story.id(1, 'scores'), story.id(2, 'scores'), story.id(1, 'facts'), 'no']) AS released;
SELECT leadroute.release_requests('scores', ARRAY[story.id(2, 'scores')], '1 hour', 'second') AS released, leadroute.doze(providers => '{scores}') AS something_waits;
SELECT lead_id, attempt FROM leadroute.take_requests('scores');
SELECT leadroute.doze(providers => '{scores}') AS something_waits, leadroute.wake() AS slept;
-- Answered and acknowledged at once, as the provider; said again, the answer is the same.
SELECT leadroute.answer_request('scores', story.id(1, 'scores'), '{"score": 80, "reasons": [{"reason": "fits"}]}') - 'decision_id' AS answer;
SELECT leadroute.answer_request('scores', story.id(1, 'scores'), '{"score": 10}') ->> 'score' AS score;
SELECT leadroute.answer_request('scores', story.id(2, 'scores'), '{"score": null, "reasons": "nobody knows them"}') ->> 'refused' AS refused;
RESET ROLE;
SELECT l.id, l.score, q.source, q.reasons, n.acked_at IS NOT NULL AS acknowledged, r.answered_at IS NOT NULL AS answered
  FROM leadroute.qualifications q JOIN leadroute.leads l ON l.id = q.lead_id JOIN leadroute.provider_requests r USING (request_id) JOIN leadroute.notifications n ON n.details ->> 'request_id' = r.request_id ORDER BY 1;

-- A role works for its provider, and for those that say nothing of roles; members work as their role does, and nobody without the grant.
SET ROLE story_member;
SELECT lead_id, kind FROM leadroute.take_requests('facts', 2);
SELECT leadroute.answer_request('facts', story.id(1, 'facts'), '{"employees": {"value": 5000, "confidence": 0.9}, "industry": "Banking"}') ->> 'routing' AS routing;
SELECT lead_id FROM leadroute.take_requests('mails', 1);
-- What a sequence tool has written is kept with the lead; it need not say anything.
SELECT leadroute.answer_request('mails', story.id(1, 'mails'), '{"mail": "Hello"}') -> 'taken' AS taken, leadroute.answer_request('mails', story.id(2, 'mails'), NULL) AS nothing;
SELECT * FROM story.fails($$SELECT leadroute.take_requests('scores')$$);
SET ROLE story_nobody;
SELECT * FROM story.fails($$SELECT leadroute.take_requests('mails')$$);
SELECT * FROM story.fails($$SELECT leadroute.answer_request('mails', 'x', NULL)$$);
-- As another provider, to a request of another, or to what is no request, nobody answers anything.
SET ROLE story_scores;
SELECT * FROM story.fails($$SELECT leadroute.answer_request('facts', %L, '{"employees": 1}')$$, story.id(2, 'facts'));
SELECT * FROM story.fails($$SELECT leadroute.release_requests('facts', ARRAY[%L])$$, story.id(2, 'facts'));
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', %L, '{"score": 1}')$$, story.id(2, 'facts'));
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', '1', '{"score": 1}')$$);
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', NULL, '{"score": 1}')$$);
SELECT * FROM story.fails($$SELECT leadroute.take_requests('nobody')$$);
SELECT * FROM story.fails($$SELECT leadroute.take_requests(NULL)$$);
SELECT * FROM story.fails($$SELECT leadroute.take_notifications('spy')$$);
SELECT * FROM story.fails($$SELECT leadroute.ack_notifications('{1}')$$);
SELECT * FROM story.fails($$SELECT leadroute.release_notifications('spy', '{1}')$$);
SELECT * FROM story.fails($$SELECT leadroute.apply_enrichment(1, '{"employees": 1}', 'registry', 'r')$$);
SELECT * FROM story.fails($$SELECT leadroute.apply_qualification(1, 1, '[]', 'registry', 'r')$$);
SELECT * FROM story.fails($$SELECT * FROM leadroute.leads$$);
-- What cannot be meant.
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', %L, '{"score": "high"}')$$, story.id(3, 'scores'));
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', %L, '[80]')$$, story.id(3, 'scores'));
SELECT * FROM story.fails($$SELECT leadroute.answer_request('scores', %L, NULL)$$, story.id(3, 'scores'));
SELECT * FROM story.fails($$SELECT leadroute.take_requests('scores', 0)$$);
SELECT * FROM story.fails($$SELECT leadroute.take_requests('scores', lease => '0')$$);
RESET ROLE;
SELECT * FROM story.fails($$UPDATE leadroute.providers SET db_role = ''$$);
SELECT count(*) FROM leadroute.enrichments WHERE source NOT IN ('facts', 'mails');
-- A role that is gone is nobody.
UPDATE leadroute.providers SET db_role = 'gone' WHERE name = 'mails';
SET ROLE story_scores;
SELECT * FROM story.fails($$SELECT leadroute.take_requests('mails')$$);
RESET ROLE;
SELECT severity, key, problem, hint FROM leadroute.lint_config() WHERE "table" = 'providers';
-- Those of a lead that is deleted are gone.
DELETE FROM leadroute.leads WHERE id = 3;
SET ROLE story_scores;
SELECT lead_id FROM leadroute.take_requests('scores');
RESET ROLE;
SELECT leadroute.revoke_role('provider', r) FROM unnest('{story_scores,story_facts,story_member}'::regrole[]) r;
SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP ROLE story_member, story_scores, story_facts, story_nobody;
