-- The leads, in the order in which they come. More than are written at once (src/db/routing/batch.rs).
CREATE TABLE public.source AS
SELECT n, 'L' || to_char(n, 'FM0000') AS external_id,
       CASE WHEN n % 19 = 3 THEN 'buyer' || n || '@rival.com'
            WHEN n % 31 = 5 THEN n || '@ally.com'
            WHEN n % 11 = 4 THEN 'PERSON' || n - 7 || '+again@company' || (n - 7) % 50 || '.com'
            WHEN n % 97 = 8 THEN 'Person' || n - 90 || '@company' || (n - 90) % 50 || '.com'
            WHEN n % 29 = 6 THEN NULL
            WHEN n % 37 = 8 THEN 'not an address ' || n
            WHEN n % 41 = 9 THEN 'private' || n || '@gmail.com'
            WHEN n % 101 = 20 THEN 'known@gmail.com'
            WHEN n % 17 = 2 THEN 'c' || n || '@customer.com'
            WHEN n % 17 = 7 THEN 'c' || n || '@lab.customer-labs.com'
            WHEN n % 23 = 11 THEN 'c' || n || '@cooled.com'
            WHEN n % 23 = 15 THEN 'c' || n || '@unfit.com'
            WHEN n % 13 = 5 THEN 'c' || n || '@away.com'
            WHEN n % 21 = 3 THEN 'c' || n || '@gus.com'
            WHEN n % 27 = 10 THEN 'c' || n || '@eve.com'
            ELSE 'Person' || n || '@Company' || n % 50 || '.com' END AS email,
       CASE WHEN n % 3 = 0 THEN 'Name ' || n END AS first_name,
       CASE WHEN n % 29 = 6 THEN '+49 30 12345' || 10 + n / 90 WHEN n % 5 = 0 THEN '030 5550' || n % 7 END AS phone,
       CASE WHEN n % 4 > 0 THEN E'Company\t"' || n % 50 || E'", \\N' END AS company,
       CASE WHEN n % 29 = 6 AND n % 2 = 0 THEN 'https://www.away.com/about' END AS website,
       CASE WHEN n % 43 = 12 THEN 'ann' WHEN n % 43 = 13 THEN 'unknown account' END AS crm_account_id,
       (ARRAY['Germany', 'fr', 'United Kingdom', 'DE', 'Japan', 'Atlantis', NULL, 'FRA'])[1 + n * 5 % 8] AS country,
       (ARRAY['factory', 'Software', NULL, 'manufacturing', 'Retail'])[1 + n * 3 % 5] AS industry,
       (ARRAY[10, 150, 500, 90, NULL, 20000, 60, 199])[1 + n * 3 % 8] AS employees,
       CASE WHEN n % 53 = 1 THEN 'NaN' WHEN n % 53 = 2 THEN '1e200' ELSE n * 1000.5 END::numeric AS annual_revenue,
       (ARRAY['crm', NULL, 'erp'])[1 + n % 3] AS product,
       (ARRAY['en', 'de', NULL, 'fr'])[1 + n * 3 % 4] AS language,
       (n * 37 % 90 - 5)::numeric / 2 AS score,
       (ARRAY['demo_request', 'newsletter', 'trial_signup', 'dance', NULL])[1 + n * 2 % 5] AS event,
       CASE n % 6 WHEN 0 THEN now() - n * interval '1 hour' WHEN 1 THEN now() + interval '1 day'
                  WHEN 2 THEN '-infinity' END AS occurred_at,
       CASE WHEN n % 59 = 1 THEN '{"vip": true}'::jsonb WHEN n % 9 = 0 THEN jsonb_build_object('n', n) END AS attributes
  FROM generate_series(1, 1100) n;
ALTER TABLE public.source ADD PRIMARY KEY (n);
