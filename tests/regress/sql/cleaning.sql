-- Leads and rules go through the same cleaning: a value is the same on both sides, however it is written.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- Rules are stored in one form.
INSERT INTO leadroute.segments (name, priority, fallback_queue, countries, regions, postal_prefixes, industries, languages, sources, events) VALUES
    ('all', 1, 'catch_all', '{the Netherlands,uk,Deutschland,276,fra}', '{İZMIR, Île-de-France}', '{SW1 A,10 1}', '{ Oil  & Gas}', '{German,fr_CH,deu}', '{Web­ Site}', '{Demo Request,demo-request}')
    RETURNING countries, regions, postal_prefixes, industries, languages, events;
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('@Rival.com', 'Competitor', 'competitor'), ('*.foe.com', 'competitor', 'competitor'), ('https://www.bücher.de/shop', 'partner', 'partner'), ('ac.uk', 'blocked', 'blocked')
    RETURNING domain, kind;
INSERT INTO leadroute.accounts (id, kind, country, owner_id, csm_id) VALUES ('acme', ' Customer', 'Germany', 'ann', 'bob') RETURNING kind, country;
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('http://www.Acme.com/', 'acme') RETURNING domain;
INSERT INTO leadroute.contacts (email, account_id) VALUES ('Kim+Spam@Bücher.de', 'acme') RETURNING email;
INSERT INTO leadroute.event_types (name, intent) VALUES ('Price List', 'HIGH') RETURNING name, intent;
UPDATE leadroute.reps SET languages = '{English,Deutsch}', presence = 'Online' WHERE id = 'ann' RETURNING languages, presence;
INSERT INTO leadroute.industry_aliases VALUES ('FinTech ', ' Financial  Services') RETURNING *;
INSERT INTO leadroute.country_aliases (alias, canonical) VALUES ('Good Old Germany', 'Deutschland') RETURNING alias, canonical;
INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('RIVAL.com', 'partner', 'partner') ON CONFLICT (domain, tenant) DO UPDATE SET kind = excluded.kind RETURNING domain, kind;
UPDATE leadroute.domain_rules SET kind = 'competitor' WHERE domain = 'rival.com';
-- Or they are refused, with what is allowed.
SELECT s.statement, t.* FROM unnest(ARRAY[
    $$UPDATE leadroute.segments SET countries = '{Atlantis}'$$,
    $$UPDATE leadroute.segments SET languages = '{klartext}'$$,
    $$UPDATE leadroute.segments SET events = '{!}'$$,
    $$INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('rival', 'blocked')$$,
    $$INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('co.uk', 'acme')$$,
    $$INSERT INTO leadroute.contacts (email, account_id) VALUES ('kim at acme', 'acme')$$,
    $$UPDATE leadroute.reps SET presence = 'gone'$$,
    $$UPDATE leadroute.reps SET daily_cap = -1$$,
    $$UPDATE leadroute.reps SET time_zone = 'XYZ-3'$$, $$UPDATE leadroute.reps SET time_zone = 'posix/Europe/Berlin'$$, $$UPDATE leadroute.reps SET time_zone = 'Europe/Berlin'$$]) s (statement), story.try(s.statement) t;

