-- What the catalogs say of the extension: documented, restorable, closed.
\i setup.sql
CREATE VIEW story.relations AS
SELECT c.oid, c.relname, c.relkind FROM pg_class c
 WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f');
CREATE VIEW story.functions AS SELECT p.oid, p.oid::regprocedure AS function, prosecdef, proconfig, prolang FROM pg_proc p WHERE p.pronamespace = 'leadroute'::regnamespace;
SELECT count(*) > 25 AS looks_at_tables FROM story.relations WHERE relkind = 'r';

-- Every table, view, column and function has a comment.
SELECT relname FROM story.relations WHERE relkind <> 'S' AND obj_description(oid, 'pg_class') IS NULL ORDER BY 1;
SELECT relname, attname FROM story.relations JOIN pg_attribute ON attrelid = oid
 WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped AND col_description(oid, attnum) IS NULL ORDER BY 1, attnum;
SELECT function FROM story.functions WHERE obj_description(oid, 'pg_proc') IS NULL ORDER BY 1;
SELECT typname FROM pg_type WHERE typnamespace = 'leadroute'::regnamespace AND typtype = 'd' AND obj_description(oid, 'pg_type') IS NULL ORDER BY 1;
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS extension FROM pg_extension WHERE extname = 'leadroute';

-- Everything in the schema belongs to the extension.
SELECT relname FROM story.relations
 WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = oid AND deptype IN ('e', 'i')) ORDER BY 1;
SELECT function FROM story.functions
 WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = oid AND deptype = 'e') ORDER BY 1;

-- pg_dump takes every table with rows of users, and every sequence; the public lists come with the extension.
SELECT relname, relkind FROM story.relations
 WHERE relkind IN ('r', 'S') AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'leadroute' AND relations.oid = ANY (extconfig)) ORDER BY 1;
-- Of tables that ship with rows it takes those that users made theirs.
SELECT relname, condition FROM pg_extension, unnest(extconfig, extcondition) AS config (relation, condition) JOIN story.relations ON oid = relation
 WHERE extname = 'leadroute' AND condition <> '' ORDER BY 1;
UPDATE leadroute.sla_policies SET respond_within = '10 minutes' WHERE name = 'high intent' RETURNING shipped;
INSERT INTO leadroute.queues (name) VALUES ('mine') RETURNING shipped;

-- Nothing is open to everybody but the look at the schema.
SELECT function FROM story.functions WHERE has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;
SELECT relname FROM story.relations, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
 WHERE relkind <> 'S' AND has_table_privilege('public', oid, privilege) ORDER BY 1;
SELECT relname FROM story.relations, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) privilege
 WHERE relkind = 'S' AND has_sequence_privilege('public', oid, privilege) ORDER BY 1;
SELECT relname, attname FROM story.relations JOIN pg_attribute ON attrelid = oid WHERE attacl IS NOT NULL ORDER BY 1, 2;
SELECT has_schema_privilege('public', 'leadroute', 'USAGE') AS usage, has_schema_privilege('public', 'leadroute', 'CREATE') AS "create";
-- Every function that runs as the owner fixes its search_path.
SELECT function FROM story.functions WHERE prosecdef AND NOT coalesce(proconfig && ARRAY['search_path=pg_catalog, pg_temp'], false);

-- Every foreign key has an index to lead it.
SELECT conrelid::regclass AS "table", conname FROM pg_constraint k
 WHERE contype = 'f' AND connamespace = 'leadroute'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1] AND i.indpred IS NULL)
 ORDER BY 1, 2;
-- Without rules or reps every lead is still somewhere.
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING status, queue;
-- The extension goes and comes back.
SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute;
SELECT count(*) FROM pg_class WHERE relnamespace = 'leadroute'::regnamespace;
CREATE EXTENSION leadroute;
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING id, status, queue;
