-- Traces as they are stored. The first layers, as far as they found nothing, are a number (src/engine/decision/stored.rs). Candidates:
-- whoever was eligible is 'seat:weight:owed REP', 'open:capacity REP' or 'seat:weight:owed:open:capacity REP', whoever was not is an object
-- with the reason (src/engine/decision/candidate.rs).

CREATE FUNCTION leadroute_internal.candidates(step jsonb)
    RETURNS TABLE (place bigint, rep_id text, seat integer, weight bigint, owed bigint, open_leads bigint, capacity bigint, why text, reason text,
                   part bigint, due bigint)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 10 AS 'MODULE_PATHNAME', 'leadroute_candidates';
COMMENT ON FUNCTION leadroute_internal.candidates(jsonb) IS 'The candidates of a step of a trace, in the order in which they stand there: what they had in the rotation (weight in thousandths, owed in 10^-12 leads), how full they were, and why they were passed over; part, their part of the lead by weight in 10^-12 leads; due, in which order those eligible were due. What is no candidate is left out. Internal.';

CREATE FUNCTION leadroute_internal.has_seat(step jsonb, seats integer[]) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'leadroute_has_seat';
COMMENT ON FUNCTION leadroute_internal.has_seat(jsonb, integer[]) IS 'Whether a candidate of a step of a trace has one of the seats. Internal.';

CREATE FUNCTION leadroute_internal.passes_over(trace jsonb) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'leadroute_passes_over';
COMMENT ON FUNCTION leadroute_internal.passes_over(jsonb) IS 'Whether a step of a trace has a candidate who was passed over. Internal.';

CREATE FUNCTION leadroute.full_trace(trace jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 AS 'MODULE_PATHNAME', 'leadroute_full_trace';
COMMENT ON FUNCTION leadroute.full_trace(jsonb) IS 'A trace as stored in decisions.trace, with the steps that are only counted there (implied), and each candidate of a pool as an object: rep; share, [seat, weight in thousandths, what they were owed with this lead in 10^-12 leads], of who took part in the rotation; load, with open leads and capacity, where the pool goes by that; why, and what it is about, of who could not get the lead. explain_decision() puts it into words.';
