//! The worker as a process, and a company that it works for.

use leadroute_cluster_tests::{number, wait_for, Database};
use postgres::Client;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Counts requests that nobody has answered.
pub const OPEN: &str =
    "SELECT count(*) FROM leadroute.notifications WHERE right(kind, 10) = '_requested' AND acked_at IS NULL";

/// The example, as a role with the two recipes and no more. It ends with the test.
pub struct Worker(pub Child);

impl Worker {
    pub fn start(database: &Database, settings: &Value) -> Self {
        let path = settings_file(database);
        std::fs::write(&path, settings.to_string()).expect("a file");
        let child = Command::new(program())
            .env("PGDATABASE", database.name())
            .env("PGUSER", role(database))
            .env("WORKER_SETTINGS", path)
            .env("OCTAVE_API_KEY", "an api key")
            .env("CALLBACK_SECRET", "a secret of ours")
            .env("PRESENCE_SECRET", "a secret of both")
            .stdout(Stdio::null())
            .spawn();
        Self(child.expect("the example: cargo build -p leadroute-worker"))
    }

    /// Sends SIGTERM; the exit code.
    pub fn stop(mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.expect("kill").success());
        wait_for("the worker to stop", 30, || self.0.try_wait().expect("a child")).code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn program() -> PathBuf {
    let mut program = std::env::current_exe().expect("a path");
    program.pop();
    program.pop();
    program.join("leadroute-worker")
}

fn settings_file(database: &Database) -> PathBuf {
    std::env::temp_dir().join(format!("{}.json", database.name()))
}

fn role(database: &Database) -> String {
    format!("worker_{}", database.name())
}

/// A company whose leads with a score of 50 and more go to r2, all others to r1, and providers for all of them.
pub struct Company {
    pub database: Database,
    pub client: Client,
}

impl Company {
    pub fn new(providers: &str) -> Self {
        let database = Database::with_pool(1);
        let mut client = database.connect();
        let sql = format!(
            "INSERT INTO leadroute.reps (id) VALUES ('r2'); INSERT INTO leadroute.pools (name) VALUES ('hot');
             INSERT INTO leadroute.pool_members (pool, rep_id) VALUES ('hot', 'r2');
             INSERT INTO leadroute.tiers (segment, name, score, pool) VALUES ('everybody', 'hot', '[50,)', 'hot'), ('everybody', 'all', '(,50)', 'pool');
             INSERT INTO leadroute.playbooks (name) VALUES ('call'); INSERT INTO leadroute.providers (name, kind, fields) VALUES {providers};
             CREATE ROLE {0} LOGIN;
             SELECT leadroute.grant_role('provider', '{0}'), leadroute.grant_role('calendar', '{0}')",
            role(&database)
        );
        client.batch_execute(&sql).expect("a company");
        Self { database, client }
    }

    pub fn leads(&mut self, count: u32) {
        let sql = format!("INSERT INTO leadroute.leads (email, first_name) SELECT n || '@acme' || n || '.com', 'Ada' FROM generate_series(1, {count}) n");
        self.client.batch_execute(&sql).expect("leads");
    }

    pub fn wait_until_none_is_open(&mut self) {
        wait_for("all requests to be answered", 60, || (number(&mut self.client, OPEN) == 0).then_some(()));
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(settings_file(&self.database));
        let role = role(&self.database);
        let _ = self.client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
}

/// A port that nobody has.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// Posts to the worker; the status and the body.
pub fn post(port: u16, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the worker");
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.0\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned())
}
