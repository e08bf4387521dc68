-- What happens to rows and columns of attached tables after they were routed.

CREATE FUNCTION leadroute.attached_lead(relation regclass, key text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.id FROM leadroute.leads l JOIN leadroute.attached_tables t ON t.table_no = l.attached_table
     WHERE t.relation = attached_lead.relation AND l.attached_key = attached_lead.key $$;
COMMENT ON FUNCTION leadroute.attached_lead(regclass, text) IS 'leads.id of a row of an attached table, by its primary key as text; of several columns as a JSON array of texts. For record_response and the like.';

CREATE FUNCTION leadroute.owner_by_hand(lead_id bigint, rep_id text, given text, table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = owner_by_hand.table_no);
BEGIN
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = owner_by_hand.lead_id FOR UPDATE;
    IF lead.owner_id IS NOT DISTINCT FROM rep_id AND (rep_id IS NOT NULL OR given IS NULL) THEN
        RETURN;
    END IF;
    PERFORM leadroute.hand_over(lead, 'manual', rep_id, CASE WHEN rep_id IS NULL THEN coalesce(lead.queue, 'catch_all') END,
        format('changed by hand in %s by %s', place, session_user)
        || CASE WHEN rep_id IS NOT NULL THEN '' WHEN given IS NULL THEN ': nobody' ELSE format(': "%s" is no rep', given) END);
END $$;
COMMENT ON FUNCTION leadroute.owner_by_hand(bigint, text, text, integer) IS 'Records an owner that was changed by hand in an attached table: a rep, nobody, or somebody who is no rep, and then the lead waits in the catch-all queue. Internal.';

CREATE FUNCTION leadroute.status_by_row(lead_id bigint, status text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE leadroute.leads l SET status = status_by_row.status
     WHERE l.id = status_by_row.lead_id AND l.status NOT IN ('merged', status_by_row.status);
    IF FOUND AND status IN ('converted', 'lost', 'disqualified') THEN
        UPDATE leadroute.sla_clocks c SET stopped_at = clock_timestamp(), next_at = NULL
         WHERE c.lead_id = status_by_row.lead_id AND c.stopped_at IS NULL;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute.status_by_row(bigint, text) IS 'Takes over the status that the row of an attached table tells; the clock of a closed lead stops. Internal.';

CREATE FUNCTION leadroute.go_on_with_touch(keys text[], table_no integer) RETURNS text[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first record;
    row_of_touch text;
    done text[] := '{}';
BEGIN
    FOR first IN SELECT l.id, l.attached_key FROM leadroute.leads l
                  WHERE l.attached_table = go_on_with_touch.table_no AND l.attached_key = ANY (keys)
                    AND EXISTS (SELECT FROM leadroute.leads t WHERE t.duplicate_of = l.id
                                   AND (t.attached_table IS NULL OR t.attached_key <> ALL (keys)))
                  ORDER BY l.id FOR UPDATE LOOP
        -- The touch gives its row to the lead, which goes on with its owner and its clock.
        UPDATE leadroute.leads t SET attached_key = NULL FROM leadroute.leads was
         WHERE was.id = t.id AND t.id = (SELECT o.id FROM leadroute.leads o
                        WHERE o.duplicate_of = first.id AND o.attached_table = go_on_with_touch.table_no AND o.attached_key <> ALL (keys)
                        ORDER BY o.id LIMIT 1)
        RETURNING was.attached_key INTO row_of_touch;
        UPDATE leadroute.leads l SET attached_key = row_of_touch WHERE l.id = first.id;
        done := done || first.attached_key;
    END LOOP;
    RETURN done;
END $$;
COMMENT ON FUNCTION leadroute.go_on_with_touch(text[], integer) IS 'Of first leads whose rows are gone while touches of theirs are not: the lead goes on, with the row of its oldest touch. Returns their keys. Internal.';

CREATE FUNCTION leadroute.rows_deleted(keys text[], table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = rows_deleted.table_no);
    goes_on text[] := leadroute.go_on_with_touch(keys, table_no);
BEGIN
    WITH gone AS (
        SELECT * FROM leadroute.leads l
         WHERE l.attached_table = rows_deleted.table_no AND l.attached_key = ANY (keys) AND l.attached_key <> ALL (goes_on)
           FOR UPDATE
    ), noted AS (
        INSERT INTO leadroute.decisions (lead_id, decided_at, cause, outcome, owner_id, queue, previous_owner_id, segment, territory,
                                         tier, pool, playbook, reason)
        SELECT g.id, clock_timestamp(), 'manual', CASE WHEN g.duplicate_of IS NOT NULL THEN 'merged' WHEN g.owner_id IS NOT NULL THEN 'owner'
               WHEN g.queue IS NOT NULL THEN 'queue' ELSE 'nurture' END, g.owner_id, g.queue, g.owner_id, g.segment, g.territory, g.tier,
               g.pool, g.playbook, format('its row %s was deleted from %s by %s', g.attached_key, place, session_user)
          FROM gone g
        RETURNING id, lead_id
    ), stopped AS (
        UPDATE leadroute.sla_clocks c SET stopped_at = clock_timestamp(), next_at = NULL
          FROM gone g WHERE c.lead_id = g.id AND c.stopped_at IS NULL
    )
    UPDATE leadroute.leads l
       SET attached_key = NULL, decision_id = n.id,
           status = CASE WHEN l.status IN ('converted', 'lost', 'merged') THEN l.status ELSE 'disqualified' END
      FROM noted n WHERE l.id = n.lead_id;
END $$;
COMMENT ON FUNCTION leadroute.rows_deleted(text[], integer) IS 'Closes the leads of rows that were deleted from an attached table: the audit stays. Internal.';

-- DDL on attached tables. Event triggers run for every DDL statement of the database, so they ask first whether there is any.
CREATE FUNCTION leadroute.attached_dropped() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone record;
BEGIN
    IF to_regclass('leadroute.attached_tables') IS NULL OR NOT EXISTS (SELECT FROM leadroute.attached_tables) THEN
        RETURN;
    END IF;
    SELECT o.address_names[3] AS "column", t.relation INTO gone
      FROM pg_event_trigger_dropped_objects() o
      JOIN leadroute.attached_tables t ON t.relation = o.objid AND t.detached_at IS NULL
     WHERE o.object_type = 'table column' AND t.columns ? o.address_names[3] LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of table % is mapped to a lead field', gone."column", gone.relation
            USING ERRCODE = 'dependent_objects_still_exist',
                  HINT = 'Attach the table with a mapping that does without the column, or detach it, first.';
    END IF;
    DELETE FROM leadroute.attached_tables t USING pg_event_trigger_dropped_objects() o
     WHERE o.object_type = 'table' AND t.relation = o.objid;
    SELECT t.relation, o.object_identity AS link INTO gone
      FROM pg_event_trigger_dropped_objects() o
      JOIN leadroute.attached_tables t ON t.owners = o.objid AND t.detached_at IS NULL
     WHERE o.object_type = 'table' OR o.object_type = 'table column'
           AND o.address_names[3] IN (SELECT unnest(ARRAY[e."column", e.link_row]) FROM leadroute.mapping_entries(t.mapping) e WHERE e.link IS NOT NULL)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% links rows of attached table % to owners', gone.link, gone.relation
            USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Attach that table with another mapping, or detach it, first.';
    END IF;
    PERFORM leadroute.check_expressions(t.table_no) FROM leadroute.attached_tables t WHERE t.detached_at IS NULL;
END $$;
COMMENT ON FUNCTION leadroute.attached_dropped() IS 'Event trigger: an attached table that is dropped is forgotten; a mapped column cannot be dropped.';

CREATE FUNCTION leadroute.follow_renames(t leadroute.attached_tables) RETURNS leadroute.attached_tables
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    renamed record;
BEGIN
    FOR renamed IN
        SELECT c.key AS was, a.attname AS becomes FROM jsonb_each_text(t.columns) c
          JOIN pg_attribute a ON a.attrelid = t.relation AND a.attnum = c.value::int AND NOT a.attisdropped
         WHERE NOT EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = t.relation AND b.attname = c.key)
    LOOP
        t.mapping := (SELECT jsonb_object_agg(e.key, CASE WHEN e.value = to_jsonb(renamed.was) THEN to_jsonb(renamed.becomes)
                                  WHEN e.value -> 'column' = to_jsonb(renamed.was) THEN jsonb_set(e.value, '{column}', to_jsonb(renamed.becomes))
                                  ELSE e.value END) FROM jsonb_each(t.mapping) e);
    END LOOP;
    t.columns := leadroute.mapped_columns(t.relation, t.mapping);
    RETURN t;
END $$;
COMMENT ON FUNCTION leadroute.follow_renames(leadroute.attached_tables) IS 'An attached table with the names that its columns have now. Internal.';

CREATE FUNCTION leadroute.attached_altered() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old leadroute.attached_tables;
    new leadroute.attached_tables;
    part regclass;
BEGIN
    IF to_regclass('leadroute.attached_tables') IS NULL THEN
        RETURN;
    END IF;
    FOR old IN SELECT * FROM leadroute.attached_tables WHERE detached_at IS NULL LOOP
        new := leadroute.follow_renames(old);
        IF new <> old THEN
            UPDATE leadroute.attached_tables t SET mapping = new.mapping, columns = new.columns WHERE t.table_no = new.table_no;
        END IF;
        PERFORM leadroute.check_link(new.relation, new.mapping, (SELECT oid FROM pg_roles WHERE rolname = current_user));
        PERFORM leadroute.check_columns(new.relation, new.mapping);
        PERFORM leadroute.check_expressions(new.table_no);
        FOR part IN SELECT p.relid FROM pg_partition_tree(new.relation) p
                     WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = 'leadroute_1_begin') LOOP
            PERFORM leadroute.set_statement_triggers(part, new.table_no);
        END LOOP;
    END LOOP;
    -- of partitions that were detached
    FOR part IN SELECT g.tgrelid FROM pg_trigger g
                 WHERE g.tgfoid = 'leadroute.attached_statement'::regproc AND g.tgname = 'leadroute_1_begin'
                   AND NOT EXISTS (SELECT FROM leadroute.attached_tables t
                                    WHERE t.relation = g.tgrelid OR t.relation IN (SELECT relid FROM pg_partition_ancestors(g.tgrelid) relid)) LOOP
        PERFORM leadroute.drop_triggers(part, NULL);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.attached_altered() IS 'Event trigger: mappings follow columns that are renamed, new partitions get their triggers, and what would break a mapping is refused.';

CREATE FUNCTION leadroute.check_expressions(table_no integer) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_check_expressions';
COMMENT ON FUNCTION leadroute.check_expressions(integer) IS 'An error if an expression of the mapping of an attached table cannot be evaluated. Internal.';

CREATE EVENT TRIGGER leadroute_dropped ON sql_drop
    WHEN tag IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'ALTER TABLE') EXECUTE FUNCTION leadroute.attached_dropped();
CREATE EVENT TRIGGER leadroute_altered ON ddl_command_end
    WHEN tag IN ('ALTER TABLE', 'CREATE TABLE') EXECUTE FUNCTION leadroute.attached_altered();
