-- What a worker that asks providers calls: it takes their requests and brings their answers, and learns of nothing else.

CREATE FUNCTION leadroute_internal.checked_provider(caller text, provider text) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known leadroute.providers;
    -- whoever has said SET ROLE is that role; within functions of others current_user is their owner
    acts_as name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    SELECT * INTO known FROM leadroute.providers p WHERE p.name = checked_provider.provider;
    IF NOT FOUND THEN
        RAISE EXCEPTION '%: there is no provider "%"', caller, coalesce(provider, 'null')
            USING ERRCODE = 'undefined_object', HINT = 'Providers are the names in leadroute.providers.';
    ELSIF known.db_role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = known.db_role AND pg_has_role(acts_as, r.oid, 'USAGE')) THEN
        RAISE EXCEPTION '%: role "%" does not work for provider "%"', caller, acts_as, known.name
            USING ERRCODE = 'insufficient_privilege', HINT = 'leadroute.providers.db_role says which role does, with its members.';
    END IF;
    RETURN known.name;
END $$;
COMMENT ON FUNCTION leadroute_internal.checked_provider(text, text) IS 'The name of a provider; an error if there is none, or the role of the session does not work for it. Internal.';

CREATE FUNCTION leadroute_internal.has_requests(providers text[]) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM leadroute.notifications n
         WHERE n.acked_at IS NULL AND right(n.kind, 10) = '_requested' AND (n.details ->> 'provider') COLLATE "C" = ANY (providers)
           AND (n.lease_until IS NULL OR n.lease_until <= clock_timestamp()));
END $$;
COMMENT ON FUNCTION leadroute_internal.has_requests(text[]) IS 'Whether take_requests() would find something for one of these providers. Internal.';

CREATE FUNCTION leadroute.take_requests(provider text, batch integer DEFAULT 100, lease interval DEFAULT '1 minute', tenant text DEFAULT NULL, consumer text DEFAULT NULL)
    RETURNS TABLE (request_id text, lead_id bigint, kind text, missing text[], due_at timestamptz, created_at timestamptz, attempt integer, payload jsonb)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- As for take_notifications().
    SET plan_cache_mode = force_custom_plan SET enable_sort = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    known text;
    found bigint[];
    since timestamptz := leadroute_internal.outbox_since(false);
    began timestamptz;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    known := leadroute_internal.checked_provider('take_requests', provider);
    PERFORM leadroute_internal.check_taking(batch, lease);
    LOOP
        began := clock_timestamp();
        found := ARRAY(
            SELECT n.id FROM leadroute.notifications n
             WHERE n.acked_at IS NULL AND right(n.kind, 10) = '_requested' AND (n.details ->> 'provider') COLLATE "C" = known
               AND (n.lease_until IS NULL OR n.lease_until <= clock_timestamp()) AND n.created_at >= since
               AND (take_requests.tenant IS NULL OR n.tenant = take_requests.tenant)
             ORDER BY n.created_at, n.id LIMIT batch FOR UPDATE SKIP LOCKED);
        EXIT WHEN since = '-infinity' OR cardinality(found) >= batch;
        since := leadroute_internal.outbox_since(true);
        EXIT WHEN since > '-infinity';
    END LOOP;
    PERFORM leadroute_internal.outbox_looked(coalesce((SELECT min(created_at) FROM leadroute.notifications WHERE id = ANY (found)), began));
    RETURN QUERY
        SELECT r.request_id, r.lead_id, r.kind, r.missing, r.due_at, t.created_at, t.attempts,
               leadroute_internal.notification_payload(t.lead_id, t.decision_id, t.details)
          FROM leadroute_internal.lease_notifications(found, coalesce(consumer, known), lease) t
          JOIN leadroute.provider_requests r ON r.request_id = t.details ->> 'request_id'
         ORDER BY t.created_at, t.id;
END $$;
COMMENT ON FUNCTION leadroute.take_requests(text, integer, interval, text, text) IS 'Hands out requests to a provider, oldest first, each to one consumer (the provider, if none is named). What is not answered before its lease ends is handed out again with the next attempt; from the sixth on the lease doubles, up to an hour. With a tenant only requests about its leads. Only for roles that providers.db_role lets work for the provider.';

