-- What there is to fuzz; each query fills a part of catalog.rs, in this order. Sorted by name, not by number, so that
-- the same seed gives the same statements in every database.

-- Types: name, kind, the base of a domain or element of an array or subtype of a range, relation of a row.
SELECT format_type(t.oid, NULL), CASE WHEN t.typcategory = 'A' AND t.typtype = 'b' THEN 'a' ELSE t.typtype END,
       CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, NULL) WHEN 'r' THEN format_type(r.rngsubtype, NULL)
                      ELSE CASE t.typcategory WHEN 'A' THEN format_type(t.typelem, NULL) ELSE '' END END,
       CASE t.typtype WHEN 'd' THEN (SELECT string_agg(w[1], ' ' ORDER BY w[1]) FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''', 'g') w
                                      WHERE c.contypid = t.oid) ELSE '' END
  FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid WHERE t.typtype <> 'm' ORDER BY 1;

-- Functions: number, schema, name, kind, what it returns, a set, defaults, internal or not.
SELECT p.oid, n.nspname, quote_ident(p.proname), p.prokind, format_type(p.prorettype, NULL), p.proretset, p.pronargdefaults,
       n.nspname = 'leadroute_internal' OR coalesce(obj_description(p.oid, 'pg_proc'), '') ~ 'Internal|^Trigger:|^Event trigger:'
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN ('leadroute', 'leadroute_internal') AND p.prokind IN ('f', 'p', 'w')
   AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                    WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND e.extname <> 'leadroute')
 ORDER BY n.nspname, p.proname, p.oid::regprocedure::text;

-- Arguments: function, name, type.
SELECT p.oid, coalesce(p.proargnames[a.place], ''), format_type(a.type, NULL)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
 WHERE n.nspname IN ('leadroute', 'leadroute_internal') ORDER BY p.oid, a.place;

-- Relations: number, schema, name, kind, words of their checks.
SELECT c.oid, quote_ident(n.nspname), quote_ident(c.relname), c.relkind,
       (SELECT string_agg(DISTINCT w[1], ' ') FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''([a-z_]+)''', 'g') w
         WHERE k.conrelid = c.oid AND k.contype = 'c')
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('leadroute', 'leadroute_internal', 'fuzz') AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY n.nspname, c.relname;

-- Columns: relation, name, type, must be given, cannot be given, what it refers to.
SELECT a.attrelid, quote_ident(a.attname), format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
       a.attgenerated <> '' OR a.attidentity = 'a',
       (SELECT format('%I.%I.%I', n.nspname, f.relname, fa.attname)
          FROM pg_constraint k, unnest(k.conkey, k.confkey) AS u (here, there), pg_class f, pg_namespace n, pg_attribute fa
         WHERE k.contype = 'f' AND k.conrelid = a.attrelid AND u.here = a.attnum AND f.oid = k.confrelid AND n.oid = f.relnamespace
           AND fa.attrelid = f.oid AND fa.attnum = u.there ORDER BY k.conname LIMIT 1)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN ('leadroute', 'leadroute_internal', 'fuzz') AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum;

-- Parts of tables that DDL can name: relation, kind, name, definition.
SELECT * FROM (
    SELECT i.indrelid AS relation, 'index' AS kind, i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
    UNION ALL
    SELECT i.indrelid, 'key', i.indexrelid::regclass::text, string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
      FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place), pg_attribute a
     WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attrelid = i.indrelid AND a.attnum = k.attnum GROUP BY 1, 2, i.indexrelid
    UNION ALL
    SELECT k.conrelid, 'constraint', quote_ident(k.conname), pg_get_constraintdef(k.oid) FROM pg_constraint k
    UNION ALL
    SELECT t.tgrelid, 'trigger', quote_ident(t.tgname), pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal
) AS parts
 WHERE relation IN (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('leadroute', 'leadroute_internal', 'fuzz'))
 ORDER BY relation, kind, name;

-- Settings: name, kind, least, most, words.
SELECT name, vartype, coalesce(min_val, ''), coalesce(max_val, ''), coalesce(array_to_string(enumvals, ' '), '')
  FROM pg_settings WHERE name LIKE 'leadroute.%' ORDER BY name;
