-- Scores by criteria.

CREATE FUNCTION leadroute.qualify_lead(lead jsonb, at timestamptz DEFAULT now()) RETURNS jsonb
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_qualify_lead';
COMMENT ON FUNCTION leadroute.qualify_lead(jsonb, timestamptz) IS 'The score that score_criteria give a lead, given as for route_lead(), at a moment: score, grade (A from 75, B from 50, C from 25, else D) and reasons, a list of criterion, points, reason, and of: what the points were when the buyer acted, if they have aged; skipped lists criteria that could not be asked, and unreadable values that could not be read, each with the problem. A score that the lead has is left aside. Changes nothing.';

CREATE FUNCTION leadroute_internal.is_scored_by_criteria(lead leadroute.leads) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN lead.score IS NOT NULL AND EXISTS (
        SELECT FROM leadroute.decisions d
         WHERE d.lead_id = lead.id AND d.trace @> '[{"code": "scored"}]'
           AND (jsonb_path_query_first(d.trace, '$[*] ? (@.code == "scored").score') #>> '{}')::numeric = lead.score)
               AND NOT EXISTS (SELECT FROM leadroute.field_sources f WHERE f.lead_id = lead.id AND f.field = 'score');
END $$;
COMMENT ON FUNCTION leadroute_internal.is_scored_by_criteria(leadroute.leads) IS 'Whether criteria gave the lead the score that it has: it is made anew when the lead is routed again, and gives way to one that somebody gives. Internal.';
