-- What is wrong with attached tables, for config_problems.

CREATE FUNCTION leadroute.mapping_problem(t leadroute.attached_tables) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM leadroute.check_link(t.relation, t.mapping, (SELECT oid FROM pg_roles WHERE rolname = current_user));
    PERFORM leadroute.check_columns(t.relation, t.mapping);
    PERFORM leadroute.check_expressions(t.relation, t.mapping);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, '^attach: ', '');
END $$;
COMMENT ON FUNCTION leadroute.mapping_problem(leadroute.attached_tables) IS
    'What is wrong with the mapping of an attached table, or NULL. Internal.';

CREATE FUNCTION leadroute.relation_problem(t leadroute.attached_tables) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lacking regclass;
BEGIN
    PERFORM leadroute.check_relation(t.relation);
    IF leadroute.key_numbers(t.relation) IS DISTINCT FROM t.key THEN
        RETURN 'it has another primary key than when it was attached: detach it, and attach it again';
    END IF;
    SELECT p.relid INTO lacking FROM (SELECT t.relation AS relid UNION SELECT r.relid FROM pg_partition_tree(t.relation) r) p
     WHERE NOT leadroute.is_in_force(t.relation)
        OR NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = 'leadroute_1_begin') ORDER BY 1 LIMIT 1;
    RETURN CASE WHEN FOUND THEN format('triggers of table %s are missing: attach the table again', lacking) END;
EXCEPTION WHEN OTHERS THEN
    RETURN regexp_replace(SQLERRM, '^attach: ', '');
END $$;
COMMENT ON FUNCTION leadroute.relation_problem(leadroute.attached_tables) IS
    'Why an attached table cannot be routed, whatever its mapping, or NULL. Internal.';

CREATE FUNCTION leadroute.missing_users(t leadroute.attached_tables) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    users record;
BEGIN
    SELECT c.confrelid::regclass AS relation, u.attname AS "column", coalesce(e.rep, 'id') AS rep INTO users
      FROM leadroute.mapping_entries(t.mapping) e
      JOIN pg_attribute a ON a.attrelid = coalesce(t.owners, t.relation) AND a.attname = e."column"
      JOIN pg_constraint c ON c.conrelid = a.attrelid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]
      JOIN pg_attribute u ON u.attrelid = c.confrelid AND u.attnum = c.confkey[1]
     WHERE e.field = 'owner_id' AND e.expression IS NULL ORDER BY c.oid LIMIT 1;
    IF FOUND THEN
        -- format() prints values as their types do; a cast may be code of a stranger
        RETURN QUERY EXECUTE format(
            'SELECT format(%1$L, r.id, r.%2$I) FROM leadroute.reps r WHERE r.active AND r.%2$I IS NOT NULL
                AND NOT EXISTS (SELECT FROM %3$s u WHERE lower(format(''%%s'', u.%4$I)) = lower(r.%2$I)) ORDER BY 1',
            format('rep %%s cannot own rows: there is no "%%s" in column "%s" of %s', users."column", users.relation),
            users.rep, users.relation, users."column");
    END IF;
END $$;
COMMENT ON FUNCTION leadroute.missing_users(leadroute.attached_tables) IS
    'Active reps whose value is missing in the table that the owner column refers to. Internal.';

CREATE FUNCTION leadroute.attached_problems() RETURNS TABLE (relation regclass, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t leadroute.attached_tables;
BEGIN
    FOR t IN SELECT * FROM leadroute.attached_tables a WHERE a.detached_at IS NULL LOOP
        relation := t.relation;
        problem := coalesce(leadroute.relation_problem(t), leadroute.mapping_problem(t));
        IF problem IS NOT NULL THEN
            RETURN NEXT;
            CONTINUE;
        END IF;
        RETURN QUERY SELECT t.relation, format('rep %s has no e-mail address, which is to stand in column "%s"', r.id, e."column")
                       FROM leadroute.mapping_entries(t.mapping) e JOIN leadroute.reps r ON r.active AND r.email IS NULL
                      WHERE e.field = 'owner_id' AND e.rep = 'email';
        RETURN QUERY SELECT t.relation, m.problem FROM leadroute.missing_users(t) m (problem);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.attached_problems() IS
    'Attached tables that cannot be routed as their mapping says, and reps who cannot own their rows.';
