-- Alarms: what is measured, who is told once, and what routing_health shows.

CREATE FUNCTION leadroute_internal.reps_away_json() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_reps_away';
COMMENT ON FUNCTION leadroute_internal.reps_away_json() IS 'Reps who get no leads now: why, and whether they are off duty by their schedule, too. Internal.';

CREATE FUNCTION leadroute_internal.unrouted_since(since timestamptz) RETURNS TABLE (tenant text, leads bigint, unrouted bigint)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off
BEGIN ATOMIC
    SELECT u.tenant, sum(u.leads)::bigint, sum(u.unrouted)::bigint
      FROM (SELECT l.tenant, count(*) AS leads, count(*) FILTER (WHERE leadroute_internal.is_waiting(l.decision_id, l.owner_id, l.queue, l.status)) AS unrouted
              FROM leadroute.leads l WHERE l.created_at >= unrouted_since.since AND l.created_at < 'infinity' AND l.duplicate_of IS NULL GROUP BY l.tenant
            UNION ALL
            SELECT b.tenant, 0, count(*)
              FROM leadroute_internal.period_part(unrouted_since.since, 'infinity', NULL, 1, 1) e
             CROSS JOIN LATERAL leadroute_internal.fallen_back(unrouted_since.since, 'infinity', NULL, e.first_id, e.last_id, leadroute_internal.is_old(e.first_id, e.last_id)) b
             WHERE b.is_unrouted GROUP BY b.tenant) u
     GROUP BY u.tenant;
END;
COMMENT ON FUNCTION leadroute_internal.unrouted_since(timestamptz) IS 'How many leads came since then, and for how many of them nobody was found, by tenant. Internal.';

-- Each finding: what it is of (subject), of how many (n), value and limit; is_over, an alarm; is_clear, none any more: a tenth below the limit.
CREATE FUNCTION leadroute_internal.shares_found()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    WITH period AS (
        SELECT DISTINCT h.measure, h.period FROM leadroute.alarm_thresholds h WHERE h.enabled AND h.measure IN ('unrouted_share', 'fallback_share')
    ), latest AS (
        SELECT p.measure, p.period, x.tenant, count(*) AS n, count(*) FILTER (WHERE x.layer = 'fallback') AS found
          FROM period p CROSS JOIN (SELECT d.tenant, d.cause, d.layer, d.decided_at FROM leadroute.decisions d ORDER BY d.id DESC LIMIT 10000) x
         WHERE p.measure = 'fallback_share' AND x.decided_at > clock_timestamp() - p.period AND x.cause IN ('insert', 'route_lead', 'attach')
         GROUP BY p.measure, p.period, x.tenant
        UNION ALL
        SELECT p.measure, p.period, u.tenant, u.leads, u.unrouted
          FROM period p CROSS JOIN LATERAL leadroute_internal.unrouted_since(now() - p.period) u
         WHERE p.measure = 'unrouted_share'
    )
    SELECT h.name, h.measure, '', c.tenant, h.period, c.n, v.value, v."limit", v.value > v."limit", v.value <= v."limit" * 0.9,
           CASE h.measure WHEN 'fallback_share' THEN format('%s of the last %s leads within %s fell back, which is %s than %s %%', c.found, c.n,
                                                            CASE h.period WHEN '1 hour' THEN 'an hour' ELSE h.period::text END, w.word, round(v."limit", 1))
                          ELSE format('for %s of %s leads within %s nobody was found, which is %s than %s %%', c.found, c.n,
                                      CASE h.period WHEN '1 day' THEN 'a day' ELSE h.period::text END, w.word, round(v."limit", 1)) END,
           jsonb_build_object('leads', c.n, CASE h.measure WHEN 'fallback_share' THEN 'fallbacks' ELSE 'unrouted' END, c.found, 'threshold', trim_scale(v."limit" / 100))
      FROM latest c
     CROSS JOIN LATERAL leadroute_internal.threshold_of(c.measure, '', c.tenant) h
     CROSS JOIN LATERAL (SELECT CASE WHEN c.n >= h.at_least THEN 100.0 * c.found / c.n END AS value,
                                coalesce(h."limit", trim_scale(100 * leadroute_internal.setting('alarm_share')::numeric)) AS "limit") v
     CROSS JOIN LATERAL (SELECT CASE WHEN v.value > v."limit" THEN 'more' ELSE 'not more' END AS word) w
     WHERE h.enabled AND h.period = c.period;
