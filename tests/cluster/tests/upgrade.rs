//! ALTER EXTENSION leadroute UPDATE: from each released version (sql/released) to this one, and from this one to a trial.
//! What users have is as before and nothing is routed again; grants are as before; and the extension is, object by object,
//! what it is where it was created new.

use leadroute_cluster_tests::restoring::{bare, check_books, differences, fill, next_owners, Facts, Place};
use leadroute_cluster_tests::{text, wait_for, Database};
use postgres::Client;
use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TRIAL: &str = include_str!("../src/upgrading/trial.sql");

/// Scripts of versions in the installation under test, removed at the end.
struct Scripts {
    folder: PathBuf,
    added: Vec<PathBuf>,
}

impl Scripts {
    fn new() -> Self {
        let output = Command::new("pg_config").arg("--sharedir").output().expect("pg_config");
        let folder = String::from_utf8(output.stdout).expect("a path in UTF-8");
        Self { folder: PathBuf::from(folder.trim()).join("extension"), added: Vec::new() }
    }

    fn read(&self, versions: &str) -> String {
        let file = self.folder.join(format!("leadroute--{versions}.sql"));
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    fn add(&mut self, versions: &str, sql: &str) {
        let file = self.folder.join(format!("leadroute--{versions}.sql"));
        std::fs::write(&file, sql).expect("the tests may write into their installation");
        self.added.push(file);
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        for file in &self.added {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A database with a version of the extension.
fn created(version: &str) -> Database {
    let database = bare();
    let create =
        format!("SET client_min_messages = warning; CREATE EXTENSION leadroute VERSION '{version}' CASCADE");
    database.connect().batch_execute(&create).unwrap_or_else(|error| panic!("{version}: {error:?}"));
    database
}

/// Another database with the same in it.
fn copy(original: &Database) -> Database {
    let copy = bare();
    let sql = format!("DROP DATABASE {0}; CREATE DATABASE {0} TEMPLATE {1}", copy.name(), original.name());
    for sql in sql.split("; ") {
        wait_for("nobody to be connected to the original", 30, || {
            Place::of(original).other("postgres").connect().batch_execute(sql).ok()
        });
    }
    copy
}

fn update(database: &Database, version: &str) {
    let update = format!("ALTER EXTENSION leadroute UPDATE TO '{version}'");
    database.connect().batch_execute(&update).unwrap_or_else(|error| panic!("to {version}: {error:?}"));
}

fn surface(database: &Database) -> Facts {
    let rows =
        database.connect().query(include_str!("../src/upgrading/surface.sql"), &[]).expect("its objects");
    assert!(rows.len() > 300, "only {} objects", rows.len());
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The columns that each table and sequence has now, as text to select.
fn columns(client: &mut Client) -> Facts {
    let sql = "SELECT c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relnamespace::regnamespace::text ~ '^(leadroute.*|public)$' AND c.relkind IN ('r', 'S') GROUP BY c.oid ORDER BY 1";
    client.query(sql, &[]).expect("columns").iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Digests of what is in these columns, and who was granted what.
fn contents(client: &mut Client, columns: &Facts) -> Facts {
    let mut found: Facts = columns
        .iter()
        .map(|(table, names)| {
            let rows = format!("SELECT ROW({names})::text AS t FROM {table}");
            let sql = format!("SELECT count(*) || ' rows ' || coalesce(md5(string_agg(t, '|' ORDER BY t)), '') FROM ({rows}) x");
            (table.clone(), text(client, &sql))
        })
        .collect();
    let grants = "SELECT coalesce(string_agg(concat_ws(' ', c.oid::regclass, a.attname, c.relacl, a.attacl), E'\\n' ORDER BY c.oid::regclass::text, a.attname), '')
                    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
                   WHERE c.relnamespace::regnamespace::text ~ '^(leadroute.*|public)$' AND c.oid::regclass::text = ANY (string_to_array('{}', E'\\n'))";
    let names: Vec<&str> = columns.iter().map(|(table, _)| table.as_str()).collect();
    found.push((
        "grants".to_owned(),
        text(client, &grants.replace("{}", &names.join("\n").replace('\'', "''"))),
    ));
    found
}

/// What is wrong after an update of a company from one version to another.
fn wrong(from: &str, to: &str) -> Vec<String> {
    let empty = created(from);
    let company = copy(&empty);
    let place = Place::of(&company);
    fill(&place, &place);
    // one that stays as it is
    let twin = copy(&company);
    let grant = "DROP ROLE IF EXISTS upgrading_app; CREATE ROLE upgrading_app; SELECT leadroute.grant_role('app', 'upgrading_app')";
    company.connect().batch_execute(grant).expect("a grant");
    let mut client = company.connect();
    let places = columns(&mut client);
    let before = contents(&mut client, &places);
    update(&company, to);
    let mut found = differences(&before, &contents(&mut client, &places));
    // in the session that was there before, and as in the company that stays
    let next = next_owners(&mut client);
    let without_table = |facts: Facts| -> Facts {
        facts
            .into_iter()
            .filter(|(name, _)| !name.starts_with("public.") && !name.starts_with("rows of"))
            .collect()
    };
    let expected = without_table(next_owners(&mut twin.connect()));
    found.extend(differences(&expected, &without_table(next)));
    check_books(&mut client);
    drop(client);
    let end = "DROP OWNED BY upgrading_app; DROP ROLE upgrading_app";
    company.connect().batch_execute(end).expect("the role goes");
    update(&empty, to);
    found.extend(differences(&surface(&created(to)), &surface(&empty)));
    found
}

#[test]
fn each_released_version_becomes_this_one() {
    let released = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sql/released");
    let mut scripts = Scripts::new();
    for entry in std::fs::read_dir(released).expect("sql/released") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let version = name.strip_prefix("leadroute--").and_then(|name| name.strip_suffix(".sql"));
        let Some(version) = version.filter(|version| *version != VERSION) else { continue };
        scripts.add(version, &std::fs::read_to_string(&path).expect("a script"));
        assert_eq!(wrong(version, VERSION), Vec::<String>::new(), "from {version}");
    }
}

#[test]
fn this_version_becomes_a_trial() {
    let mut scripts = Scripts::new();
    let now = scripts.read(VERSION);
    scripts.add("trial", &format!("{now}\n{TRIAL}"));
    scripts.add(&format!("{VERSION}--trial"), TRIAL);
    assert_eq!(wrong(VERSION, "trial"), Vec::<String>::new());
}

/// A step that forgets something, or changes what users have, is noticed.
#[test]
fn a_faulty_step_is_noticed() {
    let mut scripts = Scripts::new();
    let now = scripts.read(VERSION);
    scripts.add("faulty", &format!("{now}\n{TRIAL}"));
    scripts.add(&format!("{VERSION}--faulty"), "");
    let right = surface(&created("faulty"));
    let company = created(VERSION);
    for (forgotten, of) in [
        ("COMMENT ON COLUMN leadroute.referrers.bonus", "table leadroute.referrers"),
        ("ALTER FUNCTION leadroute.referrer_bonus", "function leadroute.referrer_bonus(pg_catalog.text)"),
        (
            "REVOKE ALL ON FUNCTION leadroute.referrer_bonus",
            "function leadroute.referrer_bonus(pg_catalog.text)",
        ),
        ("SELECT pg_catalog.pg_extension_config_dump", "table leadroute.referrers"),
        ("COMMENT ON COLUMN leadroute.leads.referrer", "table leadroute.leads"),
    ] {
        let step = TRIAL.replace(forgotten, &format!("-- {forgotten}"));
        std::fs::write(scripts.folder.join(format!("leadroute--{VERSION}--faulty.sql")), step)
            .expect("a script");
        let empty = copy(&company);
        update(&empty, "faulty");
        let found = differences(&right, &surface(&empty));
        assert!(found.iter().any(|line| line.starts_with(of)), "without {forgotten}: {found:?}");
    }
    let mut client = company.connect();
    client.batch_execute("INSERT INTO leadroute.reps (id) VALUES ('ann')").expect("a rep");
    let places = columns(&mut client);
    let before = contents(&mut client, &places);
    client.batch_execute("UPDATE leadroute.reps SET daily_cap = 1").expect("a change");
    let found = differences(&before, &contents(&mut client, &places));
    assert!(
        found.iter().any(|line| line.starts_with("reps") || line.starts_with("leadroute.reps")),
        "{found:?}"
    );
}
