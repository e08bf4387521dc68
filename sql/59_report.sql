-- One page for managers: what it shows is collected here, and drawn by src/report.
--
-- All of it runs with the rights of whoever calls it (see 54_periods.sql), so it shows nobody more than they may read.

CREATE FUNCTION leadroute_internal.report_page(data text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_report_page';
COMMENT ON FUNCTION leadroute_internal.report_page(text) IS 'The page of a report, from the data that report_data() collects. Internal.';

CREATE FUNCTION leadroute_internal.report_team(team text, tenant text) RETURNS TABLE (kind text, name text, reps text[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked text := team;
    wanted text;
BEGIN
    IF team IS NULL THEN
        RETURN QUERY SELECT NULL::text, NULL::text, NULL::text[];
        RETURN;
    END IF;
    IF team ~ '^(manager|pool|territory):' THEN
        wanted := split_part(team, ':', 1);
        asked := substr(team, length(wanted) + 2);
    END IF;
    -- whoever reports to somebody of the team, once also where they report in a circle
    RETURN QUERY
    WITH RECURSIVE below AS (
        SELECT r.id FROM leadroute.reps r
         WHERE r.id = asked AND (report_team.tenant IS NULL OR r.tenant = report_team.tenant)
           AND EXISTS (SELECT FROM leadroute.reps m WHERE m.manager_id = r.id)
        UNION
        SELECT r.id FROM below b JOIN leadroute.reps r ON r.manager_id = b.id AND (report_team.tenant IS NULL OR r.tenant = report_team.tenant)
    )
    SELECT t.kind, asked, t.reps
      FROM (SELECT 1 AS no, 'manager' AS kind, array_agg(b.id) AS reps FROM below b HAVING count(*) > 0
            UNION ALL
            SELECT 2, 'pool', ARRAY(SELECT m.rep_id FROM leadroute.pool_members m WHERE m.pool = p.name) FROM leadroute.pools p WHERE p.name = asked
            UNION ALL
            SELECT 3, 'territory', NULL FROM leadroute.territories y WHERE y.name = asked) t
     WHERE wanted IS NULL OR t.kind = wanted
     ORDER BY t.no LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no team "%"', team
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('A team is a manager (%s), a pool (%s) or a territory (%s); NULL is everybody.',
                      coalesce((SELECT string_agg(x.id, ', ' ORDER BY x.id) FROM (SELECT DISTINCT r.manager_id AS id FROM leadroute.reps r
                                 WHERE r.manager_id IS NOT NULL AND (report_team.tenant IS NULL OR r.tenant = report_team.tenant) ORDER BY 1 LIMIT 20) x), 'there is none'),
                      coalesce((SELECT string_agg(x.name, ', ' ORDER BY x.name) FROM (SELECT p.name FROM leadroute.pools p ORDER BY 1 LIMIT 20) x), 'there is none'),
                      coalesce((SELECT string_agg(x.name, ', ' ORDER BY x.name) FROM (SELECT y.name FROM leadroute.territories y ORDER BY 1 LIMIT 20) x), 'there is none'));
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.report_team(text, text) IS 'What a team is: a manager with all who report to them, directly or not; a pool with its members; a territory. Of one name the first of these counts; manager:, pool: or territory: before it says which. An error if there is none. Internal.';

CREATE FUNCTION leadroute_internal.is_of_team(kind text, name text, reps text[], owner_id text, pool text, territory text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE kind WHEN 'manager' THEN owner_id = ANY (reps) WHEN 'pool' THEN pool = name WHEN 'territory' THEN territory = name ELSE true END;
END;
COMMENT ON FUNCTION leadroute_internal.is_of_team(text, text, text[], text, text, text) IS 'Whether a lead with this owner, pool and territory is one of the team. Internal.';

CREATE FUNCTION leadroute_internal.report_moment(at timestamptz) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN at = '-infinity' THEN 'the beginning' WHEN at = 'infinity' THEN 'now' WHEN at::time = '00:00' THEN to_char(at, 'YYYY-MM-DD')
                ELSE to_char(at, 'YYYY-MM-DD HH24:MI') END;
END;
COMMENT ON FUNCTION leadroute_internal.report_moment(timestamptz) IS 'A moment as the page has it, by the clock of the session. Internal.';

CREATE FUNCTION leadroute_internal.first_decisions(since timestamptz, tenant text, first_id bigint, last_id bigint, is_old boolean)
    RETURNS TABLE (lead_id bigint, layer text, segment text, tier text, outcome text, pool text, queue text)
    LANGUAGE sql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET work_mem = '128MB' SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005
BEGIN ATOMIC
    SELECT DISTINCT ON (d.lead_id) d.lead_id, d.layer, d.segment, d.tier, d.outcome, d.pool, d.queue
      FROM (SELECT x.lead_id, x.id, x.layer, x.segment, x.tier, x.outcome, x.pool, x.queue FROM leadroute.decisions x
             -- + 0: by time; + interval '0': by lead
             WHERE NOT first_decisions.is_old AND x.decided_at >= leadroute_internal.day_before(first_decisions.since)
               AND x.lead_id + 0 BETWEEN first_decisions.first_id AND first_decisions.last_id AND (first_decisions.tenant IS NULL OR x.tenant = first_decisions.tenant)
            UNION ALL
            SELECT x.lead_id, x.id, x.layer, x.segment, x.tier, x.outcome, x.pool, x.queue FROM leadroute.decisions x
             WHERE first_decisions.is_old AND x.decided_at + interval '0' >= leadroute_internal.day_before(first_decisions.since)
               AND x.lead_id BETWEEN first_decisions.first_id AND first_decisions.last_id AND (first_decisions.tenant IS NULL OR x.tenant = first_decisions.tenant)) d
     ORDER BY d.lead_id, d.id;
END;
COMMENT ON FUNCTION leadroute_internal.first_decisions(timestamptz, text, bigint, bigint, boolean) IS 'The first decision about each lead between two, of those that came since. Internal.';

-- Leads of a team and their first decision: how the rules routed them.
CREATE FUNCTION leadroute_internal.report_flows(since timestamptz, until timestamptz, tenant text, kind text, name text, reps text[]) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_nestloop = off SET work_mem = '64MB'
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(to_jsonb(f) ORDER BY f.leads DESC, f.layer, f.segment, f.tier, f.kind, f.target), '[]')
      FROM (SELECT d.layer, d.segment, d.tier,
                   CASE WHEN d.lead_id IS NULL THEN 'not routed' WHEN d.outcome = 'owner' AND d.pool IS NOT NULL AND d.layer = 'distribution' THEN 'pool' ELSE d.outcome END AS kind,
                   CASE WHEN d.outcome = 'owner' AND d.layer = 'distribution' THEN d.pool WHEN d.outcome = 'queue' THEN d.queue END AS target,
                   count(*) AS leads
              FROM leadroute.leads l
              LEFT JOIN (SELECT x.* FROM leadroute_internal.period_part(report_flows.since, report_flows.until, report_flows.tenant, 1, 1) e
                          CROSS JOIN LATERAL leadroute_internal.first_decisions(report_flows.since, report_flows.tenant, e.first_id, e.last_id, leadroute_internal.is_old(e.first_id, e.last_id)) x) d ON d.lead_id = l.id
             WHERE l.duplicate_of IS NULL AND l.created_at >= report_flows.since AND l.created_at < report_flows.until
               AND (report_flows.tenant IS NULL OR l.tenant = report_flows.tenant)
               AND leadroute_internal.is_of_team(report_flows.kind, report_flows.name, report_flows.reps, l.owner_id, l.pool, l.territory)
             GROUP BY 1, 2, 3, 4, 5) f;
END;
COMMENT ON FUNCTION leadroute_internal.report_flows(timestamptz, timestamptz, text, text, text, text[]) IS 'How many leads of a period took each way through the rules when they came. Internal.';

-- Planned by itself, so that workers share it.
CREATE FUNCTION leadroute_internal.report_speed(since timestamptz, until timestamptz, tenant text, kind text, name text, reps text[]) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET parallel_setup_cost = 0
BEGIN ATOMIC
    WITH timed AS MATERIALIZED (
        SELECT date_part('epoch', s.time_to_response) / 60 AS minutes, s.first_response_at IS NOT NULL AS is_answered, s.is_breached, s.policy
          FROM leadroute.speed_to_lead(report_speed.since, report_speed.until, report_speed.tenant) s
         WHERE leadroute_internal.is_of_team(report_speed.kind, report_speed.name, report_speed.reps, s.owner_then, s.pool, s.territory)
    ), target AS (
        SELECT mode() WITHIN GROUP (ORDER BY t.policy) AS policy FROM timed t WHERE t.policy IS NOT NULL
    )
    SELECT jsonb_build_object(
        'policy', (SELECT p.name FROM leadroute.sla_policies p JOIN target g ON g.policy = p.name),
        'target', (SELECT extract(epoch FROM p.respond_within) / 60 FROM leadroute.sla_policies p JOIN target g ON g.policy = p.name),
        'percentiles', percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY t.minutes),
        'within_target', count(*) FILTER (WHERE t.is_answered AND NOT t.is_breached),
        'due', count(*) FILTER (WHERE t.is_answered AND NOT t.is_breached OR t.is_breached),
        'unanswered', count(*) FILTER (WHERE NOT t.is_answered OR t.minutes IS NULL),
        -- up to a border belongs below it: hence from behind
        'buckets', (SELECT jsonb_agg(jsonb_build_object('up_to', b.up_to, 'leads', coalesce(x.leads, 0)) ORDER BY b.no)
                      FROM unnest(ARRAY[1, 5, 15, 30, 60, 120, 240, 480, 1440, 4320, NULL]) WITH ORDINALITY AS b (up_to, no)
                      LEFT JOIN (SELECT 11 - width_bucket(- y.minutes, ARRAY[-4320, -1440, -480, -240, -120, -60, -30, -15, -5, -1]::float8[]) AS no, count(*) AS leads
                                   FROM timed y WHERE y.minutes IS NOT NULL GROUP BY 1) x ON x.no = b.no))
      FROM timed t;
END;
COMMENT ON FUNCTION leadroute_internal.report_speed(timestamptz, timestamptz, text, text, text, text[]) IS 'How long answers took, from the rows of speed_to_lead. Internal.';

-- A team has the same limits as all.
CREATE FUNCTION leadroute_internal.report_measures(since timestamptz, until timestamptz, tenant text, kind text, name text, reps text[], speed jsonb) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH whole AS (
        SELECT row_number() OVER () AS no, m.measure, m.value, m.unit, m."limit", m.is_ok, m.n, m.detail
          FROM leadroute.audit_measures(report_measures.since, report_measures.until, report_measures.tenant) m
    ), came AS (
        SELECT count(*) AS leads, count(*) FILTER (WHERE l.status = 'converted') AS converted,
               count(*) FILTER (WHERE leadroute_internal.is_closed(l.status)) AS closed, coalesce(sum(l.amount) FILTER (WHERE l.status = 'converted'), 0) AS won
          FROM leadroute.leads l
         WHERE report_measures.kind IS NOT NULL AND l.duplicate_of IS NULL AND l.created_at >= report_measures.since AND l.created_at < report_measures.until
           AND (report_measures.tenant IS NULL OR l.tenant = report_measures.tenant)
           AND leadroute_internal.is_of_team(report_measures.kind, report_measures.name, report_measures.reps, l.owner_id, l.pool, l.territory)
    ), wrong AS (
        SELECT count(*) AS leads FROM leadroute.misrouted_leads(report_measures.since, report_measures.until, report_measures.tenant) m
         WHERE report_measures.kind IS NOT NULL
           AND leadroute_internal.is_of_team(report_measures.kind, report_measures.name, report_measures.reps, m.owner_then, m.pool, m.territory)
    ), own AS (
        SELECT v.measure, v.value, v.n FROM came c, wrong w, (SELECT (speed ->> 'within_target')::bigint AS within, (speed ->> 'due')::bigint AS due) s,
               LATERAL (VALUES ('leads', c.leads, c.leads), ('misrouted', leadroute_internal.percent(w.leads, c.leads), c.leads),
                               ('answered within target', leadroute_internal.percent(s.within, s.due), s.due), ('breached', s.due - s.within, s.due),
                               ('median response', (speed #>> '{percentiles,0}')::numeric, NULL), ('converted', leadroute_internal.percent(c.converted, c.closed), c.closed),
                               ('value won', c.won, c.converted)) v (measure, value, n)
    )
    -- as text: JSON has no NaN, and page and tables show any amount
    SELECT coalesce(jsonb_agg(jsonb_build_object('measure', w.measure, 'value', v.value::text, 'unit', w.unit, 'limit', w."limit"::text, 'is_ok', v.is_ok, 'n', v.n,
                                                 'detail', CASE WHEN report_measures.kind IS NULL THEN w.detail END) ORDER BY w.no), '[]')
      FROM whole w LEFT JOIN own o ON o.measure = w.measure AND report_measures.kind IS NOT NULL
     CROSS JOIN LATERAL (SELECT CASE WHEN report_measures.kind IS NULL THEN w.value ELSE o.value END AS value, CASE WHEN report_measures.kind IS NULL THEN w.n ELSE o.n END AS n,
                                CASE WHEN report_measures.kind IS NULL THEN w.is_ok WHEN w.measure = 'answered within target' THEN o.value >= w."limit"
                                     ELSE o.value <= w."limit" END AS is_ok) v
     WHERE report_measures.kind IS NULL OR o.measure IS NOT NULL;
END;
COMMENT ON FUNCTION leadroute_internal.report_measures(timestamptz, timestamptz, text, text, text, text[], jsonb) IS 'The headline figures: those of audit_measures(), or of a team the ones that leads of a team have, with the limits of all. Internal.';

CREATE FUNCTION leadroute_internal.report_sla(since timestamptz, until timestamptz, tenant text, reps text[], territories text[]) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'reps', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.rep_id, 'name', coalesce(nullif(r.name, ''), s.rep_id), 'met', s.met, 'breached', s.breached, 'running', s.running,
                                           'tenant', CASE WHEN report_sla.tenant IS NULL THEN s.tenant ELSE '' END) ORDER BY s.tenant, s.rep_id), '[]')
                   FROM leadroute.sla_by_rep(report_sla.since, report_sla.until, report_sla.tenant) s LEFT JOIN leadroute.reps r ON r.id = s.rep_id
                  WHERE report_sla.reps IS NULL OR s.rep_id = ANY (report_sla.reps)),
        'territories', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.territory, 'met', s.met, 'breached', s.breached, 'running', s.running,
                                                  'tenant', CASE WHEN report_sla.tenant IS NULL THEN s.tenant ELSE '' END) ORDER BY s.tenant, s.territory), '[]')
                          FROM leadroute.sla_by_territory(report_sla.since, report_sla.until, report_sla.tenant) s
                         WHERE report_sla.territories IS NULL OR s.territory = ANY (report_sla.territories)));
