-- DDL around attached tables: mappings follow it, what would break one is refused, and strangers notice nothing.
\i setup.sql
INSERT INTO leadroute.reps (id, email) VALUES ('7', 'ann@us.com'), ('8', 'bob@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', '7'), ('sales', '8');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE FUNCTION story.attach(relation text, mapping jsonb) RETURNS TABLE (code text, message text, hint text)
    LANGUAGE sql AS $$ SELECT * FROM story.try(format('SELECT leadroute.attach(%L, %L)', relation, mapping)) $$;
CREATE VIEW story.problems AS SELECT key, problem FROM leadroute.config_problems WHERE "table" = 'attached_tables' ORDER BY 1, 2;

-- What expressions need stays; they are analysed only, never run by whoever changes a table.
CREATE ROLE lr_crm;
GRANT USAGE, CREATE ON SCHEMA story TO lr_crm;
SET ROLE lr_crm;
CREATE TYPE story.mood AS ENUM ('glad', 'sad');
CREATE TABLE story.spy (who text);
CREATE FUNCTION story.watch(size integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO story.spy VALUES (current_user);
    RETURN size;
END $$;
CREATE TABLE story.country (id integer PRIMARY KEY, code varchar(2), note text);
CREATE VIEW story.nation AS SELECT id, code FROM story.country;
CREATE TABLE story.lead (id integer PRIMARY KEY, mail text, size integer, nation integer, feels text, note text, owner text);
RESET ROLE;
GRANT EXECUTE ON FUNCTION leadroute.attach(regclass, jsonb) TO lr_crm;
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": "owner", "employees": {"expression": "story.watch(size)"},
    "country": {"expression": "(SELECT n.code FROM story.nation n WHERE n.id = nation)"}, "first_name": {"expression": "feels::story.mood::text"}}');
ALTER TABLE story.lead ADD COLUMN more text;
CREATE TABLE story.stranger (id integer);
ALTER TABLE story.stranger ADD COLUMN more text;
SELECT count(*) AS runs_of_its_code FROM story.spy;
SELECT code, message FROM story.try('DROP FUNCTION story.watch(integer)');
SELECT * FROM story.try('DROP FUNCTION story.watch(integer) CASCADE');
SELECT * FROM story.try('DROP TYPE story.mood CASCADE');
SELECT code, message FROM story.try('DROP VIEW story.nation CASCADE');
SELECT code, message FROM story.try('DROP TABLE story.country CASCADE');
SELECT * FROM story.try('ALTER FUNCTION story.watch(integer) RENAME TO look');
SELECT code, message FROM story.try('ALTER TYPE story.mood RENAME TO feeling');
SELECT code, message FROM story.try('ALTER VIEW story.nation RENAME COLUMN code TO iso');
SELECT code, message FROM story.try('ALTER TABLE story.lead ALTER COLUMN size TYPE text');
SELECT * FROM story.try('ALTER TABLE story.lead DROP COLUMN nation');
SELECT code, message FROM story.try('ALTER SCHEMA story RENAME TO tale');
ALTER TABLE story.country DROP COLUMN note;
ALTER TABLE story.lead DROP COLUMN note, ALTER COLUMN size TYPE smallint;
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": "owner", "country": {"expression": "(SELECT 1; SELECT 2)"}}');
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": "owner", "country": {"expression": "ARRAY[feels]"}}');
-- One that is broken all the same is told, and nobody else is stopped.
SET session_replication_role = replica;
ALTER FUNCTION story.watch(integer) RENAME TO look;
RESET session_replication_role;
TABLE story.problems;
ALTER TABLE story.stranger ADD COLUMN again text;
CREATE TABLE story.other (id integer);
INSERT INTO story.lead (id, mail) VALUES (1, 'a@a.com') RETURNING owner;
ALTER FUNCTION story.look(integer) RENAME TO watch;
TABLE story.problems;
INSERT INTO story.lead (id, mail, size) VALUES (2, 'b@b.com', 3) RETURNING owner;

