//! Asks providers about leads and brings their answers, reads calendars, and takes reports of presence. README.md says
//! how to run it and what it promises.

#[path = "../../webhook/src/backoff.rs"]
mod backoff;
mod calendar;
#[cfg(test)]
mod calendar_tests;
mod calendars;
mod callback;
mod desk;
#[path = "../../webhook/src/environment.rs"]
mod environment;
mod json_api;
mod occurrences;
mod octave;
mod providers;
mod requests;
mod server;
mod settings;

use settings::Settings;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;
use std::thread;

fn main() -> ExitCode {
    let settings = match Settings::read() {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("leadroute-worker: {problem}");
            return ExitCode::from(2);
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            eprintln!("leadroute-worker: signal {signal} cannot be handled: {error}");
            return ExitCode::FAILURE;
        }
    }
    match run(&settings, &stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("leadroute-worker: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &Settings, stop: &AtomicBool) -> Result<(), String> {
    let server = match &settings.file.listen {
        Some(address) => {
            Some(tiny_http::Server::http(address).map_err(|error| format!("listen on {address}: {error}"))?)
        }
        None => None,
    };
    let pauses = desk::Pauses::default();
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
    eprintln!("leadroute-worker: stopped");
    Ok(())
}
