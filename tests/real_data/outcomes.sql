-- Real sales as leads with their outcomes, moved in as docs/moving-in.md says, and what the reports make of them, compared with
-- sums over the files themselves. :dir is the folder.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';

CREATE TEMP TABLE team (agent text, manager text, office text);
CREATE TEMP TABLE deal (id text, agent text, product text, account text, stage text, engaged date, closed date, value numeric);
CREATE TEMP TABLE contact (mql_id text, first_contact date, landing_page text, origin text);
CREATE TEMP TABLE won (mql_id text, seller_id text, sdr_id text, sr_id text, won timestamp, segment text, lead_type text, profile text,
    has_company text, has_gtin text, stock text, business text, catalog_size text, revenue text);
\cd :dir
\copy team FROM 'maven-crm/sales_teams.csv' (FORMAT csv, HEADER)
\copy deal FROM 'maven-crm/sales_pipeline.csv' (FORMAT csv, HEADER)
\copy contact FROM 'olist/olist_marketing_qualified_leads_dataset.csv' (FORMAT csv, HEADER, DELIMITER ';')
\copy won FROM 'olist/olist_marketing_closed_deals_dataset.csv' (FORMAT csv, HEADER, DELIMITER ';')

INSERT INTO leadroute.reps (id, name, role) SELECT DISTINCT manager, manager, 'manager' FROM team;
INSERT INTO leadroute.reps (id, name, role, manager_id) SELECT agent, agent, 'AE', manager FROM team;
INSERT INTO leadroute.reps (id, role) SELECT DISTINCT sr_id, 'AE' FROM won WHERE sr_id IS NOT NULL;
INSERT INTO leadroute.territories (name, manager_id) SELECT office, min(manager) FROM team GROUP BY 1;
INSERT INTO leadroute.territories (name) VALUES ('brazil');
INSERT INTO leadroute.queues (name) VALUES ('contacts');

-- A pipeline of opportunities: when the agent engaged is when the lead came. Those without a day are not there yet.
INSERT INTO leadroute.leads (external_id, company, product, source, occurred_at, created_at, routed_at, owner_id, territory, status, closed_at, amount)
    SELECT d.id, d.account, d.product, 'pipeline', d.engaged, d.engaged, d.engaged, d.agent, t.office,
           CASE d.stage WHEN 'Won' THEN 'converted' WHEN 'Lost' THEN 'lost' ELSE 'working' END, d.closed, CASE d.stage WHEN 'Won' THEN d.value END
      FROM deal d JOIN team t ON t.agent = d.agent WHERE d.engaged IS NOT NULL;
-- Contacts of a market place, 842 of which were won.
INSERT INTO leadroute.leads (external_id, source, campaign, country, occurred_at, created_at, routed_at, owner_id, queue, territory, status, closed_at)
    SELECT c.mql_id, c.origin, c.landing_page, 'BR', c.first_contact, c.first_contact, c.first_contact, w.sr_id,
           CASE WHEN w.sr_id IS NULL THEN 'contacts' END, 'brazil', CASE WHEN w.sr_id IS NULL THEN 'queued' ELSE 'converted' END, w.won
      FROM contact c LEFT JOIN won w ON w.mql_id = c.mql_id AND w.sr_id IS NOT NULL;
SELECT leadroute.adopt_leads(100000) \gset adopted_

-- As the files say.
DO $$
DECLARE
    since constant timestamptz := '2016-10-01';
    until constant timestamptz := '2018-07-01';
    wrong bigint; page text;
BEGIN
    ASSERT (SELECT sum(value_won) FROM leadroute.territory_balance(since, until)) = (SELECT sum(value) FROM deal WHERE stage = 'Won'), 'value won';
    SELECT count(*) INTO wrong FROM (SELECT t.office, count(*) AS leads, count(*) FILTER (WHERE stage IN ('Won', 'Lost')) AS closed,
                                            count(*) FILTER (WHERE stage = 'Won') AS converted
                                       FROM deal d JOIN team t USING (agent) WHERE engaged IS NOT NULL GROUP BY 1) f
      LEFT JOIN leadroute.territory_balance(since, until) b ON b.territory = f.office AND (b.leads, b.closed, b.converted) = (f.leads, f.closed, f.converted)
     WHERE b.territory IS NULL;
    ASSERT wrong = 0, format('%s territories are not as in the file', wrong);
    ASSERT (SELECT sum(leads) FROM leadroute.leads_by_rep(since, until) WHERE rep_id IN (SELECT agent FROM team))
         = (SELECT count(*) FROM deal WHERE engaged IS NOT NULL), 'leads by rep';
    ASSERT (SELECT sum(leads) FROM leadroute.unrouted_rate(since, until)) = (SELECT count(*) FROM leadroute.leads), 'leads by week';
    page := leadroute.report_html(since, until);
    ASSERT xml_is_well_formed_document(regexp_replace(page, '^<!DOCTYPE html>', '', 'i')), 'the report is not well formed';
    ASSERT (SELECT bool_and(strpos(page, office) > 0) FROM team), 'a territory is not in the report';
END $$;
\pset footer off
SELECT territory, leads, closed, converted, percent_converted, value_won FROM leadroute.territory_balance('2016-10-01', '2018-07-01') ORDER BY 1;
