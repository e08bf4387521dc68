-- DDL on attached tables. Event triggers run for the DDL of everybody: they look only at what a command touched, and
-- only at tables that have their triggers, which in a restore come last.
--
-- Why no generated LANGUAGE sql BEGIN ATOMIC function, whose dependencies PostgreSQL would track: it forbids plain DROP TABLE
-- and ALTER TYPE of mapped columns, since 15.20 also ADD COLUMN ... DEFAULT of any column; and as a member of the extension,
-- DROP TABLE ... CASCADE by the owner of the table would drop the extension.

CREATE FUNCTION leadroute_internal.partition_gone(table_no integer, why text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys text[];
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    keys := leadroute_internal.keys_gone(table_no);
    PERFORM leadroute_internal.close_leads(
        ARRAY(SELECT l.id FROM leadroute.leads l WHERE l.attached_table = partition_gone.table_no AND l.attached_key = ANY (keys)),
        format('%s by %s', why, session_user), false);
END $$;
COMMENT ON FUNCTION leadroute_internal.partition_gone(integer, text) IS
    'A partition of an attached table was detached or dropped: the leads whose rows are not in the table any more are closed. Internal.';

CREATE FUNCTION leadroute_internal.forget_dropped() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone record;
BEGIN
    -- asked first: a command of a stranger must not lock the table
    IF EXISTS (SELECT FROM leadroute.rep_sources s JOIN pg_event_trigger_dropped_objects() o ON s.relation = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0) THEN
        UPDATE leadroute.reps r SET source_no = NULL FROM leadroute.rep_sources s, pg_event_trigger_dropped_objects() o
         WHERE r.source_no = s.source_no AND s.relation = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0;
        DELETE FROM leadroute.rep_sources s USING pg_event_trigger_dropped_objects() o
         WHERE s.relation = o.objid AND o.classid = 'pg_class'::regclass AND o.objsubid = 0;
    END IF;
    FOR gone IN SELECT t.table_no, t.relation, t.detached_at, o.object_identity AS place
                  FROM pg_event_trigger_dropped_objects() o JOIN leadroute.attached_tables t ON t.relation = o.objid
                 WHERE o.classid = 'pg_class'::regclass AND o.objsubid = 0 LOOP
        IF gone.detached_at IS NULL THEN
            PERFORM leadroute_internal.lock_for_writing();
            PERFORM leadroute_internal.close_leads(
                ARRAY(SELECT l.id FROM leadroute.leads l WHERE l.attached_table = gone.table_no AND l.attached_key IS NOT NULL),
                format('its table %s was dropped by %s', gone.place, session_user), false);
        END IF;
        DELETE FROM leadroute.adoptions a WHERE a.relation = gone.relation;
        DELETE FROM leadroute.attached_tables t WHERE t.table_no = gone.table_no;
    END LOOP;
    -- of a dropped trigger only its name and table are known, not whose partition that table was
    FOR gone IN SELECT t.table_no, t.relation, p.object_identity AS place
                  FROM pg_event_trigger_dropped_objects() o
                  JOIN pg_event_trigger_dropped_objects() p
                    ON p.object_type = 'table' AND p.address_names = o.address_names[1:2]
                  JOIN leadroute.attached_tables t ON t.detached_at IS NULL
                  JOIN pg_class c ON c.oid = t.relation AND c.relkind = 'p'
                 WHERE o.object_type = 'trigger' AND o.address_names[3] = 'leadroute_1_begin' AND leadroute_internal.is_in_force(t.relation) LOOP
        PERFORM leadroute_internal.partition_gone(gone.table_no, format('its partition %s was dropped from %s', gone.place, gone.relation));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.forget_dropped() IS
    'Attached tables that were dropped are forgotten, and the leads of their rows closed. Internal.';

CREATE FUNCTION leadroute_internal.refuse_breaking_drops() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    broken record;
BEGIN
    SELECT t.relation, o.object_identity AS what, o.address_names[3] AS "column", x.why INTO broken
      FROM pg_event_trigger_dropped_objects() o
      JOIN leadroute.attached_tables t ON t.detached_at IS NULL AND t.owner IS NOT NULL
      JOIN pg_class c ON c.oid = t.relation
      JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (SELECT CASE
           -- it went because something that an expression needs went
           WHEN o.object_type = 'trigger' AND NOT o.original
                AND o.address_names = ARRAY[n.nspname, c.relname, 'zz_leadroute_route']::text[] THEN 'expression'
           WHEN NOT leadroute_internal.is_in_force(t.relation) OR o.classid <> 'pg_class'::regclass THEN NULL
           WHEN o.objid = t.relation AND o.objsubid::text IN (SELECT v.value FROM jsonb_each_text(t.columns) v) THEN 'column'
           WHEN o.objid = t.relation AND o.objsubid = ANY (t.key) THEN 'key'
           WHEN o.objid = t.owners AND (o.objsubid = 0 OR o.objsubid = ANY (t.owners_columns)) THEN 'owners' END) x (why)
     WHERE x.why IS NOT NULL ORDER BY o.objsubid LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', CASE broken.why
                WHEN 'expression' THEN format('%s is needed by the mapping of attached table %s', (
                    SELECT o.object_type || ' ' || o.object_identity FROM pg_event_trigger_dropped_objects() o WHERE o.original LIMIT 1),
                    broken.relation)
                WHEN 'owners' THEN format('%s links rows of attached table %s to owners', broken.what, broken.relation)
                WHEN 'key' THEN format('column "%s" belongs to the key of attached table %s', broken."column", broken.relation)
                ELSE format('column "%s" of table %s is mapped to a lead field', broken."column", broken.relation) END
            USING ERRCODE = 'dependent_objects_still_exist', HINT = CASE broken.why
                WHEN 'key' THEN 'Detach the table first; leads find their rows by the key.'
                WHEN 'owners' THEN 'Attach that table with another mapping, or detach it, first.'
                WHEN 'column' THEN 'Attach the table with a mapping that does without the column, or detach it, first.'
                ELSE 'Attach the table with a mapping that does without it, or detach it, first.' END;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.refuse_breaking_drops() IS
    'An error if a command dropped what the mapping of an attached table needs. Internal.';

CREATE FUNCTION leadroute_internal.refuse_other_key(t leadroute.attached_tables) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF t.key IS NOT NULL AND leadroute_internal.key_numbers(t.relation) IS DISTINCT FROM t.key THEN
        RAISE EXCEPTION 'the primary key of attached table % cannot be changed', t.relation
            USING ERRCODE = 'dependent_objects_still_exist', DETAIL = 'Leads find their rows by it.',
                  HINT = format('SELECT leadroute.detach(%L) first. Attached again with another key, it forgets the rows of its leads.',
                                t.relation);
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.refuse_other_key(leadroute.attached_tables) IS
    'An error if an attached table has another primary key than when it was attached. Internal.';

CREATE FUNCTION leadroute_internal.attached_dropped() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass('leadroute.attached_tables') IS NULL OR to_regclass('leadroute.rep_sources') IS NULL
       OR NOT EXISTS (SELECT FROM leadroute.attached_tables) AND NOT EXISTS (SELECT FROM leadroute.rep_sources)
       OR NOT EXISTS (SELECT FROM pg_event_trigger_dropped_objects() o WHERE NOT o.is_temporary) THEN
        RETURN;
    END IF;
    PERFORM leadroute_internal.forget_dropped();
    PERFORM leadroute_internal.refuse_breaking_drops();
    PERFORM leadroute_internal.refuse_other_key(t)
       FROM pg_event_trigger_dropped_objects() o
       JOIN leadroute.attached_tables t ON t.detached_at IS NULL
       JOIN pg_class c ON c.oid = t.relation
       JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE o.object_type = 'table constraint' AND o.address_names[1:2] = ARRAY[n.nspname, c.relname]::text[]
        AND leadroute_internal.is_in_force(t.relation);
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_dropped() IS
    'Event trigger: an attached table that is dropped is forgotten; what its mapping needs cannot be dropped.';

CREATE FUNCTION leadroute_internal.follow_renames(t leadroute.attached_tables) RETURNS leadroute.attached_tables
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    renamed record;
    entry jsonb := t.mapping -> 'owner_id';
BEGIN
    FOR renamed IN
        SELECT c.key AS was, a.attname AS becomes FROM jsonb_each_text(t.columns) c
          JOIN pg_attribute a ON a.attrelid = t.relation AND a.attnum = c.value::int AND NOT a.attisdropped
         WHERE NOT EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = t.relation AND b.attname = c.key)
    LOOP
        t.mapping := (SELECT jsonb_object_agg(e.key, CASE
                WHEN e.key = 'touch' AND e.value ? renamed.was
                    THEN (e.value - renamed.was) || jsonb_build_object(renamed.becomes, e.value -> renamed.was)
                WHEN e.value = to_jsonb(renamed.was) THEN to_jsonb(renamed.becomes)
                WHEN e.value -> 'column' = to_jsonb(renamed.was) AND NOT e.value ? 'table'
                    THEN jsonb_set(e.value, '{column}', to_jsonb(renamed.becomes))
                ELSE e.value END) FROM jsonb_each(t.mapping) e);
    END LOOP;
    IF t.owners IS NOT NULL AND jsonb_typeof(entry) = 'object' THEN
        IF leadroute_internal.relation_named(entry ->> 'table') IS DISTINCT FROM t.owners THEN
            entry := jsonb_set(entry, '{table}', to_jsonb(t.owners::text));
        END IF;
        SELECT jsonb_set(jsonb_set(entry, '{row}', to_jsonb(r.attname)), '{column}', to_jsonb(c.attname)) INTO entry
          FROM pg_attribute r, pg_attribute c
         WHERE r.attrelid = t.owners AND r.attnum = t.owners_columns[1] AND c.attrelid = t.owners AND c.attnum = t.owners_columns[2];
        t.mapping := jsonb_set(t.mapping, '{owner_id}', coalesce(entry, t.mapping -> 'owner_id'));
    END IF;
    RETURN t;
