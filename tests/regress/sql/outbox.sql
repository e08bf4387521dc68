-- The outbox: notifications are handed out, acknowledged, tried again, and cleared away.
\i setup.sql
INSERT INTO leadroute.reps (id, name, email, manager_id) VALUES ('max', 'Max', 'max@we.com', NULL);
INSERT INTO leadroute.reps (id, name, email, manager_id) VALUES ('ann', 'Ann', 'ann@we.com', 'max'), ('bob', 'Bob', NULL, 'max');
UPDATE leadroute.queues SET manager_id = 'max' WHERE name = 'catch_all';
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.territories (name) VALUES ('here');
INSERT INTO leadroute.segments (name, territory, countries) VALUES ('german', 'here', '{DE}');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- Nothing to take.
SELECT leadroute.notifications_waiting() AS waiting;
SELECT count(*) FROM leadroute.take_notifications('one');
INSERT INTO leadroute.leads (email, first_name, company, country, event)
VALUES ('ada@acme.com', 'Ada', 'Acme', 'DE', 'demo_request'), ('ben@acme.com', 'Ben', 'Acme', 'DE', 'demo_request'),
       ('zoe@mars.com', 'Zoe', 'Mars', 'JP', 'demo_request');
SELECT leadroute.notifications_waiting() AS waiting;

-- Each goes to one consumer, oldest first, with what a sales tool needs.
SELECT id, lead_id, decision_id, kind, rep_id, rep_email, queue, attempt FROM leadroute.take_notifications('one', 1);
SELECT id, lead_id, kind, rep_id, rep_email, queue, attempt FROM leadroute.take_notifications('two', batch => 10, lease => '10 minutes');
SELECT id, taken_by, attempts, lease_until - now() > '50 seconds' AS leased, lease_until - now() > '9 minutes' AS longer
  FROM leadroute.notifications ORDER BY id;
SELECT leadroute.notifications_waiting() AS waiting;
SELECT count(*) FROM leadroute.take_notifications('three');
SELECT key, value FROM leadroute.notifications n,
       jsonb_each(leadroute_internal.notification_payload(n.lead_id, n.decision_id, n.details))
 WHERE n.id = 1 AND value <> 'null' AND key NOT IN ('occurred_at', 'sla_due_at', 'decided_at') ORDER BY key;

-- What is acknowledged is over; what is not comes again when its lease has ended.
SELECT leadroute.ack_notifications('{2}') AS acknowledged;
UPDATE leadroute.notifications SET lease_until = now() - interval '1 second' WHERE acked_at IS NULL;
SELECT id, kind, attempt FROM leadroute.take_notifications('three');
SELECT leadroute.ack_notifications('{1,2,3,3,77}') AS acknowledged;
SELECT leadroute.ack_notifications('{1,2,3}') AS acknowledged, leadroute.ack_notifications('{}') AS none, leadroute.ack_notifications(NULL) AS nothing;
UPDATE leadroute.notifications SET lease_until = NULL;
SELECT count(*) FROM leadroute.take_notifications('three');

-- Of one lead only the earliest is out; other leads do not wait for it.
SELECT leadroute.transfer_lead(1, 'bob') > 0 AS transferred;
SELECT leadroute.transfer_lead(1, 'ann') > 0 AS transferred;
SELECT leadroute.transfer_lead(2, 'ann') > 0 AS transferred;
-- who has lost the lead is another story
DELETE FROM leadroute.notifications WHERE kind = 'unassigned';
SELECT id, lead_id, rep_id, attempt FROM leadroute.take_notifications('one');
SELECT id, lead_id, rep_id, attempt FROM leadroute.take_notifications('two');
SELECT leadroute.ack_notifications('{4}') AS acknowledged;
SELECT id, lead_id, rep_id, attempt FROM leadroute.take_notifications('two');
-- An acknowledgement that is rolled back is none.
BEGIN;
SELECT leadroute.ack_notifications('{6,8}') AS acknowledged;
ROLLBACK;
SELECT id, acked_at IS NULL AS open FROM leadroute.notifications WHERE id IN (6, 8) ORDER BY 1;
-- A consumer gives back what it holds, and only that; later or at once.
SELECT leadroute.release_notifications('one', '{6,8}') AS released;
SELECT leadroute.release_notifications('two', '{6,4}', '1 hour') AS released;
SELECT id, lead_id, attempt FROM leadroute.take_notifications('three');
SELECT lease_until - now() > '59 minutes' AS later FROM leadroute.notifications WHERE id = 6;
SELECT leadroute.ack_notifications('{6,8}') AS acknowledged;

