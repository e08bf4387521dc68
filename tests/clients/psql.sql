-- psql: variables are sent as literals.
\set ON_ERROR_STOP on
-- psql 14 has no \getenv
\set client `printf %s "$CLIENT"`
\set way `printf %s "$WAY"`

INSERT INTO leadroute.leads (email, source) VALUES ('ada@psql-' || :'way' || '.com', :'client') RETURNING owner_id \gset a_
INSERT INTO leadroute.leads (email, source) VALUES ('bea@psql-' || :'way' || '.com', :'client') RETURNING owner_id \gset b_
INSERT INTO leadroute.leads (email, source) VALUES ('cas@psql-' || :'way' || '.com', :'client') RETURNING owner_id \gset c_
SELECT 1 / (count(DISTINCT owner) = 3)::int FROM unnest(ARRAY[:'a_owner_id', :'b_owner_id', :'c_owner_id']) owner;

SELECT leadroute.route_lead(jsonb_build_object('email', 'dan@psql-' || :'way' || '.com', 'source', :'client')) ->> 'owner_id' AS owner_id \gset d_
SELECT 1 / (:'d_owner_id' = :'a_owner_id')::int;

\copy leadroute.leads (email, source) FROM PROGRAM 'for n in $(seq 20); do printf "copy$n@psql-$WAY.com\t$CLIENT\n"; done'

BEGIN;
INSERT INTO leadroute.leads (email, source) VALUES ('undone@psql-' || :'way' || '.com', :'client');
ROLLBACK;

INSERT INTO leadroute.leads (external_id, source) VALUES (:'client', :'client');
\set ON_ERROR_STOP off
INSERT INTO leadroute.leads (external_id, source) VALUES (:'client', :'client');
\set insert_error :SQLSTATE
SELECT leadroute.route_lead('[]');
\set route_error :SQLSTATE
\set ON_ERROR_STOP on
SELECT 1 / ((:'insert_error', :'route_error') = ('23505', '22023'))::int;
