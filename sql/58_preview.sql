-- Where leads would go: a change, tried on the leads of a period.

CREATE FUNCTION leadroute_internal.availability("table" text, "row" jsonb) RETURNS json
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN "row" IS NULL THEN NULL
        WHEN "table" = 'reps' THEN (
            SELECT json_build_object('id', r.id, 'rep_no', r.rep_no, 'active', r.active, 'presence', r.presence,
                                     'presence_at', leadroute_internal.micros(r.presence_at))
              FROM jsonb_populate_record(NULL::leadroute.reps, "row") r)
        ELSE (
            SELECT json_build_object('id', a.id, 'rep_id', a.rep_id, 'during', leadroute_internal.span(a.during), 'kind', a.kind, 'backup_id', a.backup_id)
              FROM jsonb_populate_record(NULL::leadroute.absences, "row") a) END $$;
COMMENT ON FUNCTION leadroute_internal.availability(text, jsonb) IS 'What a row of reps or absences says of who is there, as the engine reads it. Internal.';

CREATE FUNCTION leadroute_internal.preview(change_id bigint, since timestamptz, volume double precision) RETURNS json
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_preview';
COMMENT ON FUNCTION leadroute_internal.preview(bigint, timestamptz, double precision) IS 'Leads that would go elsewhere, and what all add up to. Internal.';

CREATE FUNCTION leadroute_internal.place_in_words(place json) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE place ->> 'outcome' WHEN 'owner' THEN 'rep ' || (place ->> 'owner') WHEN 'queue' THEN 'queue ' || (place ->> 'queue')
           ELSE concat(place ->> 'outcome', ' with rep ' || (place ->> 'owner'), ' in queue ' || (place ->> 'queue')) END $$;
COMMENT ON FUNCTION leadroute_internal.place_in_words(json) IS 'Where a lead goes. Internal.';

CREATE FUNCTION leadroute_internal.preview_noted(change_id bigint, since timestamptz, volume numeric) RETURNS json
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    status text;
    -- before the preview looks at the rules: what becomes others meanwhile was not looked at
    seen text := leadroute_internal.seen_for(change_id);
    found json;
BEGIN
    IF since IS NULL OR NOT isfinite(since) THEN
        RAISE EXCEPTION 'a preview cannot begin at %', coalesce(since::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the time from which on leads are routed again, such as now() - interval ''30 days''.';
    END IF;
    IF volume IS NULL OR NOT volume BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'the volume of a preview cannot be %', coalesce(volume::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give 0 to 100: 2 is twice as many leads.';
    END IF;
    IF change_id IS NOT NULL THEN
        SELECT c.status INTO status FROM leadroute.change_requests c WHERE c.id = change_id;
        IF status IS NULL THEN
            RAISE EXCEPTION 'change % does not exist', change_id
                USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.change_requests.';
        ELSIF status NOT IN ('proposed', 'approved') THEN
            RAISE EXCEPTION 'change % is %, not proposed or approved', change_id, status
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Propose it again, and preview that.';
        END IF;
    END IF;
    found := leadroute_internal.preview(change_id, since, volume);
    PERFORM leadroute_internal.stamp_change(change_id, seen);
    RETURN found;
END $$;
COMMENT ON FUNCTION leadroute_internal.preview_noted(bigint, timestamptz, numeric) IS 'Checks what a preview is asked, and runs it. Internal.';

CREATE FUNCTION leadroute.preview_change(change_id bigint, since timestamptz DEFAULT now() - interval '30 days')
    RETURNS TABLE (lead_id bigint, differs text[], before text, after text, layer_before text, layer_after text,
                   territory_before text, territory_after text, segment_before text, segment_after text, tier_before text, tier_after text,
                   pool_before text, pool_after text, reason text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found json := leadroute_internal.preview_noted(change_id, since, 1);
BEGIN
    RETURN QUERY
        SELECT (l.lead ->> 'lead_id')::bigint, ARRAY(SELECT json_array_elements_text(l.lead -> 'differs')),
               leadroute_internal.place_in_words(b.place), leadroute_internal.place_in_words(a.place), b.place ->> 'layer', a.place ->> 'layer',
               b.place ->> 'territory', a.place ->> 'territory', b.place ->> 'segment', a.place ->> 'segment', b.place ->> 'tier', a.place ->> 'tier',
               b.place ->> 'pool', a.place ->> 'pool', l.lead ->> 'reason'
          FROM json_array_elements(found -> 'leads') l (lead),
               LATERAL (SELECT l.lead -> 'before') b (place), LATERAL (SELECT l.lead -> 'after') a (place);
END $$;
COMMENT ON FUNCTION leadroute.preview_change(bigint, timestamptz) IS 'Routes the leads that came since then again, by the rules as they are and as they would be after a change request, and returns those that go elsewhere: what differs, where they go before and after it, by which layer, and why. Presence, active and absences are as they were when each lead came, turns and open leads start the same on both sides; nothing is kept. What the change itself says of presence, active and absences counts for the whole period.';

CREATE FUNCTION leadroute.preview_summary(change_id bigint, since timestamptz DEFAULT now() - interval '30 days', volume numeric DEFAULT 1)
    RETURNS TABLE (grain text, name text, leads_before bigint, leads_after bigint, value_before numeric, value_after numeric,
                   unrouted_before bigint, unrouted_after bigint, in_time_before numeric, in_time_after numeric)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found json := leadroute_internal.preview_noted(change_id, since, volume);
BEGIN
    RETURN QUERY
        SELECT r.grain, r.name, (r.before ->> 'leads')::bigint, (r.after ->> 'leads')::bigint,
               round((r.before ->> 'value')::numeric, 2), round((r.after ->> 'value')::numeric, 2),
               (r.before ->> 'unrouted')::bigint, (r.after ->> 'unrouted')::bigint,
               round((r.before ->> 'in_time')::numeric / nullif((r.before ->> 'clocks')::numeric, 0), 3),
               round((r.after ->> 'in_time')::numeric / nullif((r.after ->> 'clocks')::numeric, 0), 3)
          FROM json_to_recordset(found -> 'summary') AS r (grain text, name text, before json, after json);
END $$;
COMMENT ON FUNCTION leadroute.preview_summary(bigint, timestamptz, numeric) IS 'The same leads added up: how many go to each rep, queue, territory, segment, tier and pool, what they were worth (leads.amount), and how many nobody was found for, before and after a change; grain all is all of them. With a volume, as many times the leads come after the change; NULL for the change asks for the volume alone. in_time is the expected share of clocks that are met, if each rep answers one lead after the other, as fast as their quickest quarter of answers since then; NULL where nobody has answered.';
