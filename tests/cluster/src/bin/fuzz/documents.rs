//! JSON of every shape: leads as apps send them, mappings of attached tables, and what nobody expects.

use crate::catalog::{Column, Relation};
use crate::rng::Rng;
use crate::texts;
use crate::values::{quote, Maker};

/// Documents that are too deep or too long to be written out.
const HUGE: &[&str] = &[
    "repeat('[', 5000) || repeat(']', 5000)", "repeat('{\"a\":', 4000) || '1' || repeat('}', 4000)",
    "'{\"email\": \"' || repeat('a', 100000) || '@acme.com\"}'", "'{\"email\": \"a@acme.com\", \"' || repeat('k', 100000) || '\": 1}'",
    "'{\"email\": \"a@acme.com\", \"deep\": ' || repeat('[', 3000) || repeat(']', 3000) || '}'",
    "'{\"employees\": 1' || repeat('0', 50000) || '}'", "'[' || repeat('1,', 50000) || '1]'", "'{\"score\": 1e131071, \"annual_revenue\": -1e131071}'",
    "'{\"email\": \"a@acme.com\", \"attributes\": {\"a\": ' || repeat('{\"a\": ', 1000) || '1' || repeat('}', 1000) || '}}'",
    "'{\"attributes\": \"' || repeat('é', 50000) || '\"}'",
];
/// Keys of a mapping that are no lead fields.
const OPTIONS: &[&str] = &["keep", "touch", "when", "existing", "tenant", "emial", "", "owner", "ctid"];
/// Expressions over a row of an attached table, and over `rep`.
const EXPRESSIONS: &[&str] = &[
    "1",
    "NULL",
    "'DE'",
    "email",
    "lead.email",
    "upper(email)",
    "1 / 0",
    "(SELECT 1)",
    "(SELECT 1 UNION SELECT 2)",
    "no_such",
    "1; SELECT 2",
    "",
    "1) , (2",
    "lead",
    "row_to_json(lead)",
    "array[1]",
    "sum(1)",
    "generate_series(1, 3)",
    "$1",
    "ctid",
    "tableoid",
    "now()",
    "rep.id",
    "rep.email",
    "(SELECT s.no FROM fuzz.sellers s WHERE s.login = rep.id)",
    "(SELECT s.login FROM fuzz.sellers s LIMIT 1)",
    "rep",
    "count(*) OVER ()",
    "CASE WHEN true THEN 'converted' END",
    "stage",
    "'working'",
    "repeat('x', 100000)",
    "(SELECT id FROM leadroute.leads LIMIT 1)::text",
    "(leadroute.route_lead('{\"email\": \"deep@more.com\"}')) ->> 'lead_id'",
    "fuzz.fails(1)",
    "fuzz.routes(1)",
    "jsonb_build_object('a', lead)",
];

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A document for an argument or column of that name.
pub fn json(maker: &Maker<'_>, rng: &mut Rng, hint: &str, type_name: &str) -> String {
    let text = match hint {
        _ if rng.chance(8) => return format!("({})::{type_name}", rng.word(HUGE)),
        "mapping" | "columns" if rng.chance(85) => match rng.pick(&maker.catalog.crm) {
            Some(table) => mapping(maker, rng, table),
            None => anything(rng, 0),
        },
        "lead" | "data" | "rules" | "before" | "after" if rng.chance(85) => lead(maker, rng),
        _ => anything(rng, 0),
    };
    format!("{}::{type_name}", quote(&text))
}

/// Anything that JSON can hold.
fn anything(rng: &mut Rng, depth: usize) -> String {
    match rng.below(if depth < 4 { 12 } else { 8 }) {
        0 => "null".to_owned(),
        1 => rng.word(&["true", "false"]).to_owned(),
        2 | 3 => number(rng),
        4..=7 => string(rng.word(texts::TEXTS)),
        8 | 9 => format!("[{}]", members(rng, |rng| anything(rng, depth + 1))),
        _ => {
            let pair =
                |rng: &mut Rng| format!("{}: {}", string(rng.word(texts::TEXTS)), anything(rng, depth + 1));
            format!("{{{}}}", members(rng, pair))
        }
    }
}

fn members(rng: &mut Rng, mut one: impl FnMut(&mut Rng) -> String) -> String {
    let count = rng.below(4);
    (0..count).map(|_| one(rng)).collect::<Vec<_>>().join(", ")
}

fn number(rng: &mut Rng) -> String {
    let numbers = [
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "50",
        "200",
        "1e400",
        "-1e400",
        "1e-400",
        "2147483648",
        "9223372036854775808",
        "1e15",
        "1e16",
        "0.1",
        "5e3",
    ];
    rng.word(&numbers).to_owned()
}

