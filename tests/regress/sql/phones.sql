-- phones: one number has one form, E.164, however and wherever it is written; what is no number is kept, and nobody's identity.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, priority, condition, fallback_queue) VALUES ('berlin', 1, '$.phone starts with "+4930"', 'catch_all');
INSERT INTO leadroute.segments (name, priority, fallback_queue) VALUES ('all', 2, 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
CREATE FUNCTION story.note(lead bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(n ->> 'what', ', ') FROM jsonb_array_elements(story.step(lead, 'intake') -> 'notes') n WHERE n ->> 'field' = 'phone' $$;

-- Country and prefix, blanks and signs, digits of any script, marks that nobody sees, extensions.
INSERT INTO leadroute.leads (email, phone, country)
SELECT 'n' || n || '@a.com', phone, country FROM (VALUES
    (1, '+49 30 123456', NULL), (2, '030 123456', 'DE'), (3, '(0 30) 12 34 56', 'Deutschland'), (4, '0049 (0)30/123456', NULL), (5, '011 49 30 123456', 'United States'),
    (6, '00 49 30 123456', 'us'), (7, '＋４９ ３０ １２３４５６', NULL), (8, '+٤٩ ٣٠ ١٢٣٤٥٦', 'EG'), (9, U&'\202A+49 30\200B 123456\202C', NULL), (10, 'tel:+49-30-123456', NULL),
    (11, 'Tel.: 030-123456', 'DE'), (12, '030 123456 Durchwahl 12', 'DE'), (13, '+49 30 123456 ext. 12', NULL), (14, '+49 30 123456 x12', NULL), (15, '+49 30 123456 privat +49 30 654321', NULL),
    (20, '(415) 555-2671', 'US'), (21, '020 8366 1177', 'uk'), (22, '+44 (0)20 8366 1177', 'DE'), (23, '06 698 12345', 'Italy')) v (n, phone, country)
RETURNING id, phone, attributes, segment;
-- What cannot be read stays as it was sent, and the trace says why; so do numbers that nobody can have.
INSERT INTO leadroute.leads (phone, country)
SELECT phone, country FROM (VALUES ('030 123456', NULL), ('030 123456', 'Atlantis'), ('call me', 'US'), ('+1 555 123 4567', NULL), ('+49 30 1', NULL), ('12', 'US'), (' ', 'US'), (NULL, 'US')) v (phone, country);
SELECT id, phone, person_key, duplicate_of, story.note(id) FROM leadroute.leads WHERE id BETWEEN 20 AND 27 ORDER BY id;
-- Dummies are cleaned, and two leads with one are two persons.
INSERT INTO leadroute.leads (phone, country)
SELECT phone, country FROM (VALUES ('000-000-0000', 'US'), ('999 999 9999', 'US'), ('1234567890', 'DE'), ('01 23 45 67 89', 'FR'), ('(415) 555-0123', 'US'), ('+1 604 555 0199', NULL), ('07700 900123', 'GB'), ('020 7946 0958', 'GB')) v (phone, country), (VALUES (1), (2)) twice (n);
SELECT phone, count(*), count(person_key), count(duplicate_of), min(story.note(id)) AS note FROM leadroute.leads WHERE id > 27 GROUP BY phone ORDER BY phone;

-- One number is one person by every door.
CREATE TABLE story.deal (id integer PRIMARY KEY, phone text, land text, email text, owner text);
SELECT leadroute.attach('story.deal', '{"email": "email", "phone": "phone", "country": "land", "owner_id": "owner"}');
INSERT INTO leadroute.leads (first_name, phone, country) VALUES ('Dan', '(415) 555-2671', 'US') RETURNING id, phone, person_key;
INSERT INTO leadroute.leads (phone) VALUES ('+14155552671') RETURNING status, duplicate_of;
SELECT r -> 'duplicate_of' AS duplicate_of FROM leadroute.route_lead('{"phone": 14155552671, "country": "Canada"}') r;
INSERT INTO story.deal VALUES (1, '415.555.2671 x7', 'USA');
SELECT phone, attributes, duplicate_of FROM leadroute.leads WHERE attached_key = '1';
SELECT phone FROM story.deal;
SELECT leadroute.preview_route('{"phone": "1 (415) 555-2671", "country": "US"}') -> 'duplicate_of' AS duplicate_of;
-- Colleagues behind one switchboard, who have addresses, are two people.
INSERT INTO leadroute.leads (email, phone) VALUES ('eva@acme.com', '+1 415 555 2671'), ('fay@acme.com', '+1 415 555 2671') RETURNING status, person_key;

-- A corrected number is cleaned, with the country that the lead has by now; the extension of another number goes.
INSERT INTO leadroute.leads (phone, attributes) VALUES ('030 654321 ext 9', '{"shoe_size": 7}') RETURNING id \gset
UPDATE leadroute.leads SET country = 'Germany' WHERE id = :id RETURNING phone, person_key, attributes;
UPDATE leadroute.leads SET first_name = 'Eve' WHERE id = :id RETURNING phone, person_key, attributes;
UPDATE leadroute.leads SET phone = '030 765432' WHERE id = :id RETURNING phone, person_key, attributes;
UPDATE leadroute.leads SET phone = '030 765432 DW 5' WHERE id = :id RETURNING phone, person_key, attributes;
UPDATE leadroute.leads SET phone = NULL WHERE id = :id RETURNING phone, person_key, attributes;
UPDATE leadroute.leads SET phone = '1111111', attributes = '[1]' WHERE id = :id RETURNING phone, person_key, attributes;
-- Another way of writing the same is no correction, and routes nothing again.
UPDATE story.deal SET phone = '+1 415 555 2671';
SELECT count(*) FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.attached_key = '1';
UPDATE story.deal SET phone = '+1 415 555 2672';
SELECT l.phone, l.person_key, l.status, string_agg(d.cause, ' ' ORDER BY d.id) AS causes FROM leadroute.decisions d JOIN leadroute.leads l ON l.id = d.lead_id WHERE l.attached_key = '1' GROUP BY l.id;

-- An upsert brings the cleaned number too.
INSERT INTO leadroute.leads (external_id, email, phone, country) VALUES ('x', 'x@x.com', '030 111222', 'DE') RETURNING phone;
INSERT INTO leadroute.leads (external_id, email, phone, country) VALUES ('x', 'x@x.com', '030 333222 x4', 'DE')
ON CONFLICT (external_id) DO UPDATE SET phone = excluded.phone, attributes = excluded.attributes RETURNING phone, attributes;
