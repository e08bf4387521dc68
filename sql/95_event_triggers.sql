-- Last, so that they do not watch the script itself. PostgreSQL wants a superuser to own event triggers; what they call
-- belongs to leadroute_owner and runs with its rights; observe_command() alone runs as the caller, to ask who that is.

CREATE EVENT TRIGGER leadroute_0_observe ON ddl_command_start EXECUTE FUNCTION leadroute_internal.observe_command();
CREATE EVENT TRIGGER leadroute_dropping ON ddl_command_start
    WHEN tag IN ('ALTER TABLE', 'DROP AGGREGATE', 'DROP CAST', 'DROP COLLATION', 'DROP DOMAIN', 'DROP EXTENSION', 'DROP FOREIGN TABLE',
                 'DROP FUNCTION', 'DROP MATERIALIZED VIEW', 'DROP OPERATOR', 'DROP OWNED', 'DROP PROCEDURE', 'DROP ROUTINE',
                 'DROP SCHEMA', 'DROP SEQUENCE', 'DROP TABLE', 'DROP TYPE', 'DROP VIEW')
    EXECUTE FUNCTION leadroute_internal.attached_dropping();
CREATE EVENT TRIGGER leadroute_extension_dropping ON ddl_command_start WHEN tag IN ('DROP EXTENSION', 'DROP OWNED', 'DROP SCHEMA')
    EXECUTE FUNCTION leadroute_internal.extension_dropping();
CREATE EVENT TRIGGER leadroute_dropped ON sql_drop EXECUTE FUNCTION leadroute_internal.attached_dropped();
CREATE EVENT TRIGGER leadroute_triggers ON ddl_command_end WHEN tag IN ('ALTER TABLE')
    EXECUTE FUNCTION leadroute_internal.triggers_switched();
CREATE EVENT TRIGGER leadroute_adopted ON ddl_command_end WHEN tag IN ('CREATE TRIGGER')
    EXECUTE FUNCTION leadroute_internal.attached_adopted();
CREATE EVENT TRIGGER leadroute_altered ON ddl_command_end
    WHEN tag IN ('ALTER TABLE', 'CREATE TABLE', 'CREATE SCHEMA', 'ALTER SCHEMA', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW',
                 'ALTER FOREIGN TABLE', 'ALTER INDEX', 'ALTER FUNCTION', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'ALTER TYPE', 'ALTER DOMAIN')
    EXECUTE FUNCTION leadroute_internal.attached_altered();
