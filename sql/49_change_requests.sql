-- Proposing, approving and applying changes of rules.

CREATE FUNCTION leadroute_internal.compared_tables(tables text[], writes text[]) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(DISTINCT n ORDER BY n) FROM (
        -- Of the rules not what people edit daily: an edit would keep changes that have nothing to do with it from being applied.
        SELECT unnest(leadroute_internal.rule_tables()) EXCEPT SELECT unnest('{alarm_thresholds,country_aliases,domain_rules,holidays,industry_aliases,mail_domains,schedule_hours,schedules}'::text[])
        UNION SELECT unnest(tables)
        -- what is deleted takes these along
        UNION SELECT r.child FROM leadroute_internal.config_references r WHERE r.on_delete = 'cascade' AND 'DELETE ' || r.parent = ANY (writes)) t (n) $$;
COMMENT ON FUNCTION leadroute_internal.compared_tables(text[], text[]) IS 'Tables that must be as they were seen when a change is applied that names these tables, and writes to them so. Internal.';

CREATE FUNCTION leadroute_internal.rules_seen(tables text[], writes text[]) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' AS $$
DECLARE
    name text;
    seen text := '';
    print text;
BEGIN
    FOREACH name IN ARRAY leadroute_internal.compared_tables(tables, writes) LOOP
        IF name IN ('accounts', 'account_domains', 'contacts') THEN
            -- there may be millions; how many changes can be seen differs whenever one is seen that was not before
            SELECT concat_ws(' ', count(*), max(h.id)) INTO print FROM leadroute.config_history h WHERE h."table" = name;
        ELSE
            -- without what jobs and sales tools write all day; a change may not read that
            EXECUTE format($q$SELECT md5(string_agg(r.print, '' ORDER BY r.print)) FROM (
                SELECT md5((to_jsonb(t) - '{presence,presence_at,performance}'::text[])::text) AS print FROM leadroute.%I t) r$q$, name) INTO print;
        END IF;
        seen := concat_ws(' ', seen, name, print);
    END LOOP;
    RETURN md5(seen);
END $$;
COMMENT ON FUNCTION leadroute_internal.rules_seen(text[], text[]) IS 'Fingerprint of what must not change between the last look at a change and its application, as the calling query sees it. Internal.';

CREATE FUNCTION leadroute_internal.note_change(title text, why text, sql text, apply_at text, tables text[], writes text[], reverts bigint) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due timestamptz := note_change.apply_at::timestamptz;
    noted bigint;
BEGIN
    IF due <= clock_timestamp() THEN
        RAISE EXCEPTION 'apply_at must be in the future, but is % (%)', note_change.apply_at, due
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out for a change that is applied by hand with apply_change().';
    END IF;
    INSERT INTO leadroute.change_requests (title, why, sql, tables, writes, apply_at, apply_at_given, reverts, seen)
    VALUES (note_change.title, note_change.why, note_change.sql, note_change.tables, note_change.writes, due,
            note_change.apply_at, note_change.reverts, leadroute_internal.rules_seen(note_change.tables, note_change.writes))
    RETURNING id INTO noted;
    RETURN noted;
END $$;
COMMENT ON FUNCTION leadroute_internal.note_change(text, text, text, text, text[], text[], bigint) IS 'Notes a change whose SQL was checked. Internal.';

