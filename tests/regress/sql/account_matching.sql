-- account_matching: where a lead has no company domain, account id or known contact, its account is found by the name of the
-- company: never above better evidence, off until somebody switches it on, with candidates and tie-breaker in the trace.
-- Ambiguous leads go to a review queue. Accounts without owner have that of the account above them.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('olga'), ('otto'), ('tina');
INSERT INTO leadroute.queues (name) VALUES ('which account');
INSERT INTO leadroute.accounts (id, name, named, owner_id, country) VALUES
    ('acme', 'Acme Corporation', true, 'olga', 'US'), ('muller', 'Müller & Söhne GmbH & Co. KG', true, 'otto', 'DE'),
    ('globex-us', 'Globex Inc.', true, 'olga', 'US'), ('globex-de', 'Globex GmbH', true, 'otto', 'DE'),
    ('equitable', 'Equitable Holdings', true, 'tina', 'US'), ('empty', '', true, 'tina', NULL);
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');
INSERT INTO leadroute.contacts (email, account_id) VALUES ('ada@gmail.com', 'muller');
CREATE FUNCTION story.route(company text, lead jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', a ->> 'outcome', a ->> 'owner_id', a ->> 'queue', 'account ' || (a ->> 'account_id'))
      FROM leadroute.preview_route(lead || jsonb_build_object('company', company)) a $$;

-- Off: nothing is kept, nothing is found.
SELECT story.route('Acme Corp.'), (SELECT count(*) FROM leadroute.account_names) AS kept;

-- A row keeps names ready; enabled looks for them.
INSERT INTO leadroute.account_matching (name, review_queue) VALUES ('all', 'which account');
SELECT key, account_id, folded FROM leadroute.account_names WHERE account_id IN ('acme', 'muller') ORDER BY account_id, key;
SELECT story.route('Acme Corp.');
UPDATE leadroute.account_matching SET enabled = true;
SELECT name, story.route(name) FROM unnest('{Acme Corp.,ACME,Muller and Sohne,"Equitible Holdings, LLC",Equi Holdings,Nobody Ltd,"GmbH & Co. KG"}'::text[]) name;
INSERT INTO leadroute.leads (company, country) VALUES ('Equitible Holdings, LLC', 'US') RETURNING id, owner_id, account_id;
SELECT story.explain(1);

-- Better evidence decides, though it finds another account or none.
SELECT what, story.route('Acme Corp.', lead::jsonb) FROM (VALUES
    ('another domain', '{"email": "ada@else.com"}'), ('a web site', '{"website": "else.com"}'), ('free mail', '{"email": "eve@gmail.com"}'),
    ('a known contact', '{"email": "ada@gmail.com"}'), ('an account id', '{"crm_account_id": "muller"}'), ('an unknown id', '{"crm_account_id": "x"}')) v (what, lead);

-- Ties: the legal form, then the country, tell which account it is; else somebody looks.
SELECT story.route('Globex GmbH'), story.route('Globex', '{"country": "DE"}') AS from_germany, story.route('Globex') AS from_anywhere;
INSERT INTO leadroute.leads (company) VALUES ('Globex') RETURNING id, status, queue, account_id;
SELECT story.explain(2);
SELECT sla_due_at IS NOT NULL AS has_clock FROM leadroute.leads WHERE id = 2;
UPDATE leadroute.account_matching SET review_queue = NULL;
SELECT story.route('Globex') AS without_queue;
SELECT severity, key, problem, hint FROM leadroute.lint_config() WHERE "table" = 'account_matching';
UPDATE leadroute.account_matching SET margin = 0;
SELECT story.route('Globex') AS without_margin;
INSERT INTO leadroute.leads (company) VALUES ('Globex') RETURNING id, owner_id;
SELECT story.step(3, 'customer') ->> 'decided_by' AS decided_by;
-- Who has the same people is not ambiguous.
UPDATE leadroute.account_matching SET margin = 0.05, review_queue = 'which account';
UPDATE leadroute.accounts SET owner_id = 'otto' WHERE id LIKE 'globex%';
SELECT story.route('Globex');

-- Names follow the accounts, also those that are renamed, loaded or gone; legal forms of one's own fold them anew.
UPDATE leadroute.accounts SET name = 'Initech' WHERE id = 'acme';
SELECT story.route('Acme') AS old_name, story.route('INITECH LTD') AS new_name;
UPDATE leadroute.accounts SET id = 'initech' WHERE id = 'acme';
SELECT story.route('INITECH');
DELETE FROM leadroute.accounts WHERE id = 'initech';
SELECT story.route('INITECH'), (SELECT count(*) FROM leadroute.account_names WHERE account_id IN ('acme', 'initech')) AS kept;
INSERT INTO leadroute.accounts (id, name, named, owner_id) SELECT 'hooli', 'Hooli Gruppe', true, 'olga';
SELECT story.route('Hooli') AS before;
UPDATE leadroute.account_matching SET legal_forms = '{Gruppe}';
SELECT story.route('Hooli') AS after;

-- Tenants are walls: a policy of one is nobody else's, and its accounts neither.
INSERT INTO leadroute.account_matching (name, enabled, tenants) VALUES ('beta', true, '{beta}');
INSERT INTO leadroute.reps (id, tenant) VALUES ('bea', 'beta');
INSERT INTO leadroute.accounts (id, name, named, owner_id, tenant) VALUES ('hooli', 'Hooli Gruppe', true, 'bea', 'beta');
SELECT story.route('Hooli Gruppe', '{"tenant": "beta"}') AS beta, story.route('Hooli', '{"tenant": "beta"}') AS other_forms, story.route('Hooli Gruppe') AS own;
INSERT INTO leadroute.account_matching (name, tenants) VALUES ('beta too', '{beta}');

-- What cannot be is refused.
SELECT t.* FROM unnest(ARRAY['UPDATE leadroute.account_matching SET threshold = 0.5', 'UPDATE leadroute.account_matching SET margin = 2',
    'UPDATE leadroute.account_matching SET max_candidates = 1', $$UPDATE leadroute.account_matching SET review_queue = 'nowhere'$$,
    $$DELETE FROM leadroute.queues WHERE name = 'which account'$$]) s, story.try(s) t;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM story.try($$INSERT INTO leadroute.account_matching (name, tenants) VALUES ('gamma', '{gamma}')$$);
COMMIT;

-- A decision is made again from what was found then; a preview sees names that a change writes.
SELECT d.lead_id, leadroute.replay_decision(d.id) ->> 'same' AS same FROM leadroute.decisions d ORDER BY d.id;
SELECT leadroute.propose_change('renamed', 'for the story', $$UPDATE accounts SET name = 'Equitable Life' WHERE id = 'equitable'$$) AS change \gset
SELECT p.lead_id, p.before, p.after FROM leadroute.preview_change(:change) p ORDER BY 1;

-- What is kept beside the names is found, and made right by a row that is deleted and inserted again.
SELECT count(*) AS wrong FROM leadroute.check_integrity();
DELETE FROM leadroute.account_names WHERE account_id = 'hooli';
INSERT INTO leadroute.account_names VALUES ('nobody', '', 'gone', 'nobody'), ('other', '', 'acme', 'other');
SELECT * FROM leadroute.check_integrity();
DELETE FROM leadroute.account_matching WHERE name = 'beta';
INSERT INTO leadroute.account_matching (name, enabled, tenants) VALUES ('beta', true, '{beta}');
SELECT count(*) AS wrong FROM leadroute.check_integrity();

-- Nothing of it is left when the rows are gone.
DELETE FROM leadroute.account_matching;
SELECT count(*) AS kept, (SELECT count(*) FROM leadroute.check_integrity()) AS wrong FROM leadroute.account_names;

-- An account without owner has that of the account above it, else that of the one above all; circles end.
INSERT INTO leadroute.accounts (id, name, kind, named, owner_id, parent_id) VALUES ('top', 'Top', 'prospect', false, 'tina', NULL),
    ('middle', 'Middle', 'prospect', false, NULL, 'top'), ('child', 'Child', 'prospect', true, NULL, 'middle'), ('buyer', 'Buyer', 'customer', false, NULL, 'middle');
INSERT INTO leadroute.leads (crm_account_id) VALUES ('child'), ('buyer') RETURNING id, owner_id, account_id;
SELECT story.explain(4);
SELECT story.explain(5);
SELECT key FROM leadroute.lint_config() WHERE "table" = 'accounts';
UPDATE leadroute.accounts SET owner_id = NULL, parent_id = 'child' WHERE id = 'top';
INSERT INTO leadroute.leads (crm_account_id) VALUES ('child') RETURNING id, owner_id, queue;
SELECT key FROM leadroute.lint_config() WHERE "table" = 'accounts' ORDER BY 1;
