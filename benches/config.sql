-- A company to measure with: 200 reps, 40 pools of 5 to 10, :segments segments, :accounts accounts.
--   psql -v segments=60 -v accounts=20000 -f config.sql
--
-- Each lead of the insert scripts matches one segment, and each segment is as likely: number s stands
-- for country s % 20, industry s / 20 % 25 and employees from s / 500 * 100 on. The segment 'hot' is for
-- leads whose source is 'hot', and leads to one pool of ten.
-- Half of the leads come from the domain of an account; of those, three of a hundred end early (customer,
-- named account, disqualified), all others go down to distribution.
-- Half of the reps have working hours, round the clock, so that the time of day changes nothing.

\if :{?segments}
\else
    \set segments 60
\endif
\if :{?accounts}
\else
    \set accounts 20000
\endif

\if :{?tenants}
\else
    \set tenants 0
\endif
-- Names of companies that are all others, and end in one of ten words.
CREATE FUNCTION public.company_name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(substr(md5(n::text), 1, 6) || ' ' || substr(md5(n::text), 7, 5), '0123456789abcdef', 'bcdfglmnprstaeio') || ' '
        || (ARRAY['Systems', 'Group', 'Services', 'Technologies', 'Partners', 'Media', 'Logistics', 'Foods', 'Energy', 'Capital'])[1 + n % 10] $$;
BEGIN;
INSERT INTO leadroute.schedules VALUES ('round the clock');
INSERT INTO leadroute.schedule_hours (schedule, weekday, opens, closes)
SELECT 'round the clock', day, '00:00', '24:00' FROM generate_series(1, 7) day;
INSERT INTO leadroute.holidays VALUES ('round the clock', '2000-01-01', 'New Year');

INSERT INTO leadroute.reps (id, name, email, role) VALUES ('manager', 'Manager', 'manager@us.example', 'manager');
INSERT INTO leadroute.reps (id, name, email, role, manager_id, time_zone, schedule, languages, products, backup_id)
SELECT format('rep-%s', n), format('Rep %s', n), format('rep%s@us.example', n), 'AE', 'manager',
       (ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])[1 + n % 3],
       CASE n % 2 WHEN 0 THEN 'round the clock' END, '{en,de}', CASE n % 3 WHEN 0 THEN ARRAY['core', 'plus'] END, 'manager'
  FROM generate_series(0, 199) n;
-- One in twenty is away now, one in ten was or will be.
INSERT INTO leadroute.absences (rep_id, during, kind)
SELECT format('rep-%s', n), CASE n % 20 WHEN 0 THEN tstzrange(now() - interval '1 day', now() + interval '1 year')
                                        WHEN 1 THEN tstzrange(now() - interval '9 days', now() - interval '8 days')
                                        ELSE tstzrange(now() + interval '1 year', now() + interval '2 years') END, 'pto'
  FROM generate_series(0, 199) n WHERE n % 20 < 3;

INSERT INTO leadroute.territories (name, manager_id)
SELECT format('territory-%s', n), 'manager' FROM generate_series(0, 11) n;
INSERT INTO leadroute.pools (name) SELECT format('pool-%s', p) FROM generate_series(0, 39) p;
INSERT INTO leadroute.pool_members (pool, rep_id, weight)
SELECT format('pool-%s', p), format('rep-%s', (p * 7 + k * 3) % 200), (ARRAY[1, 1, 1.5, 2])[1 + k % 4]
  FROM generate_series(0, 39) p, generate_series(0, 9) k WHERE k < 5 + p % 6;
INSERT INTO leadroute.pools (name) VALUES ('hot');
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT 'hot', format('rep-%s', 3 + 20 * k) FROM generate_series(0, 9) k;

