//! INSERT, COPY, UPDATE, DELETE, MERGE and TRUNCATE of any table.

use crate::catalog::{Column, Relation};
use crate::plan::{Planned, Step};
use crate::rng::Rng;
use crate::texts;
use crate::values::Maker;

/// Kept by the extension alone; whoever writes them by hand has broken it.
const BOOKS: &[&str] = &[
    "turns",
    "loads",
    "attached_tables",
    "decisions",
    "sla_clocks",
    "past_stints",
    "notifications",
    "returned_turns",
    "config_history",
];

/// A lead, with odd columns or plain ones.
pub fn new_lead(maker: &Maker<'_>, rng: &mut Rng) -> Step {
    let Some(leads) = maker.catalog.relation("leadroute.leads") else { return Step::frame("SELECT 1") };
    let number = rng.below(1_000_000);
    let sql = match rng.below(7) {
        6 => nested(rng, number),
        0 => return copy(maker, rng, leads),
        1 | 2 => return insert(maker, rng, leads),
        3 => format!(
            "INSERT INTO leadroute.leads (email, country, score, event) SELECT 'p' || n % {} || '@company' || n % 40 || '.com',
               (ARRAY['DE', 'GB', 'FR', NULL])[1 + n % 4], n % 90, 'demo_request' FROM generate_series({number}, {number} + {}) n",
            1 + rng.below(50),
            rng.below(80)
        ),
        4 => format!(
            "SELECT leadroute.route_lead('{{\"email\": \"p{number}@company{}.com\", \"country\": \"Germany\", \"score\": {}}}')",
            rng.below(60),
            rng.below(100)
        ),
        _ => format!(
            "INSERT INTO leadroute.leads (email, country, employees, language) VALUES ('p{number}@company{}.com', 'DE', {}, 'de')
               RETURNING owner_id, queue, status",
            rng.below(60),
            rng.below(3000)
        ),
    };
    Step::new(sql, &leads.name)
}

/// Leads inside statements that insert leads.
fn nested(rng: &mut Rng, number: usize) -> String {
    let email = |n: usize| format!("'p{}@company{}.com'", number + n, n);
    let (one, two) = (email(rng.below(9)), email(rng.below(9)));
    match rng.below(5) {
        0 => format!(
            "WITH a AS (INSERT INTO leadroute.leads (email) VALUES ({one}) RETURNING id), b AS (INSERT INTO leadroute.leads (email)
               VALUES ({two}), ({one}) RETURNING id) SELECT * FROM a, b"
        ),
        1 => format!(
            "INSERT INTO leadroute.leads (email, company) SELECT {one}, leadroute.route_lead(jsonb_build_object('email', {two} || n)) ->> 'reason'
               FROM generate_series(1, 3) n"
        ),
        2 => format!(
            "DO $do$ BEGIN FOR n IN 1..9 LOOP BEGIN INSERT INTO leadroute.leads (email) VALUES ({one} || n); IF n % 3 = 0 THEN RAISE no_data_found; END IF;
               EXCEPTION WHEN no_data_found THEN NULL; END; END LOOP; END $do$"
        ),
        3 => format!(
            "WITH a AS (INSERT INTO fuzz.crm_text (id, email) VALUES ('{number}', {one}) RETURNING owner), b AS (INSERT INTO leadroute.leads (email)
               VALUES ({one}) RETURNING owner_id), c AS (UPDATE leadroute.reps SET presence = 'away' WHERE id = 'r1') SELECT * FROM a, b"
        ),
        _ => format!(
            "WITH a AS (DELETE FROM leadroute.leads WHERE id % 7 = {} RETURNING *) INSERT INTO leadroute.leads (email, country) SELECT email, country FROM a",
            rng.below(7)
        ),
    }
}

