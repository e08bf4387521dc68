-- The rules as a diagram: collected here, written by src/report.

CREATE FUNCTION leadroute_internal.diagram_text(rules text, format text) RETURNS text
    LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'leadroute_diagram_text';
COMMENT ON FUNCTION leadroute_internal.diagram_text(text, text) IS 'A diagram of the rules that rules_picture() collects, in one of its formats. Internal.';

CREATE FUNCTION leadroute_internal.rules_picture() RETURNS jsonb
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'domains', (SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.kind, d.queue), '[]')
                      FROM (SELECT r.kind, r.queue, count(*) AS domains FROM leadroute.domain_rules r GROUP BY r.kind, r.queue) d),
        'customers', (SELECT count(*) FROM leadroute.accounts a WHERE a.kind = 'customer'),
        'named', (SELECT count(*) FROM leadroute.accounts a WHERE a.named),
        'recycling', (SELECT coalesce(jsonb_agg(jsonb_build_object('reason', r.reason, 'kind', r.kind, 'queue', r.queue) ORDER BY r.reason, r.id), '[]') FROM leadroute.recycle_rules r),
        'segments', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'priority', s.priority, 'enabled', s.enabled, 'territory', s.territory,
                                                                  'fallback', s.fallback_queue) ORDER BY s.priority, s.name COLLATE "C"), '[]') FROM leadroute.segments s),
        'tiers', (SELECT coalesce(jsonb_agg(jsonb_build_object('segment', t.segment, 'name', t.name, 'score', t.score::text, 'action', t.action, 'pool', t.pool, 'queue', t.queue,
                                                               'unless', t.unless_intent) ORDER BY t.segment, t.score, t.id), '[]') FROM leadroute.tiers t),
        'pools', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', p.name, 'strategy', p.strategy, 'fallback', p.fallback_queue, 'members', (
                             SELECT coalesce(jsonb_agg(jsonb_build_object('rep', m.rep_id, 'weight', trim_scale(m.weight)::text, 'active', m.active AND coalesce(r.active, false))
                                                       ORDER BY m.rep_id), '[]')
                               FROM leadroute.pool_members m LEFT JOIN leadroute.reps r ON r.id = m.rep_id WHERE m.pool = p.name)) ORDER BY p.name), '[]') FROM leadroute.pools p),
        'queues', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', q.name, 'kind', q.kind, 'pool', q.auto_assign_pool) ORDER BY q.tenant NULLS FIRST, q.name), '[]') FROM leadroute.queues q),
        'territories', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', y.name, 'fallback', y.fallback_queue) ORDER BY y.name), '[]') FROM leadroute.territories y));
END;
COMMENT ON FUNCTION leadroute_internal.rules_picture() IS 'The rules as a diagram shows them. Internal.';

CREATE FUNCTION leadroute.rules_diagram(format text DEFAULT 'mermaid') RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT leadroute_internal.diagram_text(leadroute_internal.rules_picture()::text, rules_diagram.format);
END;
COMMENT ON FUNCTION leadroute.rules_diagram(text) IS 'The rules as they are, as text of a diagram: lists of domains, accounts, recycling, segments in the order in which they are asked, tiers, pools with members and weights, queues, and where leads go that find nobody (dashed). format: mermaid, or dot for Graphviz. Runs with the rights of whoever calls it, who must be able to read the rules.';
