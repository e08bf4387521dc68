-- How well accounts are found by name: real companies, of which every other one is an account, and for each five leads whose
-- company is misspelt by a function with a seed. They are two halves, by a hash with a seed, each a tenant with its own accounts: on
-- one the threshold is chosen, on the other it is tried. :dir is the folder.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_min_messages = warning;
CREATE EXTENSION leadroute CASCADE;
CREATE TEMP TABLE fortune (rank int, company text, sector text, revenue numeric, city text, state text, website text, employees int);
CREATE TEMP TABLE maven (account text, sector text, year text, revenue numeric, employees int, office text, subsidiary_of text);
\cd :dir
\copy fortune FROM 'fortune500/fortune500_us.csv' (FORMAT csv, HEADER)
\copy maven FROM 'maven-crm/accounts.csv' (FORMAT csv, HEADER)

-- One letter another, more, less, or swapped with the one before.
CREATE FUNCTION pg_temp.typo(given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    place int := 1 + floor(random() * length(given));
    letter text := chr(97 + floor(random() * 26)::int);
    kind int := floor(random() * 4);
BEGIN
    RETURN CASE kind
        WHEN 0 THEN overlay(given PLACING letter FROM place FOR 1)
        WHEN 1 THEN overlay(given PLACING letter FROM place FOR 0)
        WHEN 2 THEN overlay(given PLACING '' FROM place FOR 1)
        ELSE left(given, greatest(place - 2, 0)) || reverse(substr(given, greatest(place - 1, 1), CASE WHEN place > 1 THEN 2 ELSE 1 END)) || substr(given, place + 1) END;
END $$;

-- What people and spreadsheets do to a name: half of the names have a typo, an eighth perhaps two, four tenths another legal form.
CREATE FUNCTION pg_temp.noisy(given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text := given;
    typos double precision := random();
    letters double precision := random();
BEGIN
    IF typos < 0.5 THEN name := pg_temp.typo(name); END IF;
    IF typos < 0.125 THEN name := pg_temp.typo(name); END IF;
    IF random() < 0.4 THEN
        name := name || (ARRAY[' Inc', ' Inc.', ', LLC', ' GmbH', ' Ltd.', ' Corp.', ' S.A.', ' AG', ' & Co. KG', ' Company', ' plc'])[1 + floor(random() * 11)::int];
    END IF;
    name := CASE WHEN letters < 0.2 THEN upper(name) WHEN letters < 0.4 THEN lower(name) ELSE name END;
    IF random() < 0.15 THEN name := translate(name, 'aou', 'áöü'); END IF;
    IF random() < 0.15 THEN name := regexp_replace(name, ' ', (ARRAY['', '-', '  '])[1 + floor(random() * 3)::int]); END IF;
    IF random() < 0.1 THEN name := replace(name, '&', 'and'); END IF;
    IF random() < 0.05 THEN name := regexp_replace(name, '^(\S+ .*\S) \S+$', '\1'); END IF;
    IF random() < 0.05 THEN name := 'The ' || name; END IF;
    RETURN name;
END $$;

DO $$ BEGIN PERFORM setseed(0.16); END $$;
CREATE TEMP TABLE companies AS
SELECT row_number() OVER (ORDER BY md5(name)) AS no, name, CASE WHEN get_byte(sha256(convert_to('16 ' || name, 'UTF8')), 0) < 128 THEN 'chosen on' ELSE 'held out' END AS half
  FROM (SELECT company FROM fortune UNION SELECT account FROM maven) c (name) ORDER BY 1;
CREATE TEMP TABLE trials AS
SELECT c.no, c.half, pg_temp.noisy(c.name) AS company, c.no % 2 = 0 AS is_known FROM companies c CROSS JOIN generate_series(1, 5) ORDER BY c.no;

INSERT INTO leadroute.queues (name) VALUES ('review');
-- Each has an owner of its own, so that taking one for another matters.
INSERT INTO leadroute.reps (id, tenant) SELECT 'owner ' || no, half FROM companies WHERE no % 2 = 0;
INSERT INTO leadroute.accounts (id, name, owner_id, tenant) SELECT no::text, name, 'owner ' || no, half FROM companies WHERE no % 2 = 0;
INSERT INTO leadroute.account_matching (name, enabled, review_queue) VALUES ('all', true, 'review');

CREATE TEMP TABLE found (threshold numeric, half text, no bigint, is_known boolean, account_id text, in_review boolean);
DO $$
DECLARE
    usual constant numeric := (SELECT threshold FROM leadroute.account_matching);
    tried numeric;
BEGIN
    FOREACH tried IN ARRAY ARRAY[0.7, 0.74, 0.76, 0.78, 0.8, 0.82, 0.84, 0.86, 0.9, 1] LOOP
        UPDATE leadroute.account_matching SET threshold = tried;
        INSERT INTO found
        SELECT tried, t.half, t.no, t.is_known, a ->> 'account_id', coalesce(a ->> 'queue' = 'review', false)
          FROM trials t CROSS JOIN LATERAL leadroute.preview_route(jsonb_build_object('company', t.company, 'tenant', t.half)) a;
    END LOOP;
    UPDATE leadroute.account_matching SET threshold = usual;
END $$;
CREATE TEMP VIEW quality AS
SELECT f.half, f.threshold, count(*) AS leads,
       round(count(*) FILTER (WHERE f.is_known AND f.account_id = f.no::text)::numeric / nullif(count(*) FILTER (WHERE f.account_id IS NOT NULL), 0), 4) AS precision,
       round(count(*) FILTER (WHERE f.is_known AND f.account_id = f.no::text)::numeric / nullif(count(*) FILTER (WHERE f.is_known), 0), 4) AS recall,
       count(*) FILTER (WHERE f.account_id IS NOT NULL AND NOT (f.is_known AND f.account_id = f.no::text)) AS wrong,
       count(*) FILTER (WHERE f.in_review) AS in_review
  FROM found f GROUP BY 1, 2 ORDER BY 1, 2;
\o /dev/stderr
SELECT half, count(*) AS companies, count(*) FILTER (WHERE no % 2 = 0) AS accounts FROM companies GROUP BY 1 ORDER BY 1;
TABLE quality;
\o
DO $$
DECLARE
    -- the strictest that finds enough accounts on the half that it is chosen on
    best numeric := (SELECT max(q.threshold) FROM quality q WHERE q.half = 'chosen on' AND q.recall >= 0.86 AND q.precision >= 0.99);
    usual numeric := (SELECT threshold FROM leadroute.account_matching);
    tried quality;
BEGIN
    IF best IS DISTINCT FROM usual THEN
        RAISE EXCEPTION 'the default threshold is %, and % would be chosen', usual, best;
    END IF;
    SELECT * INTO STRICT tried FROM quality WHERE half = 'held out' AND threshold = usual;
    IF tried.precision < 0.99 OR tried.recall < 0.85 OR tried.leads < 1400 THEN
        RAISE EXCEPTION 'held out: precision % and recall % at the default threshold %, of % leads', tried.precision, tried.recall, usual, tried.leads;
    END IF;
END $$;
