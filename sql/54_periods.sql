-- Reports count what fell into a period: from since on, and before until.
--
-- Report functions run with the rights and row security of whoever calls them. Their bodies were parsed when they were created,
-- so no search_path of the caller changes what they name. They, or what they call, bring settings, so they are planned by themselves,
-- for any period:
-- to compile expressions (jit) costs more than it saves, where a restore has left no statistics a nested loop over a million rows
-- looks cheap and the index on times looks useless (enable_seqscan), and several workers share the work (parallel_*_cost), as the
-- planner takes a period for few rows. What is called for each row is PARALLEL SAFE for that.

CREATE FUNCTION leadroute_internal.is_period(since timestamptz, until timestamptz) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF since IS NULL OR until IS NULL THEN
        RAISE EXCEPTION 'a period needs both ends, but "%" is null', CASE WHEN since IS NULL THEN 'since' ELSE 'until' END
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Without an end it is -infinity or infinity.';
    END IF;
    IF since > until THEN
        RAISE EXCEPTION 'a period cannot begin (%) after it ends (%)', since, until
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The first argument is the beginning, the second the end, which is not part of it.';
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION leadroute_internal.is_period(timestamptz, timestamptz) IS 'True, or an error that says what is wrong with a period. Internal.';

CREATE FUNCTION leadroute_internal.percent(part numeric, of_all numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * part / nullif(of_all, 0), 1);
END;
COMMENT ON FUNCTION leadroute_internal.percent(numeric, numeric) IS 'How many percent, to one decimal; NULL of nothing. Internal.';

