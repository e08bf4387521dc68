-- Keeps config_history: every way to change a routing table ends in one of these triggers.

CREATE VIEW leadroute_internal.history_tables AS
SELECT * FROM (VALUES
    (1, 'schedules', 'name', false, 'schedule'),
    (2, 'schedule_hours', 'schedule,weekday,opens', false, 'hours'),
    (3, 'holidays', 'schedule,day', false, 'holiday'),
    (4, 'reps', 'id', false, 'rep'),
    (5, 'absences', 'rep_id,id', true, 'absence'),
    (6, 'event_types', 'name', false, 'event'),
    (7, 'queues', 'name', false, 'queue'),
    (8, 'territories', 'name', false, 'territory'),
    (9, 'pools', 'name', false, 'pool'),
    (10, 'pool_members', 'pool,rep_id', false, 'member'),
    (11, 'segments', 'name', false, 'segment'),
    (12, 'tiers', 'segment,name,tenants', false, 'tier'),
    (13, 'sla_policies', 'name', false, 'SLA policy'),
    (14, 'escalation_steps', 'policy,step', false, 'escalation step'),
    (15, 'recycle_rules', 'reason,tenants', false, 'recycle rule'),
    (16, 'account_policies', 'kind,tenants', false, 'account policy'),
    (17, 'playbooks', 'name', false, 'playbook'),
    (18, 'accounts', 'tenant,id', true, 'account'),
    (19, 'account_domains', 'tenant,domain', true, 'account domain'),
    (20, 'contacts', 'tenant,email', true, 'contact'),
    (21, 'domain_rules', 'tenant,domain', false, 'domain rule'),
    (22, 'mail_domains', 'domain', false, 'mail domain'),
    (23, 'industry_aliases', 'alias', false, 'industry alias'),
    (24, 'country_aliases', 'alias', false, 'country alias'),
    (25, 'golden_leads', 'name', false, 'golden lead'),
    (26, 'reason_codes', 'code', true, 'reason code'),
    (27, 'alarm_thresholds', 'name', false, 'alarm threshold'),
    (28, 'enrichment_rules', 'name', false, 'enrichment rule'),
    (29, 'providers', 'name', false, 'provider'),
    (30, 'score_criteria', 'name', false, 'criterion'),
    (31, 'account_matching', 'name', false, 'account matching')
) AS t (no, "table", key, is_data, noun);
COMMENT ON VIEW leadroute_internal.history_tables IS 'The routing tables, in an order in which rows name rows of tables before theirs (but queues.auto_assign_pool); the columns that name a row for people; whether they hold data rather than rules; and what a row is called.';

CREATE FUNCTION leadroute_internal.history_is_replicated() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN current_setting('session_replication_role') = 'replica'
       AND EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = 'leadroute.config_history'::regclass);
END $$;
COMMENT ON FUNCTION leadroute_internal.history_is_replicated() IS 'Whether a change comes from a publisher that sends its history along. Internal.';

CREATE FUNCTION leadroute_internal.history_key() RETURNS bigint
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_history_key';
COMMENT ON FUNCTION leadroute_internal.history_key() IS 'A key for a row of config_history in a preview, whose rows are undone: a negative number, another each time; NULL where there is none. Internal.';

-- Times, dates and intervals read the same whoever makes the change: rows are compared with what was written before.
CREATE FUNCTION leadroute_internal.note_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' AS $$
DECLARE
    changes text;
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' THEN
        PERFORM leadroute_internal.not_our_trigger('note_history');
    END IF;
    IF leadroute_internal.is_within_restore() OR leadroute_internal.history_is_replicated() THEN
        RETURN NULL;
    END IF;
    changes := CASE
        WHEN TG_LEVEL = 'ROW' THEN 'SELECT to_jsonb($1) AS before, to_jsonb($2) AS after'
        WHEN TG_OP = 'INSERT' THEN 'SELECT NULL::jsonb AS before, to_jsonb(a) AS after FROM added a'
        WHEN TG_OP = 'DELETE' THEN 'SELECT to_jsonb(r) AS before, NULL::jsonb AS after FROM removed r'
        -- keys change, too, but both tables have the rows in the order in which they were updated
        WHEN TG_OP = 'UPDATE' THEN 'SELECT o.before, n.after FROM (SELECT row_number() OVER () AS no, to_jsonb(r) AS before FROM removed r) o
                                      JOIN (SELECT row_number() OVER () AS no, to_jsonb(a) AS after FROM added a) n USING (no)'
        ELSE format('SELECT to_jsonb(t) AS before, NULL::jsonb AS after FROM leadroute.%I t', TG_TABLE_NAME) END;
    -- OFFSET 0: each row becomes JSON once
    EXECUTE format('INSERT INTO leadroute.config_history (id, "table", key, operation, before, after, why, is_data)
                    SELECT %s, %L, concat_ws(''/'', %s), %L, c.before, c.after, (SELECT nullif(current_setting(''leadroute.why'', true), '''')), %s
                      FROM (%s OFFSET 0) c WHERE c.before IS DISTINCT FROM c.after',
                   CASE WHEN leadroute_internal.history_key() IS NULL THEN 'nextval(''leadroute.config_history_id_seq'')' ELSE 'leadroute_internal.history_key()' END,
                   TG_TABLE_NAME,
                   (SELECT string_agg(CASE k WHEN 'tenants' THEN '(SELECT string_agg(e, '','') FROM jsonb_array_elements_text(nullif(coalesce(c.before, c.after) -> ''tenants'', ''null'')) e)'
                                             ELSE format('nullif(coalesce(c.before, c.after) ->> %L, '''')', k) END, ', ' ORDER BY n)
                      FROM unnest(string_to_array(TG_ARGV[0], ',')) WITH ORDINALITY AS u (k, n)),
                   CASE TG_OP WHEN 'TRUNCATE' THEN 'DELETE' ELSE TG_OP END,
                   CASE TG_TABLE_NAME WHEN 'reps' THEN 'coalesce(c.before - ''{presence,presence_at}''::text[] = c.after - ''{presence,presence_at}''::text[], false)'
                                      ELSE TG_ARGV[1] END,
                   changes)
      USING OLD, NEW;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.note_history() IS 'Trigger: writes what changed into config_history. Arguments: the columns that name a row, with commas; whether the table holds data.';

CREATE TRIGGER "01_written_by_functions" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.config_history
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.written_by_functions();
