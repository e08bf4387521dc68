-- Housekeeping for persons whose leads were let in side by side.

CREATE FUNCTION leadroute_internal.merge_lead(lead_id bigint, reason text) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_merge_lead';
COMMENT ON FUNCTION leadroute_internal.merge_lead(bigint, text) IS 'reroute_lead, which waits for no other submit of the person; NULL, with a warning, if that fails.';

CREATE FUNCTION leadroute_internal.late_touches_of(first_id bigint) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first leadroute.leads;
    late bigint[];
    touch record;
BEGIN
    SELECT * INTO first FROM leadroute.leads l WHERE l.id = first_id FOR UPDATE SKIP LOCKED;
    IF first.id IS NULL THEN
        RETURN 0;
    END IF;
    BEGIN
        WITH gone AS (
            DELETE FROM leadroute.late_touches WHERE id IN (
                SELECT t.id FROM leadroute.late_touches t JOIN leadroute.leads l ON l.id = t.lead_id
                 WHERE l.duplicate_of = first_id FOR UPDATE OF t SKIP LOCKED)
            RETURNING lead_id)
        SELECT array_agg(DISTINCT lead_id) INTO late FROM gone;
        IF late IS NULL THEN
            RETURN 0;
        END IF;
        -- those that are held are noted again
        PERFORM leadroute_internal.touches_follow(first.id, first.owner_id, first.queue, NULL);
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'touches of lead % do not follow it: %', first_id, SQLERRM
            USING HINT = 'It is tried again with the next run of merge_duplicates().';
        RETURN 0;
    END;
    FOR touch IN
        SELECT t.id, a.moves FROM leadroute.leads t
         CROSS JOIN LATERAL (SELECT d.trace -> -1 ? 'moves' AS moves FROM leadroute.decisions d
                              WHERE d.lead_id = t.id AND d.layer = 'duplicate' AND d.trace -> -1 ?| '{moves,raises}' ORDER BY d.id DESC LIMIT 1) a
         WHERE t.id = ANY (late) AND t.duplicate_of = first.id AND t.routed_at > now() - interval '1 day'
           AND NOT leadroute_internal.is_closed(first.status) AND (first.owner_id IS NOT NULL OR first.queue IS NOT NULL)
           -- once, whatever an app says of the event since
           AND NOT EXISTS (SELECT FROM leadroute.lead_events e WHERE e.lead_id = first.id AND e.details ->> 'touch' = t.id::text)
         ORDER BY t.id LOOP
        BEGIN
            PERFORM leadroute_internal.touch_heard(first.id, touch.id, touch.moves);
        EXCEPTION WHEN OTHERS THEN
            -- with the next run; the others go on
            RAISE WARNING 'lead % did not hear of its touch %: %', first.id, touch.id, SQLERRM
                USING HINT = 'It is tried again with the next run of merge_duplicates().';
            INSERT INTO leadroute.late_touches (lead_id) VALUES (touch.id);
        END;
    END LOOP;
    RETURN cardinality(late);
END $$;
COMMENT ON FUNCTION leadroute_internal.late_touches_of(bigint) IS 'Does for a first lead what is left to do for its touches; how many these were. Nothing while somebody holds the first lead. Internal.';

