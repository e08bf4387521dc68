-- company_together: a pool that keeps companies together gives a lead of a company with an open lead to the owner of that one.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cyd');
INSERT INTO leadroute.pools (name, keep_company_together) VALUES ('sales', true), ('other', false);
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('other', 'ann'), ('other', 'bob');
INSERT INTO leadroute.segments (name, products, fallback_queue) VALUES ('other', '{other}', 'catch_all');
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('all', 200, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES (NULL, 'any', 'sales'), ('other', 'any', 'other');
INSERT INTO leadroute.mail_domains (domain, kind) VALUES ('mail.test', 'personal');
-- In one statement and in several, by sub-domains too. A mail provider is no company.
INSERT INTO leadroute.leads (email) VALUES ('a@acme.com'), ('b@globex.com'), ('c@acme.com'), ('d@eu.acme.com'), ('e@mail.test'), ('f@mail.test') RETURNING id, owner_id;
INSERT INTO leadroute.leads (email) VALUES ('g@globex.com') RETURNING id, owner_id;
INSERT INTO leadroute.leads (email) VALUES ('h@acme.com') RETURNING id, owner_id;
SELECT story.step(8, 'distribution');
-- Each is a turn, and can be given back. Loads count all.
SELECT rep_id, received FROM leadroute.pool_fairness WHERE pool = 'sales' ORDER BY rep_id;
SELECT leadroute.return_turn(decision_id) FROM leadroute.leads WHERE id = 8;
SELECT rep_id, received, returned FROM leadroute.pool_fairness WHERE pool = 'sales' ORDER BY rep_id;
SELECT * FROM leadroute.rep_load ORDER BY rep_id;
-- An owner who could not take it, or has gone on with the lead to somebody else.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('i@acme.com') RETURNING owner_id;
UPDATE leadroute.reps SET presence = 'online' WHERE id = 'ann';
SELECT leadroute.transfer_lead(id, 'bob') > 0 AS done FROM leadroute.leads WHERE email LIKE '%acme.com' AND owner_id = 'ann';
INSERT INTO leadroute.leads (email) VALUES ('j@acme.com') RETURNING owner_id;
-- Another tenant is another company, and so is one whose leads are all closed; a pool that does not say so rotates.
UPDATE leadroute.reps SET tenant = 'ours' WHERE id = 'cyd';
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'cyd');
INSERT INTO leadroute.leads (email, tenant) VALUES ('k@acme.com', 'ours') RETURNING owner_id;
SELECT count(leadroute.close_lead(id, 'lost')) AS closed FROM leadroute.leads WHERE email LIKE '%@globex.com';
SELECT leadroute.merge_duplicates();
SELECT count(*) FROM leadroute.company_leads WHERE domain = 'globex.com';
INSERT INTO leadroute.leads (email, product) VALUES ('l@initech.com', 'other'), ('m@initech.com', 'other') RETURNING owner_id;
-- By account, whatever the domain; an upsert that inserts nothing says nothing.
INSERT INTO leadroute.accounts (id) VALUES ('umbrella');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('umbrella.com', 'umbrella'), ('umbrella.de', 'umbrella');
INSERT INTO leadroute.leads (external_id, email) VALUES ('x', 'n@umbrella.com') RETURNING owner_id AS of_first;
INSERT INTO leadroute.leads (external_id, email) VALUES ('x', 'o@hooli.com') ON CONFLICT DO NOTHING;
INSERT INTO leadroute.leads (email) VALUES ('p@umbrella.de') RETURNING owner_id AS of_second;
SELECT account_id, domain FROM leadroute.company_leads WHERE lead_id >= 14 ORDER BY lead_id;
-- An account that is renamed is the same company; a domain of the same name, and an account of another tenant, are others.
INSERT INTO leadroute.accounts (id, tenant) VALUES ('acme.com', 'ours'), ('umbrella', 'ours');
UPDATE leadroute.accounts SET id = 'umbrella corp' WHERE id = 'umbrella' AND tenant = '';
UPDATE leadroute.accounts SET id = 'acme' WHERE id = 'acme.com';
INSERT INTO leadroute.leads (email) VALUES ('q@umbrella.com') RETURNING owner_id AS of_third;
INSERT INTO leadroute.leads (email) VALUES ('r@umbrella.de') RETURNING owner_id AS of_fourth;
SELECT account_id, domain, tenant, count(*) FROM leadroute.company_leads GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
DELETE FROM leadroute.leads WHERE email LIKE '%umbrella%';
SELECT count(*) FROM leadroute.company_leads WHERE account_id LIKE '%umbrella%';
