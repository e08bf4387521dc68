-- enrichment: what sources know of a lead is taken over field by field, once for each request, and a person's word stands.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('eve');
INSERT INTO leadroute.pools (name) VALUES ('small'), ('large');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('small', 'ann'), ('large', 'bob'), ('large', 'eve');
INSERT INTO leadroute.segments (name, priority, employees, fallback_queue) VALUES ('large', 1, '[1000,)', 'catch_all'), ('rest', 2, NULL, 'catch_all');
INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('large', 'any', 'large'), (NULL, 'any', 'small');
INSERT INTO leadroute.industry_aliases VALUES ('fintech', 'Financial Services');
CREATE FUNCTION story.enrich(lead bigint, data jsonb, source text, request text) RETURNS TABLE (taken jsonb, refused jsonb, routing text) LANGUAGE sql AS $$
    SELECT a -> 'taken', a -> 'refused', a ->> 'routing' FROM leadroute.apply_enrichment(lead, data, source, request) a $$;
INSERT INTO leadroute.leads (email, first_name, country, attributes) VALUES ('ada@acme.com', 'Ada', 'FR', '{"budget": "low"}');

-- Values are cleaned as those of a new lead. What cannot be read is noted, and the rest is taken; unknown keys go to the attributes.
SELECT * FROM story.enrich(1, '{"phone": "01 55 55 12 34", "Industry": "FinTech", "employees": "1,200", "language": "klingon", "annual_revenue": "lots",
    "stack": ["sap", "pg"], "title": " ", "city": null, "country": "Germany", "budget": "high", "owner_id": "eve", "tenant": "x"}', 'clearbit', 'r1');
SELECT phone, industry, employees, language, country, owner_id, segment, attributes FROM leadroute.leads;
-- Said again it counts once, and the answer is the same, whatever is said.
SELECT leadroute.apply_enrichment(1, '{"title": "CEO"}', 'clearbit', 'r1') = leadroute.apply_enrichment(1, '{}', 'clearbit', 'r1') AS same, count(*) FROM leadroute.enrichments;
SELECT title FROM leadroute.leads;
-- Who said what, as of when, and how sure.
SELECT * FROM story.enrich(1, '{"title": {"value": "CTO", "confidence": 0.8, "at": "2026-01-02 10:00+00"}, "department": {"value": "IT", "confidence": 7}, "city": {"value": "Paris", "at": "soon"},
    "region": {"confidence": 1}}', 'people data', 'p1');
SELECT field, source, at = '2026-01-02 10:00+00' AS dated, confidence, value FROM leadroute.field_sources ORDER BY field;
-- A source renews what it has said itself, but not by what is older, and not what another source or a person says.
SELECT * FROM story.enrich(1, '{"title": {"value": "CIO", "at": "2026-01-01"}, "employees": 1300}', 'People Data', 'p2');
SELECT * FROM story.enrich(1, '{"title": {"value": "CIO", "at": "2026-01-03"}, "first_name": "Augusta", "city": "Lyon"}', 'People Data', 'p3');
UPDATE leadroute.leads SET title = 'Boss' WHERE id = 1;
SELECT * FROM story.enrich(1, '{"title": "CEO", "city": "LYON", "department": "IT"}', 'people data', 'p4');
SELECT title, city, first_name, employees FROM leadroute.leads;

-- Rules say more.
INSERT INTO leadroute.enrichment_rules (name, source, field, overwrites, min_confidence) VALUES
    ('best', 'Registry', NULL, 'providers', NULL), ('truth', 'registry', 'Employees', 'everything', NULL), ('gossip', 'gossip', NULL, 'refused', NULL),
    ('phones', NULL, 'phone', 'providers', 0.9), ('once', 'people data', NULL, 'nothing', NULL);
