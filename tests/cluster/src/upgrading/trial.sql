-- A step to a version that is none, with what steps are made of: a column, a table with rows of users, functions, a view that
-- is replaced, a trigger, and the owner, grants, comments and dump configuration of each.
ALTER TABLE leadroute.leads ADD COLUMN referrer text;
COMMENT ON COLUMN leadroute.leads.referrer IS 'Who named us.';

CREATE TABLE leadroute.referrers (
    name text PRIMARY KEY CHECK (name <> ''),
    bonus numeric NOT NULL DEFAULT 0
);
COMMENT ON TABLE leadroute.referrers IS 'Who names us.';
COMMENT ON COLUMN leadroute.referrers.name IS 'Its name.';
COMMENT ON COLUMN leadroute.referrers.bonus IS 'What it gets for a lead.';
SELECT pg_catalog.pg_extension_config_dump('leadroute.referrers'::pg_catalog.regclass, '');

CREATE FUNCTION leadroute.referrer_bonus(name text) RETURNS numeric
    LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.bonus FROM leadroute.referrers r WHERE r.name = referrer_bonus.name $$;
COMMENT ON FUNCTION leadroute.referrer_bonus(text) IS 'What a referrer gets for a lead.';

CREATE OR REPLACE FUNCTION leadroute_internal.is_with_rep(status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT status IN ('assigned', 'working', 'qualified') OR status = 'referred' $$;

CREATE VIEW leadroute.referred_leads AS
SELECT l.id, l.referrer, r.bonus FROM leadroute.leads l JOIN leadroute.referrers r ON r.name = l.referrer;
COMMENT ON VIEW leadroute.referred_leads IS 'Leads of referrers.';

ALTER TABLE leadroute.referrers OWNER TO leadroute_owner;
ALTER VIEW leadroute.referred_leads OWNER TO leadroute_owner;
ALTER FUNCTION leadroute.referrer_bonus(text) OWNER TO leadroute_owner;
REVOKE ALL ON FUNCTION leadroute.referrer_bonus(text) FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON leadroute.referrers, leadroute.referred_leads TO @extowner@ WITH GRANT OPTION;
GRANT ALL ON FUNCTION leadroute.referrer_bonus(text) TO @extowner@ WITH GRANT OPTION;
