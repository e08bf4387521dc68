//! What a routing table names exists. Triggers check that as foreign keys would, which cannot be restored in every
//! way.

use leadroute_cluster_tests::references::{company, Reference, REFERENCES};
use leadroute_cluster_tests::restoring::{bare, digest, in_words, Place};
use leadroute_cluster_tests::{has_merge, number, text, wait_for, Database};
use postgres::Client;
use std::io::Write;

/// Runs statements in a transaction that is rolled back; answers what is wrong with its end. `right` is asked with the
/// code of the error, or '' if there is none, and with the number that `ask` returns.
fn tried(
    client: &mut Client,
    statements: &[String],
    ask: &str,
    right: impl Fn(&str, i64) -> bool,
) -> Option<String> {
    client.batch_execute("BEGIN").unwrap();
    let done = statements.iter().try_for_each(|sql| client.batch_execute(sql));
    let (code, said) = match &done {
        Ok(()) => (String::new(), "done".to_owned()),
        Err(error) => (error.code().map_or_else(String::new, |code| code.code().to_owned()), in_words(error)),
    };
    let asked = if done.is_ok() && !ask.is_empty() { number(client, ask) } else { -1 };
    client.batch_execute("ROLLBACK").unwrap();
    (!right(&code, asked)).then(|| format!("{}: {said}, {asked}", statements.last().map_or("", |sql| sql)))
}

