-- Rules as a document: export_rules() has all of them in one order, without data and numbers of this database; propose_rules() makes
-- a change request of the difference to now, in words and as SQL, and exporting after it is applied gives the same document.
-- What cannot be read is refused, with the place.
\i setup.sql
\set VERBOSITY terse
CREATE ROLE document_author LOGIN;
CREATE ROLE document_approver LOGIN;
SELECT leadroute.grant_role('author', 'document_author'), leadroute.grant_role('approver', 'document_approver'), leadroute.grant_role('editor', 'document_approver');
GRANT USAGE ON SCHEMA story TO document_author, document_approver;
INSERT INTO leadroute.reps (id, name) VALUES ('ann', 'Ann'), ('bob', ''), ('cyd', 'Cyd');
CREATE TABLE story.documents (name text PRIMARY KEY, document jsonb);
GRANT SELECT ON story.documents TO document_author;

-- Nothing but what ships; two databases with the same rules say the same, whatever their numbers are and who asks.
SELECT jsonb_pretty(jsonb_object_agg(key, jsonb_array_length(value))) FROM jsonb_each(leadroute.export_rules() - 'version');
INSERT INTO story.documents VALUES ('shipped', leadroute.export_rules());
SELECT * FROM leadroute.rules_difference(leadroute.export_rules());
SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601';
SELECT leadroute.export_rules() = document AS same FROM story.documents WHERE name = 'shipped';
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';
SELECT string_agg(DISTINCT k, ', ' ORDER BY k) AS none FROM jsonb_each(leadroute.export_rules() - 'version') e, jsonb_array_elements(e.value) r, jsonb_object_keys(r) k
 WHERE k IN ('id', 'rep_no', 'pool_no', 'seat', 'shipped', 'performance', 'version');

-- A first set-up, in any order, with what names each other in a circle.
INSERT INTO story.documents SELECT 'first', leadroute.export_rules() || '{
    "tiers": [{"segment": "na-smb", "name": "hot", "score": "[50,)", "pool": "smb"}, {"segment": "na-smb", "name": "warm", "score": "[0,50)", "pool": "big"},
              {"name": "any", "action": "nurture"}, {"name": "any", "score": "(,-5)", "action": "queue", "queue": "desk", "tenants": ["acme", "be\"t,a"]}],
    "schedules": [{"name": "office"}],
    "schedule_hours": [{"schedule": "office", "weekday": 1, "opens": "09:00", "closes": "17:00"}],
    "holidays": [{"schedule": "office", "day": "2030-05-01", "name": "May Day"}],
    "territories": [{"name": "north", "manager_id": "ann", "fallback_queue": "desk"}],
    "pools": [{"name": "smb", "fallback_queue": "desk", "performance_window": "1 mon 2 days"}, {"name": "big", "strategy": "least_loaded"}],
    "pool_members": [{"pool": "smb", "rep_id": "cyd", "weight": 1.5}, {"pool": "smb", "rep_id": "bob"}, {"pool": "big", "rep_id": "ann", "active": false}],
    "segments": [{"name": "na-smb", "territory": "north", "employees": "[50,201)", "countries": ["US", "CA"], "events": ["demo_request"], "condition": "$.\"a\" == \"it''s\"",
                  "effective": "[\"2020-01-01 00:00:00+00\",)"}, {"name": "rest", "territory": "north", "priority": 1000, "revenue": "(0.5,1000000]"}],
    "recycle_rules": [{"reason": "later", "kind": "timing", "cool_off": "3 mons", "queue": "desk"}],
    "account_policies": [{"kind": "customer", "when_off_duty": "replace"}],
    "playbooks": [{"name": "ring", "segments": ["na-smb"], "tiers": ["hot"], "description": "Say:\n-- hello; COMMIT;"}],
    "domain_rules": [{"domain": "rival.com", "kind": "competitor", "queue": "competitor"}],
    "mail_domains": [{"domain": "mailer.example", "kind": "personal", "source": "by hand"}],
    "golden_leads": [{"name": "g", "lead": {"email": "a@b.com", "country": "US", "employees": 60, "x": null}, "expected": {"queue": "catch_all"}}]}'
    || jsonb_build_object('queues', leadroute.export_rules() -> 'queues' || '[{"name": "desk", "auto_assign_pool": "smb", "auto_assign_after": "1 day"}]');
