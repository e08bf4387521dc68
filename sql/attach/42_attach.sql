-- Attached tables: tables of the user whose rows are routed as leads.

CREATE FUNCTION leadroute.attach(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_attach';
COMMENT ON FUNCTION leadroute.attach(regclass, jsonb) IS 'Routes each row that is inserted into a table of yours from now on, and writes its owner into it. mapping names for each lead field a column, or an expression over columns, of the table; owner_id names the column of the owner. Again with another mapping: replaces it.';

CREATE FUNCTION leadroute.detach(relation regclass) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_detach';
COMMENT ON FUNCTION leadroute.detach(regclass) IS 'Rows of the table are not routed any more. Its leads and their audit stay.';

-- C functions of the triggers; the argument of each trigger is attached_tables.table_no.
CREATE FUNCTION leadroute.attached_statement() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_statement';
COMMENT ON FUNCTION leadroute.attached_statement() IS 'Trigger: opens a batch before a statement that inserts into an attached table; writes it after the statement.';
CREATE FUNCTION leadroute.attached_row() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_row';
COMMENT ON FUNCTION leadroute.attached_row() IS 'Trigger: routes a row before it is inserted into an attached table.';
CREATE FUNCTION leadroute.attached_written() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_written';
COMMENT ON FUNCTION leadroute.attached_written() IS 'Trigger: writes the leads of a statement as soon as its rows are there, before triggers of the user change them.';
CREATE FUNCTION leadroute.attached_key_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_key_changed';
COMMENT ON FUNCTION leadroute.attached_key_changed() IS 'Trigger: a lead follows its row when the key of the row changes.';
CREATE FUNCTION leadroute.attached_row_changing() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_row_changing';
COMMENT ON FUNCTION leadroute.attached_row_changing() IS 'Trigger: where an app saves a whole row of an attached table as it has read it before, columns that only routing writes stay as they are, and so does an owner who is taken back in the transaction that inserted the row.';
CREATE FUNCTION leadroute.attached_row_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_row_changed';
COMMENT ON FUNCTION leadroute.attached_row_changed() IS 'Trigger: takes over what was changed in a row of an attached table: owner, status, first response, corrected values, events.';
CREATE FUNCTION leadroute.attached_link_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_link_changed';
COMMENT ON FUNCTION leadroute.attached_link_changed() IS 'Trigger: records an owner that was changed by hand in the table that links rows of an attached table to owners.';
CREATE FUNCTION leadroute.attached_deleted() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_deleted';
COMMENT ON FUNCTION leadroute.attached_deleted() IS 'Trigger: leads of rows that were deleted from an attached table are closed.';
CREATE FUNCTION leadroute.attached_truncated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_attached_truncated';
COMMENT ON FUNCTION leadroute.attached_truncated() IS 'Trigger: leads of an attached table, or of a partition, that was emptied are closed.';

CREATE FUNCTION leadroute.adopt_leads(batch integer DEFAULT 1000, only_attached boolean DEFAULT false) RETURNS integer
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_adopt_leads';
COMMENT ON FUNCTION leadroute.adopt_leads(integer, boolean) IS 'Looks at the next rows, at most batch, of a table that was attached with "existing", and makes leads of those that have none. Where no such row is left, takes in at most batch leads that came with their owner, queue or nurture (routed_at), which stay there, and leads that came while routing was off, which are routed if they have no place; with only_attached it does not. Returns how many it has looked at or taken in; 0: nothing is left. keep_time() calls it for attached tables; leadroute.adoptions shows how far it has come there.';

CREATE FUNCTION leadroute_internal.as_owner_of(relation oid, statement text) RETURNS text
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_as_owner_of';
COMMENT ON FUNCTION leadroute_internal.as_owner_of(oid, text) IS 'Runs a statement as the owner of a relation, in a security-restricted operation, and returns its first value. Only functions of the extension may: their own role can do nothing with tables of users.';

CREATE FUNCTION leadroute_internal.key_columns(relation regclass) RETURNS name[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(a.attname ORDER BY k.place)
      FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = relation AND i.indisprimary AND k.place <= i.indnkeyatts $$;
COMMENT ON FUNCTION leadroute_internal.key_columns(regclass) IS 'Columns of the primary key of a table. Internal.';

CREATE FUNCTION leadroute_internal.keys_gone(table_no integer) RETURNS text[]
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_keys_gone';
COMMENT ON FUNCTION leadroute_internal.keys_gone(integer) IS 'leads.attached_key of leads whose rows are not in the attached table any more. Internal.';

CREATE FUNCTION leadroute_internal.check_key(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name name;
BEGIN
    FOREACH name IN ARRAY leadroute_internal.key_columns(relation) LOOP
        BEGIN
            PERFORM leadroute_internal.as_owner_of(relation, format('SELECT FROM %s WHERE false AND %I = %2$I', relation, name));
        EXCEPTION WHEN undefined_function THEN
            RAISE EXCEPTION 'attach: column "%" of the primary key of table % has a type of an extension', name, relation
                USING ERRCODE = 'feature_not_supported', HINT = 'Rows are found again by "=" of PostgreSQL itself: use a key of another type.';
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_key(regclass) IS 'An error if rows cannot be found again by their primary key. Internal.';

CREATE FUNCTION leadroute_internal.column_json(relation regclass, name text) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('column', a.attname, 'type', a.atttypid::oid::bigint, 'modifier', a.atttypmod)
      FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = column_json.name AND a.attnum > 0 $$;
COMMENT ON FUNCTION leadroute_internal.column_json(regclass, text) IS 'A column with its type. Internal.';

CREATE FUNCTION leadroute_internal.referenced_json(relation regclass, "column" text) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('oid', k.confrelid::oid::bigint) || leadroute_internal.column_json(k.confrelid, u.attname)), '[]')
      FROM pg_attribute a JOIN pg_constraint k ON k.conrelid = a.attrelid AND k.contype = 'f' AND k.conkey = ARRAY[a.attnum] AND k.convalidated
      JOIN pg_attribute u ON u.attrelid = k.confrelid AND u.attnum = k.confkey[1]
     WHERE a.attrelid = relation AND a.attname = "column" $$;
COMMENT ON FUNCTION leadroute_internal.referenced_json(regclass, text) IS 'The columns that foreign keys of a column refer to. Internal.';

CREATE FUNCTION leadroute_internal.checks_json(t leadroute.attached_tables) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(jsonb_build_object('columns', w.names, 'expression', pg_get_expr(k.conbin, k.conrelid)) ORDER BY k.conname), '[]')
              FROM pg_constraint k
             CROSS JOIN LATERAL (
                SELECT jsonb_agg(DISTINCT a.attname) AS names
                  FROM pg_attribute a JOIN leadroute_internal.mapping_entries(t.mapping) e ON e."column" = a.attname AND e.link IS NULL
                  JOIN leadroute_internal.mapping_fields() f ON f.field = e.field AND f.writes IS NOT NULL
                 WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) w
             WHERE k.conrelid = t.relation AND k.contype = 'c' AND w.names IS NOT NULL);
