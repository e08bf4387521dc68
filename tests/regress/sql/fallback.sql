-- fallback: the segment's queue, then the territory's, then the pool's, then the catch-all queue.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('maria'), ('peter'), ('chief');
UPDATE leadroute.queues SET manager_id = 'chief' WHERE name = 'catch_all';
INSERT INTO leadroute.queues (name, kind, manager_id) VALUES
    ('of segment', 'fallback', 'maria'), ('of territory', 'fallback', 'peter'), ('of pool', 'fallback', NULL);
INSERT INTO leadroute.territories (name, fallback_queue) VALUES ('north', 'of territory');
INSERT INTO leadroute.pools (name, fallback_queue) VALUES ('empty', 'of pool');
INSERT INTO leadroute.segments (name, territory, countries, fallback_queue) VALUES
    ('own queue', 'north', '{DE}', 'of segment'), ('none of its own', 'north', '{FR}', NULL);
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'empty');

INSERT INTO leadroute.leads (email, country) VALUES ('a@acme.com', 'DE'), ('b@acme.com', 'FR'), ('c@acme.com', 'ES'), (NULL, NULL)
RETURNING id, country, status, owner_id, queue;
SELECT story.explain(1);
SELECT story.explain(3);
SELECT story.explain(4);

-- The manager of the queue is told at once, and a clock runs: somebody must answer.
SELECT lead_id, kind, rep_id, queue FROM leadroute.notifications ORDER BY lead_id;
SELECT lead_id, policy FROM leadroute.sla_clocks ORDER BY lead_id;

-- Every lead is somewhere: the constraint, not the habit.
SELECT count(*) AS nowhere FROM leadroute.leads WHERE owner_id IS NULL AND queue IS NULL AND status <> 'nurture' AND duplicate_of IS NULL;
SELECT * FROM story.try('UPDATE leadroute.leads SET queue = NULL WHERE id = 1');

-- The pool's queue is for territories that have none.
INSERT INTO leadroute.territories (name, fallback_queue) VALUES ('south', NULL);
INSERT INTO leadroute.segments (name, territory, countries) VALUES ('no queue at all', 'south', '{IT}');
INSERT INTO leadroute.leads (email, country) VALUES ('d@acme.com', 'IT') RETURNING queue;
