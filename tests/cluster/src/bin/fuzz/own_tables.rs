//! Tables of users: attached with generated mappings, written, changed and detached.

use crate::calls;
use crate::catalog::Relation;
use crate::documents;
use crate::plan::{guarded, Step};
use crate::rng::Rng;
use crate::values::{quote, Maker};
use crate::writes;

/// Functions that touch the lead of a row.
const LIFE: &[&str] = &[
    "transfer_lead",
    "reroute_lead",
    "record_response",
    "record_event",
    "claim_lead",
    "escalate_overdue",
    "assign_queued",
    "merge_duplicates",
    "attached_lead",
    "hand_over_leads",
    "close_lead",
    "adopt_leads",
    "apply_enrichment",
    "apply_qualification",
];

/// A write to any of them.
pub fn write(maker: &Maker<'_>, rng: &mut Rng) -> Step {
    match rng.pick(&maker.catalog.crm) {
        Some(table) => writes::write(maker, rng, table),
        None => Step::frame("SELECT 1"),
    }
}

fn attach(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let mapping = documents::mapping(maker, rng, table);
    let sql = format!("SELECT leadroute.attach({}, {})", quote(&table.name), quote(&mapping));
    Step::new(sql, "leadroute.attach")
}

/// One that can be attached, mostly.
fn table<'a>(maker: &'a Maker<'_>, rng: &mut Rng) -> Option<&'a Relation> {
    let fits = |table: &&Relation| {
        let has = |part: &str| table.columns.iter().any(|column| column.name.to_lowercase().contains(part));
        has("mail") && (has("owner") || has("seller") || table.short == "crm_linked") && table.kind != "v"
    };
    let fitting: Vec<_> = maker.catalog.crm.iter().filter(fits).collect();
    let other = rng.pick(&maker.catalog.crm);
    rng.pick(&fitting).copied().filter(|_| rng.chance(85)).or(other)
}

/// Attaches a table, perhaps, and writes it; what is done to the table itself is undone.
pub fn block(maker: &Maker<'_>, rng: &mut Rng) -> Vec<Step> {
    let Some(table) = table(maker, rng) else { return Vec::new() };
    let levels = ["", "", "", " ISOLATION LEVEL REPEATABLE READ", " ISOLATION LEVEL SERIALIZABLE"];
    let mut steps = vec![Step::frame(format!("BEGIN{}", rng.word(&levels)))];
    if rng.chance(70) {
        steps.extend(guarded("attached", vec![attach(maker, rng, table)]));
    }
    let mut is_damage = false;
    for n in 0..=rng.below(8) {
        let some = match rng.below(20) {
            0..=4 => vec![writes::insert(maker, rng, table)],
            5..=9 => vec![writes::write(maker, rng, table)],
            10..=13 => calls::named(maker, rng, LIFE),
            14 => vec![write(maker, rng)],
            15 => vec![writes::new_lead(maker, rng)],
            16 => vec![attach(maker, rng, table)],
            17 => vec![detach(table)],
            _ => {
                is_damage = true;
                vec![change(rng, table)]
            }
        };
        steps.extend(guarded(&format!("s{n}"), some));
    }
    let end = if is_damage || rng.chance(20) { "ROLLBACK" } else { "COMMIT" };
    steps.push(Step::frame(end));
    steps
}

fn detach(table: &Relation) -> Step {
    Step::new(format!("SELECT leadroute.detach({})", quote(&table.name)), "leadroute.detach")
}

/// DDL of the owner of a table.
fn change(rng: &mut Rng, table: &Relation) -> Step {
    let name = &table.name;
    let column = rng.pick(&table.columns).map_or("id", |column| column.name.as_str());
    let sql = match rng.below(20) {
        0..=7 => format!("ALTER TABLE {name} {}", column_change(rng, column)),
        8 => format!("ALTER TABLE {name} RENAME TO \"odd \"\"name 😀\""),
        9 => format!("ALTER TABLE {name} SET SCHEMA public"),
        10 => format!("DROP TABLE {name} CASCADE"),
        11 => format!("TRUNCATE {name} CASCADE"),
        12 => format!("ALTER TABLE {name} DISABLE TRIGGER ALL"),
        13 => format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"),
        14 => format!("CREATE INDEX ON {name} (fuzz.fails({column}))"),
        15 => "ALTER TABLE fuzz.crm_parts DETACH PARTITION fuzz.crm_parts_eu".to_owned(),
        16 => {
            "CREATE TABLE fuzz.crm_parts_us PARTITION OF fuzz.crm_parts FOR VALUES IN ('us', '')".to_owned()
        }
        17 => match rng.pick(&table.parts("constraint")) {
            Some((constraint, _)) => format!("ALTER TABLE {name} DROP CONSTRAINT {constraint} CASCADE"),
            None => format!("ALTER TABLE {name} REPLICA IDENTITY FULL"),
        },
        _ => user_trigger(rng, name),
    };
    Step::new(sql, name)
}

fn column_change(rng: &mut Rng, column: &str) -> String {
    let types =
        ["text", "bigint", "numeric", "jsonb", "boolean", "fuzz.mail", "text[]", "timestamptz", "bytea"];
    let type_name = rng.word(&types);
    match rng.below(9) {
        0 => format!("DROP COLUMN {column}"),
        1 => format!("DROP COLUMN {column} CASCADE"),
        2 => format!("ALTER COLUMN {column} TYPE {type_name} USING NULL::{type_name}"),
        3 => format!("ALTER COLUMN {column} TYPE {type_name} USING {column}::text::{type_name}"),
        4 => format!("RENAME COLUMN {column} TO \"odd \"\"name 😀\""),
        5 => format!("ADD COLUMN added {type_name}"),
        6 => format!("ADD CHECK (fuzz.fails({column})) NOT VALID"),
        7 => format!("ADD CHECK (fuzz.routes({column})) NOT VALID"),
        _ => format!("ALTER COLUMN {column} SET NOT NULL"),
    }
}

/// A trigger of the owner beside those of the extension, before or after them.
fn user_trigger(rng: &mut Rng, name: &str) -> String {
    format!(
        "CREATE TRIGGER {} {} {} ON {name} FOR EACH ROW EXECUTE FUNCTION fuzz.{}()",
        rng.word(&["aaa", "zzz", "zz_leadroute_route", "zz_leadroute_zzz"]),
        rng.word(&["BEFORE", "AFTER"]),
        rng.word(&["INSERT", "UPDATE", "DELETE", "INSERT OR UPDATE"]),
        rng.word(&["drop_row", "fail", "empty_row", "insert_more", "remove_all", "swallow"])
    )
}
