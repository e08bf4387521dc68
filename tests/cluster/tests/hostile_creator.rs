//! Hostile creator: P, no superuser, may create the extension, and administers it then. Whatever P does with that,
//! no code of P ever runs as somebody else, and P stays who P is.

use leadroute_cluster_tests::roles::{attempt, list, plant_better_matches, Scene, SCHEMAS};
use leadroute_cluster_tests::text;

/// Runs statements as P; answers those that were not refused for want of a right.
fn not_refused(scene: &Scene, statements: &[String]) -> Vec<String> {
    let mut client = scene.session();
    let creator = scene.thief.name();
    statements
        .iter()
        .map(|sql| sql.replace("{P}", creator))
        .filter(|sql| attempt(&mut client, sql).as_deref() != Some("42501"))
        .collect()
}

/// Fails with the first of those that were not refused.
fn assert_none(done: &[String]) {
    let first: Vec<&str> = done.iter().take(10).map(String::as_str).collect();
    assert!(done.is_empty(), "{} statements of P were not refused:\n{}", done.len(), first.join("\n"));
}

/// What can be done to a table by who owns it, or has TRIGGER or REFERENCES.
const ON_TABLES: &str = "CREATE TRIGGER spy BEFORE INSERT OR UPDATE OR DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION spy.note()
CREATE TRIGGER spy_all AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH STATEMENT EXECUTE FUNCTION spy.note()
CREATE CONSTRAINT TRIGGER spy_late AFTER INSERT OR UPDATE ON {t} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note()
CREATE RULE spy AS ON INSERT TO {t} DO ALSO SELECT spy.sprung('a rule')
CREATE INDEX spy ON {t} ((spy.same({c})))
CREATE INDEX ON {t} ({c}) WHERE spy.passes({c})
CREATE POLICY spy ON {t} USING (spy.passes({c}))
CREATE STATISTICS spy.{n} ON (spy.same({c})), ({c}) FROM {t}
CREATE TABLE spy.child () INHERITS ({t})
CREATE TABLE spy.referrer (x bigint REFERENCES {t})
ALTER TABLE {t} ALTER {c} SET DEFAULT NULL
ALTER TABLE {t} ALTER {c} TYPE spy.short
ALTER TABLE {t} ALTER {c} DROP NOT NULL
ALTER TABLE {t} ADD CHECK (spy.passes({c})) NOT VALID
ALTER TABLE {t} ADD spied text DEFAULT spy.same('x'::text)
ALTER TABLE {t} ADD spied text GENERATED ALWAYS AS (spy.same({c})) STORED
ALTER TABLE {t} ENABLE ROW LEVEL SECURITY
ALTER TABLE {t} DISABLE TRIGGER ALL
ALTER TABLE {t} REPLICA IDENTITY FULL
ALTER TABLE {t} RENAME {c} TO spied
ALTER TABLE {t} DROP {c} CASCADE
ALTER TABLE {t} OWNER TO {P}
ALTER TABLE {t} RENAME TO spied
ALTER TABLE {t} SET SCHEMA spy
CREATE PUBLICATION spy FOR TABLE {t}
REINDEX TABLE {t}
CLUSTER {t}
DROP TABLE {t} CASCADE";

/// Who administers the extension owns no table of it: nothing is hung onto one that runs when others use it.
#[test]
fn nothing_is_hung_onto_a_table() {
    let scene = Scene::created();
    let tables = "SELECT c.oid::regclass || ' ' || c.relname || ' ' || quote_ident(a.attname) FROM pg_class c
                    JOIN LATERAL (SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
                                   ORDER BY atttypid <> 'text'::regtype, attnum LIMIT 1) a ON true
                   WHERE c.relkind = 'r' AND c.relnamespace = 'leadroute'::regnamespace ORDER BY c.relname";
    let mut statements = Vec::new();
    for table in list(&mut scene.dba(), tables) {
        let [place, name, column] = table.split(' ').collect::<Vec<_>>()[..] else { panic!("{table}") };
        for sql in ON_TABLES.lines() {
            statements.push(sql.replace("{t}", place).replace("{n}", name).replace("{c}", column));
        }
    }
    let done = not_refused(&scene, &statements);
    scene.everybody_works("");
    scene.check("after all of it");
    // PostgreSQL looks at what is wrong with the statement before it looks at rights, here and there.
    assert_none(&done);
}

