-- How leads and their value are spread over territories.

CREATE FUNCTION leadroute_internal.threshold_of(measure text, subject text, tenant text) RETURNS SETOF leadroute.alarm_thresholds
    LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT h.* FROM leadroute.alarm_thresholds h
     WHERE h.measure = threshold_of.measure AND coalesce(h.territory, h.rep_id, h.segment, h.pool, threshold_of.subject, '') = coalesce(threshold_of.subject, '')
       AND (h.tenants IS NULL OR threshold_of.tenant = ANY (h.tenants))
     ORDER BY num_nonnulls(h.territory, h.rep_id, h.segment, h.pool) DESC, h.tenants IS NULL, h.name LIMIT 1;
END;
COMMENT ON FUNCTION leadroute_internal.threshold_of(text, text, text) IS 'What counts as an alarm for a territory, rep, segment or pool of a tenant; no row if nothing does. Internal.';

CREATE FUNCTION leadroute.territory_balance(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (territory text, reps bigint, leads bigint, closed bigint, converted bigint, percent_converted numeric, value_won numeric, leads_share numeric, value_share numeric, hotspot_factor numeric, is_hotspot boolean, tenant text, leads_factor numeric, value_factor numeric)
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off
BEGIN ATOMIC
    WITH came AS MATERIALIZED (
        SELECT l.tenant, l.territory, count(*) AS leads, count(*) FILTER (WHERE leadroute_internal.is_closed(l.status)) AS closed,
               count(*) FILTER (WHERE l.status = 'converted') AS converted, coalesce(sum(l.amount) FILTER (WHERE l.status = 'converted'), 0) AS value_won
          FROM leadroute.leads l
         WHERE l.created_at >= territory_balance.since AND l.created_at < territory_balance.until AND l.duplicate_of IS NULL
           AND (territory_balance.tenant IS NULL OR l.tenant = territory_balance.tenant)
         GROUP BY l.tenant, l.territory
    ), organisation AS (
        SELECT c.tenant FROM came c
        UNION
        -- bounds that are no period leave nobody, and are refused here
        SELECT coalesce(territory_balance.tenant, '')
         WHERE leadroute_internal.is_period(territory_balance.since, territory_balance.until) AND (territory_balance.tenant IS NOT NULL OR NOT EXISTS (SELECT FROM came))
    ), area AS (
        -- also those without a lead: they are part of the mean
        SELECT o.tenant, t.name AS territory
          FROM organisation o CROSS JOIN leadroute.territories t
         WHERE NOT EXISTS (SELECT FROM leadroute.segments s WHERE s.territory = t.name)
            OR EXISTS (SELECT FROM leadroute.segments s WHERE s.territory = t.name AND (s.tenants IS NULL OR o.tenant = ANY (s.tenants)))
        UNION
        SELECT c.tenant, c.territory FROM came c
    ), taker AS (
        -- by the pools that its leads can come to
        SELECT p.territory, r.tenant, count(DISTINCT r.id) AS reps
          FROM (SELECT s.territory, t.pool
                  FROM leadroute.segments s
                  JOIN leadroute.tiers t ON t.segment = s.name OR t.segment IS NULL
                  LEFT JOIN (SELECT o.segment, range_agg(o.score) AS scores FROM leadroute.tiers o GROUP BY o.segment) own ON own.segment = s.name
                 WHERE s.enabled AND s.territory IS NOT NULL AND t.pool IS NOT NULL
                   AND (t.segment IS NOT NULL OR NOT coalesce(own.scores @> t.score, false))) p JOIN leadroute.pool_members m ON m.pool = p.pool JOIN leadroute.reps r ON r.id = m.rep_id
         WHERE m.active AND m.weight > 0 AND r.active
         GROUP BY p.territory, r.tenant
    ), counted AS (
        SELECT a.tenant, a.territory, coalesce(t.reps, 0) AS reps, coalesce(c.leads, 0) AS leads, coalesce(c.closed, 0) AS closed,
               coalesce(c.converted, 0) AS converted, coalesce(c.value_won, 0) AS value_won
          FROM area a
          LEFT JOIN came c ON c.tenant = a.tenant AND c.territory IS NOT DISTINCT FROM a.territory
          LEFT JOIN taker t ON t.tenant = a.tenant AND t.territory = a.territory
    ), compared AS (
        SELECT c.*, sum(c.leads) OVER w AS all_leads, sum(c.value_won) OVER w AS all_value,
               CASE WHEN c.territory IS NOT NULL THEN c.leads / nullif(avg(c.leads) FILTER (WHERE c.territory IS NOT NULL) OVER w, 0) END AS leads_factor,
               CASE WHEN c.territory IS NOT NULL THEN c.value_won / nullif(avg(c.value_won) FILTER (WHERE c.territory IS NOT NULL) OVER w, 0) END AS value_factor
          FROM counted c WINDOW w AS (PARTITION BY c.tenant)
    )
    SELECT c.territory, c.reps, c.leads, c.closed, c.converted, leadroute_internal.percent(c.converted, c.closed), c.value_won,
           leadroute_internal.percent(c.leads, c.all_leads), leadroute_internal.percent(c.value_won, c.all_value),
           round(greatest(c.leads_factor, c.value_factor), 2),
           -- most territories have nothing of most tenants
           CASE WHEN greatest(c.leads_factor, c.value_factor) > 0 THEN
                coalesce(greatest(c.leads_factor, c.value_factor) >= (SELECT h."limit" FROM leadroute_internal.threshold_of('territory_load', c.territory, c.tenant) h), false) ELSE false END,
           c.tenant, round(c.leads_factor, 2), round(c.value_factor, 2)
      FROM compared c
     ORDER BY c.tenant, c.leads DESC, c.territory;
END;
COMMENT ON FUNCTION leadroute.territory_balance(timestamptz, timestamptz, text) IS 'How the leads that came from since until before until, and what they won, are spread over territories: the columns are those of the view. With a tenant only its leads; the mean is of one tenant always.';

CREATE FUNCTION leadroute_internal.recent_territory_balance()
    RETURNS TABLE (territory text, reps bigint, leads bigint, closed bigint, converted bigint, percent_converted numeric, value_won numeric, leads_share numeric, value_share numeric, hotspot_factor numeric, is_hotspot boolean, tenant text, leads_factor numeric, value_factor numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT * FROM leadroute.territory_balance(now() - interval '30 days', 'infinity');
END;
COMMENT ON FUNCTION leadroute_internal.recent_territory_balance() IS 'The rows of the view territory_balance. Internal.';

CREATE VIEW leadroute.territory_balance AS SELECT b.* FROM leadroute_internal.recent_territory_balance() b;
COMMENT ON VIEW leadroute.territory_balance IS 'How the leads of the last 30 days, and what they won, are spread over territories; the function of the same name has any period. Leads without a territory have a row of their own, which is no part of the mean.';
COMMENT ON COLUMN leadroute.territory_balance.territory IS 'The territory; NULL for leads in none.';
COMMENT ON COLUMN leadroute.territory_balance.reps IS 'Reps who can get its leads by rotation, by the rules of now.';
COMMENT ON COLUMN leadroute.territory_balance.leads IS 'Leads that came in the period, touches not counted.';
COMMENT ON COLUMN leadroute.territory_balance.closed IS 'Of these, how many are converted, lost or disqualified by now.';
COMMENT ON COLUMN leadroute.territory_balance.converted IS 'Of these, how many are converted.';
COMMENT ON COLUMN leadroute.territory_balance.percent_converted IS 'Converted of closed, in percent; NULL where none is closed.';
COMMENT ON COLUMN leadroute.territory_balance.value_won IS 'Sum of leads.amount of those converted.';
COMMENT ON COLUMN leadroute.territory_balance.leads_share IS 'Part of all leads of the tenant, in percent.';
COMMENT ON COLUMN leadroute.territory_balance.value_share IS 'Part of the value won by the tenant, in percent; NULL where nothing is won.';
COMMENT ON COLUMN leadroute.territory_balance.hotspot_factor IS 'The larger one of leads_factor and value_factor.';
COMMENT ON COLUMN leadroute.territory_balance.is_hotspot IS 'Whether hotspot_factor reaches the limit for territory_load in alarm_thresholds.';
COMMENT ON COLUMN leadroute.territory_balance.tenant IS 'The organisation.';
COMMENT ON COLUMN leadroute.territory_balance.leads_factor IS 'Leads, as a multiple of the mean of the territories of the tenant.';
COMMENT ON COLUMN leadroute.territory_balance.value_factor IS 'Value won, as a multiple of the mean of the territories of the tenant.';
