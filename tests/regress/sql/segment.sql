-- segment: picks one row of the lookup table: the first enabled match by priority, effective now.
\i setup.sql
INSERT INTO leadroute.territories (name) VALUES ('north'), ('south');
INSERT INTO leadroute.tiers (name, action) VALUES ('any', 'nurture');

INSERT INTO leadroute.segments (name, priority, territory, countries) VALUES
    ('nordics', 10, 'north', '{SE,no,Dk}'), ('scandinavia', 20, 'north', '{SE}'), ('everywhere', 900, 'south', NULL);
INSERT INTO leadroute.leads (email, country) VALUES ('a@acme.com', 'Sweden'), ('b@acme.com', 'dk'), ('c@acme.com', 'Spain'), ('d@acme.com', NULL)
RETURNING id, country, segment, territory;
SELECT story.explain(1);
-- The lower priority number goes first, ties by name.
UPDATE leadroute.segments SET priority = 20 WHERE name = 'nordics';
INSERT INTO leadroute.leads (email, country) VALUES ('e@acme.com', 'SE') RETURNING segment;
UPDATE leadroute.segments SET name = 'zz nordics' WHERE name = 'nordics';
INSERT INTO leadroute.leads (email, country) VALUES ('f@acme.com', 'SE') RETURNING segment;
-- A row that is disabled, not yet or no longer effective is passed over.
UPDATE leadroute.segments SET enabled = false WHERE name = 'scandinavia';
INSERT INTO leadroute.leads (email, country) VALUES ('g@acme.com', 'SE') RETURNING segment;
UPDATE leadroute.segments SET enabled = true, effective = tstzrange(now() - interval '1 day', now() + interval '1 day') WHERE name = 'scandinavia';
INSERT INTO leadroute.leads (email, country) VALUES ('h@acme.com', 'SE') RETURNING segment;
UPDATE leadroute.segments SET effective = tstzrange(now() + interval '1 day', NULL) WHERE name = 'scandinavia';
INSERT INTO leadroute.leads (email, country) VALUES ('i@acme.com', 'SE') RETURNING segment;
UPDATE leadroute.segments SET effective = tstzrange(NULL, now() - interval '1 day') WHERE name = 'scandinavia';
INSERT INTO leadroute.leads (email, country) VALUES ('j@acme.com', 'SE') RETURNING segment;
DELETE FROM leadroute.segments;

-- Every predicate alone; NULL in a predicate is 'any', and a lead without the value does not match one.
INSERT INTO leadroute.industry_aliases VALUES ('banks', 'Banking');
INSERT INTO leadroute.segments (name, territory, regions, postal_prefixes, industries, employees, revenue, products, languages, sources, events, condition) VALUES
    ('by region',    'north', '{Bavaria}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('by postcode',  'north', NULL, '{80,SW1A}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('by industry',  'north', NULL, NULL, '{Banking}', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('by employees', 'north', NULL, NULL, NULL, '[100,1000)', NULL, NULL, NULL, NULL, NULL, NULL),
    ('by revenue',   'north', NULL, NULL, NULL, NULL, '[1e6,5e6]', NULL, NULL, NULL, NULL, NULL),
    ('by product',   'north', NULL, NULL, NULL, NULL, NULL, '{CRM}', NULL, NULL, NULL, NULL),
    ('by language',  'north', NULL, NULL, NULL, NULL, NULL, NULL, '{pt-BR}', NULL, NULL, NULL),
    ('by source',    'north', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{Google Ads}', NULL, NULL),
    ('by event',     'north', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{demo_request}', NULL),
    ('by condition', 'north', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        '$.attributes.utm.medium == "cpc" || $.title like_regex "^chief" flag "i"');
CREATE TABLE story.given (
    region text, postal_code text, industry text, employees integer, annual_revenue numeric,
    product text, language text, source text, event text, title text, attributes jsonb);
INSERT INTO story.given (region) VALUES ('bavaria '), ('Hesse');
INSERT INTO story.given (postal_code) VALUES ('80331'), ('sw1a 1aa'), ('10180');
INSERT INTO story.given (industry) VALUES ('banks'), ('banking'), ('Retail');
INSERT INTO story.given (employees) VALUES (99), (100), (999), (1000);
INSERT INTO story.given (annual_revenue) VALUES (999999.99), (1000000), (5000000), (5000000.01), ('NaN');
INSERT INTO story.given (product) VALUES ('crm'), ('ERP');
INSERT INTO story.given (language) VALUES ('PT-br'), ('pt');
INSERT INTO story.given (source) VALUES ('google  ads'), ('google');
INSERT INTO story.given (event) VALUES ('Demo_Request'), ('webinar');
INSERT INTO story.given (title) VALUES ('Chief of Staff'), ('Mischief');
INSERT INTO story.given (attributes) VALUES ('{"utm": {"medium": "cpc"}}'), ('{"utm": "cpc"}'), ('{}');
INSERT INTO leadroute.leads (region, postal_code, industry, employees, annual_revenue, product, language, source, event, title, attributes)
SELECT * FROM story.given
RETURNING coalesce(region, postal_code, industry, employees::text, annual_revenue::text, product, language, source, event, title, attributes::text) AS given, segment;

-- Conditions see the cleaned values, and a preview sees what an insert sees.
INSERT INTO leadroute.segments (name, priority, territory, condition)
VALUES ('cleaned', 1, 'north', '$.country == "GB" && $.industry == "Banking" && $.email == "p@acme.com" && $.employees > 5');
INSERT INTO leadroute.leads (email, country, industry, employees) VALUES ('P@ACME.com', 'England', 'banks', 7) RETURNING segment;
DELETE FROM leadroute.leads WHERE email = 'p@acme.com';
SELECT leadroute.preview_route('{"email": "P@ACME.com", "country": "England", "industry": "banks", "employees": 7}') ->> 'segment' AS segment;

-- All predicates of a row must hold.
DELETE FROM leadroute.segments;
INSERT INTO leadroute.segments (name, territory, countries, employees, condition)
VALUES ('big and german', 'north', '{DE}', '[500,)', '$.department != "HR"');
INSERT INTO leadroute.leads (email, country, employees, department) VALUES
    ('k@acme.com', 'Germany', 500, 'IT'), ('l@acme.com', 'Germany', 499, 'IT'), ('m@acme.com', 'France', 500, 'IT'),
    ('n@acme.com', 'Germany', 500, 'HR'), ('o@acme.com', 'Germany', NULL, 'IT')
RETURNING id, email, segment, queue;
SELECT story.step(id, 'segment') FROM leadroute.leads WHERE email IN ('k@acme.com', 'o@acme.com') ORDER BY id;
