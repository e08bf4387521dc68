\set ECHO none
-- A fresh extension for each story: no rules, no leads, every identity at 1.
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SET search_path = public;
DROP SCHEMA IF EXISTS story CASCADE;
DROP EXTENSION IF EXISTS leadroute CASCADE;
CREATE EXTENSION leadroute CASCADE;
CREATE SCHEMA story;

-- The decision that holds for a lead, in words and without its time, a line a row.
CREATE FUNCTION story.explain(lead bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT regexp_split_to_table(
               regexp_replace(leadroute.explain_decision(decision_id), ' on \d+-\d+-\d+ \d+:\d+:\d+ \w+', ''), '\n')
      FROM leadroute.leads WHERE id = lead $$;

-- What one layer found.
CREATE FUNCTION story.step(lead bigint, layer text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT step - 'layer'
      FROM leadroute.decisions d, jsonb_array_elements(leadroute.full_trace(d.trace)) step
     WHERE d.id = (SELECT decision_id FROM leadroute.leads WHERE id = lead) AND step ->> 'layer' = $2 $$;

-- Runs a statement and shows the error that it ends with.
CREATE FUNCTION story.try(statement text) RETURNS TABLE (code text, message text, hint text)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    code := '00000';
    message := 'done';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    hint := nullif(hint, '');
    RETURN NEXT;
END $$;

-- How a statement ran, without times.
CREATE FUNCTION story.run_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) ' || query;
END $$;
RESET client_min_messages;
\set ECHO all