CREATE FUNCTION leadroute.answer_request(provider text, request_id text, answer jsonb) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    known text;
    asked leadroute.provider_requests;
    asked_by bigint[];
    done jsonb := '{}';
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    known := leadroute_internal.checked_provider('answer_request', provider);
    SELECT * INTO asked FROM leadroute.provider_requests r WHERE r.request_id = answer_request.request_id AND r.provider = known;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no request "%" to provider "%"', left(coalesce(request_id, 'null'), 100), known
            USING ERRCODE = 'undefined_object', HINT = 'Answer with the request_id that take_requests() has handed out for the same provider. Those of leads that are deleted are gone.';
    END IF;
    -- Lead, notification, request: in the order in which ack_notifications() and whoever deletes a lead lock them.
    PERFORM leadroute_internal.first_lead(asked.lead_id);
    asked_by := ARRAY(SELECT n.id FROM leadroute.notifications n
                       WHERE n.lead_id = asked.lead_id AND n.acked_at IS NULL AND right(n.kind, 10) = '_requested' AND n.details ->> 'request_id' = asked.request_id FOR UPDATE);
    IF asked.kind = 'enrich' THEN
        done := leadroute.apply_enrichment(asked.lead_id, answer, known, asked.request_id);
    ELSIF asked.kind = 'qualify' THEN
        IF jsonb_typeof(answer) IS DISTINCT FROM 'object' OR coalesce(jsonb_typeof(answer -> 'score'), 'null') NOT IN ('number', 'null') THEN
            RAISE EXCEPTION 'answer_request: an answer to "qualify" must be a JSON object whose score is a number or null, not %', left(coalesce(answer::text, 'null'), 100)
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"score": 80, "reasons": [{"reason": "fits"}]}.';
        END IF;
        done := leadroute.apply_qualification(asked.lead_id, (answer ->> 'score')::numeric, answer -> 'reasons', known, asked.request_id);
    ELSIF coalesce(jsonb_typeof(answer), 'null') <> 'null' THEN
        -- what a sequence tool has written is kept with the lead
        done := leadroute.apply_enrichment(asked.lead_id, answer, known, asked.request_id);
    END IF;
    UPDATE leadroute.notifications n SET acked_at = clock_timestamp(), lease_until = NULL WHERE n.id = ANY (asked_by) AND n.acked_at IS NULL;
    UPDATE leadroute.provider_requests r SET answered_at = clock_timestamp() WHERE r.id = asked.id AND r.answered_at IS NULL;
    RETURN done;
END $$;
COMMENT ON FUNCTION leadroute.answer_request(text, text, jsonb) IS 'Takes over what a provider answers to a request that was made to it, and acknowledges the request, both or neither. To qualify it is {"score", "reasons"} as apply_qualification() takes them, to enrich fields as apply_enrichment() does, to a sequence tool fields or NULL. The source is the provider; said again, the answer is the same. Returns what became of it.';

CREATE FUNCTION leadroute.release_requests(provider text, request_ids text[], retry_in interval DEFAULT '0', consumer text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    known text;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    known := leadroute_internal.checked_provider('release_requests', provider);
    RETURN leadroute.release_notifications(coalesce(consumer, known), ARRAY(
        SELECT n.id FROM leadroute.provider_requests r
          JOIN leadroute.notifications n ON n.lead_id = r.lead_id AND n.acked_at IS NULL AND right(n.kind, 10) = '_requested' AND n.details ->> 'request_id' = r.request_id
         WHERE r.request_id = ANY (release_requests.request_ids) AND r.provider = known), retry_in);
END $$;
COMMENT ON FUNCTION leadroute.release_requests(text, text[], interval, text) IS 'Gives back requests to a provider that a consumer has taken and not answered: they are handed out again after retry_in, rather than when their lease ends. Returns how many; those of other providers, of other consumers, and answered ones stay as they are.';
