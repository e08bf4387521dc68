-- Nobody may do anything until it is granted, and everything belongs to leadroute_owner (see 00_schemas.sql).

ALTER SCHEMA leadroute OWNER TO leadroute_owner;
ALTER SCHEMA leadroute_internal OWNER TO leadroute_owner;
DO $$
DECLARE
    object record;
BEGIN
    FOR object IN
        -- sequences of identity columns follow their tables
        SELECT format('ALTER TABLE %s OWNER TO leadroute_owner', c.oid::pg_catalog.regclass) AS command
          FROM pg_catalog.pg_class c
         WHERE c.relnamespace IN ('leadroute'::pg_catalog.regnamespace, 'leadroute_internal'::pg_catalog.regnamespace)
           AND (c.relkind IN ('r', 'v') OR c.relkind = 'S' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'i'))
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO leadroute_owner', p.oid::pg_catalog.regprocedure)
          FROM pg_catalog.pg_proc p
         WHERE p.pronamespace IN ('leadroute'::pg_catalog.regnamespace, 'leadroute_internal'::pg_catalog.regnamespace)
        UNION ALL
        SELECT format('ALTER DOMAIN %s OWNER TO leadroute_owner', t.oid::pg_catalog.regtype)
          FROM pg_catalog.pg_type t WHERE t.typnamespace = 'leadroute'::pg_catalog.regnamespace AND t.typtype = 'd'
    LOOP
        EXECUTE object.command;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA leadroute TO PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA leadroute, leadroute_internal FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA leadroute, leadroute_internal FROM PUBLIC;
-- What ALTER DEFAULT PRIVILEGES of whoever installs has granted is taken back, too.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT DISTINCT o.command, a.grantee::pg_catalog.regrole::text AS grantee
          FROM (SELECT pg_catalog.format('SCHEMA %I', n.nspname) AS command, n.nspacl AS acl FROM pg_catalog.pg_namespace n
                 WHERE n.nspname IN ('leadroute', 'leadroute_internal')
                UNION ALL
                SELECT pg_catalog.format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::pg_catalog.regclass), c.relacl
                  FROM pg_catalog.pg_class c
                 WHERE c.relnamespace IN ('leadroute'::pg_catalog.regnamespace, 'leadroute_internal'::pg_catalog.regnamespace)
                UNION ALL
                SELECT pg_catalog.format('ROUTINE %s', p.oid::pg_catalog.regprocedure), p.proacl FROM pg_catalog.pg_proc p
                 WHERE p.pronamespace IN ('leadroute'::pg_catalog.regnamespace, 'leadroute_internal'::pg_catalog.regnamespace)
                UNION ALL
                SELECT pg_catalog.format('DOMAIN %s', t.oid::pg_catalog.regtype), t.typacl FROM pg_catalog.pg_type t
                 WHERE t.typnamespace = 'leadroute'::pg_catalog.regnamespace AND t.typtype = 'd') AS o,
               LATERAL pg_catalog.aclexplode(o.acl) AS a
         WHERE a.grantee NOT IN (0, 'leadroute_owner'::pg_catalog.regrole)
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON %s FROM %s', given.command, given.grantee);
    END LOOP;
END $$;
-- Whoever may update leads runs the condition of a trigger, whoever may edit reps the check of their time zone, whoever may edit tiers compares tenants, or enrichment rules fields, and whoever restores history
-- learns the number of their transaction; they read nothing.
GRANT EXECUTE ON FUNCTION leadroute.is_time_zone(text), leadroute_internal.tenant_ranges(text[]), leadroute_internal.column_named(text), leadroute_internal.has_place(timestamptz, text, text, bigint, leadroute.lead_status),
    leadroute_internal.is_more_than_values(bigint, bigint, text, text, text, text, bigint, bigint, text, text, text, text, timestamptz), leadroute_internal.person_of(text), leadroute_internal.transaction_of(bigint),
    leadroute_internal.must(boolean, text, text, text) TO PUBLIC;
-- What there is to call is no secret: it reads the catalog as its caller.
GRANT EXECUTE ON FUNCTION leadroute.help(text) TO PUBLIC;
-- Whoever owns an attached table creates its triggers, also in a restore. They check where they are called.
GRANT EXECUTE ON FUNCTION leadroute.attached_statement(), leadroute.attached_row(), leadroute.attached_written(),
    leadroute.attached_key_changed(), leadroute.attached_row_changing(), leadroute.attached_row_changed(), leadroute.attached_link_changed(),
    leadroute.attached_deleted(), leadroute.attached_truncated(), leadroute.users_changed() TO PUBLIC;
