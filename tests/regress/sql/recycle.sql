-- recycle: leads of disqualified accounts, by the reason and its age.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('olga');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.queues (name, kind) VALUES ('next year', 'recycling');
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off, queue) VALUES
    ('no budget', 'timing', '6 months', 'next year'), ('contract elsewhere', 'timing', '1 year', NULL),
    ('too small', 'fit', '0', NULL);
-- Of two rules that name the same nobody knows which counts.
SELECT * FROM story.try($$INSERT INTO leadroute.recycle_rules (reason, kind) VALUES (' Too  SMALL', 'timing')$$);
INSERT INTO leadroute.playbooks (name, recycled, description) VALUES ('second chance', true, 'Ask what has changed.');
INSERT INTO leadroute.accounts (id, kind, owner_id, disqualified_reason, disqualified_at) VALUES
    ('fresh',  'disqualified', 'olga', 'no budget', now() - interval '1 month'),
    ('cooled', 'disqualified', 'olga', 'no budget', now() - interval '7 months'),
    ('bound',  'disqualified', 'olga', 'contract elsewhere', now() - interval '7 months'),
    ('small',  'disqualified', 'olga', 'too small', now() - interval '10 years'),
    ('odd',    'disqualified', 'olga', 'no rule for this', now() - interval '10 years'),
    ('mute',   'disqualified', 'olga', NULL, NULL),
    ('dated',  'disqualified', 'olga', 'no budget', NULL),
    ('open',   'prospect',     'olga', 'no budget', now());
INSERT INTO leadroute.account_domains SELECT id || '.com', id FROM leadroute.accounts;

-- Timing that has cooled off goes on down the layers; poor fit, and what still cools off, does not.
INSERT INTO leadroute.leads (email)
SELECT 'buyer@' || domain FROM leadroute.account_domains ORDER BY domain
RETURNING id, email, status, owner_id, queue, playbook, account_id;
SELECT story.explain(2);
SELECT account_id, story.step(id, 'recycle') - 'account' AS step FROM leadroute.leads ORDER BY account_id;
-- Nobody is disturbed by what was recycled, and no clock runs.
SELECT l.email FROM leadroute.notifications JOIN leadroute.leads l ON l.id = lead_id ORDER BY 1;
SELECT l.email FROM leadroute.sla_clocks JOIN leadroute.leads l ON l.id = lead_id ORDER BY 1;

-- A disqualified account is not worked as a named one either, until it has cooled off.
UPDATE leadroute.accounts SET named = true;
INSERT INTO leadroute.leads (email) VALUES ('boss@fresh.com'), ('boss@cooled.com') RETURNING email, owner_id, queue;

-- The view counts as waiting what requalify_account() takes, in whatever queue that is.
INSERT INTO leadroute.queues (name, kind) VALUES ('second look', 'triage');
INSERT INTO leadroute.recycle_rules (reason, kind, queue) VALUES ('paused', 'timing', 'second look');
INSERT INTO leadroute.accounts (id, kind, disqualified_reason, disqualified_at) VALUES ('paused', 'disqualified', 'paused', now());
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('one@paused.com', 'paused'), ('two@paused.com', 'paused');
SELECT r.leads, r.waiting FROM leadroute.recycled r WHERE r.account_id = 'paused';
SELECT leadroute.requalify_account('paused', 'a new budget') AS taken;
