-- Nobody but the owner may do anything until it is granted.

GRANT USAGE ON SCHEMA leadroute TO PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA leadroute FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA leadroute FROM PUBLIC;
-- Whoever may edit reps runs the check of their time zone; it reads nothing.
GRANT EXECUTE ON FUNCTION leadroute.is_time_zone(text) TO PUBLIC;
-- A trusted extension belongs to the superuser of the installation; whoever created it administers it.
GRANT ALL ON ALL TABLES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
GRANT ALL ON ALL SEQUENCES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
GRANT ALL ON ALL ROUTINES IN SCHEMA leadroute TO @extowner@ WITH GRANT OPTION;
