-- Nobody but the owner may do anything until it is granted.

GRANT USAGE ON SCHEMA leadroute TO PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA leadroute FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA leadroute FROM PUBLIC;
