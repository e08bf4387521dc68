-- intake: cleans the lead and never decides.
\i setup.sql
INSERT INTO leadroute.industry_aliases VALUES ('fintech', 'Financial Services'), ('fin tech', 'Financial Services');

-- The e-mail is stored in lower case, the country as ISO code, the industry by its canonical name.
INSERT INTO leadroute.leads (email, country, industry)
VALUES (' Ada.Lovelace@ACME.com ', 'United Kingdom', ' Fin  Tech ')
RETURNING id, email, country, industry;
SELECT story.step(1, 'intake');

-- Many names, one country.
INSERT INTO leadroute.leads (email, country)
SELECT 'buyer' || n || '@acme.com', name
  FROM unnest(ARRAY['UK', 'u.k.', 'gb', 'GBR', 'england', 'Great Britain', 'DEU', 'germany', 'usa', 'United States'])
       WITH ORDINALITY AS given (name, n)
RETURNING country;
-- An alias of one's own, and a country that nobody knows.
INSERT INTO leadroute.country_aliases VALUES ('deutschland', 'DE');
INSERT INTO leadroute.leads (email, country) VALUES ('eva@acme.com', 'Deutschland') RETURNING country;
INSERT INTO leadroute.leads (email, country) VALUES ('neo@acme.com', 'Atlantis') RETURNING id;
SELECT story.step(13, 'intake') -> 'notes' AS notes;

-- The company is the registrable domain, by the public suffix list.
INSERT INTO leadroute.leads (email) VALUES
    ('a@mail.eu.acme.co.uk'), ('b@bücher.de'), ('c@shop.example.com.au'), ('d@acme.github.io');
SELECT id, email, story.step(id, 'intake') ->> 'domain' AS domain FROM leadroute.leads WHERE id BETWEEN 14 AND 17 ORDER BY id;

-- Free-mail and disposable addresses stand for no company; a web site may tell which it is.
INSERT INTO leadroute.leads (email, website) VALUES
    ('ada@gmail.com', NULL), ('ada@mailinator.com', NULL), ('bob@gmail.com', 'https://www.acme.com/team');
SELECT id, story.step(id, 'intake') FROM leadroute.leads WHERE id BETWEEN 18 AND 20 ORDER BY id;
-- Even an account that claims such a domain does not get its leads ...
INSERT INTO leadroute.reps (id) VALUES ('olga');
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('google', 'customer', 'olga');
INSERT INTO leadroute.account_domains VALUES ('gmail.com', 'google'), ('provider.example', 'google');
INSERT INTO leadroute.leads (email) VALUES ('cid@gmail.com') RETURNING owner_id;
-- ... unless a rule overrules the list, in either direction.
INSERT INTO leadroute.domain_rules (domain, kind) VALUES ('gmail.com', 'company'), ('provider.example', 'personal');
INSERT INTO leadroute.leads (email) VALUES ('dan@gmail.com') RETURNING owner_id;
INSERT INTO leadroute.leads (email) VALUES ('eve@provider.example') RETURNING owner_id;

-- The buyer acted now at the latest. What lies in the past is kept.
INSERT INTO leadroute.leads (email, occurred_at) VALUES
    ('t1@acme.com', now() + interval '1 day'), ('t2@acme.com', 'infinity'), ('t3@acme.com', NULL),
    ('t4@acme.com', '-infinity'), ('t5@acme.com', '0044-03-15 BC')
RETURNING email, occurred_at BETWEEN now() AND clock_timestamp() AS is_now;
INSERT INTO leadroute.leads (email, occurred_at) VALUES ('t6@acme.com', '2020-02-29 12:00+02') RETURNING id, occurred_at;
SELECT story.step(id, 'intake') -> 'notes' AS notes FROM leadroute.leads WHERE email ~ '^t[1-6]@' ORDER BY email;

-- An address that is none is kept as it came, named as the problem, and left to a person.
INSERT INTO leadroute.leads (email) VALUES ('ada at acme') RETURNING id, email, status, queue;
SELECT story.explain(30);
