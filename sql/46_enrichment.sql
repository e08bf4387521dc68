-- Scores and data that become known of a lead when it is there.

CREATE FUNCTION leadroute_internal.read_values(lead_id bigint, given jsonb) RETURNS jsonb
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_read_values';
COMMENT ON FUNCTION leadroute_internal.read_values(bigint, jsonb) IS 'Values for columns of a lead, cleaned as those of a new one: values, ranges that stand for numbers, and problems. Internal.';

CREATE FUNCTION leadroute_internal.route_filled(lead_id bigint, reason text) RETURNS text
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_route_filled';
COMMENT ON FUNCTION leadroute_internal.route_filled(bigint, text) IS 'reroute_lead, with enrichment as the cause, for a lead of which more is known: in the same pool the rep who has it keeps it, and it never goes from a rep to a queue, or from a queue to nobody. NULL where it is decided anew, empty where nothing changes, else what the rules say. Internal.';

CREATE FUNCTION leadroute_internal.first_lead(lead_id bigint) RETURNS leadroute.leads
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.open_lead(lead_id);
BEGIN
    -- it may have become a touch while it was waited for
    WHILE lead.duplicate_of IS NOT NULL LOOP
        lead := leadroute_internal.open_lead(lead.duplicate_of);
    END LOOP;
    RETURN lead;
END $$;
COMMENT ON FUNCTION leadroute_internal.first_lead(bigint) IS 'Locks and returns a lead; of a touch, the first lead of the person as it is once nobody else holds it. Internal.';

CREATE FUNCTION leadroute_internal.enrichment_rule(source text, field text, tenant text) RETURNS leadroute.enrichment_rules
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r FROM leadroute.enrichment_rules r
     WHERE (r.source IS NULL OR lower(r.source) = lower(leadroute_internal.cleaned('shown', enrichment_rule.source)))
       AND (r.field IS NULL OR coalesce(leadroute_internal.column_named(r.field), r.field) = enrichment_rule.field)
       AND (r.tenants IS NULL OR enrichment_rule.tenant = ANY (r.tenants))
     ORDER BY r.tenants IS NULL, r.source IS NULL, r.field IS NULL LIMIT 1 $$;
COMMENT ON FUNCTION leadroute_internal.enrichment_rule(text, text, text) IS 'The rule for a source and a field in a tenant; NULL if there is none. Internal.';

