-- References between rows of the routing tables.
--
-- Not foreign keys: pg_dump gives tables of an extension no order that parallel restores keep, so every restore would have to
-- meet children before their parents. Triggers do what foreign keys did, except while a dump is restored;
-- check_integrity() checks the result.

CREATE VIEW leadroute_internal.config_references AS
SELECT * FROM (VALUES
    ('schedule_hours', 'schedule', 'schedules', 'name', 'cascade', NULL),
    ('holidays', 'schedule', 'schedules', 'name', 'cascade', NULL),
    ('reps', 'manager_id', 'reps', 'id', 'restrict', NULL),
    ('reps', 'schedule', 'schedules', 'name', 'restrict', NULL),
    ('reps', 'backup_id', 'reps', 'id', 'restrict', NULL),
    ('absences', 'rep_id', 'reps', 'id', 'cascade', NULL),
    ('absences', 'backup_id', 'reps', 'id', 'restrict', NULL),
    ('queues', 'manager_id', 'reps', 'id', 'restrict', NULL),
    ('queues', 'auto_assign_pool', 'pools', 'name', 'restrict', NULL),
    ('territories', 'manager_id', 'reps', 'id', 'restrict', NULL),
    ('territories', 'fallback_queue', 'queues', 'name', 'restrict', NULL),
    ('pools', 'fallback_queue', 'queues', 'name', 'restrict', NULL),
    ('pool_members', 'pool', 'pools', 'name', 'cascade', NULL),
    ('pool_members', 'rep_id', 'reps', 'id', 'restrict', NULL),
    ('segments', 'territory', 'territories', 'name', 'restrict', NULL),
    ('segments', 'fallback_queue', 'queues', 'name', 'restrict', NULL),
    ('tiers', 'segment', 'segments', 'name', 'cascade', NULL),
    ('tiers', 'pool', 'pools', 'name', 'restrict', NULL),
    ('tiers', 'queue', 'queues', 'name', 'restrict', NULL),
    ('escalation_steps', 'policy', 'sla_policies', 'name', 'cascade', NULL),
    ('recycle_rules', 'queue', 'queues', 'name', 'restrict', NULL),
    ('account_matching', 'review_queue', 'queues', 'name', 'restrict', NULL),
    ('accounts', 'owner_id', 'reps', 'id', 'restrict', NULL),
    ('accounts', 'csm_id', 'reps', 'id', 'restrict', NULL),
    ('accounts', 'parent_id', 'accounts', 'id', 'restrict', 'tenant'),
    ('account_domains', 'account_id', 'accounts', 'id', 'cascade', 'tenant'),
    ('contacts', 'account_id', 'accounts', 'id', 'cascade', 'tenant'),
    ('domain_rules', 'queue', 'queues', 'name', 'restrict', NULL),
    ('alarm_thresholds', 'territory', 'territories', 'name', 'cascade', NULL),
    ('alarm_thresholds', 'rep_id', 'reps', 'id', 'cascade', NULL),
    ('alarm_thresholds', 'segment', 'segments', 'name', 'cascade', NULL),
    ('alarm_thresholds', 'pool', 'pools', 'name', 'cascade', NULL)
) AS r (child, "column", parent, key, on_delete, within);
COMMENT ON VIEW leadroute_internal.config_references IS 'Columns that name the key of another table, and what happens when the row they name is deleted: restrict refuses, cascade deletes the naming row too. A new key is always written into them. within is a column that must be the same in both rows.';

