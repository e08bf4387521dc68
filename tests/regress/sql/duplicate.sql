-- duplicate: the same person again is a touch of the first lead and goes to its owner.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

INSERT INTO leadroute.leads (email, company) VALUES ('ada@acme.com', 'Acme') RETURNING id, status, owner_id;

-- Case and plus-tag apart it is the same address.
INSERT INTO leadroute.leads (email, company, first_name, phone, attributes)
VALUES ('Ada+Webinar@ACME.com', 'ACME Inc.', 'Ada', '+44 20 7946 0000', '{"campaign_id": 7}')
RETURNING id, email, status, owner_id, duplicate_of;
SELECT story.explain(2);
-- It fills the empty fields of the first lead, and only those.
SELECT id, email, company, first_name, phone, attributes, status, owner_id FROM leadroute.leads WHERE id = 1;
-- The owner hears of it. It takes no turn and starts no clock: the next lead goes to the next rep.
SELECT kind, rep_id FROM leadroute.notifications WHERE lead_id = 2;
SELECT lead_id FROM leadroute.sla_clocks;
INSERT INTO leadroute.leads (email) VALUES ('ben@acme.com') RETURNING id, owner_id;

-- Touches point at the first lead, never at another touch; also within one statement.
INSERT INTO leadroute.leads (email) VALUES ('ADA@acme.com'), ('cleo@acme.com'), ('cleo+2@acme.com'), ('cleo+3@acme.com')
RETURNING id, email, status, owner_id, duplicate_of;

-- Another sub-address character, another domain, another person.
INSERT INTO leadroute.leads (email) VALUES ('ada.webinar@acme.com'), ('ada@acme.co.uk'), ('+ada@acme.com')
RETURNING id, status;

-- The phone number decides only where there is no e-mail ...
INSERT INTO leadroute.leads (first_name, phone) VALUES ('Dan', '+1 (415) 555-2671') RETURNING id, status;
INSERT INTO leadroute.leads (first_name, phone) VALUES ('Daniel', '001 415 555 2671') RETURNING id, status, duplicate_of;
-- ... colleagues behind one switchboard are two people.
INSERT INTO leadroute.leads (email, phone) VALUES ('eva@acme.com', '+1 415 555 2671') RETURNING id, status;
INSERT INTO leadroute.leads (email, phone) VALUES ('fay@acme.com', '+1 415 555 2671') RETURNING id, status;
SELECT story.step(13, 'duplicate'), story.step(11, 'duplicate') AS step_without_email;

-- Nothing to compare is no duplicate.
INSERT INTO leadroute.leads (company) VALUES ('Acme'), ('Acme') RETURNING id, status;
SELECT story.step(16, 'duplicate');

-- A touch of a lead that waits in a queue waits there too.
UPDATE leadroute.reps SET active = false;
INSERT INTO leadroute.leads (email) VALUES ('gil@acme.com') RETURNING id, status, queue;
INSERT INTO leadroute.leads (email) VALUES ('Gil@acme.com') RETURNING status, queue, duplicate_of;
UPDATE leadroute.reps SET active = true;

-- Who comes back after the lead was closed is a new lead.
UPDATE leadroute.leads SET status = 'lost' WHERE id = 1;
INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING status, duplicate_of;
