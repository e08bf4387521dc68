-- The audit: the figures of a period in one table, each with what it is of.

CREATE FUNCTION leadroute.audit_measures(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (measure text, value numeric, unit text, "limit" numeric, is_ok boolean, n bigint, detail text)
    -- Leads, decisions and clocks are counted here rather than by five other reports. Planned for any period (a setting keeps the body from being inlined), so the planner takes a period for few rows.
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET enable_mergejoin = off SET work_mem = '128MB'
BEGIN ATOMIC
    WITH came AS (
        SELECT count(*) FILTER (WHERE l.duplicate_of IS NULL) AS leads, count(*) FILTER (WHERE l.duplicate_of IS NOT NULL) AS touches,
               count(*) FILTER (WHERE l.duplicate_of IS NULL AND l.decision_id IS NULL AND l.owner_id IS NULL AND l.queue IS NULL AND l.status = 'new') AS waiting,
               count(*) FILTER (WHERE l.duplicate_of IS NULL AND l.status IN ('converted', 'lost', 'disqualified')) AS closed,
               count(*) FILTER (WHERE l.duplicate_of IS NULL AND l.status = 'converted') AS converted,
               coalesce(sum(l.amount) FILTER (WHERE l.duplicate_of IS NULL AND l.status = 'converted'), 0) AS won
          FROM leadroute.leads l
         WHERE l.created_at >= audit_measures.since AND l.created_at < audit_measures.until
           AND (audit_measures.tenant IS NULL OR l.tenant = audit_measures.tenant)
           AND leadroute_internal.is_period(audit_measures.since, audit_measures.until)
    ), went AS (
        -- fallback and errors as in unrouted_rate()
        SELECT count(*) FILTER (WHERE d.is_fallback) AS fallback, count(*) FILTER (WHERE d.is_error) AS errors, count(DISTINCT d.lead_id) FILTER (WHERE NOT d.is_fallback) AS escalated,
               count(*) FILTER (WHERE d.is_unrouted AND NOT (l.decision_id IS NULL AND l.owner_id IS NULL AND l.queue IS NULL AND l.status = 'new')) AS unrouted
          FROM (SELECT x.lead_id, x.is_fallback, x.is_fallback AND x.trace @> '[{"code": "error"}]' AS is_error,
                       x.is_fallback AND NOT EXISTS (SELECT FROM leadroute.queues q WHERE q.name = x.queue AND q.kind <> 'catch_all') AS is_unrouted
                  FROM (SELECT d.lead_id, d.trace, d.queue, u.is_fallback
                          FROM leadroute.decisions d
                         -- one row as each: a step of a ladder may end in fallback
                         CROSS JOIN LATERAL (VALUES (true), (false)) u (is_fallback)
                         WHERE (d.layer = 'fallback' OR d.cause = 'escalation') AND d.decided_at >= audit_measures.since - interval '1 day'
                           AND CASE WHEN NOT u.is_fallback THEN d.cause = 'escalation'
                                    WHEN d.layer = 'fallback' THEN d.id = (SELECT min(e.id + 0) FROM leadroute.decisions e WHERE e.lead_id = d.lead_id) END) x) d
          JOIN leadroute.leads l ON l.id = d.lead_id
         WHERE l.duplicate_of IS NULL AND l.created_at >= audit_measures.since AND l.created_at < audit_measures.until
           AND (audit_measures.tenant IS NULL OR l.tenant = audit_measures.tenant)
    ), clocks AS (
        SELECT count(*) AS clocks, count(*) FILTER (WHERE c.is_met) AS met, count(*) FILTER (WHERE c.is_late) AS late
          FROM leadroute_internal.clocks_counted(audit_measures.since, audit_measures.until, audit_measures.tenant) c
    ), speed AS (
        -- time_to_response of speed_to_lead(), which looks up more than is asked for here
        SELECT count(a.seconds) AS answered, percentile_cont(0.5) WITHIN GROUP (ORDER BY a.seconds) AS median
          FROM (SELECT greatest(date_part('epoch', c.stopped_at - least(c.started_at, l.occurred_at)), 0) AS seconds
                  FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
                 WHERE l.duplicate_of IS NULL AND c.ended IN ('answered', 'worked') AND isfinite(c.stopped_at) AND isfinite(least(c.started_at, l.occurred_at))
                   AND c.started_at >= audit_measures.since AND c.started_at < audit_measures.until
                   AND (audit_measures.tenant IS NULL OR c.tenant = audit_measures.tenant)
                UNION ALL
                SELECT greatest(date_part('epoch', min(r.at) - l.occurred_at), 0)
                  FROM leadroute.leads l JOIN leadroute.responses r ON r.lead_id = l.id AND r.meaningful AND r.at >= l.occurred_at - interval '1 minute'
                 WHERE l.duplicate_of IS NULL AND isfinite(l.occurred_at) AND NOT EXISTS (SELECT FROM leadroute.sla_clocks c WHERE c.lead_id = l.id)
                   AND l.created_at >= audit_measures.since AND l.created_at < audit_measures.until
                   AND (audit_measures.tenant IS NULL OR l.tenant = audit_measures.tenant)
                 GROUP BY l.id, l.occurred_at) a
    ), wrong AS (
        SELECT count(*) AS misrouted FROM leadroute.misrouted_leads(audit_measures.since, audit_measures.until, audit_measures.tenant)
    )
    SELECT m.measure, m.value, m.unit, m."limit", m.value <= m."limit", m.n::bigint, m.detail
      FROM came c, went w, clocks k, speed s, wrong o,
           LATERAL (VALUES
        (1, 'leads', c.leads::numeric, 'leads', NULL::numeric, c.leads, 'that came, touches apart'),
        (2, 'unrouted', leadroute_internal.percent(c.waiting + w.unrouted, c.leads), 'percent', 2, c.leads, format('%s leads for which nobody was found, of these %s after an error', c.waiting + w.unrouted, w.errors)),
        (3, 'fallback', leadroute_internal.percent(w.fallback, c.leads), 'percent', NULL, c.leads, format('%s leads that fell back to a queue, catch-all or another', w.fallback)),
        (4, 'misrouted', leadroute_internal.percent(o.misrouted, c.leads), 'percent', NULL, c.leads, format('%s leads that were told to have gone to the wrong rep', o.misrouted)),
        (5, 'answered within target', leadroute_internal.percent(k.met, k.met + k.late), 'percent', NULL, k.met + k.late, format('%s clocks met of those that were met or ran out', k.met)),
        (6, 'breached', k.late, 'clocks', NULL, k.clocks, 'clocks whose time ran out without an answer'),
        (7, 'escalated', leadroute_internal.percent(w.escalated, c.leads), 'percent', NULL, c.leads, format('%s leads with a step of a ladder', w.escalated)),
        (8, 'touches', c.touches, 'touches', NULL, c.leads + c.touches, 'submits of persons who were there already, of all rows'),
        (9, 'median response', round(s.median::numeric / 60, 1), 'minutes', NULL, s.answered, 'from the action of the buyer to the answer, of those answered'),
        (10, 'converted', leadroute_internal.percent(c.converted, c.closed), 'percent', NULL, c.closed, format('%s leads converted of those closed', c.converted)),
        (11, 'value won', c.won, 'amount', NULL, c.converted, 'what the converted leads were worth')
    ) m (no, measure, value, unit, "limit", n, detail)
     ORDER BY m.no;
END;
COMMENT ON FUNCTION leadroute.audit_measures(timestamptz, timestamptz, text) IS 'The figures of a period, a row each: value in its unit, the limit that it should not pass and whether it keeps it (NULL where there is none), and n: of how many. Leads are those whose row came in the period, clocks those that started in it. A share of nothing is NULL.';

CREATE FUNCTION leadroute.monthly_audit(month date, tenant text DEFAULT NULL)
    RETURNS TABLE (measure text, value numeric, unit text, "limit" numeric, is_ok boolean, n bigint, detail text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM leadroute.audit_measures(date_trunc('month', monthly_audit.month::timestamp)::timestamptz,
        (date_trunc('month', monthly_audit.month::timestamp) + interval '1 month')::timestamptz, monthly_audit.tenant);
END;
COMMENT ON FUNCTION leadroute.monthly_audit(date, text) IS 'audit_measures() of the month that a day is in, by the TimeZone of the session.';
