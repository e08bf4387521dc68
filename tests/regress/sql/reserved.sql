-- The prefix of the settings is reserved (PostgreSQL 15): a misspelt one is refused.
\i setup.sql
SELECT leadroute.preview_route('{}') ->> 'queue' AS queue;
SET leadroute.enable = off;
