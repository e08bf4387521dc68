//! What tests of dumps share: the sample company with all that is hard to restore, the programs of PostgreSQL, and
//! what must be the same in the restored database.

mod company;

pub use company::{fill, install};

use crate::{text, Database, NUMBER};
use company::ROWS_EVERYWHERE;
use postgres::{Client, Config, NoTls};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering;

/// Names, and what was found there.
pub type Facts = Vec<(String, String)>;

/// A database as a role reaches it.
#[derive(Clone)]
pub struct Place {
    host: String,
    port: String,
    user: String,
    database: String,
}

impl Place {
    /// A database of a cluster that is reached by a socket.
    pub fn new(host: &str, user: &str, database: &str) -> Self {
        let [host, user, database] = [host, user, database].map(str::to_owned);
        Self { host, port: "5432".to_owned(), user, database }
    }

    /// A database of the cluster on which tests run, as its superuser.
    pub fn of(database: &Database) -> Self {
        let variable = |name| std::env::var(name).expect("run tests/run.sh");
        let [host, port, user] = ["PGHOST", "PGPORT", "PGUSER"].map(variable);
        Self { host, port, user, database: database.name().to_owned() }
    }

    /// The same as another role.
    pub fn by(&self, user: &str) -> Self {
        Self { user: user.to_owned(), ..self.clone() }
    }

    /// Another database of the same cluster.
    pub fn other(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// A new session.
    pub fn connect(&self) -> Client {
        let mut config = Config::new();
        config.host(&self.host).port(self.port.parse().expect("a port")).user(&self.user);
        config.dbname(&self.database).connect(NoTls).expect("a session")
    }

    /// A program that connects to it.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("PGHOST", &self.host).env("PGPORT", &self.port).env("PGUSER", &self.user);
        command.env("PGDATABASE", &self.database);
        if name == "pg_restore" {
            command.args(["-d", &self.database]);
        }
        command
    }

    /// Runs a program on it; answers what it complains about.
    pub fn run(&self, words: &[&str]) -> Vec<String> {
        let output = self.program(words[0]).args(&words[1..]).output().expect("a program of PostgreSQL");
        let told = String::from_utf8_lossy(&output.stderr);
        let mut complaints: Vec<String> = told.lines().map(|line| line.chars().take(200).collect()).collect();
        if complaints.is_empty() && !output.status.success() {
            complaints.push(format!("{words:?} ends with {}", output.status));
        }
        complaints
    }
}

/// A digest of every table and the place of every sequence. Columns of attached tables have other numbers after a
/// restore.
pub fn digest(client: &mut Client) -> Facts {
    digest_of(client, "n.nspname = 'leadroute'")
}

/// The same of what belongs to users.
pub fn user_digest(client: &mut Client) -> Facts {
    digest_of(client, "n.nspname !~ '^(leadroute|leadroute_internal|information_schema|pg_.*)$'")
}

fn digest_of(client: &mut Client, schemas: &str) -> Facts {
    let sql = format!(
        "SELECT format('%I.%I', n.nspname, c.relname), c.relkind::text
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE {schemas} AND c.relkind IN ('r', 'S') ORDER BY 1"
    );
    let names = client.query(&sql, &[]).unwrap();
    let mut digests = Vec::new();
    for row in names {
        let (name, kind): (String, String) = (row.get(0), row.get(1));
        let rows = match name.as_str() {
            "leadroute.attached_tables" => {
                "(SELECT table_no, relation, mapping, owners, attached_at, attached_by, detached_at
                    FROM leadroute.attached_tables)"
            }
            // the transaction is that of the restore
            "leadroute.config_history" => {
                "(SELECT id, changed_at, changed_by, \"table\", key, operation, before, after, why, change_id, is_data, begun_at
                    FROM leadroute.config_history)"
            }
            "leadroute.config_seen" => {
                "(SELECT id, rules, roster, rules_own, roster_own, seen_at, written_by FROM leadroute.config_seen)"
            }
            name => name,
        };
        let sql = match kind.as_str() {
            "S" => format!("SELECT last_value || '/' || is_called FROM {name}"),
            _ => format!(
                "SELECT CASE WHEN count(*) BETWEEN 1 AND 300 THEN string_agg(t::text, E'\\n' ORDER BY t::text)
                             ELSE count(*) || ' rows, ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') END FROM {rows} t"
            ),
        };
        digests.push((name, text(client, &sql)));
    }
    digests
}

/// A database without the extension, which a dump brings along.
pub fn bare() -> Database {
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut client = crate::config().dbname("postgres").connect(NoTls).expect("a server");
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).expect("a database");
    Database { name }
}

/// From now on rules change by change requests only, also for superusers: a dump must be restored all the same.
pub fn require_change_requests(database: &Database) {
    let set = format!("ALTER DATABASE {} SET leadroute.require_change_request = 'rules'", database.name());
    database.connect().batch_execute(&set).expect("a setting");
}