END $$;
COMMENT ON FUNCTION leadroute_internal.follow_renames(leadroute.attached_tables) IS
    'An attached table with the names that its columns, and the table of its owners, have now. Internal.';

CREATE FUNCTION leadroute_internal.parts_changed(t leadroute.attached_tables, is_new boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part regclass;
BEGIN
    IF is_new THEN
        FOR part IN SELECT p.relid FROM pg_partition_tree(t.relation) p
                     WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = 'leadroute_1_begin') LOOP
            PERFORM leadroute_internal.set_statement_triggers(part, t.table_no);
        END LOOP;
    END IF;
    FOR part IN SELECT g.tgrelid FROM pg_trigger g
                 WHERE g.tgfoid = 'leadroute.attached_statement'::regproc AND g.tgname = 'leadroute_1_begin'
                   AND replace(encode(g.tgargs, 'escape'), E'\\000', '') = t.table_no::text AND g.tgrelid <> t.relation
                   AND g.tgrelid NOT IN (SELECT p.relid FROM pg_partition_tree(t.relation) p) ORDER BY g.tgrelid LOOP
        BEGIN
            -- What this command detached is locked already. Everybody may put such a trigger on a table of their own, and
            -- lock it: such a table is skipped.
            PERFORM leadroute_internal.as_owner_of(part, format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', part));
        EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
            CONTINUE;
        END;
        PERFORM leadroute_internal.drop_triggers(part, NULL);
        PERFORM leadroute_internal.partition_gone(t.table_no, format('its partition %s was detached from %s', part, t.relation));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.parts_changed(leadroute.attached_tables, boolean) IS
    'Partitions that were added to an attached table get their triggers, those that were detached lose them. Internal.';

CREATE FUNCTION leadroute_internal.attaches_partition(command pg_ddl_command) RETURNS boolean
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_attaches_partition';
COMMENT ON FUNCTION leadroute_internal.attaches_partition(pg_ddl_command) IS 'Whether an ALTER TABLE attaches a partition. Internal.';

CREATE FUNCTION leadroute_internal.keep_mapping(t leadroute.attached_tables) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem text;
BEGIN
    -- A mapping by somebody else is not analysed as the present owner.
    IF leadroute_internal.is_trusted(t) THEN
        problem := leadroute_internal.mapping_problem(t);
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'the mapping of attached table % would be broken: %', t.relation, problem
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = 'Attach the table with a mapping that does without it, or detach it, first.';
    END IF;
    UPDATE leadroute.attached_tables a SET mapping = t.mapping WHERE a.table_no = t.table_no AND a.mapping <> t.mapping;
END $$;
COMMENT ON FUNCTION leadroute_internal.keep_mapping(leadroute.attached_tables) IS
    'Stores the mapping of a table that was altered; an error if the command broke it. Internal.';

CREATE FUNCTION leadroute_internal.attached_touched() RETURNS TABLE (table_no integer, is_new boolean, is_direct boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH command AS MATERIALIZED (
        SELECT c.classid, c.objid, c.object_identity,
               c.command_tag = 'CREATE TABLE' OR leadroute_internal.attaches_partition(c.command) AS is_new
          FROM pg_event_trigger_ddl_commands() c
    ), found AS (
        SELECT a.table_no, c.is_new, true AS is_direct FROM command c
          JOIN leadroute.attached_tables a ON c.objid IN (a.relation::oid, a.owners::oid) WHERE c.classid = 'pg_class'::regclass
        UNION ALL
        SELECT a.table_no, c.is_new, false FROM command c CROSS JOIN LATERAL pg_partition_ancestors(c.objid) p
          JOIN leadroute.attached_tables a ON a.relation = p.relid WHERE c.classid = 'pg_class'::regclass
        UNION ALL
        -- an object that an expression names was touched, or its schema was renamed
        SELECT a.table_no, false, true FROM command c
         -- OFFSET: by index, however many triggers there are
         CROSS JOIN LATERAL (SELECT d.objid FROM pg_depend d
                              WHERE d.refclassid = c.classid AND d.refobjid = c.objid AND d.classid = 'pg_trigger'::regclass OFFSET 0) d
          JOIN pg_trigger g ON g.oid = d.objid
          JOIN leadroute.attached_tables a ON a.relation = g.tgrelid
        UNION ALL
        SELECT a.table_no, false, true FROM command c JOIN leadroute.attached_tables a ON c.classid = 'pg_namespace'::regclass
         WHERE EXISTS (SELECT FROM pg_class o WHERE o.oid = a.owners AND o.relnamespace = c.objid)
            OR EXISTS (SELECT FROM pg_trigger g JOIN pg_depend d ON d.objid = g.oid AND d.classid = 'pg_trigger'::regclass
                        WHERE g.tgrelid = a.relation AND d.deptype = 'n'
                          AND (pg_identify_object(d.refclassid, d.refobjid, 0)).schema = c.object_identity)
    )
    SELECT f.table_no, bool_or(f.is_new), bool_or(f.is_direct) FROM found f GROUP BY 1;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_touched() IS
    'Attached tables that a command touched: is_new if it brought a partition, is_direct unless it touched partitions only. Internal.';

CREATE FUNCTION leadroute_internal.attached_altered() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touched record;
    t leadroute.attached_tables;
BEGIN
    IF to_regclass('leadroute.attached_tables') IS NULL OR NOT EXISTS (SELECT FROM leadroute.attached_tables)
       OR NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS DISTINCT FROM 'pg_temp') THEN
        RETURN;
    END IF;
    -- a restore may switch triggers off while rows come; see number_columns() and attached_restored()
    IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.objid = 'leadroute.attached_tables'::regclass) THEN
        UPDATE leadroute.attached_tables a SET mapping = a.mapping WHERE a.detached_at IS NULL;
        PERFORM leadroute_internal.depend_on_expressions(a) FROM leadroute.attached_tables a WHERE a.detached_at IS NULL;
    END IF;
    FOR touched IN SELECT * FROM leadroute_internal.attached_touched() LOOP
        SELECT * INTO t FROM leadroute.attached_tables a WHERE a.table_no = touched.table_no AND a.detached_at IS NULL;
        CONTINUE WHEN NOT FOUND OR NOT leadroute_internal.is_in_force(t.relation);
        IF leadroute_internal.is_within_restore() THEN
            -- triggers, keys and partitions come in any order
            UPDATE leadroute.attached_tables a SET mapping = a.mapping WHERE a.table_no = t.table_no;
            CONTINUE;
        END IF;
        PERFORM leadroute_internal.parts_changed(t, touched.is_new);
        IF touched.is_direct THEN
            PERFORM leadroute_internal.refuse_other_key(t);
            PERFORM leadroute_internal.keep_mapping(leadroute_internal.follow_renames(t));
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_altered() IS
    'Event trigger: mappings follow what is renamed, new partitions get their triggers, and what would break a mapping is refused.';

