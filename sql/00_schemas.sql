-- Where everything lives and whom it belongs to.
--
-- Everything belongs to a role that may do nothing else and that nobody is a member of: whatever runs with the
-- rights of the extension can reach its own tables and no more, and nobody can replace a function that others call.
-- `leadroute` holds what people use; `leadroute_internal` the functions behind it, and nobody has USAGE on it.

-- CREATE EXTENSION also puts the schemas of required extensions into the path, where others may have planted functions.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
BEGIN
    IF pg_catalog.current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'leadroute needs a database in UTF8, not %', pg_catalog.current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported', HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
    IF pg_catalog.to_regnamespace('leadroute') IS NOT NULL OR pg_catalog.to_regnamespace('leadroute_internal') IS NOT NULL THEN
        RAISE EXCEPTION 'schema "%" already exists', CASE WHEN pg_catalog.to_regnamespace('leadroute') IS NULL THEN 'leadroute_internal' ELSE 'leadroute' END
            USING ERRCODE = 'duplicate_schema', HINT = 'The extension creates its schemas itself, so that nobody else owns anything in them. Rename the schema, or drop it.';
    END IF;
END $$;

DO $$
DECLARE
    owner pg_catalog.pg_roles;
    reason text;
BEGIN
    SELECT * INTO owner FROM pg_catalog.pg_roles r WHERE r.rolname = 'leadroute_owner';
    IF NOT FOUND THEN
        BEGIN
            CREATE ROLE leadroute_owner NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- another session has just created it
            NULL;
        END;
        SELECT * INTO STRICT owner FROM pg_catalog.pg_roles r WHERE r.rolname = 'leadroute_owner';
        EXECUTE 'COMMENT ON ROLE leadroute_owner IS ''Owns the extension leadroute in each database that has it. Nobody is to be a member.''';
    END IF;
    reason := CASE
        WHEN owner.rolsuper OR owner.rolcreatedb OR owner.rolcreaterole OR owner.rolcanlogin OR owner.rolreplication OR owner.rolbypassrls
            THEN 'it may do more than own things'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = owner.oid) THEN 'it is a member of another role'
        WHEN EXISTS (SELECT FROM pg_catalog.pg_auth_members m
                       JOIN pg_catalog.pg_roles g ON g.oid = m.grantor JOIN pg_catalog.pg_roles r ON r.oid = m.member
                      WHERE m.roleid = owner.oid AND NOT r.rolsuper AND (m.admin_option OR NOT g.rolsuper))
            THEN 'it has members that no superuser let in' END;
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'role "leadroute_owner" cannot own the extension: %', reason
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A superuser should look at who made it, and drop it, or take away its attributes and members.';
    END IF;
END $$;

CREATE SCHEMA leadroute;
COMMENT ON SCHEMA leadroute IS 'Routing of leads: tables, views and functions for people and apps.';
CREATE SCHEMA leadroute_internal;
COMMENT ON SCHEMA leadroute_internal IS 'Functions that leadroute calls itself. Nobody needs rights here.';
