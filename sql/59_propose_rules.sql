-- A document of rules becomes a change request.

CREATE FUNCTION leadroute_internal.check_names(rules jsonb, given text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
    bad record;
BEGIN
    FOR bad IN SELECT t."table", leadroute_internal.row_key(t."table", e.row) AS key
                 FROM leadroute_internal.history_tables t, jsonb_array_elements(rules -> t."table") AS e (row)
                WHERE t."table" = ANY (given) GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 1 LOOP
        PERFORM leadroute_internal.refuse_document(bad."table", format('"%s" is there twice', bad.key), 'Leave one of them out.');
    END LOOP;
    IF NOT jsonb_path_exists(rules, '$.queues[*] ? (@.kind == "catch_all" && !exists (@.tenant))') THEN
        PERFORM leadroute_internal.refuse_document('queues', 'the catch-all queue is missing', 'It is where leads go when nobody else can take them: {"name": "catch_all", "kind": "catch_all"}.');
    END IF;
    FOR r IN SELECT c.* FROM leadroute_internal.config_references c WHERE rules ? c.child AND (rules ? c.parent OR c.parent = 'reps') LOOP
        EXECUTE format('SELECT leadroute_internal.row_key(%1$L, e.row) AS key, e.row ->> %2$L AS name FROM jsonb_array_elements($1 -> %1$L) AS e (row)
                         WHERE e.row ->> %2$L NOT IN (%3$s) LIMIT 1', r.child, r."column",
                       CASE r.parent WHEN 'reps' THEN 'SELECT p.id FROM leadroute.reps p' ELSE format('SELECT p ->> %L FROM jsonb_array_elements($1 -> %L) p', r.key, r.parent) END)
           INTO bad USING rules;
        -- rows that the document does not have go with what they name
        IF bad.name IS NOT NULL AND (r.on_delete <> 'cascade' OR r.child = ANY (given)) THEN
            PERFORM leadroute_internal.refuse_document(format('%s "%s"', r.child, bad.key), format('%s "%s" is not there', r."column", bad.name),
                CASE r.parent WHEN 'reps' THEN 'Reps are no rules: insert them into leadroute.reps first.'
                              ELSE format('Have it in %s of the document, or name another.', r.parent) END);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_names(jsonb, text[]) IS 'An error with the place if rules name what is not there; given are the tables of the document. Internal.';

CREATE FUNCTION leadroute_internal.row_changes(now jsonb, wanted jsonb) RETURNS TABLE (no integer, "table" text, key text[], before jsonb, after jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH rows AS (
        SELECT t.no, t."table", string_to_array(t.key, ',') AS key, s.is_new, e.row, (SELECT jsonb_agg(e.row -> k ORDER BY n) FROM unnest(string_to_array(t.key, ',')) WITH ORDINALITY AS u (k, n)) AS id
          FROM leadroute_internal.history_tables t, (VALUES (false, now), (true, wanted)) AS s (is_new, rules), jsonb_array_elements(s.rules -> t."table") AS e (row)
         WHERE wanted ? t."table")
    SELECT r.no, r."table", r.key, (jsonb_agg(r.row) FILTER (WHERE NOT r.is_new)) -> 0, (jsonb_agg(r.row) FILTER (WHERE r.is_new)) -> 0
      FROM rows r GROUP BY r.no, r."table", r.key, r.id
    HAVING (jsonb_agg(r.row) FILTER (WHERE NOT r.is_new)) -> 0 IS DISTINCT FROM (jsonb_agg(r.row) FILTER (WHERE r.is_new)) -> 0 $$;
COMMENT ON FUNCTION leadroute_internal.row_changes(jsonb, jsonb) IS 'Rows that differ between two documents of rules, for the tables of the second. Internal.';

CREATE FUNCTION leadroute_internal.ordered_changes(now jsonb, wanted jsonb)
    RETURNS TABLE (step integer, place integer, "table" text, key text[], before jsonb, after jsonb, told_before jsonb, told_after jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- Nothing names what is not there yet or not there any more: rows that nobody names go first and come last. Queues and pools name each
    -- other, and tiers must not overlap on the way, either.
    WITH c AS (SELECT r.*, EXISTS (SELECT FROM leadroute_internal.config_references f WHERE f.parent = r."table") AS is_named,
                      r."table" = 'tiers' AND r.before -> 'score' IS DISTINCT FROM r.after -> 'score' AND r.before IS NOT NULL AND r.after IS NOT NULL AS is_replaced
                 FROM leadroute_internal.row_changes(now, wanted) r)
    SELECT 2, c.no, c."table", c.key, c.before, NULL::jsonb, CASE WHEN NOT c.is_replaced THEN c.before END, NULL::jsonb FROM c WHERE NOT c.is_named AND (c.after IS NULL OR c.is_replaced)
    UNION ALL SELECT 3, c.no, c."table", c.key, NULL, CASE c."table" WHEN 'queues' THEN c.after - 'auto_assign_pool' ELSE c.after END, NULL, c.after FROM c WHERE c.is_named AND c.before IS NULL
    UNION ALL SELECT 4, c.no, c."table", c.key, c.after - 'auto_assign_pool', c.after, NULL, NULL FROM c WHERE c."table" = 'queues' AND c.before IS NULL AND c.after ? 'auto_assign_pool'
    -- there is one catch-all queue for each tenant, also on the way
    UNION ALL SELECT CASE c.before ->> 'kind' WHEN 'catch_all' THEN 4 ELSE 5 END, c.no, c."table", c.key, c.before, c.after, c.before, c.after
                FROM c WHERE c.before IS NOT NULL AND c.after IS NOT NULL AND NOT c.is_replaced
    UNION ALL SELECT 6, c.no, c."table", c.key, NULL, c.after, c.before, c.after FROM c WHERE NOT c.is_named AND c.after IS NOT NULL AND (c.before IS NULL OR c.is_replaced)
    UNION ALL SELECT 7, c.no, c."table", c.key, c.before, c.before - 'auto_assign_pool', NULL, NULL FROM c WHERE c."table" = 'queues' AND c.after IS NULL AND c.before ? 'auto_assign_pool'
    UNION ALL SELECT 8, -c.no, c."table", c.key, c.before, NULL, c.before, NULL FROM c WHERE c.is_named AND c.after IS NULL $$;
COMMENT ON FUNCTION leadroute_internal.ordered_changes(jsonb, jsonb) IS 'The changes from one document of rules to another, in steps that can be done one after the other, with what is told of each: nothing of those that are part of another. Internal.';

CREATE FUNCTION leadroute.rules_difference(rules jsonb) RETURNS TABLE ("table" text, change text, sql text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted jsonb := leadroute_internal.read_document(rules);
    now jsonb := leadroute.export_rules() - 'version';
    r record;
BEGIN
    FOR r IN SELECT e.key AS "table", x.row ->> 'was' AS was, x.row ->> 'name' AS name
               FROM jsonb_each(rules) e, jsonb_array_elements(CASE e.key WHEN 'version' THEN '[]' ELSE e.value END) AS x (row) WHERE x.row ? 'was' ORDER BY 1, 2 LOOP
        -- done already, by an earlier use of the document
        CONTINUE WHEN NOT jsonb_path_exists(now -> r."table", '$[*] ? (@.name == $was)', jsonb_build_object('was', r.was));
        IF jsonb_path_exists(now -> r."table", '$[*] ? (@.name == $name)', jsonb_build_object('name', r.name))
           OR jsonb_path_exists(wanted -> r."table", '$[*] ? (@.name == $was)', jsonb_build_object('was', r.was)) THEN
            PERFORM leadroute_internal.refuse_document(format('%s "%s"', r."table", r.name), format('cannot be what was "%s": both are there', r.was), 'Give it a name that is free, or leave out "was".');
        END IF;
        now := leadroute_internal.with_new_name(now, r."table", r.was, r.name);
        rules_difference."table" := r."table";
        change := format('%s %s is called %s now', (SELECT t.noun FROM leadroute_internal.history_tables t WHERE t."table" = r."table"), r.was, r.name);
        sql := format('UPDATE leadroute.%I SET name = %L WHERE name = %L', r."table", r.name, r.was);
        RETURN NEXT;
    END LOOP;
    PERFORM leadroute_internal.check_names(now || wanted, ARRAY(SELECT jsonb_object_keys(wanted)));
    RETURN QUERY
        SELECT c."table", CASE WHEN c.told_before IS NOT NULL OR c.told_after IS NOT NULL THEN
                   leadroute_internal.change_words(c.noun, c.name, c.told_before, c.told_after, coalesce(nullif(p.name, ''), p.id)) END,
               leadroute_internal.change_sql(c."table", c.key, c.before, c.after)
          FROM (SELECT o.*, t.noun, leadroute_internal.row_key(o."table", coalesce(o.before, o.after)) AS name
                  FROM leadroute_internal.ordered_changes(now, wanted) o JOIN leadroute_internal.history_tables t ON t."table" = o."table" OFFSET 0) c
          LEFT JOIN leadroute.reps p ON c."table" = 'pool_members' AND p.id = coalesce(c.after, c.before) ->> 'rep_id'
         ORDER BY c.step, c.place, c.name COLLATE "C";
END $$;
COMMENT ON FUNCTION leadroute.rules_difference(jsonb) IS 'What would have to change for the rules to be as the document says, in words and as SQL, in order; no rows if they are. change is NULL for a statement that is part of another change. Tables that the document leaves out stay as they are.';

CREATE FUNCTION leadroute.propose_rules(title text, why text, rules jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' AS $$
DECLARE
    statements text := (SELECT string_agg(concat('-- ' || translate(d.change, E'\n\r', '  ') || E'\n', d.sql, ';'), E'\n' ORDER BY d.n)
                          FROM leadroute.rules_difference(propose_rules.rules) WITH ORDINALITY AS d ("table", change, sql, n));
BEGIN
    IF statements IS NULL THEN
        RAISE NOTICE 'the rules are as the document says: nothing is proposed';
        RETURN NULL;
    END IF;
    RETURN leadroute.propose_change(propose_rules.title, propose_rules.why, statements, NULL::text);
END $$;
COMMENT ON FUNCTION leadroute.propose_rules(text, text, jsonb) IS 'Proposes the change that makes the rules what a document of export_rules() says, and returns its id; NULL if they are. Tables that it leaves out stay as they are, and an empty list empties a table. A row can say what it "was" called. change_requests.sql has each change in words and as SQL.';