CREATE FUNCTION leadroute_internal.may_write(lead leadroute.leads, field text, now_there jsonb, source text, confidence numeric, at timestamptz, without_rule text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rule leadroute.enrichment_rules := leadroute_internal.enrichment_rule(source, field, lead.tenant);
    overwrites text := coalesce(rule.overwrites, without_rule);
    written leadroute.field_sources;
BEGIN
    IF overwrites = 'refused' THEN
        RETURN format('may not be written by %s (enrichment rule %s)', source, rule.name);
    ELSIF confidence IS NULL AND rule.min_confidence IS NOT NULL THEN
        RETURN format('comes without a confidence, and must have %s (enrichment rule %s)', rule.min_confidence, rule.name);
    ELSIF confidence < rule.min_confidence THEN
        RETURN format('has a confidence of %s, and must have %s (enrichment rule %s)', confidence, rule.min_confidence, rule.name);
    ELSIF now_there IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO written FROM leadroute.field_sources s WHERE s.lead_id = lead.id AND s.field = may_write.field AND s.value = now_there;
    IF written.at > may_write.at THEN
        RETURN format('is older than what %s has said', written.source);
    ELSIF written.source IS NULL AND overwrites <> 'everything' THEN
        RETURN 'came with the lead, or was typed by a person';
    ELSIF written.source IS NOT NULL AND (overwrites = 'nothing' OR overwrites = 'own' AND lower(written.source) <> lower(source)) THEN
        RETURN format('has been said by %s', written.source);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.may_write(leadroute.leads, text, jsonb, text, numeric, timestamptz, text) IS 'Why a source may not write a field of a lead; NULL if it may. Internal.';

CREATE FUNCTION leadroute_internal.is_in_time(lead leadroute.leads) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN clock_timestamp() < greatest(lead.created_at, lead.occurred_at) + leadroute_internal.setting('late_data')::interval;
END $$;
COMMENT ON FUNCTION leadroute_internal.is_in_time(leadroute.leads) IS 'Whether what becomes known of a lead may still move it. Internal.';

CREATE FUNCTION leadroute_internal.route_late_data(lead leadroute.leads, reason text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rules_say text := leadroute_internal.route_filled(lead.id, reason);
BEGIN
    IF rules_say = '' THEN
        RETURN 'stays where it is: the rules say the same';
    ELSIF rules_say IS NULL THEN
        RETURN 'routed again';
    END IF;
    rules_say := format('stays where it is, as what becomes known takes a lead from nobody; by the rules: %s', rules_say);
    PERFORM leadroute_internal.note_decision(lead, 'enrichment', lead.owner_id, format('%s; asked for: %s', rules_say, reason));
    RETURN rules_say;
END $$;
COMMENT ON FUNCTION leadroute_internal.route_late_data(leadroute.leads, text) IS 'Asks the layers again about a lead of which more is known; what came of it. Internal.';

CREATE FUNCTION leadroute_internal.score_by_criteria(lead_id bigint) RETURNS jsonb
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_score_by_criteria';
COMMENT ON FUNCTION leadroute_internal.score_by_criteria(bigint) IS 'What criteria say now of a lead that is there, as a step of a trace, whatever score it has; NULL where there are none. Internal.';

CREATE FUNCTION leadroute_internal.score_anew(lead leadroute.leads, why text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step jsonb;
BEGIN
    IF lead.score IS NOT NULL AND NOT leadroute_internal.is_scored_by_criteria(lead) THEN
        RETURN;
    END IF;
    step := leadroute_internal.score_by_criteria(lead.id);
    IF lead.score IS DISTINCT FROM (step ->> 'score')::numeric AND step IS NOT NULL THEN
        -- the decision first, by which the score is known as one of criteria
        PERFORM leadroute_internal.note_decision(lead, 'enrichment', lead.owner_id,
            format('has a score of %s by criteria, %s; %s', step ->> 'score', coalesce('after ' || lead.score, 'and had none'), why), trace => jsonb_build_array(step));
        UPDATE leadroute.leads l SET score = (step ->> 'score')::numeric WHERE l.id = lead.id;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.score_anew(leadroute.leads, text) IS 'Gives a lead that stays where it is the score that criteria give it now that more is known, unless somebody else has scored it, and notes that. Internal.';

CREATE FUNCTION leadroute_internal.is_being_told(lead_id bigint) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM leadroute.qualifications q WHERE q.lead_id = is_being_told.lead_id AND q.routing = '')
        OR EXISTS (SELECT FROM leadroute.enrichments e WHERE e.lead_id = is_being_told.lead_id AND e.routing = '') $$;
COMMENT ON FUNCTION leadroute_internal.is_being_told(bigint) IS 'Whether this transaction is just taking over what a provider says of a lead. Internal.';

CREATE FUNCTION leadroute_internal.re_evaluated(was leadroute.leads, reason text, OUT routing text, OUT decision_id bigint)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    noted_before bigint := (SELECT max(d.id) FROM leadroute.decisions d WHERE d.lead_id = was.id);
BEGIN
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = was.id;
    routing := CASE
        WHEN leadroute_internal.is_closed(lead.status) THEN format('stays closed (%s)', lead.status)
        WHEN lead.routed_at IS NULL OR lead.routed_at = '-infinity' THEN 'waits to be routed'
        WHEN lead.first_response_at IS NOT NULL OR lead.status NOT IN ('assigned', 'queued', 'nurture') THEN 'stays where it is: somebody has responded'
        WHEN NOT leadroute_internal.is_in_time(lead) THEN format('stays where it is: it is older than leadroute.late_data (%s)', leadroute_internal.setting('late_data'))
        WHEN leadroute_internal.may_route_again(lead) THEN NULL
        WHEN EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = lead.decision_id AND (d.cause IN ('manual', 'claim') OR d.layer = 'given'))
        THEN 'stays where it is: a person has chosen its place'
        ELSE 'stays where it is: it has been routed again already (leadroute.max_reroutes)'
        END;
    IF routing IS NULL THEN
        BEGIN
            routing := leadroute_internal.route_late_data(lead, reason);
        EXCEPTION WHEN lock_not_available THEN
            -- what is known counts all the same
            routing := format('stays where it is: %s', SQLERRM);
        END;
    END IF;
    IF routing <> 'routed again' AND NOT leadroute_internal.is_closed(lead.status) AND lead.routed_at > '-infinity' THEN
        PERFORM leadroute_internal.score_anew(lead, format('%s; asked for: %s', routing, reason));
    END IF;
    decision_id := (SELECT max(d.id) FROM leadroute.decisions d WHERE d.lead_id = was.id AND d.id > noted_before);
END $$;
COMMENT ON FUNCTION leadroute_internal.re_evaluated(leadroute.leads, text) IS 'Routes a lead again of which more is known than before (was), while nobody has responded and the time for that is not over; what came of it, in words, and the decision. Internal.';

CREATE FUNCTION leadroute_internal.said_values(data jsonb) RETURNS TABLE (field text, is_column boolean, value jsonb, confidence numeric, at timestamptz, problem text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    given record;
BEGIN
    FOR given IN SELECT e.key, e.value, c.name AS "column", jsonb_typeof(e.value) = 'object' AND e.value ? 'value' AS is_wrapped,
                        row_number() OVER (PARTITION BY coalesce(c.name, e.key) ORDER BY c.name IS DISTINCT FROM e.key, e.key COLLATE "C") > 1 AS is_again
                   FROM jsonb_each(data) e CROSS JOIN LATERAL (SELECT leadroute_internal.column_named(e.key) AS name OFFSET 0) c
                  ORDER BY c.name IS DISTINCT FROM e.key, e.key COLLATE "C" LOOP
        field := coalesce(given."column", given.key);
        is_column := given."column" IS NOT NULL;
        value := CASE WHEN given.is_wrapped THEN given.value -> 'value' ELSE given.value END;
        confidence := NULL;
        at := clock_timestamp();
        problem := CASE WHEN given.is_again THEN 'is given twice'
                        WHEN field = 'attributes' THEN 'must be given by its keys, each for itself'
                        WHEN is_column AND field <> ALL ('{email,first_name,last_name,phone,title,department,company,website,crm_account_id,country,region,city,postal_code,industry,employees,annual_revenue,product,language,score,source,campaign}')
                        THEN 'is not for a provider to say'
                        WHEN value = 'null' OR btrim(value #>> '{}') = '' THEN 'has no value' END;
        IF given.is_wrapped AND nullif(given.value -> 'confidence', 'null') IS NOT NULL THEN
            confidence := CASE jsonb_typeof(given.value -> 'confidence') WHEN 'number' THEN (given.value -> 'confidence')::numeric END;
            problem := coalesce(problem, CASE WHEN confidence BETWEEN 0 AND 1 THEN NULL ELSE format('has a confidence of %s, not of 0 up to 1', left(given.value ->> 'confidence', 40)) END);
        END IF;
        IF given.is_wrapped AND nullif(given.value -> 'at', 'null') IS NOT NULL THEN
            BEGIN
                at := least(nullif((given.value ->> 'at')::timestamptz, '-infinity'), at);
            EXCEPTION WHEN data_exception THEN
                problem := coalesce(problem, format('is of "%s", which is no time', left(given.value ->> 'at', 40)));
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.said_values(jsonb) IS 'What an answer says, by columns of leads and keys of their attributes, with how sure and as of when; and what cannot be used, and why. Internal.';

CREATE FUNCTION leadroute_internal.judged_values(lead leadroute.leads, data jsonb, source text)
    RETURNS TABLE (field text, is_column boolean, value jsonb, is_range boolean, confidence numeric, at timestamptz, problem text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    read jsonb := leadroute_internal.read_values(lead.id, coalesce((SELECT jsonb_object_agg(s.field, s.value) FROM leadroute_internal.said_values(data) s WHERE s.is_column AND s.problem IS NULL), '{}'));
    stored jsonb := to_jsonb(jsonb_populate_record(NULL::leadroute.leads, read -> 'values'));
    known jsonb := to_jsonb(lead);
    has jsonb;
BEGIN
    FOR field, is_column, value, confidence, at, problem IN SELECT * FROM leadroute_internal.said_values(data) LOOP
        problem := coalesce(problem, read -> 'problems' ->> CASE WHEN is_column THEN field END);
        is_range := is_column AND read -> 'ranges' ? field;
        value := CASE WHEN is_range THEN read -> 'ranges' -> field WHEN is_column THEN nullif(stored -> field, 'null') ELSE value END;
        has := nullif(known -> CASE WHEN is_column THEN field END, 'null');
        IF has IS NULL THEN
            has := nullif(CASE jsonb_typeof(lead.attributes) WHEN 'object' THEN lead.attributes -> field END, 'null');
        END IF;
        problem := coalesce(problem, CASE WHEN value IS NULL THEN 'has no value' WHEN value = has THEN 'is known already' END,
                            leadroute_internal.may_write(lead, field, has, source, confidence, at, 'own'));
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.judged_values(leadroute.leads, jsonb, text) IS 'What an answer says, as it would be stored, and why it is not taken. Internal.';

CREATE FUNCTION leadroute_internal.fill_lead(lead leadroute.leads, fields text[], "values" jsonb[], are_columns boolean[]) RETURNS leadroute.leads
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH v AS (SELECT * FROM unnest(fields, "values", are_columns) AS u (field, value, is_column)),
    n AS (SELECT coalesce((SELECT jsonb_object_agg(v.field, v.value) FROM v WHERE v.is_column), '{}')
                 -- a number and a range of it do not stand side by side
                 || coalesce((SELECT jsonb_object_agg(v.field, NULL) FROM v WHERE NOT v.is_column AND v.field IN ('employees', 'annual_revenue')), '{}') AS columns,
                 coalesce((SELECT jsonb_object_agg(v.field, v.value) FROM v WHERE NOT v.is_column), '{}') AS others,
                 ARRAY(SELECT v.field FROM v WHERE v.is_column AND v.field IN ('employees', 'annual_revenue')) AS gone)
    UPDATE leadroute.leads l
       SET (email, first_name, last_name, phone, title, department, company, website, crm_account_id, country, region, city,
            postal_code, industry, employees, annual_revenue, product, language, score, source, campaign)
         = (SELECT r.email, r.first_name, r.last_name, r.phone, r.title, r.department, r.company, r.website, r.crm_account_id, r.country,
                   r.region, r.city, r.postal_code, r.industry, r.employees, r.annual_revenue, r.product, r.language, r.score, r.source,
                   r.campaign FROM jsonb_populate_record(l, n.columns) r),
           attributes = nullif((CASE jsonb_typeof(l.attributes) WHEN 'object' THEN l.attributes ELSE '{}' END - n.gone) || n.others, '{}')
      FROM n WHERE l.id = lead.id RETURNING l.* $$;
COMMENT ON FUNCTION leadroute_internal.fill_lead(leadroute.leads, text[], jsonb[], boolean[]) IS 'Writes fields of a lead: columns, and keys of its attributes. Internal.';

CREATE FUNCTION leadroute_internal.enrichment_answer(e leadroute.enrichments) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('enrichment_id', e.id, 'lead_id', e.lead_id, 'taken', e.taken, 'refused', e.refused, 'routing', e.routing, 'decision_id', e.decision_id);
END $$;
COMMENT ON FUNCTION leadroute_internal.enrichment_answer(leadroute.enrichments) IS 'What apply_enrichment() answers. Internal.';

CREATE FUNCTION leadroute.apply_enrichment(lead_id bigint, data jsonb, source text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    lead leadroute.leads;
    e leadroute.enrichments;
    v record;
BEGIN
    PERFORM leadroute_internal.check_answer('apply_enrichment', source, request_id, data);
    IF jsonb_typeof(data) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'apply_enrichment: data must be a JSON object, not %', coalesce(jsonb_typeof(data), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Fields with their values, or with {"value": ..., "confidence": ..., "at": ...}.';
    END IF;
    lead := leadroute_internal.first_lead(lead_id);
    SELECT * INTO e FROM leadroute.enrichments o WHERE (o.lead_id, o.source) = (lead.id, apply_enrichment.source) AND apply_enrichment.request_id = ANY (o.repeated_by);
    IF FOUND THEN
        RETURN leadroute_internal.repeated_enrichment_answer(e);
    END IF;
    -- Under the lock of the lead; whoever answers the same for another lead is waited for here, and so is nobody else.
    INSERT INTO leadroute.enrichments (lead_id, source, request_id, touch_id, data, tenant)
    VALUES (lead.id, source, request_id, nullif(apply_enrichment.lead_id, lead.id), data, lead.tenant)
    ON CONFLICT DO NOTHING RETURNING * INTO e;
    IF e.id IS NULL THEN
        SELECT * INTO e FROM leadroute.enrichments o WHERE (o.request_id, o.source, o.tenant) = (apply_enrichment.request_id, apply_enrichment.source, lead.tenant);
        PERFORM leadroute_internal.check_same_lead('apply_enrichment', e.source, e.request_id, e.lead_id, lead.id);
        RETURN leadroute_internal.enrichment_answer(e);
    END IF;
    PERFORM leadroute_internal.request_answered('apply_enrichment', request_id, lead);
    SELECT array_agg(j.field ORDER BY j.field) FILTER (WHERE j.problem IS NULL) AS fields, array_agg(j.value ORDER BY j.field) FILTER (WHERE j.problem IS NULL) AS "values",
           array_agg(j.is_column AND NOT j.is_range ORDER BY j.field) FILTER (WHERE j.problem IS NULL) AS are_columns,
           array_agg(j.at ORDER BY j.field) FILTER (WHERE j.problem IS NULL) AS ats, array_agg(j.confidence ORDER BY j.field) FILTER (WHERE j.problem IS NULL) AS confidences,
           coalesce(jsonb_object_agg(j.field, j.value) FILTER (WHERE j.problem IS NULL), '{}') AS taken,
           coalesce(jsonb_object_agg(j.field, j.problem) FILTER (WHERE j.problem IS NOT NULL), '{}') AS refused
      INTO v FROM leadroute_internal.judged_values(lead, data, source) j;
    IF v.fields IS NOT NULL THEN
        INSERT INTO leadroute.field_sources AS f (lead_id, field, source, at, confidence, value)
        SELECT lead.id, u.field, apply_enrichment.source, u.at, u.confidence, u.value FROM unnest(v.fields, v."values", v.ats, v.confidences) AS u (field, value, at, confidence)
        ON CONFLICT (lead_id, field) DO UPDATE SET source = excluded.source, at = excluded.at, confidence = excluded.confidence, value = excluded.value;
        PERFORM leadroute_internal.fill_lead(lead, v.fields, v."values", v.are_columns);
        SELECT r.routing, r.decision_id INTO e.routing, e.decision_id
          FROM leadroute_internal.re_evaluated(lead, format('%s knows of the lead: %s', source, array_to_string(v.fields, ', '))) r;
    ELSIF leadroute_internal.is_repeated_enrichment(e) THEN
        RETURN leadroute_internal.repeat_enrichment(e);
    END IF;
    PERFORM leadroute_internal.check_room('apply_enrichment', lead.id, source);
    UPDATE leadroute.enrichments o SET taken = v.taken, refused = v.refused, decision_id = e.decision_id,
           routing = coalesce(nullif(e.routing, ''), 'stays where it is: nothing new is known')
     WHERE o.id = e.id RETURNING * INTO e;
    RETURN leadroute_internal.enrichment_answer(e);
END $$;
COMMENT ON FUNCTION leadroute.apply_enrichment(bigint, jsonb, text, text) IS 'Takes over what a source knows of a lead: fields with their values, or with {"value", "confidence", "at"}. It counts once for each source and request; said again, the answer is the same, and one that says what the source has said already is only counted (repeats). Values are cleaned as those of a new lead, keys that are no columns go to the attributes; enrichment_rules say what may be overwritten. The lead is routed again while nobody has responded, and not after leadroute.late_data; never from a rep to a queue or to nobody. Of a touch it is about the first lead. Returns what was taken, what not and why, and what became of the route.';

CREATE FUNCTION leadroute_internal.qualification_answer(q leadroute.qualifications) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('qualification_id', q.id, 'lead_id', q.lead_id, 'score', q.score, 'previous_score', q.previous_score, 'refused', q.refused,
                              'routing', q.routing, 'decision_id', q.decision_id);
END $$;
COMMENT ON FUNCTION leadroute_internal.qualification_answer(leadroute.qualifications) IS 'What apply_qualification() answers. Internal.';

CREATE FUNCTION leadroute.apply_qualification(lead_id bigint, score numeric, reasons jsonb, source text, request_id text) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    lead leadroute.leads;
    q leadroute.qualifications;
BEGIN
    PERFORM leadroute_internal.check_answer('apply_qualification', source, request_id, reasons);
    IF NOT (score BETWEEN -1e15 AND 1e15) THEN
        RAISE EXCEPTION 'apply_qualification: score must be a number between -1e15 and 1e15, not %', score
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give NULL where there is none.';
    END IF;
    lead := leadroute_internal.first_lead(lead_id);
    SELECT * INTO q FROM leadroute.qualifications o WHERE (o.lead_id, o.source) = (lead.id, apply_qualification.source) AND apply_qualification.request_id = ANY (o.repeated_by);
    IF FOUND THEN
        RETURN leadroute_internal.repeated_qualification_answer(q);
    END IF;
    INSERT INTO leadroute.qualifications (lead_id, source, request_id, touch_id, score, reasons, previous_score, tenant, refused)
    VALUES (lead.id, source, request_id, nullif(apply_qualification.lead_id, lead.id), score, reasons, lead.score, lead.tenant,
            CASE WHEN score IS NULL THEN 'has no value' WHEN score = lead.score THEN 'is known already'
                 ELSE leadroute_internal.may_write(lead, 'score', to_jsonb(lead.score), source, NULL, clock_timestamp(), 'everything') END)
    ON CONFLICT DO NOTHING RETURNING * INTO q;
    IF q.id IS NULL THEN
        SELECT * INTO q FROM leadroute.qualifications o WHERE (o.request_id, o.source, o.tenant) = (apply_qualification.request_id, apply_qualification.source, lead.tenant);
        PERFORM leadroute_internal.check_same_lead('apply_qualification', q.source, q.request_id, q.lead_id, lead.id);
        RETURN leadroute_internal.qualification_answer(q);
    END IF;
    PERFORM leadroute_internal.request_answered('apply_qualification', request_id, lead);
    IF q.refused IS NULL THEN
        INSERT INTO leadroute.field_sources AS f (lead_id, field, source, at, value) VALUES (lead.id, 'score', source, q.received_at, to_jsonb(score))
        ON CONFLICT (lead_id, field) DO UPDATE SET source = excluded.source, at = excluded.at, confidence = NULL, value = excluded.value;
        UPDATE leadroute.leads l SET score = q.score WHERE l.id = lead.id;
        SELECT r.routing, r.decision_id INTO q.routing, q.decision_id
          FROM leadroute_internal.re_evaluated(lead, format('%s gives it a score of %s', source, score)) r;
    ELSIF leadroute_internal.is_repeated_qualification(q) THEN
        RETURN leadroute_internal.repeat_qualification(q);
    END IF;
    PERFORM leadroute_internal.check_room('apply_qualification', lead.id, source);
    UPDATE leadroute.qualifications o SET decision_id = q.decision_id, routing = coalesce(nullif(q.routing, ''), 'stays where it is: the score is as it was')
     WHERE o.id = q.id RETURNING * INTO q;
    RETURN leadroute_internal.qualification_answer(q);
END $$;
COMMENT ON FUNCTION leadroute.apply_qualification(bigint, numeric, jsonb, text, text) IS 'Takes over the score that a source gives a lead, with its reasons. It counts once for each source and request; said again, the answer is the same. It replaces the score that the lead has, unless enrichment_rules say otherwise, and routes the lead again as apply_enrichment() does. Of a touch it is about the first lead. Returns what became of it.';
