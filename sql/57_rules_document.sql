-- All rules as one document, which can live beside the code and go from one database to another. It has what people wrote:
-- no numbers that this database gave, no data, and of what ships with the extension no lists of mail domains.

CREATE FUNCTION leadroute_internal.rules_version() RETURNS integer
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 1 $$;
COMMENT ON FUNCTION leadroute_internal.rules_version() IS 'Version of the document of rules. Internal.';

CREATE VIEW leadroute_internal.rule_columns AS
SELECT t.no, t."table", string_to_array(t.key, ',') AS key, a.attnum, a.attname AS "column", pg_get_expr(d.adbin, d.adrelid) AS "default",
       a.attnotnull AND d.adbin IS NULL AS required,
       CASE WHEN b.typcategory = 'A' THEN 'array' WHEN b.typname = 'bool' THEN 'boolean' WHEN b.typcategory = 'N' THEN 'number'
            WHEN b.typname = 'jsonb' THEN 'object' ELSE 'string' END AS kind
  FROM leadroute_internal.history_tables t
  JOIN pg_attribute a ON a.attrelid = format('leadroute.%I', t."table")::regclass AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  JOIN pg_type b ON b.oid = CASE y.typtype WHEN 'd' THEN y.typbasetype ELSE y.oid END
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE NOT t.is_data AND t."table" <> 'reps' AND a.attidentity = '' AND a.attgenerated = '' AND a.attname NOT IN ('shipped', 'performance');
COMMENT ON VIEW leadroute_internal.rule_columns IS 'Tables and columns of the document of rules, with the kind of JSON value each has there.';

