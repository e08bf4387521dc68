-- A rebalance is proposed with its numbers, keeps skills and languages, can be previewed, and is not proposed twice.
\i setup.sql
INSERT INTO leadroute.reps (id, skills, languages) VALUES ('n1', '{cloud}', '{de,en}'), ('n2', NULL, '{en}'), ('s1', '{cloud}', '{en}'), ('e1', NULL, '{de}'), ('w1', NULL, NULL);
INSERT INTO leadroute.pools (name) VALUES ('north'), ('south'), ('east'), ('west');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('north', 'n1'), ('north', 'n2'), ('south', 's1'), ('east', 'e1'), ('west', 'w1');
INSERT INTO leadroute.territories (name) SELECT name FROM leadroute.pools;
INSERT INTO leadroute.segments (name, territory, countries, required_skills, languages) VALUES ('berlin', 'north', '{DE}', '{cloud}', NULL), ('oslo', 'north', '{NO}', NULL, '{de}'),
    ('rome', 'south', '{IT}', NULL, NULL), ('kyiv', 'east', '{UA}', NULL, NULL), ('lisbon', 'west', '{PT}', NULL, NULL);
INSERT INTO leadroute.tiers (segment, name, score, pool) SELECT name, 'low', '(,50)'::numrange, territory FROM leadroute.segments UNION ALL SELECT name, 'high', '[50,)', territory FROM leadroute.segments;
CREATE FUNCTION story.came(segment text, leads integer, won integer DEFAULT 0) RETURNS void LANGUAGE sql AS $$
    INSERT INTO leadroute.leads (status, owner_id, segment, territory, created_at, routed_at, amount, attributes)
    SELECT 'converted', 'n1', segment, (SELECT s.territory FROM leadroute.segments s WHERE s.name = segment), now() - interval '10 days', now(), won, NULL FROM generate_series(1, leads) $$;