CREATE FUNCTION leadroute_internal.late_touches_follow(batch integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_id bigint;
    done integer := 0;
BEGIN
    FOR first_id IN SELECT DISTINCT l.duplicate_of FROM leadroute.late_touches t JOIN leadroute.leads l ON l.id = t.lead_id
                     WHERE l.duplicate_of IS NOT NULL ORDER BY 1 LOOP
        done := done + leadroute_internal.late_touches_of(first_id);
        EXIT WHEN done >= batch;
    END LOOP;
    -- a touch that has become a lead of its own
    DELETE FROM leadroute.late_touches WHERE id IN (
        SELECT t.id FROM leadroute.late_touches t
         WHERE NOT EXISTS (SELECT FROM leadroute.leads l WHERE l.id = t.lead_id AND l.duplicate_of IS NOT NULL) FOR UPDATE SKIP LOCKED);
END $$;
COMMENT ON FUNCTION leadroute_internal.late_touches_follow(integer) IS 'Touches that others held when their first leads got another owner follow now, and first leads that others held hear of their touches. Internal.';

CREATE FUNCTION leadroute.merge_duplicates(batch integer DEFAULT 1000) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    merged integer := 0;
    later bigint;
    earlier bigint;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    IF batch < 1 THEN
        RAISE EXCEPTION 'batch must be at least 1, not %', batch
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 1000.';
    END IF;
    IF pg_is_in_recovery() THEN
        RETURN 0;
    END IF;
    FOR later, earlier IN
        -- From the index alone, so that a run without work stays cheap.
        WITH persons AS MATERIALIZED (
            SELECT tenant, person_key FROM leadroute.leads WHERE person_key IS NOT NULL AND duplicate_of IS NULL
             GROUP BY tenant, person_key HAVING count(*) > 1
        ), found AS MATERIALIZED (
            SELECT l.id AS later, f.id AS earlier, l.decision_id
              FROM persons
              JOIN leadroute.leads l USING (tenant, person_key)
              -- The one that routing would choose.
              CROSS JOIN LATERAL (
                SELECT id FROM leadroute.leads
                 WHERE tenant = l.tenant AND person_key = l.person_key AND duplicate_of IS NULL AND id < l.id
                   AND NOT leadroute_internal.is_closed(status) AND (owner_id IS NOT NULL OR queue IS NOT NULL)
                 ORDER BY id LIMIT 1) f
             -- what an import brings is left to adopt_leads(), and then to the people who have it
             WHERE l.duplicate_of IS NULL AND l.routed_at > '-infinity' AND l.decision_id IS NOT NULL AND l.first_response_at IS NULL
               AND l.status IN ('assigned', 'queued', 'nurture'))
        SELECT found.later, found.earlier
          FROM found
         -- The one layer comes before duplicates, and by the other a person has chosen: these are never merged.
         WHERE NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = found.decision_id
                              AND (d.layer = 'domain_rule' OR d.layer = 'given' AND d.cause <> 'enrichment'))
         ORDER BY found.later
    LOOP
        BEGIN
            PERFORM FROM leadroute.leads
              WHERE id = later AND duplicate_of IS NULL AND first_response_at IS NULL AND status IN ('assigned', 'queued', 'nurture')
                FOR UPDATE NOWAIT;
            CONTINUE WHEN NOT FOUND;
            -- Locked, so that it is not closed meanwhile and can be filled from the later one; so are the touches that
            -- get another first lead.
            PERFORM FROM leadroute.leads WHERE id = earlier OR duplicate_of = later FOR UPDATE NOWAIT;
            IF leadroute_internal.merge_lead(later, format('housekeeping: same person as lead %s', earlier)) ->> 'outcome' IS DISTINCT FROM 'merged' THEN
                RAISE SQLSTATE 'LR001';
            END IF;
            merged := merged + 1;
        EXCEPTION
            -- Another transaction has locked one of them, the rules would send the lead elsewhere by now, or a warning has
            -- said why not: nothing for housekeeping to do.
            WHEN lock_not_available OR SQLSTATE 'LR001' THEN
                NULL;
        END;
        EXIT WHEN merged >= batch;
    END LOOP;
    PERFORM leadroute_internal.late_touches_follow(batch);
    DELETE FROM leadroute.company_leads c USING leadroute.leads l WHERE l.id = c.lead_id AND leadroute_internal.is_closed(l.status);
    RETURN merged;
END $$;
COMMENT ON FUNCTION leadroute.merge_duplicates(integer) IS 'Merges leads of one person that were let in side by side: the later ones, at most batch, become touches of the earliest, unless a rep has answered or works on them. Returns how many. Touches that somebody held when their first leads got another owner follow now, and first leads that somebody held hear of their touches.';
