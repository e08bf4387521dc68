-- Where clocks end; how is in src/db/queries.rs (CLOCKS_END).

CREATE FUNCTION leadroute_internal.had_at(lead_id bigint, at timestamptz, from_stint integer, OUT owner_id text, OUT queue text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.owner_id, h.queue
      FROM (SELECT s.no, s.owner_id, s.queue FROM leadroute.past_stints s WHERE s.lead_id = had_at.lead_id AND s.until >= at AND s.no >= from_stint
            UNION ALL
            SELECT NULL, l.owner_id, l.queue FROM leadroute.leads l WHERE l.id = had_at.lead_id) h
     ORDER BY h.no NULLS LAST LIMIT 1 $$;
COMMENT ON FUNCTION leadroute_internal.had_at(bigint, timestamptz, integer) IS 'Who had a lead at a moment: a rep, or a queue. Before a stint of the lead that is whoever had it then. Internal.';

CREATE FUNCTION leadroute_internal.counts_for(clock leadroute.sla_clocks, at timestamptz, rep_id text, OUT rep text, OUT queue text, OUT territory text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF at > clock.due_at AND (clock.of_rep IS NOT NULL OR clock.of_queue IS NOT NULL) THEN
        rep := clock.of_rep;
        queue := clock.of_queue;
        territory := clock.of_territory;
        RETURN;
    END IF;
    SELECT h.owner_id, h.queue, l.territory INTO rep, queue, territory
      FROM leadroute.leads l, leadroute_internal.had_at(l.id, least(at, clock.due_at), coalesce(clock.from_stint, 1)) h WHERE l.id = clock.lead_id;
    IF at <= clock.due_at AND rep IS NULL AND rep_id IS NOT NULL THEN
        rep := rep_id;
        queue := NULL;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.counts_for(leadroute.sla_clocks, timestamptz, text) IS 'For whom a clock counts that ends at a moment: whoever had the lead when the time ran out, or else then; an answer in time out of a queue counts for the rep who gives it. Internal.';

CREATE FUNCTION leadroute_internal.end_clocks(lead_id bigint, at timestamptz, ended text, rep_id text) RETURNS bigint
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_end_clocks';
COMMENT ON FUNCTION leadroute_internal.end_clocks(bigint, timestamptz, text, text) IS 'Ends the clocks of a lead, which is locked, at a moment, with how, and who answered; returns how many were running. Internal.';
