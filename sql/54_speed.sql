-- How fast leads are answered.

-- Looked up for a few leads, beside what is read as a whole for the others. A function, as workers run no sub-selects of a row.
CREATE FUNCTION leadroute_internal.first_routed(lead_id bigint, acted_at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT min(x.decided_at) FROM leadroute.decisions x
     WHERE x.lead_id = first_routed.lead_id AND x.decided_at >= first_routed.acted_at AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response');
END;
COMMENT ON FUNCTION leadroute_internal.first_routed(bigint, timestamptz) IS 'When a lead was first routed from an action on. Internal.';

-- Leads of a period lie close together: they, and what is read beside them, are read between the first and the last. What is of other leads (clocks
-- of a period whose lead came earlier) is looked up with all that belongs to them; so is everything where numbers and times do not go together.
CREATE FUNCTION leadroute_internal.speed_part(since timestamptz, until timestamptz, tenant text, no integer, parts integer)
    RETURNS TABLE (since timestamptz, until timestamptz, first_id bigint, last_id bigint, is_all boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    SELECT p.since, p.until, CASE WHEN d.is_dense THEN p.first_id END, CASE WHEN d.is_dense THEN p.last_id END, p.is_all
      FROM leadroute_internal.period_part(speed_part.since, speed_part.until, speed_part.tenant, speed_part.no, speed_part.parts) p
     CROSS JOIN LATERAL (SELECT p.is_all OR leadroute_internal.is_dense(p.since, p.until, speed_part.tenant, p.first_id, p.last_id) AS is_dense) d;
END;
COMMENT ON FUNCTION leadroute_internal.speed_part(timestamptz, timestamptz, text, integer, integer) IS 'period_part(), without leads where those of the part are few beside others between them. Internal.';

-- One text for the view and for functions, which say which leads they mean: where %s stand, in their order. What is looked up for each lead is
-- read once from the table, the earliest row of each lead; only for an action that came after that (a restarted clock) it is looked up by itself.
-- Where no column of such a table is asked for, the view does not read it.
DO $do$
DECLARE
    parts constant integer := 6;
    body constant text := $q$
SELECT a.lead_id, a.email, a.owner_id, a.territory, a.segment, a.event,
       coalesce((SELECT jsonb_object_agg(e.name, e.intent) FROM leadroute.event_types e) ->> lower(a.event), 'medium') AS intent, a.acted_at AS occurred_at,
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
          FROM leadroute.leads l LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id %s WHERE l.duplicate_of IS NULL %s) a
  %s
 CROSS JOIN LATERAL (SELECT CASE WHEN fd.at >= a.acted_at THEN fd.at
                                 ELSE (SELECT min(x.decided_at) FROM leadroute.decisions x
                                        WHERE x.lead_id = a.lead_id AND x.decided_at >= a.acted_at
                                          AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response')) END AS decided_at) d
 CROSS JOIN LATERAL (SELECT CASE WHEN fn.at IS NULL OR fn.at >= a.acted_at THEN fn.at
                                 ELSE (SELECT min(x.created_at) FROM leadroute.notifications x
                                        WHERE x.lead_id = a.lead_id AND x.created_at >= a.acted_at) END AS told_at) t
 CROSS JOIN LATERAL (SELECT CASE WHEN a.ended IS DISTINCT FROM 'answered' AND a.clock_id IS NOT NULL OR fr.lead_id IS NULL THEN NULL
                                 WHEN CASE WHEN a.clock_id IS NULL THEN (fr.response).at >= a.acted_at - interval '1 minute'
                                           ELSE greatest((fr.response).at, a.started_at) = a.stopped_at END THEN fr.response
                                 ELSE (SELECT x FROM leadroute.responses x
                                        WHERE x.lead_id = a.lead_id AND x.meaningful
                                          AND CASE WHEN a.clock_id IS NULL THEN x.at >= a.acted_at - interval '1 minute'
                                                   ELSE greatest(x.at, a.started_at) = a.stopped_at END
                                        ORDER BY x.at, x.id LIMIT 1) END AS first) r
 CROSS JOIN LATERAL (SELECT CASE WHEN a.clock_id IS NULL THEN (r.first).at WHEN a.ended IN ('answered', 'worked') THEN a.stopped_at END AS answered_at) b $q$;
    -- of all leads at once
    firsts constant text := $q$LEFT JOIN (SELECT x.lead_id, min(x.decided_at) AS at FROM leadroute.decisions x
              WHERE x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response') %1$s GROUP BY x.lead_id) fd ON fd.lead_id = a.lead_id
  LEFT JOIN (SELECT x.lead_id, min(x.created_at) AS at FROM leadroute.notifications x WHERE x.lead_id IS NOT NULL %1$s GROUP BY x.lead_id) fn ON fn.lead_id = a.lead_id
  LEFT JOIN (SELECT DISTINCT ON (x.lead_id) x.lead_id, x AS response FROM leadroute.responses x WHERE x.meaningful %1$s
              ORDER BY x.lead_id, x.at, x.id) fr ON fr.lead_id = a.lead_id$q$;
    -- of each lead by itself
    first constant text := $q$CROSS JOIN LATERAL (SELECT min(x.decided_at) AS at FROM leadroute.decisions x
              WHERE x.lead_id = a.lead_id AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response')) fd
  CROSS JOIN LATERAL (SELECT min(x.created_at) AS at FROM leadroute.notifications x WHERE x.lead_id = a.lead_id) fn
  LEFT JOIN LATERAL (SELECT x.lead_id, x AS response FROM leadroute.responses x WHERE x.lead_id = a.lead_id AND x.meaningful ORDER BY x.at, x.id LIMIT 1) fr ON true$q$;
BEGIN
    EXECUTE 'CREATE VIEW leadroute.speed_to_lead AS ' || format(body, '', '', format(firsts, ''));
    -- All tables are read in the order of leads, side by side: no hashing, no sorting, and nothing that depends on statistics.
    EXECUTE replace($f$CREATE FUNCTION leadroute_internal.speed_rows(since timestamptz, until timestamptz, only_tenant text, first_id bigint, last_id bigint)
        RETURNS SETOF leadroute.speed_to_lead LANGUAGE sql STABLE PARALLEL SAFE
        -- so many that workers seem worth it, so few that to compile expressions does not
        COST 2000000 ROWS 10000 SET work_mem = '64MB' SET search_path = pg_catalog, pg_temp SET jit = off SET enable_hashjoin = off SET enable_nestloop = off SET enable_mergejoin = on SET enable_seqscan = off SET enable_bitmapscan = off BEGIN ATOMIC $f$
        || format(body, 'AND c.lead_id BETWEEN FUNC.first_id AND FUNC.last_id',
                        'AND l.id BETWEEN FUNC.first_id AND FUNC.last_id AND (FUNC.only_tenant IS NULL OR l.tenant = FUNC.only_tenant)
                         AND coalesce(c.started_at, l.created_at) >= FUNC.since AND coalesce(c.started_at, l.created_at) < FUNC.until',
                        format(firsts, 'AND x.lead_id BETWEEN FUNC.first_id AND FUNC.last_id')) || '; END', 'FUNC.', 'speed_rows.');
    EXECUTE replace($f$CREATE FUNCTION leadroute_internal.speed_of_earlier(since timestamptz, until timestamptz, only_tenant text, first_id bigint, last_id bigint, is_all boolean)
        RETURNS SETOF leadroute.speed_to_lead LANGUAGE sql STABLE PARALLEL SAFE COST 10000 ROWS 100
        SET search_path = pg_catalog, pg_temp SET jit = off SET max_parallel_workers_per_gather = 0 SET enable_seqscan = off SET enable_nestloop = on SET enable_hashjoin = off SET enable_mergejoin = off BEGIN ATOMIC $f$
        || format(body, '', 'AND c.started_at >= FUNC.since AND c.started_at < FUNC.until AND (FUNC.only_tenant IS NULL OR c.tenant = FUNC.only_tenant)
                         AND (c.lead_id BETWEEN FUNC.first_id AND FUNC.last_id) IS NOT TRUE
                         AND NOT FUNC.is_all', first)
        || ' UNION ALL ' || format(body, '', 'AND c.id IS NULL AND l.created_at >= FUNC.since AND l.created_at < FUNC.until AND (FUNC.only_tenant IS NULL OR l.tenant = FUNC.only_tenant)
                         AND FUNC.first_id IS NULL', first) || '; END', 'FUNC.', 'speed_of_earlier.');
    -- Parts of the period, for workers. Without settings, so that it is read into the query that calls it, and they do what that asks for, too.
    EXECUTE 'CREATE FUNCTION leadroute.speed_to_lead(since timestamptz, until timestamptz, tenant text DEFAULT NULL) RETURNS SETOF leadroute.speed_to_lead
        LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC '
        || (SELECT string_agg(format($f$SELECT r.* FROM leadroute_internal.speed_part(speed_to_lead.since, speed_to_lead.until, speed_to_lead.tenant, %s, %s) p
            CROSS JOIN LATERAL (SELECT x.* FROM leadroute_internal.speed_rows(p.since, p.until, speed_to_lead.tenant, p.first_id, p.last_id) x
                                UNION ALL
                                SELECT x.* FROM leadroute_internal.speed_of_earlier(p.since, p.until, speed_to_lead.tenant, p.first_id, p.last_id, p.is_all) x) r
            WHERE leadroute_internal.is_period(speed_to_lead.since, speed_to_lead.until)$f$, n, parts), ' UNION ALL ') FROM generate_series(1, parts) n) || '; END';
END $do$;
COMMENT ON FUNCTION leadroute_internal.speed_rows(timestamptz, timestamptz, text, bigint, bigint) IS 'The rows of speed_to_lead() of leads between the first and the last of a period. Internal.';
COMMENT ON FUNCTION leadroute_internal.speed_of_earlier(timestamptz, timestamptz, text, bigint, bigint, boolean) IS 'The rows of speed_to_lead() whose clock started in a period, of leads that are not between first_id and last_id (none where is_all); where these are NULL all rows of the period. Internal.';

COMMENT ON FUNCTION leadroute.speed_to_lead(timestamptz, timestamptz, text) IS 'The rows of view speed_to_lead whose clock started in a period; of a lead without clock, whose row came in it.';
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

CREATE FUNCTION leadroute_internal.speed_add(state internal, what text, tenant text, lead_id bigint, id bigint, at timestamptz, started_at timestamptz, answered_at timestamptz, routed_at timestamptz,
        is_late boolean, is_by_response boolean, rep text, team text, territory text, segment text, tier text, pool text, source text, campaign text, channel text, event text, intent text, week timestamptz)
    -- as dear as it is: else the planner sees nothing to share
    RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'leadroute_speed_add';
COMMENT ON FUNCTION leadroute_internal.speed_add(internal, text, text, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean, text, text, text, text, text, text, text, text, text, text, text, timestamptz) IS 'Adds a row to those of speed_figures. Internal.';
CREATE FUNCTION leadroute_internal.speed_join(state internal, other internal) RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_speed_join';
COMMENT ON FUNCTION leadroute_internal.speed_join(internal, internal) IS 'Adds what another process has read for speed_figures. Internal.';
CREATE FUNCTION leadroute_internal.speed_out(state internal) RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_speed_out';
COMMENT ON FUNCTION leadroute_internal.speed_out(internal) IS 'What a process hands over to another for speed_figures. Internal.';
CREATE FUNCTION leadroute_internal.speed_in(state bytea, call internal) RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_speed_in';
COMMENT ON FUNCTION leadroute_internal.speed_in(bytea, internal) IS 'Reads what another process has handed over for speed_figures. Internal.';
CREATE FUNCTION leadroute_internal.speed_told(state internal) RETURNS json LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_speed_told';
COMMENT ON FUNCTION leadroute_internal.speed_told(internal) IS 'What the rows of speed_figures add up to. Internal.';
-- In Rust: each dimension would sort all times anew, and joins of a million leads with their decisions and responses cost more than to read them.
CREATE AGGREGATE leadroute_internal.speed_figures(what text, tenant text, lead_id bigint, id bigint, at timestamptz, started_at timestamptz, answered_at timestamptz, routed_at timestamptz,
        is_late boolean, is_by_response boolean, rep text, team text, territory text, segment text, tier text, pool text, source text, campaign text, channel text, event text, intent text, week timestamptz) (
    SFUNC = leadroute_internal.speed_add, STYPE = internal, SSPACE = 100000, FINALFUNC = leadroute_internal.speed_told, FINALFUNC_MODIFY = READ_WRITE,
    COMBINEFUNC = leadroute_internal.speed_join, SERIALFUNC = leadroute_internal.speed_out, DESERIALFUNC = leadroute_internal.speed_in, PARALLEL = SAFE);
COMMENT ON AGGREGATE leadroute_internal.speed_figures(text, text, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean, text, text, text, text, text, text, text, text, text, text, text, timestamptz) IS 'Counts and percentiles of actions by each dimension, as JSON. A row is what its first argument says: an action, with what is known of it; a decision about a lead (lead_id, at); a response to a lead (id, lead_id, at, rep, channel); a rep with their manager (rep, team); a trigger event with its intent (event, intent). An action is routed by the first decision from it on, unless routed_at says when; where is_by_response, its channel is that of the response that stopped its clock, and without a clock (started_at) its answer is the first response from a minute before it on. Internal.';

CREATE FUNCTION leadroute_internal.week_of(at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- infinity is in no week
    SELECT CASE WHEN week_of.at >= '4712-01-01 00:00:00+00 BC' AND week_of.at < 'infinity' THEN date_trunc('week', week_of.at) END;
END;
COMMENT ON FUNCTION leadroute_internal.week_of(timestamptz) IS 'When the week of a time begins, by the TimeZone of the session; NULL of infinity. Internal.';

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

CREATE FUNCTION leadroute_internal.speed_sums(since timestamptz, until timestamptz, before timestamptz, only_tenant text, first_id bigint, last_id bigint, is_all boolean, is_old boolean)
    RETURNS TABLE (figures json)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT leadroute_internal.speed_figures(r.what, r.tenant, r.lead_id, r.id, r.at, r.started_at, r.answered_at, r.routed_at, r.is_late, r.is_by_response,
                                            r.rep, r.team, r.territory, r.segment, r.tier, r.pool, r.source, r.campaign, r.channel, r.event, r.intent, r.week)
      FROM (SELECT 'action' AS what, l.tenant, l.id AS lead_id, NULL::bigint AS id, a.acted_at AS at, c.started_at,
                   CASE WHEN c.ended IN ('answered', 'worked') THEN c.stopped_at END AS answered_at,
                   -- no decision is older than its lead
                   CASE WHEN a.acted_at < speed_sums.before AND l.created_at < speed_sums.before THEN leadroute_internal.first_routed(l.id, a.acted_at) END AS routed_at,
                   coalesce(c.stopped_at, now()) > c.due_at AND c.ended IS DISTINCT FROM 'replaced' AS is_late,
                   c.id IS NULL OR c.ended = 'answered' AS is_by_response,
                   coalesce(c.answered_by, l.owner_id) AS rep, NULL AS team, l.territory, l.segment, l.tier, l.pool, l.source, l.campaign,
                   NULL AS channel, coalesce(c.of_event, l.event) AS event, NULL AS intent, leadroute_internal.week_of(coalesce(c.started_at, l.created_at)) AS week
              FROM leadroute.leads l
              -- all clocks of the lead, not only those of the period: without any it counts when it came
              LEFT JOIN (SELECT x.* FROM leadroute.sla_clocks x WHERE x.lead_id BETWEEN speed_sums.first_id AND speed_sums.last_id) c ON c.lead_id = l.id
             CROSS JOIN LATERAL (SELECT least(c.started_at, l.occurred_at) AS acted_at) a
             WHERE l.duplicate_of IS NULL AND l.id BETWEEN speed_sums.first_id AND speed_sums.last_id AND (speed_sums.only_tenant IS NULL OR l.tenant = speed_sums.only_tenant)
               AND coalesce(c.started_at, l.created_at) >= speed_sums.since AND coalesce(c.started_at, l.created_at) < speed_sums.until
            UNION ALL
            SELECT 'action', a.tenant, a.lead_id, NULL, a.occurred_at, a.counted_at, a.first_response_at, a.routed_at, a.is_breached, false, coalesce(a.answered_by, a.owner_id), NULL, a.territory,
                   a.segment, a.tier, a.pool, a.source, a.campaign, a.channel, a.event, NULL, leadroute_internal.week_of(a.counted_at)
              FROM leadroute_internal.speed_of_earlier(speed_sums.since, speed_sums.until, speed_sums.only_tenant, speed_sums.first_id, speed_sums.last_id, speed_sums.is_all) a
            UNION ALL
            SELECT 'decision', NULL, x.lead_id, NULL, x.decided_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
              FROM leadroute.decisions x
             -- + 0: by time. Few decisions that were made from then on are of other leads
             WHERE NOT speed_sums.is_old AND x.decided_at >= speed_sums.before AND x.lead_id + 0 BETWEEN speed_sums.first_id AND speed_sums.last_id
               AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response') AND (speed_sums.only_tenant IS NULL OR x.tenant = speed_sums.only_tenant)
            UNION ALL
            SELECT 'decision', NULL, x.lead_id, NULL, x.decided_at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
              FROM leadroute.decisions x
             -- most are
             WHERE speed_sums.is_old AND x.lead_id BETWEEN speed_sums.first_id AND speed_sums.last_id
               AND x.cause NOT IN ('escalation', 'auto_assign', 'claim', 'manual', 'response') AND (speed_sums.only_tenant IS NULL OR x.tenant = speed_sums.only_tenant)
            UNION ALL
            SELECT 'response', NULL, x.lead_id, x.id, x.at, NULL, NULL, NULL, NULL, NULL, x.rep_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, x.channel, NULL, NULL, NULL
              FROM leadroute.responses x
             WHERE x.meaningful AND x.lead_id BETWEEN speed_sums.first_id AND speed_sums.last_id AND (speed_sums.only_tenant IS NULL OR x.tenant = speed_sums.only_tenant)
            UNION ALL
            SELECT 'rep', NULL, NULL::bigint, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.id, m.manager_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
              FROM leadroute.reps m WHERE m.manager_id IS NOT NULL
            UNION ALL
            SELECT 'event', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, e.name, e.intent, NULL
              -- by its index: a table that can only be read as a whole would seem too dear to share the rest
              FROM leadroute.event_types e WHERE e.name >= '') r;
END;
COMMENT ON FUNCTION leadroute_internal.speed_sums(timestamptz, timestamptz, timestamptz, text, bigint, bigint, boolean, boolean) IS 'speed_figures of a period, for speed_percentiles(): the rows of speed_to_lead, with decisions, responses and reps beside them. before is a day before the period. Internal.';

CREATE FUNCTION leadroute.speed_percentiles(since timestamptz, until timestamptz, tenant text DEFAULT NULL, dimension text DEFAULT NULL)
    RETURNS TABLE (dimension text, value text, leads bigint, n bigint, answered bigint, unanswered bigint, within_target bigint, percent_within_target numeric,
                   p50 interval, p90 interval, p99 interval, p50_to_route interval, p99_to_route interval, tenant text)
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET enable_mergejoin = off SET work_mem = '128MB' SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
    SET min_parallel_index_scan_size = 0
BEGIN ATOMIC
    SELECT ('{all,rep,team,territory,segment,tier,pool,source,campaign,channel,event,intent,week}'::text[])[k.dimension + 1],
           -- in days and seconds: microseconds of far years are more than a double holds
           CASE k.dimension WHEN 12 THEN to_char((timestamp '2000-01-01' + make_interval(days => (k.value::bigint / 86400000000)::integer, secs => (k.value::bigint % 86400000000) / 1e6)) AT TIME ZONE 'UTC', 'IYYY-"W"IW')
                            ELSE k.value END,
           k.leads, k.n, k.answered, k.n - k.answered, k.met, leadroute_internal.percent(k.met, k.met + k.late),
           justify_hours(k.response[1] * interval '1 us'), justify_hours(k.response[2] * interval '1 us'), justify_hours(k.response[3] * interval '1 us'),
           justify_hours(k.route[1] * interval '1 us'), justify_hours(k.route[3] * interval '1 us'), k.tenant
      FROM leadroute_internal.speed_part(speed_percentiles.since, speed_percentiles.until, speed_percentiles.tenant, 1, 1) e
     CROSS JOIN LATERAL leadroute_internal.speed_sums(speed_percentiles.since, speed_percentiles.until, leadroute_internal.day_before(speed_percentiles.since), speed_percentiles.tenant,
                                                      e.first_id, e.last_id, e.is_all, leadroute_internal.is_old(e.first_id, e.last_id)) f
     CROSS JOIN LATERAL json_to_recordset(f.figures)
           AS k (tenant text, dimension integer, value text, leads bigint, n bigint, answered bigint, met bigint, late bigint, response bigint[], route bigint[])
     WHERE leadroute_internal.is_period(speed_percentiles.since, speed_percentiles.until) AND leadroute_internal.is_dimension(speed_percentiles.dimension)
       AND (speed_percentiles.dimension IS NULL
            OR k.dimension + 1 = array_position('{all,rep,team,territory,segment,tier,pool,source,campaign,channel,event,intent,week}'::text[], speed_percentiles.dimension));
END;
COMMENT ON FUNCTION leadroute.speed_percentiles(timestamptz, timestamptz, text, text) IS 'The actions of buyers in a period (rows of speed_to_lead, n), and of how many leads they are, by rep (who answered, else the owner), team (their manager), territory, segment, tier, pool, source, campaign, channel, event, intent and ISO week, and all together; or by one of these. Percentiles are of the answered ones; percent_within_target is of those whose time was met or has run out.';
