//! The role of an app dumps its own schema, as `docs/crm.md` says.

use leadroute_cluster_tests::restoring::{bare, Place};
use leadroute_cluster_tests::{number, text, Database};
use std::path::PathBuf;

const ATTACH: &str = r#"SELECT leadroute.attach('crm.deal', '{"email": "email", "owner_id": "owner"}')"#;

/// A CRM with its role and a dump of its schema.
struct Crm {
    database: Database,
    role: String,
    dump: PathBuf,
}

impl Crm {
    fn dumped() -> Self {
        let database = Database::with_pool(2);
        let role = format!("app_of_{}", database.name());
        let mut admin = database.connect();
        admin
            .batch_execute(&format!(
                "CREATE ROLE {role} LOGIN; CREATE SCHEMA crm AUTHORIZATION {role}; SET ROLE {role};
                 CREATE TABLE crm.deal (id integer PRIMARY KEY, email text, owner text); RESET ROLE; {ATTACH}"
            ))
            .unwrap();
        let app = Place::of(&database).by(&role);
        let rows = "INSERT INTO crm.deal SELECT n, n || '@b.com' FROM generate_series(1, 3) n";
        app.connect().batch_execute(rows).unwrap();
        let dump = std::env::temp_dir().join(format!("{role}.sql"));
        let told = app.run(&["pg_dump", "--schema=crm", "--file", dump.to_str().unwrap()]);
        assert_eq!(told, Vec::<String>::new());
        Self { database, role, dump }
    }

    /// Restores into a database, as the role; answers the complaints.
    fn restore(&self, into: &Database) -> Vec<String> {
        let may = format!("GRANT CREATE ON DATABASE {} TO {}", into.name(), self.role);
        into.connect().batch_execute(&may).unwrap();
        let place = Place::of(into).by(&self.role);
        place.run(&["psql", "-Xq", "-o", "/dev/null", "-f", self.dump.to_str().unwrap()])
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        let gone = std::fs::remove_file(&self.dump);
        let dropped = self
            .database
            .connect()
            .batch_execute(&format!("DROP SCHEMA crm CASCADE; DROP OWNED BY {0}; DROP ROLE {0}", self.role));
        if gone.is_err() || dropped.is_err() {
            eprintln!("{}: {gone:?} {dropped:?}", self.role);
        }
    }
}

fn forget(crm: &Crm, database: &Database) {
    let sql = format!("DROP SCHEMA crm CASCADE; DROP OWNED BY {}", crm.role);
    database.connect().batch_execute(&sql).unwrap();
}

const ROWS: &str = "SELECT string_agg(id || ' ' || (owner IS NOT NULL), ', ' ORDER BY id) FROM crm.deal";

/// With leadroute there, nothing is complained about, no row is routed, and attached again new rows are.
#[test]
fn its_rows_come_back_beside_leadroute() {
    let crm = Crm::dumped();
    let other = Database::with_pool(2);
    assert_eq!(crm.restore(&other), Vec::<String>::new());
    let mut admin = other.connect();
    assert_eq!(text(&mut admin, ROWS), "1 true, 2 true, 3 true");
    assert_eq!(number(&mut admin, "SELECT count(*) FROM leadroute.leads"), 0);
    // nobody has said so in this database: a row is a row
    let mut app = Place::of(&other).by(&crm.role).connect();
    app.batch_execute("INSERT INTO crm.deal VALUES (4, '4@b.com')").unwrap();
    assert_eq!(text(&mut admin, ROWS), "1 true, 2 true, 3 true, 4 false");
    admin.batch_execute(ATTACH).unwrap();
    app.batch_execute("INSERT INTO crm.deal VALUES (5, '5@b.com')").unwrap();
    assert_eq!(text(&mut admin, ROWS), "1 true, 2 true, 3 true, 4 false, 5 true");
    drop(app);
    forget(&crm, &other);
}

/// Without it the triggers cannot be made; the rows are there all the same.
#[test]
fn its_rows_come_back_without_leadroute() {
    let crm = Crm::dumped();
    let other = bare();
    let told = crm.restore(&other);
    assert!(
        !told.is_empty() && told.iter().all(|line| !line.contains("ERROR") || line.contains("leadroute")),
        "{told:?}"
    );
    assert_eq!(text(&mut other.connect(), ROWS), "1 true, 2 true, 3 true");
    forget(&crm, &other);
}
