//! However a dump of the sample company is made and restored, nothing is lost, nothing is routed again, and the next
//! leads go where they would have gone.

use leadroute_cluster_tests::restoring::{
    bare, fill, install, next_owners, require_change_requests, Dumped, Place,
};
use leadroute_cluster_tests::{number, text, Database};
use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What is there before a dump is restored.
#[derive(Clone, Copy)]
enum Before {
    /// Not even the extension.
    Nothing,
    /// The extension, and tables of users that were attached by hand.
    Installed,
    /// An earlier restore, in which life went on.
    Everything,
}

type Way = (&'static str, Before, &'static [&'static str]);

/// The dumped company, which the tests that run at the same time share.
fn source() -> Arc<Dumped> {
    static SHARED: Mutex<Weak<Dumped>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(source) = shared.upgrade() {
        return source;
    }
    let database = Database::empty();
    let place = Place::of(&database);
    fill(&place, &place);
    let source = Arc::new(Dumped::new(&place, &place));
    *shared = Arc::downgrade(&source);
    source
}

fn prepared(before: Before, dumped: &Dumped) -> Database {
    let database = bare();
    let place = Place::of(&database);
    match before {
        Before::Nothing => {}
        Before::Installed => install(&place),
        Before::Everything => {
            dumped.restore(&place, &["pg_restore {custom}"]);
            next_owners(&mut place.connect());
        }
    }
    database
}

/// Restores in each way, so many times; then tells all that is wrong in any of them.
fn check(times: usize, ways: &[Way]) {
    let source = source();
    let mut wrong = String::new();
    for (name, before, steps) in ways.iter().flat_map(|way| std::iter::repeat_n(way, times)) {
        let database = prepared(*before, &source);
        require_change_requests(&database);
        let place = Place::of(&database);
        let mut found = source.restore(&place, steps);
        // pg_dump means to drop the key of each partition too, which PostgreSQL does not do, attached or not.
        if matches!(before, Before::Everything) {
            found = without_keys_of_partitions(&found);
        }
        wrong.push_str(&source.judge(name, found, &place));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Leaves out each error that says so, with the lines that belong to it.
fn without_keys_of_partitions(complaints: &[String]) -> Vec<String> {
    let text = complaints.join("\n");
    // where an error was stands before it, without what it was
    let places = ["while ", "from TOC entry", "warning: errors ignored on restore"];
    let others = text.split("pg_restore: ").filter(|part| {
        !part.contains("cannot drop inherited constraint")
            && !places.iter().any(|start| part.starts_with(start))
    });
    others.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[test]
fn archives_are_restored() {
    check(
        1,
        &[
            ("pg_restore", Before::Nothing, &["pg_restore {custom}"]),
            ("in one transaction", Before::Nothing, &["pg_restore --exit-on-error -1 {custom}"]),
            ("over all that was there", Before::Everything, &["pg_restore --clean --if-exists {custom}"]),
        ],
    );
}

/// The steps of a restore in parallel end in any order, so it is done again and again.
#[test]
fn archives_are_restored_in_parallel() {
    const DATA: &str = "pg_restore --section=data -j4 {custom}";
    const SECTIONS: [&str; 3] =
        ["pg_restore --section=pre-data {custom}", DATA, "pg_restore --section=post-data {custom}"];
    check(
        3,
        &[
            ("a directory", Before::Nothing, &["pg_restore -j4 {directory}"]),
            ("a file", Before::Nothing, &["pg_restore -j4 {custom}"]),
            ("by sections", Before::Nothing, &SECTIONS),
        ],
    );
}

#[test]
fn scripts_are_run() {
    check(
        1,
        &[
            ("COPY", Before::Nothing, &["psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {plain}"]),
            // what pg_dump pipes into it is this file
            (
                "COPY in one transaction",
                Before::Nothing,
                &["psql -Xq1 -o /dev/null -v ON_ERROR_STOP=1 -f {plain}"],
            ),
            ("INSERT", Before::Nothing, &["psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {inserts}"]),
            (
                "INSERT with columns",
                Before::Nothing,
                &["psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {columns}"],
            ),
            ("INSERT of 100 rows", Before::Nothing, &["psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {many}"]),
        ],
    );
}

#[test]
fn data_are_restored_after_the_schema() {
    const SCHEMA: &str = "pg_restore --schema-only {custom}";
    check(
        1,
        &[
            ("data", Before::Nothing, &[SCHEMA, "pg_restore --data-only {custom}"]),
            (
                "without triggers",
                Before::Nothing,
                &[SCHEMA, "pg_restore --data-only --disable-triggers {custom}"],
            ),
        ],
    );
}

#[test]
fn data_are_restored_into_an_installed_database() {
    const SCRIPT: &str = "psql -Xq -o /dev/null -v ON_ERROR_STOP=1 -f {data}";
    check(
        1,
        &[
            ("data", Before::Installed, &["pg_restore --data-only {custom}"]),
            ("data in one transaction", Before::Installed, &["pg_restore --data-only -1 {directory}"]),
            ("a script of data", Before::Installed, &[SCRIPT]),
            ("without triggers", Before::Installed, &["pg_restore --data-only --disable-triggers {custom}"]),
        ],
    );
}

#[test]
fn data_are_restored_in_parallel() {
    check(
        3,
        &[
            ("data", Before::Installed, &["pg_restore --data-only -j4 {custom}"]),
            (
                "without triggers",
                Before::Installed,
                &["pg_restore --data-only --disable-triggers -j4 {custom}"],
            ),
        ],
    );
}

/// Dumps one database and restores it into another.
fn copy(from: &Place, into: &Place) {
    let dump = from.program("pg_dump").arg("-Fp").output().expect("pg_dump");
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let mut psql = into.program("psql");
    let mut psql = psql
        .args(["-Xq", "-v", "ON_ERROR_STOP=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("psql");
    psql.stdin.take().expect("a pipe").write_all(&dump.stdout).expect("a script is read");
    assert!(psql.wait().expect("psql ends").success(), "the script has an error");
}

/// What a restore writes is dumped like what people have written: defaults that were deleted, above all.
#[test]
fn what_was_restored_is_dumped_and_restored_again() {
    let source = source();
    let [first, second] = [bare(), bare()];
    source.restore(&Place::of(&first), &["pg_restore {custom}"]);
    copy(&Place::of(&first), &Place::of(&second));
    assert_eq!(source.differences(&Place::of(&second)), Vec::<String>::new());
}

/// Nightly dumps are watched by people who read what they say.
#[test]
fn pg_dump_says_nothing() {
    assert_eq!(source().warnings, Vec::<String>::new());
}

/// A foreign key would make an order, which parallel restores do not keep.
#[test]
fn no_table_has_a_foreign_key() {
    let database = Database::empty();
    let keys = "SELECT coalesce(string_agg(format('%s: %s', conrelid::regclass, conname), ', '), '') FROM pg_constraint
                 WHERE contype = 'f' AND (SELECT relnamespace FROM pg_class WHERE oid = conrelid) = 'leadroute'::regnamespace";
    assert_eq!(text(&mut database.connect(), keys), "");
}

/// A dump says no more of the extension than its name: what it made is made again by the version that is there.
#[test]
fn the_schemas_come_and_go_with_the_extension() {
    let database = Database::empty();
    let dump = Place::of(&database).program("pg_dump").arg("--schema-only").output().expect("pg_dump");
    let script = String::from_utf8_lossy(&dump.stdout);
    let made: Vec<&str> = script
        .lines()
        .filter(|line| {
            line.starts_with("CREATE ") && line.contains("leadroute") && !line.contains("EXTENSION")
        })
        .collect();
    assert_eq!(made, Vec::<&str>::new());
    let mut client = database.connect();
    client.batch_execute("DROP EXTENSION leadroute").unwrap();
    assert_eq!(number(&mut client, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'leadroute%'"), 0);
}

/// Grants on what belongs to the extension are the users' own.
#[test]
fn grants_are_restored() {
    let source = Database::with_pool(1);
    source
        .connect()
        .batch_execute(
            "GRANT SELECT ON leadroute.decisions TO pg_monitor; GRANT INSERT (email) ON leadroute.leads TO pg_monitor;
             GRANT EXECUTE ON FUNCTION leadroute.route_lead(jsonb) TO pg_monitor",
        )
        .unwrap();
    let target = bare();
    copy(&Place::of(&source), &Place::of(&target));
    let granted = "SELECT count(*) FROM (VALUES
        (has_table_privilege('pg_monitor', 'leadroute.decisions', 'SELECT')),
        (has_column_privilege('pg_monitor', 'leadroute.leads', 'email', 'INSERT')),
        (has_function_privilege('pg_monitor', 'leadroute.route_lead(jsonb)', 'EXECUTE'))) AS v (granted) WHERE granted";
    assert_eq!(number(&mut target.connect(), granted), 3);
}