SELECT story.came('berlin', 30), story.came('oslo', 20), story.came('rome', 25), story.came('kyiv', 20), story.came('lisbon', 20);
SELECT * FROM leadroute.propose_rebalance();
SELECT count(*) AS changes FROM leadroute.change_requests;
-- By count: 130 and 60 of 255 in the north, 2.98 times the mean; then 3.12.
SELECT story.came('berlin', 100), story.came('oslo', 40);
SELECT * FROM leadroute.propose_rebalance();
SELECT story.came('oslo', 40);
SELECT * FROM leadroute.propose_rebalance() \g /dev/null
SELECT id, title, why ~ 'segment oslo' AS explained, sql FROM leadroute.change_requests ORDER BY id DESC LIMIT 1;
-- oslo needs German: it goes neither to the south, nor may it to the west if w1 were asked in Italian only.
UPDATE leadroute.reps SET languages = '{it}' WHERE id = 'w1';
SELECT kind, name, leads_before, leads_after, factor_before, factor_after, explanation FROM leadroute.propose_rebalance();
UPDATE leadroute.reps SET languages = '{it}' WHERE id = 'e1';
SELECT kind, name, leads_before, leads_after, factor_before, factor_after, explanation FROM leadroute.propose_rebalance();
-- Nobody has the skill: a further rep is needed. Then there is one, who joins.
UPDATE leadroute.reps SET skills = NULL WHERE id = 's1';
SELECT change_id, kind, name, explanation FROM leadroute.propose_rebalance() WHERE kind <> 'area';
UPDATE leadroute.reps SET skills = '{cloud,x}', languages = '{sv}' WHERE id = 's1';
UPDATE leadroute.segments SET languages = '{fi}', required_skills = '{cloud}' WHERE territory = 'north';
SELECT kind, name, explanation FROM leadroute.propose_rebalance() WHERE kind <> 'area';
SELECT sql FROM leadroute.change_requests ORDER BY id DESC LIMIT 1;
-- By value: few leads that won much.
UPDATE leadroute.segments SET languages = NULL, required_skills = NULL;
DELETE FROM leadroute.leads;
SELECT story.came('berlin', 10, 1000), story.came('oslo', 10, 800), story.came('rome', 10, 10), story.came('kyiv', 10, 10), story.came('lisbon', 10, 10);
SELECT kind, name, leads_before, leads_after, value_before, value_after, factor_before, factor_after, explanation FROM leadroute.propose_rebalance();
SELECT max(change_id) AS change FROM leadroute.propose_rebalance() \gset
SELECT * FROM leadroute.preview_summary(:change) WHERE grain = 'territory' \g /dev/null
-- Asked again, it is the change that is open already.
SELECT count(*) AS before FROM leadroute.change_requests \gset
SELECT DISTINCT change_id = :change AS same FROM leadroute.propose_rebalance();
SELECT count(*) - :before AS more FROM leadroute.change_requests;
SELECT leadroute.cancel_change(:change, 'somebody else asks');
-- Whoever may propose changes may call it, and is the author.
CREATE ROLE story_author LOGIN;
SELECT leadroute.grant_role('author', 'story_author');
SET SESSION AUTHORIZATION story_author;
SELECT kind, name, factor_before, factor_after FROM leadroute.propose_rebalance();
RESET SESSION AUTHORIZATION;
SELECT proposed_by, status FROM leadroute.change_requests ORDER BY id DESC LIMIT 1;
DROP OWNED BY story_author;
DROP ROLE story_author;
-- Applied, it is in balance, and nothing more is proposed.
SELECT sql FROM leadroute.change_requests WHERE id = :change \gset
SET search_path = leadroute;
:sql
RESET search_path;
SELECT DISTINCT change_id, explanation FROM leadroute.propose_rebalance() WHERE explanation <> '';
SELECT name, territory FROM leadroute.segments ORDER BY name;
SELECT segment, name, pool FROM leadroute.tiers WHERE segment IN ('berlin', 'oslo') ORDER BY segment, name;
-- Without territories the pools are balanced; another tenant has no leads.
UPDATE leadroute.segments SET territory = NULL, fallback_queue = 'catch_all';
SELECT story.came('rome', 300);
SELECT kind, name, leads_before, leads_after, factor_before, factor_after, explanation FROM leadroute.propose_rebalance();
-- A rep is proposed once, also while others have fewer leads; once the rep has joined, the numbers of before ask for nobody else.
SELECT count(*) AS before FROM leadroute.change_requests \gset
INSERT INTO leadroute.leads (status, owner_id, segment, created_at, routed_at) SELECT 'assigned', 'e1', 'kyiv', now() - interval '200 days', now() FROM generate_series(1, 3);
SELECT kind, name, explanation FROM leadroute.propose_rebalance() WHERE kind = 'capacity';
SELECT count(*) - :before AS more FROM leadroute.change_requests;
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('south', 'e1');
SELECT change_id, regexp_replace(explanation, 'change \d+ of \d+-\d+-\d+', 'change N of DAY') AS explanation FROM leadroute.propose_rebalance() WHERE kind = 'capacity';
SELECT count(*) - :before AS more FROM leadroute.change_requests;
-- What came since the rep joined may ask for another; without the rep it is as before.
SELECT clock_timestamp() AS joined \gset
UPDATE leadroute.leads SET created_at = clock_timestamp() WHERE created_at < :'joined' AND segment <> 'berlin';
SELECT kind, name, explanation FROM leadroute.propose_rebalance(:'joined') WHERE kind = 'capacity';
UPDATE leadroute.leads SET created_at = now() - interval '10 days' WHERE created_at >= :'joined';
DELETE FROM leadroute.pool_members WHERE rep_id = 'e1' AND pool = 'south';
SELECT kind, name, explanation FROM leadroute.propose_rebalance() WHERE kind = 'capacity';
SELECT kind, name, leads_before, factor_before, explanation FROM leadroute.propose_rebalance(tenant => 'other');
SELECT * FROM story.try('SELECT * FROM leadroute.propose_rebalance(NULL)');
UPDATE leadroute.segments SET enabled = false;
SELECT * FROM leadroute.propose_rebalance();
-- Tenants are walls: a segment goes only where its own organisation has somebody, whoever asks, and a further member is one of theirs.
DELETE FROM leadroute.leads;
INSERT INTO leadroute.reps (id, tenant) VALUES ('a1', 'a'), ('b1', 'b'), ('b2', 'b');
INSERT INTO leadroute.pools (name) VALUES ('of a'), ('of b');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('of a', 'a1'), ('of b', 'b1'), ('of b', 'b2');
INSERT INTO leadroute.segments (name, priority, tenants, territory) SELECT n, 900, string_to_array(t, ','), y FROM (VALUES ('for a', 'a', 'north'), ('for b', 'b', 'south'), ('more for b', 'b', 'south')) v (n, t, y);
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('for a', 'x', 'of a'), ('for b', 'x', 'of b'), ('more for b', 'x', 'of b');
INSERT INTO leadroute.leads (email, segment, territory, tenant, status, owner_id, routed_at)
SELECT format('t%s@t%s.com', n, n), CASE WHEN n % 2 = 0 THEN 'for b' ELSE 'more for b' END, 'south', 'b', 'assigned', 'b1', now() FROM generate_series(1, 60) n;
SELECT kind, name, explanation FROM leadroute.propose_rebalance() WHERE kind <> 'area' OR explanation <> '';
UPDATE leadroute.segments SET tenants = NULL WHERE name IN ('for b', 'more for b');
SELECT kind, name, explanation FROM leadroute.propose_rebalance(tenant => 'b') WHERE kind <> 'area' OR explanation <> '';