END;
COMMENT ON FUNCTION leadroute_internal.shares_found() IS 'Findings of unrouted_share and fallback_share, by tenant. Internal.';

CREATE FUNCTION leadroute_internal.territories_found()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT h.name, h.measure, b.territory, b.tenant, h.period, b.leads, v.value, h."limit", v.value >= h."limit", v.value < h."limit" * 0.9,
           format('territory %s has %s times the mean leads (%s)%s', b.territory, b.leads_factor, b.leads, CASE WHEN b.value_won > 0 THEN format(', and won %s times the mean value (%s)', b.value_factor, b.value_won) END),
           jsonb_build_object('leads', b.leads, 'value_won', b.value_won)
      FROM (SELECT DISTINCT a.period FROM leadroute.alarm_thresholds a WHERE a.enabled AND a.measure = 'territory_load') p
     CROSS JOIN LATERAL leadroute.territory_balance(now() - p.period, 'infinity') b
     CROSS JOIN LATERAL leadroute_internal.threshold_of('territory_load', b.territory, b.tenant) h
     CROSS JOIN LATERAL (SELECT CASE WHEN b.leads >= h.at_least THEN b.hotspot_factor END AS value) v
     WHERE b.territory IS NOT NULL AND b.leads > 0 AND h.enabled AND h.period = p.period;
END;
COMMENT ON FUNCTION leadroute_internal.territories_found() IS 'Findings of territory_load, by territory. Internal.';

CREATE FUNCTION leadroute_internal.reps_found()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT h.name, h.measure, c.rep_id, c.tenant, h.period, c.ended, v.value, h."limit", v.value > h."limit", v.value <= h."limit" * 0.9,
           format('%s missed %s of %s clocks since %s: %s %%', c.rep_id, c.late, c.ended, (now() - h.period)::date, round(100.0 * c.late / c.ended, 1)),
           jsonb_build_object('clocks', c.ended, 'breached', c.late)
      FROM (SELECT x.period, k.rep_id, k.tenant, count(*) AS ended, count(*) FILTER (WHERE k.is_late) AS late
              FROM (SELECT DISTINCT a.period FROM leadroute.alarm_thresholds a WHERE a.enabled AND a.measure = 'missed_slas') x
             CROSS JOIN LATERAL leadroute_internal.clocks_counted(now() - x.period, 'infinity', NULL) k
             WHERE k.rep_id IS NOT NULL AND (k.is_late OR k.is_met)
             GROUP BY x.period, k.rep_id, k.tenant) c
     CROSS JOIN LATERAL leadroute_internal.threshold_of('missed_slas', c.rep_id, c.tenant) h
     CROSS JOIN LATERAL (SELECT CASE WHEN c.ended >= h.at_least THEN 100.0 * c.late / c.ended END AS value) v
     WHERE h.enabled AND h.period = c.period;
END;
COMMENT ON FUNCTION leadroute_internal.reps_found() IS 'Findings of missed_slas, by rep. Internal.';

CREATE FUNCTION leadroute_internal.bands_found()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT h.name, h.measure, concat_ws(' ', c.segment, c.band), c.tenant, h.period, c.closed, v.value, v."limit", v.value <= v."limit", v.value > v."limit",
           format('scores %s%s convert at %s %% of %s, those below at %s %%', c.band, ' of segment ' || c.segment, c.percent_converted, c.closed, c.below),
           jsonb_build_object('segment', c.segment, 'band', c.band, 'closed', c.closed, 'percent_converted', c.percent_converted, 'below', c.below)
      FROM (SELECT x.period, k.*, lag(k.percent_converted) OVER (PARTITION BY x.period, k.tenant, k.segment ORDER BY k.band) AS below
              FROM (SELECT DISTINCT a.period FROM leadroute.alarm_thresholds a WHERE a.enabled AND a.measure = 'score_band') x
             CROSS JOIN LATERAL leadroute.score_calibration(now() - x.period, 'infinity') k
             WHERE k.verdict <> 'too few leads') c
     CROSS JOIN LATERAL leadroute_internal.threshold_of('score_band', c.segment, c.tenant) h
     CROSS JOIN LATERAL (SELECT CASE WHEN c.closed >= h.at_least THEN c.percent_converted END AS value, c.below + h."limit" AS "limit") v
     WHERE c.below IS NOT NULL AND h.enabled AND h.period = c.period;
