-- Defaults that ship with the extension are dumped where somebody has edited them, and stay deleted where somebody has
-- deleted them, also after an edit. The workers of a parallel restore run this side by side: none waits for another.

CREATE FUNCTION leadroute_internal.replace_shipped() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    same_key text;
    taken boolean;
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' THEN
        PERFORM leadroute_internal.not_our_trigger('replace_shipped');
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.shipped := false;
        RETURN NEW;
    END IF;
    IF NEW.shipped THEN
        RETURN NEW;
    END IF;
    SELECT string_agg(format('t.%1$I = ($1).%1$I', a.attname), ' AND ')
      INTO same_key
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = TG_RELID AND i.indisprimary;
    EXECUTE format('UPDATE %s t SET (%s) = (SELECT ($1).*) WHERE %s AND t.shipped RETURNING true',
                   TG_RELID::regclass,
                   (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                     WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped),
                   same_key)
       INTO taken USING NEW;
    RETURN CASE WHEN taken THEN NULL ELSE NEW END;
END $$;
COMMENT ON FUNCTION leadroute_internal.replace_shipped() IS 'Trigger: a row with the key of an untouched default takes its place, so that a dump restores over the defaults; an edited default is a row of the user.';

CREATE TABLE leadroute.removed_defaults (
    "table" text NOT NULL,
    key jsonb NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY ("table", key)
);
COMMENT ON TABLE leadroute.removed_defaults IS 'Defaults of the extension that somebody has edited or deleted: where a dump brings no row of their key, a restore deletes them.';
COMMENT ON COLUMN leadroute.removed_defaults."table" IS 'The table.';
COMMENT ON COLUMN leadroute.removed_defaults.key IS 'Its key, as an object of columns and values.';
COMMENT ON COLUMN leadroute.removed_defaults.removed_at IS 'When, the first time.';
COMMENT ON COLUMN leadroute.removed_defaults.removed_by IS 'By whom: a database role.';

CREATE FUNCTION leadroute_internal.key_of_row(relation oid, row_of_it jsonb) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_object_agg(a.attname, row_of_it -> a.attname)
      FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
     WHERE i.indrelid = relation AND i.indisprimary $$;
COMMENT ON FUNCTION leadroute_internal.key_of_row(oid, jsonb) IS 'The primary key of a row of a table, as an object.';

CREATE FUNCTION leadroute_internal.shipped_removed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys jsonb[];
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' THEN
        PERFORM leadroute_internal.not_our_trigger('shipped_removed');
    END IF;
    IF leadroute_internal.is_within_restore() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT array_agg(leadroute_internal.key_of_row(%s, to_jsonb(t))) FROM leadroute.%I t WHERE t.shipped',
                       TG_RELID, TG_TABLE_NAME) INTO keys;
    ELSE
        keys := ARRAY[leadroute_internal.key_of_row(TG_RELID, to_jsonb(OLD))];
    END IF;
    INSERT INTO leadroute.removed_defaults ("table", key)
    SELECT TG_TABLE_NAME, k.key FROM unnest(keys) AS k (key)
     WHERE NOT EXISTS (SELECT FROM leadroute.removed_defaults r WHERE r."table" = TG_TABLE_NAME AND r.key = k.key);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.shipped_removed() IS 'Trigger: notes that a default is one of the user now, or gone.';

CREATE FUNCTION leadroute_internal.remove_default(name text, key jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('DELETE FROM leadroute.%1$I t WHERE t.ctid IN (SELECT o.ctid FROM leadroute.%1$I o
                     WHERE o.shipped AND to_jsonb(o) @> $1 AND to_jsonb(o) ->> ''kind'' IS DISTINCT FROM ''catch_all'' FOR UPDATE SKIP LOCKED)',
                   name) USING key;
END $$;
COMMENT ON FUNCTION leadroute_internal.remove_default(text, jsonb) IS 'Deletes a default, by table and key, that had been deleted where a dump was made.';

CREATE FUNCTION leadroute_internal.remove_shipped() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shipped constant text[] := ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains', 'reason_codes', 'alarm_thresholds'];
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'removed_defaults' THEN
        PERFORM leadroute_internal.not_our_trigger('remove_shipped');
    END IF;
    IF NEW."table" = ANY (shipped) THEN
        PERFORM leadroute_internal.remove_default(NEW."table", NEW.key);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.remove_shipped() IS 'Trigger: a default that had been deleted where the dump was made is deleted here.';
CREATE TRIGGER remove_shipped AFTER INSERT OR UPDATE ON leadroute.removed_defaults
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.remove_shipped();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains', 'reason_codes', 'alarm_thresholds'] LOOP
        EXECUTE format('CREATE TRIGGER replace_shipped BEFORE INSERT OR UPDATE ON leadroute.%I '
                       'FOR EACH ROW EXECUTE FUNCTION leadroute_internal.replace_shipped()', name);
        EXECUTE format('CREATE TRIGGER shipped_removed AFTER DELETE OR UPDATE ON leadroute.%I '
                       'FOR EACH ROW WHEN (OLD.shipped) EXECUTE FUNCTION leadroute_internal.shipped_removed()', name);
        EXECUTE format('CREATE TRIGGER shipped_truncated BEFORE TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.shipped_removed()', name);
    END LOOP;
