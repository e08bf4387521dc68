-- What still points at somebody or something that cannot take leads.

CREATE FUNCTION leadroute_internal.rep_cover() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_rep_cover';
COMMENT ON FUNCTION leadroute_internal.rep_cover() IS 'The rows of the view rep_cover.';

CREATE VIEW leadroute.rep_cover AS
SELECT rep_id, active, is_able, is_covered, stands_in, ring
  FROM json_to_recordset(leadroute_internal.rep_cover())
       AS c (rep_id text, active boolean, is_able boolean, is_covered boolean, stands_in text, ring text[]);
COMMENT ON VIEW leadroute.rep_cover IS 'Whether each rep could take leads at all (active, with a schedule that has hours), whether they or somebody who stands in for them could, the first able rep in the chain of standing backups, and that chain where it comes back to the rep without having met one. Presence and absences pass and are not looked at.';
COMMENT ON COLUMN leadroute.rep_cover.rep_id IS 'The rep.';
COMMENT ON COLUMN leadroute.rep_cover.active IS 'Whether the rep is active.';
COMMENT ON COLUMN leadroute.rep_cover.is_able IS 'Whether the rep could take leads at all: active, with a schedule that has hours.';
COMMENT ON COLUMN leadroute.rep_cover.is_covered IS 'Whether the rep or somebody who stands in could.';
COMMENT ON COLUMN leadroute.rep_cover.stands_in IS 'The first able rep in the chain of backups.';
COMMENT ON COLUMN leadroute.rep_cover.ring IS 'Reps whose backups are each other.';

CREATE FUNCTION leadroute_internal.ways_out_json() RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_ways_out';
COMMENT ON FUNCTION leadroute_internal.ways_out_json() IS 'The rows of ways_out().';

-- With settings of its own it is not inlined: the planner would take it for a hundred rows.
CREATE FUNCTION leadroute_internal.ways_out() RETURNS TABLE (segment text, pool text, queue text)
    LANGUAGE sql STABLE ROWS 20000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT w.segment, w.pool, w.queue FROM json_to_recordset(leadroute_internal.ways_out_json()) AS w (segment text, pool text, queue text) $$;
COMMENT ON FUNCTION leadroute_internal.ways_out() IS 'The queue where leads of each enabled segment wait that nobody takes, by the pool of their tier; where it has none, by the empty name.';

CREATE VIEW leadroute.segment_tiers AS
WITH own AS (
    SELECT segment, range_agg(score) AS scores FROM leadroute.tiers WHERE segment IS NOT NULL GROUP BY segment
), tier AS (
    SELECT s.name AS segment, t.id FROM leadroute.segments s JOIN leadroute.tiers t ON t.segment = s.name
    UNION ALL
    SELECT s.name, t.id
      FROM leadroute.segments s
      LEFT JOIN own ON own.segment = s.name
     CROSS JOIN leadroute.tiers t
     WHERE t.segment IS NULL AND NOT coalesce(own.scores @> t.score, false)
)
SELECT s.name AS segment, s.enabled AND (s.effective IS NULL OR upper_inf(s.effective) OR upper(s.effective) > now()) AS is_live,
       t.name AS tier, t.segment IS NULL AS for_all, t.score, t.action, t.pool, t.queue, w.queue AS way_out
  FROM tier
  JOIN leadroute.segments s ON s.name = tier.segment
  JOIN leadroute.tiers t ON t.id = tier.id
  LEFT JOIN leadroute_internal.ways_out() w ON w.segment = s.name AND w.pool = coalesce(t.pool, '');
COMMENT ON VIEW leadroute.segment_tiers IS 'The tiers that the leads of each segment can come to, those for all segments where its own leave scores to them, and the queue where leads wait that nobody takes there; of a segment that is not enabled there is none.';
COMMENT ON COLUMN leadroute.segment_tiers.segment IS 'The segment.';
COMMENT ON COLUMN leadroute.segment_tiers.is_live IS 'Whether it counts now, or will.';
COMMENT ON COLUMN leadroute.segment_tiers.tier IS 'The tier.';
COMMENT ON COLUMN leadroute.segment_tiers.for_all IS 'Whether it is a tier for all segments.';
COMMENT ON COLUMN leadroute.segment_tiers.score IS 'Its scores.';
COMMENT ON COLUMN leadroute.segment_tiers.action IS 'What it does: pool, queue or nurture.';
COMMENT ON COLUMN leadroute.segment_tiers.pool IS 'Its pool.';
COMMENT ON COLUMN leadroute.segment_tiers.queue IS 'Its queue.';
COMMENT ON COLUMN leadroute.segment_tiers.way_out IS 'The queue where leads wait that nobody takes.';