-- Looks are taken a day further than a period: time may pass between a row and what was decided about it.
CREATE FUNCTION leadroute_internal.day_before(at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN day_before.at >= '4712-01-01 00:00:00+00 BC' THEN day_before.at - interval '1 day' ELSE '-infinity' END;
END;
COMMENT ON FUNCTION leadroute_internal.day_before(timestamptz) IS 'A day before a time; -infinity where there is none. Internal.';

CREATE FUNCTION leadroute_internal.outer_leads() RETURNS TABLE (first_id bigint, last_id bigint, earliest timestamptz, latest timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off
BEGIN ATOMIC
    SELECT min(l.id), max(l.id), min(l.created_at), max(l.created_at) FROM leadroute.leads l
     WHERE l.id IN ((SELECT min(x.id) FROM leadroute.leads x), (SELECT max(x.id) FROM leadroute.leads x));
END;
COMMENT ON FUNCTION leadroute_internal.outer_leads() IS 'The leads with the lowest and the highest number, and the times at which these two came: nearly always the earliest and the latest of all. Internal.';

-- Many leads came since, so what is about leads of the period is found by their numbers; else by its time, as little is about others.
CREATE FUNCTION leadroute_internal.is_old(first_id bigint, last_id bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off
BEGIN ATOMIC
    SELECT CASE WHEN is_old.first_id IS NOT NULL THEN (SELECT max(l.id) FROM leadroute.leads l)::numeric - is_old.first_id > 2 * (is_old.last_id::numeric - is_old.first_id) END;
END;
COMMENT ON FUNCTION leadroute_internal.is_old(bigint, bigint) IS 'Whether more leads came after those of a period than lie between its first and last. Internal.';

CREATE FUNCTION leadroute_internal.lead_ends(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (first_id bigint, last_id bigint)
    -- In PL/pgSQL, so that it is planned for the period that is asked for.
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
    -- + 0: not from the ends of the key
    RETURN QUERY SELECT min(l.id + 0), max(l.id + 0) FROM leadroute.leads l
      WHERE l.created_at >= lead_ends.since AND l.created_at < lead_ends.until AND (lead_ends.tenant IS NULL OR l.tenant = lead_ends.tenant);
END $$;
COMMENT ON FUNCTION leadroute_internal.lead_ends(timestamptz, timestamptz, text) IS 'The first and last lead of a period. Internal.';

-- In seconds, as days have other lengths where clocks are changed.
CREATE FUNCTION leadroute_internal.border(first timestamptz, last timestamptz, no integer, parts integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN isfinite(border.first) AND isfinite(border.last) AND border.last - border.first > interval '7 days'
                THEN border.first + make_interval(secs => date_part('epoch', border.last - border.first) * border.no / border.parts) END;
END;
COMMENT ON FUNCTION leadroute_internal.border(timestamptz, timestamptz, integer, integer) IS 'Where the first so many of equally long parts of a period end; NULL of a week or less, for which parts are not worth it. Internal.';

CREATE FUNCTION leadroute_internal.is_dense(since timestamptz, until timestamptz, tenant text, first_id bigint, last_id bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
BEGIN ATOMIC
    SELECT count(*) FILTER (WHERE l.created_at >= is_dense.since AND l.created_at < is_dense.until AND (is_dense.tenant IS NULL OR l.tenant = is_dense.tenant)) * 3 >= count(*)
      FROM (SELECT ceil(is_dense.first_id + (is_dense.last_id::numeric - is_dense.first_id) * k / 50)::bigint AS id, floor(is_dense.first_id + (is_dense.last_id::numeric - is_dense.first_id) * (k + 1) / 50)::bigint AS last_id
              FROM generate_series(0, 49) k) part
     CROSS JOIN LATERAL (SELECT x.created_at, x.tenant FROM leadroute.leads x WHERE x.id BETWEEN part.id AND part.last_id ORDER BY x.id LIMIT 1) l;
END;
COMMENT ON FUNCTION leadroute_internal.is_dense(timestamptz, timestamptz, text, bigint, bigint) IS 'Whether leads of a period are at least a third of those between its first and last, by the first lead of each of fifty parts between these. Internal.';

-- Each process that reads a part finds the same borders: they come from times that one snapshot shows, and from now().
CREATE FUNCTION leadroute_internal.period_part(since timestamptz, until timestamptz, tenant text, no integer, parts integer)
    RETURNS TABLE (since timestamptz, until timestamptz, first_id bigint, last_id bigint, is_all boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off
BEGIN ATOMIC
    SELECT p.since, p.until, e.first_id, e.last_id, a.is_all
      FROM (SELECT 1) one
      -- where row security hides most leads, they are a walk away: not for a month
      LEFT JOIN LATERAL (SELECT x.* FROM leadroute_internal.outer_leads() x WHERE period_part.since < least(period_part.until, now()) - interval '360 days') o ON true
     CROSS JOIN LATERAL (SELECT greatest(period_part.since, o.earliest) AS first, least(period_part.until, now()) AS last) t
     CROSS JOIN LATERAL (
        SELECT CASE WHEN period_part.no = 1 THEN period_part.since ELSE coalesce(leadroute_internal.border(t.first, t.last, period_part.no - 1, period_part.parts), period_part.until) END AS since,
               CASE WHEN period_part.no = period_part.parts THEN period_part.until ELSE coalesce(leadroute_internal.border(t.first, t.last, period_part.no, period_part.parts), period_part.until) END AS until) p
     -- it seems: then to look for the first and last of the period costs more than to read a few of other times
     CROSS JOIN LATERAL (SELECT coalesce(period_part.tenant IS NULL AND p.since <= o.earliest AND p.until > o.latest, false) AS is_all) a
     CROSS JOIN LATERAL (
        SELECT o.first_id, o.last_id WHERE a.is_all
        UNION ALL
        SELECT x.first_id, x.last_id FROM leadroute_internal.lead_ends(p.since, p.until, period_part.tenant) x WHERE NOT a.is_all) e
     WHERE period_part.no = 1 OR p.since < p.until;
END;
COMMENT ON FUNCTION leadroute_internal.period_part(timestamptz, timestamptz, text, integer, integer) IS 'One of several parts of a period, if there is anything in it, and its first and last lead; or of all leads, those with the lowest and the highest number (is_all). Internal.';
