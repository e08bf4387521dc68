-- customer: leads of customers go to the customer success manager, else to the account owner.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('olga'), ('carl'), ('bea');
INSERT INTO leadroute.accounts (id, kind, owner_id, csm_id, country, division) VALUES
    ('acme', 'customer', 'olga', 'carl', 'DE', 'machines'),
    ('beta', 'customer', 'olga', NULL, NULL, NULL),
    ('prospect', 'prospect', 'olga', 'carl', NULL, NULL);
INSERT INTO leadroute.accounts (id, parent_id, owner_id) VALUES ('acme-labs', 'acme', 'bea');
INSERT INTO leadroute.account_domains (domain, account_id, division) VALUES
    ('acme.com', 'acme', NULL), ('acme-paint.com', 'acme', 'paint'), ('acme-machines.com', 'acme', 'machines'),
    ('acme-labs.com', 'acme-labs', NULL), ('beta.com', 'beta', NULL), ('prospect.com', 'prospect', NULL);
INSERT INTO leadroute.contacts VALUES ('ada@gmail.com', 'acme'), ('lab@eu.acme.com', 'acme'), ('eve@gmail.com', 'acme');

-- By domain, to the customer success manager.
INSERT INTO leadroute.leads (email) VALUES ('new@acme.com') RETURNING id, status, owner_id, account_id, expansion;
SELECT story.explain(1);
-- Without one, to the account owner.
INSERT INTO leadroute.leads (email) VALUES ('new@beta.com') RETURNING owner_id, account_id, expansion;
-- By a known contact, whatever the domain; by the account id of the CRM.
INSERT INTO leadroute.leads (email) VALUES ('Ada@gmail.com') RETURNING owner_id, account_id, expansion;
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('bob@gmail.com', 'beta') RETURNING owner_id, account_id, expansion;
-- The contact is trusted more than the id, the id more than the domain.
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('eve@gmail.com', 'beta') RETURNING owner_id, account_id;
INSERT INTO leadroute.leads (email, crm_account_id) VALUES ('cid@acme.com', 'beta') RETURNING owner_id, account_id;

-- Another part of the customer is an expansion: same owner, marked, and told as such.
INSERT INTO leadroute.leads (email, country) VALUES
    ('sub@eu.acme.com', NULL), ('paint@acme-paint.com', NULL), ('fr@acme.com', 'France'), ('labs@acme-labs.com', NULL)
RETURNING id, email, owner_id, account_id, expansion;
SELECT kind, rep_id FROM leadroute.notifications WHERE lead_id = 8;
SELECT story.step(8, 'customer');
-- The home division, the home country and known contacts are not.
INSERT INTO leadroute.leads (email, country) VALUES
    ('m@acme-machines.com', NULL), ('de@acme.com', 'Germany'), ('lab@eu.acme.com', 'France')
RETURNING email, owner_id, expansion;

-- Who is no customer goes on down the layers.
INSERT INTO leadroute.leads (email) VALUES ('x@prospect.com') RETURNING id, owner_id, queue;
SELECT story.step(14, 'customer');

-- The CSM is away: first the backup of the absence, then the account owner.
INSERT INTO leadroute.absences (rep_id, during, backup_id) VALUES ('carl', '(,)', 'bea');
INSERT INTO leadroute.leads (email) VALUES ('y@acme.com') RETURNING id, owner_id;
SELECT story.step(15, 'customer');
UPDATE leadroute.reps SET presence = 'offline' WHERE id = 'bea';
INSERT INTO leadroute.leads (email) VALUES ('z@acme.com') RETURNING id, owner_id;
SELECT story.step(16, 'customer') -> 'refused' AS refused;
-- With nobody there the lead goes on, never silently to who is away.
UPDATE leadroute.reps SET presence = 'away' WHERE id = 'olga';
INSERT INTO leadroute.leads (email) VALUES ('n@acme.com') RETURNING id, owner_id, queue, account_id, expansion;
SELECT story.explain(17);
