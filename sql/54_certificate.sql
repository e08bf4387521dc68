-- Every turn of a pool with the numbers by which it can be checked, without a look at the book of the rotation.

CREATE FUNCTION leadroute_internal.pool_number(pool text) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found integer := (SELECT p.pool_no FROM leadroute.pools p WHERE p.name = pool_number.pool);
BEGIN
    IF found IS NULL THEN
        RAISE EXCEPTION 'pool "%" does not exist', coalesce(pool, 'null') USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.pools.';
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION leadroute_internal.pool_number(text) IS 'pools.pool_no of a pool, or an error. Internal.';

-- A query of its own: workers share it.
CREATE FUNCTION leadroute_internal.turn_events(pool_no integer, since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (event text, at timestamptz, decision_id bigint, lead_id bigint, tenant text, step jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    WITH named AS MATERIALIZED (
        -- as the pool is called, and as it was
        SELECT array_agg(n.name) AS names FROM (
            SELECT p.name FROM leadroute.pools p WHERE p.pool_no = turn_events.pool_no
            UNION SELECT i.image ->> 'name' FROM leadroute.config_history h CROSS JOIN LATERAL (VALUES (h.before), (h.after)) i (image)
             WHERE h."table" = 'pools' AND NOT h.is_data AND (i.image ->> 'pool_no')::integer = turn_events.pool_no) n
    ), seated AS MATERIALIZED (
        -- another pool may have had its name; seats are of one pool only
        SELECT array_agg(s.seat) AS seats FROM (
            SELECT unnest(t.seats) AS seat FROM leadroute.turns t WHERE t.pool_no = turn_events.pool_no
            UNION SELECT m.seat FROM leadroute.pool_members m JOIN leadroute.pools p ON p.name = m.pool WHERE p.pool_no = turn_events.pool_no) s
    )
    SELECT CASE s.step ->> 'code' WHEN 'turn' THEN 'turn' ELSE 'company' END AS event, d.decided_at AS at, d.id AS decision_id, d.lead_id, d.tenant, s.step
      FROM leadroute.decisions d CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(d.trace) WHEN 'array' THEN d.trace END) s (step)
     WHERE d.decided_at >= turn_events.since AND d.decided_at < turn_events.until AND (turn_events.tenant IS NULL OR d.tenant = turn_events.tenant)
       AND (d.pool = ANY ((SELECT n.names FROM named n)::text[]) OR d.cause IN ('escalation', 'auto_assign'))
       AND s.step ->> 'code' IN ('turn', 'same_company') AND s.step ->> 'pool' = ANY ((SELECT n.names FROM named n)::text[])
       AND leadroute_internal.has_seat(s.step, (SELECT a.seats FROM seated a))
    UNION ALL
    SELECT 'returned', r.returned_at, d.id, d.lead_id, d.tenant, s.step
      FROM leadroute.returned_turns r JOIN leadroute.decisions d ON d.id = r.decision_id CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(d.trace) WHEN 'array' THEN d.trace END) s (step)
     WHERE r.pool_no = turn_events.pool_no AND r.returned_at >= turn_events.since AND r.returned_at < turn_events.until
       AND (turn_events.tenant IS NULL OR d.tenant = turn_events.tenant) AND s.step ->> 'code' IN ('turn', 'same_company')
       AND leadroute_internal.has_seat(s.step, (SELECT a.seats FROM seated a));
END;
COMMENT ON FUNCTION leadroute_internal.turn_events(integer, timestamptz, timestamptz, text) IS 'Turns of a pool that were taken in a period, by rotation or by the company of the lead, and those that were given back in it, with what the trace of the decision says. Internal.';

