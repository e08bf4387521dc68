-- Like insert_leadroute.sql, but every lead goes to the one pool of ten.
\set person random(1, 1000000000000000)
\set company random(1, 2 * :accounts)
\set s random(0, :segments - 1)
\set country 1 + :s % 20
\set industry :s / 20 % 25
\set employees :s / 500 * 100 + random(0, 99)
\set score random(0, 99)
\set event random(1, 4)
INSERT INTO leadroute.leads (email, first_name, last_name, phone, company, country, industry, employees, language, product,
                             score, event, source, campaign, attributes)
VALUES ('p' || :client_id || '.' || :person || '@company' || :company || '.com', 'Ada', 'Lovelace', '+49 30 4587321',
        'Company Ltd',
        ('{DE,FR,GB,US,NL,BE,AT,CH,IT,ES,PT,PL,CZ,SE,NO,DK,FI,IE,CA,JP}'::text[])[:country],
        'industry-' || :industry, :employees, 'en', 'core', :score,
        ('{demo_request,contact_sales,webinar,newsletter}'::text[])[:event], 'hot', 'spring', '{"page": "pricing"}')
RETURNING owner_id;