/// Functions, views, types and sequences that others call and use: `{f}` is a function as DROP FUNCTION wants it.
const ON_OTHERS: [(&str, &str); 5] = [
    ("SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN {schemas} AND p.prokind = 'f'",
     "ALTER FUNCTION {f} OWNER TO {P};ALTER FUNCTION {f} RENAME TO spied;ALTER FUNCTION {f} SET SCHEMA spy;\
      ALTER FUNCTION {f} SET search_path = spy;ALTER FUNCTION {f} SECURITY INVOKER;ALTER FUNCTION {f} SECURITY DEFINER;\
      ALTER FUNCTION {f} DEPENDS ON EXTENSION plpgsql;ALTER EXTENSION leadroute DROP FUNCTION {f};DROP FUNCTION {f} CASCADE"),
    ("SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace::regnamespace::text IN {schemas} AND c.relkind = 'v'",
     "ALTER VIEW {f} OWNER TO {P};ALTER VIEW {f} RENAME TO spied;ALTER VIEW {f} SET SCHEMA spy;ALTER VIEW {f} SET (security_invoker = true);\
      CREATE OR REPLACE VIEW {f} AS SELECT spy.sprung('a view');DROP VIEW {f} CASCADE;\
      CREATE TRIGGER spy INSTEAD OF INSERT ON {f} FOR EACH ROW EXECUTE FUNCTION spy.note();\
      CREATE RULE spy AS ON INSERT TO {f} DO ALSO SELECT spy.sprung('a rule');ALTER EXTENSION leadroute DROP VIEW {f}"),
    ("SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace::regnamespace::text IN {schemas} AND c.relkind = 'S'",
     "ALTER SEQUENCE {f} OWNER TO {P};ALTER SEQUENCE {f} SET SCHEMA spy;ALTER SEQUENCE {f} CYCLE;DROP SEQUENCE {f} CASCADE"),
    ("SELECT t.oid::regtype::text FROM pg_type t WHERE t.typnamespace::regnamespace::text IN {schemas} AND t.typtype = 'd'",
     "ALTER DOMAIN {f} ADD CHECK (spy.passes(VALUE)) NOT VALID;ALTER DOMAIN {f} SET DEFAULT 'x';ALTER DOMAIN {f} OWNER TO {P};\
      ALTER DOMAIN {f} SET SCHEMA spy;ALTER DOMAIN {f} RENAME TO spied;DROP DOMAIN {f} CASCADE"),
    ("SELECT n.nspname::text FROM pg_namespace n WHERE n.nspname IN {schemas}",
     "ALTER SCHEMA {f} RENAME TO spied;ALTER SCHEMA {f} OWNER TO {P};DROP SCHEMA {f} CASCADE;\
      ALTER EXTENSION leadroute DROP SCHEMA {f};CREATE TABLE {f}.spied (x text);CREATE DOMAIN {f}.spied AS text;\
      CREATE FUNCTION {f}.lower(varchar) RETURNS text LANGUAGE sql RETURN spy.same($1::text);\
      CREATE OPERATOR {f}.= (leftarg = varchar, rightarg = varchar, function = texteq);\
      CREATE VIEW {f}.spied AS SELECT 1;CREATE COLLATION {f}.spied FROM \"C\";ALTER FUNCTION spy.note() SET SCHEMA {f}"),
];

