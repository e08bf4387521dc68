-- Every way into an attached table gives the decisions that single inserts give; what does not come takes no turn.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id, weight) VALUES ('sales', 'ann', 2), ('sales', 'bob', 1.5), ('sales', 'cid', 1);
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.accounts (id, kind, owner_id) VALUES ('a1', 'customer', 'cid');
INSERT INTO leadroute.account_domains (domain, account_id) VALUES ('customer.com', 'a1');

-- What is to come: new persons, touches, a customer, leads that fall back, odd values.
CREATE TABLE story.list AS
SELECT n AS id, CASE WHEN n % 7 = 6 THEN format('p%s+x@c%s.com', n - 3, n - 3) WHEN n % 11 = 5 THEN format('p%s@customer.com', n)
                     ELSE format('p%s@c%s.com', n, n) END AS email,
       CASE WHEN n % 5 = 4 THEN 'JP' ELSE 'DE' END AS country, CASE WHEN n % 13 = 8 THEN 'many' ELSE n::text END AS size
  FROM generate_series(1, 60) n;

-- A table for each way; each starts with an empty book.
CREATE FUNCTION story.fresh() RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    DROP TABLE IF EXISTS story.t;
    CREATE TABLE story.t (id integer PRIMARY KEY, email text, country text, size text, owner text, waits_in text);
    TRUNCATE leadroute.leads, leadroute.turns;
    PERFORM leadroute.attach('story.t', '{"email": "email", "country": "country", "employees": "size", "owner_id": "owner", "queue": "waits_in"}');
END $$;
SELECT story.fresh();
CREATE FUNCTION story.outcome() RETURNS TABLE (id integer, row_owner text, row_queue text, owner text, queue text, status text, first text, employees integer,
        attributes jsonb, layer text, reason text, trace jsonb, policy text)
    LANGUAGE sql AS $$
    SELECT t.id, t.owner, t.waits_in, l.owner_id, l.queue, l.status, f.attached_key, l.employees, l.attributes, d.layer,
           regexp_replace(d.reason, 'lead \d+', 'lead ' || coalesce(f.attached_key, '')),
           regexp_replace(d.trace::text, '"lead_id": \d+', '"lead_id": 0', 'g')::jsonb, c.policy
      FROM story.t t
      LEFT JOIN leadroute.leads l ON l.attached_key = t.id::text
      LEFT JOIN leadroute.leads f ON f.id = l.duplicate_of
      LEFT JOIN leadroute.decisions d ON d.id = l.decision_id AND d.cause = 'attach'
      LEFT JOIN leadroute.sla_clocks c ON c.lead_id = l.id $$;
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM story.list ORDER BY id LOOP
        INSERT INTO story.t VALUES (r.id, r.email, r.country, r.size);
    END LOOP;
END $$;
CREATE TABLE story.single AS SELECT * FROM story.outcome();
CREATE TABLE story.single_turns AS SELECT rep_id, received, difference FROM leadroute.pool_fairness;
SELECT layer, count(*), count(owner) AS owned, count(queue) AS queued, count(policy) AS with_clock FROM story.single GROUP BY layer ORDER BY layer;
SELECT count(*) AS rows_that_differ_from_their_lead FROM story.single WHERE (row_owner, row_queue) IS DISTINCT FROM (owner, queue);
-- Rows whose outcome is not that of single inserts, and leads, decisions and turns that belong to no row.
CREATE FUNCTION story.compare() RETURNS TABLE (differences bigint, strays bigint, other_turns bigint) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM story.single s FULL JOIN story.outcome() o USING (id) WHERE s IS DISTINCT FROM o),
           (SELECT count(*) FROM leadroute.leads l WHERE NOT EXISTS (SELECT FROM story.t WHERE t.id::text = l.attached_key))
           + (SELECT count(*) FROM leadroute.decisions d WHERE NOT EXISTS (SELECT FROM leadroute.leads l WHERE l.decision_id = d.id)),
           (SELECT count(*) FROM story.single_turns s FULL JOIN leadroute.pool_fairness f USING (rep_id)
             WHERE (s.received, s.difference) IS DISTINCT FROM (f.received, f.difference)) $$;
SELECT * FROM story.compare();

-- One statement.
SELECT story.fresh();
INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list ORDER BY id;
SELECT * FROM story.compare();
-- COPY.
SELECT story.fresh();
SELECT current_setting('data_directory') || '/attach_paths.csv' AS file \gset
COPY (SELECT * FROM story.list ORDER BY id) TO :'file' (FORMAT csv);
COPY story.t (id, email, country, size) FROM :'file' (FORMAT csv);
SELECT * FROM story.compare();
-- Rows that conflict: with rows that were there, and with each other.
SELECT story.fresh();
INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list WHERE id <= 20 ORDER BY id;
INSERT INTO story.t (id, email, country, size) SELECT id, email, country, size FROM story.list, generate_series(1, 2) again ORDER BY id, again ON CONFLICT DO NOTHING;
SELECT * FROM story.compare();
SELECT story.fresh();
INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list WHERE id <= 20 ORDER BY id;
INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list ORDER BY id ON CONFLICT (id) DO UPDATE SET email = excluded.email, owner = coalesce(excluded.owner, t.owner);
SELECT * FROM story.compare();
-- A conflict in another column than the key.
SELECT story.fresh();
CREATE UNIQUE INDEX ON story.t (email);
INSERT INTO story.t (id, email, country, size) SELECT id, email, country, size FROM (SELECT * FROM story.list UNION ALL SELECT id + 1000, email, 'DE', '7' FROM story.list) l
 ORDER BY id % 1000, id ON CONFLICT DO NOTHING;
