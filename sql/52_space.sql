-- The rules as a space: what they leave over, where they overlap, and which of them no lead reaches.

CREATE FUNCTION leadroute_internal.segment_shadows() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_segment_shadows';
COMMENT ON FUNCTION leadroute_internal.segment_shadows() IS 'The rows of the view segment_shadows.';

CREATE VIEW leadroute.segment_shadows AS
SELECT segment, shadowed_by, together_with
  FROM json_to_recordset(leadroute_internal.segment_shadows()) AS s (segment text, shadowed_by text, together_with text[]);
COMMENT ON VIEW leadroute.segment_shadows IS 'Segments that can never match, because one without a condition, or several together, come before them and take everything that they would. Those that are over, have an empty list or a condition that cannot be read are left out.';
COMMENT ON COLUMN leadroute.segment_shadows.segment IS 'The segment that never matches.';
COMMENT ON COLUMN leadroute.segment_shadows.shadowed_by IS 'The first segment that takes its leads.';
COMMENT ON COLUMN leadroute.segment_shadows.together_with IS 'The others that take them; NULL if the first takes all.';

CREATE FUNCTION leadroute_internal.rule_overlaps() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_rule_overlaps';
COMMENT ON FUNCTION leadroute_internal.rule_overlaps() IS 'The rows of the view rule_overlaps.';

CREATE VIEW leadroute.rule_overlaps AS
SELECT o.winner, o.loser, o.priority, 'the name, as the priority is the same' AS wins_by, o.leads AS "values", o.is_conditional, o.differ_in
  FROM json_to_recordset(leadroute_internal.rule_overlaps())
       AS o (winner text, loser text, priority integer, leads text, is_conditional boolean, differ_in text[]);
COMMENT ON VIEW leadroute.rule_overlaps IS 'Pairs of segments of the same priority that take the same leads and lead elsewhere: only their names say which of them gets the leads. The first 10,000 pairs.';
COMMENT ON COLUMN leadroute.rule_overlaps.winner IS 'The segment that gets the leads.';
COMMENT ON COLUMN leadroute.rule_overlaps.loser IS 'The segment that would get them without the other.';
COMMENT ON COLUMN leadroute.rule_overlaps.priority IS 'The priority of both.';
COMMENT ON COLUMN leadroute.rule_overlaps.wins_by IS 'What decides between them.';
COMMENT ON COLUMN leadroute.rule_overlaps."values" IS 'The leads that both take, in words.';
COMMENT ON COLUMN leadroute.rule_overlaps.is_conditional IS 'Whether a condition of one of them may keep them apart.';
COMMENT ON COLUMN leadroute.rule_overlaps.differ_in IS 'In what they lead elsewhere: tiers, territory, fallback_queue, required_skills.';

CREATE FUNCTION leadroute_internal.idle_tiers() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_idle_tiers';
COMMENT ON FUNCTION leadroute_internal.idle_tiers() IS 'Tiers that no lead comes to by its score, with why not.';

