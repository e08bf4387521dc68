//! Everything that can be set: a JSON file, and secrets from the environment.

use leadroute_examples::environment::{database, variable};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What the worker works with.
pub struct Settings {
    /// Where the database is.
    pub database: postgres::Config,
    /// What the file says.
    pub file: File,
    /// Key of the addresses that are given to providers for their answers.
    pub callback_secret: Option<String>,
    /// What a chat or phone system sends with a report of presence.
    pub presence_secret: Option<String>,
}

/// The settings file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// By which name the outbox knows us.
    #[serde(default = "consumer")]
    pub consumer: String,
    /// How many providers are asked at a time; none asks nobody.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// How long whoever has nothing to do sleeps when nobody wakes it.
    #[serde(default = "nap")]
    pub nap_seconds: u64,
    /// How long a request that is refused, or whose asynchronous answer does not come, is put off.
    #[serde(default = "put_off")]
    pub put_off_seconds: u64,
    /// Where answers of providers and reports of presence are taken, such as `127.0.0.1:8098`.
    pub listen: Option<String>,
    /// The address of that, as providers reach it.
    pub public_url: Option<String>,
    /// Whom to ask, by the names of `leadroute.providers`.
    #[serde(default)]
    pub providers: HashMap<String, Provider>,
    /// Whose calendars to read.
    #[serde(default)]
    pub calendars: Vec<Calendar>,
    /// How often.
    #[serde(default = "every")]
    pub calendar_seconds: u64,
    /// How far ahead.
    #[serde(default = "days")]
    pub calendar_days: i64,
}

/// A provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it speaks.
    pub adapter: Adapter,
    /// Where it is: of Octave, without `/api/v2`.
    pub url: String,
    /// The variable that holds its API key.
    pub key_variable: Option<String>,
    /// The agent, where the adapter is Octave.
    pub agent: Option<Agent>,
    /// Its id (`agentOId`).
    pub agent_id: Option<String>,
    /// Whether the answer is delivered to `public_url` later.
    #[serde(default)]
    pub asynchronous: bool,
    /// How long it may take to answer, or to take an asynchronous request.
    #[serde(default = "timeout")]
    pub timeout_seconds: u64,
    /// Its API key.
    #[serde(skip)]
    pub key: Option<String>,
}

/// What a provider speaks.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// README.md says what.
    Json,
    /// API v2 of Octave.
    Octave,
}

/// The agents of Octave that leads are for.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// Scores a person.
    QualifyPerson,
    /// Scores a company.
    QualifyCompany,
    /// Knows a person.
    EnrichPerson,
    /// Knows a company.
    EnrichCompany,
    /// Writes e-mails.
    Sequence,
}

/// The calendar of a rep.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// Whose it is.
    pub rep: String,
    /// Where it is.
    pub url: String,
    /// `absences.source`; `calendar:` and the rep, if it is not given.
    pub source: Option<String>,
    /// Their address in invitations: one that they have declined is no absence.
    pub email: Option<String>,
    /// The zone of times that have none, such as whole days.
    pub time_zone: Option<String>,
    /// A meeting that is shorter is no absence.
    #[serde(default = "shortest")]
    pub shortest_minutes: i64,
    /// An event whose title has one of these is time off.
    #[serde(default = "out_of_office")]
    pub out_of_office: Vec<String>,
}

fn consumer() -> String {
    "worker".to_owned()
}

fn concurrency() -> usize {
    4
}

fn nap() -> u64 {
    5
}

fn put_off() -> u64 {
    900
}

fn every() -> u64 {
    300
}

fn days() -> i64 {
    60
}

fn timeout() -> u64 {
    30
}

fn shortest() -> i64 {
    30
}

fn out_of_office() -> Vec<String> {
    ["out of office", "vacation", "annual leave", "day off"].map(str::to_owned).to_vec()
}

impl Calendar {
    /// `absences.source`.
    pub fn source(&self) -> String {
        self.source.clone().unwrap_or_else(|| format!("calendar:{}", self.rep))
    }
}

impl Provider {
    /// How long it may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

impl Settings {
    /// Reads the file and the environment; the error says what is wrong.
    pub fn read() -> Result<Self, String> {
        let path = variable("WORKER_SETTINGS").ok_or("WORKER_SETTINGS is not set")?;
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let mut file: File = serde_json::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
        for (name, provider) in &mut file.providers {
            provider.check().map_err(|problem| format!("{path}: provider {name}: {problem}"))?;
        }
        check_sources(&file.calendars).map_err(|problem| format!("{path}: {problem}"))?;
        let settings = Self {
            database: database()?,
            file,
            callback_secret: variable("CALLBACK_SECRET"),
            presence_secret: variable("PRESENCE_SECRET"),
        };
        let later = settings.file.providers.values().any(|provider| provider.asynchronous);
        if later
            && (settings.callback_secret.is_none()
                || settings.file.listen.is_none()
                || settings.file.public_url.is_none())
        {
            return Err(format!(
                "{path}: an asynchronous provider needs listen, public_url, and CALLBACK_SECRET"
            ));
        }
        Ok(settings)
    }

    /// How long a request is ours: longer than any provider may take.
    pub fn lease(&self) -> Duration {
        let longest = self.file.providers.values().map(Provider::timeout).max().unwrap_or_default();
        longest + Duration::from_secs(30)
    }
}

/// An event to which two reps are invited has one UID in the calendars of both, so that each needs a source of its own.
pub fn check_sources(calendars: &[Calendar]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match calendars.iter().map(Calendar::source).find(|source| !seen.insert(source.clone())) {
        Some(source) => {
            Err(format!("more than one calendar has the source {source:?}; each needs one of its own"))
        }
        None => Ok(()),
    }
}

impl Provider {
    fn check(&mut self) -> Result<(), String> {
        if let Some(name) = &self.key_variable {
            self.key = Some(variable(name).ok_or_else(|| format!("{name} is not set"))?);
        }
        if self.timeout_seconds == 0 {
            return Err("timeout_seconds must be 1 or more".to_owned());
        }
        if self.adapter == Adapter::Octave && (self.agent.is_none() || self.agent_id.is_none()) {
            return Err("adapter octave needs agent and agent_id".to_owned());
        }
        Ok(())
    }
}
