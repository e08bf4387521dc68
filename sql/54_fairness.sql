-- How fair pools were in a period, by the traces of the decisions made in it.

CREATE FUNCTION leadroute_internal.pool_shares_add(state internal, pool text, trace jsonb, is_returned boolean)
    -- as dear as it is: else the planner sees nothing to share
    RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 AS 'MODULE_PATHNAME', 'leadroute_pool_shares_add';
COMMENT ON FUNCTION leadroute_internal.pool_shares_add(internal, text, jsonb, boolean) IS 'Adds a decision to those of pool_shares. Internal.';
CREATE FUNCTION leadroute_internal.pool_shares_join(state internal, other internal) RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_pool_shares_join';
COMMENT ON FUNCTION leadroute_internal.pool_shares_join(internal, internal) IS 'Adds what another process has added up for pool_shares. Internal.';
CREATE FUNCTION leadroute_internal.pool_shares_out(state internal) RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_pool_shares_out';
COMMENT ON FUNCTION leadroute_internal.pool_shares_out(internal) IS 'What a process hands over to another for pool_shares. Internal.';
CREATE FUNCTION leadroute_internal.pool_shares_in(state bytea, call internal) RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_pool_shares_in';
COMMENT ON FUNCTION leadroute_internal.pool_shares_in(bytea, internal) IS 'Reads what another process has handed over for pool_shares. Internal.';
CREATE FUNCTION leadroute_internal.pool_shares_told(state internal) RETURNS json LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_pool_shares_told';
COMMENT ON FUNCTION leadroute_internal.pool_shares_told(internal) IS 'What the decisions of pool_shares add up to. Internal.';
-- In Rust, as a trace made into rows costs many times what is read of it.
CREATE AGGREGATE leadroute_internal.pool_shares(pool text, trace jsonb, is_returned boolean) (
    SFUNC = leadroute_internal.pool_shares_add, STYPE = internal, SSPACE = 100000, FINALFUNC = leadroute_internal.pool_shares_told,
    COMBINEFUNC = leadroute_internal.pool_shares_join, SERIALFUNC = leadroute_internal.pool_shares_out, DESERIALFUNC = leadroute_internal.pool_shares_in, PARALLEL = SAFE);
COMMENT ON AGGREGATE leadroute_internal.pool_shares(text, jsonb, boolean) IS 'What each candidate of pools was entitled to (in 10^-18 leads) and received, by pool, rep, seat, and reason for which they were passed over, as JSON: from the first step of each trace that has candidates of a pool. What cannot be read says nothing. Internal.';

-- A query of its own: workers share it.
CREATE FUNCTION leadroute_internal.pool_sums(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (told json)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT leadroute_internal.pool_shares(d.pool, d.trace, b.decision_id IS NOT NULL)
      FROM leadroute.decisions d
      LEFT JOIN leadroute.returned_turns b ON b.decision_id = d.id
     WHERE d.decided_at >= pool_sums.since AND d.decided_at < pool_sums.until AND d.pool IS NOT NULL
       AND (pool_sums.tenant IS NULL OR d.tenant = pool_sums.tenant);
END;
COMMENT ON FUNCTION leadroute_internal.pool_sums(timestamptz, timestamptz, text) IS 'pool_shares of the decisions of a period, for pool_fairness(). Internal.';

CREATE FUNCTION leadroute.pool_fairness(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (pool text, rep_id text, weight numeric, leads bigint, entitled numeric, received bigint, returned bigint, difference numeric, skipped jsonb, tenant text)
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET work_mem = '64MB' SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    WITH counted AS (
        -- a name may be that of somebody else by now, the seat is not
        SELECT coalesce(m.pool, k.pool) AS pool, coalesce(m.rep_id, k.rep) AS rep_id, k.why, sum(k.leads) AS leads, sum(k.entitled) * 0.000000000000000001 AS entitled,
               sum(k.received) AS received, sum(k.returned) AS returned
          FROM leadroute_internal.pool_sums(pool_fairness.since, pool_fairness.until, pool_fairness.tenant) a
         CROSS JOIN LATERAL json_to_recordset(a.told) AS k (pool text, rep text, seat integer, why text, leads bigint, entitled numeric, received bigint, returned bigint)
          LEFT JOIN leadroute.pool_members m ON m.seat = k.seat
         WHERE leadroute_internal.is_period(pool_fairness.since, pool_fairness.until)
         GROUP BY coalesce(m.pool, k.pool), coalesce(m.rep_id, k.rep), k.why
    ), summed AS (
        SELECT k.pool, k.rep_id, sum(k.leads)::bigint AS leads, sum(k.entitled) AS entitled, sum(k.received)::bigint AS received, sum(k.returned)::bigint AS returned,
               jsonb_object_agg(k.why, k.leads) FILTER (WHERE k.why IS NOT NULL) AS skipped
          FROM counted k GROUP BY k.pool, k.rep_id
    )
    SELECT coalesce(m.pool, s.pool), coalesce(m.rep_id, s.rep_id), m.weight, coalesce(s.leads, 0), round(coalesce(s.entitled, 0), 6), coalesce(s.received, 0), coalesce(s.returned, 0),
           round(coalesce(s.entitled - s.received + s.returned, 0), 6), s.skipped, r.tenant
      FROM leadroute.pool_members m
      FULL JOIN summed s ON (s.pool, s.rep_id) = (m.pool, m.rep_id)
      LEFT JOIN leadroute.reps r ON r.id = coalesce(m.rep_id, s.rep_id)
     WHERE pool_fairness.tenant IS NULL OR r.tenant = pool_fairness.tenant;
END;
COMMENT ON FUNCTION leadroute.pool_fairness(timestamptz, timestamptz, text) IS 'Each member of each pool, also those who were never eligible, and former members who were asked in a period: over how many leads of the pool (leads), what they were entitled to by weight over those that they were eligible for, what they received by rotation, what of it was given back (and entitles nobody), and the difference, entitled less kept. skipped counts by reason the leads for which they were passed over. What was owed before the period is not in it; the view pool_fairness has the books as they stand.';