/// A write to any table of the extension.
pub fn any(maker: &Maker<'_>, rng: &mut Rng) -> Planned {
    let tables = maker.catalog.tables();
    let Some(table) = rng.pick(&tables) else { return Planned::harmless(Vec::new()) };
    let is_damage = BOOKS.contains(&table.short.as_str()) || table.schema == "leadroute_internal";
    Planned { steps: vec![write(maker, rng, table)], is_damage }
}

/// A write to a table.
pub fn write(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    match rng.below(20) {
        0..=7 => insert(maker, rng, table),
        8..=13 => update(maker, rng, table),
        14 | 15 => delete(maker, rng, table),
        16 | 17 if maker.catalog.server_version >= 150_000 => merge(maker, rng, table),
        18 => lock(maker, rng, table),
        _ => copy(maker, rng, table),
    }
}

/// Columns for a new row: what must be given, nearly always, and some others.
fn some_columns<'a>(rng: &mut Rng, table: &'a Relation) -> Vec<&'a Column> {
    let odd = rng.chance(3);
    let share = 10 + rng.below(60);
    let is_given = |column: &&Column| {
        let mut rng = rng.fork();
        match (column.is_generated, column.is_required) {
            (true, _) => odd,
            (false, true) => rng.chance(97),
            (false, false) => rng.chance(share),
        }
    };
    let mut columns: Vec<_> = table.columns.iter().filter(is_given).collect();
    if columns.is_empty() {
        columns.extend(table.columns.first());
    }
    columns
}