CREATE FUNCTION leadroute_internal.in_document("table" text, given jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
DECLARE
    base text := (SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', c."column", c."default"), ', '))
                    FROM leadroute_internal.rule_columns c WHERE c."table" = in_document."table" AND c."default" IS NOT NULL);
    columns text[] := ARRAY(SELECT c."column" FROM leadroute_internal.rule_columns c WHERE c."table" = in_document."table");
    keys text := (SELECT string_agg(format('r.image ->> %L COLLATE "C"', k), ', ' ORDER BY n) FROM leadroute_internal.history_tables t,
                  unnest(string_to_array(t.key, ',')) WITH ORDINALITY AS u (k, n) WHERE t."table" = in_document."table");
    answer jsonb;
BEGIN
    -- What is not said is the default of its column. NULL is left out where it is what a column has without more.
    EXECUTE format('
        SELECT coalesce(jsonb_agg((SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(r.image) e
                                    WHERE e.key = ANY ($2) AND (e.value <> ''null'' OR b.base ? e.key)) ORDER BY %s), ''[]'')
          FROM (SELECT %s AS base) b,
               LATERAL (SELECT to_jsonb(p) AS image FROM jsonb_populate_recordset(jsonb_populate_record(NULL::leadroute.%I, b.base), $1) p) r',
        keys, coalesce(base, '''{}''::jsonb'), in_document."table") INTO answer USING given, columns;
    RETURN answer;
END $$;
COMMENT ON FUNCTION leadroute_internal.in_document(text, jsonb) IS 'Rows of a routing table as the document of rules has them: in order of their keys, with the columns that people write. Internal.';

CREATE FUNCTION leadroute.export_rules() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
DECLARE
    name text;
    found jsonb;
    document jsonb := jsonb_build_object('version', leadroute_internal.rules_version());
BEGIN
    FOR name IN SELECT DISTINCT c."table" FROM leadroute_internal.rule_columns c LOOP
        EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(t)), ''[]'') FROM leadroute.%I t %s', name,
                       CASE name WHEN 'mail_domains' THEN 'WHERE NOT t.shipped' ELSE '' END) INTO found;
        document := document || jsonb_build_object(name, leadroute_internal.in_document(name, found));
    END LOOP;
    RETURN document;
END $$;
COMMENT ON FUNCTION leadroute.export_rules() IS 'All rules as one document: a list of rows for each routing table, by key, without data, reps, and numbers that another database would not have. Two databases with the same rules give the same document. propose_rules() reads it.';

CREATE FUNCTION leadroute_internal.row_key("table" text, image jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT string_agg(nullif(CASE k WHEN 'tenants' THEN (SELECT string_agg(e, ',') FROM jsonb_array_elements_text(nullif(image -> k, 'null')) e) ELSE image ->> k END, ''), '/' ORDER BY n)
          FROM leadroute_internal.history_tables t, unnest(string_to_array(t.key, ',')) WITH ORDINALITY AS u (k, n) WHERE t."table" = row_key."table");
END $$;
COMMENT ON FUNCTION leadroute_internal.row_key(text, jsonb) IS 'What names a row for people, as config_history.key. Internal.';

CREATE FUNCTION leadroute_internal.refuse_document(place text, problem text, hint text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the document of rules cannot be used: %: %', place, problem USING ERRCODE = 'invalid_parameter_value', HINT = hint;
END $$;
COMMENT ON FUNCTION leadroute_internal.refuse_document(text, text, text) IS 'The error of a document of rules, with the place. Internal.';

CREATE FUNCTION leadroute_internal.check_document(rules jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
    tables constant text[] := ARRAY(SELECT DISTINCT c."table" FROM leadroute_internal.rule_columns c ORDER BY 1);
BEGIN
    IF jsonb_typeof(rules) IS DISTINCT FROM 'object' THEN
        PERFORM leadroute_internal.refuse_document('the document', format('must be an object, not %s', coalesce(jsonb_typeof(rules), 'NULL')), 'leadroute.export_rules() shows one.');
    ELSIF rules -> 'version' IS DISTINCT FROM to_jsonb(leadroute_internal.rules_version()) THEN
        PERFORM leadroute_internal.refuse_document('version', format('is %s, and must be %s', coalesce((rules -> 'version')::text, 'missing'), leadroute_internal.rules_version()),
            'Export the rules again with leadroute.export_rules(), and make the changes there.');
    END IF;
    FOR bad IN SELECT e.key AS place, CASE WHEN e.key <> ALL (tables) THEN 'is no table of rules' ELSE format('must be a list, not %s', jsonb_typeof(e.value)) END AS problem
                 FROM jsonb_each(rules) e WHERE e.key <> 'version' AND (e.key <> ALL (tables) OR jsonb_typeof(e.value) <> 'array') ORDER BY 1 LIMIT 1 LOOP
        PERFORM leadroute_internal.refuse_document(bad.place, bad.problem, format('Tables are %s. One that is left out stays as it is; an empty list empties it.', array_to_string(tables, ', ')));
    END LOOP;
    FOR bad IN SELECT format('%s[%s]', e.key, r.n) AS place, format('must be an object, not %s', jsonb_typeof(r.value)) AS problem
                 FROM jsonb_each(rules) e, jsonb_array_elements(e.value) WITH ORDINALITY AS r (value, n)
                WHERE e.key <> 'version' AND jsonb_typeof(r.value) <> 'object' ORDER BY e.key, r.n LIMIT 1 LOOP
        PERFORM leadroute_internal.refuse_document(bad.place, bad.problem, 'A row is an object of columns and values.');
    END LOOP;
    PERFORM leadroute_internal.check_values(rules);
    FOR bad IN SELECT format('%s[%s]', e.key, r.n) AS place, format('has no %s', c."column") AS problem
                 FROM jsonb_each(rules) e JOIN leadroute_internal.rule_columns c ON c."table" = e.key, jsonb_array_elements(e.value) WITH ORDINALITY AS r (value, n)
                WHERE c.required AND coalesce(r.value -> c."column", 'null') = 'null' ORDER BY e.key, r.n, c.attnum LIMIT 1 LOOP
        PERFORM leadroute_internal.refuse_document(bad.place, bad.problem, 'A row needs it.');
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_document(jsonb) IS 'An error with the place if a document of rules cannot be read. Internal.';

CREATE FUNCTION leadroute_internal.check_values(rules jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    FOR bad IN
        WITH given AS (SELECT e.key AS "table", r.n, r.value AS row, v.key AS "column", v.value
                         FROM jsonb_each(rules) e, jsonb_array_elements(e.value) WITH ORDINALITY AS r (value, n), jsonb_each(r.value) v WHERE e.key <> 'version')
        SELECT format('%s[%s].%s', g."table", g.n, g."column") AS place,
               CASE WHEN c."column" IS NULL AND g."column" = 'was' THEN 'only a row with a name can say what it was called'
                    WHEN c."column" IS NULL THEN 'is no column of the document'
                    ELSE format('must be %s, not %s %s', CASE c.kind WHEN 'array' THEN 'a list of texts' WHEN 'object' THEN 'an object' ELSE 'a ' || c.kind END,
                                jsonb_typeof(g.value), left(g.value::text, 60)) END AS problem,
               (SELECT string_agg(k."column", ', ' ORDER BY k.attnum) FROM leadroute_internal.rule_columns k WHERE k."table" = g."table") AS columns
          FROM given g LEFT JOIN leadroute_internal.rule_columns c ON c."table" = g."table" AND c."column" = g."column"
         WHERE CASE WHEN c."column" IS NULL THEN NOT (g."column" = 'was' AND jsonb_typeof(g.value) = 'string' AND EXISTS (
                        SELECT FROM leadroute_internal.rule_columns k WHERE k."table" = g."table" AND k.key = '{name}' LIMIT 1))
                    ELSE jsonb_typeof(g.value) NOT IN ('null', c.kind)
                         OR c.kind = 'array' AND jsonb_path_exists(g.value, 'strict $[*] ? (@.type() != "string")') END
         ORDER BY g."table", g.n, g."column" LIMIT 1
    LOOP
        PERFORM leadroute_internal.refuse_document(bad.place, bad.problem, format('Columns are %s.', bad.columns));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_values(jsonb) IS 'An error with the place if a value of a document of rules is not of the kind of its column. Internal.';

CREATE FUNCTION leadroute_internal.read_document(rules jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
    r record;
    document jsonb := '{}';
BEGIN
    PERFORM leadroute_internal.check_document(rules);
    FOR t IN SELECT e.key AS name, e.value AS rows FROM jsonb_each(rules) e WHERE e.key <> 'version' ORDER BY 1 LOOP
        BEGIN
            document := document || jsonb_build_object(t.name, leadroute_internal.in_document(t.name, t.rows));
        EXCEPTION WHEN data_exception OR check_violation OR syntax_error THEN
            -- again, one by one, for the place
            FOR r IN SELECT e.n, v.key, v.value FROM jsonb_array_elements(t.rows) WITH ORDINALITY AS e (row, n), jsonb_each(e.row) v WHERE v.key <> 'was' ORDER BY 1, 2 LOOP
                BEGIN
                    PERFORM leadroute_internal.in_document(t.name, jsonb_build_array(jsonb_build_object(r.key, r.value)));
                EXCEPTION WHEN data_exception OR check_violation OR syntax_error THEN
                    PERFORM leadroute_internal.refuse_document(format('%s[%s].%s', t.name, r.n, r.key), SQLERRM, 'leadroute.export_rules() shows how such a value is written.');
                END;
            END LOOP;
            RAISE;
        END;
    END LOOP;
    RETURN document;
END $$;
COMMENT ON FUNCTION leadroute_internal.read_document(jsonb) IS 'A document of rules as export_rules() would write it, without version and former names; an error with the place if it cannot be read. Internal.';
