//! Settings are for superusers also where the library is not loaded yet, and anybody may set a placeholder of that name.

use leadroute_cluster_tests::{text, Database};
use postgres::Client;

/// A database with an app role of its own, which goes with its rights.
fn app(database: &Database) -> String {
    let app = format!("app_of_{}", database.name());
    let mut dba = database.connect();
    dba.batch_execute(&format!("CREATE ROLE {app}; SELECT leadroute.grant_role('app', '{app}'), leadroute.grant_role('monitor', '{app}')"))
        .expect("an app");
    dba.batch_execute(&format!("GRANT EXECUTE ON FUNCTION leadroute.set_presence(text, text) TO {app}"))
        .expect("a right");
    app
}

/// A new session of the app, which has said `before` before anything of leadroute was called.
fn session(database: &Database, app: &str, before: &str) -> Client {
    let mut client = database.connect();
    client.batch_execute(&format!("SET SESSION AUTHORIZATION {app}; {before}")).expect("a placeholder");
    client
}

fn drop(database: &Database, app: &str) {
    database.connect().batch_execute(&format!("DROP OWNED BY {app}; DROP ROLE {app}")).expect("no app");
}

const INSERT: &str = "INSERT INTO leadroute.leads (email) VALUES ('ada@acme.com') RETURNING status";

#[test]
fn a_placeholder_of_somebody_who_is_no_superuser_says_nothing() {
    let database = Database::with_pool(2);
    let app = app(&database);
    let mut client =
        session(&database, &app, "SET leadroute.enabled = off; SET leadroute.presence_ttl = 'for ever'");
    assert_eq!(
        text(&mut client, "SELECT detail FROM leadroute.routing_health WHERE \"check\" = 'routing'"),
        "is on"
    );
    let mut client = session(&database, &app, "SET leadroute.enabled = 'no idea'");
    assert_eq!(
        text(&mut client, "SELECT detail FROM leadroute.routing_health WHERE \"check\" = 'routing'"),
        "is on"
    );
    let mut client = session(&database, &app, "SET leadroute.enabled = off");
    assert_eq!(text(&mut client, INSERT), "assigned");
    assert_eq!(text(&mut client, "SHOW leadroute.enabled"), "on");
    let mut client = session(&database, &app, "SET leadroute.presence_ttl = 'for ever'");
    client.batch_execute("SELECT leadroute.set_presence('r1', 'away')").expect("a presence");
    let refused = client.batch_execute("SET leadroute.enabled = off").expect_err("for superusers");
    assert_eq!(refused.code().expect("an error of the server").code(), "42501");
    drop(&database, &app);
}

#[test]
fn what_a_superuser_sets_for_a_role_counts_from_its_first_lead_on() {
    let database = Database::with_pool(2);
    let app = app(&database);
    let mut dba = database.connect();
    dba.batch_execute(&format!("ALTER ROLE {app} LOGIN; ALTER ROLE {app} SET leadroute.enabled = off"))
        .unwrap();
    let as_app = || {
        let mut config = postgres::Config::new();
        config
            .host(&std::env::var("PGHOST").unwrap())
            .port(std::env::var("PGPORT").unwrap().parse().unwrap());
        config.user(&app).dbname(database.name()).connect(postgres::NoTls).expect("a session")
    };
    assert_eq!(text(&mut as_app(), INSERT), "new");
    // a placeholder of the app's own does not win over it
    let mut client = as_app();
    client.batch_execute("SET leadroute.enabled = on").unwrap();
    assert_eq!(text(&mut client, INSERT), "new");
    assert_eq!(text(&mut client, "SHOW leadroute.enabled"), "off");
    // nor can the app set it for later sessions
    let refused = as_app().batch_execute(&format!("ALTER ROLE {app} SET leadroute.enabled = on"));
    assert_eq!(refused.expect_err("for superusers").code().expect("an error of the server").code(), "42501");
    drop(&database, &app);
}

#[test]
fn a_session_that_loads_the_library_when_it_begins_knows_the_settings() {
    let database = Database::empty();
    let unknown =
        database.connect().batch_execute("SHOW leadroute.enabled").expect_err("nobody has loaded it");
    assert_eq!(unknown.code().expect("an error of the server").code(), "42704");
    let set = format!("ALTER DATABASE {} SET session_preload_libraries = leadroute", database.name());
    database.connect().batch_execute(&set).unwrap();
    let mut client = database.connect();
    assert_eq!(text(&mut client, "SHOW leadroute.enabled"), "on");
    assert_eq!(text(&mut client, "SELECT setting FROM pg_settings WHERE name = 'leadroute.turn_wait'"), "50");
}
