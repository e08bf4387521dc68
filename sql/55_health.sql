-- Whether routing and its jobs do their work.

CREATE FUNCTION leadroute_internal.job_health() RETURNS TABLE ("check" text, status text, detail text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
BEGIN
    IF pg_is_in_recovery() THEN
        RETURN QUERY VALUES ('jobs', 'ok', 'this is a standby: jobs run on the primary');
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RETURN QUERY VALUES ('jobs', 'warning', 'pg_cron is not installed: a scheduler of your own must CALL keep_time() once a minute, and the other jobs');
        RETURN;
    END IF;
    FOR found IN SELECT * FROM jsonb_to_recordset(leadroute_internal.of_cron(format($q$
        SELECT jsonb_agg(f) FROM (SELECT j.jobname, j.active, j.nodeport, d.status, d.return_message, d.start_time
          FROM unnest(%L::text[]) name
          LEFT JOIN cron.job j ON j.jobname = name AND j.database = current_database()
          LEFT JOIN LATERAL (SELECT r.status, r.return_message, r.start_time FROM cron.job_run_details r
                              WHERE r.jobid = j.jobid AND r.status IN ('succeeded', 'failed') ORDER BY r.runid DESC LIMIT 1) d ON true
         ORDER BY name) f $q$, ARRAY(SELECT j.job FROM leadroute_internal.jobs(true) j)))::jsonb)
               AS f (jobname text, active boolean, nodeport integer, status text, return_message text, start_time timestamptz) LOOP
        "check" := coalesce(found.jobname, 'jobs');
        IF found.jobname IS NULL THEN
            status := 'error';
            detail := 'a job is not scheduled: run SELECT * FROM leadroute.schedule_jobs()';
        ELSIF NOT found.active THEN
            status := 'error';
            detail := 'the job is switched off in cron.job';
        ELSIF found.nodeport <> current_setting('port')::integer THEN
            status := 'error';
            detail := format('the job connects to port %s, the server listens on %s: run unschedule_jobs(), then schedule_jobs()', found.nodeport, current_setting('port'));
        ELSIF found.status = 'failed' THEN
            status := 'error';
            detail := format('the last run (%s) failed: %s', found.start_time, found.return_message);
        ELSE
            status := 'ok';
            detail := CASE WHEN found.start_time IS NULL THEN 'has not run yet' ELSE format('last run %s', found.start_time) END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.job_health() IS 'What pg_cron says of the jobs of leadroute, for routing_health.';

CREATE FUNCTION leadroute_internal.change_requests_required() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN s.named = '' THEN 'are required for no table (leadroute.require_change_request is empty)'
                WHEN s.words && '{rules_after_first_change}' AND NOT s.words && '{rules}' THEN
                    coalesce('are required of all but superusers since ' || leadroute_internal.first_change(), 'are not required before the first is applied')
                    || format(' (leadroute.require_change_request is %s)', s.named)
                ELSE format('are required (leadroute.require_change_request is %s)', s.named) END
           || format('; changes of rules without one in 30 days: %s',
                     (SELECT count(*) FROM leadroute.config_history h
                       WHERE h.changed_at > now() - interval '30 days' AND h.change_id IS NULL AND NOT h.is_data AND h."table" = ANY (leadroute_internal.rule_tables())))
      FROM (SELECT n.named, regexp_split_to_array(lower(btrim(n.named)), '[[:space:]]*,[[:space:]]*') AS words
              FROM (SELECT leadroute_internal.setting('require_change_request')) n (named)) s $$;
COMMENT ON FUNCTION leadroute_internal.change_requests_required() IS 'Whether rules are changed by change requests only, and since when, for routing_health. Internal.';

CREATE VIEW leadroute.routing_health AS
SELECT 'routing' AS "check", CASE leadroute_internal.setting('enabled') WHEN 'on' THEN 'ok' ELSE 'error' END AS status,
       CASE leadroute_internal.setting('enabled') WHEN 'on' THEN 'is on' ELSE 'is off: leads are not assigned' END AS detail,
       NULL::numeric AS value, NULL::numeric AS "limit"
UNION ALL
SELECT 'leads without a route', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
       format('leads that came while routing was off, or with their owners: %s (adopt_leads() takes them in)', count(*)), NULL, NULL
  FROM leadroute.leads WHERE unassigned_at = 'infinity' AND decision_id IS NULL
UNION ALL
SELECT 'routing errors', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
       format('of the last 10,000 decisions errors kept in catch_all: %s%s', count(*), max('; ' || reason)), NULL, NULL
  FROM (SELECT reason, trace FROM leadroute.decisions ORDER BY id DESC LIMIT 10000) d
 WHERE trace @> '[{"code": "error"}]'
UNION ALL
SELECT 'replay', CASE WHEN c.differed > 0 THEN 'error' ELSE 'ok' END,
       CASE WHEN c.id IS NULL THEN 'no decision has been made again yet (check_replays)'
            ELSE format('of %s decisions that were made again on %s differed: %s%s', c.replayed, c.checked_at::date, c.differed,
                        '; the first is ' || c.first_different || ', ' || c.difference) END, NULL, NULL
  FROM (VALUES (1)) one LEFT JOIN (SELECT * FROM leadroute.replay_checks ORDER BY id DESC LIMIT 1) c ON true
UNION ALL
SELECT 'overdue steps', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
       format('steps of SLA ladders due for more than two minutes: %s', count(*)), NULL, NULL
  FROM leadroute.sla_clocks WHERE next_at < now() - interval '2 minutes'
UNION ALL
SELECT 'outbox', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END,
       format('notifications handed out five times or more and not acknowledged: %s (stuck_notifications)', count(*)), NULL, NULL
  FROM leadroute.stuck_notifications
UNION ALL
SELECT 'rules', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warning' END, format('listed in config_problems: %s', count(*)), NULL, NULL
  FROM leadroute.config_problems
UNION ALL
SELECT 'changes', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'error' END,
       format('approved changes that could not be applied when they were due: %s%s', count(*),
              (array_agg(format('; change %s: %s', id, failure) ORDER BY failed_at DESC))[1]), NULL, NULL
  FROM leadroute.change_requests WHERE status = 'approved' AND failure IS NOT NULL
UNION ALL
SELECT 'providers', CASE WHEN coalesce(sum(p.late), 0) = 0 THEN 'ok' ELSE 'warning' END,
       format('requests of the last day that providers have not answered in time: %s%s', coalesce(sum(p.late), 0), ' (' || string_agg(p.provider || ': ' || p.late, ', ' ORDER BY p.provider) || ')'), NULL, NULL
  FROM (SELECT provider, count(*) AS late FROM leadroute.provider_requests WHERE timed_out_at > now() - interval '1 day' GROUP BY provider) p
UNION ALL
SELECT 'change requests', 'ok', leadroute_internal.change_requests_required(), NULL, NULL
UNION ALL
SELECT j."check", j.status, j.detail, NULL, NULL FROM leadroute_internal.job_health() j
UNION ALL
SELECT a.threshold, a.status, a.detail, a.value, a."limit" FROM leadroute_internal.alarm_health a;
COMMENT ON VIEW leadroute.routing_health IS 'A line for each thing that must work, with status ok, warning or error: routing, the ladder, the rules, changes that were due, late answers of providers, the jobs of pg_cron, and the alarms of alarm_thresholds. After a promotion to another port the jobs fail until they are scheduled again; it says so here.';
COMMENT ON COLUMN leadroute.routing_health."check" IS 'What is looked at; of an alarm, alarm_thresholds.name.';
COMMENT ON COLUMN leadroute.routing_health.status IS 'ok, warning or error; an alarm is a warning.';
COMMENT ON COLUMN leadroute.routing_health.detail IS 'What was found, with the remedy.';
COMMENT ON COLUMN leadroute.routing_health.value IS 'Of an alarm the value that is nearest to its limit, or furthest past it, in the unit of its measure; NULL where there is too little to say.';
COMMENT ON COLUMN leadroute.routing_health."limit" IS 'Its limit, in the same unit; of a score band the rate of the band below. NULL where there is none.';
