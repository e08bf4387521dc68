-- Rows that are there before a table is attached, and touches, which follow their first lead.
\i setup.sql
SET client_min_messages = warning;
INSERT INTO leadroute.reps (id, email) VALUES ('ann', 'ann@us.com'), ('bob', 'bob@us.com'), ('cid', 'cid@us.com');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.accounts (id, kind, named, owner_id) VALUES ('big', 'prospect', true, 'cid');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('big.com', 'big');
CREATE TABLE story.deal (region text, no integer, email text, owner text, stage text, came timestamptz, kind text DEFAULT 'lead', seen_by_trigger integer NOT NULL DEFAULT 0, lead bigint, PRIMARY KEY (region, no));
INSERT INTO story.deal (region, no, email, owner, stage, came, kind) SELECT 'eu', n, n || '@a.com', CASE WHEN n % 3 = 0 THEN 'cid' WHEN n % 3 = 1 THEN 'left long ago' END, CASE WHEN n % 10 = 5 THEN 'won' END, now() - interval '90 days', 'lead' FROM generate_series(1, 20) n;
INSERT INTO story.deal (region, no, email, owner, kind) VALUES ('us', 1, '3@a.com', 'ann', 'lead'), ('us', 2, 'boss@big.com', NULL, 'lead'), ('us', 3, 'x@a.com', 'ann', 'contact');
CREATE VIEW story.rows AS
SELECT d.region || d.no AS row, d.owner, l.owner_id, l.queue, l.status, x.layer, l.account_id, (SELECT count(*) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS clocks,
       (SELECT count(*) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told, d.lead = l.id AS knows
  FROM story.deal d LEFT JOIN leadroute.leads l ON l.attached_key = format('["%s","%s"]', d.region, d.no) LEFT JOIN leadroute.decisions x ON x.id = l.decision_id ORDER BY d.region, d.no;
CREATE FUNCTION story.attach(existing text) RETURNS void LANGUAGE sql AS $$
    SELECT leadroute.attach('story.deal', jsonb_build_object('email', 'email', 'owner_id', 'owner', 'occurred_at', 'came', 'id', 'lead', 'existing', existing,
        'when', '{"expression": "kind = ''lead''"}'::jsonb, 'status', '{"expression": "CASE stage WHEN ''won'' THEN ''converted'' END"}'::jsonb)) $$;
SELECT * FROM story.try($$SELECT story.attach('all')$$);
-- Nothing, unless it is asked for.
SELECT story.attach('ignore');
SELECT leadroute.adopt_leads(), (SELECT count(*) FROM leadroute.leads);
SELECT * FROM leadroute.adoptions;
SELECT * FROM story.try('SELECT leadroute.adopt_leads(0)');

-- Adopted: owners stay, with load, without clock, turn or message; who has no owner is routed now.
SELECT story.attach('adopt');
SELECT leadroute.adopt_leads(10) AS first, leadroute.adopt_leads(10) AS second, leadroute.adopt_leads(10) AS third;
SELECT existing, position, seen, adopted, locked, done_at IS NOT NULL AS is_done FROM leadroute.adoptions;
SELECT leadroute.adopt_leads(10) AS last, leadroute.adopt_leads(10) AS none;
SELECT existing, position, seen, adopted, locked, done_at IS NOT NULL AS is_done FROM leadroute.adoptions;
TABLE story.rows;
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right, open > 0 AS has_some FROM leadroute.rep_load ORDER BY 1;
SELECT sum(received) FROM leadroute.pool_fairness;
-- Those who are routed now have their time from now on; the others keep their day.
SELECT layer = 'given' AS was_given, occurred_at > now() - interval '1 day' AS is_new, count(*) FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.attached_key LIKE '["eu%' AND d.outcome <> 'closed' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 minute') AS escalated;
-- They are leads like others: the person is known, edits count. Housekeeping leaves the two leads of one person to the people.
INSERT INTO story.deal (region, no, email) VALUES ('us', 10, '6@a.com') RETURNING owner;
UPDATE story.deal SET owner = 'bob' WHERE region = 'eu' AND no = 6;
SELECT row, owner, owner_id, status, layer FROM story.rows WHERE row IN ('eu6', 'us10');
SELECT leadroute.merge_duplicates();
-- Again, only rows without a lead are looked at; the mapping is the same, so nothing begins anew.
SELECT story.attach('adopt');
SELECT leadroute.adopt_leads();
DELETE FROM leadroute.leads WHERE attached_key = '["eu","9"]';
SELECT leadroute.detach('story.deal');
SELECT leadroute.adopt_leads();
SELECT story.attach('route');
SELECT leadroute.adopt_leads() AS seen;
SELECT adopted FROM leadroute.adoptions;
SELECT row, owner = owner_id AS is_in_row, owner_id IN ('ann', 'bob') AS is_routed, layer, clocks, told FROM story.rows WHERE row = 'eu9';

-- Touches follow their first lead, in leadroute.leads and in their rows.
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.deal', '["eu","6"]'), 'cid') > 0 AS transferred;
SELECT row, owner, owner_id, status FROM story.rows WHERE row IN ('eu6', 'us10');
SELECT count(*) FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.attached_key = '["us","10"]';
UPDATE story.deal SET owner = NULL WHERE region = 'eu' AND no = 6;
SELECT row, owner, owner_id, queue, status FROM story.rows WHERE row IN ('eu6', 'us10');
-- Not the other way round.
UPDATE story.deal SET owner = 'ann' WHERE region = 'us' AND no = 10;
SELECT row, owner, owner_id, queue FROM story.rows WHERE row IN ('eu6', 'us10');
-- The row of a touch that is won, or whose owner a person has chosen, does not follow any more; one that is worked on answers the first lead.
INSERT INTO story.deal (region, no, email) VALUES ('us', 20, 'f@t.com'), ('us', 21, 'f@t.com'), ('us', 22, 'f@t.com');
UPDATE story.deal SET stage = 'won' WHERE (region, no) = ('us', 21);
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.deal', '["us","20"]'), 'cid') > 0 AS transferred;
SELECT no, owner = 'cid' AS is_cid FROM story.deal WHERE region = 'us' AND no >= 20 ORDER BY 1;
SELECT leadroute.attach('story.deal', '{"email": "email", "owner_id": "owner", "status": {"expression": "CASE stage WHEN ''talking'' THEN ''working'' END"}}');
UPDATE story.deal SET stage = 'talking' WHERE (region, no) = ('us', 22);
SELECT status, first_response_at IS NOT NULL AS is_answered FROM leadroute.leads WHERE attached_key = '["us","20"]';

-- Open again it follows, and so does one that was given to a person together with its first lead.
SELECT story.attach('ignore');
UPDATE story.deal SET stage = NULL WHERE (region, no) = ('us', 21);
SELECT no, owner = 'cid' AS is_cid FROM story.deal WHERE (region, no) = ('us', 21);
UPDATE story.deal SET owner = 'bob' WHERE region = 'us' AND no IN (20, 21);
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.deal', '["us","20"]'), 'ann') > 0 AS transferred;
SELECT no, owner FROM story.deal WHERE region = 'us' AND no >= 20 ORDER BY 1;
UPDATE story.deal SET owner = 'bob' WHERE region = 'us' AND no = 21;
UPDATE story.deal SET owner = 'bob' WHERE region = 'us' AND no = 20;
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.deal', '["us","20"]'), 'cid') > 0 AS transferred;
SELECT no, owner FROM story.deal WHERE region = 'us' AND no >= 20 ORDER BY 1;
SELECT d.cause, d.previous_owner_id, d.owner_id, regexp_replace(d.reason, 'lead \d+|by .*?(?=$|:)', '...', 'g') AS reason FROM leadroute.decisions d WHERE d.lead_id = leadroute.attached_lead('story.deal', '["us","21"]') ORDER BY d.id;

-- Opened again and given to somebody in one statement, it is theirs; whom a person had chosen before it was closed stays.
INSERT INTO story.deal (region, no, email) VALUES ('us', 30, 'g@t.com'), ('us', 31, 'g@t.com'), ('us', 32, 'g@t.com');
SELECT leadroute.transfer_lead(leadroute.attached_lead('story.deal', '["us","30"]'), 'cid') > 0 AS transferred;
UPDATE story.deal SET owner = 'bob' WHERE (region, no) = ('us', 32);
UPDATE story.deal SET stage = 'won' WHERE region = 'us' AND no IN (31, 32);
UPDATE story.deal SET stage = NULL, owner = 'ann' WHERE (region, no) = ('us', 31);
UPDATE story.deal SET stage = NULL WHERE (region, no) = ('us', 32);
SELECT d.no, d.owner, l.owner_id FROM story.deal d JOIN leadroute.leads l ON l.attached_key = format('["%s","%s"]', d.region, d.no) WHERE d.region = 'us' AND d.no >= 30 ORDER BY 1;

-- Code of the owner of a table runs as that role, whatever the type of the key.
CREATE ROLE lr_crm;
GRANT CREATE, USAGE ON SCHEMA story TO lr_crm;
GRANT USAGE ON SCHEMA story TO PUBLIC;
SET ROLE lr_crm;
CREATE TABLE story.ran_as (who name);
GRANT INSERT ON story.ran_as TO PUBLIC;
CREATE FUNCTION story.f(integer) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN INSERT INTO story.ran_as VALUES (current_user); RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$;
CREATE DOMAIN story.k AS integer CHECK (story.f(VALUE));
CREATE TABLE story.crm (id story.k PRIMARY KEY, email text, owner text);
INSERT INTO story.crm SELECT n, n || '@k.com' FROM generate_series(1, 3) n;
RESET ROLE;
SELECT leadroute.attach('story.crm', '{"email": "email", "owner_id": {"column": "owner", "expression": "rep.id || left(lead.email, 0)"}, "existing": "route"}');
SELECT leadroute.adopt_leads(2), leadroute.adopt_leads(2), leadroute.adopt_leads(2);
SELECT count(leadroute.transfer_lead(id, 'cid')) FROM leadroute.leads WHERE email LIKE '%@k.com';
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 day') > 0 AS escalated;
SELECT count(owner) FROM story.crm;
SELECT who, count(*) > 0 AS ran FROM story.ran_as GROUP BY 1;
-- Of several tables one comes after the other; 0 is the end of all.
CREATE TABLE story.one (id integer PRIMARY KEY, email text, owner text);
CREATE TABLE story.two (id integer PRIMARY KEY, email text, owner text);
INSERT INTO story.one VALUES (1, 'one@one.com');
INSERT INTO story.two VALUES (1, 'two@two.com'), (2, 'three@two.com');
SELECT leadroute.attach(t, '{"email": "email", "owner_id": "owner", "existing": "adopt"}') FROM unnest('{story.one,story.two}'::regclass[]) t;
SELECT leadroute.adopt_leads() AS one, leadroute.adopt_leads() AS two, leadroute.adopt_leads() AS done;
SELECT * FROM leadroute.check_integrity();
DROP TABLE story.deal CASCADE;
SELECT relation, existing, done_at IS NOT NULL AS is_done FROM leadroute.adoptions ORDER BY relation::text;
DROP SCHEMA story CASCADE;
DROP OWNED BY lr_crm;
DROP ROLE lr_crm;
