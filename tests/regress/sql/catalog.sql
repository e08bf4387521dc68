-- What the catalogs say of the extension: documented, restorable, closed.
\i setup.sql
CREATE VIEW story.relations AS
SELECT c.oid, c.relname, c.relkind FROM pg_class c
 WHERE c.relnamespace::regnamespace::text LIKE 'leadroute%' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f');
CREATE VIEW story.functions AS SELECT p.oid, p.oid::regprocedure AS function, prosecdef, proconfig, prolang FROM pg_proc p WHERE p.pronamespace::regnamespace::text LIKE 'leadroute%';
SELECT count(*) > 25 AS looks_at_tables FROM story.relations WHERE relkind = 'r';

-- Every table, view, column and function has a comment.
SELECT relname FROM story.relations WHERE relkind <> 'S' AND obj_description(oid, 'pg_class') IS NULL ORDER BY 1;
SELECT relname, attname FROM story.relations JOIN pg_attribute ON attrelid = oid
 WHERE (relkind = 'r' OR relkind = 'v' AND relname IN (SELECT v.relname FROM pg_class v WHERE v.relnamespace = 'leadroute'::regnamespace))
   AND attnum > 0 AND NOT attisdropped AND col_description(oid, attnum) IS NULL ORDER BY 1, attnum;
SELECT function FROM story.functions WHERE obj_description(oid, 'pg_proc') IS NULL ORDER BY 1;
SELECT typname FROM pg_type WHERE typnamespace = 'leadroute'::regnamespace AND typtype = 'd' AND obj_description(oid, 'pg_type') IS NULL ORDER BY 1;
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS extension FROM pg_extension WHERE extname = 'leadroute';

-- Everything in the schema belongs to the extension.
SELECT relname FROM story.relations
 WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = oid AND deptype IN ('e', 'i')) ORDER BY 1;
SELECT function FROM story.functions
 WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = oid AND deptype = 'e') ORDER BY 1;

-- pg_dump takes every table with rows of users, and every sequence, but for what a restore sets aside and what only holds here.
SELECT relname, relkind FROM story.relations
 WHERE relkind IN ('r', 'S') AND relname NOT IN ('set_aside', 'analysed_mappings', 'country_names') AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'leadroute' AND relations.oid = ANY (extconfig)) ORDER BY 1;
-- Of tables that ship with rows it takes those that users made theirs.
SELECT relname, condition FROM pg_extension, unnest(extconfig, extcondition) AS config (relation, condition) JOIN story.relations ON oid = relation
 WHERE extname = 'leadroute' AND condition <> '' ORDER BY 1;
UPDATE leadroute.sla_policies SET respond_within = '10 minutes' WHERE name = 'high intent' RETURNING shipped;
INSERT INTO leadroute.queues (name) VALUES ('mine') RETURNING shipped;

-- Nothing is open to everybody but the look at the schema, what owners of attached tables and checks of tables need, and
-- what views call, in a schema where nobody can name it.
SELECT function FROM story.functions WHERE has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;
SELECT relname FROM story.relations, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) privilege
 WHERE relkind <> 'S' AND has_table_privilege('public', oid, privilege) ORDER BY 1;
SELECT relname FROM story.relations, unnest(ARRAY['SELECT', 'USAGE', 'UPDATE']) privilege
 WHERE relkind = 'S' AND has_sequence_privilege('public', oid, privilege) ORDER BY 1;
SELECT relname, attname FROM story.relations JOIN pg_attribute ON attrelid = oid WHERE attacl IS NOT NULL ORDER BY 1, 2;
SELECT name, has_schema_privilege('public', name, 'USAGE') AS usage, has_schema_privilege('public', name, 'CREATE') AS "create" FROM unnest(ARRAY['leadroute', 'leadroute_internal']) name;
-- Every function fixes its search_path or was parsed when it was created, but for an aggregate, one that is PostgreSQL's own, and a procedure that commits:
-- else an operator that somebody has created in the search_path of whoever calls it would run with the rights of that role.
SELECT function FROM story.functions JOIN pg_proc p USING (oid) JOIN pg_language l ON l.oid = p.prolang
 WHERE lanname <> 'c' AND p.prosqlbody IS NULL AND NOT coalesce(p.proconfig && ARRAY['search_path=pg_catalog, pg_temp'], false) ORDER BY 1;
