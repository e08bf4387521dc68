-- What the engine reads: the rules and the roster, each as one JSON document.
-- STABLE on purpose: they must use the snapshot of the query that calls them.

CREATE FUNCTION leadroute_internal.micros(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT CASE at WHEN 'infinity' THEN 9223372036854775807 WHEN '-infinity' THEN -9223372036854775808
                   ELSE (extract(epoch FROM at) * 1000000)::bigint END;
END;
COMMENT ON FUNCTION leadroute_internal.micros(timestamptz) IS 'Microseconds since 1970; the ends of bigint for the infinities.';

CREATE FUNCTION leadroute_internal.micros(length interval) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT (extract(epoch FROM length) * 1000000)::bigint;
END;
COMMENT ON FUNCTION leadroute_internal.micros(interval) IS 'Microseconds; a month counts as 30 days.';

CREATE FUNCTION leadroute_internal.span(range int4range) RETURNS json
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT json_build_object('lower', lower(range), 'lower_inc', lower_inc(range),
                             'upper', upper(range), 'upper_inc', upper_inc(range));
END;
COMMENT ON FUNCTION leadroute_internal.span(int4range) IS 'A range as the engine reads it.';

CREATE FUNCTION leadroute_internal.span(range numrange) RETURNS json
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    -- Rounded first: the cast refuses numbers closer to zero than a double can be.
    SELECT json_build_object('lower', round(lower(range), 300)::float8, 'lower_inc', lower_inc(range),
                             'upper', round(upper(range), 300)::float8, 'upper_inc', upper_inc(range));
END;
COMMENT ON FUNCTION leadroute_internal.span(numrange) IS 'A range as the engine reads it.';

CREATE FUNCTION leadroute_internal.exact(range numrange) RETURNS json
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    -- fifteen digits are exact as a double
    SELECT json_build_object('lower', CASE WHEN length(translate(lower(range)::text, '-.', '')) > 15 THEN lower(range)::text END,
                             'upper', CASE WHEN length(translate(upper(range)::text, '-.', '')) > 15 THEN upper(range)::text END);
END;
COMMENT ON FUNCTION leadroute_internal.exact(numrange) IS 'Bounds of a range that a double does not tell, as texts. Internal.';

CREATE FUNCTION leadroute_internal.span(range tstzrange) RETURNS json
    LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    SELECT json_build_object('lower', leadroute_internal.micros(lower(range)), 'lower_inc', lower_inc(range),
                             'upper', leadroute_internal.micros(upper(range)), 'upper_inc', upper_inc(range));
END;
COMMENT ON FUNCTION leadroute_internal.span(tstzrange) IS 'A range as the engine reads it, in microseconds since 1970.';

CREATE SEQUENCE leadroute.config_version_seq;
COMMENT ON SEQUENCE leadroute.config_version_seq IS 'Version of the rules, written into decisions.';

CREATE FUNCTION leadroute_internal.condition_problem(condition jsonpath) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Quoted strings are emptied first: a $ inside one is no variable.
    IF regexp_replace(condition::text, E'"(\\\\.|[^"\\\\])*"', '""', 'g') LIKE '%$""%' THEN
        RETURN 'the condition uses a variable, and there are none';
    END IF;
    PERFORM jsonb_path_query_first('{}', condition, '{}', true);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
COMMENT ON FUNCTION leadroute_internal.condition_problem(jsonpath) IS 'What is wrong with the condition of a segment or a criterion; NULL if nothing is.';

CREATE FUNCTION leadroute.rules_json() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 AS $$
SELECT json_build_object(
    'version', (SELECT last_value FROM leadroute.config_version_seq),
    'segments', (
        SELECT coalesce(json_agg(s ORDER BY s.priority, s.name COLLATE "C"), '[]') FROM (
            SELECT name, priority, territory, leadroute_internal.span(effective) AS effective,
                   countries, regions,
                   postal_prefixes,
                   industries,
                   leadroute_internal.span(employees) AS employees, leadroute_internal.span(revenue) AS revenue,
                   products, languages,
                   sources, events,
                   condition::text AS condition, leadroute_internal.condition_problem(condition) AS condition_problem,
                   required_skills, fallback_queue, tenants
              FROM leadroute.segments WHERE enabled) s),
    'tiers', (
        SELECT coalesce(json_agg(t), '[]') FROM (
            SELECT segment, name, leadroute_internal.span(score) AS score, leadroute_internal.exact(score) AS exact_score, action, pool, queue, unless_intent, tenants
              FROM leadroute.tiers) t),
    'pools', (SELECT coalesce(json_agg(p), '[]') FROM leadroute.pools p),
    'queues', (SELECT coalesce(json_agg(q), '[]') FROM leadroute.queues q),
    'territories', (SELECT coalesce(json_agg(t), '[]') FROM leadroute.territories t),
    'event_types', (SELECT coalesce(json_agg(e), '[]') FROM leadroute.event_types e),
    'sla_policies', (
        SELECT coalesce(json_agg(p), '[]') FROM (
            SELECT name, priority, business_hours, events, intents, segments, tenants,
                   leadroute_internal.micros(respond_within) AS respond_within FROM leadroute.sla_policies) p),
    'escalation_steps', (
        SELECT coalesce(json_agg(e ORDER BY e.policy, e.step), '[]') FROM (
            SELECT policy, step, leadroute_internal.micros(after) AS after, action FROM leadroute.escalation_steps) e),
    'recycle_rules', (
        SELECT coalesce(json_agg(r), '[]') FROM (
            SELECT reason, kind, leadroute_internal.micros(cool_off) AS cool_off, queue, tenants FROM leadroute.recycle_rules) r),
    'account_policies', (
        SELECT coalesce(json_agg(a), '[]') FROM (
            SELECT kind, when_off_duty, when_all_away, tenants FROM leadroute.account_policies) a),
    'account_matching', (
        SELECT coalesce(json_agg(m ORDER BY m.name COLLATE "C"), '[]') FROM (
            SELECT name, enabled, threshold, margin, max_candidates, review_queue, legal_forms, tenants FROM leadroute.account_matching) m),
    'score_criteria', (
        SELECT coalesce(json_agg(c ORDER BY c.name COLLATE "C"), '[]') FROM (
            SELECT name, points, condition::text AS condition, leadroute_internal.condition_problem(condition) AS condition_problem, reason,
                   leadroute_internal.span(effective) AS effective, leadroute_internal.micros(half_life) AS half_life, tenants
              FROM leadroute.score_criteria WHERE enabled) c),
    'playbooks', (
        SELECT coalesce(json_agg(p ORDER BY p.priority, p.name COLLATE "C"), '[]') FROM (
            SELECT name, priority, segments, tiers, events, expansion, recycled, tenants, leadroute_internal.span(score) AS score
              FROM leadroute.playbooks) p),
    'providers', (
        SELECT coalesce(json_agg(p ORDER BY p.name COLLATE "C"), '[]') FROM (
            SELECT name, kind, coalesce(fields::text[], CASE kind WHEN 'qualify' THEN '{score}'::text[] WHEN 'enrich' THEN '{company,country,industry,employees}' ELSE '{}' END) AS fields, tenants
              FROM leadroute.providers WHERE enabled) p),
    'industry_aliases', (SELECT coalesce(json_agg(a), '[]') FROM leadroute.industry_aliases a),
    'country_aliases', (SELECT coalesce(json_agg(a), '[]') FROM leadroute.country_aliases a)
)::text $$;
COMMENT ON FUNCTION leadroute.rules_json() IS 'All rules that sessions compile once, as the engine reads them.';

CREATE FUNCTION leadroute.roster_json(since timestamptz DEFAULT now()) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT json_build_object(
    'reps', (
        SELECT coalesce(json_agg(r), '[]') FROM (
            SELECT id, rep_no, manager_id, active, presence, leadroute_internal.micros(presence_at) AS presence_at, time_zone, schedule,
                   daily_cap, weekly_cap, max_open_leads, languages,
                   products, skills, backup_id, tenant
              FROM leadroute.reps) r),
    'members', (
        SELECT coalesce(json_agg(m), '[]') FROM (
            SELECT m.pool, m.rep_id, m.seat, m.active, CASE WHEN m.weight = 0 THEN 0 ELSE greatest(1, (m.weight * 1000
                       * CASE WHEN p.performance_weighted THEN m.performance ELSE 1 END)::bigint) END AS weight
              FROM leadroute.pool_members m JOIN leadroute.pools p ON p.name = m.pool) m),
    'absences', (
        SELECT coalesce(json_agg(a ORDER BY a.id), '[]') FROM (
            SELECT id, rep_id, leadroute_internal.span(during) AS during, kind, backup_id
              FROM leadroute.absences WHERE upper_inf(during) OR upper(during) >= since) a),
    'schedules', (
        SELECT coalesce(json_agg(s), '[]') FROM (
            SELECT name, (
                SELECT coalesce(json_agg(json_build_object('weekday', weekday,
                           'opens', extract(hour FROM opens)::int * 60 + extract(minute FROM opens)::int,
                           'closes', extract(hour FROM closes)::int * 60 + extract(minute FROM closes)::int)), '[]')
                  FROM leadroute.schedule_hours h WHERE h.schedule = name) AS hours
              FROM leadroute.schedules) s),
    'holidays', (SELECT coalesce(json_agg(h), '[]') FROM leadroute.holidays h)
)::text $$;
COMMENT ON FUNCTION leadroute.roster_json(timestamptz) IS 'All reps with their availability, as the engine reads them; of absences those that had not ended by then.';
