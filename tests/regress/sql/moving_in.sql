-- moving_in: adopt_leads() takes in open leads that came with their owners, or while routing was off: identity, account, load, a decision; nobody is told of what they have.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.reps (id, tenant) VALUES ('eve', 'beta');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.queues (name) VALUES ('old stock');
INSERT INTO leadroute.accounts (id, kind, named, owner_id) VALUES ('big', 'prospect', true, 'cid');
INSERT INTO leadroute.accounts (id, kind, tenant) VALUES ('big', 'prospect', 'beta'), ('beta only', 'prospect', 'beta');
INSERT INTO leadroute.account_domains (domain, account_id, tenant) VALUES ('big.com', 'big', ''), ('small.com', 'beta only', 'beta');
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival.com', 'competitor');
CREATE VIEW story.rows AS
SELECT l.id, l.email, l.status, l.owner_id, l.queue, l.account_id, l.segment, l.routed_at > now() - interval '1 day' AS is_new, d.cause, d.layer,
       (SELECT count(*) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS clocks, (SELECT count(*) FROM leadroute.notifications n WHERE n.lead_id = l.id) AS told,
       (SELECT count(*) FROM leadroute.decisions x WHERE x.lead_id = l.id) AS decisions, l.unassigned_at AS mark
  FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.id = l.decision_id;
CREATE VIEW story.load AS SELECT rep_id, open FROM leadroute.rep_load WHERE open > 0 ORDER BY rep_id;

-- Nothing to take in.
SELECT leadroute.adopt_leads();
SELECT * FROM story.try('SELECT leadroute.adopt_leads(0)');

-- A company brings its leads: in work, in queues, in nurture, closed, a touch; of an owner who is gone, of a competitor, of another tenant.
INSERT INTO leadroute.leads (id, email, phone, country, status, owner_id, queue, segment, routed_at, occurred_at, first_response_at, duplicate_of, tenant) VALUES
    (1, 'Boss@Big.com', NULL, 'Germany', 'assigned', 'ann', NULL, NULL, '2025-03-01', '2025-03-01', NULL, NULL, ''),
    (2, 'b@big.com', '030 123456', 'DE', 'working', 'bob', NULL, 'brought along', '2025-03-01', '2025-03-01', '2025-03-02', NULL, ''),
    (3, 'c@old.com', NULL, NULL, 'new', 'bob', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (4, 'd@old.com', NULL, NULL, 'queued', NULL, 'old stock', NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (5, 'e@old.com', NULL, NULL, 'nurture', NULL, NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (6, 'f@old.com', NULL, NULL, 'lost', 'ann', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (7, 'boss+2@big.com', NULL, NULL, 'merged', 'ann', NULL, NULL, '2025-03-01', NULL, NULL, 1, ''),
    (8, 'g@old.com', NULL, NULL, 'assigned', 'left long ago', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (9, 'h@rival.com', NULL, NULL, 'assigned', 'ann', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (10, 'i@big.com', NULL, NULL, 'assigned', 'eve', NULL, NULL, '2025-03-01', NULL, NULL, NULL, 'beta'),
    (11, 'j@small.com', NULL, NULL, 'qualified', 'ann', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (12, 'c@old.com', NULL, NULL, 'assigned', 'ann', NULL, NULL, '2025-03-01', NULL, NULL, NULL, ''),
    (13, 'k@old.com', NULL, NULL, 'assigned', 'eve', NULL, NULL, '2025-03-01', NULL, NULL, NULL, '');
SELECT setval('leadroute.leads_id_seq', 100) > 0 AS done;
-- Others come while routing is off.
SET leadroute.enabled = off;
INSERT INTO leadroute.leads (email, occurred_at) VALUES ('x@off.com', now() - interval '2 hours'), ('y@off.com', now()), ('x+2@off.com', now()), ('y@big.com', now());
INSERT INTO leadroute.leads (email, owner_id, status) VALUES ('z@off.com', 'cid', 'assigned');
RESET leadroute.enabled;
-- Whoever submits again is a touch of a lead that has somebody; a new lead otherwise.
INSERT INTO leadroute.leads (email) VALUES ('boss@BIG.com') RETURNING status, duplicate_of, owner_id;
INSERT INTO leadroute.leads (email) VALUES ('y@off.com') RETURNING id, status, owner_id;
TABLE story.load;
-- Housekeeping leaves the two imported leads of one person to the people.
SELECT leadroute.merge_duplicates();
-- The job leaves them alone: somebody must ask for it. A batch at a time; while routing is off, only those that have a place.
CALL leadroute.keep_time('0');
SELECT count(*) FROM leadroute.leads WHERE unassigned_at = 'infinity';
SELECT leadroute.adopt_leads(4) AS first, leadroute.adopt_leads(4) AS second;
SET leadroute.enabled = off;
SELECT leadroute.adopt_leads() AS others, leadroute.adopt_leads() AS none;
RESET leadroute.enabled;
SELECT leadroute.adopt_leads() AS off, leadroute.adopt_leads() AS none;
SELECT id, email, status, owner_id, queue, account_id, segment, is_new, cause, layer, clocks, told, decisions, mark FROM story.rows ORDER BY id;
TABLE story.load;
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;
SELECT id, phone, country, first_response_at::date, CASE WHEN occurred_at > now() - interval '1 hour' THEN 'now' ELSE occurred_at::date::text END AS occurred_at, story.explain(id) FROM leadroute.leads WHERE id IN (2, 4, 5, 8);
-- Who came while routing was off has a clock that starts now; when the buyer acted stays.
SELECT l.email, l.occurred_at < now() - interval '1 hour' AS acted_then, c.started_at > now() - interval '1 hour' AS starts_now FROM leadroute.leads l JOIN leadroute.sla_clocks c ON c.lead_id = l.id WHERE l.email = 'x@off.com';
-- Again: nothing is counted or decided twice.
SELECT leadroute.adopt_leads();
SELECT sum(open) FROM leadroute.rep_load;
SELECT * FROM leadroute.check_integrity();
-- They are leads like others.
SELECT leadroute.transfer_lead(3, 'ann') > 0 AS transferred, leadroute.record_response(1, 'ann') AS stopped;
SELECT leadroute.escalate_overdue(as_of => now() + interval '1 minute') AS escalated;
TABLE story.load;

-- What somebody has decided meanwhile stays: by hand, by rules, closed. It is looked at once.
INSERT INTO leadroute.leads (id, email, status, owner_id, routed_at) VALUES (51, 'l@old.com', 'assigned', 'ann', '2025-03-01'), (52, 'm@old.com', 'assigned', 'ann', '2025-03-01'), (53, 'n@old.com', 'assigned', 'ann', '2025-03-01');
UPDATE leadroute.leads SET owner_id = 'bob' WHERE id = 51;
SELECT r ->> 'layer' AS layer FROM leadroute.reroute_lead(52) r;
UPDATE leadroute.leads SET status = 'lost' WHERE id = 53;
SELECT leadroute.adopt_leads() AS seen, leadroute.adopt_leads() AS none;
SELECT id, owner_id IS NOT NULL AS is_owned, status, cause, layer, decisions, mark FROM story.rows WHERE id > 50 AND id < 60 ORDER BY id;
SELECT rep_id, open = (SELECT count(*) FROM leadroute.leads l WHERE l.owner_id = rep_id AND l.duplicate_of IS NULL AND l.status IN ('assigned', 'working', 'qualified')) AS load_is_right FROM leadroute.rep_load ORDER BY 1;

-- One that is with nobody is refused, by what it lacks.
SELECT * FROM story.try($$INSERT INTO leadroute.leads (id, email, status, routed_at) VALUES (60, 'o@old.com', 'assigned', '2025-03-01')$$);
INSERT INTO leadroute.leads (id, email, status, routed_at) VALUES (58, 'p@old.com', 'nurture', '2025-03-01'), (59, 'q@old.com', 'lost', '2025-03-01');
DELETE FROM leadroute.leads WHERE id IN (58, 59);

-- One that fails is named, and holds up nobody; it is taken in once the cause is mended.
INSERT INTO leadroute.leads (id, email, status, owner_id, routed_at) SELECT n, n || '@more.com', 'assigned', 'ann', '2025-03-01' FROM generate_series(61, 65) n;
CREATE FUNCTION story.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = 62 THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON leadroute.leads FOR EACH ROW EXECUTE FUNCTION story.refuse();
SELECT leadroute.adopt_leads(2) AS first, leadroute.adopt_leads() AS second, leadroute.adopt_leads() AS none;
DROP TRIGGER refuse ON leadroute.leads;
SELECT leadroute.adopt_leads() AS mended, leadroute.adopt_leads() AS none;
SELECT id, layer, decisions FROM story.rows WHERE id BETWEEN 61 AND 65 ORDER BY id;
