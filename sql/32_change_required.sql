-- Routing tables that are changed by change requests only, where leadroute.require_change_request says so.

CREATE FUNCTION leadroute_internal.change_required() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_change_required';
COMMENT ON FUNCTION leadroute_internal.change_required() IS 'Trigger: refuses what is written by hand to a table for which a change request is required. A restore, and functions of leadroute, pass.';

CREATE FUNCTION leadroute_internal.first_change() RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('change %s was applied at %s', c.id, date_trunc('second', c.applied_at))
      FROM leadroute.change_requests c WHERE c.status = 'applied' ORDER BY c.applied_at, c.id LIMIT 1 $$;
COMMENT ON FUNCTION leadroute_internal.first_change() IS 'The change request that was applied first, in words; NULL if none was. Internal.';

CREATE FUNCTION leadroute_internal.written_by_functions() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_written_by_functions';
COMMENT ON FUNCTION leadroute_internal.written_by_functions() IS 'Trigger: refuses what is written by hand to a table that functions keep. A restore passes.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY leadroute_internal.rule_tables() || '{absences,account_domains,accounts,contacts,pool_members,reason_codes}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER "01_change_required" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.change_required()', name);
    END LOOP;
END $$;
-- What managers and sales tools set every day is no rule.
CREATE TRIGGER "01_change_required" BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE OF id, rep_no, name, email, role, manager_id, active, time_zone, schedule,
        languages, products, skills, backup_id, tenant, source_no, left_at ON leadroute.reps
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.change_required();

CREATE TRIGGER "01_written_by_functions" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.change_requests
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.written_by_functions();