/// Where the next leads go: fifty like those of the sample, each in a statement of its own, every fifth of them the
/// same person; then some in each attached table.
pub fn next_owners(client: &mut Client) -> Facts {
    let insert = "INSERT INTO leadroute.leads (email, phone, company, website, crm_account_id, country, region, industry,
                                               employees, product, language, score, event, source, attributes)
        SELECT CASE WHEN $1::integer % 5 = 0 THEN email ELSE 'next' || $1 || '.' || email END, phone || $1, company, website,
               crm_account_id, country, region, industry, employees, product, language, score, event, source, attributes
          FROM leadroute.leads WHERE external_id = 'sample-' || lpad(($1 * 37)::text, 4, '0')
        RETURNING concat_ws(' ', id, decision_id, coalesce(owner_id, queue, status), pool, duplicate_of, account_id)";
    let insert = client.prepare(insert).unwrap();
    let unrouted = "SELECT string_agg(leadroute.reroute_lead(id) ->> 'reason', ' ' ORDER BY id) FROM leadroute.leads WHERE decision_id IS NULL";
    let rerouted =
        client.query_one(unrouted, &[]).map(|row| row.get::<_, Option<String>>(0).unwrap_or_default());
    let rerouted = rerouted.unwrap_or_else(|error| in_words(&error));
    let mut next = vec![("leads that were not routed".to_owned(), rerouted)];
    for n in 1..=50 {
        let answer = match client.query_one(&insert, &[&n]) {
            Ok(row) => row.get(0),
            Err(error) => in_words(&error),
        };
        next.push((format!("lead {n} from now"), answer));
    }
    let inserted = client.batch_execute(&ROWS_EVERYWHERE.replace("{n}", "51"));
    next.push((
        "rows of attached tables".to_owned(),
        inserted.map_or_else(|e| in_words(&e), |()| String::new()),
    ));
    next.extend(user_digest(client).into_iter().filter(|(name, _)| name != "public.zz_link"));
    next.push((
        "owners by link".to_owned(),
        text(client, "SELECT string_agg(who, ' ' ORDER BY ask) FROM public.zz_link"),
    ));
    next
}

/// What must be true of a restored database, whatever was dumped: nothing leads nowhere, attached tables are in force
/// and keep what their expressions need.
pub fn problems(client: &mut Client) -> Vec<String> {
    let mut found = Vec::new();
    for sql in [
        "SELECT 'leads nowhere: ' || i::text FROM leadroute.check_integrity() i",
        // what was decided before the dump can be made again, and what is decided now
        "SELECT format('decision %s is another one: %s', d.id, r ->> 'difference') FROM leadroute.decisions d, leadroute.replay_decision(d.id) r
          WHERE r -> 'same' = 'false' AND (d.id % 25 = 0 OR d.id > (SELECT max(m.id) - 5 FROM leadroute.decisions m))",
        "SELECT 'attached table: ' || key || ': ' || problem FROM leadroute.config_problems WHERE \"table\" = 'attached_tables'",
    ] {
        match client.query(sql, &[]) {
            Ok(rows) => found.extend(rows.iter().map(|row| row.get::<_, String>(0))),
            Err(error) => found.push(in_words(&error)),
        }
    }
    found.extend(NEEDED.iter().filter_map(|sql| not_refused(client, sql)));
    found
}

/// Drops what is needed, and takes that back; answers what happened instead of a refusal.
pub fn not_refused(client: &mut Client, sql: &str) -> Option<String> {
    let dropped = client.batch_execute(&format!("BEGIN; {sql}"));
    let answer = dropped.map_or_else(|error| in_words(&error), |()| "dropped".to_owned());
    client.batch_execute("ROLLBACK").expect("it is taken back");
    (!answer.starts_with("2BP01")).then(|| format!("{sql}: {answer}"))
}

/// What expressions of the company need, and so nobody can drop.
pub const NEEDED: [&str; 8] = [
    "DROP FUNCTION public.half(integer)",
    "DROP FUNCTION public.half(integer) CASCADE",
    "DROP TABLE public.nation",
    "DROP TABLE public.nation CASCADE",
    "ALTER TABLE public.nation DROP COLUMN code",
    "ALTER TABLE public.nation DROP COLUMN code CASCADE",
    "ALTER TABLE public.deal DROP COLUMN size CASCADE",
    "ALTER TABLE public.deal DROP COLUMN clean CASCADE",
];

/// An error of the server: its code and what it says.
pub fn in_words(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || format!("no answer: {error}"),
        |error| format!("{} {} {}", error.code().code(), error.message(), error.detail().unwrap_or("")),
    )
}

