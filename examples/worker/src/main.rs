//! Asks providers about leads and brings their answers, reads calendars, and takes reports of presence. README.md says
//! how to run it and what it promises.

mod calendar;
#[cfg(test)]
mod calendar_tests;
mod calendars;
mod callback;
mod desk;
mod json_api;
mod occurrences;
mod octave;
mod pauses;
mod providers;
mod requests;
mod server;
mod settings;

use settings::Settings;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::thread;

fn main() -> ExitCode {
    leadroute_examples::process::run("leadroute-worker", Settings::read(), run)
}

fn run(settings: &Settings, stop: &AtomicBool) -> Result<(), String> {
    let server = match &settings.file.listen {
        Some(address) => {
            Some(tiny_http::Server::http(address).map_err(|error| format!("listen on {address}: {error}"))?)
        }
        None => None,
    };
    let pauses = pauses::Pauses::default();
    thread::scope(|scope| {
        for _ in 0..settings.file.concurrency {
            scope.spawn(|| desk::Desk::new(settings, stop, &pauses).run());
        }
        if let Some(server) = &server {
            scope.spawn(|| server::run(settings, server, stop));
        }
        if !settings.file.calendars.is_empty() {
            scope.spawn(|| calendars::run(settings, stop));
        }
    });
    Ok(())
}
