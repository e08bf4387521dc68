-- The SQL of a change request does nothing but insert, update, delete and read rows of routing tables. Anything else is
-- refused before any of it runs, naming the place, and no code of anybody else runs, neither when it is proposed nor when
-- it is applied.
\i setup.sql
INSERT INTO leadroute.queues (name) VALUES ('desk');
INSERT INTO leadroute.reps (id) VALUES ('ann'), ('bob');
INSERT INTO leadroute.pools (name) VALUES ('sales');
INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('sales', 'ann');
INSERT INTO leadroute.segments (name, fallback_queue) VALUES ('all', 'desk');
INSERT INTO leadroute.tiers (name, pool) VALUES ('any', 'sales');
INSERT INTO leadroute.leads (email) VALUES ('a@acme.com');

-- Code that somebody has planted; it counts whether it ran, which no rollback takes back.
CREATE SEQUENCE story.ran;
CREATE FUNCTION story.evil(text) RETURNS boolean LANGUAGE sql AS $$ SELECT nextval('story.ran') > 0 $$;
CREATE FUNCTION story.quiet_evil(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN nextval('story.ran') > 0; END $$;
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT story.quiet_evil($1)::text $$;
CREATE FUNCTION public.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT story.quiet_evil($1) $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
CREATE OPERATOR public.<+> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same);
CREATE DOMAIN public.evil_text AS text CHECK (story.quiet_evil(VALUE));
CREATE TYPE public.evil_pair AS (a public.evil_text);
CREATE TYPE public.colour AS ENUM ('red');
CREATE VIEW public.shown AS SELECT id, story.quiet_evil(id) AS x FROM leadroute.reps;
CREATE COLLATION public.mine FROM "C";
CREATE TEMP TABLE tiers AS SELECT * FROM leadroute.tiers;
CREATE TEMP TABLE mine (x text);
CREATE DOMAIN pg_temp.hidden AS text CHECK (story.quiet_evil(VALUE));
CREATE TABLE public.segments (name text);
SET search_path = public, pg_temp, pg_catalog, leadroute;

CREATE FUNCTION story.refused(sql text) RETURNS TABLE (code text, message text, place text) LANGUAGE plpgsql SET search_path = public, pg_temp, pg_catalog AS $$
BEGIN
    PERFORM leadroute.propose_change('t', 'w', sql);
    code := '00000';
    message := 'PROPOSED';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, place = PG_EXCEPTION_DETAIL;
    RETURN NEXT;
