-- Microseconds of CPU that a lead without a score costs, with :criteria criteria of four kinds of conditions, of which a third hold.
-- The clock of the process, so that a busy machine shows little.
--   psql -At -v criteria=200 -f criteria.sql
CREATE OR REPLACE FUNCTION bench.cpu() RETURNS numeric LANGUAGE sql VOLATILE AS $$
    -- its user and system time, in hundredths of a second
    SELECT (s[14]::numeric + s[15]::numeric) * 10000 FROM string_to_array(pg_read_file('/proc/self/stat', 0, 1000, true), ' ') s $$;
DELETE FROM leadroute.score_criteria;
INSERT INTO leadroute.score_criteria (name, points, condition)
SELECT 'c' || k, 1, (CASE k % 4 WHEN 0 THEN format('$.employees >= %s', k) WHEN 1 THEN format('$.industry == "industry-%s"', k % 25)
                     WHEN 2 THEN '$.attributes.page == "pricing"' ELSE format('$.title starts with "Chief of %s"', k) END)::jsonpath
  FROM generate_series(1, :criteria) k;
-- the session reads the rules and plans
INSERT INTO leadroute.leads (email) VALUES ('first' || random() || '@first.com');
SELECT bench.cpu() AS begun \gset
DO $$
BEGIN
    FOR n IN 1..4000 LOOP
        INSERT INTO leadroute.leads (email, title, company, country, industry, employees, language, product, event, source, attributes)
        VALUES ('p' || n || '.' || random() || '@company' || n || '.com', 'Chief of 7', 'Company Ltd', 'DE', 'industry-3', 50, 'en', 'core',
                'demo_request', 'web', '{"page": "pricing"}');
        IF n % 100 = 0 THEN COMMIT; END IF;
    END LOOP;
END $$;
SELECT (bench.cpu() - :begun) / 4000;