SELECT * FROM story.compare();
-- MERGE, a CTE, PL/pgSQL with savepoints, a prepared statement.
SELECT story.fresh();
MERGE INTO story.t USING (SELECT * FROM story.list ORDER BY id) l ON t.id = l.id WHEN NOT MATCHED THEN INSERT (id, email, country, size) VALUES (l.id, l.email, l.country, l.size);
SELECT * FROM story.compare();
SELECT story.fresh();
WITH came AS (INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list ORDER BY id RETURNING *) SELECT count(*), count(owner) AS owned FROM came;
SELECT * FROM story.compare();
SELECT story.fresh();
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM story.list ORDER BY id LOOP
        BEGIN
            INSERT INTO story.t VALUES (r.id, r.email, r.country, r.size), (r.id + 1000, 'lost@c.com', 'DE', '1');
            RAISE division_by_zero;
        EXCEPTION WHEN division_by_zero THEN
            INSERT INTO story.t VALUES (r.id, r.email, r.country, r.size);
        END;
    END LOOP;
END $$;
SELECT * FROM story.compare();
SELECT story.fresh();
PREPARE one AS INSERT INTO story.t (id, email, country, size) SELECT * FROM story.list WHERE id = $1;
\set ECHO none
SELECT format('EXECUTE one(%s)', id) FROM story.list ORDER BY id \gexec
\set ECHO all
SELECT * FROM story.compare();
-- Triggers of the user: one that changes rows before, one that drops some, one that updates each row after it came.
SELECT story.fresh();
CREATE FUNCTION story.before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.country := coalesce(NEW.country, (SELECT country FROM story.list l WHERE l.id = NEW.id));
    RETURN NEW;
END $$;
CREATE TRIGGER a_before BEFORE INSERT ON story.t FOR EACH ROW EXECUTE FUNCTION story.before();
CREATE FUNCTION story.drop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER zzz_drops BEFORE INSERT ON story.t FOR EACH ROW WHEN (NEW.id > 900) EXECUTE FUNCTION story.drop();
CREATE FUNCTION story.after() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE story.t SET size = size WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER a_after AFTER INSERT ON story.t FOR EACH ROW EXECUTE FUNCTION story.after();
INSERT INTO story.t (id, email, country, size)
SELECT id, email, country, size FROM (SELECT id, email, NULL AS country, size FROM story.list UNION ALL SELECT id + 950, format('drop%s@c.com', id), 'DE', '1' FROM story.list) l ORDER BY id % 950, id;
SELECT * FROM story.compare();
DROP TRIGGER a_before ON story.t;

-- Partitions: through the table, into a partition, into one that came later; a row that moves is not routed again.
CREATE TABLE story.parted (id integer GENERATED BY DEFAULT AS IDENTITY, came timestamptz NOT NULL DEFAULT now(), email text, country text, owner text,
    PRIMARY KEY (came, id)) PARTITION BY RANGE (came);
CREATE TABLE story.p2020 (owner text, country text, id integer NOT NULL, came timestamptz NOT NULL, email text);
ALTER TABLE story.parted ATTACH PARTITION story.p2020 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT leadroute.attach('story.parted', '{"email": "email", "country": "country", "occurred_at": "came", "owner_id": "owner"}');
CREATE TABLE story.p2021 PARTITION OF story.parted FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE story.other PARTITION OF story.parted DEFAULT;
TRUNCATE leadroute.leads, leadroute.turns;
SET timezone = 'America/New_York';
SET datestyle = 'German';
INSERT INTO story.parted (id, came, email, country) VALUES (1, '2020-05-01 UTC', 'a@a.com', 'DE'), (2, '2021-05-01 UTC', 'b@b.com', 'DE'), (3, '1999-05-01 UTC', 'c@c.com', 'DE') RETURNING id, owner;
INSERT INTO story.p2021 (id, came, email, country) VALUES (4, '2021-06-01 UTC', 'd@d.com', 'DE') RETURNING id, owner;
INSERT INTO story.p2020 (id, came, email, country) VALUES (5, '2020-06-01 UTC', 'e@e.com', 'DE'), (6, '2020-06-01 UTC', 'e+2@e.com', 'DE') RETURNING id, owner;
RESET timezone;
RESET datestyle;
SET timezone = 'UTC';
UPDATE story.parted SET came = '2021-07-01 UTC' WHERE id = 1;
UPDATE story.parted SET came = '2020-07-01 UTC', owner = 'cid' WHERE id = 2;
UPDATE story.p2020 SET owner = 'ann' WHERE id = 5;
SELECT leadroute.transfer_lead(id, 'bob') > 0 AS transferred FROM leadroute.leads WHERE email IN ('a@a.com', 'c@c.com') ORDER BY id;
SELECT tableoid::regclass, id, owner FROM story.parted ORDER BY id;
SELECT id, attached_key, owner_id, duplicate_of FROM leadroute.leads ORDER BY id;
DELETE FROM story.p2021 WHERE id = 4;
DELETE FROM story.parted WHERE id = 3;
TRUNCATE story.p2020;
ALTER TABLE story.parted DETACH PARTITION story.other;
INSERT INTO story.other (id, email, country) VALUES (7, 'f@f.com', 'DE') RETURNING owner;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'story.other'::regclass;
SELECT id, status, attached_key IS NULL AS is_deleted FROM leadroute.leads ORDER BY id;
TRUNCATE story.parted;
SELECT status, count(*) FROM leadroute.leads GROUP BY status ORDER BY status;
