-- Code of the owner of an attached table runs with no other rights than theirs, whoever changes a row, a lead or a table.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE ROLE lr_mallory;
CREATE SCHEMA mallory AUTHORIZATION lr_mallory;
GRANT EXECUTE ON FUNCTION leadroute.attach(regclass, jsonb) TO lr_mallory;
CREATE TABLE story.ran (who text, what text);
GRANT USAGE ON SCHEMA story TO lr_mallory;
GRANT INSERT ON story.ran TO PUBLIC;

SET ROLE lr_mallory;
-- A cast of a type of their own, an operator, functions in expressions and triggers: each notes as whom it runs.
CREATE TYPE mallory.e AS ENUM ('a', 'b');
CREATE FUNCTION mallory.cast(mallory.e) RETURNS text LANGUAGE plpgsql AS $$
BEGIN INSERT INTO story.ran VALUES (current_user, 'cast'); RETURN 'x'; END $$;
CREATE CAST (mallory.e AS text) WITH FUNCTION mallory.cast(mallory.e);
CREATE FUNCTION mallory.equal(mallory.e, mallory.e) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN INSERT INTO story.ran VALUES (current_user, 'equal'); RETURN true; END $$;
CREATE OPERATOR mallory.= (LEFTARG = mallory.e, RIGHTARG = mallory.e, FUNCTION = mallory.equal);
CREATE FUNCTION mallory.mail(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('search_path', 'mallory, pg_catalog', false); RETURN $1; END $$;
CREATE FUNCTION mallory.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO story.ran VALUES (current_user, 'trigger');
    PERFORM set_config('search_path', 'mallory, pg_catalog', false);
    RETURN NEW;
END $$;
CREATE TABLE mallory.t (id mallory.e PRIMARY KEY, email text, owner text);
CREATE TRIGGER note BEFORE UPDATE ON mallory.t FOR EACH ROW EXECUTE FUNCTION mallory.note();
SELECT leadroute.attach('mallory.t', '{"email": {"expression": "mallory.mail(email)"}, "owner_id": "owner"}');
RESET ROLE;
SHOW search_path;
INSERT INTO mallory.t VALUES ('a', 'a@a.com'), ('b', 'b@b.com') RETURNING id, owner IS NOT NULL AS has_owner;
SHOW search_path;
SELECT leadroute.transfer_lead(id, CASE owner_id WHEN 'ann' THEN 'bob' ELSE 'ann' END) > 0 AS transferred FROM leadroute.leads ORDER BY id;
SHOW search_path;
CREATE TEMP TABLE innocent (i integer);
ALTER TABLE mallory.t ADD COLUMN more text;
DELETE FROM mallory.t WHERE id = 'a';
TRUNCATE mallory.t;
SHOW search_path;
SELECT DISTINCT * FROM story.ran ORDER BY 2;
SELECT attached_key, status FROM leadroute.leads ORDER BY id;
-- An expression cannot leave work behind for the end of the transaction, which has other rights.
SET ROLE lr_mallory;
CREATE TABLE mallory.later (i integer);
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON mallory.later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mallory.note();
CREATE FUNCTION mallory.defer(text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN INSERT INTO mallory.later VALUES (1); RETURN $1; END $$;
CREATE TABLE mallory.u (id integer PRIMARY KEY, email text, owner text);
SELECT leadroute.attach('mallory.u', '{"email": {"expression": "mallory.defer(email)"}, "owner_id": "owner"}');
RESET ROLE;
TRUNCATE story.ran;
INSERT INTO mallory.u VALUES (1, 'u@u.com') RETURNING owner;
SELECT reason FROM leadroute.decisions ORDER BY id DESC LIMIT 1;
SELECT * FROM story.ran;
-- Nor can another table be written to through links.
CREATE TABLE story.ours (lead integer, rep text);
SET ROLE lr_mallory;
SELECT leadroute.attach('mallory.u', '{"email": "email", "owner_id": {"table": "story.ours", "row": "lead", "column": "rep"}}');
RESET ROLE;
DROP SCHEMA mallory CASCADE;
REVOKE ALL ON FUNCTION leadroute.attach(regclass, jsonb) FROM lr_mallory;
REVOKE ALL ON SCHEMA story FROM lr_mallory;
DROP ROLE lr_mallory;
