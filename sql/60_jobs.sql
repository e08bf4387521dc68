-- Escalation, held leads, housekeeping, the outbox and performance by the clock, through pg_cron where it is installed.

CREATE PROCEDURE leadroute.keep_time(length interval DEFAULT '55 seconds', every interval DEFAULT '5 seconds')
    LANGUAGE plpgsql AS $$
-- A procedure that commits cannot set its search_path: so every name and operator says where it is from.
DECLARE
    ends pg_catalog.timestamptz := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) length;
BEGIN
    WHILE NOT pg_catalog.pg_is_in_recovery() LOOP
        -- Each in a transaction of its own, so that nothing is held while it sleeps.
        PERFORM leadroute.escalate_overdue();
        COMMIT;
        PERFORM leadroute.assign_queued();
        COMMIT;
        PERFORM leadroute.release_unassigned();
        COMMIT;
        PERFORM leadroute.adopt_leads(only_attached => true);
        COMMIT;
        PERFORM leadroute.apply_due_changes();
        COMMIT;
        PERFORM leadroute.note_timeouts();
        COMMIT;
        EXIT WHEN pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) every OPERATOR(pg_catalog.>=) ends;
        PERFORM pg_catalog.pg_sleep(extract(epoch FROM every));
        COMMIT;
    END LOOP;
END $$;
COMMENT ON PROCEDURE leadroute.keep_time(interval, interval) IS 'Takes due steps of SLA ladders, hands out waiting leads, applies changes of rules that are due and notes answers of providers that are late, again and again for so long: what a scheduler that only knows minutes calls once a minute. Does nothing on a standby.';

CREATE FUNCTION leadroute_internal.jobs(knows_seconds boolean) RETURNS TABLE (job text, schedule text, command text)
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    VALUES ('leadroute escalation', CASE WHEN knows_seconds THEN '5 seconds' ELSE '* * * * *' END,
            CASE WHEN knows_seconds THEN 'CALL leadroute.keep_time(''0'')' ELSE 'CALL leadroute.keep_time()' END),
        ('leadroute housekeeping', '*/5 * * * *', 'SELECT leadroute.merge_duplicates(), leadroute.purge_job_history(), leadroute.purge_answers()'),
        ('leadroute outbox', '*/5 * * * *', 'SELECT leadroute.check_alarms(), leadroute.purge_notifications()'),
        ('leadroute performance', '23 3 * * *', 'SELECT leadroute.refresh_performance()'),
        ('leadroute replay', '47 3 * * *', 'SELECT leadroute.check_replays()') $$;
COMMENT ON FUNCTION leadroute_internal.jobs(boolean) IS 'The jobs of leadroute, for a pg_cron that knows seconds or only minutes. Internal.';

