-- Providers are asked in the transaction that routes a lead, and answer later, or never.

CREATE FUNCTION leadroute_internal.ask_providers(lead_ids bigint[], decision_ids bigint[], tenants text[], providers text[], missing text[]) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH asked AS (
        INSERT INTO leadroute.provider_requests AS r (request_id, lead_id, provider, kind, missing, due_at, tenant)
        SELECT gen_random_uuid(), u.lead_id, p.name, p.kind, string_to_array(u.missing, ','), clock_timestamp() + p.timeout, u.tenant
          FROM unnest(lead_ids, tenants, providers, missing) WITH ORDINALITY AS u (lead_id, tenant, provider, missing, no)
          JOIN leadroute.providers p ON p.name = u.provider ORDER BY u.no
        RETURNING r.*)
    INSERT INTO leadroute.notifications (lead_id, decision_id, kind, tenant, details)
    SELECT a.lead_id, d.decision_id, a.kind || '_requested', a.tenant,
           jsonb_build_object('request_id', a.request_id, 'provider', a.provider, 'missing', a.missing, 'due_at', a.due_at)
      FROM asked a JOIN (SELECT DISTINCT * FROM unnest(lead_ids, decision_ids) AS u (lead_id, decision_id)) d USING (lead_id) ORDER BY a.id $$;
COMMENT ON FUNCTION leadroute_internal.ask_providers(bigint[], bigint[], text[], text[], text[]) IS 'Asks providers about leads, for what is missing (with commas). Internal.';

CREATE FUNCTION leadroute_internal.request_answered(caller text, asked text, lead leadroute.leads) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about bigint := (SELECT r.lead_id FROM leadroute.provider_requests r WHERE r.request_id = asked AND r.tenant = lead.tenant);
BEGIN
    IF about <> lead.id AND NOT EXISTS (SELECT FROM leadroute.leads l WHERE l.id = about AND l.duplicate_of = lead.id) THEN
        RAISE EXCEPTION '%: request "%" was made about lead %, not about lead %', caller, asked, about, lead.id
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Answer with the lead_id and the request_id of the same notification.';
    END IF;
    UPDATE leadroute.provider_requests r SET answered_at = clock_timestamp() WHERE r.request_id = asked AND r.tenant = lead.tenant AND r.answered_at IS NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.request_answered(text, text, leadroute.leads) IS 'Notes that a provider has answered, if it was asked; an error if it was asked about another lead. Internal.';

CREATE FUNCTION leadroute.note_timeouts(batch integer DEFAULT 1000, as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    noted integer;
BEGIN
    IF batch < 1 THEN
        RAISE EXCEPTION 'batch must be at least 1, not %', batch
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 1000.';
    END IF;
    UPDATE leadroute.provider_requests r SET timed_out_at = clock_timestamp()
     WHERE r.id = ANY (ARRAY(SELECT o.id FROM leadroute.provider_requests o
                              WHERE o.answered_at IS NULL AND o.timed_out_at IS NULL AND o.due_at <= as_of ORDER BY o.due_at LIMIT batch FOR UPDATE SKIP LOCKED));
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END $$;
COMMENT ON FUNCTION leadroute.note_timeouts(integer, timestamptz) IS 'Notes requests whose answers have not come in time at as_of, at most batch, and returns how many. routing_health counts those of a day; an answer that comes later counts all the same.';
