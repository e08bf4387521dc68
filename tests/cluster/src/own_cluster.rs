//! A cluster for one test, where it needs settings of the server or cuts it off.

use postgres::{Client, Config, NoTls};
use std::path::PathBuf;
use std::process::Command;

/// A private cluster that is dropped at the end.
pub struct Cluster {
    name: &'static str,
}

impl Cluster {
    /// Starts one of that name, without what an earlier test has left.
    pub fn start(name: &'static str) -> Self {
        let cluster = Self { name };
        cluster.run("drop");
        cluster.run("start");
        cluster
    }

    /// A hot standby of another one.
    pub fn follow(name: &'static str, primary: &Self) -> Self {
        let cluster = Self { name };
        cluster.run_with(&["follow", name, primary.name]);
        cluster
    }

    /// Does what `dev/cluster.sh` calls so.
    pub fn run(&self, verb: &str) -> String {
        self.run_with(&[verb, self.name])
    }

    fn run_with(&self, words: &[&str]) -> String {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dev/cluster.sh");
        let output = Command::new(script).args(words).output().expect("dev/cluster.sh");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The folder of its socket.
    pub fn host(&self) -> String {
        let variables = self.run("env");
        let host = variables.split_whitespace().find_map(|word| word.strip_prefix("PGHOST="));
        host.expect("a socket").to_owned()
    }

    /// A session, if the server answers.
    pub fn connect(&self, user: &str, database: &str) -> Option<Client> {
        Config::new().host(&self.host()).port(5432).user(user).dbname(database).connect(NoTls).ok()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("drop");
    }
}
