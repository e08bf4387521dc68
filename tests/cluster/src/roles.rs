//! Roles that a test makes, databases without the extension, and a spy that tells as which role planted code runs.

pub mod tables;

use crate::{config, Database, NUMBER};
use postgres::{error::DbError, Client, Error, NoTls};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Objects of the extension: `pg_class`, `pg_proc` and `pg_type` have them in these schemas.
pub const SCHEMAS: &str = "('leadroute', 'leadroute_internal')";

/// A role of the cluster, which is dropped at the end. Declare it before the databases in which it owns something:
/// what is declared first is dropped last.
pub struct Role {
    name: String,
}

impl Role {
    /// A new role that may log in and nothing else, but for `attributes`.
    pub fn new(label: &str, attributes: &str) -> Self {
        let name = format!("{label}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut client = config().dbname("postgres").connect(NoTls).expect("a server");
        client.batch_execute(&format!("CREATE ROLE {name} LOGIN {attributes}")).expect("a role");
        Self { name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let sql = format!("DROP ROLE IF EXISTS {}", self.name);
        let Ok(mut client) = config().dbname("postgres").connect(NoTls) else { return };
        if let Err(error) = client.batch_execute(&sql) {
            eprintln!("{sql}: {}", in_words(&error));
        }
    }
}

impl Database {
    /// A new database without the extension.
    pub fn bare() -> Self {
        Self::from_template("template1")
    }

    /// A copy of this one. Nobody may be connected to it.
    pub fn copy(&self) -> Self {
        Self::from_template(self.name())
    }

    fn from_template(template: &str) -> Self {
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut client = config().dbname("postgres").connect(NoTls).expect("a server");
        client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).expect("a database");
        Self { name }
    }

    /// A new session of a role.
    pub fn connect_as(&self, role: &Role) -> Client {
        config().dbname(self.name()).user(role.name()).connect(NoTls).expect("a session of a role")
    }
}

/// What the code that P plants says when it runs: a row in a table is lost with its transaction, a message is not.
#[derive(Clone, Default)]
pub struct Spy {
    heard: Arc<Mutex<Vec<String>>>,
}

impl Spy {
    /// A session whose messages are listened to; of the superuser, or of a role.
    pub fn connect(&self, database: &Database, role: Option<&Role>) -> Client {
        let heard = Arc::clone(&self.heard);
        let mut config = config();
        if let Some(role) = role {
            config.user(role.name());
        }
        config.dbname(database.name()).notice_callback(move |notice: DbError| {
            if notice.message().starts_with("sprung") {
                heard.lock().expect("what was heard").push(notice.message().to_owned());
            }
        });
        config.connect(NoTls).expect("a session")
    }

    /// What planted code said, each thing once.
    pub fn heard(&self) -> BTreeSet<String> {
        self.heard.lock().expect("what was heard").iter().cloned().collect()
    }

    /// Forgets what was said.
    pub fn forget(&self) {
        self.heard.lock().expect("what was heard").clear();
    }

    /// The functions that P plants, in schema `spy`, and what each may be used for.
    ///
    /// Each of them says as whom it runs, and makes P a superuser if it can, unless the session says that it names a
    /// table of P in a statement of its own: `SET spy.names = 'yes'`. PostgreSQL runs the code of a table as whoever
    /// does that.
    pub fn plant(client: &mut Client, thief: &Role) {
        client
            .batch_execute(&include_str!("roles/planted.sql").replace("{P}", thief.name()))
            .expect("schema spy");
    }

    /// Fails if planted code ran as anybody but P, if P has become more than P was, or if anybody but P evaluated a
    /// mapping. A session that names a table of P itself may run the rest of its code, as who it is.
    pub fn check(&self, database: &Database, thief: &Role, what: &str) {
        let mut sprung = self.heard();
        sprung.retain(|line| {
            let who = line.split_once(" as ").and_then(|(_, who)| who.split_once(" in a session of "));
            let (who, session) = who.expect("who ran it");
            let is_named = session.strip_suffix(", which names the table") == Some(who);
            who != thief.name() && (!is_named || line.contains("a mapping"))
        });
        assert!(sprung.is_empty(), "{what}: planted code ran as somebody else:\n{sprung:#?}");
        let sql = format!(
            "SELECT count(*) FROM pg_roles r WHERE r.rolname = '{}' AND (r.rolsuper OR r.rolcreaterole
                 OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))",
            thief.name()
        );
        let mut client = database.connect();
        client.batch_execute("SET search_path = pg_catalog").expect("a session");
        let risen = crate::number(&mut client, &sql);
        assert_eq!(risen, 0, "{what}: P may do more than before");
    }
}

