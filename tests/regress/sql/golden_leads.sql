-- A change after which a golden lead would be routed otherwise is not applied, unless it says so itself; what golden leads
-- expect is renamed with it; an expectation that could never be met is refused when it is stored.
\i setup.sql
SET client_min_messages = warning;
DROP ROLE IF EXISTS story_author, story_approver;
RESET client_min_messages;
CREATE ROLE story_author; CREATE ROLE story_approver;
SELECT leadroute.grant_role('author', 'story_author'), leadroute.grant_role('approver', 'story_approver');
INSERT INTO leadroute.reps (id, time_zone) VALUES ('ann', 'Europe/Berlin'), ('bob', 'UTC'), ('cyd', 'UTC');
INSERT INTO leadroute.pools (name) VALUES ('smb'), ('enterprise');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('smb', 'ann'), ('smb', 'cyd'), ('enterprise', 'bob');
INSERT INTO leadroute.territories (name) VALUES ('dach');
INSERT INTO leadroute.segments (name, priority, employees, territory, fallback_queue) VALUES ('big', 10, '[500,)', 'dach', NULL), ('small', 20, NULL, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('big', 'any', '(,)', 'enterprise'), ('small', 'any', '[10,)', 'smb');
INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('small', 'cold', '(,10)', 'nurture');
INSERT INTO leadroute.accounts (id, name, kind, csm_id) VALUES ('acme', 'Acme', 'customer', 'cyd');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');
INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[2031-01-01,2031-02-01)');
CREATE FUNCTION story.change(sql text) RETURNS TABLE (code text, message text, detail text) LANGUAGE plpgsql AS $$
DECLARE
    id bigint;
BEGIN
    SET SESSION AUTHORIZATION story_author;
    id := leadroute.propose_change('t', 'w', sql);
    SET SESSION AUTHORIZATION story_approver;
    PERFORM leadroute.approve_change(id);
    RESET SESSION AUTHORIZATION;
    PERFORM leadroute.apply_change(id);
    code := '00000';
    message := 'applied';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    detail := nullif(detail, '');
    RETURN NEXT;
END $$;

INSERT INTO leadroute.golden_leads (name, lead, at, expected, note) VALUES
    ('customer', '{"email": "eve@acme.com"}', NULL, '{"owner_id": "cyd", "layer": "customer", "status": "assigned"}', 'Customers go to their CSM'),
    ('enterprise', '{"email": "a@large.test", "employees": 900}', NULL, '{"pool": "enterprise", "segment": "big", "territory": "dach", "tier": "any"}', NULL),
    ('enterprise in January', '{"email": "a@large.test", "employees": 900}', '2031-01-15', '{"queue": "catch_all", "owner_id": null}', 'Bob is away'),
    ('cold', '{"email": "a@small.test"}', NULL, '{"status": "nurture", "queue": null, "pool": null}', NULL);
SELECT * FROM leadroute.check_golden_leads();

-- Changes that leave them where they are, and changes that do not.
SELECT * FROM story.change($$UPDATE segments SET employees = '[600,)' WHERE name = 'big'$$);
SELECT * FROM story.change($$UPDATE segments SET employees = '[1000,)' WHERE name = 'big'$$);
SELECT name, employees FROM leadroute.segments ORDER BY name;
SELECT * FROM story.change($$UPDATE tiers SET score = '[5,10)' WHERE name = 'cold'; UPDATE accounts SET csm_id = 'ann'$$);
SELECT * FROM story.change($$DELETE FROM absences$$);
SELECT count(*) AS absences FROM leadroute.absences;
-- One that says so itself.
SELECT * FROM story.change($$UPDATE segments SET employees = '[1000,)' WHERE name = 'big';
    UPDATE golden_leads SET expected = '{"segment": "small"}' WHERE name LIKE 'enterprise%'$$);
SELECT name, expected FROM leadroute.golden_leads ORDER BY name;
-- What was so before a change must be mended first, or with it.
UPDATE leadroute.golden_leads SET expected = '{"segment": "large"}' WHERE name = 'enterprise';
SELECT * FROM leadroute.check_golden_leads();
SELECT * FROM story.change($$UPDATE segments SET priority = 30 WHERE name = 'small'$$);
SELECT * FROM story.change($$DELETE FROM golden_leads WHERE name = 'enterprise'$$);

-- A lead that is known already is a touch, and no measure.
INSERT INTO leadroute.leads (email) VALUES ('eve@acme.com') RETURNING owner_id;
SELECT * FROM leadroute.check_golden_leads();
DELETE FROM leadroute.leads;

-- Renamed with what they expect.
UPDATE leadroute.golden_leads SET expected = '{"owner_id": "cyd", "pool": null}' WHERE name = 'customer';
INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES
    ('small', '{"email": "b@small.test", "score": 50}', '{"pool": "smb", "segment": "small", "tier": "any"}'),
    ('large', '{"email": "b@large.test", "employees": 5000}', '{"pool": "enterprise", "segment": "big", "tier": "any", "territory": "dach"}');
UPDATE leadroute.reps SET id = 'cydney' WHERE id = 'cyd';
UPDATE leadroute.segments SET name = 'all the rest' WHERE name = 'small';
UPDATE leadroute.pools SET name = name || ' reps';
UPDATE leadroute.territories SET name = 'DACH';
UPDATE leadroute.tiers SET name = 'warm' WHERE segment = 'all the rest' AND name = 'any';
SELECT name, expected FROM leadroute.golden_leads ORDER BY name;
SELECT * FROM leadroute.check_golden_leads();

-- What can never be met, or read.
SELECT * FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '{"owner": "ann"}')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '{"pool": "smb", "reason": "x"}')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '{}')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '["pool"]')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '"smb"')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '{"pool": 5}')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '{}', '{"pool": ["smb"]}')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('x', '[]', '{"pool": "smb"}')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected, at) VALUES ('x', '{}', '{"pool": "smb"}', 'infinity')$$);
SELECT code FROM story.try($$INSERT INTO leadroute.golden_leads (name, lead, expected) VALUES ('', '{}', '{"pool": "smb"}')$$);
SELECT code FROM story.try($$UPDATE leadroute.golden_leads SET expected = expected || '{"colour": "red"}'$$);

SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute CASCADE;
DROP ROLE story_author, story_approver;