CREATE FUNCTION leadroute_internal.of_cron(statement text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    jobs oid := (SELECT c.oid FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
                   JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'pg_cron'
                  WHERE c.oid = leadroute_internal.relation_named('cron.job'));
BEGIN
    -- As the owner of the table, from whom row security hides no jobs of others.
    RETURN CASE WHEN jobs IS NOT NULL THEN leadroute_internal.as_owner_of(jobs, statement) END;
END $$;
COMMENT ON FUNCTION leadroute_internal.of_cron(text) IS 'Runs a statement on the tables of pg_cron, as who owns them; NULL without pg_cron. Internal.';

CREATE FUNCTION leadroute.purge_job_history(older_than interval DEFAULT '7 days') RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF older_than < interval '0' THEN
        RAISE EXCEPTION 'older_than must not be negative, but is %', older_than
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 7 days.';
    END IF;
    -- pg_cron keeps runs for ever, also those of jobs that are not scheduled any more; it has had a history since 1.3.
    IF leadroute_internal.relation_named('cron.job_run_details') IS NULL THEN
        RETURN 0;
    END IF;
    RETURN coalesce(leadroute_internal.of_cron(format($q$
        WITH gone AS (
            DELETE FROM cron.job_run_details d
             WHERE d.database = current_database() AND coalesce(d.end_time, d.start_time) < %L
               AND (d.command = ANY (%L::text[])
                    OR d.jobid IN (SELECT j.jobid FROM cron.job j WHERE j.jobname = ANY (%L::text[]) AND j.database = current_database()))
            RETURNING d.runid)
        SELECT count(*) FROM gone $q$, clock_timestamp() - older_than,
        ARRAY(SELECT j.command FROM leadroute_internal.jobs(true) j UNION SELECT j.command FROM leadroute_internal.jobs(false) j),
        ARRAY(SELECT j.job FROM leadroute_internal.jobs(true) j)))::bigint, 0);
END $$;
COMMENT ON FUNCTION leadroute.purge_job_history(interval) IS 'Removes what pg_cron has noted of runs of the jobs of leadroute that ended so long ago, and returns how many; those of other jobs stay. Does nothing without pg_cron.';

CREATE FUNCTION leadroute_internal.jobs_gone() RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN coalesce(leadroute_internal.of_cron(format($q$
        WITH gone AS (DELETE FROM cron.job j WHERE j.jobname = ANY (%L::text[]) AND j.database = current_database() RETURNING j.jobid)
        SELECT count(*) FROM gone $q$, ARRAY(SELECT j.job FROM leadroute_internal.jobs(true) j)))::bigint, 0);
END $$;
COMMENT ON FUNCTION leadroute_internal.jobs_gone() IS 'Removes the jobs of this database, whoever has scheduled them, as the extension is dropped; returns how many. Internal.';

CREATE FUNCTION leadroute_internal.is_dropped_with(kind text, names text[]) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE needed (classid, objid) AS (
        SELECT 'pg_extension'::regclass::oid, oid FROM pg_extension WHERE extname = 'leadroute'
        UNION
        SELECT d.refclassid, d.refobjid FROM needed n JOIN pg_depend d ON (d.classid, d.objid) = (n.classid, n.objid)
         WHERE d.refclassid IN ('pg_extension'::regclass, 'pg_namespace'::regclass))
    SELECT EXISTS (
        SELECT FROM needed n
          LEFT JOIN pg_extension e ON n.classid = 'pg_extension'::regclass AND e.oid = n.objid
          LEFT JOIN pg_namespace s ON n.classid = 'pg_namespace'::regclass AND s.oid = n.objid
         WHERE CASE kind WHEN 'extension' THEN e.extname WHEN 'schema' THEN s.nspname
                         ELSE pg_get_userbyid(coalesce(e.extowner, s.nspowner)) END = ANY (names)) $$;
COMMENT ON FUNCTION leadroute_internal.is_dropped_with(text, text[]) IS 'Whether leadroute goes when extensions, schemas or what roles own are dropped: it, or what it requires. Internal.';

CREATE FUNCTION leadroute_internal.extension_dropping() RETURNS event_trigger
    LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'leadroute_extension_dropping';
COMMENT ON FUNCTION leadroute_internal.extension_dropping() IS 'Event trigger: the jobs of leadroute go with it. If the command fails, they stay.';

CREATE FUNCTION leadroute.schedule_jobs() RETURNS TABLE (job text, schedule text, command text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    version text := (SELECT extversion FROM pg_extension WHERE extname = 'pg_cron');
    -- written 1.4-1 or 1.6
    knows_seconds boolean := regexp_match(version, '^([0-9]+)[.]([0-9]+)')::integer[] >= '{1,5}';
BEGIN
    IF version IS NULL THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Add pg_cron to shared_preload_libraries, set cron.database_name to this database, restart, and run CREATE EXTENSION pg_cron. Without it, CALL leadroute.keep_time() once a minute from a scheduler of your own.';
    END IF;
    FOR job, schedule, command IN SELECT * FROM leadroute_internal.jobs(knows_seconds) LOOP
        EXECUTE 'SELECT cron.schedule($1, $2, $3)' USING job, schedule, command;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.schedule_jobs() IS 'Registers the jobs of leadroute with pg_cron, for the current user and database; calling it again changes nothing.';

CREATE FUNCTION leadroute.unschedule_jobs() RETURNS integer
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    removed integer := 0;
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        EXECUTE 'SELECT count(cron.unschedule(jobid)) FROM cron.job WHERE jobname = ANY ($1) AND database = current_database()'
           INTO removed USING ARRAY(SELECT j.job FROM leadroute_internal.jobs(true) j);
    END IF;
    RETURN removed;
END $$;
COMMENT ON FUNCTION leadroute.unschedule_jobs() IS 'Removes the jobs of leadroute from pg_cron, those that the current user may remove, and returns how many there were.';
