-- Whether writing to a table of a user runs code of a user. Where it may, routing writes in a security-restricted operation, in
-- which nothing can be left behind for the end of the transaction; else deferred foreign keys, which Django makes, would
-- be refused too. So what is not known to be harmless counts as code.

CREATE FUNCTION leadroute_internal.type_is_plain(type oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- types of PostgreSQL have lower numbers; of those of an extension a superuser knows
    SELECT type_is_plain.type < 16384
           OR EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_type t ON t.oid = d.objid
                        JOIN pg_roles r ON r.oid = t.typowner
                       WHERE d.classid = 'pg_type'::regclass AND d.objid = type_is_plain.type AND d.deptype = 'e'
                         AND d.refclassid = 'pg_extension'::regclass AND r.rolsuper AND t.typtype = 'b') $$;
COMMENT ON FUNCTION leadroute_internal.type_is_plain(oid) IS 'Whether nobody but PostgreSQL and extensions of a superuser has a say in the values of a type.';

CREATE FUNCTION leadroute_internal.expression_is_plain(expression text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM (SELECT (regexp_matches(expression, ':(?:opfuncid|funcid|aggfnoid|winfnoid) ([0-9]+)', 'g'))[1]::oid AS id) f
          LEFT JOIN pg_proc p ON p.oid = f.id
         WHERE f.id <> 0 AND (p.oid IS NULL OR p.oid >= 16384
               -- some functions of PostgreSQL run queries that are given as text, or read views
               OR p.proname ~ '_to_xml' OR p.proname IN ('ts_stat', 'ts_rewrite')
               OR p.provolatile = 'v' AND p.proname NOT IN ('nextval', 'clock_timestamp', 'gen_random_uuid', 'random')))
       AND NOT EXISTS (
        SELECT FROM (SELECT (regexp_matches(expression, ':(?:resulttype|consttype|funcresulttype|opresulttype|typeId|row_typeid) ([0-9]+)', 'g'))[1]::oid AS id) t
         WHERE t.id <> 0 AND NOT leadroute_internal.type_is_plain(t.id)) $$;
COMMENT ON FUNCTION leadroute_internal.expression_is_plain(text) IS 'Whether an expression, as the catalogs store it, only calls functions of PostgreSQL that run no code of others.';

CREATE FUNCTION leadroute_internal.keys_are_plain(relation oid, is_link boolean) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM pg_constraint c
         WHERE c.contype = 'f' AND keys_are_plain.relation IN (c.conrelid, c.confrelid)
           AND (-- compared by a cast, which anybody can make for a type of theirs
                EXISTS (SELECT FROM unnest(c.conkey, c.confkey) k (mine, theirs)
                          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.mine
                          JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.theirs
                         WHERE NOT leadroute_internal.type_is_plain(a.atttypid) OR NOT leadroute_internal.type_is_plain(b.atttypid))
                -- rows of another table go along; keys themselves are never written
                OR c.confrelid = keys_are_plain.relation AND c.confupdtype NOT IN ('a', 'r')
                   AND c.confkey <> coalesce((SELECT i.indkey::int2[] FROM pg_index i WHERE i.indrelid = c.confrelid AND i.indisprimary), '{}')
                OR c.confrelid = keys_are_plain.relation AND is_link AND (c.confdeltype NOT IN ('a', 'r') OR c.confupdtype NOT IN ('a', 'r')))) $$;
COMMENT ON FUNCTION leadroute_internal.keys_are_plain(oid, boolean) IS 'Whether no foreign key of a table, or to it, runs code of a user when routing writes; from a table of links it also deletes.';

CREATE FUNCTION leadroute_internal.relation_is_plain(relation oid, is_link boolean) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND c.relkind NOT IN ('r', 'p'))
       AND NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
                        WHERE g.tgrelid = relation AND NOT g.tgisinternal AND f.pronamespace <> 'leadroute'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = relation)
       AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                          AND NOT leadroute_internal.type_is_plain(a.atttypid))
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = relation AND c.conbin IS NOT NULL
                          AND NOT leadroute_internal.expression_is_plain(c.conbin::text))
       AND NOT EXISTS (SELECT FROM pg_attrdef d WHERE d.adrelid = relation AND NOT leadroute_internal.expression_is_plain(d.adbin::text))
       AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation
                          AND NOT leadroute_internal.expression_is_plain(concat(i.indexprs::text, i.indpred::text)))
       AND NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = relation AND p.partexprs IS NOT NULL)
       AND leadroute_internal.keys_are_plain(relation, is_link) $$;
COMMENT ON FUNCTION leadroute_internal.relation_is_plain(oid, boolean) IS 'Whether no code of a user runs when routing writes to a table or partition.';

CREATE FUNCTION leadroute_internal.runs_code(relation regclass, is_link boolean) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT NOT coalesce(bool_and(leadroute_internal.relation_is_plain(r.oid, is_link)), true)
      FROM (SELECT runs_code.relation::oid AS oid UNION SELECT p.relid FROM pg_partition_tree(runs_code.relation) p) r $$;
COMMENT ON FUNCTION leadroute_internal.runs_code(regclass, boolean) IS 'Whether writing to a table of a user, with its partitions, may run code of a user.';