END;
COMMENT ON FUNCTION leadroute_internal.bands_found() IS 'Findings of score_band, by band that has another below it; value is its rate, limit that of the one below with what it should be above it. Internal.';

CREATE FUNCTION leadroute_internal.pools_found()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH used AS (
        SELECT t.pool FROM leadroute.tiers t WHERE t.pool IS NOT NULL AND (t.segment IS NULL OR EXISTS (SELECT FROM leadroute.segments s WHERE s.name = t.segment AND s.enabled))
        UNION SELECT q.auto_assign_pool FROM leadroute.queues q WHERE q.auto_assign_pool IS NOT NULL
    ), away AS MATERIALIZED (
        SELECT j.rep_id, j.why, j.is_off_duty FROM json_to_recordset(leadroute_internal.reps_away_json()) AS j (rep_id text, why text, is_off_duty boolean)
    ), pool AS (
        SELECT u.pool, coalesce(r.tenant, '') AS tenant, count(r.id) AS members, count(r.id) FILTER (WHERE a.rep_id IS NULL) AS here,
               count(r.id) FILTER (WHERE NOT coalesce(a.is_off_duty, false)) AS on_duty, min(format('%s %s', r.id, a.why)) FILTER (WHERE NOT a.is_off_duty) AS example
          FROM used u
          LEFT JOIN (leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id AND r.active AND m.active AND m.weight > 0) ON m.pool = u.pool
          LEFT JOIN away a ON a.rep_id = r.id
         GROUP BY u.pool, coalesce(r.tenant, '')
    )
    SELECT h.name, h.measure, p.pool, p.tenant, h.period, p.members, round(v.hours, 2), h."limit", e.is_empty AND v.hours >= h."limit", NOT e.is_empty,
           CASE WHEN p.members = 0 THEN format('pool %s has no active member with a weight above 0', p.pool)
                WHEN e.is_empty THEN format('none of the %s members of pool %s who should be there is: %s', p.on_duty, p.pool, p.example)
                ELSE format('%s of the %s members of pool %s are there', p.here, p.members, p.pool) END,
           jsonb_build_object('pool', p.pool, 'members', p.members, 'on_duty', p.on_duty)
      FROM pool p
     CROSS JOIN LATERAL leadroute_internal.threshold_of('empty_pool', p.pool, p.tenant) h
     -- at night nobody need be there
     CROSS JOIN LATERAL (SELECT p.here = 0 AND (p.members = 0 OR p.on_duty > 0) AS is_empty) e
      LEFT JOIN leadroute.alarms a ON a.measure = 'empty_pool' AND a.subject = p.pool AND a.tenant = p.tenant AND a.until IS NULL
     CROSS JOIN LATERAL (SELECT CASE WHEN e.is_empty THEN greatest(coalesce(extract(epoch FROM clock_timestamp() - a.since) / 3600, 0), 0) ELSE 0 END::numeric AS hours) v
     WHERE h.enabled;
END;
COMMENT ON FUNCTION leadroute_internal.pools_found() IS 'Findings of empty_pool, by pool that leads can come to; since when nobody is there is known from alarms, which check_alarms() keeps. Internal.';

CREATE FUNCTION leadroute_internal.alarm_findings()
    RETURNS TABLE (threshold text, measure text, subject text, tenant text, period interval, n bigint, value numeric, "limit" numeric, is_over boolean, is_clear boolean, detail text, facts jsonb)
    -- compiling its plan would take longer than running it
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    SELECT * FROM leadroute_internal.shares_found() UNION ALL SELECT * FROM leadroute_internal.territories_found() UNION ALL SELECT * FROM leadroute_internal.reps_found()
    UNION ALL SELECT * FROM leadroute_internal.bands_found() UNION ALL SELECT * FROM leadroute_internal.pools_found();
