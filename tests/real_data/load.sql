-- Real companies and sales teams as accounts and reps, real leads through the pipeline. :dir is the folder.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
SET datestyle = 'ISO, YMD';

CREATE TEMP TABLE maven_account (account text, sector text, year text, revenue numeric, employees int, office text, subsidiary_of text);
CREATE TEMP TABLE maven_team (agent text, manager text, office text);
CREATE TEMP TABLE maven_deal (id text, agent text, product text, account text, stage text, engaged date, closed date, value numeric);
CREATE TEMP TABLE fortune (rank int, company text, sector text, revenue numeric, city text, state text, website text, employees int);
CREATE TEMP TABLE olist_lead (mql_id text, first_contact date, landing_page text, origin text);
CREATE TEMP TABLE olist_deal (mql_id text, seller_id text, sdr_id text, sr_id text, won timestamp, segment text, lead_type text, profile text,
    has_company text, has_gtin text, stock text, business text, catalog_size text, revenue text);
CREATE TEMP TABLE olist_seller (seller_id text, zip text, city text, state text);
\cd :dir
\copy maven_account FROM 'maven-crm/accounts.csv' (FORMAT csv, HEADER)
\copy maven_team FROM 'maven-crm/sales_teams.csv' (FORMAT csv, HEADER)
\copy maven_deal FROM 'maven-crm/sales_pipeline.csv' (FORMAT csv, HEADER)
\copy fortune FROM 'fortune500/fortune500_us.csv' (FORMAT csv, HEADER)
\copy olist_lead FROM 'olist/olist_marketing_qualified_leads_dataset.csv' (FORMAT csv, HEADER, DELIMITER ';')
\copy olist_deal FROM 'olist/olist_marketing_closed_deals_dataset.csv' (FORMAT csv, HEADER, DELIMITER ';')
\copy olist_seller FROM 'olist/olist_sellers_dataset.csv' (FORMAT csv, HEADER, DELIMITER ';')

-- Sales teams become reps, offices become territories and pools.
INSERT INTO leadroute.reps (id, name, role) SELECT DISTINCT manager, manager, 'manager' FROM maven_team;
INSERT INTO leadroute.reps (id, name, role, manager_id) SELECT agent, agent, 'AE', manager FROM maven_team;
INSERT INTO leadroute.reps (id, role) SELECT DISTINCT sr_id, 'AE' FROM olist_deal UNION SELECT DISTINCT sdr_id, 'SDR' FROM olist_deal
    ON CONFLICT DO NOTHING;
UPDATE leadroute.queues SET manager_id = (SELECT min(manager) FROM maven_team) WHERE name = 'catch_all';
INSERT INTO leadroute.territories (name, manager_id) SELECT office, min(manager) FROM maven_team GROUP BY 1;
INSERT INTO leadroute.territories (name) VALUES ('brazil');
INSERT INTO leadroute.pools (name) SELECT DISTINCT office FROM maven_team UNION ALL VALUES ('brazil');
INSERT INTO leadroute.pool_members (pool, rep_id) SELECT office, agent FROM maven_team;
-- The weights are what each really won.
INSERT INTO leadroute.pool_members (pool, rep_id, weight) SELECT 'brazil', sr_id, count(*) FROM olist_deal WHERE sr_id IS NOT NULL GROUP BY sr_id;

-- Companies become accounts; typos of the files become aliases.
INSERT INTO leadroute.industry_aliases VALUES ('technolgy', 'technology');
INSERT INTO leadroute.country_aliases (alias, canonical) VALUES ('philipines', 'PH');
INSERT INTO leadroute.accounts (id, name, kind, named, owner_id)
    SELECT a.account, a.account, CASE WHEN won.agent IS NOT NULL THEN 'customer' ELSE 'prospect' END, true, won.agent
      FROM maven_account a
      LEFT JOIN LATERAL (SELECT agent FROM maven_deal d WHERE d.account = a.account AND stage = 'Won' ORDER BY closed DESC, id LIMIT 1) won ON true;
UPDATE leadroute.accounts t SET parent_id = a.subsidiary_of FROM maven_account a WHERE a.account = t.id AND a.subsidiary_of <> '';
INSERT INTO leadroute.accounts (id, name, country) SELECT 'f' || rank, company, 'US' FROM fortune;
INSERT INTO leadroute.account_domains (domain, account_id) SELECT DISTINCT ON (lower(website)) lower(website), 'f' || rank FROM fortune ORDER BY lower(website), rank;

INSERT INTO leadroute.segments (name, priority, territory, regions) VALUES
    ('west', 10, 'West', '{California,Washington,Oregon,Nevada,Arizona,Colorado,Utah,Idaho}'),
    ('east', 20, 'East', '{New York,New Jersey,Massachusetts,Pennsylvania,Virginia,Connecticut,Maryland,Florida,Georgia}');
INSERT INTO leadroute.segments (name, priority, territory, countries) VALUES ('rest of us', 30, 'Central', '{US}'), ('brazil', 40, 'brazil', '{BR}');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('west', 'all', 'West'), ('east', 'all', 'East'), ('rest of us', 'all', 'Central'), ('brazil', 'all', 'brazil');

-- Leads of every file, as the apps that wrote them would insert them.
INSERT INTO leadroute.leads (external_id, occurred_at, source, country, campaign)
    SELECT mql_id, first_contact, origin, 'Brazil', landing_page FROM olist_lead;
INSERT INTO leadroute.leads (external_id, country, city, region, postal_code)
    SELECT seller_id, 'Brasil', city, state, zip FROM olist_seller;
SELECT count(leadroute.route_lead(to_jsonb(d) - 'won' || jsonb_build_object('external_id', 'deal ' || mql_id, 'annual_revenue', revenue,
        'employees', catalog_size, 'occurred_at', won, 'country', 'BR'))) AS deals FROM olist_deal d \gset
INSERT INTO leadroute.leads (email, company, website, industry, region, city, employees, annual_revenue, country)
    SELECT 'info@' || lower(website), company, website, sector, state, city, employees, revenue, 'United States of America' FROM fortune;
INSERT INTO leadroute.leads (external_id, crm_account_id, company, product, occurred_at, annual_revenue, country, industry)
    SELECT d.id, d.account, d.account, d.product, d.engaged, a.revenue * 1000000, coalesce(a.office, 'US'), a.sector
      FROM maven_deal d LEFT JOIN maven_account a USING (account);

\pset footer off
SELECT layer, outcome, count(*) FROM leadroute.decisions GROUP BY 1, 2 ORDER BY 1, 2;
DO $$
DECLARE
    leads bigint; decided bigint; expected bigint;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE status <> 'new' AND decision_id IS NOT NULL) INTO leads, decided FROM leadroute.leads;
    SELECT (SELECT count(*) FROM olist_lead) + (SELECT count(*) FROM olist_seller) + (SELECT count(*) FROM olist_deal)
         + (SELECT count(*) FROM fortune) + (SELECT count(*) FROM maven_deal) INTO expected;
    ASSERT leads = expected, format('%s leads of %s', leads, expected);
    ASSERT decided = leads, format('%s leads have an outcome, of %s', decided, leads);
    ASSERT NOT EXISTS (SELECT FROM leadroute.decisions WHERE trace @> '[{"code": "error"}]'), 'routing failed for a lead';
    ASSERT (SELECT max(abs(difference)) < 1 FROM leadroute.pool_fairness), 'a rep is a lead or more away from the exact share';
END $$;
