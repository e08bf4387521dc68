//! How a process begins and ends.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::Arc;

/// Runs with its settings until SIGTERM or SIGINT sets the flag; says what is wrong as `name`. The exit code is 0, or 2 where
/// settings are wrong.
pub fn run<S>(
    name: &str,
    settings: Result<S, String>,
    work: impl FnOnce(&S, &AtomicBool) -> Result<(), String>,
) -> ExitCode {
    let settings = match settings {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("{name}: {problem}");
            return ExitCode::from(2);
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            eprintln!("{name}: signal {signal} cannot be handled: {error}");
            return ExitCode::FAILURE;
        }
    }
    match work(&settings, &stop) {
        Ok(()) => {
            eprintln!("{name}: stopped");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{name}: {problem}");
            ExitCode::FAILURE
        }
    }
}
