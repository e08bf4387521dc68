-- tier: the score within the segment picks a pool, a queue, or nurture.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('hunters'), ('starters');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('hunters', 'ann'), ('starters', 'bob');
INSERT INTO leadroute.queues (name) VALUES ('review');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'review'), ('france', '{FR}', 'review');
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue) VALUES
    ('germany', 'A', '[80,)',    'pool',    'hunters',  NULL),
    ('germany', 'B', '[50,80)',  'pool',    'starters', NULL),
    ('germany', 'C', '[20,50)',  'queue',   NULL,       'review'),
    ('germany', 'D', '(,20)',    'nurture', NULL,       NULL),
    (NULL,      'X', '[50,100]', 'pool',    'starters', NULL);

INSERT INTO leadroute.leads (email, country, score)
SELECT 'buyer' || n || '@acme.com', 'DE', score
  FROM unnest(ARRAY[1e6, 80, 79.99, 50, 49.9, 20, 19.5, 0, -5, NULL]::numeric[]) WITH ORDINALITY AS given (score, n)
RETURNING id, score, tier, pool, status, owner_id, queue;
SELECT story.explain(1);
SELECT story.step(5, 'tier'), story.step(10, 'tier') AS step_without_score;
-- Nurture and queues alert nobody.
SELECT count(*) AS alerts FROM leadroute.notifications WHERE lead_id IN (5, 6, 7, 8, 9, 10);

-- A segment without tiers of its own takes those for all segments; what no tier holds falls back.
INSERT INTO leadroute.leads (email, country, score) VALUES ('x1@acme.com', 'FR', 100), ('x2@acme.com', 'FR', 49)
RETURNING id, tier, pool, owner_id, queue;
SELECT story.explain(12);
-- The tiers of the segment come before those for all.
INSERT INTO leadroute.tiers (segment, name, score, action) VALUES ('france', 'own', '[90,)', 'nurture');
INSERT INTO leadroute.leads (email, country, score) VALUES ('x3@acme.com', 'FR', 95), ('x4@acme.com', 'FR', 60) RETURNING tier, status;

-- A border closer to zero than a double can be: the rules are read all the same.
UPDATE leadroute.segments SET revenue = numrange(('1e-' || 9000)::numeric, NULL) WHERE name = 'france';
INSERT INTO leadroute.leads (email, country, score, annual_revenue) VALUES ('x5@acme.com', 'FR', 95, 1000) RETURNING segment, tier, status;
