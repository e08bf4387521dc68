-- The routing tables as they were: the rows of now, with later changes undone. So it is right for rows that were there before
-- history began, and costs as much as has changed since.

-- Columns come and go with versions. An image gets what it lacks: what rows got when the column was added (it is in
-- attmissingval until the table is rewritten or restored), or else the default.
CREATE FUNCTION leadroute_internal.image_expression("table" text) RETURNS text
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('CASE WHEN i.image ?& %1$L AND i.image - %1$L::text[] = ''{}'' THEN i.image
                        ELSE (SELECT to_jsonb(r)%4$s FROM jsonb_populate_record(NULL::leadroute.%2$I, i.image%3$s) r) END',
                  array_agg(c.name), "table", string_agg(c.lacked, '') FILTER (WHERE NOT c.is_generated), string_agg(c.lacked, '') FILTER (WHERE c.is_generated))
      FROM (SELECT a.attname::text AS name, a.attgenerated <> '' AS is_generated,
                   format(' || CASE WHEN i.image ? %1$L THEN ''{}'' ELSE jsonb_build_object(%1$L, %2$s) END', a.attname,
                          CASE WHEN a.atthasmissing THEN format('%L::%s', (a.attmissingval::text::text[])[1], format_type(a.atttypid, a.atttypmod))
                               ELSE coalesce(pg_get_expr(d.adbin, d.adrelid), 'NULL') END) AS lacked
              FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = to_regclass(format('leadroute.%I', "table")) AND a.attnum > 0 AND NOT a.attisdropped) c $$;
COMMENT ON FUNCTION leadroute_internal.image_expression(text) IS 'SQL that makes of i.image, a row of a routing table in config_history, one with the columns that the table has now. Internal.';

CREATE FUNCTION leadroute_internal.rows_as_of("table" text, seen pg_snapshot, at timestamptz, own xid8 DEFAULT NULL, image text DEFAULT NULL) RETURNS SETOF jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
DECLARE
    known constant text := (SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                             WHERE t.tgname = 'zz_history_truncated' AND c.relnamespace = 'leadroute'::regnamespace);
    late text := concat_ws(' OR ', CASE WHEN rows_as_of.seen IS NOT NULL THEN
        'h.transaction >= pg_snapshot_xmin($2) AND NOT pg_visible_in_snapshot(h.transaction, $2) AND h.transaction IS DISTINCT FROM $4' END,
        CASE WHEN rows_as_of.at IS NOT NULL THEN 'h.changed_at > $3' END);
BEGIN
    IF NOT coalesce(rows_as_of."table" = ANY (string_to_array(known, ', ')), false) THEN
        RAISE EXCEPTION 'there is no history of table "%"', coalesce(rows_as_of."table", 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = format('Routing tables are %s.', known);
    END IF;
    IF image IS NULL THEN
        image := leadroute_internal.image_expression(rows_as_of."table");
    END IF;
    -- Each change took its row from before to after, so what remains of all that are undone does not depend on their order,
    -- or on keys, which change, too.
    RETURN QUERY EXECUTE format('
        WITH undone AS MATERIALIZED (
            SELECT i.image, sum(i.n) AS n
              FROM (SELECT %s AS image, i.n
                      FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before, 1), (h.after, -1)) i (image, n)
                     WHERE h."table" = $1 AND (%s) AND i.image IS NOT NULL) i
             GROUP BY i.image HAVING sum(i.n) <> 0)
        SELECT r.image FROM (SELECT to_jsonb(t) AS image FROM leadroute.%I t OFFSET 0) r
         WHERE r.image NOT IN (SELECT u.image FROM undone u WHERE u.n < 0)
        UNION ALL SELECT u.image FROM undone u WHERE u.n > 0',
                                image, coalesce(nullif(late, ''), 'false'), rows_as_of."table")
      USING rows_as_of."table", rows_as_of.seen, rows_as_of.at, rows_as_of.own;
END $$;
COMMENT ON FUNCTION leadroute_internal.rows_as_of(text, pg_snapshot, timestamptz, xid8, text) IS 'The rows of a routing table without every change that the snapshot does not show, but for those of transaction own, and without every change made after the moment. NULL undoes nothing. The last argument is image_expression() of the table, given by callers whose own rights do not allow to call that. Internal.';

CREATE FUNCTION leadroute.config_as_of("table" text, at timestamptz) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC SELECT leadroute_internal.rows_as_of("table", NULL, at, NULL, leadroute_internal.image_expression("table")); END;
COMMENT ON FUNCTION leadroute.config_as_of(text, timestamptz) IS 'The rows of a routing table at a moment, from config_history; those of now for NULL. For whoever may read both tables.';

-- The texts of rules_json() and roster_json(), over other rows of the same tables.
CREATE FUNCTION leadroute_internal.json_as_of(source regprocedure, seen pg_snapshot, at timestamptz, own xid8, since timestamptz) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $$
DECLARE
    body constant text := (SELECT p.prosrc FROM pg_proc p WHERE p.oid = source);
    tables constant text[] := ARRAY(SELECT DISTINCT m.name[1] FROM regexp_matches(body, E'(?:FROM|JOIN) leadroute\\.(\\w+)', 'g') AS m (name)
                                     WHERE m.name[1] <> 'config_version_seq' ORDER BY 1);
    answer text;
BEGIN
    EXECUTE 'WITH ' || (SELECT string_agg(format(
                '%1$I AS (SELECT (r.row).* FROM (SELECT jsonb_populate_record(NULL::leadroute.%1$I, image) AS row
                                                   FROM leadroute_internal.rows_as_of(%1$L, $1, $2, $3) image OFFSET 0) r)', t), ', ') FROM unnest(tables) t)
            || regexp_replace(regexp_replace(body, format(E'(FROM|JOIN) leadroute\\.(%s)\\M', array_to_string(tables, '|')), E'\\1 \\2', 'g'),
                              E'\\msince\\M', 'coalesce($4, $2, now())', 'g')
       INTO answer USING seen, at, own, since;
    RETURN answer;
END $$;
COMMENT ON FUNCTION leadroute_internal.json_as_of(regprocedure, pg_snapshot, timestamptz, xid8, timestamptz) IS 'What a function that reads routing tables would have answered then; see rows_as_of(). Internal.';

CREATE FUNCTION leadroute_internal.rules_json_as_of(seen pg_snapshot, at timestamptz, own xid8 DEFAULT NULL) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.json_as_of('leadroute.rules_json()', seen, at, own, NULL) $$;
COMMENT ON FUNCTION leadroute_internal.rules_json_as_of(pg_snapshot, timestamptz, xid8) IS 'The rules as rules_json() would have told them then, but for their version, which is that of now; see rows_as_of(). Internal.';

CREATE FUNCTION leadroute_internal.roster_json_as_of(seen pg_snapshot, at timestamptz, own xid8 DEFAULT NULL, since timestamptz DEFAULT NULL) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.json_as_of('leadroute.roster_json(timestamptz)', seen, at, own, since) $$;
COMMENT ON FUNCTION leadroute_internal.roster_json_as_of(pg_snapshot, timestamptz, xid8, timestamptz) IS 'The roster as roster_json() would have told it then, with the absences that had not ended then, or at since; see rows_as_of(). Internal.';
