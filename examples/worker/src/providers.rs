//! One call to a provider, and what its answer means.

use crate::requests::{Request, Said, Ticket};
use crate::settings::{Adapter, Provider};
use crate::{json_api, octave};
use serde_json::Value;
use std::time::Duration;
use ureq::http::header::HeaderMap;
use ureq::Agent;

/// No answer is longer.
const LONGEST: u64 = 4 << 20;

/// What became of a request.
#[derive(Debug)]
pub enum Answer {
    /// It is answered.
    Said(Said),
    /// The answer is delivered later.
    Pending,
    /// Try again: 5xx, 408, 429, a time-out, no connection, no JSON. The provider may have said when.
    Later(String, Option<Duration>),
    /// Trying again at once would not help.
    Refused(String),
}

/// Asks.
pub fn call(settings: &Provider, request: &Request, callback: Option<&str>) -> Answer {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(settings.timeout()))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into();
    let base = settings.url.trim_end_matches('/');
    let (url, body) = match settings.adapter {
        Adapter::Json => (base.to_owned(), json_api::body(&request.ticket, &request.payload, callback)),
        Adapter::Octave => {
            (format!("{base}{}", octave::path(settings)), octave::body(settings, &request.payload, callback))
        }
    };
    let mut post = agent.post(&url).header("Content-Type", "application/json");
    post = post.header("Idempotency-Key", &request.ticket.request);
    post = match (settings.adapter, &settings.key) {
        (Adapter::Octave, key) => post
            .header("api_key", key.as_deref().unwrap_or_default())
            .header("x-external-request-id", &request.ticket.request),
        (Adapter::Json, Some(key)) => post.header("Authorization", format!("Bearer {key}")),
        (Adapter::Json, None) => post,
    };
    match post.send(body.to_string()) {
        Ok(response) => judge(settings, &request.ticket, response),
        Err(error @ ureq::Error::BadUri(_)) => Answer::Refused(error.to_string()),
        Err(error) => Answer::Later(error.to_string(), None),
    }
}

fn judge(settings: &Provider, ticket: &Ticket, mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status();
    let wish = retry_after(response.headers());
    let text = response.body_mut().with_config().limit(LONGEST).read_to_string();
    match (status.as_u16(), text) {
        (408 | 429 | 500..=599, _) => Answer::Later(status.to_string(), wish),
        (200..=299, Err(error)) => Answer::Later(error.to_string(), None),
        (200..=299, Ok(_)) if settings.asynchronous => Answer::Pending,
        (200..=299, Ok(text)) if text.is_empty() && ticket.kind == "sequence" => Answer::Said(Said::Taken),
        (200..=299, Ok(text)) => match serde_json::from_str(&text) {
            Ok(body) => read(settings, ticket, &body).map_or_else(Answer::Refused, Answer::Said),
            Err(error) => Answer::Later(format!("the answer is no JSON: {error}"), None),
        },
        (_, text) => {
            let text: String = text.unwrap_or_default().chars().take(200).collect();
            Answer::Refused(format!("{status} {text}"))
        }
    }
}

/// What an answer says, also one that was delivered later.
pub fn read(settings: &Provider, ticket: &Ticket, body: &Value) -> Result<Said, String> {
    let said = match settings.adapter {
        Adapter::Json => json_api::answer(ticket, body),
        Adapter::Octave => octave::answer(settings, ticket, body),
    };
    said.map_err(|problem| format!("the answer {problem}"))
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("Retry-After")?.to_str().ok()?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = chrono::DateTime::parse_from_rfc2822(value).ok()?;
    (at.to_utc() - chrono::Utc::now()).to_std().ok()
}