END;
COMMENT ON FUNCTION leadroute_internal.report_sla(timestamptz, timestamptz, text, text[], text[]) IS 'Who answered in time. Internal.';

CREATE FUNCTION leadroute_internal.report_balance(since timestamptz, until timestamptz, tenant text, territories text[]) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('territory', b.territory, 'reps', b.reps, 'leads', b.leads, 'closed', b.closed, 'converted', b.converted,
                                                 'percent_converted', b.percent_converted::text, 'value_won', b.value_won::text, 'leads_share', b.leads_share::text,
                                                 'value_share', b.value_share::text, 'hotspot_factor', b.hotspot_factor::text, 'is_hotspot', b.is_hotspot,
                                                 'tenant', CASE WHEN report_balance.tenant IS NULL THEN b.tenant ELSE '' END) ORDER BY b.tenant, b.territory), '[]')
      FROM leadroute.territory_balance(report_balance.since, report_balance.until, report_balance.tenant) b
     WHERE report_balance.territories IS NULL OR b.territory = ANY (report_balance.territories);
END;
COMMENT ON FUNCTION leadroute_internal.report_balance(timestamptz, timestamptz, text, text[]) IS 'Volume and value by territory. Internal.';

-- Each end of a period is within one lead of the exact shares, within two where members changed or could not take leads: so what lies between
-- may be off by twice that. Pools that go by load promise no shares.
CREATE FUNCTION leadroute_internal.report_members(since timestamptz, until timestamptz, tenant text, kind text, name text, reps text[], pools text[]) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('pool', f.pool, 'rep', coalesce(nullif(r.name, ''), f.rep_id), 'weight', f.weight::text, 'received', (f.received - f.returned)::text,
                                                 'entitled', f.entitled::text, 'deviation', (- f.difference)::text,
                                                 'bound', CASE WHEN f.strategy = 'weighted_round_robin' THEN CASE WHEN f.is_changing THEN 4 ELSE 2 END END,
                                                 'tenant', CASE WHEN report_members.tenant IS NULL THEN coalesce(f.tenant, '') ELSE '' END) ORDER BY f.pool, f.rep_id), '[]')
      FROM (SELECT p.*, o.strategy, bool_or(p.skipped IS NOT NULL OR p.weight IS NULL OR h.pool IS NOT NULL) OVER (PARTITION BY p.pool) AS is_changing
              FROM leadroute.pool_fairness(report_members.since, report_members.until, report_members.tenant) p
              LEFT JOIN leadroute.pools o ON o.name = p.pool
              LEFT JOIN (SELECT DISTINCT coalesce(c.after, c.before) ->> 'pool' AS pool FROM leadroute.config_history c
                          WHERE c."table" = 'pool_members' AND c.changed_at >= report_members.since AND c.changed_at < report_members.until) h ON h.pool = p.pool) f
      LEFT JOIN leadroute.reps r ON r.id = f.rep_id
     WHERE CASE report_members.kind WHEN 'manager' THEN f.rep_id = ANY (report_members.reps) WHEN 'pool' THEN f.pool = report_members.name
                                    WHEN 'territory' THEN f.pool = ANY (report_members.pools) ELSE true END;
