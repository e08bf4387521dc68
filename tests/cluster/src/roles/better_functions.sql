-- CREATE statements for functions that match the calls of the extension as well as those of PostgreSQL, or better.
WITH source (text) AS (
    SELECT p.prosrc FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('leadroute', 'leadroute_internal')
    UNION ALL SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind = 'v'
), called AS (
    SELECT DISTINCT m[1]::name AS name FROM source, regexp_matches(text, '([a-z_0-9]+)\s*\(', 'g') m
), found AS (
    SELECT p.proname, CASE WHEN p.prorettype::regtype::text ~ '^(any|record)' THEN 'text' ELSE p.prorettype::regtype::text END AS returns,
           p.proretset, p.provariadic = '"any"'::regtype AS takes_any_number, p.proargtypes::regtype[]::text[] AS takes
      FROM pg_proc p JOIN called c ON c.name = p.proname
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.pronargs BETWEEN 1 AND 6
       AND NOT p.proargtypes::regtype[] && '{internal,cstring,anyrange,anymultirange}'::regtype[]
), variant AS (
    -- as it is; with varchar where it takes text; with plain types where it takes any
    SELECT f.*, ARRAY(SELECT regexp_replace(t, was, becomes) FROM unnest(f.takes) WITH ORDINALITY u (t, n) ORDER BY n) AS given
      FROM found f, (VALUES ('^$', ''), ('^text$', 'varchar'), ('^("any"|any(element|nonarray|compatible))$', 'bigint'),
                            ('^any(|compatible)array$', 'bigint[]')) v (was, becomes)
    UNION ALL
    -- several where it takes any number
    SELECT f.*, f.takes[:cardinality(f.takes) - 1] || array_fill(t, ARRAY[n])
      FROM found f, generate_series(1, 6) n, unnest('{text,bigint,jsonb,name}'::text[]) t WHERE f.takes_any_number
), plain AS (
    SELECT v.*, regexp_replace(regexp_replace(array_to_string(v.given, ', '), 'any(|compatible)array', 'text[]', 'g'),
                               '"any"|any(element|nonarray|compatible)', 'text', 'g') AS list FROM variant v
)
SELECT DISTINCT ON (proname, list) format('CREATE FUNCTION {schema}.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS %L', proname, list,
           CASE WHEN proretset THEN 'SETOF ' END, returns, format('BEGIN PERFORM spy.sprung(%L); END', format('%s(%s)', proname, list)))
  FROM plain
