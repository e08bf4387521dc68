-- Checks that every reference leads to a row: after a restore, in which triggers do not check them.

CREATE FUNCTION leadroute_internal.dangling_references() RETURNS TABLE ("table" text, key text, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM leadroute_internal.config_references LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %1$L::text, (SELECT string_agg(k.value, ''/'') FROM jsonb_each_text(leadroute_internal.key_of_row(%2$s, to_jsonb(c))) k),
                    format(''%3$s "%%s" is not present in table "%4$s"'', c.%3$I)
               FROM leadroute.%1$I c
              WHERE c.%3$I IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.%4$I p WHERE p.%5$I = c.%3$I%6$s) ORDER BY 2',
            r.child, format('leadroute.%I', r.child)::regclass::oid, r."column", r.parent, r.key,
            ' AND p.' || quote_ident(r.within) || ' = c.' || quote_ident(r.within));
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.dangling_references() IS 'Rows of the routing tables that name what is not there, for config_problems.';

CREATE FUNCTION leadroute_internal.wrong_names() RETURNS TABLE (problem_key text, problem text)
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    WITH kept AS (SELECT n.key, n.tenant, n.account_id, n.folded FROM leadroute.account_names n),
    made AS (SELECT k.key, g.tenant, g.id AS account_id, g.keys[1] AS folded
               FROM (SELECT a.tenant, a.id, leadroute_internal.name_keys(a.tenant, a.name) AS keys FROM leadroute.accounts a WHERE leadroute_internal.names_are_kept() OFFSET 0) g
              CROSS JOIN LATERAL unnest(g.keys[2:]) k (key)),
    wrong AS ((SELECT 'account "%s"%s is not found by its name' AS problem, m.* FROM (TABLE made EXCEPT TABLE kept) m)
              UNION ALL (SELECT 'account "%s"%s is found by a name that it does not have, or does not exist', k.* FROM (TABLE kept EXCEPT TABLE made) k))
    SELECT concat_ws('/', nullif(w.tenant, ''), w.account_id), format(w.problem, w.account_id, leadroute_internal.in_tenant(w.tenant))
      FROM wrong w GROUP BY w.tenant, w.account_id, w.problem ORDER BY 1, 2 $$;
COMMENT ON FUNCTION leadroute_internal.wrong_names() IS 'Accounts whose rows in account_names are not those of their names. A row of account_matching that is deleted and inserted again makes all of them anew. Internal.';

CREATE FUNCTION leadroute.check_integrity() RETURNS TABLE ("table" text, key text, problem text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT d."table", d.key, d.problem FROM leadroute_internal.dangling_references() d
    UNION ALL
    SELECT 'leads', l.id::text, format('rep "%s" does not exist', l.owner_id) FROM leadroute.leads l
     WHERE l.owner_id IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.reps r WHERE r.id = l.owner_id)
    UNION ALL
    SELECT 'leads', l.id::text, format('queue "%s" does not exist', l.queue) FROM leadroute.leads l
     WHERE l.queue IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.queues q WHERE q.name = l.queue)
    UNION ALL
    SELECT 'leads', l.id::text, format('rep "%s" belongs to another tenant', l.owner_id) FROM leadroute.leads l JOIN leadroute.reps r ON r.id = l.owner_id
     WHERE r.tenant <> l.tenant
    UNION ALL
    SELECT 'leads', l.id::text, format('lead %s, which it is a touch of, does not exist', l.duplicate_of) FROM leadroute.leads l
     WHERE l.duplicate_of IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.leads f WHERE f.id = l.duplicate_of)
    UNION ALL
    SELECT 'leads', l.id::text, format('decision %s does not exist, or is about another lead', l.decision_id) FROM leadroute.leads l
     WHERE l.decision_id IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = l.decision_id AND d.lead_id = l.id)
    UNION ALL
    SELECT 'leads', l.id::text, format('attached table number %s does not exist', l.attached_table) FROM leadroute.leads l
     WHERE l.attached_key IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.attached_tables t WHERE t.table_no = l.attached_table)
    UNION ALL
    SELECT a."table", a.id::text, format('lead %s does not exist', a.lead_id)
      FROM (SELECT 'decisions' AS "table", id, lead_id FROM leadroute.decisions
            UNION ALL SELECT 'sla_clocks', id, lead_id FROM leadroute.sla_clocks
            UNION ALL SELECT 'past_stints', no, lead_id FROM leadroute.past_stints
            UNION ALL SELECT 'notifications', id, lead_id FROM leadroute.notifications WHERE lead_id IS NOT NULL
            UNION ALL SELECT 'lead_events', id, lead_id FROM leadroute.lead_events
            UNION ALL SELECT 'responses', id, lead_id FROM leadroute.responses
            UNION ALL SELECT 'claims', id, lead_id FROM leadroute.claims
            UNION ALL SELECT 'enrichments', id, lead_id FROM leadroute.enrichments
            UNION ALL SELECT 'qualifications', id, lead_id FROM leadroute.qualifications
            UNION ALL SELECT 'provider_requests', id, lead_id FROM leadroute.provider_requests
            UNION ALL SELECT 'field_sources', s.lead_id, s.lead_id FROM leadroute.field_sources s
            UNION ALL SELECT 'late_touches', id, lead_id FROM leadroute.late_touches) a
     WHERE NOT EXISTS (SELECT FROM leadroute.leads l WHERE l.id = a.lead_id)
    UNION ALL
    SELECT 'turns', t.pool_no || '/' || t.version, format('there is no pool with number %s', t.pool_no) FROM leadroute.turns t
     WHERE NOT EXISTS (SELECT FROM leadroute.pools p WHERE p.pool_no = t.pool_no)
    UNION ALL
    SELECT 'loads', l.rep_no || '/' || l.version, format('there is no rep with number %s', l.rep_no) FROM leadroute.loads l
     WHERE NOT EXISTS (SELECT FROM leadroute.reps r WHERE r.rep_no = l.rep_no)
    UNION ALL
    SELECT 'returned_turns', t.decision_id::text, format('decision %s does not exist', t.decision_id) FROM leadroute.returned_turns t
     WHERE NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = t.decision_id)
    UNION ALL
    SELECT 'account_names', n.problem_key, n.problem FROM leadroute_internal.wrong_names() n $$;
COMMENT ON FUNCTION leadroute.check_integrity() IS 'Rows that name what is not there, and accounts that are not found by their names: none, unless a restore brought them, or somebody switched triggers off. Reads every table as a whole.';
