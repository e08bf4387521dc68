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

CREATE FUNCTION leadroute_internal.image_of_today("table" text, image jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
BEGIN
    EXECUTE format('SELECT %s FROM (SELECT $1 AS image) i', leadroute_internal.image_expression("table")) INTO image USING image;
    RETURN image;
END $$;
COMMENT ON FUNCTION leadroute_internal.image_of_today(text, jsonb) IS 'A row of a routing table in config_history with the columns that the table has now. Internal.';

-- A row has no number that stays, and keys change, so a row is followed from image to image: each step begins where an earlier one
-- has ended.
CREATE FUNCTION leadroute_internal.changed_rows(change bigint) RETURNS TABLE ("table" text, key text, before jsonb, after jsonb, last bigint, is_entangled boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE steps AS MATERIALIZED (
        SELECT i.*, leadroute_internal.key_of_row(i.relation, i.before) AS key_before, leadroute_internal.key_of_row(i.relation, i.after) AS key_after
          FROM (SELECT h.id, h."table", h.key, format('leadroute.%I', h."table")::regclass::oid AS relation,
                       leadroute_internal.image_of_today(h."table", h.before) AS before, leadroute_internal.image_of_today(h."table", h.after) AS after
                  FROM leadroute.config_history h WHERE h.change_id = change OFFSET 0) i
         WHERE i.before IS DISTINCT FROM i.after
    ), ends AS (
        SELECT s.id, s."table", e.image, e.is_made
          FROM steps s CROSS JOIN LATERAL (VALUES (s.before, false), (s.after, true)) e (image, is_made) WHERE e.image IS NOT NULL
    ), links AS MATERIALIZED (
        SELECT l.id, l.previous
          FROM (SELECT e.id, e.is_made, max(e.id) FILTER (WHERE e.is_made) OVER (PARTITION BY e."table", e.image ORDER BY e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS previous
                  FROM ends e) l WHERE NOT l.is_made
    ), walked AS (
        SELECT s.id AS path, s.id FROM steps s WHERE NOT EXISTS (SELECT FROM links l WHERE l.id = s.id AND l.previous IS NOT NULL)
        UNION ALL SELECT w.path, l.id FROM walked w JOIN links l ON l.previous = w.id
    ), paths AS MATERIALIZED (
        SELECT p.path, f."table", f.before, f.key_before, CASE WHEN t.after IS NULL THEN f.key ELSE t.key END AS key, t.after, t.key_after, p.last
          FROM (SELECT w.path, max(w.id) AS last FROM walked w GROUP BY w.path) p JOIN steps f ON f.id = p.path JOIN steps t ON t.id = p.last
    ), turned AS MATERIALIZED (
        -- What a new key writes into rows of the same table is noted before the new key.
        SELECT a.path AS earlier, b.path AS later FROM paths a JOIN paths b USING ("table") JOIN steps s ON s.id = b.path
         WHERE a.after = b.before AND a.path <> b.path AND a.last > b.path
           AND leadroute_internal.differing(s.before, s.after) <@ ARRAY(SELECT c."column" FROM leadroute_internal.config_references c WHERE c.parent = s."table" AND c.child = s."table")
    ), joined AS (
        SELECT p.path AS root, p.path FROM paths p WHERE p.path NOT IN (SELECT t.later FROM turned t)
        UNION SELECT j.root, t.later FROM joined j JOIN turned t ON t.earlier = j.path
    ), rows AS MATERIALIZED (
        SELECT f."table", f.before, f.key_before, t.key, t.after, t.key_after, m.last
          FROM (SELECT j.root, max(p.last) AS last FROM joined j JOIN paths p USING (path) GROUP BY j.root) m
          JOIN paths f ON f.path = m.root
          JOIN joined j ON j.root = m.root AND j.path NOT IN (SELECT u.earlier FROM turned u) JOIN paths t ON t.path = j.path
    ), again AS MATERIALIZED (
        -- deleted, and inserted again with the same key: one row
        SELECT coalesce(i."table", r."table") AS "table", coalesce(i.key, r.key) AS key, r.before, r.key_before,
               coalesce(i.after, r.after) AS after, coalesce(i.key_after, r.key_after) AS key_after, greatest(r.last, i.last) AS last
          FROM (SELECT *, CASE WHEN after IS NULL THEN key_before END AS given_up FROM rows WHERE before IS NOT NULL) r
          FULL JOIN (SELECT * FROM rows WHERE before IS NULL AND after IS NOT NULL) i ON i."table" = r."table" AND i.key_after = r.given_up
    )
    SELECT a."table", a.key, a.before, a.after, a.last,
           a.before IS NOT NULL AND count(a.before) OVER (PARTITION BY a."table", a.key_before) > 1
           OR a.after IS NOT NULL AND count(a.after) OVER (PARTITION BY a."table", a.key_after) > 1
      FROM again a $$;
COMMENT ON FUNCTION leadroute_internal.changed_rows(bigint) IS 'Rows that a change has written, once each: as they were before it, and as it left them, with the columns of now. Entangled are those of which that cannot be told. Internal.';

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

CREATE FUNCTION leadroute_internal.constrained_columns(name text) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT a.attname::text), '{}')
      FROM pg_attribute a JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
     WHERE a.attrelid = format('leadroute.%I', name)::regclass
       AND (d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT c.oid FROM pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype IN ('p', 'u', 'x'))
            OR d.classid = 'pg_class'::regclass AND d.objid IN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion))) $$;
