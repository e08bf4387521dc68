-- pg_dump keeps every row and counter; defaults that nobody edited come from the extension itself.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schedules', 'schedule_hours', 'holidays', 'reps', 'absences', 'territories', 'pools',
        'pool_members', 'segments', 'tiers', 'recycle_rules', 'enrichment_rules', 'account_policies', 'account_matching', 'account_names', 'score_criteria', 'playbooks', 'providers', 'accounts', 'account_domains', 'contacts',
        'domain_rules', 'industry_aliases', 'leads', 'attached_tables', 'adoptions', 'rep_sources', 'decisions', 'config_seen', 'lead_corrections', 'replay_checks', 'sla_clocks', 'past_stints', 'company_leads', 'late_touches', 'notifications', 'turns', 'loads', 'returned_turns', 'removed_defaults', 'config_history', 'change_requests', 'golden_leads', 'alarms', 'lead_events',
        'responses', 'claims', 'enrichments', 'qualifications', 'field_sources', 'provider_requests'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(format('leadroute.%I', name)::regclass, '');
    END LOOP;
    FOREACH name IN ARRAY ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains', 'reason_codes', 'alarm_thresholds'] LOOP
        PERFORM pg_catalog.pg_extension_config_dump(format('leadroute.%I', name)::regclass, 'WHERE NOT shipped');
    END LOOP;
    FOR name IN SELECT c.oid::regclass::text FROM pg_class c
                 WHERE c.relkind = 'S' AND c.relnamespace = 'leadroute'::regnamespace LOOP
        PERFORM pg_catalog.pg_extension_config_dump(name::regclass, '');
    END LOOP;
END $$;
