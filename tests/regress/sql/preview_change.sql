-- preview_change(): where the leads of a period would go after a change, by the production code. Both sides start from the same turns
-- and open leads, with presence and absences as they were; the answer is the same each time, and nothing is left of it.
\i setup.sql
INSERT INTO leadroute.reps (id, daily_cap) VALUES ('ann', NULL), ('bob', NULL), ('cyd', 3), ('eve', NULL), ('max', NULL);
INSERT INTO leadroute.pools (name, keep_company_together) VALUES ('smb', false), ('ent', true);
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('smb', 'ann', 1), ('smb', 'bob', 1), ('smb', 'cyd', 2), ('ent', 'eve', 1), ('ent', 'max', 1);
INSERT INTO leadroute.territories (name) VALUES ('north'), ('south');
INSERT INTO leadroute.segments (name, priority, territory, employees) VALUES ('big', 1, 'north', '[500,)'), ('small', 2, 'south', '[1,500)');
INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('big', 'any', '(,)', 'ent'), ('small', 'warm', '[10,)', 'smb');
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('acme', 'customer', 'ann');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('acme.com', 'acme');
-- 30 leads of 5 companies, of 25 persons; a colleague of a customer, and a lead whose owner came with it.
SELECT now() AS beginning \gset
INSERT INTO leadroute.leads (email, employees, score, event)
SELECT format('p%s@c%s.com', n % 25, n % 5), (n * 79) % 1000, n, 'demo_request' FROM generate_series(1, 30) n;
INSERT INTO leadroute.leads (email, employees, score) VALUES ('ada@acme.com', 100, 50);
INSERT INTO leadroute.leads (email, employees, score, owner_id) VALUES ('given@foo.com', 100, 50, 'max');
SELECT leadroute.close_lead(id, 'converted', id * 1000) FROM leadroute.leads WHERE id % 7 = 0 AND duplicate_of IS NULL ORDER BY id;

-- A digest of all that is there, sequences included.
CREATE FUNCTION story.digest() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r record;
    one text;
    whole text := '';
