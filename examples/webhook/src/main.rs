//! Posts the notifications of leadroute to a webhook. README.md says how to run it and what it promises.

mod backoff;
mod config;
mod environment;
mod listener;
mod outbox;
mod webhook;

use config::Config;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;

fn main() -> ExitCode {
    let config = match Config::from_environment() {
        Ok(config) => config,
        Err(problem) => {
            eprintln!("leadroute-webhook: {problem}");
            return ExitCode::from(2);
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            eprintln!("leadroute-webhook: signal {signal} cannot be handled: {error}");
            return ExitCode::FAILURE;
        }
    }
    listener::run(&config, &stop);
    eprintln!("leadroute-webhook: stopped");
    ExitCode::SUCCESS
}
