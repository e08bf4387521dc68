-- What users call, by topic, read from the catalog: a new function or view is in it by itself.

CREATE FUNCTION leadroute.help(about text DEFAULT NULL)
    RETURNS TABLE (topic text, kind text, name text, arguments text, what text, allowed boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH topics (no, topic, names) AS (VALUES
        (1, 'routing', '(route_lead|preview_route|reroute_lead|adopt_leads|explain_.*|full_trace|counter_explain|replay_decision|audit_log)'),
        (2, 'leads', '(record_.*|claim_lead|transfer_lead|return_turn|close_lead|forget_corrections|stints|escalations|expansions|recycled)'),
        (3, 'reps', '(set_presence|take_off|sync_absences|hand_over_leads|sync_reps|rep_load|rep_cover)'),
        (4, 'scores and data', '(qualify_lead|apply_qualification|apply_enrichment|requalify_account|account_.*|match_.*)'),
        (5, 'tables of your own', '(attach|detach|attached_lead)'),
        (6, 'notifications', '(.*_notifications|notifications_.*|.*_requests?|doze|wake)'),
        (7, 'changes', '(.*_change|preview_summary|propose_.*|apply_due_changes|check_golden_leads|config_as_of|export_rules|rules_difference|changelog)'),
        (8, 'checks', '(lint_config|config_problems|coverage_gaps|rule_.*|unreachable_rules|idle_conditions|segment_.*|rules_diagram|check_integrity)'),
        (9, 'reports', '(report|report_html|audit_measures|monthly_audit|.*_rate|misrouted_leads|(weekly_)?leads_by_rep|sla_by_.*|speed_.*|pool_.*|claim_patterns|territory_balance|score_calibration|suggest_.*|fairness_.*|queue_backlog)'),
        (10, 'operation', '(routing_health|schedule_jobs|unschedule_jobs|keep_time|escalate_overdue|assign_queued|release_unassigned|merge_duplicates|note_timeouts|refresh_performance|check_.*|purge_.*|.*_role|role_recipes|help)')
    ), things AS (
        SELECT p.proname::text AS name, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
               regexp_replace(replace(pg_get_function_arguments(p.oid), 'timestamp with time zone', 'timestamptz'), '::[a-z]+([[][]])?', '', 'g') AS arguments, obj_description(p.oid, 'pg_proc') AS comment,
               has_function_privilege(p.oid, 'EXECUTE') AS allowed
          FROM pg_proc p
         WHERE p.pronamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'leadroute')
           -- triggers, a check of a column, and what the engine reads are called by nobody
           AND p.prorettype <> 'trigger'::regtype AND p.proname NOT IN ('is_time_zone', 'rules_json', 'roster_json')
        UNION ALL
        SELECT c.relname::text, 'view', '', obj_description(c.oid, 'pg_class'), has_table_privilege(c.oid, 'SELECT')
          FROM pg_class c
         WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'leadroute') AND c.relkind = 'v'
    ), known AS (
        SELECT coalesce(t.no, 11) AS no, coalesce(t.topic, 'other') AS topic, h.kind, h.name, h.arguments,
               coalesce(substring(h.comment FROM '^.*?[.](?= |$)'), h.comment) AS what, h.allowed
          FROM things h
          LEFT JOIN LATERAL (SELECT t.no, t.topic FROM topics t WHERE h.name ~ ('^' || t.names || '$') ORDER BY t.no LIMIT 1) t ON true
    )
    SELECT k.topic, k.kind, k.name, k.arguments, k.what, k.allowed FROM known k
     WHERE help.about IS NULL OR k.topic = lower(help.about) OR strpos(k.name, lower(help.about)) > 0
     ORDER BY k.no, k.name COLLATE "C", k.kind, k.arguments COLLATE "C" $$;
COMMENT ON FUNCTION leadroute.help(text) IS 'Lists the functions and views that people and apps use, by topic: name, arguments, the first sentence of the comment, and whether the current role may use it. about is a topic (routing, leads, reps, scores and data, tables of your own, notifications, changes, checks, reports, operation), or a part of a name; NULL lists all. \df+ and \d+ show whole comments.';