-- Priorities are spread, so that a search from the top finds a match halfway down on average.
-- One in ten has a jsonpath condition on top of its columns.
INSERT INTO leadroute.segments (name, priority, territory, countries, industries, employees, languages, condition)
SELECT format('segment-%s', s), (s::bigint * 7919) % 997, format('territory-%s', s % 12),
       ARRAY[(ARRAY['DE', 'FR', 'GB', 'US', 'NL', 'BE', 'AT', 'CH', 'IT', 'ES', 'PT', 'PL', 'CZ', 'SE', 'NO', 'DK', 'FI',
                    'IE', 'CA', 'JP'])[1 + s % 20]],
       ARRAY[format('industry-%s', s / 20 % 25)], int4range(s / 500 * 100, s / 500 * 100 + 100),
       CASE s % 3 WHEN 0 THEN '{en,de}'::text[] END, CASE s % 10 WHEN 3 THEN '$.employees >= 0'::jsonpath END
  FROM generate_series(0, :segments - 1) s;
INSERT INTO leadroute.segments (name, priority, territory, sources) VALUES ('hot', -1, 'territory-0', '{hot}');
INSERT INTO leadroute.tiers (segment, name, score, pool)
SELECT format('segment-%s', s), tier, score::numrange, format('pool-%s', (s + step) % 40)
  FROM generate_series(0, :segments - 1) s, (VALUES ('standard', '(,50)', 0), ('priority', '[50,)', 1)) t (tier, score, step);
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('hot', 'all', 'hot');

INSERT INTO leadroute.playbooks (name, priority, tiers, events, expansion) VALUES
    ('expansion', 10, NULL, NULL, true), ('speed to lead', 20, '{priority}', '{demo_request,contact_sales}', NULL),
    ('follow up', 90, NULL, NULL, NULL);
INSERT INTO leadroute.recycle_rules (reason, kind, cool_off) VALUES ('no budget', 'timing', '90 days'), ('too small', 'fit', '0');
INSERT INTO leadroute.industry_aliases (alias, canonical)
SELECT format('branch-%s', n), format('industry-%s', n % 25) FROM generate_series(0, 99) n;
INSERT INTO leadroute.domain_rules (domain, kind)
SELECT format('rival%s.com', n), 'competitor' FROM generate_series(1, 100) n;

-- With tenants: each with two reps, a pool, and a tier for all segments that leads to it.
DELETE FROM leadroute.tiers WHERE :tenants > 0;
INSERT INTO leadroute.reps (id, tenant) SELECT format('rep-%s-of-%s', k, n), format('tenant-%s', n) FROM generate_series(1, :tenants) n, generate_series(1, 2) k;
INSERT INTO leadroute.pools (name) SELECT format('pool-of-%s', n) FROM generate_series(1, :tenants) n;
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT format('pool-of-%s', n), format('rep-%s-of-%s', k, n) FROM generate_series(1, :tenants) n, generate_series(1, 2) k;
INSERT INTO leadroute.tiers (name, pool, tenants) SELECT 'all', format('pool-of-%s', n), ARRAY[format('tenant-%s', n)] FROM generate_series(1, :tenants) n;

-- These rows are right by construction; fifteen million foreign keys would be checked for minutes.
SET LOCAL session_replication_role = replica;
INSERT INTO leadroute.accounts (id, name, kind, named, owner_id, country, disqualified_reason, disqualified_at)
SELECT format('account-%s', n), public.company_name(n),
       CASE n % 100 WHEN 0 THEN 'customer' WHEN 1 THEN 'disqualified' WHEN 2 THEN 'churned' ELSE 'prospect' END,
       n % 100 = 3, format('rep-%s', n % 200), 'DE',
       CASE n % 100 WHEN 1 THEN 'too small' END, CASE n % 100 WHEN 1 THEN now() END
  FROM generate_series(1, :accounts) n;
INSERT INTO leadroute.account_domains (domain, account_id)
SELECT format('company%s.com', n), format('account-%s', n) FROM generate_series(1, :accounts) n;
INSERT INTO leadroute.contacts (email, account_id)
SELECT format('known%s@company%s.com', n, n), format('account-%s', n) FROM generate_series(1, :accounts) n;
COMMIT;
VACUUM ANALYZE;