SELECT change, sql FROM story.documents d, leadroute.rules_difference(document) WHERE d.name = 'first';

-- One proposes, another approves and applies.
SET SESSION AUTHORIZATION document_author;
SELECT leadroute.propose_rules('set up', 'a new company', document) AS change FROM story.documents WHERE name = 'first' \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION document_approver;
SELECT leadroute.approve_change(:change);
SELECT leadroute.apply_change(:change);
RESET SESSION AUTHORIZATION;
CREATE VIEW story.normal AS SELECT name, leadroute_internal.read_document(document) AS document FROM story.documents;
SELECT leadroute.export_rules() - 'version' = document AS same FROM story.normal WHERE name = 'first';
SELECT * FROM leadroute.rules_difference(leadroute.export_rules());
SELECT leadroute.propose_rules('again', 'the same', document) FROM story.documents WHERE name = 'first';

-- Changes of every kind: bounds of tiers that meet, renames with all that names them, rows that go with those that name them.
INSERT INTO story.documents SELECT 'second', leadroute.export_rules() || '{
    "tiers": [{"segment": "us-smb", "name": "hot", "score": "[70,)", "pool": "small"}, {"segment": "us-smb", "name": "warm", "score": "[0,70)", "pool": "small"}],
    "pools": [{"name": "small", "was": "smb", "fallback_queue": "desk", "performance_window": "1 mon 2 days"}],
    "pool_members": [{"pool": "small", "rep_id": "cyd", "weight": 0.75}, {"pool": "small", "rep_id": "bob", "active": false, "weight": 2}],
    "segments": [{"name": "us-smb", "was": "na-smb", "territory": "north", "employees": "[50,501)", "countries": ["US"], "events": ["demo_request"]}],
    "playbooks": [{"name": "ring", "segments": ["us-smb"], "tiers": ["hot"]}],
    "recycle_rules": [], "golden_leads": [], "schedules": [], "schedule_hours": [], "holidays": []}'
    || jsonb_build_object('queues', leadroute.export_rules() -> 'queues' || '[{"name": "other", "manager_id": "cyd"}]');
UPDATE story.documents SET document = jsonb_set(jsonb_set(document, '{queues}', (SELECT jsonb_agg(q - 'auto_assign_pool' - 'auto_assign_after') FROM jsonb_array_elements(document -> 'queues') q)), '{account_policies}', '[]') WHERE name = 'second';
SELECT seat, rep_id FROM leadroute.pool_members WHERE pool = 'smb' ORDER BY seat;
SELECT change, sql FROM story.documents d, leadroute.rules_difference(document) WHERE d.name = 'second';
SET SESSION AUTHORIZATION document_author;
SELECT leadroute.propose_rules('reorg', 'the new year', document) AS change FROM story.documents WHERE name = 'second' \gset
SET SESSION AUTHORIZATION document_approver;
SELECT leadroute.approve_change(:change);
SELECT leadroute.apply_change(:change);
RESET SESSION AUTHORIZATION;
SELECT leadroute.export_rules() - 'version' = document AS same FROM story.normal WHERE name = 'second';
-- the members kept their seats
SELECT seat, rep_id, weight FROM leadroute.pool_members ORDER BY seat;
-- "was" is done: the same document changes nothing
SELECT * FROM story.documents d, leadroute.rules_difference(document) WHERE d.name = 'second';
-- and back to what shipped; a table that is left out stays as it is
SELECT count(*) > 5 AS changes FROM story.documents d, leadroute.rules_difference(document) WHERE d.name = 'shipped';
SELECT change FROM leadroute.rules_difference('{"version": 1, "playbooks": []}');
SELECT change FROM leadroute.rules_difference('{"version": 1}');
SET SESSION AUTHORIZATION document_author;
SELECT leadroute.propose_rules('back', 'an error', document) AS change FROM story.documents WHERE name = 'shipped' \gset
SET SESSION AUTHORIZATION document_approver;
SELECT leadroute.approve_change(:change);
SELECT leadroute.apply_change(:change);
RESET SESSION AUTHORIZATION;
SELECT leadroute.export_rules() = document AS same FROM story.documents WHERE name = 'shipped';