CREATE VIEW leadroute_internal.config_name_lists AS
SELECT * FROM (VALUES
    ('sla_policies', 'segments', 'segments', 'name'),
    ('playbooks', 'segments', 'segments', 'name'),
    ('segments', 'events', 'event_types', 'name'),
    ('sla_policies', 'events', 'event_types', 'name'),
    ('playbooks', 'events', 'event_types', 'name')
) AS r (child, "column", parent, key);
COMMENT ON VIEW leadroute_internal.config_name_lists IS 'Columns with lists of keys of another table. The rows need not be there; a new key is written into the lists.';

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
COMMENT ON FUNCTION leadroute_internal.check_references() IS 'Trigger: what a new row names must be there. Arguments: column, table and key, for each reference; a key of several columns with commas.';

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
    FOR t IN SELECT r.child, string_agg(format('%L, %L, %L', concat_ws(',', r.within, r."column"), r.parent, concat_ws(',', r.within, r.key)), ', ' ORDER BY r."column") AS arguments
               FROM leadroute_internal.config_references r GROUP BY r.child LOOP
        EXECUTE format('CREATE TRIGGER check_references_1 AFTER INSERT ON leadroute.%I REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.check_references(%s)', t.child, t.arguments);
        EXECUTE format('CREATE TRIGGER check_references_2 AFTER UPDATE ON leadroute.%I REFERENCING OLD TABLE AS removed NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.check_references(%s)', t.child, t.arguments);
    END LOOP;
    FOR t IN SELECT r.parent, concat_ws(',', r.within, r.key) AS key,
                    string_agg(format('%L, %L, %L', r.child, concat_ws(',', r.within, r."column"), r.on_delete), ', ' ORDER BY r.on_delete, r.child, r."column") AS arguments
               FROM leadroute_internal.config_references r GROUP BY r.parent, r.within, r.key LOOP
        EXECUTE format('CREATE TRIGGER references_removed AFTER DELETE ON leadroute.%I REFERENCING OLD TABLE AS removed
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.references_removed(%L, %s)', t.parent, t.key, t.arguments);
        EXECUTE format('CREATE TRIGGER references_truncated AFTER TRUNCATE ON leadroute.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.references_removed(%L, %s)', t.parent, t.key, t.arguments);
    END LOOP;
    -- Columns that name a key and do not keep it from being deleted: history, and lists of names.
    FOR t IN SELECT p.parent, p.key, CASE p.parent WHEN 'accounts' THEN 'tenant,' ELSE '' END || p.key AS whole_key, string_agg(quote_literal(p.target), ', ' ORDER BY p.target) AS arguments
               FROM (SELECT r.parent, r.key, r.child || '.' || r."column" AS target FROM leadroute_internal.config_references r
                     UNION ALL VALUES
                        ('reps', 'id', 'leads.owner_id'), ('reps', 'id', 'notifications.rep_id'), ('reps', 'id', 'responses.rep_id'),
                        ('reps', 'id', 'claims.rep_id'), ('reps', 'id', 'past_stints.owner_id'), ('reps', 'id', 'sla_clocks.of_rep'), ('reps', 'id', 'sla_clocks.answered_by'),
                        ('queues', 'name', 'leads.queue'), ('queues', 'name', 'notifications.queue'), ('queues', 'name', 'claims.queue'),
                        ('queues', 'name', 'past_stints.queue'), ('queues', 'name', 'sla_clocks.of_queue'),
                        ('territories', 'name', 'leads.territory'), ('territories', 'name', 'sla_clocks.of_territory'), ('pools', 'name', 'leads.pool'),
                        ('segments', 'name', 'leads.segment'), ('accounts', 'id', 'leads.account_id'), ('accounts', 'id', 'company_leads.account_id'),
                        ('playbooks', 'name', 'leads.playbook'), ('sla_policies', 'name', 'sla_clocks.policy'),
                        ('event_types', 'name', 'leads.event'), ('event_types', 'name', 'sla_clocks.of_event')
                     UNION ALL SELECT n.parent, n.key, n.child || '.' || n."column" || '[]' FROM leadroute_internal.config_name_lists n) p (parent, key, target)
              GROUP BY p.parent, p.key LOOP
        EXECUTE format('CREATE TRIGGER carry_key AFTER UPDATE ON leadroute.%I FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I)
                        EXECUTE FUNCTION leadroute_internal.carry_key(%4$L, %3$s)', t.parent, t.key, t.arguments, t.whole_key);
    END LOOP;
END $$;
