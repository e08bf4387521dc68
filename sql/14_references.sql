-- References between rows of the routing tables.
--
-- Not foreign keys: pg_dump gives tables of an extension no order that parallel restores keep, so every restore would have to
-- meet children before their parents. Triggers do what foreign keys did, except while a dump is restored;
-- check_integrity() checks the result.

CREATE VIEW leadroute_internal.config_references AS
SELECT * FROM (VALUES
    ('schedule_hours', 'schedule', 'schedules', 'name', 'cascade'),
    ('holidays', 'schedule', 'schedules', 'name', 'cascade'),
    ('reps', 'manager_id', 'reps', 'id', 'restrict'),
    ('reps', 'schedule', 'schedules', 'name', 'restrict'),
    ('reps', 'backup_id', 'reps', 'id', 'restrict'),
    ('absences', 'rep_id', 'reps', 'id', 'cascade'),
    ('absences', 'backup_id', 'reps', 'id', 'restrict'),
    ('queues', 'manager_id', 'reps', 'id', 'restrict'),
    ('queues', 'auto_assign_pool', 'pools', 'name', 'restrict'),
    ('territories', 'manager_id', 'reps', 'id', 'restrict'),
    ('territories', 'fallback_queue', 'queues', 'name', 'restrict'),
    ('pools', 'fallback_queue', 'queues', 'name', 'restrict'),
    ('pool_members', 'pool', 'pools', 'name', 'cascade'),
    ('pool_members', 'rep_id', 'reps', 'id', 'restrict'),
    ('segments', 'territory', 'territories', 'name', 'restrict'),
    ('segments', 'fallback_queue', 'queues', 'name', 'restrict'),
    ('tiers', 'segment', 'segments', 'name', 'cascade'),
    ('tiers', 'pool', 'pools', 'name', 'restrict'),
    ('tiers', 'queue', 'queues', 'name', 'restrict'),
    ('escalation_steps', 'policy', 'sla_policies', 'name', 'cascade'),
    ('recycle_rules', 'queue', 'queues', 'name', 'restrict'),
    ('accounts', 'owner_id', 'reps', 'id', 'restrict'),
    ('accounts', 'csm_id', 'reps', 'id', 'restrict'),
    ('accounts', 'parent_id', 'accounts', 'id', 'restrict'),
    ('account_domains', 'account_id', 'accounts', 'id', 'cascade'),
    ('contacts', 'account_id', 'accounts', 'id', 'cascade'),
    ('domain_rules', 'queue', 'queues', 'name', 'restrict')
) AS r (child, "column", parent, key, on_delete);
COMMENT ON VIEW leadroute_internal.config_references IS 'Columns that name the key of another table, and what happens when the row they name is deleted: restrict refuses, cascade deletes the naming row too. A new key is always written into them.';

CREATE FUNCTION leadroute_internal.is_within_restore() RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_is_within_restore';
COMMENT ON FUNCTION leadroute_internal.is_within_restore() IS 'Whether a statement of a dump runs, or one that a trigger runs for it.';

CREATE FUNCTION leadroute_internal.observe_session() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_observe_session';
COMMENT ON FUNCTION leadroute_internal.observe_session() IS 'Trigger: notes whether a statement is one of a dump, before functions that have a search_path of their own ask.';
CREATE FUNCTION leadroute_internal.observe_command() RETURNS event_trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_observe_command';
COMMENT ON FUNCTION leadroute_internal.observe_command() IS 'Event trigger: the same for a command.';

CREATE FUNCTION leadroute_internal.check_references() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_check_references';
COMMENT ON FUNCTION leadroute_internal.check_references() IS 'Trigger: what a new row names must be there. Arguments: column, table and key, for each reference.';

CREATE FUNCTION leadroute_internal.references_removed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_references_removed';
COMMENT ON FUNCTION leadroute_internal.references_removed() IS 'Trigger: deletes rows that name what was deleted, or refuses that. Arguments: the key; then table, column and action, for each reference.';

CREATE FUNCTION leadroute_internal.carry_key() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'leadroute_carry_key';
COMMENT ON FUNCTION leadroute_internal.carry_key() IS 'Trigger: writes a new key into the rows that name it; decisions keep the old name. Arguments: the key; then table.column, or table.column[] for an array, for each reference.';

DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT r.child, string_agg(format('%L, %L, %L', r."column", r.parent, r.key), ', ' ORDER BY r."column") AS arguments
               FROM leadroute_internal.config_references r GROUP BY r.child LOOP
        EXECUTE format('CREATE TRIGGER check_references_1 AFTER INSERT ON leadroute.%I REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.check_references(%s)', t.child, t.arguments);
        EXECUTE format('CREATE TRIGGER check_references_2 AFTER UPDATE ON leadroute.%I REFERENCING OLD TABLE AS removed NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.check_references(%s)', t.child, t.arguments);
    END LOOP;
    FOR t IN SELECT r.parent, r.key, string_agg(format('%L, %L, %L', r.child, r."column", r.on_delete), ', ' ORDER BY r.on_delete, r.child, r."column") AS arguments
               FROM leadroute_internal.config_references r GROUP BY r.parent, r.key LOOP
        EXECUTE format('CREATE TRIGGER references_removed AFTER DELETE ON leadroute.%I REFERENCING OLD TABLE AS removed
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.references_removed(%L, %s)', t.parent, t.key, t.arguments);
        EXECUTE format('CREATE TRIGGER references_truncated AFTER TRUNCATE ON leadroute.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.references_removed(%L, %s)', t.parent, t.key, t.arguments);
    END LOOP;
    -- Columns that name a key and do not keep it from being deleted: history, and lists of names.
    FOR t IN SELECT p.parent, p.key, string_agg(quote_literal(p.target), ', ' ORDER BY p.target) AS arguments
               FROM (SELECT r.parent, r.key, r.child || '.' || r."column" AS target FROM leadroute_internal.config_references r
                     UNION ALL VALUES
                        ('reps', 'id', 'leads.owner_id'), ('reps', 'id', 'notifications.rep_id'), ('reps', 'id', 'responses.rep_id'),
                        ('reps', 'id', 'claims.rep_id'),
                        ('queues', 'name', 'leads.queue'), ('queues', 'name', 'notifications.queue'), ('queues', 'name', 'claims.queue'),
                        ('territories', 'name', 'leads.territory'), ('pools', 'name', 'leads.pool'),
                        ('segments', 'name', 'leads.segment'), ('segments', 'name', 'sla_policies.segments[]'),
                        ('segments', 'name', 'playbooks.segments[]'), ('accounts', 'id', 'leads.account_id'),
                        ('playbooks', 'name', 'leads.playbook'), ('sla_policies', 'name', 'sla_clocks.policy'),
                        ('event_types', 'name', 'leads.event'), ('event_types', 'name', 'segments.events[]'),
                        ('event_types', 'name', 'sla_policies.events[]'), ('event_types', 'name', 'playbooks.events[]')) p (parent, key, target)
              GROUP BY p.parent, p.key LOOP
        EXECUTE format('CREATE TRIGGER carry_key AFTER UPDATE ON leadroute.%I FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
                        EXECUTE FUNCTION leadroute_internal.carry_key(%2$L, %3$s)', t.parent, t.key, t.arguments);
    END LOOP;
END $$;
