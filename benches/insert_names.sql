-- One lead with free mail, of whose company there is only the name: half of them no accounts, half of the names with a wrong letter.
\set person random(1, 1000000000000000)
\set company random(1, 2 * :accounts)
\set place random(1, 20)
\set s random(0, :segments - 1)
\set country 1 + :s % 20
\set industry :s / 20 % 25
\set employees :s / 500 * 100 + random(0, 99)
\set score random(0, 99)
INSERT INTO leadroute.leads (email, company, country, industry, employees, language, product, score, event, source)
VALUES ('p' || :client_id || '.' || :person || '@gmail.com',
        CASE WHEN :place % 2 = 0 THEN public.company_name(:company) ELSE overlay(public.company_name(:company) PLACING 'z' FROM :place FOR 1) END || ' Ltd',
        ('{DE,FR,GB,US,NL,BE,AT,CH,IT,ES,PT,PL,CZ,SE,NO,DK,FI,IE,CA,JP}'::text[])[:country],
        'industry-' || :industry, :employees, 'en', 'core', :score, 'demo_request', 'web')
RETURNING owner_id;
