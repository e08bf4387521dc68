-- Reports count what fell into a period: from since on, and before until.
--
-- Report functions run with the rights and row security of whoever calls them. Their bodies were parsed when they were created,
-- so no search_path of the caller changes what they name. They, or what they call, bring settings, so they are planned by themselves,
-- for any period:
-- to compile expressions (jit) costs more than it saves, where a restore has left no statistics a nested loop over a million rows
-- looks cheap and the index on times looks useless (enable_seqscan), and several workers share the work (parallel_*_cost), as the
-- planner takes a period for few rows. What is called for each row is PARALLEL SAFE for that.

CREATE FUNCTION leadroute_internal.is_period(since timestamptz, until timestamptz) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF since IS NULL OR until IS NULL THEN
        RAISE EXCEPTION 'a period needs both ends, but "%" is null', CASE WHEN since IS NULL THEN 'since' ELSE 'until' END
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Without an end it is -infinity or infinity.';
    END IF;
    IF since > until THEN
        RAISE EXCEPTION 'a period cannot begin (%) after it ends (%)', since, until
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The first argument is the beginning, the second the end, which is not part of it.';
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION leadroute_internal.is_period(timestamptz, timestamptz) IS 'True, or an error that says what is wrong with a period. Internal.';

CREATE FUNCTION leadroute_internal.percent(part numeric, of_all numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * part / nullif(of_all, 0), 1);
END;
COMMENT ON FUNCTION leadroute_internal.percent(numeric, numeric) IS 'How many percent, to one decimal; NULL of nothing. Internal.';

-- Looks are taken a day further than a period: time may pass between a row and what was decided about it.
CREATE FUNCTION leadroute_internal.day_before(at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN day_before.at >= '4712-01-01 00:00:00+00 BC' THEN day_before.at - interval '1 day' ELSE '-infinity' END;
END;
COMMENT ON FUNCTION leadroute_internal.day_before(timestamptz) IS 'A day before a time; -infinity where there is none. Internal.';
