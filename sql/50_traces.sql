-- Candidates as traces store them: whoever was eligible as 'seat:weight:owed REP', 'open:capacity REP' or
-- 'seat:weight:owed:open:capacity REP', whoever was not as an object with the reason (src/engine/decision/candidate.rs).

CREATE FUNCTION leadroute_internal.candidates(step jsonb)
    RETURNS TABLE (place bigint, rep_id text, seat integer, weight bigint, owed bigint, open_leads bigint, capacity bigint, why text, reason text,
                   part bigint, n bigint, total bigint, owed_most bigint, owed_least bigint)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10 AS 'MODULE_PATHNAME', 'leadroute_candidates';
COMMENT ON FUNCTION leadroute_internal.candidates(jsonb) IS 'The candidates of a step of a trace, in the order in which they stand there: what they had in the rotation (weight in thousandths, owed in 10^-12 leads), how full they were, and why they were passed over; part, their part of the lead by weight in 10^-12 leads, of n who have a seat and weigh total, and the most and least that anybody was owed. What is no candidate is left out. Internal.';

CREATE FUNCTION leadroute.full_trace(trace jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE jsonb_typeof(full_trace.trace) WHEN 'array' THEN
           coalesce(jsonb_agg(CASE WHEN s.step -> 'pool' IS NULL OR jsonb_typeof(s.step -> 'candidates') IS DISTINCT FROM 'array' THEN s.step
                                   ELSE s.step || jsonb_build_object('candidates', f.candidates) END ORDER BY s.place), '[]')
           ELSE full_trace.trace END
      FROM jsonb_array_elements(CASE jsonb_typeof(full_trace.trace) WHEN 'array' THEN full_trace.trace END) WITH ORDINALITY s (step, place)
      LEFT JOIN LATERAL (
            SELECT coalesce(jsonb_agg(CASE WHEN c.rep_id IS NULL THEN e.stored
                                           ELSE jsonb_strip_nulls(jsonb_build_object('rep', c.rep_id,
                                                'share', CASE WHEN c.seat IS NOT NULL THEN jsonb_build_array(c.seat, c.weight, c.owed) END,
                                                'load', CASE WHEN c.capacity IS NOT NULL THEN jsonb_build_object('open', c.open_leads, 'capacity', c.capacity) END)) END
                                      ORDER BY e.place), '[]') AS candidates
              FROM jsonb_array_elements(CASE jsonb_typeof(s.step -> 'candidates') WHEN 'array' THEN s.step -> 'candidates' END) WITH ORDINALITY e (stored, place)
              LEFT JOIN leadroute_internal.candidates(s.step) c ON c.place = e.place AND jsonb_typeof(e.stored) = 'string') f ON s.step -> 'pool' IS NOT NULL;
END;
COMMENT ON FUNCTION leadroute.full_trace(jsonb) IS 'A trace as stored in decisions.trace, with each candidate of a pool as an object: rep; share, [seat, weight in thousandths, what they were owed with this lead in 10^-12 leads], of who took part in the rotation; load, with open leads and capacity, where the pool goes by that; why, and what it is about, of who could not get the lead. explain_decision() puts it into words.';