END;
COMMENT ON FUNCTION leadroute_internal.report_members(timestamptz, timestamptz, text, text, text, text[], text[]) IS 'Members of pools and their shares, with how far these may be off. Internal.';

CREATE FUNCTION leadroute_internal.report_bands(since timestamptz, until timestamptz, tenant text) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('segment', c.segment, 'band', c.band::text, 'leads', c.leads, 'closed', c.closed, 'converted', c.converted,
                                                 'percent_converted', c.percent_converted::text, 'low', c.low::text, 'high', c.high::text, 'verdict', c.verdict,
                                                 'tenant', CASE WHEN report_bands.tenant IS NULL THEN c.tenant ELSE '' END)
                              ORDER BY c.segment NULLS FIRST, c.tenant, c.band), '[]')
      FROM leadroute.score_calibration(report_bands.since, report_bands.until, report_bands.tenant) c;
END;
COMMENT ON FUNCTION leadroute_internal.report_bands(timestamptz, timestamptz, text) IS 'Conversion by band of scores. Internal.';

CREATE FUNCTION leadroute_internal.report_changes(since timestamptz, until timestamptz) RETURNS TABLE (found jsonb)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('at', to_char(c.changed_at, 'YYYY-MM-DD HH24:MI'), 'what', c.what, 'why', c.why, 'by', c.changed_by, 'approved_by', c.approved_by)
                              ORDER BY c.changed_at DESC, c.what), '[]')
      FROM (SELECT g.changed_at, g.what, g.why, g.changed_by, g.approved_by FROM leadroute.changelog g
             WHERE g.changed_at >= report_changes.since AND g.changed_at < report_changes.until ORDER BY g.changed_at DESC, g.what LIMIT 200) c;
