-- 2,000 leads that ask every layer and reach every outcome. Each is drafted as a plain lead of a company, then changed
-- to what its scenario is about; one INSERT ... SELECT routes them all.

DROP TABLE IF EXISTS pg_temp.scenario;
CREATE TEMP TABLE scenario (no integer GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY, leads integer,
                            company integer, stride integer);

-- Companies are taken from the given one onwards; a stride that shares no divisor with 12 visits all territories.
INSERT INTO scenario (name, leads, company, stride) VALUES
    ('new business', 751, 5001, 1),         -- unknown companies of every territory, size and score
    ('known prospect', 240, 1961, 11),      -- the account is there, and nobody owns its leads
    ('public sector', 60, 5761, 1),         -- industries by their alias, reps by their skill
    ('partner-led', 50, 5821, 1),           -- the condition of a segment
    ('customer', 150, 1, 5),                -- by domain
    ('contact of a customer', 50, 1, 7),    -- by e-mail address, some of them private
    ('customer by CRM id', 30, 5, 7),       -- the address says nothing
    ('customer by web site', 10, 9, 11),    -- free-mail address, but the web site is known
    ('customer abroad', 20, 2, 7),          -- expansion by country
    ('customer''s division', 15, 1, 7),     -- expansion by a domain of its own
    ('customer''s sub-domain', 20, 152, 1), -- expansion by sub-domains, listed or not
    ('child of a customer', 20, 1761, 7),   -- expansion by the parent account
    ('named account', 80, 801, 5),          -- by domain; some owners are away
    ('named by CRM id', 15, 803, 7),
    ('contact of a named one', 15, 804, 7),
    ('disqualified', 100, 1201, 1),         -- both kinds of reasons, cooled off and not
    ('churned', 20, 1451, 5),
    ('partner without rule', 10, 1741, 1),  -- the kind of an account alone decides nothing
    ('partner', 40, 1701, 1),
    ('competitor', 15, 6226, 1),
    ('blocked', 10, 6241, 1),
    ('internal', 9, 5881, 1),
    ('free mail', 70, 5891, 1),
    ('disposable', 20, 5961, 1),
    ('phone only', 30, 5981, 1),
    ('no language', 12, 6011, 1),           -- nobody in the pool speaks it
    ('no such country', 20, 6023, 1),       -- matches no segment
    ('odd score', 5, 6043, 1),              -- matches no tier
    ('odd time', 6, 6048, 1),               -- in the future, or before 1970
    ('malformed e-mail', 15, 6054, 1),
    ('nothing at all', 2, 6069, 1),
    ('plus tag', 40, 5001, 3),              -- from here on the same people again
    ('other case', 30, 5002, 3),
    ('phone again', 15, 5981, 1),
    ('third time', 5, 5001, 3);