CREATE VIEW leadroute.coverage_gaps AS
WITH rep AS MATERIALIZED (
    SELECT c.*, r.backup_id, r.manager_id FROM leadroute.rep_cover c JOIN leadroute.reps r ON r.id = c.rep_id
), queue AS (
    SELECT q.name, q.kind, q.manager_id, coalesce(m.active, false) AS is_told,
           CASE WHEN q.manager_id IS NULL THEN 'it has no manager' ELSE format('its manager "%s" is not active', q.manager_id) END AS why_not
      FROM leadroute.queues q LEFT JOIN leadroute.reps m ON m.id = q.manager_id
), territory AS (
    SELECT t.name, t.manager_id, t.fallback_queue, coalesce(m.is_covered, false) AS is_managed
      FROM leadroute.territories t LEFT JOIN rep m ON m.rep_id = t.manager_id
), taker AS (
    -- Who can get a lead of a pool by rotation.
    SELECT m.pool, m.rep_id, lower(r.languages::text)::text[] AS languages, lower(r.products::text)::text[] AS products,
           coalesce(lower(r.skills::text)::text[], '{}') AS skills
      FROM leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id JOIN rep c ON c.rep_id = m.rep_id
     WHERE m.active AND m.weight > 0 AND c.is_able
       AND 0 NOT IN (coalesce(r.daily_cap, 1), coalesce(r.weekly_cap, 1), coalesce(r.max_open_leads, 1))
), way AS MATERIALIZED (
    SELECT w.*, q.is_told, q.why_not, coalesce(t.is_managed, false) AS is_managed
      FROM leadroute.segment_tiers w
      JOIN leadroute.segments s ON s.name = w.segment
      JOIN queue q ON q.name = w.way_out
      LEFT JOIN territory t ON t.name = s.territory
     WHERE w.is_live
), empty_pool AS MATERIALIZED (
    SELECT p.name, p.when_all_away, count(DISTINCT w.segment) AS segments, array_agg(DISTINCT w.segment) AS named, bool_and(w.is_told) AS is_told, min(w.way_out) AS way_out,
           count(DISTINCT w.way_out) AS ways_out
      FROM leadroute.pools p JOIN way w ON w.pool = p.name
     WHERE NOT EXISTS (SELECT FROM taker WHERE pool = p.name)
     GROUP BY p.name, p.when_all_away
), scale AS (
    SELECT range_merge(range_merge(score), '[0,0]') AS scores
      FROM (SELECT range_agg(score) AS score FROM leadroute.tiers HAVING count(*) > 0) t
), segment AS (
    SELECT s.name, q.name AS way_out, q.is_told, q.why_not, coalesce(t.is_managed, false) AS is_managed
      FROM leadroute.segments s
      LEFT JOIN territory t ON t.name = s.territory
      JOIN leadroute_internal.ways_out() w ON w.segment = s.name AND w.pool = ''
      JOIN queue q ON q.name = w.queue
     WHERE s.enabled AND (s.effective IS NULL OR upper_inf(s.effective) OR upper(s.effective) > now())
)
-- Accounts.
SELECT 'accounts' AS "table", a.id AS key,
       format('the %s "%s" is not active and no backup stands in: its leads go to %s',
              CASE role WHEN 'csm' THEN 'customer success manager' ELSE 'owner' END, r.rep_id,
              CASE WHEN role = 'csm' AND o.is_covered THEN format('its owner "%s"', a.owner_id)
                   WHEN role = 'owner' AND m.is_covered THEN format('its customer success manager "%s"', a.csm_id)
                   WHEN a.kind = 'customer' AND (pm.is_covered OR po.is_covered) THEN format('those who answer for account "%s" above it', p.id)
                   WHEN coalesce(boss.rep_id, other_boss.rep_id) IS NOT NULL THEN format('the manager "%s"', coalesce(boss.rep_id, other_boss.rep_id))
                   ELSE 'the segments, like those of strangers' END) AS gap,
       'warning' AS severity
  FROM rep r
 CROSS JOIN LATERAL (
    SELECT 'owner' AS role, * FROM leadroute.accounts WHERE owner_id = r.rep_id AND (kind = 'customer' OR named)
    UNION ALL
    SELECT 'csm', * FROM leadroute.accounts WHERE csm_id = r.rep_id AND kind = 'customer') a
  LEFT JOIN rep o ON o.rep_id = a.owner_id
  LEFT JOIN rep m ON m.rep_id = a.csm_id
  LEFT JOIN leadroute.accounts p ON p.tenant = a.tenant AND p.id = a.parent_id AND p.kind = 'customer'
  LEFT JOIN rep pm ON pm.rep_id = p.csm_id
  LEFT JOIN rep po ON po.rep_id = p.owner_id
  LEFT JOIN rep boss ON boss.rep_id = r.manager_id AND boss.is_covered
  LEFT JOIN rep other_boss ON other_boss.rep_id = CASE role WHEN 'csm' THEN o.manager_id ELSE m.manager_id END AND other_boss.is_covered
 WHERE NOT r.active AND NOT r.is_covered
