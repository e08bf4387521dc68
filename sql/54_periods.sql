-- Reports count what fell into a period: from since on, and before until.
--
-- Report functions run with the rights and row security of whoever calls them. Their bodies were parsed when they were created,
-- so no search_path of the caller changes what they name. Those that show single rows are read into the query that calls them, which
-- computes the columns that it asks for; those that sum up bring settings: to compile expressions (jit) costs more than it saves, and
-- where a restore has left no statistics a nested loop over a million rows looks cheap.

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
