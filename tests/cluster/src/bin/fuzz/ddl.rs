//! DDL of a superuser on the tables of the extension, with leads routed in between; always undone.

use crate::calls;
use crate::catalog::Relation;
use crate::plan::{guarded, statement, undemanding, Step};
use crate::rng::Rng;
use crate::values::Maker;
use crate::writes;

/// Tables that routing reads or writes for every lead.
const HOT: &[&str] = &[
    "leads",
    "reps",
    "turns",
    "loads",
    "pools",
    "pool_members",
    "decisions",
    "sla_clocks",
    "past_stints",
    "notifications",
    "segments",
    "tiers",
];
/// What goes on with a lead after a change.
const LIFE: &[&str] = &[
    "route_lead",
    "preview_route",
    "reroute_lead",
    "explain_decision",
    "explain_lead",
    "escalate_overdue",
    "assign_queued",
    "record_event",
    "record_response",
    "return_turn",
    "transfer_lead",
    "claim_lead",
    "merge_duplicates",
    "take_notifications",
    "lint_config",
    "attach",
];

/// A transaction that changes the extension and goes on using it.
pub fn block(maker: &Maker<'_>, rng: &mut Rng) -> Vec<Step> {
    let tables = maker.catalog.tables();
    let hot: Vec<_> = tables.iter().copied().filter(|table| HOT.contains(&table.short.as_str())).collect();
    let isolation =
        rng.word(&["", "", "", " ISOLATION LEVEL REPEATABLE READ", " ISOLATION LEVEL SERIALIZABLE"]);
    let mut steps = vec![Step::frame(format!("BEGIN{isolation}"))];
    if rng.chance(40) {
        steps.extend(guarded("before", vec![writes::new_lead(maker, rng)]));
    }
    if rng.chance(40) {
        let value = rng.word(&["raise", "fallback"]);
        steps.push(Step::frame(format!("SET LOCAL leadroute.on_error = '{value}'")));
    }
    for n in 0..=rng.below(2) {
        let choice = if rng.chance(70) { rng.pick(&hot) } else { rng.pick(&tables) };
        let Some(table) = choice else { continue };
        let name = format!("ddl{n}");
        let changes = if rng.chance(12) { whole(maker, rng, table) } else { change(rng, table) };
        steps.extend(guarded(&name, changes.into_iter().map(|sql| Step::new(sql, &table.name)).collect()));
        for m in 0..=rng.below(4) {
            let after = match rng.below(10) {
                0..=3 => vec![writes::new_lead(maker, rng)],
                4..=6 => calls::named(maker, rng, LIFE),
                7 => vec![calls::view(maker, rng)],
                8 => vec![writes::write(maker, rng, table)],
                _ => statement(maker, rng).steps,
            };
            steps.extend(guarded(&format!("use{n}_{m}"), after));
        }
        if rng.chance(25) {
            steps.push(Step::frame(format!("ROLLBACK TO {name}")));
            steps.extend(guarded("again", vec![writes::new_lead(maker, rng)]));
        }
    }
    steps.push(Step::frame("ROLLBACK"));
    undemanding(&mut steps);
    steps
}

/// A change of a table.
fn change(rng: &mut Rng, table: &Relation) -> Vec<String> {
    let column = rng.pick(&table.columns).map_or("id", |column| column.name.as_str());
    let sql = match rng.below(20) {
        0..=8 => format!("ALTER TABLE {} {}", table.name, column_change(rng, column)),
        9..=16 => part_change(rng, table, column),
        _ => user_trigger(rng, &table.name),
    };
    vec![sql]
}

fn column_change(rng: &mut Rng, column: &str) -> String {
    let types = [
        "bigint",
        "text",
        "numeric",
        "smallint",
        "jsonb",
        "boolean",
        "text[]",
        "timestamptz",
        "float8",
        "date",
        "integer",
    ];
    let type_name = rng.word(&types);
    match rng.below(10) {
        0..=2 => format!("ALTER COLUMN {column} TYPE {type_name} USING {column}::text::{type_name}"),
        3 => format!("ALTER COLUMN {column} TYPE {type_name} USING NULL"),
        4 => format!("ADD COLUMN added {type_name}"),
        5 => {
            let default = rng.word(&["'x'", "now()::text", "(1 / 0)::text"]);
            format!("ADD COLUMN added text NOT NULL DEFAULT {default}")
        }
        6 => format!("DROP COLUMN {column}"),
        7 => format!("DROP COLUMN {column} CASCADE"),
        8 => format!("RENAME COLUMN {column} TO renamed"),
        _ => {
            let how = [
                "DROP NOT NULL",
                "SET NOT NULL",
                "DROP DEFAULT",
                "SET DEFAULT NULL",
                "DROP IDENTITY IF EXISTS",
            ];
            format!("ALTER COLUMN {column} {}", rng.word(&how))
        }
    }
}

