-- Triggers of leads, and the functions that route one.

CREATE FUNCTION leadroute_internal.route_statement() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_route_statement';
COMMENT ON FUNCTION leadroute_internal.route_statement() IS 'Trigger: opens a batch before a statement that inserts leads; writes its decisions, turns, clocks and notifications after it.';

CREATE FUNCTION leadroute_internal.route_row() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_route_row';
COMMENT ON FUNCTION leadroute_internal.route_row() IS 'Trigger: routes one row before it is inserted.';

CREATE TRIGGER leadroute_1_begin BEFORE INSERT ON leadroute.leads
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.route_statement();
-- BEFORE triggers run in the order of their names: routing sees what yours have changed.
CREATE TRIGGER zz_leadroute_route BEFORE INSERT ON leadroute.leads
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.route_row();
CREATE TRIGGER leadroute_2_end AFTER INSERT ON leadroute.leads
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.route_statement();

CREATE FUNCTION leadroute.route_lead(lead jsonb) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_route_lead';
COMMENT ON FUNCTION leadroute.route_lead(jsonb) IS 'Inserts the lead and returns its decision. Keys are columns of leads; others are kept in attributes. With an external_id that is there already nothing happens and that lead''s decision is returned.';

CREATE FUNCTION leadroute.preview_route(lead jsonb, at timestamptz DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_preview_route';
COMMENT ON FUNCTION leadroute.preview_route(jsonb, timestamptz) IS 'The decision that the lead would get now, or at another moment, with its trace. At means everything: absences, hours, holidays, presence, caps of that day, segments in effect, clocks; rules, leads and the rotation are those of now. Changes nothing and takes no turn.';

CREATE FUNCTION leadroute.reroute_lead(lead_id bigint, reason text DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_reroute_lead';
COMMENT ON FUNCTION leadroute.reroute_lead(bigint, text) IS 'Runs the layers again for a lead that is there, and returns the decision.';

CREATE FUNCTION leadroute.explain_decision(decision_id bigint) RETURNS text
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'leadroute_explain_decision';
COMMENT ON FUNCTION leadroute.explain_decision(bigint) IS 'A decision in words: each layer that was asked, and each candidate with why not.';

CREATE FUNCTION leadroute.escalate_overdue(batch integer DEFAULT 1000, as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_escalate_overdue';
COMMENT ON FUNCTION leadroute.escalate_overdue(integer, timestamptz) IS 'Takes the next step of the SLA ladder for at most batch leads that are overdue at as_of, and returns how many. As_of means everything: who is there, hours and caps of that day; decided_at is the real time.';

CREATE FUNCTION leadroute.assign_queued(batch integer DEFAULT 1000, as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_assign_queued';
COMMENT ON FUNCTION leadroute.assign_queued(integer, timestamptz) IS 'Gives at most batch leads to reps and returns how many: leads that a pool holds, as soon as somebody is back, and leads that at as_of have waited for auto_assign_after in a queue with an auto_assign_pool. The higher tier first, then the oldest; a lead that nobody there may take does not hold up the others. Their clocks go on. As_of means everything, as for escalate_overdue.';

CREATE FUNCTION leadroute_internal.is_undecided(decision_id bigint) RETURNS boolean
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_is_undecided';
COMMENT ON FUNCTION leadroute_internal.is_undecided(bigint) IS 'Whether the decision is about the row that a statement of this session is inserting now. Internal.';

CREATE FUNCTION leadroute_internal.lock_for_writing() RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_lock_for_writing';
COMMENT ON FUNCTION leadroute_internal.lock_for_writing() IS 'Takes the locks of whoever is going to write about leads, before it reads: after a weaker lock they could deadlock with a REINDEX in between.';

CREATE FUNCTION leadroute_internal.is_closed(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT status IN ('converted', 'lost', 'disqualified');
END;
COMMENT ON FUNCTION leadroute_internal.is_closed(text) IS 'Whether the work on a lead has ended.';

CREATE FUNCTION leadroute_internal.tell_of_change(lead leadroute.leads, decision_id bigint, cause text, previous_owner_id text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- whoever claims a lead, answers it, or comes with its row knows
    INSERT INTO leadroute.notifications (lead_id, decision_id, kind, rep_id, queue, tenant)
    SELECT lead.id, decision_id, t.kind, r.id, lead.queue, lead.tenant
      FROM (VALUES ('unassigned', previous_owner_id), ('assigned', CASE cause WHEN 'manual' THEN lead.owner_id END)) t (kind, rep_id)
      JOIN leadroute.reps r ON r.id = t.rep_id AND r.tenant = lead.tenant AND r.active
     -- the new owner first: of one lead only the earliest is out at a time
     ORDER BY t.kind;
    IF FOUND THEN
        PERFORM leadroute_internal.wake_listeners();
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.tell_of_change(leadroute.leads, bigint, text, text) IS 'Tells who has lost a lead, and who was given it by a person. Internal.';

CREATE FUNCTION leadroute_internal.note_decision(lead leadroute.leads, cause text, previous_owner_id text, reason text, reason_code text DEFAULT NULL, trace jsonb DEFAULT '[]', layer text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    decision bigint;
BEGIN
    INSERT INTO leadroute.decisions (lead_id, decided_at, cause, layer, outcome, owner_id, queue, previous_owner_id, segment, territory,
                                     tier, pool, playbook, reason, trace, tenant, reason_code)
    VALUES (lead.id, clock_timestamp(), cause, layer,
            CASE WHEN lead.duplicate_of IS NOT NULL THEN 'merged' WHEN lead.owner_id IS NOT NULL THEN 'owner'
                 WHEN lead.queue IS NOT NULL THEN 'queue' WHEN leadroute_internal.is_closed(lead.status) THEN 'closed' ELSE 'nurture' END,
            lead.owner_id, lead.queue, previous_owner_id, lead.segment, lead.territory, lead.tier, lead.pool, lead.playbook, reason, trace, lead.tenant, reason_code)
    RETURNING id INTO decision;
    -- who was only about to get the row that comes with its owner has heard of nothing
    IF previous_owner_id IS DISTINCT FROM lead.owner_id AND cause <> 'attach' AND lead.duplicate_of IS NULL AND NOT leadroute_internal.is_closed(lead.status) THEN
        PERFORM leadroute_internal.tell_of_change(lead, decision, cause, previous_owner_id);
    END IF;
    RETURN decision;
END $$;
COMMENT ON FUNCTION leadroute_internal.note_decision(leadroute.leads, text, text, text, text, jsonb, text) IS
    'Writes a decision that routing has not made, about a lead that has its new owner or queue already, and tells whom it concerns; returns its key.';

CREATE FUNCTION leadroute_internal.is_with_rep(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT status IN ('assigned', 'working', 'qualified');
END;
COMMENT ON FUNCTION leadroute_internal.is_with_rep(text) IS 'Whether a rep has the lead to work on, so that it counts as an open lead of theirs.';

CREATE FUNCTION leadroute_internal.in_tenant(tenant text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT CASE tenant WHEN '' THEN '' ELSE format(' in tenant "%s"', tenant) END $$;
COMMENT ON FUNCTION leadroute_internal.in_tenant(text) IS 'The end of a message about something that a tenant has not.';

CREATE FUNCTION leadroute_internal.lead_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'leads' THEN
        PERFORM leadroute_internal.not_our_trigger('lead_changed');
    END IF;
    IF NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'the id of a lead cannot change'
            USING ERRCODE = 'restrict_violation', HINT = 'Its decisions name it. Use external_id for a key of your own.';
    END IF;
    IF NEW.tenant IS DISTINCT FROM OLD.tenant THEN
        RAISE EXCEPTION 'the tenant of a lead cannot change: lead % belongs to "%"', OLD.id, OLD.tenant
            USING ERRCODE = 'restrict_violation', HINT = 'Insert a new lead for the other tenant.';
    END IF;
    IF NEW.status <> OLD.status AND leadroute_internal.is_closed(NEW.status) <> leadroute_internal.is_closed(OLD.status) THEN
        NEW.closed_at := CASE WHEN leadroute_internal.is_closed(NEW.status) THEN coalesce(nullif(NEW.closed_at, OLD.closed_at), clock_timestamp()) END;
    END IF;
    -- ON CONFLICT (id) DO UPDATE with all of excluded: that was decided about a row that is not inserted.
    IF NEW.decision_id IS DISTINCT FROM OLD.decision_id AND leadroute_internal.is_undecided(NEW.decision_id) THEN
        SELECT OLD.status, OLD.owner_id, OLD.queue, OLD.account_id, OLD.segment, OLD.territory, OLD.tier, OLD.pool,
               OLD.playbook, OLD.expansion, OLD.held, OLD.duplicate_of, OLD.person_key, OLD.routed_at, OLD.sla_due_at,
               OLD.first_response_at, OLD.decision_id, OLD.closed_at, OLD.amount
          INTO NEW.status, NEW.owner_id, NEW.queue, NEW.account_id, NEW.segment, NEW.territory, NEW.tier, NEW.pool,
               NEW.playbook, NEW.expansion, NEW.held, NEW.duplicate_of, NEW.person_key, NEW.routed_at, NEW.sla_due_at,
               NEW.first_response_at, NEW.decision_id, NEW.closed_at, NEW.amount;
    END IF;
    -- Routing sets decision_id together with the owner; a rename leaves an owner that is no rep.
    IF NEW.routed_at IS NOT NULL
       AND (NEW.owner_id, NEW.queue) IS DISTINCT FROM (OLD.owner_id, OLD.queue)
       AND NEW.decision_id IS NOT DISTINCT FROM OLD.decision_id
       AND (NEW.owner_id IS NOT DISTINCT FROM OLD.owner_id OR OLD.owner_id IS NULL
            OR EXISTS (SELECT FROM leadroute.reps WHERE id = OLD.owner_id))
       AND (NEW.queue IS NOT DISTINCT FROM OLD.queue OR OLD.queue IS NULL
            OR EXISTS (SELECT FROM leadroute.queues WHERE name = OLD.queue)) THEN
        IF NEW.owner_id IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.reps WHERE id = NEW.owner_id AND tenant = NEW.tenant) THEN
            RAISE EXCEPTION 'rep "%" does not exist%', NEW.owner_id, leadroute_internal.in_tenant(NEW.tenant)
                USING ERRCODE = 'foreign_key_violation', HINT = 'Insert the rep into leadroute.reps first.';
        END IF;
        IF NEW.queue IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.queues WHERE name = NEW.queue AND coalesce(tenant, NEW.tenant) = NEW.tenant) THEN
            RAISE EXCEPTION 'queue "%" does not exist%', NEW.queue, leadroute_internal.in_tenant(NEW.tenant)
                USING ERRCODE = 'foreign_key_violation', HINT = 'Insert the queue into leadroute.queues first.';
        END IF;
        IF NEW.owner_id IS NOT NULL AND NEW.owner_id IS DISTINCT FROM OLD.owner_id THEN
            NEW.queue := NULL;
            NEW.held := false;
            NEW.status := CASE WHEN NEW.status IN ('queued', 'nurture', 'new') THEN 'assigned' ELSE NEW.status END;
        END IF;
        NEW.routed_at := coalesce(nullif(NEW.routed_at, '-infinity'), clock_timestamp());
        NEW.decision_id := leadroute_internal.note_decision(NEW, 'manual', OLD.owner_id, format('changed by hand by %s', session_user));
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute_internal.lead_changed() IS 'Trigger: records an owner or queue that was changed by hand.';

CREATE FUNCTION leadroute_internal.lead_saved() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_lead_saved';
COMMENT ON FUNCTION leadroute_internal.lead_saved() IS 'Trigger: notes when a lead was changed; where an app saves a whole row with an old decision_id, or as it was before an answer, what only routing writes stays as it is.';

-- before lead_changed, by its name
CREATE TRIGGER lead_as_saved BEFORE UPDATE ON leadroute.leads
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.lead_saved();

CREATE FUNCTION leadroute_internal.lead_cleaned() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_lead_cleaned';
COMMENT ON FUNCTION leadroute_internal.lead_cleaned() IS 'Trigger: corrected values of a lead are cleaned, and tell who the person is, as those of a new one.';

CREATE TRIGGER lead_cleaned BEFORE UPDATE ON leadroute.leads
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.lead_cleaned();

CREATE FUNCTION leadroute_internal.is_more_than_values(old_id bigint, new_id bigint, old_tenant text, new_tenant text, old_status text, new_status text,
        old_decision_id bigint, new_decision_id bigint, old_owner_id text, new_owner_id text, old_queue text, new_queue text, routed_at timestamptz) RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_is_more_than_values';
COMMENT ON FUNCTION leadroute_internal.is_more_than_values(bigint, bigint, text, text, text, text, bigint, bigint, text, text, text, text, timestamptz) IS
    'Whether an update of a lead changes what must not change, closes it or opens it again, or may have to be recorded as made by hand. Internal.';

-- The condition is as short as can be: PostgreSQL parses it anew in each statement.
CREATE TRIGGER lead_changed BEFORE UPDATE ON leadroute.leads FOR EACH ROW
    WHEN (leadroute_internal.is_more_than_values(OLD.id, NEW.id, OLD.tenant, NEW.tenant, OLD.status, NEW.status, OLD.decision_id, NEW.decision_id,
                                                 OLD.owner_id, NEW.owner_id, OLD.queue, NEW.queue, NEW.routed_at))
    EXECUTE FUNCTION leadroute_internal.lead_changed();

CREATE FUNCTION leadroute_internal.lead_scored() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'leads' THEN
        PERFORM leadroute_internal.not_our_trigger('lead_scored');
    END IF;
    IF leadroute_internal.may_route_again(NEW) AND NEW.duplicate_of IS NULL AND leadroute_internal.is_in_time(NEW)
       -- what a provider says is looked at as a whole by the function that takes it over
       AND NOT leadroute_internal.is_being_told(NEW.id)
       AND EXISTS (SELECT FROM leadroute.tiers t
                    WHERE coalesce(t.segment, NEW.segment) = NEW.segment AND (t.tenants IS NULL OR NEW.tenant = ANY (t.tenants))
                      AND t.score @> coalesce(OLD.score, 0) <> (t.score @> NEW.score))
       -- criteria give a score while the lead is routed
       AND NOT leadroute_internal.is_scored_by_criteria(NEW) THEN
        PERFORM leadroute_internal.route_late_data(NEW, format('the score rose from %s to %s', coalesce(OLD.score, 0), NEW.score));
    END IF;
    RETURN NULL;
EXCEPTION WHEN lock_not_available THEN
    -- the score counts all the same
    RAISE WARNING 'lead % has a higher score and stays where it is: %', NEW.id, SQLERRM
        USING HINT = 'Call leadroute.reroute_lead() later.';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.lead_scored() IS 'Trigger: a score that has risen past the border of a tier routes a lead once, while nobody has answered.';

CREATE TRIGGER lead_scored AFTER UPDATE OF score ON leadroute.leads FOR EACH ROW
    WHEN (NEW.score > coalesce(OLD.score, 0)) EXECUTE FUNCTION leadroute_internal.lead_scored();

CREATE FUNCTION leadroute_internal.stays(touch leadroute.leads, first_had text) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- whose row has an owner whom a person has chosen, other than the first lead had, and whose row is closed
    RETURN touch.attached_key IS NOT NULL AND EXISTS (
        SELECT FROM leadroute.decisions d WHERE d.id = touch.decision_id AND d.cause = 'manual'
                AND (touch.owner_id IS DISTINCT FROM first_had OR d.previous_owner_id IS NOT DISTINCT FROM d.owner_id));
END $$;
COMMENT ON FUNCTION leadroute_internal.stays(leadroute.leads, text) IS 'Whether a touch does not follow its first lead, whose owner was first_had. Internal.';

CREATE FUNCTION leadroute_internal.follows_now(touch bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_follows_now';
COMMENT ON FUNCTION leadroute_internal.follows_now(bigint) IS 'The next update of the touch waits for nobody who holds its row, and fails instead. Internal.';

CREATE FUNCTION leadroute_internal.touch_follows(touch leadroute.leads, owner_id text, queue text, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    previous text := touch.owner_id;
    decision bigint;
BEGIN
    touch.owner_id := touch_follows.owner_id;
    touch.queue := touch_follows.queue;
    decision := leadroute_internal.note_decision(touch, 'reroute', previous, reason);
    UPDATE leadroute.leads l SET owner_id = touch.owner_id, queue = touch.queue, decision_id = decision WHERE l.id = touch.id;
END $$;
COMMENT ON FUNCTION leadroute_internal.touch_follows(leadroute.leads, text, text, text) IS 'A touch goes to the owner of its first lead, or waits in its queue. Internal.';

CREATE FUNCTION leadroute_internal.touches_follow(first_id bigint, owner_id text, queue text, first_had text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    touch leadroute.leads;
BEGIN
    FOR touch IN SELECT * FROM leadroute.leads t WHERE t.duplicate_of = first_id
                    AND (t.owner_id, t.queue) IS DISTINCT FROM (touches_follow.owner_id, touches_follow.queue) ORDER BY t.id
                    -- whoever holds one may be waiting for the first lead
                    FOR UPDATE SKIP LOCKED LOOP
        CONTINUE WHEN leadroute_internal.stays(touch, first_had);
        IF touch.attached_key IS NULL THEN
            PERFORM leadroute_internal.touch_follows(touch, owner_id, queue, format('follows lead %s', first_id));
            CONTINUE;
        END IF;
        BEGIN
            PERFORM leadroute_internal.follows_now(touch.id);
            PERFORM leadroute_internal.touch_follows(touch, owner_id, queue, format('follows lead %s', first_id));
        EXCEPTION WHEN lock_not_available THEN
            -- its row is held
            NULL;
        END;
    END LOOP;
    -- housekeeping comes back for those that others hold
    INSERT INTO leadroute.late_touches (lead_id)
    SELECT t.id FROM leadroute.leads t
     WHERE t.duplicate_of = first_id AND (t.owner_id, t.queue) IS DISTINCT FROM (touches_follow.owner_id, touches_follow.queue)
       AND NOT leadroute_internal.stays(t, first_had);
END $$;
COMMENT ON FUNCTION leadroute_internal.touches_follow(bigint, text, text, text) IS 'Touches of a lead go to its owner, or wait in its queue, each by a decision that says so; first_had is who owned the lead before. Internal.';

CREATE FUNCTION leadroute_internal.add_load(rep_no integer, given integer, open integer, at timestamptz DEFAULT clock_timestamp()) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_add_load';
COMMENT ON FUNCTION leadroute_internal.add_load(integer, integer, integer, timestamptz) IS 'Changes the load of a rep: leads given on the day of at, and open leads. Internal.';

CREATE FUNCTION leadroute_internal.lead_updated() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_lead_updated';
COMMENT ON FUNCTION leadroute_internal.lead_updated() IS 'Trigger: what follows when a lead has changed, whoever changed it. Loads of reps are kept right; the stint of whoever had it ends; the clock of a lead that is answered, taken up or closed ends, and one that counts working hours goes by those of the new owner; the new owner cannot be deleted or renamed until the transaction ends; a first lead learns the e-mail address of its touch; the row of an attached table follows.';

CREATE TRIGGER lead_updated AFTER UPDATE ON leadroute.leads
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.lead_updated();

CREATE FUNCTION leadroute_internal.leads_deleted() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'leads' THEN
        PERFORM leadroute_internal.not_our_trigger('leads_deleted');
    END IF;
    PERFORM leadroute_internal.lock_for_writing();
    IF EXISTS (SELECT FROM leadroute.leads t JOIN gone ON t.duplicate_of = gone.id) THEN
        RAISE EXCEPTION 'a deleted lead still has touches that point at it'
            USING ERRCODE = 'foreign_key_violation', HINT = 'Delete the leads with that duplicate_of in the same statement.';
    END IF;
    -- A lead that goes before the statement that inserted it ends has not been counted; its decision is not there yet.
    PERFORM leadroute_internal.add_load(r.rep_no, 0, -count(*)::int)
       FROM gone JOIN leadroute.reps r ON r.id = gone.owner_id
      WHERE gone.duplicate_of IS NULL AND leadroute_internal.is_with_rep(gone.status)
        AND gone.decision_id IS NOT NULL
        AND (gone.routed_at < now() OR EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = gone.decision_id))
      GROUP BY r.rep_no;
    DELETE FROM leadroute.returned_turns t USING gone JOIN leadroute.decisions d ON d.lead_id = gone.id
     WHERE t.decision_id = d.id;
    DELETE FROM leadroute.lead_events t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.responses t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.claims t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.notifications t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.sla_clocks t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.company_leads t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.late_touches t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.past_stints t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.lead_corrections t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.enrichments t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.qualifications t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.field_sources t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.provider_requests t USING gone WHERE t.lead_id = gone.id;
    DELETE FROM leadroute.decisions t USING gone WHERE t.lead_id = gone.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.leads_deleted() IS 'Trigger: what was written about a lead goes with it.';

CREATE TRIGGER leads_deleted AFTER DELETE ON leadroute.leads REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.leads_deleted();

CREATE FUNCTION leadroute_internal.leads_truncated() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'leads' THEN
        PERFORM leadroute_internal.not_our_trigger('leads_truncated');
    END IF;
    -- Makes return_turn() wait: beside rows whose deletion is not committed, the versions of a book would start over.
    LOCK TABLE leadroute.loads IN ACCESS EXCLUSIVE MODE;
    DELETE FROM leadroute.loads;
    DELETE FROM leadroute.returned_turns;
    DELETE FROM leadroute.lead_events;
    DELETE FROM leadroute.responses;
    DELETE FROM leadroute.claims;
    DELETE FROM leadroute.notifications;
    DELETE FROM leadroute.sla_clocks;
    DELETE FROM leadroute.company_leads;
    DELETE FROM leadroute.late_touches;
    DELETE FROM leadroute.past_stints;
    DELETE FROM leadroute.lead_corrections;
    DELETE FROM leadroute.enrichments;
    DELETE FROM leadroute.qualifications;
    DELETE FROM leadroute.field_sources;
    DELETE FROM leadroute.provider_requests;
    DELETE FROM leadroute.decisions;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.leads_truncated() IS 'Trigger: what was written about leads goes with them.';

CREATE TRIGGER leads_truncated AFTER TRUNCATE ON leadroute.leads
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.leads_truncated();
