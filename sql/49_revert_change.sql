-- Taking back what a change has done.

CREATE FUNCTION leadroute_internal.literals(name text, of_row jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    columns text := (SELECT string_agg(format('%L, quote_nullable((r.%I)::text)', a.attname, a.attname), ', ') FROM pg_attribute a
                      WHERE a.attrelid = format('leadroute.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                        AND a.attname <> 'shipped' AND of_row ? a.attname);
    answer jsonb;
BEGIN
    EXECUTE format('SELECT jsonb_build_object(%s) FROM jsonb_populate_record(NULL::leadroute.%I, $1) r', columns, name) INTO answer USING of_row;
    RETURN answer;
END $$;
COMMENT ON FUNCTION leadroute_internal.literals(text, jsonb) IS 'The columns of a row of a routing table that can be written, each with its value as SQL. Internal.';

CREATE FUNCTION leadroute_internal.row_condition(name text, of_row jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(format('%I = %s', k.key, leadroute_internal.literals(name, of_row) ->> k.key), ' AND ' ORDER BY k.key)
      FROM jsonb_object_keys(leadroute_internal.key_of_row(format('leadroute.%I', name)::regclass, of_row)) AS k (key) $$;
COMMENT ON FUNCTION leadroute_internal.row_condition(text, jsonb) IS 'A condition that holds for the row of a routing table with the same key. Internal.';

CREATE FUNCTION leadroute_internal.differing(before jsonb, after jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- whether a row is still as it was shipped follows from an edit
    SELECT coalesce(array_agg(b.key ORDER BY b.key), '{}') FROM jsonb_each(before) b
     WHERE b.value IS DISTINCT FROM after -> b.key AND b.key <> 'shipped' $$;
COMMENT ON FUNCTION leadroute_internal.differing(jsonb, jsonb) IS 'Columns in which two rows differ. Internal.';

CREATE FUNCTION leadroute_internal.changed_rows(change bigint) RETURNS TABLE ("table" text, key text, before jsonb, after jsonb, last bigint, is_entangled boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE written AS MATERIALIZED (
        SELECT h.id, h."table", h.key, h.before, h.after, leadroute_internal.key_of_row(r.oid, coalesce(h.before, h.after)) AS key_before,
               leadroute_internal.key_of_row(r.oid, coalesce(h.after, h.before)) AS key_after
          FROM leadroute.config_history h CROSS JOIN LATERAL (SELECT format('leadroute.%I', h."table")::regclass::oid AS oid) r
         WHERE h.change_id = change
    ), renames AS MATERIALIZED (
        SELECT * FROM written w WHERE w.key_before <> w.key_after
    ), followed AS (
        -- each row under the key that it has in the end
        SELECT w.id, w."table", w.key_after AS key, w.id AS at FROM written w
        UNION ALL
        SELECT f.id, f."table", r.key_after, r.id FROM followed f CROSS JOIN LATERAL (
            SELECT n.key_after, n.id FROM renames n
             WHERE n."table" = f."table" AND n.key_before = f.key AND n.id > f.at ORDER BY n.id LIMIT 1) r
    ), final AS (
        SELECT DISTINCT ON (f.id) f.id, f.key FROM followed f ORDER BY f.id, f.at DESC
    ), steps AS (
        SELECT w.*, f.key AS final_key, lag(w.after, 1, w.before) OVER (PARTITION BY w."table", f.key ORDER BY w.id) AS left_by_step_before
          FROM written w JOIN final f USING (id)
    )
    SELECT s."table", (array_agg(s.key ORDER BY s.id DESC))[1], (array_agg(s.before ORDER BY s.id))[1], (array_agg(s.after ORDER BY s.id DESC))[1],
           max(s.id), bool_or(s.left_by_step_before IS DISTINCT FROM s.before)
      FROM steps s GROUP BY s."table", s.final_key $$;
COMMENT ON FUNCTION leadroute_internal.changed_rows(bigint) IS 'Rows that a change has written, once each: as they were before it, and as it left them. Entangled are those whose steps do not follow from one another, as when names are swapped. Internal.';

CREATE FUNCTION leadroute_internal.conflict(name text, key text, before jsonb, after jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    current jsonb;
BEGIN
    EXECUTE format('SELECT to_jsonb(t) FROM leadroute.%I t WHERE %s', name, leadroute_internal.row_condition(name, coalesce(after, before))) INTO current;
    IF after IS NULL THEN
        RETURN CASE WHEN current IS NOT NULL THEN format('%s "%s" is there again', name, key) END;
    ELSIF current IS NULL THEN
        RETURN format('%s "%s" is gone', name, key);
    END IF;
    RETURN (SELECT string_agg(format('%s of %s "%s" is %s now, and not %s', c.name, conflict.name, key, coalesce(current ->> c.name, 'null'), coalesce(after ->> c.name, 'null')), '; ')
              FROM unnest(leadroute_internal.differing(after, current)) c (name)
             -- jobs and sales tools write some all day; and what the change did not touch may have changed
             WHERE c.name <> ALL ('{presence,presence_at,performance}') AND (before IS NULL OR c.name = ANY (leadroute_internal.differing(before, after))));
END $$;
COMMENT ON FUNCTION leadroute_internal.conflict(text, text, jsonb, jsonb) IS 'How a row has become another than a change left it; NULL if it has not. Internal.';

CREATE FUNCTION leadroute_internal.later_children(change bigint) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    lost record;
BEGIN
    FOR lost IN SELECT r.key, r.after, c.parent, c.child, c."column", c.key AS parent_key, c.within, string_to_array(h.key, ',') AS named_by,
                       ARRAY(SELECT leadroute_internal.key_of_row(format('leadroute.%I', c.child)::regclass, w.after)
                               FROM leadroute_internal.changed_rows(change) w WHERE w."table" = c.child AND w.after IS NOT NULL) AS own
                  FROM leadroute_internal.changed_rows(change) r
                  JOIN leadroute_internal.config_references c ON c.parent = r."table" AND c.on_delete = 'cascade'
                  JOIN leadroute_internal.history_tables h ON h."table" = c.child
                 WHERE r.before IS NULL AND r.after IS NOT NULL LOOP
        RETURN QUERY EXECUTE format($q$
            SELECT format('%%s "%%s" was added to %%s "%%s"', %L, (SELECT string_agg(t.row ->> k.name, '/' ORDER BY k.no) FROM unnest($1) WITH ORDINALITY k (name, no)), %L, %L)
              FROM (SELECT to_jsonb(c) AS row FROM leadroute.%I c WHERE c.%I::text = $2) t
             WHERE ($3 IS NULL OR t.row -> $3 = $4) AND leadroute_internal.key_of_row(%L::regclass, t.row) <> ALL ($5)$q$,
            lost.child, lost.parent, lost.key, lost.child, lost."column", format('leadroute.%I', lost.child))
            USING lost.named_by, lost.after ->> lost.parent_key, lost.within, lost.after -> lost.within, lost.own;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.later_children(bigint) IS 'Rows that others have added to rows which a change has inserted: they would be deleted with them. Internal.';

CREATE FUNCTION leadroute_internal.undo(name text, before jsonb, after jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN before IS NULL THEN format('DELETE FROM leadroute.%I WHERE %s;', name, leadroute_internal.row_condition(name, after))
        WHEN after IS NULL THEN (SELECT format('INSERT INTO leadroute.%I (%s) VALUES (%s);', name, string_agg(quote_ident(l.key), ', ' ORDER BY l.key), string_agg(l.value, ', ' ORDER BY l.key))
                                   FROM jsonb_each_text(leadroute_internal.literals(name, before)) l)
        ELSE (SELECT format('UPDATE leadroute.%I SET %s WHERE %s;', name, string_agg(format('%I = %s', l.key, l.value), ', ' ORDER BY l.key), leadroute_internal.row_condition(name, after))
                FROM jsonb_each_text(leadroute_internal.literals(name, before)) l WHERE l.key = ANY (leadroute_internal.differing(before, after)) HAVING count(*) > 0)
    END $$;
COMMENT ON FUNCTION leadroute_internal.undo(text, jsonb, jsonb) IS 'SQL that makes a row of a routing table what it was before; NULL if there is nothing to do. Internal.';

CREATE FUNCTION leadroute_internal.propose_revert(title text, why text, sql text, reverts bigint) RETURNS bigint
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_propose_revert';
COMMENT ON FUNCTION leadroute_internal.propose_revert(text, text, text, bigint) IS 'As propose_change(), for a change that takes back another. Internal.';

CREATE FUNCTION leadroute.revert_change(change_id bigint, why text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests := leadroute_internal.change_locked(change_id);
    conflicts text[];
    entangled text;
    statements text;
BEGIN
    IF change.status <> 'applied' THEN
        PERFORM leadroute_internal.not_in_status(change, 'applied', 'A change that was not applied yet is taken back by cancel_change() or refuse_change().');
    END IF;
    SELECT array_agg(c.conflict ORDER BY c.conflict) FILTER (WHERE c.conflict IS NOT NULL), string_agg(format('%s "%s"', r."table", r.key), ', ') FILTER (WHERE r.is_entangled)
      INTO conflicts, entangled
      FROM leadroute_internal.changed_rows(change.id) r, LATERAL (SELECT leadroute_internal.conflict(r."table", r.key, r.before, r.after)) c (conflict);
    conflicts := conflicts || ARRAY(SELECT c FROM leadroute_internal.later_children(change.id) c ORDER BY 1);
    IF entangled IS NOT NULL THEN
        RAISE EXCEPTION 'change % cannot be reverted by itself: it gave keys of rows to others: %', change.id, entangled
            USING ERRCODE = 'feature_not_supported', HINT = 'Write the SQL that takes it back, and propose it with propose_change().';
    ELSIF conflicts <> '{}' THEN
        RAISE EXCEPTION 'change % cannot be reverted: rows that it wrote have changed since, or others depend on them', change.id
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = array_to_string(conflicts[:20], E'\n'),
                  HINT = 'Revert the later changes first, or propose SQL that leaves them as they are.';
    END IF;
    -- Rows that nothing names go before others come back in their place; rows that others named go last.
    SELECT string_agg(u.sql, E'\n' ORDER BY u.phase, CASE u.phase WHEN 2 THEN u.place ELSE -u.place END, u.last DESC) INTO statements
      FROM (SELECT leadroute_internal.undo(r."table", r.before, r.after) AS sql, r.last, t.place,
                   CASE WHEN r.before IS NOT NULL THEN 2
                        WHEN EXISTS (SELECT FROM leadroute_internal.config_references c WHERE c.parent = r."table") THEN 3 ELSE 1 END AS phase
              FROM leadroute_internal.changed_rows(change.id) r
              JOIN (SELECT h."table", row_number() OVER () AS place FROM leadroute_internal.history_tables h) t USING ("table")
             WHERE r.before IS DISTINCT FROM r.after) u;
    IF statements IS NULL THEN
        RAISE EXCEPTION 'change % changed nothing that could be reverted', change.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'leadroute.changelog shows what changes have done.';
    END IF;
    RETURN leadroute_internal.propose_revert(format('Revert of change %s: %s', change.id, change.title), revert_change.why, statements, change.id);
END $$;
COMMENT ON FUNCTION leadroute.revert_change(bigint, text) IS 'Proposes a change that makes the rows that an applied change has written what they were before it, and returns its id. Refused where such rows have changed since. Must be approved and applied like any other, and can be reverted itself.';
