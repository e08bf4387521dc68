-- How old rows are removed: by key from the oldest on, so that it costs no index, and in batches.

CREATE FUNCTION leadroute_internal.purge_by_key(relation text, came_at text, is_old text, older_than interval, batch integer, default_age text) RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cutoff timestamptz := clock_timestamp() - older_than;
    last bigint := -9223372036854775808;
    chunk record;
    removed integer := 0;
    n integer;
BEGIN
    IF older_than < interval '0' THEN
        RAISE EXCEPTION 'older_than must not be negative, but is %', older_than
            USING ERRCODE = 'invalid_parameter_value', HINT = format('The default is %s.', default_age);
    END IF;
    LOOP
        EXECUTE format('SELECT max(c.id) AS last, bool_or(c.%2$I < $2) AS some_old
                          FROM (SELECT id, %2$I FROM leadroute.%1$I WHERE id > $1 ORDER BY id LIMIT 1000) c', relation, came_at)
           INTO chunk USING last, cutoff;
        -- until none in a thousand is old enough
        EXIT WHEN chunk.some_old IS NOT TRUE OR removed >= batch;
        EXECUTE format('DELETE FROM leadroute.%1$I WHERE id = ANY (ARRAY(
                            SELECT id FROM leadroute.%1$I WHERE id > $1 AND id <= $2 AND (%2$s) ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED))', relation, is_old)
          USING last, chunk.last, cutoff, batch - removed;
        GET DIAGNOSTICS n = ROW_COUNT;
        removed := removed + n;
        last := chunk.last;
    END LOOP;
    RETURN removed;
END $$;
COMMENT ON FUNCTION leadroute_internal.purge_by_key(text, text, text, interval, integer, text) IS 'Removes rows of a table for which an expression of their columns and the time $3 is true, batch at most, and looks at those that came (a column) before then only; an error, which names the default, where older_than is negative. Internal.';

CREATE FUNCTION leadroute_internal.check_batch(batch integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF batch < 1 THEN
        RAISE EXCEPTION 'batch must be at least 1, not %', batch
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 100000.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_batch(integer) IS 'An error where fewer rows than one are to be removed. Internal.';