-- Refused, with the place; nothing is proposed.
SELECT count(*) AS proposed FROM leadroute.change_requests \gset
\pset format unaligned
SELECT d.document, t.* FROM (VALUES
    ('null'), ('[]'), ('{}'), ('{"version": 0}'), ('{"version": "1"}'), ('{"version": 2, "pools": []}'),
    ('{"version": 1, "poools": []}'), ('{"version": 1, "reps": []}'), ('{"version": 1, "accounts": []}'), ('{"version": 1, "leads": []}'),
    ('{"version": 1, "pools": {}}'), ('{"version": 1, "pools": [1]}'), ('{"version": 1, "pools": null}'),
    ('{"version": 1, "pools": [{"name": "a"}, {"name": "b", "colour": "red"}]}'), ('{"version": 1, "pools": [{"name": "a", "pool_no": 7}]}'),
    ('{"version": 1, "mail_domains": [{"domain": "a.com", "kind": "personal", "shipped": true}]}'),
    ('{"version": 1, "pools": [{"strategy": "least_loaded"}]}'), ('{"version": 1, "pools": [{"name": null}]}'), ('{"version": 1, "pools": [{"name": 7}]}'),
    ('{"version": 1, "segments": [{"name": "a", "countries": "DE"}]}'), ('{"version": 1, "segments": [{"name": "a", "countries": ["DE", null]}]}'), ('{"version": 1, "segments": [{"name": "a", "countries": [["DE"]]}]}'),
    ('{"version": 1, "segments": [{"name": "a", "priority": "1"}]}'), ('{"version": 1, "segments": [{"name": "a", "priority": 1.5}]}'), ('{"version": 1, "segments": [{"name": "a"}, {"name": "b", "priority": 1e30}]}'),
    ('{"version": 1, "segments": [{"name": "a", "enabled": "yes"}]}'), ('{"version": 1, "segments": [{"name": "a", "employees": "50-200"}]}'), ('{"version": 1, "segments": [{"name": "a", "condition": "$["}]}'),
    ('{"version": 1, "queues": [{"name": "catch_all", "kind": "catch_all", "auto_assign_after": "soon"}]}'),
    ('{"version": 1, "pools": [{"name": "a"}, {"name": "a"}]}'), ('{"version": 1, "queues": []}'),
    ('{"version": 1, "pools": [{"name": "a"}], "pool_members": [{"pool": "a", "rep_id": "zoe"}]}'), ('{"version": 1, "pool_members": [{"pool": "b", "rep_id": "ann"}]}'),
    ('{"version": 1, "pools": [{"name": "a", "was": 7}]}'), ('{"version": 1, "pool_members": [{"pool": "b", "rep_id": "ann", "was": "x"}]}'),
    ('{"version": 1, "queues": [{"name": "catch_all", "kind": "catch_all"}, {"name": "x", "was": "partner"}, {"name": "partner", "kind": "partner"}]}'),
    ('{"version": 1, "golden_leads": [{"name": "a", "lead": "x", "expected": {}}]}')
) AS d (document), story.try(format('SELECT leadroute.propose_rules(''t'', ''w'', %L)', d.document)) t;
SELECT * FROM story.try('SELECT leadroute.propose_rules(''t'', ''w'', NULL)');
\pset format aligned
SELECT count(*) - :proposed AS proposed FROM leadroute.change_requests;
-- What constraints say is said when it is applied, and nothing of it stays.
SET SESSION AUTHORIZATION document_author;
SELECT leadroute.propose_rules('wrong', 'a test', '{"version": 1, "pools": [{"name": "a"}, {"name": "b", "performance_min": 7}]}') AS change \gset
SET SESSION AUTHORIZATION document_approver;
SELECT leadroute.approve_change(:change);
SELECT leadroute.apply_change(:change);
RESET SESSION AUTHORIZATION;
SELECT name FROM leadroute.pools;
-- Who may not propose cannot by a document, either.
SET ROLE document_approver;
SELECT leadroute.export_rules() -> 'pools' AS pools;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION leadroute.propose_rules(text, text, jsonb), leadroute.export_rules() FROM document_author;
SET ROLE document_author;
SELECT leadroute.propose_rules('x', 'x', '{"version": 1}');
SELECT leadroute.export_rules();
RESET ROLE;
DROP OWNED BY document_author, document_approver;
DROP ROLE document_author, document_approver;
