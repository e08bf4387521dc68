-- rules_diagram() draws the rules as they are, for Mermaid and for Graphviz, whatever they are called.
\i setup.sql
SET client_min_messages = warning;
-- Without rules every lead goes to catch-all.
SELECT leadroute.rules_diagram('mermaid') LIKE '%queue catch#95;all%' OR leadroute.rules_diagram('mermaid') LIKE '%queue catch_all%' AS has_catch_all;
DELETE FROM leadroute.queues WHERE kind <> 'catch_all';
INSERT INTO leadroute.reps (id, active) VALUES ('ann', true), ('bob', true), ('cyd', false);
INSERT INTO leadroute.queues (name, kind) VALUES ('partners', 'partner'), ('later', 'recycling'), ('rest', 'fallback');
INSERT INTO leadroute.territories (name, fallback_queue) VALUES ('north', 'rest');
INSERT INTO leadroute.pools (name, strategy) VALUES ('sales', 'weighted_round_robin'), ('closers', 'least_loaded');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 1.5), ('sales', 'bob', 1), ('sales', 'cyd', 1);
UPDATE leadroute.queues SET auto_assign_pool = 'sales' WHERE name = 'rest';
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('one.com', 'partner', 'partners'), ('two.com', 'partner', 'partners'), ('web.de', 'personal', NULL);
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('1', 'customer', 'ann');
INSERT INTO leadroute.recycle_rules (reason, kind, queue) VALUES ('no budget', 'timing', NULL), ('too small', 'fit', 'later');
INSERT INTO leadroute.segments (name, priority, territory, enabled, fallback_queue) VALUES ('dach', 20, 'north', true, NULL), ('vip', 10, NULL, true, 'rest'), ('old', 30, 'north', false, NULL);
INSERT INTO leadroute.tiers (segment, name, score, action, pool, queue, unless_intent) VALUES
    (NULL, 'cold', '(,50)', 'nurture', NULL, NULL, NULL), (NULL, 'warm', '[50,)', 'pool', 'sales', NULL, NULL), ('vip', 'any', '(,)', 'queue', 'closers', 'rest', 'high');
SELECT leadroute.rules_diagram('mermaid');
SELECT leadroute.rules_diagram('dot');
SELECT leadroute.rules_diagram() = leadroute.rules_diagram('mermaid') AS is_default;
SELECT * FROM story.try($$SELECT leadroute.rules_diagram('svg')$$);

-- Whoever makes up what is to be drawn hears that it is wrong.
SELECT code, message FROM story.try($$SELECT leadroute_internal.report_page('}')$$);
SELECT code, message FROM story.try($$SELECT leadroute_internal.diagram_text('{}', 'dot')$$);
SELECT * FROM story.try($$SELECT leadroute.rules_diagram(NULL)$$);

-- Names that mean something in the language are labels.
UPDATE leadroute.segments SET name = 'end"] --> x[" %%{init: {}}%% `' WHERE name = 'dach';
UPDATE leadroute.pools SET name = E'a "quoted" \\N\n<b>' WHERE name = 'closers';
SELECT line FROM regexp_split_to_table(leadroute.rules_diagram('mermaid'), '\n') line WHERE line ~ 'end|quoted';
SELECT line FROM regexp_split_to_table(leadroute.rules_diagram('dot'), '\n') line WHERE line ~ 'end|quoted';