UNION ALL
-- Who stands in.
SELECT 'reps', r.rep_id,
       format('the standing backup "%s" is not active: %s', r.backup_id,
              coalesce('"' || r.stands_in || '" stands in instead', 'while the rep is absent, leads of their accounts go to others who answer for them')),
       'warning'
  FROM rep r JOIN rep b ON b.rep_id = r.backup_id
 WHERE r.active AND NOT b.active AND r.ring IS NULL
UNION ALL
SELECT 'reps', r.rep_id,
       CASE WHEN r.is_able
            THEN format('the standing backup "%s" is not active and the chain comes back to the rep: while they are absent, leads of their accounts go to others who answer for them',
                        r.backup_id)
            ELSE format('%s stand in for each other and none of them can take leads: those of their accounts go to others who answer for them',
                        (SELECT string_agg('"' || id || '"', ', ' ORDER BY at) FROM unnest(r.ring) WITH ORDINALITY u (id, at))) END,
       'warning'
  FROM rep r
 -- The chains of the others end at the one who is able; where nobody is, all come back, and one of them is enough to say so.
 WHERE r.ring IS NOT NULL AND (r.is_able OR r.rep_id = (SELECT min(id) FROM unnest(r.ring) id))
UNION ALL
SELECT 'absences', a.id::text,
       format('the backup "%s" of "%s" from %s is not active: %s', a.backup_id, a.rep_id,
              coalesce(to_char(lower(a.during), 'YYYY-MM-DD'), 'the beginning'),
              CASE WHEN b.is_covered OR s.is_covered THEN 'their backups are asked instead'
                   ELSE 'nobody stands in, and leads of their accounts go to others who answer for them' END),
       'warning'
  FROM leadroute.absences a
  JOIN rep r ON r.rep_id = a.rep_id
  JOIN rep b ON b.rep_id = a.backup_id
  LEFT JOIN rep s ON s.rep_id = r.backup_id
 WHERE NOT b.active AND r.active AND (upper_inf(a.during) OR upper(a.during) > now())
UNION ALL
-- Pools.
SELECT 'pools', p.name,
       format('nobody in the pool can take leads%s: those of %s go to %s%s',
              CASE p.when_all_away WHEN 'hold' THEN ', and nobody is left who could come back to those that it should hold' ELSE '' END,
              CASE WHEN p.segments = 1 THEN format('segment "%s"', p.named[1])
                   WHEN p.segments <= 5 THEN format('segments "%s"', array_to_string(p.named, '", "'))
                   ELSE format('%s segments, such as "%s"', p.segments, array_to_string(p.named[1:3], '", "')) END,
              CASE p.ways_out WHEN 1 THEN format('queue "%s"', p.way_out) ELSE format('%s queues', p.ways_out) END,
              CASE WHEN p.is_told THEN '' ELSE ' and nobody is told' END),
       CASE WHEN p.is_told AND p.when_all_away <> 'hold' THEN 'warning' ELSE 'error' END
  FROM empty_pool p
