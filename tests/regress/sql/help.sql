-- help() lists what people and apps call, from the catalog, so that it cannot go stale; anybody may read it.
\i setup.sql

SELECT kind, name, arguments, what FROM leadroute.help('notifications');
SELECT topic, kind, name, arguments FROM leadroute.help('_LEAD') WHERE kind = 'function';
SELECT * FROM leadroute.help('no such thing');

-- Every topic that the comment of the function names is there, and nothing is without a topic.
SELECT DISTINCT topic, obj_description('leadroute.help(text)'::regprocedure) LIKE '%' || topic || '%' AS is_named FROM leadroute.help() ORDER BY topic;
SELECT kind, name FROM leadroute.help() WHERE topic = 'other';
-- Each function and view that is granted to a kind of role is there.
SELECT DISTINCT o.object FROM leadroute.role_recipes r, regexp_matches(r.objects, 'leadroute[.]([a-z_]+)', 'g') m, LATERAL (SELECT m[1]) o (object)
 WHERE o.object NOT IN (SELECT name FROM leadroute.help()) AND NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'leadroute' AND tablename = o.object);
-- What is added to the schema is found by itself.
CREATE VIEW leadroute.speed_of_mine AS SELECT 1 AS one;
COMMENT ON VIEW leadroute.speed_of_mine IS 'Version 1.5 of my own. Not of the extension.';
SELECT * FROM leadroute.help('of_mine');
DROP VIEW leadroute.speed_of_mine;

-- It tells everybody what they may call themselves.
CREATE ROLE story_app;
SELECT leadroute.grant_role('app', 'story_app');
SET ROLE story_app;
SELECT name, allowed FROM leadroute.help('routing');
RESET ROLE;
SELECT leadroute.revoke_role('app', 'story_app');
DROP ROLE story_app;
