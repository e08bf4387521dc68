-- :leads leads of a year, in time order, with all that reports read. 20,000 are routed and worked on for real;
-- the others are copies of them, each lot a week (a year by 50) earlier, so that counts and plans are those of a real year.
--   psql -v leads=1000000 -f reports.sql     after config.sql
\set ON_ERROR_STOP on
SET client_min_messages = warning;
INSERT INTO leadroute.leads (email, company, country, industry, employees, language, product, score, event, occurred_at, source, campaign)
SELECT format('r%s@company%s.com', CASE n % 20 WHEN 7 THEN n - 1 ELSE n END, CASE n % 20 WHEN 7 THEN n - 1 ELSE n END), 'Company Ltd',
       ('{DE,FR,GB,US,NL,BE,AT,CH,IT,ES,PT,PL,CZ,SE,NO,DK,FI,IE,CA,JP}'::text[])[1 + n % 60 % 20],
       format('industry-%s', CASE n % 33 WHEN 5 THEN 99 ELSE n % 60 / 20 END), 50, 'en', 'core', n * 7 % 100,
       ('{demo_request,contact_sales,webinar,newsletter}'::text[])[1 + n % 4], now() - CASE n % 10 WHEN 0 THEN interval '6 minutes' ELSE interval '5 seconds' END,
       ('{web,ads,partner}'::text[])[1 + n % 3], format('campaign-%s', n % 20)
  FROM generate_series(1, 20000) n;
SELECT leadroute.escalate_overdue(100000) > 0 AS escalated;
SELECT count(leadroute.record_response(id, owner_id, ('{phone,email}'::text[])[1 + id % 2])) AS answered
  FROM (SELECT * FROM leadroute.leads WHERE owner_id IS NOT NULL AND duplicate_of IS NULL AND id % 10 IN (0, 1, 2, 4, 5, 8) ORDER BY id) l;
SELECT count(leadroute.return_turn(decision_id, 'wrong person')) AS returned
  FROM (SELECT l.decision_id FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id
         WHERE l.id % 100 = 13 AND d.layer = 'distribution' AND d.outcome = 'owner' AND l.duplicate_of IS NULL ORDER BY l.id) l;
SELECT count(leadroute.transfer_lead(id, 'manager', 'wrong territory')) AS moved
  FROM (SELECT id FROM leadroute.leads WHERE id % 50 = 6 AND owner_id <> 'manager' AND duplicate_of IS NULL ORDER BY id) l;
SELECT count(leadroute.close_lead(id, CASE id % 3 WHEN 0 THEN 'converted' ELSE 'lost' END, 500)) AS closed
  FROM (SELECT id FROM leadroute.leads WHERE id % 5 IN (0, 2) AND duplicate_of IS NULL ORDER BY id) l;

CREATE SCHEMA IF NOT EXISTS bench;
SELECT set_config('bench.lots', (:leads / 20000)::text, false) AS lots;
SET session_replication_role = replica;
DO $$
DECLARE
    lots integer := current_setting('bench.lots')::integer;
    source text;
    columns text;
    copied text;
    key text;
BEGIN
    FOREACH source IN ARRAY '{leads,decisions,sla_clocks,notifications,responses,past_stints,returned_turns}'::text[] LOOP
        EXECUTE format('CREATE TABLE bench.original AS TABLE leadroute.%I', source);
        EXECUTE format('TRUNCATE leadroute.%I', source);
        key := CASE source WHEN 'leads' THEN 'id' WHEN 'returned_turns' THEN 'decision_id' ELSE 'lead_id' END;
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
               string_agg(CASE WHEN a.attname IN ('id', 'lead_id', 'decision_id', 'duplicate_of') THEN format('%I + (%s - lot) * 100000::bigint', a.attname, lots - 1)
                               WHEN a.atttypid = 'timestamptz'::regtype
                               -- over the week by number; the answer after up to two hours
                               THEN format('%I + (%s - 20000) * interval ''1 year'' / 20000 / %s - lot * interval ''1 year'' / %s', a.attname, key, lots, lots)
                                    || CASE WHEN (source, a.attname) IN (('leads', 'first_response_at'), ('sla_clocks', 'stopped_at'), ('responses', 'at'))
                                            THEN format(' + %s * 7919 %% 7200 * interval ''1 second''', key) ELSE '' END
                               ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum)
          INTO columns, copied
          FROM pg_attribute a WHERE a.attrelid = format('leadroute.%I', source)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
        EXECUTE format('INSERT INTO leadroute.%I (%s) SELECT %s FROM generate_series(%s, 0, -1) lot, bench.original ORDER BY lot DESC, %I', source, columns, copied, lots - 1, key);
        DROP TABLE bench.original;
    END LOOP;
END $$;
RESET session_replication_role;
VACUUM ANALYZE;
