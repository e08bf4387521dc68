-- The life of a lead in words.

CREATE FUNCTION leadroute_internal.in_words(length interval) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- days that are no calendar days, so that it does not depend on when
    SELECT CASE WHEN s < 60 THEN format('%s s', s)
                WHEN s < 3600 THEN format('%s min', s / 60)
                WHEN s < 86400 THEN format('%s h %s min', s / 3600, s % 3600 / 60)
                ELSE format('%s d %s h', s / 86400, s % 86400 / 3600) END
      FROM (SELECT abs(extract(epoch FROM length))::bigint AS s) x $$;
COMMENT ON FUNCTION leadroute_internal.in_words(interval) IS 'How long, in the two largest units. Internal.';

CREATE FUNCTION leadroute_internal.holder(owner_id text, queue text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN owner_id IS NOT NULL THEN coalesce((SELECT format('%s (%s)', r.id, r.name) FROM leadroute.reps r WHERE r.id = owner_id AND r.name <> ''), owner_id)
                WHEN queue IS NOT NULL THEN 'queue ' || queue ELSE 'nobody' END $$;
COMMENT ON FUNCTION leadroute_internal.holder(text, text) IS 'A rep with their name, or a queue. Internal.';

CREATE FUNCTION leadroute_internal.moment(at timestamptz) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT coalesce(to_char(at, 'YYYY-MM-DD HH24:MI:SS TZ'), 'unknown') $$;
COMMENT ON FUNCTION leadroute_internal.moment(timestamptz) IS 'A time in the time zone of the session. Internal.';

CREATE FUNCTION leadroute_internal.decision_in_words(d leadroute.decisions, is_first boolean) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN d.cause = 'response' AND d.owner_id IS NOT DISTINCT FROM d.previous_owner_id THEN NULL
                        WHEN is_first THEN format('went to %s: %s', whom, d.reason)
                        WHEN d.trace @> '[{"code": "escalated", "action": "remind"}]' THEN format('reminder: %s', d.reason)
                        WHEN d.cause = 'manual' AND d.layer IS NULL AND d.owner_id IS NOT DISTINCT FROM d.previous_owner_id THEN d.reason
                        WHEN d.outcome = 'merged' THEN format('went with the first lead to %s: %s', leadroute_internal.holder(d.owner_id, d.queue), d.reason)
                        WHEN d.outcome = 'owner' AND d.owner_id IS NOT DISTINCT FROM d.previous_owner_id THEN format('stays with %s: %s', whom, d.reason)
                        WHEN d.previous_owner_id IS NOT NULL THEN format('from %s to %s: %s', leadroute_internal.holder(d.previous_owner_id, NULL), whom, d.reason)
                        ELSE format('to %s: %s', whom, d.reason) END
              FROM (SELECT CASE WHEN d.outcome IN ('owner', 'queue') THEN leadroute_internal.holder(d.owner_id, d.queue)
                                WHEN d.outcome = 'merged' THEN 'the lead of the same person' ELSE d.outcome END AS whom) w);
END $$;
COMMENT ON FUNCTION leadroute_internal.decision_in_words(leadroute.decisions, boolean) IS 'What a decision did to a lead; NULL for one that only notes an answer. Internal.';