CREATE FUNCTION leadroute_internal.turn_shares(pool_no integer, since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (turn bigint, event text, at timestamptz, decision_id bigint, lead_id bigint, tenant text, receiver text, rep_id text, seat integer, weight bigint,
                   part bigint, owed bigint, received integer, open_leads bigint, capacity bigint, why text, due bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    -- parts of a lead, and who was due, are those of candidates(), and not of the router
    SELECT e.turn, e.event, e.at, e.decision_id, e.lead_id, e.tenant, e.receiver, c.rep_id, c.seat, c.weight, e.sign * c.part, CASE WHEN e.event = 'turn' THEN c.owed END,
           CASE WHEN c.seat IS NOT NULL THEN e.sign * (c.rep_id = e.receiver)::integer END, c.open_leads, c.capacity, c.why || coalesce(': ' || c.reason, ''),
           CASE WHEN e.event = 'turn' THEN c.due END
      FROM (SELECT dense_rank() OVER (ORDER BY t.at, t.decision_id, t.event) AS turn, t.*, t.step ->> 'rep' AS receiver, CASE t.event WHEN 'returned' THEN -1 ELSE 1 END AS sign
              FROM leadroute_internal.turn_events(turn_shares.pool_no, turn_shares.since, turn_shares.until, turn_shares.tenant) t) e
     CROSS JOIN LATERAL leadroute_internal.candidates(e.step) c;
END;
COMMENT ON FUNCTION leadroute_internal.turn_shares(integer, timestamptz, timestamptz, text) IS 'Each member that a turn of the pool was looked for among, with their part of the lead, what they were owed with it, in 10^-12 leads, and in which order they were due. Internal.';

-- Read into the functions that call it, which compute the columns that they ask for.
CREATE FUNCTION leadroute_internal.turns_counted(pool text, since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (turn bigint, event text, at timestamptz, decision_id bigint, lead_id bigint, tenant text, receiver text, rep_id text, seat integer, weight bigint, part bigint, seen bigint, before numeric,
                   received integer, open_leads bigint, capacity bigint, why text, is_first boolean, place bigint)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH counted AS (
        -- in one order: turns of each seat
        SELECT s.*, s.owed - s.part AS seen, coalesce(sum(s.part - s.received * 1000000000000) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS moved,
               min(CASE WHEN s.owed - s.part IS NOT NULL THEN s.turn END) OVER (PARTITION BY s.seat, s.tenant) AS first_seen, row_number() OVER w = 1 AND s.seat IS NOT NULL AS is_first
          FROM leadroute_internal.turn_shares(leadroute_internal.pool_number(turns_counted.pool), turns_counted.since, turns_counted.until, turns_counted.tenant) s
         WHERE leadroute_internal.is_period(turns_counted.since, turns_counted.until)
        WINDOW w AS (PARTITION BY s.seat, s.tenant ORDER BY s.turn)
    )
    SELECT c.turn, c.event, c.at, c.decision_id, c.lead_id, c.tenant, c.receiver, c.rep_id, c.seat, c.weight, c.part, c.seen,
           -- what each had before the period is what their first turn in it saw
           coalesce(max(CASE WHEN c.turn = c.first_seen THEN c.seen - c.moved END) OVER (PARTITION BY c.seat, c.tenant), 0) + c.moved,
           c.received, c.open_leads, c.capacity, c.why, c.is_first, c.due
      FROM counted c;
END;
COMMENT ON FUNCTION leadroute_internal.turns_counted(text, timestamptz, timestamptz, text) IS 'The rows of fairness_certificate(), in 10^-12 leads and without words. Internal.';

CREATE FUNCTION leadroute.fairness_certificate(pool text, since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (turn bigint, event text, at timestamptz, decision_id bigint, lead_id bigint, receiver text, rep_id text, seat integer, is_eligible boolean, why text, weight numeric,
                   entitled numeric, credit_seen numeric, credit_before numeric, received integer, deviation numeric, place bigint, open_leads bigint, capacity numeric, tenant text)
    -- not inlined: its plan looks dear, and would be compiled for longer than it runs
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '128MB' SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    SELECT o.turn, o.event, o.at, o.decision_id, o.lead_id, o.receiver, o.rep_id, o.seat, o.seat IS NOT NULL OR o.open_leads IS NOT NULL,
           CASE WHEN o.why IS NOT NULL THEN o.why WHEN o.rep_id = o.receiver THEN CASE o.event WHEN 'turn' THEN 'it was their turn' WHEN 'company' THEN 'has an open lead of the company' ELSE 'gave the turn back' END
                -- concat() costs many times as much
                ELSE coalesce(o.receiver, '') || CASE WHEN o.event = 'company' THEN ' has an open lead of the company' WHEN o.event = 'returned' THEN ' gave the turn back'
                                                      WHEN o.seat IS NULL THEN ' had more room' ELSE ' was due first' END END,
           trim_scale(o.weight * 0.001), o.part * 0.000000000001, o.seen * 0.000000000001, CASE WHEN o.seat IS NOT NULL THEN o.before * 0.000000000001 END, o.received,
           CASE WHEN o.seat IS NOT NULL THEN (o.before + o.part) * 0.000000000001 - o.received END, o.place, o.open_leads, trim_scale(o.capacity * 0.001), o.tenant
      FROM leadroute_internal.turns_counted(fairness_certificate.pool, fairness_certificate.since, fairness_certificate.until, fairness_certificate.tenant) o
     ORDER BY o.turn, o.seat NULLS LAST, o.rep_id;
END;
COMMENT ON FUNCTION leadroute.fairness_certificate(text, timestamptz, timestamptz, text) IS 'Every turn of a pool in a period, a row for each member: whether they were eligible, else why not; their weight then, with performance; entitled, their part of this lead by weight among those eligible; credit_seen, entitlement less leads received before it, as whoever decided saw it; credit_before, the same counted through these rows, from what the first turn of the member in the period saw; received, and deviation, credit_before + entitled - received, all in leads. place orders those eligible by the rule of Tijdeman over what they are owed, credit_seen + entitled, with m = 1/(2k-2) for k eligible: first those owed at least m, then who comes to 1-m after the fewest leads, then who is owed more, then the lower seat. Where the most that anybody is owed is below m or above 1-m, or the least below m-1, who is owed most is next, then the lower seat; in a least_loaded pool open_leads by capacity come before that, and only those with equally much room are entitled. event: turn; company, a lead that went to who has another of its company; returned, a turn that was given back, which takes back what it did. fairness_verdict() sums it up.';

CREATE FUNCTION leadroute.fairness_verdict(pool text, since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (pool text, tenant text, turns bigint, returned bigint, kept_together bigint, members bigint, by_rule bigint, worst_deviation numeric, worst_rep text, worst_decision bigint,
                   bound numeric, rule text, is_kept boolean, verdict text)
    -- not inlined: its plan looks dear, and would be compiled for longer than it runs
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '128MB' SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    WITH row_of AS MATERIALIZED (
        SELECT c.tenant, c.turn, c.event, c.decision_id, c.rep_id, c.seat, c.weight, c.open_leads, c.before, c.seen, c.is_first, c.place = 1 AND c.rep_id = c.receiver AS is_by_rule,
               abs(CASE WHEN c.seat IS NOT NULL THEN c.before + c.part - c.received * 1000000000000 END) AS deviation
          FROM leadroute_internal.turns_counted(fairness_verdict.pool, fairness_verdict.since, fairness_verdict.until, fairness_verdict.tenant) c
    ), counted AS (
        SELECT t.tenant, count(*) FILTER (WHERE t.event = 'turn') AS turns, count(*) FILTER (WHERE t.event = 'returned') AS returned, count(*) FILTER (WHERE t.event = 'company') AS kept_together
          FROM (SELECT r.tenant, r.event FROM row_of r GROUP BY r.turn, r.tenant, r.event) t GROUP BY t.tenant
    ), seat_of AS (
        SELECT r.tenant, r.seat, count(*) FILTER (WHERE r.is_by_rule) AS by_rule, bool_or(r.before <> 0) FILTER (WHERE r.is_first) AS is_continued,
               max(abs(r.seen - r.before)) FILTER (WHERE r.seat IS NOT NULL) AS beside, bool_or(r.open_leads IS NOT NULL) AS by_load, max(r.deviation) AS deviation,
               count(*) AS turns, count(r.weight) = count(*) AND min(r.weight) = max(r.weight) AS is_steady
          FROM row_of r GROUP BY r.tenant, r.seat
    ), summed AS (
        SELECT s.tenant, count(s.seat) AS members, sum(s.by_rule)::bigint AS by_rule, coalesce(bool_or(s.is_continued), false) AS is_continued,
               ceil(max(s.beside) * 0.000000000001) AS beside, bool_or(s.by_load) AS by_load, max(s.deviation) AS deviation,
               -- each seat in as many turns as any other, and of one weight in all
               min(s.turns) FILTER (WHERE s.seat IS NOT NULL) AS fewest, bool_and(s.is_steady) FILTER (WHERE s.seat IS NOT NULL) AS is_steady
          FROM seat_of s GROUP BY s.tenant
    ), worst_of AS (
        SELECT DISTINCT ON (r.tenant) r.tenant, r.deviation, r.rep_id, r.decision_id
          FROM row_of r JOIN summed s ON s.tenant = r.tenant AND coalesce(s.deviation, -1) = coalesce(r.deviation, -1) ORDER BY r.tenant, r.turn, r.seat
    ), judged AS (
        SELECT s.*, c.turns, c.returned, c.kept_together, w.deviation * 0.000000000001 AS worst, w.rep_id AS worst_rep, w.decision_id AS worst_decision,
               s.fewest = c.turns AND s.is_steady AND NOT s.is_continued AND c.returned = 0 AND c.kept_together = 0 AND NOT s.by_load AS is_fixed
          FROM summed s JOIN counted c ON c.tenant = s.tenant JOIN worst_of w ON w.tenant = s.tenant
         -- of a tenant for whom nobody was ever eligible there is nothing to say
         WHERE s.members > 0 OR s.by_load
    ), bounded AS (
        SELECT j.*, CASE WHEN j.is_fixed THEN 1 ELSE 2 END + coalesce(j.beside, 0) + j.kept_together AS bound FROM judged j
    )
    SELECT fairness_verdict.pool, b.tenant, b.turns, b.returned, b.kept_together, b.members, b.by_rule, b.worst, b.worst_rep, b.worst_decision, b.bound,
           concat(CASE WHEN b.is_fixed THEN '1 lead: who was eligible, and their weights, did not change' WHEN b.by_load THEN '2 leads, among those with equally much room'
                       ELSE '2 leads: who was eligible or their weights changed, or credit comes from before the period' END,
                  CASE WHEN b.beside > 0 THEN format('; and %s, as other open transactions, or leads of accounts that count, moved credit beside these turns', b.beside) END,
                  CASE WHEN b.kept_together > 0 THEN format('; and %s for leads that stayed with their company', b.kept_together) END),
           b.worst <= b.bound AND b.by_rule = b.turns,
           CASE WHEN b.by_rule < b.turns THEN format('not kept: %s of %s turns went to somebody whose turn it was not', b.turns - b.by_rule, b.turns)
                ELSE format('%s: after %s turns the worst deviation was %s leads (%s, decision %s), with a bound of %s', CASE WHEN b.worst <= b.bound THEN 'kept' ELSE 'not kept' END,
                            b.turns, round(b.worst, 3), b.worst_rep, b.worst_decision, b.bound) END
      FROM bounded b
    UNION ALL
    SELECT fairness_verdict.pool, coalesce(fairness_verdict.tenant, ''), 0, 0, 0, 0, 0, 0, NULL, NULL, 1, 'nothing was handed out', true, 'there were no turns' WHERE NOT EXISTS (SELECT FROM row_of)
     ORDER BY 2;
END;
COMMENT ON FUNCTION leadroute.fairness_verdict(text, timestamptz, timestamptz, text) IS 'Sums up fairness_certificate() for each tenant: how many turns there were, how many of them went to who was next by the rule (by_rule), the worst deviation of a member from their exact share, and the bound that is promised for what has happened: one lead while nothing changes, two where eligibility does, one more for each lead by which what a session saw differs from what these turns add up to, and for each that stayed with its company.';
