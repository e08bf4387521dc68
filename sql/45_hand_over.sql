-- Turns given back, leads handed over, presence and performance of reps.

CREATE FUNCTION leadroute.return_turn(decision_id bigint, reason text DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_return_turn';
COMMENT ON FUNCTION leadroute.return_turn(bigint, text) IS 'Gives back the turn that a decision took: a bad fit, a duplicate, a misroute. The rotation and the caps stand as if the lead had not come; the lead keeps its owner. True the first time, false if it was given back already. A reason that begins with one of reason_codes ("bad fit: a student") has that code, any other text is other.';

CREATE FUNCTION leadroute.return_turn(decision_id bigint, reason text, code text) RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_return_turn';
COMMENT ON FUNCTION leadroute.return_turn(bigint, text, text) IS 'The same with the code of the reason, one of reason_codes.';

CREATE FUNCTION leadroute_internal.hand_over(lead leadroute.leads, cause text, owner_id text, queue text, reason text, reason_code text DEFAULT NULL, layer text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    decision bigint;
    previous text := lead.owner_id;
BEGIN
    lead.owner_id := hand_over.owner_id;
    lead.queue := hand_over.queue;
    decision := leadroute_internal.note_decision(lead, hand_over.cause, previous, hand_over.reason, hand_over.reason_code, layer => hand_over.layer);
    UPDATE leadroute.leads l
       SET owner_id = hand_over.owner_id, queue = hand_over.queue, held = false, decision_id = decision, unassigned_at = NULL,
           routed_at = coalesce(nullif(l.routed_at, '-infinity'), clock_timestamp()),
           status = CASE WHEN hand_over.owner_id IS NOT NULL AND l.status IN ('new', 'queued', 'nurture') THEN 'assigned'
                         WHEN hand_over.owner_id IS NULL AND hand_over.queue IS NOT NULL AND l.status = 'assigned' THEN 'queued'
                         ELSE l.status END
     WHERE l.id = lead.id;
    RETURN decision;
END $$;
COMMENT ON FUNCTION leadroute_internal.hand_over(leadroute.leads, text, text, text, text, text, text) IS 'Gives a lead, which is locked, to an owner or a queue, and returns the decision that says so. Internal.';

CREATE FUNCTION leadroute.release_unassigned(batch integer DEFAULT 1000, as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    lead leadroute.leads;
    released integer := 0;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    FOR lead IN SELECT * FROM leadroute.leads l WHERE l.unassigned_at <= as_of - interval '1 minute'
                 ORDER BY l.unassigned_at LIMIT batch FOR UPDATE SKIP LOCKED LOOP
        BEGIN
            IF leadroute_internal.is_with_rep(lead.status) THEN
                PERFORM leadroute_internal.hand_over(lead, 'manual', NULL, leadroute_internal.catch_all_of(lead.tenant),
                    format('nobody is assigned to it since %s', to_char(lead.unassigned_at, 'YYYY-MM-DD HH24:MI:SS TZ')));
                released := released + 1;
            ELSE
                UPDATE leadroute.leads l SET unassigned_at = NULL WHERE l.id = lead.id;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            -- in a minute again; the others go on
            UPDATE leadroute.leads l SET unassigned_at = as_of WHERE l.id = lead.id;
            RAISE WARNING 'lead % was not released: %', lead.id, SQLERRM
                USING HINT = 'It is tried again a minute later.';
        END;
    END LOOP;
    RETURN released;
END $$;
COMMENT ON FUNCTION leadroute.release_unassigned(integer, timestamptz) IS 'Leads of attached tables to whom nobody has been assigned for a minute, in the table that links rows to owners, go to the catch-all queue; returns how many. ORMs empty such a table and fill it again when they save a form, so an empty one says nothing at first.';

CREATE FUNCTION leadroute.transfer_lead(lead_id bigint, rep_id text, reason text, code text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    rep leadroute.reps;
    reason_code text := leadroute_internal.reason_code(code, reason);
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = transfer_lead.lead_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lead % does not exist', lead_id
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.leads.';
    END IF;
    IF lead.duplicate_of IS NOT NULL THEN
        RAISE EXCEPTION 'lead % is a touch of lead %', lead_id, lead.duplicate_of
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Transfer that lead instead.';
    END IF;
    rep := leadroute_internal.known_rep(rep_id, lead.tenant);
    IF NOT rep.active THEN
        RAISE EXCEPTION 'rep "%" is not active', rep_id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Choose somebody else, or set reps.active to true.';
    END IF;
    IF lead.owner_id = rep_id THEN
        RETURN lead.decision_id;
    END IF;
    RETURN leadroute_internal.hand_over(lead, 'manual', rep_id, NULL, concat_ws(': ', format('transferred by %s', session_user), nullif(reason, '')), reason_code);
END $$;
COMMENT ON FUNCTION leadroute.transfer_lead(bigint, text, text, text) IS 'Gives a lead to another rep, for a reason and its code, one of reason_codes; see transfer_lead without it.';

CREATE FUNCTION leadroute.transfer_lead(lead_id bigint, rep_id text, reason text DEFAULT NULL) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute.transfer_lead(lead_id, rep_id, reason, NULL) $$;
COMMENT ON FUNCTION leadroute.transfer_lead(bigint, text, text) IS 'Gives a lead to another rep, who is notified, and returns the decision. Takes no turn and gives none back; counts towards the caps of the new owner, but is not refused by them. A reason that begins with one of reason_codes ("wrong territory: Texas") has that code, any other text is other.';

CREATE FUNCTION leadroute.hand_over_leads(rep_id text, reason text DEFAULT NULL, batch integer DEFAULT NULL) RETURNS integer
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_hand_over_leads';
COMMENT ON FUNCTION leadroute.hand_over_leads(text, text, integer) IS 'Gives the open leads of a rep who leaves, or is away for long, to others, as the rules would if that rep were not there: account, backups, pool, else the fallback queue; also leads that were answered, whose status stays. None goes to nurture or is merged. Clocks go on, the new owners are notified. The oldest first, at most batch, or all; returns how many went. Those that others hold for longer than a second stay, with a warning.';

CREATE FUNCTION leadroute.set_presence(rep_id text, presence text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rep leadroute.reps;
    ttl interval := leadroute_internal.setting('presence_ttl');
BEGIN
    IF presence IS NULL OR presence NOT IN ('online', 'away', 'offline') THEN
        RAISE EXCEPTION 'presence must be online, away or offline, not "%"', presence
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Days off are for take_off().';
    END IF;
    rep := leadroute_internal.known_rep(rep_id, NULL);
    -- A tool that reports every few seconds must not make every session read the roster again each time.
    IF rep.presence = set_presence.presence AND rep.presence_at > clock_timestamp() - ttl / 4 THEN
        RETURN;
    END IF;
    UPDATE leadroute.reps r SET presence = set_presence.presence, presence_at = clock_timestamp() WHERE r.id = set_presence.rep_id;
END $$;
COMMENT ON FUNCTION leadroute.set_presence(text, text) IS 'Reports online, away or offline for a rep. It counts for leadroute.presence_ttl; then hours and absences alone decide.';

CREATE FUNCTION leadroute.refresh_performance() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET leadroute.why = 'refresh_performance' AS $$
DECLARE
    changed integer;
BEGIN
    WITH had AS (
        SELECT m.pool, m.rep_id, p.performance_sample, p.performance_min, p.performance_max, count(l.id) AS leads,
               count(l.id) FILTER (WHERE l.status = 'converted') AS won
          FROM leadroute.pool_members m
          JOIN leadroute.pools p ON p.name = m.pool AND p.performance_weighted
          LEFT JOIN leadroute.leads l ON l.owner_id = m.rep_id AND l.pool = m.pool AND l.duplicate_of IS NULL
                                     AND l.routed_at > now() - p.performance_window
         GROUP BY 1, 2, 3, 4, 5
    ), rated AS (
        SELECT pool, rep_id,
               CASE WHEN leads < performance_sample OR sum(won) OVER w = 0 THEN 1
                    ELSE round(least(performance_max, greatest(performance_min,
                             (won::numeric / leads) / (sum(won) OVER w / sum(leads) OVER w))), 3) END AS performance
          FROM had WINDOW w AS (PARTITION BY pool)
    )
    UPDATE leadroute.pool_members m SET performance = r.performance
      FROM rated r WHERE (m.pool, m.rep_id) = (r.pool, r.rep_id) AND m.performance <> r.performance;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;
COMMENT ON FUNCTION leadroute.refresh_performance() IS 'Rates the members of performance_weighted pools: the part of the leads of the window that converted, divided by that of the pool, within the limits of the pool; 1 for members with fewer leads than performance_sample. Returns how many changed; changelog shows them.';
