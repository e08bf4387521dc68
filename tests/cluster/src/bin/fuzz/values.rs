//! A value for every type, as an SQL expression: sampled from the tables, or odd.

use crate::catalog::{Catalog, Column, Relation};
use crate::documents;
use crate::pools;
use crate::rng::Rng;
use crate::samples::Samples;
use crate::texts;

/// Rows in rows in arrays end here.
const DEEPEST: usize = 3;

/// A text as SQL.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What values are made of.
pub struct Maker<'a> {
    /// What there is.
    pub catalog: &'a Catalog,
    /// What is in it.
    pub samples: &'a Samples,
    /// Whether the session may do everything.
    pub is_superuser: bool,
}

impl Maker<'_> {
    /// A value of a type; `hint` is the name of the argument or column that takes it.
    pub fn value(&self, rng: &mut Rng, type_name: &str, hint: &str) -> String {
        let mut rng = rng.fork();
        if rng.chance(6) {
            return self.null(type_name);
        }
        if rng.chance(50) {
            if let Some(sample) = self.samples.of_type(&mut rng, hint, type_name) {
                return format!("{}::{type_name}", quote(sample));
            }
        }
        self.made(&mut rng, type_name, hint, 0)
    }

    /// A value for a column, mostly one that a row may have.
    pub fn cell(&self, rng: &mut Rng, table: &Relation, column: &Column) -> String {
        let mut rng = rng.fork();
        let drawn = rng.below(100);
        let sample = match drawn {
            0..=34 if !column.reference.is_empty() => self.samples.of_column(&mut rng, &column.reference),
            35..=54 => self.samples.of_column(&mut rng, &format!("{}.{}", table.name, column.name)),
            55..=69 => rng.pick(&table.words).filter(|_| column.type_name == "text"),
            70..=74 => return "DEFAULT".to_owned(),
            _ => None,
        };
        match sample {
            Some(sample) => format!("{}::{}", quote(sample), column.type_name),
            None => self.value(&mut rng, &column.type_name, &column.name),
        }
    }

    /// One that a condition can compare a column with.
    pub fn key(&self, rng: &mut Rng, table: &Relation, column: &Column) -> String {
        let mut rng = rng.fork();
        match self.samples.of_column(&mut rng, &format!("{}.{}", table.name, column.name)) {
            Some(sample) => format!("{}::{}", quote(sample), column.type_name),
            None => self.value(&mut rng, &column.type_name, &column.name),
        }
    }

    /// A NULL can be given for what cannot be written, but not cast to it.
    fn null(&self, type_name: &str) -> String {
        match self.catalog.types.get(type_name).map(|known| known.kind.as_str()) {
            Some("p") | None => "NULL".to_owned(),
            Some(_) => format!("NULL::{type_name}"),
        }
    }

    fn made(&self, rng: &mut Rng, type_name: &str, hint: &str, depth: usize) -> String {
        let Some(known) = self.catalog.types.get(type_name) else { return "NULL".to_owned() };
        match known.kind.as_str() {
            "a" => self.array(rng, &known.of, hint, depth),
            "r" => self.range(rng, type_name, &known.of),
            "c" => self.row(rng, type_name, depth),
            "p" => "NULL".to_owned(),
            "d" => match rng.pick(&known.words).filter(|_| rng.chance(70)) {
                Some(word) => format!("{}::{type_name}", quote(word)),
                None => format!("{}::{type_name}", self.made(rng, &known.of, hint, depth)),
            },
            _ => self.scalar(rng, type_name, hint, depth),
        }
    }

    fn array(&self, rng: &mut Rng, element: &str, hint: &str, depth: usize) -> String {
        let hint = hint.strip_suffix('s').unwrap_or(hint);
        let one = |rng: &mut Rng| match self.samples.of_type(rng, hint, element) {
            Some(sample) if rng.chance(50) => format!("{}::{element}", quote(sample)),
            _ if depth < DEEPEST => self.made(rng, element, hint, depth + 1),
            _ => "NULL".to_owned(),
        };
        let (first, second) = (one(rng), one(rng));
        match rng.below(10) {
            0 => format!("'{{}}'::{element}[]"),
            1 => format!("ARRAY[{first}, NULL]::{element}[]"),
            2 => format!("ARRAY[ARRAY[{first}], ARRAY[{second}]]::{element}[]"),
            3 => format!("array_fill({first}::{element}, ARRAY[3], ARRAY[-5])"),
            4 => format!("array_fill({first}::{element}, ARRAY[2000])"),
            5 => format!("array_fill({first}::{element}, ARRAY[2, 2, 2])"),
            6 => format!("ARRAY[NULL]::{element}[]"),
            7 => format!("ARRAY[{first}]::{element}[]"),
            _ => format!("ARRAY[{first}, {second}, {first}]::{element}[]"),
        }
    }

    fn range(&self, rng: &mut Rng, type_name: &str, subtype: &str) -> String {
        let (low, high) = (self.scalar(rng, subtype, "", 1), self.scalar(rng, subtype, "", 1));
        let bounds = rng.word(&["[)", "[]", "()", "(]"]);
        match rng.below(10) {
            0 => format!("'empty'::{type_name}"),
            1 => format!("'(,)'::{type_name}"),
            2 => format!("{type_name}(NULL, {high}, '{bounds}')"),
            3 => format!("{type_name}({low}, NULL, '{bounds}')"),
            4 => format!("{type_name}({low}, {low}, '{bounds}')"),
            _ => format!("{type_name}(least({low}, {high}), greatest({low}, {high}), '{bounds}')"),
        }
    }

    fn row(&self, rng: &mut Rng, type_name: &str, depth: usize) -> String {
        let place = rng.below(8);
        let one = format!("(SELECT t FROM {type_name} t LIMIT 1 OFFSET {place})");
        let Some(table) = self.catalog.relation(type_name).filter(|_| depth < DEEPEST) else { return one };
        match rng.below(6) {
            0 => format!("NULL::{type_name}"),
            1 => format!("ROW({})::{type_name}", vec!["NULL"; table.columns.len()].join(", ")),
            2 | 3 => {
                let cells = table.columns.iter().map(|column| {
                    if rng.chance(40) {
                        "NULL".to_owned()
                    } else {
                        self.made(&mut rng.fork(), &column.type_name, &column.name, depth + 1)
                    }
                });
                format!("ROW({})::{type_name}", cells.collect::<Vec<_>>().join(", "))
            }
            _ => one,
        }
    }

    fn scalar(&self, rng: &mut Rng, type_name: &str, hint: &str, depth: usize) -> String {
        let typed = |text: &str| format!("{}::{type_name}", quote(text));
        match type_name {
            "boolean" => rng.word(&["true", "false"]).to_owned(),
            "smallint" | "integer" | "bigint" => integer(rng, type_name),
            "numeric" => typed(rng.word(pools::NUMERICS)),
            "real" | "double precision" => typed(rng.word(pools::FLOATS)),
            "oid" | "regtype" | "regproc" | "regrole" => format!("{}::{type_name}", rng.word(pools::OIDS)),
            "regclass" => self.relation(rng),
            "jsonb" | "json" => documents::json(self, rng, hint, type_name),
            "jsonpath" => match rng.below(20) {
                0 => "('$' || repeat('.a', 3000))::jsonpath".to_owned(),
                1 => "(repeat('(', 3000) || '1' || repeat(')', 3000))::jsonpath".to_owned(),
                _ => typed(rng.word(texts::PATHS)),
            },
            "interval" => typed(rng.word(pools::INTERVALS)),
            "date" => format!("{}::date", rng.word(pools::DATES)),
            "time without time zone" | "time with time zone" => typed(rng.word(pools::CLOCKS)),
            "timestamp with time zone" | "timestamp without time zone" => {
                format!("({})::{type_name}", rng.word(pools::TIMES))
            }
            "uuid" => typed(
                rng.word(&["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
            ),
            "bytea" => rng
                .word(&[
                    "''::bytea",
                    "'\\x00'::bytea",
                    "'\\xff00'::bytea",
                    "decode(repeat('ff', 600), 'hex')",
                ])
                .to_owned(),
            _ => self.text(rng, type_name, hint, depth),
        }
    }

    fn text(&self, rng: &mut Rng, type_name: &str, hint: &str, depth: usize) -> String {
        let field = ["field", "column"].contains(&hint) && rng.chance(60);
        if let Some(leads) = self.catalog.relation("leadroute.leads").filter(|_| field) {
            return quote(rng.pick(&leads.columns).map_or("", |column| column.name.as_str()));
        }
        match rng.below(20) {
            // an array of them would be hundreds of megabytes
            0 if depth == 0 => format!("({})::{type_name}", rng.word(texts::LONG_TEXTS)),
            _ => format!("{}::{type_name}", quote(rng.word(texts::TEXTS))),
        }
    }

    fn relation(&self, rng: &mut Rng) -> String {
        match rng.pick(&self.catalog.crm).filter(|_| rng.chance(50)) {
            Some(table) => format!("{}::regclass", quote(&table.name)),
            None => rng.word(pools::RELATIONS).to_owned(),
        }
    }
}

fn integer(rng: &mut Rng, type_name: &str) -> String {
    let least = match type_name {
        "smallint" => i64::from(i16::MIN),
        "integer" => i64::from(i32::MIN),
        _ => i64::MIN,
    };
    let value: i64 = rng.word(pools::INTEGERS).parse().unwrap_or_default();
    // the most is the complement of the least
    format!("'{}'::{type_name}", value.clamp(least, !least))
}
