-- What sales tools report: responses, events, claims.

CREATE FUNCTION leadroute_internal.open_lead(lead_id bigint) RETURNS leadroute.leads
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.lead_by_row(lead_id);
BEGIN
    IF lead.id IS NULL THEN
        RAISE EXCEPTION 'lead % does not exist', coalesce(lead_id::text, 'null')
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.leads.';
    END IF;
    RETURN lead;
END $$;
COMMENT ON FUNCTION leadroute_internal.open_lead(bigint) IS 'Locks and returns a lead; of a touch, the first lead of the person. Internal.';

CREATE FUNCTION leadroute_internal.known_rep(rep_id text, tenant text) RETURNS leadroute.reps
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rep leadroute.reps;
BEGIN
    SELECT * INTO rep FROM leadroute.reps r WHERE r.id = known_rep.rep_id AND r.tenant = coalesce(known_rep.tenant, r.tenant);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'rep "%" does not exist%', rep_id, leadroute_internal.in_tenant(coalesce(tenant, ''))
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.reps.';
    END IF;
    RETURN rep;
END $$;
COMMENT ON FUNCTION leadroute_internal.known_rep(text, text) IS 'A rep of a tenant, or of any where that is NULL; or an error that names the one that is missing. Internal.';

CREATE FUNCTION leadroute.record_response(lead_id bigint, rep_id text, channel text DEFAULT NULL,
                                          at timestamptz DEFAULT clock_timestamp(), meaningful boolean DEFAULT true) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.open_lead(lead_id);
    rep leadroute.reps := leadroute_internal.known_rep(rep_id, lead.tenant);
    answered_at timestamptz := least(coalesce(record_response.at, clock_timestamp()), clock_timestamp());
    -- an event may have moved occurred_at since
    first_act timestamptz := least(lead.occurred_at, (SELECT min(c.started_at) FROM leadroute.sla_clocks c WHERE c.lead_id = lead.id));
    by_whom text := rep.id || coalesce(' (' || record_response.channel || ')', '');
    stopped bigint;
BEGIN
    -- clocks of machines differ
    IF answered_at < first_act - interval '1 minute' THEN
        RAISE EXCEPTION 'the response (%) is before the buyer acted (%)', answered_at, first_act
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Check the time zone of "at".';
    END IF;
    answered_at := greatest(answered_at, first_act);
    INSERT INTO leadroute.responses (lead_id, rep_id, channel, at, meaningful, tenant)
    VALUES (lead.id, rep.id, record_response.channel, answered_at, coalesce(record_response.meaningful, true), lead.tenant);
    IF NOT coalesce(record_response.meaningful, true) THEN
        RETURN false;
    END IF;
    IF lead.owner_id IS NULL AND rep.active AND NOT leadroute_internal.is_closed(lead.status) THEN
        PERFORM leadroute_internal.hand_over(lead, 'response', rep.id, NULL, format('answered by %s, who takes it%s', by_whom,
                                                 coalesce(' out of queue ' || lead.queue, '')));
    ELSIF lead.first_response_at IS NULL THEN
        PERFORM leadroute_internal.note_decision(lead, 'response', lead.owner_id, format('first response by %s', by_whom));
    END IF;
    stopped := leadroute_internal.end_clocks(lead.id, answered_at, 'answered', rep.id);
    UPDATE leadroute.leads l
       SET first_response_at = least(l.first_response_at, answered_at),
           -- while a clock runs, the buyer waits for another answer
           status = CASE WHEN l.status <> 'assigned' OR EXISTS (SELECT FROM leadroute.sla_clocks c WHERE c.lead_id = l.id AND c.stopped_at IS NULL)
                         THEN l.status ELSE 'working' END
     WHERE l.id = lead.id;
    RETURN stopped > 0;