END;
COMMENT ON FUNCTION leadroute_internal.alarm_findings() IS 'Everything that is measured for alarms now, over the limit or not; value is NULL where there is too little to say. Internal.';

CREATE VIEW leadroute_internal.alarm_health AS
SELECT h.name AS threshold, CASE WHEN w.over > 0 THEN 'warning' ELSE 'ok' END AS status,
       CASE WHEN w.over > 1 THEN format('%s of %s are past the limit; %s', w.over, w.findings, w.detail) WHEN w.over = 1 THEN w.detail
            WHEN w.judged > 0 THEN format('ok: %s', w.detail) ELSE 'there is too little to say' END AS detail,
       round(w.value, 2) AS value, coalesce(w."limit", h."limit", trim_scale(100 * leadroute_internal.setting('alarm_share')::numeric)) AS "limit"
  FROM leadroute.alarm_thresholds h
  LEFT JOIN (SELECT f.threshold, count(*) FILTER (WHERE f.is_over) AS over, count(f.value) AS judged, count(*) AS findings, (array_agg(f.detail ORDER BY f.place))[1] AS detail,
                    (array_agg(f.value ORDER BY f.place))[1] AS value, (array_agg(f."limit" ORDER BY f.place))[1] AS "limit"
               FROM (SELECT g.*, row_number() OVER (PARTITION BY g.threshold ORDER BY g.is_over IS NOT TRUE, g.value IS NULL,
                                                    CASE g.measure WHEN 'score_band' THEN g.value - g."limit" ELSE - g.value END, g.subject, g.tenant) AS place
                       FROM leadroute_internal.alarm_findings() g) f
              GROUP BY f.threshold) w ON w.threshold = h.name
 WHERE h.enabled ORDER BY h.name;
COMMENT ON VIEW leadroute_internal.alarm_health IS 'A row for each threshold, with the finding that is furthest past its limit, or nearest to it. Internal.';

