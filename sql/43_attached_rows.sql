-- What happens to rows of attached tables after they were routed.

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

CREATE FUNCTION leadroute.rows_deleted(keys text[], table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = rows_deleted.table_no);
BEGIN
    WITH gone AS (
        SELECT * FROM leadroute.leads l
         WHERE l.attached_table = rows_deleted.table_no AND l.attached_key = ANY (keys)
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

CREATE FUNCTION leadroute.attached_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
    keys text[];
BEGIN
    EXECUTE format('SELECT array_agg(%s) FROM gone', leadroute.key_sql(TG_RELID)) INTO keys;
    IF keys IS NOT NULL THEN
        PERFORM leadroute.rows_deleted(keys, TG_ARGV[0]::integer);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute.attached_deleted() IS 'Trigger: leads of rows that were deleted from an attached table are closed.';

CREATE FUNCTION leadroute.attached_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' SET timezone = 'UTC' AS $$
DECLARE
    keys text[];
    -- of a partition, only its own rows have gone
    relation regclass := (SELECT t.relation FROM leadroute.attached_tables t WHERE t.table_no = TG_ARGV[0]::integer);
BEGIN
    EXECUTE format('SELECT array_agg(l.attached_key) FROM leadroute.leads l WHERE l.attached_table = $1 AND l.attached_key IS NOT NULL
                    AND NOT EXISTS (SELECT FROM (SELECT %s AS key FROM %s) t WHERE t.key = l.attached_key)', leadroute.key_sql(relation), relation)
       INTO keys USING TG_ARGV[0]::integer;
    IF keys IS NOT NULL THEN
        PERFORM leadroute.rows_deleted(keys, TG_ARGV[0]::integer);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute.attached_truncated() IS 'Trigger: leads of an attached table, or of a partition, that was emptied are closed.';
