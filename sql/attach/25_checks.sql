-- Checks of a mapping. Each ends with an error that names the mistake; attach() runs them, and config_problems.

CREATE FUNCTION leadroute_internal.check_shapes(mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT e.key AS field INTO bad FROM jsonb_each(mapping) e
     WHERE CASE WHEN e.key = 'keep' THEN jsonb_typeof(e.value) <> 'boolean'
           WHEN e.key = 'existing' THEN e.value NOT IN ('"adopt"', '"route"', '"ignore"')
           WHEN e.key = 'touch' THEN jsonb_typeof(e.value) <> 'object' OR jsonb_path_exists(e.value, '$.* ? (@ <> "now" && @ <> "+1")')
           WHEN jsonb_typeof(e.value) = 'string' THEN false
           WHEN jsonb_typeof(e.value) = 'object' THEN e.value - ARRAY['column', 'expression', 'rep', 'nobody', 'table', 'row'] <> '{}'
                OR (e.key = 'owner_id') <> (e.value ? 'column') AND (e.value ? 'column') = (e.value ? 'expression')
                OR e.key = 'owner_id' AND NOT e.value ? 'column'
                OR e.key <> 'owner_id' AND (e.value ?| ARRAY['rep', 'nobody', 'table', 'row'])
                OR (e.value ? 'table') <> (e.value ? 'row') OR e.value ? 'table' AND e.value ? 'nobody'
                OR coalesce(e.value ->> 'rep', 'id') NOT IN ('id', 'email') OR e.value ? 'rep' AND e.value ? 'expression'
           ELSE true END ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: the entry of lead field "%" cannot be read', bad.field
            USING ERRCODE = 'invalid_parameter_value', HINT = CASE bad.field WHEN 'owner_id'
                THEN 'Give the name of a column, or {"column": "..."} with one of "rep": "id", "rep": "email" and '
                     '"expression": "...", and with "nobody": "..." for the value that stands for nobody. Where a table of '
                     'its own links rows to owners: "table", "row" (its column with the key of the row) and "column" (its '
                     'column with the owner).'
                WHEN 'keep' THEN 'Give true, so that an owner who stands in a new row keeps it, or false.'
                WHEN 'existing' THEN 'Give "adopt", "route" or "ignore": what becomes of rows that are in the table already.'
                WHEN 'touch' THEN 'Give columns with how they change when routing writes to a row: {"updated_at": "now", "lock_version": "+1"}.'
                ELSE 'Give the name of a column, or {"expression": "..."} over the columns of the table.' END;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_shapes(jsonb) IS 'An error if an entry of a mapping cannot be read. Internal.';

CREATE FUNCTION leadroute_internal.check_entries(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    IF mapping IS NULL OR jsonb_typeof(mapping) <> 'object' THEN
        RAISE EXCEPTION 'attach: mapping must be a JSON object'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example {"email": "email", "owner_id": "owner"}.';
    END IF;
    SELECT e.key AS field INTO bad FROM jsonb_each(mapping) e
     WHERE e.key NOT IN ('keep', 'touch', 'existing') AND NOT EXISTS (SELECT FROM leadroute_internal.mapping_fields() f WHERE f.field = e.key) ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: there is no lead field "%" to map', bad.field
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Fields are ' || (SELECT string_agg(f.field, ', ') FROM leadroute_internal.mapping_fields() f) || '.';
    END IF;
    PERFORM leadroute_internal.check_shapes(mapping);
    SELECT e.field INTO bad FROM leadroute_internal.mapping_entries(mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
     WHERE f.writes IS NOT NULL AND e."column" IS NULL AND e.field <> 'status' ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: routing sets lead field "%", which needs a column', bad.field
            USING ERRCODE = 'invalid_parameter_value', HINT = 'An expression cannot be written to.';
    END IF;
    IF NOT mapping ? 'email' OR NOT mapping ? 'owner_id' THEN
        RAISE EXCEPTION 'attach: the mapping of table % names no column for %', relation,
                CASE WHEN mapping ? 'email' THEN 'the owner (owner_id)' ELSE 'the e-mail address (email)' END
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'A lead is known by its e-mail address, and its owner is written to the table.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_entries(regclass, jsonb) IS 'An error if a mapping does not say what it must. Internal.';

CREATE FUNCTION leadroute_internal.check_names(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT e.field, e."column" INTO bad FROM leadroute_internal.mapping_entries(mapping) e
     WHERE e."column" IS NOT NULL AND e.link IS NULL
       AND NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = relation AND a.attname = e."column" AND a.attnum > 0 AND NOT a.attisdropped)
     ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % does not exist', bad."column", relation
            USING ERRCODE = 'undefined_column', DETAIL = format('Lead field "%s" is mapped to it.', bad.field),
                  HINT = 'Names are compared as they are stored, with upper and lower case.';
    END IF;
    SELECT a.field, a."column", b.field AS other INTO bad
      FROM leadroute_internal.mapping_entries(mapping) a
      JOIN leadroute_internal.mapping_entries(mapping) b ON a."column" = b."column" AND a.field < b.field AND a.link IS NULL AND b.link IS NULL
      JOIN leadroute_internal.mapping_fields() f ON f.field IN (a.field, b.field) AND f.writes IS NOT NULL ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: lead fields "%" and "%" are mapped to the same column "%"', bad.field, bad.other, bad."column"
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Routing writes to it: give each a column of its own.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_names(regclass, jsonb) IS
    'An error if a column that a mapping names is not there, or is named twice. Internal.';

CREATE FUNCTION leadroute_internal.check_types(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT e.field, e."column", c.oid::regclass AS place, format_type(a.atttypid, a.atttypmod) AS type, f.writes INTO bad
      FROM leadroute_internal.mapping_entries(mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
      JOIN pg_class c ON c.oid = coalesce(leadroute_internal.relation_named(e.link), relation)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = e."column"
     WHERE strpos(coalesce(f.reads, f.writes), leadroute_internal.type_category(a.atttypid)) = 0
       AND NOT (e.field = 'owner_id' AND e.expression IS NOT NULL) ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % has type %, which does not suit lead field "%"',
                bad."column", bad.place, bad.type, bad.field
            USING ERRCODE = 'datatype_mismatch', HINT = CASE
                WHEN bad.field = 'owner_id' THEN 'Give an "expression" that makes such a value of a rep.'
                WHEN bad.writes IS NULL THEN 'Map an expression that converts it.' ELSE 'Map another column.' END;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_types(regclass, jsonb) IS
    'An error if the type of a column does not suit its lead field. Internal.';

CREATE FUNCTION leadroute_internal.check_writable(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
    keys smallint[] := leadroute_internal.key_numbers(relation);
BEGIN
    SELECT e.field, e."column", CASE WHEN a.attgenerated <> '' THEN 'is generated' WHEN a.attidentity <> '' THEN 'is an identity column'
               WHEN a.attnum = ANY (keys) THEN 'belongs to the primary key' ELSE 'is in the partition key' END AS why INTO bad
      FROM leadroute_internal.mapping_entries(mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attname = e."column"
      LEFT JOIN pg_partitioned_table p ON p.partrelid = relation
     WHERE f.writes IS NOT NULL AND e.link IS NULL
       AND (a.attgenerated <> '' OR a.attidentity <> '' OR a.attnum = ANY (keys) OR a.attnum = ANY (p.partattrs::int2[]))
     ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % % and cannot be written to', bad."column", relation, bad.why
            USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Lead field "%s" is mapped to it.', bad.field),
                  HINT = 'Map another column.';
    END IF;
    SELECT e.field, e."column" INTO bad
      FROM leadroute_internal.mapping_entries(mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
      JOIN pg_attribute a ON a.attrelid = relation AND a.attname = e."column"
     WHERE f.writes IS NOT NULL AND e.link IS NULL AND leadroute_internal.refuses_null(a) AND e.nobody IS NULL
       AND e.field NOT IN ('id', 'decision_id', 'routed_at', 'status', 'expansion')
     ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % must not be null, but not every lead has a value for "%"',
                bad."column", relation, bad.field
            USING ERRCODE = 'not_null_violation', HINT = CASE bad.field WHEN 'owner_id'
                THEN 'Drop NOT NULL, or say what stands for nobody: {"column": "...", "nobody": "..."}.'
                ELSE 'Drop NOT NULL, or leave the field out.' END;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_writable(regclass, jsonb) IS
    'An error if a column that routing is to write cannot be written, or not with NULL. Internal.';

CREATE FUNCTION leadroute_internal.check_touches(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT m."column", m.how, a.attnum, format_type(a.atttypid, a.atttypmod) AS type INTO bad
      FROM leadroute_internal.mapping_touches(mapping) m
      LEFT JOIN pg_attribute a ON a.attrelid = relation AND a.attname = m."column" AND a.attnum > 0 AND NOT a.attisdropped
     WHERE a.attnum IS NULL OR a.attgenerated <> '' OR a.attidentity <> ''
        OR NOT EXISTS (SELECT FROM leadroute_internal.type_chain(a.atttypid) c
                        WHERE c.oid = ANY (CASE m.how WHEN 'now' THEN '{timestamptz,timestamp,date}'::regtype[]::oid[]
                                           ELSE '{int2,int4,int8,numeric,float4,float8}'::regtype[]::oid[] END))
        OR EXISTS (SELECT FROM leadroute_internal.mapping_entries(mapping) e JOIN leadroute_internal.mapping_fields() f USING (field)
                    WHERE e."column" = m."column" AND e.link IS NULL AND f.writes IS NOT NULL)
     ORDER BY 1 LIMIT 1;
    IF FOUND AND bad.attnum IS NULL THEN
        RAISE EXCEPTION 'attach: column "%" of table % does not exist', bad."column", relation
            USING ERRCODE = 'undefined_column', DETAIL = 'It is to be touched.',
                  HINT = 'Names are compared as they are stored, with upper and lower case.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table %, of type %, cannot be touched with "%"', bad."column", relation, bad.type, bad.how
            USING ERRCODE = 'datatype_mismatch', HINT = 'A date or time takes "now", a number "+1"; not one that is generated, or that routing writes.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_touches(regclass, jsonb) IS
    'An error if a column cannot be changed as a mapping says. Internal.';

CREATE FUNCTION leadroute_internal.check_columns(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM leadroute_internal.check_names(relation, mapping);
    PERFORM leadroute_internal.check_types(relation, mapping);
    PERFORM leadroute_internal.check_writable(relation, mapping);
    PERFORM leadroute_internal.check_touches(relation, mapping);
END $$;
COMMENT ON FUNCTION leadroute_internal.check_columns(regclass, jsonb) IS
    'An error if the columns of a table do not suit a mapping. Internal.';

CREATE FUNCTION leadroute_internal.check_link_columns(link regclass, entry jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[] := ARRAY[entry ->> 'row', entry ->> 'column'];
    bad text;
BEGIN
    SELECT c INTO bad FROM unnest(names) c
     WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = link AND a.attname = c AND a.attnum > 0 AND NOT a.attisdropped);
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % does not exist', bad, link
            USING ERRCODE = 'undefined_column', DETAIL = 'Lead field "owner_id" is mapped to it.',
                  HINT = 'Names are compared as they are stored, with upper and lower case.';
    END IF;
    SELECT a.attname INTO bad FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = link AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (names) AND leadroute_internal.refuses_null(a)
       AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL ORDER BY a.attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: column "%" of table % must not be null and has no default', bad, link
            USING ERRCODE = 'not_null_violation', DETAIL = 'Routing inserts the row and its owner only.',
                  HINT = 'Give it a default, or drop NOT NULL.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_link_columns(regclass, jsonb) IS
    'An error if routing cannot insert into a table that links rows to owners. Internal.';

CREATE FUNCTION leadroute_internal.check_owner(relation regclass, asker oid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(asker, (SELECT c.relowner FROM pg_class c WHERE c.oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation
            USING ERRCODE = 'insufficient_privilege', HINT = 'Ask its owner, or a superuser, to attach the table.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_owner(regclass, oid) IS
    'An error if a role has not the rights of the owner of a table; nothing is checked where the role is NULL. Internal.';

CREATE FUNCTION leadroute_internal.check_link(relation regclass, mapping jsonb, asker oid) RETURNS regclass
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := mapping -> 'owner_id' ->> 'table';
    link pg_class;
BEGIN
    IF name IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO link FROM pg_class c WHERE c.oid = leadroute_internal.relation_named(name);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'attach: table "%", which is to link rows of % to owners, does not exist', name, relation
            USING ERRCODE = 'undefined_table', HINT = 'Give its name with its schema.';
    END IF;
    IF link.relkind <> 'r' OR link.relpersistence = 't' THEN
        RAISE EXCEPTION 'attach: "%", which is to link rows of % to owners, is %', name, relation,
                CASE WHEN link.relkind = 'r' THEN 'a temporary table' ELSE 'not an ordinary table' END
            USING ERRCODE = 'wrong_object_type', HINT = 'Name an ordinary table of your own.';
    END IF;
    PERFORM leadroute_internal.check_owner(link.oid, asker);
    PERFORM leadroute_internal.check_link_columns(link.oid, mapping -> 'owner_id');
    IF cardinality(leadroute_internal.key_numbers(relation)) <> 1 THEN
        RAISE EXCEPTION 'attach: table % has a primary key of several columns, and % one column to link to it',
                relation, link.oid::regclass
            USING ERRCODE = 'feature_not_supported', HINT = 'Add a column for the owner to the table.';
    END IF;
    RETURN link.oid;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_link(regclass, jsonb, oid) IS
    'The table that links rows to owners by a mapping, if there is one; an error if it cannot. Internal.';

CREATE FUNCTION leadroute_internal.check_relation(relation regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    class pg_class;
    other regclass;
BEGIN
    SELECT * INTO class FROM pg_class c WHERE c.oid = relation;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation with OID % does not exist', relation::oid
            USING ERRCODE = 'undefined_table', HINT = 'Give the name of a table.';
    END IF;
    IF class.relkind NOT IN ('r', 'p') OR class.relpersistence = 't' OR class.relnamespace IN ('leadroute'::regnamespace, 'leadroute_internal'::regnamespace)
       OR class.relispartition THEN
        RAISE EXCEPTION 'attach: % is %, and cannot be attached', relation,
                CASE WHEN class.relnamespace IN ('leadroute'::regnamespace, 'leadroute_internal'::regnamespace) THEN 'a relation of leadroute'
                     WHEN class.relispartition THEN 'a partition'
                     WHEN class.relkind NOT IN ('r', 'p') THEN 'not a table' ELSE 'a temporary table' END
            USING ERRCODE = 'wrong_object_type',
                  HINT = 'Attach an ordinary or partitioned table of your own; partitions follow their table.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary AND i.indimmediate) THEN
        RAISE EXCEPTION 'attach: table % has no primary key, or one that is deferrable', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A lead is found again by the key of its row: add a primary key.';
    END IF;
    -- PostgreSQL 18
    IF EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary AND i.indisexclusion) THEN
        RAISE EXCEPTION 'attach: the primary key of table % is WITHOUT OVERLAPS', relation
            USING ERRCODE = 'feature_not_supported', DETAIL = 'A lead is found again by a key that equals that of its row.',
                  HINT = 'Give the table a primary key of other columns, and make this one UNIQUE (... WITHOUT OVERLAPS).';
    END IF;
    SELECT i.inhrelid INTO other FROM pg_inherits i WHERE i.inhparent = relation AND class.relkind = 'r' ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: table % inherits from table %', other, relation
            USING ERRCODE = 'feature_not_supported',
                  DETAIL = 'Its rows are rows of that table too, but no trigger of that table sees them.',
                  HINT = format('ALTER TABLE %s NO INHERIT %s, or use partitions.', other, relation);
    END IF;
    SELECT t.relation INTO other FROM leadroute.attached_tables t JOIN pg_partition_tree(check_relation.relation) p ON p.relid = t.relation
     WHERE t.relation <> check_relation.relation AND t.detached_at IS NULL ORDER BY 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'attach: partition % of table % is attached by itself', other, relation
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('SELECT leadroute.detach(%L) first.', other);
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_relation(regclass) IS 'An error if a relation cannot be attached. Internal.';

CREATE FUNCTION leadroute_internal.expression_type(relation regclass, field text, expression text) RETURNS regtype
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_expression_type';
COMMENT ON FUNCTION leadroute_internal.expression_type(regclass, text, text) IS
    'Type of what an expression of a mapping gives; an error if it cannot be analysed. It is not run. Internal.';

CREATE FUNCTION leadroute_internal.check_expressions(relation regclass, mapping jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e record;
BEGIN
    FOR e IN SELECT m.field, m.expression, coalesce(f.reads || 'J', f.writes) AS suits
               FROM leadroute_internal.mapping_entries(mapping) m JOIN leadroute_internal.mapping_fields() f USING (field)
              WHERE m.expression IS NOT NULL ORDER BY 1 LOOP
        DECLARE
            type regtype := leadroute_internal.expression_type(relation, e.field, e.expression);
        BEGIN
            IF e.field <> 'owner_id' AND strpos(e.suits, leadroute_internal.type_category(type)) = 0 THEN
                RAISE EXCEPTION 'attach: the expression of lead field "%" for table % has type %, which does not suit it',
                        e.field, relation, type
                    USING ERRCODE = 'datatype_mismatch', HINT = 'Convert it in the expression.';
            END IF;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_expressions(regclass, jsonb) IS
    'An error if an expression of a mapping cannot be analysed, or gives what does not suit its lead field. Internal.';

CREATE FUNCTION leadroute_internal.unmapped_tenant(relation regclass, mapping jsonb) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('row security of the table goes by column "%s", which the mapping does not name', a.attname)
      FROM pg_class c
      JOIN pg_policy p ON p.polrelid = c.oid
      JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
     WHERE c.oid = relation AND c.relrowsecurity AND NOT mapping ? 'tenant'
       AND a.attname NOT IN (SELECT e."column" FROM leadroute_internal.mapping_entries(mapping) e WHERE e."column" IS NOT NULL)
     ORDER BY a.attnum LIMIT 1 $$;
COMMENT ON FUNCTION leadroute_internal.unmapped_tenant(regclass, jsonb) IS
    'What is wrong where a table keeps organisations apart by a column that its mapping does not know; else nothing. Internal.';

CREATE FUNCTION leadroute_internal.unique_indexes(relation oid, columns text[]) RETURNS TABLE (index oid, "column" text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT x.indexrelid, a.attname::text
      FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum > 0 AND NOT a.attisdropped
                                              AND (columns IS NULL OR a.attname = ANY (columns))
     CROSS JOIN LATERAL (SELECT (x.indkey::int2[])[0:x.indnkeyatts - 1] AS columns) k
     WHERE x.indrelid = relation AND (x.indisunique OR x.indisexclusion) AND x.indisready
       AND (a.attnum = ANY (k.columns)
            OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = relation AND d.refobjsubid = a.attnum))
       -- each row has its own primary key
       AND NOT (columns IS NOT NULL AND x.indisunique AND EXISTS (SELECT FROM pg_index p
                                           WHERE p.indrelid = relation AND p.indisprimary AND (p.indkey::int2[])[0:p.indnkeyatts - 1] <@ k.columns))
     ORDER BY 1, 2 $$;
COMMENT ON FUNCTION leadroute_internal.unique_indexes(oid, text[]) IS
    'Unique indexes and exclusion constraints of a table, each with those of the columns that it names: in its key, its expressions or its predicate; without such with all of its columns, and that of the primary key, too. Internal.';

CREATE FUNCTION leadroute_internal.written_keys(relation regclass, mapping jsonb) RETURNS SETOF text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('column "%s", which routing writes, is in the unique index "%s": what another row has there is not written, and the next rep gets the row',
                  u."column", u.index::regclass)
      FROM (SELECT array_agg(e."column") AS columns
              FROM leadroute_internal.mapping_entries(mapping) e
              JOIN leadroute_internal.mapping_fields() f ON f.field = e.field AND f.writes IS NOT NULL
             -- each lead has its own of these
             WHERE e.link IS NULL AND e.field NOT IN ('id', 'decision_id')) w
     CROSS JOIN LATERAL leadroute_internal.unique_indexes(relation, w.columns) u
     ORDER BY 1 $$;
COMMENT ON FUNCTION leadroute_internal.written_keys(regclass, jsonb) IS
    'Unique indexes with columns that routing writes, and what follows. Internal.';
