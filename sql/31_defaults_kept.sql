-- Defaults that ship with the extension are dumped where somebody has edited them, and stay deleted where somebody has
-- deleted them.

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
COMMENT ON TABLE leadroute.removed_defaults IS 'Defaults of the extension that somebody has deleted: a restore deletes them again.';
COMMENT ON COLUMN leadroute.removed_defaults."table" IS 'The table.';
COMMENT ON COLUMN leadroute.removed_defaults.key IS 'Its key, as an object of columns and values.';
COMMENT ON COLUMN leadroute.removed_defaults.removed_at IS 'When.';
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
    IF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT array_agg(leadroute_internal.key_of_row(%s, to_jsonb(t))) FROM leadroute.%I t WHERE t.shipped',
                       TG_RELID, TG_TABLE_NAME) INTO keys;
    ELSE
        keys := ARRAY[leadroute_internal.key_of_row(TG_RELID, to_jsonb(OLD))];
        IF TG_OP = 'UPDATE' AND to_jsonb(NEW) @> keys[1] THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO leadroute.removed_defaults ("table", key)
    SELECT TG_TABLE_NAME, k.key FROM unnest(keys) AS k (key)
     WHERE NOT EXISTS (SELECT FROM leadroute.removed_defaults r WHERE r."table" = TG_TABLE_NAME AND r.key = k.key);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.shipped_removed() IS 'Trigger: notes that a default was deleted, or got another key.';

CREATE FUNCTION leadroute_internal.note_again() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'removed_defaults' THEN
        PERFORM leadroute_internal.not_our_trigger('note_again');
    END IF;
    DELETE FROM leadroute.removed_defaults r WHERE r."table" = NEW."table" AND r.key = NEW.key;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION leadroute_internal.note_again() IS 'Trigger: in a restore, a default may have been deleted by what another row of the dump says.';
CREATE TRIGGER note_again BEFORE INSERT ON leadroute.removed_defaults
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.note_again();

CREATE FUNCTION leadroute_internal.remove_shipped() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shipped constant text[] := ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains'];
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'removed_defaults' THEN
        PERFORM leadroute_internal.not_our_trigger('remove_shipped');
    END IF;
    IF NEW."table" = ANY (shipped) THEN
        EXECUTE format('DELETE FROM leadroute.%I t WHERE t.shipped AND to_jsonb(t) @> $1', NEW."table") USING NEW.key;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.remove_shipped() IS 'Trigger: a default that had been deleted where the dump was made is deleted here.';
CREATE TRIGGER remove_shipped AFTER INSERT ON leadroute.removed_defaults
    FOR EACH ROW EXECUTE FUNCTION leadroute_internal.remove_shipped();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['queues', 'event_types', 'sla_policies', 'escalation_steps', 'country_aliases', 'mail_domains'] LOOP
        EXECUTE format('CREATE TRIGGER replace_shipped BEFORE INSERT OR UPDATE ON leadroute.%I '
                       'FOR EACH ROW EXECUTE FUNCTION leadroute_internal.replace_shipped()', name);
        EXECUTE format('CREATE TRIGGER shipped_removed AFTER DELETE OR UPDATE ON leadroute.%I '
                       'FOR EACH ROW WHEN (OLD.shipped) EXECUTE FUNCTION leadroute_internal.shipped_removed()', name);
        EXECUTE format('CREATE TRIGGER shipped_truncated BEFORE TRUNCATE ON leadroute.%I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.shipped_removed()', name);
    END LOOP;
END $$;
