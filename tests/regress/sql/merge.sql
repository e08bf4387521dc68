-- MERGE (PostgreSQL 15) is a door like INSERT.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (external_id, email) VALUES ('e1', 'a1@acme.com') RETURNING owner_id;

CREATE TABLE story.feed (external_id text, email text, company text);
INSERT INTO story.feed VALUES ('e1', 'a1@acme.com', 'Acme'), ('e2', 'a2@acme.com', 'Acme'), ('e3', 'a3@acme.com', 'Acme');
MERGE INTO leadroute.leads l USING (SELECT * FROM story.feed ORDER BY external_id) f ON l.external_id = f.external_id
 WHEN MATCHED THEN UPDATE SET company = f.company
 WHEN NOT MATCHED THEN INSERT (external_id, email, company) VALUES (f.external_id, f.email, f.company);
SELECT external_id, company, status, count(d) AS decisions
  FROM leadroute.leads l LEFT JOIN leadroute.decisions d ON d.lead_id = l.id GROUP BY l.id ORDER BY 1;
SELECT owner_id, count(*) FROM leadroute.leads WHERE id > 1 GROUP BY 1 ORDER BY 1;
-- Nothing new, nothing written.
MERGE INTO leadroute.leads l USING story.feed f ON l.external_id = f.external_id
 WHEN MATCHED THEN DO NOTHING
 WHEN NOT MATCHED THEN INSERT (external_id) VALUES (f.external_id);
SELECT count(*) FROM leadroute.decisions;
-- A lead that is deleted takes its decisions along.
MERGE INTO leadroute.leads l USING story.feed f ON l.external_id = f.external_id AND f.external_id = 'e3'
 WHEN MATCHED THEN DELETE
 WHEN NOT MATCHED THEN INSERT (email) VALUES ('new-' || f.email);
SELECT external_id, email, status FROM leadroute.leads ORDER BY id;
SELECT count(*) AS orphans FROM leadroute.decisions d WHERE NOT EXISTS (SELECT FROM leadroute.leads WHERE id = d.lead_id);
