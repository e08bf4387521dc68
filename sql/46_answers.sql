-- Answers of providers: what is kept of them, and how long.

CREATE FUNCTION leadroute_internal.check_answer(caller text, source text, request_id text, said jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named text := CASE WHEN btrim(coalesce(source, '')) = '' THEN 'source' WHEN btrim(coalesce(request_id, '')) = '' THEN 'request_id' END;
    long text := CASE WHEN octet_length(source) > 500 THEN 'source' WHEN octet_length(request_id) > 500 THEN 'request_id' END;
BEGIN
    IF named IS NOT NULL THEN
        RAISE EXCEPTION '%: % must not be empty', caller, named
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name who says so, and a key of the answer by which it counts once.';
    ELSIF long IS NOT NULL THEN
        RAISE EXCEPTION '%: % is longer than 500 bytes', caller, long
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a shorter key, such as a hash of it.';
    ELSIF octet_length(said::text) > 1048576 OR jsonb_typeof(said) = 'object' AND (SELECT count(*) FROM jsonb_object_keys(said)) > 1000 THEN
        RAISE EXCEPTION '%: the answer to request "%" has % bytes and % fields', caller, left(request_id, 100), octet_length(said::text), CASE jsonb_typeof(said) WHEN 'object' THEN (SELECT count(*) FROM jsonb_object_keys(said)) ELSE 0 END
            USING ERRCODE = 'program_limit_exceeded', HINT = 'At most 1048576 bytes and 1000 fields of an answer are kept: leave out what nobody needs.';
    END IF;
    -- read first and written later, they could deadlock with a REINDEX in between
    LOCK TABLE leadroute.enrichments, leadroute.qualifications, leadroute.field_sources, leadroute.provider_requests IN ROW EXCLUSIVE MODE;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_answer(text, text, text, jsonb) IS 'An error where an answer does not say whose it is, or is too long; locks what is going to be written. Internal.';

CREATE FUNCTION leadroute_internal.check_same_lead(caller text, source text, request_id text, answered bigint, lead_id bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF answered <> lead_id AND NOT EXISTS (SELECT FROM leadroute.leads l WHERE l.id = answered AND l.duplicate_of = lead_id) THEN
        RAISE EXCEPTION '%: request "%" of % has been answered for lead %, not for lead %', caller, request_id, source, answered, lead_id
            USING ERRCODE = 'unique_violation', HINT = 'Give each request an id of its own.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_same_lead(text, text, text, bigint, bigint) IS 'An error where a request was answered for another lead. Internal.';

CREATE FUNCTION leadroute_internal.check_room(caller text, lead_id bigint, source text) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept record;
BEGIN
    SELECT count(*) AS all_of_it, count(*) FILTER (WHERE a.source = check_room.source) AS of_source INTO kept
      FROM (SELECT e.source FROM leadroute.enrichments e WHERE e.lead_id = check_room.lead_id
            UNION ALL SELECT q.source FROM leadroute.qualifications q WHERE q.lead_id = check_room.lead_id) a;
    IF kept.of_source > 100 OR kept.all_of_it > 1000 THEN
        RAISE EXCEPTION '%: lead % has % answers already, % of them of %', caller, lead_id, kept.all_of_it - 1, kept.of_source - 1, left(source, 100)
            USING ERRCODE = 'program_limit_exceeded', HINT = 'Of a lead 100 answers of a source and 1000 of all are kept; leadroute.purge_answers() removes old ones.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_room(text, bigint, text) IS 'An error where so many different answers about a lead are kept that its source must be broken. Internal.';

CREATE FUNCTION leadroute_internal.repeated_enrichment_answer(o leadroute.enrichments) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('enrichment_id', o.id, 'lead_id', o.lead_id, 'taken', '{}'::jsonb, 'refused', '{}'::jsonb, 'decision_id', NULL,
        'routing', format('stays where it is: %s has said the same in answer to request "%s"', o.source, o.request_id));
END $$;
COMMENT ON FUNCTION leadroute_internal.repeated_enrichment_answer(leadroute.enrichments) IS 'What apply_enrichment() answers where the source has said the same before. Internal.';

CREATE FUNCTION leadroute_internal.is_repeated_enrichment(e leadroute.enrichments) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT o.data = e.data
                       FROM leadroute.enrichments o WHERE (o.lead_id, o.source) = (e.lead_id, e.source) AND o.id < e.id ORDER BY o.id DESC LIMIT 1), false);