CREATE FUNCTION leadroute_internal.depend_on_query(trigger oid, relation regclass, query text) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_depend_on_query';
COMMENT ON FUNCTION leadroute_internal.depend_on_query(oid, regclass, text) IS
    'Makes a trigger of a table depend on what a query names, which is only analysed, as the owner of the table. Internal.';

CREATE TABLE leadroute_internal.analysed_mappings (
    table_no integer PRIMARY KEY,
    trigger text NOT NULL
);
COMMENT ON TABLE leadroute_internal.analysed_mappings IS 'Attached tables whose trigger depends on what the expressions of their mapping name. Not dumped.';
COMMENT ON COLUMN leadroute_internal.analysed_mappings.table_no IS 'The table.';
COMMENT ON COLUMN leadroute_internal.analysed_mappings.trigger IS 'Its trigger, by trigger_mark().';

CREATE FUNCTION leadroute_internal.trigger_mark(trigger oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('%s %s', system_identifier, trigger) FROM pg_control_system() $$;
COMMENT ON FUNCTION leadroute_internal.trigger_mark(oid) IS
    'Tells a trigger from that of the same table before a restore or pg_upgrade, which forget on what triggers depend. Internal.';

CREATE FUNCTION leadroute_internal.depend_on_expressions(t leadroute.attached_tables) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    needs record;
BEGIN
    FOR needs IN SELECT g.oid AS trigger, format(E'SELECT (%s\n) FROM %s', m.expression,
                        CASE WHEN m.field <> 'owner_id' THEN format('ONLY %s AS lead', t.relation) WHEN m.expression ~* '[[:<:]]lead[[:>:]]'
                             THEN format('leadroute.reps AS rep, ONLY %s AS lead', t.relation) ELSE 'leadroute.reps AS rep' END) AS query
                   FROM leadroute_internal.mapping_entries(t.mapping) m
                   JOIN pg_trigger g ON g.tgrelid = t.relation AND g.tgparentid = 0 AND g.tgfoid = 'leadroute.attached_row'::regproc
                  WHERE m.expression IS NOT NULL AND leadroute_internal.is_trusted(t)
                    -- not again
                    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = g.oid
                                       AND d.deptype = 'n' AND d.refobjid <> g.tgfoid) LOOP
        BEGIN
            PERFORM leadroute_internal.depend_on_query(needs.trigger, t.relation, needs.query);
            INSERT INTO leadroute_internal.analysed_mappings AS m VALUES (t.table_no, leadroute_internal.trigger_mark(needs.trigger))
            ON CONFLICT (table_no) DO UPDATE SET trigger = excluded.trigger WHERE m.trigger <> excluded.trigger;
        EXCEPTION WHEN OTHERS THEN
            -- config_problems reports it; it must not stop a restore
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.depend_on_expressions(leadroute.attached_tables) IS
    'Makes the trigger of an attached table, if it is there, depend on what the expressions of its mapping name. Internal.';