DROP TABLE IF EXISTS pg_temp.draft;
CREATE TEMP TABLE draft AS
WITH listed AS (
    SELECT s.name AS scenario, i, s.company + (i - 1) * s.stride AS company_no, 
           row_number() OVER (ORDER BY s.no, i)::integer AS n
      FROM scenario s, generate_series(1, s.leads) i
)
SELECT l.*, c.place_no, c.domain, p.firsts[1 + n % 8] AS first_name, p.lasts[9 + n / 8 % 8] AS last_name,
       lower(left(p.firsts[1 + n % 8], 1) || '.' || p.lasts[9 + n / 8 % 8]) || '@' || c.domain AS email,
       p.phone || 2000 + n AS phone,
       pg_temp.pick('title', n, '{Head of Operations,VP Finance,Data Analyst,CTO,Plant Manager,IT Manager,Buyer,
            Founder}') AS title,
       pg_temp.pick('department', n, '{Operations,Finance,IT,Procurement,NULL}') AS department,
       c.name AS company, NULL::text AS website, NULL::text AS crm_account_id,
       -- A third writes the country out, and a third the industry as people do.
       CASE WHEN pg_temp.dice('spelling', n, 3) > 0 THEN c.country
            ELSE coalesce(written.country, lower(c.country)) END AS country,
       pg_temp.pick('region', n, p.regions) AS region,
       CASE WHEN pg_temp.dice('alias', n, 3) > 0 THEN c.industry ELSE c.industry_alias END AS industry,
       CASE WHEN pg_temp.dice('unknown size', n, 20) > 0 THEN c.employees END AS employees,
       pg_temp.pick('product', n, '{analytics,automation,platform,Platform,NULL}') AS product,
       pg_temp.pick('language', n, ARRAY['en', NULL] || p.languages || p.languages) AS language,
       CASE WHEN pg_temp.dice('no score', n, 30) > 0
            THEN least(100, (pg_temp.dice('score', n, 1001) + 120 * pg_temp.dice('push', n, 2)) / 10.0) END AS score,
       pg_temp.pick('event', n, '{demo_request,demo_request,contact_sales,quote_request,chat,trial_signup,trial_signup,
            webinar,intent_signal,pricing_page,content_download,content_download,newsletter,podcast}') AS event,
       NULL::timestamptz AS occurred_at,
       pg_temp.pick('source', n, '{web,web,google_ads,linkedin,event,outbound}') AS source,
       pg_temp.pick('campaign', n, '{spring-launch,benchmark-report,NULL,NULL}') AS campaign,
       jsonb_build_object('pages_viewed', 1 + pg_temp.dice('pages', n, 30)) AS attributes
  FROM listed l
  JOIN company c (company_no) USING (company_no)
  JOIN place p ON p.no = c.place_no
  LEFT JOIN (VALUES ('GB', 'UK'), ('IE', 'Eire'), ('US', 'United States'), ('DE', 'Germany'), ('AT', 'Oesterreich'),
                    ('CH', 'swiss'), ('NL', 'Holland'), ('FR', 'france'), ('BR', 'Brasil'), ('SE', 'SWE'),
                    ('ES', 'Espana'),
                    ('AU', 'AUS'), ('ZA', 'South Africa'), ('AE', 'UAE'), ('JP', 'japan'), ('IT', 'Italia')
            ) written (code, country) ON written.code = c.country;

UPDATE draft SET industry = pg_temp.pick('public', n, '{gov,Government,municipality,University,EdTech,Education}')
 WHERE scenario = 'public sector';
UPDATE draft SET source = CASE WHEN i % 2 = 0 THEN 'partner_referral' ELSE source END,
                 attributes = CASE WHEN i % 2 = 0 THEN attributes ELSE attributes || '{"registered_deal": true}' END
 WHERE scenario = 'partner-led';

-- People whom contacts knows.
UPDATE draft d SET email = c.email
  FROM (SELECT account_id, email,
               row_number() OVER (PARTITION BY account_id
                                  ORDER BY email LIKE '%@gmail.com' DESC, email COLLATE "C") AS at
          FROM leadroute.contacts) c
 WHERE d.scenario IN ('contact of a customer', 'contact of a named one') AND c.at = 1
   AND c.account_id = pg_temp.account_id(d.company_no);

-- Private and disposable addresses; the number makes it unlikely that they are anybody's.
UPDATE draft SET email = split_part(email, '@', 1) || '.' || 4000 + n || '@'
                         || pg_temp.pick('provider', n, '{gmail.com,outlook.com,gmx.de,yahoo.com,icloud.com}')
 WHERE scenario IN ('customer by CRM id', 'named by CRM id', 'customer by web site', 'free mail');
UPDATE draft SET email = split_part(email, '@', 1)
                         || CASE WHEN i <= 5 THEN '@amber-kestrel-broadband.net' ELSE '@example.com' END
 WHERE scenario = 'free mail' AND i <= 8;
UPDATE draft SET email = split_part(email, '@', 1) || '.' || 4000 + n || '@'
                         || pg_temp.pick('provider', n, '{sharklasers.com,maildrop.cc,getnada.com,dispostable.com}')
 WHERE scenario = 'disposable';
