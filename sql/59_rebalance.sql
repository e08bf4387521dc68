-- Segments that could go elsewhere where one territory, or pool, has far more than the others.

CREATE FUNCTION leadroute_internal.segment_loads(since timestamptz, tenant text) RETURNS TABLE (segment text, area text, by_territory boolean, leads bigint, value numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH rule AS (
        SELECT s.name, s.territory, (SELECT min(t.pool) FROM leadroute.tiers t WHERE t.segment = s.name HAVING count(DISTINCT t.pool) = 1) AS pool,
               (SELECT count(DISTINCT x.territory) > 1 FROM leadroute.segments x WHERE x.enabled) AS by_territory
          FROM leadroute.segments s
         WHERE s.enabled AND (s.tenants IS NULL OR segment_loads.tenant IS NULL OR segment_loads.tenant = ANY (s.tenants))
    ), came AS (
        SELECT l.segment, count(*) AS leads, coalesce(sum(l.amount) FILTER (WHERE l.status = 'converted'), 0) AS value
          FROM leadroute.leads l
         WHERE l.created_at >= segment_loads.since AND l.duplicate_of IS NULL AND l.segment IS NOT NULL AND (segment_loads.tenant IS NULL OR l.tenant = segment_loads.tenant)
         GROUP BY l.segment
    )
    SELECT r.name, CASE WHEN r.by_territory THEN r.territory ELSE r.pool END, r.by_territory, coalesce(c.leads, 0), coalesce(c.value, 0)
      FROM rule r LEFT JOIN came c ON c.segment = r.name
     WHERE CASE WHEN r.by_territory THEN r.territory ELSE r.pool END IS NOT NULL;
END;
COMMENT ON FUNCTION leadroute_internal.segment_loads(timestamptz, text) IS 'Leads since then, and what they won, by enabled segment, with the territory that it has now; where there are not two territories, with the pool, if its own tiers have one. Internal.';

CREATE FUNCTION leadroute_internal.covers(pool text, segment text, tenant text) RETURNS boolean
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH taker AS (
        SELECT lower(r.languages::text)::text[] AS languages, lower(r.products::text)::text[] AS products
          FROM leadroute.pool_members m JOIN leadroute.reps r ON r.id = m.rep_id JOIN leadroute.rep_cover v ON v.rep_id = r.id AND v.is_able
          JOIN leadroute.segments s ON s.name = covers.segment
         WHERE m.pool = covers.pool AND m.active AND m.weight > 0 AND (covers.tenant IS NULL OR r.tenant = covers.tenant)
           AND 0 NOT IN (coalesce(r.daily_cap, 1), coalesce(r.weekly_cap, 1), coalesce(r.max_open_leads, 1))
           AND coalesce(lower(s.required_skills::text)::text[] <@ lower(coalesce(r.skills, '{}')::text)::text[], true)
    )
    SELECT EXISTS (SELECT FROM taker)
       AND NOT EXISTS (SELECT FROM leadroute.segments s CROSS JOIN unnest(s.languages) AS u (needs) WHERE s.name = covers.segment
                          AND NOT EXISTS (SELECT FROM taker t WHERE t.languages IS NULL OR split_part(lower(u.needs), '-', 1) = ANY (t.languages) OR lower(u.needs) = ANY (t.languages)))
       AND NOT EXISTS (SELECT FROM leadroute.segments s CROSS JOIN unnest(s.products) AS u (needs) WHERE s.name = covers.segment
                          AND NOT EXISTS (SELECT FROM taker t WHERE t.products IS NULL OR lower(u.needs) = ANY (t.products)));
END;
COMMENT ON FUNCTION leadroute_internal.covers(text, text, text) IS 'Whether a pool has somebody for all that a segment asks for: skills, each of its languages, each of its products. Internal.';

CREATE FUNCTION leadroute_internal.receiving_pools(segment text, area text, by_territory boolean) RETURNS TABLE (tier text, pool text, to_pool text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.name, t.pool, CASE WHEN receiving_pools.by_territory THEN (
               -- that of a tier of the same name, else of most tiers there
               SELECT o.pool FROM leadroute.tiers o JOIN leadroute.segments s ON s.name = o.segment
                WHERE s.territory = receiving_pools.area AND s.enabled AND o.pool IS NOT NULL GROUP BY o.pool
                ORDER BY bool_or(o.name = t.name) DESC, count(*) DESC, o.pool LIMIT 1) ELSE receiving_pools.area END
      FROM leadroute.tiers t WHERE t.segment = receiving_pools.segment AND t.pool IS NOT NULL;
END;
COMMENT ON FUNCTION leadroute_internal.receiving_pools(text, text, boolean) IS 'The pools that the tiers of a segment would have in another territory, or that pool itself; tiers for all segments stay. Internal.';

CREATE FUNCTION leadroute_internal.area_loads(loads jsonb, areas text[]) RETURNS TABLE (area text, leads numeric, value numeric, factor numeric, mean_leads numeric, mean_value numeric)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT a.name, a.leads, a.value, round(coalesce(greatest(a.leads / nullif(avg(a.leads) OVER (), 0), a.value / nullif(avg(a.value) OVER (), 0)), 0), 4), avg(a.leads) OVER (), avg(a.value) OVER ()
      FROM (SELECT n.name, coalesce(sum(l.leads), 0) AS leads, coalesce(sum(l.value), 0) AS value
              FROM unnest(area_loads.areas) n (name) LEFT JOIN jsonb_to_recordset(area_loads.loads) AS l (segment text, area text, leads bigint, value numeric) ON l.area = n.name
             GROUP BY n.name) a;
END;
COMMENT ON FUNCTION leadroute_internal.area_loads(jsonb, text[]) IS 'Leads and value of each territory or pool, and the larger multiple of the mean. Internal.';

CREATE FUNCTION leadroute_internal.served_tenants(segment text) RETURNS TABLE (tenant text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT DISTINCT r.tenant
      FROM leadroute.segments s JOIN leadroute.tiers t ON t.segment = s.name JOIN leadroute.pool_members m ON m.pool = t.pool JOIN leadroute.reps r ON r.id = m.rep_id
     WHERE s.name = served_tenants.segment AND m.active AND m.weight > 0 AND r.active AND (s.tenants IS NULL OR r.tenant = ANY (s.tenants));
END;
COMMENT ON FUNCTION leadroute_internal.served_tenants(text) IS 'Tenants for whose leads the pools of a segment have members. Internal.';

CREATE FUNCTION leadroute_internal.can_receive(area text, segment text, by_territory boolean, tenant text) RETURNS boolean
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT FROM leadroute_internal.receiving_pools(can_receive.segment, can_receive.area, can_receive.by_territory) r
                        WHERE r.to_pool IS NULL OR NOT leadroute_internal.covers(r.to_pool, can_receive.segment, can_receive.tenant)
                           OR EXISTS (SELECT FROM leadroute_internal.served_tenants(can_receive.segment) n WHERE NOT leadroute_internal.covers(r.to_pool, can_receive.segment, n.tenant)));
END;
COMMENT ON FUNCTION leadroute_internal.can_receive(text, text, boolean, text) IS 'Whether the pools of a territory, or that pool, have somebody for a segment, in each tenant that its pools serve now. Internal.';

CREATE FUNCTION leadroute_internal.best_move(loads jsonb, areas text[], by_territory boolean, "limit" numeric, tenant text)
    RETURNS TABLE (segment text, from_area text, to_area text, leads bigint, value numeric, factor numeric, factor_after numeric)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    refused text[] := '{}';
    move record;
BEGIN
    FOR move IN
        WITH area AS MATERIALIZED (
            SELECT * FROM leadroute_internal.area_loads(best_move.loads, best_move.areas)
        ), hot AS (
            SELECT * FROM area a WHERE a.factor >= best_move."limit" ORDER BY a.factor DESC, a.area LIMIT 1
        ), offered AS MATERIALIZED (
            -- segments that are alike can go to the same places
            SELECT l.segment, h.area, l.leads, l.value, h.factor, h.leads AS all_leads, h.value AS all_value, h.mean_leads, h.mean_value,
                   concat_ws('|', s.languages, s.products, s.required_skills, s.tenants, (SELECT jsonb_agg(jsonb_build_array(t.name, t.pool) ORDER BY t.name) FROM leadroute.tiers t WHERE t.segment = l.segment)) AS alike
              FROM hot h JOIN jsonb_to_recordset(best_move.loads) AS l (segment text, area text, leads bigint, value numeric) ON l.area = h.area AND l.leads > 0
              JOIN leadroute.segments s ON s.name = l.segment
        ), possible AS (
            SELECT o.segment, o.area AS from_area, t.area AS to_area, o.leads, o.value, o.factor, concat_ws('|', t.area, o.alike) AS key,
                   round(greatest((o.all_leads - o.leads) / nullif(o.mean_leads, 0), (o.all_value - o.value) / nullif(o.mean_value, 0), (t.leads + o.leads) / nullif(o.mean_leads, 0),
                                  (t.value + o.value) / nullif(o.mean_value, 0), (SELECT max(x.factor) FROM area x WHERE x.area NOT IN (o.area, t.area))), 4) AS factor_after
              FROM offered o JOIN area t ON t.area <> o.area
        )
        SELECT * FROM possible p WHERE p.factor_after < p.factor ORDER BY p.factor_after, p.leads, p.segment, p.to_area LOOP
        CONTINUE WHEN move.key = ANY (refused);
        IF leadroute_internal.can_receive(move.to_area, move.segment, by_territory, tenant) THEN
            RETURN QUERY SELECT move.segment, move.from_area, move.to_area, move.leads, move.value, move.factor, move.factor_after;
            RETURN;
        END IF;
        refused := refused || ARRAY[move.key];
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.best_move(jsonb, text[], boolean, numeric, text) IS 'The segment of the fullest territory or pool whose move to another lowers the largest multiple most, where the pools there have somebody for it. No row if none is full, or no move helps. Internal.';

CREATE FUNCTION leadroute_internal.member_as_sql(pool text, rep_id text) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT format('INSERT INTO pool_members (pool, rep_id) VALUES (%L, %L);', member_as_sql.pool, member_as_sql.rep_id);
END;
COMMENT ON FUNCTION leadroute_internal.member_as_sql(text, text) IS 'SQL by which a rep joins a pool; change requests are known by it. Internal.';

CREATE FUNCTION leadroute_internal.further_member(area text, by_territory boolean, tenant text) RETURNS TABLE (pool text, rep_id text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH full_pool AS (
        SELECT t.pool, array_agg(DISTINCT s.name) AS segments FROM leadroute.segments s JOIN leadroute.tiers t ON t.segment = s.name OR t.segment IS NULL
         WHERE s.enabled AND t.pool IS NOT NULL AND CASE WHEN further_member.by_territory THEN s.territory = further_member.area ELSE t.pool = further_member.area END
         GROUP BY t.pool ORDER BY count(*) DESC, t.pool LIMIT 1
    )
    SELECT f.pool, r.id
      FROM full_pool f
      JOIN leadroute.reps r ON further_member.tenant IS NULL OR r.tenant = further_member.tenant
      JOIN leadroute.rep_cover v ON v.rep_id = r.id AND v.is_able
      JOIN leadroute.rep_load d ON d.rep_id = r.id
     WHERE NOT EXISTS (SELECT FROM leadroute.pool_members m WHERE m.pool = f.pool AND m.rep_id = r.id)
       AND EXISTS (SELECT FROM leadroute.pool_members m WHERE m.rep_id = r.id AND m.active AND m.weight > 0)
       -- of a tenant that the pool is for
       AND NOT EXISTS (SELECT FROM leadroute.segments s WHERE s.name = ANY (f.segments) HAVING count(s.tenants) = count(*) AND NOT coalesce(bool_or(r.tenant = ANY (s.tenants)), false))
       AND (further_member.tenant IS NOT NULL OR r.tenant IN (SELECT o.tenant FROM leadroute.pool_members m JOIN leadroute.reps o ON o.id = m.rep_id AND o.active WHERE m.pool = f.pool AND m.active)
            OR NOT EXISTS (SELECT FROM leadroute.pool_members m JOIN leadroute.reps o ON o.id = m.rep_id AND o.active WHERE m.pool = f.pool AND m.active))
       AND NOT EXISTS (SELECT FROM leadroute.segments s WHERE s.name = ANY (f.segments) AND NOT coalesce(lower(s.required_skills::text)::text[] <@ lower(coalesce(r.skills, '{}')::text)::text[], true))
     -- who is proposed already stays proposed
     ORDER BY EXISTS (SELECT FROM leadroute.change_requests c
                       WHERE c.status IN ('proposed', 'approved') AND strpos(c.sql, leadroute_internal.member_as_sql(f.pool, r.id)) > 0) DESC, d.open, r.id LIMIT 1;
END;
COMMENT ON FUNCTION leadroute_internal.further_member(text, boolean, text) IS 'The rep with the fewest open leads of other pools who has the skills for a full territory or pool, and its pool; one whom an open change request names comes first. Internal.';

-- Nothing that a new member does changes what came before, so the same numbers would ask for one more each time.
CREATE FUNCTION leadroute_internal.joined_since(area text, by_territory boolean, since timestamptz) RETURNS TABLE (change_id bigint, pool text, rep_id text, at timestamptz)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT c.id, m.pool, m.rep_id, coalesce(c.applied_at, c.proposed_at)
      FROM leadroute.pool_members m
      JOIN leadroute.change_requests c ON strpos(c.sql, leadroute_internal.member_as_sql(m.pool, m.rep_id)) > 0
     WHERE coalesce(c.applied_at, c.proposed_at) >= joined_since.since AND m.active AND m.weight > 0
       AND EXISTS (SELECT FROM leadroute.segments s JOIN leadroute.tiers t ON t.segment = s.name OR t.segment IS NULL
                    WHERE s.enabled AND t.pool = m.pool AND CASE WHEN joined_since.by_territory THEN s.territory = joined_since.area ELSE t.pool = joined_since.area END)
     ORDER BY 4 DESC, c.id DESC LIMIT 1;
END;
COMMENT ON FUNCTION leadroute_internal.joined_since(text, boolean, timestamptz) IS 'The newest member of the pools of a territory, or of a pool, who joined since then as a change request proposed, whoever made it so. Internal.';

CREATE FUNCTION leadroute_internal.move_as_sql(segment text, area text, by_territory boolean) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT concat_ws(E'\n', CASE WHEN move_as_sql.by_territory THEN format('UPDATE segments SET territory = %L WHERE name = %L;', move_as_sql.area, move_as_sql.segment) END,
                     (SELECT string_agg(format('UPDATE tiers SET pool = %L WHERE segment = %L AND name = %L AND pool = %L;', r.to_pool, move_as_sql.segment, r.tier, r.pool), E'\n' ORDER BY r.tier)
                        FROM (SELECT DISTINCT * FROM leadroute_internal.receiving_pools(move_as_sql.segment, move_as_sql.area, move_as_sql.by_territory)) r WHERE r.to_pool <> r.pool));
END;
COMMENT ON FUNCTION leadroute_internal.move_as_sql(text, text, boolean) IS 'SQL that moves a segment to another territory, with the pools of its tiers, or its tiers to another pool. Internal.';

CREATE FUNCTION leadroute_internal.rebalance(since timestamptz, tenant text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    loads jsonb;
    before jsonb;
    by_territory boolean;
    areas text[];
    steps jsonb := '[]';
    sql text := '';
    "limit" numeric := coalesce((SELECT h."limit" FROM leadroute_internal.threshold_of('territory_load', NULL, coalesce(rebalance.tenant, '')) h), 3);
    moved record;
BEGIN
    SELECT jsonb_agg(to_jsonb(l)), bool_or(l.by_territory) INTO before, by_territory FROM leadroute_internal.segment_loads(since, rebalance.tenant) l;
    areas := ARRAY(SELECT t.name FROM leadroute.territories t WHERE by_territory UNION SELECT l ->> 'area' FROM jsonb_array_elements(before) l ORDER BY 1);
    loads := before;
    -- Each step lowers the largest multiple; ten are enough for one change.
    FOR step IN 1..10 LOOP
        SELECT * INTO moved FROM leadroute_internal.best_move(loads, areas, by_territory, "limit", rebalance.tenant);
        EXIT WHEN NOT FOUND;
        steps := steps || jsonb_build_object('kind', 'move', 'name', moved.segment, 'said', format('segment %s (%s leads, %s won) from %s to %s: the largest multiple of the mean goes from %s to %s',
            moved.segment, moved.leads, moved.value, moved.from_area, moved.to_area, round(moved.factor, 2), round(moved.factor_after, 2)));
        sql := concat_ws(E'\n', nullif(sql, ''), leadroute_internal.move_as_sql(moved.segment, moved.to_area, by_territory));
        loads := (SELECT jsonb_agg(CASE l ->> 'segment' WHEN moved.segment THEN l || jsonb_build_object('area', moved.to_area) ELSE l END) FROM jsonb_array_elements(loads) l);
    END LOOP;
    FOR moved IN SELECT a.area, a.factor, m.pool, m.rep_id, j.change_id, j.pool AS joined_pool, j.rep_id AS joined_rep, j.at FROM leadroute_internal.area_loads(loads, areas) a
                   LEFT JOIN LATERAL leadroute_internal.joined_since(a.area, by_territory, since) j ON true
                   LEFT JOIN LATERAL leadroute_internal.further_member(a.area, by_territory, rebalance.tenant) m ON j.rep_id IS NULL WHERE a.factor >= "limit" ORDER BY a.area LOOP
        steps := steps || jsonb_build_object('kind', 'capacity', 'name', moved.area, 'said', format('%s still has %s times the mean, and no segment can go elsewhere: %s', moved.area, round(moved.factor, 2),
            CASE WHEN moved.joined_rep IS NOT NULL THEN format('rep %s has joined pool %s since then (change %s of %s), so ask again with a later beginning', moved.joined_rep, moved.joined_pool, moved.change_id, moved.at::date)
                 WHEN moved.rep_id IS NOT NULL THEN format('rep %s joins pool %s', moved.rep_id, moved.pool) ELSE 'it needs a further rep, whom no other pool has with the skills' END));
        sql := concat_ws(E'\n', nullif(sql, ''), CASE WHEN moved.rep_id IS NOT NULL THEN leadroute_internal.member_as_sql(moved.pool, moved.rep_id) END);
    END LOOP;
    RETURN jsonb_build_object('steps', steps, 'sql', sql, 'limit', "limit", 'areas', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('name', b.area, 'leads', b.leads, 'leads_after', a.leads, 'value', b.value, 'value_after', a.value, 'factor', b.factor, 'factor_after', a.factor) ORDER BY b.area), '[]')
          FROM leadroute_internal.area_loads(before, areas) b JOIN leadroute_internal.area_loads(loads, areas) a ON a.area = b.area));
END $$;
COMMENT ON FUNCTION leadroute_internal.rebalance(timestamptz, text) IS 'What propose_rebalance() proposes: steps, SQL, and each territory or pool before and after. Internal.';

CREATE FUNCTION leadroute.propose_rebalance(since timestamptz DEFAULT now() - interval '90 days', tenant text DEFAULT NULL)
    RETURNS TABLE (change_id bigint, kind text, name text, leads_before bigint, leads_after bigint, value_before numeric, value_after numeric, factor_before numeric, factor_after numeric, explanation text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    plan jsonb;
    change bigint;
    said text;
BEGIN
    PERFORM leadroute_internal.is_period(since, 'infinity');
    plan := leadroute_internal.rebalance(since, propose_rebalance.tenant);
    said := (SELECT string_agg(s ->> 'said', E'\n' ORDER BY n) FROM jsonb_array_elements(plan -> 'steps') WITH ORDINALITY AS u (s, n));
    -- what is open already is not proposed once more
    change := (SELECT max(c.id) FROM leadroute.change_requests c WHERE c.status IN ('proposed', 'approved') AND c.sql = plan ->> 'sql');
    IF change IS NULL AND plan ->> 'sql' <> '' THEN
        change := leadroute.propose_change(format('Rebalance: %s', (SELECT string_agg(format('%s %s', s ->> 'kind', s ->> 'name'), ', ' ORDER BY n) FROM jsonb_array_elements(plan -> 'steps') WITH ORDINALITY AS u (s, n))),
            format(E'Leads and value since %s, by the rules of now:\n%s', since::date, said), plan ->> 'sql');
    END IF;
    RETURN QUERY
        SELECT change, s ->> 'kind', s ->> 'name', NULL::bigint, NULL::bigint, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, s ->> 'said' FROM jsonb_array_elements(plan -> 'steps') s
        UNION ALL
        SELECT change, 'area', a.name, a.leads, a.leads_after, a.value, a.value_after, round(a.factor, 2), round(a.factor_after, 2),
               CASE WHEN said IS NULL AND a.factor = max(a.factor) OVER () THEN format('nothing is out of balance: the most is %s times the mean, and the limit %s', round(a.factor, 2), plan ->> 'limit') END
          FROM jsonb_to_recordset(plan -> 'areas') AS a (name text, leads bigint, leads_after bigint, value numeric, value_after numeric, factor numeric, factor_after numeric);
    IF NOT FOUND THEN
        RETURN QUERY SELECT NULL::bigint, 'area', NULL, NULL::bigint, NULL::bigint, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, 'there is nothing to balance: no enabled segment has a territory, or a pool of its own';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute.propose_rebalance(timestamptz, text) IS 'Where a territory has as many times the mean of leads, or of value won, since then as alarm_thresholds allows for territory_load (3 without one), moves segments of it to others, with the pools of their tiers: each step takes the one that lowers the largest multiple most, if the pools there have somebody with the skills, languages and products; it ends when none is past the limit or no step helps. Then a rep who has the skills joins the pool, unless one has since then, as such a request proposed. Becomes a change request, for preview_change() and an approver, or is the open one that says just that; a row for each step, and for each territory with its numbers before and after. Where there are not two territories, pools take their place. Nothing is proposed where nothing is out of balance.';