-- What never succeeds stays, is tried ever less often, and can be seen; it holds back its own lead only.
INSERT INTO leadroute.leads (email, country) VALUES ('odd@acme.com', 'DE') RETURNING id;
SELECT leadroute.transfer_lead(4, 'max') > 0 AS transferred;
DELETE FROM leadroute.notifications WHERE kind = 'unassigned';
DO $$ BEGIN FOR n IN 1..4 LOOP
    PERFORM leadroute.take_notifications('one');
    UPDATE leadroute.notifications SET lease_until = now() WHERE id = 10;
END LOOP; END $$;
SELECT count(*) AS stuck FROM leadroute.stuck_notifications;
SELECT id, attempt FROM leadroute.take_notifications('one');
SELECT id, lead_id, rep_id, attempts, taken_by, holds_back FROM leadroute.stuck_notifications;
CREATE FUNCTION story.lease(done integer) RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN
    UPDATE leadroute.notifications SET attempts = done, lease_until = now() WHERE id = 10;
    PERFORM leadroute.take_notifications('one');
    RETURN round(extract(epoch FROM (SELECT lease_until - clock_timestamp() FROM leadroute.notifications WHERE id = 10)) / 60);
END $$;
SELECT attempt, story.lease(attempt - 1) AS minutes FROM unnest('{5,6,7,8,11,12,100,1000000}'::int[]) attempt;
INSERT INTO leadroute.leads (email, country) VALUES ('eve@acme.com', 'DE') RETURNING id;
SELECT id, lead_id FROM leadroute.take_notifications('one');
SELECT leadroute.ack_notifications('{10}') AS given_up;
SELECT id, lead_id FROM leadroute.take_notifications('one');
SELECT leadroute.ack_notifications('{11,13}') AS acknowledged;

-- What a consumer may not ask for.
SELECT * FROM story.try('SELECT leadroute.take_notifications(NULL)');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', 0)');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', NULL)');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', 1, ''0'')');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', 1, ''-1 minute'')');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', 1, NULL)');
SELECT * FROM story.try('SELECT leadroute.take_notifications(''one'', 1, ''2 days'')');
SELECT * FROM story.try('SELECT leadroute.purge_notifications(''1 day'', 0)');
SELECT * FROM story.try('SELECT leadroute.purge_notifications(''-1 day'')');
SELECT * FROM story.try('INSERT INTO leadroute.notifications (kind) VALUES (''assigned'')');

-- Reps are told of renames by their new name; what is about a lead goes with it.
INSERT INTO leadroute.leads (email, country) VALUES ('fay@acme.com', 'DE') RETURNING id;
UPDATE leadroute.reps SET id = 'anna' WHERE id = 'ann';
UPDATE leadroute.reps SET id = 'bert' WHERE id = 'bob';
SELECT lead_id, kind, rep_id, payload ->> 'owner_id' AS owner FROM leadroute.take_notifications('one');
DELETE FROM leadroute.leads WHERE id = 6;
SELECT count(*) FROM leadroute.notifications WHERE lead_id = 6;

-- Sleep: not while something waits. NOTIFY is sent only to who sleeps, and only by a transaction that tells somebody.
SELECT leadroute.doze() AS waiting, leadroute.wake() AS slept, leadroute.wake() AS slept_again;
SELECT leadroute.doze() AS waiting, leadroute.doze() AS again, leadroute.wake() AS slept, leadroute.wake() AS slept_again;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';
INSERT INTO leadroute.leads (email, country) VALUES ('gil@acme.com', 'DE') RETURNING id;
SELECT leadroute.doze() AS waiting, leadroute.wake() AS slept;
BEGIN;
SELECT leadroute.doze() AS waiting;
ROLLBACK;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';
SELECT leadroute.ack_notifications(array_agg(id)) AS acknowledged FROM leadroute.take_notifications('one');
BEGIN;
SELECT leadroute.doze() AS waiting;
ROLLBACK;
SELECT mode FROM pg_locks WHERE locktype = 'advisory';
SELECT leadroute.wake() AS slept;