SELECT * FROM story.enrich(1, '{"employees": 50, "title": "Chair", "city": "Nice", "phone": "+33155551299"}', 'registry', 'q1');
SELECT * FROM story.enrich(1, '{"employees": 51, "company": "Acme"}', 'gossip', 'g1');
SELECT * FROM story.enrich(1, '{"city": "Brest", "department": "R&D"}', 'people data', 'p5');
SELECT * FROM story.enrich(1, '{"phone": {"value": "+33155550000", "confidence": 0.5}}', 'y', 'y1');
SELECT * FROM story.enrich(1, '{"phone": {"value": "+33155550000", "confidence": 0.9}}', 'x', 'x1');
-- Of two rules that name the same nobody knows which counts.
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, source) VALUES ('twice', 'REGISTRY')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, source) VALUES ('twice', ' registry ')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, field) VALUES ('twice', ' Phone ')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, source, field) VALUES ('twice', 'Registry', 'EMPLOYEES')$$);
-- Keys of the attributes are as they are written, and two that differ are two.
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, field) VALUES ('key', 'Stack'), ('other key', 'stack')$$);
DELETE FROM leadroute.enrichment_rules WHERE name LIKE '%key';
-- However a source writes its name, the rule for it counts.
SELECT * FROM story.enrich(1, '{"employees": 52}', E'\tGossip ', 'g2');
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, overwrites) VALUES ('x', 'some')$$);
SELECT * FROM story.try($$INSERT INTO leadroute.enrichment_rules (name, min_confidence) VALUES ('x', 2)$$);
-- A range of a number is one, as in a form.
INSERT INTO leadroute.leads (email) VALUES ('bob@bolt.com');
SELECT * FROM story.enrich(2, '{"employees": "51-200"}', 'clearbit', 'r2');
SELECT employees, attributes FROM leadroute.leads WHERE id = 2;
SELECT * FROM story.enrich(2, '{"employees": 80}', 'clearbit', 'r3');
SELECT employees, attributes FROM leadroute.leads WHERE id = 2;

-- What is said of a touch is said of the first lead.
INSERT INTO leadroute.leads (email) VALUES ('bob+again@bolt.com') RETURNING duplicate_of;
SELECT * FROM story.enrich(3, '{"company": "Bolt"}', 'clearbit', 'r4');
SELECT id, company FROM leadroute.leads WHERE id > 1 ORDER BY id;
SELECT lead_id, touch_id FROM leadroute.enrichments WHERE request_id = 'r4';
SELECT leadroute.apply_enrichment(2, '{}', 'clearbit', 'r4') = leadroute.apply_enrichment(3, '{}', 'clearbit', 'r4') AS same;

-- Bad input.
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(99, '{}', 'a', 'b')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(1, '[]', 'a', 'b')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(1, NULL, 'a', 'b')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(1, '{}', ' ', 'b')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(1, '{}', 'a', NULL)$$);
SELECT code, message, hint FROM story.try(format($$SELECT leadroute.apply_enrichment(1, '{}', 'a', %L)$$, repeat('x', 501)));
SELECT * FROM story.try($$SELECT leadroute.apply_enrichment(1, '{}', 'clearbit', 'r2')$$);
SELECT * FROM story.try($$SELECT leadroute.apply_qualification(1, 'NaN', '[]', 'a', 'b')$$);
SELECT * FROM story.enrich(1, '{"employees": 99999999999, "annual_revenue": 1e400, "email": "nobody", "score": {"a": 1}, "attributes": {"x": 1}, "website": {"value": {"value": 1}}}', 'clearbit', 'odd');

-- A request counts once in each tenant.
INSERT INTO leadroute.leads (email, tenant) VALUES ('x@beta.com', 'beta');
SELECT * FROM story.enrich(4, '{"company": "Beta"}', 'clearbit', 'r1');

-- What was written about a lead goes with it.
SELECT count(*) FROM leadroute.check_integrity();
DELETE FROM leadroute.leads WHERE id IN (2, 3);
SELECT (SELECT count(*) FROM leadroute.enrichments WHERE lead_id = 2) AS enrichments, (SELECT count(*) FROM leadroute.field_sources WHERE lead_id = 2) AS fields;
TRUNCATE leadroute.leads;
SELECT (SELECT count(*) FROM leadroute.enrichments) AS enrichments, (SELECT count(*) FROM leadroute.qualifications) AS qualifications, (SELECT count(*) FROM leadroute.field_sources) AS fields;