BEGIN
    FOR r IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class c
              WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind IN ('r', 'S') ORDER BY c.relname LOOP
        EXECUTE CASE r.relkind WHEN 'S' THEN format('SELECT concat(last_value, is_called) FROM %s', r.name)
                     ELSE format('SELECT coalesce(md5(string_agg(t::text, E''\n'' ORDER BY t::text)), '''') FROM %s t', r.name) END INTO one;
        whole := whole || r.name || one;
    END LOOP;
    RETURN md5(whole);
END $$;
CREATE FUNCTION story.preview(change bigint) RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat((SELECT string_agg(p::text, E'\n' ORDER BY p.lead_id) FROM leadroute.preview_change(change) p),
                      (SELECT string_agg(s::text, E'\n') FROM leadroute.preview_summary(change) s))) $$;

-- The rules of now with the leads of now: as many to each pool and queue as they were given; turns go on from where they stand.
SELECT grain, name, leads_before, leads_after FROM leadroute.preview_summary(NULL, :'beginning') WHERE grain IN ('outcome', 'pool', 'rep');
SELECT outcome, pool, count(*) FROM leadroute.decisions WHERE cause = 'insert' GROUP BY 1, 2 ORDER BY 1, 2;

SELECT leadroute.propose_change('Bigger big', 'eve and max have room', $$
    UPDATE leadroute.segments SET employees = '[300,)' WHERE name = 'big';
    UPDATE leadroute.segments SET employees = '[1,300)' WHERE name = 'small';
    INSERT INTO leadroute.reps (id) VALUES ('new');
    INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('smb', 'new');
    INSERT INTO leadroute.tiers (segment, name, score, queue, action) VALUES ('small', 'cold', '(,10)', 'catch_all', 'queue') $$) AS change \gset
SELECT story.digest() AS before \gset
SELECT lead_id, differs, before, after, layer_before, layer_after, segment_before, segment_after, reason
  FROM leadroute.preview_change(:change) ORDER BY lead_id;
SELECT * FROM leadroute.preview_summary(:change);

-- The same each time, and nothing is left: no row, no value of a sequence, no lock of a pool or a rep, in this transaction either.
SELECT story.preview(:change) = story.preview(:change) AS is_same, story.digest() = :'before' AS nothing_is_left;
BEGIN;
SELECT count(*) AS moved FROM leadroute.preview_change(:change);
SELECT locktype, mode, relation::regclass FROM pg_locks
 WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock') AND locktype NOT IN ('virtualxid', 'transactionid'));
COMMIT;
-- A lead after it is routed by the rules as they are.
INSERT INTO leadroute.leads (email, employees, score) VALUES ('later@foo.com', 400, 50) RETURNING segment, owner_id;
DELETE FROM leadroute.leads WHERE email = 'later@foo.com';

-- What if: bob leaves, or is away for weeks; two reps more; twice as many leads; fewer.
SELECT leadroute.propose_change('Bob leaves', 'he found another job', $$UPDATE leadroute.reps SET active = false WHERE id = 'bob'$$) AS leaves \gset
SELECT leadroute.propose_change('Bob is ill', 'back next month', $$
    INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('bob', tstzrange(now(), now() + interval '30 days'), 'sick')$$) AS ill \gset
SELECT name, leads_before, leads_after FROM leadroute.preview_summary(:leaves) WHERE grain = 'rep';
SELECT name, leads_before, leads_after FROM leadroute.preview_summary(:ill) WHERE grain = 'rep' AND leads_before <> leads_after;
SELECT grain, name, leads_before, leads_after FROM leadroute.preview_summary(NULL, volume => 2) WHERE grain IN ('all', 'rep');
SELECT grain, name, leads_before, leads_after FROM leadroute.preview_summary(:leaves, volume => 0.5) WHERE grain IN ('all', 'rep');
SELECT count(*) AS nobody_moves FROM leadroute.preview_change(:leaves, 'tomorrow');

-- Who was away when leads came was away in the preview, though they are here now.
SELECT now() AS evening \gset
SELECT leadroute.set_presence('ann', 'offline');
INSERT INTO leadroute.absences (rep_id, during, kind) VALUES ('cyd', tstzrange(now() - interval '1 day', now() + interval '1 day'), 'pto');
INSERT INTO leadroute.leads (email, employees, score) SELECT format('evening%s@foo%s.com', n, n), 100, 50 FROM generate_series(1, 4) n;
SELECT leadroute.set_presence('ann', 'online');
DELETE FROM leadroute.absences;
INSERT INTO leadroute.leads (email, employees, score) SELECT format('late%s@foo%s.com', n, n), 100, 50 FROM generate_series(5, 8) n;
SELECT owner_id, count(*) FROM leadroute.leads WHERE created_at > :'evening' GROUP BY 1 ORDER BY 1;
SELECT name, leads_before, leads_after FROM leadroute.preview_summary(NULL, :'evening') WHERE grain = 'rep';

-- Answers: each rep answers as fast as their quickest quarter of answers, one lead after the other.
UPDATE leadroute.sla_clocks SET stopped_at = started_at + interval '2 minutes', ended = 'answered', answered_by = of_rep, next_at = NULL
 WHERE lead_id IN (SELECT id FROM leadroute.leads WHERE email LIKE 'p%');
UPDATE leadroute.sla_clocks SET answered_by = 'eve' WHERE ended = 'answered' AND answered_by IS NULL;
SELECT grain, name, leads_before, leads_after, in_time_before, in_time_after
  FROM leadroute.preview_summary(NULL, :'beginning', volume => 3) WHERE grain = 'rep';

-- A change that looks elsewhere: domains and accounts are looked up in their tables.
SELECT leadroute.propose_change('Acme sells with us', 'signed today', $$
    INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('acme.com', 'partner'), ('c1.com', 'competitor')$$) AS partner \gset
SELECT lead_id, before, after, layer_after FROM leadroute.preview_change(:partner) WHERE layer_after = 'domain_rule' ORDER BY lead_id;

-- Whatever a change says of accounts, contacts and domains: leads go where they would go if it had been made.
CREATE FUNCTION story.summary(change bigint) RETURNS TABLE (before text, after text) LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', grain, name, leads_before), ', ' ORDER BY grain, name) FILTER (WHERE leads_before > 0),
           string_agg(concat_ws(' ', grain, name, leads_after), ', ' ORDER BY grain, name) FILTER (WHERE leads_after > 0)
      FROM leadroute.preview_summary(change, '2000-01-01') $$;
CREATE FUNCTION story.foreseen(sql text) RETURNS TABLE (moves boolean, is_foreseen boolean) LANGUAGE plpgsql AS $$
DECLARE
    foreseen record;
    made text;
BEGIN
    SELECT * INTO foreseen FROM story.summary(leadroute.propose_change('Accounts', 'to see', sql));
    BEGIN
        SET LOCAL search_path = leadroute;
        EXECUTE sql;
        SELECT s.before INTO made FROM story.summary(NULL) s;
        RAISE EXCEPTION USING ERRCODE = 'UU000';
    EXCEPTION WHEN SQLSTATE 'UU000' THEN
    END;
    RETURN QUERY SELECT foreseen.before <> foreseen.after, foreseen.after = made;
END $$;
INSERT INTO leadroute.accounts (id, kind, owner_id, csm_id, named, parent_id) VALUES ('beta', 'prospect', 'bob', NULL, true, NULL), ('gamma', 'customer', 'eve', 'max', false, 'beta');
INSERT INTO leadroute.account_domains (domain, account_id, division) VALUES ('beta.com', 'beta', NULL), ('c3.com', 'gamma', 'west');
INSERT INTO leadroute.contacts (email, account_id) VALUES ('zoe@gmail.com', 'beta'), ('zoe+x@gmail.com', 'gamma');
INSERT INTO leadroute.leads (email, employees, score, crm_account_id) VALUES ('zoe+x@gmail.com', 10, 20, NULL), ('zoe@gmail.com', 10, 20, NULL), ('x@beta.com', 700, 60, NULL),
    ('y@beta.com', 800, 60, NULL), ('z@sub.beta.com', 900, 60, NULL), ('w@elsewhere.com', 10, 60, 'gamma'), ('v@mail.test', 10, 60, NULL), ('u@new.com', 10, 60, 'delta');
SELECT v.sql, f.* FROM (VALUES
    ($$UPDATE accounts SET kind = 'customer', owner_id = 'cyd' WHERE id = 'beta'$$),
    ($$UPDATE accounts SET id = 'delta' WHERE id = 'gamma'$$),
    ($$DELETE FROM accounts WHERE id = 'gamma'; UPDATE accounts SET named = false WHERE id = 'beta'$$),
    ($$INSERT INTO accounts (id, kind, owner_id) VALUES ('new', 'customer', 'max'); INSERT INTO account_domains (domain, account_id) VALUES ('c1.com', 'new'); UPDATE account_domains SET account_id = 'new' WHERE domain = 'beta.com'$$),
    ($$UPDATE contacts SET account_id = CASE account_id WHEN 'beta' THEN 'gamma' ELSE 'beta' END$$),
    ($$DELETE FROM contacts WHERE email = 'zoe+x@gmail.com'$$),
    ($$UPDATE contacts SET email = 'u@new.com' WHERE email = 'zoe@gmail.com'; INSERT INTO contacts (email, account_id) VALUES ('v+1@mail.test', 'gamma'), ('v+2@mail.test', 'beta')$$),
    ($$DELETE FROM account_domains WHERE domain = 'c3.com'; INSERT INTO domain_rules (domain, kind) VALUES ('c2.com', 'competitor'), ('sub.beta.com', 'partner')$$),
    ($$INSERT INTO mail_domains (domain, kind) VALUES ('c3.com', 'personal'), ('beta.com', 'disposable'); DELETE FROM mail_domains WHERE domain = 'gmail.com'$$),
    ($$UPDATE reps SET id = 'evi' WHERE id = 'eve'; UPDATE accounts SET kind = 'churned' WHERE id = 'gamma'$$),
    ($$UPDATE accounts SET id = 'x' WHERE id = 'beta'; UPDATE accounts SET id = 'beta', parent_id = NULL WHERE id = 'gamma'$$)) v (sql), LATERAL story.foreseen(v.sql) f;

-- A rep who is only called otherwise keeps every lead, and nothing is written about leads meanwhile.
SELECT leadroute.propose_change('Eve marries', 'good luck', $$
    UPDATE leadroute.reps SET id = 'eva' WHERE id = 'eve'; UPDATE leadroute.accounts SET owner_id = 'eva' WHERE id = 'acme'$$) AS marries \gset
SELECT lead_id, differs, before, after FROM leadroute.preview_change(:marries) ORDER BY lead_id;
SELECT name, leads_before, leads_after FROM leadroute.preview_summary(:marries) WHERE grain = 'rep' AND name LIKE 'ev%';

-- What cannot be previewed: whoever edits the same rows must not wait long.
SELECT t.* FROM (VALUES
    ('SELECT * FROM leadroute.preview_change(99)'),
    (format('SELECT * FROM leadroute.preview_change(%s, NULL)', :change)),
    (format('SELECT * FROM leadroute.preview_change(%s, ''infinity'')', :change)),
    (format('SELECT * FROM leadroute.preview_summary(%s, volume => -1)', :change)),
    (format('SELECT * FROM leadroute.preview_summary(%s, volume => ''NaN'')', :change)),
    (format('SELECT * FROM leadroute.preview_summary(%s)', leadroute.propose_change('Slow', 'to see', $$
        UPDATE leadroute.reps SET name = 'slow' WHERE (SELECT count(*) FROM generate_series(1, 1000000000)) > 0$$))),
    (format('SELECT * FROM leadroute.preview_summary(%s)', leadroute.propose_change('Wrong', 'to see', $$INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('none', 'ann')$$)))) v (sql),
    LATERAL story.try(v.sql) t;
-- Rules that changed after a preview are seen by the next one, and the change is for them.
UPDATE leadroute.segments SET priority = 3 WHERE name = 'small';
SELECT seen AS seen_before FROM leadroute.change_requests WHERE id = :change \gset
SELECT count(*) > 0 AS moves FROM leadroute.preview_change(:change);
SELECT seen <> :'seen_before' AS is_seen FROM leadroute.change_requests WHERE id = :change;