COMMENT ON FUNCTION leadroute_internal.constrained_columns(text) IS 'Columns in which the rows of a routing table may not agree, or overlap. Internal.';

-- Rows may have got the keys of others. Where other tables follow a key (carry_key), it is renamed, and first out of the way of
-- others if need be; and what follows is not written twice. Elsewhere rows that gave keys to one another are written anew.
CREATE FUNCTION leadroute_internal.rows_to_undo(change bigint)
    RETURNS TABLE ("table" text, place integer, before jsonb, after jsonb, now jsonb, aside jsonb, last bigint, is_named boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH changed AS MATERIALIZED (
        SELECT r."table", t.no AS place, r.before, r.after, r.last, k.name IS NOT NULL AS is_named, k.name AS key,
               leadroute_internal.key_of_row(t.relation, r.before) AS key_before, leadroute_internal.key_of_row(t.relation, r.after) AS key_after
          FROM leadroute_internal.changed_rows(change) r
          JOIN (SELECT h."table", h.no, format('leadroute.%I', h."table")::regclass::oid AS relation FROM leadroute_internal.history_tables h) t USING ("table")
          LEFT JOIN LATERAL (SELECT n AS name FROM jsonb_object_keys(leadroute_internal.key_of_row(t.relation, coalesce(r.after, r.before))) n
                              WHERE n <> 'tenant' AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.relation AND g.tgname = 'carry_key')) k ON true
    ), aside AS MATERIALIZED (
        SELECT DISTINCT s."table", s.last, format('%s (revert of change %s)', s.after ->> s.key, change) AS name
          FROM changed s JOIN changed r ON r."table" = s."table" AND r.key_before = s.key_after AND r.last <> s.last
         WHERE s.is_named AND s.after IS NOT NULL AND r.before IS NOT NULL AND (s.before IS NULL OR s.last < r.last)
    ), named AS MATERIALIZED (
        -- as rows are called when those that name them are written
        SELECT c."table", c.after, coalesce(c.before ->> c.key, a.name) AS name
          FROM changed c LEFT JOIN aside a USING ("table", last)
         WHERE c.is_named AND c.after ->> c.key <> coalesce(c.before ->> c.key, a.name)
    ), names AS (
        SELECT c."table", c.last, f."column", to_jsonb(n.name) AS value
          FROM changed c JOIN leadroute_internal.config_references f ON f.child = c."table"
          JOIN named n ON n."table" = f.parent AND n.after -> f.key = c.after -> f."column" AND (f.within IS NULL OR n.after -> f.within = c.after -> f.within)
        UNION ALL
        SELECT c."table", c.last, f."column", jsonb_agg(coalesce(to_jsonb(n.name), e.name) ORDER BY e.no)
          FROM changed c JOIN leadroute_internal.config_name_lists f ON f.child = c."table"
         CROSS JOIN LATERAL jsonb_array_elements(nullif(c.after -> f."column", 'null')) WITH ORDINALITY e (name, no)
          LEFT JOIN named n ON n."table" = f.parent AND n.after -> f.key = e.name
         GROUP BY c."table", c.last, f."column"
    ), carried AS (
        SELECT n."table", n.last, jsonb_object_agg(n."column", n.value) AS columns FROM names n GROUP BY n."table", n.last
    )
    SELECT c."table", c.place, c.before, c.after, c.after || coalesce(f.columns, '{}'), CASE WHEN a.name IS NOT NULL THEN c.after || jsonb_build_object(c.key, a.name) END, c.last, c.is_named
      FROM changed c LEFT JOIN aside a USING ("table", last) LEFT JOIN carried f USING ("table", last) $$;
