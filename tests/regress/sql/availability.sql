-- availability: who can take a lead now, what a pool does while nobody can, and that return is automatic.
\i setup.sql
INSERT INTO leadroute.reps (id, schedule, time_zone) VALUES ('ann', NULL, 'Europe/Berlin'), ('bob', NULL, 'America/New_York');
INSERT INTO leadroute.queues (name) VALUES ('desk');
INSERT INTO leadroute.pools (name, fallback_queue) VALUES ('sales', 'desk');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.territories VALUES ('everywhere');
INSERT INTO leadroute.segments (name, territory) VALUES ('all', 'everywhere');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE FUNCTION story.owner() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(answer ->> 'owner_id', answer ->> 'queue') FROM leadroute.preview_route('{}') answer $$;

-- Hours in the rep's own zone: several blocks a day, over midnight too. Here every block but one that is open now is wrong.
INSERT INTO leadroute.schedules VALUES ('now'), ('not now');
INSERT INTO leadroute.schedule_hours
SELECT 'now', extract(isodow FROM here), time '00:00', time '24:00' FROM (SELECT now() AT TIME ZONE 'Europe/Berlin' + n * interval '1 day' AS here FROM generate_series(0, 1) n) x;
INSERT INTO leadroute.schedule_hours
SELECT 'not now', extract(isodow FROM here), time '00:00', time '24:00' FROM (SELECT now() AT TIME ZONE 'America/New_York' + n * interval '1 day' AS here FROM generate_series(2, 5) n) x;
UPDATE leadroute.reps SET schedule = CASE id WHEN 'ann' THEN 'now' ELSE 'not now' END;
INSERT INTO leadroute.leads (company) VALUES ('hours') RETURNING owner_id;
SELECT story.step(1, 'distribution') -> 'candidates' AS candidates;
UPDATE leadroute.reps SET schedule = NULL;

-- A calendar or an HR system feeds absences, and upserts by its own key; sick leave may be open-ended.
INSERT INTO leadroute.absences (rep_id, during, kind, source, external_id) VALUES ('ann', '[2020-01-01,)', 'sick', 'hr', 'A-1')
ON CONFLICT (source, external_id) DO UPDATE SET during = excluded.during;
SELECT story.owner();
INSERT INTO leadroute.absences (rep_id, during, kind, source, external_id) VALUES ('ann', '[2020-01-01,2020-02-01)', 'sick', 'hr', 'A-1')
ON CONFLICT (source, external_id) DO UPDATE SET during = excluded.during;
SELECT count(*), max(upper(during)) < now() AS is_over FROM leadroute.absences;
-- Return is automatic: the rotation goes on, with no flood and no hole.
INSERT INTO leadroute.leads (company) SELECT 'r' || n FROM generate_series(1, 6) n RETURNING owner_id;
SELECT code, message FROM story.try($$INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('ann', '[2020-01-15,2020-01-20)', 'sick')$$);

-- Presence, as a tool reports it.
SELECT leadroute.set_presence('ann', 'away');
SELECT presence, presence_at > now() - interval '1 minute' AS just_now FROM leadroute.reps WHERE id = 'ann';
SELECT story.owner();
-- The same again soon after changes nothing, so that sessions need not read the roster again.
SELECT xmin AS row_version FROM leadroute.reps WHERE id = 'ann' \gset
SELECT leadroute.set_presence('ann', 'away');
SELECT xmin = :row_version AS same_row FROM leadroute.reps WHERE id = 'ann';
-- What was reported too long ago says nothing any more: hours and absences decide.
UPDATE leadroute.reps SET presence_at = now() - interval '17 hours';
UPDATE leadroute.reps SET active = false WHERE id = 'bob';
SELECT story.owner();
SET leadroute.presence_ttl = 0;
SELECT story.owner();
RESET leadroute.presence_ttl;
-- Set by hand without a time it holds until it is changed.
UPDATE leadroute.reps SET presence = 'offline', presence_at = NULL;
SELECT story.owner();
SELECT * FROM story.try($$SELECT leadroute.set_presence('ann', 'asleep')$$);
SELECT * FROM story.try($$SELECT leadroute.set_presence('ann', NULL)$$);
SELECT * FROM story.try($$SELECT leadroute.set_presence('zoe', 'online')$$);

-- While everybody is away: the fallback, ...
INSERT INTO leadroute.leads (company) VALUES ('night') RETURNING owner_id, queue, held;
-- ... somebody who is away, but not somebody who has left, ...
UPDATE leadroute.pools SET when_all_away = 'assign_anyway';
INSERT INTO leadroute.leads (company) VALUES ('anyway') RETURNING id, owner_id, queue;
SELECT story.explain(9);
-- ... or held until the first is back.
UPDATE leadroute.pools SET when_all_away = 'hold';
INSERT INTO leadroute.leads (company, event) VALUES ('h1', 'demo_request'), ('h2', 'demo_request'), ('h3', 'newsletter') RETURNING id, owner_id, queue, held, status;
SELECT story.explain(10);
SELECT leadroute.assign_queued() AS nobody_back;
SELECT leadroute.set_presence('ann', 'online');
SELECT leadroute.assign_queued(2);
SELECT leadroute.assign_queued();
SELECT leadroute.assign_queued();
SELECT l.id, l.owner_id, l.queue, l.held, l.status, d.cause, d.layer, d.previous_owner_id FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.id >= 10 ORDER BY l.id;
-- The clock that started with the buyer goes on.
SELECT lead_id, policy, stopped_at IS NULL AS runs FROM leadroute.sla_clocks WHERE lead_id >= 10 ORDER BY lead_id;
SELECT lead_id, kind, rep_id, queue FROM leadroute.notifications WHERE lead_id = 10 ORDER BY id;
SELECT story.explain(10);
SELECT * FROM story.try($$SELECT leadroute.assign_queued(0)$$);
-- Who takes a held lead by hand, takes it out.
UPDATE leadroute.reps SET presence = 'offline', presence_at = NULL;
INSERT INTO leadroute.leads (company) VALUES ('h4'), ('h5') RETURNING id, held;
UPDATE leadroute.leads SET owner_id = 'ann' WHERE id = 13;
SELECT id, owner_id, queue, held FROM leadroute.leads WHERE id IN (13, 14) ORDER BY id;
-- Nobody comes back to a pool that is gone: the layers are asked again.
DELETE FROM leadroute.tiers;
DELETE FROM leadroute.pools;
SELECT leadroute.assign_queued();
SELECT queue, held FROM leadroute.leads WHERE id = 14;
SELECT cause, reason FROM leadroute.decisions WHERE lead_id = 14 ORDER BY id;
