//! pg_upgrade carries everything over: nothing is routed again, attached tables are in force from the first statement
//! on, and what their expressions need cannot be dropped. On clusters of its own.

use leadroute_cluster_tests::restoring::{
    check_books, differences, facts, fill, next_owners, not_refused, problems, Place, NEEDED,
};
use std::process::Command;

/// The old cluster and the new one, of which one runs at a time; deleted at the end.
struct Clusters;

impl Clusters {
    fn create() -> Self {
        Self::run(
            r#"rm -rf "$home"; mkdir -p "$home"; chmod 755 "$PRIVATE" "$PRIVATE/clusters" "$CLUSTERS" "$home"
               install -d -o "$SERVER_USER" "$home/socket" "$home/old" "$home/new" "$home/logs"
               for data in "$home/old" "$home/new"; do
                   as_server "$PG_BIN/initdb" -D "$data" -U leadroute -A trust -E UTF8 --locale=C.UTF-8
                   printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\n" "$home/socket" |
                       as_server tee -a "$data/postgresql.conf"
               done"#,
        );
        Self
    }

    /// Runs shell commands with the variables and functions of dev/common.sh; answers what they print.
    fn run(script: &str) -> String {
        let common = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dev/common.sh");
        let script = format!(". \"$0\"; home=$CLUSTERS/upgrade; mkdir -p \"$CLUSTERS\"\n{script}");
        let output = Command::new("bash").args(["-c", &script, common]).output().expect("bash");
        let [out, err] =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        assert!(output.status.success(), "{script}:\n{out}\n{err}");
        out
    }

    /// Starts one of them; the database `company` there.
    fn start(which: &str) -> Place {
        let log = "-l \"$home/logs/server.log\" -w -t 60";
        Self::run(&format!("as_server \"$PG_BIN/pg_ctl\" -D \"$home/{which}\" {log} start >/dev/null"));
        Place::new(Self::run("printf %s \"$home/socket\"").as_str(), "leadroute", "company")
    }

    fn stop(which: &str) {
        Self::run(&format!("as_server \"$PG_BIN/pg_ctl\" -D \"$home/{which}\" -w -m fast stop"));
    }

    fn upgrade() {
        Self::run(
            r#"as_server bash -c 'cd "$1" && shift && exec "$@"' bash "$home/logs" "$PG_BIN/pg_upgrade" \
                   -b "$PG_BIN" -B "$PG_BIN" -d "$home/old" -D "$home/new" -s "$home/socket" -U leadroute"#,
        );
    }
}

impl Drop for Clusters {
    fn drop(&mut self) {
        Self::run(
            r#"for data in "$home/old" "$home/new"; do
                   as_server "$PG_BIN/pg_ctl" -D "$data" -w -m immediate stop >/dev/null 2>&1 || true
               done
               rm -rf "$home""#,
        );
    }
}

#[test]
fn an_upgraded_cluster_goes_on_as_before() {
    let _clusters = Clusters::create();
    let place = Clusters::start("old");
    place.program("createdb").arg("company").status().expect("createdb");
    place
        .connect()
        .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
        .unwrap();
    fill(&place, &place);
    let before = facts(&mut place.connect());
    Clusters::stop("old");
    Clusters::upgrade();

    let place = Clusters::start("new");
    // each as the first statement of a session
    let mut found: Vec<String> =
        NEEDED.iter().filter_map(|sql| not_refused(&mut place.connect(), sql)).collect();
    let mut upgraded = place.connect();
    found.extend(differences(&before, &facts(&mut upgraded)));
    found.extend(problems(&mut upgraded));
    let next = next_owners(&mut upgraded);
    if found.is_empty() {
        check_books(&mut upgraded);
    }
    drop(upgraded);
    Clusters::stop("new");

    let place = Clusters::start("old");
    found.extend(differences(&next_owners(&mut place.connect()), &next));
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}
