-- The audit: the figures of a period in one table, each with what it is of.

-- Each part is a query of its own that several workers share. Leads of a period lie close together, and so do those of its clocks: what is
-- read beside them is read between the first and the last.

CREATE FUNCTION leadroute_internal.audit_leads(since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (leads bigint, touches bigint, waiting bigint, closed bigint, converted bigint, won numeric, first_id bigint, last_id bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT count(*) FILTER (WHERE l.duplicate_of IS NULL), count(*) FILTER (WHERE l.duplicate_of IS NOT NULL),
           count(*) FILTER (WHERE l.duplicate_of IS NULL AND leadroute_internal.is_waiting(l.decision_id, l.owner_id, l.queue, l.status)),
           count(*) FILTER (WHERE l.duplicate_of IS NULL AND leadroute_internal.is_closed(l.status)),
           count(*) FILTER (WHERE l.duplicate_of IS NULL AND l.status = 'converted'),
           coalesce(sum(l.amount) FILTER (WHERE l.duplicate_of IS NULL AND l.status = 'converted'), 0),
           -- + 0: not from the ends of the key
           min(l.id + 0), max(l.id + 0)
      FROM leadroute.leads l
     WHERE l.created_at >= audit_leads.since AND l.created_at < audit_leads.until AND (audit_leads.tenant IS NULL OR l.tenant = audit_leads.tenant);
END;
COMMENT ON FUNCTION leadroute_internal.audit_leads(timestamptz, timestamptz, text) IS 'What audit_measures() says of leads, and the first and last of them. Internal.';

CREATE FUNCTION leadroute_internal.audit_clocks(since timestamptz, until timestamptz, tenant text)
    RETURNS TABLE (clocks bigint, met bigint, late bigint, first_lead bigint, last_lead bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT count(*), count(*) FILTER (WHERE c.is_met), count(*) FILTER (WHERE c.is_late), min(c.lead_id + 0), max(c.lead_id + 0)
      FROM leadroute_internal.clocks_counted(audit_clocks.since, audit_clocks.until, audit_clocks.tenant) c;
END;
COMMENT ON FUNCTION leadroute_internal.audit_clocks(timestamptz, timestamptz, text) IS 'What audit_measures() says of clocks, and the first and last of their leads. Internal.';

-- time_to_response of speed_to_lead(), which looks up more than is asked for here. In PL/pgSQL, so that it is planned for the period that is
-- asked for; there names are looked up with the rights of the caller, who reads no leadroute_internal.
CREATE FUNCTION leadroute_internal.audit_answers(since timestamptz, until timestamptz, tenant text, first_id bigint, last_id bigint, first_lead bigint, last_lead bigint)
    RETURNS TABLE (answered bigint, median float8)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
    SELECT count(a.seconds), percentile_cont(0.5) WITHIN GROUP (ORDER BY a.seconds)
      FROM (SELECT greatest(date_part('epoch', c.stopped_at - least(c.started_at, l.occurred_at)), 0) AS seconds
              FROM leadroute.sla_clocks c JOIN leadroute.leads l ON l.id = c.lead_id
             WHERE l.duplicate_of IS NULL AND c.ended IN ('answered', 'worked') AND isfinite(c.stopped_at) AND isfinite(least(c.started_at, l.occurred_at))
               AND c.started_at >= audit_answers.since AND c.started_at < audit_answers.until
               AND (audit_answers.tenant IS NULL OR c.tenant = audit_answers.tenant) AND l.id BETWEEN audit_answers.first_lead AND audit_answers.last_lead
               AND c.lead_id BETWEEN audit_answers.first_lead AND audit_answers.last_lead
            UNION ALL
            -- of leads without a clock, which are few
            SELECT greatest(date_part('epoch', min(r.at) - l.occurred_at), 0)
              FROM (SELECT x.lead_id, x.at FROM leadroute.responses x
                     WHERE x.meaningful AND x.lead_id BETWEEN audit_answers.first_id AND audit_answers.last_id
                       AND NOT EXISTS (SELECT FROM leadroute.sla_clocks c WHERE c.lead_id = x.lead_id AND c.lead_id BETWEEN audit_answers.first_id AND audit_answers.last_id) OFFSET 0) r
              JOIN leadroute.leads l ON l.id = r.lead_id
             WHERE l.duplicate_of IS NULL AND isfinite(l.occurred_at) AND r.at >= l.occurred_at - interval '1 minute'
               AND l.created_at >= audit_answers.since AND l.created_at < audit_answers.until
               AND (audit_answers.tenant IS NULL OR l.tenant = audit_answers.tenant)
             GROUP BY l.id, l.occurred_at) a;
END $$;
COMMENT ON FUNCTION leadroute_internal.audit_answers(timestamptz, timestamptz, text, bigint, bigint, bigint, bigint) IS 'How many actions were answered, and the median of the time in seconds, for audit_measures(). Internal.';

CREATE FUNCTION leadroute.audit_measures(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (measure text, value numeric, unit text, "limit" numeric, is_ok boolean, n bigint, detail text)
    LANGUAGE sql STABLE SET jit = off SET enable_nestloop = off SET enable_mergejoin = off SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005 SET work_mem = '128MB'
BEGIN ATOMIC
    SELECT m.measure, m.value, m.unit, m."limit", m.value <= m."limit", m.n::bigint, m.detail
      FROM leadroute_internal.audit_leads(audit_measures.since, audit_measures.until, audit_measures.tenant) c
     CROSS JOIN LATERAL leadroute_internal.audit_routing(audit_measures.since, audit_measures.until, audit_measures.tenant, c.first_id, c.last_id,
                                                         leadroute_internal.is_old(c.first_id, c.last_id)) w
     CROSS JOIN leadroute_internal.audit_clocks(audit_measures.since, audit_measures.until, audit_measures.tenant) k
     CROSS JOIN LATERAL leadroute_internal.audit_answers(audit_measures.since, audit_measures.until, audit_measures.tenant, c.first_id, c.last_id, k.first_lead, k.last_lead) s
     CROSS JOIN LATERAL (VALUES
        (1, 'leads', c.leads::numeric, 'leads', NULL::numeric, c.leads, 'that came, touches apart'),
        (2, 'unrouted', leadroute_internal.percent(c.waiting + w.unrouted, c.leads), 'percent', (SELECT h."limit" FROM leadroute_internal.threshold_of('unrouted_share', '', coalesce(audit_measures.tenant, '')) h WHERE h.enabled), c.leads, format('%s leads for which nobody was found, of these %s after an error', c.waiting + w.unrouted, w.errors)),
        (3, 'fallback', leadroute_internal.percent(w.fallback, c.leads), 'percent', NULL, c.leads, format('%s leads that fell back to a queue, catch-all or another', w.fallback)),
        (4, 'misrouted', leadroute_internal.percent(w.misrouted, c.leads), 'percent', NULL, c.leads, format('%s leads that were told to have gone to the wrong rep', w.misrouted)),
        (5, 'answered within target', leadroute_internal.percent(k.met, k.met + k.late), 'percent', NULL, k.met + k.late, format('%s clocks met of those that were met or ran out', k.met)),
        (6, 'breached', k.late, 'clocks', NULL, k.clocks, 'clocks whose time ran out without an answer'),
        (7, 'escalated', leadroute_internal.percent(w.escalated, c.leads), 'percent', NULL, c.leads, format('%s leads with a step of a ladder', w.escalated)),
        (8, 'touches', c.touches, 'touches', NULL, c.leads + c.touches, 'submits of persons who were there already, of all rows'),
        (9, 'median response', round(s.median::numeric / 60, 1), 'minutes', NULL, s.answered, 'from the action of the buyer to the answer, of those answered'),
        (10, 'converted', leadroute_internal.percent(c.converted, c.closed), 'percent', NULL, c.closed, format('%s leads converted of those closed', c.converted)),
        (11, 'value won', c.won, 'amount', NULL, c.converted, 'what the converted leads were worth')
    ) m (no, measure, value, unit, "limit", n, detail)
     WHERE leadroute_internal.is_period(audit_measures.since, audit_measures.until)
     ORDER BY m.no;
END;
COMMENT ON FUNCTION leadroute.audit_measures(timestamptz, timestamptz, text) IS 'The figures of a period, a row each: value in its unit, the limit that it should not pass and whether it keeps it (NULL where there is none; of unrouted leads it is that of unrouted_share in alarm_thresholds), and n: of how many. Leads are those whose row came in the period, clocks those that started in it. A share of nothing is NULL.';

CREATE FUNCTION leadroute.monthly_audit(month date, tenant text DEFAULT NULL)
    RETURNS TABLE (measure text, value numeric, unit text, "limit" numeric, is_ok boolean, n bigint, detail text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM leadroute.audit_measures(date_trunc('month', monthly_audit.month::timestamp)::timestamptz,
        (date_trunc('month', monthly_audit.month::timestamp) + interval '1 month')::timestamptz, monthly_audit.tenant);
END;
COMMENT ON FUNCTION leadroute.monthly_audit(date, text) IS 'audit_measures() of the month that a day is in, by the TimeZone of the session.';
