//! `leadroute.full_trace`: a stored trace with all that it leaves out.
//!
//! It is what `stored::full` of the engine does, and written from the same steps and candidates. But what does not change is copied as
//! it lies there, so that no number loses a digit, and a report over many traces does not read them.

use crate::db::errors;
use crate::db::pg::function::{argument, null, sql_function};
use crate::db::pg::jsonb_encode::{build, Jsonb};
use crate::db::pg::jsonb_read::{root, Value};
use leadroute_engine::decision::candidate::Candidate;
use leadroute_engine::decision::stored::{is_first, left_out, place, IMPLIED};
use leadroute_engine::decision::{Layer, Step};
use pgrx::pg_sys::{self, Datum};
use std::io::Result;

sql_function! {
    /// `leadroute.full_trace(jsonb)`
    leadroute_full_trace, pg_finfo_leadroute_full_trace, full_trace
}

unsafe fn full_trace(fcinfo: pg_sys::FunctionCallInfo) -> Datum {
    // SAFETY: as declared in SQL: strict, jsonb.
    unsafe {
        let Some(stored) = argument(fcinfo, 0) else { return null(fcinfo) };
        let full = full(root(stored)).unwrap_or(stored);
        #[cfg(debug_assertions)]
        compare(stored, full);
        full
    }
}

/// The full trace; `None` where nothing is left out.
fn full(trace: Value<'_>) -> Option<Datum> {
    let implied = implied(trace);
    if implied.is_empty() && !trace.elements().any(|step| candidates(step).is_some()) {
        return None;
    }
    let second = trace.elements().nth(1).and_then(|step| text(step, "layer"));
    let place = place(second == Some(Layer::Qualification.name()));
    let built = build(|jsonb| {
        jsonb.begin();
        let (before, after) = (trace.elements().take(place), trace.elements().skip(place));
        for (number, step) in before.enumerate() {
            write(jsonb, step, number == 0 && !implied.is_empty())?;
        }
        implied.iter().try_for_each(|step| jsonb.value(step))?;
        for step in after {
            write(jsonb, step, false)?;
        }
        jsonb.array()
    });
    Some(built.unwrap_or_else(|| errors::too_much_for_a_report()))
}

/// The steps that are not stored.
fn implied(trace: Value<'_>) -> Vec<Step> {
    let Some(first) = trace.elements().next() else { return Vec::new() };
    let domain = first.member("domain").filter(|domain| !domain.is_null());
    let (named, domain) = (domain.is_some(), domain.and_then(Value::text));
    if named != domain.is_some() || !is_first(text(first, "layer"), text(first, "code")) {
        return Vec::new();
    }
    left_out(first.member(IMPLIED).and_then(Value::integer), domain).collect()
}

fn text<'a>(step: Value<'a>, key: &str) -> Option<&'a str> {
    step.member(key).and_then(Value::text)
}

/// The candidates of a step of a pool.
fn candidates(step: Value<'_>) -> Option<Value<'_>> {
    step.member("pool").and_then(|_| step.member("candidates")).filter(|list| list.is_array())
}

fn write(jsonb: &mut Jsonb, step: Value<'_>, implies: bool) -> Result<()> {
    let candidates = candidates(step);
    if candidates.is_none() && !implies {
        jsonb.copy(step);
        return Ok(());
    }
    jsonb.begin();
    for (key, value) in step.members().filter(|(key, _)| !implies || *key != IMPLIED.as_bytes()) {
        jsonb.key(key);
        match candidates.filter(|_| key == b"candidates") {
            Some(list) => write_candidates(jsonb, list)?,
            None => jsonb.copy(value),
        }
    }
    jsonb.object()
}

fn write_candidates(jsonb: &mut Jsonb, list: Value<'_>) -> Result<()> {
    jsonb.begin();
    for value in list.elements() {
        match value.text().and_then(Candidate::read) {
            Some(candidate) => jsonb.value(&candidate.object())?,
            None => jsonb.copy(value),
        }
    }
    jsonb.array()
}

/// Both say the same, as far as Rust has such numbers.
#[cfg(debug_assertions)]
unsafe fn compare(stored: Datum, full: Datum) {
    use crate::db::pg::jsonb::to_text;
    use leadroute_engine::decision::stored;
    // SAFETY: both are jsonb.
    let (before, after) = unsafe { (to_text(stored), to_text(full)) };
    if let (Ok(before), Ok(after)) =
        (serde_json::from_str(&before), serde_json::from_str::<serde_json::Value>(&after))
    {
        assert_eq!(stored::full(before), after, "not what the engine makes of it");
    }
}
