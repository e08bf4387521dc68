-- conditions: only the columns that conditions name become jsonb. Whether all are needed or a few, a condition says the same.
\i setup.sql
SET client_min_messages = warning;
ALTER TABLE leadroute.leads ADD COLUMN stage integer[], ADD COLUMN "with blank" text, ADD COLUMN seen timestamptz, ADD COLUMN place point;
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES
    ('number', 1, '$.employees >= 200'), ('no key', 2, '$.no_such_key == null'), ('null', 4, '$.department == null'),
    ('own column', 8, '$.stage[*] > 6'), ('system column', 16, 'exists($.ctid)'), ('cleaned', 32, '$.country == "DE" && $.phone == "+4930123456"'),
    ('inside', 64, '$.attributes.page[*] ? (@ == $.product)'), ('text of a time', 128, '$.seen starts with "2026-03-01T12:00:00"'),
    ('strict', 256, 'strict $.attributes.missing == 1'), ('a type of text', 512, '$.place == "(1,2)"'), ('a string', 1024, '$.title == "costs $.5 \" $"'),
    ('score', 2048, '$.score == null'), ('time given', 4096, '$.occurred_at starts with "2026"'), ('many decimals', 8192, '$.annual_revenue == 12345678901234567890.123');

CREATE FUNCTION story.points(of_mail text) RETURNS text LANGUAGE sql AS $$
    INSERT INTO leadroute.leads (email, company, country, phone, employees, product, title, annual_revenue, occurred_at, attributes, stage, seen, place)
    VALUES (of_mail, 'One', 'Germany', '030 123456', 500, 'core', 'costs $.5 " $', 12345678901234567890.123, now(), '{"page": ["about", "core"]}', '{5,7}', '2026-03-01 12:00+00', '(1,2)')
    RETURNING score::integer::bit(20)::text $$;
SELECT story.points('few@one.com') AS points;
-- Each of these needs every column.
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES ('any', 16384, '$.* == "core"');
SELECT story.points('any@two.com') AS points;
UPDATE leadroute.score_criteria SET condition = '$ ? (@.product == "core").employees > 5' WHERE name = 'any';
SELECT story.points('root@three.com') AS points;
UPDATE leadroute.score_criteria SET condition = '$.keyvalue().key == "stage"' WHERE name = 'any';
SELECT story.points('pairs@four.com') AS points;
UPDATE leadroute.score_criteria SET condition = '$."with blank" == null' WHERE name = 'any';
SELECT story.points('blank@five.com') AS points;
DELETE FROM leadroute.score_criteria WHERE name = 'any';
SELECT story.points('few@six.com') AS points;
-- More columns than fit into one call.
INSERT INTO leadroute.score_criteria (name, points, condition)
SELECT 'column ' || attname, 16384, format('$.%s == "nothing"', attname)::jsonpath FROM pg_attribute
 WHERE attrelid = 'leadroute.leads'::regclass AND attnum > 0 AND attname <> 'with blank';
SELECT story.points('wide@seven.com') AS points;
DELETE FROM leadroute.score_criteria WHERE name LIKE 'column %';

-- A column of another type, one that comes and goes, in the same session.
ALTER TABLE leadroute.leads ALTER COLUMN stage TYPE text USING '';
SELECT story.points('text@eight.com') AS points;
INSERT INTO leadroute.score_criteria (name, points, condition) VALUES ('not yet', 16384, '$.later == 7');
SELECT story.points('before@nine.com') AS points;
BEGIN;
ALTER TABLE leadroute.leads ADD COLUMN later integer DEFAULT 7;
SELECT story.points('with@ten.com') AS points;
ROLLBACK;
SELECT story.points('without@eleven.com') AS points;
