-- routing_health: a line for each thing that must work.
\i setup.sql
CREATE VIEW story.health AS SELECT "check", status, regexp_replace(detail, '\d\d\d\d-.*', '(...)') AS detail FROM leadroute.routing_health;
-- Also in a session that has routed nothing yet, and so does not know the settings.
\c -
TABLE story.health;
-- What goes wrong is said, with the remedy.
SET leadroute.enabled = off;
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com');
SELECT * FROM story.health WHERE "check" IN ('routing', 'leads without a route');
RESET leadroute.enabled;
SELECT leadroute.reroute_lead(1) ->> 'queue' AS queue;
UPDATE leadroute.sla_clocks SET next_at = now() - interval '3 minutes';
SELECT * FROM story.health WHERE "check" IN ('routing', 'leads without a route', 'overdue steps');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
ALTER TABLE leadroute.mail_domains RENAME TO gone;
INSERT INTO leadroute.leads (email) VALUES ('eve@acme.com') RETURNING queue;
ALTER TABLE leadroute.gone RENAME TO mail_domains;
SELECT * FROM story.health WHERE "check" IN ('routing errors', 'rules');