#[test]
fn functions_views_and_types_stay_as_they_are() {
    let scene = Scene::created();
    let mut dba = scene.dba();
    let mut statements = Vec::new();
    for (objects, attacks) in ON_OTHERS {
        for object in list(&mut dba, &objects.replace("{schemas}", SCHEMAS)) {
            statements.extend(attacks.split(';').map(|sql| sql.replace("{f}", &object)));
        }
    }
    let replacements = format!(
        "SELECT split_part(pg_get_functiondef(p.oid), E'\\n LANGUAGE ', 1)
                || ' LANGUAGE plpgsql AS ''BEGIN PERFORM spy.sprung(''''' || p.proname || '''''); END'''
           FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN {SCHEMAS} AND p.prokind <> 'a'"
    );
    statements.extend(list(&mut dba, &replacements));
    let done = not_refused(&scene, &statements);
    scene.everybody_works("");
    scene.check("after all of it");
    assert_none(&done);
}

/// The role that everything belongs to is nobody's, and only a superuser says otherwise.
#[test]
fn nobody_becomes_the_owner() {
    let scene = Scene::created();
    let statements = [
        "GRANT leadroute_owner TO {P}",
        "SET ROLE leadroute_owner",
        "SET SESSION AUTHORIZATION leadroute_owner",
        "ALTER ROLE leadroute_owner LOGIN",
        "ALTER ROLE leadroute_owner SET search_path = spy",
        "ALTER ROLE leadroute_owner RENAME TO spied",
        "DROP ROLE leadroute_owner",
        "REASSIGN OWNED BY leadroute_owner TO {P}",
        "DROP OWNED BY leadroute_owner CASCADE",
        "ALTER DEFAULT PRIVILEGES FOR ROLE leadroute_owner GRANT ALL ON TABLES TO {P}",
        "ALTER EVENT TRIGGER leadroute_altered DISABLE",
        "ALTER EVENT TRIGGER leadroute_altered OWNER TO {P}",
        "CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION leadroute_internal.attached_altered()",
        "CREATE SUBSCRIPTION spy CONNECTION '' PUBLICATION x",
    ];
    let done = not_refused(&scene, &statements.map(str::to_owned));
    // P owns the extension: these may go, and change nothing.
    let mut creator = scene.session();
    for sql in [
        "ALTER EXTENSION leadroute ADD FUNCTION spy.note()",
        "ALTER EXTENSION leadroute SET SCHEMA spy",
        "ALTER EXTENSION leadroute UPDATE",
        "ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA leadroute GRANT ALL ON TABLES TO PUBLIC",
        "SECURITY LABEL ON TABLE leadroute.leads IS 'secret'",
        "COMMENT ON EXTENSION leadroute IS 'mine'",
    ] {
        attempt(&mut creator, sql);
    }
    scene.everybody_works("");
    scene.check("after all of it");
    assert_none(&done);
}

/// Everything belongs to a role without rights; event triggers belong to a superuser, because PostgreSQL demands it,
/// but what they call does not.
#[test]
fn everything_belongs_to_a_role_without_rights() {
    let scene = Scene::created();
    let mut dba = scene.dba();
    let members =
        "pg_depend d JOIN pg_extension x ON x.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
                     AND d.deptype = 'e' AND x.extname = 'leadroute'";
    let others = format!(
        "SELECT pg_describe_object(d.classid, d.objid, 0) FROM {members}
           LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
           LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
           LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
           LEFT JOIN pg_namespace n ON d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
          WHERE d.classid NOT IN ('pg_event_trigger'::regclass, 'pg_cast'::regclass)
            AND pg_get_userbyid(coalesce(c.relowner, p.proowner, t.typowner, n.nspowner)) IS DISTINCT FROM 'leadroute_owner' ORDER BY 1"
    );
    assert_eq!(list(&mut dba, &others), Vec::<String>::new(), "belong to somebody else");
    // Only one runs as the role that gives the command, because it asks who that is; it is in C and runs no code of
    // others.
    let triggers =
        "SELECT p.proname || ' in ' || l.lanname FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
                      JOIN pg_language l ON l.oid = p.prolang WHERE NOT p.prosecdef";
    assert_eq!(
        list(&mut dba, triggers),
        ["observe_command in c"],
        "functions of event triggers without SECURITY DEFINER"
    );
    let role = "SELECT concat_ws(' ', rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls)
                  FROM pg_roles WHERE rolname = 'leadroute_owner'";
    assert_eq!(text(&mut dba, role), "f f f f f f");
    // Nothing that it needs is anybody else's: P could drop that, or put something else in its place.
    let outside = format!(
        "SELECT DISTINCT pg_describe_object(o.refclassid, o.refobjid, o.refobjsubid) FROM {members}
           JOIN pg_depend o ON (o.classid, o.objid) = (d.classid, d.objid) AND o.deptype IN ('n', 'a')
          CROSS JOIN LATERAL pg_identify_object(o.refclassid, o.refobjid, 0) i
          WHERE NOT EXISTS (SELECT FROM {members} WHERE (d.classid, d.objid) = (o.refclassid, o.refobjid))
            AND o.refclassid NOT IN ('pg_language'::regclass, 'pg_extension'::regclass)
            AND coalesce(i.schema, split_part(i.identity, '.', 1)) NOT IN ('pg_catalog', 'leadroute', 'leadroute_internal')
            AND NOT EXISTS (SELECT FROM pg_depend g JOIN pg_extension x ON x.oid = g.refobjid AND x.extname = 'btree_gist'
                             WHERE (g.classid, g.objid) = (o.refclassid, o.refobjid) AND g.deptype = 'e')"
    );
    assert_eq!(list(&mut dba, &outside), Vec::<String>::new(), "is needed, and somebody else's");
}

/// What P may do is what an administrator needs, with grant option; no less, and nothing that runs code of P.
#[test]
fn the_creator_has_the_rights_of_an_administrator() {
    let scene = Scene::created();
    // A grant without the right to grant is a warning, and grants nothing.
    for sql in [
        "GRANT ALL ON SCHEMA {s} TO {P}",
        "GRANT ALL ON ALL TABLES IN SCHEMA {s} TO {P}",
        "GRANT ALL ON ALL FUNCTIONS IN SCHEMA {s} TO {P}",
    ] {
        for schema in ["leadroute", "leadroute_internal"] {
            attempt(&mut scene.session(), &sql.replace("{s}", schema).replace("{P}", scene.thief.name()));
        }
    }
    let mut dba = scene.dba();
    let creator = scene.thief.name();
    let tables = format!(
        "SELECT format('%s %s %s', c.relname, p, has_table_privilege('{creator}', c.oid, p)) FROM pg_class c,
                unnest('{{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER,REFERENCES}}'::text[]) p
          WHERE c.relnamespace = 'leadroute'::regnamespace AND c.relkind = 'r'
            AND has_table_privilege('{creator}', c.oid, p || CASE WHEN p IN ('TRIGGER', 'REFERENCES') THEN '' ELSE ' WITH GRANT OPTION' END)
                <> (p NOT IN ('TRIGGER', 'REFERENCES'))"
    );
    assert_eq!(list(&mut dba, &tables), Vec::<String>::new());
    let others = format!(
        "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'leadroute'::regnamespace AND CASE c.relkind
             WHEN 'S' THEN NOT has_sequence_privilege('{creator}', c.oid, 'UPDATE WITH GRANT OPTION')
             WHEN 'v' THEN NOT has_table_privilege('{creator}', c.oid, 'SELECT WITH GRANT OPTION') END
         UNION ALL
         SELECT p.oid::regprocedure::text FROM pg_proc p
          WHERE p.pronamespace = 'leadroute'::regnamespace AND NOT has_function_privilege('{creator}', p.oid, 'EXECUTE WITH GRANT OPTION')"
    );
    assert_eq!(list(&mut dba, &others), Vec::<String>::new());
    for role in [creator, scene.app.name()] {
        let schemas = format!(
            "SELECT string_agg(concat_ws(' ', n.nspname, has_schema_privilege('{role}', n.oid, 'USAGE'),
                                         has_schema_privilege('{role}', n.oid, 'CREATE')), ', ' ORDER BY n.nspname)
               FROM pg_namespace n WHERE n.nspname IN {SCHEMAS}"
        );
        assert_eq!(text(&mut dba, &schemas), "leadroute t f, leadroute_internal f f", "USAGE and CREATE");
    }
}

const HOSTILE_PATH: &str = "SET search_path = plants, pg_temp, pg_catalog";

/// A DBA who installs meets what P has planted in `public`, and so do all who work afterwards, with P's schema before
/// all others in their path.
#[test]
fn better_matches_are_never_called() {
    let scene = Scene::before();
    let create = format!("GRANT CREATE ON SCHEMA public TO {}", scene.thief.name());
    scene.dba().batch_execute(&create).unwrap();
    plant_better_matches(&scene, "public");
    let mut dba = scene.spy.connect(&scene.database, None);
    let error = attempt(&mut dba, "CREATE EXTENSION leadroute CASCADE");
    scene.check("while the DBA installed");
    assert_eq!(error, None, "the DBA may create the extension");
    scene.furnish();
    scene.everybody_works("");
    scene.check("in public");
    scene.session().batch_execute("CREATE SCHEMA plants; GRANT USAGE ON SCHEMA plants TO PUBLIC").unwrap();
    plant_better_matches(&scene, "plants");
    scene.everybody_works(HOSTILE_PATH);
    scene.check("with the schema of P in front");
}

/// What the owner of a database may set for everybody.
const SETTINGS: &str = "search_path = plants, pg_temp, pg_catalog
standard_conforming_strings = off
backslash_quote = on
escape_string_warning = off
array_nulls = off
transform_null_equals = on
datestyle = 'SQL, DMY'
intervalstyle = 'sql_standard'
extra_float_digits = -15
bytea_output = 'escape'
timezone = 'Australia/Eucla'
quote_all_identifiers = on
row_security = off
check_function_bodies = off
default_transaction_isolation = 'serializable'
plan_cache_mode = 'force_generic_plan'
session_replication_role = 'replica'
leadroute.enabled = off
leadroute.on_error = 'raise'
leadroute.turn_wait = 0
leadroute.duplicate_wait = 0";

/// The same if P creates the extension, and owns the database: its settings are P's then.
#[test]
fn settings_of_the_database_are_no_door() {
    let scene = Scene::before();
    scene
        .dba()
        .batch_execute(&format!("ALTER DATABASE {} OWNER TO {}", scene.database.name(), scene.thief.name()))
        .unwrap();
    scene.session().batch_execute("CREATE SCHEMA plants; GRANT USAGE ON SCHEMA plants TO PUBLIC").unwrap();
    plant_better_matches(&scene, "plants");
    let mut creator = scene.session();
    let mut refused = Vec::new();
    for setting in SETTINGS.lines() {
        let sql = format!("ALTER DATABASE {} SET {setting}", scene.database.name());
        if attempt(&mut creator, &sql).is_some() {
            refused.push(setting.split(' ').next().unwrap_or_default());
        }
    }
    // Settings of the extension are for superusers.
    let theirs = "session_replication_role leadroute.enabled leadroute.on_error leadroute.turn_wait leadroute.duplicate_wait";
    assert_eq!(refused.join(" "), theirs);
    let error = attempt(&mut scene.session(), "CREATE EXTENSION leadroute CASCADE");
    scene.check("while P installed");
    assert_eq!(error, None, "P may create the extension");
    scene.furnish();
    scene.everybody_works("");
    scene.check("with settings of P");
    let mut app = scene.spy.connect(&scene.database, Some(&scene.app));
    let insert = "INSERT INTO leadroute.leads (email, country, employees, score) VALUES ('last@last.com', 'DE', 50, 20) RETURNING status::pg_catalog.text";
    assert_eq!(text(&mut app, insert), "assigned");
}
