//! What a report shows, as `leadroute_internal.report_data()` collects it. Times are texts in the time zone of the session.

use serde::{Deserialize, Deserializer};

/// All of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Report {
    /// Begin of the period.
    pub since: String,
    /// Its end, which is no part of it.
    pub until: String,
    /// Name of the time zone of all times.
    pub zone: String,
    /// When the page was made: health is that of then.
    pub made_at: String,
    /// Whose leads are shown; all, where there is none.
    pub team: Option<Team>,
    /// The tenant whose leads are shown; all, where there is none.
    pub tenant: Option<String>,
    /// Headline figures.
    pub measures: Vec<Measure>,
    /// How fast leads are answered.
    pub speed: Speed,
    /// Clocks by rep.
    pub reps: Vec<Sla>,
    /// Percent of clocks that should be answered in time, by the alarm about those who miss more; none, if that is off.
    #[serde(default, deserialize_with = "number")]
    pub wanted: Option<f64>,
    /// Clocks by territory.
    pub territories: Vec<Sla>,
    /// Volume and value by territory.
    pub balance: Vec<Balance>,
    /// Members of pools and their shares.
    pub members: Vec<Member>,
    /// What reached nobody, by week.
    pub weeks: Vec<Week>,
    /// Conversion by band of scores.
    pub bands: Vec<Band>,
    /// Leads that came to the wrong one.
    pub misroutes: Vec<Misroute>,
    /// Where leads went through the rules.
    pub flows: Vec<Flow>,
    /// What changed in the rules, newest first.
    pub changes: Vec<Change>,
    /// How many changes there were; `changes` may hold fewer.
    pub changes_in_all: i64,
    /// The state of routing.
    pub checks: Vec<Check>,
}

/// Whose leads are shown.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Team {
    /// manager, pool or territory.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One headline figure.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Measure {
    /// What is measured.
    pub measure: String,
    /// How much; none where there was nothing to measure.
    #[serde(default, deserialize_with = "number")]
    pub value: Option<f64>,
    /// percent, minutes, leads, ...
    pub unit: Option<String>,
    /// What it should keep to.
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<f64>,
    /// Whether it does.
    pub is_ok: Option<bool>,
    /// Of how many.
    pub n: Option<i64>,
    /// More about it.
    pub detail: Option<String>,
}

/// How fast leads are answered.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Speed {
    /// Minutes within which the policy of most clocks wants an answer.
    #[serde(default, deserialize_with = "number")]
    pub target: Option<f64>,
    /// The name of that policy.
    pub policy: Option<String>,
    /// Minutes within which half, nine of ten, and 99 of 100 are answered; none where nothing was.
    #[serde(default)]
    pub percentiles: Option<[Option<f64>; 3]>,
    /// Answered within their target.
    pub within_target: i64,
    /// Clocks that should have an answer by now.
    pub due: i64,
    /// Without an answer so far.
    pub unanswered: i64,
    /// Answered ones, by time.
    pub buckets: Vec<Bucket>,
}

impl Speed {
    /// p50, p90 and p99.
    pub fn percentiles(&self) -> [Option<f64>; 3] {
        self.percentiles.unwrap_or_default()
    }
}

/// Leads that were answered in up to so many minutes, and in more than those of the bucket before.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Bucket {
    /// Minutes; none for all that took longer.
    #[serde(default, deserialize_with = "number")]
    pub up_to: Option<f64>,
    /// How many leads.
    pub leads: i64,
}

/// Clocks of a rep or a territory.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Sla {
    /// Whose.
    pub name: Option<String>,
    /// The key, which is the name for territories.
    #[serde(default)]
    pub id: Option<String>,
    /// Of which tenant.
    #[serde(default)]
    pub tenant: String,
    /// Answered in time.
    pub met: i64,
    /// Not answered in time.
    pub breached: i64,
    /// Not due yet.
    pub running: i64,
}