END $$;
\x on
\pset tuples_only on
SELECT v.sql, r.* FROM (VALUES
    -- other tables
    ($$UPDATE leads SET score = 1$$),
    ($$UPDATE leadroute.decisions SET reason = ''$$),
    ($$DELETE FROM change_requests$$),
    ($$DELETE FROM config_history$$),
    ($$INSERT INTO attached_tables DEFAULT VALUES$$),
    ($$INSERT INTO country_names VALUES ('x', 'DE')$$),
    ($$UPDATE tiers SET name = (SELECT email FROM leadroute.leads LIMIT 1)$$),
    ($$UPDATE tiers SET name = 'x' FROM leads$$),
    ($$WITH gone AS (DELETE FROM leads RETURNING id) UPDATE tiers SET name = name$$),
    ($$UPDATE pg_catalog.pg_class SET relname = 'x'$$),
    ($$UPDATE tiers SET name = (SELECT rolname FROM pg_authid LIMIT 1)$$),
    ($$UPDATE public.segments SET name = 'x'$$),
    ($$UPDATE tiers SET name = (SELECT id FROM public.shown LIMIT 1)$$),
    ($$UPDATE pg_temp.tiers SET name = 'x'$$),
    ($$UPDATE mine SET x = 'y'$$),
    ($$UPDATE tiers SET name = (SELECT x FROM pg_temp.mine)$$),
    ($$UPDATE role_recipes SET recipe = 'x'$$),
    ($$INSERT INTO tiers SELECT * FROM information_schema.tables$$),
    -- other commands
    ($$DROP TABLE leadroute.tiers$$),
    ($$ALTER TABLE leadroute.tiers ADD COLUMN x text$$),
    ($$TRUNCATE leadroute.tiers$$),
    ($$CREATE TABLE t AS SELECT 1$$),
    ($$SELECT * INTO t FROM tiers$$),
    ($$COPY tiers TO PROGRAM 'true'$$),
    ($$COPY tiers FROM '/etc/passwd'$$),
    ($$DO 'BEGIN END'$$),
    ($$CALL leadroute.keep_time()$$),
    ($$SET search_path = public$$),
    ($$RESET ALL$$),
    ($$LOCK TABLE tiers$$),
    ($$GRANT ALL ON leadroute.tiers TO public$$),
    ($$EXPLAIN ANALYZE DELETE FROM tiers$$),
    ($$PREPARE x AS DELETE FROM tiers$$),
    ($$EXECUTE x$$),
    ($$DECLARE c CURSOR FOR SELECT 1$$),
    ($$NOTIFY x$$),
    ($$VACUUM$$),
    ($$COMMIT$$),
    -- several, with one bad
    (E'UPDATE tiers SET name = \'x\';\nCOMMIT;\nUPDATE tiers SET name = \'y\''),
    (E'UPDATE tiers SET name = \'x\'; -- fine; COMMIT\n/* also; fine */ DELETE FROM tiers;\n\n  SELECT pg_sleep(9)'),
    (E'BEGIN; UPDATE tiers SET name = \'x\''),
    ($$UPDATE tiers SET name = 'x'; UPDATE leads SET score = 0$$),
    ($$UPDATE tiers SET name = 'x'; UPDATE tiers SET colour = 'x'$$),
    ($$UPDATE tiers SET name = 'x'; CHOOSE 1$$),
    -- functions that do something, or that answer something else each time or elsewhere
    ($$SELECT pg_advisory_lock(1)$$),
    ($$UPDATE tiers SET name = set_config('role', 'postgres', false)$$),
    ($$UPDATE tiers SET name = pg_read_file('/etc/passwd')$$),
    ($$UPDATE tiers SET name = pg_ls_dir('.')$$),
    ($$UPDATE tiers SET name = lo_import('/etc/passwd')::text$$),
    ($$UPDATE tiers SET name = query_to_xml('SELECT 1', true, true, '')::text$$),
    ($$UPDATE tiers SET name = table_to_xml('leadroute.leads', true, true, '')::text$$),
    ($$UPDATE tiers SET name = database_to_xml(true, true, '')::text$$),
    ($$UPDATE tiers SET name = pg_notify('x', 'y')::text$$),
    ($$UPDATE tiers SET name = nextval('leadroute.tiers_id_seq')::text$$),
    ($$UPDATE tiers SET name = random()::text$$),
    ($$UPDATE tiers SET name = clock_timestamp()::text$$),
    ($$UPDATE tiers SET name = txid_current()::text$$),
    ($$UPDATE tiers SET name = current_setting('data_directory')$$),
    ($$UPDATE tiers SET name = pg_get_viewdef('public.shown')$$),
    ($$UPDATE tiers SET name = has_table_privilege('leadroute.leads', 'SELECT')::text$$),
    ($$UPDATE tiers SET name = version()$$),
    ($$UPDATE tiers SET name = current_user$$),
    ($$UPDATE tiers SET name = pg_terminate_backend(pg_backend_pid())::text$$),
    ($$UPDATE tiers SET name = (SELECT x FROM pg_stat_get_activity(NULL) x LIMIT 1)::text$$),
    ($$DELETE FROM tiers WHERE pg_cancel_backend(1)$$),
    ($$DELETE FROM tiers RETURNING pg_sleep(1)$$),
    ($$INSERT INTO tiers (name, pool) VALUES ('x', 'sales') ON CONFLICT DO NOTHING RETURNING setseed(0.5)$$),
    ($$SELECT leadroute.route_lead('{}')$$),
    ($$SELECT leadroute.set_presence('ann', 'away')$$),
    ($$SELECT leadroute.apply_change(1); DELETE FROM tiers$$),
    ($$UPDATE tiers SET name = rules_json()$$),
    ($$UPDATE tiers SET name = (SELECT 'x' FROM leadroute_internal.dangling_references())$$),
    -- what is planted
    ($$UPDATE tiers SET name = 'x' WHERE story.evil(name)$$),
    ($$UPDATE tiers SET name = 'x' WHERE public.lower(name) = 'x'$$),
    ($$UPDATE tiers SET name = 'x' WHERE name OPERATOR(public.=) 'y'$$),
    ($$UPDATE tiers SET name = 'x' WHERE name <+> 'y'$$),
    ($$UPDATE tiers SET name = 'x' WHERE name OPERATOR(public.<+>) ANY ('{a,b}')$$),
    ($$UPDATE tiers SET name = 'x' WHERE name OPERATOR(public.=) ANY (SELECT id FROM reps)$$),
    ($$UPDATE tiers SET name = (SELECT id FROM reps ORDER BY id USING OPERATOR(public.<+>) LIMIT 1)$$),
    ($$UPDATE tiers SET name = 'x'::public.evil_text$$),
    ($$UPDATE tiers SET name = (public.evil_text 'x')$$),
    ($$UPDATE tiers SET name = public.evil_text('x')$$),
    ($$UPDATE tiers SET name = ('(x)'::public.evil_pair)::text$$),
    ($$UPDATE tiers SET name = ('{"(x)"}'::public.evil_pair[])::text$$),
    ($$UPDATE tiers SET name = (SELECT a FROM jsonb_to_record('{"a": "x"}') r (a public.evil_text))$$),
    ($$UPDATE tiers SET name = (SELECT a FROM jsonb_populate_record(NULL::public.evil_pair, '{"a": "x"}'))$$),
    ($$UPDATE tiers SET name = 'x'::hidden$$),
    ($$UPDATE tiers SET name = hidden('x')$$),
    ($$UPDATE tiers SET name = 'x'::pg_temp.hidden$$),
    ($$UPDATE tiers SET name = 'red'::public.colour::text$$),
    ($$UPDATE tiers SET name = 'x' WHERE name COLLATE public.mine = 'y'$$),
    ($$UPDATE tiers SET name = xmlserialize(CONTENT '<a/>' AS public.evil_text)$$),
    -- other ways to read
    ($$UPDATE tiers SET name = (SELECT id FROM reps TABLESAMPLE system (50) LIMIT 1)$$),
    ($$UPDATE tiers SET name = (SELECT x FROM xmltable('/a' PASSING '<a/>' COLUMNS x text PATH '.'))$$),
    ($$UPDATE tiers SET name = 'x' WHERE CURRENT OF c$$),
    ($$UPDATE tiers SET name = $1$$),
    -- nothing
    (''), (';;'), ('-- UPDATE tiers'), ('SELECT 1'), ('SELECT * FROM tiers'), (NULL)
) v (sql), LATERAL story.refused(v.sql) r;
\pset tuples_only off
\x off
SELECT last_value, is_called AS somebodys_code_ran FROM story.ran;
SELECT count(*) AS proposed FROM leadroute.change_requests;
SELECT name, pool FROM leadroute.tiers;

