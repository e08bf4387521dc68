-- told: whoever a change concerns hears of it: who loses a lead, whatever the way, and who is given one by a person. What is
-- handed out names people, playbook and reason.
\i setup.sql
\pset format unaligned
\pset tuples_only on
INSERT INTO leadroute.reps (id, name) VALUES ('max', 'Max Manager');
INSERT INTO leadroute.reps (id, name, manager_id) VALUES ('ann', 'Ann Able', 'max'), ('bob', 'Bob Best', 'max');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.playbooks (name, description) VALUES ('call', 'Call first, then write.');
INSERT INTO leadroute.accounts (id, name) VALUES ('acme', 'Acme Ltd');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');

CREATE FUNCTION story.heard() RETURNS SETOF text LANGUAGE sql AS $$
    WITH new AS (UPDATE leadroute.notifications SET acked_at = now() WHERE acked_at IS NULL RETURNING *)
    SELECT format('%s: %s (lead %s)', coalesce(rep_id, queue), kind, lead_id) FROM new ORDER BY id $$;

INSERT INTO leadroute.leads (email, first_name) VALUES ('ada@acme.com', 'Ada') RETURNING owner_id;
SELECT story.heard();
-- By hand, by transfer, by claim.
UPDATE leadroute.leads SET owner_id = 'bob';
SELECT story.heard();
SELECT leadroute.transfer_lead(1, 'ann', 'speaks French') > 0;
SELECT kind, rep_id, payload ->> 'owner_name', payload ->> 'previous_owner_name', payload ->> 'playbook', payload ->> 'playbook_description',
       payload ->> 'account_name', replace(payload ->> 'reason', session_user, 'somebody')
  FROM leadroute.take_notifications('story');
SELECT story.heard();
UPDATE leadroute.leads SET owner_id = NULL, queue = 'catch_all', status = 'queued';
SELECT story.heard();
UPDATE leadroute.queues SET claimable = true;
SELECT leadroute.claim_lead(1, 'bob') > 0;
SELECT story.heard();
-- By the ladder, by rules, by a merge.
DELETE FROM leadroute.escalation_steps;
UPDATE leadroute.leads SET owner_id = 'ann';
SELECT leadroute.reroute_lead(1) ->> 'owner_id';
SELECT story.heard();
INSERT INTO leadroute.escalation_steps (policy, step, after, action) SELECT policy, 1, '0', 'manager' FROM leadroute.sla_clocks WHERE stopped_at IS NULL;
UPDATE leadroute.sla_clocks SET next_at = now() - interval '1 minute', due_at = now() - interval '2 minutes' WHERE stopped_at IS NULL;
SELECT leadroute.escalate_overdue();
SELECT story.heard();
-- Not told: a rename, what changes nothing, who has left, a closed lead.
UPDATE leadroute.reps SET id = 'maxi' WHERE id = 'max';
UPDATE leadroute.leads SET owner_id = owner_id, queue = queue;
SELECT story.heard();
UPDATE leadroute.reps SET active = false WHERE id = 'maxi';
UPDATE leadroute.leads SET owner_id = 'bob';
SELECT story.heard();
SELECT leadroute.close_lead(1, 'lost') > 0;
UPDATE leadroute.leads SET owner_id = 'ann';
SELECT story.heard();
