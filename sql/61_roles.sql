-- Who may do what: recipes of grants, each for one kind of role.

CREATE VIEW leadroute.role_recipes AS
WITH config AS (
    SELECT 'TABLE leadroute.reps, leadroute.schedules, leadroute.schedule_hours, leadroute.holidays, leadroute.absences, leadroute.accounts, '
           'leadroute.account_domains, leadroute.contacts, leadroute.domain_rules, leadroute.mail_domains, leadroute.industry_aliases, '
           'leadroute.country_aliases, leadroute.territories, leadroute.segments, leadroute.tiers, leadroute.pools, leadroute.pool_members, '
           'leadroute.queues, leadroute.event_types, leadroute.sla_policies, leadroute.escalation_steps, leadroute.recycle_rules, leadroute.enrichment_rules, '
           'leadroute.account_policies, leadroute.account_matching, leadroute.providers, leadroute.score_criteria, leadroute.playbooks, leadroute.golden_leads, leadroute.reason_codes, leadroute.alarm_thresholds' AS tables,
           'leadroute.config_problems, leadroute.coverage_gaps, leadroute.rule_gaps, leadroute.rule_overlaps, leadroute.unreachable_rules, leadroute.idle_conditions, leadroute.changelog, leadroute.config_history, leadroute.change_requests' AS shown,
           'FUNCTION leadroute.rule_gaps(timestamptz), leadroute.idle_conditions(timestamptz), leadroute.rules_diagram(text)' AS surveys,
           'FUNCTION leadroute.monthly_audit(date, text), leadroute.audit_measures(timestamptz, timestamptz, text), leadroute.unrouted_rate(timestamptz, timestamptz, text), '
           'leadroute.misrouted_leads(timestamptz, timestamptz, text), leadroute.leads_by_rep(date), leadroute.weekly_leads_by_rep(date, text), leadroute.leads_by_rep(timestamptz, timestamptz, text), '
           'leadroute.sla_by_rep(timestamptz, timestamptz, text), leadroute.sla_by_territory(timestamptz, timestamptz, text), '
           'leadroute.speed_to_lead(timestamptz, timestamptz, text), leadroute.speed_percentiles(timestamptz, timestamptz, text, text), '
           'leadroute.pool_fairness(timestamptz, timestamptz, text), leadroute.claim_patterns(timestamptz, timestamptz, text), '
           'leadroute.territory_balance(timestamptz, timestamptz, text), leadroute.score_calibration(timestamptz, timestamptz, text), '
           'leadroute.suggest_score_borders(timestamptz, timestamptz, text, text), '
           'leadroute.fairness_certificate(text, timestamptz, timestamptz, text), leadroute.fairness_verdict(text, timestamptz, timestamptz, text)' AS reports
)
SELECT r.recipe, r.privileges, r.objects FROM config, LATERAL (VALUES
    ('app', 'INSERT (external_id, email, first_name, last_name, phone, title, department, company, website, crm_account_id, country, region, '
            'city, postal_code, industry, employees, annual_revenue, product, language, score, event, occurred_at, source, campaign, attributes), '
            'SELECT (id, external_id, status, owner_id, queue, country, occurred_at, sla_due_at, duplicate_of, decision_id)', 'TABLE leadroute.leads'),
    ('app', 'EXECUTE', 'FUNCTION leadroute.route_lead(jsonb)'),
    ('sales_tool', 'SELECT', 'TABLE leadroute.leads, leadroute.queue_backlog, leadroute.rep_load'),
    ('sales_tool', 'EXECUTE', 'FUNCTION leadroute.record_response(bigint, text, text, timestamptz, boolean), leadroute.record_event(bigint, text, timestamptz, jsonb), '
            'leadroute.claim_lead(bigint, text), leadroute.transfer_lead(bigint, text, text), leadroute.transfer_lead(bigint, text, text, text), leadroute.hand_over_leads(text, text, integer), leadroute.return_turn(bigint, text), leadroute.return_turn(bigint, text, text), '
            'leadroute.close_lead(bigint, text, numeric, timestamptz), leadroute.apply_qualification(bigint, numeric, jsonb, text, text), leadroute.apply_enrichment(bigint, jsonb, text, text), '
            'leadroute.set_presence(text, text), leadroute.take_off(text, date, date, text, text), leadroute.attached_lead(regclass, text), leadroute.explain_decision(bigint), leadroute.full_trace(jsonb), leadroute.counter_explain(bigint), leadroute.explain_lead(bigint), '
            'leadroute.take_notifications(text, integer, interval, text, text[]), leadroute.ack_notifications(bigint[]), '
            'leadroute.release_notifications(text, bigint[], interval), leadroute.notifications_waiting(text[], text[]), leadroute.doze(text[], text[]), leadroute.wake()'),
    ('provider', 'EXECUTE', 'FUNCTION leadroute.take_requests(text, integer, interval, text, text), leadroute.answer_request(text, text, jsonb), '
            'leadroute.release_requests(text, text[], interval, text), leadroute.doze(text[], text[]), leadroute.wake()'),
    ('calendar', 'EXECUTE', 'FUNCTION leadroute.sync_absences(text, text, tstzrange, jsonb), leadroute.set_presence(text, text)'),
    ('editor', 'SELECT, INSERT, UPDATE, DELETE', config.tables),
    ('editor', 'SELECT', 'TABLE ' || config.shown),
    ('editor', 'EXECUTE', config.surveys),
    ('editor', 'EXECUTE', 'FUNCTION leadroute.rules_difference(jsonb), leadroute.propose_rules(text, text, jsonb), leadroute.propose_change(text, text, text, text), leadroute.propose_change(text, text, text, timestamptz), leadroute.cancel_change(bigint, text), '
            'leadroute.apply_change(bigint), leadroute.check_golden_leads()'),
    ('editor', 'EXECUTE', 'FUNCTION leadroute.config_as_of(text, timestamptz), leadroute.export_rules(), leadroute.lint_config(), leadroute.check_integrity(), leadroute.preview_route(jsonb, timestamptz), leadroute.qualify_lead(jsonb, timestamptz), leadroute.preview_change(bigint, timestamptz), leadroute.preview_summary(bigint, timestamptz, numeric), leadroute.set_presence(text, text), '
            'leadroute.take_off(text, date, date, text, text), leadroute.hand_over_leads(text, text, integer), leadroute.requalify_account(text, text, text)'),
    ('editor', 'EXECUTE', 'FUNCTION leadroute.revert_change(bigint, text), leadroute.propose_rebalance(timestamptz, text)'),
    ('analyst', 'SELECT', 'ALL TABLES IN SCHEMA leadroute'),
    ('analyst', 'EXECUTE', config.surveys),
    ('analyst', 'EXECUTE', config.reports),
    ('analyst', 'EXECUTE', 'FUNCTION leadroute.config_as_of(text, timestamptz), leadroute.export_rules(), leadroute.explain_decision(bigint), leadroute.full_trace(jsonb), leadroute.counter_explain(bigint), leadroute.explain_lead(bigint), leadroute.replay_decision(bigint), leadroute.lint_config(), leadroute.check_integrity()'),
    ('analyst', 'EXECUTE', 'FUNCTION leadroute.report(timestamptz, timestamptz, text, text), leadroute.report_html(timestamptz, timestamptz, text, text)'),
    ('monitor', 'SELECT', 'TABLE leadroute.routing_health, leadroute.queue_backlog, leadroute.stuck_notifications, leadroute.config_problems, leadroute.coverage_gaps'),
    ('monitor', 'EXECUTE', 'FUNCTION leadroute.lint_config(), leadroute.check_integrity(), leadroute.notifications_waiting(text[], text[])'),
    ('worker', 'EXECUTE', 'FUNCTION leadroute.escalate_overdue(integer, timestamptz), leadroute.assign_queued(integer, timestamptz), leadroute.release_unassigned(integer, timestamptz), leadroute.adopt_leads(integer, boolean), leadroute.merge_duplicates(integer), leadroute.apply_due_changes(), '
            'leadroute.check_alarms(), leadroute.check_rates(), leadroute.purge_notifications(interval, integer), leadroute.purge_answers(interval, integer), leadroute.purge_job_history(interval), leadroute.note_timeouts(integer, timestamptz), leadroute.refresh_performance(), leadroute.check_replays(integer, interval), '
            'leadroute.schedule_jobs(), leadroute.unschedule_jobs()'),
    ('worker', 'EXECUTE', 'PROCEDURE leadroute.keep_time(interval, interval)'),
    ('author', 'SELECT', config.tables || ', ' || config.shown),
    ('author', 'EXECUTE', config.surveys),
    ('author', 'EXECUTE', 'FUNCTION leadroute.rules_difference(jsonb), leadroute.propose_rules(text, text, jsonb), leadroute.propose_change(text, text, text, text), leadroute.propose_change(text, text, text, timestamptz), leadroute.cancel_change(bigint, text), '
            'leadroute.check_golden_leads(), leadroute.config_as_of(text, timestamptz), leadroute.export_rules(), leadroute.lint_config(), leadroute.preview_route(jsonb, timestamptz), leadroute.qualify_lead(jsonb, timestamptz), leadroute.preview_change(bigint, timestamptz), leadroute.preview_summary(bigint, timestamptz, numeric)'),
    ('author', 'EXECUTE', 'FUNCTION leadroute.revert_change(bigint, text), leadroute.propose_rebalance(timestamptz, text)'),
    ('approver', 'SELECT', config.tables || ', ' || config.shown),
    ('approver', 'EXECUTE', config.surveys),
    ('approver', 'EXECUTE', 'FUNCTION leadroute.approve_change(bigint), leadroute.refuse_change(bigint, text), leadroute.check_golden_leads(), '
            'leadroute.config_as_of(text, timestamptz), leadroute.export_rules(), leadroute.lint_config(), leadroute.preview_route(jsonb, timestamptz), leadroute.qualify_lead(jsonb, timestamptz), leadroute.preview_change(bigint, timestamptz), leadroute.preview_summary(bigint, timestamptz, numeric)')
) AS r (recipe, privileges, objects);
COMMENT ON VIEW leadroute.role_recipes IS 'What grant_role() grants: for an app that inserts leads, a sales tool that reports and is notified, a worker that asks providers and brings their answers, one that reads calendars and reports presence, an editor of the routing tables, an analyst, a monitor, a worker that runs the jobs, an author who proposes changes of rules, and an approver who reads and approves them. Who applies a change is an editor; one that is due runs for its approver, who must be an editor, too.';
COMMENT ON COLUMN leadroute.role_recipes.recipe IS 'The kind of role.';
COMMENT ON COLUMN leadroute.role_recipes.privileges IS 'What is granted.';
COMMENT ON COLUMN leadroute.role_recipes.objects IS 'On what.';

