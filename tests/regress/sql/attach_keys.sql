-- Rows that come again, that others change on the way, and keys of every type.
\i setup.sql
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob'), ('cid'), ('annabel');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann'), ('sales', 'bob'), ('sales', 'cid');
INSERT INTO leadroute.segments (name, countries, fallback_queue) VALUES ('germany', '{DE}', 'catch_all');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');

-- A trigger that marks the latest row changes the rows before it in the same statement.
CREATE TABLE story.t (id integer PRIMARY KEY, email text, country text, owner text, latest boolean DEFAULT true);
SELECT leadroute.attach('story.t', '{"email": "email", "owner_id": "owner", "country": "country"}');
CREATE FUNCTION story.latest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE story.t SET latest = false WHERE latest;
    RETURN NEW;
END $$;
CREATE TRIGGER a_latest BEFORE INSERT ON story.t FOR EACH ROW EXECUTE FUNCTION story.latest();
INSERT INTO story.t VALUES (1, 'a@a1.com', 'DE'), (2, 'a@a2.com', 'DE'), (3, 'a@a3.com', 'DE') RETURNING id, owner;
SELECT l.attached_key, l.owner_id, d.cause FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id ORDER BY l.id;
-- An upsert that takes over all columns leaves the owner; one that conflicts takes no turn.
INSERT INTO story.t VALUES (2, 'new@a2.com', 'DE'), (4, 'a@a4.com', 'DE')
    ON CONFLICT (id) DO UPDATE SET email = excluded.email, country = excluded.country, owner = excluded.owner RETURNING id, email, owner;
SELECT rep_id, received FROM leadroute.pool_fairness ORDER BY 1;
SELECT count(*) FROM leadroute.decisions WHERE cause = 'manual';
-- Deleted and inserted again in one statement: a new lead; the old one is closed.
WITH gone AS (DELETE FROM story.t WHERE id = 3 RETURNING *) INSERT INTO story.t SELECT id, 'b@b3.com', country FROM gone RETURNING id, owner;
SELECT id, email, attached_key, status FROM leadroute.leads WHERE email LIKE '%3.com' ORDER BY id;
-- The first row of a person goes, the second stays: the lead goes on with it.
INSERT INTO story.t VALUES (5, 'p@p.com', 'DE'), (6, 'p+again@p.com', 'DE') RETURNING id, owner;
DELETE FROM story.t WHERE id = 5;
SELECT id, attached_key, status, duplicate_of, (SELECT bool_and(stopped_at IS NULL) FROM leadroute.sla_clocks c WHERE c.lead_id = l.id) AS runs
  FROM leadroute.leads l WHERE email LIKE 'p%@p.com' ORDER BY id;
DELETE FROM story.t WHERE id = 6;
SELECT id, attached_key, status FROM leadroute.leads l WHERE email LIKE 'p%@p.com' ORDER BY id;

-- Keys of types that are padded, printed as settings say, or long; and one with a column that only rides along.
CREATE FUNCTION story.try_key(type text, value text) RETURNS TABLE (key text, follows boolean, closed boolean) LANGUAGE plpgsql AS $$
DECLARE
    lead bigint;
BEGIN
    EXECUTE format('CREATE TABLE story.k (k %s, n integer, email text, country text, owner text, PRIMARY KEY (k, n))', type);
    PERFORM leadroute.attach('story.k', '{"email": "email", "owner_id": "owner", "country": "country"}');
    EXECUTE format('INSERT INTO story.k VALUES (%L, 1, md5(%L) || ''@keys.com'', ''DE'')', value, type);
    SELECT l.id, left(l.attached_key, 60) INTO lead, key FROM leadroute.leads l WHERE attached_table = (SELECT table_no FROM leadroute.attached_tables WHERE relation = 'story.k'::regclass);
    SET LOCAL timezone = 'Asia/Tokyo';
    SET LOCAL bytea_output = 'escape';
    SET LOCAL datestyle = 'German';
    SET LOCAL intervalstyle = 'sql_standard';
    SET LOCAL extra_float_digits = -5;
    PERFORM leadroute.transfer_lead(lead, 'annabel');
    EXECUTE 'SELECT owner = ''annabel'' FROM story.k' INTO follows;
    DELETE FROM story.k;
    closed := (SELECT status = 'disqualified' FROM leadroute.leads WHERE id = lead);
    DROP TABLE story.k;
    RETURN NEXT;
