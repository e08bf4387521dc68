//! In what a decision that was made again differs.

use crate::decision::explain;
use crate::decision::{Decision, Step};
use serde::{Deserialize, Serialize};

/// Where a lead went, as `decisions` holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Answered {
    pub outcome: String,
    pub layer: Option<String>,
    pub owner_id: Option<String>,
    pub queue: Option<String>,
    pub segment: Option<String>,
    pub territory: Option<String>,
    pub tier: Option<String>,
    pub pool: Option<String>,
    pub playbook: Option<String>,
}

impl From<&Decision> for Answered {
    fn from(decision: &Decision) -> Self {
        let outcome = &decision.outcome;
        Self {
            outcome: outcome.name().to_owned(),
            layer: Some(decision.layer.name().to_owned()),
            owner_id: outcome.owner().map(str::to_owned),
            queue: outcome.queue().map(str::to_owned),
            segment: decision.segment.clone(),
            territory: decision.territory.clone(),
            tier: decision.tier.clone(),
            pool: decision.pool.clone(),
            playbook: decision.playbook.clone(),
        }
    }
}

impl Answered {
    /// A lead that was there before routing was keeps what it came with: a replay finds that only where rules say it too.
    pub fn with_what_it_brought(self, then: &Self) -> Self {
        Self {
            segment: self.segment.or_else(|| then.segment.clone()),
            territory: self.territory.or_else(|| then.territory.clone()),
            tier: self.tier.or_else(|| then.tier.clone()),
            pool: self.pool.or_else(|| then.pool.clone()),
            playbook: self.playbook.or_else(|| then.playbook.clone()),
            ..self
        }
    }

    fn fields(&self) -> [(&'static str, Option<&str>); 9] {
        [
            ("outcome", Some(&self.outcome)),
            ("layer", self.layer.as_deref()),
            ("owner", self.owner_id.as_deref()),
            ("queue", self.queue.as_deref()),
            ("segment", self.segment.as_deref()),
            ("territory", self.territory.as_deref()),
            ("tier", self.tier.as_deref()),
            ("pool", self.pool.as_deref()),
            ("playbook", self.playbook.as_deref()),
        ]
    }
}

/// The first difference in words, where the search took another way, else of the outcome; `None` if there is none.
pub fn first(then: (&Answered, &[Step]), now: (&Answered, &[Step])) -> Option<String> {
    let steps = then.1.len().max(now.1.len());
    let of_trace = (0..steps).find_map(|place| of_steps(place, then.1.get(place), now.1.get(place)));
    of_trace.or_else(|| {
        let (then, now) = (then.0.fields(), now.0.fields());
        let (then, now) = then.into_iter().zip(now).find(|(then, now)| then != now)?;
        let shown =
            |value: Option<&str>| value.map_or_else(|| "none".to_owned(), |value| format!("\"{value}\""));
        Some(format!("{}: then {}, now {}", then.0, shown(then.1), shown(now.1)))
    })
}

fn of_steps(place: usize, then: Option<&Step>, now: Option<&Step>) -> Option<String> {
    if then == now {
        return None;
    }
    let name = then.or(now).map_or("", |step| step.layer.name());
    let (then, now) = (then.map(words).unwrap_or_default(), now.map(words).unwrap_or_default());
    let lines = (0..then.len().max(now.len())).map(|line| [then.get(line), now.get(line)]);
    let [then, now] = lines.into_iter().find(|[then, now]| then != now)?;
    let shown = |line: Option<&String>| line.map_or("was not asked", |line| line.trim()).to_owned();
    Some(format!("step {} ({name}): then {}; now {}", place + 1, shown(then), shown(now)))
}

/// A step in words, each candidate in a line; at last as it is kept, for what words leave out.
fn words(step: &Step) -> Vec<String> {
    let text = explain::full(std::slice::from_ref(step));
    let kept = serde_json::to_string(step).unwrap_or_default();
    text.lines().map(str::to_owned).chain([kept]).collect()
}