END $$;
COMMENT ON FUNCTION leadroute_internal.is_repeated_enrichment(leadroute.enrichments) IS 'Whether an answer is the one that its source has given last about the lead. Internal.';

CREATE FUNCTION leadroute_internal.repeat_enrichment(e leadroute.enrichments) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept leadroute.enrichments;
BEGIN
    DELETE FROM leadroute.enrichments o WHERE o.id = e.id;
    UPDATE leadroute.enrichments k
       SET repeats = k.repeats + 1, repeated_at = e.received_at, repeated_by = (ARRAY[e.request_id::text] || k.repeated_by)[1:100]
     WHERE k.id = (SELECT max(o.id) FROM leadroute.enrichments o WHERE (o.lead_id, o.source) = (e.lead_id, e.source)) RETURNING * INTO kept;
    RETURN leadroute_internal.repeated_enrichment_answer(kept);
END $$;
COMMENT ON FUNCTION leadroute_internal.repeat_enrichment(leadroute.enrichments) IS 'Counts an answer with the one before, which says the same, and removes it. Internal.';

CREATE FUNCTION leadroute_internal.repeated_qualification_answer(o leadroute.qualifications) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object('qualification_id', o.id, 'lead_id', o.lead_id, 'score', o.score, 'previous_score', o.score, 'refused', 'is known already', 'decision_id', NULL,
        'routing', format('stays where it is: %s has said the same in answer to request "%s"', o.source, o.request_id));
END $$;
COMMENT ON FUNCTION leadroute_internal.repeated_qualification_answer(leadroute.qualifications) IS 'What apply_qualification() answers where the source has said the same before. Internal.';

CREATE FUNCTION leadroute_internal.is_repeated_qualification(q leadroute.qualifications) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT (o.score, o.reasons) IS NOT DISTINCT FROM (q.score, q.reasons)
                       FROM leadroute.qualifications o WHERE (o.lead_id, o.source) = (q.lead_id, q.source) AND o.id < q.id ORDER BY o.id DESC LIMIT 1), false);
END $$;
COMMENT ON FUNCTION leadroute_internal.is_repeated_qualification(leadroute.qualifications) IS 'Whether an answer is the one that its source has given last about the lead. Internal.';

CREATE FUNCTION leadroute_internal.repeat_qualification(q leadroute.qualifications) RETURNS jsonb
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept leadroute.qualifications;
BEGIN
    DELETE FROM leadroute.qualifications o WHERE o.id = q.id;
    UPDATE leadroute.qualifications k
       SET repeats = k.repeats + 1, repeated_at = q.received_at, repeated_by = (ARRAY[q.request_id::text] || k.repeated_by)[1:100]
     WHERE k.id = (SELECT max(o.id) FROM leadroute.qualifications o WHERE (o.lead_id, o.source) = (q.lead_id, q.source)) RETURNING * INTO kept;
    RETURN leadroute_internal.repeated_qualification_answer(kept);
END $$;
COMMENT ON FUNCTION leadroute_internal.repeat_qualification(leadroute.qualifications) IS 'Counts an answer with the one before, which says the same, and removes it. Internal.';

CREATE FUNCTION leadroute.purge_answers(older_than interval DEFAULT '1 year', batch integer DEFAULT 100000) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept record;
    removed integer := 0;
BEGIN
    PERFORM leadroute_internal.lock_for_writing(), leadroute_internal.check_batch(batch);
    FOR kept IN VALUES ('enrichments', 'received_at', 'greatest(received_at, repeated_at) < $3'), ('qualifications', 'received_at', 'greatest(received_at, repeated_at) < $3'),
                       ('provider_requests', 'requested_at', 'coalesce(answered_at, timed_out_at) < $3') LOOP
        removed := removed + leadroute_internal.purge_by_key(kept.column1, kept.column2, kept.column3, older_than, batch - removed, '1 year');
    END LOOP;
    RETURN removed;
END $$;
COMMENT ON FUNCTION leadroute.purge_answers(interval, integer) IS 'Removes what providers have said so long ago, and what they were asked, if that was answered or noted as late: rows of enrichments, qualifications and provider_requests. The fields of leads, who has written them (field_sources), and decisions stay. A request that is answered again after that counts again. Returns how many.';
