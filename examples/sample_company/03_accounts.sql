-- 5,000 accounts, the companies 1 to 5,000 of 00_words.sql:
--      1 to  800  customers with a customer success manager, with other divisions and sub-domains
--    801 to 1200  named prospects, whose leads go to their owner
--   1201 to 1450  disqualified, for reasons of timing and of fit
--   1451 to 1700  churned
--   1701 to 1760  partners; the first 40 have a rule in domain_rules
--   1761 to 1960  children of customers
--   1961 to 5000  prospects

INSERT INTO leadroute.accounts (id, name, kind, named, owner_id, csm_id, parent_id, country, division,
                                disqualified_reason, disqualified_at, has_open_opportunity, last_activity_at)
SELECT pg_temp.account_id(c.n), c.name,
       CASE WHEN c.n <= 800 THEN 'customer' WHEN c.n <= 1200 THEN 'prospect' WHEN c.n <= 1450 THEN 'disqualified'
            WHEN c.n <= 1700 THEN 'churned' WHEN c.n <= 1760 THEN 'partner' ELSE 'prospect' END,
       c.n BETWEEN 801 AND 1200,
       -- Of the customers every 25th has lost its owner, every 10th its CSM, so every 50th both.
       CASE WHEN c.n <= 1200 AND (c.n > 800 OR c.n % 25 <> 0) OR c.n > 1960 AND c.n % 8 = 0 THEN owner.rep_id END,
       CASE WHEN c.n <= 800 AND c.n % 10 <> 0 THEN csm.rep_id END,
       CASE WHEN c.n BETWEEN 1761 AND 1960 THEN pg_temp.account_id(1 + c.n * 7 % 800) END,
       c.country,
       CASE WHEN c.n <= 200 THEN 'head office' END,
       CASE WHEN c.n BETWEEN 1201 AND 1450 THEN
            (ARRAY['no budget this year', 'reorganisation', 'locked into a long contract', 'too small', 'no use case',
                   'student project'])[1 + c.n % 6] END,   -- there is no rule for the last: it counts as poor fit
       CASE WHEN c.n BETWEEN 1201 AND 1450 THEN timestamptz '2024-06-03 09:00+00' + c.n * interval '1 hour' END,
       c.n > 800 AND c.n % 17 = 0,
       timestamptz '2024-01-08 09:00+00' + pg_temp.dice('activity', c.n, 500 * 24) * interval '1 hour'
  FROM company c
  JOIN pg_temp.seat owner ON owner.place_no = c.place_no AND owner.team = 'enterprise' AND owner.rank = 1 + c.n / 12 % 4
  JOIN pg_temp.seat csm ON csm.place_no = c.place_no AND csm.team = 'success' AND csm.rank = 1 + c.n / 12 % 2
 WHERE c.n <= 5000
 ORDER BY c.n;

-- Every account has a domain; customers 1 to 150 have a division with one of its own, 151 to 200 a sub-domain that is
-- another division.
INSERT INTO leadroute.account_domains (domain, account_id, division)
SELECT domain, pg_temp.account_id(n), CASE WHEN n <= 200 THEN 'head office' END FROM company WHERE n <= 5000
UNION ALL
SELECT stem || '-labs.io', pg_temp.account_id(n), 'labs' FROM company WHERE n <= 150
UNION ALL
SELECT 'services.' || domain, pg_temp.account_id(n), 'services' FROM company WHERE n BETWEEN 151 AND 200;

-- Two contacts at customers, one at named prospects. Every 10th customer has one who writes from a private address.
INSERT INTO leadroute.contacts (email, account_id, name)
SELECT CASE WHEN c.n % 10 = 3 AND k = 2 THEN lower(first || '.' || last || '.' || 1000 + c.n) || '@gmail.com'
            ELSE lower(first || '.' || last) || '@' || c.domain END,
       pg_temp.account_id(c.n), first || ' ' || last
  FROM company c
  JOIN place p ON p.no = c.place_no
 CROSS JOIN generate_series(1, 2) k
 CROSS JOIN LATERAL (SELECT p.firsts[1 + (c.n + k) % 8] AS first, p.lasts[9 + (c.n / 8 + k) % 8] AS last) person
 WHERE c.n <= 800 OR c.n <= 1200 AND k = 1
 ORDER BY c.n, k;

-- Routing looks accounts up by index; without statistics the first plans would be guesses.
ANALYZE leadroute.accounts, leadroute.account_domains, leadroute.contacts, leadroute.domain_rules;