/// Digests of everything, and which triggers are there.
pub fn facts(client: &mut Client) -> Facts {
    let triggers = "SELECT string_agg(format('%s.%s %s %s', n.nspname, c.relname, t.tgname, t.tgenabled), E'\\n'
                                      ORDER BY n.nspname, c.relname, t.tgname)
                      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE NOT t.tgisinternal AND t.tgparentid = 0";
    let triggers = ("triggers".to_owned(), text(client, triggers));
    [digest(client), user_digest(client), vec![triggers]].concat()
}

/// Checks G1 and G2 as every test does. There a decision is a turn, so leads whose turn was given back go first.
pub fn check_books(client: &mut Client) {
    let returned = "WITH gone AS (SELECT lead_id FROM leadroute.decisions JOIN leadroute.returned_turns r ON r.decision_id = id)
                    DELETE FROM leadroute.leads WHERE id IN (TABLE gone) OR duplicate_of IN (TABLE gone)";
    client.batch_execute(returned).expect("leads are deleted");
    crate::check_consistency(client);
}

/// What is not the same: the names, with some lines that only one of them has.
pub fn differences(should: &Facts, is: &Facts) -> Vec<String> {
    let value =
        |facts: &Facts, name: &str| facts.iter().find(|fact| fact.0 == name).map(|fact| fact.1.clone());
    let only = |these: &str, those: &str| -> Vec<String> {
        let lines = these.lines().filter(|line| !those.lines().any(|other| other == *line));
        lines.take(3).map(|line| line.chars().take(100).collect()).collect()
    };
    let mut found = Vec::new();
    for (name, expected) in should {
        let other = value(is, name).unwrap_or_else(|| "it is missing".to_owned());
        if other != *expected {
            found.push(format!(
                "{name}: lost {:?}, new {:?}",
                only(expected, &other),
                only(&other, expected)
            ));
        }
    }
    found.extend(
        is.iter().filter(|fact| value(should, &fact.0).is_none()).map(|fact| format!("{}: new", fact.0)),
    );
    found
}

/// Dumps of a database, and what was in it. The files go when it is dropped.
pub struct Dumped {
    folder: PathBuf,
    facts: Facts,
    next: Facts,
    /// What pg_dump said.
    pub warnings: Vec<String>,
}

/// The kinds of dumps, by the names that the steps of a restore give them.
const KINDS: [(&str, &str); 7] = [
    ("{custom}", "-Fc"),
    ("{directory}", "-Fd -j4"),
    ("{plain}", "-Fp"),
    ("{inserts}", "--inserts"),
    ("{columns}", "--column-inserts"),
    ("{many}", "--rows-per-insert=100"),
    ("{data}", "--data-only"),
];

impl Dumped {
    /// Dumps a database in each kind, and as {superusers}; then its next leads come.
    pub fn new(source: &Place, superuser: &Place) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("leadroute_{}_{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for dumps");
        let mut client = source.connect();
        let mut dumped = Self { folder, facts: facts(&mut client), next: Vec::new(), warnings: Vec::new() };
        for (name, options) in KINDS {
            let file = dumped.file(name);
            let words = [vec!["pg_dump", "-f", &file], options.split(' ').collect()].concat();
            dumped.warnings.extend(source.run(&words));
        }
        let file = dumped.file("{superusers}");
        dumped.warnings.extend(superuser.run(&["pg_dump", "-Fc", "-f", &file]));
        dumped.next = next_owners(&mut client);
        dumped
    }

    fn file(&self, name: &str) -> String {
        let name = name.trim_matches(['{', '}']);
        self.folder.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// Restores by steps, each a program with its arguments; answers what it complained about.
    pub fn restore(&self, into: &Place, steps: &[&str]) -> Vec<String> {
        let mut complaints = Vec::new();
        for step in steps {
            let words: Vec<String> = step
                .split(' ')
                .map(|word| if word.starts_with('{') { self.file(word) } else { word.to_owned() })
                .collect();
            complaints.extend(into.run(&words.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        complaints
    }

    /// What is wrong in a database that was restored in a way, with what the programs complained of; nothing, normally.
    pub fn judge(&self, way: &str, mut found: Vec<String>, restored: &Place) -> String {
        found.extend(self.differences(restored));
        if found.is_empty() {
            check_books(&mut restored.connect());
            return String::new();
        }
        let first = found.iter().take(12).cloned().collect::<Vec<_>>().join("\n    ");
        format!("\n{way}, {} lines:\n    {first}", found.len())
    }

    /// What is not in a restored database as it was in the dumped one, next owners included.
    pub fn differences(&self, restored: &Place) -> Vec<String> {
        let mut client = restored.connect();
        if text(&mut client, "SELECT to_regclass('leadroute.leads')::text").is_empty() {
            return vec!["the extension is not there".to_owned()];
        }
        let mut found = differences(&self.facts, &facts(&mut client));
        found.extend(problems(&mut client));
        found.extend(differences(&self.next, &next_owners(&mut client)));
        found
    }
}

impl Drop for Dumped {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