/// Tries it with each reference; fails with all that is wrong.
fn with_each(what: impl Fn(&mut Client, &Reference) -> Vec<Option<String>>) {
    let database = company();
    let mut client = database.connect();
    let mut wrong = Vec::new();
    for reference in &REFERENCES {
        let found = what(&mut client, reference).into_iter().flatten();
        wrong.extend(found.map(|line| format!("{}: {line}", reference.name())));
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The error says which value of which table is not there.
fn is_refusal(error: &postgres::Error, value: &str, table: &str) -> bool {
    let Some(error) = error.as_db_error() else { return false };
    let said = [error.message(), error.detail().unwrap_or(""), error.hint().unwrap_or("")].join(" ");
    error.code().code() == "23503" && said.contains(value) && said.contains(table)
}

#[test]
fn who_is_not_there_cannot_be_named() {
    with_each(|client, r| {
        let set = format!("SET {} = 'nobody' WHERE {0} = 'old'", r.column);
        let ways = [
            ("INSERT", r.child_row("nobody", 1)),
            ("UPDATE", format!("UPDATE leadroute.{} {set}", r.child)),
            ("COPY", format!("COPY leadroute.{} ({}) FROM STDIN", r.child, r.row.0)),
        ];
        let tried = ways.map(|(way, sql)| {
            client.batch_execute(&format!("BEGIN; {}", r.parent_row("old"))).unwrap();
            let done = match way {
                "COPY" => client.copy_in(&sql).and_then(|mut copy| {
                    writeln!(copy, "{}", r.values("nobody", 1).join("\t")).expect("a row");
                    copy.finish().map(|_| ())
                }),
                "UPDATE" => client.batch_execute(&format!("{}; {sql}", r.child_row("old", 1))),
                _ => client.batch_execute(&sql),
            };
            client.batch_execute("ROLLBACK").unwrap();
            match done {
                Ok(()) => Some(format!("{way}: done")),
                Err(error) if is_refusal(&error, "nobody", r.parent) => None,
                Err(error) => Some(format!("{way}: {}", in_words(&error))),
            }
        });
        tried.to_vec()
    });
}

#[test]
fn who_is_named_is_not_deleted_or_takes_the_rows_along() {
    with_each(|client, r| {
        let statements = [r.parent_row("old"), r.child_row("old", 0), r.delete("old")];
        let right = |code: &str, left: i64| if r.cascades { left == 0 } else { code == "23503" };
        vec![tried(client, &statements, &r.children("old"), right)]
    });
}

#[test]
fn a_new_name_is_carried_along() {
    with_each(|client, r| {
        let statements = [r.parent_row("old"), r.child_row("old", 0), r.rename("old", "new")];
        let right = |_: &str, renamed: i64| renamed == 1;
        vec![tried(client, &statements, &r.children("new"), right)]
    });
}

/// Queues are never emptied, for the catch-all queue stays.
#[test]
fn tables_that_are_named_are_emptied_only_together() {
    with_each(|client, r| {
        let named = [r.parent_row("old"), r.child_row("old", 0)];
        let truncate = |tables: &str| [&named[..], &[format!("TRUNCATE {tables}")]].concat();
        let alone = truncate(&format!("leadroute.{}", r.parent));
        let together = truncate(&format!("leadroute.{}, leadroute.{}", r.parent, r.child));
        let refused = |code: &str, _: i64| matches!(code, "23503" | "0A000" | "23001");
        let emptied = |code: &str, _: i64| code.is_empty();
        let alone = (r.parent != r.child).then(|| tried(client, &alone, "", refused)).flatten();
        let has_queues = [r.parent, r.child].contains(&"queues");
        let together = (!has_queues).then(|| tried(client, &together, "", emptied)).flatten();
        vec![alone, together]
    });
}

/// What a statement does is looked at when it ends, as with foreign keys.
#[test]
fn rows_and_whom_they_name_come_and_go_in_one_statement() {
    with_each(|client, r| {
        let come = format!("WITH child AS ({}) {}", r.child_row("old", 0), r.parent_row("old"));
        let come_otherwise = format!("WITH parent AS ({}) {}", r.parent_row("old"), r.child_row("old", 0));
        let gone = format!("DELETE FROM leadroute.{} WHERE {} = 'old'", r.child, r.column);
        let go = format!("WITH child AS ({gone}) {}", r.delete("old"));
        let done = |code: &str, left: i64| code.is_empty() && left == 0;
        let first = tried(client, &[come, go.clone()], &r.children("old"), done);
        vec![first, tried(client, &[come_otherwise, go], &r.children("old"), done)]
    });
    let database = company();
    let mut client = database.connect();
    let ring = "INSERT INTO leadroute.reps (id, backup_id, manager_id) VALUES ('a', 'b', 'c'), ('b', 'c', 'a'), ('c', 'a', 'b')";
    client.batch_execute(ring).unwrap();
    client.batch_execute("UPDATE leadroute.reps SET id = 'new ' || id").unwrap();
    let ring = "SELECT string_agg(concat_ws('>', id, backup_id, manager_id), ' ' ORDER BY id) FROM leadroute.reps WHERE backup_id IS NOT NULL";
    assert_eq!(text(&mut client, ring), "new a>new b>new c new b>new c>new a new c>new a>new b");
    client.batch_execute("DELETE FROM leadroute.reps WHERE id LIKE 'new %'").unwrap();
}

/// Other ways to write than INSERT and UPDATE.
#[test]
fn upserts_and_merges_name_nobody_who_is_not_there() {
    let database = Database::with_pool(2);
    let mut client = database.connect();
    let upsert =
        "INSERT INTO leadroute.reps (id) VALUES ('r1') ON CONFLICT (id) DO UPDATE SET backup_id = 'nobody'";
    let merge = "MERGE INTO leadroute.reps r USING (VALUES ('r2'), ('r9')) AS v (id) ON r.id = v.id
                 WHEN MATCHED THEN UPDATE SET manager_id = 'nobody' WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id)";
    for sql in [upsert, merge].into_iter().take(if has_merge(&mut client) { 2 } else { 1 }) {
        let error = client.batch_execute(sql).expect_err(sql);
        assert!(is_refusal(&error, "nobody", "reps"), "{sql}: {}", in_words(&error));
    }
}

/// Rows that name nobody came with a dump, or from a subscription: whoever changes something else in them can.
#[test]
fn rows_that_name_nobody_can_be_changed() {
    let database = company();
    let mut client = database.connect();
    name_nobody(&mut client);
    let mut wrong = Vec::new();
    for (n, r) in REFERENCES.iter().enumerate() {
        let sql = format!("UPDATE leadroute.{} SET {1} = {1} WHERE {1} = 'nobody{n}'", r.child, r.column);
        wrong.extend(client.batch_execute(&sql).err().map(|error| format!("{sql}: {}", in_words(&error))));
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A row for each reference that leads nowhere.
fn name_nobody(client: &mut Client) {
    let rows: Vec<String> =
        REFERENCES.iter().enumerate().map(|(n, r)| r.child_row(&format!("nobody{n}"), n)).collect();
    let sql = format!(
        "SET session_replication_role = replica; {}; RESET session_replication_role",
        rows.join("; ")
    );
    client.batch_execute(&sql).unwrap_or_else(|error| panic!("{}", in_words(&error)));
}

/// A restore brings every row of a dump, also those whose references lead nowhere.
#[test]
fn rows_that_name_nobody_are_restored_and_listed() {
    let source = company();
    let mut client = source.connect();
    name_nobody(&mut client);
    let dump = std::env::temp_dir().join(format!("leadroute_references_{}", std::process::id()));
    let file = dump.to_str().expect("a path in UTF-8");
    let mut complaints = Place::of(&source).run(&["pg_dump", "-Fc", "-f", file]);
    let target = bare();
    complaints.extend(Place::of(&target).run(&["pg_restore", file]));
    std::fs::remove_file(&dump).unwrap();
    assert_eq!(complaints, Vec::<String>::new());
    let mut restored = target.connect();
    assert_eq!(digest(&mut restored), digest(&mut client));
    for (n, r) in REFERENCES.iter().enumerate() {
        let listed = format!(
            "SELECT count(*) FROM leadroute.check_integrity() WHERE \"table\" = '{}' AND concat_ws(' ', key, problem) ~ '\\mnobody{n}\\M'",
            r.child
        );
        assert_eq!(number(&mut restored, &listed), 1, "{}", r.name());
    }
    let all = "SELECT count(*) FROM leadroute.check_integrity()";
    assert_eq!(number(&mut restored, all), i64::try_from(REFERENCES.len()).unwrap());
}

/// What a session does to a row that is named, or to one that names it.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Name,
    Delete,
    Rename,
}

/// Two transactions: one acts and ends, the other, whose snapshot is older than that, acts before or after.
struct Race<'a> {
    reference: &'a Reference,
    level: &'static str,
    acts: [Act; 2],
    end: &'static str,
    /// Whether the second acts when the first has ended, else it has to wait for that.
    is_late: bool,
}

struct Sessions {
    first: Client,
    second: Client,
    watcher: Client,
}

impl Sessions {
    fn new(database: &Database) -> Self {
        let mut second = database.connect();
        second.batch_execute("SET lock_timeout = '20s'; SET statement_timeout = '30s'").unwrap();
        Self { first: database.connect(), second, watcher: database.connect() }
    }
}

impl Race<'_> {
    fn sql(&self, act: Act) -> String {
        match act {
            Act::Name => self.reference.child_row("old", 0),
            Act::Delete => self.reference.delete("old"),
            Act::Rename => self.reference.rename("old", "new"),
        }
    }

    /// How the second may end: '' is well.
    fn right(&self) -> &'static [&'static str] {
        let loses = match self.acts {
            _ if self.end == "ROLLBACK" => false,
            [Act::Name, Act::Delete] => !self.reference.cascades,
            [Act::Name, _] => false,
            _ => true,
        };
        match (self.level, loses) {
            ("READ COMMITTED", false) => &[""],
            ("READ COMMITTED", true) => &["23503"],
            (_, false) => &["", "23503", "40001"],
            (_, true) => &["23503", "40001"],
        }
    }

    /// Runs it; answers what is wrong.
    fn run(&self, sessions: &mut Sessions) -> Vec<String> {
        let Sessions { first, second, watcher } = sessions;
        watcher.batch_execute(&self.reference.parent_row("old")).unwrap();
        let begin = format!(
            "BEGIN ISOLATION LEVEL {}; SELECT FROM leadroute.{} LIMIT 1",
            self.level, self.reference.parent
        );
        second.batch_execute(&begin).unwrap();
        first.batch_execute(&format!("{begin}; {}", self.sql(self.acts[0]))).unwrap();
        let mut wrong = Vec::new();
        let done = if self.is_late {
            first.batch_execute(self.end).unwrap();
            second.batch_execute(&self.sql(self.acts[1]))
        } else {
            let (has_waited, done) = self.act_beside(first, second, watcher);
            wrong.extend((!has_waited).then(|| "did not wait".to_owned()));
            done
        };
        let ended = done.and_then(|()| second.batch_execute("COMMIT"));
        if ended.is_err() {
            second.batch_execute("ROLLBACK").unwrap();
        }
        let code = ended.as_ref().err().and_then(|error| error.code()).map_or("", |code| code.code());
        if !self.right().contains(&code) {
            wrong.push(ended.as_ref().map_or_else(in_words, |()| "ended well".to_owned()));
        }
        wrong.extend(self.found_afterwards(watcher));
        wrong
    }

    /// The second acts while the first is open; whether it waited, and how it went.
    fn act_beside(
        &self,
        first: &mut Client,
        second: &mut Client,
        watcher: &mut Client,
    ) -> (bool, Result<(), postgres::Error>) {
        let pid = number(second, "SELECT pg_backend_pid()::bigint");
        let sql = self.sql(self.acts[1]);
        std::thread::scope(|scope| {
            let acting = scope.spawn(|| second.batch_execute(&sql));
            let waits = format!(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = {pid} AND state = 'active' AND wait_event_type IN ('Lock', 'Extension')"
            );
            let has_waited = wait_for("the second to wait or end", 30, || {
                if acting.is_finished() {
                    return Some(false);
                }
                (number(watcher, &waits) > 0).then_some(true)
            });
            first.batch_execute(self.end).unwrap();
            (has_waited, acting.join().unwrap())
        })
    }

    /// What leads nowhere; then the rows go.
    fn found_afterwards(&self, watcher: &mut Client) -> Vec<String> {
        let Reference { child, column, parent, .. } = self.reference;
        let key = self.reference.key();
        let astray = format!(
            "SELECT count(*) FROM leadroute.{child} c
              WHERE c.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM leadroute.{parent} p WHERE p.{key} = c.{column})"
        );
        let mut wrong = Vec::new();
        if number(watcher, &astray) > 0 {
            wrong.push("a row names nobody".to_owned());
        }
        match watcher.query("SELECT i::text FROM leadroute.check_integrity() i", &[]) {
            Ok(rows) => wrong.extend(rows.iter().map(|row| row.get::<_, String>(0))),
            Err(error) => wrong.push(in_words(&error)),
        }
        let rows = format!(
            "SET session_replication_role = replica; DELETE FROM leadroute.{child} WHERE {column} IN ('old', 'new');
             DELETE FROM leadroute.{parent} WHERE {key} IN ('old', 'new'); RESET session_replication_role"
        );
        watcher.batch_execute(&rows).unwrap();
        wrong
    }
}

