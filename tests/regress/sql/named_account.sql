-- named_account: named accounts go to their owner, or to those who stand in for an owner who is away.
\i setup.sql
INSERT INTO leadroute.reps (id, backup_id) VALUES ('olga', NULL), ('stan', NULL), ('tina', NULL), ('ann', NULL);
INSERT INTO leadroute.accounts (id, named, owner_id) VALUES ('acme', true, 'olga'), ('plain', false, 'olga'), ('orphan', true, NULL);
INSERT INTO leadroute.account_domains (domain, account_id) VALUES
    ('acme.com', 'acme'), ('plain.com', 'plain'), ('orphan.com', 'orphan');
INSERT INTO leadroute.contacts VALUES ('ada@gmail.com', 'acme');
-- Everybody else is for the pool of ann.
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- By domain, sub-domain, contact or CRM account id.
INSERT INTO leadroute.leads (email, crm_account_id) VALUES
    ('a@acme.com', NULL), ('b@eu.acme.com', NULL), ('ada@gmail.com', NULL), ('c@gmail.com', 'acme')
RETURNING id, email, owner_id, account_id, expansion;
SELECT story.explain(1);
-- An account that is not named, or that nobody owns, goes on.
INSERT INTO leadroute.leads (email) VALUES ('d@plain.com'), ('e@orphan.com') RETURNING id, email, owner_id, account_id;
SELECT story.step(5, 'named_account'), story.step(6, 'named_account') AS step_of_orphan;

-- The owner is away: the backup of the absence, then the standing backup, then the backups of these.
UPDATE leadroute.reps SET backup_id = 'stan' WHERE id = 'olga';
INSERT INTO leadroute.absences (rep_id, during, kind, backup_id) VALUES ('olga', '(,)', 'sick', 'tina');
INSERT INTO leadroute.leads (email) VALUES ('f@acme.com') RETURNING id, owner_id;
SELECT story.step(7, 'named_account');
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'tina';
INSERT INTO leadroute.leads (email) VALUES ('g@acme.com') RETURNING id, owner_id;
SELECT story.step(8, 'named_account');
-- A circle of backups ends; while somebody of the account comes back by themselves, no stranger gets its leads.
UPDATE leadroute.reps SET active = false, backup_id = 'olga' WHERE id = 'stan';
INSERT INTO leadroute.leads (email) VALUES ('h@acme.com') RETURNING id, owner_id;
SELECT story.explain(9);
-- On return everything is as before by itself.
UPDATE leadroute.absences SET during = tstzrange(NULL, now() - interval '1 minute');
INSERT INTO leadroute.leads (email) VALUES ('i@acme.com') RETURNING owner_id;
