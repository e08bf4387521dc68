-- What would have sent a lead elsewhere.

CREATE FUNCTION leadroute_internal.counter_explain(decision_id bigint) RETURNS json
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_counter_explain';
COMMENT ON FUNCTION leadroute_internal.counter_explain(bigint) IS 'The rows of counter_explain().';

CREATE FUNCTION leadroute.counter_explain(decision_id bigint) RETURNS TABLE (layer text, change text, "from" text, "to" text,
    outcome text, goes_to text, segment text, tier text, pool text, reason text, size numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.layer, c.change, c."from", c."to", c.outcome, c.goes_to, c.segment, c.tier, c.pool, c.reason, round(c.size::numeric, 3)
      FROM json_array_elements(leadroute_internal.counter_explain(decision_id)) WITH ORDINALITY e (row, n)
     CROSS JOIN LATERAL json_to_record(e.row)
           AS c (layer text, change text, "from" text, "to" text, outcome text, goes_to text, segment text, tier text, pool text, reason text, size float8)
     ORDER BY e.n $$;
COMMENT ON FUNCTION leadroute.counter_explain(bigint) IS 'The smallest changes that would have sent the lead of a decision elsewhere, the smallest first; each was tried by routing the changed lead without effect. layer: which would have said something else. change: in words. from, to: the value. outcome, goes_to: owner, queue or nurture, and which. segment, tier, pool, reason: how it would have come there. size: the share by which a number changes, leads for each rep of the pool, or days until somebody is back; 1 for another value. Rules, roster, turns and caps are those of the decision, the lead, its account and loads in other pools those of now: where that alone changes the outcome, the first row says so. No rows for decisions of people, steps of a ladder, and leads that a domain or a person decided.';
