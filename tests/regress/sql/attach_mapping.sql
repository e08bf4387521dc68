-- A mapping is checked when a table is attached, follows its table, and cannot be broken unnoticed.
\i setup.sql
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'Bob@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE FUNCTION story.attach(mapping jsonb, relation text DEFAULT 'story.prospect') RETURNS TABLE (code text, message text, hint text)
    LANGUAGE sql AS $$ SELECT * FROM story.try(format('SELECT leadroute.attach(%L, %L)', relation, mapping)) $$;

CREATE TABLE story.country (id integer PRIMARY KEY, code text);
INSERT INTO story.country VALUES (49, 'de');
CREATE TABLE story.users (no integer PRIMARY KEY, login text);
INSERT INTO story.users VALUES (1, 'ann@us.com'), (2, 'bob@us.com');
CREATE TABLE story.prospect (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    mail text,
    mail_clean text GENERATED ALWAYS AS (replace(mail, ' at ', '@')) STORED,
    country_id integer,
    won boolean,
    photo bytea,
    owner text,
    user_no integer,
    must_own text NOT NULL DEFAULT ''
);
-- Each mistake is named.
SELECT * FROM story.attach(NULL);
SELECT * FROM story.attach('[]');
SELECT * FROM story.attach('{"emial": "mail"}');
SELECT code, message FROM story.attach('{"owner_id": "owner"}');
SELECT code, message FROM story.attach('{"email": "mail"}');
SELECT * FROM story.attach('{"email": "Mail", "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "photo", "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "country_id", "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "mail", "employees": "won", "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": "won"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": "mail_clean"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": "id"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": "must_own"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": "mail"}');
SELECT * FROM story.attach('{"email": "mail", "owner_id": {"expression": "1"}}');
SELECT * FROM story.attach('{"email": {"column": "mail"}, "country": {"expression": "co", "column": "mail"}, "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "mail", "country": 7, "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "mail", "queue": {"expression": "1"}, "owner_id": "owner"}');
SELECT * FROM story.attach('{"email": "mail", "country": {"expression": "nation"}, "owner_id": "owner"}');
SELECT code, message FROM story.attach('{"email": "mail", "country": {"expression": "(SELECT code FROM country c WHERE c.id = country_id)"}, "owner_id": "owner"}');
SELECT code, message FROM story.attach('{"email": "mail", "owner_id": {"column": "user_no", "expression": "rep.nonsense"}}');
CREATE TABLE story.keyless (mail text, owner text);
SELECT * FROM story.attach('{"email": "mail", "owner_id": "owner"}', 'story.keyless');
CREATE VIEW story.seen AS TABLE story.prospect;
SELECT * FROM story.attach('{"email": "mail", "owner_id": "owner"}', 'story.seen');
SELECT * FROM story.attach('{"email": "email", "owner_id": "owner_id"}', 'leadroute.leads');
SELECT * FROM story.try($$SELECT leadroute.detach('story.prospect')$$);
SELECT count(*) FROM leadroute.attached_tables;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'story.prospect'::regclass;

-- Expressions over the row, generated columns, and owners by expression, both ways.
SELECT * FROM story.attach('{"email": "mail_clean", "country": {"expression": "(SELECT upper(c.code) FROM story.country c WHERE c.id = lead.country_id)"},
    "attributes": {"expression": "jsonb_build_object(''won'', won)"}, "score": {"expression": "100 / country_id"},
    "owner_id": {"column": "user_no", "expression": "(SELECT u.no FROM story.users u WHERE u.login = lower(rep.email))", "nobody": "0"}}');
INSERT INTO story.prospect (mail, country_id, won) VALUES ('ada at acme.com', 49, true), ('ben at acme.com', 49, NULL), ('cyd at acme.com', 1, NULL)
RETURNING id, mail_clean, user_no;
SELECT id, email, country, score, attributes, owner_id, queue FROM leadroute.leads ORDER BY id;
UPDATE story.prospect SET user_no = 2 WHERE id = 1;
UPDATE story.prospect SET user_no = 0 WHERE id = 2;
SELECT lead_id, owner_id, queue, replace(reason, session_user, 'somebody') FROM leadroute.decisions WHERE cause = 'manual' ORDER BY id;
SELECT leadroute.transfer_lead(2, 'ann') > 0 AS transferred;
SELECT id, user_no FROM story.prospect ORDER BY id;
-- An expression that fails costs no lead.
INSERT INTO story.prospect (mail, country_id) VALUES ('dan at acme.com', 0) RETURNING user_no;
SELECT reason FROM leadroute.decisions WHERE lead_id = 4;
-- The same again is nothing; another mapping takes its place. By e-mail, without regard to case.
SELECT attached_at FROM leadroute.attached_tables \gset
SELECT * FROM story.attach((SELECT mapping FROM leadroute.attached_tables));
SELECT attached_at = :'attached_at' AS untouched FROM leadroute.attached_tables;
SELECT * FROM story.attach('{"email": "mail", "country": {"expression": "''DE''"}, "owner_id": {"column": "owner", "rep": "email"}}');
INSERT INTO story.prospect (mail) VALUES ('eve@else.com'), ('fay@else.com') RETURNING id, owner, user_no;
SELECT lead_id, reason FROM leadroute.decisions WHERE lead_id >= 5 ORDER BY id;
UPDATE story.prospect SET owner = 'BOB@us.com' WHERE mail = 'eve@else.com';
SELECT owner_id FROM leadroute.leads WHERE id = 5;

