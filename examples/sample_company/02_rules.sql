-- How the company routes: queues, 12 territories, 5 kinds of segments in each, 3 score tiers, 40 pools.

-- A queue that leads fall back to has a manager, who is told at once.
UPDATE leadroute.queues SET manager_id = pg_temp.rep(NULL, 'head of sales', 1) WHERE name = 'catch_all';
UPDATE leadroute.queues SET manager_id = pg_temp.rep(NULL, 'head of partners', 1) WHERE name = 'partner';

INSERT INTO leadroute.queues (name, kind, manager_id)
SELECT territory || ' triage', 'fallback', pg_temp.rep(territory, 'manager', 1) FROM place ORDER BY no;

INSERT INTO leadroute.queues (name, kind, manager_id) VALUES
    ('account research', 'triage', pg_temp.rep(NULL, 'head of sales', 1)),
    ('tenders', 'triage', pg_temp.rep(NULL, 'head of public sector', 1)),
    ('cooling off', 'recycling', NULL),
    ('press and analysts', 'internal', NULL);

INSERT INTO leadroute.territories (name, manager_id, fallback_queue)
SELECT territory, pg_temp.rep(territory, 'manager', 1), territory || ' triage' FROM place ORDER BY no;

-- Pools: three in each territory, three for the public sector, one for partners.
INSERT INTO leadroute.pools (name)
SELECT territory || ' ' || team
  FROM place, unnest(ARRAY['enterprise', 'mid-market', 'smb']) WITH ORDINALITY team (team, at)
 ORDER BY no, at;

INSERT INTO leadroute.pools (name, fallback_queue) VALUES
    ('americas public sector', 'tenders'), ('emea public sector', 'tenders'), ('apac public sector', 'tenders'),
    ('partner desk', 'partner');

-- Seats are numbered in this order, and a lower seat goes first where two are level.
INSERT INTO leadroute.pool_members (pool, rep_id, weight, active)
SELECT territory || ' ' || team, rep_id,
       CASE WHEN team = 'enterprise' AND rank = 1 THEN 1.5     -- senior: half as many again
            WHEN team = 'mid-market' AND rank = 4 THEN 0.5     -- new: half as many
            WHEN team = 'smb' AND rank = 2 AND place_no % 2 = 0 THEN 1.25
            ELSE 1 END,
       NOT (territory = 'us-east' AND team = 'smb' AND rank = 3)  -- on a project, elsewhere as before
  FROM pg_temp.seat WHERE team IN ('enterprise', 'mid-market', 'smb')
 ORDER BY place_no, team, rank;

-- Managers see the enterprise pool of their territory, and get nothing by rotation.
INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT territory || ' enterprise', rep_id, 0 FROM pg_temp.seat WHERE team = 'manager' ORDER BY place_no;

INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT area || ' public sector', rep_id, CASE team WHEN 'public sector' THEN 1 ELSE 0.5 END
  FROM pg_temp.seat WHERE team = 'public sector' OR (area = 'apac' AND team = 'enterprise')
 ORDER BY place_no, team DESC, rank;

INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT 'partner desk', rep_id, 1 FROM pg_temp.seat WHERE team = 'partner desk' ORDER BY rank;

-- Segments. The kinds are tried in this order in every territory. us-central comes after us-east and us-west: it takes
-- the states that they do not list, and leads without one. smb comes last and takes companies of unknown size.
INSERT INTO leadroute.segments (name, priority, territory, countries, regions, industries, employees, condition,
                                required_skills, fallback_queue)
SELECT territory || ' ' || kind, k.priority + CASE territory WHEN 'us-central' THEN 1 ELSE 0 END, territory, countries,
       CASE WHEN territory IN ('us-east', 'us-west') THEN regions END,
       k.industries, k.employees::int4range, k.condition::jsonpath, k.required_skills, k.fallback_queue
  FROM place, (VALUES
    ('partner-led', 10, NULL::text[], NULL,
     '$.attributes.registered_deal == true || $.source == "partner_referral"', NULL::text[], 'partner'),
    ('public sector', 20, '{Government,Education}', NULL, NULL, '{public-procurement}', NULL),
    ('enterprise', 30, NULL, '[1000,)', NULL, NULL, NULL),
    ('mid-market', 40, NULL, '[200,1000)', NULL, NULL, NULL),
    ('smb', 50, NULL, NULL, NULL, NULL, NULL)
  ) k (kind, priority, industries, employees, condition, required_skills, fallback_queue)
 ORDER BY k.priority, no;

-- A campaign that is over: the row stays, and matches nothing any more.
INSERT INTO leadroute.segments (name, priority, territory, effective, countries, sources) VALUES
    ('hanover fair 2024', 5, 'dach', '[2024-04-22 00:00+00, 2024-05-01 00:00+00)', '{DE}', '{hanover_fair}');

-- Tiers. Scores run from 0 to 100; anything else is a mistake upstream and falls back to the territory's triage.
INSERT INTO leadroute.tiers (segment, name, score, action, pool)
SELECT s.name, t.name, t.score::numrange, 'pool',
       CASE WHEN s.name LIKE '% partner-led' THEN 'partner desk'
            WHEN s.name LIKE '% public sector' THEN p.area || ' public sector'
            -- A hot lead of a small company is worth the time of an account executive.
            WHEN s.name LIKE '% smb' AND t.name = 'hot' THEN p.territory || ' mid-market'
            ELSE s.name END
  FROM leadroute.segments s
  JOIN place p ON p.territory = s.territory,
       (VALUES ('hot', '[70,100]'), ('warm', '[40,70)')) t (name, score)
 WHERE s.effective IS NULL
 ORDER BY s.priority, s.name COLLATE "C", t.name;

