-- The same for operators, each with a function of its own.
WITH plain (any_of, name) AS (
    VALUES ('any%array', 'text[]'), ('any%array', 'smallint[]'), ('any%array', 'bigint[]'),
           ('any%', 'integer'), ('any%', 'bigint'), ('any%', 'name'), ('text', 'varchar')
), found AS (
    SELECT DISTINCT ON (o.oprname, l.name, r.name) o.oprname, l.name AS of, r.name AS and_of, o.oprresult::regtype::text AS gives
      FROM pg_operator o
     CROSS JOIN LATERAL (SELECT o.oprleft::regtype::text
                         UNION SELECT p.name FROM plain p WHERE o.oprleft::regtype::text LIKE p.any_of) l (name)
     CROSS JOIN LATERAL (SELECT o.oprright::regtype::text
                         UNION SELECT p.name FROM plain p WHERE o.oprright::regtype::text LIKE p.any_of) r (name)
     WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b'
       AND o.oprname = ANY ('{=,<>,<,>,<=,>=,||,->,->>,#>>,@>,<@,&&,?,?|,-,+,*,/,%,&,~,~~,!~~}')
       AND (o.oprleft::regtype::text LIKE 'any%' OR o.oprleft = ANY ('{text,name,bigint,integer,smallint,oid,regclass,jsonb,boolean,
                timestamptz,interval,numeric,date,char}'::regtype[]::oid[]))
), made AS (
    SELECT f.*, row_number() OVER () AS n FROM found f WHERE of NOT LIKE 'any%' AND and_of NOT LIKE 'any%' AND gives NOT LIKE 'any%'
)
SELECT format('CREATE FUNCTION {schema}.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L;
               CREATE OPERATOR {schema}.%s (leftarg = %2$s, rightarg = %3$s, function = {schema}.operator_%1$s)',
              n, of, and_of, gives, format('BEGIN PERFORM spy.sprung(%L); END', format('operator %s %s %s', of, oprname, and_of)), oprname)
  FROM made