-- The key is that of the leads.
SELECT * FROM story.try('ALTER TABLE story.lead DROP CONSTRAINT lead_pkey');
SELECT code, message FROM story.try('ALTER TABLE story.lead DROP CONSTRAINT lead_pkey, ADD PRIMARY KEY (mail)');
ALTER TABLE story.lead DROP CONSTRAINT lead_pkey, ADD CONSTRAINT other_pkey PRIMARY KEY (id);
SELECT * FROM story.try('ALTER TABLE story.lead DROP COLUMN id');
ALTER TABLE story.lead RENAME COLUMN id TO no;
INSERT INTO story.lead (no, mail) VALUES (3, 'c@c.com') RETURNING owner;
DELETE FROM story.lead WHERE no = 3;
SELECT count(*) FROM leadroute.leads WHERE attached_key IS NULL;
-- Columns that are only in the index of the key may be written.
CREATE TABLE story.wide (id integer, mail text, owner text, PRIMARY KEY (id) INCLUDE (owner));
SELECT * FROM story.attach('story.wide', '{"email": "mail", "owner_id": "owner"}');
SELECT key FROM leadroute.attached_tables WHERE relation = 'story.wide'::regclass;
-- Attached again with another key, old leads have no rows: a value of the new key is another row.
CREATE TABLE story.rekeyed (id integer PRIMARY KEY, no integer NOT NULL, mail text, owner text);
SELECT * FROM story.attach('story.rekeyed', '{"email": "mail", "owner_id": "owner"}');
INSERT INTO story.rekeyed VALUES (10, 20, 'k10@a.com'), (20, 10, 'k20@a.com');
SELECT leadroute.detach('story.rekeyed');
ALTER TABLE story.rekeyed DROP CONSTRAINT rekeyed_pkey, ADD PRIMARY KEY (no);
SELECT * FROM story.attach('story.rekeyed', '{"email": "mail", "owner_id": "owner"}');
SELECT leadroute.transfer_lead(id, CASE owner_id WHEN '7' THEN '8' ELSE '7' END) > 0 AS transferred, attached_key
  FROM leadroute.leads WHERE email = 'k10@a.com';
SELECT r.id, r.owner = l.owner_id AS is_as_it_was FROM story.rekeyed r JOIN leadroute.leads l ON l.email = r.mail AND r.mail <> 'k10@a.com';

-- A dropped table is gone, and its leads are closed.
DROP TABLE story.lead;
SELECT id, status, attached_key FROM leadroute.leads ORDER BY id;
SELECT d.lead_id, replace(d.reason, session_user, 'somebody') AS reason, c.stopped_at IS NOT NULL AS stopped
  FROM leadroute.decisions d JOIN leadroute.sla_clocks c USING (lead_id) WHERE d.cause = 'manual' AND d.lead_id < 3 ORDER BY 1;

-- Types of extensions: of a mapped column, of the key.
CREATE SCHEMA ext;
SET client_min_messages = warning;
CREATE EXTENSION citext SCHEMA ext;
RESET client_min_messages;
CREATE TABLE story.ci (id ext.citext PRIMARY KEY, mail ext.citext, note ext.citext, owner text);
SELECT * FROM story.attach('story.ci', '{"email": "mail", "owner_id": "owner"}');
SELECT code, message FROM story.try('DROP EXTENSION citext CASCADE');
ALTER TABLE story.ci ALTER COLUMN mail TYPE text;
SELECT code, message FROM story.try('DROP EXTENSION citext CASCADE');
SELECT code, message FROM story.try('DROP TYPE ext.citext CASCADE');
SELECT leadroute.detach('story.ci');
SET client_min_messages = warning;
DROP EXTENSION citext CASCADE;
RESET client_min_messages;
CREATE TABLE story.stranger2 (id integer);
DROP SCHEMA ext;

