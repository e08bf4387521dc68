-- docs/reference.md, line by line, from the catalog. See reference.sh.
SET client_min_messages = warning;
-- Comments may have what Markdown reads as a column or a tag.
CREATE FUNCTION pg_temp.cell(words text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(regexp_replace(coalesce(words, ''), '\s+', ' ', 'g'), '|', '\|'), '<', '&lt;') $$;
CREATE FUNCTION pg_temp.type_name(type text) RETURNS text LANGUAGE sql AS $$
    SELECT replace(replace(type, 'timestamp with time zone', 'timestamptz'), 'leadroute.', '') $$;
-- PostgreSQL knows the settings once the library is loaded.
LOAD 'leadroute';

SELECT '# Reference' || E'\n\n'
    || 'What users can name, with the comments that `\d+` and `\df+` show, too. Made by `dev/reference.sh`; do not edit it.' || E'\n'
    || '`SELECT * FROM leadroute.help()` lists functions and views by topic in a database.' || E'\n\n'
    || '## Settings' || E'\n\n'
    || '[Operations](operations.md#settings) says more of them.' || E'\n\n'
    || '| setting | type | default | who sets it | what |' || E'\n|---|---|---|---|---|';
SELECT format('| `%s` | %s | %s | %s | %s |', name, vartype, concat_ws(' ', nullif(boot_val, ''), unit),
              CASE context WHEN 'superuser' THEN 'superusers' WHEN 'user' THEN 'everybody' ELSE context END, pg_temp.cell(concat_ws(' ', short_desc, extra_desc)))
  FROM pg_settings WHERE name LIKE 'leadroute.%' ORDER BY name COLLATE "C";

WITH things AS (
    SELECT row_number() OVER () AS no, h.topic, h.kind, h.name, h.arguments FROM leadroute.help() h
), functions AS (
    SELECT t.no, t.topic, format('| `%s(%s)` | %s | %s |', t.name, pg_temp.cell(t.arguments),
           pg_temp.cell(pg_temp.type_name(coalesce(pg_get_function_result(p.oid), ''))), pg_temp.cell(obj_description(p.oid, 'pg_proc'))) AS line
      FROM things t JOIN pg_proc p ON p.proname = t.name AND p.pronamespace = 'leadroute'::regnamespace AND t.kind <> 'view'
       AND t.arguments = regexp_replace(replace(pg_get_function_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), '::[a-z]+(\[\])?', '', 'g')
), lines AS (
    SELECT min(no) AS no, 0 AS part, format(E'\n### Functions: %s\n\n| function | returns | what |\n|---|---|---|', topic) AS line FROM functions GROUP BY topic
    UNION ALL SELECT no, 1, line FROM functions
)
SELECT line FROM (SELECT 0 AS no, 0 AS part, E'\n## Functions' AS line UNION ALL SELECT * FROM lines) l ORDER BY no, part;

WITH relations AS (
    SELECT c.oid, c.relname, c.relkind FROM pg_class c WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'v')
), lines AS (
    SELECT relkind, '' AS relname, 0 AS no, E'\n## ' || CASE relkind WHEN 'v' THEN 'Views' ELSE 'Tables' END AS line FROM relations GROUP BY relkind
    UNION ALL
    SELECT relkind, relname, 0, format(E'\n### %s\n\n%s\n\n| column | type | what |\n|---|---|---|', relname, pg_temp.cell(obj_description(oid, 'pg_class'))) FROM relations
    UNION ALL
    SELECT r.relkind, r.relname, a.attnum, format('| `%s` | %s | %s |', a.attname, pg_temp.type_name(format_type(a.atttypid, a.atttypmod)), pg_temp.cell(col_description(r.oid, a.attnum)))
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT line FROM lines ORDER BY relkind DESC, relname COLLATE "C", no;
