-- What routing tables are to change requests.

CREATE FUNCTION leadroute_internal.current_change() RETURNS bigint
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'leadroute_current_change';
COMMENT ON FUNCTION leadroute_internal.current_change() IS 'The change request whose SQL runs just now; NULL if none does. Internal.';

CREATE FUNCTION leadroute_internal.rule_tables() RETURNS text[]
    LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'leadroute_rule_tables';
COMMENT ON FUNCTION leadroute_internal.rule_tables() IS 'The tables that the word rules stands for in leadroute.require_change_request. Internal.';
