-- surface: what users can name. A change here is one that they notice: it belongs into the changelog.
\i setup.sql
\pset format unaligned
\pset tuples_only on

-- functions and procedures, with the names and defaults of their arguments
SELECT format('%s(%s)%s', p.proname, pg_get_function_arguments(p.oid), ' returns ' || pg_get_function_result(p.oid))
  FROM pg_proc p WHERE p.pronamespace = 'leadroute'::regnamespace ORDER BY p.proname COLLATE "C", 1;

-- tables and views, with their columns
SELECT format('%s %s(%s)', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END, c.relname,
              string_agg(format('%s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
                                ' default ' || pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum))
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
 WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'v')
 GROUP BY c.relkind, c.relname ORDER BY c.relname COLLATE "C";

-- domains
SELECT format('domain %s as %s %s', t.typname, format_type(t.typbasetype, t.typtypmod), string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname))
  FROM pg_type t LEFT JOIN pg_constraint k ON k.contypid = t.oid
 WHERE t.typnamespace = 'leadroute'::regnamespace AND t.typtype = 'd' GROUP BY t.oid ORDER BY t.typname COLLATE "C";

-- settings
SELECT format('%s: %s, %s', name, vartype, context) FROM pg_settings WHERE name LIKE 'leadroute.%' ORDER BY name COLLATE "C";