-- Views call these, with the rights of whoever reads them; nobody can call them by name.
GRANT EXECUTE ON FUNCTION leadroute_internal.condition_problem(jsonpath), leadroute_internal.attached_problems(), leadroute_internal.source_problems(),
    leadroute_internal.job_health(), leadroute_internal.change_requests_required(), leadroute_internal.alarm_findings(), leadroute_internal.dangling_references(), leadroute_internal.segment_shadows(),
    leadroute_internal.rule_overlaps(), leadroute_internal.idle_tiers(), leadroute_internal.empty_lists(), leadroute_internal.rule_gaps(timestamptz), leadroute_internal.idle_conditions(timestamptz),
    leadroute_internal.rep_cover(), leadroute_internal.ways_out(), leadroute_internal.is_with_rep(text), leadroute_internal.setting(text),
    leadroute_internal.is_period(timestamptz, timestamptz), leadroute_internal.is_dimension(text), leadroute_internal.candidates(jsonb), leadroute_internal.has_seat(jsonb, integer[]), leadroute_internal.passes_over(jsonb),
    leadroute_internal.speed_figures(text, text, bigint, bigint, timestamptz, timestamptz, timestamptz, timestamptz, boolean, boolean, text, text, text, text, text, text, text, text, text, text, text, timestamptz),
    leadroute_internal.pool_shares(text, jsonb, boolean), leadroute_internal.percent(numeric, numeric), leadroute_internal.clocks_counted(timestamptz, timestamptz, text),
    leadroute_internal.recent_unrouted_rate(), leadroute_internal.recent_leads_by_rep(), leadroute_internal.recent_sla_by_rep(), leadroute_internal.recent_sla_by_territory(),
    leadroute_internal.recent_speed_percentiles(), leadroute_internal.recent_claim_patterns(), leadroute_internal.recent_audit_measures(), leadroute_internal.recent_territory_balance(), leadroute_internal.recent_score_calibration(),
    leadroute_internal.change_words(text, text, jsonb, jsonb, text), leadroute_internal.rows_as_of(text, pg_snapshot, timestamptz, xid8, text),
    leadroute_internal.image_expression(text) TO PUBLIC;
-- Reports run with the rights of whoever calls them, and so do these, which read nothing that their caller may not.
GRANT EXECUTE ON FUNCTION leadroute_internal.day_before(timestamptz), leadroute_internal.is_closed(text), leadroute_internal.is_waiting(bigint, text, text, text),
    leadroute_internal.fallen_back(timestamptz, timestamptz, text, bigint, bigint, boolean), leadroute_internal.lead_ends(timestamptz, timestamptz, text), leadroute_internal.outer_leads(),
    leadroute_internal.border(timestamptz, timestamptz, integer, integer), leadroute_internal.period_part(timestamptz, timestamptz, text, integer, integer), leadroute_internal.is_old(bigint, bigint), leadroute_internal.is_dense(timestamptz, timestamptz, text, bigint, bigint),
    leadroute_internal.speed_part(timestamptz, timestamptz, text, integer, integer),
    leadroute_internal.misrouted_between(timestamptz, timestamptz, text, bigint, bigint, boolean), leadroute_internal.audit_routing(timestamptz, timestamptz, text, bigint, bigint, boolean),
    leadroute_internal.speed_sums(timestamptz, timestamptz, timestamptz, text, bigint, bigint, boolean, boolean), leadroute_internal.first_routed(bigint, timestamptz), leadroute_internal.week_of(timestamptz), leadroute_internal.speed_of_earlier(timestamptz, timestamptz, text, bigint, bigint, boolean), leadroute_internal.speed_rows(timestamptz, timestamptz, text, bigint, bigint),
    leadroute_internal.audit_leads(timestamptz, timestamptz, text), leadroute_internal.audit_clocks(timestamptz, timestamptz, text),
    leadroute_internal.audit_answers(timestamptz, timestamptz, text, bigint, bigint, bigint, bigint),
    leadroute_internal.threshold_of(text, text, text), leadroute_internal.wilson(bigint, bigint),
    leadroute_internal.score_bands(text, text), leadroute_internal.separate_bands(numeric[], bigint[], bigint[]), leadroute_internal.borders_as_sql(text, text, numrange[]),
    leadroute_internal.scored_leads(timestamptz, timestamptz, text, text),
    leadroute_internal.pool_number(text), leadroute_internal.pool_sums(timestamptz, timestamptz, text), leadroute_internal.turn_events(integer, timestamptz, timestamptz, text), leadroute_internal.turn_shares(integer, timestamptz, timestamptz, text), leadroute_internal.turns_counted(text, timestamptz, timestamptz, text) TO PUBLIC;
-- A report runs with the rights of whoever asks for it.
GRANT EXECUTE ON FUNCTION leadroute_internal.report_page(text), leadroute_internal.report_team(text, text), leadroute_internal.is_of_team(text, text, text[], text, text, text),
    leadroute_internal.report_moment(timestamptz), leadroute_internal.report_flows(timestamptz, timestamptz, text, text, text, text[]), leadroute_internal.first_decisions(timestamptz, text, bigint, bigint, boolean),
    leadroute_internal.report_speed(timestamptz, timestamptz, text, text, text, text[]),
    leadroute_internal.report_measures(timestamptz, timestamptz, text, text, text, text[], jsonb), leadroute_internal.report_sla(timestamptz, timestamptz, text, text[], text[]),
    leadroute_internal.report_balance(timestamptz, timestamptz, text, text[]), leadroute_internal.report_members(timestamptz, timestamptz, text, text, text, text[], text[]),
    leadroute_internal.report_bands(timestamptz, timestamptz, text), leadroute_internal.report_changes(timestamptz, timestamptz),
    leadroute_internal.diagram_text(text, text), leadroute_internal.rules_picture() TO PUBLIC;
-- Whoever created the extension administers it: may fill, empty, dump and restore the tables and grant the same to others,
-- but neither alter them nor put code on them.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
GRANT ALL ON ALL SEQUENCES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
GRANT ALL ON ALL ROUTINES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