/// What the README lets an app do.
const GRANTS: &str = "
    GRANT INSERT ON leadroute.leads TO {app};
    GRANT SELECT (id, owner_id, queue, status, sla_due_at, country) ON leadroute.leads TO {app};
    GRANT EXECUTE ON FUNCTION leadroute.route_lead(jsonb) TO {app}";

/// A company with an app, whose DBA lets P create the extension. What is declared first is dropped first.
pub struct Scene {
    /// Where it all is.
    pub database: Database,
    /// Listens to what P plants.
    pub spy: Spy,
    /// P.
    pub thief: Role,
    /// May insert leads and learn who owns them.
    pub app: Role,
}

impl Scene {
    /// P has created the extension.
    pub fn created() -> Self {
        let scene = Self::before();
        let created = scene.session().batch_execute("CREATE EXTENSION leadroute CASCADE");
        created.unwrap_or_else(|error| panic!("P may create it: {}", in_words(&error)));
        scene.furnish();
        scene
    }

    /// P has planted functions, and nobody has created the extension yet.
    pub fn before() -> Self {
        let database = Database::bare();
        let (spy, thief) = (Spy::default(), Role::new("lr_thief", ""));
        let create = format!("GRANT CREATE ON DATABASE {} TO {}", database.name(), thief.name());
        database.connect().batch_execute(&create).expect("a grant");
        let scene = Self { database, spy, thief, app: Role::new("lr_app", "") };
        Spy::plant(&mut scene.session(), &scene.thief);
        scene
    }

    /// The DBA has created the extension, and P may attach tables.
    pub fn installed() -> Self {
        let scene = Self::before();
        scene.dba().batch_execute("CREATE EXTENSION leadroute CASCADE").expect("the extension");
        scene.furnish();
        let grant =
            "GRANT EXECUTE ON FUNCTION leadroute.attach(regclass, jsonb), leadroute.detach(regclass) TO";
        scene.dba().batch_execute(&format!("{grant} {}", scene.thief.name())).expect("a grant");
        scene
    }

    /// The DBA gives the company its rules, and the app its rights.
    pub fn furnish(&self) {
        let mut dba = self.dba();
        let rules = include_str!("paths/company.sql");
        let tables =
            "CREATE TABLE public.crm_lead (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text, owner text);
             INSERT INTO leadroute.leads (email) VALUES ('one@one.com'), ('two@two.com')";
        for sql in [rules, tables, &GRANTS.replace("{app}", self.app.name())] {
            dba.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error)));
        }
    }

    /// A session of the DBA, to whom no schema of others gets into the way.
    pub fn dba(&self) -> Client {
        let mut dba = self.spy.connect(&self.database, None);
        dba.batch_execute("SET search_path = pg_catalog").expect("a session");
        dba
    }

    /// A session of P.
    pub fn session(&self) -> Client {
        self.spy.connect(&self.database, Some(&self.thief))
    }

    /// The DBA, the app, P and the DBA again do everything usual; each session begins with `settings`.
    pub fn everybody_works(&self, settings: &str) {
        let sessions = [None, Some(&self.app), Some(&self.thief), None];
        for (n, role) in (1..).zip(sessions) {
            let mut client = self.spy.connect(&self.database, role);
            client.batch_execute(settings).expect("settings");
            everyday(&mut client, n);
        }
    }

    /// Fails if code of P ran as somebody else, or P has become more than P was.
    pub fn check(&self, what: &str) {
        self.spy.check(&self.database, &self.thief, what);
    }
}

/// An error of the server: its code, and what it says.
pub fn in_words(error: &Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("{} {}", error.code().code(), error.message()),
        None => format!("no answer: {error}"),
    }
}

/// Runs one statement; answers the code of its error, or nothing. An internal error fails the test, and so does a
/// server that is gone.
pub fn attempt(client: &mut Client, sql: &str) -> Option<String> {
    let error = client.batch_execute(sql).err()?;
    let code = error.code().map(|code| code.code().to_owned());
    assert!(code.as_deref().is_some_and(|code| code != "XX000"), "{sql}: {}", in_words(&error));
    code
}

/// A session that is followed by another one when its backend dies, and notes of which statements it died.
pub struct Survivor<'a> {
    /// Statements of which a backend died.
    pub deaths: Vec<String>,
    /// The session.
    pub client: Client,
    database: &'a Database,
    pid: i32,
    log: i64,
}

impl<'a> Survivor<'a> {
    /// A session that is there.
    pub fn new(database: &'a Database) -> Self {
        let (mut client, pid) = Self::begin(database).expect("a session");
        let log = log_size(&mut client);
        Self { deaths: Vec::new(), client, database, pid, log }
    }

