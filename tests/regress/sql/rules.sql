-- Rules that make no sense cannot be written.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.queues (name) VALUES ('review');
INSERT INTO leadroute.territories (name) VALUES ('north');
INSERT INTO leadroute.segments (name, territory) VALUES ('germany', 'north');
INSERT INTO leadroute.tiers (segment, name, score, action, pool) VALUES ('germany', 'A', '[50,)', 'pool', 'sales');
INSERT INTO leadroute.tiers (name, score, action) VALUES ('general', '[50,)', 'nurture');
CREATE TABLE story.wrong (n integer GENERATED ALWAYS AS IDENTITY, what text, statement text);
-- Runs each statement, which must fail, and shows how; one that does not is undone.
CREATE FUNCTION story.refused() RETURNS TABLE (what text, code text, message text, hint text) LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    FOR wrong IN SELECT * FROM story.wrong ORDER BY n LOOP
        what := wrong.what;
        BEGIN
            EXECUTE wrong.statement;
            RAISE EXCEPTION 'was accepted' USING ERRCODE = '00001';
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
        END;
        RETURN NEXT;
    END LOOP;
    DELETE FROM story.wrong;
END $$;

-- Tiers.
INSERT INTO story.wrong (what, statement) VALUES
    ('overlapping tiers of a segment', $$INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('germany', 'B', '[20,60)', 'nurture')$$),
    ('overlapping tiers for all', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('other', '[99,100]', 'nurture')$$),
    ('two tiers of one name', $$INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('germany', 'A', '(,0)', 'nurture')$$),
    ('an empty range of scores', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('none', '[5,5)', 'nurture')$$),
    ('scores from high to low', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('none', '[9,5]', 'nurture')$$),
    ('a score of NaN', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('none', '[NaN,)', 'nurture')$$),
    ('a pool without its name', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('none', '(,0)', 'pool')$$),
    ('a queue and a pool', $$INSERT INTO leadroute.tiers (name, score, action, pool, queue) VALUES ('none', '(,0)', 'queue', 'sales', 'review')$$),
    ('nurture in a queue', $$INSERT INTO leadroute.tiers (name, score, action, queue) VALUES ('none', '(,0)', 'nurture', 'review')$$),
    ('a pool that is not there', $$INSERT INTO leadroute.tiers (name, score, action, pool) VALUES ('none', '(,0)', 'pool', 'nobody')$$),
    ('an unknown action', $$INSERT INTO leadroute.tiers (name, score, action) VALUES ('none', '(,0)', 'discard')$$);
SELECT * FROM story.refused();
-- Segments.
INSERT INTO story.wrong (what, statement) VALUES
    ('a segment without a way out', $$INSERT INTO leadroute.segments (name) VALUES ('lost')$$),
    ('taking the way out away', $$UPDATE leadroute.segments SET territory = NULL WHERE name = 'germany'$$),
    ('an empty range of employees', $$INSERT INTO leadroute.segments (name, territory, employees) VALUES ('x', 'north', '[5,5)')$$),
    ('an empty range of revenue', $$INSERT INTO leadroute.segments (name, territory, revenue) VALUES ('x', 'north', 'empty')$$),
    ('an empty time', $$INSERT INTO leadroute.segments (name, territory, effective) VALUES ('x', 'north', '[2020-01-01,2020-01-01)')$$),
    ('a condition that is no jsonpath', $$INSERT INTO leadroute.segments (name, territory, condition) VALUES ('x', 'north', '$.a ==')$$),
    ('a nameless segment', $$INSERT INTO leadroute.segments (name, territory) VALUES ('', 'north')$$),
    ('an unknown territory', $$INSERT INTO leadroute.segments (name, territory) VALUES ('x', 'nowhere')$$);
SELECT * FROM story.refused();
-- Pools and reps.
INSERT INTO story.wrong (what, statement) VALUES
    ('a negative weight', $$INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', -1)$$),
    ('a weight of NaN', $$INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 'NaN')$$),
    ('an endless weight', $$INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 'Infinity')$$),
    ('a member who is no rep', $$INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'nobody')$$),
    ('a backup of oneself', $$UPDATE leadroute.reps SET backup_id = 'ann' WHERE id = 'ann'$$),
    ('a manager of oneself', $$UPDATE leadroute.reps SET manager_id = 'ann' WHERE id = 'ann'$$),
    ('an unknown time zone', $$UPDATE leadroute.reps SET time_zone = 'Europe/Atlantis' WHERE id = 'ann'$$),
    ('an unknown presence', $$UPDATE leadroute.reps SET presence = 'asleep' WHERE id = 'ann'$$),
    ('a rep who has members', $$INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'bob'); DELETE FROM leadroute.reps WHERE id = 'bob'$$);