-- Columns that are renamed are followed; those that are needed cannot go, nor can an expression be broken.
ALTER TABLE story.prospect RENAME COLUMN mail TO "E Mail";
ALTER TABLE story.prospect RENAME COLUMN owner TO seller;
ALTER TABLE story.prospect RENAME TO "Prospect";
ALTER SCHEMA story RENAME TO tale;
SELECT relation, mapping -> 'email' AS email, mapping -> 'owner_id' ->> 'column' AS owner FROM leadroute.attached_tables;
INSERT INTO tale."Prospect" ("E Mail") VALUES ('gus@else.com') RETURNING id, seller;
ALTER SCHEMA tale RENAME TO story;
DROP VIEW story.seen;
-- Not every version tells what goes along.
SET client_min_messages = warning;
SELECT * FROM story.try($$ALTER TABLE story."Prospect" DROP COLUMN "E Mail" CASCADE$$);
RESET client_min_messages;
SELECT code FROM story.try($$ALTER TABLE story."Prospect" DROP COLUMN seller$$);
SELECT * FROM story.try($$ALTER TABLE story."Prospect" ALTER COLUMN seller TYPE boolean USING false$$);
SELECT * FROM story.attach('{"email": "E Mail", "country": {"expression": "(SELECT c.code FROM story.country c WHERE c.id = country_id)"}, "owner_id": "seller"}', 'story."Prospect"');
SELECT * FROM story.try($$ALTER TABLE story.country RENAME COLUMN code TO iso$$);
SELECT code, message FROM story.try($$DROP TABLE story.country$$);
ALTER TABLE story."Prospect" ADD COLUMN note text, DROP COLUMN won, DROP COLUMN photo;
INSERT INTO story."Prospect" ("E Mail", country_id) VALUES ('hal@else.com', 49) RETURNING id, seller;

-- Detached, rows are rows; attached again, old leads are known again.
SELECT leadroute.detach('story."Prospect"');
INSERT INTO story."Prospect" ("E Mail") VALUES ('ian@else.com') RETURNING seller;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'story."Prospect"'::regclass;
SELECT leadroute.transfer_lead(8, 'ann') > 0 AS transferred;
SELECT * FROM story.attach('{"email": "E Mail", "owner_id": "seller"}', 'story."Prospect"');
SELECT leadroute.transfer_lead(8, 'bob') > 0 AS transferred;
SELECT seller FROM story."Prospect" WHERE "E Mail" = 'hal@else.com';
-- A dropped table is forgotten, its leads are not.
DROP TABLE story."Prospect";
SELECT count(*) FROM leadroute.attached_tables;
SELECT leadroute.transfer_lead(8, 'ann') > 0 AS transferred;
SELECT count(*) FROM leadroute.leads;

-- Who attaches must own the table.
CREATE ROLE lr_marketing;
GRANT USAGE ON SCHEMA story TO lr_marketing;
GRANT EXECUTE ON FUNCTION leadroute.attach(regclass, jsonb), leadroute.detach(regclass) TO lr_marketing;
CREATE TABLE story.ours (id integer PRIMARY KEY, mail text, owner text);
SET ROLE lr_marketing;
SELECT leadroute.attach('story.ours', '{"email": "mail", "owner_id": "owner"}');
RESET ROLE;
ALTER TABLE story.ours OWNER TO lr_marketing;
SET ROLE lr_marketing;
SELECT leadroute.attach('story.ours', '{"email": "mail", "owner_id": "owner"}');
INSERT INTO story.ours VALUES (1, 'jan@else.com', NULL) RETURNING owner;
RESET ROLE;
DROP TABLE story.ours;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA leadroute FROM lr_marketing;
REVOKE ALL ON SCHEMA story FROM lr_marketing;
DROP ROLE lr_marketing;
