-- What happens to rows of attached tables after they were routed.

CREATE FUNCTION leadroute.attached_lead(relation regclass, key text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT l.id FROM leadroute.leads l JOIN leadroute.attached_tables t ON t.table_no = l.attached_table
     WHERE t.relation = attached_lead.relation AND l.attached_key = attached_lead.key $$;
COMMENT ON FUNCTION leadroute.attached_lead(regclass, text) IS 'leads.id of a row of an attached table, by its primary key as text; of several columns as a JSON array of texts. For record_response and the like.';

CREATE FUNCTION leadroute_internal.catch_all_of(tenant text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT q.name FROM leadroute.queues q WHERE q.kind = 'catch_all' AND coalesce(q.tenant, catch_all_of.tenant) = catch_all_of.tenant
     ORDER BY q.tenant NULLS LAST LIMIT 1 $$;
COMMENT ON FUNCTION leadroute_internal.catch_all_of(text) IS 'The catch-all queue of a tenant; where it has none, that of all. Internal.';

CREATE FUNCTION leadroute_internal.owner_by_hand(lead_id bigint, rep_id text, given text, table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = owner_by_hand.table_no);
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = owner_by_hand.lead_id FOR UPDATE;
    IF NOT FOUND THEN
        -- somebody deleted it meanwhile
        RETURN;
    END IF;
    -- Rather the queue than somebody of another tenant.
    rep_id := (SELECT r.id FROM leadroute.reps r WHERE r.id = owner_by_hand.rep_id AND r.tenant = lead.tenant);
    IF lead.owner_id IS NOT DISTINCT FROM rep_id AND (rep_id IS NOT NULL OR given IS NULL) THEN
        RETURN;
    END IF;
    PERFORM leadroute_internal.hand_over(lead, 'manual', rep_id, CASE WHEN rep_id IS NULL THEN coalesce(lead.queue, leadroute_internal.catch_all_of(lead.tenant)) END,
        format('changed by hand in %s by %s', place, session_user)
        || CASE WHEN rep_id IS NOT NULL THEN '' WHEN given IS NULL THEN ': nobody' ELSE format(': "%s" is no rep', given) END);
END $$;
COMMENT ON FUNCTION leadroute_internal.owner_by_hand(bigint, text, text, integer) IS 'Records an owner that was changed by hand in an attached table: a rep, nobody, or somebody who is no rep, and then the lead waits in the catch-all queue. Internal.';

CREATE FUNCTION leadroute_internal.owner_given(lead_id bigint, rep_id text, given text) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    decision leadroute.decisions;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = lead_id FOR UPDATE;
    SELECT * INTO decision FROM leadroute.decisions d WHERE d.id = lead.decision_id;
    -- Only what routing decided when the row came; a lead that is another's touch goes to its owner.
    IF decision.cause IS DISTINCT FROM 'attach' OR decision.layer = 'given' OR lead.status NOT IN ('assigned', 'queued', 'nurture', 'working', 'qualified') THEN
        RETURN false;
    END IF;
    rep_id := (SELECT r.id FROM leadroute.reps r WHERE r.id = owner_given.rep_id AND r.tenant = lead.tenant);
    IF rep_id = lead.owner_id THEN
        RETURN true;
    END IF;
    IF decision.layer = 'distribution' AND lead.owner_id IS NOT NULL THEN
        PERFORM leadroute.return_turn(decision.id, 'an owner was given with the row');
        -- no misroute that somebody told of
        UPDATE leadroute.returned_turns t SET reason_code = NULL WHERE t.decision_id = decision.id;
    END IF;
    -- Nobody can have taken them yet.
    DELETE FROM leadroute.notifications n WHERE n.decision_id = decision.id;
    PERFORM leadroute_internal.hand_over(lead, 'attach', rep_id, CASE WHEN rep_id IS NULL THEN leadroute_internal.catch_all_of(lead.tenant) END,
        CASE WHEN rep_id IS NULL THEN format('the row came with "%s", who is no rep', given) ELSE format('the row came with %s', rep_id) END, layer => 'given');
    INSERT INTO leadroute.notifications (lead_id, decision_id, kind, rep_id, queue, tenant)
    SELECT l.id, l.decision_id, CASE WHEN rep_id IS NULL THEN 'fallback' ELSE 'assigned' END,
           coalesce(rep_id, (SELECT m.id FROM leadroute.queues q JOIN leadroute.reps m ON m.id = q.manager_id AND m.tenant = l.tenant WHERE q.name = l.queue)),
           l.queue, l.tenant FROM leadroute.leads l WHERE l.id = lead.id;
    PERFORM leadroute_internal.wake_listeners();
    RETURN true;
END $$;
COMMENT ON FUNCTION leadroute_internal.owner_given(bigint, text, text) IS 'An owner was added to a row in the transaction that inserted it, and is to keep it: the turn that routing took goes back. False where the lead stays as routing decided. Internal.';

CREATE FUNCTION leadroute_internal.reopen(lead leadroute.leads, event text, acted_at timestamptz, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE leadroute.leads l SET event = reopen.event, occurred_at = acted_at, first_response_at = NULL WHERE l.id = lead.id;
    PERFORM leadroute_internal.route_event(lead.id, reason);
END $$;
COMMENT ON FUNCTION leadroute_internal.reopen(leadroute.leads, text, timestamptz, text) IS 'A closed lead is worked on again: it is routed, with a clock, and its owner is told. Internal.';

CREATE FUNCTION leadroute_internal.status_by_row(lead_id bigint, status text, was_closed boolean, is_owner_chosen boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
    first leadroute.leads;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT * INTO lead FROM leadroute.leads l WHERE l.id = status_by_row.lead_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF leadroute_internal.is_closed(lead.status) AND NOT coalesce(leadroute_internal.is_closed(status), false) THEN
        -- the buyer waits from now on
        PERFORM leadroute_internal.reopen(lead, lead.event, clock_timestamp(), format('open again by %s', session_user));
    ELSIF lead.status = 'merged' AND leadroute_internal.is_closed(status_by_row.status) THEN
        -- the touch does not follow its first lead any more
        UPDATE leadroute.leads l SET decision_id = leadroute_internal.note_decision(lead, 'manual', lead.owner_id, format('its row is %s, by %s', status_by_row.status, session_user))
         WHERE l.id = lead.id;
    ELSIF was_closed AND lead.status = 'merged' AND NOT is_owner_chosen
          -- unless a person had chosen its owner before it was closed
          AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.lead_id = lead.id AND d.cause = 'manual'
                             AND d.owner_id IS NOT DISTINCT FROM lead.owner_id AND d.previous_owner_id IS DISTINCT FROM d.owner_id) THEN
        SELECT * INTO first FROM leadroute.leads l WHERE l.id = lead.duplicate_of;
        PERFORM leadroute_internal.touch_follows(lead, first.owner_id, first.queue, format('open again by %s: follows lead %s', session_user, first.id));
    END IF;
    IF lead.status = 'merged' AND status_by_row.status IN ('working', 'qualified') THEN
        first := leadroute_internal.lead_by_row(lead_id);
        IF first.first_response_at IS NULL THEN
            -- the person has been answered
            PERFORM leadroute_internal.response_by_row(lead_id, NULL, NULL, NULL);
        END IF;
    END IF;
    UPDATE leadroute.leads l SET status = status_by_row.status
     WHERE l.id = status_by_row.lead_id AND l.status NOT IN ('merged', status_by_row.status);
END $$;
COMMENT ON FUNCTION leadroute_internal.status_by_row(bigint, text, boolean, boolean) IS 'Takes over the status that the row of an attached table gives its lead; without one a closed lead is open again. was_closed: whether the row said so before; is_owner_chosen: whether it names another owner in the same statement. Internal.';

CREATE FUNCTION leadroute_internal.lead_by_row(lead_id bigint) RETURNS leadroute.leads
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT f.* INTO lead FROM leadroute.leads l JOIN leadroute.leads f ON f.id = coalesce(l.duplicate_of, l.id)
     WHERE l.id = lead_by_row.lead_id FOR UPDATE OF f;
    RETURN lead;
END $$;
COMMENT ON FUNCTION leadroute_internal.lead_by_row(bigint) IS 'Locks and returns a lead, of a touch the first lead; nothing where it was deleted meanwhile, which must not fail the statement of the user. Internal.';

CREATE FUNCTION leadroute_internal.response_by_row(lead_id bigint, rep_id text, given text, at timestamptz) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.lead_by_row(lead_id);
    -- somebody who is no rep answers for the owner
    rep text := (SELECT r.id FROM leadroute.reps r WHERE r.tenant = lead.tenant AND r.id IN (rep_id, lead.owner_id)
                  ORDER BY r.id <> rep_id LIMIT 1);
    -- a column of dates says midnight
    answered_at timestamptz := greatest(coalesce(at, clock_timestamp()), lead.occurred_at);
BEGIN
    IF lead.id IS NULL THEN
        RETURN;
    END IF;
    IF rep IS NOT NULL THEN
        PERFORM leadroute.record_response(lead.id, rep, NULL, answered_at);
    ELSIF lead.first_response_at IS NULL THEN
        PERFORM leadroute_internal.note_decision(lead, 'response', lead.owner_id,
            format('first response by %s', coalesce(format('"%s", who is no rep', given), 'somebody')));
        PERFORM leadroute_internal.end_clocks(lead.id, least(answered_at, clock_timestamp()), 'answered', NULL);
        UPDATE leadroute.leads l SET first_response_at = least(answered_at, clock_timestamp()) WHERE l.id = lead.id;
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.response_by_row(bigint, text, text, timestamptz) IS 'A row of an attached table says that its lead was answered. Internal.';

CREATE FUNCTION leadroute_internal.event_by_row(lead_id bigint, event text, occurred_at text, is_closed boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lead leadroute.leads := leadroute_internal.lead_by_row(lead_id);
    told text := leadroute_internal.cleaned('event', coalesce(nullif(btrim(event), ''), lead.event));
    acted_at timestamptz := coalesce(nullif(event_by_row.occurred_at::timestamptz, '-infinity'), clock_timestamp());
BEGIN
    IF told IS NOT NULL AND lead.id IS NOT NULL AND is_closed THEN
        INSERT INTO leadroute.lead_events (lead_id, event, intent, occurred_at, action, tenant)
        VALUES (lead.id, told, coalesce((SELECT t.intent FROM leadroute.event_types t WHERE t.name = told), 'medium'),
                least(acted_at, clock_timestamp()), 'logged', lead.tenant);
    ELSIF told IS NOT NULL AND lead.id IS NOT NULL THEN
        PERFORM leadroute.record_event(lead.id, told, acted_at);
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.event_by_row(bigint, text, text, boolean) IS 'A row of an attached table tells of something that the buyer did. Internal.';

CREATE FUNCTION leadroute_internal.bare(field text, value text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT nullif(CASE field WHEN 'phone' THEN regexp_replace(value, '[^0-9+]', '', 'g')
                             ELSE lower(btrim(regexp_replace(value, '[[:space:]]+', ' ', 'g'))) END, '') $$;
COMMENT ON FUNCTION leadroute_internal.bare(text, text) IS 'A value without what does not change its meaning: case and blanks, and in phone numbers all but digits. Internal.';

CREATE FUNCTION leadroute_internal.may_route_again(lead leadroute.leads) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN lead.first_response_at IS NULL AND lead.routed_at > '-infinity' AND lead.status IN ('assigned', 'queued', 'nurture', 'merged')
           -- whom a person has chosen stays
           AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = lead.decision_id AND (d.cause IN ('manual', 'claim') OR d.layer = 'given' AND d.cause <> 'enrichment'))
           -- one by which nobody else has it is none
           AND (SELECT count(*) FROM leadroute.decisions d WHERE d.lead_id = lead.id AND d.cause = 'enrichment' AND d.layer IS NOT NULL
                   AND (d.outcome <> 'owner' OR d.owner_id IS DISTINCT FROM d.previous_owner_id))
               < leadroute_internal.setting('max_reroutes')::integer;
END $$;
COMMENT ON FUNCTION leadroute_internal.may_route_again(leadroute.leads) IS
    'Whether a lead that was corrected may be routed again: while nobody has answered, by routing itself, and not more often than leadroute.max_reroutes. Internal.';

CREATE FUNCTION leadroute_internal.row_corrected(lead_id bigint, given jsonb, table_no integer, may_route boolean, ranges jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was leadroute.leads;
    lead leadroute.leads;
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = row_corrected.table_no);
    corrected text;
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    SELECT * INTO was FROM leadroute.leads l WHERE l.id = lead_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE leadroute.leads l
       SET (email, first_name, last_name, phone, title, department, company, website, crm_account_id, country, region, city,
            postal_code, industry, employees, annual_revenue, product, language, score, source, campaign)
         = (SELECT r.email, r.first_name, r.last_name, r.phone, r.title, r.department, r.company, r.website, r.crm_account_id, r.country,
                   r.region, r.city, r.postal_code, r.industry, r.employees, r.annual_revenue, r.product, r.language, r.score, r.source,
                   r.campaign
              FROM jsonb_populate_record(l, given) r)
     WHERE l.id = lead_id RETURNING * INTO lead;
    IF ranges <> '{}' THEN
        UPDATE leadroute.leads l
           SET attributes = nullif((coalesce(l.attributes, '{}') - ARRAY(SELECT jsonb_object_keys(ranges))) || jsonb_strip_nulls(ranges), '{}')
         WHERE l.id = lead_id RETURNING * INTO lead;
    END IF;
    -- Who the buyer is, and where. What else becomes known changes no owner.
    SELECT string_agg(c.field, ', ') INTO corrected
      FROM (VALUES ('email', was.email, lead.email), ('phone', was.phone, lead.phone), ('company', was.company, lead.company),
                   ('website', was.website, lead.website), ('crm_account_id', was.crm_account_id, lead.crm_account_id),
                   ('country', was.country, lead.country), ('region', was.region, lead.region),
                   ('postal_code', was.postal_code, lead.postal_code)) c (field, before, after)
     -- another way of writing the same is no correction
     WHERE leadroute_internal.bare(c.field, c.before) IS DISTINCT FROM leadroute_internal.bare(c.field, c.after);
    IF corrected IS NOT NULL AND may_route AND leadroute_internal.may_route_again(lead)
       -- a touch stays one as long as the person is the same
       AND (lead.status <> 'merged' OR was.person_key IS DISTINCT FROM lead.person_key) THEN
        PERFORM leadroute_internal.route_correction(lead_id, format('corrected in %s: %s', place, corrected));
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.row_corrected(bigint, jsonb, integer, boolean, jsonb) IS
    'Takes over what was corrected in the row of an attached table: given are fields of leads with their new values; ranges go to the attributes. Where the buyer is another, or somewhere else, the lead may be routed again. Internal.';

CREATE FUNCTION leadroute_internal.go_on_with_touch(keys text[], table_no integer) RETURNS text[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first record;
    row_of_touch text;
    done text[] := '{}';
BEGIN
    PERFORM leadroute_internal.lock_for_writing();
    FOR first IN SELECT l.id, l.attached_key FROM leadroute.leads l
                  WHERE l.attached_table = go_on_with_touch.table_no AND l.attached_key = ANY (keys)
                    AND EXISTS (SELECT FROM leadroute.leads t WHERE t.duplicate_of = l.id
                                   AND (t.attached_table IS NULL OR t.attached_key <> ALL (keys))
                                   -- not one whose row is closed, or has an owner whom a person has chosen
                                   AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = t.decision_id AND d.cause = 'manual'))
                  ORDER BY l.id FOR UPDATE LOOP
        -- The touch gives its row to the lead, which goes on with its owner and its clock.
        UPDATE leadroute.leads t SET attached_key = NULL FROM leadroute.leads was
         WHERE was.id = t.id AND t.id = (SELECT o.id FROM leadroute.leads o
                        WHERE o.duplicate_of = first.id AND o.attached_table = go_on_with_touch.table_no AND o.attached_key <> ALL (keys)
                          AND NOT EXISTS (SELECT FROM leadroute.decisions d WHERE d.id = o.decision_id AND d.cause = 'manual')
                        ORDER BY o.id LIMIT 1)
        RETURNING was.attached_key INTO row_of_touch;
        UPDATE leadroute.leads l SET attached_key = row_of_touch WHERE l.id = first.id;
        done := done || first.attached_key;
    END LOOP;
    RETURN done;
END $$;
COMMENT ON FUNCTION leadroute_internal.go_on_with_touch(text[], integer) IS 'Of first leads whose rows are gone while touches of theirs are not: the lead goes on, with the row of its oldest touch. Returns their keys. Internal.';

CREATE FUNCTION leadroute_internal.close_leads(ids bigint[], why text, also_closed boolean) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (
        -- checked again after a wait: another transaction may have closed it
        SELECT l AS lead FROM leadroute.leads l WHERE l.id = ANY (ids) AND l.attached_key IS NOT NULL FOR UPDATE
    ), noted AS MATERIALIZED (
        SELECT (g.lead).id AS lead_id, leadroute_internal.note_decision(g.lead, 'manual', (g.lead).owner_id, replace(why, '{row}', (g.lead).attached_key)) AS id
          FROM gone g WHERE also_closed OR NOT leadroute_internal.is_closed((g.lead).status) AND (g.lead).status <> 'merged'
    )
    UPDATE leadroute.leads l
       SET attached_key = NULL, decision_id = coalesce(n.id, l.decision_id),
           status = CASE WHEN n.id IS NULL OR l.status IN ('converted', 'lost', 'merged') THEN l.status ELSE 'disqualified' END
      FROM gone g LEFT JOIN noted n ON n.lead_id = (g.lead).id WHERE l.id = (g.lead).id $$;
COMMENT ON FUNCTION leadroute_internal.close_leads(bigint[], text, boolean) IS
    'Closes leads whose rows are gone. Those that are closed already forget their row, with a decision that says so only if also_closed. {row} in why is the key of the row.';

CREATE FUNCTION leadroute_internal.rows_deleted(keys text[], table_no integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    place text := (SELECT t.relation::text FROM leadroute.attached_tables t WHERE t.table_no = rows_deleted.table_no);
    goes_on text[] := leadroute_internal.go_on_with_touch(keys, table_no);
BEGIN
    PERFORM leadroute_internal.close_leads(
        ARRAY(SELECT l.id FROM leadroute.leads l
               WHERE l.attached_table = rows_deleted.table_no AND l.attached_key = ANY (keys) AND l.attached_key <> ALL (goes_on)),
        format('its row {row} was deleted from %s by %s', place, session_user), true);
END $$;
COMMENT ON FUNCTION leadroute_internal.rows_deleted(text[], integer) IS 'Closes the leads of rows that were deleted from an attached table: the audit stays. Internal.';

