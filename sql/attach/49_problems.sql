-- What is wrong with attached tables, for config_problems.

CREATE FUNCTION leadroute_internal.mapping_problem(t leadroute.attached_tables) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM leadroute_internal.check_link(t.relation, t.mapping, NULL);
    PERFORM leadroute_internal.check_columns(t.relation, t.mapping);
    PERFORM leadroute_internal.check_expressions(t.relation, t.mapping);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, '^attach: ', '');
END $$;
COMMENT ON FUNCTION leadroute_internal.mapping_problem(leadroute.attached_tables) IS
    'What is wrong with the mapping of an attached table, or NULL. Internal.';

CREATE FUNCTION leadroute_internal.relation_problem(t leadroute.attached_tables) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lacking regclass;
BEGIN
    PERFORM leadroute_internal.check_relation(t.relation);
    IF NOT leadroute_internal.is_trusted(t) THEN
        RETURN CASE WHEN t.owner IS NULL
               THEN 'whoever named it does not own it: its rows are not routed; its owner should look at the mapping and attach it again'
               ELSE format('it was attached while it belonged to %I: rows are routed by their plain columns, and no owner is written back; its owner should look at the mapping and attach it again',
                           CASE WHEN t.owner = pg_get_userbyid((SELECT c.relowner FROM pg_class c WHERE c.oid = t.relation))
                                THEN coalesce(t.owners_owner, 'somebody else') ELSE coalesce(nullif(t.owner, ''), 'somebody else') END) END;
    END IF;
    IF t.key IS NOT NULL AND leadroute_internal.key_numbers(t.relation) IS DISTINCT FROM t.key THEN
        RETURN 'it has another primary key than when it was attached: detach it, and attach it again';
    END IF;
    SELECT p.relid INTO lacking FROM (SELECT t.relation AS relid UNION SELECT r.relid FROM pg_partition_tree(t.relation) r) p
     WHERE NOT leadroute_internal.has_triggers(t.relation)
        OR NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = 'leadroute_1_begin') ORDER BY 1 LIMIT 1;
    RETURN CASE WHEN FOUND THEN format('triggers of table %s are missing: attach the table again', lacking) END;
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, '^attach: ', '');
END $$;
COMMENT ON FUNCTION leadroute_internal.relation_problem(leadroute.attached_tables) IS
    'Why an attached table cannot be routed, whatever its mapping, or NULL. Internal.';

CREATE FUNCTION leadroute_internal.missing_users(t leadroute.attached_tables) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    users record;
    values jsonb;
    missing jsonb;
BEGIN
    SELECT c.confrelid::regclass AS relation, u.attname AS "column", coalesce(e.rep, 'id') AS rep INTO users
      FROM leadroute_internal.mapping_entries(t.mapping) e
      JOIN pg_attribute a ON a.attrelid = coalesce(t.owners, t.relation) AND a.attname = e."column"
      JOIN pg_constraint c ON c.conrelid = a.attrelid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]
      JOIN pg_attribute u ON u.attrelid = c.confrelid AND u.attnum = c.confkey[1]
     WHERE e.field = 'owner_id' AND e.expression IS NULL ORDER BY c.oid LIMIT 1;
    IF FOUND THEN
        -- As the owner of that table; format() prints values as their types do, while a cast may be code of a stranger.
        values := to_jsonb(ARRAY(SELECT CASE users.rep WHEN 'id' THEN r.id ELSE r.email END FROM leadroute.reps r
                                  WHERE r.active AND CASE users.rep WHEN 'id' THEN r.id ELSE r.email END IS NOT NULL ORDER BY r.id));
        missing := leadroute_internal.as_owner_of(users.relation, format(
            'SELECT coalesce(jsonb_agg(v), ''[]'') FROM jsonb_array_elements_text(%L) v
              WHERE NOT EXISTS (SELECT FROM %s u WHERE lower(format(''%%s'', u.%I)) = lower(v))', values, users.relation, users."column"));
        RETURN QUERY SELECT format('rep %s cannot own rows: there is no "%s" in column "%s" of %s', r.id, v.value, users."column", users.relation)
                       FROM jsonb_array_elements_text(missing) v (value)
                       JOIN leadroute.reps r ON r.active AND CASE users.rep WHEN 'id' THEN r.id ELSE r.email END = v.value
                      ORDER BY 1;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.missing_users(leadroute.attached_tables) IS
    'Active reps whose value is missing in the table that the owner column refers to. Internal.';

CREATE FUNCTION leadroute_internal.owner_failures(table_no integer) RETURNS text[]
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_owner_failures';
COMMENT ON FUNCTION leadroute_internal.owner_failures(integer) IS 'Active reps for whom the owner expression of an attached table fails, with the error; where it sees rows, for one of the last. Internal.';

CREATE FUNCTION leadroute_internal.attached_problems() RETURNS TABLE (relation regclass, problem text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t leadroute.attached_tables;
BEGIN
    FOR t IN SELECT * FROM leadroute.attached_tables a WHERE a.detached_at IS NULL LOOP
        relation := t.relation;
        problem := coalesce(leadroute_internal.relation_problem(t), leadroute_internal.mapping_problem(t));
        IF problem IS NOT NULL THEN
            RETURN NEXT;
            CONTINUE;
        END IF;
        RETURN QUERY SELECT t.relation, format('rep %s has no e-mail address, which is to stand in column "%s"', r.id, e."column")
                       FROM leadroute_internal.mapping_entries(t.mapping) e JOIN leadroute.reps r ON r.active AND r.email IS NULL
                      WHERE e.field = 'owner_id' AND e.rep = 'email';
        RETURN QUERY SELECT t.relation, u.problem FROM leadroute_internal.unmapped_tenant(t.relation, t.mapping) u (problem) WHERE u.problem IS NOT NULL;
        RETURN QUERY SELECT t.relation, k.problem FROM leadroute_internal.written_keys(t.relation, t.mapping) k (problem);
        RETURN QUERY SELECT t.relation, m.problem FROM leadroute_internal.missing_users(t) m (problem);
        IF t.mapping -> 'owner_id' ? 'expression' THEN
            RETURN QUERY SELECT t.relation, f.problem FROM unnest(leadroute_internal.owner_failures(t.table_no)) f (problem);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_problems() IS
    'Attached tables that cannot be routed as their mapping says, and reps who cannot own their rows.';