    fn begin(database: &Database) -> Result<(Client, i32), Error> {
        let mut client = config().dbname(database.name()).connect(NoTls)?;
        client.batch_execute("SET client_min_messages = error; SET search_path = ''")?;
        let pid = client.query_one("SELECT pg_backend_pid()", &[])?.get(0);
        Ok((client, pid))
    }

    /// Runs SQL; answers the error, which begins with its code, or `died`. The death of another backend, of which all
    /// sessions die, is not noted.
    pub fn run(&mut self, sql: &str) -> Option<String> {
        let error = self.client.batch_execute(sql).err()?;
        if error.as_db_error().is_some() && !self.client.is_closed() {
            return Some(in_words(&error));
        }
        // A session that comes while the server ends all of them dies too.
        let ours = format!("(PID {}) was terminated", self.pid);
        let told = crate::wait_for("the server to be there again", 60, || {
            let (mut client, pid) = Self::begin(self.database).ok()?;
            let size = client.query_one(LOG_SIZE, &[]).ok()?.get::<_, i64>(0) - self.log;
            let log = format!("SELECT coalesce(pg_read_file('server.log', {}, {size}, true), '')", self.log);
            let told: String = client.query_one(&log, &[]).ok()?.get(0);
            (self.client, self.pid) = (client, pid);
            Some(told)
        });
        if told.is_empty() || told.contains(&ours) {
            self.deaths.push(format!("{}: {error}", sql.chars().take(500).collect::<String>()));
        }
        Some("died".to_owned())
    }
}

const LOG_SIZE: &str = "SELECT coalesce((SELECT size FROM pg_stat_file('server.log', true)), 0)";

/// How long the log of the server is.
pub fn log_size(client: &mut Client) -> i64 {
    crate::number(client, LOG_SIZE)
}

/// What the log tells of backends that died, from a place on.
pub fn deaths_in_log(client: &mut Client, from: i64) -> Vec<String> {
    let length = log_size(client) - from;
    let lines = format!(
        "SELECT l FROM regexp_split_to_table(pg_read_file('server.log', {from}, {length}, true), '\n') l"
    );
    list(client, &format!("{lines} WHERE l ~ 'terminated by signal|PANIC:'"))
}

/// The text of each row.
pub fn list(client: &mut Client, sql: &str) -> Vec<String> {
    let rows = client.query(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error)));
    rows.iter().map(|row| row.get(0)).collect()
}

/// What a company does with leadroute all day, each in a statement of its own. None has an operator, a function or a
/// cast that is not named in full: they may run with any `search_path`.
pub const EVERYDAY: &str = include_str!("roles/everyday.sql");

/// Does in a session, as the n-th round, everything usual, and reads every view. Whatever is refused is refused.
pub fn everyday(client: &mut Client, n: u32) {
    for statement in EVERYDAY.split_terminator(";\n") {
        attempt(client, &statement.replace("{n}", &n.to_string()));
    }
    let views = "SELECT pg_catalog.format('SELECT * FROM leadroute.%I', c.relname) FROM pg_catalog.pg_class c
                  WHERE c.relkind OPERATOR(pg_catalog.=) 'v' AND c.relnamespace OPERATOR(pg_catalog.=)
                        (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'leadroute')";
    for view in list(client, views) {
        attempt(client, &view);
    }
}

/// Plants, as P, in a schema, before or after the extension comes, a better match for every call of a function and
/// every operator that the extension may use. Whoever finds them first, or finds nothing that fits as well, runs
/// them.
pub fn plant_better_matches(scene: &Scene, schema: &str) {
    let installed = Database::empty();
    let mut there = installed.connect();
    let mut statements =
        list(&mut there, &include_str!("roles/better_functions.sql").replace("{schema}", schema));
    statements
        .extend(list(&mut there, &include_str!("roles/better_operators.sql").replace("{schema}", schema)));
    let relations = "pg_class pg_attribute pg_proc pg_trigger pg_roles pg_namespace pg_type pg_index pg_depend pg_settings pg_extension";
    for name in relations.split(' ') {
        statements.push(format!(
            "CREATE VIEW {schema}.{name} AS SELECT * FROM pg_catalog.{name} WHERE spy.sprung('{name}')"
        ));
    }
    for name in ["text", "jsonb", "int8", "regclass", "timestamptz", "name", "oid"] {
        statements
            .push(format!("CREATE DOMAIN {schema}.{name} AS pg_catalog.{name} CHECK (spy.passes(VALUE))"));
    }
    let mut client = scene.session();
    let planted = statements.iter().filter(|sql| attempt(&mut client, sql).is_none()).count();
    assert!(planted > 500, "only {planted} of {} were planted", statements.len());
}