-- What a change may say.
CREATE FUNCTION story.allowed(sql text) RETURNS text LANGUAGE plpgsql SET search_path = public, pg_temp, pg_catalog AS $$
DECLARE
    noted bigint := leadroute.propose_change('t', 'w', sql);
BEGIN
    RETURN (SELECT concat_ws(' | ', c.tables, c.writes) FROM leadroute.change_requests c WHERE c.id = noted);
END $$;
SELECT v.sql, story.allowed(v.sql) AS touches FROM (VALUES
    ($$UPDATE tiers SET score = '[0,50)' WHERE name = 'any'; INSERT INTO tiers (name, score, pool) VALUES ('top', '[50,)', 'sales');$$),
    ($$UPDATE leadroute.segments SET effective = tstzrange(now(), now() + interval '1 week'), countries = '{DE,FR}' WHERE lower(name) LIKE 'a%'$$),
    ($$INSERT INTO segments (name, employees, condition, fallback_queue) VALUES ('big', '[500,)', '$.score > 80', 'desk') ON CONFLICT (name) DO UPDATE SET employees = EXCLUDED.employees$$),
    ($$WITH moved AS (DELETE FROM pool_members WHERE rep_id = 'ann' RETURNING pool) INSERT INTO pool_members (pool, rep_id, weight) SELECT pool, 'bob', DEFAULT_WEIGHT.w FROM moved, (VALUES (1.5)) DEFAULT_WEIGHT (w)$$),
    ($$INSERT INTO absences (rep_id, during) SELECT id, tstzrange(CURRENT_DATE + 1, CURRENT_DATE + 8) FROM reps WHERE id = ANY ('{ann}')$$),
    ($$INSERT INTO accounts (id, name) SELECT 'a' || n, format('Account %s', n) FROM generate_series(1, 3) n$$),
    ($$UPDATE segments SET tenants = ARRAY['a', 'b']::leadroute.names, events = (SELECT array_agg(name ORDER BY name) FROM event_types WHERE intent = 'high')$$),
    ($$DELETE FROM mail_domains m USING domain_rules r WHERE m.domain = r.domain AND r.kind = 'company'$$),
    ($$INSERT INTO golden_leads (name, lead, expected) VALUES ('g', jsonb_build_object('email', 'a@b.test'), '{"pool": "sales"}')$$),
    ($$INSERT INTO segments (name, fallback_queue, priority) SELECT x.name, 'desk', row_number() OVER (ORDER BY x.name) FROM jsonb_to_recordset('[{"name": "n1"}, {"name": "n2"}]') AS x (name text)$$),
    ($$UPDATE reps SET languages = CASE WHEN languages @> '{de}' THEN languages ELSE (languages || 'de'::text) END$$),
    ($$UPDATE tiers SET name = name::varchar(20) WHERE score @> 7.5 AND EXISTS (SELECT FROM pools p WHERE p.name = tiers.pool FOR SHARE)$$)
) v (sql);
SELECT last_value, is_called AS somebodys_code_ran FROM story.ran;
RESET search_path;
DROP TABLE pg_temp.tiers, pg_temp.mine;
SET client_min_messages = warning;
DROP OPERATOR public.= (text, text);
DROP OPERATOR public.<+> (text, text);
DROP FUNCTION public.lower(text), public.same(text, text);
DROP TYPE public.evil_pair, public.colour;
DROP DOMAIN public.evil_text;
DROP VIEW public.shown;
DROP COLLATION public.mine;
DROP TABLE public.segments;
DROP SCHEMA story CASCADE;
