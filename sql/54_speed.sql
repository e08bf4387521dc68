-- How fast leads are answered.

-- One text for the view and the functions, which have a period: where %s stand, in their order. What is looked up for each lead is read once
-- from the table, the earliest row of each lead; only for an action that came after that (a restarted clock) it is looked up by itself.
-- Where no column of such a table is asked for, it is not read.
DO $do$
DECLARE
    body constant text := $q$
SELECT a.lead_id, a.email, a.owner_id, a.territory, a.segment, a.event, coalesce(e.intent, 'medium') AS intent, a.acted_at AS occurred_at,
       a.created_at AS inserted_at, d.decided_at AS routed_at, t.told_at AS notified_at, b.answered_at AS first_response_at,
       coalesce(a.answered_by, CASE WHEN a.clock_id IS NULL THEN (r.first).rep_id END) AS answered_by, (r.first).channel,
       CASE WHEN isfinite(a.acted_at) THEN d.decided_at - a.acted_at END AS time_to_route,
       CASE WHEN isfinite(a.acted_at) AND isfinite(b.answered_at) THEN greatest(b.answered_at - a.acted_at, '0') END AS time_to_response,
       a.policy, a.due_at, coalesce(a.stopped_at, now()) > a.due_at AND a.ended IS DISTINCT FROM 'replaced' AS is_breached, a.tenant,
       a.clock_id, a.ended,
       CASE WHEN a.stopped_at IS NOT NULL OR (a.of_rep IS NOT NULL OR a.of_queue IS NOT NULL) AND a.due_at < now() THEN a.of_rep ELSE a.owner_id END AS owner_then,
       a.tier, a.pool, a.source, a.campaign, coalesce(a.started_at, a.created_at) AS counted_at
  FROM (SELECT l.id AS lead_id, l.email, l.owner_id, l.territory, l.segment, l.tier, l.pool, l.source, l.campaign, coalesce(c.of_event, l.event) AS event,
               -- the clock of an import starts when the lead comes
               least(c.started_at, l.occurred_at) AS acted_at, l.created_at, c.id AS clock_id, c.started_at, c.policy, c.due_at, c.stopped_at, c.ended,
               c.answered_by, c.of_rep, c.of_queue, l.tenant
          FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id WHERE l.duplicate_of IS NULL %s
        UNION ALL
        SELECT l.id, l.email, l.owner_id, l.territory, l.segment, l.tier, l.pool, l.source, l.campaign, l.event, l.occurred_at, l.created_at,
               NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, l.tenant
          FROM leadroute.leads l
         WHERE l.duplicate_of IS NULL AND NOT EXISTS (SELECT FROM leadroute.sla_clocks c WHERE c.lead_id = l.id %s) %s) a
  LEFT JOIN leadroute.event_types e ON e.name = lower(a.event)
  LEFT JOIN (SELECT x.lead_id, min(x.decided_at) AS at FROM leadroute.decisions x
              WHERE x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response') %s GROUP BY x.lead_id) fd ON fd.lead_id = a.lead_id
  LEFT JOIN (SELECT x.lead_id, min(x.created_at) AS at FROM leadroute.notifications x WHERE x.lead_id IS NOT NULL %s GROUP BY x.lead_id) fn ON fn.lead_id = a.lead_id
  LEFT JOIN (SELECT DISTINCT ON (x.lead_id) x.lead_id, x AS response FROM leadroute.responses x WHERE x.meaningful %s
              ORDER BY x.lead_id, x.at, x.id) fr ON fr.lead_id = a.lead_id
 CROSS JOIN LATERAL (SELECT CASE WHEN fd.at >= a.acted_at %s THEN fd.at
                                 ELSE (SELECT min(x.decided_at) FROM leadroute.decisions x
                                        WHERE x.lead_id = a.lead_id AND x.decided_at >= a.acted_at
                                          AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response')) END AS decided_at) d
 CROSS JOIN LATERAL (SELECT CASE WHEN (fn.at IS NULL OR fn.at >= a.acted_at) %s THEN fn.at
                                 ELSE (SELECT min(x.created_at) FROM leadroute.notifications x
                                        WHERE x.lead_id = a.lead_id AND x.created_at >= a.acted_at) END AS told_at) t
 CROSS JOIN LATERAL (SELECT CASE WHEN a.ended IS DISTINCT FROM 'answered' AND a.clock_id IS NOT NULL OR fr.lead_id IS NULL %s THEN NULL
                                 WHEN CASE WHEN a.clock_id IS NULL THEN (fr.response).at >= a.acted_at - interval '1 minute'
                                           ELSE greatest((fr.response).at, a.started_at) = a.stopped_at END %s THEN fr.response
                                 ELSE (SELECT x FROM leadroute.responses x
                                        WHERE x.lead_id = a.lead_id AND x.meaningful
                                          AND CASE WHEN a.clock_id IS NULL THEN x.at >= a.acted_at - interval '1 minute'
                                                   ELSE greatest(x.at, a.started_at) = a.stopped_at END
                                        ORDER BY x.at, x.id LIMIT 1) END AS first) r
 CROSS JOIN LATERAL (SELECT CASE WHEN a.clock_id IS NULL THEN (r.first).at WHEN a.ended IN ('answered', 'worked') THEN a.stopped_at END AS answered_at) b $q$;
BEGIN
    EXECUTE 'CREATE VIEW leadroute.speed_to_lead AS ' || format(body, '', '', '', '', '', '', '', '', '', '');
    -- Decisions, notifications and responses of the period are read as a whole, others one by one. coalesce: a comparison with NULL would end the query before the period is looked at.
    EXECUTE replace($f$CREATE FUNCTION leadroute.speed_to_lead(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
        RETURNS SETOF leadroute.speed_to_lead LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC $f$ || format(body,
        'AND c.started_at >= coalesce(FUNC.since, ''infinity'') AND c.started_at < coalesce(FUNC.until, ''infinity'') AND (FUNC.tenant IS NULL OR c.tenant = FUNC.tenant)
         AND leadroute_internal.is_period(FUNC.since, FUNC.until)', '',
        'AND l.created_at >= coalesce(FUNC.since, ''infinity'') AND l.created_at < coalesce(FUNC.until, ''infinity'') AND (FUNC.tenant IS NULL OR l.tenant = FUNC.tenant)',
        'AND x.decided_at >= leadroute_internal.day_before(FUNC.since) AND x.decided_at < leadroute_internal.day_after(FUNC.until)',
        'AND x.created_at >= leadroute_internal.day_before(FUNC.since)', 'AND x.at >= leadroute_internal.day_before(FUNC.since)',
        'AND a.acted_at >= leadroute_internal.day_before(FUNC.since)', 'AND a.acted_at >= leadroute_internal.day_before(FUNC.since)',
        'AND (a.stopped_at > a.started_at OR a.clock_id IS NULL AND a.acted_at >= leadroute_internal.day_before(FUNC.since) + interval ''1 minute'')',
        'AND (a.stopped_at > a.started_at OR a.clock_id IS NULL AND a.acted_at >= leadroute_internal.day_before(FUNC.since) + interval ''1 minute'')') || '; END', 'FUNC.', 'speed_to_lead.');
    -- The same for sums. In PL/pgSQL, so that it is planned for the period that is asked for; there names are looked up with the rights of
    -- the caller, who reads no leadroute_internal. first_id to last_id are leads of the period, first_lead to last_lead those of its clocks.
    EXECUTE format($f$CREATE FUNCTION leadroute_internal.speed_rows(since timestamptz, until timestamptz, before timestamptz, after timestamptz, only_tenant text,
            first_id bigint, last_id bigint, first_lead bigint, last_lead bigint)
        RETURNS TABLE (tenant text, lead_id bigint, acted_at timestamptz, routed_at timestamptz, answered_at timestamptz, is_late boolean, rep text, territory text, segment text, tier text, pool text,
                       source text, campaign text, channel text, event text, intent text, counted_at timestamptz)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_sort = on AS %L$f$, format($f$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT s.tenant, s.lead_id, s.occurred_at, s.routed_at, s.first_response_at, s.is_breached, coalesce(s.answered_by, s.owner_id), s.territory, s.segment, s.tier, s.pool,
                        s.source, s.campaign, s.channel, s.event, s.intent, s.counted_at
      FROM (%s) s;
END $f$, replace(format(body,
        'AND c.started_at >= FUNC.since AND c.started_at < FUNC.until AND (FUNC.only_tenant IS NULL OR c.tenant = FUNC.only_tenant) AND l.id BETWEEN FUNC.first_lead AND FUNC.last_lead
         AND c.lead_id BETWEEN FUNC.first_lead AND FUNC.last_lead',
        'AND c.lead_id BETWEEN FUNC.first_id AND FUNC.last_id',
        'AND l.created_at >= FUNC.since AND l.created_at < FUNC.until AND (FUNC.only_tenant IS NULL OR l.tenant = FUNC.only_tenant)',
        'AND x.decided_at >= FUNC.before AND x.decided_at < FUNC.after', 'AND x.created_at >= FUNC.before',
        'AND x.at >= FUNC.before AND x.lead_id BETWEEN least(FUNC.first_id, FUNC.first_lead) AND greatest(FUNC.last_id, FUNC.last_lead)',
        'AND a.acted_at >= FUNC.before', 'AND a.acted_at >= FUNC.before',
        'AND (a.stopped_at > a.started_at OR a.clock_id IS NULL AND a.acted_at >= FUNC.before + interval ''1 minute'')',
        'AND (a.stopped_at > a.started_at OR a.clock_id IS NULL AND a.acted_at >= FUNC.before + interval ''1 minute'')'), 'FUNC.', 'speed_rows.')));
END $do$;
COMMENT ON FUNCTION leadroute.speed_to_lead(timestamptz, timestamptz, text) IS 'The rows of view speed_to_lead whose clock started in a period; of a lead without clock, whose row came in it.';
COMMENT ON FUNCTION leadroute_internal.speed_rows(timestamptz, timestamptz, timestamptz, timestamptz, text, bigint, bigint, bigint, bigint) IS 'What speed_percentiles() sums up. Internal.';
COMMENT ON VIEW leadroute.speed_to_lead IS 'The way from the buyer''s action to the first meaningful response: inserted, routed, notified, answered. One row for each clock, so one for each action that somebody must answer, and one for a lead without clock. speed_percentiles sums it up.';
COMMENT ON COLUMN leadroute.speed_to_lead.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.speed_to_lead.email IS 'Its e-mail address.';
COMMENT ON COLUMN leadroute.speed_to_lead.owner_id IS 'The rep who owns it now.';
COMMENT ON COLUMN leadroute.speed_to_lead.territory IS 'Its territory now.';
COMMENT ON COLUMN leadroute.speed_to_lead.segment IS 'Its segment now.';
COMMENT ON COLUMN leadroute.speed_to_lead.event IS 'What the buyer did.';
COMMENT ON COLUMN leadroute.speed_to_lead.intent IS 'How eager that shows the buyer.';
COMMENT ON COLUMN leadroute.speed_to_lead.occurred_at IS 'When the buyer acted.';
COMMENT ON COLUMN leadroute.speed_to_lead.inserted_at IS 'When the row of the lead came.';
COMMENT ON COLUMN leadroute.speed_to_lead.routed_at IS 'When it was first routed after that action; NULL where the action asked for no routing.';
COMMENT ON COLUMN leadroute.speed_to_lead.notified_at IS 'When somebody was first told after that action; NULL once the notification is purged.';
COMMENT ON COLUMN leadroute.speed_to_lead.first_response_at IS 'What ended the clock: a response, or a status that says that somebody works on the lead; of a lead without clock its first response.';
COMMENT ON COLUMN leadroute.speed_to_lead.answered_by IS 'The rep who answered, or took it up.';
COMMENT ON COLUMN leadroute.speed_to_lead.channel IS 'How the rep answered.';
COMMENT ON COLUMN leadroute.speed_to_lead.time_to_route IS 'From the action to routing.';
COMMENT ON COLUMN leadroute.speed_to_lead.time_to_response IS 'From the action to the response.';
COMMENT ON COLUMN leadroute.speed_to_lead.policy IS 'The SLA policy of the clock.';
COMMENT ON COLUMN leadroute.speed_to_lead.due_at IS 'When the response was, or is, due.';
COMMENT ON COLUMN leadroute.speed_to_lead.is_breached IS 'Whether the response, the end of the clock without one, or now, is later than due_at; NULL without clock.';
COMMENT ON COLUMN leadroute.speed_to_lead.tenant IS 'The tenant of the lead.';
COMMENT ON COLUMN leadroute.speed_to_lead.clock_id IS 'The clock: sla_clocks.id; NULL for a lead that nobody had to answer.';
COMMENT ON COLUMN leadroute.speed_to_lead.ended IS 'How the clock ended, see sla_clocks; NULL while it runs.';
COMMENT ON COLUMN leadroute.speed_to_lead.owner_then IS 'The rep for whom the clock counts: who had the lead when its time ran out, or else when it ended; while it runs, who has it.';
COMMENT ON COLUMN leadroute.speed_to_lead.tier IS 'Tier of the lead now.';
COMMENT ON COLUMN leadroute.speed_to_lead.pool IS 'Pool of the lead now.';
COMMENT ON COLUMN leadroute.speed_to_lead.source IS 'Where the lead came from.';
COMMENT ON COLUMN leadroute.speed_to_lead.campaign IS 'Its campaign.';
COMMENT ON COLUMN leadroute.speed_to_lead.counted_at IS 'The moment that puts the row into a period: the start of the clock, or when the row of the lead came.';

CREATE FUNCTION leadroute_internal.speed_add(state internal, lead_id bigint, acted_at timestamptz, routed_at timestamptz, answered_at timestamptz, is_late boolean,
        "all" text, rep text, team text, territory text, segment text, tier text, pool text, source text, campaign text, channel text, event text, intent text, week timestamptz)
    RETURNS internal LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'leadroute_speed_add';
COMMENT ON FUNCTION leadroute_internal.speed_add(internal, bigint, timestamptz, timestamptz, timestamptz, boolean, text, text, text, text, text, text, text, text, text, text, text, text, timestamptz) IS 'Adds an action to those of speed_figures. Internal.';
CREATE FUNCTION leadroute_internal.speed_told(state internal) RETURNS json LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'leadroute_speed_told';
COMMENT ON FUNCTION leadroute_internal.speed_told(internal) IS 'What the actions of speed_figures add up to. Internal.';
-- In Rust, as each dimension would sort all times anew. Few: the planner reckons with a state per tenant.
CREATE AGGREGATE leadroute_internal.speed_figures(lead_id bigint, acted_at timestamptz, routed_at timestamptz, answered_at timestamptz, is_late boolean,
        "all" text, rep text, team text, territory text, segment text, tier text, pool text, source text, campaign text, channel text, event text, intent text, week timestamptz) (
    SFUNC = leadroute_internal.speed_add, STYPE = internal, SSPACE = 10000, FINALFUNC = leadroute_internal.speed_told);
COMMENT ON AGGREGATE leadroute_internal.speed_figures(bigint, timestamptz, timestamptz, timestamptz, boolean, text, text, text, text, text, text, text, text, text, text, text, text, timestamptz) IS 'Counts and percentiles of actions by each of the dimensions that its last arguments name, as JSON. Internal.';

CREATE FUNCTION leadroute_internal.is_dimension(dimension text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF dimension <> ALL ('{all,rep,team,territory,segment,tier,pool,source,campaign,channel,event,intent,week}') THEN
        RAISE EXCEPTION 'there is no dimension "%"', dimension
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Allowed is one of: all, rep, team, territory, segment, tier, pool, source, campaign, channel, event, intent, week; NULL is each of them.';
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION leadroute_internal.is_dimension(text) IS 'True, or an error that says which dimensions there are. Internal.';

-- Leads of a period lie close together, and so do those of its clocks: what is read beside them is read between the first and the last.
CREATE FUNCTION leadroute_internal.speed_ends(since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (first_id bigint, last_id bigint, first_lead bigint, last_lead bigint)
    -- one row joins one row: where that counted as dear, workers would not seem to save anything
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_nestloop = on
BEGIN ATOMIC
    -- + 0: not from the ends of the key
    SELECT x.first, x.last, y.first, y.last
      FROM (SELECT min(l.id + 0) AS first, max(l.id + 0) AS last FROM leadroute.leads l
             WHERE l.created_at >= speed_ends.since AND l.created_at < speed_ends.until AND (speed_ends.tenant IS NULL OR l.tenant = speed_ends.tenant)) x,
           (SELECT min(c.lead_id + 0) AS first, max(c.lead_id + 0) AS last FROM leadroute.sla_clocks c
             WHERE c.started_at >= speed_ends.since AND c.started_at < speed_ends.until AND (speed_ends.tenant IS NULL OR c.tenant = speed_ends.tenant)) y;
END;
COMMENT ON FUNCTION leadroute_internal.speed_ends(timestamptz, timestamptz, text) IS 'The first and last lead of a period, and of its clocks. Internal.';

CREATE FUNCTION leadroute.speed_percentiles(since timestamptz, until timestamptz, tenant text DEFAULT NULL, dimension text DEFAULT NULL)
    RETURNS TABLE (dimension text, value text, leads bigint, n bigint, answered bigint, unanswered bigint, within_target bigint, percent_within_target numeric,
                   p50 interval, p90 interval, p99 interval, p50_to_route interval, p99_to_route interval, tenant text)
    -- workers hand over each row: that is cheaper than it is taken for, beside the joins that they have made for it; rows are not sorted by tenant
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET enable_mergejoin = off SET enable_sort = off SET work_mem = '128MB' SET parallel_tuple_cost = 0.005 SET parallel_setup_cost = 0
BEGIN ATOMIC
    SELECT ('{all,rep,team,territory,segment,tier,pool,source,campaign,channel,event,intent,week}'::text[])[k.dimension + 1],
           -- in days and seconds: microseconds of far years are more than a double holds
           CASE k.dimension WHEN 12 THEN to_char((timestamp '2000-01-01' + make_interval(days => (k.value::bigint / 86400000000)::integer, secs => (k.value::bigint % 86400000000) / 1e6)) AT TIME ZONE 'UTC', 'IYYY-"W"IW')
                            ELSE k.value END,
           k.leads, k.n, k.answered, k.n - k.answered, k.met, leadroute_internal.percent(k.met, k.met + k.late),
           justify_hours(k.response[1] * interval '1 us'), justify_hours(k.response[2] * interval '1 us'), justify_hours(k.response[3] * interval '1 us'),
           justify_hours(k.route[1] * interval '1 us'), justify_hours(k.route[3] * interval '1 us'), f.tenant
      FROM (SELECT s.tenant, leadroute_internal.speed_figures(s.lead_id, s.acted_at, s.routed_at, s.answered_at, s.is_late, 'all',
                       s.rep, m.manager_id, s.territory, s.segment, s.tier, s.pool, s.source, s.campaign, s.channel, s.event, s.intent,
                       -- infinity is in no week
                       CASE WHEN s.counted_at >= '4712-01-01 00:00:00+00 BC' AND s.counted_at < 'infinity' THEN date_trunc('week', s.counted_at) END) AS figures
              FROM leadroute_internal.speed_ends(speed_percentiles.since, speed_percentiles.until, speed_percentiles.tenant) e
             CROSS JOIN LATERAL leadroute_internal.speed_rows(speed_percentiles.since, speed_percentiles.until, leadroute_internal.day_before(speed_percentiles.since),
                       leadroute_internal.day_after(speed_percentiles.until), speed_percentiles.tenant, e.first_id, e.last_id, e.first_lead, e.last_lead) s
              LEFT JOIN leadroute.reps m ON m.id = s.rep
             GROUP BY s.tenant) f
     CROSS JOIN LATERAL json_to_recordset(f.figures)
           AS k (dimension integer, value text, leads bigint, n bigint, answered bigint, met bigint, late bigint, response bigint[], route bigint[])
     WHERE leadroute_internal.is_period(speed_percentiles.since, speed_percentiles.until) AND leadroute_internal.is_dimension(speed_percentiles.dimension)
       AND (speed_percentiles.dimension IS NULL
            OR k.dimension + 1 = array_position('{all,rep,team,territory,segment,tier,pool,source,campaign,channel,event,intent,week}'::text[], speed_percentiles.dimension));
END;
COMMENT ON FUNCTION leadroute.speed_percentiles(timestamptz, timestamptz, text, text) IS 'The actions of buyers in a period (rows of speed_to_lead, n), and of how many leads they are, by rep (who answered, else the owner), team (their manager), territory, segment, tier, pool, source, campaign, channel, event, intent and ISO week, and all together; or by one of these. Percentiles are of the answered ones; percent_within_target is of those whose time was met or has run out.';
