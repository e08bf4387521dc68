-- The audit: the figures of a period in one table, each with what it is of.

CREATE FUNCTION leadroute.audit_measures(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (measure text, value numeric, unit text, "limit" numeric, is_ok boolean, n bigint, detail text)
    LANGUAGE sql STABLE SET jit = off SET work_mem = '64MB'
BEGIN ATOMIC
    WITH came AS (
        SELECT coalesce(sum(u.leads), 0)::bigint AS leads, coalesce(sum(u.unrouted), 0) AS unrouted, coalesce(sum(u.fallback), 0) AS fallback, coalesce(sum(u.errors), 0) AS errors
          FROM leadroute.unrouted_rate(audit_measures.since, audit_measures.until, audit_measures.tenant) u
    ), ended AS (
        SELECT coalesce(sum(r.closed), 0)::bigint AS closed, coalesce(sum(r.converted), 0)::bigint AS converted, coalesce(sum(r.value_won), 0) AS won
          FROM leadroute.leads_by_rep(audit_measures.since, audit_measures.until, audit_measures.tenant) r
    ), clocks AS (
        SELECT count(*) AS clocks, count(*) FILTER (WHERE c.is_met) AS met, count(*) FILTER (WHERE c.is_late) AS late
          FROM leadroute_internal.clocks_counted(audit_measures.since, audit_measures.until, audit_measures.tenant) c
    ), speed AS (
        SELECT count(s.time_to_response) AS answered, percentile_cont(0.5) WITHIN GROUP (ORDER BY s.time_to_response) AS median
          FROM leadroute.speed_to_lead(audit_measures.since, audit_measures.until, audit_measures.tenant) s
    ), others AS (
        SELECT (SELECT count(*) FROM leadroute.misrouted_leads(audit_measures.since, audit_measures.until, audit_measures.tenant)) AS misrouted,
               (SELECT count(DISTINCT d.lead_id) FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id
                 WHERE d.cause = 'escalation' AND d.decided_at >= audit_measures.since - interval '1 day' AND l.duplicate_of IS NULL
                   AND l.created_at >= audit_measures.since AND l.created_at < audit_measures.until
                   AND (audit_measures.tenant IS NULL OR l.tenant = audit_measures.tenant)) AS escalated,
               (SELECT count(*) FROM leadroute.leads l
                 WHERE l.duplicate_of IS NOT NULL AND l.created_at >= audit_measures.since AND l.created_at < audit_measures.until
                   AND (audit_measures.tenant IS NULL OR l.tenant = audit_measures.tenant)) AS touches
    )
    SELECT m.measure, m.value, m.unit, m."limit", m.value <= m."limit", m.n::bigint, m.detail
      FROM came c, ended e, clocks k, speed s, others o,
           LATERAL (VALUES
        (1, 'leads', c.leads::numeric, 'leads', NULL::numeric, c.leads, 'that came, touches apart'),
        (2, 'unrouted', leadroute_internal.percent(c.unrouted, c.leads), 'percent', 2, c.leads, format('%s leads for which nobody was found, of these %s after an error', c.unrouted, c.errors)),
        (3, 'fallback', leadroute_internal.percent(c.fallback, c.leads), 'percent', NULL, c.leads, format('%s leads that fell back to a queue, catch-all or another', c.fallback)),
        (4, 'misrouted', leadroute_internal.percent(o.misrouted, c.leads), 'percent', NULL, c.leads, format('%s leads that were told to have gone to the wrong rep', o.misrouted)),
        (5, 'answered within target', leadroute_internal.percent(k.met, k.met + k.late), 'percent', NULL, k.met + k.late, format('%s clocks met of those that were met or ran out', k.met)),
        (6, 'breached', k.late, 'clocks', NULL, k.clocks, 'clocks whose time ran out without an answer'),
        (7, 'escalated', leadroute_internal.percent(o.escalated, c.leads), 'percent', NULL, c.leads, format('%s leads with a step of a ladder', o.escalated)),
        (8, 'touches', o.touches, 'touches', NULL, c.leads + o.touches, 'submits of persons who were there already, of all rows'),
        (9, 'median response', round((extract(epoch FROM s.median) / 60)::numeric, 1), 'minutes', NULL, s.answered, 'from the action of the buyer to the answer, of those answered'),
        (10, 'converted', leadroute_internal.percent(e.converted, e.closed), 'percent', NULL, e.closed, format('%s leads converted of those closed', e.converted)),
        (11, 'value won', e.won, 'amount', NULL, e.converted, 'what the converted leads were worth')
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
