//! Posts the notifications of leadroute to a webhook. README.md says how to run it and what it promises.

mod config;
mod listener;
mod outbox;
mod webhook;

use config::Config;
use std::process::ExitCode;

fn main() -> ExitCode {
    leadroute_examples::process::run("leadroute-webhook", Config::from_environment(), |config, stop| {
        listener::run(config, stop);
        Ok(())
    })
}
