-- Candidates as traces store them: whoever was eligible as 'seat:weight:owed REP', 'open:capacity REP' or
-- 'seat:weight:owed:open:capacity REP', whoever was not as an object with the reason (src/engine/decision/candidate.rs).

CREATE FUNCTION leadroute_internal.candidates(step jsonb)
    RETURNS TABLE (place bigint, rep_id text, seat integer, weight bigint, owed bigint, open_leads bigint, capacity bigint, why text, reason text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.place, CASE WHEN n.stored IS NULL THEN c.c ->> 'rep' ELSE substr(c.c #>> '{}', length(n.stored) + 2) END,
           CASE WHEN n.stored IS NULL THEN (c.c -> 'share' ->> 0)::integer WHEN n.count <> 2 THEN split_part(n.stored, ':', 1)::integer END,
           CASE WHEN n.stored IS NULL THEN (c.c -> 'share' ->> 1)::bigint WHEN n.count <> 2 THEN split_part(n.stored, ':', 2)::bigint END,
           CASE WHEN n.stored IS NULL THEN (c.c -> 'share' ->> 2)::bigint WHEN n.count <> 2 THEN split_part(n.stored, ':', 3)::bigint END,
           CASE WHEN n.stored IS NULL THEN (c.c -> 'load' ->> 'open')::bigint WHEN n.count <> 3 THEN split_part(n.stored, ':', n.count - 1)::bigint END,
           CASE WHEN n.stored IS NULL THEN (c.c -> 'load' ->> 'capacity')::bigint WHEN n.count <> 3 THEN split_part(n.stored, ':', n.count)::bigint END,
           coalesce(c.c ->> 'presence', nullif(c.c ->> 'why', 'away'), c.c ->> 'away'),
           coalesce(c.c ->> 'needs', c.c ->> 'cap', c.c ->> 'kind', c.c ->> 'name', c.c ->> 'schedule', c.c ->> 'problem')
      FROM jsonb_array_elements(candidates.step -> 'candidates') WITH ORDINALITY c (c, place)
     CROSS JOIN LATERAL (SELECT s.stored, 1 + length(s.stored) - length(replace(s.stored, ':', '')) AS count
                           FROM (SELECT CASE jsonb_typeof(c.c) WHEN 'string' THEN split_part(c.c #>> '{}', ' ', 1) END AS stored) s) n;
END;
COMMENT ON FUNCTION leadroute_internal.candidates(jsonb) IS 'The candidates of a step of a trace, in the order in which they stand there: what they had in the rotation (weight in thousandths, owed in 10^-12 leads), how full they were, and why they were passed over. Internal.';

CREATE FUNCTION leadroute.full_trace(trace jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(CASE WHEN s.step -> 'pool' IS NULL OR jsonb_typeof(s.step -> 'candidates') IS DISTINCT FROM 'array' THEN s.step
                                   ELSE s.step || jsonb_build_object('candidates', f.candidates) END ORDER BY s.place), '[]')
      FROM jsonb_array_elements(full_trace.trace) WITH ORDINALITY s (step, place)
      LEFT JOIN LATERAL (
            SELECT coalesce(jsonb_agg(CASE jsonb_typeof(s.step -> 'candidates' -> (c.place - 1)::integer)
                                      WHEN 'string' THEN jsonb_strip_nulls(jsonb_build_object('rep', c.rep_id,
                                           'share', CASE WHEN c.seat IS NOT NULL THEN jsonb_build_array(c.seat, c.weight, c.owed) END,
                                           'load', CASE WHEN c.capacity IS NOT NULL THEN jsonb_build_object('open', c.open_leads, 'capacity', c.capacity) END))
                                      ELSE s.step -> 'candidates' -> (c.place - 1)::integer END ORDER BY c.place), '[]') AS candidates
              FROM leadroute_internal.candidates(s.step) c) f ON s.step -> 'pool' IS NOT NULL AND jsonb_typeof(s.step -> 'candidates') = 'array';
END;
COMMENT ON FUNCTION leadroute.full_trace(jsonb) IS 'A trace as stored in decisions.trace, with each candidate of a pool as an object: rep; share, [seat, weight in thousandths, what they were owed with this lead in 10^-12 leads], of who took part in the rotation; load, with open leads and capacity, where the pool goes by that; why, and what it is about, of who could not get the lead. explain_decision() puts it into words.';
