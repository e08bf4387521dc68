-- What was answered in time.

-- A clock counts for whoever had the lead when its time ran out, or else when it ended; while it runs, for the owner.
CREATE FUNCTION leadroute_internal.clocks_counted(since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (rep_id text, territory text, tenant text, is_met boolean, is_late boolean, is_running boolean, rescued_by text, lead_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- few run: these leads are looked up one by one
    SELECT CASE WHEN k.is_known THEN c.of_rep ELSE (SELECT l.owner_id FROM leadroute.leads l WHERE l.id = c.lead_id) END,
           CASE WHEN k.is_known THEN c.of_territory ELSE (SELECT l.territory FROM leadroute.leads l WHERE l.id = c.lead_id) END, c.tenant,
           k.is_answered AND NOT k.is_late, k.is_late, c.stopped_at IS NULL AND NOT k.is_late,
           CASE WHEN k.is_late AND k.is_answered AND c.answered_by IS DISTINCT FROM c.of_rep THEN c.answered_by END, c.lead_id
      FROM leadroute.sla_clocks c
     CROSS JOIN LATERAL (SELECT coalesce(c.stopped_at, now()) > c.due_at AND c.ended IS DISTINCT FROM 'replaced' AS is_late, coalesce(c.ended IN ('answered', 'worked'), false) AS is_answered,
                                c.stopped_at IS NOT NULL OR (c.of_rep IS NOT NULL OR c.of_queue IS NOT NULL) AND c.due_at < now() AS is_known) k
     WHERE c.started_at >= clocks_counted.since AND c.started_at < clocks_counted.until
       AND (clocks_counted.tenant IS NULL OR c.tenant = clocks_counted.tenant)
       AND leadroute_internal.is_period(clocks_counted.since, clocks_counted.until);
END;
COMMENT ON FUNCTION leadroute_internal.clocks_counted(timestamptz, timestamptz, text) IS 'Each clock that started in a period, for whom it counts and as what. Internal.';

CREATE FUNCTION leadroute.sla_by_rep(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (rep_id text, clocks bigint, met bigint, breached bigint, running bigint, percent_met numeric, tenant text, rescues bigint, ended bigint, n bigint)
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    SELECT u.rep_id, sum(u.clocks)::bigint, sum(u.met)::bigint, sum(u.late)::bigint, sum(u.running)::bigint, leadroute_internal.percent(sum(u.met), sum(u.met + u.late)), g.tenant,
           sum(u.rescues)::bigint, sum(u.clocks - u.met - u.late - u.running)::bigint, sum(u.met + u.late)::bigint
      FROM (SELECT c.rep_id, c.rescued_by, c.tenant, count(*) AS clocks, count(*) FILTER (WHERE c.is_met) AS met, count(*) FILTER (WHERE c.is_late) AS late,
                   count(*) FILTER (WHERE c.is_running) AS running
              FROM leadroute_internal.clocks_counted(sla_by_rep.since, sla_by_rep.until, sla_by_rep.tenant) c GROUP BY c.rep_id, c.rescued_by, c.tenant) g
     CROSS JOIN LATERAL (VALUES (g.rep_id, g.clocks, g.met, g.late, g.running, 0), (g.rescued_by, 0, 0, 0, 0, g.clocks)) u (rep_id, clocks, met, late, running, rescues)
     WHERE u.rep_id IS NOT NULL
     GROUP BY u.rep_id, g.tenant;
END;
COMMENT ON FUNCTION leadroute.sla_by_rep(timestamptz, timestamptz, text) IS 'SLA clocks that started in a period, by rep: met, breached (the time ran out while the rep had the lead, whoever has it now), still running, and ended without an answer before that (closed, merged, or gone on by other rules, as another clock). percent_met is of met and breached (n). rescues: leads of others, or of queues, whose time had run out and that this rep answered. Clocks that count for a queue are of no rep.';

CREATE FUNCTION leadroute.sla_by_territory(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (territory text, clocks bigint, met bigint, breached bigint, running bigint, percent_met numeric, tenant text, rescues bigint, ended bigint, n bigint)
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    SELECT c.territory, count(*), count(*) FILTER (WHERE c.is_met), count(*) FILTER (WHERE c.is_late), count(*) FILTER (WHERE c.is_running),
           leadroute_internal.percent(count(*) FILTER (WHERE c.is_met), count(*) FILTER (WHERE c.is_met OR c.is_late)), c.tenant, count(c.rescued_by),
           count(*) FILTER (WHERE NOT (c.is_met OR c.is_late OR c.is_running)), count(*) FILTER (WHERE c.is_met OR c.is_late)
      FROM leadroute_internal.clocks_counted(sla_by_territory.since, sla_by_territory.until, sla_by_territory.tenant) c
     WHERE c.territory IS NOT NULL
     GROUP BY c.territory, c.tenant;
END;
COMMENT ON FUNCTION leadroute.sla_by_territory(timestamptz, timestamptz, text) IS 'The same as sla_by_rep for each territory that leads had then, leads in queues included. rescues: breached, and answered then by somebody else.';