UPDATE draft SET crm_account_id = pg_temp.account_id(company_no)
 WHERE scenario IN ('customer by CRM id', 'named by CRM id');
UPDATE draft SET website = 'https://www.' || domain || '/contact?utm=ad' WHERE scenario = 'customer by web site';

-- Other parts of a customer.
UPDATE draft SET country = 'Iceland' WHERE scenario = 'customer abroad';
UPDATE draft SET email = split_part(email, '@', 1) || '@'
                         || (SELECT stem FROM company c WHERE c.n = company_no) || '-labs.io'
 WHERE scenario = 'customer''s division';
UPDATE draft SET email = split_part(email, '@', 1) || CASE i % 2 WHEN 0 THEN '@services.' ELSE '@emea.' END || domain
 WHERE scenario = 'customer''s sub-domain';

-- Our own people.
UPDATE draft SET email = split_part(email, '@', 1)
                         || CASE WHEN i <= 3 THEN '@press.brightwater-loom.com' ELSE '@brightwater-loom.com' END
 WHERE scenario = 'internal';

-- What no rule was made for.
UPDATE draft SET email = NULL, website = CASE WHEN i % 3 = 0 THEN domain END WHERE scenario = 'phone only';
UPDATE draft SET language = 'fi', score = 75 WHERE scenario = 'no language';
UPDATE draft SET country = (ARRAY['KZ', 'Atlantis', 'Iceland', NULL])[1 + i % 4] WHERE scenario = 'no such country';
UPDATE draft SET score = (ARRAY[140, -5, 101, 1000, 250])[i] WHERE scenario = 'odd score';
UPDATE draft SET occurred_at = CASE i % 2 WHEN 0 THEN timestamptz '2999-01-01 00:00+00' ELSE '1969-07-20 20:17+00' END
 WHERE scenario = 'odd time';
UPDATE draft SET email = (ARRAY['n/a', 'none', first_name || ' at ' || domain, last_name || '@@' || domain,
                                first_name || '@localhost', '@' || domain,
                                last_name || '@' || domain || ' (work)'])[1 + i % 7]
 WHERE scenario = 'malformed e-mail';
UPDATE draft SET first_name = NULL, last_name = NULL, email = NULL, phone = NULL, title = NULL, department = NULL,
                 company = NULL, country = NULL, region = NULL, industry = NULL, employees = NULL, product = NULL,
                 language = NULL, score = NULL, event = NULL, source = NULL, campaign = NULL, attributes = NULL
 WHERE scenario = 'nothing at all';

-- The same people again. Their first leads are those of 'new business' and 'phone only' at the same company.
UPDATE draft d SET first_name = f.first_name, last_name = f.last_name, phone = f.phone,
       email = CASE d.scenario WHEN 'plus tag' THEN replace(f.email, '@', '+' || d.event || '@')
                               WHEN 'other case' THEN ' ' || upper(f.email)
                               WHEN 'third time' THEN initcap(f.email)
                               ELSE NULL END
  FROM draft f
 WHERE f.company_no = d.company_no
   AND f.scenario = CASE d.scenario WHEN 'phone again' THEN 'phone only' ELSE 'new business' END
   AND d.scenario IN ('plus tag', 'other case', 'third time', 'phone again');
-- The same number as another form writes it.
UPDATE draft SET phone = replace(phone, '+', '00') WHERE scenario = 'phone again';

SELECT clock_timestamp() AS insert_began \gset

INSERT INTO leadroute.leads (external_id, email, first_name, last_name, phone, title, department, company, website,
                             crm_account_id, country, region, industry, employees, product, language, score, event,
                             occurred_at, source, campaign, attributes)
SELECT 'sample-' || lpad(n::text, 4, '0'), email, first_name, last_name, phone, title, department, company, website,
       crm_account_id, country, region, industry, employees, product, language, score, event,
       occurred_at, source, campaign, attributes
  FROM draft ORDER BY n;
