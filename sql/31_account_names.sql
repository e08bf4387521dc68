-- Keeps account_names. Without a row in account_matching each statement about accounts asks once, and that is all.

CREATE FUNCTION leadroute_internal.names_are_kept() RETURNS boolean
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_names_are_kept';
COMMENT ON FUNCTION leadroute_internal.names_are_kept() IS 'Whether account_matching has a row, at any isolation level that of now. Internal.';

CREATE FUNCTION leadroute_internal.name_keys(tenant text, name text) RETURNS text[]
    LANGUAGE c VOLATILE STRICT AS 'MODULE_PATHNAME', 'leadroute_name_keys';
COMMENT ON FUNCTION leadroute_internal.name_keys(text, text) IS 'The folded name of an account, then the keys under which it is found; NULL if names of its tenant are not kept, or nothing is left of it. Internal.';

CREATE FUNCTION leadroute_internal.forget_names(keys text[], tenants text[], accounts text[]) RETURNS void
    LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'leadroute_forget_names';
COMMENT ON FUNCTION leadroute_internal.forget_names(text[], text[], text[]) IS 'Deletes rows of account_names, also those that were written after the snapshot of this transaction, when matching was switched on. Internal.';

-- Each row is found by its key, however many there are and whatever is known of their number. They are written in the order of
-- the index, whose pages then stay in memory.
CREATE FUNCTION leadroute_internal.account_names_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'accounts' THEN
        PERFORM leadroute_internal.not_our_trigger('account_names_changed');
    END IF;
    -- a dump brings them; what a preview changes is compared without them, and undone
    IF leadroute_internal.is_within_restore() OR leadroute_internal.history_key() IS NOT NULL OR NOT leadroute_internal.names_are_kept() THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM leadroute.account_names;
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        PERFORM leadroute_internal.forget_names(array_agg(k.key), array_agg(g.tenant), array_agg(g.id))
           FROM (SELECT r.tenant, r.id, leadroute_internal.name_keys(r.tenant, r.name) AS keys FROM removed r OFFSET 0) g
          CROSS JOIN LATERAL unnest(g.keys[2:]) k (key);
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM leadroute_internal.forget_names(array_agg(k.key), array_agg(g.tenant), array_agg(g.id))
           FROM (SELECT r.tenant, r.id, leadroute_internal.name_keys(r.tenant, r.name) AS keys FROM (SELECT tenant, id, name FROM removed EXCEPT SELECT tenant, id, name FROM added) r OFFSET 0) g
          CROSS JOIN LATERAL unnest(g.keys[2:]) k (key);
        INSERT INTO leadroute.account_names (key, tenant, account_id, folded)
        SELECT k.key, g.tenant, g.id, g.keys[1]
          FROM (SELECT a.tenant, a.id, leadroute_internal.name_keys(a.tenant, a.name) AS keys FROM (SELECT tenant, id, name FROM added EXCEPT SELECT tenant, id, name FROM removed) a OFFSET 0) g
         CROSS JOIN LATERAL unnest(g.keys[2:]) k (key)
         ORDER BY k.key COLLATE "C"
            ON CONFLICT DO NOTHING;
    ELSE
        INSERT INTO leadroute.account_names (key, tenant, account_id, folded)
        SELECT k.key, g.tenant, g.id, g.keys[1]
          FROM (SELECT a.tenant, a.id, leadroute_internal.name_keys(a.tenant, a.name) AS keys FROM added a OFFSET 0) g
         CROSS JOIN LATERAL unnest(g.keys[2:]) k (key)
         ORDER BY k.key COLLATE "C"
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.account_names_changed() IS 'Trigger: account_names follows the accounts.';
CREATE TRIGGER account_names_1 AFTER INSERT ON leadroute.accounts REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_names_changed();
CREATE TRIGGER account_names_2 AFTER UPDATE ON leadroute.accounts REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_names_changed();
CREATE TRIGGER account_names_3 AFTER DELETE ON leadroute.accounts REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_names_changed();
CREATE TRIGGER account_names_truncated AFTER TRUNCATE ON leadroute.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_names_changed();

CREATE FUNCTION leadroute_internal.account_matching_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_other boolean;
BEGIN
    IF TG_TABLE_SCHEMA <> 'leadroute' OR TG_TABLE_NAME <> 'account_matching' THEN
        PERFORM leadroute_internal.not_our_trigger('account_matching_changed');
    END IF;
    IF leadroute_internal.is_within_restore() OR leadroute_internal.history_key() IS NOT NULL THEN
        RETURN NULL;
    END IF;
    is_other := true;
    IF TG_OP = 'INSERT' THEN
        is_other := EXISTS (SELECT FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        is_other := EXISTS (SELECT FROM removed);
    ELSIF TG_OP = 'UPDATE' THEN
        is_other := EXISTS (
            (SELECT tenants::text[], legal_forms::text[] FROM removed EXCEPT SELECT tenants::text[], legal_forms::text[] FROM added)
            UNION ALL (SELECT tenants::text[], legal_forms::text[] FROM added EXCEPT SELECT tenants::text[], legal_forms::text[] FROM removed));
    END IF;
    IF NOT is_other THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'names of accounts cannot be read at isolation level "%"', current_setting('transaction_isolation')
            USING ERRCODE = 'invalid_transaction_state', DETAIL = 'The transaction may not see accounts that others have just written.',
                  HINT = 'Insert into, delete from and change tenants and legal_forms of leadroute.account_matching at READ COMMITTED.';
    END IF;
    -- no account comes or goes meanwhile
    LOCK TABLE leadroute.accounts IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM leadroute.account_names;
    INSERT INTO leadroute.account_names (key, tenant, account_id, folded)
    SELECT k.key, g.tenant, g.id, g.keys[1]
      FROM (SELECT a.tenant, a.id, leadroute_internal.name_keys(a.tenant, a.name) AS keys FROM leadroute.accounts a WHERE leadroute_internal.names_are_kept() OFFSET 0) g
     CROSS JOIN LATERAL unnest(g.keys[2:]) k (key)
     ORDER BY k.key COLLATE "C";
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leadroute_internal.account_matching_changed() IS 'Trigger: names are kept for other tenants, or are folded otherwise. Takes some seconds for each 100,000 accounts, in which nobody else writes accounts.';
-- after config_changed, so that the new rules are read
CREATE TRIGGER names_kept_1 AFTER INSERT ON leadroute.account_matching REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_matching_changed();
CREATE TRIGGER names_kept_2 AFTER UPDATE ON leadroute.account_matching REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_matching_changed();
CREATE TRIGGER names_kept_3 AFTER DELETE ON leadroute.account_matching REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_matching_changed();
CREATE TRIGGER names_kept_truncated AFTER TRUNCATE ON leadroute.account_matching
    FOR EACH STATEMENT EXECUTE FUNCTION leadroute_internal.account_matching_changed();