/// A territory beside the others.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Balance {
    /// Its name.
    pub territory: Option<String>,
    /// Of which tenant.
    #[serde(default)]
    pub tenant: String,
    /// How many reps work there.
    pub reps: Option<i64>,
    /// Leads that came.
    pub leads: i64,
    /// Those that are closed.
    pub closed: i64,
    /// Those that were won.
    pub converted: i64,
    /// Won of those that are closed.
    #[serde(default, deserialize_with = "number")]
    pub percent_converted: Option<f64>,
    /// Amount of those that were won.
    #[serde(default, deserialize_with = "number")]
    pub value_won: Option<f64>,
    /// Percent of all leads.
    #[serde(default, deserialize_with = "number")]
    pub leads_share: Option<f64>,
    /// Percent of all value.
    #[serde(default, deserialize_with = "number")]
    pub value_share: Option<f64>,
    /// Times the mean.
    #[serde(default, deserialize_with = "number")]
    pub hotspot_factor: Option<f64>,
    /// Whether that is too much.
    pub is_hotspot: Option<bool>,
}

/// A member of a pool.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Member {
    /// The pool.
    pub pool: String,
    /// Of which tenant the member is.
    #[serde(default)]
    pub tenant: String,
    /// The member.
    pub rep: String,
    /// The weight; none for who has left the pool.
    #[serde(default, deserialize_with = "number")]
    pub weight: Option<f64>,
    /// Leads that came in turn.
    #[serde(default, deserialize_with = "number")]
    pub received: Option<f64>,
    /// Leads that should have come.
    #[serde(default, deserialize_with = "number")]
    pub entitled: Option<f64>,
    /// received − entitled.
    #[serde(default, deserialize_with = "number")]
    pub deviation: Option<f64>,
    /// How far that may be off.
    #[serde(default, deserialize_with = "number")]
    pub bound: Option<f64>,
}

/// What reached nobody in a week.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Week {
    /// As 2026-W48.
    pub week: String,
    /// Leads that came.
    pub leads: i64,
    /// Those that nobody was chosen for.
    pub unrouted: i64,
    /// Those that the fallback took.
    pub fallback: i64,
    /// Those that an error sent there.
    pub errors: i64,
}

/// Conversion of a band of scores.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Band {
    /// The segment; none for all.
    pub segment: Option<String>,
    /// The band, as a range.
    pub band: String,
    /// Of which tenant.
    #[serde(default)]
    pub tenant: String,
    /// Leads with such a score.
    pub leads: i64,
    /// Those that are closed.
    pub closed: i64,
    /// Those that were won.
    pub converted: i64,
    /// Won of those that are closed.
    #[serde(default, deserialize_with = "number")]
    pub percent_converted: Option<f64>,
    /// The true share is hardly less: percent.
    #[serde(default, deserialize_with = "number")]
    pub low: Option<f64>,
    /// The true share is hardly more: percent.
    #[serde(default, deserialize_with = "number")]
    pub high: Option<f64>,
    /// What to make of it.
    pub verdict: Option<String>,
}

/// Leads that came to the wrong one, for one reason.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Misroute {
    /// The reason.
    pub reason: String,
    /// How many leads.
    pub leads: i64,
}

/// Leads that took the same way through the rules.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Flow {
    /// The layer that decided.
    pub layer: Option<String>,
    /// Their segment.
    pub segment: Option<String>,
    /// Their tier.
    pub tier: Option<String>,
    /// pool, queue, nurture, owner, or none of them.
    pub kind: String,
    /// Name of the pool or queue.
    pub target: Option<String>,
    /// How many leads.
    pub leads: i64,
}

/// A change of rules.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Change {
    /// When.
    pub at: String,
    /// What, in words.
    pub what: String,
    /// Why, if it was said.
    pub why: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
}

/// A row of `routing_health`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Check {
    /// What is looked at.
    pub check: String,
    /// ok, warning or error.
    pub status: String,
    /// More about it.
    pub detail: Option<String>,
    /// What was found.
    #[serde(default, deserialize_with = "number")]
    pub value: Option<f64>,
    /// What it should keep to.
    #[serde(default, deserialize_with = "number")]
    pub limit: Option<f64>,
}

/// A number, or one as text: JSON knows neither NaN nor more than a double holds, while sums of amounts do.
fn number<'de, D: Deserializer<'de>>(source: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(f64),
        Text(String),
    }
    Ok(match Option::<Given>::deserialize(source)? {
        None => None,
        Some(Given::Number(number)) => Some(number),
        Some(Given::Text(text)) => Some(text.parse().map_err(serde::de::Error::custom)?),
    })
}