CREATE FUNCTION leadroute_internal.known_of(lead_id bigint) RETURNS TABLE (at timestamptz, place integer, id bigint, what text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.requested_at, 8, r.id, format('%s was asked (%s)%s', r.provider, r.kind, ': ' || nullif(array_to_string(r.missing, ', '), ''))
      FROM leadroute.provider_requests r WHERE r.lead_id = known_of.lead_id
    UNION ALL
    SELECT r.timed_out_at, 8, r.id, format('%s had not answered in time', r.provider) FROM leadroute.provider_requests r WHERE r.lead_id = known_of.lead_id AND r.timed_out_at IS NOT NULL
    UNION ALL
    SELECT e.received_at, 2, e.id, format('%s said %s: %s', e.source, coalesce((SELECT string_agg(format('%s = %s', k.key, k.value), ', ' ORDER BY k.key) FROM jsonb_each_text(e.taken) k), 'nothing new'), e.routing)
      FROM leadroute.enrichments e WHERE e.lead_id = known_of.lead_id
    UNION ALL
    SELECT q.received_at, 2, q.id, format('%s gave a score of %s%s: %s', q.source, coalesce(q.score::text, 'nothing'), ' (' || nullif(nullif(q.reasons, '[]')::text, '') || ')', coalesce(q.refused, q.routing))
      FROM leadroute.qualifications q WHERE q.lead_id = known_of.lead_id $$;
COMMENT ON FUNCTION leadroute_internal.known_of(bigint) IS 'What providers were asked about a lead, and what they said, and when. Internal.';

CREATE FUNCTION leadroute_internal.life_of(lead leadroute.leads) RETURNS TABLE (at timestamptz, place integer, id bigint, what text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- An event that starts the clock anew is what the lead says by now: what it came with is in its first clock.
    SELECT a.at, 0, 0, format('the buyer acted%s%s', ': ' || a.event, ' (' || lead.source || ')')
      FROM (SELECT coalesce(c.started_at, lead.occurred_at) AS at, CASE WHEN c.id IS NULL THEN lead.event ELSE c.of_event END AS event
              FROM (SELECT 1) one
              LEFT JOIN (SELECT * FROM leadroute.sla_clocks f WHERE f.lead_id = lead.id
                            AND EXISTS (SELECT FROM leadroute.lead_events e WHERE e.lead_id = lead.id AND e.occurred_at = lead.occurred_at AND e.action = 'clock_restarted')
                          ORDER BY f.id LIMIT 1) c ON true) a WHERE a.at IS NOT NULL
    UNION ALL
    -- a lead without a time of its own is of now, which is a little later than when its transaction began
    SELECT CASE WHEN a.at < lead.created_at + interval '1 second' THEN greatest(a.at, lead.created_at) ELSE lead.created_at END, 1, 0, 'the lead came in'
      FROM (SELECT coalesce((SELECT min(c.started_at) FROM leadroute.sla_clocks c WHERE c.lead_id = lead.id), lead.occurred_at) AS at) a
    UNION ALL
    SELECT d.decided_at, 3, d.id, leadroute_internal.decision_in_words(d, row_number() OVER (ORDER BY d.id) = 1)
      FROM leadroute.decisions d WHERE d.lead_id = lead.id
    UNION ALL
    SELECT e.occurred_at, 2, e.id, format('%s (intent %s)%s', e.event, e.intent, CASE e.action
               WHEN 'clock_restarted' THEN ': the clock starts anew' WHEN 'rerouted' THEN ': routed again'
               WHEN 'new_lead' THEN ': came as a new lead, as this one was closed' ELSE '' END)
      FROM leadroute.lead_events e WHERE e.lead_id = lead.id
    UNION ALL
    SELECT t.created_at, 2, t.id, format('submitted again as lead %s%s%s', t.id, ' by ' || t.email, ': ' || t.event)
      FROM leadroute.leads t WHERE t.duplicate_of = lead.id
    UNION ALL
    SELECT r.at, 5, r.id, format('%s %s%s', leadroute_internal.holder(r.rep_id, NULL), CASE WHEN r.meaningful THEN 'answered' ELSE 'sent an automatic reply' END,
                                 ' (' || r.channel || ')')
      FROM leadroute.responses r WHERE r.lead_id = lead.id
    UNION ALL
    SELECT c.started_at, 4, c.id, format('clock of policy %s: an answer is due by %s, in %s', c.policy, leadroute_internal.moment(c.due_at), leadroute_internal.in_words(c.due_at - c.started_at))
      FROM leadroute.sla_clocks c WHERE c.lead_id = lead.id
    UNION ALL
    SELECT c.stopped_at, 6, c.id, format('the clock of policy %s %s', c.policy, CASE
                WHEN c.ended = 'answered' AND c.stopped_at <= c.due_at THEN format('was met, with %s to spare', leadroute_internal.in_words(c.due_at - c.stopped_at))
                WHEN c.ended = 'answered' THEN format('was missed by %s', leadroute_internal.in_words(c.stopped_at - c.due_at))
                WHEN c.stopped_at <= c.due_at THEN format('ended (%s), %s before it ran out', c.ended, leadroute_internal.in_words(c.due_at - c.stopped_at))
                ELSE format('ended (%s), %s after it had run out', c.ended, leadroute_internal.in_words(c.stopped_at - c.due_at)) END)
      FROM leadroute.sla_clocks c WHERE c.lead_id = lead.id AND c.stopped_at IS NOT NULL
    UNION ALL
    SELECT * FROM leadroute_internal.known_of(lead.id)
    UNION ALL
    SELECT lead.closed_at, 7, 0, format('closed: %s%s', lead.status, ', worth ' || lead.amount)
     WHERE lead.closed_at IS NOT NULL
       -- else a decision says so, and by whom
       AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = lead.decision_id AND d.cause = 'manual' AND d.layer IS NULL
                          AND d.owner_id IS NOT DISTINCT FROM d.previous_owner_id) $$;
COMMENT ON FUNCTION leadroute_internal.life_of(leadroute.leads) IS 'What happened to a lead, and when. Internal.';

CREATE FUNCTION leadroute_internal.stands_now(lead leadroute.leads) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN lead.duplicate_of IS NOT NULL
                THEN format('a touch of lead %s, which is %s with %s: explain_lead(%1$s) tells its life', lead.duplicate_of, f.status, leadroute_internal.holder(f.owner_id, f.queue))
                WHEN lead.routed_at IS NULL OR lead.routed_at = '-infinity' THEN 'not routed: it came while routing was off'
                WHEN leadroute_internal.is_closed(lead.status) THEN format('closed (%s)%s', lead.status, ', last with ' || nullif(leadroute_internal.holder(lead.owner_id, lead.queue), 'nobody'))
                WHEN lead.owner_id IS NULL AND lead.queue IS NULL THEN 'in nurture, with nobody'
                ELSE format('%s, %s %s since %s', lead.status, CASE WHEN lead.owner_id IS NULL THEN 'in' ELSE 'with' END,
                            leadroute_internal.holder(lead.owner_id, lead.queue), leadroute_internal.moment(lead.routed_at)) END
           || coalesce((SELECT CASE WHEN c.due_at >= now() THEN format('; an answer is due in %s', leadroute_internal.in_words(c.due_at - now()))
                                    ELSE format('; an answer is overdue by %s', leadroute_internal.in_words(now() - c.due_at)) END
                          FROM leadroute.sla_clocks c WHERE c.lead_id = lead.id AND c.stopped_at IS NULL ORDER BY c.id DESC LIMIT 1), '')
      FROM (SELECT 1) one LEFT JOIN leadroute.leads f ON f.id = lead.duplicate_of $$;
COMMENT ON FUNCTION leadroute_internal.stands_now(leadroute.leads) IS 'Where a lead is, and what it waits for. Internal.';

CREATE FUNCTION leadroute.explain_lead(lead_id bigint) RETURNS text
    LANGUAGE plpgsql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    who text;
    placed bigint;
    routed bigint;
BEGIN
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = explain_lead.lead_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lead % does not exist', lead_id
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.leads.';
    END IF;
    who := concat_ws(', ', nullif(concat_ws(' ', lead.first_name, lead.last_name), ''), lead.email, lead.phone, lead.company, lead.country,
                     'tenant ' || nullif(lead.tenant, ''),
                     (SELECT format('account %s%s', lead.account_id, CASE WHEN a.id IS NULL THEN ', which is gone' ELSE coalesce(': ' || nullif(a.name, ''), '') END)
                        FROM (SELECT 1) one LEFT JOIN leadroute.accounts a ON a.id = lead.account_id AND a.tenant = lead.tenant WHERE lead.account_id IS NOT NULL));
    -- the end of a lead places it nowhere
    SELECT d.id INTO placed FROM leadroute.decisions d
     WHERE d.lead_id = lead.id AND d.id <= lead.decision_id AND d.cause <> 'response'
       AND (d.layer IS NOT NULL OR d.owner_id IS DISTINCT FROM d.previous_owner_id)
       AND NOT d.trace @> '[{"code": "escalated", "action": "remind"}]' AND NOT d.trace @> '[{"code": "stays"}]'
     ORDER BY d.id DESC LIMIT 1;
    -- who was handed a lead by somebody sees how it was routed before
    SELECT d.id INTO routed FROM leadroute.decisions d WHERE d.lead_id = lead.id AND d.id <= placed AND d.trace <> '[]'
       AND NOT d.trace @> '[{"code": "escalated", "action": "remind"}]' AND NOT d.trace @> '[{"code": "stays"}]' ORDER BY d.id DESC LIMIT 1;
    RETURN concat_ws(E'\n',
        format('Lead %s%s', lead.id, ': ' || nullif(who, '')),
        'Now: ' || leadroute_internal.stands_now(lead),
        'Routing:', '  ' || coalesce(replace(leadroute.explain_decision(placed), E'\n', E'\n  '), 'no decision has placed it'),
        '  Before: ' || replace(leadroute.explain_decision(nullif(routed, placed)), E'\n', E'\n  '),
        'Life:', (SELECT string_agg(format('  %s  %s', leadroute_internal.moment(h.at), h.what), E'\n' ORDER BY h.at, h.place, h.id)
                    FROM leadroute_internal.life_of(lead) h WHERE h.what IS NOT NULL));
END $$;
COMMENT ON FUNCTION leadroute.explain_lead(bigint) IS 'The life of a lead in words, times in the time zone of the session: who it is, where it is now, the decision that placed it with each layer and candidate, and then by time what the buyer did, who had it, reminders, answers, clocks and how they ended, and the end.';
