//! A trace as `decisions.trace` has it: less than it says. [`Trace`] and [`full`] tell all of it again, also what earlier versions
//! have stored, in which everything stands.
//!
//! Layers that find nothing come first in most traces, and say the same each time. So the first step, that of the intake, has a
//! number instead, `implied`: so many of `LAYERS`, from the first on, found nothing. Their steps belong behind the
//! intake and the qualification. Members of pools who were eligible are strings (see [`Candidate`]).

use crate::decision::candidate::Candidate;
use crate::decision::reason::Reason;
use crate::decision::{Layer, Step};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{json, Map, Value};
use std::ops::Range;

/// Layers whose steps are implied, from the first on, as far as each of them found nothing. Stored traces mean these, in this
/// order, and what [`nothing`] says of each: both stay for good, and another layer can only come behind them.
const LAYERS: [Layer; 5] =
    [Layer::DomainRule, Layer::Duplicate, Layer::Customer, Layer::Recycle, Layer::NamedAccount];

/// The member of the first step that says how many are implied.
pub const IMPLIED: &str = "implied";

/// Whether a step may imply others.
pub fn is_first(layer: Option<&str>, code: Option<&str>) -> bool {
    layer == Some(Layer::Intake.name()) && code == Some("cleaned")
}

/// So many steps that are not stored, by the number and the domain of the first step; none if nobody has left out so many.
pub fn left_out(implied: Option<i64>, domain: Option<&str>) -> impl ExactSizeIterator<Item = Step> + '_ {
    let count = implied.and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count <= LAYERS.len()).unwrap_or(0);
    LAYERS.into_iter().take(count).map(move |layer| nothing(layer, domain))
}

/// What a layer says that has found nothing.
fn nothing(layer: Layer, domain: Option<&str>) -> Step {
    let reason = match (layer, domain) {
        (Layer::DomainRule, Some(domain)) => Reason::NoDomainRule { domain: domain.to_owned() },
        (Layer::DomainRule, None) => Reason::NoDomain,
        (Layer::Duplicate, _) => Reason::FirstSeen,
        _ => Reason::NoAccount,
    };
    Step { layer, decided: false, reason }
}

/// Whether a step is [`nothing`], without making one: each lead asks it five times.
fn is_nothing(step: &Step, layer: Layer, domain: Option<&str>) -> bool {
    step.layer == layer
        && !step.decided
        && match (layer, &step.reason) {
            (Layer::DomainRule, Reason::NoDomainRule { domain: of }) => domain == Some(of),
            (Layer::DomainRule, Reason::NoDomain) => domain.is_none(),
            (Layer::Duplicate, reason) => *reason == Reason::FirstSeen,
            (Layer::Customer | Layer::Recycle | Layer::NamedAccount, reason) => *reason == Reason::NoAccount,
            _ => false,
        }
}

/// Where the steps that are not stored belong, by the second step.
pub fn place(second_is_qualification: bool) -> usize {
    if second_is_qualification {
        2
    } else {
        1
    }
}

fn is_qualification(step: Option<&Step>) -> bool {
    step.is_some_and(|step| step.layer == Layer::Qualification)
}

/// Which steps of a trace need not be stored.
fn implied(trace: &[Step]) -> Range<usize> {
    let Some(Step { layer: Layer::Intake, reason: Reason::Cleaned { domain, .. }, .. }) = trace.first()
    else {
        return 0..0;
    };
    let start = place(is_qualification(trace.get(1)));
    let pairs = LAYERS.iter().zip(trace.iter().skip(start));
    let end = start + pairs.take_while(|(layer, step)| is_nothing(step, **layer, domain.as_deref())).count();
    // what comes next must not be taken for the step before
    if start == place(false) && is_qualification(trace.get(end)) {
        return 0..0;
    }
    start..end
}

/// Serializes a trace as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a>(pub &'a [Step]);

#[derive(Serialize)]
struct Counted<'a> {
    #[serde(flatten)]
    step: &'a Step,
    implied: usize,
}

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let left_out = implied(self.0);
        let mut list = serializer.serialize_seq(Some(self.0.len() - left_out.len()))?;
        for (place, step) in self.0.iter().enumerate().filter(|(place, _)| !left_out.contains(place)) {
            match (place, left_out.len()) {
                (0, implied) if implied > 0 => list.serialize_element(&Counted { step, implied })?,
                _ => list.serialize_element(step)?,
            }
        }
        list.end()
    }
}

/// A trace that was stored, with every step.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<Read>")]
pub struct Trace(pub Vec<Step>);

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    implied: Value,
    #[serde(flatten)]
    step: Step,
}

impl From<Vec<Read>> for Trace {
    fn from(stored: Vec<Read>) -> Self {
        let implied: Vec<Step> = match stored.first() {
            Some(Read {
                implied,
                step: Step { layer: Layer::Intake, reason: Reason::Cleaned { domain, .. }, .. },
            }) => left_out(whole(implied), domain.as_deref()).collect(),
            _ => Vec::new(),
        };
        let mut steps: Vec<Step> = stored.into_iter().map(|read| read.step).collect();
        let place = place(is_qualification(steps.get(1))).min(steps.len());
        steps.splice(place..place, implied);
        Self(steps)
    }
}

/// A whole number, which JSON may write as 5.0.
fn whole(number: &Value) -> Option<i64> {
    let number = number.as_f64()?;
    Some(number as i64).filter(|whole| *whole as f64 == number)
}

/// A stored trace with every step, and with each candidate of a pool as an object: `rep`, and `share` (`[seat, weight, owed]`) and
/// `load` where they have them. What is no trace stays as it is.
pub fn full(mut trace: Value) -> Value {
    if let Value::Array(steps) = &mut trace {
        put_in(steps);
        steps.iter_mut().for_each(expand);
    }
    trace
}

fn put_in(steps: &mut Vec<Value>) {
    let Some(first) = steps.first().and_then(Value::as_object) else { return };
    let text = |name| first.get(name).and_then(Value::as_str);
    let (Some(domain), true) = (domain(first), is_first(text("layer"), text("code"))) else { return };
    let implied = left_out(first.get(IMPLIED).and_then(whole), domain);
    let implied: Vec<Value> = implied.map(|step| json!(step)).collect();
    if implied.is_empty() {
        return;
    }
    let second = steps.get(1).and_then(|step| step.get("layer")).and_then(Value::as_str);
    let place = place(second == Some(Layer::Qualification.name()));
    steps.splice(place..place, implied);
    if let Some(Value::Object(first)) = steps.first_mut() {
        first.remove(IMPLIED);
    }
}

/// The domain that a first step names, if any; none of what routing does not write.
fn domain(first: &Map<String, Value>) -> Option<Option<&str>> {
    match first.get("domain") {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(domain)) => Some(Some(domain)),
        Some(_) => None,
    }
}

/// Others have candidates, too: accounts of a name.
fn expand(step: &mut Value) {
    let candidates = step.as_object_mut().filter(|step| step.contains_key("pool"));
    let Some(Value::Array(candidates)) = candidates.and_then(|step| step.get_mut("candidates")) else {
        return;
    };
    for candidate in candidates {
        if let Some(read) = candidate.as_str().and_then(Candidate::read) {
            *candidate = json!(read.object());
        }
    }
}

#[cfg(test)]
mod tests;