UNION ALL
SELECT 'segments', w.segment,
       format('tier "%s" leads to pool "%s", where nobody can take leads: they go to queue "%s" and nobody is told, because %s',
              w.tier, w.pool, w.way_out, w.why_not),
       CASE WHEN w.is_managed THEN 'warning' ELSE 'error' END
  FROM way w JOIN empty_pool p ON p.name = w.pool
 WHERE NOT w.is_told
UNION ALL
SELECT 'pools', w.pool,
       format('of those who can take leads nobody %s for segment "%s": such leads go to queue "%s"%s', string_agg(l.lack, ' or '), w.segment,
              w.way_out, CASE WHEN w.is_told THEN '' ELSE ' and nobody is told' END),
       CASE WHEN w.is_told OR w.is_managed THEN 'warning' ELSE 'error' END
  FROM (SELECT DISTINCT segment, pool, way_out, is_told, is_managed FROM way WHERE pool IS NOT NULL) w
  JOIN leadroute.segments s ON s.name = w.segment AND (s.required_skills IS NOT NULL OR s.languages IS NOT NULL OR s.products IS NOT NULL)
 CROSS JOIN LATERAL (
    SELECT count(k.pool) = 0 AS nobody, coalesce(bool_or(k.skills @> need.skills), false) AS skilled, need.skills
      FROM (SELECT coalesce(lower(s.required_skills::text)::text[], '{}') AS skills) need
      LEFT JOIN taker k ON k.pool = w.pool
     GROUP BY need.skills) need
 CROSS JOIN LATERAL (
    SELECT 1 AS sort, 'has the required skills "' || array_to_string(need.skills, '", "') || '"' AS lack WHERE NOT need.skilled
    UNION ALL
    SELECT 2, format('speaks "%s"', x) FROM unnest(lower(s.languages::text)::text[]) x
     WHERE need.skilled AND NOT EXISTS (SELECT FROM taker k WHERE k.pool = w.pool AND k.skills @> need.skills
                                           AND (k.languages IS NULL OR x LIKE ANY (SELECT unnest(ARRAY[l, l || '-%']) FROM unnest(k.languages) l)))
    UNION ALL
    SELECT 3, format('sells "%s"', x) FROM unnest(lower(s.products::text)::text[]) x
     WHERE need.skilled AND NOT EXISTS (SELECT FROM taker k WHERE k.pool = w.pool AND k.skills @> need.skills
                                           AND (k.products IS NULL OR x = ANY (k.products)))) l
 WHERE NOT need.nobody
 GROUP BY w.pool, w.segment, w.way_out, w.is_told, w.is_managed
UNION ALL
SELECT 'pool_members', m.pool || '/' || m.rep_id,
       'the rep is not active and has a weight still: it counts for nothing, the others share the leads', 'warning'
  FROM leadroute.pool_members m JOIN rep r ON r.rep_id = m.rep_id
 WHERE m.active AND m.weight > 0 AND NOT r.active
UNION ALL
-- Scores. The scale is what all tiers together reach, with 0, which a lead without score counts as.
SELECT 'segments', s.name,
       format('%s: its leads%s go to queue "%s"%s',
              CASE WHEN c.scores IS NULL THEN 'the segment has no tier' ELSE format('no tier takes scores %s', missing.list) END,
              CASE WHEN c.scores IS NULL THEN '' ELSE ' with such scores' END,
              s.way_out, CASE WHEN s.is_told THEN '' ELSE format(' and nobody is told, because %s', s.why_not) END),
       CASE WHEN s.is_told OR s.is_managed THEN 'warning' ELSE 'error' END
  FROM segment s
  LEFT JOIN scale ON true
  LEFT JOIN (SELECT segment, range_agg(score) AS scores FROM way GROUP BY segment) c ON c.segment = s.name
 CROSS JOIN LATERAL (
    SELECT string_agg(r::text, ' and ') AS list FROM unnest(nummultirange(scale.scores) - c.scores) r) missing
 WHERE c.scores IS NULL OR missing.list IS NOT NULL