END $$;

-- Before all other triggers, which ask whether a dump is restored.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['schedules', 'schedule_hours', 'holidays', 'reps', 'absences', 'queues', 'territories', 'pools', 'pool_members',
        'event_types', 'segments', 'tiers', 'sla_policies', 'escalation_steps', 'recycle_rules', 'enrichment_rules', 'account_policies', 'account_matching', 'account_names', 'score_criteria', 'playbooks', 'providers', 'accounts', 'account_domains',
        'contacts', 'domain_rules', 'mail_domains', 'industry_aliases', 'country_aliases', 'golden_leads', 'reason_codes', 'alarm_thresholds', 'change_requests', 'config_history', 'removed_defaults', 'attached_tables', 'adoptions'] LOOP
        EXECUTE format('CREATE TRIGGER "00_observe_session" BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.observe_session()', name);
    END LOOP;
END $$;

-- pg_restore --disable-triggers: nothing of the above runs while rows come. So what ships is set aside when the triggers of
-- a table are switched off, and comes back where the dump has nothing in its place.
CREATE TABLE leadroute_internal.set_aside (
    "table" text NOT NULL,
    "row" jsonb NOT NULL
);
COMMENT ON TABLE leadroute_internal.set_aside IS 'Defaults of tables whose triggers are switched off by a restore.';
COMMENT ON COLUMN leadroute_internal.set_aside."table" IS 'The table.';
COMMENT ON COLUMN leadroute_internal.set_aside."row" IS 'The row.';

CREATE FUNCTION leadroute_internal.triggers_off(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF name IN ('attached_tables', 'adoptions', 'rep_sources') THEN
        -- set up by hand before the rows came
        EXECUTE format('DELETE FROM leadroute.%I', name);
    ELSIF name IN ('queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains', 'reason_codes', 'alarm_thresholds') THEN
        EXECUTE format('WITH gone AS (DELETE FROM leadroute.%1$I t WHERE t.shipped RETURNING to_jsonb(t) AS r)
                        INSERT INTO leadroute_internal.set_aside SELECT %1$L, g.r FROM gone g', name);
    END IF;
END $$;
COMMENT ON FUNCTION leadroute_internal.triggers_off(text) IS 'A restore has switched the triggers of a table off.';

CREATE FUNCTION leadroute_internal.triggers_on(name text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lost record;
BEGIN
    IF name IN ('queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains', 'reason_codes', 'alarm_thresholds') THEN
        EXECUTE format('WITH back AS (DELETE FROM leadroute_internal.set_aside WHERE "table" = %1$L RETURNING "row" AS r)
                        INSERT INTO leadroute.%1$I SELECT (jsonb_populate_record(NULL::leadroute.%1$I, b.r)).* FROM back b
                        ON CONFLICT DO NOTHING', name);
        -- Only reads removed_defaults: another worker may have locked it, and wait for this table.
        PERFORM leadroute_internal.remove_default(name, r.key) FROM leadroute.removed_defaults r WHERE r."table" = name;
    ELSIF name = 'removed_defaults' THEN
        UPDATE leadroute.removed_defaults r SET key = r.key;
    END IF;
    -- ENABLE TRIGGER ALL forgets that some also fire for a subscription, or only for one
    FOR lost IN SELECT g.tgname, CASE WHEN g.tgname LIKE '%_replicated' THEN 'REPLICA' ELSE 'ALWAYS' END AS fires
                  FROM pg_trigger g WHERE g.tgrelid = format('leadroute.%I', name)::regclass AND g.tgenabled = 'O'
                   AND g.tgname IN ('config_changed', 'roster_changed', 'zz_history_truncated', 'config_replicated', 'roster_replicated', 'history_replicated') LOOP
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE %s TRIGGER %I', name, lost.fires, lost.tgname);
        -- Sessions that route meanwhile hear of the rows: the statement trigger fires for none, too.
        EXECUTE format('DELETE FROM leadroute.%I WHERE false', name);
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.triggers_on(text) IS 'A restore has switched the triggers of a table on again.';

CREATE FUNCTION leadroute_internal.triggers_switched() RETURNS event_trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    IF NOT leadroute_internal.is_within_restore() THEN
        RETURN;
    END IF;
    FOR t IN SELECT c.relname AS name, bool_and(g.tgenabled = 'D') AS off
               FROM pg_event_trigger_ddl_commands() d JOIN pg_class c ON c.oid = d.objid
               JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
              WHERE d.classid = 'pg_class'::regclass AND c.relnamespace = 'leadroute'::regnamespace GROUP BY 1 LOOP
        IF t.off THEN
            PERFORM leadroute_internal.triggers_off(t.name);
        ELSE
            PERFORM leadroute_internal.triggers_on(t.name);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION leadroute_internal.triggers_switched() IS 'Event trigger: a restore switches the triggers of tables off, and on again when the rows are there.';