-- Clearing away: what was acknowledged long ago, and what nobody ever took; not what was tried in vain.
INSERT INTO leadroute.leads (email, country) SELECT n || '@many.com', 'DE' FROM generate_series(1, 6) n;
SELECT leadroute.ack_notifications(array_agg(id)) AS acknowledged FROM leadroute.take_notifications('one', 2);
SELECT count(*) AS tried FROM leadroute.take_notifications('one', 2);
SELECT leadroute.purge_notifications() AS purged;
UPDATE leadroute.notifications SET created_at = created_at - interval '31 days' WHERE lead_id > 7;
SELECT leadroute.purge_notifications() AS purged;
UPDATE leadroute.notifications SET acked_at = acked_at - interval '31 days' WHERE lead_id > 7;
SELECT leadroute.purge_notifications(batch => 1) AS purged;
SELECT leadroute.purge_notifications() AS purged;
SELECT attempts, acked_at IS NULL AS open, count(*) FROM leadroute.notifications WHERE lead_id > 7 GROUP BY 1, 2;
SELECT leadroute.purge_notifications('0') > 0 AS purged;
SELECT attempts, acked_at IS NULL AS open, count(*) FROM leadroute.notifications GROUP BY 1, 2;

-- An alarm, once, when too many leads fall back; a share of twenty leads at least.
DELETE FROM leadroute.leads;
SELECT leadroute.check_rates() AS alarms;
INSERT INTO leadroute.leads (email, country) SELECT n || '@here.com', CASE WHEN n <= 5 THEN 'JP' ELSE 'DE' END FROM generate_series(1, 19) n;
SELECT leadroute.check_rates() AS alarms;
INSERT INTO leadroute.leads (email, country) VALUES ('20@here.com', 'DE');
SET leadroute.alarm_share = 0.25;
SELECT leadroute.check_rates() AS alarms;
RESET leadroute.alarm_share;
SHOW leadroute.alarm_share;
UPDATE leadroute.decisions SET decided_at = decided_at - interval '2 hours';
SELECT leadroute.check_rates() AS alarms;
UPDATE leadroute.decisions SET decided_at = decided_at + interval '2 hours';
BEGIN;
SELECT leadroute.check_rates() AS alarms;
ROLLBACK;
SELECT leadroute.check_rates() AS alarms;
SELECT leadroute.check_rates() AS alarms;
SELECT lead_id, decision_id, kind, rep_id, rep_email, queue, attempt, payload FROM leadroute.take_notifications('one') WHERE kind = 'rate_alarm';
-- It ends when it is a tenth below, and can begin again.
UPDATE leadroute.decisions SET decided_at = decided_at - interval '2 hours' WHERE layer = 'fallback';
INSERT INTO leadroute.leads (email, country) SELECT n || '@here.com', 'DE' FROM generate_series(21, 25) n;
SELECT leadroute.check_rates() AS alarms;
UPDATE leadroute.decisions SET decided_at = decided_at + interval '2 hours' WHERE layer = 'fallback';
SET leadroute.alarm_share = 0.15;
SELECT leadroute.check_rates() AS alarms;
SELECT leadroute.check_rates() AS alarms;
RESET leadroute.alarm_share;
SELECT count(*) AS alarms FROM leadroute.notifications WHERE kind = 'rate_alarm';
-- Settings are not for everybody.
CREATE ROLE story_app;
GRANT USAGE ON SCHEMA story TO story_app;
SET ROLE story_app;
SELECT * FROM story.try('SELECT leadroute.take_notifications(''app'')');
SELECT * FROM story.try('SET leadroute.notify = off');
SELECT * FROM story.try('SET leadroute.alarm_share = 1');
RESET ROLE;
GRANT EXECUTE ON FUNCTION leadroute.take_notifications(text, integer, interval, text, text[]), leadroute.ack_notifications(bigint[]), leadroute.doze(text[], text[]), leadroute.wake() TO story_app;
SET ROLE story_app;
SELECT count(*) > 0 AS works FROM leadroute.take_notifications('app');
SELECT leadroute.ack_notifications('{0}') AS works, leadroute.doze() AS works_too, leadroute.wake() AS woke;
SELECT * FROM story.try('SELECT * FROM leadroute.notifications');
RESET ROLE;
DROP OWNED BY story_app;
DROP ROLE story_app;