END $$;
SELECT type, r.* FROM (VALUES ('char(36)', 'abc'), ('varchar(40)', 'x y'), ('boolean', 't'), ('bytea', '\xdeadbeef'), ('date', '2024-02-29'),
        ('timestamptz', '2024-02-29 12:00:01.5+00'), ('interval', '1 day 02:03:04'), ('tstzrange', '[2024-01-01 00:00+00,)'), ('double precision', '0.1'),
        ('numeric', '1.50'), ('inet', '10.0.0.1'), ('uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), ('name', 'Na"me')) AS v (type, value), story.try_key(type, value) r;
CREATE TABLE story.inc (a integer, b integer, email text, country text, owner text, PRIMARY KEY (b) INCLUDE (a));
SELECT leadroute.attach('story.inc', '{"email": "email", "owner_id": "owner", "country": "country"}');
INSERT INTO story.inc VALUES (7, 8, 'inc@inc.com', 'DE') RETURNING owner IS NOT NULL AS has_owner;
SELECT attached_key FROM leadroute.leads WHERE email = 'inc@inc.com';
CREATE TABLE story.long (k text PRIMARY KEY, email text, country text, owner text);
SELECT leadroute.attach('story.long', '{"email": "email", "owner_id": "owner", "country": "country"}');
INSERT INTO story.long SELECT string_agg(md5(n::text), ''), 'long@long.com', 'DE' FROM generate_series(1, 60) n RETURNING length(k), owner IS NOT NULL AS has_owner;
SELECT leadroute.transfer_lead(id, 'annabel') > 0 AS transferred FROM leadroute.leads WHERE email = 'long@long.com';
DELETE FROM story.long;
SELECT status FROM leadroute.leads WHERE email = 'long@long.com';

-- Columns that cannot hold what is decided, and what is written is not taken for a change by hand.
CREATE TABLE story.narrow (id integer PRIMARY KEY, email text, country text, owner varchar(3), waits varchar(3), decided smallint);
SELECT leadroute.attach('story.narrow', '{"email": "email", "owner_id": "owner", "country": "country", "queue": "waits", "decision_id": "decided"}');
ALTER SEQUENCE leadroute.decisions_id_seq RESTART 40000;
INSERT INTO story.narrow VALUES (1, 'n1@narrow.com', 'DE'), (2, 'n2@narrow.com', 'JP') RETURNING id, owner, waits, decided;
SELECT leadroute.transfer_lead(id, 'annabel') > 0 AS transferred FROM leadroute.leads WHERE email = 'n1@narrow.com';
UPDATE story.narrow SET owner = 'bob' WHERE id = 2;
SELECT email, owner_id, queue FROM leadroute.leads WHERE email LIKE '%narrow.com' ORDER BY 1;
SELECT id, owner, waits, decided FROM story.narrow ORDER BY id;
-- Two reps with one value: whose it is, is known from the lead.
CREATE TABLE story.shared (id integer PRIMARY KEY, email text, country text, team text);
SELECT leadroute.attach('story.shared', '{"email": "email", "country": "country", "owner_id": {"column": "team", "expression": "CASE WHEN rep.id <> ''annabel'' THEN ''A'' END -- the rest"}}');
INSERT INTO story.shared VALUES (1, 's@shared.com', 'DE') RETURNING team;
SELECT leadroute.transfer_lead(id, 'cid') > 0 AS transferred FROM leadroute.leads WHERE email = 's@shared.com';
SELECT leadroute.transfer_lead(id, 'annabel') > 0 AS transferred FROM leadroute.leads WHERE email = 's@shared.com';
SELECT l.owner_id, s.team, (SELECT string_agg(cause, ' ' ORDER BY d.id) FROM leadroute.decisions d WHERE d.lead_id = l.id) AS causes
  FROM leadroute.leads l, story.shared s WHERE l.email = 's@shared.com';
-- Values that PostgreSQL cannot convert are odd, and cost no lead.
CREATE TABLE story.odd (id integer PRIMARY KEY, email text, came date, extra json, owner text);
SELECT leadroute.attach('story.odd', '{"email": "email", "owner_id": "owner", "occurred_at": "came", "attributes": "extra"}');
INSERT INTO story.odd VALUES (1, 'o1@odd.com', '5000000-01-01', NULL), (2, 'o2@odd.com', NULL, '{"a": "\u0000"}'), (3, 'o3@odd.com', NULL, '{"a": 1e400000}');
SELECT l.id - min(l.id) OVER () AS n, d.reason FROM leadroute.leads l JOIN leadroute.decisions d ON d.id = l.decision_id WHERE email LIKE '%odd.com' ORDER BY 1;
-- A status is taken over when it becomes another one, not whenever the row changes.
CREATE TABLE story.s (id integer PRIMARY KEY, email text, stage text, owner text);
SELECT leadroute.attach('story.s', '{"email": "email", "owner_id": "owner", "status": {"expression": "stage"}}');
INSERT INTO story.s VALUES (1, 's@stage.com');
UPDATE story.s SET stage = 'working';
UPDATE leadroute.leads SET status = 'disqualified' WHERE email = 's@stage.com';
UPDATE story.s SET email = 'typo@stage.com';
SELECT status FROM leadroute.leads WHERE email LIKE '%@stage.com';

-- A session that has used them knows that names and types change.
ALTER TABLE story.s ALTER stage TYPE varchar(20);
UPDATE story.s SET stage = 'qualified';
SELECT status FROM leadroute.leads WHERE email LIKE '%@stage.com';
UPDATE leadroute.leads SET status = 'assigned' WHERE email LIKE '%@stage.com';
CREATE SCHEMA other;
CREATE TABLE other.s (LIKE story.s INCLUDING ALL);
INSERT INTO other.s VALUES (1, 'other@other.com', NULL, 'nobody');
ALTER SCHEMA story RENAME TO story_old;
ALTER SCHEMA other RENAME TO story;
SELECT leadroute.transfer_lead(id, 'cid') > 0 AS transferred FROM leadroute.leads WHERE email LIKE '%@stage.com';
SELECT owner FROM story.s;
SELECT owner FROM story_old.s;
DROP SCHEMA story_old CASCADE;
