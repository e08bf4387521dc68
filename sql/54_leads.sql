-- Where the leads of a period went. A lead counts in the period in which its row came; touches are no leads of their own.

CREATE FUNCTION leadroute_internal.is_waiting(decision_id bigint, owner_id text, queue text, status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT is_waiting.decision_id IS NULL AND is_waiting.owner_id IS NULL AND is_waiting.queue IS NULL AND is_waiting.status = 'new';
END;
COMMENT ON FUNCTION leadroute_internal.is_waiting(bigint, text, text, text) IS 'Whether a lead came while routing was off, and nobody has it yet. Internal.';

-- Texts for several functions, where %s stand: which decisions are looked at. Few leads fall back, wait for long or are moved by hand: what belongs
-- to them is looked up, whatever is known of the tables.
DO $do$
DECLARE
    -- + 0: by time; + interval '0': by lead
    between_two constant text := $q$(SELECT x.id, x.lead_id, x.decided_at, x.cause, x.layer, x.outcome, x.owner_id, x.previous_owner_id, x.queue, x.reason_code, x.reason,
              x.layer = 'fallback' AND x.trace @> '[{"code": "error"}]' AS is_error
         FROM leadroute.decisions x WHERE NOT FUNC.is_old AND x.decided_at >= leadroute_internal.day_before(FUNC.since) AND x.lead_id + 0 BETWEEN FUNC.first_id AND FUNC.last_id
       UNION ALL
       SELECT x.id, x.lead_id, x.decided_at, x.cause, x.layer, x.outcome, x.owner_id, x.previous_owner_id, x.queue, x.reason_code, x.reason,
              x.layer = 'fallback' AND x.trace @> '[{"code": "error"}]'
         FROM leadroute.decisions x WHERE FUNC.is_old AND x.decided_at + interval '0' >= leadroute_internal.day_before(FUNC.since) AND x.lead_id BETWEEN FUNC.first_id AND FUNC.last_id)$q$;
    -- What is unrouted, for all who count it.
    fallen constant text := $q$
SELECT d.lead_id, l.tenant, l.created_at, t.is_first AS is_fallback,
       t.is_first AND q.name IS NULL AND NOT leadroute_internal.is_waiting(l.decision_id, l.owner_id, l.queue, l.status) AS is_unrouted, t.is_first AND d.is_error AS is_error, d.cause = 'escalation' AS is_escalation
  FROM %s d
 -- + 0: not by the order of the key
 CROSS JOIN LATERAL (SELECT min(e.id + 0) AS id FROM leadroute.decisions e WHERE e.lead_id = d.lead_id AND d.layer = 'fallback') f
 CROSS JOIN LATERAL (SELECT coalesce(d.id = f.id, false) AS is_first) t
  JOIN leadroute.leads l ON l.id = d.lead_id
  LEFT JOIN leadroute.queues q ON q.name = d.queue AND q.kind <> 'catch_all'
 WHERE (d.layer = 'fallback' OR d.cause = 'escalation') AND (t.is_first OR d.cause = 'escalation') AND l.duplicate_of IS NULL AND l.created_at >= FUNC.since AND l.created_at < FUNC.until
   AND (FUNC.tenant IS NULL OR l.tenant = FUNC.tenant) $q$;
    wrong constant text := $q$
SELECT t.lead_id, l.email, l.company, t.decision_id, d.decided_at AS routed_at, d.layer, d.segment, d.territory, d.tier, d.pool,
       d.owner_id AS owner_then, l.owner_id AS owner_now, t.how, t.code, t.reason, t.told_at, l.tenant
  FROM (SELECT DISTINCT ON (f.lead_id) f.*
          FROM (SELECT r.lead_id, b.decision_id, 'returned' AS how, b.reason_code AS code, b.reason, b.returned_at AS told_at
                  FROM leadroute.returned_turns b
                 -- looked up for these few, whatever is known of the table: OFFSET 0
                 CROSS JOIN LATERAL (SELECT x.lead_id FROM leadroute.decisions x WHERE x.id = b.decision_id OFFSET 0) r
                  JOIN leadroute.reason_codes c ON c.code = b.reason_code AND c.kind <> 'lead' %s
                UNION ALL
                SELECT m.lead_id, p.id, 'moved', m.reason_code, m.reason, m.decided_at
                  FROM %s m
                 -- moves by hand are few, too
                 CROSS JOIN LATERAL (SELECT x.created_at, x.first_response_at FROM leadroute.leads x WHERE x.id = m.lead_id OFFSET 0) o
                  LEFT JOIN leadroute.reason_codes c ON c.code = m.reason_code
                  -- by which the rep had it from whom it was taken
                 CROSS JOIN LATERAL (SELECT x.id, x.decided_at, x.cause, x.layer FROM leadroute.decisions x
                                      WHERE x.lead_id = m.lead_id AND x.id + 0 < m.id AND x.owner_id = m.previous_owner_id AND x.cause NOT IN ('response')
                                        AND x.previous_owner_id IS DISTINCT FROM x.owner_id
                                      ORDER BY x.id + 0 DESC LIMIT 1) p
                 WHERE m.cause = 'manual' AND m.outcome = 'owner' AND m.owner_id <> m.previous_owner_id
                   AND p.cause NOT IN ('manual', 'claim') AND p.layer IS DISTINCT FROM 'given'
                   AND CASE c.kind WHEN 'misroute' THEN true WHEN 'lead' THEN false
                            ELSE m.decided_at < p.decided_at + interval '3 days' AND NOT coalesce(o.first_response_at <= m.decided_at, false) END %s) f
         ORDER BY f.lead_id, f.told_at) t
 CROSS JOIN LATERAL (SELECT x.email, x.company, x.owner_id, x.tenant, x.duplicate_of, x.created_at FROM leadroute.leads x WHERE x.id = t.lead_id OFFSET 0) l
 CROSS JOIN LATERAL (SELECT x.decided_at, x.layer, x.segment, x.territory, x.tier, x.pool, x.owner_id FROM leadroute.decisions x WHERE x.id = t.decision_id OFFSET 0) d
 WHERE l.duplicate_of IS NULL %s $q$;
    -- of the view nothing, of a function the leads of its period
    returned constant text := 'WHERE b.returned_at >= leadroute_internal.day_before(FUNC.since)';
    came constant text := 'AND o.created_at >= FUNC.since AND o.created_at < FUNC.until';
    asked constant text := 'AND l.created_at >= FUNC.since AND l.created_at < FUNC.until AND (FUNC.tenant IS NULL OR l.tenant = FUNC.tenant)';
    arguments constant text := '(since timestamptz, until timestamptz, tenant text, first_id bigint, last_id bigint, is_old boolean)';
    settings constant text := 'LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off SET enable_nestloop = on SET enable_hashjoin = off SET enable_mergejoin = off
        SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005 BEGIN ATOMIC ';
BEGIN
    EXECUTE 'CREATE VIEW leadroute.misrouted_leads AS ' || format(wrong, '', 'leadroute.decisions', '', '');
    -- RESTRICTED, as workers share its own query
    EXECUTE replace('CREATE FUNCTION leadroute_internal.fallen_back' || arguments
        || ' RETURNS TABLE (lead_id bigint, tenant text, created_at timestamptz, is_fallback boolean, is_unrouted boolean, is_error boolean, is_escalation boolean) PARALLEL RESTRICTED ' || settings
        || format(fallen, between_two) || '; END', 'FUNC.', 'fallen_back.');
    EXECUTE replace('CREATE FUNCTION leadroute_internal.misrouted_between' || arguments || ' RETURNS SETOF leadroute.misrouted_leads ' || settings
        || format(wrong, returned, between_two, came, asked) || '; END', 'FUNC.', 'misrouted_between.');
    -- both at once: decisions are read once
    EXECUTE replace('CREATE FUNCTION leadroute_internal.audit_routing' || arguments || ' RETURNS TABLE (fallback bigint, errors bigint, escalated bigint, unrouted bigint, misrouted bigint) ' || settings
        || format($q$WITH told AS MATERIALIZED (
                SELECT * FROM %s n WHERE n.layer = 'fallback' OR n.cause = 'escalation' OR n.cause = 'manual' AND n.outcome = 'owner' AND n.owner_id <> n.previous_owner_id
            ), fallen AS (SELECT count(*) FILTER (WHERE f.is_fallback) AS fallback, count(*) FILTER (WHERE f.is_error) AS errors,
                                 count(DISTINCT f.lead_id) FILTER (WHERE f.is_escalation) AS escalated, count(*) FILTER (WHERE f.is_unrouted) AS unrouted FROM (%s) f
            ), wrong AS (SELECT count(*) AS misrouted FROM (%s) w)
            SELECT f.fallback, f.errors, f.escalated, f.unrouted, w.misrouted FROM fallen f, wrong w$q$, between_two, format(fallen, 'told'), format(wrong, returned, 'told', came, asked))
        || '; END', 'FUNC.', 'audit_routing.');
END $do$;
COMMENT ON FUNCTION leadroute_internal.fallen_back(timestamptz, timestamptz, text, bigint, bigint, boolean) IS 'Of leads that came in a period, which lie between first_id and last_id, first decisions that found nobody (is_fallback; is_unrouted where no fallback queue took the lead either, is_error after an error), and steps of ladders, of which a lead may have several. Internal.';
COMMENT ON FUNCTION leadroute_internal.misrouted_between(timestamptz, timestamptz, text, bigint, bigint, boolean) IS 'The rows of misrouted_leads(), of leads that lie between first_id and last_id. Internal.';
COMMENT ON FUNCTION leadroute_internal.audit_routing(timestamptz, timestamptz, text, bigint, bigint, boolean) IS 'What audit_measures() says of leads that found nobody, of ladders and of misroutes. Internal.';

CREATE FUNCTION leadroute.unrouted_rate(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (week date, leads bigint, unrouted bigint, fallback bigint, errors bigint, percent_unrouted numeric)
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005 SET work_mem = '64MB'
BEGIN ATOMIC
    SELECT w.week, sum(w.leads)::bigint, sum(w.unrouted)::bigint, sum(w.fallback)::bigint, sum(w.errors)::bigint, leadroute_internal.percent(sum(w.unrouted), sum(w.leads))
      FROM (SELECT date_trunc('week', l.created_at)::date AS week, count(*) AS leads,
                   count(*) FILTER (WHERE leadroute_internal.is_waiting(l.decision_id, l.owner_id, l.queue, l.status)) AS unrouted, 0 AS fallback, 0 AS errors
              FROM leadroute.leads l
             WHERE l.duplicate_of IS NULL AND l.created_at >= unrouted_rate.since AND l.created_at < unrouted_rate.until
               AND (unrouted_rate.tenant IS NULL OR l.tenant = unrouted_rate.tenant)
               AND leadroute_internal.is_period(unrouted_rate.since, unrouted_rate.until)
             GROUP BY 1
            UNION ALL
            SELECT date_trunc('week', b.created_at)::date, 0, count(*) FILTER (WHERE b.is_unrouted), count(*), count(*) FILTER (WHERE b.is_error)
              FROM leadroute_internal.period_part(unrouted_rate.since, unrouted_rate.until, unrouted_rate.tenant, 1, 1) e
             CROSS JOIN LATERAL leadroute_internal.fallen_back(unrouted_rate.since, unrouted_rate.until, unrouted_rate.tenant, e.first_id, e.last_id, leadroute_internal.is_old(e.first_id, e.last_id)) b
             WHERE b.is_fallback
             GROUP BY 1) w
     GROUP BY w.week ORDER BY w.week;
END;
COMMENT ON FUNCTION leadroute.unrouted_rate(timestamptz, timestamptz, text) IS 'Of the leads that came in each ISO week (its Monday; days by the TimeZone of the session): those that no rule, account or rep was found for when they came (fallback), of these the ones that no fallback queue of their segment, territory or pool took, so that they went to catch-all, with those that came while routing was off and still wait (unrouted), and those with which something went wrong (errors). Above the limit for unrouted_share in alarm_thresholds, 2 % as shipped, the rules have gaps.';

CREATE FUNCTION leadroute.leads_by_rep(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
    RETURNS TABLE (rep_id text, leads bigint, leads_now bigint, answered bigint, closed bigint, converted bigint, percent_converted numeric, value_won numeric, tenant text)
    LANGUAGE sql STABLE SET jit = off SET enable_seqscan = off SET enable_nestloop = off SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0.005 SET work_mem = '64MB'
BEGIN ATOMIC
    SELECT u.rep_id, sum(u.leads)::bigint, sum(u.leads_now)::bigint, sum(u.answered)::bigint, sum(u.closed)::bigint, sum(u.converted)::bigint,
           leadroute_internal.percent(sum(u.converted), sum(u.closed)), sum(u.won), g.tenant
      FROM (SELECT c.owner_then, c.owner_now, c.tenant, count(*) AS leads, count(c.first_response_at) AS answered,
                   count(*) FILTER (WHERE leadroute_internal.is_closed(c.status)) AS closed, count(*) FILTER (WHERE c.status = 'converted') AS converted,
                   coalesce(sum(c.amount) FILTER (WHERE c.status = 'converted'), 0) AS won
              FROM (SELECT l.tenant, l.owner_id AS owner_now, l.status, l.amount, l.first_response_at,
                           -- names change: the number of the rep does not
                           CASE WHEN s.lead_id IS NULL THEN l.owner_id ELSE coalesce(r.id, s.owner_id) END AS owner_then
                      FROM leadroute.leads l
                      LEFT JOIN leadroute.past_stints s ON s.lead_id = l.id AND s.no = 1
                      LEFT JOIN leadroute.reps r ON r.rep_no = s.rep_no
                     WHERE l.duplicate_of IS NULL AND l.created_at >= leads_by_rep.since AND l.created_at < leads_by_rep.until
                       AND (leads_by_rep.tenant IS NULL OR l.tenant = leads_by_rep.tenant)
                       AND leadroute_internal.is_period(leads_by_rep.since, leads_by_rep.until)) c
             GROUP BY c.owner_then, c.owner_now, c.tenant) g
     CROSS JOIN LATERAL (VALUES (g.owner_then, g.leads, 0, 0, 0, 0, 0), (g.owner_now, 0, g.leads, g.answered, g.closed, g.converted, g.won))
           u (rep_id, leads, leads_now, answered, closed, converted, won)
     GROUP BY u.rep_id, g.tenant;
END;
COMMENT ON FUNCTION leadroute.leads_by_rep(timestamptz, timestamptz, text) IS 'The leads that came in a period, by rep: whom each was given to when it came (leads), and who has it now or had it when it was closed (leads_now), with what became of those: answered, closed, converted in percent of closed, and the amounts of the converted. The row without rep_id has the leads that nobody had, then or now: in queues, in nurture. So both counts add up to all leads.';

-- A name of its own: beside leads_by_rep(since, until), a leads_by_rep(week, tenant) would make two literals ambiguous.
CREATE FUNCTION leadroute.weekly_leads_by_rep(week date, tenant text DEFAULT NULL)
    RETURNS TABLE (rep_id text, leads bigint, leads_now bigint, answered bigint, closed bigint, converted bigint, percent_converted numeric, value_won numeric, tenant text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM leadroute.leads_by_rep(date_trunc('week', weekly_leads_by_rep.week::timestamp)::timestamptz, (date_trunc('week', weekly_leads_by_rep.week::timestamp) + interval '7 days')::timestamptz,
        weekly_leads_by_rep.tenant);
END;
COMMENT ON FUNCTION leadroute.weekly_leads_by_rep(date, text) IS 'leads_by_rep() of the ISO week that a day is in, from Monday to Sunday by the TimeZone of the session.';

CREATE FUNCTION leadroute.leads_by_rep(week date)
    RETURNS TABLE (rep_id text, leads bigint, leads_now bigint, answered bigint, closed bigint, converted bigint, percent_converted numeric, value_won numeric, tenant text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT * FROM leadroute.weekly_leads_by_rep(leads_by_rep.week);
END;
COMMENT ON FUNCTION leadroute.leads_by_rep(date) IS 'weekly_leads_by_rep() of all tenants.';

CREATE FUNCTION leadroute.misrouted_leads(since timestamptz, until timestamptz, tenant text DEFAULT NULL) RETURNS SETOF leadroute.misrouted_leads
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT m.* FROM leadroute_internal.period_part(misrouted_leads.since, misrouted_leads.until, misrouted_leads.tenant, 1, 1) e
     CROSS JOIN LATERAL leadroute_internal.misrouted_between(misrouted_leads.since, misrouted_leads.until, misrouted_leads.tenant, e.first_id, e.last_id,
                                                             leadroute_internal.is_old(e.first_id, e.last_id)) m
     WHERE leadroute_internal.is_period(misrouted_leads.since, misrouted_leads.until);
END;
COMMENT ON FUNCTION leadroute.misrouted_leads(timestamptz, timestamptz, text) IS 'The rows of view misrouted_leads whose lead came in a period.';
COMMENT ON VIEW leadroute.misrouted_leads IS 'Leads that went to the wrong rep, once each, by what was told first: their turn was given back (return_turn) with a reason whose code is not of kind lead; or somebody moved them by hand (transfer_lead, an owner changed) from the rep to whom the rules had given them to another: with a code of kind misroute at any time; else, also without a reason, within three days and before anybody had answered. A lead that a person gave to the rep (claimed, transferred, inserted with its owner) was not misrouted.';
COMMENT ON COLUMN leadroute.misrouted_leads.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.misrouted_leads.email IS 'Its e-mail address.';
COMMENT ON COLUMN leadroute.misrouted_leads.company IS 'Its company.';
COMMENT ON COLUMN leadroute.misrouted_leads.decision_id IS 'The decision that was wrong; see explain_decision().';
COMMENT ON COLUMN leadroute.misrouted_leads.routed_at IS 'When it was made.';
COMMENT ON COLUMN leadroute.misrouted_leads.layer IS 'The layer that made it.';
COMMENT ON COLUMN leadroute.misrouted_leads.segment IS 'Segment then.';
COMMENT ON COLUMN leadroute.misrouted_leads.territory IS 'Territory then.';
COMMENT ON COLUMN leadroute.misrouted_leads.tier IS 'Tier then.';
COMMENT ON COLUMN leadroute.misrouted_leads.pool IS 'Pool then.';
COMMENT ON COLUMN leadroute.misrouted_leads.owner_then IS 'The rep who got it by that, as named then.';
COMMENT ON COLUMN leadroute.misrouted_leads.owner_now IS 'The rep who has it now.';
COMMENT ON COLUMN leadroute.misrouted_leads.how IS 'How it was told: returned, or moved.';
COMMENT ON COLUMN leadroute.misrouted_leads.code IS 'The code of the reason, see reason_codes; NULL where none was given.';
COMMENT ON COLUMN leadroute.misrouted_leads.reason IS 'The reason in words.';
COMMENT ON COLUMN leadroute.misrouted_leads.told_at IS 'When it was told.';
COMMENT ON COLUMN leadroute.misrouted_leads.tenant IS 'The tenant of the lead.';
