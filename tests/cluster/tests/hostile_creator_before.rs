//! Hostile creator: what P may have made before the extension comes, to be in it when it is there.

use leadroute_cluster_tests::own_cluster::Cluster;
use leadroute_cluster_tests::roles::{in_words, Scene};
use postgres::Error;

/// Fails unless creating the extension was refused with this code and a hint.
fn check_refused(created: Result<(), Error>, code: &str, what: &str) {
    let error = created.expect_err(what);
    let error = error.as_db_error().expect("an error of the server");
    assert_eq!(error.code().code(), code, "{what}: {error}");
    assert!(error.hint().is_some(), "{what}: a hint says what to do");
}

/// A schema of the name of ours would hold functions of whoever made it: then nobody creates the extension.
#[test]
fn a_schema_that_is_there_before_is_refused() {
    for schema in ["leadroute", "leadroute_internal"] {
        let scene = Scene::before();
        let make = format!(
            "CREATE SCHEMA {schema}; CREATE FUNCTION {schema}.route_lead(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT spy.same($1)'"
        );
        scene.session().batch_execute(&make).unwrap();
        for mut client in [scene.session(), scene.dba()] {
            check_refused(client.batch_execute("CREATE EXTENSION leadroute CASCADE"), "42P06", schema);
        }
        scene.check(schema);
    }
}

/// How P, who has CREATEROLE, may create that role, to make use of it once it owns everything; `{P}` is P.
const BY_P: [&str; 6] = [
    "CREATE ROLE leadroute_owner LOGIN",
    "CREATE ROLE leadroute_owner CREATEDB",
    "CREATE ROLE leadroute_owner CREATEROLE",
    "CREATE ROLE leadroute_owner IN ROLE other",
    "CREATE ROLE leadroute_owner ROLE {P}",
    "CREATE ROLE leadroute_owner ADMIN {P}",
];
/// What only a superuser may do.
const BY_A_SUPERUSER: [&str; 4] = [
    "CREATE ROLE leadroute_owner SUPERUSER",
    "CREATE ROLE leadroute_owner REPLICATION",
    "CREATE ROLE leadroute_owner BYPASSRLS",
    // P may let others in, or do so once everything belongs to that role
    "CREATE ROLE leadroute_owner; GRANT leadroute_owner TO {P} WITH ADMIN OPTION",
];

/// A role `leadroute_owner` that may do more than own things, or that somebody can become, owns nothing of ours.
#[test]
fn a_role_that_is_there_before_is_looked_at() {
    // it has no role leadroute_owner yet
    let cluster = Cluster::start("owner");
    let connect = |user: &str, database: &str| cluster.connect(user, database).expect("a session");
    let mut dba = connect("leadroute", "postgres");
    // from PostgreSQL 16 on P can give away only what P has
    dba.batch_execute(
        "CREATE ROLE p LOGIN CREATEROLE CREATEDB; CREATE ROLE q LOGIN; CREATE ROLE other; GRANT other TO p WITH ADMIN OPTION",
    )
    .unwrap();
    for database in ["company", "second", "third"] {
        dba.batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
        dba.batch_execute(&format!("GRANT CREATE ON DATABASE {database} TO q")).unwrap();
    }
    let install = "CREATE EXTENSION leadroute CASCADE";
    let attempts =
        BY_P.iter().map(|sql| ("p", sql)).chain(BY_A_SUPERUSER.iter().map(|sql| ("leadroute", sql)));
    for (maker, sql) in attempts {
        let made = connect(maker, "company").batch_execute(&sql.replace("{P}", "p"));
        match made {
            // and is always an admin of the role: cannot be made one again
            Err(error) if error.code().is_some_and(|code| code.code() == "0LP01") => continue,
            made => made.unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error))),
        }
        for installer in ["leadroute", "q"] {
            check_refused(connect(installer, "company").batch_execute(install), "55000", sql);
        }
        dba.batch_execute("DROP ROLE leadroute_owner").unwrap();
    }
    // One that may do nothing and has nobody in it will do, and so will the one that the extension made.
    dba.batch_execute("CREATE ROLE leadroute_owner").unwrap();
    for database in ["company", "second"] {
        connect("q", database).batch_execute(install).unwrap();
    }
    let begins_anew = "DROP EXTENSION leadroute";
    for database in ["company", "second"] {
        connect("q", database).batch_execute(begins_anew).unwrap();
    }
    dba.batch_execute("DROP ROLE leadroute_owner").unwrap();
    connect("q", "third").batch_execute(install).unwrap();
}
