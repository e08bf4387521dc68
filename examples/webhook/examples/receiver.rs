//! A receiver to try the listener with: takes every request and prints when it came, in microseconds since 1970, and its body.
//!
//! ```text
//! cargo run -p leadroute-webhook --example receiver -- 127.0.0.1:8099
//! ```

use std::error::Error;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};
use tiny_http::{Response, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let server = Server::http(&address).map_err(|error| format!("{address}: {error}"))?;
    let mut out = std::io::stdout().lock();
    for mut request in server.incoming_requests() {
        let arrived = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        let mut body = Vec::new();
        // of a client that goes away there is nothing to print
        if request.as_reader().read_to_end(&mut body).is_ok() && request.respond(Response::empty(204)).is_ok()
        {
            writeln!(out, "{arrived} {}", String::from_utf8_lossy(&body))?;
        }
    }
    Ok(())
}
