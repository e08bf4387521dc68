-- domain_rule: partners, competitors, ourselves and blocked domains go to their queue; no rep is alerted.
\i setup.sql
INSERT INTO leadroute.queues (name, kind) VALUES ('rivals', 'competitor');
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES
    ('reseller.com', 'partner', NULL),
    ('rival.com', 'competitor', 'rivals'),
    ('research.rival.com', 'blocked', NULL),
    ('us.com', 'internal', NULL),
    ('spam.example', 'blocked', NULL);
-- A rule without queue has the queue named like its kind.
SELECT * FROM leadroute.domain_rules ORDER BY domain;

INSERT INTO leadroute.leads (email) VALUES ('pat@reseller.com') RETURNING id, status, owner_id, queue;
SELECT story.explain(1);

-- A rule covers sub-domains, the longest name wins, and a name that only ends alike is another.
INSERT INTO leadroute.leads (email) VALUES
    ('cat@rival.com'), ('eva@EU.Rival.com'), ('rob@lab.research.rival.com'), ('ann@notrival.com'),
    ('me@spam.example')
RETURNING email, status, queue;
-- Without an e-mail the web site says whose it is.
INSERT INTO leadroute.leads (website) VALUES ('https://www.rival.com/') RETURNING status, queue;

-- Rules come before everything that names a rep: not even a named account is alerted, and no clock runs.
INSERT INTO leadroute.reps (id) VALUES ('olga');
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('rival', true, 'olga');
INSERT INTO leadroute.account_domains VALUES ('rival.com', 'rival');
INSERT INTO leadroute.leads (email) VALUES ('dan@rival.com') RETURNING id, owner_id, queue, sla_due_at;
SELECT story.step(8, 'domain_rule');
SELECT count(*) AS alerts FROM leadroute.notifications JOIN leadroute.leads l ON l.id = lead_id WHERE l.queue <> 'catch_all';
SELECT count(*) AS clocks FROM leadroute.sla_clocks JOIN leadroute.leads l ON l.id = lead_id WHERE l.queue <> 'catch_all';
