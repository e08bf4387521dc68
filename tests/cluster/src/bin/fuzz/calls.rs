//! Calls of functions in the ways that SQL knows, and reads of views.

use crate::catalog::Function;
use crate::plan::{Planned, Step};
use crate::rng::Rng;
use crate::values::Maker;

/// Arguments with a fixed value, each with why.
const FIXED: &[(&str, &str)] = &[
    // sleeps for as long as it is told
    ("leadroute.keep_time", "'0', '0'"),
    ("leadroute_internal.keep_time", "'0', '0'"),
];

/// Functions without arguments that only report.
const READERS: &[&str] = &["lint_config", "attached_problems", "rule_findings"];

/// A call of any function.
pub fn function(maker: &Maker<'_>, rng: &mut Rng) -> Planned {
    // functions for users run more code than those that they call
    let public: Vec<_> = maker.catalog.functions.iter().filter(|function| !function.is_internal).collect();
    let all: Vec<_> = maker.catalog.functions.iter().collect();
    let choice = if rng.chance(60) { rng.pick(&public) } else { rng.pick(&all) };
    match choice {
        Some(function) => Planned { steps: call(maker, rng, function), is_damage: function.is_internal },
        None => Planned::harmless(Vec::new()),
    }
}

/// A call of one of the functions that go on with a lead.
pub fn named(maker: &Maker<'_>, rng: &mut Rng, names: &[&str]) -> Vec<Step> {
    let name = format!("leadroute.{}", rng.word(names));
    let function = maker.catalog.functions.iter().find(|function| function.name == name);
    function.map_or_else(Vec::new, |function| call(maker, rng, function))
}

fn call(maker: &Maker<'_>, rng: &mut Rng, function: &Function) -> Vec<Step> {
    let expression = format!("{}({})", function.name, arguments(maker, rng, function));
    let one = |sql: String| vec![Step::new(sql, &function.name)];
    if function.kind == "p" {
        return one(format!("CALL {expression}"));
    }
    if function.returns_set {
        let is_reader = READERS.iter().any(|name| function.name.ends_with(&format!(".{name}")));
        let sql = format!("SELECT count(r::text) FROM {expression} AS r");
        return vec![Step { is_reader, ..Step::new(sql, &function.name) }];
    }
    match rng.below(20) {
        0 => one(format!("SELECT {expression} FROM generate_series(1, 3)")),
        1 => one(format!("SELECT r::text FROM {expression} AS r")),
        2 => one(format!("WITH x AS MATERIALIZED (SELECT {expression}) SELECT count(*) FROM x")),
        3 => one(subtransaction(&format!("PERFORM {expression};"))),
        4 => one(subtransaction(&format!("PERFORM {expression}; PERFORM 1 / 0;"))),
        5 => {
            // without HOLD only in a transaction; what is not fetched never runs
            let hold = rng.word(&["WITH HOLD ", ""]);
            let declare = format!(
                "DECLARE c NO SCROLL CURSOR {hold}FOR SELECT {expression} FROM generate_series(1, 3)"
            );
            let steps = [declare.as_str(), rng.word(&["FETCH ALL FROM c", "FETCH 1 FROM c"]), "CLOSE c"];
            steps.map(|sql| Step::new(sql, &function.name)).to_vec()
        }
        6 => {
            let mut steps = one(format!("PREPARE p AS SELECT {expression}"));
            steps.extend(vec![Step::new("EXECUTE p", &function.name); 7]);
            steps.push(Step::frame("DEALLOCATE p"));
            steps
        }
        7 => one(format!("SELECT {expression} FROM leadroute.leads LIMIT 2")),
        8 => one(format!("CREATE TEMP TABLE made AS SELECT ({expression})::text AS made")),
        _ => one(format!("SELECT {expression}")),
    }
}

/// In a block that keeps back every error but those that the fuzzer looks for.
fn subtransaction(body: &str) -> String {
    format!(
        "DO $do$ BEGIN {body} EXCEPTION WHEN OTHERS THEN IF SQLSTATE LIKE 'XX%' THEN RAISE; END IF; END $do$"
    )
}

fn arguments(maker: &Maker<'_>, rng: &mut Rng, function: &Function) -> String {
    if let Some(fixed) = FIXED.iter().find(|fixed| fixed.0 == function.name) {
        return fixed.1.to_owned();
    }
    let optional = if rng.chance(50) { rng.below(function.defaults + 1) } else { 0 };
    let count = function.arguments.len() - optional.min(function.arguments.len());
    let is_named = rng.chance(15) && function.arguments.iter().all(|argument| !argument.0.is_empty());
    let given = function.arguments.iter().take(count).map(|(name, type_name)| {
        let value = maker.value(rng, type_name, name);
        if is_named {
            format!("\"{name}\" => {value}")
        } else {
            value
        }
    });
    given.collect::<Vec<_>>().join(", ")
}

/// A look at a view, every column of it.
pub fn view(maker: &Maker<'_>, rng: &mut Rng) -> Step {
    let views = maker.catalog.views();
    let Some(view) = rng.pick(&views) else { return Step::frame("SELECT 1") };
    let name = &view.name;
    let condition = match rng.pick(&view.columns).filter(|_| rng.chance(40)) {
        Some(column) => format!(" WHERE v.{} = {}", column.name, maker.key(rng, view, column)),
        None => String::new(),
    };
    let sql = match rng.below(5) {
        0 => format!("SELECT * FROM {name} v{condition} LIMIT 20"),
        1 => format!("SELECT count(*) FROM {name} v{condition}"),
        _ => format!("SELECT count(v::text) FROM {name} v{condition}"),
    };
    // the value to compare with may be one that cannot be read
    Step { is_reader: condition.is_empty(), ..Step::new(sql, name) }
}