-- Cold leads are nurtured, but in two kinds of segments somebody takes a look.
INSERT INTO leadroute.tiers (name, score, action) VALUES ('cold', '[0,40)', 'nurture');

INSERT INTO leadroute.tiers (segment, name, score, action, queue)
SELECT name, 'cold', '[0,40)', 'queue', CASE WHEN name LIKE '% enterprise' THEN 'account research' ELSE 'tenders' END
  FROM leadroute.segments
 WHERE name LIKE '% enterprise' OR name LIKE '% public sector'
 ORDER BY name COLLATE "C";

-- What buyers do besides the events that come with the extension.
INSERT INTO leadroute.event_types (name, intent) VALUES
    ('pricing_page', 'medium'), ('chat', 'high'), ('podcast', 'low');

-- Demo requests of large companies have their own, stricter ladder.
INSERT INTO leadroute.sla_policies (name, events, segments, respond_within)
SELECT 'enterprise demo', '{demo_request}', array_agg(name ORDER BY name COLLATE "C"), '3 minutes'
  FROM leadroute.segments WHERE name LIKE '% enterprise';

INSERT INTO leadroute.escalation_steps (policy, step, after, action) VALUES
    ('enterprise demo', 1, '0', 'remind'), ('enterprise demo', 2, '2 minutes', 'reassign'),
    ('enterprise demo', 3, '7 minutes', 'manager'), ('enterprise demo', 4, '1 hour', 'queue');

-- Disqualified accounts. The long contract is long so that the sample shows the same until 2050.
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off, queue) VALUES
    ('no budget this year', 'timing', '6 months', 'cooling off'),
    ('reorganisation', 'timing', '3 months', 'cooling off'),
    ('locked into a long contract', 'timing', '26 years', 'cooling off'),
    ('too small', 'fit', '0', NULL),
    ('no use case', 'fit', '0', NULL);

INSERT INTO leadroute.playbooks (name, priority, tiers, events, expansion, recycled, description) VALUES
    ('expansion', 10, NULL, NULL, true, NULL, 'Ask the customer who sponsors the new division before you call.'),
    ('win back', 20, NULL, NULL, NULL, true, 'Name the reason why it was too early, and what has changed.'),
    ('demo today', 30, '{hot}', '{demo_request,contact_sales,quote_request,chat}', NULL, NULL,
     'Call within the SLA; offer two slots of today.'),
    ('trial onboarding', 50, NULL, '{trial_signup}', NULL, NULL, 'Help with the first project, then talk of plans.'),
    ('webinar follow-up', 60, NULL, '{webinar,podcast}', NULL, NULL, 'Send the recording and one question.'),
    ('nurture drip', 70, '{cold}', NULL, NULL, NULL, 'Newsletter only; nobody calls.'),
    ('first call', 1000, NULL, NULL, NULL, NULL, 'Say who you are, ask what made them come.');

INSERT INTO leadroute.playbooks (name, priority, segments, tiers, description)
SELECT 'research first', 40, array_agg(name ORDER BY name COLLATE "C"), '{hot,warm}',
       'Know the buying committee before the first call.'
  FROM leadroute.segments WHERE name LIKE '% enterprise';

-- How names are read. Trades bring the alias that people type; the rest is everyday spelling.
INSERT INTO leadroute.industry_aliases (alias, canonical)
SELECT alias, industry FROM trade
UNION ALL
VALUES ('manufacturer', 'Manufacturing'), ('machinery', 'Manufacturing'), ('software & it', 'Software'),
       ('it', 'Software'), ('banking', 'Financial Services'), ('finance', 'Financial Services'),
       ('edtech', 'Education'),
       ('university', 'Education'), ('higher education', 'Education'), ('gov', 'Government'),
       ('municipality', 'Government'),
       ('healthtech', 'Healthcare'), ('hospital', 'Healthcare');

INSERT INTO leadroute.country_aliases (alias, canonical) VALUES
    ('deutschland', 'DE'), ('oesterreich', 'AT'), ('schweiz', 'CH'), ('suisse', 'CH'), ('italia', 'IT'),
    ('espana', 'ES'), ('brasil', 'BR'), ('eire', 'IE'), ('danmark', 'DK'), ('sverige', 'SE');

-- Domains that need no rep. The accounts 1,701 to 1,740 are the partners with an agreement.
INSERT INTO leadroute.domain_rules (domain, kind)
SELECT domain, CASE WHEN n <= 1740 THEN 'partner' WHEN n <= 6240 THEN 'competitor' ELSE 'blocked' END
  FROM company WHERE n BETWEEN 1701 AND 1740 OR n BETWEEN 6226 AND 6250
 ORDER BY n;

INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES
    ('brightwater-loom.com', 'internal', 'internal'),
    ('press.brightwater-loom.com', 'internal', 'press and analysts'),
    -- Corrections of the lists of mail providers: an Internet provider that they miss, a company that they hold.
    ('amber-kestrel-broadband.net', 'personal', NULL),
    ('example.com', 'company', NULL);
