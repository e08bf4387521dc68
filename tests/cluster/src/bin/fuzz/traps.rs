//! Trigger functions of the extension where they do not belong: on tables of the fuzzer's own, and a second time on
//! those of the extension, with every timing, level and event. Whoever may execute a trigger function may put it there.

use crate::catalog::{Function, Relation};
use crate::plan::{guarded, Step};
use crate::rng::Rng;
use crate::values::{quote, Maker};
use crate::writes;

/// Of triggers: numbers of attached tables, names, and too many or too few of either.
const ARGUMENTS: &[&str] = &[
    "",
    "",
    "'1'",
    "'2'",
    "'0'",
    "'-1'",
    "'99999999999'",
    "'x'",
    "''",
    "'1', '2'",
    "'id'",
    "'name'",
    "'rules'",
    "'roster'",
    "'queue', 'queues'",
    "'é'",
];

/// A table with such triggers, and writes to it; nothing of it stays.
pub fn block(maker: &Maker<'_>, rng: &mut Rng, session: usize) -> Vec<Step> {
    if maker.is_superuser && rng.chance(15) {
        return event_triggers(maker, rng);
    }
    let name = format!("fuzz.trap_{session}");
    let all: Vec<_> = maker.catalog.tables().into_iter().chain(&maker.catalog.crm).collect();
    let leads = maker.catalog.relation("leadroute.leads").filter(|_| rng.chance(50));
    let Some(model) = leads.or_else(|| rng.pick(&all).copied()) else { return Vec::new() };
    let is_itself = rng.chance(25) && (maker.is_superuser || model.schema == "fuzz");
    let table = model.named(if is_itself { &model.name } else { &name });
    let mut steps = vec![Step::frame("BEGIN")];
    if !is_itself {
        steps.extend(guarded("made", vec![Step::frame(create(rng, &name, model))]));
        let some = format!("INSERT INTO {name} SELECT * FROM {} LIMIT 5", model.name);
        steps.extend(guarded("filled", vec![Step::frame(some)]));
    }
    // one at a time, so that a crash has one name
    let trigger = trigger(maker, rng, &table);
    let about = format!("a trigger with {}", trigger.target);
    steps.extend(guarded("trigger", vec![trigger]));
    for n in 0..2 + rng.below(5) {
        let mut step = write(maker, rng, &table, &model.name);
        step.target.clone_from(&about);
        steps.extend(guarded(&format!("w{n}"), vec![step]));
    }
    steps.push(Step::new("SET CONSTRAINTS ALL IMMEDIATE", &about));
    steps.push(Step::frame("ROLLBACK"));
    steps
}

fn write(maker: &Maker<'_>, rng: &mut Rng, table: &Relation, model: &str) -> Step {
    let name = &table.name;
    match rng.below(12) {
        0 => Step::frame(format!("TRUNCATE {name}")),
        1 => Step::frame(format!("UPDATE {name} SET {0} = {0}", first(table))),
        2 => Step::frame(format!("DELETE FROM {name}")),
        3 => Step::frame(format!("INSERT INTO {name} SELECT * FROM {model} LIMIT 70")),
        4 => writes::new_lead(maker, rng),
        5 => Step::frame("SET CONSTRAINTS ALL IMMEDIATE"),
        6 => writes::update(maker, rng, table),
        _ => writes::write(maker, rng, table),
    }
}

fn first(table: &Relation) -> &str {
    table.columns.first().map_or("id", |column| column.name.as_str())
}

/// None are unlogged: a crash while one is being made can keep the server (15.20) from starting again (its file exists).
fn create(rng: &mut Rng, name: &str, table: &Relation) -> String {
    let (model, key) = (&table.name, first(table));
    match rng.below(8) {
        0 => format!("CREATE VIEW {name} AS TABLE {model}"),
        1 => format!(
            "CREATE TABLE {name} (LIKE {model}) PARTITION BY HASH ({key});
             CREATE TABLE {name}_part PARTITION OF {name} FOR VALUES WITH (MODULUS 1, REMAINDER 0)"
        ),
        2 => format!("CREATE TABLE {name} (LIKE {model} INCLUDING ALL)"),
        3 => format!("CREATE TABLE {name} (id integer, email text, owner_id text, lead_id bigint, x text[])"),
        4 => format!("CREATE TABLE {name} ()"),
        _ => format!("CREATE TABLE {name} (LIKE {model} INCLUDING DEFAULTS INCLUDING GENERATED)"),
    }
}