-- The table of owners may be renamed, and its columns; a column of the same name is another one.
CREATE SCHEMA links;
CREATE TABLE story.lead (id integer PRIMARY KEY, mail text, "user" text, lead_id text);
CREATE TEMP TABLE assigned_temp (lead_id integer, "user" text);
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": {"table": "assigned_temp", "row": "lead_id", "column": "user"}}');
CREATE TABLE links.assigned (lead_id integer, "user" text, since timestamptz NOT NULL);
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": {"table": "links.assigned", "row": "lead_id", "column": "user"}}');
ALTER TABLE links.assigned ALTER COLUMN since SET DEFAULT now();
SELECT * FROM story.attach('story.lead', '{"email": "mail", "owner_id": {"table": "links.assigned", "row": "lead_id", "column": "user"}}');
ALTER TABLE story.lead RENAME COLUMN "user" TO somebody;
ALTER TABLE story.lead DROP COLUMN lead_id;
ALTER TABLE links.assigned RENAME COLUMN "user" TO seller;
ALTER TABLE links.assigned RENAME COLUMN lead_id TO "Lead";
ALTER TABLE links.assigned RENAME TO "Assigned";
ALTER SCHEMA links RENAME TO ties;
SELECT mapping -> 'owner_id' AS owner_id FROM leadroute.attached_tables WHERE relation = 'story.lead'::regclass;
INSERT INTO story.lead (id, mail) VALUES (1, 'd@d.com');
SELECT "Lead", seller FROM ties."Assigned";
TABLE story.problems;
SELECT * FROM story.try('DROP SCHEMA ties CASCADE');
SELECT code, message FROM story.try('ALTER TABLE ties."Assigned" DROP COLUMN seller');
SELECT code, message FROM story.try('ALTER TABLE ties."Assigned" ALTER COLUMN seller TYPE bytea USING NULL');
SELECT leadroute.detach('story.lead');
SET client_min_messages = warning;
DROP SCHEMA ties CASCADE;
RESET client_min_messages;

