-- One lead that comes without a score, a new person, of a random segment: criteria give it one, where there are any.
\set person random(1, 1000000000000000)
\set company random(1, 2 * :accounts)
\set s random(0, :segments - 1)
\set country 1 + :s % 20
\set industry :s / 20 % 25
\set employees :s / 500 * 100 + random(0, 99)
INSERT INTO leadroute.leads (email, first_name, last_name, title, phone, company, country, industry, employees, language, product,
                             event, source, campaign, attributes)
VALUES ('p' || :client_id || '.' || :person || '@company' || :company || '.com', 'Ada', 'Lovelace', 'Chief of 7', '+49 30 4587321',
        'Company Ltd',
        ('{DE,FR,GB,US,NL,BE,AT,CH,IT,ES,PT,PL,CZ,SE,NO,DK,FI,IE,CA,JP}'::text[])[:country],
        'industry-' || :industry, :employees, 'en', 'core', 'demo_request', 'web', 'spring', '{"page": "pricing"}')
RETURNING owner_id;
