//! A seeded fuzzer: generated SQL against every function, table, view and trigger function of the extension, from
//! sessions side by side. No statement may end the server, reach a user as an internal error or a panic, or leave
//! the extension unable to take a plain lead.
//!
//! The same seed and number of sessions give the same statements, as far as the values allow that are sampled from
//! the tables: sessions run side by side. `tests/fuzz/run.sh` starts it on a private cluster.

mod calls;
mod catalog;
mod ddl;
mod documents;
mod failures;
mod log;
mod own_tables;
mod plan;
mod pools;
mod rng;
mod samples;
mod server;
mod session;
mod texts;
mod traps;
mod values;
mod watch;
mod writes;

use catalog::Catalog;
use failures::Tally;
use log::Log;
use server::{Fault, Said};
use session::Shared;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use watch::Watch;

/// A statement that ran for so long will never come back.
const STUCK: Duration = Duration::from_secs(40);

struct Options {
    seed: u64,
    seconds: u64,
    sessions: usize,
    log: Option<String>,
    kinds: Vec<String>,
    lists_targets: bool,
}

fn options() -> Result<Options, Fault> {
    let mut options =
        Options { seed: 1, seconds: 60, sessions: 2, log: None, kinds: Vec::new(), lists_targets: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--targets" {
            options.lists_targets = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--seed" => options.seed = value.parse()?,
            "--seconds" => options.seconds = value.parse()?,
            "--sessions" => options.sessions = value.parse()?,
            "--blocks" => options.kinds = value.split(',').map(str::to_owned).collect(),
            "--log" => options.log = Some(value),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match options().and_then(|options| fuzz(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many kinds of failures there were.
fn fuzz(options: &Options) -> Result<usize, Fault> {
    let database = format!("fuzz_{}", std::process::id());
    server::create_database(&database)?;
    let shared = Arc::new(Shared {
        seed: options.seed,
        kinds: options.kinds.clone(),
        end: Instant::now() + Duration::from_secs(options.seconds),
        catalog: Catalog::read(&mut server::administrator(&database)?)?,
        tally: Tally::default(),
        log: Log::open(options.log.as_deref())?,
        gate: std::sync::RwLock::default(),
        database,
    });
    let sessions: Vec<_> = (0..options.sessions).map(|number| start(&shared, number)).collect();
    wait(&shared, &sessions);
    for number in 0..options.sessions {
        // it is there only if something was copied
        let _ = std::fs::remove_file(session::copy_file(&shared.database, number));
    }
    shared.log.read(&shared.tally);
    if options.lists_targets {
        shared.tally.print_targets();
    }
    let failures = shared.tally.summary();
    if failures == 0 {
        server::drop_database(&shared.database)?;
    }
    Ok(failures)
}

type Running = (std::thread::JoinHandle<()>, Arc<Watch>);

fn start(shared: &Arc<Shared>, number: usize) -> Running {
    let (shared, watch) = (Arc::clone(shared), Arc::new(Watch::default()));
    let seen = Arc::clone(&watch);
    let run = move || {
        if let Err(error) = session::run(&shared, number, &seen) {
            let said = Said { message: error.to_string(), ..Said::default() };
            shared.tally.fail("session ended", "", &said, &format!("-- session {number}"));
        }
    };
    (std::thread::spawn(run), watch)
}

/// Until all sessions have ended, or what is left never will.
fn wait(shared: &Shared, sessions: &[Running]) {
    while sessions.iter().any(|(thread, _)| !thread.is_finished()) {
        std::thread::sleep(Duration::from_millis(200));
        shared.log.read(&shared.tally);
        let is_over = Instant::now() > shared.end + STUCK;
        let stuck = sessions.iter().find_map(|(_, watch)| watch.stuck(STUCK));
        if let Some(sql) = stuck.filter(|_| is_over) {
            let message = "a statement does not come back, whatever statement_timeout says".to_owned();
            shared.tally.fail("HANG", "", &Said { message, ..Said::default() }, &format!("{sql};"));
            return;
        }
    }
}
