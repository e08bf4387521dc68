-- What the app says later about a row: answers, events, corrections.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, email, daily_cap) VALUES ('ann', 'ann@us.com', 1000), ('bob', 'bob@us.com', NULL), ('dora', 'dora@us.com', NULL), ('cid', 'cid@us.com', NULL);
INSERT INTO leadroute.pools (name) VALUES ('us'), ('de');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('us', 'ann'), ('us', 'bob'), ('de', 'dora');
INSERT INTO leadroute.segments (name, priority, countries, fallback_queue) VALUES ('germany', 1, '{DE}', 'catch_all'), ('rest', 2, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('germany', 'any', 'de'), ('rest', 'any', 'us');
INSERT INTO leadroute.event_types (name, intent) VALUES ('ebook', 'low'), ('pricing_page', 'high') ON CONFLICT (name) DO UPDATE SET intent = excluded.intent;
CREATE TABLE story.deal (id integer PRIMARY KEY, email text, phone text, company text, land text, size text, owner text, stage text,
    event text, happened timestamptz, answered date, answered_by text, note text, waits_in text, due timestamptz);
SELECT leadroute.attach('story.deal', '{"email": "email", "phone": "phone", "company": "company", "country": "land", "employees": "size", "event": "event", "occurred_at": "happened",
    "owner_id": {"column": "owner", "rep": "email", "nobody": "nobody"}, "first_response_at": "answered", "responded_by": "answered_by", "queue": "waits_in", "sla_due_at": "due"}');
CREATE VIEW story.leads AS
SELECT d.id, d.owner, l.status, l.owner_id, l.queue, l.person_key, l.event, count(c.id) AS clocks, count(c.stopped_at) AS stopped, l.first_response_at IS NOT NULL AS is_answered,
       (SELECT string_agg(x.cause, ' ' ORDER BY x.id) FROM leadroute.decisions x WHERE x.lead_id = l.id) AS causes,
       (SELECT count(*) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told
  FROM story.deal d JOIN leadroute.leads l ON l.attached_key = d.id::text LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id GROUP BY d.id, l.id ORDER BY d.id;
INSERT INTO story.deal (id, email, phone, company, land, event) SELECT n, n || '@a.com', '+1 202 555 01' || n, 'Acme', 'us', 'ebook' FROM generate_series(1, 9) n;

-- An answer: by whoever stands there, or by the owner. A day without a time is no answer before the question.
UPDATE story.deal SET answered = current_date, answered_by = 'cid@us.com' WHERE id = 1;
UPDATE story.deal SET answered_by = 'Somebody Else' WHERE id = 2;
UPDATE story.deal SET answered = current_date + 5 WHERE id = 3;
SELECT id, status, clocks, stopped, is_answered, causes FROM story.leads WHERE id <= 3;
SELECT l.attached_key, r.rep_id = l.owner_id AS by_owner, r.rep_id = 'cid' AS by_cid, r.at >= l.occurred_at AND r.at <= clock_timestamp() AS in_between FROM leadroute.responses r JOIN leadroute.leads l ON l.id = r.lead_id ORDER BY r.id;
-- Saved again, it is the same answer; taken away, nothing happens.
UPDATE story.deal SET answered = answered, answered_by = answered_by, note = 'x' WHERE id <= 3;
UPDATE story.deal SET answered = NULL, answered_by = NULL WHERE id = 1;
SELECT count(*) FROM leadroute.responses;
-- A row that was answered before it came has no clock.
INSERT INTO story.deal (id, email, land, answered) VALUES (20, '20@a.com', 'us', current_date - 1);
SELECT id, status, clocks, is_answered FROM story.leads WHERE id = 20;

-- Events: one with more intent starts the clock anew and tells the owner.
UPDATE story.deal SET event = 'pricing_page' WHERE id = 4;
UPDATE story.deal SET happened = now() WHERE id = 5;
SELECT id, event, clocks, stopped, causes, told FROM story.leads WHERE id IN (4, 5);
SELECT l.attached_key, e.event, e.action FROM leadroute.lead_events e JOIN leadroute.leads l ON l.id = e.lead_id ORDER BY e.id;

-- Corrected: the person at once, and the lead is routed again, once.
UPDATE story.deal SET email = 'New@b.com' WHERE id = 6;
UPDATE story.deal SET land = 'Deutschland' WHERE id = 7;
UPDATE story.deal SET land = 'Germany' WHERE id = 8;
SELECT id, owner, person_key, clocks, stopped, causes, told FROM story.leads WHERE id IN (6, 7, 8);
SELECT reason FROM leadroute.decisions WHERE cause = 'enrichment' ORDER BY id;
-- Who has the lead in the same pool keeps it, and no turn is taken.
SELECT l.attached_key, l.owner_id = d.owner_id AS keeps FROM leadroute.leads l JOIN leadroute.decisions d ON d.lead_id = l.id AND d.cause = 'attach' WHERE l.attached_key IN ('6', '7', '8') ORDER BY 1;
SELECT pool, sum(received) AS received FROM leadroute.pool_fairness GROUP BY 1 ORDER BY 1;
-- Not again, but the lead is what the row says.
UPDATE story.deal SET land = 'us', company = 'Beta', size = '40' WHERE id = 7;
SELECT l.country, l.company, l.employees, l.owner_id FROM leadroute.leads l WHERE l.attached_key = '7';
SET leadroute.max_reroutes = 2;
UPDATE story.deal SET company = 'Gamma' WHERE id = 7;
SELECT owner, causes FROM story.leads WHERE id = 7;
RESET leadroute.max_reroutes;
-- Another way of writing the same is no correction, nor is what changes no rule of who and where.
UPDATE story.deal SET email = upper(email), phone = replace(phone, ' ', '-'), company = ' ACME ', land = 'USA', size = '12' WHERE id = 9;
SELECT id, causes FROM story.leads WHERE id = 9;
SELECT email, phone, company, country, employees, updated_at > created_at AS is_updated FROM leadroute.leads WHERE attached_key = '9';
-- A value that cannot be read corrects nothing.
UPDATE story.deal SET size = 'a dozen' WHERE id = 9;
SELECT employees FROM leadroute.leads WHERE attached_key = '9';
UPDATE story.deal SET email = 'no address' WHERE id = 9;
SELECT email, person_key, owner_id IS NOT NULL AS is_owned FROM leadroute.leads WHERE attached_key = '9';
-- One that sends the lead elsewhere by a rule does; one that no rule knows leaves it where it is.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
UPDATE story.deal SET email = 'spy@rival.com' WHERE id = 9;
SELECT status, queue FROM leadroute.leads WHERE attached_key = '9';

-- Whoever answered keeps the lead, and so does whom a person has chosen, before or in the same statement.
UPDATE story.deal SET land = 'de' WHERE id IN (1, 2, 3);
UPDATE story.deal SET owner = 'cid@us.com' WHERE id = 4;
UPDATE story.deal SET land = 'de' WHERE id = 4;
UPDATE story.deal SET owner = 'cid@us.com', land = 'de' WHERE id = 5;
SELECT id, owner IN ('ann@us.com', 'bob@us.com', 'cid@us.com') AS stays, causes FROM story.leads WHERE id <= 5;

-- A touch whose address was a slip is another person's lead; a lead that becomes the same person is a touch.
INSERT INTO story.deal (id, email, land) VALUES (30, 'kim@c.com', 'us'), (31, 'kim@c.com', 'us'), (32, 'jim@c.com', 'us'), (33, 'Kim+x@c.com', 'us');
UPDATE story.deal SET email = 'lee@c.com' WHERE id = 31;
UPDATE story.deal SET email = 'kim@c.com' WHERE id = 32;
UPDATE story.deal SET company = 'Other' WHERE id = 33;
SELECT id, owner IS NOT NULL AS is_owned, status, person_key, clocks - stopped AS running, causes, told FROM story.leads WHERE id >= 30;
-- By hand in leadroute.leads the person is another one at once, too; nothing is routed.
UPDATE leadroute.leads SET email = 'LEE+1@d.com', country = 'germany' WHERE attached_key = '31';
SELECT email, country, person_key FROM leadroute.leads WHERE attached_key = '31';
SELECT * FROM leadroute.check_integrity();
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;

-- Expressions are compared by what they give.
SELECT leadroute.attach('story.deal', '{"email": {"expression": "lower(email)"}, "country": {"expression": "coalesce(land, ''us'')"}, "owner_id": {"column": "owner", "rep": "email"}, "first_response_at": {"expression": "to_char(answered, ''YYYY-MM-DD'')"}}');
INSERT INTO story.deal (id, email) VALUES (40, '40@a.com'), (41, '41@a.com');
UPDATE story.deal SET note = 'y', email = upper(email), land = 'us' WHERE id = 40;
UPDATE story.deal SET land = 'de', answered = current_date WHERE id = 41;
SELECT id, status, is_answered, causes FROM story.leads WHERE id >= 40;

-- One is evaluated again only if a column that it names has changed, so that what hangs on the time corrects nothing.
CREATE SEQUENCE story.evaluations;
CREATE FUNCTION story.evaluated(text) RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN PERFORM nextval('story.evaluations'); RETURN $1; END $$;
CREATE TABLE story.clocked (id integer PRIMARY KEY, email text, "Firm ""x""" text, note text, stage text, owner text, twice text GENERATED ALWAYS AS ("Firm ""x""" || note) STORED);
SELECT leadroute.attach('story.clocked', '{"email": "email", "owner_id": "owner", "company": {"expression": "story.evaluated(lead.\"Firm \"\"x\"\"\" || nextval(''story.evaluations''))"},
    "status": {"expression": "story.evaluated(CASE stage WHEN ''won'' THEN ''converted'' END)"}}');
INSERT INTO story.clocked (id, email, "Firm ""x""") VALUES (1, '1@e.com', 'Acme');
CREATE FUNCTION story.evaluations(change text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint := nextval('story.evaluations');
BEGIN EXECUTE 'UPDATE story.clocked SET ' || change; RETURN nextval('story.evaluations') - before - 1; END $$;
SELECT change, story.evaluations(change) FROM unnest('{"note = ''y''", "owner = owner", "stage = ''open''", "\"Firm \"\"x\"\"\" = ''Beta''"}'::text[]) change;
SELECT company LIKE 'Beta%' AS is_beta FROM leadroute.leads WHERE email = '1@e.com';
-- So is one over the whole row, or over a generated column; one that names no column is not.
SELECT leadroute.attach('story.clocked', '{"email": "email", "owner_id": "owner", "company": {"expression": "story.evaluated(to_jsonb(lead) ->> ''note'')"}}');
SELECT change, story.evaluations(change) FROM unnest('{"note = ''z''", "stage = ''new''"}'::text[]) change;
SELECT leadroute.attach('story.clocked', '{"email": "email", "owner_id": "owner", "company": {"expression": "(SELECT story.evaluated(lead.twice))"}, "source": {"expression": "story.evaluated(''web'')"}}');
SELECT change, story.evaluations(change) FROM unnest('{"note = ''a''", "stage = ''old''"}'::text[]) change;
SELECT company FROM leadroute.leads WHERE email = '1@e.com';
-- A row that is closed tells of something more in the same statement, and later: it stays closed.
SELECT leadroute.attach('story.deal', '{"email": "email", "event": "event", "occurred_at": "happened", "owner_id": {"column": "owner", "rep": "email"}, "responded_by": "answered_by", "status": {"expression": "CASE stage WHEN ''won'' THEN ''converted'' END"}}');
INSERT INTO story.deal (id, email, happened) VALUES (50, '50@a.com', now() - interval '2 days');
UPDATE story.deal SET stage = 'won', event = 'pricing_page', happened = now() WHERE id = 50;
UPDATE story.deal SET happened = now() WHERE id = 50;
SELECT id, status, clocks, stopped, causes FROM story.leads WHERE id = 50;
SELECT e.event, e.action FROM leadroute.lead_events e JOIN leadroute.leads l ON l.id = e.lead_id WHERE l.attached_key = '50' ORDER BY e.id;
-- Open again, the buyer waits from now on.
UPDATE story.deal SET stage = 'open' WHERE id = 50;
SELECT max(c.started_at) > now() - interval '1 hour' AS from_now, leadroute.escalate_overdue() AS escalated FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id WHERE l.attached_key = '50';
-- Somebody answered before the row came, and at a time that is still to come.
INSERT INTO story.deal (id, email, answered_by) VALUES (51, '51@a.com', 'ann@us.com');
SELECT id, status, clocks, is_answered FROM story.leads WHERE id = 51;

-- Rows that move to another partition say the same.
CREATE TABLE story.parted (id integer, email text, stage text, land text, owner text, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
CREATE TABLE story.parted_open PARTITION OF story.parted FOR VALUES IN ('open');
CREATE TABLE story.parted_rest (junk text, stage text NOT NULL, owner text, id integer NOT NULL, land text, email text);
ALTER TABLE story.parted_rest DROP junk;
ALTER TABLE story.parted ATTACH PARTITION story.parted_rest DEFAULT;
SELECT leadroute.attach('story.parted', '{"email": "email", "country": "land", "owner_id": "owner", "status": {"expression": "CASE stage WHEN ''lost'' THEN ''lost'' WHEN ''talking'' THEN ''working'' END"}}');
INSERT INTO story.parted (id, email, stage, land) SELECT n, n || '@p.com', 'open', 'us' FROM generate_series(1, 4) n;
UPDATE story.parted SET stage = 'lost' WHERE id <= 2;
UPDATE story.parted SET stage = 'talking' WHERE id = 3;
UPDATE story.parted SET stage = 'other', land = 'germany' WHERE id = 4;
SELECT p.id, p.stage, l.status, l.country, p.owner = l.owner_id AS same_owner, p.owner = 'dora' AS is_dora, (SELECT bool_and(c.stopped_at IS NOT NULL) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS stopped
  FROM story.parted p JOIN leadroute.leads l ON l.email = p.id || '@p.com' ORDER BY 1;

-- A row that was on its way to another partition when a savepoint was rolled back has not moved: one that comes with its key is new.
CREATE TABLE story.moving (id integer, email text, stage text, event text, owner text, PRIMARY KEY (id, stage)) PARTITION BY LIST (stage);
CREATE TABLE story.moving_open PARTITION OF story.moving FOR VALUES IN ('open');
CREATE TABLE story.moving_rest PARTITION OF story.moving (CHECK (email <> 'bad@p.com')) DEFAULT;
SELECT leadroute.attach('story.moving', '{"email": "email", "event": "event", "owner_id": "owner"}');
INSERT INTO story.moving (id, email, stage, event) VALUES (1, 'one@p.com', 'open', 'visit');
BEGIN;
SAVEPOINT one;
UPDATE story.moving SET stage = 'other', email = 'bad@p.com';
ROLLBACK TO one;
INSERT INTO story.moving (id, email, stage, event) VALUES (1, 'two@p.com', 'other', 'call');
COMMIT;
SELECT l.email, l.attached_key, l.event, (SELECT count(*) FROM leadroute.lead_events e WHERE e.lead_id = l.id) AS events
  FROM leadroute.leads l WHERE l.email IN ('one@p.com', 'two@p.com') ORDER BY 1;
DROP TABLE story.moving;

-- A column that was added since has its default there, too.
ALTER TABLE story.parted ADD firm text DEFAULT 'Acme';
SELECT leadroute.attach('story.parted', '{"email": "email", "country": "land", "company": "firm", "owner_id": "owner"}');
UPDATE story.parted SET stage = 'open' WHERE id = 4;
SELECT company, (SELECT string_agg(d.cause, ' ' ORDER BY d.id) FROM leadroute.decisions d WHERE d.lead_id = l.id) AS causes FROM leadroute.leads l WHERE l.email = '4@p.com';

-- Where routing fails, what the app does goes on: what is corrected is taken over, and the lead stays where it is.
CREATE TABLE story.kept (id integer PRIMARY KEY, email text, land text, event text, stage text, owner text);
SELECT leadroute.attach('story.kept', '{"email": "email", "country": "land", "event": "event", "owner_id": "owner", "status": {"expression": "CASE stage WHEN ''won'' THEN ''converted'' END"}}');
INSERT INTO story.kept (id, email, land, event) SELECT n, n || '@k.com', 'us', 'ebook' FROM generate_series(1, 4) n;
BEGIN;
ALTER TABLE leadroute.contacts RENAME TO contacts_gone;
UPDATE story.kept SET land = 'de' WHERE id = 1;
SELECT l.country, d.cause, l.owner_id = d.owner_id AS stays FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.email = '1@k.com';
UPDATE story.kept SET stage = 'won' WHERE id = 1;
UPDATE story.kept SET stage = 'open' WHERE id = 1;
SELECT l.status, l.queue, d.cause, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.email = '1@k.com';
SAVEPOINT s;
SET LOCAL leadroute.on_error = 'raise';
SELECT code, message FROM story.try($$UPDATE story.kept SET land = 'de' WHERE id = 2$$);
ROLLBACK TO s;
ALTER TABLE leadroute.contacts_gone RENAME TO contacts;
CREATE OR REPLACE FUNCTION leadroute.rules_json() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'out of order'; END $$;
UPDATE leadroute.segments SET priority = priority;
UPDATE story.kept SET land = 'de' WHERE id = 2;
UPDATE story.kept SET event = 'pricing_page' WHERE id = 3;
UPDATE story.kept SET owner = CASE owner WHEN 'ann' THEN 'bob' ELSE 'ann' END WHERE id = 4;
SELECT k.id, l.country, l.event, d.cause, l.owner_id = k.owner AS same_owner, (SELECT count(*) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id AND c.stopped_at IS NULL) AS running
  FROM story.kept k JOIN leadroute.leads l ON l.email = k.email JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY 1;
ROLLBACK;

-- What a column cannot hold is left as it came, and the statement goes on.
CREATE TYPE story.stage AS ENUM ('new', 'won');
CREATE TABLE story.narrow (id integer PRIMARY KEY, email text, stage story.stage NOT NULL DEFAULT 'new', lead smallint NOT NULL DEFAULT 1, owner integer NOT NULL DEFAULT 0, short varchar(2) DEFAULT 'ok');
SELECT leadroute.attach('story.narrow', '{"email": "email", "status": "stage", "segment": "short", "owner_id": {"column": "owner", "nobody": "0"}}');
INSERT INTO story.narrow (id, email) VALUES (1, 'a@n.com') RETURNING stage, owner, short;
SELECT owner_id, queue FROM leadroute.leads WHERE email = 'a@n.com';
SELECT DISTINCT c ->> 'problem' AS problem FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id, jsonb_path_query(d.trace, '$[*].candidates[*]') c WHERE l.email = 'a@n.com' AND c ? 'problem' ORDER BY 1;
SELECT * FROM leadroute.check_integrity();