END $$;
COMMENT ON FUNCTION leadroute.record_response(bigint, text, text, timestamptz, boolean) IS 'Notes that a rep answered a lead. The first meaningful response stops the clock, whoever of the team gives it; an automatic reply (meaningful = false) does not, nor does a change of owner. True if a clock was stopped. Who answers a lead that nobody owns gets it. One that was given more than a minute before the event that started the clock is only noted. A response to a touch is one to the first lead; a time in the future is now.';

CREATE FUNCTION leadroute.close_lead(lead_id bigint, status text, amount numeric DEFAULT NULL, at timestamptz DEFAULT clock_timestamp()) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.open_lead(lead_id);
    ended text := leadroute_internal.cleaned('converted,lost,disqualified', close_lead.status);
    ended_at timestamptz := least(coalesce(close_lead.at, clock_timestamp()), clock_timestamp());
    worth numeric := coalesce(close_lead.amount, lead.amount);
    decision bigint;
BEGIN
    IF ended IS NULL THEN
        RAISE EXCEPTION 'close_lead: "%" does not end the work on a lead', coalesce(close_lead.status, 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Allowed is one of: converted, lost, disqualified.';
    END IF;
    IF NOT (worth >= 0 AND worth < 'Infinity') THEN
        RAISE EXCEPTION 'close_lead: amount must be 0 or more, not %', worth
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out where it is not known.';
    END IF;
    IF ended_at < lead.occurred_at THEN
        RAISE EXCEPTION 'the end (%) is before the buyer acted (%)', ended_at, lead.occurred_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Check the time zone of "at".';
    END IF;
    IF lead.status = ended AND lead.amount IS NOT DISTINCT FROM worth THEN
        -- said again
        RETURN lead.decision_id;
    END IF;
    lead.status := ended;
    decision := leadroute_internal.note_decision(lead, 'manual', lead.owner_id,
                                                 format('closed as %s%s by %s', ended, ' (' || worth || ')', session_user));
    UPDATE leadroute.leads l SET status = ended, amount = worth, closed_at = ended_at, decision_id = decision WHERE l.id = lead.id;
    RETURN decision;
END $$;
COMMENT ON FUNCTION leadroute.close_lead(bigint, text, numeric, timestamptz) IS 'Ends the work on a lead: converted, lost or disqualified, with what it was worth, and when; returns the decision that says so. Its clock stops. A later submit of the person is a new lead. Closed again, status and amount are what was said last. A touch closes its first lead; a time in the future is now.';

CREATE FUNCTION leadroute_internal.stays_answered(lead_id bigint, reason text) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    rep text;
BEGIN
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = stays_answered.lead_id FOR UPDATE;
    IF lead.first_response_at IS NULL OR lead.duplicate_of IS NOT NULL OR leadroute_internal.is_closed(lead.status) THEN
        RETURN false;
    END IF;
    -- whoever has left keeps nothing
    SELECT r.id INTO rep FROM leadroute.responses s JOIN leadroute.reps r ON r.id = s.rep_id AND r.active AND r.tenant = lead.tenant
     WHERE s.lead_id = lead.id AND s.meaningful ORDER BY s.at, s.id LIMIT 1;
    IF rep IS NULL THEN
        RETURN false;
    END IF;
    IF rep IS DISTINCT FROM lead.owner_id THEN
        PERFORM leadroute_internal.hand_over(lead, 'reroute', rep, NULL, concat_ws('; asked for: ', format('%s has answered', rep), stays_answered.reason));
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION leadroute_internal.stays_answered(bigint, text) IS 'Whether a lead that is to be routed again stays with who answered it first; it goes to them if somebody else has it. Internal.';

CREATE FUNCTION leadroute.claim_lead(lead_id bigint, rep_id text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.open_lead(lead_id);
    rep leadroute.reps := leadroute_internal.known_rep(rep_id, lead.tenant);
BEGIN
    IF lead.owner_id IS NOT NULL OR lead.queue IS NULL THEN
        RAISE EXCEPTION 'lead % %', lead.id, CASE WHEN lead.owner_id IS NOT NULL THEN format('is owned by %s', lead.owner_id) ELSE 'waits in no queue' END
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Only leads that wait in a queue can be claimed; see transfer_lead.';
    END IF;
    IF NOT (SELECT q.claimable FROM leadroute.queues q WHERE q.name = lead.queue) THEN
        RAISE EXCEPTION 'leads of queue "%" cannot be claimed', lead.queue
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set queues.claimable to true to allow it.';
    END IF;
    IF NOT rep.active THEN
        RAISE EXCEPTION 'rep "%" is not active', rep.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set reps.active to true first.';
    END IF;
    INSERT INTO leadroute.claims (lead_id, rep_id, queue, action, tenant) VALUES (lead.id, rep.id, lead.queue, 'claimed', lead.tenant)
    ON CONFLICT DO NOTHING;
    -- Leads that the rep skipped: the oldest of the same queue. Nobody looks at more than a page.
    INSERT INTO leadroute.claims (lead_id, rep_id, queue, action, tenant)
    SELECT o.id, rep.id, lead.queue, 'skipped', lead.tenant FROM leadroute.leads o
     WHERE o.queue = lead.queue AND o.tenant = lead.tenant AND o.owner_id IS NULL AND o.duplicate_of IS NULL AND o.id < lead.id ORDER BY o.id LIMIT 20
       FOR KEY SHARE SKIP LOCKED
    ON CONFLICT DO NOTHING;
    RETURN leadroute_internal.hand_over(lead, 'claim', rep.id, NULL, format('claimed from queue %s by %s', lead.queue, rep.id));
END $$;
COMMENT ON FUNCTION leadroute.claim_lead(bigint, text) IS 'Gives a lead that waits in a claimable queue to the rep who asks for it, and returns the decision. Of several who ask at once one gets it, and the others an error. The clock goes on until somebody responds. Caps do not refuse a claim, but it counts.';

CREATE FUNCTION leadroute_internal.restart_clock(lead_id bigint, acted_at timestamptz) RETURNS timestamptz
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_restart_clock';
COMMENT ON FUNCTION leadroute_internal.restart_clock(bigint, timestamptz) IS 'Stops the clock of a lead and starts another by the policy for its event, as if the buyer had acted then; returns when the response is due. Internal.';

CREATE FUNCTION leadroute_internal.route_event(lead_id bigint, reason text) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_route_event';
COMMENT ON FUNCTION leadroute_internal.route_event(bigint, text) IS 'reroute_lead, with event as the cause. Internal.';

CREATE FUNCTION leadroute_internal.route_correction(lead_id bigint, reason text) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_route_correction';
COMMENT ON FUNCTION leadroute_internal.route_correction(bigint, text) IS 'reroute_lead, with enrichment as the cause: in the same pool the rep who has the lead keeps it, and a touch may become a lead of its own. Internal.';

CREATE FUNCTION leadroute_internal.replace_owner(lead_id bigint, reason text) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_replace_owner';
COMMENT ON FUNCTION leadroute_internal.replace_owner(bigint, text) IS 'reroute_lead, with event as the cause, for a lead that its owner must answer: if they cannot in time, it goes to a backup, else by the rules. It stays where there is nobody else, unless its owner has left. Internal.';

CREATE FUNCTION leadroute_internal.heat(intent text) RETURNS integer
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT array_position('{low,medium,high}', coalesce(intent, 'medium'));
END;
COMMENT ON FUNCTION leadroute_internal.heat(text) IS 'Intents in order, the hottest last. Internal.';

CREATE FUNCTION leadroute_internal.intent_of(event text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT t.intent FROM leadroute.event_types t WHERE t.name = leadroute_internal.cleaned('event', event)), 'medium') $$;
COMMENT ON FUNCTION leadroute_internal.intent_of(text) IS 'The intent of an event; medium where it is not known. Internal.';

CREATE FUNCTION leadroute_internal.is_hotter(event text, than text) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.heat(leadroute_internal.intent_of(event)) > leadroute_internal.heat(leadroute_internal.intent_of(than)) $$;
COMMENT ON FUNCTION leadroute_internal.is_hotter(text, text) IS 'Whether an event shows more intent than another. Internal.';

CREATE FUNCTION leadroute_internal.must_answer(lead leadroute.leads, acted_at timestamptz, is_urgent boolean, may_move boolean, reason text) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE leadroute.sla_clocks c SET of_event = coalesce(c.of_event, lead.event) WHERE c.lead_id = lead.id AND c.stopped_at IS NULL;
    IF may_move AND lead.owner_id IS NOT NULL THEN
        PERFORM leadroute_internal.replace_owner(lead.id, reason);
        IF (SELECT l.owner_id IS DISTINCT FROM lead.owner_id FROM leadroute.leads l WHERE l.id = lead.id) THEN
            RETURN true;
        END IF;
    END IF;
    IF NOT is_urgent THEN
        RETURN false;
    END IF;
    PERFORM leadroute_internal.restart_clock(lead.id, acted_at);
    INSERT INTO leadroute.notifications (lead_id, decision_id, kind, rep_id, queue, tenant)
    VALUES (lead.id, lead.decision_id, 'event', coalesce(lead.owner_id,
            (SELECT q.manager_id FROM leadroute.queues q JOIN leadroute.reps m ON m.id = q.manager_id AND m.tenant = lead.tenant
              WHERE q.name = lead.queue)), lead.queue, lead.tenant);
    PERFORM leadroute_internal.wake_listeners();
    RETURN false;
END $$;
COMMENT ON FUNCTION leadroute_internal.must_answer(leadroute.leads, timestamptz, boolean, boolean, text) IS 'The buyer of an open lead wants an answer: if it is urgent, the clock starts anew, by its event, and whoever has it is told. With may_move somebody else gets it if its owner cannot answer in time; true if so. Internal.';

CREATE FUNCTION leadroute_internal.touch_heard(first_id bigint, touch_id bigint, moves boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first leadroute.leads;
    touch leadroute.leads;
    acted_at timestamptz;
    raises boolean;
BEGIN
    -- who holds the first lead is not waited for: merge_duplicates() hears it later
    SELECT * INTO first FROM leadroute.leads l WHERE l.id = first_id AND NOT leadroute_internal.is_closed(l.status) FOR UPDATE SKIP LOCKED;
    SELECT * INTO touch FROM leadroute.leads l WHERE l.id = touch_id;
    acted_at := coalesce(touch.occurred_at, touch.routed_at);
    IF first.id IS NULL OR touch.duplicate_of IS DISTINCT FROM first.id THEN
        INSERT INTO leadroute.late_touches (lead_id)
        SELECT touch.id WHERE EXISTS (SELECT FROM leadroute.leads l WHERE l.id = touch.duplicate_of AND NOT leadroute_internal.is_closed(l.status));
        RETURN;
    END IF;
    raises := leadroute_internal.is_hotter(touch.event, first.event);
    IF raises OR moves THEN
        UPDATE leadroute.leads l SET occurred_at = greatest(l.occurred_at, acted_at), event = CASE WHEN raises THEN touch.event ELSE l.event END WHERE l.id = first.id;
        moves := leadroute_internal.must_answer(first, acted_at, raises, moves, format('submitted again as lead %s', touch.id));
    END IF;
    IF (touch.owner_id, touch.queue) IS DISTINCT FROM (first.owner_id, first.queue) AND NOT moves THEN
        -- nobody else was there, or the first lead has gone on meanwhile
        PERFORM leadroute_internal.touches_follow(first.id, first.owner_id, first.queue, first.owner_id);
    END IF;
    INSERT INTO leadroute.lead_events (lead_id, event, intent, occurred_at, action, details, tenant)
    VALUES (first.id, coalesce(touch.event, 'submit'), leadroute_internal.intent_of(touch.event), acted_at,
            CASE WHEN moves THEN 'rerouted' WHEN raises THEN 'clock_restarted' ELSE 'logged' END, jsonb_build_object('touch', touch.id), first.tenant);
END $$;
COMMENT ON FUNCTION leadroute_internal.touch_heard(bigint, bigint, boolean) IS 'A touch that shows more intent than its first lead starts the clock of that anew, and its owner is told; where the owner cannot answer in time (moves), somebody else gets it. Internal.';

CREATE FUNCTION leadroute.record_event(lead_id bigint, event text, occurred_at timestamptz DEFAULT clock_timestamp(),
                                       details jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.open_lead(lead_id);
    name text := leadroute_internal.cleaned('event', event);
    acted_at timestamptz := least(coalesce(nullif(record_event.occurred_at, '-infinity'), clock_timestamp()), clock_timestamp());
    intent text := leadroute_internal.intent_of(event);
    is_hotter boolean := leadroute_internal.is_hotter(event, lead.event);
    action text := 'logged';
    target bigint := lead.id;
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'record_event: event must not be empty'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Name what the buyer did; see leadroute.event_types.';
    END IF;
    IF leadroute_internal.is_closed(lead.status) AND lead.attached_key IS NOT NULL THEN
        -- the row of the user is the lead
        action := 'rerouted';
        PERFORM leadroute_internal.reopen(lead, name, acted_at, 'event ' || name);
    ELSIF leadroute_internal.is_closed(lead.status) THEN
        action := 'new_lead';
        INSERT INTO leadroute.leads (email, first_name, last_name, phone, title, department, company, website, crm_account_id,
                                     country, region, city, postal_code, industry, employees, annual_revenue, product, language,
                                     score, event, occurred_at, source, campaign, attributes, tenant)
        VALUES (lead.email, lead.first_name, lead.last_name, lead.phone, lead.title, lead.department, lead.company, lead.website,
                lead.crm_account_id, lead.country, lead.region, lead.city, lead.postal_code, lead.industry, lead.employees,
                lead.annual_revenue, lead.product, lead.language,
                CASE WHEN NOT leadroute_internal.is_scored_by_criteria(lead) THEN lead.score END, name, acted_at, lead.source, lead.campaign, lead.attributes, lead.tenant)
        RETURNING id INTO target;
    ELSIF is_hotter THEN
        UPDATE leadroute.leads l SET event = name, occurred_at = acted_at WHERE l.id = lead.id;
        IF lead.owner_id IS NULL AND lead.queue IS NULL THEN
            action := 'rerouted';
            PERFORM leadroute_internal.route_event(lead.id, 'event ' || name);
        ELSE
            action := CASE WHEN leadroute_internal.must_answer(lead, acted_at, true, true, 'event ' || name) THEN 'rerouted' ELSE 'clock_restarted' END;
        END IF;
    END IF;
    INSERT INTO leadroute.lead_events (lead_id, event, intent, occurred_at, action, details, tenant)
    VALUES (target, name, intent, acted_at, action, details, lead.tenant);
    RETURN (SELECT jsonb_build_object('lead_id', l.id, 'action', action, 'intent', intent, 'status', l.status, 'owner_id', l.owner_id,
                                      'queue', l.queue, 'sla_due_at', l.sla_due_at) FROM leadroute.leads l WHERE l.id = target);
END $$;
COMMENT ON FUNCTION leadroute.record_event(bigint, text, timestamptz, jsonb) IS 'Notes what a buyer did after the lead was there: an intent signal, a milestone of product usage, a customer who comes back. A lead that somebody has keeps its owner; its clock starts anew, and they are told, if the event shows more intent than the one the lead has. A lead in nurture is routed then. For a closed lead a new one is inserted, and routed as a form would be. A closed row of an attached table is open again instead. A time in the future is now.';
