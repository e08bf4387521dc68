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
        PERFORM leadroute.adopt_leads();
        COMMIT;
        EXIT WHEN pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) every OPERATOR(pg_catalog.>=) ends;
        PERFORM pg_catalog.pg_sleep(extract(epoch FROM every));
        COMMIT;
    END LOOP;
END $$;
COMMENT ON PROCEDURE leadroute.keep_time(interval, interval) IS 'Takes due steps of SLA ladders and hands out waiting leads, again and again for so long: what a scheduler that only knows minutes calls once a minute. Does nothing on a standby.';

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
    FOR job, schedule, command IN VALUES
        ('leadroute escalation', CASE WHEN knows_seconds THEN '5 seconds' ELSE '* * * * *' END,
            CASE WHEN knows_seconds THEN 'CALL leadroute.keep_time(''0'')' ELSE 'CALL leadroute.keep_time()' END),
        ('leadroute housekeeping', '*/5 * * * *', 'SELECT leadroute.merge_duplicates()'),
        ('leadroute outbox', '*/5 * * * *', 'SELECT leadroute.check_rates(), leadroute.purge_notifications()'),
        ('leadroute performance', '23 3 * * *', 'SELECT leadroute.refresh_performance()') LOOP
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
        EXECUTE $q$SELECT count(cron.unschedule(jobid)) FROM cron.job WHERE jobname LIKE 'leadroute %'$q$ INTO removed;
    END IF;
    RETURN removed;
END $$;
COMMENT ON FUNCTION leadroute.unschedule_jobs() IS 'Removes the jobs of leadroute from pg_cron and returns how many there were.';
