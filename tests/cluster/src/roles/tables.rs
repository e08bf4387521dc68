//! Tables of P that run code of P wherever PostgreSQL knows a way, all attached.

use super::{attempt, in_words, Scene};
use crate::{number, wait_for};

/// Kinds of tables, one a line: its name, its columns after the key, what else is made, and what the mapping has
/// beside e-mail address and owner.
const TABLES: &str = include_str!("tables.txt");

/// The name of a table, and what makes and attaches it.
pub fn table(line: &str) -> (&str, String) {
    let parts: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
    let [name, columns, more, mapping] = parts[..] else { panic!("{line}") };
    let (key, part) = match name {
        "split" => {
            (") PARTITION BY RANGE (id)", "CREATE TABLE {t}_p PARTITION OF {t} FOR VALUES FROM (0) TO (100);")
        }
        _ => (")", ""),
    };
    let comma = if mapping.is_empty() { "" } else { ", " };
    let make = format!(
        "CREATE TABLE {{t}} (id integer PRIMARY KEY, {columns}{key}; {part} {more};
         SELECT leadroute.attach('{{t}}', '{{\"email\": \"email\", \"owner_id\": \"owner\"{comma}{}}}')",
        mapping.replace('\'', "''")
    );
    (name, make.replace("{t}", &format!("spy.{name}")))
}

/// P makes a table of each kind, attaches it and inserts some rows. What attach() refuses is not there.
fn attach_everything(scene: &Scene) -> Vec<String> {
    let mut thief = scene.session();
    let refer = "CREATE FUNCTION spy.refer() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN INSERT INTO spy.cascaded_c VALUES (NEW.owner); RETURN NEW; END'";
    thief.batch_execute(refer).expect("SQL of the test");
    let mut attached = Vec::new();
    for (name, make) in TABLES.lines().map(table) {
        if let Err(error) = thief.batch_execute(&make) {
            println!("{name} cannot be attached: {}", in_words(&error));
            continue;
        }
        // an address has no underscore
        let domain = name.replace('_', "-");
        for n in 1..=3 {
            attempt(
                &mut thief,
                &format!("INSERT INTO spy.{name} (id, email) VALUES ({n}, '{n}@{domain}.com')"),
            );
        }
        attached.push(format!("spy.{name}"));
    }
    // Rows that go along with those that routing writes to.
    for sql in [
        "INSERT INTO spy.cascaded_plainly_c SELECT id, owner FROM spy.cascaded_plainly",
        "INSERT INTO spy.link_cascaded_c SELECT lead_id, rep FROM spy.link_cascaded_l",
        "CREATE TABLE spy.inherited_c () INHERITS (spy.inherited);
         CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON spy.inherited_c DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spy.note();
         INSERT INTO spy.inherited_c SELECT * FROM spy.inherited",
    ] {
        thief.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {}", in_words(&error)));
    }
    // PostgreSQL 18 has no such foreign keys
    if attached.iter().any(|name| name == "spy.enumerated") {
        thief
            .batch_execute("UPDATE spy.enumerated SET place = 'desk'")
            .expect("a row that refers to another");
    }
    assert!(attached.len() > 20, "only {attached:?} could be attached");
    drop(thief);
    until_gone(scene);
    attached
}

/// Waits until sessions of P have ended: their temporary tables go only then, and REASSIGN OWNED fails where it meets one that goes.
fn until_gone(scene: &Scene) {
    let sessions = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{}'", scene.thief.name());
    let mut watcher = scene.database.connect();
    wait_for("the sessions of P to end", 60, || (number(&mut watcher, &sessions) == 0).then_some(()));
}

/// P attached a table of each kind, and code of P runs, as P.
pub fn attacked() -> (Scene, Vec<String>) {
    let scene = Scene::installed();
    // Each row has an owner from the beginning.
    let others = "INSERT INTO leadroute.segments (name, priority, territory) VALUES ('others', 1000, 'emea');
                  INSERT INTO leadroute.tiers (segment, name, pool) VALUES ('others', 'all', 'smb')";
    scene.dba().batch_execute(others).expect("SQL of the test");
    let tables = attach_everything(&scene);
    assert!(scene.spy.heard().len() > 5, "code of P does not even run as P: {:?}", scene.spy.heard());
    (scene, tables)
}

/// What happens to leads, `{id}` each; none of it names a table of P.
pub const LIFE: &str = include_str!("life.sql");

/// What happens to all of them.
pub const FOR_ALL: &str = include_str!("housekeeping.sql");