SELECT function FROM story.functions WHERE prosecdef AND NOT coalesce(proconfig && ARRAY['search_path=pg_catalog, pg_temp'], false);
-- A function is parsed by the settings of whoever calls it: a backslash stands in E'' only, where all read it alike.
SELECT p.oid::regprocedure AS function FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE p.pronamespace IN ('leadroute'::regnamespace, 'leadroute_internal'::regnamespace) AND l.lanname <> 'c'
   AND regexp_replace(p.prosrc, E'\\mE\'([^\'\\\\]|\\\\.|\'\')*\'', '', 'g') ~ E'\\\\' ORDER BY 1;
-- PostgreSQL 18 keeps plans of functions in SQL, with the numbers of columns of a row that they are given, until a table that they read
-- changes. So they are given rows of tables that they read, and of no others.
SELECT DISTINCT p.oid::regprocedure AS function FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  JOIN pg_type t ON t.oid = ANY (p.proargtypes) JOIN pg_class c ON c.oid = t.typrelid
 WHERE p.pronamespace IN ('leadroute'::regnamespace, 'leadroute_internal'::regnamespace) AND l.lanname = 'sql' AND c.relnamespace <> 'pg_catalog'::regnamespace
   AND p.prosrc !~ ('(FROM|JOIN|UPDATE) leadroute\.' || c.relname || '\M');

-- No foreign keys, which parallel restores do not wait for; every reference has an index to lead it.
SELECT conrelid::regclass AS "table", conname FROM pg_constraint WHERE contype = 'f' AND connamespace::regnamespace::text LIKE 'leadroute%';
SELECT r.child, r."column" FROM leadroute_internal.config_references r
 WHERE NOT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                    WHERE i.indrelid = format('leadroute.%I', r.child)::regclass AND a.attname = r."column" AND i.indpred IS NULL)
 ORDER BY 1, 2;
-- Everything belongs to a role that may do nothing else, but for the event triggers, which PostgreSQL wants a superuser to own.
SELECT pg_describe_object(d.classid, d.objid, 0) AS object
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'leadroute'
  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
  LEFT JOIN pg_namespace n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND d.classid <> 'pg_event_trigger'::regclass
   AND pg_get_userbyid(coalesce(c.relowner, p.proowner, t.typowner, n.nspowner)) IS DISTINCT FROM 'leadroute_owner' ORDER BY 1;
SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       (SELECT count(*) FROM pg_auth_members m WHERE r.oid IN (m.roleid, m.member)) AS memberships
  FROM pg_roles r WHERE rolname = 'leadroute_owner';
-- Nothing reaches outside of pg_catalog, the extension and what it names as required.
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) AS object, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) AS needs
  FROM (SELECT * FROM pg_depend WHERE classid <> 0 OFFSET 0) d
 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
 CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) r
 WHERE (o.schema LIKE 'leadroute%' OR o.identity LIKE '%leadroute%') AND o.schema IS DISTINCT FROM 'story'
   AND r.schema IS NOT NULL AND r.schema NOT LIKE 'leadroute%' AND r.schema <> 'pg_catalog'
   AND NOT EXISTS (SELECT FROM pg_depend e JOIN pg_extension x ON x.oid = e.refobjid AND x.extname = 'btree_gist'
                    WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e');
-- Without rules or reps every lead is still somewhere.
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING status, queue;
-- The extension goes and comes back.
SET client_min_messages = warning;
DROP SCHEMA story CASCADE;
DROP EXTENSION leadroute;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'leadroute%';
CREATE EXTENSION leadroute;
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING id, status, queue;
