//! The generic JSON API of README.md: a lead goes in, what is known of it comes back.

use crate::requests::{Said, Ticket};
use serde_json::{json, Value};

/// What is asked.
pub fn body(ticket: &Ticket, payload: &Value, callback: Option<&str>) -> Value {
    let mut lead = payload.clone();
    if let Some(lead) = lead.as_object_mut() {
        lead.retain(|key, value| {
            !value.is_null() && !["request_id", "provider", "missing"].contains(&key.as_str())
        });
    }
    json!({
        "request_id": ticket.request,
        "provider": ticket.provider,
        "kind": ticket.kind,
        "missing": payload.get("missing"),
        "lead": lead,
        "callback_url": callback,
    })
}

/// What is answered: `{"score", "reasons"}`, `{"fields"}`, or anything from a sequence tool.
pub fn answer(ticket: &Ticket, body: &Value) -> Result<Said, String> {
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        return Err(format!("says: {error}"));
    }
    match ticket.kind.as_str() {
        "qualify" => {
            let reasons = body.get("reasons").cloned().unwrap_or_else(|| json!([]));
            match body.get("score") {
                Some(Value::Number(score)) => Ok(Said::Score(Some(score.clone()), reasons)),
                Some(Value::Null) => Ok(Said::Score(None, reasons)),
                _ => Err("has no score".to_owned()),
            }
        }
        "enrich" => match body.get("fields") {
            Some(Value::Object(fields)) => Ok(Said::Fields(fields.clone())),
            _ => Err("has no fields".to_owned()),
        },
        _ => Ok(Said::Taken),
    }
}