/// A lead as `route_lead` takes it.
fn lead(maker: &Maker<'_>, rng: &mut Rng) -> String {
    let columns = maker.catalog.relation("leadroute.leads").map_or(&[][..], |leads| &leads.columns);
    let mut pairs = vec![format!("\"email\": {}", email(maker, rng))];
    for _ in 0..rng.below(9) {
        let name = rng.pick(columns).map_or("x", |column| column.name.as_str());
        let value = match maker.samples.of_name(rng, name).filter(|_| rng.chance(40)) {
            Some(sample) => string(sample),
            None => anything(rng, 2),
        };
        pairs.push(format!("{}: {value}", string(name)));
    }
    if rng.chance(25) {
        pairs.push(format!("{}: {}", string(rng.word(texts::TEXTS)), anything(rng, 0)));
    }
    if rng.chance(10) {
        pairs.remove(0);
    }
    format!("{{{}}}", pairs.join(", "))
}

fn email(maker: &Maker<'_>, rng: &mut Rng) -> String {
    match maker.samples.of_name(rng, "email").filter(|_| rng.chance(30)) {
        Some(sample) => string(sample),
        None if rng.chance(50) => {
            format!("\"p{}@company{}.com\"", rng.below(1_000_000), rng.below(60))
        }
        None => string(rng.word(texts::TEXTS)),
    }
}

/// A column whose name holds one of these, mostly.
fn column_like(rng: &mut Rng, table: &Relation, parts: &[&str]) -> String {
    let fits = |column: &&Column| parts.iter().any(|part| column.name.to_lowercase().contains(part));
    let fitting: Vec<_> = table.columns.iter().filter(fits).collect();
    let wild = rng.chance(8);
    let column = rng.pick(&fitting).copied().filter(|_| !wild).or_else(|| rng.pick(&table.columns));
    column.map_or_else(String::new, |column| column.name.replace('"', ""))
}

/// A mapping of a table, mostly one that works.
pub fn mapping(maker: &Maker<'_>, rng: &mut Rng, table: &Relation) -> String {
    let email = column_like(rng, table, &["mail"]);
    let column = column_like(rng, table, &["owner", "seller"]);
    let mut used = vec![email.clone(), column.clone()];
    let mut pairs = Vec::new();
    if rng.chance(97) {
        pairs.push(format!("\"email\": {}", string(&email)));
    }
    if rng.chance(97) {
        pairs.push(format!("\"owner_id\": {}", owner(rng, table, &column)));
    }
    for _ in 0..rng.below(4) {
        let Some(field) = rng.pick(&maker.catalog.fields) else { continue };
        let column = column_like(rng, table, &[&field.name]);
        let is_used = used.contains(&column) || used.contains(&field.name);
        if is_used && rng.chance(90) {
            continue;
        }
        pairs.push(format!("{}: {}", string(&field.name), entry(rng, &column, field.is_read)));
        used.extend([column, field.name.clone()]);
    }
    if rng.chance(5) {
        pairs.push(format!("{}: {}", string(rng.word(OPTIONS)), anything(rng, 2)));
    }
    format!("{{{}}}", pairs.join(", "))
}

fn entry(rng: &mut Rng, column: &str, is_read: bool) -> String {
    match rng.below(20) {
        0 => anything(rng, 2),
        1..=10 if is_read => format!("{{\"expression\": {}}}", string(rng.word(EXPRESSIONS))),
        _ => string(column),
    }
}

fn owner(rng: &mut Rng, table: &Relation, column: &str) -> String {
    let mut pairs = vec![format!("\"column\": {}", string(column))];
    if table.short == "crm_linked" || rng.chance(5) {
        let row = rng.word(&["lead_id", "lead_id", "lead_id", "id", "no"]);
        let profile = rng.word(&["profile", "profile", "lead_id"]);
        pairs = vec![format!(
            "\"table\": \"fuzz.crm_linked_owner\", \"row\": \"{row}\", \"column\": \"{profile}\""
        )];
    } else if rng.chance(40) {
        return string(column);
    }
    if column == "seller" || rng.chance(10) {
        let expression = if rng.chance(80) && column == "seller" {
            "(SELECT s.no FROM fuzz.sellers s WHERE s.login = rep.id)"
        } else {
            rng.word(EXPRESSIONS)
        };
        pairs.push(format!("\"expression\": {}", string(expression)));
    } else if rng.chance(40) {
        pairs.push(format!(
            "\"rep\": {}",
            string(rng.word(&["id", "email", "email", "email", "id", "name", "", "no"]))
        ));
    }
    if table.short == "crm_pair" || rng.chance(10) {
        pairs.push(format!("\"nobody\": {}", string(rng.word(&["", "", "0", "nobody", "NULL"]))));
    }
    format!("{{{}}}", pairs.join(", "))
}
