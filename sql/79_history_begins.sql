-- History begins when the defaults are there: they are nobody's change.

DO $$
DECLARE
    t record;
    call text;
BEGIN
    FOR t IN SELECT * FROM leadroute_internal.history_tables LOOP
        call := format('EXECUTE FUNCTION leadroute_internal.note_history(%L, %L)', t.key, t.is_data::text);
        EXECUTE format('CREATE TRIGGER history_1 AFTER INSERT ON leadroute.%I REFERENCING NEW TABLE AS added FOR EACH STATEMENT %s', t."table", call);
        EXECUTE format('CREATE TRIGGER history_2 AFTER UPDATE ON leadroute.%I REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT %s', t."table", call);
        EXECUTE format('CREATE TRIGGER history_3 AFTER DELETE ON leadroute.%I REFERENCING OLD TABLE AS removed FOR EACH STATEMENT %s', t."table", call);
        -- after other triggers, which may delete rows first
        EXECUTE format('CREATE TRIGGER zz_history_truncated BEFORE TRUNCATE ON leadroute.%I FOR EACH STATEMENT %s', t."table", call);
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE ALWAYS TRIGGER zz_history_truncated', t."table");
        -- what a subscription applies fires triggers for rows only, and only such that say so
        EXECUTE format('CREATE TRIGGER history_replicated AFTER INSERT OR UPDATE OR DELETE ON leadroute.%I FOR EACH ROW %s', t."table", call);
        EXECUTE format('ALTER TABLE leadroute.%I ENABLE REPLICA TRIGGER history_replicated', t."table");
    END LOOP;
END $$;
