//! A session that runs block after block and judges what comes back.

use crate::catalog::Catalog;
use crate::failures::{is_failure, Tally};
use crate::log::Log;
use crate::plan::{self, Step};
use crate::rng::Rng;
use crate::samples::Samples;
use crate::server::{self, rows, Fault, Heard, Said};
use crate::values::Maker;
use crate::watch::Watch;
use postgres::Client;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The server should have ended it after 5 s.
const TOO_LONG: Duration = Duration::from_secs(20);

/// What all sessions share.
pub struct Shared {
    /// Of the database.
    pub database: String,
    /// What to repeat.
    pub seed: u64,
    /// Of blocks; all if empty.
    pub kinds: Vec<String>,
    /// When to end.
    pub end: Instant,
    /// What there is.
    pub catalog: Catalog,
    /// What was found.
    pub tally: Tally,
    /// What the server writes.
    pub log: Log,
    /// Held by each block, and alone by the check that a plain lead is routed: nothing is pending then.
    pub gate: RwLock<()>,
}

/// One connection and what it did.
pub struct Session<'a> {
    shared: &'a Shared,
    number: usize,
    watch: &'a Watch,
    client: Client,
    pid: i32,
    heard: Heard,
    /// Crashes before this connection.
    crashes: usize,
    samples: Samples,
    block: u64,
    /// What ran since the begin of the block.
    ran: Vec<String>,
    /// Of COPY.
    file: String,
    /// What the last of them is about.
    target: String,
    /// Decisions up to this one were looked at.
    seen: i64,
}

/// The connection is gone.
struct Lost;

/// What is known of the transaction of a block.
#[derive(Default)]
struct Transaction {
    is_open: bool,
    has_failed: bool,
    savepoints: Vec<String>,
}

impl Transaction {
    /// Whether a step is worth while: after an error only what ends the transaction, or goes back to before.
    fn runs(&self, step: &Step) -> bool {
        match step.sql.strip_prefix("ROLLBACK TO ") {
            Some(name) => {
                (!step.is_rescue || self.has_failed) && self.savepoints.iter().any(|known| known == name)
            }
            None => !self.has_failed || matches!(step.sql.as_str(), "ROLLBACK" | "COMMIT"),
        }
    }

    fn ran(&mut self, step: &Step, succeeded: bool) {
        self.is_open |= step.sql.starts_with("BEGIN");
        if let Some(name) = step.sql.strip_prefix("SAVEPOINT ").filter(|_| succeeded) {
            self.savepoints.push(name.to_owned());
        }
        let went_back = step.sql.starts_with("ROLLBACK") && succeeded;
        self.has_failed = self.is_open && !went_back && (self.has_failed || !succeeded);
    }
}

/// Runs until the time is over.
pub fn run(shared: &Shared, number: usize, watch: &Watch) -> Result<(), Fault> {
    let heard = Heard::default();
    let (client, pid) = server::session(&shared.database, is_superuser(number), &heard)?;
    let (samples, ran, target) = (Samples::default(), Vec::new(), String::new());
    let file = copy_file(&shared.database, number);
    let crashes = shared.log.crashes();
    let mut session = Session {
        shared,
        number,
        watch,
        client,
        pid,
        heard,
        crashes,
        samples,
        block: 0,
        ran,
        file,
        target,
        seen: 0,
    };
    while Instant::now() < shared.end {
        if session.next().is_err() {
            session.lost();
            let heard = Heard::default();
            let fresh = server::session_after_crash(&shared.database, is_superuser(number), &heard)?;
            (session.client, session.pid, session.heard) = (fresh.0, fresh.1, heard);
            session.crashes = shared.log.crashes();
        }
        session.block += 1;
    }
    Ok(())
}

/// What COPY of a session reads.
pub fn copy_file(database: &str, number: usize) -> String {
    format!("{}/{database}_{number}.copy", std::env::temp_dir().display())
}

