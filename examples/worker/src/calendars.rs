//! Reads the calendars again and again, and makes absences of them.

use crate::calendar::absences;
use crate::requests::{describe, is_lasting, Database};
use crate::settings::{Calendar, Settings};
use chrono::{DateTime, Duration as Days, Utc};
use leadroute_examples::backoff::pause;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use ureq::Agent;

/// No calendar is longer.
const LONGEST: u64 = 32 << 20;
/// How long one may take to come.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Works until `stop`.
pub fn run(settings: &Settings, stop: &AtomicBool) {
    let agent: Agent = Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
    while !stop.load(Ordering::Relaxed) {
        let now = Utc::now();
        let period = (now - Days::days(1), now + Days::days(settings.file.calendar_days));
        let mut database = None;
        for calendar in &settings.file.calendars {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            match read(settings, &agent, calendar, period, &mut database) {
                Ok(0) => {}
                Ok(changed) => {
                    eprintln!("leadroute-worker: calendar of {}: {changed} rows changed", calendar.rep)
                }
                // what was known stays
                Err(problem) => eprintln!("leadroute-worker: calendar of {}: {problem}", calendar.rep),
            }
        }
        pause(Duration::from_secs(settings.file.calendar_seconds), stop);
    }
}

fn read(
    settings: &Settings,
    agent: &Agent,
    calendar: &Calendar,
    period: (DateTime<Utc>, DateTime<Utc>),
    database: &mut Option<Database>,
) -> Result<i32, String> {
    let mut response = agent.get(&calendar.url).call().map_err(|error| error.to_string())?;
    let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
    let found = absences(&text.map_err(|error| error.to_string())?, calendar, period)?;
    let mut session = match database.take() {
        Some(session) => session,
        None => Database::connect(settings).map_err(|error| error.to_string())?,
    };
    #[expect(clippy::cast_precision_loss, reason = "seconds of these centuries are exact")]
    let seconds = (period.0.timestamp() as f64, period.1.timestamp() as f64);
    let changed = session.sync_absences(&calendar.source(), &calendar.rep, seconds, &json!(found));
    // one that is lost is replaced for the next calendar
    if changed.as_ref().err().is_none_or(is_lasting) {
        *database = Some(session);
    }
    changed.map_err(|error| describe(&error))
}
