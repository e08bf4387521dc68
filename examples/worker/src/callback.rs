//! The address at which a provider delivers its answer: it says for which request, and is signed, so that the worker
//! needs to remember nothing, and nobody else can answer.

use crate::requests::Ticket;
use crate::settings::Settings;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// Where the answer to a request goes.
pub fn url(settings: &Settings, ticket: &Ticket) -> Option<String> {
    let base = settings.file.public_url.as_ref()?.trim_end_matches('/');
    let body = serde_json::to_vec(ticket).ok()?;
    let signature = mac(settings.callback_secret.as_ref()?, &body)?.finalize().into_bytes();
    Some(format!("{base}/answers/{}/{}", hex(&body), hex(&signature)))
}

/// The request that an address is for, if we have made that address.
pub fn ticket(settings: &Settings, path: &str) -> Option<Ticket> {
    let (body, signature) = path.split_once("/answers/")?.1.split_once('/')?;
    let (body, signature) = (bytes(body)?, bytes(signature)?);
    mac(settings.callback_secret.as_ref()?, &body)?.verify_slice(&signature).ok()?;
    serde_json::from_slice(&body).ok()
}

/// Whether somebody knows a secret; how long that takes does not tell how much of it they know.
pub fn is_secret(wanted: &str, given: &str) -> bool {
    let sign = |text: &str| mac(wanted, text.as_bytes());
    let both = sign(wanted).zip(sign(given));
    both.is_some_and(|(wanted, given)| given.verify_slice(&wanted.finalize().into_bytes()).is_ok())
}

fn mac(secret: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    Some(mac)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}
