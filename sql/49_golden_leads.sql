-- Leads that must go where they go.

CREATE FUNCTION leadroute.check_golden_leads() RETURNS TABLE (name text, key text, expected text, found text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    golden leadroute.golden_leads;
    got jsonb;
BEGIN
    FOR golden IN SELECT g.* FROM leadroute.golden_leads g ORDER BY g.name LOOP
        got := leadroute.preview_route(golden.lead, golden.at);
        RETURN QUERY SELECT golden.name, e.key, e.value, got ->> e.key FROM jsonb_each_text(golden.expected) e
                      WHERE e.value IS DISTINCT FROM got ->> e.key ORDER BY e.key;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.check_golden_leads() IS 'Golden leads that would not be routed as they must be: a row for each thing that differs, none if all is well.';

CREATE FUNCTION leadroute_internal.golden_mismatches() RETURNS SETOF text
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('golden lead "%s" must have %s %s, and would have %s', c.name, c.key, coalesce(quote_ident(c.expected), 'null'), coalesce(quote_ident(c.found), 'null'))
      FROM leadroute.check_golden_leads() c $$;
COMMENT ON FUNCTION leadroute_internal.golden_mismatches() IS 'The same in words. Internal.';
