//! One POST, signed, and what its answer means.

use crate::config::Config;
use crate::outbox::Notification;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;
use std::time::Duration;
use ureq::Agent;

/// What became of a notification.
pub enum Answer {
    /// The receiver has it (2xx).
    Delivered,
    /// Try again: 5xx, 408, 429, a time-out, no connection. The receiver may have said when.
    Later(String, Option<Duration>),
    /// The receiver does not want it like that: 3xx and all other 4xx.
    Refused(String),
}

/// Where notifications go.
pub struct Webhook<'a> {
    config: &'a Config,
    agent: Agent,
}

impl<'a> Webhook<'a> {
    /// With the time-out of the configuration.
    pub fn new(config: &'a Config) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { config, agent: agent.into() }
    }

    /// Posts a notification. Without a receiver it is merely printed.
    pub fn post(&self, notification: &Notification) -> Answer {
        if self.config.webhook_url == "-" {
            println!("{}", notification.body);
            return Answer::Delivered;
        }
        let signature = sign(&self.config.webhook_secret, &notification.body);
        let result = self
            .agent
            .post(&self.config.webhook_url)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", format!("leadroute-{}", notification.id))
            .header("X-Leadroute-Signature", format!("sha256={signature}"))
            .send(&notification.body);
        match result {
            Ok(response) => judge(&response),
            Err(error @ ureq::Error::BadUri(_)) => Answer::Refused(error.to_string()),
            Err(error) => Answer::Later(error.to_string(), None),
        }
    }
}

fn judge(response: &ureq::http::Response<ureq::Body>) -> Answer {
    let status = response.status();
    match status.as_u16() {
        200..=299 => Answer::Delivered,
        408 | 429 | 500..=599 => {
            let seconds =
                response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
            Answer::Later(status.to_string(), seconds.map(Duration::from_secs))
        }
        _ => Answer::Refused(status.to_string()),
    }
}

/// HMAC-SHA256 of the body, in hexadecimal.
fn sign(secret: &str, body: &str) -> String {
    let mut hex = String::new();
    // A key may have any length.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(body.as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(hex, "{byte:02x}");
        }
    }
    hex
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_signature_is_that_of_rfc_4231() {
        // Test case 2: key "Jefe".
        assert_eq!(
            super::sign("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
