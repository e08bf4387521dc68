-- How fair pools were in a period, by the traces of the decisions made in it.

CREATE FUNCTION leadroute.pool_fairness(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (pool text, rep_id text, weight numeric, leads bigint, entitled numeric, received bigint, returned bigint, difference numeric, skipped jsonb, tenant text)
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET work_mem = '64MB'
BEGIN ATOMIC
    WITH asked AS (
        SELECT d.id, d.pool, s.step ->> 'rep' AS chosen, s.step, b.decision_id IS NOT NULL AS is_returned
          FROM leadroute.decisions d
          LEFT JOIN leadroute.returned_turns b ON b.decision_id = d.id
         CROSS JOIN LATERAL (SELECT jsonb_path_query_first(d.trace, 'lax $[*] ? (exists(@.candidates))') AS step OFFSET 0) s
         WHERE d.decided_at >= pool_fairness.since AND d.decided_at < pool_fairness.until AND d.pool IS NOT NULL
           AND (pool_fairness.tenant IS NULL OR d.tenant = pool_fairness.tenant) AND s.step IS NOT NULL
           AND leadroute_internal.is_period(pool_fairness.since, pool_fairness.until)
    ), candidate AS (
        SELECT a.pool, c.rep_id AS rep, c.seat, c.rep_id = a.chosen AS is_chosen, a.is_returned,
               c.weight::float8 / nullif(t.total, 0) AS part, c.why
          FROM asked a
         CROSS JOIN LATERAL (SELECT sum(o.weight::float8) AS total FROM leadroute_internal.candidates(a.step) o) t
         CROSS JOIN LATERAL leadroute_internal.candidates(a.step) c
    ), counted AS (
        -- a name may be that of somebody else by now, the seat is not
        SELECT coalesce(m.pool, c.pool) AS pool, coalesce(m.rep_id, c.rep) AS rep_id, count(*) AS leads,
               coalesce(sum(c.part) FILTER (WHERE NOT c.is_returned), 0)::numeric AS entitled,
               count(*) FILTER (WHERE c.is_chosen) AS received, count(*) FILTER (WHERE c.is_chosen AND c.is_returned) AS returned,
               c.why, count(c.why) AS skips
          FROM candidate c
          LEFT JOIN leadroute.pool_members m ON m.seat = c.seat
         GROUP BY coalesce(m.pool, c.pool), coalesce(m.rep_id, c.rep), c.why
    ), summed AS (
        SELECT k.pool, k.rep_id, sum(k.leads)::bigint AS leads, sum(k.entitled) AS entitled, sum(k.received)::bigint AS received, sum(k.returned)::bigint AS returned,
               jsonb_object_agg(k.why, k.skips) FILTER (WHERE k.why IS NOT NULL) AS skipped
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
