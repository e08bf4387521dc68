-- Escalation, held leads, housekeeping, the outbox and performance by the clock, through pg_cron where it is installed.

CREATE FUNCTION leadroute.schedule_jobs() RETURNS TABLE (job text, schedule text, command text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Add pg_cron to shared_preload_libraries, set cron.database_name to this database, restart, and run CREATE EXTENSION pg_cron. Without it, call leadroute.escalate_overdue() from a scheduler of your own.';
    END IF;
    FOR job, schedule, command IN VALUES
        ('leadroute escalation', '* * * * *', 'SELECT leadroute.escalate_overdue()'),
        ('leadroute queues', '* * * * *', 'SELECT leadroute.assign_queued()'),
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