SELECT * FROM story.refused();
-- Absences and hours.
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('ann', '[2030-01-01,2030-01-08)', 'pto');
INSERT INTO story.wrong (what, statement) VALUES
    ('absences that overlap', $$INSERT INTO leadroute.absences (rep_id, during) VALUES ('ann', '[2030-01-07,2030-01-09)')$$),
    ('an empty absence', $$INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', 'empty')$$),
    ('an unknown kind of absence', $$INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('bob', '(,)', 'bored')$$),
    ('a backup of oneself', $$INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ('bob', '(,)', 'bob')$$),
    ('an eighth day of the week', $$INSERT INTO leadroute.schedules VALUES ('office'); INSERT INTO leadroute.schedule_hours VALUES ('office', 8, '9:00', '17:00')$$),
    ('a holiday that never comes', $$INSERT INTO leadroute.schedules VALUES ('office'); INSERT INTO leadroute.holidays VALUES ('office', 'infinity', 'Doomsday')$$);
SELECT * FROM story.refused();
-- Another kind, another time or another rep is no overlap.
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES
    ('ann', '[2030-01-07,2030-01-09)', 'sick'), ('ann', '[2030-01-08,2030-01-09)', 'pto'), ('bob', '[2030-01-07,2030-01-09)', 'pto');
-- Queues: there is always one catch-all.
INSERT INTO leadroute.leads (company) VALUES ('waiting');
INSERT INTO story.wrong (what, statement) VALUES
    ('deleting the catch-all queue', $$DELETE FROM leadroute.queues WHERE name = 'catch_all'$$),
    ('renaming it', $$UPDATE leadroute.queues SET name = 'rest' WHERE name = 'catch_all'$$),
    ('making it something else', $$UPDATE leadroute.queues SET kind = 'triage' WHERE name = 'catch_all'$$),
    ('a second one', $$INSERT INTO leadroute.queues (name, kind) VALUES ('rest', 'catch_all')$$),
    ('making another one of it', $$UPDATE leadroute.queues SET kind = 'catch_all' WHERE name = 'review'$$),
    ('truncating the queues', $$SET LOCAL client_min_messages = warning; TRUNCATE leadroute.queues CASCADE$$),
    ('an unknown kind of queue', $$INSERT INTO leadroute.queues (name, kind) VALUES ('x', 'limbo')$$),
    ('a manager who is no rep', $$UPDATE leadroute.queues SET manager_id = 'nobody' WHERE name = 'catch_all'$$),
    ('a queue that rules name', $$UPDATE leadroute.segments SET fallback_queue = 'review'; DELETE FROM leadroute.queues WHERE name = 'review'$$),
    ('a queue that leads wait in', $$UPDATE leadroute.leads SET queue = 'review'; DELETE FROM leadroute.queues WHERE name = 'review'$$),
    ('a rep who owns leads', $$UPDATE leadroute.leads SET owner_id = 'bob'; DELETE FROM leadroute.reps WHERE id = 'bob'$$);
SELECT * FROM story.refused();
UPDATE leadroute.queues SET manager_id = 'ann' WHERE name = 'catch_all';
-- Accounts, domains, aliases.
INSERT INTO leadroute.accounts (id) VALUES ('acme');
INSERT INTO story.wrong (what, statement) VALUES
    ('a parent of itself', $$UPDATE leadroute.accounts SET parent_id = 'acme'$$),
    ('a country by its name', $$UPDATE leadroute.accounts SET country = 'Germany'$$),
    ('an unknown kind of account', $$UPDATE leadroute.accounts SET kind = 'friend'$$),
    ('a domain in capitals', $$INSERT INTO leadroute.account_domains VALUES ('ACME.com', 'acme')$$),
    ('a domain without a dot', $$INSERT INTO leadroute.account_domains VALUES ('localhost', 'acme')$$),
    ('a domain of two accounts', $$INSERT INTO leadroute.account_domains VALUES ('acme.com', 'acme'), ('acme.com', 'acme')$$),
    ('a contact in capitals', $$INSERT INTO leadroute.contacts VALUES ('Ada@acme.com', 'acme')$$),
    ('an unknown kind of rule', $$INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('acme.com', 'enemy')$$),
    ('a queue for a mail provider', $$INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('acme.com', 'personal', 'review')$$),
    ('an alias in capitals', $$INSERT INTO leadroute.industry_aliases VALUES ('Banks', 'Banking')$$),
    ('a country that is no code', $$INSERT INTO leadroute.country_aliases VALUES ('deutschland', 'Germany')$$);
SELECT * FROM story.refused();
-- Clocks and ladders.
INSERT INTO story.wrong (what, statement) VALUES
    ('no time to respond', $$INSERT INTO leadroute.sla_policies (name, respond_within) VALUES ('x', '0')$$),
    ('negative time to respond', $$INSERT INTO leadroute.sla_policies (name, respond_within) VALUES ('x', '-5 minutes')$$),
    ('an unknown intent', $$INSERT INTO leadroute.sla_policies (name, respond_within, intents) VALUES ('x', '1 hour', '{warm}')$$),
    ('step zero', $$INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('low intent', 0, 'remind')$$),
    ('a step before it is due', $$INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES ('low intent', 3, '-1 hour', 'remind')$$),
    ('an unknown action', $$INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('low intent', 3, 'shout')$$),
    ('steps of no policy', $$INSERT INTO leadroute.escalation_steps (policy, step, action) VALUES ('no such', 1, 'remind')$$),
    ('an unknown intent of an event', $$INSERT INTO leadroute.event_types VALUES ('call', 'burning')$$),
    ('an event in capitals', $$INSERT INTO leadroute.event_types VALUES ('Call', 'high')$$),
    ('an unknown kind of recycling', $$INSERT INTO leadroute.recycle_rules (reason, kind) VALUES ('x', 'mood')$$),
    ('negative cooling off', $$INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('x', 'timing', '-1 day')$$);
SELECT * FROM story.refused();

-- What looks right but does nothing is listed.
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('no tier', 'review');
DELETE FROM leadroute.tiers WHERE segment IS NULL;
SELECT * FROM leadroute.config_problems ORDER BY 1, 2;

-- What the constraints let through is harmless: no single row can stop the routing of all leads.
CREATE FUNCTION story.harmless(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    reason text;
BEGIN
    EXECUTE statement;
    reason := leadroute.preview_route('{"email": "ada@acme.com", "score": 60}') ->> 'reason';
    RAISE EXCEPTION 'undo' USING ERRCODE = 'UNDO1';
EXCEPTION
    WHEN SQLSTATE 'UNDO1' THEN RETURN reason NOT LIKE 'routing failed%';
    WHEN OTHERS THEN RETURN true; -- refused
END $$;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.schedules VALUES ('never');
SELECT statement, story.harmless(statement) FROM unnest(ARRAY[
    $$UPDATE leadroute.pool_members SET weight = 'NaN'$$,
    $$UPDATE leadroute.pool_members SET weight = 999999.999$$,
    $$UPDATE leadroute.pool_members SET weight = 0.001$$,
    $$UPDATE leadroute.segments SET countries = '{}'$$,
    $$UPDATE leadroute.segments SET countries = '{NULL}'$$,
    $$UPDATE leadroute.segments SET regions = '{{a,b},{c,d}}'$$,
    $$UPDATE leadroute.segments SET priority = -2147483648$$,
    $$UPDATE leadroute.segments SET effective = '[4713-01-01 BC,infinity)'$$,
    $$UPDATE leadroute.segments SET employees = '[-2147483648,2147483646]'$$,
    $$UPDATE leadroute.segments SET revenue = '[NaN,)'$$,
    $$UPDATE leadroute.segments SET required_skills = '{NULL}'$$,
    $$UPDATE leadroute.segments SET condition = '$.a[*] ? (@.b == $x)'$$,
    $$UPDATE leadroute.reps SET languages = '{NULL}'$$,
    $$UPDATE leadroute.reps SET skills = '{{a,b}}'$$,
    $$UPDATE leadroute.reps SET time_zone = 'CEST', schedule = 'never'$$,
    $$UPDATE leadroute.reps SET time_zone = 'X+25:00', schedule = 'never'$$,
    $$UPDATE leadroute.reps SET backup_id = CASE id WHEN 'ann' THEN 'bob' ELSE 'ann' END$$,
    $$INSERT INTO leadroute.holidays VALUES ('never', '0044-03-15 BC', 'Ides of March')$$,
    $$INSERT INTO leadroute.holidays VALUES ('never', '12000-01-01', 'Far away')$$,
    $$INSERT INTO leadroute.schedule_hours VALUES ('never', 1, '24:00', '24:00')$$,
    $$INSERT INTO leadroute.absences (rep_id, during) VALUES ('bob', '[4713-01-01 BC,294000-01-01]')$$,
    $$INSERT INTO leadroute.playbooks (name, tiers) VALUES ('x', '{{a},{b}}')$$,
    $$INSERT INTO leadroute.playbooks (name, segments) VALUES ('x', '{NULL}')$$,
    $$INSERT INTO leadroute.sla_policies (name, respond_within, events) VALUES ('x', '1 day', '{NULL}')$$,
    $$INSERT INTO leadroute.sla_policies (name, respond_within, intents) VALUES ('x', '1 day', '{{high}}')$$,
    $$UPDATE leadroute.segments SET name = repeat('n', 100000)$$,
    $$DELETE FROM leadroute.event_types$$,
    $$DELETE FROM leadroute.sla_policies$$
]) AS statement;
-- A rep off duty gets nothing in whatever time zone.
UPDATE leadroute.reps SET schedule = 'never' WHERE id = 'ann';
SELECT count(*) FROM story.try($$UPDATE leadroute.reps SET time_zone = 'CEST' WHERE id = 'ann'$$);
SELECT leadroute.preview_route('{"email": "ada@acme.com", "score": 60}') ->> 'owner_id' AS owner_id;
