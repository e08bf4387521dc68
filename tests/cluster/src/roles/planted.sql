-- What P plants; {P} is its name.
CREATE SCHEMA spy;
GRANT USAGE ON SCHEMA spy TO PUBLIC;
CREATE SEQUENCE spy.number;
GRANT USAGE ON SEQUENCE spy.number TO PUBLIC;

-- Says as whom it runs, and tries to become somebody else, or to make P a superuser. A session that says SET spy.names = 'yes'
-- names a table of P in its own statements: there PostgreSQL itself runs the code of the table as whoever does that.
CREATE FUNCTION spy.sprung(what text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text := CASE current_setting('spy.names', true) WHEN 'yes' THEN ', which names the table' ELSE '' END;
    was name := current_user;
    attempt text;
BEGIN
    RAISE WARNING 'sprung: % as % in a session of %', what, current_user, session_user || names;
    IF names <> '' THEN
        RETURN true;
    END IF;
    FOREACH attempt IN ARRAY ARRAY['ALTER ROLE {P} SUPERUSER', 'RESET ROLE', 'RESET SESSION AUTHORIZATION', 'SET ROLE leadroute_owner'] LOOP
        BEGIN
            EXECUTE attempt;
            IF current_user <> was THEN
                RAISE WARNING 'sprung: %, after %, as % in a session of %', what, attempt, current_user, session_user;
                EXECUTE format('SET ROLE %s', CASE WHEN was = session_user THEN 'NONE' ELSE quote_ident(was) END);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    RETURN true;
END $$;
CREATE FUNCTION spy.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('trigger ' || TG_NAME); RETURN coalesce(NEW, OLD); END $$;

-- Leaves work behind for the end of the transaction.
CREATE TABLE spy.other (i integer);
GRANT INSERT ON spy.other TO PUBLIC;
CREATE CONSTRAINT TRIGGER "late, elsewhere" AFTER INSERT ON spy.other DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note();
CREATE FUNCTION spy.leave_behind(what text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    attempt text;
BEGIN
    FOREACH attempt IN ARRAY ARRAY['INSERT INTO spy.other VALUES (1)',
        format('DECLARE spy_%s CURSOR WITH HOLD FOR SELECT spy.sprung(%L)', nextval('spy.number'), 'a cursor of ' || what),
        'SET CONSTRAINTS ALL DEFERRED', 'SET search_path = spy',
        'CREATE TEMP TABLE IF NOT EXISTS pg_class (relname spy.short)'] LOOP
        BEGIN
            EXECUTE attempt;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END $$;
CREATE FUNCTION spy.passes(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM spy.leave_behind('a check'); RETURN spy.sprung('a check'); END $$;
CREATE FUNCTION spy.same(anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM spy.leave_behind('an expression'), spy.sprung('an expression'); RETURN $1; END $$;
CREATE DOMAIN spy.short AS text CHECK (spy.passes(VALUE));
CREATE FUNCTION spy.leave_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('trigger ' || TG_NAME); PERFORM spy.leave_behind('a trigger'); RETURN coalesce(NEW, OLD); END $$;

-- For mappings.
CREATE FUNCTION spy.mapped(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('a mapping'); PERFORM spy.leave_behind('a mapping'); RETURN $1; END $$;
CREATE TYPE spy.pair AS (a spy.short, b text);
CREATE TYPE spy.kind AS ENUM ('a', 'b');
CREATE FUNCTION spy.as_text(spy.kind) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('a cast'); RETURN 'x@x.com'; END $$;
CREATE CAST (spy.kind AS text) WITH FUNCTION spy.as_text AS IMPLICIT;
CREATE FUNCTION spy.equal(spy.kind, spy.kind) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('an operator'); RETURN true; END $$;
CREATE OPERATOR spy.= (leftarg = spy.kind, rightarg = spy.kind, function = spy.equal);
-- The stages of a lead and its queues as P has them, with casts of P's own.
CREATE TYPE spy.stage AS ENUM ('new', 'assigned', 'queued', 'nurture', 'merged', 'working', 'qualified', 'converted', 'lost', 'disqualified');
CREATE FUNCTION spy.to_stage(text) RETURNS spy.stage LANGUAGE plpgsql AS $$
BEGIN PERFORM spy.sprung('a cast'), spy.leave_behind('a cast'); RETURN 'new'; END $$;
CREATE CAST (text AS spy.stage) WITH FUNCTION spy.to_stage AS IMPLICIT;
CREATE TYPE spy.queue AS ENUM ('catch_all', 'desk', 'table', 'overflow', 'recycling', 'partner', 'competitor', 'internal', 'blocked');
CREATE FUNCTION spy.queue_name(spy.queue) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM spy.sprung('a cast'), spy.leave_behind('a cast'); RETURN array_to_string(ARRAY[$1], ''); END $$;
CREATE CAST (spy.queue AS text) WITH FUNCTION spy.queue_name AS IMPLICIT;