-- The matching lead, written in every way.
CREATE FUNCTION story.place(lead jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(p ->> 'segment', '-') || ' ' || (p ->> 'layer') || coalesce(' ' || (p ->> 'queue'), '') FROM leadroute.preview_route(lead) p $$;
-- A space of no width is shown as it is written: versions of psql align it differently.
SELECT replace(lead::text, U&'\200B', '\u200b') AS lead, story.place('{"country": "DE", "region": "izmir", "postal_code": "101", "industry": "oil & gas", "language": "de", "source": "web site", "event": "demo_request"}' || lead) FROM unnest(ARRAY[
    '{}', '{"country": "Germany"}', '{"country": " ALLEMAGNE "}', '{"country": "good old germany"}', '{"country": "DEU"}', '{"country": "Pays-Bas"}', '{"country": "Great Britain"}', '{"country": "Atlantis"}',
    '{"region": "İzmir"}', '{"region": "IZMIR"}', '{"region": "île-de-france"}', '{"region": "I\u0302LE-DE-FRANCE"}', '{"postal_code": "10 115"}', '{"postal_code": "sw1a 2aa"}', '{"postal_code": "SW2"}',
    '{"industry": "Oil & Gas"}', '{"language": "de-AT"}', '{"language": "fr"}', '{"language": "fr-CH"}', '{"language": "German"}', '{"language": "den"}', '{"source": "Web Site\u200b"}',
    '{"event": "Demo Request"}', '{"event": "DEMO-REQUEST"}', '{"event": "demo"}']::jsonb[]) lead;
SELECT lead, story.place(lead) FROM unnest(ARRAY[
    '{"email": "a@rival.com"}', '{"email": "a@eu.foe.com"}', '{"email": "a@xn--bcher-kva.de"}', '{"email": "a@ox.ac.uk"}', '{"email": "a@ac.uk"}', '{"email": "a@acme.com"}', '{"email": "KIM+other@bücher.de"}']::jsonb[]) lead;
DELETE FROM leadroute.domain_rules WHERE kind = 'partner';
SELECT story.place('{"email": "KIM+other@bücher.de"}');
-- Two addresses of one person are two contacts; that which the lead has comes first, and either finds the person.
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('one', 'customer', 'ann'), ('two', 'customer', 'bob');
INSERT INTO leadroute.contacts (email, account_id) VALUES ('lee+a@tags.com', 'one'), ('Lee+B@tags.com', 'two') ON CONFLICT (email, tenant) DO UPDATE SET account_id = excluded.account_id RETURNING email;
SELECT email, leadroute.preview_route(jsonb_build_object('email', email)) ->> 'account_id' AS account FROM unnest('{lee+a@tags.com,LEE+b@tags.com,lee@tags.com}'::text[]) email;
-- What stood there before, as after a restore, keeps nobody from changing something else; an address is no domain.
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE leadroute.reps SET languages = '{Klingon,de}' WHERE id = 'bob';
SET LOCAL session_replication_role = origin;
UPDATE leadroute.reps SET presence = 'AWAY' WHERE id = 'bob' RETURNING languages, presence;
SELECT code, message FROM story.try($$UPDATE leadroute.reps SET languages = '{Klingon}' WHERE id = 'bob'$$);
ROLLBACK;
SELECT code, message FROM story.try($$INSERT INTO leadroute.domain_rules (domain, kind, queue) VALUES ('spammer@gmail.com', 'blocked', 'blocked')$$);
-- What is stored of it.
INSERT INTO leadroute.leads (country, language, event) VALUES ('The Netherlands', 'german (Austria)', 'Price List'), ('Holland', 'de_AT', 'price-list') RETURNING country, language, event;
SELECT trace -> 0 -> 'notes' AS notes FROM leadroute.decisions ORDER BY id DESC LIMIT 2;
SELECT c.policy FROM leadroute.sla_clocks c ORDER BY id DESC LIMIT 1;
UPDATE leadroute.leads SET language = 'Deutsch', country = 'Nigeria' WHERE language = 'de-AT' RETURNING language, country;

-- Numbers as CRMs send them, and ranges, which a segment takes that holds them whole.
DELETE FROM leadroute.segments;
INSERT INTO leadroute.segments (name, priority, fallback_queue, employees, revenue) VALUES
    ('small', 1, 'catch_all', '[1,50]', NULL), ('middle', 2, 'catch_all', '[51,500]', NULL), ('large', 3, 'catch_all', '[501,)', NULL), ('rich', 4, 'catch_all', NULL, '[1000000,)'), ('rest', 9, 'catch_all', NULL, NULL);
CREATE TABLE story.routed AS SELECT n, lead, leadroute.route_lead(lead) AS p FROM unnest(ARRAY['{"employees": "1,000"}', '{"employees": "12.000"}', '{"employees": "51-200"}', '{"employees": "501+"}', '{"employees": "11 - 50 employees"}', '{"employees": "40-60"}', '{"employees": "1k"}', '{"employees": 49.0}',
        '{"employees": "a dozen"}', '{"annual_revenue": "$1,000,000"}', '{"annual_revenue": "1M"}', '{"annual_revenue": "900k"}', '{"annual_revenue": "1.5 Mio. EUR"}', '{"annual_revenue": "$1M-$5M"}', '{"annual_revenue": "$0.5M-$5M"}']::jsonb[]) WITH ORDINALITY v (lead, n);
SELECT lead, p ->> 'segment' AS segment, l.employees, l.annual_revenue, l.attributes, d.trace -> 0 -> 'unreadable' AS unreadable
  FROM story.routed JOIN leadroute.leads l ON l.id = (p ->> 'lead_id')::bigint JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY n;
-- A range is understood again when the lead is routed again, and in an attached table.
SELECT leadroute.reroute_lead(id) ->> 'segment' AS segment FROM leadroute.leads WHERE attributes ->> 'employees' = '51-200';
CREATE TABLE story.deal (id integer PRIMARY KEY, email text, size text, turnover text, owner text);
SELECT leadroute.attach('story.deal', '{"email": "email", "employees": "size", "annual_revenue": "turnover", "owner_id": "owner"}');
INSERT INTO story.deal VALUES (1, 'a@size.com', '51-200', NULL), (2, 'b@size.com', '2.500', NULL), (3, 'c@size.com', NULL, '€ 2 Mio.'), (4, 'd@size.com', 'some', '2,5');
SELECT l.email, l.segment, l.employees, l.annual_revenue, l.attributes, d.layer, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.email LIKE '%size.com' ORDER BY l.id;

-- Corrected, a number becomes a range, another, and a number again. Typed numbers are what they are.
UPDATE story.deal SET size = '11-50' WHERE id = 2;
UPDATE story.deal SET size = '201-500' WHERE id = 1;
SELECT email, employees, attributes FROM leadroute.leads WHERE email IN ('a@size.com', 'b@size.com') ORDER BY id;
UPDATE story.deal SET size = '7' WHERE id IN (1, 2);
SELECT email, employees, attributes FROM leadroute.leads WHERE email IN ('a@size.com', 'b@size.com') ORDER BY id;
CREATE TABLE story.typed (id integer PRIMARY KEY, email text, size real, turnover numeric(14,3), owner text);
SELECT leadroute.attach('story.typed', '{"email": "email", "employees": "size", "annual_revenue": "turnover", "owner_id": "owner"}');
INSERT INTO story.typed VALUES (1, 'a@typed.com', 50, 250.000), (2, 'b@typed.com', 'NaN', 'NaN'), (3, 'c@typed.com', NULL, 12345678901.125);
SELECT email, employees, annual_revenue, attributes FROM leadroute.leads WHERE email LIKE '%typed.com' ORDER BY id;

-- Keys of JSON however they are written; of two the exact one counts.
SELECT leadroute.route_lead('{"Email": "Ada@keys.com", "firstName": "Ada", "Last Name": "Lovelace", "postal_code": "1", "PostalCode": "2", "shoeSize": 38, "ownerId": "ann", "Tenant": "x"}') ->> 'created' AS created;
SELECT leadroute.preview_route('{"Score": "hot"}') ->> 'reason' AS reason;
SELECT l.email, l.first_name, l.last_name, l.postal_code, l.attributes, d.trace -> 0 -> 'unreadable' AS unreadable
  FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE l.email = 'ada@keys.com';
-- Scores are compared to the last digit.
DELETE FROM leadroute.tiers;
INSERT INTO leadroute.tiers (name, score, pool) VALUES ('hot', '[80,)', 'sales'), ('warm', '[20,80)', 'sales'), ('cool', '[10.00000000000000000001,20)', 'sales');
SELECT score, leadroute.preview_route(jsonb_build_object('score', score::numeric)) ->> 'tier' AS number, leadroute.preview_route(jsonb_build_object('score', score)) ->> 'tier' AS text
  FROM unnest('{80,79.99999999999999999,80.00000000000000000000,19.999999999999999999999999999999999999999999,20.00000000000000000001,10,10.00000000000000000001,10.00000000000000000002}'::text[]) score;
INSERT INTO leadroute.leads (score) VALUES (79.99999999999999999) RETURNING tier;
SELECT * FROM leadroute.check_integrity();
