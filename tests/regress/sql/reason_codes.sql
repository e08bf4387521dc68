-- Reasons for returned turns and moved leads have codes, given or read from the text; misrouted_leads has each lead that went to the wrong rep, once.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
UPDATE leadroute.queues SET claimable = true WHERE name = 'catch_all';
SELECT code, kind, needs_text, shipped FROM leadroute.reason_codes ORDER BY code;

-- What a text says.
SELECT t.reason, leadroute_internal.reason_code(NULL, t.reason) AS code
  FROM (VALUES ('bad fit'), ('Bad-fit: a student'), ('bad_fit'), ('badfit'), ('bad fitting'), ('wrong territory (Texas)'), ('  duplicate of lead 5'), ('no idea'), ('other: on leave'), (''), (NULL)) t (reason);
SELECT leadroute_internal.reason_code('Wrong Skill', NULL), leadroute_internal.reason_code('other', 'on leave'), leadroute_internal.reason_code('duplicate', 'bad fit');
SELECT * FROM story.try($$SELECT leadroute_internal.reason_code('bad mood', 'x')$$);
SELECT * FROM story.try($$SELECT leadroute_internal.reason_code('other', ' ')$$);
SELECT * FROM story.try($$SELECT leadroute.return_turn(1, 'other')$$);

-- A DBA adds some; what is written wrongly is refused.
INSERT INTO leadroute.reason_codes (code, description) VALUES ('wrong_product', 'Sold by another team'), ('wrong_product_line', 'The other line');
INSERT INTO leadroute.reason_codes (code, description, kind) VALUES ('vacation', 'The rep is away', 'lead');
SELECT leadroute_internal.reason_code(NULL, 'wrong product: b'), leadroute_internal.reason_code(NULL, 'wrong product line');
SELECT * FROM story.try($$INSERT INTO leadroute.reason_codes (code, description) VALUES ('Bad Mood', 'x')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.reason_codes (code, description, kind) VALUES ('x', 'x', 'mood')$$);
SELECT operation, key, is_data FROM leadroute.config_history WHERE "table" = 'reason_codes' ORDER BY id;
SELECT leadroute.export_rules() ? 'reason_codes' AS is_rule;

-- Each lead with what befell it: email says what is expected.
INSERT INTO leadroute.leads (email) SELECT w || '@' || replace(w, '.', '-') || '.com'
  FROM unnest('{returned.yes,returned.duplicate.no,returned.silent.no,returned.words.yes,moved.yes,moved.answered.no,moved.answered.code.yes,moved.code.no,twice.yes,kept.no}'::text[]) w;
CREATE FUNCTION story.lead(w text) RETURNS bigint LANGUAGE sql AS $$ SELECT id FROM leadroute.leads WHERE email LIKE w || '@%' $$;
CREATE FUNCTION story.turn(w text) RETURNS bigint LANGUAGE sql AS $$ SELECT min(id) FROM leadroute.decisions WHERE lead_id = story.lead(w) $$;
SELECT leadroute.return_turn(story.turn('returned.yes'), 'bad fit: a student'), leadroute.return_turn(story.turn('returned.duplicate.no'), NULL, 'duplicate'),
       leadroute.return_turn(story.turn('returned.silent.no')), leadroute.return_turn(story.turn('returned.words.yes'), 'she is my neighbour');
SELECT reason, reason_code FROM leadroute.returned_turns ORDER BY decision_id;
SELECT leadroute.transfer_lead(story.lead('moved.yes'), 'cid') > 0 AS moved;
SELECT leadroute.record_response(story.lead('moved.answered.no'), 'ann'), leadroute.transfer_lead(story.lead('moved.answered.no'), 'cid', 'qualified, over to you') > 0 AS moved;
SELECT leadroute.record_response(story.lead('moved.answered.code.yes'), 'ann'), leadroute.transfer_lead(story.lead('moved.answered.code.yes'), 'cid', 'Austria', 'wrong_territory') > 0 AS moved;
SELECT leadroute.transfer_lead(story.lead('moved.code.no'), 'cid', 'vacation: two weeks') > 0 AS moved;
SELECT leadroute.return_turn(story.turn('twice.yes'), 'wrong product'), leadroute.transfer_lead(story.lead('twice.yes'), 'cid', 'wrong product') > 0 AS moved;
SELECT reason, reason_code FROM leadroute.decisions WHERE cause = 'manual' ORDER BY id;
-- On to the next, by the one who was given it: who had it by hand was not sent it by the rules.
SELECT leadroute.transfer_lead(story.lead('moved.code.no'), 'bob', 'wrong skill') > 0 AS moved;
-- An owner changed in the table is a move, too; one that comes three days later is none, nor the way out of a queue.
INSERT INTO leadroute.leads (email) VALUES ('changed.yes@changed-yes.com'), ('late.no@late-no.com'), ('early.yes@early-yes.com');
UPDATE leadroute.leads SET owner_id = 'cid' WHERE id IN (story.lead('changed.yes'), story.lead('late.no'), story.lead('early.yes'));
UPDATE leadroute.decisions m SET decided_at = d.decided_at + interval '3 days' - CASE m.lead_id WHEN story.lead('late.no') THEN interval '0' ELSE interval '1 us' END
  FROM leadroute.decisions d WHERE d.lead_id = m.lead_id AND d.cause = 'insert' AND m.cause = 'manual' AND m.lead_id IN (story.lead('late.no'), story.lead('early.yes'));
UPDATE leadroute.pool_members SET active = false;
INSERT INTO leadroute.leads (email) VALUES ('claimed.no@claimed-no.com');
SELECT leadroute.claim_lead(story.lead('claimed.no'), 'ann') > 0 AS claimed, leadroute.transfer_lead(story.lead('claimed.no'), 'bob') > 0 AS moved;
SELECT split_part(email, '@', 1) AS lead, layer, owner_then IS NOT NULL AS had, owner_now, how, code, reason FROM leadroute.misrouted_leads ORDER BY lead_id;
-- The function is the view, for leads that came in a period.
SELECT count(*) FILTER (WHERE a IS NULL OR b IS NULL) AS differ FROM leadroute.misrouted_leads a FULL JOIN leadroute.misrouted_leads('-infinity', 'infinity') b ON a = b;
SELECT count(*) FROM leadroute.misrouted_leads('-infinity', (SELECT min(created_at) FROM leadroute.leads));
SELECT value, n, detail FROM leadroute.audit_measures('-infinity', 'infinity') WHERE measure = 'misrouted';
