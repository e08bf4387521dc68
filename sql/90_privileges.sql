-- Nobody but the owner may do anything until it is granted.

GRANT USAGE ON SCHEMA leadroute TO PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA leadroute FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA leadroute FROM PUBLIC;
-- Whoever may edit reps runs the check of their time zone; it reads nothing.
GRANT EXECUTE ON FUNCTION leadroute.is_time_zone(text) TO PUBLIC;