CREATE FUNCTION leadroute.propose_change(title text, why text, sql text, apply_at text DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_propose_change';
COMMENT ON FUNCTION leadroute.propose_change(text, text, text, text) IS 'Proposes a change of routing tables and returns its id. The SQL may only insert, update, delete and read rows of them; it is checked, and runs when somebody else has approved it and it is applied: by hand, or by itself at apply_at (a time as text, in the time zone of the session if it names none).';

CREATE FUNCTION leadroute.propose_change(title text, why text, sql text, apply_at timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute.propose_change(title, why, sql, apply_at::text) $$;
COMMENT ON FUNCTION leadroute.propose_change(text, text, text, timestamptz) IS 'The same, with a time for apply_at.';

CREATE FUNCTION leadroute_internal.change_locked(id bigint) RETURNS leadroute.change_requests
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests;
BEGIN
    SELECT c.* INTO change FROM leadroute.change_requests c WHERE c.id = change_locked.id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'change % does not exist', coalesce(id::text, 'NULL')
            USING ERRCODE = 'undefined_object', HINT = 'Look it up in leadroute.change_requests.';
    END IF;
    RETURN change;
END $$;
COMMENT ON FUNCTION leadroute_internal.change_locked(bigint) IS 'A change request, locked until the transaction ends. Internal.';

CREATE FUNCTION leadroute_internal.not_in_status(change leadroute.change_requests, wanted text, hint text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'change % is %, not %', change.id, concat_ws(' by ', change.status,
            CASE change.status WHEN 'approved' THEN change.approved_by WHEN 'applied' THEN change.applied_by ELSE change.ended_by END), wanted
        USING ERRCODE = 'object_not_in_prerequisite_state', HINT = hint;
END $$;
COMMENT ON FUNCTION leadroute_internal.not_in_status(leadroute.change_requests, text, text) IS 'The error of a change in another status than is needed. Internal.';

CREATE FUNCTION leadroute.approve_change(change_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests := leadroute_internal.change_locked(change_id);
    missing text;
BEGIN
    IF change.status <> 'proposed' THEN
        PERFORM leadroute_internal.not_in_status(change, 'proposed', 'A change is approved once. Propose another.');
    END IF;
    IF change.proposed_by = session_user THEN
        RAISE EXCEPTION 'change % cannot be approved by its author, "%"', change.id, session_user
            USING ERRCODE = 'check_violation', HINT = 'Ask somebody else who may call approve_change(). It is the login that counts, not SET ROLE.';
    END IF;
    SELECT string_agg(w, ', ') INTO missing FROM unnest(change.writes) w
     WHERE NOT has_table_privilege(session_user, 'leadroute.' || split_part(w, ' ', 2), split_part(w, ' ', 1));
    IF change.apply_at IS NOT NULL AND missing IS NOT NULL THEN
        RAISE EXCEPTION 'change % is to be applied at % with the rights of whoever approves it, and "%" lacks %', change.id, change.apply_at_given, session_user, missing
            USING ERRCODE = 'insufficient_privilege', HINT = format('leadroute.grant_role(''editor'', %L) grants them.', session_user);
    END IF;
    UPDATE leadroute.change_requests SET status = 'approved', approved_by = session_user, approved_at = clock_timestamp() WHERE id = change.id;
END $$;
COMMENT ON FUNCTION leadroute.approve_change(bigint) IS 'Approves a proposed change, which can then be applied. Not for its author: the login counts. A change with apply_at runs with the rights of who approves it.';

CREATE FUNCTION leadroute.refuse_change(change_id bigint, why text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests := leadroute_internal.change_locked(change_id);
BEGIN
    IF change.status NOT IN ('proposed', 'approved') THEN
        PERFORM leadroute_internal.not_in_status(change, 'proposed or approved', 'What was applied is taken back by revert_change().');
    END IF;
    UPDATE leadroute.change_requests SET status = 'refused', ended_by = session_user, ended_at = clock_timestamp(), ended_why = refuse_change.why WHERE id = change.id;
END $$;
COMMENT ON FUNCTION leadroute.refuse_change(bigint, text) IS 'Refuses a change that was not applied yet, for good.';

CREATE FUNCTION leadroute.cancel_change(change_id bigint, why text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests := leadroute_internal.change_locked(change_id);
BEGIN
    IF change.status NOT IN ('proposed', 'approved') THEN
        PERFORM leadroute_internal.not_in_status(change, 'proposed or approved', 'What was applied is taken back by revert_change().');
    ELSIF change.proposed_by <> session_user THEN
        RAISE EXCEPTION 'change % is cancelled by its author, "%", only', change.id, change.proposed_by
            USING ERRCODE = 'insufficient_privilege', HINT = 'Refuse it with leadroute.refuse_change(id, why).';
    END IF;
    UPDATE leadroute.change_requests SET status = 'cancelled', ended_by = session_user, ended_at = clock_timestamp(), ended_why = cancel_change.why WHERE id = change.id;
END $$;
COMMENT ON FUNCTION leadroute.cancel_change(bigint, text) IS 'Takes back a proposed change of one''s own that was not applied yet.';

CREATE FUNCTION leadroute_internal.change_begins(id bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests;
    names text[];
    writers text;
BEGIN
    change := leadroute_internal.change_locked(id);
    IF change.status <> 'approved' THEN
        PERFORM leadroute_internal.not_in_status(change, 'approved', CASE change.status WHEN 'proposed' THEN
            'Somebody else than its author approves it with leadroute.approve_change(id).' ELSE 'Propose another.' END);
    ELSIF change.apply_at > clock_timestamp() THEN
        RAISE EXCEPTION 'change % is to be applied at %, not now', change.id, change.apply_at_given
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'To apply it earlier, cancel it, and propose it without apply_at.';
    END IF;
    SELECT array_agg(DISTINCT n) INTO names FROM unnest(leadroute_internal.rule_tables() || leadroute_internal.compared_tables(change.tables, change.writes)) n;
    -- Nobody else changes them until this has committed: neither what is compared with what was seen, nor what golden leads pass.
    EXECUTE (SELECT format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', string_agg(format('leadroute.%I', n), ', ' ORDER BY n)) FROM unnest(names) n);
EXCEPTION WHEN lock_not_available THEN
    SELECT string_agg(format('Process %s (%s) has locked %s.', w.pid, w.usename, w.locked), E'\n' ORDER BY w.pid) INTO writers
      FROM (SELECT l.pid, a.usename, string_agg(DISTINCT l.relation::regclass::text, ', ') AS locked
              FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.granted AND l.pid <> pg_backend_pid() AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
               AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
               AND l.relation = ANY (ARRAY(SELECT format('leadroute.%I', n)::regclass FROM unnest(names) n))
             GROUP BY l.pid, a.usename) w;
    RAISE EXCEPTION 'change % is not applied: others write to it, or to tables that must stay as they are meanwhile', change_begins.id
        USING ERRCODE = 'lock_not_available', DETAIL = coalesce(writers, 'The change request itself is locked.'),
              HINT = 'Apply it again when their transactions have ended.';
END $$;
COMMENT ON FUNCTION leadroute_internal.change_begins(bigint) IS 'Locks a change that is applied, with the tables that must stay as they are; an error if it cannot be. Internal.';

CREATE FUNCTION leadroute_internal.run_change(id bigint) RETURNS void
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_run_change';
COMMENT ON FUNCTION leadroute_internal.run_change(bigint) IS 'Checks and runs the SQL of a change request, whatever its status, as the owner of the extension. Internal.';

CREATE FUNCTION leadroute_internal.seen_for(id bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT leadroute_internal.rules_seen(c.tables, c.writes) FROM leadroute.change_requests c WHERE c.id = seen_for.id $$;
COMMENT ON FUNCTION leadroute_internal.seen_for(bigint) IS 'Fingerprint of the rules that a change request goes by, as the calling query sees them. Internal.';

CREATE FUNCTION leadroute_internal.stamp_change(id bigint, seen text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Who proposed it cannot bring an approval up to date alone.
    UPDATE leadroute.change_requests c SET seen = stamp_change.seen, seen_by = session_user, seen_at = clock_timestamp()
     WHERE c.id = stamp_change.id AND c.seen <> stamp_change.seen
       AND (c.status = 'proposed' OR c.status = 'approved' AND c.proposed_by <> session_user);
END $$;
COMMENT ON FUNCTION leadroute_internal.stamp_change(bigint, text) IS 'Notes that a preview has begun with these rules: what became others while it ran was not looked at. Internal.';

CREATE FUNCTION leadroute.apply_change(change_id bigint) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_apply_change';
COMMENT ON FUNCTION leadroute.apply_change(bigint) IS 'Applies an approved change, with the rights of who calls it, all or nothing. Refused when the rules are others than it was proposed or previewed for last, or when a golden lead would go elsewhere.';

CREATE FUNCTION leadroute_internal.change_failed(id bigint, failure text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    change leadroute.change_requests;
BEGIN
    UPDATE leadroute.change_requests c SET failure = change_failed.failure, failed_at = clock_timestamp() WHERE c.id = change_failed.id RETURNING c.* INTO change;
    INSERT INTO leadroute.notifications (kind, details)
    SELECT 'change_failed', jsonb_build_object('alarm', 'change_failed', 'change', change.id, 'title', change.title, 'role', r.name, 'failure', change.failure,
                                               'reason', format('change %s (%s) could not be applied at %s: %s', change.id, change.title, change.apply_at_given, change.failure))
      FROM unnest(ARRAY[change.proposed_by, change.approved_by]) r (name);
    PERFORM leadroute_internal.wake_listeners();
END $$;
COMMENT ON FUNCTION leadroute_internal.change_failed(bigint, text) IS 'Notes why a change that was due could not be applied, and tells its author and its approver. Internal.';

CREATE FUNCTION leadroute.apply_due_changes() RETURNS integer
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_apply_due_changes';
COMMENT ON FUNCTION leadroute.apply_due_changes() IS 'Applies approved changes whose apply_at has come, each with the rights of who approved it, and returns how many. One that fails is noted in change_requests.failure, in routing_health, and in notifications to its author and its approver, and not tried again; one that has to wait for others is.';