END $$;
COMMENT ON FUNCTION leadroute_internal.checks_json(leadroute.attached_tables) IS
    'The check constraints of an attached table that name columns which routing writes. Internal.';

CREATE FUNCTION leadroute_internal.read_json(relation regclass, field text, "column" text, expression text) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object('field', field, 'column', CASE WHEN NOT g.is_generated THEN "column" END,
                              'expression', CASE WHEN g.is_generated THEN quote_ident("column") ELSE expression END)
      -- a BEFORE trigger sees no value of a generated column yet: it is evaluated like an expression
      FROM (SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = "column" AND a.attgenerated <> '')) AS g (is_generated) $$;
COMMENT ON FUNCTION leadroute_internal.read_json(regclass, text, text, text) IS 'A field that is read, for attached_json(). Internal.';

CREATE FUNCTION leadroute_internal.attached_json(table_no integer) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'oid', t.relation::oid::bigint,
        'trusted', leadroute_internal.is_trusted(t),
        -- the owner when the table was attached: the mapping runs as no other role
        'author', (SELECT c.relowner::bigint FROM pg_class c WHERE c.oid = t.relation AND leadroute_internal.is_trusted(t)),
        'key', (SELECT jsonb_agg(leadroute_internal.column_json(t.relation, k.name) ORDER BY k.place)
                  FROM unnest(leadroute_internal.key_columns(t.relation)) WITH ORDINALITY AS k (name, place)),
        -- a BEFORE trigger sees no value of a generated column yet
        'row', (SELECT format('SELECT %s FROM (SELECT ($1).*) AS r',
                       string_agg(CASE a.attgenerated WHEN '' THEN format('r.%I', a.attname)
                                  ELSE format('(%s) AS %I', pg_get_expr(d.adbin, d.adrelid), a.attname) END, ', ' ORDER BY a.attnum))
                  FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
                 WHERE a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped),
        'reads', (SELECT jsonb_agg(leadroute_internal.read_json(t.relation, e.field, e."column", e.expression) ORDER BY e.field)
                    FROM leadroute_internal.mapping_entries(t.mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
                   WHERE f.reads IS NOT NULL AND e.field NOT IN ('when', 'first_response_at', 'responded_by')),
        'answered_at', (SELECT leadroute_internal.read_json(t.relation, e.field, e."column", e.expression)
                          FROM leadroute_internal.mapping_entries(t.mapping) e WHERE e.field = 'first_response_at'),
        'answered_by', (SELECT leadroute_internal.read_json(t.relation, e.field, e."column", e.expression)
                          FROM leadroute_internal.mapping_entries(t.mapping) e WHERE e.field = 'responded_by'),
        'keep', coalesce(t.mapping -> 'keep' = 'true', false),
        'when', (SELECT jsonb_build_object('field', e.field, 'expression', coalesce(e.expression, quote_ident(e."column")))
                   FROM leadroute_internal.mapping_entries(t.mapping) e WHERE e.field = 'when'),
        'status', (SELECT jsonb_build_object('field', e.field, 'expression', e.expression)
                     FROM leadroute_internal.mapping_entries(t.mapping) e WHERE e.field = 'status' AND e.expression IS NOT NULL),
        'writes', (SELECT coalesce(jsonb_agg(jsonb_build_object('field', e.field, 'users', leadroute_internal.referenced_json(t.relation, e."column"))
                                             || leadroute_internal.column_json(t.relation, e."column") ORDER BY e.field), '[]')
                     FROM leadroute_internal.mapping_entries(t.mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
                    WHERE f.writes IS NOT NULL AND e.field <> 'owner_id' AND e."column" IS NOT NULL),
        'touches', (SELECT coalesce(jsonb_agg(jsonb_build_object('how', m.how) || leadroute_internal.column_json(t.relation, m."column") ORDER BY m."column"), '[]')
                      FROM leadroute_internal.mapping_touches(t.mapping) m),
        'checks', leadroute_internal.checks_json(t),
        'owner', (SELECT leadroute_internal.column_json(coalesce(t.owners, t.relation), e."column")
                         || jsonb_build_object('users', leadroute_internal.referenced_json(coalesce(t.owners, t.relation), e."column"),
                                'rep', coalesce(e.rep, 'id'), 'expression', e.expression, 'sees_lead', coalesce(e.expression ~* '[[:<:]]lead[[:>:]]', false), 'nobody', e.nobody,
                                'link', jsonb_build_object('oid', t.owners::oid::bigint, 'author', (
                                    SELECT c.relowner::bigint FROM pg_class c WHERE c.oid = t.owners AND leadroute_internal.is_trusted(t))) || leadroute_internal.column_json(t.owners, e.link_row))
                    FROM leadroute_internal.mapping_entries(t.mapping) e WHERE e.field = 'owner_id'))::text
      FROM leadroute.attached_tables t
     -- nothing is read where whoever attached the table had not the rights of its owner
     WHERE t.table_no = attached_json.table_no AND t.detached_at IS NULL AND t.owner IS NOT NULL $$;
COMMENT ON FUNCTION leadroute_internal.attached_json(integer) IS 'What routing reads of an attached table. Internal.';

CREATE FUNCTION leadroute_internal.set_triggers(relation regclass, table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part regclass;
    link regclass := (SELECT t.owners FROM leadroute.attached_tables t WHERE t.table_no = set_triggers.table_no);
    other_key text := (SELECT string_agg(format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', c), ' OR ') FROM unnest(leadroute_internal.key_columns(relation)) c);
BEGIN
    PERFORM leadroute_internal.as_owner_of(relation, format('CREATE TRIGGER zz_leadroute_route BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION leadroute.attached_row(%L)', relation, table_no));
    PERFORM leadroute_internal.as_owner_of(relation, format('CREATE TRIGGER "00_leadroute_written" AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION leadroute.attached_written(%L)', relation, table_no));
    PERFORM leadroute_internal.as_owner_of(relation, format('CREATE TRIGGER zz_leadroute_key BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION leadroute.attached_key_changed(%L)',
                   relation, other_key, table_no));
    -- No WHEN: PostgreSQL would refuse other types for the columns that it names.
    PERFORM leadroute_internal.as_owner_of(relation, format('CREATE TRIGGER zz_leadroute_changing BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION leadroute.attached_row_changing(%L)', relation, table_no));
    PERFORM leadroute_internal.as_owner_of(relation, format('CREATE TRIGGER leadroute_changed AFTER UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION leadroute.attached_row_changed(%L)', relation, table_no));
    IF link IS NOT NULL THEN
        PERFORM leadroute_internal.as_owner_of(link, format('CREATE TRIGGER leadroute_owner_%2$s AFTER INSERT OR UPDATE OR DELETE ON %1$s FOR EACH ROW EXECUTE FUNCTION leadroute.attached_link_changed(%2$L)',
                       link, table_no));
    END IF;
    FOR part IN SELECT relation UNION SELECT p.relid FROM pg_partition_tree(relation) p LOOP
        PERFORM leadroute_internal.set_statement_triggers(part, table_no);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.set_triggers(regclass, integer) IS 'Creates the triggers of an attached table. Internal.';

CREATE FUNCTION leadroute_internal.set_statement_triggers(part regclass, table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM leadroute_internal.as_owner_of(part, format('CREATE TRIGGER leadroute_1_begin BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_statement(%L)', part, table_no));
    PERFORM leadroute_internal.as_owner_of(part, format('CREATE TRIGGER leadroute_2_end AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_statement(%L)', part, table_no));
    PERFORM leadroute_internal.as_owner_of(part, format('CREATE TRIGGER leadroute_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_deleted(%L)', part, table_no));
    PERFORM leadroute_internal.as_owner_of(part, format('CREATE TRIGGER leadroute_truncated AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION leadroute.attached_truncated(%L)', part, table_no));
END $$;
COMMENT ON FUNCTION leadroute_internal.set_statement_triggers(regclass, integer) IS 'Creates the triggers that a statement fires on the table that it names, be it a partition. Internal.';

CREATE FUNCTION leadroute_internal.drop_triggers(relation regclass, table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT t.tgrelid::regclass AS part, t.tgname
                   FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                  -- of these tables only: everybody may give a trigger of that name to a table of their own
                  WHERE (t.tgrelid IN (SELECT relation UNION SELECT r.relid FROM pg_partition_tree(relation) r)
                         OR t.tgname = 'leadroute_owner_' || table_no
                            AND t.tgrelid = (SELECT a.owners FROM leadroute.attached_tables a WHERE a.table_no = drop_triggers.table_no))
                    AND t.tgparentid = 0 AND NOT t.tgisinternal AND p.pronamespace = 'leadroute'::regnamespace LOOP
        PERFORM leadroute_internal.as_owner_of(found.part, format('DROP TRIGGER %I ON %s', found.tgname, found.part));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.drop_triggers(regclass, integer) IS 'Removes the triggers of an attached table. Internal.';

CREATE FUNCTION leadroute_internal.has_triggers(relation regclass) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgparentid = 0
                      AND t.tgfoid = 'leadroute.attached_row'::regproc) $$;
COMMENT ON FUNCTION leadroute_internal.has_triggers(regclass) IS
    'Whether an attached table has its triggers: not yet in a restore, nor any more when they were dropped. Internal.';

CREATE FUNCTION leadroute_internal.is_in_force(relation regclass) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.has_triggers(relation)
           AND EXISTS (SELECT FROM leadroute.attached_tables a WHERE a.relation = is_in_force.relation AND a.owner IS NOT NULL) $$;
COMMENT ON FUNCTION leadroute_internal.is_in_force(regclass) IS
    'Whether rows of a table are routed: it has its triggers, and whoever attached it had the rights of its owner. Internal.';

CREATE FUNCTION leadroute_internal.lock_attached(relation regclass, link regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- dropping triggers needs the stronger lock; taken later, two sessions that do could deadlock
    mode text := CASE WHEN leadroute_internal.has_triggers(relation) THEN 'ACCESS EXCLUSIVE' ELSE 'SHARE ROW EXCLUSIVE' END;
    part regclass;
BEGIN
    FOR part IN SELECT relation UNION ALL
                (SELECT v.r FROM (SELECT t.owners FROM leadroute.attached_tables t WHERE t.relation = lock_attached.relation
                                  UNION SELECT link) v (r)
                   JOIN pg_class c ON c.oid = v.r ORDER BY 1) LOOP
        PERFORM leadroute_internal.as_owner_of(part, format('LOCK TABLE %s IN %s MODE', part, mode));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.lock_attached(regclass, regclass) IS
    'Locks a table that is to be attached, or attached again, and the tables of its owners. Internal.';

CREATE FUNCTION leadroute_internal.attach_table(relation regclass, mapping jsonb, asker oid) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    no integer;
    link regclass;
    problem text;
BEGIN
    PERFORM leadroute_internal.check_relation(relation);
    PERFORM leadroute_internal.check_entries(relation, mapping);
    link := leadroute_internal.check_link(relation, mapping, asker);
    IF leadroute_internal.is_in_force(relation)
       AND EXISTS (SELECT FROM leadroute.attached_tables t
                    WHERE (t.relation, t.mapping) = (attach_table.relation, attach_table.mapping)
                      AND t.owners IS NOT DISTINCT FROM link AND t.detached_at IS NULL AND leadroute_internal.is_trusted(t)) THEN
        RETURN NULL;
    END IF;
    PERFORM leadroute_internal.lock_attached(relation, link);
    -- The owners of the tables may have changed during the wait.
    PERFORM leadroute_internal.check_owner(relation, asker);
    IF leadroute_internal.check_link(relation, mapping, asker) IS DISTINCT FROM link THEN
        RAISE EXCEPTION 'attach: table "%" is another one than a moment ago', mapping -> 'owner_id' ->> 'table'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Try again.';
    END IF;
    PERFORM leadroute_internal.check_key(relation);
    PERFORM leadroute_internal.check_columns(relation, mapping);
    PERFORM leadroute_internal.check_expressions(relation, mapping);
    -- a key of other columns may have the values of the old one
    UPDATE leadroute.leads l SET attached_key = NULL FROM leadroute.attached_tables t
     WHERE t.relation = attach_table.relation AND t.key <> leadroute_internal.key_numbers(t.relation)
       AND l.attached_table = t.table_no AND l.attached_key IS NOT NULL;
    -- with those of the table of owners, as it was
    SELECT t.table_no INTO no FROM leadroute.attached_tables t WHERE t.relation = attach_table.relation;
    PERFORM leadroute_internal.drop_triggers(relation, no);
    INSERT INTO leadroute.attached_tables AS t (relation, mapping, owners, owner, owners_owner)
    VALUES (attach_table.relation, attach_table.mapping, link,
            (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = attach_table.relation),
            (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = link))
    ON CONFLICT ON CONSTRAINT attached_tables_relation_key DO UPDATE
       SET mapping = excluded.mapping, owners = excluded.owners, owner = excluded.owner, owners_owner = excluded.owners_owner, attached_at = now(), attached_by = session_user, detached_at = NULL
    RETURNING t.table_no INTO no;
    PERFORM leadroute_internal.set_triggers(relation, no);
    DELETE FROM leadroute.adoptions a WHERE a.relation = attach_table.relation;
    IF mapping ->> 'existing' IN ('adopt', 'route') THEN
        INSERT INTO leadroute.adoptions (relation, existing) VALUES (attach_table.relation, mapping ->> 'existing');
    END IF;
    problem := leadroute_internal.unmapped_tenant(relation, mapping);
    IF problem IS NOT NULL THEN
        RAISE WARNING 'attach: %', problem
            USING HINT = 'If the column tells organisations apart, map it as "tenant": else a lead of one may be merged with, and given to, another.';
    END IF;
    FOR problem IN SELECT leadroute_internal.written_keys(relation, mapping) LOOP
        RAISE WARNING 'attach: %', problem
            USING HINT = 'Map the field to another column, or drop the index.';
    END LOOP;
    RETURN no;
END $$;
COMMENT ON FUNCTION leadroute_internal.attach_table(regclass, jsonb, oid) IS
    'attach() for a user who asks for it, as the owner of the extension; NULL if there is nothing to do. Internal.';

CREATE FUNCTION leadroute_internal.detach_table(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE leadroute.attached_tables t SET detached_at = now() WHERE t.relation = detach_table.relation AND t.detached_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'detach: table % is not attached', relation
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'leadroute.attached_tables lists those that are.';
    END IF;
    PERFORM leadroute_internal.drop_triggers(relation, (SELECT t.table_no FROM leadroute.attached_tables t WHERE t.relation = detach_table.relation));
END $$;
COMMENT ON FUNCTION leadroute_internal.detach_table(regclass) IS 'detach(), as the owner of the extension. Internal.';
