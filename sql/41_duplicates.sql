-- Housekeeping for persons whose leads were let in side by side.

CREATE FUNCTION leadroute_internal.merge_lead(lead_id bigint, reason text) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_merge_lead';
COMMENT ON FUNCTION leadroute_internal.merge_lead(bigint, text) IS 'reroute_lead, which waits for no other submit of the person; NULL, with a warning, if that fails.';

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
