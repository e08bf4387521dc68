-- What a document of rules would change, in words and as SQL. In PL/pgSQL, which plans once in a session: ten thousand rows call these.

CREATE FUNCTION leadroute_internal.value_words("column" text, value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- what needs no query comes first: most values
    IF value IS NULL OR value = 'null' THEN
        RETURN CASE WHEN "column" IN ('countries', 'regions', 'postal_prefixes', 'industries', 'employees', 'revenue', 'products',
            'languages', 'sources', 'events', 'intents', 'segments', 'tiers', 'tenants', 'score') THEN 'any' ELSE 'none' END;
    ELSIF jsonb_typeof(value) = 'number' THEN
        RETURN trim_scale((value #>> '{}')::numeric)::text;
    ELSIF jsonb_typeof(value) = 'array' THEN
        RETURN coalesce((SELECT nullif(string_agg(e, ', ' ORDER BY n), '') FROM jsonb_array_elements_text(value) WITH ORDINALITY AS x (e, n)), 'nothing');
    ELSIF jsonb_typeof(value) <> 'string' OR "column" NOT IN ('employees', 'revenue', 'score', 'effective', 'during') THEN
        RETURN value #>> '{}';
    END IF;
    RETURN (
        SELECT CASE
            WHEN r.low = '' AND r.high = '' THEN 'any'
            WHEN "column" = 'employees' THEN CASE WHEN r.low = '' THEN 'up to ' || r.high::bigint - 1 WHEN r.high = '' THEN r.low || ' or more'
                                                  ELSE r.low || '-' || r.high::bigint - 1 END
            WHEN "column" IN ('effective', 'during') THEN concat_ws(' ', 'from ' || nullif(r.low, ''), 'until ' || nullif(r.high, ''))
            ELSE concat_ws(' to ', CASE r.first WHEN '[' THEN 'from ' ELSE 'above ' END || nullif(r.low, ''), CASE WHEN r.last = ']' AND r.low = '' THEN 'up to ' WHEN r.last = ']' THEN '' ELSE 'below ' END || nullif(r.high, '')) END
            FROM (SELECT left(v, 1) AS first, right(v, 1) AS last, btrim(substr(split_part(v, ',', 1), 2), '"') AS low, btrim(left(split_part(v, ',', 2), -1), '"') AS high
                    FROM (SELECT value #>> '{}') AS t (v)) r);
END $$;
COMMENT ON FUNCTION leadroute_internal.value_words(text, jsonb) IS 'A value of a routing table as people say it. Internal.';

CREATE FUNCTION leadroute_internal.member_words(before jsonb, after jsonb, who text, other text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT CASE
            WHEN before IS NULL THEN format('%s joins %s with weight %s', who, after ->> 'pool', leadroute_internal.value_words('weight', after -> 'weight'))
            WHEN after IS NULL THEN format('%s leaves %s', who, before ->> 'pool')
            WHEN before ->> 'pool' <> after ->> 'pool' THEN format('%s moves from %s to %s', who, before ->> 'pool', after ->> 'pool')
            WHEN other IS NULL THEN format('%s %s → %s in %s', who, leadroute_internal.value_words('weight', before -> 'weight'),
                                        leadroute_internal.value_words('weight', after -> 'weight'), after ->> 'pool')
            ELSE format('%s in %s: %s', who, after ->> 'pool', other) END);
END $$;
COMMENT ON FUNCTION leadroute_internal.member_words(jsonb, jsonb, text, text) IS 'The change of a member of a pool, in words; other is what changed, if not only the weight. Internal.';

CREATE FUNCTION leadroute_internal.change_words(noun text, key text, before jsonb, after jsonb, who text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- numbers that the database gives, and what follows from the rest
    silent constant text[] := '{rep_no,pool_no,seat,shipped,person,presence_at,source_no}' || CASE WHEN noun = 'rep' THEN '{}' ELSE '{id}'::text[] END;
    changes text;
    many integer;
BEGIN
    SELECT string_agg(CASE WHEN before IS NULL THEN format('%s %s', c.name, leadroute_internal.value_words(c.name, after -> c.name))
                           ELSE format('%s %s → %s', c.name, leadroute_internal.value_words(c.name, before -> c.name), leadroute_internal.value_words(c.name, after -> c.name)) END, ', ' ORDER BY c.name),
           count(*)
      INTO changes, many
      FROM jsonb_object_keys(coalesce(before, '{}') || after) AS c (name)
     WHERE c.name <> ALL (silent) AND after -> c.name IS DISTINCT FROM before -> c.name
       AND (before IS NOT NULL OR coalesce(after -> c.name, 'null') NOT IN ('null', '""', '"00:00:00"', CASE WHEN c.name IN ('active', 'enabled') THEN 'true'::jsonb ELSE 'false' END)
                                  AND after ->> c.name <> ALL (string_to_array(change_words.key, '/')));
    changes := translate(changes, E'\n\r', '  ');
    IF noun = 'member' THEN
        RETURN leadroute_internal.member_words(before, after, who, CASE WHEN many = 1 AND before -> 'weight' IS DISTINCT FROM after -> 'weight' THEN NULL ELSE changes END);
    ELSIF before IS NULL THEN
        RETURN concat_ws(': ', format('%s %s is new', noun, key), changes);
    ELSIF after IS NULL THEN
        RETURN format('%s %s is gone', noun, key);
    ELSIF changes IS NULL THEN
        RETURN format('%s %s is made one''s own', noun, key);
    END IF;
    RETURN format('%s %s: %s', noun, key, changes);
END $$;
COMMENT ON FUNCTION leadroute_internal.change_words(text, text, jsonb, jsonb, text) IS 'The change of a row of a routing table, in words. Internal.';

-- One branch is planned and run for each call: one query for all would cost several times as much.
CREATE FUNCTION leadroute_internal.sql_value(value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF value IS NULL OR value = 'null' THEN
        RETURN 'NULL';
    ELSIF jsonb_typeof(value) = 'string' THEN
        RETURN quote_literal(value #>> '{}');
    ELSIF jsonb_typeof(value) = 'array' THEN
        RETURN quote_literal((SELECT coalesce(array_agg(e ORDER BY n), '{}')::text FROM jsonb_array_elements_text(value) WITH ORDINALITY AS x (e, n)));
    ELSIF jsonb_typeof(value) = 'object' THEN
        RETURN quote_literal(value::text);
    END IF;
    RETURN value::text;
END $$;
COMMENT ON FUNCTION leadroute_internal.sql_value(jsonb) IS 'A value of a document of rules as SQL. Internal.';

CREATE FUNCTION leadroute_internal.change_sql("table" text, key text[], before jsonb, after jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
    condition text;
BEGIN
    IF before IS NULL THEN
        RETURN format('INSERT INTO leadroute.%I (%s) VALUES (%s)', "table",
            (SELECT string_agg(quote_ident(e.key), ', ' ORDER BY e.key) FROM jsonb_each(after) e),
            (SELECT string_agg(leadroute_internal.sql_value(e.value), ', ' ORDER BY e.key) FROM jsonb_each(after) e));
    END IF;
    FOREACH name IN ARRAY key LOOP
        condition := concat_ws(' AND ', condition, CASE WHEN coalesce(before -> name, 'null') = 'null' THEN format('%I IS NULL', name)
                                                        ELSE format('%I = %s', name, leadroute_internal.sql_value(before -> name)) END);
    END LOOP;
    IF after IS NULL THEN
        RETURN format('DELETE FROM leadroute.%I WHERE %s', "table", condition);
    END IF;
    RETURN format('UPDATE leadroute.%I SET %s WHERE %s', "table",
        (SELECT string_agg(format('%I = %s', c, leadroute_internal.sql_value(after -> c)), ', ' ORDER BY c)
           FROM jsonb_object_keys(before || after) c WHERE before -> c IS DISTINCT FROM after -> c), condition);
END $$;
COMMENT ON FUNCTION leadroute_internal.change_sql(text, text[], jsonb, jsonb) IS 'The statement that makes one row of a document of rules the other; key are the columns that name it. Internal.';

CREATE FUNCTION leadroute_internal.with_new_name(rules jsonb, parent text, was text, name text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT parent AS child, 'name' AS "column"
             UNION ALL SELECT c.child, c."column" FROM leadroute_internal.config_references c WHERE c.parent = with_new_name.parent AND rules ? c.child
             UNION ALL SELECT l.child, l."column" FROM leadroute_internal.config_name_lists l WHERE l.parent = with_new_name.parent LOOP
        rules := jsonb_set(rules, ARRAY[r.child], (
            SELECT coalesce(jsonb_agg(CASE
                       WHEN e.row -> r."column" = to_jsonb(was) THEN e.row || jsonb_build_object(r."column", name)
                       WHEN jsonb_typeof(e.row -> r."column") = 'array' THEN e.row || jsonb_build_object(r."column", (
                           SELECT coalesce(jsonb_agg(CASE x WHEN was THEN name ELSE x END ORDER BY i), '[]')
                             FROM jsonb_array_elements_text(e.row -> r."column") WITH ORDINALITY AS l (x, i)))
                       ELSE e.row END ORDER BY e.n), '[]')
              FROM jsonb_array_elements(rules -> r.child) WITH ORDINALITY AS e (row, n)));
    END LOOP;
    RETURN rules;
END $$;
COMMENT ON FUNCTION leadroute_internal.with_new_name(jsonb, text, text, text) IS 'A document of rules after a row of a table has got another name, which all follow that name it. Internal.';