END;
COMMENT ON FUNCTION leadroute_internal.report_changes(timestamptz, timestamptz) IS 'The newest 200 changes of rules in a period. Internal.';

CREATE FUNCTION leadroute.report(since timestamptz, until timestamptz, team text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS TABLE (data jsonb, page text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH asked AS MATERIALIZED (
        SELECT t.kind, t.name, t.reps FROM leadroute_internal.report_team(report.team, report.tenant) t
         WHERE leadroute_internal.is_period(report.since, report.until)
    ), place AS MATERIALIZED (
        -- where the leads of a team were; all where there is none
        SELECT a.kind, a.name, a.reps, CASE WHEN a.kind = 'territory' THEN array_agg(DISTINCT l.owner_id) FILTER (WHERE l.owner_id IS NOT NULL) ELSE a.reps END AS people,
               array_agg(DISTINCT l.territory) FILTER (WHERE l.territory IS NOT NULL) AS territories, array_agg(DISTINCT l.pool) FILTER (WHERE l.pool IS NOT NULL) AS pools
          FROM asked a
          LEFT JOIN leadroute.leads l ON a.kind IS NOT NULL AND l.duplicate_of IS NULL AND l.created_at >= report.since AND l.created_at < report.until
                                     AND (report.tenant IS NULL OR l.tenant = report.tenant)
                                     AND leadroute_internal.is_of_team(a.kind, a.name, a.reps, l.owner_id, l.pool, l.territory)
         GROUP BY a.kind, a.name, a.reps
    ), scope AS MATERIALIZED (
        SELECT p.kind, p.name, p.reps, p.pools, CASE WHEN p.kind IS NOT NULL THEN coalesce(p.people, '{}') END AS people,
               CASE p.kind WHEN 'territory' THEN ARRAY[p.name] ELSE CASE WHEN p.kind IS NOT NULL THEN coalesce(p.territories, '{}') END END AS territories
          FROM place p
    ), drawn AS MATERIALIZED (
        SELECT sla.found || jsonb_build_object(
            'since', leadroute_internal.report_moment(report.since), 'until', leadroute_internal.report_moment(report.until),
            'zone', current_setting('TimeZone'), 'made_at', to_char(now(), 'YYYY-MM-DD HH24:MI'), 'tenant', report.tenant,
            'team', CASE WHEN s.kind IS NOT NULL THEN jsonb_build_object('kind', s.kind, 'name', s.name) END,
            -- who misses more raises an alarm
            'wanted', (SELECT 100 - h."limit" FROM leadroute_internal.threshold_of('missed_slas', NULL, coalesce(report.tenant, '')) h WHERE h.enabled),
            'measures', measures.found, 'speed', speed.found, 'balance', balance.found, 'members', members.found, 'bands', bands.found, 'flows', flows.found,
            'weeks', (SELECT coalesce(jsonb_agg(jsonb_build_object('week', to_char(u.week, 'IYYY-"W"IW'), 'leads', u.leads, 'unrouted', u.unrouted, 'fallback', u.fallback,
                                                                   'errors', u.errors) ORDER BY u.week), '[]')
                        FROM leadroute.unrouted_rate(report.since, report.until, report.tenant) u),
            'misroutes', (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.leads DESC, r.reason), '[]')
                            FROM (SELECT coalesce(m.code, m.how || ' without a reason') AS reason, count(*) AS leads
                                    FROM leadroute.misrouted_leads(report.since, report.until, report.tenant) m
                                   WHERE leadroute_internal.is_of_team(s.kind, s.name, s.reps, m.owner_then, m.pool, m.territory) GROUP BY 1) r),
            -- rules and health are those of all tenants: not for the eyes of one
            'changes', CASE WHEN report.tenant IS NULL THEN (SELECT c.found FROM leadroute_internal.report_changes(report.since, report.until) c) ELSE '[]' END,
            'changes_in_all', CASE WHEN report.tenant IS NULL THEN (SELECT count(*) FROM leadroute.changelog g
                                                                     WHERE g.changed_at >= report.since AND g.changed_at < report.until) ELSE 0 END,
            'checks', CASE WHEN report.tenant IS NULL THEN (
                          SELECT coalesce(jsonb_agg(jsonb_build_object('check', h."check", 'status', h.status, 'detail', h.detail, 'value', h.value::text, 'limit', h."limit"::text)), '[]')
                            FROM leadroute.routing_health h) ELSE '[]' END) AS data
          FROM scope s
         CROSS JOIN LATERAL leadroute_internal.report_speed(report.since, report.until, report.tenant, s.kind, s.name, s.reps) speed
         CROSS JOIN LATERAL leadroute_internal.report_measures(report.since, report.until, report.tenant, s.kind, s.name, s.reps, speed.found) measures
         CROSS JOIN LATERAL leadroute_internal.report_sla(report.since, report.until, report.tenant, s.people, s.territories) sla
         CROSS JOIN LATERAL leadroute_internal.report_balance(report.since, report.until, report.tenant, s.territories) balance
         CROSS JOIN LATERAL leadroute_internal.report_members(report.since, report.until, report.tenant, s.kind, s.name, s.reps, s.pools) members
         CROSS JOIN LATERAL leadroute_internal.report_bands(report.since, report.until, report.tenant) bands
         CROSS JOIN LATERAL leadroute_internal.report_flows(report.since, report.until, report.tenant, s.kind, s.name, s.reps) flows
    )
    SELECT d.data, leadroute_internal.report_page(d.data::text) FROM drawn d;