/// A change of its indexes, constraints, triggers and the like.
fn part_change(rng: &mut Rng, table: &Relation, column: &str) -> String {
    let name = &table.name;
    let part = |rng: &mut Rng, kind| rng.pick(&table.parts(kind)).map_or("none", |part| part.0).to_owned();
    match rng.below(11) {
        0 => format!("ALTER TABLE {name} RENAME TO renamed"),
        1 => format!("DROP INDEX {} CASCADE", part(rng, "index")),
        2 => format!("CREATE INDEX ON {name} ({column})"),
        3 => format!("CREATE INDEX ON {name} (fuzz.fails({column}))"),
        4 => format!("ALTER TABLE {name} ADD CHECK ({column} IS NULL) NOT VALID"),
        5 => {
            let function = rng.word(&["fuzz.fails", "fuzz.routes"]);
            format!("ALTER TABLE {name} ADD CHECK ({function}({column})) NOT VALID")
        }
        6 => format!("ALTER TABLE {name} DROP CONSTRAINT {} CASCADE", part(rng, "constraint")),
        7 => format!("ALTER TABLE {name} DISABLE TRIGGER {}", part(rng, "trigger")),
        8 => format!("DROP TRIGGER {} ON {name} CASCADE", part(rng, "trigger")),
        9 => format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
        _ => {
            format!(
                "CREATE RULE odd AS ON {} TO {name} DO INSTEAD NOTHING",
                rng.word(&["INSERT", "UPDATE", "DELETE"])
            )
        }
    }
}

/// A trigger of a user beside those of the extension.
fn user_trigger(rng: &mut Rng, name: &str) -> String {
    let function = rng.word(&["drop_row", "fail", "empty_row", "insert_more", "remove_all", "swallow"]);
    format!(
        "CREATE TRIGGER {} {} {} ON {name} FOR EACH {} EXECUTE FUNCTION fuzz.{function}()",
        rng.word(&["aaa", "zzz"]),
        rng.word(&["BEFORE", "AFTER"]),
        rng.word(&["INSERT", "UPDATE", "DELETE", "INSERT OR UPDATE OR DELETE"]),
        rng.word(&["ROW", "ROW", "ROW", "STATEMENT"])
    )
}

/// A change of more than a table.
fn whole(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Vec<String> {
    let name = &table.name;
    let function =
        rng.pick(&maker.catalog.functions).map_or("leadroute.route_row", |function| function.name.as_str());
    match rng.below(10) {
        0 => vec![
            "DROP EXTENSION leadroute CASCADE".to_owned(),
            "CREATE EXTENSION leadroute CASCADE".to_owned(),
        ],
        1 => vec!["DROP EXTENSION leadroute CASCADE".to_owned()],
        2 => vec!["ALTER SCHEMA leadroute RENAME TO renamed".to_owned()],
        3 => {
            vec![format!("ALTER EXTENSION leadroute DROP TABLE {name}"), format!("DROP TABLE {name} CASCADE")]
        }
        4 => vec![
            format!("ALTER EXTENSION leadroute DROP TABLE {name}"),
            format!("ALTER TABLE {name} SET SCHEMA fuzz"),
        ],
        5 => vec![format!("ALTER FUNCTION {function} RENAME TO renamed")],
        6 => vec![
            format!("CREATE TABLE fuzz.child () INHERITS ({name})"),
            format!("INSERT INTO fuzz.child SELECT * FROM {name} LIMIT 3"),
        ],
        7 => vec![format!("ALTER TABLE {name} REPLICA IDENTITY FULL")],
        8 => vec![format!("REINDEX TABLE {name}"), format!("ANALYZE {name}")],
        _ => vec![
            format!("ALTER TABLE {name} ADD PRIMARY KEY (ctid)"),
            format!("ALTER TABLE {name} OWNER TO leadroute_fuzz"),
        ],
    }
}
