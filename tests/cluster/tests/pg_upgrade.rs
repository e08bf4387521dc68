//! pg_upgrade carries everything over: nothing is routed again, attached tables are in force from the first statement
//! on, and what their expressions need cannot be dropped. So does a dump of the first version that is restored on the last.
//! On clusters of its own: `UPGRADE_PATH="14 17 18"` says which major versions, one after the other, and dev/tree.sh must
//! have installed the extension for each.

use leadroute_cluster_tests::restoring::{
    check_books, differences, facts, fill, next_owners, not_refused, problems, Facts, Place, NEEDED,
};
use std::process::Command;

/// A cluster for each version of the path, named by number; deleted at the end.
struct Clusters {
    majors: Vec<String>,
}

impl Clusters {
    fn create() -> Self {
        let own = run("", "printf %s \"$PG_MAJOR\"");
        let path = std::env::var("UPGRADE_PATH").unwrap_or_else(|_| format!("{own} {own}"));
        let clusters = Self { majors: path.split_whitespace().map(str::to_owned).collect() };
        assert!(clusters.majors.len() > 1, "UPGRADE_PATH is {path:?}: two versions or more are needed");
        run("", r#"rm -rf "$home"; mkdir -p "$home"; chmod 755 "$PRIVATE" "$PRIVATE/clusters" "$home""#);
        for number in 0..clusters.majors.len() {
            clusters.run(
                number,
                r#"install -d -o "$SERVER_USER" "$home/$n" "$home/$n/data" "$home/$n/socket" "$home/$n/logs"
                   [ -e "$("$PG_CONFIG_PRIVATE" --sharedir)/extension/leadroute.control" ] ||
                       die "leadroute is not installed for PostgreSQL $PG_MAJOR: PG_MAJOR=$PG_MAJOR dev/tree.sh"
                   # from 18 on they are made unless one says no
                   sums=; [ "$PG_MAJOR" -lt 18 ] || sums=--no-data-checksums
                   as_server "$PG_BIN/initdb" -D "$home/$n/data" -U leadroute -A trust -E UTF8 --locale=C.UTF-8 $sums
                   printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\n" "$home/$n/socket" |
                       as_server tee -a "$home/$n/data/postgresql.conf""#,
            );
        }
        clusters
    }

    /// Runs shell commands for the version of a cluster; `$n` is its number.
    fn run(&self, number: usize, script: &str) -> String {
        run(&self.majors[number], &format!("n={number}\n{script}"))
    }

    /// A program of the version of a cluster.
    fn program(&self, number: usize, name: &str) -> String {
        self.run(number, &format!("printf %s \"$PG_BIN/{name}\""))
    }

    /// Starts one of them; its database of that name.
    fn start(&self, number: usize, database: &str) -> Place {
        self.run(
            number,
            r#"as_server "$PG_BIN/pg_ctl" -D "$home/$n/data" -l "$home/$n/logs/server.log" -w -t 60 start >/dev/null"#,
        );
        Place::new(self.run(number, "printf %s \"$home/$n/socket\"").as_str(), "leadroute", database)
    }

    fn stop(&self, number: usize) {
        self.run(number, r#"as_server "$PG_BIN/pg_ctl" -D "$home/$n/data" -w -m fast stop"#);
    }

    /// Upgrades the cluster before to that of a number.
    fn upgrade_to(&self, number: usize) {
        let old = self.program(number - 1, "");
        self.run(
            number,
            &format!(
                r#"as_server bash -c 'cd "$1" && shift && exec "$@"' bash "$home/$n/logs" "$PG_BIN/pg_upgrade" \
                       -b "{old}" -B "$PG_BIN" -d "$home/{}/data" -D "$home/$n/data" -s "$home/$n/socket" -U leadroute"#,
                number - 1
            ),
        );
    }
}

impl Drop for Clusters {
    fn drop(&mut self) {
        for number in 0..self.majors.len() {
            let stop = r#"as_server "$PG_BIN/pg_ctl" -D "$home/$n/data" -w -m immediate stop >/dev/null 2>&1 || true"#;
            self.run(number, stop);
        }
        run("", r#"rm -rf "$home""#);
    }
}

/// Runs shell commands with the variables and functions of dev/common.sh for a major version, or that under test;
/// answers what they print.
fn run(major: &str, script: &str) -> String {
    let common = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dev/common.sh");
    let script =
        format!(". \"$0\"; home=$PRIVATE/clusters/upgrade; mkdir -p \"$PRIVATE/clusters\"\n{script}");
    let mut command = Command::new("bash");
    if !major.is_empty() && std::env::var("PG_MAJOR").is_ok_and(|own| own != major) {
        command.env("PG_MAJOR", major).env_remove("PG_CONFIG");
    }
    let output = command.args(["-c", &script, common]).output().expect("bash");
    let [out, err] = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{script}:\n{out}\n{err}");
    out
}

/// What is wrong with a company that was carried over.
fn wrong(place: &Place, before: &Facts) -> Vec<String> {
    // each as the first statement of a session
    let mut found: Vec<String> =
        NEEDED.iter().filter_map(|sql| not_refused(&mut place.connect(), sql)).collect();
    let mut client = place.connect();
    found.extend(differences(before, &facts(&mut client)));
    found.extend(problems(&mut client));
    found
}

/// Dumps a company with the programs of a version.
fn dump(clusters: &Clusters, from: &Place, with: usize) -> String {
    let file = run("", "printf %s \"$home/company.dump\"");
    let program = clusters.program(with, "pg_dump");
    assert_eq!(from.run(&[&program, "-Fc", "-f", &file]), Vec::<String>::new());
    file
}

#[test]
fn an_upgraded_cluster_goes_on_as_before() {
    let clusters = Clusters::create();
    let last = clusters.majors.len() - 1;
    let place = clusters.start(0, "company");
    place.program("createdb").arg("company").status().expect("createdb");
    place
        .connect()
        .batch_execute("SET client_min_messages = warning; CREATE EXTENSION leadroute CASCADE")
        .unwrap();
    fill(&place, &place);
    let before = facts(&mut place.connect());
    let file = dump(&clusters, &place, last);
    clusters.stop(0);

    let mut found = Vec::new();
    for number in 1..=last {
        clusters.upgrade_to(number);
        let place = clusters.start(number, "company");
        let on = format!("on {}", clusters.majors[number]);
        found.extend(wrong(&place, &before).iter().map(|line| format!("{on}: {line}")));
        if number < last {
            clusters.stop(number);
        }
    }
    let socket = clusters.run(last, "printf %s \"$home/$n/socket\"");
    let [upgraded, restored] = ["company", "restored"].map(|name| Place::new(&socket, "leadroute", name));
    restored.program("createdb").args(["-T", "template0", "restored"]).status().expect("createdb");
    found.extend(restored.run(&[&clusters.program(last, "pg_restore"), "-d", "restored", &file]));
    found.extend(wrong(&restored, &before).iter().map(|line| format!("restored: {line}")));

    let next = [&upgraded, &restored].map(|place| next_owners(&mut place.connect()));
    if found.is_empty() {
        check_books(&mut upgraded.connect());
        check_books(&mut restored.connect());
    }
    clusters.stop(last);
    let first = next_owners(&mut clusters.start(0, "company").connect());
    for then in &next {
        found.extend(differences(&first, then));
    }
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}