fn names(columns: &[&Column]) -> String {
    columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn cells(maker: &Maker<'_>, rng: &mut Rng, table: &Relation, columns: &[&Column]) -> String {
    columns.iter().map(|column| maker.cell(rng, table, column)).collect::<Vec<_>>().join(", ")
}

/// One row or several, new or those that are there.
pub fn insert(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let name = &table.name;
    let columns = some_columns(rng, table);
    let list = names(&columns);
    let overriding = if rng.chance(5) { "OVERRIDING SYSTEM VALUE " } else { "" };
    let source = match rng.below(10) {
        0 => format!("SELECT {list} FROM {name} LIMIT {}", 1 + rng.below(9)),
        1 => {
            let row = cells(maker, rng, table, &columns).replace("DEFAULT", "NULL");
            format!("SELECT {row} FROM generate_series(1, {})", 1 + rng.below(20))
        }
        2..=4 => {
            let rows = (0..2 + rng.below(5)).map(|_| format!("({})", cells(maker, rng, table, &columns)));
            format!("VALUES {}", rows.collect::<Vec<_>>().join(", "))
        }
        _ => format!("VALUES ({})", cells(maker, rng, table, &columns)),
    };
    let conflict = conflict(maker, rng, table, &columns);
    let returning = if rng.chance(30) { " RETURNING *" } else { "" };
    let sql = format!("INSERT INTO {name} ({list}) {overriding}{source}{conflict}{returning}");
    if rng.chance(5) && !returning.is_empty() {
        return Step::new(format!("WITH x AS ({sql}) SELECT count(x::text) FROM x"), name);
    }
    Step::new(sql, name)
}

fn conflict(maker: &Maker<'_>, rng: &mut Rng, table: &Relation, columns: &[&Column]) -> String {
    let keys = table.parts("key");
    let key = rng.pick(&keys).map_or("id", |key| key.1);
    match rng.below(10) {
        0 | 1 => " ON CONFLICT DO NOTHING".to_owned(),
        2 => format!(" ON CONFLICT ({key}) DO NOTHING"),
        3 => {
            let all = columns.iter().map(|column| format!("{0} = excluded.{0}", column.name));
            format!(" ON CONFLICT ({key}) DO UPDATE SET {}", all.collect::<Vec<_>>().join(", "))
        }
        4 => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", assignments(maker, rng, table)),
        _ => String::new(),
    }
}

/// COPY takes texts, each as it stands.
fn copy(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let columns = some_columns(rng, table);
    let mut data = String::new();
    for _ in 0..=rng.below(6) {
        let cells = columns.iter().map(|column| {
            let mut rng = rng.fork();
            let sample =
                maker.samples.of_type(&mut rng, &column.name, &column.type_name).filter(|_| rng.chance(60));
            let text = sample.map_or_else(|| rng.word(texts::TEXTS), String::as_str);
            let escaped =
                text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
            if rng.chance(15) {
                "\\N".to_owned()
            } else {
                escaped
            }
        });
        data.push_str(&cells.collect::<Vec<_>>().join("\t"));
        data.push('\n');
    }
    let sql = format!("COPY {} ({})", table.name, names(&columns));
    Step { data: Some(data), ..Step::new(sql, &table.name) }
}

fn assignments(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> String {
    let mut all: Vec<String> = Vec::new();
    for _ in 0..=rng.below(3) {
        let Some(column) = rng.pick(&table.columns) else { continue };
        let name = &column.name;
        if all.iter().any(|other| other.starts_with(&format!("{name} ="))) {
            continue;
        }
        all.push(match rng.below(8) {
            0 => format!("{name} = NULL"),
            1 => format!("{name} = {}.{name}", table.name.rsplit('.').next().unwrap_or_default()),
            _ => format!("{name} = {}", maker.cell(rng, table, column)),
        });
    }
    all.join(", ")
}

/// Rows that are there: by a value of theirs, a few, or all.
fn condition(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> String {
    match rng.below(12) {
        0 if table.short != "leads" => String::new(),
        0 | 1 => {
            format!(" WHERE ctid = ANY (ARRAY(SELECT ctid FROM {} LIMIT {}))", table.name, 1 + rng.below(9))
        }
        _ => match rng.pick(&table.columns) {
            Some(column) => format!(" WHERE {} = {}", column.name, maker.key(rng, table, column)),
            None => " WHERE false".to_owned(),
        },
    }
}

/// Of a column or several.
pub fn update(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let returning = if rng.chance(20) { " RETURNING *" } else { "" };
    let set = assignments(maker, rng, table);
    let sql = format!("UPDATE {} SET {set}{}{returning}", table.name, condition(maker, rng, table));
    Step::new(sql, &table.name)
}

fn delete(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    Step::new(format!("DELETE FROM {}{}", table.name, condition(maker, rng, table)), &table.name)
}

fn lock(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let strength = rng.word(&["UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"]);
    let sql = format!("SELECT FROM {}{} FOR {strength}", table.name, condition(maker, rng, table));
    Step::new(sql, &table.name)
}

fn merge(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> Step {
    let columns = some_columns(rng, table);
    let on = rng.pick(&columns).map_or("id", |column| column.name.as_str());
    let row = cells(maker, rng, table, &columns).replace("DEFAULT", "NULL");
    let (list, name) = (names(&columns), &table.name);
    let matched = match rng.below(4) {
        0 => "DELETE".to_owned(),
        1 => "DO NOTHING".to_owned(),
        _ => format!("UPDATE SET {}", assignments(maker, rng, &table.named("t"))),
    };
    let values: Vec<_> = columns.iter().map(|column| format!("s.{}", column.name)).collect();
    let new = if rng.chance(20) {
        "DO NOTHING".to_owned()
    } else {
        format!("INSERT ({list}) VALUES ({})", values.join(", "))
    };
    let sql = format!(
        "MERGE INTO {name} t USING (SELECT {row} FROM generate_series(1, {})) s ({list}) ON t.{on} = s.{on}
           WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN {new}",
        1 + rng.below(3)
    );
    Step::new(sql, name)
}

/// Empties a table.
pub fn truncate(maker: &Maker<'_>, rng: &mut Rng) -> Step {
    let tables = maker.catalog.tables();
    let name = rng.pick(&tables).map_or("leadroute.leads", |table| table.name.as_str());
    let how = rng.word(&["", " CASCADE", " RESTART IDENTITY CASCADE"]);
    Step::new(format!("TRUNCATE {name}{how}"), name)
}