CREATE FUNCTION leadroute_internal.attached_restored() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'attached_tables' THEN
        PERFORM leadroute_internal.not_our_trigger('attached_restored');
    END IF;
    PERFORM leadroute_internal.depend_on_expressions(NEW);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_restored() IS
    'Trigger: in a restore of data only, the triggers of an attached table are there before its row.';
CREATE TRIGGER attached_restored AFTER INSERT ON leadroute.attached_tables
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.attached_restored();

CREATE FUNCTION leadroute_internal.attached_adopted() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t leadroute.attached_tables;
BEGIN
    IF to_regclass('leadroute.attached_tables') IS NULL THEN
        RETURN;
    END IF;
    FOR t IN SELECT a.* FROM pg_event_trigger_ddl_commands() c
               JOIN pg_trigger g ON g.oid = c.objid AND g.tgfoid = 'leadroute.attached_row'::regproc
               JOIN leadroute.attached_tables a ON a.relation = g.tgrelid AND a.detached_at IS NULL
              WHERE c.classid = 'pg_trigger'::regclass LOOP
        -- in a restore, columns have other numbers
        UPDATE leadroute.attached_tables a SET mapping = a.mapping WHERE a.table_no = t.table_no;
        PERFORM leadroute_internal.depend_on_expressions(t);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_adopted() IS
    'Event trigger: an attached table got its triggers; in a restore they come last.';

