-- Loads the sample company, once: psql -d DATABASE -f load.sql, after CREATE EXTENSION leadroute CASCADE.
-- Leaves the milliseconds from the INSERT of the 2,000 leads to its commit in the psql variable route_ms.
\set ON_ERROR_STOP on
\set was_quiet :QUIET
\set QUIET on

BEGIN;
SET LOCAL client_min_messages = warning;
\ir 00_words.sql
\ir 01_roster.sql
COMMIT;

BEGIN;
\ir 02_rules.sql
COMMIT;

BEGIN;
\ir 03_accounts.sql
COMMIT;

BEGIN;
SET LOCAL client_min_messages = warning;
\ir 04_leads.sql
COMMIT;

SELECT round(1000 * extract(epoch FROM clock_timestamp() - :'insert_began'::timestamptz)) AS route_ms \gset
\set QUIET :was_quiet
