-- Three reps in turn, and a role as an app has it.
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cyd');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

CREATE ROLE clients_app LOGIN;
GRANT SELECT, INSERT, UPDATE ON leadroute.leads TO clients_app;
GRANT EXECUTE ON FUNCTION leadroute.route_lead(jsonb) TO clients_app;

-- What a client has left behind, as one line: its leads with their decisions, and reps whose turns are not their leads.
CREATE FUNCTION public.left_behind(client text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
    SELECT format('%s leads, %s reps, %s decisions, %s turns off', count(*), count(DISTINCT l.owner_id), count(d.id),
                  (SELECT count(*) FROM leadroute.pool_fairness f
                    WHERE received <> (SELECT count(*) FROM leadroute.leads o WHERE o.owner_id = f.rep_id)))
      FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON (d.id, d.lead_id, d.owner_id) = (l.decision_id, l.id, l.owner_id)
     WHERE l.source = client $$;