CREATE FUNCTION leadroute_internal.attached_dropping() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Not in a restore: a row of attached_tables must not be locked before its table, and parallel workers would do so.
    IF to_regclass('leadroute.attached_tables') IS NOT NULL AND NOT leadroute_internal.is_within_restore() THEN
        PERFORM leadroute_internal.depend_on_expressions(a) FROM leadroute.attached_tables a
          WHERE a.detached_at IS NULL AND a.mapping::text LIKE '%"expression"%'
            AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = a.relation AND g.tgparentid = 0 AND g.tgfoid = 'leadroute.attached_row'::regproc
                           AND NOT EXISTS (SELECT FROM leadroute_internal.analysed_mappings m
                                            WHERE (m.table_no, m.trigger) = (a.table_no, leadroute_internal.trigger_mark(g.oid))));
        -- in a parallel restore a key may have come while the row was on its way
        IF EXISTS (SELECT FROM leadroute.attached_tables a WHERE a.key IS NULL AND a.detached_at IS NULL) THEN
            UPDATE leadroute.attached_tables a SET mapping = a.mapping
             WHERE a.key IS NULL AND a.detached_at IS NULL AND leadroute_internal.key_numbers(a.relation) IS NOT NULL;
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.attached_dropping() IS
    'Event trigger: before something is dropped, triggers of attached tables depend on what their expressions need, if they do not yet: pg_upgrade forgets that.';