CREATE FUNCTION leadroute_internal.alarm_manager(measure text, subject text, tenant text, OUT queue text, OUT manager_id text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH catch_all AS (
        SELECT q.name, q.manager_id FROM leadroute.queues q
         WHERE q.kind = 'catch_all' AND (q.tenant IS NULL OR q.tenant = alarm_manager.tenant) ORDER BY q.tenant IS NULL LIMIT 1
    ), candidate (place, id) AS (
        SELECT 1, t.manager_id FROM leadroute.territories t WHERE alarm_manager.measure = 'territory_load' AND t.name = alarm_manager.subject
        UNION ALL
        SELECT 1, r.manager_id FROM leadroute.reps r WHERE alarm_manager.measure = 'missed_slas' AND r.id = alarm_manager.subject
        UNION ALL
        SELECT 1, t.manager_id FROM leadroute.segments s JOIN leadroute.territories t ON t.name = s.territory
         -- names may begin with those of others; a band begins with a bracket
         WHERE alarm_manager.measure = 'score_band' AND s.name = substring(alarm_manager.subject FROM '^(.*) [^ ]+$')
        UNION ALL
        -- whose people most members are
        (SELECT 1, r.manager_id FROM leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id AND r.tenant = alarm_manager.tenant AND r.active
          WHERE alarm_manager.measure = 'empty_pool' AND m.pool = alarm_manager.subject AND r.manager_id IS NOT NULL GROUP BY r.manager_id ORDER BY count(*) DESC, r.manager_id LIMIT 1)
        UNION ALL
        SELECT 2, q.manager_id FROM leadroute.pools p JOIN leadroute.queues q ON q.name = p.fallback_queue WHERE alarm_manager.measure = 'empty_pool' AND p.name = alarm_manager.subject
        UNION ALL
        SELECT 3, c.manager_id FROM catch_all c
        UNION ALL
        SELECT 4, q.manager_id FROM leadroute.queues q WHERE q.kind = 'catch_all' AND q.tenant IS NULL
    )
    SELECT (SELECT c.name FROM catch_all c),
           -- tenants are walls
           (SELECT k.id FROM candidate k JOIN leadroute.reps r ON r.id = k.id AND r.active AND r.tenant = alarm_manager.tenant ORDER BY k.place, k.id LIMIT 1);
END;
COMMENT ON FUNCTION leadroute_internal.alarm_manager(text, text, text) IS 'Who is told of an alarm: the manager of the territory, rep or pool, else of the catch-all queue, if they are of its tenant; and that queue. Internal.';

CREATE FUNCTION leadroute_internal.keep_alarms() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH found AS MATERIALIZED (
        SELECT * FROM leadroute_internal.alarm_findings()
    ), begun AS (
        INSERT INTO leadroute.alarms (measure, subject, tenant, value, "limit", detail, facts)
        SELECT f.measure, f.subject, f.tenant, round(f.value, 2), f."limit", f.detail, f.facts FROM found f
         -- a pool is watched from when it is empty on
         WHERE (f.is_over OR f.measure = 'empty_pool' AND NOT f.is_clear)
           AND NOT EXISTS (SELECT FROM leadroute.alarms a WHERE (a.measure, a.subject, a.tenant) = (f.measure, f.subject, f.tenant) AND a.until IS NULL)
            ON CONFLICT DO NOTHING
    )
    UPDATE leadroute.alarms a
       SET value = coalesce(round(n.value, 2), a.value), "limit" = coalesce(n."limit", a."limit"), detail = coalesce(n.detail, a.detail), facts = coalesce(n.facts, a.facts),
           seen_at = CASE WHEN n.value IS NOT NULL AND NOT n.is_clear THEN clock_timestamp() ELSE a.seen_at END,
           until = CASE WHEN n.measure IS NULL OR n.is_clear OR n.value IS NULL AND a.seen_at < clock_timestamp() - n.period THEN clock_timestamp() END
      FROM leadroute.alarms o
      LEFT JOIN found n ON (n.measure, n.subject, n.tenant) = (o.measure, o.subject, o.tenant)
     WHERE o.id = a.id AND a.until IS NULL;
    DELETE FROM leadroute.alarms WHERE until IS NOT NULL AND (told_at IS NULL OR until < clock_timestamp() - interval '1 year');
END $$;
COMMENT ON FUNCTION leadroute_internal.keep_alarms() IS 'Notes alarms that begin, go on and end. One ends when it is clear, when nothing is measured any more, or when there was too little to say for as long as is looked back. Internal.';

CREATE FUNCTION leadroute.check_alarms() RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    alarm leadroute.alarms;
    told integer := 0;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    -- One at a time: a second run ends at once.
    PERFORM FROM leadroute.queues WHERE kind = 'catch_all' AND tenant IS NULL FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM leadroute_internal.keep_alarms();
    FOR alarm IN SELECT * FROM leadroute.alarms a
                  WHERE a.until IS NULL AND a.told_at IS NULL AND (a.measure <> 'empty_pool' OR a.value >= a."limit") ORDER BY a.id LOOP
        INSERT INTO leadroute.notifications (kind, rep_id, queue, tenant, details)
        SELECT 'rate_alarm', m.manager_id, m.queue, alarm.tenant,
               alarm.facts || jsonb_build_object('alarm', alarm.measure, 'subject', alarm.subject, 'value', alarm.value, 'limit', alarm."limit", 'reason', alarm.detail)
          FROM leadroute_internal.alarm_manager(alarm.measure, alarm.subject, alarm.tenant) m;
        UPDATE leadroute.alarms a SET told_at = clock_timestamp(), told = (SELECT m.manager_id FROM leadroute_internal.alarm_manager(alarm.measure, alarm.subject, alarm.tenant) m)
         WHERE a.id = alarm.id;
        told := told + 1;
    END LOOP;
    IF told > 0 THEN
        PERFORM leadroute_internal.wake_listeners();
    END IF;
    RETURN told;
END $$;
COMMENT ON FUNCTION leadroute.check_alarms() IS 'Measures what alarm_thresholds says, keeps alarms, and tells somebody of each once, when it begins: the manager of the territory, of the rep, or of most members of the pool, else that of the catch-all queue, and only one of its tenant. It is told again only after it has ended. Returns how many were told.';

CREATE FUNCTION leadroute.check_rates() RETURNS integer
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT leadroute.check_alarms() $$;
COMMENT ON FUNCTION leadroute.check_rates() IS 'The name by which check_alarms() was called first.';