-- A role that may read a view, but not its tables, learns nothing more by the conditions of its queries.
ALTER VIEW leadroute.routing_health SET (security_barrier);
ALTER VIEW leadroute.queue_backlog SET (security_barrier);
ALTER VIEW leadroute.stuck_notifications SET (security_barrier);
ALTER VIEW leadroute.config_problems SET (security_barrier);
ALTER VIEW leadroute.coverage_gaps SET (security_barrier);
ALTER VIEW leadroute.rep_load SET (security_barrier);

CREATE FUNCTION leadroute.grant_role(recipe text, grantee regrole) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
    known text := (SELECT string_agg(DISTINCT k.recipe, ', ' ORDER BY k.recipe) FROM leadroute.role_recipes k);
BEGIN
    IF grantee IS NULL OR NOT EXISTS (SELECT FROM leadroute.role_recipes k WHERE k.recipe = grant_role.recipe) THEN
        RAISE EXCEPTION 'there is no recipe "%" of grants%', coalesce(recipe, 'null'), CASE WHEN grantee IS NULL THEN ' for nobody' ELSE '' END
            USING ERRCODE = 'invalid_parameter_value', HINT = format('Recipes are %s; leadroute.role_recipes shows them.', known);
    END IF;
    FOR r IN SELECT k.privileges, k.objects FROM leadroute.role_recipes k WHERE k.recipe = grant_role.recipe LOOP
        EXECUTE format('GRANT %s ON %s TO %s', r.privileges, r.objects, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.grant_role(text, regrole) IS 'Grants a role what one of the recipes of role_recipes says. With the rights of whoever calls it, who must be able to grant that: the creator of the extension, or a superuser.';

CREATE FUNCTION leadroute.revoke_role(recipe text, grantee regrole) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT k.privileges, k.objects FROM leadroute.role_recipes k WHERE k.recipe = revoke_role.recipe LOOP
        EXECUTE format('REVOKE %s ON %s FROM %s', r.privileges, r.objects, grantee);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute.revoke_role(text, regrole) IS 'Takes away again what grant_role() has granted with a recipe, also where another recipe grants the same.';
