-- Reps who are kept in step with a table of users.
\i setup.sql
SET client_min_messages = warning;
CREATE ROLE lr_crm;
CREATE ROLE lr_signup;
GRANT USAGE, CREATE ON SCHEMA story TO lr_crm;
GRANT USAGE ON SCHEMA story TO lr_signup;
GRANT USAGE ON SCHEMA leadroute TO lr_crm;
GRANT EXECUTE ON FUNCTION leadroute.sync_reps(regclass, jsonb) TO lr_crm;
SET ROLE lr_crm;
CREATE TABLE story.users (id integer PRIMARY KEY, email text, full_name text, boss integer, is_active boolean, zone text, kind text, last_login timestamptz);
INSERT INTO story.users VALUES (1, 'ann@us.com', 'Ann', 3, true, 'Europe/Berlin', 'sales', now()), (2, 'bob@us.com', NULL, 4, NULL, NULL, 'sales', now()), (3, 'cid@us.com', 'Cid', 3, true, 'UTC', 'sales', now()),
    (4, 'dev@us.com', 'Dev', NULL, true, 'UTC', 'dev', now()), (5, 'eve@us.com', 'Eve', NULL, false, 'UTC', 'sales', now());
GRANT SELECT, INSERT, UPDATE, DELETE ON story.users TO lr_signup;
-- Whoever says that a table makes reps must be able to make reps.
SELECT * FROM story.try($$SELECT leadroute.sync_reps('story.users', '{"id": "id"}')$$);
RESET ROLE;
SELECT * FROM story.try($$SELECT leadroute.sync_reps('story.users', '{"name": "id"}')$$);
SELECT * FROM story.try($$SELECT leadroute.sync_reps('story.users', '{"id": "id", "rep_no": "id"}')$$);
SELECT * FROM story.try($$SELECT leadroute.sync_reps('story.users', '{"id": "nr"}')$$);
SELECT code, message FROM story.try($$SELECT leadroute.sync_reps('story.users', '{"id": {"expression": "nr + 1"}}')$$);
SELECT * FROM story.try($$SELECT leadroute.sync_reps('leadroute.reps', '{"id": "id"}')$$);
-- A rep who is there by hand already is the user from now on; what is not mapped stays.
INSERT INTO leadroute.reps (id, name, daily_cap) VALUES ('1', 'old', 5), ('x', 'by hand', NULL);
SELECT leadroute.sync_reps('story.users', '{"id": "id", "email": "email", "name": "full_name", "manager_id": "boss", "active": "is_active", "time_zone": "zone", "when": {"expression": "kind = ''sales'' -- only they"}}');
CREATE VIEW story.reps AS SELECT id, email, name, manager_id, active, time_zone, daily_cap, source_no FROM leadroute.reps ORDER BY id;
TABLE story.reps;
-- Who joins, changes, is switched off, changes the department, or is deleted.
SET ROLE lr_signup;
INSERT INTO story.users VALUES (6, 'fay@us.com', 'Fay', 1, true, 'UTC', 'sales');
UPDATE story.users SET full_name = 'Robert', last_login = now() WHERE id = 2;
UPDATE story.users SET is_active = false WHERE id = 1;
UPDATE story.users SET kind = 'dev' WHERE id = 3;
RESET ROLE;
TABLE story.reps;
DELETE FROM story.users WHERE id = 6;
UPDATE story.users SET kind = 'sales' WHERE id = 3;
UPDATE story.users SET id = 7 WHERE id = 2;
SELECT id, active FROM story.reps WHERE id IN ('2', '3', '6', '7', 'x');
-- A change of nothing that is mapped changes no rep.
SELECT xmin AS before FROM leadroute.reps WHERE id = '7' \gset
UPDATE story.users SET last_login = now();
SELECT xmin = :before AS untouched FROM leadroute.reps WHERE id = '7';
-- One who cannot be a rep does not keep the others from it, and the statement of the app goes on.
INSERT INTO story.users VALUES (8, 'gil@us.com', 'Gil', NULL, true, 'Mars/Base', 'sales'), (9, 'hal@us.com', 'Hal', NULL, true, 'UTC', 'sales');
SELECT id FROM story.reps WHERE id IN ('8', '9');
-- They are tried again when their row changes, not with every change of somebody else; config_problems names them.
UPDATE story.users SET last_login = now();
UPDATE story.users SET full_name = 'Hal B.' WHERE id = 9;
SELECT problem FROM leadroute.config_problems WHERE "table" = 'rep_sources';
UPDATE story.users SET full_name = 'Gil B.' WHERE id = 8;
UPDATE story.users SET zone = 'UTC' WHERE id = 8;
SELECT id, name FROM story.reps WHERE id IN ('8', '9');
SELECT refused FROM leadroute.rep_sources;
ALTER TABLE story.users RENAME full_name TO name;
INSERT INTO story.users VALUES (10, 'ida@us.com', 'Ida', NULL, true, 'UTC', 'sales');
SELECT problem FROM leadroute.config_problems WHERE "table" = 'rep_sources';
SELECT leadroute.sync_reps('story.users', '{"id": "id", "email": "email", "name": "name", "active": "is_active"}');
SELECT id, active FROM story.reps WHERE id IN ('4', '10');
-- Without "active" who leaves is inactive, and who comes back is active again; who was made inactive by hand stays so.
SELECT leadroute.sync_reps('story.users', '{"id": "id", "email": "email"}');
UPDATE leadroute.reps SET active = false WHERE id = '7';
BEGIN;
CREATE TEMP TABLE copy AS SELECT * FROM story.users;
TRUNCATE story.users;
SELECT count(*) FILTER (WHERE active) AS active FROM leadroute.reps WHERE source_no IS NOT NULL;
INSERT INTO story.users SELECT * FROM copy;
COMMIT;
SELECT string_agg(id || ' ' || active, ', ' ORDER BY id) FROM story.reps WHERE source_no IS NOT NULL;
-- Another table of users takes nobody of this one, nor anybody of another tenant.
CREATE TABLE story.others (id text PRIMARY KEY, org text);
INSERT INTO story.others VALUES ('9', 'beta'), ('x', 'beta'), ('new', 'beta');
SELECT leadroute.sync_reps('story.others', '{"id": "id", "tenant": "org"}');
SELECT id, tenant, source_no FROM leadroute.reps WHERE id IN ('9', 'x', 'new') ORDER BY 1;
SELECT problem FROM leadroute.config_problems WHERE "table" = 'rep_sources';
SELECT leadroute.sync_reps('story.others', NULL);
-- Another owner: nothing of the mapping runs as whoever that is.
ALTER TABLE story.users OWNER TO lr_signup;
DELETE FROM story.users WHERE id = 10;
SELECT id, active FROM story.reps WHERE id = '10';
SELECT problem FROM leadroute.config_problems WHERE "table" = 'rep_sources';
ALTER TABLE story.users OWNER TO lr_crm;
-- The trigger on a table of somebody else does nothing; as a row trigger it is refused.
CREATE TABLE story.mine (id integer);
CREATE TRIGGER t AFTER INSERT ON story.mine FOR EACH STATEMENT EXECUTE FUNCTION leadroute.users_changed();
INSERT INTO story.mine VALUES (1);
CREATE TRIGGER r AFTER INSERT ON story.mine FOR EACH ROW EXECUTE FUNCTION leadroute.users_changed();
SELECT code, message FROM story.try('INSERT INTO story.mine VALUES (1)');
-- Let go, the reps stay as they are; dropped, the table is forgotten.
SELECT leadroute.sync_reps('story.users', NULL);
DELETE FROM story.users WHERE id = 9;
SELECT id, active, source_no FROM story.reps WHERE id = '9';
SELECT leadroute.sync_reps('story.users', '{"id": "id"}') > 0 AS synced;
DROP TABLE story.users CASCADE;
SELECT * FROM leadroute.rep_sources;
SELECT * FROM leadroute.check_integrity();
DROP SCHEMA story CASCADE;
DROP OWNED BY lr_crm, lr_signup;
DROP ROLE lr_crm, lr_signup;