/// Every other session is one.
fn is_superuser(number: usize) -> bool {
    number.is_multiple_of(2)
}

impl Session<'_> {
    fn next(&mut self) -> Result<(), Lost> {
        self.ran.clear();
        if self.block.is_multiple_of(40) {
            self.refresh();
        }
        let number = u64::try_from(self.number).unwrap_or_default();
        let mut rng = Rng::new(&[self.shared.seed, number, self.block]);
        let is_superuser = is_superuser(self.number);
        let maker = Maker { catalog: &self.shared.catalog, samples: &self.samples, is_superuser };
        let steps = plan::block(&maker, &mut rng, self.number, &self.shared.kinds);
        {
            let _pending = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
            self.run_block(&steps)?;
        }
        if self.block % 10 == 9 {
            self.check_plain_lead()?;
        }
        Ok(())
    }

    /// Samples, and what was deleted of the company.
    fn refresh(&mut self) {
        let _pending = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
        if is_superuser(self.number) {
            for statement in server::company() {
                // what is there already, or is attached by somebody else, stays as it is
                let _ = self.client.batch_execute(statement);
            }
        }
        self.samples = Samples::read(&mut self.client, &self.shared.catalog);
        self.warnings("");
    }

    fn run_block(&mut self, steps: &[Step]) -> Result<(), Lost> {
        let mut state = Transaction::default();
        for step in steps {
            if !state.runs(step) {
                continue;
            }
            if state.is_open && !state.has_failed && matches!(step.sql.as_str(), "ROLLBACK" | "COMMIT") {
                self.look_at_decisions()?;
            }
            let succeeded = self.step(step)?;
            state.ran(step, succeeded);
        }
        self.look_at_decisions()?;
        for sql in ["RESET ALL", "DEALLOCATE ALL", "CLOSE ALL", "UNLISTEN *", "DISCARD TEMP"] {
            self.quietly(sql)?;
        }
        Ok(())
    }

    /// Runs a statement; whether it succeeded.
    fn step(&mut self, step: &Step) -> Result<bool, Lost> {
        self.ran.push(match &step.data {
            Some(data) => format!("{} FROM STDIN;\n{data}\\.", step.sql),
            None => format!("{};", step.sql),
        });
        self.target.clone_from(&step.target);
        let begin = Instant::now();
        self.watch.begin(&step.sql);
        let result = self.execute(step);
        self.watch.end();
        self.shared.tally.count(&step.target, result.is_ok());
        if begin.elapsed() > TOO_LONG {
            let message = "it ran on long after statement_timeout".to_owned();
            self.fail("hang", &step.target, &Said { message, ..Said::default() });
        }
        self.warnings(&step.target);
        let Err(said) = result else { return Ok(true) };
        if self.client.is_closed() {
            return Err(Lost);
        }
        let is_data = ["21", "22", "23", "42", "P0"].iter().any(|class| said.sqlstate.starts_with(class));
        if is_failure(&said) || said.sqlstate.is_empty() {
            self.fail("error", &step.target, &said);
        } else if step.is_reader && is_data && said.sqlstate != "42501" {
            self.fail("the data break a reader", &step.target, &said);
        } else {
            self.shared.tally.mistake();
        }
        Ok(false)
    }

    /// COPY reads a file: of a client whose COPY is refused the library loses count of the answers.
    fn execute(&mut self, step: &Step) -> Result<(), Said> {
        let sql = match &step.data {
            Some(data) => {
                std::fs::write(&self.file, data)
                    .map_err(|error| Said { message: error.to_string(), ..Said::default() })?;
                format!("{} FROM '{}'", step.sql, self.file)
            }
            None => step.sql.clone(),
        };
        self.client.simple_query(&sql).map(drop).map_err(|error| Said::from(&error))
    }

    /// Something between the statements that are tried.
    fn quietly(&mut self, sql: &str) -> Result<Vec<Vec<String>>, Lost> {
        self.watch.begin(sql);
        let result = rows(&mut self.client, sql);
        self.watch.end();
        match result {
            Err(_) if self.client.is_closed() => Err(Lost),
            result => Ok(result.unwrap_or_default()),
        }
    }

    /// Errors that were kept back and told as a warning.
    fn warnings(&mut self, target: &str) {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        for said in heard.iter().filter(|said| is_failure(said)) {
            self.fail("warning", target, said);
        }
    }

    /// Routing keeps back its own errors and writes them into the decision: those are looked for there.
    fn look_at_decisions(&mut self) -> Result<(), Lost> {
        let found = self.quietly(&format!(
            "SELECT max(id), string_agg(trace::text, E'\\n') FILTER (WHERE trace::text ~ '\"sqlstate\": *\"XX|panicked|unwrap')
               FROM leadroute.decisions WHERE id > {}",
            self.seen
        ))?;
        let cells = found.concat();
        let [last, traces] = cells.as_slice() else { return Ok(()) };
        self.seen = last.parse().unwrap_or(self.seen);
        if !traces.is_empty() {
            let (_, message) = traces.split_once("sqlstate").unwrap_or(("", traces));
            let said = Said { message: message.replace('"', ""), detail: traces.clone(), ..Said::default() };
            self.fail(
                "error kept in a decision (perhaps of the other session)",
                "leadroute.decisions",
                &said,
            );
        }
        Ok(())
    }

    /// While nothing is pending in any session a plain lead must be taken.
    fn check_plain_lead(&mut self) -> Result<(), Lost> {
        let end = Instant::now() + Duration::from_secs(3);
        let alone = loop {
            match self.shared.gate.try_write() {
                Ok(alone) => break alone,
                Err(_) if Instant::now() > end => return Ok(()),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let (number, block) = (self.number, self.block);
        let sql = format!(
            "INSERT INTO leadroute.leads (email) VALUES ('plain@probe-{number}-{block}.com') RETURNING owner_id, queue, status"
        );
        let result = rows(&mut self.client, &sql);
        drop(alone);
        self.shared.tally.count("a plain lead", result.is_ok());
        self.ran.push(format!("{sql};"));
        if self.client.is_closed() {
            return Err(Lost);
        }
        match result.map(|rows| rows.concat()) {
            Err(error) => self.fail("plain lead refused", "leadroute.leads", &Said::from(&error)),
            Ok(cells) => match cells.as_slice() {
                [owner, queue, status]
                    if !owner.is_empty()
                        || !queue.is_empty()
                        || ["nurture", "merged"].contains(&status.as_str()) => {}
                other => {
                    let message = format!("it is nowhere: {other:?}");
                    self.fail("plain lead", "leadroute.leads", &Said { message, ..Said::default() });
                }
            },
        }
        self.warnings("leadroute.leads");
        Ok(())
    }

    /// Who crashed: the others are thrown out too, and did nothing wrong.
    fn lost(&mut self) {
        let log = &self.shared.log;
        let end = Instant::now() + Duration::from_secs(if log.is_there() { 5 } else { 0 });
        loop {
            log.read(&self.shared.tally);
            if log.crashes() > self.crashes || Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let unknown = (log.crashes() == self.crashes).then(|| "the server closed the connection".to_owned());
        if let Some(message) = log.crash_of(self.pid).or(unknown) {
            self.fail("CRASH", &self.target, &Said { message, ..Said::default() });
        }
    }

    fn fail(&self, what: &str, target: &str, said: &Said) {
        let role = if is_superuser(self.number) { "a superuser" } else { server::PLAIN_ROLE };
        let how = format!(
            "-- seed {}, session {} ({role}), block {}\n{}",
            self.shared.seed,
            self.number,
            self.block,
            self.ran.join("\n")
        );
        self.shared.tally.fail(what, target, said, &how);
    }
}