-- Partitions: also those that a schema brings along; those that leave take their leads with them.
CREATE TABLE story.parted (id integer, mail text, owner text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE story.p1 PARTITION OF story.parted FOR VALUES FROM (0) TO (10);
CREATE TABLE story.alone (id integer PRIMARY KEY, mail text, owner text);
SELECT * FROM story.attach('story.alone', '{"email": "mail", "owner_id": "owner"}');
ALTER TABLE story.parted ATTACH PARTITION story.alone FOR VALUES FROM (100) TO (110);
SELECT * FROM story.attach('story.parted', '{"email": "mail", "owner_id": "owner"}');
SELECT leadroute.detach('story.alone');
SELECT * FROM story.attach('story.parted', '{"email": "mail", "owner_id": "owner"}');
CREATE SCHEMA brings CREATE TABLE p2 PARTITION OF story.parted FOR VALUES FROM (10) TO (20);
CREATE TABLE story.p3 PARTITION OF story.parted FOR VALUES FROM (20) TO (40) PARTITION BY RANGE (id);
CREATE TABLE story.p31 (id integer NOT NULL, mail text, owner text);
ALTER TABLE story.p3 ATTACH PARTITION story.p31 FOR VALUES FROM (20) TO (30);
CREATE TABLE story.copy AS TABLE story.parted;
SELECT tgrelid::regclass, count(*) FROM pg_trigger WHERE tgname ~ 'leadroute_(1|2|del|tru)' AND tgrelid <> 'story.wide'::regclass GROUP BY 1 ORDER BY 1::text;
TRUNCATE leadroute.leads;
INSERT INTO story.parted VALUES (1, 'p1@a.com'), (11, 'p2@a.com'), (21, 'p31@a.com'), (22, 'p32@a.com'), (101, 'alone@a.com');
INSERT INTO brings.p2 VALUES (12, 'p2b@a.com') RETURNING owner IS NOT NULL AS has_owner;
UPDATE leadroute.leads SET status = 'converted' WHERE email = 'p32@a.com';
ALTER TABLE story.parted DETACH PARTITION story.p3;
DROP TABLE brings.p2;
SELECT email, status, attached_key FROM leadroute.leads ORDER BY email;
SELECT l.email, replace(d.reason, session_user, 'somebody') AS reason FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE d.cause = 'manual' ORDER BY 1;
SELECT count(*) FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id WHERE c.stopped_at IS NULL AND l.attached_key IS NULL;
INSERT INTO story.p31 VALUES (23, 'gone@a.com') RETURNING owner;
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('story.p3'::regclass, 'story.p31'::regclass) AND NOT tgisinternal;
DROP SCHEMA brings;

-- More that attach() looks at.
CREATE DOMAIN story.code AS varchar(10);
CREATE DOMAIN story.owner_code AS story.code NOT NULL;
CREATE DOMAIN story.flag AS boolean;
CREATE DOMAIN story.really AS story.flag;
CREATE TABLE story.users (no integer PRIMARY KEY);
INSERT INTO story.users VALUES (7);
CREATE TABLE story.odd (id integer PRIMARY KEY, mail text, must_own story.owner_code, yes story.really, owner integer REFERENCES story.users, short varchar(3));
SELECT code, message FROM story.attach('story.odd', '{"email": "mail", "owner_id": "must_own"}');
SELECT code, message FROM story.attach('story.odd', '{"email": "yes", "owner_id": "owner"}');
SELECT * FROM story.attach('story.odd', '{"email": "mail", "owner_id": {"column": "owner", "nobody": "none"}}');
SELECT code, message FROM story.attach('story.odd', '{"email": "mail", "owner_id": {"column": "short", "nobody": "nobody"}}');
SELECT * FROM story.attach('story.odd', '{"email": "mail", "owner_id": "owner"}');
TABLE story.problems;
SELECT * FROM leadroute.lint_config() WHERE "table" = 'attached_tables';
CREATE TABLE story.parent (id integer PRIMARY KEY, mail text, owner text);
CREATE TABLE story.child () INHERITS (story.parent);
SELECT * FROM story.attach('story.parent', '{"email": "mail", "owner_id": "owner"}');
ALTER TABLE story.child NO INHERIT story.parent;
SELECT * FROM story.attach('story.parent', '{"email": "mail", "owner_id": "owner"}');
ALTER TABLE story.child INHERIT story.parent;
DROP TRIGGER zz_leadroute_route ON story.wide;
TABLE story.problems;
ALTER TABLE story.parent ADD COLUMN note text;
SELECT * FROM story.attach('story.wide', '{"email": "mail", "owner_id": "owner"}');

-- Whole roles, schemas and the extension go as ever.
SET client_min_messages = warning;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA leadroute FROM lr_crm;
CREATE TABLE story.theirs (id integer PRIMARY KEY, mail text, owner text);
ALTER TABLE story.theirs OWNER TO lr_crm;
SELECT * FROM story.attach('story.theirs', '{"email": "mail", "country": {"expression": "story.watch(id)::text"}, "owner_id": "owner"}');
DROP OWNED BY lr_crm CASCADE;
DROP ROLE lr_crm;
CREATE SCHEMA whole;
CREATE TABLE whole.link (lead integer, owner text);
CREATE TABLE whole.lead (id integer PRIMARY KEY, mail text);
SELECT * FROM story.attach('whole.lead', '{"email": "mail", "owner_id": {"table": "whole.link", "row": "lead", "column": "owner"}}');
DROP SCHEMA whole CASCADE;
SELECT relation FROM leadroute.attached_tables WHERE detached_at IS NULL ORDER BY relation::text;
DROP EXTENSION leadroute CASCADE;
CREATE TABLE story.stranger3 (id integer);
SELECT count(*) FROM pg_trigger WHERE tgname ~ 'leadroute';
