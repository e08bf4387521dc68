//! What a session does next: a block of statements, planned before any of it runs, so that its outcome does not
//! change what is drawn.

use crate::calls;
use crate::ddl;
use crate::own_tables;
use crate::rng::Rng;
use crate::traps;
use crate::values::Maker;
use crate::writes;

/// A statement.
#[derive(Clone)]
pub struct Step {
    /// As psql takes it, without semicolon.
    pub sql: String,
    /// The function or table that it is about.
    pub target: String,
    /// What COPY reads.
    pub data: Option<String>,
    /// Runs only if the transaction has failed.
    pub is_rescue: bool,
    /// Reads what is there and nothing else: the data must not make it fail, however odd they are.
    pub is_reader: bool,
}

impl Step {
    /// A statement about something.
    pub fn new(sql: impl Into<String>, target: &str) -> Self {
        Self { sql: sql.into(), target: target.to_owned(), data: None, is_rescue: false, is_reader: false }
    }

    /// A statement that only frames others.
    pub fn frame(sql: impl Into<String>) -> Self {
        Self::new(sql, "")
    }
}

/// Statements, and whether they must be undone: a company whose books were overwritten by hand routes nothing any
/// more, and that is no failure of the extension.
pub struct Planned {
    /// In order.
    pub steps: Vec<Step>,
    /// Not to be committed.
    pub is_damage: bool,
}

impl Planned {
    /// Statements that people run.
    pub fn harmless(steps: Vec<Step>) -> Self {
        Self { steps, is_damage: false }
    }
}

/// Runs steps in a subtransaction, so that the rest of a transaction is reached if they fail.
pub fn guarded(name: &str, steps: Vec<Step>) -> Vec<Step> {
    let mut all = vec![Step::frame(format!("SAVEPOINT {name}"))];
    all.extend(steps);
    all.push(Step { is_rescue: true, ..Step::frame(format!("ROLLBACK TO {name}")) });
    all
}

/// Kinds of blocks, and how many of a hundred each has.
pub const KINDS: &[(&str, usize)] =
    &[("alone", 20), ("transaction", 43), ("own_tables", 17), ("traps", 10), ("ddl", 10)];

/// Plans a block of one of these kinds.
pub fn block(maker: &Maker<'_>, rng: &mut Rng, session: usize, kinds: &[String]) -> Vec<Step> {
    let places = KINDS.iter().filter(|kind| kinds.is_empty() || kinds.iter().any(|name| name == kind.0));
    let places: Vec<_> = places.flat_map(|kind| vec![kind.0; kind.1]).collect();
    match rng.word(&places) {
        "alone" => (0..=rng.below(4)).flat_map(|_| alone(maker, rng)).collect(),
        "own_tables" => own_tables::block(maker, rng),
        "traps" => traps::block(maker, rng, session),
        "ddl" if maker.is_superuser => ddl::block(maker, rng),
        _ => transaction(maker, rng),
    }
}

/// Where something was broken on purpose, a reader may fail.
pub fn undemanding(steps: &mut [Step]) {
    for step in steps {
        step.is_reader = false;
    }
}

/// A statement in autocommit; damage is undone, after a look at what routing makes of it.
fn alone(maker: &Maker<'_>, rng: &mut Rng) -> Vec<Step> {
    let planned = statement(maker, rng);
    if !planned.is_damage {
        return planned.steps;
    }
    let mut steps = vec![Step::frame("BEGIN")];
    steps.extend(guarded("damage", planned.steps));
    steps.push(writes::new_lead(maker, rng));
    steps.push(Step::frame("ROLLBACK"));
    steps
}

fn transaction(maker: &Maker<'_>, rng: &mut Rng) -> Vec<Step> {
    let level = rng.word(&[
        "",
        "",
        " ISOLATION LEVEL REPEATABLE READ",
        " ISOLATION LEVEL SERIALIZABLE",
        " READ ONLY",
        " ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE",
    ]);
    // read-only transactions refuse most: a few are enough
    let level = if level.contains("READ ONLY") && rng.chance(85) { "" } else { level };
    let mut steps = vec![Step::frame(format!("BEGIN{level}"))];
    let mut is_damage = false;
    let has_savepoints = rng.chance(60);
    for n in 0..=rng.below(7) {
        if rng.chance(15) {
            let setting = vec![setting(maker, rng)];
            steps.extend(if has_savepoints { guarded("setting", setting) } else { setting });
        }
        let planned = statement(maker, rng);
        is_damage |= planned.is_damage;
        if !has_savepoints {
            steps.extend(planned.steps);
            continue;
        }
        let name = format!("s{n}");
        steps.extend(guarded(&name, planned.steps));
        if rng.chance(20) {
            steps.push(Step::frame(format!("ROLLBACK TO {name}")));
        } else if rng.chance(30) {
            steps.push(Step::frame(format!("RELEASE {name}")));
        }
    }
    if is_damage {
        undemanding(&mut steps);
        steps.extend(guarded("after", vec![writes::new_lead(maker, rng)]));
    }
    let end = if is_damage || rng.chance(35) { "ROLLBACK" } else { "COMMIT" };
    steps.push(Step::frame(end));
    steps
}

/// Any statement of people.
pub fn statement(maker: &Maker<'_>, rng: &mut Rng) -> Planned {
    match rng.below(100) {
        0..=37 => calls::function(maker, rng),
        38..=52 => Planned::harmless(vec![writes::new_lead(maker, rng)]),
        53..=80 => writes::any(maker, rng),
        81..=90 => Planned::harmless(vec![calls::view(maker, rng)]),
        91..=95 => Planned::harmless(vec![own_tables::write(maker, rng)]),
        96 => Planned { steps: vec![writes::truncate(maker, rng)], is_damage: rng.chance(80) },
        _ => Planned::harmless(vec![setting(maker, rng)]),
    }
}

/// A setting of the extension, or one that changes how values are read and written.
pub fn setting(maker: &Maker<'_>, rng: &mut Rng) -> Step {
    let local = rng.word(&["SET", "SET LOCAL"]);
    let others = [
        "TimeZone = 'Asia/Kathmandu'",
        "TimeZone = 'America/New_York'",
        "DateStyle = 'German, DMY'",
        "DateStyle = 'SQL, MDY'",
        "IntervalStyle = iso_8601",
        "IntervalStyle = sql_standard",
        "bytea_output = escape",
        "extra_float_digits = 0",
        "search_path = ''",
        "search_path = fuzz, leadroute, pg_catalog",
        "session_replication_role = replica",
        "row_security = off",
        "work_mem = '64kB'",
        "plan_cache_mode = force_generic_plan",
        "enable_indexscan = off",
        "transaction_isolation = 'serializable'",
        "constraint_exclusion = on",
        "lc_numeric = 'C.UTF-8'",
        "xmloption = document",
        "check_function_bodies = off",
        "ROLE = 'leadroute_fuzz'",
    ];
    let Some(setting) =
        rng.pick(&maker.catalog.settings).filter(|_| rng.chance(if maker.is_superuser { 60 } else { 10 }))
    else {
        return Step::frame(format!("{local} {}", rng.word(&others)));
    };
    let (least, most) = &setting.limits;
    let value = match setting.kind.as_str() {
        "bool" => rng.word(&["on", "off"]),
        "enum" => rng.pick(&setting.words).map_or("", String::as_str),
        "integer" | "real" => rng.word(&["0", "1", "50", "1000", least, most, "-2"]),
        _ => rng.word(&["", "reps", "reps, segments", "no_such", "*"]),
    };
    Step::frame(format!("{local} {} = '{value}'", setting.name))
}