/// Runs a race at each isolation level, both ways.
fn races(acts: [Act; 2]) {
    let database = company();
    let mut sessions = Sessions::new(&database);
    let mut wrong = Vec::new();
    for reference in &REFERENCES {
        for (level, is_late, end) in [
            ("READ COMMITTED", false, "COMMIT"),
            ("READ COMMITTED", false, "ROLLBACK"),
            ("READ COMMITTED", true, "COMMIT"),
            ("REPEATABLE READ", false, "COMMIT"),
            ("REPEATABLE READ", true, "COMMIT"),
            ("SERIALIZABLE", false, "COMMIT"),
            ("SERIALIZABLE", true, "COMMIT"),
        ] {
            let found = Race { reference, level, acts, end, is_late }.run(&mut sessions);
            let order = if is_late { "after" } else { "beside" };
            wrong.extend(
                found.iter().map(|line| format!("{}, {level}, {order} {end}: {line}", reference.name())),
            );
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn who_is_being_named_is_not_deleted() {
    races([Act::Name, Act::Delete]);
}

#[test]
fn who_is_being_named_is_renamed_with_the_row() {
    races([Act::Name, Act::Rename]);
}

#[test]
fn who_is_being_deleted_cannot_be_named() {
    races([Act::Delete, Act::Name]);
}

#[test]
fn who_is_being_renamed_cannot_be_named_as_before() {
    races([Act::Rename, Act::Name]);
}

/// What does not touch the name waits for nobody: a rep who goes to lunch while a team is being put together.
#[test]
fn who_is_being_named_can_be_changed_otherwise() {
    let database = Database::with_pool(2);
    let (mut first, mut second) = (database.connect(), database.connect());
    first.batch_execute("BEGIN; INSERT INTO leadroute.reps (id, manager_id) VALUES ('x', 'r1')").unwrap();
    let sql = "SET lock_timeout = '1s'; UPDATE leadroute.reps SET presence = 'away' WHERE id = 'r1';
               INSERT INTO leadroute.reps (id, manager_id, backup_id) VALUES ('y', 'r1', 'r2');
               INSERT INTO leadroute.leads (email) VALUES ('ann@acme.com')";
    second.batch_execute(sql).unwrap();
    first.batch_execute("COMMIT").unwrap();
    assert_eq!(number(&mut second, "SELECT count(*) FROM leadroute.reps WHERE manager_id = 'r1'"), 2);
}