COMMENT ON FUNCTION leadroute_internal.rows_to_undo(bigint) IS 'changed_rows(), with the image that a row has when it is its turn to be undone, and the one with the key that it gets to be out of the way before. Internal.';

CREATE FUNCTION leadroute_internal.undo(name text, operation text, before jsonb, now jsonb, found jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE operation
        WHEN 'DELETE' THEN format('DELETE FROM leadroute.%I WHERE %s;', name, leadroute_internal.row_condition(name, found))
        WHEN 'INSERT' THEN (SELECT format('INSERT INTO leadroute.%I (%s) VALUES (%s);', name, string_agg(quote_ident(l.key), ', ' ORDER BY l.key), string_agg(l.value, ', ' ORDER BY l.key))
                              FROM jsonb_each_text(leadroute_internal.literals(name, before)) l)
        ELSE (SELECT format('UPDATE leadroute.%I SET %s WHERE %s;', name, string_agg(format('%I = %s', l.key, l.value), ', ' ORDER BY l.key), leadroute_internal.row_condition(name, found))
                FROM jsonb_each_text(leadroute_internal.literals(name, before)) l WHERE l.key = ANY (leadroute_internal.differing(before, now)) HAVING count(*) > 0)
    END $$;
COMMENT ON FUNCTION leadroute_internal.undo(text, text, jsonb, jsonb, jsonb) IS 'SQL that makes a row of a routing table what it was before, and finds it by its key in the last argument; NULL if there is nothing to do. Internal.';

CREATE FUNCTION leadroute_internal.undo_statements(change bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH rows AS MATERIALIZED (
        SELECT r.*, EXISTS (SELECT FROM leadroute_internal.config_references c WHERE c.parent = r."table") AS is_parent,
               NOT r.is_named AND r.before IS NOT NULL AND r.after IS NOT NULL
               AND leadroute_internal.differing(r.before, r.now) && t.constrained AS is_constrained,
               -- what it says of rows of its own table is written when these have their names
               r.before || coalesce((SELECT jsonb_object_agg(c."column", r.now -> c."column") FROM leadroute_internal.config_references c WHERE c.child = r."table" AND c.parent = r."table"), '{}') AS renamed
          FROM leadroute_internal.rows_to_undo(change) r
          JOIN (SELECT h."table", leadroute_internal.constrained_columns(h."table") AS constrained FROM leadroute_internal.history_tables h) t USING ("table")
         WHERE r.before IS DISTINCT FROM r.now
    ), counted AS (
        SELECT r.*, r.is_constrained AND count(*) FILTER (WHERE r.is_constrained) OVER (PARTITION BY r."table") > 1 AS is_anew FROM rows r
    ), undone AS (
        -- Rows that nothing names go before others come back in their place; rows that others named go last.
        SELECT s.phase, s.step, r.place, r.last, leadroute_internal.undo(r."table", s.operation, s.before, s.now, s.found) AS sql
          FROM counted r CROSS JOIN LATERAL (VALUES
              (1, 0, 'DELETE', NULL::jsonb, NULL::jsonb, r.after, r.is_anew OR r.before IS NULL AND NOT r.is_parent),
              (2, 0, 'UPDATE', r.aside, r.after, r.after, r.aside IS NOT NULL),
              (3, r.is_named::integer * -1, 'UPDATE', r.renamed, r.now, coalesce(r.aside, r.now), r.before IS NOT NULL AND r.after IS NOT NULL AND NOT r.is_anew),
              (3, 0, 'INSERT', r.before, NULL, NULL, r.is_anew OR r.after IS NULL),
              (3, 1, 'UPDATE', r.before, r.renamed, r.before, r.before IS NOT NULL AND r.after IS NOT NULL AND NOT r.is_anew),
              (4, 0, 'DELETE', NULL, NULL, coalesce(r.aside, r.after), r.before IS NULL AND r.is_parent)) s (phase, step, operation, before, now, found, is_done)
         WHERE s.is_done
    )
    SELECT string_agg(u.sql, E'\n' ORDER BY u.phase, CASE u.phase WHEN 3 THEN u.place ELSE -u.place END, u.step, u.last DESC) FROM undone u $$;
COMMENT ON FUNCTION leadroute_internal.undo_statements(bigint) IS 'The SQL that takes back what a change has done; NULL if there is nothing to do. Internal.';

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
    WITH rows AS MATERIALIZED (
        SELECT r.*, leadroute_internal.key_of_row(t.relation, r.before) AS key_before, leadroute_internal.key_of_row(t.relation, r.after) AS key_after
          FROM leadroute_internal.changed_rows(change.id) r CROSS JOIN LATERAL (SELECT format('leadroute.%I', r."table")::regclass::oid AS relation) t)
    SELECT array_agg(c.conflict ORDER BY c.conflict) FILTER (WHERE c.conflict IS NOT NULL), string_agg(format('%s "%s"', r."table", r.key), ', ') FILTER (WHERE r.is_entangled)
      INTO conflicts, entangled
      FROM rows r CROSS JOIN LATERAL (SELECT leadroute_internal.conflict(r."table", r.key, r.before, r.after)
                                       -- a key that the change itself gave to another row is no conflict
                                       WHERE r.after IS NOT NULL OR NOT EXISTS (SELECT FROM rows o WHERE o."table" = r."table" AND o.key_after = r.key_before AND o.after IS NOT NULL)
                                       UNION ALL SELECT NULL LIMIT 1) c (conflict);
    conflicts := conflicts || ARRAY(SELECT c FROM leadroute_internal.later_children(change.id) c ORDER BY 1);
    IF entangled IS NOT NULL THEN
        RAISE EXCEPTION 'change % cannot be reverted by itself: its history does not tell which rows became which: %', change.id, entangled
            USING ERRCODE = 'feature_not_supported', HINT = 'Write the SQL that takes it back, and propose it with propose_change().';
    ELSIF conflicts <> '{}' THEN
        RAISE EXCEPTION 'change % cannot be reverted: rows that it wrote have changed since, or others depend on them', change.id
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = array_to_string(conflicts[:20], E'\n'),
                  HINT = 'Revert the later changes first, or propose SQL that leaves them as they are.';
    END IF;
    statements := leadroute_internal.undo_statements(change.id);
    IF statements IS NULL THEN
        RAISE EXCEPTION 'change % changed nothing that could be reverted', change.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'leadroute.changelog shows what changes have done.';
    END IF;
    RETURN leadroute_internal.propose_revert(format('Revert of change %s: %s', change.id, change.title), revert_change.why, statements, change.id);
END $$;
COMMENT ON FUNCTION leadroute.revert_change(bigint, text) IS 'Proposes a change that makes the rows that an applied change has written what they were before it, and returns its id. Refused where such rows have changed since. Must be approved and applied like any other, and can be reverted itself.';
