-- The outbox: notifications, handed out to consumers that deliver them.

CREATE FUNCTION leadroute.doze(kinds text[] DEFAULT NULL, providers text[] DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_doze';
COMMENT ON FUNCTION leadroute.doze(text[], text[]) IS 'A listener that has found nothing asks to sleep; kinds are those that it takes, and providers those whose requests it takes. False: sleep, and be woken by NOTIFY leadroute; first say LISTEN leadroute, and call wake() afterwards. True: notifications are waiting or being committed, take again.';

CREATE FUNCTION leadroute.wake() RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_wake';
COMMENT ON FUNCTION leadroute.wake() IS 'Ends what doze() began, so that no transaction pays for a NOTIFY to this session; true if it slept.';

CREATE FUNCTION leadroute_internal.wake_listeners() RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_wake_listeners';
COMMENT ON FUNCTION leadroute_internal.wake_listeners() IS 'Makes this transaction wake sleeping listeners when it commits. Internal: for functions that insert into notifications.';

CREATE FUNCTION leadroute.notifications_waiting(kinds text[] DEFAULT NULL, providers text[] DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan SET enable_sort = off SET jit = off AS $$
BEGIN
    IF providers IS NOT NULL AND (kinds IS NULL OR leadroute_internal.has_requests(providers)) THEN
        RETURN leadroute_internal.has_requests(providers);
    END IF;
    RETURN EXISTS (
        SELECT FROM (
            SELECT FROM leadroute.notifications n
             WHERE n.acked_at IS NULL AND (n.lease_until IS NULL OR n.lease_until <= clock_timestamp())
               AND CASE WHEN notifications_waiting.kinds IS NULL THEN right(n.kind, 10) <> '_requested' ELSE n.kind = ANY (notifications_waiting.kinds) END
               AND (right(n.kind, 10) = '_requested' OR NOT EXISTS (
                   SELECT FROM leadroute.notifications e
                    WHERE e.lead_id = n.lead_id AND e.id < n.id AND coalesce(e.acked_at, 'infinity') = 'infinity' AND right(e.kind, 10) <> '_requested' OFFSET 0))
             ORDER BY n.created_at, n.id LIMIT 1) x);
END $$;
COMMENT ON FUNCTION leadroute.notifications_waiting(text[], text[]) IS 'Whether take_notifications would find something of these kinds, or take_requests something for one of these providers, if any are named.';

CREATE FUNCTION leadroute_internal.outbox_since(wants_more boolean) RETURNS timestamptz
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_outbox_since';
COMMENT ON FUNCTION leadroute_internal.outbox_since(boolean) IS 'From when on take_notifications looks: -infinity from time to time, else from the oldest that this session has found last. Under an old snapshot the index keeps entries of all that was acknowledged since, and passing over them takes long.';
CREATE FUNCTION leadroute_internal.outbox_looked(since timestamptz) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_outbox_looked';
COMMENT ON FUNCTION leadroute_internal.outbox_looked(timestamptz) IS 'Tells outbox_since() what was found.';

CREATE FUNCTION leadroute_internal.check_kinds(kinds text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM kinds::leadroute.notification_kind[];
EXCEPTION WHEN check_violation THEN
    RAISE EXCEPTION 'there are no notifications of some of these kinds: %', array_to_string(kinds, ', ')
        USING ERRCODE = 'invalid_parameter_value', HINT = 'The kinds are those of domain leadroute.notification_kind.';
END $$;
COMMENT ON FUNCTION leadroute_internal.check_kinds(text[]) IS 'An error where a kind of notification is misspelt: a listener would wait for it for ever. Internal.';

CREATE FUNCTION leadroute_internal.check_taking(batch integer, lease interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF batch IS NULL OR batch < 1 THEN
        RAISE EXCEPTION 'batch must be at least 1, not %', coalesce(batch::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 100.';
    END IF;
    IF lease IS NULL OR lease <= interval '0' OR lease > interval '1 day' THEN
        RAISE EXCEPTION 'lease must be longer than 0 and at most a day, not %', coalesce(lease::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give the time that delivering a batch takes at most; the default is 1 minute.';
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.check_taking(integer, interval) IS 'An error where a batch or its lease is out of range. Internal.';

CREATE FUNCTION leadroute_internal.lease_notifications(ids bigint[], consumer text, lease interval) RETURNS SETOF leadroute.notifications
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY
        UPDATE leadroute.notifications n
           SET attempts = coalesce(n.attempts, 0) + 1, taken_by = consumer,
               -- From the sixth attempt on the lease doubles, up to an hour.
               lease_until = clock_timestamp()
                   + least(lease * power(2, least(greatest(coalesce(n.attempts, 0) - 4, 0), 20)), greatest(lease, interval '1 hour'))
         WHERE n.id = ANY (ids)
        RETURNING n.*;
END $$;
COMMENT ON FUNCTION leadroute_internal.lease_notifications(bigint[], text, interval) IS 'Notes that a consumer has taken notifications, which it has locked, and returns them. Internal.';

CREATE FUNCTION leadroute.take_notifications(consumer text, batch integer DEFAULT 100, lease interval DEFAULT '1 minute', tenant text DEFAULT NULL,
                                             kinds text[] DEFAULT NULL)
    RETURNS TABLE (id bigint, lead_id bigint, decision_id bigint, kind text, rep_id text, rep_email text, queue text,
                   created_at timestamptz, attempt integer, payload jsonb)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- Planned for the sizes of now: the outbox is empty at one time and has a million rows at another.
    SET plan_cache_mode = force_custom_plan SET enable_sort = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    found bigint[];
    since timestamptz := leadroute_internal.outbox_since(false);
    began timestamptz;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    IF consumer IS NULL THEN
        RAISE EXCEPTION 'take_notifications: consumer must not be null'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Give a name by which the listener can be recognized.';
    END IF;
    PERFORM leadroute_internal.check_kinds(kinds);
    PERFORM leadroute_internal.check_taking(batch, lease);
    -- Nobody takes a second one of a lead before the first is acknowledged, committed and visible; a stale view only
    -- errs on the safe side, since what is acknowledged stays so. Hence it does not matter which rows were skipped.
    LOOP
        began := clock_timestamp();
        found := ARRAY(
            SELECT n.id FROM leadroute.notifications n
             WHERE n.acked_at IS NULL AND (n.lease_until IS NULL OR n.lease_until <= clock_timestamp()) AND n.created_at >= since
               AND (take_notifications.tenant IS NULL OR n.tenant = take_notifications.tenant)
               AND CASE WHEN take_notifications.kinds IS NULL THEN right(n.kind, 10) <> '_requested' ELSE n.kind = ANY (take_notifications.kinds) END
               -- Written so that only the index of lead_id serves it.
               AND (right(n.kind, 10) = '_requested' OR NOT EXISTS (
                   SELECT FROM leadroute.notifications e
                    WHERE e.lead_id = n.lead_id AND e.id < n.id AND coalesce(e.acked_at, 'infinity') = 'infinity' AND right(e.kind, 10) <> '_requested' OFFSET 0))
             ORDER BY n.created_at, n.id LIMIT batch FOR UPDATE SKIP LOCKED);
        EXIT WHEN since = '-infinity' OR cardinality(found) >= batch;
        since := leadroute_internal.outbox_since(true);
        EXIT WHEN since > '-infinity';
    END LOOP;
    PERFORM leadroute_internal.outbox_looked(coalesce((SELECT min(created_at) FROM leadroute.notifications WHERE id = ANY (found)), began));
    RETURN QUERY
        SELECT t.id, t.lead_id, t.decision_id, t.kind::text, t.rep_id, r.email, t.queue, t.created_at, t.attempts,
               leadroute_internal.notification_payload(t.lead_id, t.decision_id, t.details)
          FROM leadroute_internal.lease_notifications(found, consumer, lease) t LEFT JOIN leadroute.reps r ON r.id = t.rep_id
         ORDER BY t.created_at, t.id;
END $$;
COMMENT ON FUNCTION leadroute.take_notifications(text, integer, interval, text, text[]) IS 'Hands out notifications, oldest first, each to one consumer. What is not acknowledged before its lease ends is handed out again with the next attempt. Of one lead only the earliest is out at a time. From the sixth attempt on the lease doubles, up to an hour; stuck_notifications lists those. With a tenant only its notifications. With kinds only these; without, all that people are told: requests to providers are handed out by their kinds only, and in any order.';

CREATE FUNCTION leadroute_internal.notification_payload(lead_id bigint, decision_id bigint, details jsonb) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(details, '{}') || coalesce((
        SELECT jsonb_build_object(
                   'lead_id', l.id, 'tenant', l.tenant, 'external_id', l.external_id, 'email', l.email, 'first_name', l.first_name,
                   'last_name', l.last_name, 'phone', l.phone, 'title', l.title, 'company', l.company, 'country', l.country,
                   'product', l.product, 'language', l.language, 'event', l.event, 'source', l.source, 'score', l.score,
                   'occurred_at', l.occurred_at, 'status', l.status, 'owner_id', l.owner_id, 'owner_name', o.name,
                   'owner_email', o.email, 'queue', l.queue, 'account_id', l.account_id, 'segment', l.segment,
                   'territory', l.territory, 'tier', l.tier, 'pool', l.pool, 'playbook', l.playbook, 'playbook_description', p.description,
                   'account_name', a.name, 'expansion', l.expansion, 'duplicate_of', l.duplicate_of, 'sla_due_at', l.sla_due_at)
          FROM leadroute.leads l
          LEFT JOIN leadroute.reps o ON o.id = l.owner_id
          LEFT JOIN leadroute.playbooks p ON p.name = l.playbook
          LEFT JOIN leadroute.accounts a ON a.tenant = l.tenant AND a.id = l.account_id
         WHERE l.id = notification_payload.lead_id), '{}') || coalesce((
        -- a provider looks for the company
        SELECT jsonb_build_object('website', l.website, 'company_domain', coalesce(leadroute_internal.cleaned('company_domain', l.website),
                   CASE WHEN NOT EXISTS (SELECT FROM leadroute.mail_domains m WHERE m.domain = lower(split_part(l.email, '@', 2)))
                        THEN leadroute_internal.cleaned('company_domain', split_part(l.email, '@', 2)) END))
          FROM leadroute.leads l WHERE l.id = notification_payload.lead_id AND details ? 'request_id'), '{}') || coalesce((
        SELECT jsonb_build_object('cause', d.cause, 'layer', d.layer, 'outcome', d.outcome,
                   'previous_owner_id', d.previous_owner_id, 'previous_owner_name', r.name, 'reason', d.reason, 'decided_at', d.decided_at)
          FROM leadroute.decisions d LEFT JOIN leadroute.reps r ON r.id = d.previous_owner_id WHERE d.id = notification_payload.decision_id), '{}') $$;
COMMENT ON FUNCTION leadroute_internal.notification_payload(bigint, bigint, jsonb) IS 'What is known of the lead now, and of the decision that the notification tells of. Internal.';

CREATE FUNCTION leadroute.ack_notifications(ids bigint[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    acknowledged integer;
    asked text[];
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    -- In one order, so that two who acknowledge the same do not deadlock.
    PERFORM FROM leadroute.notifications n WHERE n.id = ANY (ids) AND n.acked_at IS NULL ORDER BY n.id FOR UPDATE;
    UPDATE leadroute.notifications n SET acked_at = clock_timestamp(), lease_until = NULL
     WHERE n.id = ANY (ids) AND n.acked_at IS NULL;
    GET DIAGNOSTICS acknowledged = ROW_COUNT;
    -- A sequence tool answers nothing but that it has the request.
    asked := ARRAY(SELECT n.details ->> 'request_id' FROM leadroute.notifications n WHERE n.id = ANY (ids) AND n.kind = 'sequence_requested');
    IF asked <> '{}' THEN
        UPDATE leadroute.provider_requests r SET answered_at = clock_timestamp() WHERE r.request_id = ANY (asked) AND r.answered_at IS NULL;
    END IF;
    RETURN acknowledged;
END $$;
COMMENT ON FUNCTION leadroute.ack_notifications(bigint[]) IS 'Notes that notifications were delivered, also after their lease. With a request to a sequence tool, that is its answer. Returns how many were open; ids that are unknown or acknowledged already are no error.';

CREATE FUNCTION leadroute.release_notifications(consumer text, ids bigint[], retry_in interval DEFAULT '0') RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    released integer;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    PERFORM FROM leadroute.notifications n
      WHERE n.id = ANY (ids) AND n.acked_at IS NULL AND n.taken_by = consumer ORDER BY n.id FOR UPDATE;
    UPDATE leadroute.notifications n SET lease_until = clock_timestamp() + greatest(retry_in, interval '0')
     WHERE n.id = ANY (ids) AND n.acked_at IS NULL AND n.taken_by = consumer;
    GET DIAGNOSTICS released = ROW_COUNT;
    IF released > 0 THEN
        PERFORM leadroute_internal.wake_listeners();
    END IF;
    RETURN released;
END $$;
COMMENT ON FUNCTION leadroute.release_notifications(text, bigint[], interval) IS 'Gives back what a consumer has taken and not delivered: it is handed out again after retry_in, rather than when its lease ends. Returns how many.';

CREATE FUNCTION leadroute.purge_notifications(older_than interval DEFAULT '30 days', batch integer DEFAULT 100000) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM leadroute_internal.lock_for_writing(), leadroute_internal.check_batch(batch);
    RETURN leadroute_internal.purge_by_key('notifications', 'created_at', 'acked_at < $3 OR attempts IS NULL AND created_at < $3', older_than, batch, '30 days');
END $$;
COMMENT ON FUNCTION leadroute.purge_notifications(interval, integer) IS 'Removes notifications that were acknowledged so long ago, and those so old that nobody has ever taken. What was tried in vain stays. Returns how many.';

CREATE VIEW leadroute.stuck_notifications AS
SELECT n.id, n.lead_id, n.decision_id, n.rep_id, n.created_at, n.attempts, n.taken_by, n.lease_until,
       (SELECT count(*) FROM leadroute.notifications w
         WHERE w.lead_id = n.lead_id AND w.id > n.id AND coalesce(w.acked_at, 'infinity') = 'infinity') AS holds_back, n.tenant
  FROM leadroute.notifications n
 WHERE n.acked_at IS NULL AND n.attempts >= 5;
COMMENT ON VIEW leadroute.stuck_notifications IS 'Notifications that were handed out five times or more and never acknowledged; holds_back counts later ones of the same lead. They are tried again, at least once an hour; acknowledge one yourself to give it up.';
COMMENT ON COLUMN leadroute.stuck_notifications.id IS 'The notification: notifications.id.';
COMMENT ON COLUMN leadroute.stuck_notifications.lead_id IS 'The lead.';
COMMENT ON COLUMN leadroute.stuck_notifications.decision_id IS 'The decision.';
COMMENT ON COLUMN leadroute.stuck_notifications.rep_id IS 'Who is to be told.';
COMMENT ON COLUMN leadroute.stuck_notifications.created_at IS 'Since when.';
COMMENT ON COLUMN leadroute.stuck_notifications.attempts IS 'How often it was handed out.';
COMMENT ON COLUMN leadroute.stuck_notifications.taken_by IS 'The consumer that took it last.';
COMMENT ON COLUMN leadroute.stuck_notifications.lease_until IS 'Until when nobody else gets it.';
COMMENT ON COLUMN leadroute.stuck_notifications.holds_back IS 'Later notifications of the same lead that wait for it.';
COMMENT ON COLUMN leadroute.stuck_notifications.tenant IS 'The tenant of the lead; NULL for an alarm.';
