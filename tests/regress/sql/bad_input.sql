-- Odd input never fails a lead: it is kept, what could not be read is named, and a person looks at it.
-- Only what is no lead at all is refused, with SQLSTATE 22023 and a hint that says what to pass.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- What of an answer is the same every time.
CREATE FUNCTION story.brief(answer jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', answer ->> 'layer', coalesce(answer ->> 'owner_id', answer ->> 'queue')) $$;

-- No object, no lead.
SELECT given, t.* FROM unnest(ARRAY['[]', '[{"email": "a@acme.com"}]', 'null', '7', '"ada@acme.com"', 'true', NULL]) AS given,
       story.try(format('SELECT leadroute.route_lead(%L::jsonb)', given)) t;
SELECT given, t.* FROM unnest(ARRAY['[]', '7', NULL]) AS given,
       story.try(format('SELECT leadroute.preview_route(%L::jsonb)', given)) t;
SELECT count(*) AS leads FROM leadroute.leads;

-- An empty object is a lead of which nothing is known; so is one whose values are null or blank.
SELECT story.brief(leadroute.preview_route('{}'));
SELECT story.brief(leadroute.route_lead('{}'));
SELECT story.brief(leadroute.route_lead('{"email": null, "score": "", "employees": " ", "company": ""}'));
SELECT email, score, employees, company, attributes FROM leadroute.leads ORDER BY id;

-- Malformed addresses are kept as they came and left to a person.
SELECT left(given, 24) AS given, r ->> 'status' AS status, r ->> 'reason' AS reason
  FROM unnest(ARRAY['ada', '@acme.com', 'ada@', 'ada@localhost', 'ada@@acme.com', 'ada lovelace@acme.com', 'ada@acme..com',
                    'Ada <ada@acme.com>', 'ada@[127.0.0.1]', E'ada\t@acme.com', 'ada@-acme.com', repeat('a', 250) || '@acme.com']) AS given,
       leadroute.route_lead(jsonb_build_object('email', given)) r;
SELECT count(*) AS kept FROM leadroute.leads WHERE email IN ('ada', '@acme.com', 'Ada <ada@acme.com>');

-- Values that do not fit their column: named, and kept in the attributes.
SELECT r ->> 'status' AS status, r ->> 'reason' AS reason
  FROM leadroute.route_lead('{"email": "t1@acme.com", "employees": "about 50", "score": "high", "annual_revenue": [1, 2],
                              "occurred_at": "yesterday", "country": {"code": "DE"}}') r;
SELECT employees, score, annual_revenue, country, attributes FROM leadroute.leads WHERE email = 't1@acme.com';
-- Each of these alone.
CREATE TABLE story.answers (n integer GENERATED ALWAYS AS IDENTITY, given jsonb, answer jsonb);
CREATE VIEW story.outcome AS
SELECT n, given, answer ->> 'layer' AS layer, l.employees, l.score, l.annual_revenue, l.attributes
  FROM story.answers JOIN leadroute.leads l ON l.id = (answer ->> 'lead_id')::bigint;
INSERT INTO story.answers (given, answer)
SELECT given, leadroute.route_lead(given)
  FROM unnest(ARRAY[
           '{"employees": "50"}', '{"employees": 50.0}', '{"employees": 50.5}', '{"employees": 99999999999}',
           '{"employees": true}', '{"score": "72.5"}', '{"score": 1e400}', '{"score": "NaN"}', '{"score": "Infinity"}',
           '{"score": -3}', '{"annual_revenue": 123456789012345678.25}', '{"annual_revenue": "1e9"}',
           '{"annual_revenue": "$5M"}'
       ]::jsonb[]) AS given;
SELECT left(given::text, 40) AS given, layer, employees, score, annual_revenue, left(attributes::text, 40) AS attributes
  FROM story.outcome ORDER BY n;
-- Times in ISO 8601, and others.
TRUNCATE story.answers;
INSERT INTO story.answers (given, answer)
SELECT to_jsonb(given), leadroute.route_lead(jsonb_build_object('occurred_at', given))
  FROM unnest(ARRAY['2020-02-29', '2020-02-29T12:00:00Z', '2020-02-29 12:00:00', '2020-02-29T12:00:00.123+02:00',
                    '2020-02-29 12:00:00+02', '2020-02-29T12:00Z', '2021-02-29', '29.2.2020', 'now',
                    'infinity', '292277-01-01', '1582964444']) AS given;
SELECT given, layer, attributes FROM story.outcome ORDER BY n;

-- Unknown keys are kept in the attributes, and so are those that only routing may set.
SELECT story.brief(leadroute.route_lead(
    '{"email": "u1@acme.com", "utm_source": "ads", "tags": ["a", "b"], "queue": "mine", "status": "won",
      "routed_at": "2020-01-01", "id": 7, "attributes": {"plan": "pro"}}')) LIKE 'distribution %' AS routed;
SELECT id > 7 AS other_id, status, attributes FROM leadroute.leads WHERE email = 'u1@acme.com';
-- attributes that is not an object is kept too.
SELECT count(leadroute.route_lead(jsonb_build_object('email', 'v' || n || '@acme.com', 'attributes', given)))
  FROM unnest(ARRAY['[1, 2]', '"text"', '5', 'null', '{}']::jsonb[]) WITH ORDINALITY AS t (given, n);
SELECT email, attributes FROM leadroute.leads WHERE email LIKE 'v_@acme.com' ORDER BY 1;

-- Numbers out of every range, and depth, in the attributes.
SELECT r ->> 'layer' FROM leadroute.route_lead('{"email": "w1@acme.com", "big": 1e400, "small": 1e-400}') r;
SELECT (attributes ->> 'big')::numeric = 1e400::numeric AS kept FROM leadroute.leads WHERE email = 'w1@acme.com';
SELECT r ->> 'layer' FROM leadroute.route_lead(
    ('{"email": "w2@acme.com", "deep": ' || repeat('[', 200) || '1' || repeat(']', 200) || '}')::jsonb) r;
SELECT length(attributes::text) FROM leadroute.leads WHERE email = 'w2@acme.com';
SELECT r ->> 'layer' FROM leadroute.preview_route(
    ('{"deep": ' || repeat('{"a": ', 200) || '1' || repeat('}', 200) || '}')::jsonb) r;
-- A megabyte of text, in a column, in the attributes and in a key.
SELECT r ->> 'layer' FROM leadroute.route_lead(jsonb_build_object('email', 'w3@acme.com', 'company', repeat('x', 1048576),
    'note', repeat('y', 1048576), repeat('z', 1048576), 1)) r;
SELECT length(company), length(attributes ->> 'note'), length(attributes::text) FROM leadroute.leads WHERE email = 'w3@acme.com';
SELECT length(r ->> 'reason') < 200 AS short FROM leadroute.route_lead(jsonb_build_object('employees', repeat('9', 1048576))) r;
SELECT r ->> 'reason' FROM leadroute.route_lead(jsonb_build_object('email', repeat('a', 1048576) || '@acme.com')) r;
SELECT r ->> 'layer' FROM leadroute.route_lead(jsonb_build_object('phone', repeat('1', 1048576), 'website', repeat('w', 1048576),
    'country', repeat('c', 1048576), 'industry', repeat('i', 1048576), 'postal_code', repeat('p', 1048576))) r;

-- An external id that does not fit into an index is kept in the attributes.
SELECT r ->> 'created' AS created, r ->> 'layer' AS layer, r ->> 'reason' AS reason
  FROM leadroute.route_lead(jsonb_build_object('email', 'w4@acme.com', 'external_id', repeat('k', 100000))) r;
SELECT external_id, length(attributes ->> 'external_id') FROM leadroute.leads WHERE email = 'w4@acme.com';
SELECT r ->> 'created' AS created FROM leadroute.route_lead('{"email": "w5@acme.com", "external_id": 4711}') r;
SELECT r ->> 'created' AS created FROM leadroute.route_lead('{"email": "w6@acme.com", "external_id": "4711"}') r;

-- Addresses that are not what they look like: direction marks, invisible characters, letters of other alphabets.
SELECT name, r ->> 'layer' AS layer, r ->> 'reason' AS reason
  FROM (VALUES (1, 'right-to-left override', U&'ada\202E@acme.com'), (2, 'in the domain', U&'ada@\202Emoc.emca'),
               (3, 'zero width space', U&'ada@ac\200Bme.com'), (4, 'isolate', U&'ada\2066@acme.com'),
               (5, 'Cyrillic a in acme', U&'ada@\0430cme.com'), (6, 'Greek o in google', U&'ada@g\03BFogle.com'),
               (7, 'all Cyrillic', U&'ada@\043F\0440\0438\043C\0435\0440.\0440\0444')) t (n, name, email),
       leadroute.route_lead(jsonb_build_object('email', email)) r
 ORDER BY n;

-- The same through INSERT: values that no jsonb would bring.
INSERT INTO leadroute.leads (email, score, annual_revenue, occurred_at, employees, country, attributes) VALUES
    ('x1@acme.com', 'NaN', 'NaN', 'infinity', -1, '', '[]'),
    ('x2@acme.com', 'Infinity', '-Infinity', '-infinity', 2147483647, E'\u202E', 'null'),
    ('x3@acme.com', 1e400::numeric, -1e400::numeric, '4713-01-01 BC', 0, repeat('c', 100000), '7'),
    ('', NULL, NULL, NULL, NULL, NULL, NULL), ('   ', NULL, NULL, NULL, NULL, NULL, NULL)
RETURNING status, owner_id IS NOT NULL OR queue IS NOT NULL AS somewhere;

-- A condition that cannot work is skipped and listed; the lead goes to the next segment.
INSERT INTO leadroute.segments (name, priority, countries, fallback_queue, condition) VALUES
    ('broken', 1, '{SE}', 'catch_all', '$.score > $limit'),
    ('odd types', 2, '{SE}', 'catch_all', '$.email.double() > 0 || $.title + 1 > 0'),
    ('dollar in a string', 3, '{SE}', 'catch_all', '$.title == "$limit"');
INSERT INTO leadroute.leads (email, country, title) VALUES ('y1@acme.com', 'SE', 'CEO'), ('y2@acme.com', 'SE', '$limit')
RETURNING id, segment;
SELECT story.step(id, 'segment') FROM leadroute.leads WHERE email LIKE 'y_@acme.com' ORDER BY id;
SELECT * FROM leadroute.config_problems ORDER BY 1, 2, 3;