/// A trigger of any kind, or one of the extension's own on another table.
fn trigger(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let functions: Vec<_> = maker.catalog.functions.iter().filter(|function| function.is_trigger()).collect();
    let real =
        maker.catalog.relations.iter().flat_map(|relation| {
            relation.parts("trigger").into_iter().map(move |part| (&relation.name, part.1))
        });
    let real: Vec<_> = real.collect();
    if let Some((of, definition)) = rng.pick(&real).filter(|_| rng.chance(30)) {
        let sql = definition.replace(&format!(" ON {of} "), &format!(" ON {} ", table.name));
        let target = sql.rsplit_once("FUNCTION ").map_or("", |parts| parts.1).to_owned();
        return Step::new(sql, target.split('(').next().unwrap_or_default());
    }
    match rng.pick(&functions) {
        Some(function) => generated(rng, table, function),
        None => Step::frame("SELECT 1"),
    }
}

fn generated(rng: &mut Rng, table: &Relation, function: &Function) -> Step {
    let timing = rng.word(&["BEFORE", "BEFORE", "AFTER", "AFTER", "AFTER", "INSTEAD OF"]);
    let kind = rng.word(&["INSERT", "UPDATE", "DELETE", "TRUNCATE"]);
    let (mut event, mut referencing) = (kind.to_owned(), "");
    if timing == "AFTER" && rng.chance(40) {
        // as the extension names them
        referencing = rng.word(match kind {
            "INSERT" => &[" REFERENCING NEW TABLE AS added"],
            "UPDATE" => {
                &[" REFERENCING OLD TABLE AS removed NEW TABLE AS added", " REFERENCING OLD TABLE AS gone"]
            }
            "DELETE" => &[" REFERENCING OLD TABLE AS gone", " REFERENCING OLD TABLE AS removed"],
            _ => &[""],
        });
    } else if rng.chance(30) {
        rng.word(&["INSERT OR UPDATE", "INSERT OR DELETE", "UPDATE OR DELETE", "INSERT OR UPDATE OR DELETE"])
            .clone_into(&mut event);
    } else if kind == "UPDATE" && rng.chance(20) {
        event = format!("UPDATE OF {}", first(table));
    }
    let level = if kind == "TRUNCATE" { "STATEMENT" } else { rng.word(&["ROW", "ROW", "STATEMENT"]) };
    let (mut constraint, mut deferred) = ("", "");
    if timing == "AFTER" && level == "ROW" && referencing.is_empty() && rng.chance(30) {
        (constraint, deferred) =
            ("CONSTRAINT ", rng.word(&[" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE", ""]));
    }
    let sql = format!(
        "CREATE {constraint}TRIGGER trap {timing} {event} ON {}{deferred}{referencing} FOR EACH {level} EXECUTE FUNCTION {}({})",
        table.name,
        function.name,
        rng.word(ARGUMENTS)
    );
    Step::new(sql, &function.name)
}

/// Event triggers, which only a superuser makes.
fn event_triggers(maker: &Maker<'_>, rng: &mut Rng) -> Vec<Step> {
    let functions: Vec<_> =
        maker.catalog.functions.iter().filter(|function| function.returns == "event_trigger").collect();
    let Some(function) = rng.pick(&functions) else { return Vec::new() };
    let event = rng.word(&["ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite"]);
    let mut steps = vec![
        Step::frame("BEGIN"),
        Step::new(
            format!("CREATE EVENT TRIGGER fuzz_event ON {event} EXECUTE FUNCTION {}()", function.name),
            &function.name,
        ),
    ];
    let table = rng.pick(&maker.catalog.crm).map_or("fuzz.crm_text", |table| table.name.as_str());
    let ddl = [
        format!("ALTER TABLE {table} ADD COLUMN added integer DEFAULT random()"),
        format!("ALTER TABLE {table} ALTER COLUMN email TYPE varchar(77)"),
        format!("ALTER TABLE {table} RENAME COLUMN email TO post"),
        format!("DROP TABLE {table} CASCADE"),
        "DROP VIEW fuzz.crm_view".to_owned(),
        format!("COMMENT ON TABLE {table} IS {}", quote("x")),
        "CREATE TABLE fuzz.crm_parts_us PARTITION OF fuzz.crm_parts FOR VALUES IN ('us')".to_owned(),
        "CREATE TABLE fuzz.made AS SELECT 1 AS made".to_owned(),
        "CREATE FUNCTION fuzz.made() RETURNS integer LANGUAGE sql RETURN 1".to_owned(),
        "DROP DOMAIN fuzz.mail CASCADE".to_owned(),
        "GRANT SELECT ON fuzz.sellers TO PUBLIC".to_owned(),
        "DROP SCHEMA fuzz CASCADE".to_owned(),
    ];
    for n in 0..2 + rng.below(3) {
        let sql = rng.pick(&ddl).cloned().unwrap_or_default();
        steps.extend(guarded(&format!("d{n}"), vec![Step::new(sql, &function.name)]));
    }
    steps.push(Step::frame("ROLLBACK"));
    steps
}