CREATE FUNCTION leadroute_internal.empty_lists() RETURNS TABLE (segment text, list text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.name, v.col
      FROM leadroute.segments s
     CROSS JOIN LATERAL (VALUES ('countries', s.countries), ('regions', s.regions), ('postal_prefixes', s.postal_prefixes),
                                ('industries', s.industries), ('products', s.products), ('languages', s.languages),
                                ('sources', s.sources), ('events', s.events), ('tenants', s.tenants)) v (col, list)
     WHERE s.enabled AND cardinality(v.list) = 0 $$;
COMMENT ON FUNCTION leadroute_internal.empty_lists() IS 'Segments that never match, as one of their lists names nothing.';

CREATE VIEW leadroute.unreachable_rules AS
SELECT 'segments' AS "table", h.segment AS key, 'earlier segments take all of its leads' AS why, h.shadowed_by || coalesce(h.together_with, '{}') AS taken_by
  FROM leadroute.segment_shadows h
UNION ALL
SELECT 'segments', e.segment, format('the list of %s is empty', e.list), NULL FROM leadroute_internal.empty_lists() e
UNION ALL
SELECT 'segments', s.name, format('it has been over since %s', to_char(upper(s.effective), 'YYYY-MM-DD')), NULL
  FROM leadroute.segments s WHERE s.enabled AND upper(s.effective) <= now()
UNION ALL
SELECT 'segments', s.name, leadroute_internal.condition_problem(s.condition), NULL
  FROM leadroute.segments s WHERE s.enabled AND leadroute_internal.condition_problem(s.condition) IS NOT NULL
UNION ALL
SELECT 'tiers', concat_ws('/', t.segment, t.tier), t.why, NULL
  FROM json_to_recordset(leadroute_internal.idle_tiers()) AS t (segment text, tier text, why text);
COMMENT ON VIEW leadroute.unreachable_rules IS 'Segments that are enabled and can never match, and tiers that no lead comes to by its score.';
COMMENT ON COLUMN leadroute.unreachable_rules."table" IS 'segments or tiers.';
COMMENT ON COLUMN leadroute.unreachable_rules.key IS 'The name; of a tier segment/tier, or the tier alone if it is for all segments.';
COMMENT ON COLUMN leadroute.unreachable_rules.why IS 'Why nothing reaches it.';
COMMENT ON COLUMN leadroute.unreachable_rules.taken_by IS 'The segments that take its leads, in the order in which they are tried; NULL if that is not the cause.';

CREATE FUNCTION leadroute_internal.rule_survey(since timestamptz, most bigint) RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_rule_survey';
COMMENT ON FUNCTION leadroute_internal.rule_survey(timestamptz, bigint) IS 'Gaps, and conditions that never held, with the leads that came since then: the last so many of those that got as far as the segments.';

CREATE FUNCTION leadroute_internal.rule_gaps(since timestamptz) RETURNS TABLE (kind text, segment text, tier text, pool text, tenants text[],
    "values" text, unless text[], queues text[], leads bigint, latest_lead bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT g.kind, g.segment, g.tier, g.pool, g.tenants, g."values", nullif(g.unless, '{}'), g.queues, g.leads, g.latest
      FROM json_to_recordset(leadroute_internal.rule_survey(since, NULL) -> 'gaps')
           AS g (kind text, segment text, tier text, pool text, tenants text[], "values" text, unless text[], queues text[], leads bigint, latest bigint) $$;
COMMENT ON FUNCTION leadroute_internal.rule_gaps(timestamptz) IS 'The rows of rule_gaps.';

CREATE VIEW leadroute.rule_gaps AS SELECT * FROM leadroute_internal.rule_gaps(now() - interval '90 days');
COMMENT ON VIEW leadroute.rule_gaps IS 'Leads that the rules of now leave to nobody: values that no segment takes, scores that no tier takes, tiers whose pool has nobody; with the leads of the last 90 days that fall there. Gaps with most leads come first; of those without leads, 200 that no segment takes are listed at most. Leads that other layers placed (domain rules, accounts, duplicates) do not count.';
COMMENT ON COLUMN leadroute.rule_gaps.kind IS 'segment, tier or pool: what is missing.';
COMMENT ON COLUMN leadroute.rule_gaps.segment IS 'The segment that the leads fall into; NULL: none, or all that have no tiers of their own.';
COMMENT ON COLUMN leadroute.rule_gaps.tier IS 'The tier that leads to the pool.';
COMMENT ON COLUMN leadroute.rule_gaps.pool IS 'The pool that has nobody.';
COMMENT ON COLUMN leadroute.rule_gaps.tenants IS 'The tenants whose leads these are; NULL is all.';
COMMENT ON COLUMN leadroute.rule_gaps."values" IS 'Which leads, in words; of a pool, why nobody takes them. Numbers of which only a range is known count as unknown where no segment holds the range.';
COMMENT ON COLUMN leadroute.rule_gaps.unless IS 'Segments that take those of them for which their condition holds.';
COMMENT ON COLUMN leadroute.rule_gaps.queues IS 'The queues where such leads wait.';
COMMENT ON COLUMN leadroute.rule_gaps.leads IS 'How many leads of the last 90 days fall there.';
COMMENT ON COLUMN leadroute.rule_gaps.latest_lead IS 'The last of them.';

CREATE FUNCTION leadroute.rule_gaps(since timestamptz DEFAULT now() - interval '90 days') RETURNS SETOF leadroute.rule_gaps
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM leadroute_internal.rule_gaps(since) $$;
COMMENT ON FUNCTION leadroute.rule_gaps(timestamptz) IS 'The view rule_gaps with the leads that came since another moment.';

CREATE FUNCTION leadroute_internal.idle_conditions(since timestamptz) RETURNS TABLE (segment text, condition text, leads bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
    SELECT c.segment, c.condition, c.leads
      FROM json_to_recordset(leadroute_internal.rule_survey(since, NULL) -> 'conditions') AS c (segment text, condition text, leads bigint) $$;
COMMENT ON FUNCTION leadroute_internal.idle_conditions(timestamptz) IS 'The rows of idle_conditions.';

CREATE VIEW leadroute.idle_conditions AS SELECT * FROM leadroute_internal.idle_conditions(now() - interval '90 days');
COMMENT ON VIEW leadroute.idle_conditions IS 'Segments whose condition held for none of the leads of the last 90 days for which everything else did, whatever segment comes before.';
COMMENT ON COLUMN leadroute.idle_conditions.segment IS 'The segment.';
COMMENT ON COLUMN leadroute.idle_conditions.condition IS 'Its condition.';
COMMENT ON COLUMN leadroute.idle_conditions.leads IS 'For how many leads its columns held.';

CREATE FUNCTION leadroute.idle_conditions(since timestamptz DEFAULT now() - interval '90 days') RETURNS SETOF leadroute.idle_conditions
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT * FROM leadroute_internal.idle_conditions(since) $$;
COMMENT ON FUNCTION leadroute.idle_conditions(timestamptz) IS 'The view idle_conditions with the leads that came since another moment.';

CREATE FUNCTION leadroute_internal.space_findings() RETURNS TABLE (severity text, "table" text, key text, problem text, hint text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
WITH survey AS MATERIALIZED (SELECT leadroute_internal.rule_survey(now() - interval '90 days', 10000) AS found)
SELECT 'error', 'segments', h.segment,
       CASE WHEN h.together_with IS NULL THEN format('the segment never matches: segment "%s" comes before it and takes all of its leads', h.shadowed_by)
            ELSE format('the segment never matches: segments "%s" come before it and take all of its leads together', array_to_string(h.shadowed_by || h.together_with, '", "')) END,
       CASE WHEN h.together_with IS NULL THEN 'Give it a lower priority number than that of the other, or delete it.'
            ELSE 'Give it a lower priority number than that of the others, or delete it.' END
  FROM leadroute.segment_shadows h
UNION ALL
SELECT 'warning', 'segments', o.loser,
       format('segment "%s"%s has the same priority %s, comes first by its name, and takes the leads that both match (%s), which go elsewhere: other %s', min(o.winner),
              CASE WHEN count(*) > 1 THEN format(' and %s more', count(*) - 1) ELSE '' END, min(o.priority),
              (array_agg(o."values" ORDER BY o.winner))[1], (array_agg(array_to_string(o.differ_in, ', ') ORDER BY o.winner))[1]),
       'Give the one that shall win a lower priority number.'
  FROM leadroute.rule_overlaps o GROUP BY o.loser
UNION ALL
SELECT 'warning', 'tiers', concat_ws('/', t.segment, t.tier), format('no lead comes to the tier: %s', t.why), 'Delete it, or change the scores of the others.'
  FROM json_to_recordset(leadroute_internal.idle_tiers()) AS t (segment text, tier text, why text)
 WHERE t.why LIKE 'other tiers%'
UNION ALL
SELECT 'warning', 'segments', g."values",
       format('no segment takes such leads%s: there were %s in the last 90 days, and they wait in queue "%s"',
              CASE WHEN g.unless <> '{}' THEN format(' unless a condition holds, of "%s"', array_to_string(g.unless, '", "')) ELSE '' END, g.leads, array_to_string(g.queues, '", "')),
       'Insert a segment for them, or widen one; leadroute.rule_gaps lists all gaps.'
  -- those with most leads come first, and are enough
  FROM (SELECT g.* FROM survey, json_to_recordset(survey.found -> 'gaps') AS g (kind text, "values" text, unless text[], queues text[], leads bigint)
         WHERE g.kind = 'segment' AND g.leads > 0 ORDER BY g.leads DESC LIMIT 10) g
UNION ALL
SELECT 'warning', 'segments', c.segment, format('the condition has held for none of the last %s leads for which everything else did', c.leads), 'Correct the condition, or delete the segment.'
  FROM survey, json_to_recordset(survey.found -> 'conditions') AS c (segment text, leads bigint)
 WHERE c.leads >= 20
$$;
COMMENT ON FUNCTION leadroute_internal.space_findings() IS 'The findings of lint_config() about the space of leads. Of the leads of the last 90 days it looks at the last 10,000.';