END;
COMMENT ON FUNCTION leadroute.report(timestamptz, timestamptz, text, text) IS 'What report_html() shows, as JSON (data) and as its page; the arguments are the same. The page is only drawn where it is asked for.';

-- The period stands in the text of the query, and not as parameters: all of it is planned for so many rows as there are.
CREATE FUNCTION leadroute.report_html(since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now(), team text DEFAULT NULL, tenant text DEFAULT NULL) RETURNS text
    -- compiling so large a query takes longer than it does; other styles of dates abbreviate zones, and two have the same letters
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET datestyle = 'ISO, YMD' AS $$
DECLARE
    page text;
BEGIN
    EXECUTE format('SELECT r.page FROM leadroute.report(%L, %L, %L, %L) r', since, until, team, tenant) INTO page;
    RETURN page;
END $$;
COMMENT ON FUNCTION leadroute.report_html(timestamptz, timestamptz, text, text) IS 'A report for managers as one HTML page that needs nothing else: headline figures, speed, SLAs, territories, fairness, unrouted leads, misroutes, scores, the flow of leads through the rules, changes and health. From since on and before until, by the TimeZone of the session. team: a manager''s id (with all who report to them, directly or not), a pool or a territory; manager:, pool: or territory: before a name says which. tenant: only its leads, without changes of rules and health, which are of all. Runs with the rights of whoever calls it.';