UNION ALL
SELECT 'tiers', r::text,
       format('no tier of any segment takes scores in %s: such leads go to the ways out of their segments', r), 'warning'
  FROM scale CROSS JOIN LATERAL unnest(nummultirange('(,)'::numrange) - nummultirange(scale.scores)) r
UNION ALL
-- Territories, queues, managers.
SELECT 'territories', t.name,
       format('the territory has no live way out: %s, and %s',
              CASE WHEN t.manager_id IS NULL THEN 'it has no manager' ELSE format('its manager "%s" is not active', t.manager_id) END,
              CASE WHEN t.fallback_queue IS NULL THEN
                        format('leads that nobody takes go to queue "catch_all"%s', CASE WHEN q.is_told THEN '' ELSE ' where nobody is told' END)
                   ELSE format('nobody is told of leads in its queue "%s", because %s', q.name, q.why_not) END),
       CASE WHEN t.fallback_queue IS NULL AND q.is_told THEN 'warning' ELSE 'error' END
  FROM territory t JOIN queue q ON q.name = coalesce(t.fallback_queue, 'catch_all')
 WHERE NOT t.is_managed AND (t.fallback_queue IS NULL OR NOT q.is_told)
UNION ALL
SELECT 'queues', q.name,
       format('the manager "%s" is not active: leads wait in the queue and nobody is told', q.manager_id),
       CASE WHEN q.kind = 'catch_all' OR EXISTS (SELECT FROM leadroute.territories t WHERE t.fallback_queue = q.name)
                 OR EXISTS (SELECT FROM leadroute.segments s WHERE s.fallback_queue = q.name)
                 OR EXISTS (SELECT FROM leadroute.pools p WHERE p.fallback_queue = q.name) THEN 'error' ELSE 'warning' END
  FROM queue q
 WHERE q.manager_id IS NOT NULL AND NOT q.is_told
UNION ALL
SELECT 'reps', r.rep_id,
       format('the manager "%s" is not active: overdue leads of the rep go to %s', r.manager_id,
              coalesce('"' || m.stands_in || '", who stands in', 'the manager of the territory, else to the way out')),
       'warning'
  FROM rep r JOIN rep m ON m.rep_id = r.manager_id
 WHERE r.active AND NOT m.active
UNION ALL
SELECT 'schedules', s.name,
       format('the schedule has no hours: nobody who uses it ever gets a lead (%s)', string_agg(r.id, ', ' ORDER BY r.id)), 'warning'
  FROM leadroute.schedules s JOIN leadroute.reps r ON r.schedule = s.name AND r.active
 WHERE NOT EXISTS (SELECT FROM leadroute.schedule_hours h WHERE h.schedule = s.name)
 GROUP BY s.name
UNION ALL
SELECT 'leads', r.rep_id,
       format('the rep is not active and owns %s open %s: nobody works on %s', l.leads,
              CASE l.leads WHEN 1 THEN 'lead' ELSE 'leads' END, CASE l.leads WHEN 1 THEN 'it' ELSE 'them' END), 'error'
  FROM rep r
 CROSS JOIN LATERAL (
    SELECT count(*) AS leads FROM leadroute.leads
     WHERE owner_id = r.rep_id AND leadroute_internal.is_with_rep(status) AND duplicate_of IS NULL) l
 WHERE NOT r.active AND l.leads > 0;
COMMENT ON VIEW leadroute.coverage_gaps IS 'What still points at somebody or something that cannot take leads, and what becomes of the leads; error where nobody would act on them. Backups that stand in for each other are no gap as long as two of them are active, pools that no segment uses are none either.';
COMMENT ON COLUMN leadroute.coverage_gaps."table" IS 'The table of the rule.';
COMMENT ON COLUMN leadroute.coverage_gaps.key IS 'Which row.';
COMMENT ON COLUMN leadroute.coverage_gaps.gap IS 'What is not covered.';
COMMENT ON COLUMN leadroute.coverage_gaps.severity IS 'error: nobody would act on the leads. warning: somebody else gets them.';
