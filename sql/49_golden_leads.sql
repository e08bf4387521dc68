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
    SELECT format('golden lead "%s" must have %s %s, and would have %s', c.name, c.key, coalesce(quote_literal(c.expected), 'none'), coalesce(quote_literal(c.found), 'none'))
      FROM leadroute.check_golden_leads() c $$;
COMMENT ON FUNCTION leadroute_internal.golden_mismatches() IS 'The same in words. Internal.';

CREATE FUNCTION leadroute_internal.golden_leads_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text := to_jsonb(OLD) ->> TG_ARGV[0];
    becomes text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME NOT IN ('reps', 'queues', 'segments', 'territories', 'pools', 'tiers') THEN
        PERFORM leadroute_internal.not_our_trigger('golden_leads_follow');
    END IF;
    -- The name of a tier is unique in its segment only.
    UPDATE leadroute.golden_leads g SET expected = g.expected || jsonb_build_object(TG_ARGV[1], becomes)
     WHERE g.expected ->> TG_ARGV[1] = was
       AND (TG_TABLE_NAME <> 'tiers' OR g.expected ->> 'segment' = to_jsonb(NEW) ->> 'segment'
            OR NOT EXISTS (SELECT FROM leadroute.tiers t WHERE t.name = was));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.golden_leads_follow() IS 'Trigger: what golden leads expect is renamed with it. Arguments: the key, and what expects it.';

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES ('reps', 'id', 'owner_id'), ('queues', 'name', 'queue'), ('segments', 'name', 'segment'),
                                   ('territories', 'name', 'territory'), ('pools', 'name', 'pool'), ('tiers', 'name', 'tier')) v ("table", key, expectation) LOOP
        EXECUTE format('CREATE TRIGGER golden_leads_follow AFTER UPDATE ON leadroute.%I FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
                        EXECUTE FUNCTION leadroute_internal.golden_leads_follow(%2$L, %3$L)', t."table", t.key, t.expectation);
    END LOOP;
END $$;
